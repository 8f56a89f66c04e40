package boltledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

func TestOpenNeedsReducer(t *testing.T) {
	if _, err := Open(t.TempDir(), nil, nil); err == nil {
		t.Error("Open without a reducer succeeds")
	}
}

// TestOpenTwice: one process cannot open a directory twice, and can once the first is closed.
func TestOpenTwice(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in", "the", "depths")
	for range 3 {
		l, err := Open(dir, ledgertest.Reducer{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, ledgertest.Reducer{}, nil); !errors.Is(err, ledger.ErrLocked) {
			t.Errorf("second Open: got error %v, want ErrLocked", err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFormat(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir, ledgertest.Reducer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	open := func() error {
		l, err := Open(dir, ledgertest.Reducer{}, nil)
		if err == nil {
			l.Close()
		}
		return err
	}
	format, database := filepath.Join(dir, formatFile), filepath.Join(dir, databaseFile)
	if b, err := os.ReadFile(format); err != nil || string(b) != "realdid-boltledger 1\n" {
		t.Errorf("FORMAT is %q, %v", b, err)
	}
	for _, text := range []string{"", "realdid-boltledger 1", "realdid-boltledger 2\n", "realdid-boltledger 1\n\n", "something else\n"} {
		if err := os.WriteFile(format, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := open(); !errors.Is(err, ErrFormat) {
			t.Errorf("FORMAT %q: got error %v, want ErrFormat", text, err)
		}
	}

	// Without FORMAT the making of the directory was interrupted, and it is finished, as long as there are no entries.
	if err := os.Remove(format); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(dir, ledgertest.Reducer{}, nil); err != nil {
		t.Fatalf("empty, without FORMAT: %v", err)
	}
	if _, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x")); err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := os.Remove(format); err != nil {
		t.Fatal(err)
	}
	if err := open(); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("entries and no FORMAT: got error %v, want ErrCorrupt", err)
	}
	if err := os.WriteFile(format, []byte(formatText), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := open(); err != nil {
		t.Errorf("FORMAT back in place: %v", err)
	}
	if err := os.Remove(database); err != nil {
		t.Fatal(err)
	}
	if err := open(); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("FORMAT and no database: got error %v, want ErrCorrupt", err)
	}
}

// TestInterruptedCreation: what is left of an interrupted creation does not matter.
func TestInterruptedCreation(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{databaseFile + newSuffix, formatFile + newSuffix} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half of it"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l, err := Open(dir, ledgertest.Reducer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x")); err != nil {
		t.Error(err)
	}
}

func TestLast(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(dir, ledgertest.Reducer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last, ok := l.Last(); ok {
		t.Errorf("Last of an empty ledger = %v, true", last)
	}
	e, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if last, ok := l.Last(); !ok || last != e.Anchor {
			t.Errorf("Last = %v, %v; want %v", last, ok, e.Anchor)
		}
		l.Close()
		if l, err = Open(dir, ledgertest.Reducer{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
}
