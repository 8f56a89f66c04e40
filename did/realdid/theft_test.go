package realdid_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did/realdid"
)

// P11: what each thief can do, what is lost, and who saves. Unless a test says otherwise the holder is that of fixed: control
// key 0 on the phone, next key 1 on paper, an own backup (10) that nobody can veto as tier 0, two of three guardians (11, 12,
// 13) whom the next keys can veto as tier 1. The thief's own keys are from 500 on.

const day = 24 * time.Hour

func TestThiefWithTheNextKeys(t *testing.T) {
	// Lost: the identifier, for as long as the owner does not act. The thief rotates, sets own tiers and spends the veto.
	stolen := func(t *testing.T) *hist {
		h := fixed(t)
		doc := authKey("thief", 503)
		ok(t, "thief rotates everything away", h.rotate(&realdid.RotateRequest{
			Reveal: pub(ed(1)), Control: realdid.OneKey(ed(500).Public()), Next: commit(ed(501)), Document: &doc,
			Recovery: []realdid.Tier{tier(time.Hour, false, 1, 510)}, Compromised: map[string]uint64{"a": 0},
		}, ed(1), ed(500)))
		return h
	}
	t.Run("the own backup saves", func(t *testing.T) {
		h := stolen(t)
		h.wait(6 * day)
		req := guardianRequest(20, authKey("mine", 21), 10)
		req.Cleared = []string{"a"}
		ok(t, "owner recovers with a tier that the thief replaced", h.recoverAs(req, ed(10), ed(20)))
		refused(t, "thief vetoes", h.cancelByNext(501))
		refused(t, "thief cancels with a tier of the thief's", h.cancelByTier(510))
		refused(t, "thief files with a tier of the thief's", h.recover(510, 520, realdid.Content{}))
		refused(t, "thief rotates", h.rotateTo(501))
		refused(t, "thief deactivates", h.deactivate(501))
		h.wait(threeDays)
		if !h.controls(20) {
			t.Fatal("the owner has not recovered")
		}
		refused(t, "thief files after the recovery", h.recover(510, 530, realdid.Content{}))
		refused(t, "thief rotates after the recovery", h.rotateTo(501))
		if got := h.at().Facts().Compromised; len(got) != 0 {
			t.Errorf("the thief's declaration stands: %v", got)
		}
		ok(t, "owner goes on", h.update(authKey("mine", 21), ed(20)))
	})
	t.Run("guardians alone are vetoed each time", func(t *testing.T) {
		h := stolen(t)
		next := 501
		for range 3 { // at once, and after each cool-down until their time is over
			ok(t, "guardians file", h.guardiansFile(600+next))
			ok(t, "thief vetoes", h.cancelByNext(next))
			next++
			h.wait(threeDays)
		}
		refused(t, "guardians when their time is over", h.guardiansFile(700))
		if !h.controls(500) {
			t.Error("the thief does not control what nobody saved")
		}
	})
	t.Run("guardians who cannot be vetoed save", func(t *testing.T) {
		h := newHist(t, &realdid.CreateRequest{
			Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1)), Recovery: []realdid.Tier{tier(threeDays, false, 2, 11, 12, 13)},
		}, ed(0))
		ok(t, "thief rotates", h.rotate(&realdid.RotateRequest{
			Reveal: pub(ed(1)), Control: realdid.OneKey(ed(500).Public()), Next: commit(ed(501)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 510)},
		}, ed(1), ed(500)))
		ok(t, "guardians file", h.guardiansFile(20))
		refused(t, "thief vetoes", h.cancelByNext(501))
		h.wait(threeDays)
		if !h.controls(20) {
			t.Error("the guardians have not recovered")
		}
	})
	t.Run("a deactivation is undone", func(t *testing.T) {
		h := stolen(t)
		ok(t, "thief deactivates", h.deactivate(501))
		ok(t, "guardians file", h.guardiansFile(20))
		refused(t, "thief vetoes a revival", h.cancelByNext(501))
		h.wait(threeDays)
		if _, _, gone := h.at().Deactivated(); gone || !h.controls(20) {
			t.Error("the guardians have not revived the identifier")
		}
	})
	t.Run("repeating the owner's commitments on worse terms", func(t *testing.T) {
		h := fixed(t)
		ok(t, "thief rotates", h.rotate(&realdid.RotateRequest{
			Reveal: pub(ed(1)), Control: realdid.OneKey(ed(500).Public()), Next: commit(ed(501)),
			Recovery: []realdid.Tier{tier(realdid.MaxDelay, true, 1, 10)},
		}, ed(1), ed(500)))
		ok(t, "owner recovers", h.recover(10, 20, realdid.Content{}))
		if p, _ := h.at().Pending(); p.Vetoable || p.Effective.Sub(p.Filed) != threeDays {
			t.Errorf("the owner's recovery took the thief's terms: %+v", p)
		}
		h.wait(threeDays)
		named := guardianRequest(30, realdid.Content{}, 10)
		for _, x := range h.at().Tiers() {
			if x.ID.Index > 0 {
				continue // the guardians
			}
			named.Tier = &x.ID
			d, err := h.at().DraftRecover(named)
			if err != nil {
				t.Fatalf("tier %v by name: %v", x.ID, err)
			}
			if got := decodeOp(t, draftOf(t, d, nil, ed(10), ed(30)).Bytes()).payload[memberTier].([]any); got[0] != x.ID.Seq || got[1] != uint64(x.ID.Index) {
				t.Errorf("tier %v by name: got %v", x.ID, got)
			}
		}
	})
	t.Run("nothing saves without tiers", func(t *testing.T) {
		h := simple(t)
		ok(t, "thief rotates", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Control: realdid.OneKey(ed(500).Public()), Next: commit(ed(501))}, ed(1), ed(500)))
		refused(t, "owner rotates", h.rotateTo(1))
	})
}

