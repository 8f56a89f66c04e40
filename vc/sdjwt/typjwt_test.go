package sdjwt_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// TestTypJWT: a typ that many tokens have is read where the policy says so, and written where the issuer says so.
func TestTypJWT(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	cred, err := sdjwt.Issue(t.Context(), p.issuer, map[string]any{"vct": "https://id.example/person", "given_name": "Ada"}, &sdjwt.IssueOptions{
		Disclosable: []string{"/given_name"}, MediaType: sdjwt.JWTMediaType, IssuedAt: p.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(cred.Bytes(), []byte{'.'})
	header, err := base64.RawURLEncoding.DecodeString(string(head))
	if err != nil || !bytes.Contains(header, []byte(`"typ":"JWT"`)) {
		t.Fatalf("got header %s, %v", header, err)
	}
	for _, c := range []struct {
		mediaTypes []string
		code       string
	}{
		{nil, "vc.format.unexpected"},
		{[]string{"dc+sd-jwt", "sd-jwt", "JWT"}, "vc.format.unexpected"},
		{[]string{sdjwt.JWTMediaType}, ""},
	} {
		got, _, err := vc.NewVerifier(p.keys, p.clock).Verify(t.Context(), sdjwt.Received(cred.Bytes()), &vc.Expect{
			Issuers: []did.DID{p.issuerMethod.DID()}, InsecureAnyType: true, InsecureNoHolderBinding: true, MediaTypes: c.mediaTypes,
		})
		if vc.Code(err) != c.code {
			t.Errorf("%q: got %v, want %q", c.mediaTypes, err, c.code)
		}
		if err == nil && got.MediaType != sdjwt.JWTMediaType {
			t.Errorf("got media type %q", got.MediaType)
		}
	}
}

// TestTypJWTWithoutDisclosures: what is issued with the typ JWT is known for an SD-JWT by its _sd_alg.
func TestTypJWTWithoutDisclosures(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	opt := &sdjwt.IssueOptions{MediaType: sdjwt.JWTMediaType, IssuedAt: p.now}
	cred, err := sdjwt.Issue(t.Context(), p.issuer, map[string]any{"given_name": "Ada"}, opt)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sdjwt.ParseCredential(cred.Bytes()); err != nil {
		t.Errorf("issued, and cannot be read: %v", err)
	}
	for _, name := range []string{"vc", "vp"} {
		if _, err := sdjwt.Issue(t.Context(), p.issuer, map[string]any{name: map[string]any{}}, opt); err == nil {
			t.Errorf("issued with a claim %s", name)
		}
	}
}

// TestUntypedEverywhere: what a verifier refuses because nothing tells that it is an SD-JWT, no reader takes for one.
func TestUntypedEverywhere(t *testing.T) {
	f := newForgery(t)
	f.header, f.digests, f.disclosures = headerJWT, nil, nil
	f.noBinding()
	text := []byte(f.compact())
	pres, err := sdjwt.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pres.UnverifiedClaims(); vc.Code(err) != "sdjwt.digest.none" {
		t.Errorf("UnverifiedClaims: got %v", err)
	}
	if _, err := sdjwt.ParseCredential(text); vc.Code(err) != "sdjwt.digest.none" {
		t.Errorf("ParseCredential: got %v", err)
	}
}
