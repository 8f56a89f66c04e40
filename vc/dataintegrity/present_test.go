package dataintegrity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

func TestPresentRefuses(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	c := p.issue(t, p.credential(), &dataintegrity.IssueOptions{Cryptosuite: jcs})
	unbound := p.credential()
	delete(unbound["credentialSubject"].(map[string]any), "id")
	several := p.credential()
	several["credentialSubject"] = []any{several["credentialSubject"], map[string]any{"id": "did:example:other"}}
	for _, x := range []struct {
		name   string
		cred   *dataintegrity.Credential
		holder keys.Signer
		opt    *dataintegrity.PresentOptions
		want   error
	}{
		{"no options with a key", c, p.holder, nil, nil},
		{"no nonce", c, p.holder, &dataintegrity.PresentOptions{Method: p.method, Audience: audience}, nil},
		{"no audience", c, p.holder, &dataintegrity.PresentOptions{Method: p.method, Nonce: nonce}, nil},
		{"nonce without a key", c, nil, &dataintegrity.PresentOptions{Nonce: nonce}, nil},
		{"audience without a key", c, nil, &dataintegrity.PresentOptions{Audience: audience}, nil},
		{"method of another DID", c, p.holder, &dataintegrity.PresentOptions{Method: did.MustParse("did:example:stranger").WithFragment("phone"), Audience: audience, Nonce: nonce}, dataintegrity.ErrHolder},
		{"no method, and the subject is no did:key", c, p.holder, &dataintegrity.PresentOptions{Audience: audience, Nonce: nonce}, dataintegrity.ErrHolder},
		{"no subject's id", p.issue(t, unbound, nil), p.holder, &dataintegrity.PresentOptions{Method: p.method, Audience: audience, Nonce: nonce}, dataintegrity.ErrHolder},
		{"several subjects", p.issue(t, several, nil), p.holder, &dataintegrity.PresentOptions{Method: p.method, Audience: audience, Nonce: nonce}, dataintegrity.ErrHolder},
		{"a part of what cannot be divided", c, nil, &dataintegrity.PresentOptions{Reveal: []string{"/credentialSubject/id"}}, dataintegrity.ErrNotSelective},
	} {
		t.Run(x.name, func(t *testing.T) {
			pres, err := x.cred.Present(t.Context(), x.holder, x.opt)
			if err == nil || x.want != nil && !errors.Is(err, x.want) {
				t.Errorf("got %v, %v, want %v", pres, err, x.want)
			}
		})
	}
	if _, err := c.Derive(t.Context(), []string{"/issuer"}, nil); !errors.Is(err, dataintegrity.ErrNotSelective) {
		t.Errorf("derive: got %v", err)
	}
}