// TestThiefWithTheSeed: the seed gives the next keys and the own backup.
func TestThiefWithTheSeed(t *testing.T) {
	t.Run("the own backup above guardians: everything is lost", func(t *testing.T) {
		h := fixed(t)
		ok(t, "guardians file first", h.guardiansFile(20))
		ok(t, "thief cancels with the own backup", h.cancelByTier(10))
		ok(t, "thief files", h.recover(10, 500, realdid.Content{}))
		refused(t, "guardians cancel", func() error {
			d, err := h.at().DraftCancelByTier(guardianRequest(0, realdid.Content{}, 11, 12).Reveal)
			return h.try(d, err, ed(11), ed(12))
		}())
		h.wait(threeDays)
		if !h.controls(500) {
			t.Error("want the thief in control: this is a limit of the scheme and must stay a known one")
		}
	})
	above := func(t *testing.T, vetoable bool) *hist {
		return newHist(t, &realdid.CreateRequest{
			Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1)),
			Recovery: []realdid.Tier{tier(threeDays, vetoable, 2, 11, 12, 13), tier(threeDays, false, 1, 10)},
		}, ed(0))
	}
	t.Run("guardians above who cannot be vetoed save", func(t *testing.T) {
		h := above(t, false)
		ok(t, "thief rotates", h.rotate(&realdid.RotateRequest{
			Reveal: pub(ed(1)), Control: realdid.OneKey(ed(500).Public()), Next: commit(ed(501)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 510)},
		}, ed(1), ed(500)))
		ok(t, "thief files with the own backup", h.recover(10, 520, realdid.Content{}))
		h.wait(day)
		ok(t, "guardians take its place", h.guardiansFile(20))
		refused(t, "thief cancels with the own backup", h.cancelByTier(10))
		refused(t, "thief vetoes", h.cancelByNext(501))
		h.wait(threeDays)
		if !h.controls(20) {
			t.Error("the guardians have not recovered")
		}
		refused(t, "the own backup, which the recovery replaced, files from below", func() error {
			ok(t, "guardians file again", h.guardiansFile(40))
			return h.recover(10, 540, realdid.Content{})
		}())
	})
	t.Run("guardians above who can be vetoed do not", func(t *testing.T) {
		h := above(t, true)
		ok(t, "guardians file", h.guardiansFile(20))
		ok(t, "thief vetoes", h.cancelByNext(1))
		ok(t, "thief files with the own backup", h.recover(10, 500, realdid.Content{}))
		refused(t, "guardians wait", h.guardiansFile(30))
		h.wait(threeDays)
		if !h.controls(500) {
			t.Error("want the thief in control: this is a limit of the scheme and must stay a known one")
		}
	})
}

