package dataintegrity_test

import (
	"context"
	"errors"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// custom is a cryptosuite from elsewhere, which its callers give.
type custom struct{ inner dataintegrity.EdDSAJCS2022 }

func (custom) Name() string { return "example-2026" }

func (c custom) CreateProof(ctx context.Context, in *dataintegrity.Input, s keys.Signer) (string, error) {
	return c.inner.CreateProof(ctx, in, s)
}

func (c custom) Algorithm(value string) (keys.Algorithm, error) { return c.inner.Algorithm(value) }

func (c custom) VerifyProof(in *dataintegrity.Input, key keys.PublicKey) error {
	return c.inner.VerifyProof(in, key)
}

func TestCustomCryptosuite(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	cred := p.issue(t, p.credential(), &dataintegrity.IssueOptions{Cryptosuite: custom{}})
	pres := p.present(t, cred, nil)
	if _, err := p.verify(t, pres, p.expect()); err != nil {
		t.Errorf("as it was made: %v", err)
	}
	known := &dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{custom{}}}
	if _, err := p.verify(t, dataintegrity.Received(pres.Bytes(), known), p.expect()); err != nil {
		t.Errorf("with the suite: %v", err)
	}
	if _, err := p.verify(t, dataintegrity.Received(pres.Bytes(), nil), p.expect()); vc.Code(err) != "dataintegrity.proof.cryptosuite" {
		t.Errorf("without the suite: got %v", err)
	}
	if _, err := cred.IssuanceDigest(); !errors.Is(err, dataintegrity.ErrNoReceipts) {
		t.Errorf("IssuanceDigest: got %v", err)
	}
}

// TestIssuanceDigestOfABrokenProof counts statements that a document lacks.
func TestIssuanceDigestOfABrokenProof(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	base := p.issue(t, p.credential(), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.ECDSASD2023{Mandatory: []string{"/issuer", "/credentialSubject"}}})
	derived, err := base.Derive(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	broken := replaced(t, derived.Bytes(), `"alumniOf":"The School of Examples",`, "")
	c, err := dataintegrity.ParseCredential(broken, nil)
	if err != nil {
		t.Fatalf("%s: %v", broken, err)
	}
	if got, err := c.IssuanceDigest(); err != nil || got != [32]byte{} {
		t.Errorf("got %x, %v, want nothing", got, err)
	}
	if _, err := p.verify(t, c, p.expectBearer()); !errors.Is(err, vc.ErrInvalid) {
		t.Errorf("got %v", err)
	}
	unbound := p.credential()
	delete(unbound["credentialSubject"].(map[string]any), "id")
	nobody := p.issue(t, unbound, &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.ECDSASD2023{}})
	_, err = nobody.Present(t.Context(), p.holder, &dataintegrity.PresentOptions{Method: p.method, Audience: audience, Nonce: nonce, Reveal: []string{"/credentialSubject/alumniOf"}})
	if !errors.Is(err, dataintegrity.ErrHolder) {
		t.Errorf("nobody's credential: got %v", err)
	}
}
