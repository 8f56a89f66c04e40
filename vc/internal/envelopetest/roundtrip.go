package envelopetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

// TestRoundTrip issues, presents and verifies with every algorithm.
func (f *Format) TestRoundTrip(t *testing.T) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1} {
		p := NewParties(t, a)
		c := f.issue(t, p, IssueOptions{Expires: vectortest.Now.Add(time.Hour)})
		pres, err := f.Present(t.Context(), c, p.Holder, p.Options())
		if err != nil {
			t.Fatal(a, err)
		}
		got, err := p.Verify(t, f.Received(pres.Bytes()))
		if err != nil {
			t.Fatal(a, err)
		}
		if name, _ := got.Claim("/credentialSubject/name"); name != "Ada" {
			t.Errorf("%v: got name %v", a, name)
		}
		if !got.Expires.Equal(vectortest.Now.Add(time.Hour)) || got.MediaType != f.MediaType || got.Holder == nil || got.Holder.KeyID != vectortest.HolderKey {
			t.Errorf("%v: got %v until %v", a, got, got.Expires)
		}
		again, err := f.ParseCredential(c.Bytes())
		if err != nil {
			t.Fatal(a, err)
		}
		bare, err := f.Present(t.Context(), again, nil, nil)
		if err != nil {
			t.Fatal(a, err)
		}
		if _, _, err := p.Verifier.Verify(t.Context(), bare, vectortest.Bare().Policy(t)); err != nil {
			t.Errorf("%v: without a holder: %v", a, err)
		}
		claims, err := again.UnverifiedClaims()
		if err != nil || claims["issuer"] != vectortest.Issuer {
			t.Errorf("%v: got %v, %v", a, claims, err)
		}
	}
}

// TestBinding: a credential is bound to its subject, to a DID, to one key of it, or to a key in itself.
func (f *Format) TestBinding(t *testing.T) {
	p := NewParties(t, keys.Ed25519)
	other := vectortest.Fixed(t, keys.Ed25519, "other")
	for name, c := range map[string]Credential{
		"subject": f.issue(t, p, IssueOptions{}),
		"did":     f.issue(t, p, IssueOptions{Holder: p.Method.DID().URL()}),
		"method":  f.issue(t, p, IssueOptions{Holder: p.Method}),
		"key":     f.issue(t, p, IssueOptions{HolderKey: p.Holder.Public()}),
	} {
		e := p.Setting.Expect.Policy(t)
		e.InsecureUnrotatableHolderKey = true
		pres, err := f.Present(t.Context(), c, p.Holder, p.Options())
		if err != nil {
			t.Fatal(name, err)
		}
		if _, _, err := p.Verifier.Verify(t.Context(), pres, e); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// A thief has the credential and another key.
		pres, err = f.PresentAll(t.Context(), other, []Enveloped{c}, p.Options())
		if err != nil {
			t.Fatal(name, err)
		}
		if _, _, err := p.Verifier.Verify(t.Context(), pres, e); vc.Code(err) != f.Name+".vp.signature" {
			t.Errorf("%s: a thief got %v", name, err)
		}
	}
	opt := p.Options()
	opt.Method = did.URL{}
	if _, err := f.Present(t.Context(), f.issue(t, p, IssueOptions{}), p.Holder, opt); !errors.Is(err, f.ErrHolder) {
		t.Errorf("got %v without a method of the subject, want ErrHolder", err)
	}
	if _, err := f.Present(t.Context(), f.issue(t, p, IssueOptions{HolderKey: other.Public()}), p.Holder, p.Options()); !errors.Is(err, f.ErrHolder) {
		t.Errorf("got %v for another's key, want ErrHolder", err)
	}
	elsewhere := did.MustParse("did:example:other")
	if _, err := f.Present(t.Context(), f.issue(t, p, IssueOptions{Holder: elsewhere.URL()}), p.Holder, p.Options()); !errors.Is(err, f.ErrHolder) {
		t.Errorf("got %v for another's DID, want ErrHolder", err)
	}
}

// TestIssuance: a receipt fits the credential alone and presented.
func (f *Format) TestIssuance(t *testing.T) {
	p := NewParties(t, keys.P256)
	c := f.issue(t, p, IssueOptions{})
	want, err := c.IssuanceDigest()
	if err != nil {
		t.Fatal(err)
	}
	pres, err := f.Present(t.Context(), c, p.Holder, p.Options())
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := pres.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := parsed.(vc.Issuance); !ok || got.IssuanceDigest() != want {
		t.Error("a presentation has not the digest of its credential")
	}
}

// TestNothingIsPrinted prints everything that holds a token.
func (f *Format) TestNothingIsPrinted(t *testing.T) {
	p := NewParties(t, keys.P256)
	c := f.issue(t, p, IssueOptions{})
	pres, _ := f.Present(t.Context(), c, p.Holder, p.Options())
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%#v", c), fmt.Sprint(pres), fmt.Sprintf("%#v", pres)} {
		if strings.Contains(s, string(c.Bytes()[:2])) || !strings.HasPrefix(s, f.Name+"(") {
			t.Errorf("printed %q", s)
		}
	}
}

// TestReadAll reads too much, and nothing.
func (f *Format) TestReadAll(t *testing.T) {
	if b, err := f.ReadAll(strings.NewReader("abc")); err != nil || string(b) != "abc" {
		t.Errorf("got %q, %v", b, err)
	}
	if _, err := f.ReadAll(strings.NewReader(strings.Repeat("x", f.MaxSize+1))); vc.Code(err) != f.Name+".size" {
		t.Errorf("got %v, want %s.size", err, f.Name)
	}
	if _, err := f.Parse([]byte(strings.Repeat("{", f.MaxSize+1))); vc.Code(err) != f.Name+".size" {
		t.Errorf("got %v, want %s.size", err, f.Name)
	}
	if _, err := f.ParseCredential(make([]byte, f.MaxSize+1)); vc.Code(err) != f.Name+".size" {
		t.Errorf("got %v, want %s.size", err, f.Name)
	}
	if _, err := f.Parse(nil); vc.Code(err) != f.Name+".syntax" {
		t.Errorf("got %v, want %s.syntax", err, f.Name)
	}
}