func TestSelectivePresentation(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	suite := dataintegrity.ECDSASD2023{Mandatory: []string{"/issuer", "/validUntil"}}
	for name, change := range map[string]func(map[string]any){
		"subject": func(map[string]any) {}, "list of one subject": func(c map[string]any) { c["credentialSubject"] = []any{c["credentialSubject"]} },
	} {
		t.Run(name, func(t *testing.T) {
			doc := p.credential()
			doc["name"] = "Diploma"
			change(doc)
			cred, err := dataintegrity.ParseCredential(p.issue(t, doc, &dataintegrity.IssueOptions{Cryptosuite: suite}).Bytes(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.verify(t, cred, p.expectBearer()); err != nil {
				t.Errorf("the wallet's verification of the base proof: %v", err)
			}
			for _, reveal := range [][]string{nil, {"/name"}} {
				pres := p.present(t, cred, &dataintegrity.PresentOptions{Reveal: reveal})
				got, err := p.verify(t, dataintegrity.Received(pres.Bytes(), nil), p.expect())
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(string(pres.Bytes()), "School") || got.Expires.IsZero() || strings.Contains(string(pres.Bytes()), "Diploma") != (reveal != nil) {
					t.Errorf("revealing %v: got %s", reveal, pres.Bytes())
				}
			}
			bearer, err := cred.Present(t.Context(), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(bearer.Bytes()), "did:example:citizen") {
				t.Errorf("without a holder's key nobody asked for the subject: got %s", bearer.Bytes())
			}
		})
	}
}

func TestBaseProofChanged(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	issued := p.issue(t, p.credential(), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.ECDSASD2023{Mandatory: []string{"/issuer"}}})
	for old, changed := range map[string]string{"The School of Examples": "Another School", "2027-01-01": "2028-01-01", `"ExampleBachelorDegree"`: `"ExampleMasterDegree"`} {
		b := replaced(t, issued.Bytes(), old, changed)
		cred, err := dataintegrity.ParseCredential(b, nil)
		if err == nil {
			_, err = p.verify(t, cred, p.expectBearer())
		}
		if !errors.Is(err, vc.ErrInvalid) {
			t.Errorf("%s: got %v", changed, err)
		}
	}
}

func TestPresentAllAndSplit(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	base := p.issue(t, p.credential(), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.ECDSASD2023{Mandatory: []string{"/issuer"}}})
	derived, err := base.Derive(t.Context(), []string{"/credentialSubject/alumniOf", "/credentialSubject/id"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	whole := p.issue(t, p.credential(), nil)
	opt := &dataintegrity.PresentOptions{Audience: audience, Nonce: nonce, Method: p.method, Created: p.now, ID: "urn:example:presentation"}
	pres, err := dataintegrity.PresentAll(t.Context(), p.holder, []*dataintegrity.Credential{derived, whole}, opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.verify(t, dataintegrity.Received(pres.Bytes(), nil), p.expect()); vc.Code(err) != "dataintegrity.presentation.credentials" {
		t.Errorf("as one: got %v", err)
	}
	if got, err := p.verify(t, pres, p.expect()); err != nil || got.Claims()["name"] != nil {
		t.Errorf("as it was made, it is that of the first: got %v", err)
	}
	all, err := dataintegrity.Split(pres.Bytes(), nil)
	if err != nil || len(all) != 2 {
		t.Fatalf("got %d, %v", len(all), err)
	}
	for i, one := range all {
		got, err := p.verify(t, one, p.expect())
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if _, there := got.Claim("/credentialSubject/degree"); there != (i == 1) {
			t.Errorf("%d: got claims %v", i, got.Claims())
		}
	}
	if one, err := dataintegrity.Split(whole.Bytes(), nil); err != nil || len(one) != 1 {
		t.Errorf("a credential alone: got %d, %v", len(one), err)
	}
	if none, err := dataintegrity.Split([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]}`), nil); err != nil || len(none) != 0 {
		t.Errorf("no credential: got %d, %v", len(none), err)
	}
	for name, bad := range map[string][]*dataintegrity.Credential{"none": nil, "base proof": {whole, base}} {
		if _, err := dataintegrity.PresentAll(t.Context(), p.holder, bad, opt); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	opt.Reveal = []string{"/issuer"}
	if _, err := dataintegrity.PresentAll(t.Context(), p.holder, []*dataintegrity.Credential{whole}, opt); err == nil {
		t.Error("Reveal: got no error")
	}
}

// TestProofSetWithABaseProof lets the holder of a credential with two kinds of proofs choose.
func TestProofSetWithABaseProof(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	first := p.issue(t, p.credential(), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.ECDSARDFC2019{}})
	both, err := dataintegrity.IssueJSON(t.Context(), p.issuer, first.Bytes(), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.ECDSASD2023{}, Created: p.now})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.verify(t, both, p.expectBearer()); err != nil {
		t.Errorf("the wallet's verification: %v", err)
	}
	pres := p.present(t, both, &dataintegrity.PresentOptions{Reveal: []string{"/issuer", "/credentialSubject/alumniOf"}})
	if _, err := p.verify(t, dataintegrity.Received(pres.Bytes(), nil), p.expect()); err != nil {
		t.Error(err)
	}
	if _, err := p.verify(t, dataintegrity.Received(both.Bytes(), nil), p.expectBearer()); vc.Code(err) != "dataintegrity.proof.base" {
		t.Errorf("presented with its base proof: got %v", err)
	}
	if _, err := both.Derive(t.Context(), nil, &dataintegrity.DeriveOptions{Cryptosuite: dataintegrity.ECDSARDFC2019{}}); !errors.Is(err, dataintegrity.ErrNotSelective) {
		t.Errorf("derived by a suite that cannot: got %v", err)
	}
}
