package dataintegrity_test

import (
	"reflect"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

func TestIssuePresentVerify(t *testing.T) {
	for name, s := range suites {
		t.Run(name, func(t *testing.T) {
			p := newParties(t, s.algorithm, keys.Ed25519)
			issued := p.issue(t, p.credential(), &dataintegrity.IssueOptions{Cryptosuite: s.suite})
			cred, err := dataintegrity.ParseCredential(issued.Bytes(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.verify(t, cred, p.expectBearer()); err != nil {
				t.Errorf("the wallet's verification: %v", err)
			}
			pres := p.present(t, cred, &dataintegrity.PresentOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}})
			got, err := p.verify(t, dataintegrity.Received(pres.Bytes(), nil), p.expect())
			if err != nil {
				t.Fatal(err)
			}
			if got.MediaType != "vc" || got.Issuer != "did:example:authority" || got.Holder.KeyID != p.method.String() {
				t.Errorf("got %s by %s for %s", got.MediaType, got.Issuer, got.Holder.KeyID)
			}
			if !got.IssuedAt.Equal(p.now) || got.Expires.Year() != 2027 || got.NotBefore.Year() != 2026 {
				t.Errorf("times: got %v, %v, %v", got.IssuedAt, got.NotBefore, got.Expires)
			}
			if claims := got.Claims(); !reflect.DeepEqual(claims, p.credential()) {
				t.Errorf("claims: got %v, want %v", claims, p.credential())
			}
		})
	}
}

func TestBearerPresentation(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	c := p.issue(t, p.credential(), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}})
	pres, err := c.Present(t.Context(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.verify(t, pres, p.expectBearer()); err != nil {
		t.Error(err)
	}
	if _, err := p.verify(t, pres, p.expect()); vc.Code(err) != "vc.holder.missing" {
		t.Errorf("without a holder's signature: got %v", err)
	}
}
