package evmledger

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/rpc"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/evmledger/internal/gethtest"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// A faultyNode sends no transaction while it has a fault.
type faultyNode struct {
	*rpc.Client
	mu    sync.Mutex
	fault error
}

func (n *faultyNode) CallContext(ctx context.Context, result any, method string, args ...any) error {
	n.mu.Lock()
	fault := n.fault
	n.mu.Unlock()
	if method == "eth_sendRawTransaction" && fault != nil {
		return fault
	}
	return n.Client.CallContext(ctx, result, method, args...)
}

// gethHarness keeps a ledger on a real geth.
type gethHarness struct {
	faulty  *faultyNode
	node    testNode
	at      Deployment
	reducer ledger.Reducer
	last    *Ledger
}

func (h *gethHarness) OwnClock() bool { return true }

func (h *gethHarness) Slow() bool { return true }

func (h *gethHarness) Fail(err error) {
	h.faulty.mu.Lock()
	defer h.faulty.mu.Unlock()
	h.faulty.fault = err
}

func (h *gethHarness) Open(tb testing.TB, reducer ledger.Reducer, _ ledger.Clock) ledgertest.Ledger {
	h.reducer = reducer
	h.at, _ = h.node.deploy(tb, Direct, 0)
	return h.open(tb)
}

func (h *gethHarness) open(tb testing.TB) *Ledger {
	tb.Helper()
	sender := NewSender(h.node.chain(tb), NewKeySigner(gethtest.Account(0)), nil)
	l, err := Open(tb.Context(), h.node.chain(tb), h.at, h.reducer, sender, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	h.last = l
	return l
}

func (h *gethHarness) Restart(tb testing.TB) ledgertest.Ledger {
	h.last.stop()
	h.last.running.Wait()
	return h.open(tb)
}

// TestConformanceGeth runs the whole kit on a real geth that makes a block for each transaction.
func TestConformanceGeth(t *testing.T) {
	g := gethtest.Start(t, &gethtest.Options{Instant: true})
	ledgertest.Run(t, func(testing.TB) ledgertest.Harness {
		n := &faultyNode{Client: g.RPC}
		return &gethHarness{faulty: n, node: testNode{n, Confirmations(0), 2 * time.Millisecond}}
	})
}

// TestFinalizedGeth waits for blocks that geth itself calls final, with writers at once, and with a geth that is restarted.
func TestFinalizedGeth(t *testing.T) {
	t.Parallel()
	g := gethtest.Start(t, nil)
	n := testNode{g.RPC, Finalized(), 50 * time.Millisecond}
	w := newDirectWorld(t, n, testReducer)
	var writers sync.WaitGroup
	const keys = 64
	for i := range keys {
		writers.Go(func() {
			key := fmt.Sprint("k", i)
			if _, err := w.ledger.Append(t.Context(), key, 0, ledgertest.Op(nil, "one")); err != nil {
				t.Errorf("%s: %v", key, err)
			}
		})
	}
	writers.Wait()
	for i := range keys {
		key := fmt.Sprint("k", i)
		if v, err := w.trust.VerifyHead(key, prove(t, w.proven, key, keys), time.Now()); err != nil || string(v.Head) != headOf(t, w.ledger, key) {
			t.Errorf("%s: got %+v, %v", key, v, err)
		}
	}
	w.ledger.Close()
	g.Stop()
	g.Restart()
	n.Node = g.RPC
	again, err := Open(t.Context(), n.chain(t), w.at, testReducer, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for i := range keys {
		wantHistory(t, again, fmt.Sprint("k", i), "one")
	}
}
