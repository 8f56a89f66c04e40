package realdid_test

import (
	"time"

	"github.com/realdid/realdid/did/realdid"
)

func (r *refusals) rotations() {
	t := r.t
	h := fixed(t)
	rotate := func(req *realdid.RotateRequest) (*realdid.Draft, error) { return h.at().DraftRotate(req) }
	plain := func() (*realdid.Draft, error) {
		return rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Control: realdid.OneKey(ed(5).Public()), Next: commit(ed(2))})
	}
	const commitment = "is not the one committed to"
	d, err := plain()
	r.changed(h, "rotate-reveals-another-key", commitment, d, err, func(p object) { p[memberReveal] = []any{[]any{0, multicodec(7)}} }, ed(1), ed(5))
	r.out[len(r.out)-1].Operation = seal(t, decodeOp(t, r.out[len(r.out)-1].Operation).payload, ed(7), ed(5))
	d, err = plain()
	r.changed(h, "rotate-reveals-beyond-the-set", commitment, d, err, func(p object) { p[memberReveal] = []any{[]any{1, multicodec(1)}} }, ed(1), ed(5))
	d, err = plain()
	r.changed(h, "rotate-without-the-next-key", "weight 0, threshold 1", d, err, func(object) {}, nil, ed(5))
	d, err = plain()
	r.changed(h, "rotate-without-the-new-control-key", "weight 0, threshold 1", d, err, func(object) {}, ed(1), nil)
	d, err = rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(2))})
	r.draft(h, "rotate-to-the-control-key-again", "control: a key that was control or revealed never returns", d, err, ed(1), ed(0))
	shown := "next: commits to a key that has been shown"
	d, err = rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(1))})
	r.draft(h, "rotate-next-commits-to-the-revealed-key", shown, d, err, ed(1))
	d, err = rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Control: realdid.OneKey(ed(5).Public()), Next: commit(ed(5))})
	r.draft(h, "rotate-next-commits-to-the-new-control-key", shown, d, err, ed(1), ed(5))
	d, err = rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(0))})
	r.draft(h, "rotate-next-commits-to-a-used-key", shown, d, err, ed(1))

	ok(t, "rotate", h.rotate(&realdid.RotateRequest{
		Reveal: pub(ed(1)), Control: realdid.KeySet{Threshold: 3, Keys: pub(ed(1), ed(5)), Weights: []int{2, 1}},
		Next: realdid.Commitments{Threshold: 2, Digests: commit(ed(2), ed(6), ed(7)).Digests},
	}, ed(1), ed(5)))
	d, err = rotate(&realdid.RotateRequest{Reveal: pub(ed(2)), Next: commit(ed(8))})
	r.draft(h, "rotate-below-the-next-threshold", "weight 1, threshold 2", d, err, ed(2))
	d, err = rotate(&realdid.RotateRequest{Reveal: pub(ed(2), ed(6)), Control: realdid.OneKey(ed(2).Public()), Next: commit(ed(8))})
	r.changed(h, "rotate-reveals-two-and-one-signs", "weight 1, threshold 2", d, err, func(object) {}, ed(2))
	d, err = h.at().DraftUpdate(authKey("a", 3))
	r.draft(h, "update-below-the-control-weight", "weight 2, threshold 3", d, err, ed(1))
	d, err = h.at().DraftAnchor(realdid.Digest{})
	r.draft(h, "anchor-below-the-control-weight", "weight 1, threshold 3", d, err, ed(5))
	d, err = h.at().DraftUpdate(authKey("a", 3))
	r.changed(h, "update-by-the-former-control-key", "signature", d, err, func(object) {}, ed(1), ed(5))
	r.out[len(r.out)-1].Operation = resigned(t, r.out[len(r.out)-1].Operation, ed(0))
}

func (r *refusals) declarations() {
	t := r.t
	h := fixed(t)
	empty := realdid.Content{}
	rotate := func(fault, err string, doc *realdid.Content, c map[string]uint64) {
		d, derr := h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Document: doc, Compromised: c})
		r.draft(h, "compromised-"+fault, err, d, derr, ed(1))
	}
	const only = "only a removed method can be declared so"
	keep := authKey("a", 3)
	rotate("that-stands", only, nil, map[string]uint64{"a": 0})
	rotate("that-the-document-keeps", only, &keep, map[string]uint64{"a": 0})
	rotate("that-never-was", only, &empty, map[string]uint64{"z": 0})
	rotate("since-the-future", "since a sequence to come", &empty, map[string]uint64{"a": 2})
	recovery := func(fault, err string, doc realdid.Content, c map[string]uint64, cleared ...string) {
		req := guardianRequest(20, doc, 10)
		req.Compromised, req.Cleared = c, cleared
		d, derr := h.at().DraftRecover(req)
		r.draft(h, fault, err, d, derr, ed(10), ed(20))
	}
	recovery("recover-compromised-that-the-document-keeps", only, keep, map[string]uint64{"a": 0})
	recovery("cleared-that-stands", "cleared: not a compromised method", keep, nil, "a")
	ok(t, "update", h.update(empty, ed(0)))
	recovery("cleared-that-is-retired", "cleared: not a compromised method", empty, nil, "a")
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Compromised: map[string]uint64{"a": 1}}, ed(1)))
	d, err := h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(2)), Next: commit(ed(4)), Compromised: map[string]uint64{"a": 0}})
	r.draft(h, "compromised-twice-by-rotations", "only a recovery corrects a declaration", d, err, ed(2))
	recovery("cleared-and-compromised", "declared and cleared at once", empty, map[string]uint64{"a": 0}, "a")
	recovery("cleared-twice", "cleared: not a compromised method", empty, nil, "a", "a")
	recovery("cleared-that-never-was", "cleared: not a compromised method", empty, nil, "z")
}

