package dataintegrity_test

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
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

// TestVersion11 presents what was issued under the older data model, whose context does not explain proofs.
func TestVersion11(t *testing.T) {
	p := newParties(t, keys.P256, keys.Ed25519)
	doc := p.credential()
	doc["@context"] = []any{"https://www.w3.org/2018/credentials/v1", "https://www.w3.org/2018/credentials/examples/v1"}
	doc["type"] = []any{"VerifiableCredential", "AlumniCredential"}
	doc["issuanceDate"], doc["expirationDate"] = doc["validFrom"], doc["validUntil"]
	doc["credentialSubject"] = map[string]any{"id": p.method.DID().String(), "alumniOf": "The School of Examples"}
	delete(doc, "validFrom")
	delete(doc, "validUntil")
	for _, suite := range []dataintegrity.Cryptosuite{nil, dataintegrity.ECDSAJCS2019{}, dataintegrity.ECDSASD2023{Mandatory: []string{"/issuer"}}} {
		cred := p.issue(t, doc, &dataintegrity.IssueOptions{Cryptosuite: suite})
		opt := &dataintegrity.PresentOptions{}
		if _, ok := suite.(dataintegrity.Selective); ok {
			opt.Reveal = []string{"/credentialSubject/alumniOf", "/issuanceDate"}
		}
		pres := p.present(t, cred, opt)
		if want := `{"@context":["https://www.w3.org/2018/credentials/v1","` + dataintegrity.ContextV2 + `"]`; !strings.HasPrefix(string(pres.Bytes()), want) {
			t.Errorf("got %.120s, want %s", pres.Bytes(), want)
		}
		e := p.expect()
		e.Types = []string{"AlumniCredential"}
		got, err := p.verify(t, dataintegrity.Received(pres.Bytes(), nil), e)
		if err != nil {
			t.Errorf("%v: %v", suite, err)
			continue
		}
		if v, _ := got.Claim("/credentialSubject/alumniOf"); v != "The School of Examples" {
			t.Errorf("%v: got %v", suite, v)
		}
	}
}

// TestConcurrentUse opens one presentation from several goroutines, which the race detector watches.
func TestConcurrentUse(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	pres := dataintegrity.Received(p.present(t, p.issue(t, p.credential(), nil), nil).Bytes(), nil)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if _, err := p.verify(t, pres, p.expect()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestNothingIsPrinted formats what holds personal data.
func TestNothingIsPrinted(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	c := p.issue(t, p.credential(), nil)
	pres := p.present(t, c, nil)
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), fmt.Sprint(pres), fmt.Sprintf("%#v", pres)} {
		if strings.Contains(s, "School") || !strings.HasPrefix(s, "dataintegrity(") {
			t.Errorf("got %s", s)
		}
	}
	if m, err := c.UnverifiedClaims(); err != nil || m["proof"] != nil || m["id"] != "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33" {
		t.Errorf("got claims %v, %v", m, err)
	}
	if _, err := dataintegrity.Parse([]byte(`{}`), nil); vc.Code(err) != "dataintegrity.proof.missing" {
		t.Errorf("Parse: got %v", err)
	}
	if _, err := dataintegrity.ParseCredential([]byte(`{}`), nil); vc.Code(err) != "dataintegrity.proof.missing" {
		t.Errorf("ParseCredential: got %v", err)
	}
	if _, err := dataintegrity.Split([]byte(`[]`), nil); vc.Code(err) != "dataintegrity.json.syntax" {
		t.Errorf("Split: got %v", err)
	}
}
