package jwtvc_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelopetest"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jwtvc"
)

func credential() map[string]any {
	return map[string]any{
		"@context": []any{"https://www.w3.org/2018/credentials/v1"}, "type": []any{"VerifiableCredential", vectortest.Type},
		"id": "urn:example:1", "issuer": vectortest.Issuer, "issuanceDate": "2026-10-31T12:00:00Z", "expirationDate": "2030-01-01T00:00:00Z",
		"credentialSubject": map[string]any{"id": vectortest.Holder, "name": "Ada", "age": 36},
	}
}

func TestRoundTrip(t *testing.T) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1} {
		p := envelopetest.NewParties(t, a)
		cred, err := jwtvc.Issue(t.Context(), jwtvc.Issuer(p.Issuer), credential(), &jwtvc.IssueOptions{IssuedAt: vectortest.Now})
		if err != nil {
			t.Fatal(err)
		}
		again, err := jwtvc.ParseCredential(cred.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), cred.Bytes()) {
			t.Fatalf("got %v, %v", again, err)
		}
		pres, err := again.Present(t.Context(), p.Holder, &jwtvc.PresentOptions{
			Audience: vectortest.Audience, Nonce: vectortest.Nonce, Method: p.Method, IssuedAt: vectortest.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		policy := p.Setting.Expect.Policy(t)
		policy.MediaTypes = []string{jwtvc.MediaType}
		got, _, err := p.Verifier.Verify(t.Context(), jwtvc.Received(pres.Bytes()), policy)
		if err != nil {
			t.Fatal(a, err)
		}
		if !vectortest.SameJSON(t, got.Claims(), credential()) || !got.IssuedAt.Equal(vectortest.Now) || got.Expires.Year() != 2030 {
			t.Errorf("got %v, %v, %v", got.Claims(), got.IssuedAt, got.Expires)
		}
		if s := fmt.Sprintf("%v %#v %v", cred, cred, pres); bytes.Contains([]byte(s), []byte("Ada")) || len(s) > 100 {
			t.Errorf("got %s", s)
		}
	}
}

func TestIssueRefuses(t *testing.T) {
	good := jwtvc.Issuer(envelopetest.NewParties(t, keys.Ed25519).Issuer)
	with := func(name string, value any) map[string]any {
		c := credential()
		c[name] = value
		return c
	}
	for name, c := range map[string]struct {
		issuer     jwtvc.Issuer
		credential map[string]any
	}{
		"no signer":          {jwtvc.Issuer{Method: good.Method}, credential()},
		"no name of the key": {jwtvc.Issuer{Signer: good.Signer}, credential()},
		"another issuer":     {good, with("issuer", "did:example:other")},
		"data model 2.0":     {good, map[string]any{"@context": "https://www.w3.org/ns/credentials/v2", "type": "VerifiableCredential", "issuer": vectortest.Issuer, "credentialSubject": map[string]any{"id": "did:example:a"}}},
		"no issuance date":   {good, with("issuanceDate", nil)},
		"before 1970":        {good, with("issuanceDate", "1969-12-31T23:59:59Z")},
		"digests":            {good, with("credentialSubject", map[string]any{"id": vectortest.Holder, "list": []any{map[string]any{"...": "x"}}})},
		"SM2":                {jwtvc.Issuer{Signer: vectortest.Fixed(t, keys.SM2, "issuer"), Method: good.Method}, credential()},
	} {
		if got, err := jwtvc.Issue(t.Context(), c.issuer, c.credential, nil); err == nil {
			t.Errorf("%s: issued %v", name, got)
		}
	}
	if _, err := jwtvc.Issue(t.Context(), good, credential(), &jwtvc.IssueOptions{IssuedAt: time.Unix(-1, 0)}); err == nil {
		t.Error("issued before 1970")
	}
}

func TestPresentRefuses(t *testing.T) {
	p := envelopetest.NewParties(t, keys.Ed25519)
	cred, err := jwtvc.Issue(t.Context(), jwtvc.Issuer(p.Issuer), credential(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, opt := range map[string]*jwtvc.PresentOptions{
		"nothing":     nil,
		"no nonce":    {Audience: "a", Method: p.Method},
		"no audience": {Nonce: "n", Method: p.Method},
	} {
		if _, err := cred.Present(t.Context(), p.Holder, opt); err == nil {
			t.Errorf("%s: presented", name)
		}
	}
	for name, m := range map[string]did.URL{"no method": {}, "another DID": did.MustParse("did:example:other").WithFragment("phone")} {
		if _, err := cred.Present(t.Context(), p.Holder, &jwtvc.PresentOptions{Audience: "a", Nonce: "n", Method: m}); !errors.Is(err, jwtvc.ErrHolder) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := cred.Present(t.Context(), nil, &jwtvc.PresentOptions{Nonce: "n"}); err == nil {
		t.Error("a nonce that nobody signs")
	}
	if p, err := cred.Present(t.Context(), nil, nil); err != nil || !bytes.Equal(p.Bytes(), cred.Bytes()) {
		t.Errorf("without a holder: got %v, %v", p, err)
	}
}

// TestBytes: what was received is kept, whatever the caller does with the slice.
func TestBytes(t *testing.T) {
	text := newForgery(t).text()
	given := []byte(text)
	p, err := jwtvc.Parse(given)
	if err != nil {
		t.Fatal(err)
	}
	clear(given)
	if string(p.Bytes()) != text {
		t.Error("the bytes changed with the caller's")
	}
}

// TestSize: a token over the limit is refused before it is parsed.
func TestSize(t *testing.T) {
	f := newForgery(t)
	f.credential.final = func(s string) string { return s + strings.Repeat(" ", jwtvc.MaxSize) }
	if _, err := jwtvc.ParseCredential([]byte(f.credential.token())); vc.Code(err) != "jwtvc.size" {
		t.Errorf("got %v", err)
	}
}

// FuzzReceived parses anything. What is refused has a code and is final; what verifies was signed by the parties of the vectors, which all
// say that the subject is Ada.
func FuzzReceived(f *testing.F) {
	for _, s := range vectortest.Inputs(f, vectorDir) {
		f.Add([]byte(s))
	}
	setting := vectortest.NewSetting(f)
	verifier := setting.Verifier(f)
	policy, bare := setting.Expect.Policy(f), vectortest.Bare().Policy(f)
	policy.MediaTypes, bare.MediaTypes = []string{jwtvc.MediaType}, []string{jwtvc.MediaType}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := jwtvc.Parse(b)
		if err != nil && (vc.Code(err) == "" || !errors.Is(err, vc.ErrInvalid)) {
			t.Fatalf("error without a code: %v", err)
		}
		if c, err := jwtvc.ParseCredential(b); err == nil {
			c.Holder()
			c.UnverifiedClaims()
		}
		if p == nil {
			return
		}
		for _, e := range []*vc.Expect{policy, bare} {
			got, _, err := verifier.Verify(t.Context(), p, e)
			if err != nil {
				continue
			}
			c, _ := got.Claim("/credentialSubject")
			if s := fmt.Sprint(c); !bytes.Contains([]byte(s), []byte("Ada")) {
				t.Fatalf("nobody signed this: %v", got.Claims())
			}
		}
	})
}
