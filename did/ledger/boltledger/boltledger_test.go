package boltledger

import (
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// harness restarts a ledger from a copy of its files, taken while it is open.
type harness struct {
	dir     string
	min     int // of recent heads
	reducer ledger.Reducer
	clock   ledger.Clock
	last    *Ledger
	failing atomic.Pointer[error]
}

func (h *harness) Open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) ledgertest.Ledger {
	l, err := Open(h.dir, reducer, &Options{Clock: clock})
	if err != nil {
		tb.Fatal(err)
	}
	l.store.heads.min = h.min
	l.store.fault = func(stage string) error {
		if err := h.failing.Load(); err != nil && stage == "written" {
			return *err
		}
		return nil
	}
	tb.Cleanup(func() { l.Close() })
	h.reducer, h.clock, h.last = reducer, clock, l
	return l
}

func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	old := h.dir
	h.dir = tb.TempDir()
	copyDir(tb, h.dir, old)
	return h.Open(tb, h.reducer, h.clock)
}

func (h *harness) Fail(err error) {
	if err == nil {
		h.failing.Store(nil)
		return
	}
	h.failing.Store(&err)
}

func copyDir(tb testing.TB, to, from string) {
	tb.Helper()
	for _, name := range []string{formatFile, databaseFile} {
		in, err := os.Open(filepath.Join(from, name))
		if err != nil {
			tb.Fatal(err)
		}
		out, err := os.Create(filepath.Join(to, name))
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := io.Copy(out, in); err != nil {
			tb.Fatal(err)
		}
		in.Close()
		if err := out.Close(); err != nil {
			tb.Fatal(err)
		}
	}
}

func TestConformance(t *testing.T) {
	// With and without heads on their way to the key index, which small ledgers otherwise keep in memory.
	for name, min := range map[string]int{"heads in memory": 0, "heads on disk": 1, "heads in between": 20} {
		t.Run(name, func(t *testing.T) {
			ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness { return &harness{dir: tb.TempDir(), min: min} })
		})
	}
}
