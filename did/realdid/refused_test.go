package realdid_test

import (
	"bytes"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// TestRefusedVectorsAreMade makes refused.json: one well-formed operation for each rule of SPEC.md section 6 that it breaks.
func TestRefusedVectorsAreMade(t *testing.T) {
	r := &refusals{t: t}
	r.order()
	r.links()
	r.signatures()
	r.documents()
	r.rotations()
	r.declarations()
	r.recoveries()
	r.cancels()
	r.deactivations()
	r.limits()
	r.migrations()
	r.afterDeparture()
	slices.SortFunc(r.out, func(a, b refusedVector) int { return strings.Compare(a.Fault, b.Fault) })
	compareVectors(t, "refused", r.out)
}

type refusals struct {
	t   *testing.T
	out []refusedVector
}

// is records that op is refused in h as it stands.
func (r *refusals) is(h *hist, fault, err string, op []byte) {
	v := refusedVector{Fault: fault, Operation: op, Time: h.now, Error: err}
	if h.state != nil {
		v.State = stateBytes(r.t, h.state)
	}
	r.out = append(r.out, v)
}

// draft signs a draft, whose maker must not object, and records that it is refused.
func (r *refusals) draft(h *hist, fault, err string, d *realdid.Draft, derr error, ks ...*keys.PrivateKey) {
	r.t.Helper()
	if derr != nil {
		r.t.Fatalf("%s: %v", fault, derr)
	}
	r.is(h, fault, err, draftOf(r.t, d, nil, ks...).Bytes())
}

// changed is a draft's payload with something wrong in it, signed by keys as signers 0, 1, …
func (r *refusals) changed(h *hist, fault, err string, d *realdid.Draft, derr error, wrong func(p object), ks ...*keys.PrivateKey) {
	r.t.Helper()
	if derr != nil {
		r.t.Fatalf("%s: %v", fault, derr)
	}
	var p object
	if err := cbor.Unmarshal(bytes.TrimPrefix(d.SigningInput(), []byte("realdid/op/v1\x00")), &p); err != nil {
		r.t.Fatal(err)
	}
	wrong(p)
	r.is(h, fault, err, seal(r.t, p, ks...))
}

// fixed is an identifier with a fixed salt: control key 0, next key 1, one method "a" (key 3), own backup 10 as tier 0 and the
// guardians 11, 12, 13, two of whom suffice, as vetoable tier 1.
func fixed(t testing.TB) *hist {
	t.Helper()
	p := rawCreate('q')
	p[memberDocument] = object{0: []any{[]any{"a", multicodec(3), 1}}}
	guardians := object{0: 2, 1: [][]byte{commitBackup(11), commitBackup(12), commitBackup(13)}}
	p[memberTiers] = []any{object{0: 259200, 2: keySet(1, commitBackup(10))}, object{0: 259200, 1: true, 2: guardians}}
	h := &hist{t: t, now: start}
	ok(t, "create", h.apply(mustParse(t, seal(t, p, ed(0)))))
	return h
}

func commitBackup(n int) []byte {
	k := backup(n)
	return commitRecovery('q', k.Salt[:], ed(n))
}

const threeDays = 72 * time.Hour

func guardianRequest(n int, doc realdid.Content, ks ...int) *realdid.RecoverRequest {
	req := &realdid.RecoverRequest{Control: realdid.OneKey(ed(n).Public()), Next: commit(ed(n + 1)), Document: doc}
	for _, k := range ks {
		req.Reveal = append(req.Reveal, backup(k))
	}
	return req
}

// guardiansFile lets guardians 11 and 12 file a recovery.
func (h *hist) guardiansFile(n int) error {
	h.t.Helper()
	return h.recoverAs(guardianRequest(n, realdid.Content{}, 11, 12), ed(11), ed(12), ed(n))
}

func (r *refusals) order() {
	t := r.t
	create := seal(t, rawCreate('q'), ed(0))
	h := fixed(t)
	d, err := h.at().DraftUpdate(authKey("a", 3))
	update := draftOf(t, d, err, ed(0)).Bytes()
	r.is(&hist{now: start}, "update-before-create", "there is no identifier yet", update)
	r.is(&hist{now: time.Unix(-1, 0).UTC()}, "time-before-1970", "time: before 1970", create)
	r.is(&hist{now: time.Unix(221876928000, 0).UTC()}, "time-after-9000", "time: before 1970 or after 9000", create)
	r.is(h, "create-again", "scid", h.first)
	r.is(h, "create-of-another-identifier", "scid", create)
	h.wait(-time.Second)
	r.is(h, "time-goes-back", "anchored before its predecessor", update)

	h = fixed(t)
	ok(t, "recover", h.recover(10, 20, realdid.Content{}))
	h.wait(time.Hour)
	frozen := map[string]func() (*realdid.Draft, error){
		"update": func() (*realdid.Draft, error) { return h.at().DraftUpdate(authKey("a", 3)) },
		"anchor": func() (*realdid.Draft, error) { return h.at().DraftAnchor(realdid.Digest{}) },
		"rotate": func() (*realdid.Draft, error) {
			return h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2))})
		},
		"deactivate": func() (*realdid.Draft, error) { return h.at().DraftDeactivate(pub(ed(1))) },
	}
	by := map[string]*keys.PrivateKey{"update": ed(0), "anchor": ed(0), "rotate": ed(1), "deactivate": ed(1)}
	for what, make := range frozen {
		d, err := make()
		r.draft(h, "pending-"+what, "a recovery is pending", d, err, by[what])
	}
	h = fixed(t)
	ok(t, "deactivate", h.deactivate(1))
	by["rotate"], by["deactivate"] = ed(1), ed(1)
	for what, make := range frozen {
		d, err := make()
		r.draft(h, "deactivated-"+what, "the identifier is deactivated", d, err, by[what])
	}
}

