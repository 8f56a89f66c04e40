package realdid_test

import (
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did/realdid"
)

// TestOverrules: what control keys can make counts where a server limits how often a history grows, and nothing else does.
func TestOverrules(t *testing.T) {
	h := simple(t, tier(72*time.Hour, true, 1, 10), tier(72*time.Hour, true, 1, 11))
	var got []realdid.OperationType
	h.taken = func(op *realdid.Operation) {
		if realdid.Overrules(op.Bytes()) {
			got = append(got, op.Type())
		}
	}
	ok(t, "update", h.update(authKey("a", 5), ed(0)))
	d, err := h.at().DraftAnchor(realdid.Digest{1})
	ok(t, "anchor", h.try(d, err, ed(0)))
	ok(t, "rotate", h.rotateTo(1))
	ok(t, "recover", h.recover(11, 20, realdid.Content{}))
	ok(t, "cancel", h.cancelByTier(10))
	ok(t, "announce", h.migrate("second", 2))
	h.wait(7 * day)
	left := *h
	ok(t, "depart", left.depart("second", 1))
	ok(t, "deactivate", h.deactivate(3))
	if want := []realdid.OperationType{realdid.Rotate, realdid.Recover, realdid.Cancel, realdid.Migrate, realdid.Deactivate}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if realdid.Overrules(h.first) || realdid.Overrules(nil) || realdid.Overrules([]byte("garbage")) {
		t.Error("a create, or what is no operation, overrules")
	}
}