func (r *refusals) recoveries() {
	t := r.t
	none := realdid.Content{}
	h := fixed(t)
	own := func() (*realdid.Draft, error) { return h.at().DraftRecover(guardianRequest(20, none, 10)) }
	guardians := func() (*realdid.Draft, error) { return h.at().DraftRecover(guardianRequest(20, none, 11, 12)) }
	d, err := own()
	r.changed(h, "recover-by-a-tier-that-never-was", "no such tier", d, err, func(p object) { p[memberTier] = []any{0, 2} }, ed(10), ed(20))
	d, err = own()
	r.changed(h, "recover-by-a-tier-of-another-place", "no such tier", d, err, func(p object) { p[memberTier] = []any{1, 0} }, ed(10), ed(20))
	d, err = own()
	r.changed(h, "recover-with-the-keys-of-another-tier", "is not the one committed to", d, err, func(p object) { p[memberTier] = []any{0, 1} }, ed(10), ed(20))
	d, err = own()
	r.changed(h, "recover-with-another-salt", "is not the one committed to", d, err, func(p object) {
		p[memberRevealRecovery].([]any)[0].([]any)[1] = make([]byte, 16)
	}, ed(10), ed(20))
	d, err = own()
	r.changed(h, "recover-with-another-key", "is not the one committed to", d, err, func(p object) {
		p[memberRevealRecovery].([]any)[0].([]any)[2] = multicodec(7)
	}, ed(7), ed(20))
	d, err = own()
	r.changed(h, "recover-without-the-recovery-key", "weight 0, threshold 1", d, err, func(object) {}, nil, ed(20))
	d, err = own()
	r.changed(h, "recover-without-the-new-control-key", "weight 0, threshold 1", d, err, func(object) {}, ed(10), nil)
	d, err = guardians()
	r.changed(h, "recover-by-one-guardian-of-two", "weight 1, threshold 2", d, err, func(object) {}, ed(11), nil, ed(20))
	d, err = own()
	r.changed(h, "recover-to-the-control-key-again", "never returns", d, err, func(p object) { p[memberControl] = keySet(1, multicodec(0)) }, ed(10), ed(0))
	d, err = own()
	r.changed(h, "recover-next-commits-to-the-recovery-key", "has been shown", d, err, func(p object) { p[memberNext] = keySet(1, commitNext('q', ed(10))) }, ed(10), ed(20))
	req := guardianRequest(20, none, 11, 12)
	req.Recovery = []realdid.Tier{tier(time.Hour, false, 1, 11), tier(time.Hour, false, 1, 12), tier(time.Hour, false, 1, 13)}
	d, err = h.at().DraftRecover(req)
	r.draft(h, "recover-with-a-fourth-tier", "more than 3 tiers", d, err, ed(11), ed(12), ed(20))

	ok(t, "guardians file", h.guardiansFile(20))
	d, err = guardians()
	r.draft(h, "recover-by-the-tier-that-is-pending", "only a tier above the pending one", d, err, ed(11), ed(12), ed(20))
	ok(t, "own backup replaces it", h.recover(10, 30, none))
	d, err = guardians()
	r.draft(h, "recover-by-a-tier-below-the-pending-one", "only a tier above the pending one", d, err, ed(11), ed(12), ed(20))

	h = fixed(t)
	ok(t, "guardians file", h.guardiansFile(20))
	ok(t, "cancel", h.cancelByNext(1))
	h.wait(threeDays - time.Second)
	d, err = guardians()
	r.draft(h, "recover-by-a-tier-that-waits", "a cancelled tier waits", d, err, ed(11), ed(12), ed(20))

	h = fixed(t)
	d, err = own()
	late := draftOf(t, d, err, ed(10), ed(20))
	ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Recovery: []realdid.Tier{tier(time.Hour, false, 1, 14)}}, ed(1)))
	h.wait(10 * 24 * time.Hour) // 7 days for the guardians, and 3 more in which they could be pending
	r.is(h, "recover-by-a-tier-replaced-too-long-ago", "no such tier, or it was replaced too long ago", late.Bytes())

	h = fixed(t)
	ok(t, "deactivate", h.deactivate(1))
	h.wait(30 * 24 * time.Hour)
	d, err = own()
	r.draft(h, "recover-after-the-grace", "the deactivation is final", d, err, ed(10), ed(20))
}

