package realdid_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// sixteen makes a document of 16 methods that nobody had before.
func sixteen(round int) realdid.Content {
	var c realdid.Content
	for i := range 16 {
		n := 100_000 + 16*round + i
		c.VerificationMethods = append(c.VerificationMethods, method(fmt.Sprintf("t%d", n), ed(n).Public(), did.Authentication))
	}
	return c
}

// fillByUpdates replaces 16 methods at a time until that is refused.
func fillByUpdates(t *testing.T, h *hist, control *keys.PrivateKey) {
	t.Helper()
	for round := range 1000 {
		if err := h.update(sixteen(round), control); err != nil {
			refused(t, "update over the limit", err)
			if round < 60 {
				t.Fatalf("refused after %d updates: %v", round, err)
			}
			return
		}
	}
	t.Fatal("nothing limits what updates leave behind")
}

// TestUpdatesCannotFillTheOwnersLimit is P11: a thief with the device replaces methods until the history takes no more, and
// leaves 16 of the thief's own standing. Whoever has more authority can still remove them.
func TestUpdatesCannotFillTheOwnersLimit(t *testing.T) {
	filled := func(t *testing.T) *hist {
		h := simple(t, tier(time.Hour, false, 1, 10))
		fillByUpdates(t, h, ed(0))
		if got := len(h.at().Content().VerificationMethods); got != 16 {
			t.Fatalf("the thief's methods: got %d, want 16", got)
		}
		return h
	}
	t.Run("rotate", func(t *testing.T) {
		h, mine := filled(t), authKey("mine", 5)
		ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Document: &mine}, ed(1)))
		if got := len(h.at().Content().VerificationMethods); got != 1 {
			t.Errorf("methods: got %d, want 1", got)
		}
		ok(t, "an update that removes nothing", h.update(content(append(mine.VerificationMethods, method("more", ed(6).Public(), did.Authentication))...), ed(1)))
		refused(t, "an update that removes", h.update(mine, ed(1)))
	})
	t.Run("recover", func(t *testing.T) {
		h := filled(t)
		ok(t, "recover", h.recover(10, 20, authKey("mine", 5)))
		h.wait(time.Hour)
		if got := len(h.at().Content().VerificationMethods); got != 1 {
			t.Errorf("methods: got %d, want 1", got)
		}
		ok(t, "a recovery makes room for updates again", h.update(authKey("other", 7), ed(20)))
	})
	t.Run("deactivate", func(t *testing.T) { ok(t, "deactivate", filled(t).deactivate(1)) })
}

// TestRotationsCannotFillTheRecoveryLimit is P11: a thief with the next keys rotates until no key fits any more. A recovery
// is filed all the same and makes room.
func TestRotationsCannotFillTheRecoveryLimit(t *testing.T) {
	h := simple(t, tier(time.Hour, false, 1, 10))
	set := func(round int) []*keys.PrivateKey {
		var ks []*keys.PrivateKey
		for i := range 16 {
			ks = append(ks, ed(200_000+16*round+i))
		}
		return ks
	}
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(set(0)...)}, ed(1)))
	full := false
	for round := range 1000 {
		doc := sixteen(round)
		req := &realdid.RotateRequest{Reveal: pub(set(round)...), Next: commit(set(round + 1)...)}
		if round < 100 {
			req.Document = &doc
		}
		if err := h.rotate(req, set(round)...); err != nil {
			refused(t, "rotation over the limit", err)
			if round < 120 {
				t.Fatalf("refused after %d rotations: %v", round, err)
			}
			full = true
			break
		}
	}
	if !full {
		t.Fatal("nothing limits what rotations leave behind")
	}
	ok(t, "recover", h.recover(10, 20, authKey("mine", 5)))
	h.wait(time.Hour)
	ok(t, "a recovery makes room for rotations again", h.rotateTo(21))
	roundTrip(t, h.state)
}

// TestRotationsRemoveToo holds rotations to their own limit of removed methods.
func TestRotationsRemoveToo(t *testing.T) {
	h := simple(t)
	n := 1
	for round := range 1000 {
		doc := sixteen(round)
		if err := h.rotate(&realdid.RotateRequest{Reveal: pub(ed(n)), Next: commit(ed(n + 1)), Document: &doc}, ed(n)); err != nil {
			refused(t, "rotation over the limit", err)
			if round != 129 {
				t.Errorf("refused after %d rotations, want 129: %v", round, err)
			}
			return
		}
		n++
	}
	t.Fatal("nothing limits what rotations remove")
}

// TestHistoriesStayReplayable bounds how many updates and anchors a thief of the device can write before the owner acts.
func TestHistoriesStayReplayable(t *testing.T) {
	long := func(n uint64) *hist {
		h := simple(t, tier(time.Hour, false, 1, 10))
		s, err := alter(t, h.state, func(o object) { o[4] = n })
		ok(t, "a state after so many updates", err)
		h.state = s
		return h
	}
	ok(t, "the last update", long(realdid.MaxTurn-1).update(authKey("a", 3), ed(0)))
	refused(t, "an update too many", long(realdid.MaxTurn).update(authKey("a", 3), ed(0)))
	h := long(realdid.MaxTurn)
	d, err := h.at().DraftAnchor(realdid.Digest{1})
	refused(t, "an anchor too many", h.try(d, err, ed(0)))
	ok(t, "rotate", h.rotateTo(1))
	ok(t, "an update after the rotation", h.update(authKey("a", 3), ed(1)))
	h = long(realdid.MaxTurn)
	ok(t, "recover", h.recover(10, 20, realdid.Content{}))
	h.wait(time.Hour)
	ok(t, "an update after the recovery", h.update(authKey("a", 3), ed(20)))
}
