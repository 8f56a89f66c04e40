package dataintegrity_test

import (
	"fmt"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// claims makes a credential with n claims about its subject.
func (p *parties) claims(n int) map[string]any {
	c := p.credential()
	subject := map[string]any{"id": p.method.DID().String()}
	for i := range n {
		subject[fmt.Sprintf("claim%d", i)] = fmt.Sprintf("the value of claim %d", i)
	}
	c["credentialSubject"] = subject
	return c
}

func forEachSuite(b *testing.B, f func(b *testing.B, p *parties, s dataintegrity.Cryptosuite)) {
	for _, name := range []string{"eddsa-jcs-2022", "eddsa-rdfc-2022", "ecdsa-jcs-2019 P-256", "ecdsa-rdfc-2019 P-256"} {
		s := suites[name]
		b.Run(name, func(b *testing.B) {
			p := newParties(b, s.algorithm, keys.Ed25519)
			f(b, p, s.suite)
		})
	}
}

// BenchmarkSign signs a credential of 10 claims, without checking its data model.
func BenchmarkSign(b *testing.B) {
	forEachSuite(b, func(b *testing.B, p *parties, s dataintegrity.Cryptosuite) {
		doc := []byte(mustJSON(b, p.claims(10)))
		opt := &dataintegrity.ProofOptions{Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: s, Created: p.now}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := dataintegrity.AddProof(b.Context(), p.issuerKey, doc, opt); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkVerifyProof checks the proof of a credential of 10 claims, and nothing else.
func BenchmarkVerifyProof(b *testing.B) {
	forEachSuite(b, func(b *testing.B, p *parties, s dataintegrity.Cryptosuite) {
		doc := p.issue(b, p.claims(10), &dataintegrity.IssueOptions{Cryptosuite: s}).Bytes()
		policy := &dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: p.now}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := dataintegrity.InsecureVerifyProofsOnly(b.Context(), doc, p.keys, policy); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkVerify runs the whole pipeline over a credential of 10 claims.
func BenchmarkVerify(b *testing.B) {
	forEachSuite(b, func(b *testing.B, p *parties, s dataintegrity.Cryptosuite) {
		doc := p.issue(b, p.claims(10), &dataintegrity.IssueOptions{Cryptosuite: s}).Bytes()
		e := p.expectBearer()
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.verify(b, dataintegrity.Received(doc, nil), e); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkEd25519 is the bare verification that the others are compared with.
func BenchmarkEd25519(b *testing.B) {
	k := generate(b, keys.Ed25519)
	msg := make([]byte, 64)
	sig, err := k.Sign(b.Context(), msg)
	if err != nil {
		b.Fatal(err)
	}
	pub := k.Public()
	for b.Loop() {
		if pub.Verify(msg, sig) != nil {
			b.Fatal("not valid")
		}
	}
}

// BenchmarkHolder presents a credential and verifies the presentation, with JSON canonicalization.
func BenchmarkHolder(b *testing.B) {
	p := newParties(b, keys.Ed25519, keys.Ed25519)
	cred := p.issue(b, p.claims(10), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}})
	opt := &dataintegrity.PresentOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}}
	b.Run("present", func(b *testing.B) {
		for b.Loop() {
			p.present(b, cred, opt)
		}
	})
	pres := p.present(b, cred, opt).Bytes()
	b.Run("verify", func(b *testing.B) {
		e := p.expect()
		for b.Loop() {
			if _, err := p.verify(b, dataintegrity.Received(pres, nil), e); err != nil {
				b.Fatal(err)
			}
		}
	})
}
