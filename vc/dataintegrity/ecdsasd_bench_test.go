package dataintegrity_test

import (
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// The selective benchmarks use a credential of 10 claims with a mandatory issuer, of which three claims are derived.
var (
	benchMandatory = []string{"/issuer", "/validFrom"}
	benchReveal    = []string{"/credentialSubject/claim2", "/credentialSubject/claim5", "/credentialSubject/claim7"}
)

func BenchmarkSelectiveSign(b *testing.B) {
	p := newParties(b, keys.P256, keys.Ed25519)
	doc := []byte(mustJSON(b, p.claims(10)))
	opt := &dataintegrity.ProofOptions{
		Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: dataintegrity.ECDSASD2023{Mandatory: benchMandatory}, Created: p.now,
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dataintegrity.AddProof(b.Context(), p.issuerKey, doc, opt); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSelectiveDerive parses, too: each derivation is the first from its credential.
func BenchmarkSelectiveDerive(b *testing.B) {
	p := newParties(b, keys.P256, keys.Ed25519)
	base := p.issue(b, p.claims(10), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.ECDSASD2023{Mandatory: benchMandatory}}).Bytes()
	b.ReportAllocs()
	for b.Loop() {
		c, err := dataintegrity.ParseCredential(base, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Derive(b.Context(), benchReveal, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSelectiveVerify(b *testing.B) {
	p := newParties(b, keys.P256, keys.Ed25519)
	base := p.issue(b, p.claims(10), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.ECDSASD2023{Mandatory: benchMandatory}})
	derived, err := base.Derive(b.Context(), benchReveal, nil)
	if err != nil {
		b.Fatal(err)
	}
	policy := &dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: p.now}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dataintegrity.InsecureVerifyProofsOnly(b.Context(), derived.Bytes(), p.keys, policy); err != nil {
			b.Fatal(err)
		}
	}
}
