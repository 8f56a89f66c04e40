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
	foldAt  int
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
	if h.foldAt > 0 {
		l.store.foldAt = h.foldAt
	}
	l.store.fault = func(stage string) error {
		if err := h.failing.Load(); err != nil && stage == "begun" {
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
	h.last.store.folding.Lock() // no copy of a directory that is being written to
	h.last.store.committing.Lock()
	copyDir(tb, h.dir, old)
	h.last.store.committing.Unlock()
	h.last.store.folding.Unlock()
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
	names, err := os.ReadDir(from)
	if err != nil {
		tb.Fatal(err)
	}
	for _, entry := range names {
		if entry.Name() == lockFile {
			continue
		}
		in, err := os.Open(filepath.Join(from, entry.Name()))
		if err != nil {
			tb.Fatal(err)
		}
		out, err := os.Create(filepath.Join(to, entry.Name()))
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
	// Small ledgers keep everything in the journal and in memory unless they are told otherwise.
	for name, h := range map[string]*harness{
		"journal": {}, "database": {min: 1, foldAt: 1}, "in between": {min: 20, foldAt: 2000},
	} {
		t.Run(name, func(t *testing.T) {
			ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness {
				return &harness{dir: tb.TempDir(), min: h.min, foldAt: h.foldAt}
			})
		})
	}
}
