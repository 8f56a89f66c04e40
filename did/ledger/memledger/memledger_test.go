package memledger_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
)

// harness restarts a ledger in memory by copying it: what Follow yields is all that there is.
type harness struct {
	last    *memledger.Ledger
	reducer ledger.Reducer
	clock   ledger.Clock
}

func (h *harness) Open(_ testing.TB, reducer ledger.Reducer, clock ledger.Clock) ledgertest.Ledger {
	h.reducer, h.clock = reducer, clock
	h.last = memledger.New(reducer, &memledger.Options{Clock: clock})
	return h.last
}

func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	var at time.Time
	next := memledger.New(h.reducer, &memledger.Options{Clock: func() time.Time {
		if at.IsZero() {
			return h.clock()
		}
		return at
	}})
	for e, err := range h.last.Follow(tb.Context(), 0) {
		if err != nil {
			tb.Fatal(err)
		}
		at = e.Anchor.Time
		got, err := next.Append(tb.Context(), e.Key, e.Seq, e.Op)
		if err != nil || got.Anchor != e.Anchor {
			tb.Fatalf("copy of entry %d: anchor %v, %v; want %v", e.Anchor.Index, got.Anchor, err, e.Anchor)
		}
	}
	at = time.Time{}
	h.last = next
	return next
}

func TestConformance(t *testing.T) {
	ledgertest.Run(t, func(testing.TB) ledgertest.Harness { return &harness{} })
}

func TestLast(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	lg := memledger.New(nil, &memledger.Options{Clock: func() time.Time { return now }})
	if last, ok := lg.Last(); ok {
		t.Errorf("Last of an empty ledger = %v, true", last)
	}
	if _, err := lg.Append(t.Context(), "key", 0, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if last, ok := lg.Last(); !ok || last != (ledger.Anchor{Index: 0, Time: now}) {
		t.Errorf("Last = %v, %v", last, ok)
	}
}
