package cose_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/cose"
)

// beside runs do and its floor by turns, so that both see the same machine, and reports what do costs and its ratio to the floor.
func beside(b *testing.B, unit string, do, floor func() error) {
	b.Helper()
	b.ReportAllocs()
	var own, bare time.Duration
	for b.Loop() {
		start := time.Now()
		err := do()
		middle := time.Now()
		own += middle.Sub(start)
		if err != nil {
			b.Fatal(err)
		}
		if err := floor(); err != nil {
			b.Fatal(err)
		}
		bare += time.Since(middle)
	}
	b.ReportMetric(float64(own.Nanoseconds())/float64(b.N), "ns/op")
	b.ReportMetric(float64(bare.Nanoseconds())/float64(b.N), "ns/floor")
	b.ReportMetric(float64(own)/float64(bare), unit)
}

// tenClaims is a credential with ten claims.
func tenClaims() map[string]any {
	c := credential()
	subject := c["credentialSubject"].(map[string]any)
	for i := range 8 {
		subject[fmt.Sprint("claim", i)] = fmt.Sprint("value number ", i)
	}
	return c
}

// BenchmarkIssue reports, as "x-sign", how many bare signatures an issuance costs; the other two likewise.
func BenchmarkIssue(b *testing.B) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256} {
		b.Run(a.String(), func(b *testing.B) {
			p, c, msg := newParties(b, a), tenClaims(), make([]byte, 1200)
			beside(b, "x-sign", func() error {
				_, err := cose.Issue(b.Context(), p.issuer, c, nil)
				return err
			}, func() error {
				_, err := p.issuer.Signer.Sign(b.Context(), msg)
				return err
			})
		})
	}
}

// BenchmarkVerifyCredential verifies a credential of ten claims without a holder.
func BenchmarkVerifyCredential(b *testing.B) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256} {
		b.Run(a.String(), func(b *testing.B) {
			p := newParties(b, a)
			c, err := cose.Issue(b.Context(), p.issuer, tenClaims(), &cose.IssueOptions{IssuedAt: p.setting.Now})
			if err != nil {
				b.Fatal(err)
			}
			e := p.setting.Expect.Policy(b)
			e.Audience, e.Nonce, e.InsecureNoHolderBinding = "", "", true
			msg := make([]byte, 1200)
			sig, _ := p.issuer.Signer.Sign(b.Context(), msg)
			key := p.issuer.Signer.Public()
			beside(b, "x-verify", func() error {
				_, _, err := p.verifier.Verify(b.Context(), cose.Received(c.Bytes(), nil), e)
				return err
			}, func() error { return key.Verify(msg, sig) })
		})
	}
}

// BenchmarkVerifyPresentation verifies a presentation of it, which has two signatures.
func BenchmarkVerifyPresentation(b *testing.B) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256} {
		b.Run(a.String(), func(b *testing.B) {
			p := newParties(b, a)
			c, err := cose.Issue(b.Context(), p.issuer, tenClaims(), &cose.IssueOptions{IssuedAt: p.setting.Now})
			if err != nil {
				b.Fatal(err)
			}
			pres, err := c.Present(b.Context(), p.holder, p.options())
			if err != nil {
				b.Fatal(err)
			}
			e := p.setting.Expect.Policy(b)
			msg := make([]byte, 1600)
			sig, _ := p.issuer.Signer.Sign(b.Context(), msg)
			key := p.issuer.Signer.Public()
			beside(b, "x-2verify", func() error {
				_, _, err := p.verifier.Verify(b.Context(), cose.Received(pres.Bytes(), nil), e)
				return err
			}, func() error {
				if err := key.Verify(msg, sig); err != nil {
					return err
				}
				return key.Verify(msg, sig)
			})
		})
	}
}
