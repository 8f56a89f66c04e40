package pebbleledger

import (
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// harness keeps a ledger in a file system in memory, and restarts it from what a crash leaves of that: all that was synced, and
// of the rest a part.
type harness struct {
	fs       *vfs.MemFS
	unsynced int    // percent of what was not synced that survives a crash
	memTable uint64 // bytes
	tableAt  int    // entries
	reducer  ledger.Reducer
	clock    ledger.Clock
	failing  atomic.Pointer[error]
}

func newHarness(unsynced int, memTable uint64, tableAt int) *harness {
	return &harness{fs: vfs.NewCrashableMem(), unsynced: unsynced, memTable: memTable, tableAt: tableAt}
}

func (h *harness) Open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) ledgertest.Ledger {
	l, err := Open("ledger", reducer, &Options{Clock: clock, fs: h.fs, memTable: h.memTable, tableAt: h.tableAt})
	if err != nil {
		tb.Fatal(err)
	}
	l.store.fault = func(stage string) error {
		if err := h.failing.Load(); err != nil && stage == "begun" {
			return *err
		}
		return nil
	}
	tb.Cleanup(func() { l.Close() })
	h.reducer, h.clock = reducer, clock
	return l
}

func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	h.fs = h.fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: h.unsynced, RNG: rand.New(rand.NewPCG(1, 2))})
	return h.Open(tb, h.reducer, h.clock)
}

func (h *harness) Fail(err error) {
	if err == nil {
		h.failing.Store(nil)
		return
	}
	h.failing.Store(&err)
}

func TestConformance(t *testing.T) {
	// Small ledgers stay in the log and in memory unless they are told otherwise.
	for name, new := range map[string]func() *harness{
		"log":         func() *harness { return newHarness(0, 0, 0) },
		"torn log":    func() *harness { return newHarness(50, 0, 1) },
		"tables":      func() *harness { return newHarness(0, 16<<10, 1) },
		"torn tables": func() *harness { return newHarness(50, 16<<10, 5) },
	} {
		t.Run(name, func(t *testing.T) {
			ledgertest.Run(t, func(testing.TB) ledgertest.Harness { return new() })
		})
	}
}
