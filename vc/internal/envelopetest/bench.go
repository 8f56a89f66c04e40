package envelopetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
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
	c := Claims()
	subject := c["credentialSubject"].(map[string]any)
	for i := range 8 {
		subject[fmt.Sprint("claim", i)] = fmt.Sprint("value number ", i)
	}
	return c
}

// BenchmarkIssue reports, as "x-sign", how many bare signatures an issuance costs; the other two likewise.
func (f *Format) BenchmarkIssue(b *testing.B) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256} {
		b.Run(a.String(), func(b *testing.B) {
			p, c, msg := NewParties(b, a), tenClaims(), make([]byte, 1200)
			beside(b, "x-sign", func() error {
				_, err := f.Issue(b.Context(), p.Issuer, c, nil)
				return err
			}, func() error {
				_, err := p.Issuer.Signer.Sign(b.Context(), msg)
				return err
			})
		})
	}
}

// BenchmarkVerifyCredential verifies a credential of ten claims without a holder.
func (f *Format) BenchmarkVerifyCredential(b *testing.B) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256} {
		b.Run(a.String(), func(b *testing.B) {
			p := NewParties(b, a)
			c, err := f.Issue(b.Context(), p.Issuer, tenClaims(), &IssueOptions{IssuedAt: p.Setting.Now})
			if err != nil {
				b.Fatal(err)
			}
			e := p.Setting.Expect.Policy(b)
			e.Audience, e.Nonce, e.InsecureNoHolderBinding = "", "", true
			msg := make([]byte, 1200)
			sig, _ := p.Issuer.Signer.Sign(b.Context(), msg)
			key := p.Issuer.Signer.Public()
			beside(b, "x-verify", func() error {
				_, _, err := p.Verifier.Verify(b.Context(), f.Received(c.Bytes()), e)
				return err
			}, func() error { return key.Verify(msg, sig) })
		})
	}
}

// BenchmarkVerifyPresentation verifies a presentation of it, which has two signatures.
func (f *Format) BenchmarkVerifyPresentation(b *testing.B) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256} {
		b.Run(a.String(), func(b *testing.B) {
			p := NewParties(b, a)
			c, err := f.Issue(b.Context(), p.Issuer, tenClaims(), &IssueOptions{IssuedAt: p.Setting.Now})
			if err != nil {
				b.Fatal(err)
			}
			pres, err := f.Present(b.Context(), c, p.Holder, p.Options())
			if err != nil {
				b.Fatal(err)
			}
			e := p.Setting.Expect.Policy(b)
			msg := make([]byte, 1600)
			sig, _ := p.Issuer.Signer.Sign(b.Context(), msg)
			key := p.Issuer.Signer.Public()
			beside(b, "x-2verify", func() error {
				_, _, err := p.Verifier.Verify(b.Context(), f.Received(pres.Bytes()), e)
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
