package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// The credential is the one of the benches of other libraries, but for the issuer, which is a DID here, and for the context of its
// claims, which stands at a URL: a verifier of ours refuses credentials that bring their own.
const (
	credentialsContext = "https://www.w3.org/ns/credentials/v2"
	claimsContext      = "https://vocab.example/v1"
	claimsVocabulary   = `{"@vocab": "https://vocab.example/#"}`
)

// credentialDocument has n claims, each a text or, nested, an object of its own.
func credentialDocument(issuer string, context any, n int, nested bool) ([]byte, error) {
	subject := map[string]any{"id": "did:example:holder"}
	for i := range n {
		var value any = fmt.Sprint("value number ", i)
		if nested {
			value = map[string]any{"type": "Item", "name": value}
		}
		subject[fmt.Sprint("claim", i)] = value
	}
	return json.Marshal(map[string]any{
		"@context":          []any{credentialsContext, context},
		"id":                "urn:uuid:98c5cffc-efa2-43e3-99f5-01e8ef404be0",
		"type":              []string{"VerifiableCredential", "ExampleCredential"},
		"issuer":            issuer,
		"validFrom":         "2024-01-01T00:00:00Z",
		"credentialSubject": subject,
	})
}

// proofScene is an issuer with a DID and a verifier that knows it from its cache.
type proofScene struct {
	issuer   dataintegrity.Issuer
	issue    dataintegrity.IssueOptions
	options  dataintegrity.Options
	document []byte
	verifier *vc.Verifier
	expect   *vc.Expect
}

func newProofScene(ctx context.Context, alg keys.Algorithm, suite dataintegrity.Cryptosuite, claims int) (*proofScene, error) {
	method, err := realdid.New(memledger.New(realdid.Reducer(), nil), nil)
	if err != nil {
		return nil, err
	}
	key, err := newSigner(alg)
	if err != nil {
		return nil, err
	}
	url, err := register(ctx, method, key.Public(), did.AssertionMethod)
	if err != nil {
		return nil, err
	}
	contexts, err := jsonld.NewContexts(map[string][]byte{claimsContext: []byte(`{"@context": ` + claimsVocabulary + `}`)})
	if err != nil {
		return nil, err
	}
	doc, err := credentialDocument(url.DID().String(), claimsContext, claims, false)
	if err != nil {
		return nil, err
	}
	return &proofScene{
		issuer:   dataintegrity.Issuer{Signer: key, Method: url},
		issue:    dataintegrity.IssueOptions{Cryptosuite: suite, Contexts: contexts},
		options:  dataintegrity.Options{Contexts: contexts, Cryptosuites: []dataintegrity.Cryptosuite{suite}},
		document: doc,
		verifier: vc.NewVerifier(resolver.Keys{Resolver: resolver.NewCache(resolver.Mux{"realdid": method}, nil)}, time.Now),
		expect:   &vc.Expect{Issuers: []did.DID{url.DID()}, Types: []string{"ExampleCredential"}, InsecureNoHolderBinding: true},
	}, nil
}

func newSigner(alg keys.Algorithm) (keys.Signer, error) {
	if alg == keys.BLS12381G2 {
		return bbs.Generate()
	}
	return keys.Generate(alg)
}

// sign starts at the bytes of a credential and ends at those of the signed one.
func (s *proofScene) sign(ctx context.Context) ([]byte, error) {
	c, err := dataintegrity.IssueJSON(ctx, s.issuer, s.document, &s.issue)
	if err != nil {
		return nil, err
	}
	return c.Bytes(), nil
}

// verify starts at the received bytes and ends at the claims, of which claim4 is always there.
func (s *proofScene) verify(ctx context.Context, received []byte) error {
	got, _, err := s.verifier.Verify(ctx, dataintegrity.Received(received, &s.options), s.expect)
	if err != nil {
		return err
	}
	subject, _ := got.Claims()["credentialSubject"].(map[string]any)
	return right(subject["claim4"] == "value number 4")
}

func (s *proofScene) derive(ctx context.Context, received []byte) ([]byte, error) {
	c, err := dataintegrity.ParseCredential(received, &s.options)
	if err != nil {
		return nil, err
	}
	c, err = c.Derive(ctx, []string{"/credentialSubject/claim1", "/credentialSubject/claim4", "/credentialSubject/claim7"}, nil)
	if err != nil {
		return nil, err
	}
	return c.Bytes(), nil
}

func dataIntegrityCases() []benchCase {
	ctx := context.Background()
	var cases []benchCase
	add := func(name, op string, alg keys.Algorithm, suite dataintegrity.Cryptosuite, claims int, one func(*proofScene, []byte) (func() error, error)) {
		cases = append(cases, benchCase{name: name, op: op, peer: peer, batch: 1, setup: each(func() (func() error, error) {
			s, err := newProofScene(ctx, alg, suite, claims)
			if err != nil {
				return nil, err
			}
			signed, err := s.sign(ctx)
			if err != nil {
				return nil, err
			}
			return one(s, signed)
		})})
	}
	sign := func(s *proofScene, _ []byte) (func() error, error) {
		return func() error {
			_, err := s.sign(ctx)
			return err
		}, nil
	}
	verify := func(s *proofScene, signed []byte) (func() error, error) {
		return func() error { return s.verify(ctx, signed) }, nil
	}
	for _, c := range []struct {
		name  string
		alg   keys.Algorithm
		suite dataintegrity.Cryptosuite
	}{
		{"eddsa-rdfc", keys.Ed25519, dataintegrity.EdDSARDFC2022{}},
		{"eddsa-jcs", keys.Ed25519, dataintegrity.EdDSAJCS2022{}},
		{"ecdsa-rdfc", keys.P256, dataintegrity.ECDSARDFC2019{}},
		{"ecdsa-jcs", keys.P256, dataintegrity.ECDSAJCS2019{}},
	} {
		for _, n := range []int{10, 100} {
			add(fmt.Sprint(c.name, "-sign-", n), fmt.Sprintf("%s sign, %d claims", c.suite.Name(), n), c.alg, c.suite, n, sign)
			add(fmt.Sprint(c.name, "-verify-", n), fmt.Sprintf("%s verify, %d claims", c.suite.Name(), n), c.alg, c.suite, n, verify)
		}
	}
	derive := func(s *proofScene, signed []byte) (func() error, error) {
		return func() error { // from the bytes that a wallet keeps, as the peers do
			_, err := s.derive(ctx, signed)
			return err
		}, nil
	}
	verifyDerived := func(s *proofScene, signed []byte) (func() error, error) {
		derived, err := s.derive(ctx, signed)
		if err != nil {
			return nil, err
		}
		return verify(s, derived)
	}
	mandatory := []string{"/issuer", "/validFrom"}
	for _, c := range []struct {
		alg   keys.Algorithm
		suite dataintegrity.Cryptosuite
	}{
		{keys.P256, dataintegrity.ECDSASD2023{Mandatory: mandatory}},
		{keys.BLS12381G2, bbs2023.Suite{Mandatory: mandatory, PresentationHeader: []byte("nonce")}},
	} {
		name := c.suite.Name()
		add(name+"-base", name+" base sign, 10 claims", c.alg, c.suite, 10, sign)
		add(name+"-derive", name+" derive 3/10", c.alg, c.suite, 10, derive)
		add(name+"-verify", name+" verify derived 3/10", c.alg, c.suite, 10, verifyDerived)
	}
	return cases
}
