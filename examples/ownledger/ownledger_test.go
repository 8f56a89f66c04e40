package ownledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// harness restarts a ledger from a copy of its file, taken while it is open, with half a line behind it.
type harness struct {
	path    string
	reducer ledger.Reducer
	clock   ledger.Clock
}

func (h *harness) Open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) ledgertest.Ledger {
	l, err := Open(h.path, reducer, clock)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(l.Close)
	h.reducer, h.clock = reducer, clock
	return l
}

func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	stored, err := os.ReadFile(h.path)
	if err != nil {
		tb.Fatal(err)
	}
	h.path = filepath.Join(tb.TempDir(), "ledger")
	if err := os.WriteFile(h.path, append(stored, `{"Key":"cut of`...), 0o600); err != nil {
		tb.Fatal(err)
	}
	return h.Open(tb, h.reducer, h.clock)
}

func TestConformance(t *testing.T) {
	ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness {
		return &harness{path: filepath.Join(tb.TempDir(), "ledger")}
	})
}

func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	l, err := Open(path, ledgertest.Reducer{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b"} {
		if _, err := l.Append(t.Context(), key, 0, ledgertest.Op(nil, "x")); err != nil {
			t.Fatal(err)
		}
	}
	l.Close()
	stored, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	half := stored[len(stored)/2:]
	if err := os.WriteFile(path, half, 0o600); err != nil { // the first line is gone
		t.Fatal(err)
	}
	if _, err := Open(path, ledgertest.Reducer{}, nil); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("a file without its beginning: got error %v, want %v", err, ledger.ErrCorrupt)
	}
}
