package tlog

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
)

// harness restarts a log from a copy of its files, taken while it is open, over a ledger that has stayed or was opened again.
type harness struct {
	dir     string
	reducer headReducer
	clock   ledger.Clock
	source  func(tb testing.TB, h *harness) Source // opens the ledger, again if need be
	lg      Source
	log     *Log
}

func (h *harness) Open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) ledgertest.Ledger {
	h.reducer, h.clock = headReducer{reducer}, clock
	h.lg = h.source(tb, h)
	return h.open(tb)
}

func (h *harness) open(tb testing.TB) *Log {
	signer, trust := alone(tb)
	l, err := Open(h.lg, filepath.Join(h.dir, "log"), signer, trust, h.reducer, &Options{
		Clock: h.clock, Interval: 50 * time.Millisecond, MaxEntries: 100, noSync: true, OnError: func(err error) { tb.Errorf("OnError: %v", err) },
	})
	if err != nil {
		tb.Fatal(err)
	}
	h.log = l
	tb.Cleanup(func() {
		if !l.closed.Load() && !tb.Failed() && l == h.log {
			ctx := context.Background() // the test's has ended
			err := l.Seal(ctx)
			if err == nil {
				err = l.Fsck(ctx, func(f Fault) { tb.Errorf("fsck: %v", f) })
			}
			if err != nil {
				tb.Error(err)
			}
		}
		if err := l.Close(); err != nil {
			tb.Error(err)
		}
	})
	return l
}

func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	next := tb.TempDir()
	h.log.turn <- struct{}{} // no copy of a directory that is being written to
	copyDir(tb, filepath.Join(next, "log"), filepath.Join(h.dir, "log"))
	old := h.log
	h.log = nil
	<-old.turn
	if err := old.Close(); err != nil {
		tb.Error(err)
	}
	h.lg = h.source(tb, h)
	h.dir = next
	return h.open(tb)
}

func TestConformance(t *testing.T) {
	t.Run("memledger", func(t *testing.T) {
		ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness {
			return &harness{dir: tb.TempDir(), source: func(_ testing.TB, h *harness) Source {
				if h.lg != nil {
					return h.lg
				}
				return memledger.New(h.reducer, &memledger.Options{Clock: h.clock})
			}}
		})
	})
	t.Run("boltledger", func(t *testing.T) {
		ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness {
			dir := tb.TempDir()
			return &harness{dir: tb.TempDir(), source: func(tb testing.TB, h *harness) Source {
				if b, ok := h.lg.(*boltledger.Ledger); ok {
					if err := b.Close(); err != nil {
						tb.Fatal(err)
					}
				}
				b, err := boltledger.Open(dir, h.reducer, &boltledger.Options{Clock: h.clock})
				if err != nil {
					tb.Fatal(err)
				}
				tb.Cleanup(func() { b.Close() })
				return b
			}}
		})
	})
}
