package dataintegrity_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

const (
	audience = "https://shop.example"
	nonce    = "n-0S6_WzA2Mj"
)

// parties are an issuer, a holder and what a resolver knows of them.
type parties struct {
	issuer    dataintegrity.Issuer
	issuerKey keys.Signer
	holder    *keys.PrivateKey
	method    did.URL // of the holder
	keys      keyTable
	now       time.Time
}

func newParties(tb testing.TB, issuer, holder keys.Algorithm) *parties {
	tb.Helper()
	p := &parties{now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	p.issuerKey, p.holder = generateSigner(tb, issuer), generate(tb, holder)
	p.issuer = dataintegrity.Issuer{Signer: p.issuerKey, Method: did.MustParse("did:example:authority").WithFragment("key-1")}
	p.method = did.MustParse("did:example:citizen").WithFragment("phone")
	p.keys = keyTable{}
	p.know(p.issuer.Method, p.issuerKey.Public(), did.AssertionMethod)
	p.know(p.method, p.holder.Public(), did.Authentication)
	return p
}

func generate(tb testing.TB, a keys.Algorithm) *keys.PrivateKey {
	tb.Helper()
	k, err := keys.Generate(a)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// generateSigner is generate for keys that sign lists of messages, too.
func generateSigner(tb testing.TB, a keys.Algorithm) keys.Signer {
	tb.Helper()
	if a != keys.BLS12381G2 {
		return generate(tb, a)
	}
	k, err := bbs.Generate()
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// selectives are the suites of which a holder derives, with the algorithm of each.
var selectives = map[string]struct {
	suite     dataintegrity.MandatorySuite
	algorithm keys.Algorithm
}{
	"ecdsa-sd-2023": {dataintegrity.ECDSASD2023{}, keys.P256},
	"bbs-2023":      {bbs2023.Suite{}, keys.BLS12381G2},
}

// understood are options for all suites.
func understood() *dataintegrity.Options {
	return &dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{bbs2023.Suite{}}, InsecureRewritable: true}
}

func (p *parties) know(u did.URL, k keys.PublicKey, purpose did.Purpose) {
	p.keys[u] = &did.ResolvedKey{
		Method:   did.VerificationMethod{ID: u, Controller: u.DID(), Type: "Multikey", Key: k, Purposes: purpose},
		Status:   did.KeyActive,
		Evidence: did.Evidence{Replayed: true, AsOf: p.now},
	}
}

// credential is one that an issuer might make, without a proof.
func (p *parties) credential() map[string]any {
	return map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"},
		"id":       "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
		"type":     []any{"VerifiableCredential", "ExampleAlumniCredential"},
		"issuer":   p.issuer.Method.DID().String(),
		"credentialSubject": map[string]any{
			"id": p.method.DID().String(), "alumniOf": "The School of Examples", "degree": map[string]any{"type": "ExampleBachelorDegree", "name": "Bachelor of Science"},
		},
		"validFrom":  "2026-01-01T00:00:00Z",
		"validUntil": "2027-01-01T00:00:00Z",
	}
}

// expect is the policy that fits what parties issue and present.
func (p *parties) expect() *vc.Expect {
	return &vc.Expect{Issuers: []did.DID{p.issuer.Method.DID()}, Types: []string{"ExampleAlumniCredential"}, Audience: audience, Nonce: nonce}
}

func (p *parties) expectBearer() *vc.Expect {
	e := p.expect()
	e.Audience, e.Nonce, e.InsecureNoHolderBinding = "", "", true
	return e
}

func (p *parties) verify(tb testing.TB, pres vc.Presentation, e *vc.Expect) (*vc.Verified, error) {
	tb.Helper()
	got, _, err := vc.NewVerifier(p.keys, func() time.Time { return p.now }).Verify(tb.Context(), pres, e)
	return got, err
}

func (p *parties) issue(tb testing.TB, credential map[string]any, opt *dataintegrity.IssueOptions) *dataintegrity.Credential {
	tb.Helper()
	o := dataintegrity.IssueOptions{}
	if opt != nil {
		o = *opt
	}
	if o.Created.IsZero() && !o.Undated {
		o.Created = p.now
	}
	c, err := dataintegrity.Issue(tb.Context(), p.issuer, credential, &o)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func (p *parties) present(tb testing.TB, c *dataintegrity.Credential, opt *dataintegrity.PresentOptions) *dataintegrity.Presentation {
	tb.Helper()
	o := dataintegrity.PresentOptions{}
	if opt != nil {
		o = *opt
	}
	o.Audience, o.Nonce, o.Method, o.Created = audience, nonce, p.method, p.now
	pres, err := c.Present(tb.Context(), p.holder, &o)
	if err != nil {
		tb.Fatal(err)
	}
	return pres
}

// suites are all that make one kind of proof for the whole document, with an algorithm for each.
var suites = map[string]struct {
	suite     dataintegrity.Cryptosuite
	algorithm keys.Algorithm
}{
	"eddsa-jcs-2022":        {dataintegrity.EdDSAJCS2022{}, keys.Ed25519},
	"eddsa-rdfc-2022":       {dataintegrity.EdDSARDFC2022{}, keys.Ed25519},
	"ecdsa-jcs-2019 P-256":  {dataintegrity.ECDSAJCS2019{}, keys.P256},
	"ecdsa-jcs-2019 P-384":  {dataintegrity.ECDSAJCS2019{}, keys.P384},
	"ecdsa-rdfc-2019 P-256": {dataintegrity.ECDSARDFC2019{}, keys.P256},
	"ecdsa-rdfc-2019 P-384": {dataintegrity.ECDSARDFC2019{}, keys.P384},
}

// keyTable is a vc.Keys of fixed answers. nil is one that cannot be given now.
type keyTable map[did.URL]*did.ResolvedKey

func (t keyTable) Key(_ context.Context, u did.URL, p did.Purpose, at time.Time) (*did.ResolvedKey, error) {
	k, ok := t[u]
	switch {
	case ok && k == nil:
		return nil, &did.Error{Code: did.InternalError, Detail: "no answer"}
	case !ok:
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyNotFound}
	case !k.Method.Purposes.Has(p):
		return nil, &did.Error{Code: did.InvalidRelationship, Err: did.ErrKeyPurpose}
	case at.IsZero() && k.Status != did.KeyActive:
		return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyTime}
	}
	return k, nil
}

// replaced is b with one text instead of another that must be in it.
func replaced(tb testing.TB, b []byte, old, new string) []byte {
	tb.Helper()
	if !strings.Contains(string(b), old) {
		tb.Fatalf("nothing to replace: no %s in %s", old, b)
	}
	return []byte(strings.Replace(string(b), old, new, 1))
}

func mustJSON(tb testing.TB, v any) string {
	tb.Helper()
	b, err := strictjson.Canonical(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
