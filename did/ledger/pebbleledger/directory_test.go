package pebbleledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// TestDirectory changes what is beside the database.
func TestDirectory(t *testing.T) {
	for name, test := range map[string]struct {
		change func(dir string) error
		want   error
	}{
		"format of tomorrow": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, formatFile), []byte("realdid-pebbleledger 2\n"), 0o600)
		}, ErrFormat},
		"no format":   {func(dir string) error { return os.Remove(filepath.Join(dir, formatFile)) }, ledger.ErrCorrupt},
		"no end":      {func(dir string) error { return os.Remove(filepath.Join(dir, endFile)) }, ledger.ErrCorrupt},
		"no database": {func(dir string) error { return os.RemoveAll(filepath.Join(dir, pebbleDir)) }, ledger.ErrCorrupt},
		"empty database": {func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, pebbleDir)), os.Mkdir(filepath.Join(dir, pebbleDir), 0o700))
		}, ledger.ErrCorrupt},
		"end of a longer one": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, endFile), encodeEnd(tip{next: 2}), 0o600)
		}, ledger.ErrCorrupt},
		"end of another one": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, endFile), encodeEnd(tip{next: 1, sum: 1}), 0o600)
		}, ledger.ErrCorrupt},
		"older end": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, endFile), encodeEnd(tip{}), 0o600)
		}, nil},
		"half an import": {func(dir string) error {
			return errors.Join(os.Mkdir(filepath.Join(dir, importDir), 0o700),
				os.WriteFile(filepath.Join(dir, importDir, entriesTable), []byte("half of it"), 0o600))
		}, nil},
		"half a file": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, endFile+newSuffix), []byte("half of it"), 0o600)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			l, err := Open(dir, ledgertest.Reducer{}, nil)
			if err != nil {
				t.Fatal(err)
			}
			e, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x"))
			if err = errors.Join(err, l.Close(), test.change(dir)); err != nil {
				t.Fatal(err)
			}
			l, err = Open(dir, ledgertest.Reducer{}, nil)
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
				t.Fatalf("got error %v, want %v", err, test.want)
			}
			if err != nil {
				return
			}
			if last, ok := l.Last(); !ok || last != e.Anchor {
				t.Errorf("Last = %v, %v; want %v", last, ok, e.Anchor)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(dir, importDir)); err == nil {
				t.Error("what is left of an import is still there")
			}
		})
	}
}

// TestEndIsNoted: END comes up with the ledger while that is open, so that a lost end is noticed after a crash as well.
func TestEndIsNoted(t *testing.T) {
	fs := vfs.NewMem()
	l, err := Open("ledger", ledgertest.Reducer{}, &Options{fs: fs})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x")); err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(deadline); ; time.Sleep(10 * time.Millisecond) {
		next, _, err := l.store.dir.readEnd()
		if err != nil {
			t.Fatal(err)
		}
		if next == 1 {
			break
		}
		if time.Now().After(until) {
			t.Fatal("END still tells of no entry")
		}
	}
}

// TestNoReducer: whoever wants everything accepted has to say so.
func TestNoReducer(t *testing.T) {
	if _, err := Open(t.TempDir(), nil, nil); err == nil {
		t.Error("opened without a reducer")
	}
}

// TestBackup: a copy has what was there, is independent of the original, and is not made where something is.
func TestBackup(t *testing.T) {
	tmp := t.TempDir()
	l, err := Open(filepath.Join(tmp, "ledger"), ledgertest.Reducer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	first, err := l.Append(t.Context(), "key", 0, ledgertest.Op(nil, "x"))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(tmp, "copy")
	if err := l.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if err := l.Backup(t.Context(), copied); err == nil {
		t.Error("a backup over another one")
	}
	if _, err := l.Append(t.Context(), "other", 0, ledgertest.Op(nil, "x")); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := l.Backup(t.Context(), filepath.Join(tmp, "late")); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Backup after Close: got error %v, want ErrClosed", err)
	}
	if err := os.RemoveAll(filepath.Join(tmp, "ledger")); err != nil {
		t.Fatal(err)
	}
	if l, err = Open(copied, ledgertest.Reducer{}, nil); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	n := 0
	for e, err := range l.Follow(t.Context(), 0) {
		if n++; err != nil || line(e) != line(first) {
			t.Errorf("%s, %v; want %s", line(e), err, line(first))
		}
	}
	if err := l.Check(t.Context()); err != nil || n != 1 {
		t.Errorf("%d entries, want 1; Check: %v", n, err)
	}
}
