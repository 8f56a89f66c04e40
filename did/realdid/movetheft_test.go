package realdid_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
)

// TestThiefWhoMovesAway: a thief of the next keys sends the identifier to a ledger that does not exist. The owner has the notice to stop
// that, and no way round it is shorter.
func TestThiefWhoMovesAway(t *testing.T) {
	t.Run("a recovery withdraws it", func(t *testing.T) {
		h := fixed(t)
		ok(t, "thief announces", h.migrate("nowhere", 1))
		h.wait(7*day - time.Second)
		refused(t, "thief departs early", h.depart("nowhere", 0))
		ok(t, "owner recovers at the last moment", h.recover(10, 20, realdid.Content{}))
		h.wait(day)
		refused(t, "thief departs", h.depart("nowhere", 0))
		refused(t, "thief announces again", h.migrate("nowhere", 2))
		h.wait(2 * day)
		if !h.controls(20) {
			t.Error("the owner has not recovered")
		}
		if _, _, _, ok := h.at().Migration(); ok {
			t.Error("the migration is still announced")
		}
	})
	t.Run("a tier that was cancelled a moment before can still file", func(t *testing.T) {
		h := newHist(t, &realdid.CreateRequest{
			Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1)), Recovery: []realdid.Tier{tier(30*day, false, 1, 10), tier(30*day, true, 1, 11)},
		}, ed(0))
		ok(t, "guardians file", h.recover(11, 20, realdid.Content{}))
		ok(t, "thief vetoes", h.cancelByNext(1))
		ok(t, "thief announces", h.migrate("nowhere", 2))
		h.wait(30*day - time.Second)
		refused(t, "guardians wait", h.recover(11, 20, realdid.Content{}))
		h.wait(time.Second)
		refused(t, "thief departs", h.depart("nowhere", 0))
		ok(t, "guardians file", h.recover(11, 20, realdid.Content{}))
	})
	t.Run("shorter tiers do not shorten it", func(t *testing.T) {
		h := fixed(t)
		ok(t, "thief replaces the tiers", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 510)}}, ed(1)))
		ok(t, "thief announces", h.migrate("nowhere", 2))
		h.wait(7*day - 2*time.Second)
		refused(t, "thief departs", h.depart("nowhere", 1))
		ok(t, "the replaced backup files", h.recover(10, 20, realdid.Content{}))
	})
	t.Run("what guardians are signing stays valid", func(t *testing.T) {
		h := fixed(t)
		signed := recoverDraft(t, h, 10, 20, true)
		for n := 1; n < 16; n += 2 { // an end of a recovery would void it; this must not
			ok(t, "thief announces", h.migrate("nowhere", n))
			ok(t, "thief withdraws", h.cancelByNext(n+1))
		}
		ok(t, "the owner's recovery overtakes", h.apply(signed))
	})
	t.Run("who has the device alone moves nothing", func(t *testing.T) {
		h := fixed(t)
		d, err := h.at().DraftMigrate("nowhere", pub(ed(1)), commit(ed(2)), false)
		refused(t, "announced by the control key", h.try(d, err, ed(0)))
		refused(t, "departs", h.depart("nowhere", 0))
	})
	t.Run("the owner withdraws what the device would complete", func(t *testing.T) {
		h := fixed(t)
		ok(t, "owner announces", h.migrate("second", 1))
		ok(t, "owner withdraws", h.cancelByNext(2))
		h.wait(30 * day)
		refused(t, "thief of the device departs", h.depart("second", 0))
	})
	t.Run("without a tier there is nobody to wait for", func(t *testing.T) {
		h := simple(t)
		ok(t, "announce", h.migrate("second", 1))
		ok(t, "depart", h.depart("second", 0))
	})
}

// TestEndGivesTimeAgain: on a ledger that ended, a cancel may be cut off. Nothing that waited takes effect by the import.
func TestEndGivesTimeAgain(t *testing.T) {
	arrive := func(h *hist, f time.Time) *hist {
		t.Helper()
		b := stateBytes(t, h.state)
		op := must(realdid.NewImport("second", b, append([]byte{7}, headBytes(t, h.state)...)))(t)
		ps := realdid.Predecessors{{Home: "main", Heads: word{f}, Final: &realdid.Final{Size: 7, Successor: "second"}}}
		h.wait(1000 * day)
		s := must(ps.Apply(nil, op, ledger.Anchor{Time: h.now}))(t)
		return &hist{t: t, now: h.now, state: s}
	}
	h := fixed(t)
	ok(t, "rogue guardians file", h.guardiansFile(20))
	h.wait(threeDays - time.Second)
	h = arrive(h, h.now)
	p, pending := h.at().Pending()
	if !pending || !p.Filed.Equal(h.now) || !p.Effective.Equal(h.now.Add(threeDays)) {
		t.Fatalf("pending: got %+v", p)
	}
	h.wait(threeDays - time.Second)
	ok(t, "the owner cancels", h.cancelByTier(10))

	h = fixed(t)
	ok(t, "thief deactivates", h.deactivate(1))
	h.wait(30*day - time.Second)
	h = arrive(h, h.now)
	h.wait(7 * day)
	ok(t, "the owner revives", h.recover(10, 20, realdid.Content{}))

	h = fixed(t)
	ok(t, "thief deactivates", h.deactivate(1))
	h.wait(30 * day)
	h = arrive(h, h.now)
	refused(t, "revived after the grace", h.recover(10, 20, realdid.Content{}))

	h = fixed(t)
	ok(t, "thief replaces the tiers", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 510)}}, ed(1)))
	h.wait(7*day - time.Second)
	h = arrive(h, h.now)
	h.wait(7 * day)
	ok(t, "the replaced backup files", h.recover(10, 20, realdid.Content{}))
}

// TestTimeBetweenDoesNotCount: how long nobody imports does not put a tier out of force.
func TestTimeBetweenDoesNotCount(t *testing.T) {
	h := fixed(t)
	ok(t, "announce", h.migrate("second", 1))
	h.wait(7 * day)
	ok(t, "replace the tiers", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(2)), Next: commit(ed(3)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 510)}}, ed(2)))
	ok(t, "depart", h.depart("second", 2))
	left := h.now
	op := must(realdid.NewImport("second", stateBytes(t, h.state), append([]byte{1}, headBytes(t, h.state)...)))(t)
	h.wait(1000 * day)
	s := must(realdid.Predecessors{{Home: "main", Heads: word{left}}}.Apply(nil, op, ledger.Anchor{Time: h.now}))(t)
	h = &hist{t: t, now: h.now, state: s}
	h.wait(7*day - time.Second)
	ok(t, "the replaced backup files", h.recover(10, 20, realdid.Content{}))
}
