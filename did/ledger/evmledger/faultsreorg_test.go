package evmledger

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/evmledger/internal/gethtest"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// TestReorganised: what is undone before it is final is written again, and nobody has seen it in between.
func TestReorganised(t *testing.T) {
	s := gethtest.NewSimulated(t, 0)
	n := testNode{s.RPC, Confirmations(3), 2 * time.Millisecond}
	stop := make(chan struct{})
	var goOn atomic.Bool
	goOn.Store(true)
	ended := make(chan struct{})
	go func() { // blocks, with transactions or without
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				if goOn.Load() {
					s.Commit()
				}
			}
		}
	}()
	defer func() { close(stop); <-ended }()
	w := newDirectWorld(t, n, testReducer)
	a := newAnchoredWorld(t, n, 2, testReducer)
	add(t, w.ledger, "k1", "one")
	appended := make(chan error, 1)
	held := make(chan error, 1)
	for round := range 3 {
		goOn.Store(false)
		base, err := w.ledger.chain.tagged(t.Context(), "latest")
		if err != nil {
			t.Fatal(err)
		}
		state, seq, err := w.ledger.State(t.Context(), "k1")
		if err != nil {
			t.Fatal(err)
		}
		op := ledgertest.Op(state, "more")
		go func() {
			_, err := w.ledger.Append(t.Context(), "k1", seq, op)
			appended <- err
		}()
		e := add(t, a.proven, "k1", "more")
		go func() {
			_, err := a.proven.Prove(t.Context(), "k1", e.Anchor.Index+1)
			held <- err
		}()
		waitPending(t, s)
		undone := s.Commit() // with what was sent
		if err := s.Fork(base.Hash); err != nil {
			t.Fatal(err)
		}
		s.Commit()
		s.Commit() // without it, or with it again, and longer
		goOn.Store(true)
		if err := <-appended; err != nil {
			t.Errorf("round %d: Append: %v", round, err)
		}
		if err := <-held; err != nil {
			t.Errorf("round %d: Prove: %v", round, err)
		}
		if b, err := w.ledger.chain.Block(t.Context(), base.Number+1); err != nil || b.Hash == undone {
			t.Errorf("round %d: nothing was reorganised: %v", round, err)
		}
	}
	wantHistory(t, w.ledger, "k1", "one", "more", "more", "more")
	for name, c := range map[string]struct {
		ledger.Prover
		trust *ChainTrust
	}{"direct": {w.proven, w.trust}, "anchored": {a.proven, a.trust}} {
		if v, err := c.trust.VerifyHead("k1", prove(t, c, "k1", 3), time.Now()); err != nil || !v.Latest {
			t.Errorf("%s: got %+v, %v", name, v, err)
		}
	}
}

// waitPending waits until a transaction waits for a block.
func waitPending(t *testing.T, s *gethtest.Simulated) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for {
		var status struct{ Pending string }
		if err := s.RPC.CallContext(ctx, &status, "txpool_status"); err != nil {
			t.Fatal(err)
		}
		if status.Pending != "0x0" {
			return
		}
	}
}