func (r *refusals) links() {
	t := r.t
	h := fixed(t)
	draft := func() (*realdid.Draft, error) { return h.at().DraftUpdate(authKey("a", 3)) }
	for fault, c := range map[string]struct {
		err   string
		wrong func(p object)
	}{
		"another-domain":      {"network", func(p object) { p[memberDomain] = "other" }},
		"another-home":        {"network", func(p object) { p[memberHome] = "other" }},
		"another-identifier":  {"scid", func(p object) { p[memberSCID].([]byte)[5] ^= 1 }},
		"another-suite":       {"scid", func(p object) { p[memberSCID].([]byte)[0] = 's' }},
		"sequence-too-high":   {"predecessor", func(p object) { p[memberSeq] = uint64(2) }},
		"another-predecessor": {"predecessor", func(p object) { p[memberPrev].([]byte)[5] ^= 1 }},
	} {
		d, err := draft()
		r.changed(h, fault, c.err, d, err, c.wrong, ed(0))
	}
	d, err := draft()
	stale := draftOf(t, d, err, ed(0)).Bytes()
	d, err = h.at().DraftDeactivate(pub(ed(1)))
	staleDeactivation := draftOf(t, d, err, ed(1)).Bytes()
	d, err = h.at().DraftUpdate(authKey("b", 4))
	update := draftOf(t, d, err, ed(0))
	ok(t, "update", h.apply(update))
	r.is(h, "replayed", "predecessor", update.Bytes())
	r.is(h, "update-overtakes", "predecessor", stale)
	r.is(h, "deactivate-overtakes", "predecessor", staleDeactivation)
	first := h.state.Head()
	ok(t, "update", h.update(authKey("c", 5), ed(0)))
	notATurn := func(p object) { p[memberSeq], p[memberPrev] = uint64(2), first[:] }
	d, err = h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2))})
	r.changed(h, "rotate-overtakes-up-to-an-update", "predecessor", d, err, notATurn, ed(1))
	d, err = h.at().DraftRecover(guardianRequest(20, realdid.Content{}, 10))
	r.changed(h, "recover-overtakes-up-to-an-update", "predecessor", d, err, notATurn, ed(10), ed(20))

	h = fixed(t)
	rotation, recovery := rotateDraft(t, h, 1, true), recoverDraft(t, h, 10, 20, true)
	ok(t, "rotate", h.rotateTo(1))
	r.is(h, "rotate-overtakes-a-rotation", "predecessor", rotateDraftAfter(t, h, rotation).Bytes())
	ok(t, "recover", h.apply(recovery))
	h.wait(threeDays)
	again := recoverDraft(t, h, 10, 30, true)
	p := decodeOp(t, again.Bytes()).payload
	p[memberSeq], p[memberPrev] = decodeOp(t, recovery.Bytes()).payload[memberSeq], decodeOp(t, recovery.Bytes()).payload[memberPrev]
	r.is(h, "recover-overtakes-a-recovery", "predecessor", seal(t, p, ed(10), ed(30)))
}

