package realdid_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
)

// fourReplacements rotates tiers four times, so that twelve replaced ones are usable. The present ones are (4, 0) to (4, 2).
func fourReplacements(t *testing.T, last time.Duration) *hist {
	t.Helper()
	three := []realdid.Tier{tier(time.Hour, false, 1, 14), tier(time.Hour, false, 1, 15), tier(time.Hour, false, 1, 16)}
	h := simple(t, three...)
	for n := 1; n <= 4; n++ {
		if n == 4 {
			three = []realdid.Tier{tier(last, false, 1, 10), tier(last, false, 1, 11), tier(last, false, 1, 12)}
		}
		ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(n)), Next: commit(ed(n + 1)), Recovery: three}, ed(n)))
	}
	return h
}

func tierIDs(s *realdid.State) (present, replaced []realdid.TierID) {
	for _, x := range s.Tiers() {
		if x.Until.IsZero() {
			present = append(present, x.ID)
		} else {
			replaced = append(replaced, x.ID)
		}
	}
	return present, replaced
}

// TestRecoveryNeverFailsForReplacedTiers: it drops those that stand lowest, and expired ones do not count.
func TestRecoveryNeverFailsForReplacedTiers(t *testing.T) {
	h := fourReplacements(t, time.Hour)
	ok(t, "recover", h.recover(10, 20, realdid.Content{}))
	h.wait(time.Hour)
	present, replaced := tierIDs(h.at())
	if len(present) != 3 || present[0] != (realdid.TierID{Seq: 5}) {
		t.Errorf("present: got %v", present)
	}
	if len(replaced) != realdid.MaxRetiring || replaced[0] != (realdid.TierID{}) || replaced[11] != (realdid.TierID{Seq: 3, Index: 2}) {
		t.Errorf("replaced: got %v, want the twelve that stand highest", replaced)
	}

	h = fourReplacements(t, 8*day)
	ok(t, "recover", h.recover(10, 20, realdid.Content{}))
	effect := h.now.Add(8 * day)
	_, replaced = tierIDs(h.state.At(effect))
	if len(replaced) != 3 || replaced[0].Seq != 4 {
		t.Errorf("replaced: got %v, want the three that were replaced now, because the others have expired", replaced)
	}
	once, twice := stateBytes(t, h.state.At(effect)), stateBytes(t, h.state.At(h.now.Add(7*day+6*time.Hour)).At(effect))
	if !bytes.Equal(once, twice) {
		t.Error("a state depends on when it was asked before")
	}
}

// TestReplacedTiersOutlastThoseBelow gives the exact seconds of SPEC.md section 6.5.
func TestReplacedTiersOutlastThoseBelow(t *testing.T) {
	h := simple(t, tier(time.Hour, false, 1, 10), tier(9*day, false, 1, 11), tier(day, false, 1, 12))
	at := h.now
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 14)}}, ed(1)))
	want := []time.Time{at.Add(18 * day), at.Add(9 * day), at.Add(7 * day)} // 9+9; max(9, 7+1); 7
	for i, x := range h.state.Tiers()[1:] {
		if !x.Until.Equal(want[i]) || x.ID != (realdid.TierID{Index: i}) {
			t.Errorf("tier %v: usable until %v, want %v", x.ID, x.Until, want[i])
		}
		before, _ := h.state.At(want[i].Add(-time.Second)), 0
		if _, replaced := tierIDs(before); len(replaced) != i+1 {
			t.Errorf("a second before the end of tier %d: %v", i, replaced)
		}
		if _, replaced := tierIDs(h.state.At(want[i])); len(replaced) != i {
			t.Errorf("at the end of tier %d: %v", i, replaced)
		}
	}
	// A tier that is replaced later outlasts one below it that was replaced before.
	h = simple(t, tier(time.Hour, false, 1, 10), tier(30*day, false, 1, 11))
	ok(t, "the lower tier recovers", h.recover(11, 20, realdid.Content{}))
	h.wait(30 * day)
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(21)), Next: commit(ed(22)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 14)}}, ed(21)))
	got := h.state.Tiers()[1]
	if want := h.now.Add(60 * day); got.ID != (realdid.TierID{}) || !got.Until.Equal(want) {
		t.Errorf("tier %v: usable until %v, want %v", got.ID, got.Until, want)
	}
}