func (r *refusals) cancels() {
	t := r.t
	none := realdid.Content{}
	h := fixed(t)
	byNext := func(n int) (*realdid.Draft, error) { return h.at().DraftCancelByNext(pub(ed(1)), commit(ed(n)), false) }
	byTier := func(ks ...int) (*realdid.Draft, error) {
		return h.at().DraftCancelByTier(guardianRequest(0, none, ks...).Reveal)
	}
	d, err := byNext(2)
	r.draft(h, "cancel-of-nothing", "no recovery is pending", d, err, ed(1))
	ok(t, "guardians file", h.guardiansFile(20))
	d, err = byNext(2)
	r.changed(h, "cancel-by-next-reveals-another-key", "is not the one committed to", d, err, func(p object) { p[memberReveal] = []any{[]any{0, multicodec(7)}} }, ed(7))
	d, err = byNext(1)
	r.draft(h, "cancel-next-commits-to-the-revealed-key", "has been shown", d, err, ed(1))
	d, err = byNext(0)
	r.draft(h, "cancel-next-commits-to-a-used-key", "has been shown", d, err, ed(1))
	d, err = byTier(11, 12)
	r.draft(h, "cancel-by-the-tier-that-filed", "not a tier above the pending one", d, err, ed(11), ed(12))
	d, err = byTier(10)
	r.changed(h, "cancel-by-a-tier-that-never-was", "not a tier above the pending one", d, err, func(p object) { p[memberTier] = []any{0, 2} }, ed(10))
	d, err = byTier(10)
	r.changed(h, "cancel-with-another-salt", "is not the one committed to", d, err, func(p object) {
		p[memberRevealRecovery].([]any)[0].([]any)[1] = make([]byte, 16)
	}, ed(10))
	d, err = byTier(10)
	r.changed(h, "cancel-without-a-signature-that-counts", "signature", d, err, func(object) {}, ed(10))
	r.out[len(r.out)-1].Operation = resigned(t, r.out[len(r.out)-1].Operation, ed(11))
	cancel, err := byTier(10)
	op := draftOf(t, cancel, err, ed(10))
	h.wait(threeDays)
	r.is(h, "cancel-at-the-end-of-the-delay", "no recovery is pending", op.Bytes())

	h = fixed(t)
	ok(t, "own backup files", h.recover(10, 20, none))
	d, err = byNext(2)
	r.draft(h, "cancel-by-next-of-a-tier-that-is-not-vetoable", "the next keys cannot cancel this recovery", d, err, ed(1))
	d, err = byTier(11, 12)
	r.draft(h, "cancel-by-a-tier-below", "not a tier above the pending one", d, err, ed(11), ed(12))

	h = fixed(t)
	ok(t, "deactivate", h.deactivate(1))
	ok(t, "guardians file", h.guardiansFile(20))
	d, err = byNext(2)
	r.draft(h, "cancel-by-next-of-a-revival", "the next keys cannot cancel this recovery", d, err, ed(1))
}

func (r *refusals) deactivations() {
	h := fixed(r.t)
	d, err := h.at().DraftDeactivate(pub(ed(1)))
	r.changed(h, "deactivate-reveals-another-key", "is not the one committed to", d, err, func(p object) { p[memberReveal] = []any{[]any{0, multicodec(0)}} }, ed(0))
	d, err = h.at().DraftDeactivate(pub(ed(1)))
	r.changed(h, "deactivate-by-the-control-key", "signature", d, err, func(object) {}, ed(1))
	r.out[len(r.out)-1].Operation = resigned(r.t, r.out[len(r.out)-1].Operation, ed(0))
}

// limits are those that small vectors can show; the others are in limits_test.go.
func (r *refusals) limits() {
	t := r.t
	h := altered(t, fixed(t), func(o object) { o[4] = realdid.MaxTurn })
	d, err := h.at().DraftUpdate(authKey("a", 3))
	r.draft(h, "update-16385-of-a-turn", "over 16384 updates and anchors", d, err, ed(0))
	d, err = h.at().DraftAnchor(realdid.Digest{})
	r.draft(h, "anchor-16385-of-a-turn", "over 16384 updates and anchors", d, err, ed(0))
	h = fixed(t)
	three := []realdid.Tier{tier(time.Hour, false, 1, 14), tier(time.Hour, false, 1, 15), tier(time.Hour, false, 1, 16)}
	for n := 1; n <= 4; n++ {
		ok(t, "rotate", h.rotate(&realdid.RotateRequest{Reveal: pub(ed(n)), Next: commit(ed(n + 1)), Recovery: three}, ed(n)))
	}
	d, err = h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(5)), Next: commit(ed(6)), Recovery: three})
	r.draft(h, "rotate-replaces-tier-13", "12 replaced tiers", d, err, ed(5))
}
