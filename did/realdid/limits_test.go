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

// altered puts h into a state that is changed by the numbers of SPEC.md section 8.
func altered(t *testing.T, h *hist, change func(o object)) *hist {
	t.Helper()
	s, err := alter(t, h.state, change)
	ok(t, "a state at a limit", err)
	h.state = s
	return h
}

// gone makes n removed methods.
func gone(n int) (out []any) {
	for i := range n {
		k := testKey(keys.Ed25519, 10_000+i).Public().Multicodec()
		out = append(out, object{0: []any{fmt.Sprintf("gone%d", i), k, 1}, 1: 0, 2: 1})
	}
	return out
}

// shown makes the commitments of n used keys.
func shown(n int) (out [][]byte) {
	for i := range n {
		out = append(out, append([]byte{byte(i >> 8), byte(i)}, make([]byte, 30)...))
	}
	return out
}

// TestWhatHistoriesLeaveBehind holds every limit of SPEC.md section 6.9 exactly, and P11: whatever the control keys or the
// next keys have used up, a recovery is filed all the same and makes room.
func TestWhatHistoriesLeaveBehind(t *testing.T) {
	empty := realdid.Content{}
	rotate := func(h *hist, doc *realdid.Content) error {
		return h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Document: doc}, ed(1))
	}
	removed := func(n int) *hist { return altered(t, fixed(t), func(o object) { o[15] = gone(n) }) }
	used := func(n int) *hist { return altered(t, fixed(t), func(o object) { o[16] = shown(n) }) }

	ok(t, "an update that removes method 1024", removed(1023).update(empty, ed(0)))
	refused(t, "an update that removes method 1025", removed(1024).update(empty, ed(0)))
	ok(t, "an update that removes none", removed(2048).update(authKey("a", 3), ed(0)))
	ok(t, "a rotation that removes method 2048", rotate(removed(2047), &empty))
	refused(t, "a rotation that removes method 2049", rotate(removed(2048), &empty))
	ok(t, "a deactivation that removes method 2049", removed(2048).deactivate(1))
	ok(t, "a rotation that uses key 4096", rotate(used(4095), nil))
	refused(t, "a rotation that uses key 4097", rotate(used(4096), nil))
	for _, n := range []int{4095, 4096} {
		h := used(n)
		ok(t, "guardians file", h.guardiansFile(20))
		if err := h.cancelByNext(1); (err == nil) != (n == 4095) {
			t.Errorf("a cancel by next keys after %d used keys: got %v", n, err)
		}
		a := altered(t, fixed(t), func(o object) { o[16] = shown(n) })
		if err := a.migrate("second", 1); (err == nil) != (n < 4096) {
			t.Errorf("an announcement after %d used keys: got %v", n, err)
		}
	}
	h := altered(t, fixed(t), func(o object) { o[15], o[16] = gone(2048), shown(4096) })
	ok(t, "guardians file", h.guardiansFile(20))
	ok(t, "a cancel by a tier", h.cancelByTier(10))
	ok(t, "recover", h.recover(10, 20, authKey("mine", 5)))
	h.wait(threeDays)
	if got := len(h.at().Content().VerificationMethods); got != 1 {
		t.Errorf("methods: got %d, want 1", got)
	}
	ok(t, "a recovery makes room for updates", h.update(empty, ed(20)))
	ok(t, "a recovery makes room for rotations", h.rotateTo(21))
	roundTrip(t, h.state)
}

// TestHistoriesStayReplayable bounds how many updates and anchors a thief of the device can write before the owner acts.
func TestHistoriesStayReplayable(t *testing.T) {
	long := func(n uint64) *hist {
		return altered(t, simple(t, tier(time.Hour, false, 1, 10)), func(o object) { o[4] = n })
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

func TestFirstAndLastSecond(t *testing.T) {
	for _, now := range []time.Time{time.Unix(0, 0), time.Unix(221876927999, 0)} {
		h := &hist{t: t, now: now}
		ok(t, now.UTC().String(), h.apply(mustParse(t, fixed(t).first)))
	}
}