// TestRecoveryReplacesTiersFromItsRank: what stands above stays, what was set later is void, the rest is replaced.
func TestRecoveryReplacesTiersFromItsRank(t *testing.T) {
	h := simple(t, tier(time.Hour, false, 1, 10), tier(time.Hour, false, 1, 11), tier(time.Hour, false, 1, 12))
	ok(t, "tier 1 recovers", h.recover(11, 20, realdid.Content{}))
	h.wait(time.Hour)
	present, replaced := tierIDs(h.at())
	if len(present) != 3 || present[0] != (realdid.TierID{}) || present[1] != (realdid.TierID{Seq: 1, Index: 1}) || present[2] != (realdid.TierID{Seq: 1, Index: 2}) {
		t.Errorf("present: got %v", present)
	}
	if len(replaced) != 2 || replaced[0] != (realdid.TierID{Index: 1}) {
		t.Errorf("replaced: got %v", replaced)
	}
	if got := h.at().Tiers()[1].Keys.Digests[0]; got != tier(time.Hour, false, 1, 11).Keys.Digests[0] {
		t.Error("a recovery without tiers repeats those that were set with the recovering one")
	}
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(21)), Next: commit(ed(22)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 15)}}, ed(21)))
	ok(t, "tier 0 of the create recovers", h.recover(10, 30, realdid.Content{}))
	h.wait(time.Hour)
	present, replaced = tierIDs(h.at())
	for _, id := range append(present, replaced...) {
		if id.Seq != 0 && id.Seq != 3 {
			t.Errorf("tier %v, which was set later than the recovering one, is not void", id)
		}
	}
	if got := len(h.at().Tiers()); got != 6 || len(present) != 3 {
		t.Errorf("tiers: got %v and %v, want the three of the create both replaced and set again", present, replaced)
	}
}

func TestCoolDownAfterCancel(t *testing.T) {
	h := fixed(t)
	ok(t, "guardians file", h.guardiansFile(20))
	h.wait(day)
	ok(t, "cancel", h.cancelByTier(10))
	if got, want := h.at().Tiers()[1].NotBefore, h.now.Add(threeDays); !got.Equal(want) {
		t.Errorf("not before: got %v, want %v", got, want)
	}
	if !h.at().Tiers()[0].NotBefore.IsZero() {
		t.Error("the tier that cancelled waits")
	}
	ok(t, "another tier need not wait", h.recover(10, 30, realdid.Content{}))
	h = fixed(t)
	ok(t, "guardians file", h.guardiansFile(20))
	ok(t, "veto", h.cancelByNext(1))
	h.wait(threeDays)
	ok(t, "guardians file when they have waited", h.guardiansFile(30))
}

// TestCancelSpendsNextKeys: a cancel by next keys sets new ones, and the mark; one by a tier leaves them.
func TestCancelSpendsNextKeys(t *testing.T) {
	h := fixed(t)
	ok(t, "guardians file", h.guardiansFile(20))
	d, err := h.at().DraftCancelByNext(pub(ed(1)), commit(ed(2)), true)
	ok(t, "veto", h.try(d, err, ed(1)))
	if !h.at().SingleSecret() || h.at().Next().Digests[0] != commit(ed(2)).Digests[0] {
		t.Error("the veto has not set next keys and mark")
	}
	refused(t, "the spent key rotates", h.rotateTo(1))
	d, err = h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(2)), Control: realdid.OneKey(ed(1).Public()), Next: commit(ed(3))})
	refused(t, "the spent key becomes control", h.try(d, err, ed(2), ed(1)))
	ok(t, "the new next key rotates", h.rotateTo(2))
	if h.at().SingleSecret() {
		t.Error("a rotation without the mark keeps it")
	}
}

// TestCancelledRecoveryLeavesNoTrace: keys and documents that a cancelled recovery named were never in force.
func TestCancelledRecoveryLeavesNoTrace(t *testing.T) {
	h := fixed(t)
	ok(t, "guardians file", h.recoverAs(guardianRequest(20, authKey("x", 25), 11, 12), ed(11), ed(12), ed(20)))
	ok(t, "cancel", h.cancelByTier(10))
	h.wait(10 * day)
	c := h.at().Content()
	if !h.controls(0) || len(c.VerificationMethods) != 1 || c.VerificationMethods[0].Fragment != "a" {
		t.Errorf("after the cancel: got %+v", c)
	}
	ok(t, "what was named may still be used", h.update(content(method("a", ed(3).Public(), did.Authentication), method("x", ed(25).Public(), did.Authentication)), ed(0)))
	ok(t, "keys as well", h.recover(10, 20, realdid.Content{}))
}
