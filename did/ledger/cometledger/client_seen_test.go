package cometledger

import (
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// TestBoast: a node that claims a height that cannot be does not keep the client from the others.
func TestBoast(t *testing.T) {
	chain := newFakeChain()
	boaster, good := newFakeNode(t, chain), newFakeNode(t, chain)
	chain.forever(t)
	good.blockTime = time.Now()
	for _, nodes := range [][]*fakeNode{{boaster, good}, {good, boaster}} {
		boaster.set(func() { boaster.boast = 0 })
		c := fakeClient(t, &ClientOptions{Patience: 20 * time.Second}, nodes...)
		if _, _, err := c.State(t.Context(), "key"); err != nil {
			t.Fatal(err)
		}
		boaster.set(func() { boaster.boast = 1 << 62 })
		for range 2 {
			for i := range nodes {
				c.at.Store(uint32(i))
				before := good.count("abci_query")
				if _, _, err := c.State(t.Context(), "key"); err != nil || nodes[i] == good && good.count("abci_query") != before+1 {
					t.Fatalf("got %v after %d requests", err, good.count("abci_query")-before)
				}
			}
		}
	}
	// Who is far behind and not up to date is not believed against one who is ahead.
	good.set(func() { good.blockTime = time.Now().Add(-time.Hour) })
	c := fakeClient(t, &ClientOptions{Patience: 200 * time.Millisecond}, good)
	c.heights.note("elsewhere", 1<<40)
	if _, _, err := c.State(t.Context(), "key"); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("a node that stands still: %v", err)
	}
	good.set(func() { good.blockTime, good.catching = time.Now(), true })
	if _, _, err := c.State(t.Context(), "key"); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("a node that is catching up: %v", err)
	}
}

func TestHeights(t *testing.T) {
	var h claimed
	h.note("a", 1000)
	h.note("b", 5000)
	h.doubt("a", 1000)
	if got := h.floor(); got != 1000 {
		t.Errorf("a doubted claim counts: got %d", got)
	}
	h.note("b", 6000)
	if got := h.floor(); got != 1000 {
		t.Errorf("another claim of a node that is doubted counts: got %d", got)
	}
	h.note("a", 5950)
	if got := h.floor(); got != 6000 {
		t.Errorf("a claim that another bears out: got %d, want 6000", got)
	}
	h.doubt("a", 1)
	h.note("b", 5900)
	if got := h.floor(); got != 5950 {
		t.Errorf("one that was doubted and is with the others again: got %d, want 5950", got)
	}
}