func (r *refusals) signatures() {
	t := r.t
	h := fixed(t)
	draft := func() (*realdid.Draft, error) { return h.at().DraftUpdate(authKey("a", 3)) }
	same := func(object) {}
	d, err := draft()
	r.changed(h, "signature-by-another-key", "signature", d, err, same, ed(0))
	r.out[len(r.out)-1].Operation = resigned(t, r.out[len(r.out)-1].Operation, ed(99))
	d, err = draft()
	r.changed(h, "signature-of-another-payload", "signature", d, err, same, ed(0))
	op := decodeOp(t, r.out[len(r.out)-1].Operation)
	op.payload[memberDocument] = object{}
	r.out[len(r.out)-1].Operation = cborBytes(t, []any{cborBytes(t, op.payload), op.signatures})
	d, err = draft()
	r.changed(h, "signer-1-of-1", "no signer 1", d, err, same, ed(0))
	op = decodeOp(t, r.out[len(r.out)-1].Operation)
	sig := op.signatures[0].([]any)[1]
	r.out[len(r.out)-1].Operation = cborBytes(t, []any{cborBytes(t, op.payload), []any{[]any{0, sig}, []any{1, sig}}})
	for fault, cut := range map[string][]byte{"signature-empty": {}, "signature-of-63": sig.([]byte)[:63], "signature-of-65": append(slices.Clone(sig.([]byte)), 0)} {
		r.is(h, fault, "signature", cborBytes(t, []any{cborBytes(t, op.payload), []any{[]any{0, cut}}}))
	}
	p := rawCreate('q')
	p[memberControl] = keySet(2, multicodec(0), multicodec(5), multicodec(6))
	before := &hist{now: start}
	r.is(before, "create-below-the-threshold", "weight 1, threshold 2", seal(t, p, ed(0)))
	r.is(before, "create-with-a-signature-too-many-that-is-wrong", "signature: signer 2", seal(t, p, ed(0), ed(5), ed(99)))
	r.is(before, "create-signed-by-nobody-who-counts", "no signer 3", seal(t, p, ed(0), ed(5), nil, ed(99)))
	p[memberControl] = object{0: 3, 1: [][]byte{multicodec(0), multicodec(5), multicodec(6)}, 2: []uint64{1, 1, 2}}
	r.is(before, "create-below-the-weight", "weight 2, threshold 3", seal(t, p, ed(0), ed(5)))
	p = rawCreate('q')
	p[memberNext] = keySet(1, commitNext('q', ed(0)))
	r.is(before, "create-next-commits-to-control", "next: commits to a key that has been shown", seal(t, p, ed(0)))

	k := testKey(keys.Secp256k1, 1)
	p = rawCreate('q')
	p[memberControl] = keySet(1, k.Public().Multicodec())
	low := decodeOp(t, seal(t, p, k))
	r.is(before, "secp256k1-high-s", "signature", cborBytes(t, []any{cborBytes(t, p), []any{[]any{0, highS(low.signatures[0].([]any)[1].([]byte))}}}))
	p[memberControl] = keySet(1, multicodec(0))
	good := decodeOp(t, seal(t, p, ed(0))).signatures[0].([]any)[1].([]byte)
	r.is(before, "ed25519-s-over-the-order", "signature", cborBytes(t, []any{cborBytes(t, p), []any{[]any{0, overOrder(good)}}}))
}

// resigned signs an operation with another key as signer 0.
func resigned(t *testing.T, op []byte, k *keys.PrivateKey) []byte {
	t.Helper()
	return seal(t, decodeOp(t, op).payload, k)
}

// highS gives the other valid form of a secp256k1 signature.
func highS(sig []byte) []byte {
	n, _ := new(big.Int).SetString("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", 16)
	s := new(big.Int).Sub(n, new(big.Int).SetBytes(sig[32:]))
	return append(slices.Clone(sig[:32]), s.FillBytes(make([]byte, 32))...)
}

// overOrder adds the order of Ed25519 to s, which lax verifiers take.
func overOrder(sig []byte) []byte {
	l, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	le := slices.Clone(sig[32:])
	slices.Reverse(le)
	s := new(big.Int).Add(new(big.Int).SetBytes(le), l).FillBytes(make([]byte, 32))
	slices.Reverse(s)
	return append(slices.Clone(sig[:32]), s...)
}

func (r *refusals) documents() {
	t := r.t
	h := fixed(t)
	ok(t, "update", h.update(content(method("a", ed(3).Public(), did.Authentication), method("b", ed(4).Public(), did.Authentication)), ed(0)))
	ok(t, "update", h.update(authKey("b", 4), ed(0))) // removes "a"
	update := func(fault, err string, c realdid.Content) {
		d, derr := h.at().DraftUpdate(c)
		r.draft(h, "document-"+fault, err, d, derr, ed(0))
	}
	service := func(f string) realdid.Content {
		return realdid.Content{Services: []realdid.Service{{Fragment: f, Types: []string{"T"}, Endpoints: []realdid.Endpoint{{URI: "https://a.example/"}}}}}
	}
	const names = "a fragment never names another key or purpose"
	update("another-key-under-a-fragment", names, authKey("b", 5))
	update("another-purpose-under-a-fragment", names, content(method("b", ed(4).Public(), did.AssertionMethod)))
	update("a-removed-fragment", "a removed fragment or key never returns", authKey("a", 5))
	update("a-removed-key", "a removed fragment or key never returns", authKey("c", 3))
	update("a-removed-method", "a removed fragment or key never returns", authKey("a", 3))
	update("a-key-that-moves", "a key never moves to another fragment", authKey("c", 4))
	update("service-with-the-fragment-of-a-method", "never names a service", service("b"))
	update("service-with-the-fragment-of-a-removed-method", "never names a service", service("a"))
	doc := authKey("b", 5)
	d, err := h.at().DraftRotate(&realdid.RotateRequest{Reveal: pub(ed(1)), Next: commit(ed(2)), Document: &doc})
	r.draft(h, "rotate-document", names, d, err, ed(1))
	d, err = h.at().DraftRecover(guardianRequest(20, doc, 10))
	r.draft(h, "recover-document", names, d, err, ed(10), ed(20))
}
