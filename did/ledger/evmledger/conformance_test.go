package evmledger

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// harness keeps a ledger on a simulated chain. A restart leaves the chain, and the index's directory if there is one.
type harness struct {
	sim     *simChain
	dir     string // empty: the index is in memory
	at      Deployment
	reducer ledger.Reducer
	last    *Ledger
}

func (h *harness) OwnClock() bool { return true }

func (h *harness) Slow() bool { return true }

func (h *harness) Fail(err error) { h.sim.fail(err) }

func (h *harness) Open(tb testing.TB, reducer ledger.Reducer, _ ledger.Clock) ledgertest.Ledger {
	h.sim, h.reducer = newSimChain(tb), reducer
	h.at, _ = h.sim.deploy(tb, h.sim.chain(tb, Confirmations(0)), Direct)
	return h.open(tb)
}

func (h *harness) open(tb testing.TB) *Ledger {
	tb.Helper()
	chain := h.sim.chain(tb, Confirmations(0))
	l, err := Open(tb.Context(), chain, h.at, h.reducer, NewSender(chain, NewKeySigner(h.sim.key), nil), &Options{Directory: h.dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	h.last = l
	return l
}

func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	h.last.stop() // it lets go of the account, as the end of the process would
	h.last.running.Wait()
	if h.dir != "" {
		dir := tb.TempDir()
		if err := os.CopyFS(dir, os.DirFS(h.dir)); err != nil {
			tb.Fatal(err)
		}
		h.dir = dir
	}
	return h.open(tb)
}

func TestConformance(t *testing.T) {
	ledgertest.Run(t, func(testing.TB) ledgertest.Harness { return &harness{} })
}

func TestConformanceDirectory(t *testing.T) {
	ledgertest.Run(t, func(tb testing.TB) ledgertest.Harness { return &harness{dir: filepath.Join(tb.TempDir(), "index")} })
}
