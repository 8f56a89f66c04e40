package realdid_test

import (
	"time"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// migrations are the faults of section 6.10 but those of imports, which are in bad-imports.json.
func (r *refusals) migrations() {
	t := r.t
	h := fixed(t)
	announce := func(n int) (*realdid.Draft, error) {
		return h.at().DraftMigrate("second", pub(ed(1)), commit(ed(n)), false)
	}
	depart := func(to string) (*realdid.Draft, error) { return h.at().DraftDepart(to) }
	d, err := announce(2)
	r.changed(h, "migrate-reveals-another-key", "is not the one committed to", d, err, func(p object) { p[memberReveal] = []any{[]any{0, multicodec(0)}} }, ed(0))
	d, err = announce(2)
	r.changed(h, "migrate-announced-by-the-control-key", "signature", d, err, func(object) {}, ed(1))
	r.out[len(r.out)-1].Operation = resigned(t, r.out[len(r.out)-1].Operation, ed(0))
	d, err = announce(1)
	r.draft(h, "migrate-next-commits-to-the-revealed-key", "has been shown", d, err, ed(1))
	d, err = announce(0)
	r.draft(h, "migrate-next-commits-to-a-used-key", "has been shown", d, err, ed(1))
	d, err = depart("second")
	r.draft(h, "depart-unannounced", "it was not announced", d, err, ed(0))
	d, err = announce(2)
	overtaken := draftOf(t, d, err, ed(1)).Bytes()
	ok(t, "update", h.update(authKey("b", 4), ed(0)))
	r.is(h, "migrate-overtakes", "predecessor", overtaken)

	ok(t, "announce", h.migrate("second", 1))
	d, err = h.at().DraftMigrate("third", pub(ed(2)), commit(ed(3)), false)
	r.draft(h, "migrate-announced-twice", "one is announced already", d, err, ed(2))
	h.wait(7*day - time.Second)
	d, err = depart("second")
	early := draftOf(t, d, err, ed(0)).Bytes()
	r.is(h, "depart-before-the-notice-is-over", "its notice is not over", early)
	h.wait(time.Second)
	d, err = depart("third")
	r.draft(h, "depart-to-another-ledger", "it was not announced", d, err, ed(0))
	d, err = depart("second")
	r.changed(h, "depart-by-the-next-key", "signature", d, err, func(object) {}, ed(2))
	r.is(h, "depart-without-a-signature-that-counts", "no signer 1", cborBytes(t, []any{cborBytes(t, decodeOp(t, early).payload), []any{[]any{1, make([]byte, 64)}}}))
	d, err = h.at().DraftCancelByTier([]realdid.RecoveryKey{backup(10)})
	r.draft(h, "cancel-of-a-migration-by-a-tier", "no recovery is pending", d, err, ed(10))
	d, err = h.at().DraftCancelByNext(pub(ed(2)), commit(ed(0)), false)
	r.draft(h, "cancel-of-a-migration-commits-to-a-used-key", "has been shown", d, err, ed(2))
	d, err = h.at().DraftCancelByNext(pub(ed(2)), commit(ed(3)), false)
	r.changed(h, "cancel-of-a-migration-by-another-key", "is not the one committed to", d, err, func(p object) { p[memberReveal] = []any{[]any{0, multicodec(7)}} }, ed(7))
	ok(t, "update", h.update(authKey("b", 4), ed(0)))
	r.is(h, "depart-overtakes", "predecessor", early)
	withdrawn := h.state
	ok(t, "withdraw", h.cancelByNext(2))
	d, err = depart("second")
	r.draft(h, "depart-after-it-was-withdrawn", "it was not announced", d, err, ed(0))
	h.state = withdrawn
	ok(t, "recover", h.recover(10, 20, realdid.Content{}))
	d, err = depart("second")
	r.draft(h, "depart-while-a-recovery-is-pending", "a recovery is pending", d, err, ed(0))
}

// afterDeparture is every operation on a ledger that the identifier has left.
func (r *refusals) afterDeparture() {
	t := r.t
	h := fixed(t)
	ok(t, "announce", h.migrate("second", 1))
	h.wait(7 * day)
	ok(t, "depart", h.depart("second", 0))
	by := map[string][]*keys.PrivateKey{"update": {ed(0)}, "anchor": {ed(0)}, "rotate": {ed(2)}, "recover": {ed(10), ed(20)}, "cancel": {ed(2)}, "deactivate": {ed(2)}, "migrate": {ed(2)}, "depart": {ed(0)}}
	for what, make := range map[string]func() (*realdid.Draft, error){
		"update": func() (*realdid.Draft, error) { return h.at().DraftUpdate(authKey("a", 3)) },
		"anchor": func() (*realdid.Draft, error) { return h.at().DraftAnchor(realdid.Digest{}) },
		"rotate": func() (*realdid.Draft, error) {
			return h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(2)), Next: commit(ed(3))})
		},
		"recover":    func() (*realdid.Draft, error) { return h.at().DraftRecover(guardianRequest(20, realdid.Content{}, 10)) },
		"cancel":     func() (*realdid.Draft, error) { return h.at().DraftCancelByNext(pub(ed(2)), commit(ed(3)), false) },
		"deactivate": func() (*realdid.Draft, error) { return h.at().DraftDeactivate(pub(ed(2))) },
		"migrate":    func() (*realdid.Draft, error) { return h.at().DraftMigrate("third", pub(ed(2)), commit(ed(3)), false) },
		"depart":     func() (*realdid.Draft, error) { return h.at().DraftDepart("second") },
	} {
		d, err := make()
		r.draft(h, "departed-"+what, "has moved to another ledger", d, err, by[what]...)
	}
	r.is(h, "departed-create", "scid", h.first)
}
