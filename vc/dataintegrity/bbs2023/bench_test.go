package bbs2023

import (
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// The benchmarks use a credential of ten claims with a mandatory issuer and start of validity, of which three claims are derived.
var (
	tenMandatory = []string{"/issuer", "/validFrom"}
	tenReveal    = []string{"/credentialSubject/claim2", "/credentialSubject/claim5", "/credentialSubject/claim7"}
)

func newKey(tb testing.TB) *bbs.PrivateKey {
	tb.Helper()
	k, err := bbs.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func tenClaims(issuer did.DID) []byte {
	var claims strings.Builder
	for i := range 10 {
		fmt.Fprintf(&claims, `,"claim%d":"value %d"`, i, i)
	}
	return fmt.Appendf(nil, `{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],
		"type":["VerifiableCredential"],"issuer":%q,"validFrom":"2026-01-01T00:00:00Z","credentialSubject":{"id":"did:example:citizen"%s}}`, issuer, claims.String())
}

func issueTen(tb testing.TB, key *bbs.PrivateKey, s Suite) *dataintegrity.Credential {
	tb.Helper()
	issuer := dataintegrity.Issuer{Signer: key, Method: didkey.URL(key.Public())}
	c, err := dataintegrity.IssueJSON(tb.Context(), issuer, tenClaims(issuer.Method.DID()), &dataintegrity.IssueOptions{Cryptosuite: s})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func BenchmarkSign(b *testing.B) {
	key := newKey(b)
	b.ReportAllocs()
	for b.Loop() {
		issueTen(b, key, Suite{Mandatory: tenMandatory})
	}
}

// BenchmarkDerive parses, too: each derivation is the first from its credential.
func BenchmarkDerive(b *testing.B) {
	base := issueTen(b, newKey(b), Suite{Mandatory: tenMandatory}).Bytes()
	b.ReportAllocs()
	for b.Loop() {
		c, err := dataintegrity.ParseCredential(base, understood)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Derive(b.Context(), tenReveal, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	derived, err := issueTen(b, newKey(b), Suite{Mandatory: tenMandatory}).Derive(b.Context(), tenReveal, nil)
	if err != nil {
		b.Fatal(err)
	}
	policy := &dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Options: *understood}
	known := resolver.Keys{Resolver: didkey.Resolver{}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dataintegrity.InsecureVerifyProofsOnly(b.Context(), derived.Bytes(), known, policy); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPseudonymDerive(b *testing.B) {
	e := enrol(b)
	b.ReportAllocs()
	for b.Loop() {
		c, err := dataintegrity.ParseCredential(e.credential.Bytes(), understood)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Derive(b.Context(), tenReveal, &dataintegrity.DeriveOptions{Cryptosuite: e.holder(shop)}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPseudonymVerify(b *testing.B) {
	e := enrol(b)
	document := e.derive(b, shop)
	policy := &dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Options: dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{verifier(shop)}}}
	known := resolver.Keys{Resolver: didkey.Resolver{}}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dataintegrity.InsecureVerifyProofsOnly(b.Context(), document, known, policy); err != nil {
			b.Fatal(err)
		}
	}
}