func TestRogueGuardians(t *testing.T) {
	t.Run("the next keys veto them, and replace them", func(t *testing.T) {
		h := fixed(t)
		ok(t, "guardians file", h.guardiansFile(500))
		refused(t, "owner updates meanwhile", h.update(authKey("a", 3), ed(0)))
		ok(t, "owner vetoes", h.cancelByNext(1))
		ok(t, "owner replaces the tiers", h.rotate(&realdid.RotateRequest{
			Reveal: pub(ed(2)), Next: commit(ed(3)), Recovery: []realdid.Tier{tier(threeDays, false, 1, 14)},
		}, ed(2)))
		h.wait(threeDays)
		ok(t, "guardians file again", h.guardiansFile(510))
		ok(t, "owner vetoes again", h.cancelByNext(3))
		h.wait(threeDays)
		ok(t, "and again", h.guardiansFile(520))
		ok(t, "owner vetoes again", h.cancelByNext(4))
		h.wait(threeDays)
		refused(t, "guardians when their time is over", h.guardiansFile(530))
		if !h.controls(2) {
			t.Error("the owner does not control the identifier")
		}
	})
	t.Run("the own backup cancels them", func(t *testing.T) {
		h := fixed(t)
		ok(t, "guardians file", h.guardiansFile(500))
		h.wait(threeDays - time.Second)
		ok(t, "owner cancels at the last second", h.cancelByTier(10))
		h.wait(time.Second)
		if !h.controls(0) {
			t.Error("a cancelled recovery took effect")
		}
	})
	t.Run("the own backup overrules them after they have won", func(t *testing.T) {
		h := fixed(t)
		ok(t, "guardians file", h.guardiansFile(500))
		h.wait(threeDays)
		if !h.controls(500) {
			t.Fatal("the recovery did not take effect")
		}
		ok(t, "owner recovers", h.recover(10, 20, realdid.Content{}))
		refused(t, "rogues veto", h.cancelByNext(501))
		h.wait(threeDays)
		if !h.controls(20) {
			t.Error("the owner has not recovered")
		}
		if got := h.at().Tiers(); got[0].ID.Index != 0 || len(got) < 2 {
			t.Errorf("tiers after the recovery: %+v", got)
		}
	})
}

// TestDismissedAuthority: an authority that the holder accepted as the last tier, that nobody can veto and that has a long
// delay, is dismissed. For as long as it is usable or pending, what stood above it is usable too.
func TestDismissedAuthority(t *testing.T) {
	h := newHist(t, &realdid.CreateRequest{
		Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1)),
		Recovery: []realdid.Tier{tier(threeDays, false, 1, 10), tier(threeDays, true, 2, 11, 12, 13), tier(30*day, false, 1, 15)},
	}, ed(0))
	ok(t, "owner dismisses the authority", h.rotate(&realdid.RotateRequest{
		Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(threeDays, false, 1, 14)},
	}, ed(1)))
	h.wait(30*day - time.Second)
	ok(t, "the authority files at the last second", h.recover(15, 500, realdid.Content{}))
	refused(t, "the owner's new backup stands below", h.cancelByTier(14))
	h.wait(30*day - time.Second)
	ok(t, "the old backup cancels at the last second", h.cancelByTier(10))
	h.wait(31 * day)
	refused(t, "the authority when its time is over", h.recover(15, 510, realdid.Content{}))
	if !h.controls(1) {
		t.Error("the owner does not control the identifier")
	}
}

