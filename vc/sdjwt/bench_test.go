package sdjwt_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

const (
	benchAudience = "https://verifier.example"
	benchNonce    = "1234567890abcdef"
)

// benchCase is the case of the peers: ES256, ten claims, three revealed, key binding.
type benchCase struct {
	*parties
	claims map[string]any
	issue  *sdjwt.IssueOptions
	show   *sdjwt.PresentOptions
	expect *vc.Expect
}

func newBenchCase(tb testing.TB, jwk bool) *benchCase {
	p := newParties(tb, keys.P256, keys.P256)
	b := &benchCase{parties: p, claims: map[string]any{"vct": "https://credentials.example/id"}}
	b.issue = &sdjwt.IssueOptions{Holder: p.holderMethod, IssuedAt: p.now}
	if jwk {
		b.issue.Holder, b.issue.HolderKey = did.URL{}, p.holder.Public()
	}
	for i := range 10 {
		name := fmt.Sprint("claim", i)
		b.claims[name] = fmt.Sprint("value number ", i)
		b.issue.Disclosable = append(b.issue.Disclosable, "/"+name)
	}
	b.show = &sdjwt.PresentOptions{
		Reveal: []string{"/claim1", "/claim4", "/claim7"}, Audience: benchAudience, Nonce: benchNonce, IssuedAt: p.now,
	}
	b.expect = &vc.Expect{
		Issuers: []did.DID{p.issuerMethod.DID()}, Types: []string{"https://credentials.example/id"}, Audience: benchAudience, Nonce: benchNonce,
		InsecureUnrotatableHolderKey: jwk,
	}
	return b
}

func (b *benchCase) credential(tb testing.TB) *sdjwt.Credential {
	c, err := sdjwt.Issue(tb.Context(), b.issuer, b.claims, b.issue)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func (b *benchCase) presentation(tb testing.TB) []byte {
	p, err := b.credential(tb).Present(tb.Context(), b.holder, b.show)
	if err != nil {
		tb.Fatal(err)
	}
	return p.Bytes()
}

// beside runs do and its floor by turns, so that both see the same machine, and reports what do costs and its ratio to the
// floor.
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

func BenchmarkP256Sign(b *testing.B) {
	p := newParties(b, keys.P256, keys.P256)
	msg := make([]byte, 1500)
	for b.Loop() {
		if _, err := p.holder.Sign(b.Context(), msg); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkP256Verify(b *testing.B) {
	p := newParties(b, keys.P256, keys.P256)
	msg := make([]byte, 1500)
	sig, err := p.holder.Sign(b.Context(), msg)
	if err != nil {
		b.Fatal(err)
	}
	key := p.holder.Public()
	for b.Loop() {
		if err := key.Verify(msg, sig); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkIssue reports, as "x-sign", how many bare signatures an issuance costs.
func BenchmarkIssue(b *testing.B) {
	c := newBenchCase(b, false)
	ctx, msg := b.Context(), make([]byte, 1200)
	beside(b, "x-sign", func() error {
		_, err := sdjwt.Issue(ctx, c.issuer, c.claims, c.issue)
		return err
	}, func() error {
		_, err := c.holder.Sign(ctx, msg)
		return err
	})
}

// constantSigner signs nothing, to show what is left without signatures.
type constantSigner struct{ *keys.PrivateKey }

func (constantSigner) Sign(context.Context, []byte) ([]byte, error) { return make([]byte, 64), nil }

func BenchmarkIssueWithoutSigning(b *testing.B) {
	c := newBenchCase(b, false)
	c.issuer.Signer = constantSigner{c.issuerKey}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := sdjwt.Issue(b.Context(), c.issuer, c.claims, c.issue); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPresent includes parsing the credential, as a wallet that reads it from a file does.
func BenchmarkPresent(b *testing.B) {
	c := newBenchCase(b, false)
	ctx, msg := b.Context(), make([]byte, 200)
	raw := c.credential(b).Bytes()
	beside(b, "x-sign", func() error {
		cred, err := sdjwt.ParseCredential(raw)
		if err != nil {
			return err
		}
		_, err = cred.Present(ctx, c.holder, c.show)
		return err
	}, func() error {
		_, err := c.holder.Sign(ctx, msg)
		return err
	})
}

// BenchmarkVerify reports, as "x-2verify", how many times two bare verifications a whole verification costs, from the received bytes
// on.
func BenchmarkVerify(b *testing.B) {
	for _, jwk := range []bool{false, true} {
		name := "cnf.kid"
		if jwk {
			name = "cnf.jwk"
		}
		b.Run(name, func(b *testing.B) { benchmarkVerify(b, newBenchCase(b, jwk)) })
	}
}

func benchmarkVerify(b *testing.B, c *benchCase) {
	raw := c.presentation(b)
	verifier := vc.NewVerifier(c.keys, c.clock)
	ctx, key, msg := b.Context(), c.holder.Public(), make([]byte, 1200)
	sig, err := c.holder.Sign(ctx, msg)
	if err != nil {
		b.Fatal(err)
	}
	beside(b, "x-2verify", func() error {
		_, _, err := verifier.Verify(ctx, sdjwt.Received(raw), c.expect)
		return err
	}, func() error {
		return errors.Join(key.Verify(msg, sig), key.Verify(msg, sig))
	})
}

// BenchmarkParse is everything of a verification but keys and signatures.
func BenchmarkParse(b *testing.B) {
	raw := newBenchCase(b, false).presentation(b)
	b.ReportAllocs()
	for b.Loop() {
		p, err := sdjwt.Parse(raw)
		if err != nil {
			b.Fatal(err)
		}
		o, _ := p.Open()
		if _, err := o.Disclose(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyW3C is BenchmarkVerify for a credential of the W3C data model.
func BenchmarkVerifyW3C(b *testing.B) {
	p := newParties(b, keys.P256, keys.P256)
	claims := w3cCredential()
	subject := claims["credentialSubject"].(map[string]any)
	opt := &sdjwt.IssueOptions{MediaType: sdjwt.W3CMediaType, IssuedAt: p.now}
	for i := range 10 {
		name := fmt.Sprint("claim", i)
		subject[name] = fmt.Sprint("value number ", i)
		opt.Disclosable = append(opt.Disclosable, "/credentialSubject/"+name)
	}
	c := mustIssue(b, p, claims, opt)
	pres := mustPresent(b, p, c, &sdjwt.PresentOptions{
		Reveal: []string{"/credentialSubject/claim1", "/credentialSubject/claim4", "/credentialSubject/claim7"}, Method: p.holderMethod,
	})
	e := w3cExpect(p)
	msg := make([]byte, 1500)
	sig, _ := p.holder.Sign(b.Context(), msg)
	key := p.holder.Public()
	verifier := vc.NewVerifier(p.keys, p.clock)
	beside(b, "x-2verify", func() error {
		_, _, err := verifier.Verify(b.Context(), sdjwt.Received(pres), e)
		return err
	}, func() error {
		if err := key.Verify(msg, sig); err != nil {
			return err
		}
		return key.Verify(msg, sig)
	})
}
