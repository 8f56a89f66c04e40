package realdid_test

import (
	"math"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// TestCredentialsOffline verifies a presentation from bundles alone: the keys of issuer and holder are proven to be the newest, with
// no ledger and no network.
func TestCredentialsOffline(t *testing.T) {
	w := newProvingWorld(t)
	create := func(n int, p did.Purpose) did.DID {
		r, err := w.m.Create(t.Context(), &realdid.CreateRequest{
			Control: realdid.OneKey(ed(n).Public()), Next: commit(ed(n + 1)), Document: content(method("key", ed(n+2).Public(), p)),
		}, ed(n))
		ok(t, "create", err)
		return r.DID
	}
	issuer, holder := create(500, did.AssertionMethod), create(510, did.Authentication)
	w.wait(time.Minute)
	cred := must(sdjwt.Issue(t.Context(), sdjwt.Issuer{Signer: ed(502), Method: issuer.WithFragment("key")},
		map[string]any{"vct": "https://type.example/", "age_over_18": true}, &sdjwt.IssueOptions{Disclosable: []string{"/age_over_18"}, Holder: holder.URL(), IssuedAt: w.now}))(t)
	w.lg.seal()
	bundles := [][]byte{w.bundle(issuer, false), w.bundle(holder, false)}
	states := [][]byte{w.bundle(issuer, true), w.bundle(holder, true)}

	// Everything is switched off; a verifier has the bundles and a trust.
	verify := func(bundles [][]byte, change func(e *vc.Expect)) error {
		t.Helper()
		pres := must(cred.Present(t.Context(), ed(512), &sdjwt.PresentOptions{
			Reveal: []string{"/age_over_18"}, Audience: "https://platform.example", Nonce: "n", IssuedAt: w.now, Method: holder.WithFragment("key"),
		}))(t)
		clock := func() time.Time { return w.now }
		v := vc.NewVerifier(resolver.Keys{Resolver: must(w.v.Bundles(bundles...))(t), Now: clock}, clock)
		e := &vc.Expect{
			Issuers: []did.DID{issuer}, Types: []string{"https://type.example/"}, Audience: "https://platform.example", Nonce: "n",
			HolderEvidence: vc.EvidenceNeeds{Latest: true}, IssuerEvidence: vc.EvidenceNeeds{Latest: true},
		}
		if change != nil {
			change(e)
		}
		_, _, err := v.Verify(t.Context(), sdjwt.Received(pres.Bytes()), e)
		return err
	}
	auditors := func(e *vc.Expect) { e.HolderEvidence.TrustAuditors, e.IssuerEvidence.TrustAuditors = true, true }
	ok(t, "with operations", verify(bundles, nil))
	ok(t, "with states, trusting auditors", verify(states, auditors))
	if verify(states, nil) == nil {
		t.Error("states count under a policy that does not trust auditors")
	}
	if verify(bundles[:1], nil) == nil {
		t.Error("a holder of whom there is no bundle")
	}
	plain := must(realdid.New(w.lg.Ledger, &realdid.Options{Clock: w.lg.clock}))(t)
	unproven := [][]byte{must(plain.Prove(t.Context(), issuer, nil))(t), must(plain.Prove(t.Context(), holder, nil))(t)}
	if verify(unproven, nil) == nil {
		t.Error("operations that nobody vouches for are taken for the newest")
	}
	anyEvidence := func(e *vc.Expect) { e.HolderEvidence, e.IssuerEvidence = vc.EvidenceNeeds{}, vc.EvidenceNeeds{} }
	if verify(unproven, anyEvidence) == nil {
		t.Error("operations that nobody vouches for are taken for fresh")
	}
	ok(t, "which a policy may not mind", verify(unproven, func(e *vc.Expect) {
		anyEvidence(e)
		e.MaxEvidenceAge, e.MaxIssuerEvidenceAge = math.MaxInt64, math.MaxInt64
	}))
	// The phone is stolen and its key removed; the thief keeps the old bundle, for as long as the policy calls it fresh.
	_, err := w.m.Rotate(t.Context(), holder, &realdid.RotateRequest{Reveal: pub(ed(511)), Next: commit(ed(519)), Document: &realdid.Content{}}, ed(511))
	ok(t, "rotate", err)
	if verify([][]byte{bundles[0], w.bundle(holder, false)}, nil) == nil {
		t.Error("a removed key presents")
	}
	ok(t, "the thief with the old bundle, at once", verify(bundles, nil))
	w.wait(vc.DefaultMaxEvidenceAge + time.Minute)
	if verify(bundles, nil) == nil {
		t.Error("the thief with an old bundle, later")
	}
	// The thief can put the old operations, which are public, on a ledger of his own, now.
	own := newProvingWorld(t)
	own.now = w.now
	for i, op := range must(must(realdid.ParseBundle(bundles[1]))(t).Operations())(t) {
		_, err := own.lg.Ledger.Append(t.Context(), must(realdid.ParseIdentifier(holder))(t).Key(), uint64(i), op.Operation.Bytes())
		ok(t, "append", err)
	}
	thief := must(realdid.New(own.lg.Ledger, &realdid.Options{Clock: own.lg.clock}))(t)
	w.lg.seal()
	if verify([][]byte{w.bundle(issuer, false), must(thief.Prove(t.Context(), holder, nil))(t)}, anyEvidence) == nil {
		t.Error("the thief with the old operations under the present time")
	}
}