// TestStolenBackupThatWasReplaced states a limit: it stays usable for its time, and then not.
func TestStolenBackupThatWasReplaced(t *testing.T) {
	replaced := func(t *testing.T) *hist {
		h := simple(t, tier(threeDays, false, 1, 10))
		ok(t, "owner replaces the backup", h.rotate(&realdid.RotateRequest{
			Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(threeDays, false, 1, 14)},
		}, ed(1)))
		h.wait(7*day - time.Second)
		return h
	}
	h := replaced(t)
	ok(t, "the old backup in the last second", h.recover(10, 500, realdid.Content{}))
	h = replaced(t)
	h.wait(time.Second)
	refused(t, "the old backup when its time is over", h.recover(10, 500, realdid.Content{}))
}

// TestKeysOfThePastNeverReturn: whoever kept an old key, or saw one, gains nothing by it.
func TestKeysOfThePastNeverReturn(t *testing.T) {
	h := fixed(t)
	ok(t, "rotate", h.rotateTo(1))
	ok(t, "rotate", h.rotateTo(2))
	for _, old := range []int{0, 1} {
		refused(t, "an old control key updates", h.update(authKey("x", 500), ed(old)))
		d, err := h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(3)), Control: realdid.OneKey(ed(old).Public()), Next: commit(ed(4))})
		refused(t, "an old control key returns", h.try(d, err, ed(3), ed(old)))
		d, err = h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(3)), Next: commit(ed(old))})
		refused(t, "an old control key as next key", h.try(d, err, ed(3)))
	}
	ok(t, "recover", h.recover(10, 20, realdid.Content{}))
	h.wait(threeDays)
	d, err := h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(21)), Control: realdid.OneKey(ed(10).Public()), Next: commit(ed(22))})
	refused(t, "a recovery key that was revealed becomes control", h.try(d, err, ed(21), ed(10)))
	d, err = h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(21)), Control: realdid.OneKey(ed(2).Public()), Next: commit(ed(22))})
	refused(t, "the control key from before the recovery", h.try(d, err, ed(21), ed(2)))
	ok(t, "the next keys", h.rotateTo(21))
}

// TestGraceAfterDeactivation: pending across the end of the grace counts, filing after it does not, and a cancel after it makes
// the deactivation final.
func TestGraceAfterDeactivation(t *testing.T) {
	deactivated := func(t *testing.T, wait time.Duration) *hist {
		h := fixed(t)
		ok(t, "deactivate", h.deactivate(1))
		if _, final, _ := h.at().Deactivated(); !final.Equal(h.now.Add(30 * day)) {
			t.Errorf("final: got %v", final)
		}
		h.wait(wait)
		return h
	}
	h := deactivated(t, 30*day-time.Second)
	ok(t, "guardians file in the last second", h.guardiansFile(20))
	h.wait(day)
	ok(t, "the own backup takes their place after the grace", h.recover(10, 30, realdid.Content{}))
	h.wait(threeDays)
	if _, _, gone := h.at().Deactivated(); gone || !h.controls(30) {
		t.Error("a recovery that was pending when the grace ended has not revived")
	}

	h = deactivated(t, 30*day-time.Second)
	ok(t, "guardians file in the last second", h.guardiansFile(20))
	h.wait(day)
	ok(t, "the own backup cancels after the grace", h.cancelByTier(10))
	refused(t, "nobody files any more", h.recover(10, 30, realdid.Content{}))
	if _, _, gone := h.at().Deactivated(); !gone {
		t.Error("a cancel revived the identifier")
	}

	// The grace is twice the longest delay, of a tier that was replaced as well.
	h = simple(t, tier(20*day, false, 1, 10))
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 14)}}, ed(1)))
	ok(t, "deactivate", h.deactivate(2))
	if _, final, _ := h.at().Deactivated(); !final.Equal(h.now.Add(40 * day)) {
		t.Errorf("final: got %v, want twice the longest delay", final)
	}
	h = simple(t, tier(20*day, false, 1, 10))
	ok(t, "deactivate", h.deactivate(1))
	if _, final, _ := h.at().Deactivated(); !final.Equal(h.now.Add(40 * day)) {
		t.Errorf("final: got %v, want twice the longest delay", final)
	}
}
