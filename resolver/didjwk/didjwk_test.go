package didjwk_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didtest"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didjwk"
)

var ctx = context.Background()

const (
	p256    = `"kty":"EC","crv":"P-256","x":"-ptVY3ZHpZn2FMTv1uq4nSIXJV5M6eH6ykyUS8xKkpg","y":"WviV0ypo1GUEhjhJ9c7Ja7GmMauMyAJPijuKAF2YHQM"`
	ed25519 = `"kty":"OKP","crv":"Ed25519","x":"vyzoDX8CdeYX5E9DMHJvDkWyzdpgTk5cEhPL4_QHjsg"`
	x25519  = `"kty":"OKP","crv":"X25519","x":"SycEXtwt3ki9ZXmSv5hvET2iy1yxfaAtmypiY35vsEU"`

	all     = "authentication,assertionMethod,keyAgreement,capabilityInvocation,capabilityDelegation"
	signing = "authentication,assertionMethod,capabilityInvocation,capabilityDelegation"
)

func encode(jwk string) did.DID {
	return did.MustParse("did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(jwk)))
}

func TestRelationshipsFollowUse(t *testing.T) {
	for name, c := range map[string]struct {
		jwk, purposes    string
		signs, agreement bool // what a key look-up allows
	}{
		"P-256":                       {`{` + p256 + `}`, all, true, true},
		"P-256 for signatures":        {`{` + p256 + `,"use":"sig"}`, signing, true, false},
		"P-256 for encryption":        {`{"use":"enc",` + p256 + `}`, "keyAgreement", false, true},
		"P-256 with alg":              {`{` + p256 + `,"alg":"ES256","kid":"mine","more":[1.0]}`, all, true, false},
		"P-256 for deriving by ops":   {`{` + p256 + `,"key_ops":["deriveBits"]}`, all, false, true},
		"Ed25519":                     {`{` + ed25519 + `}`, all, true, false},
		"Ed25519 for signatures":      {`{` + ed25519 + `,"use":"sig"}`, signing, true, false},
		"X25519 for encryption":       {`{` + x25519 + `,"use":"enc"}`, "keyAgreement", false, true},
		"X25519 without use":          {`{` + x25519 + `}`, all, false, true},
		"white space in the JWK text": {"{ " + p256 + "\n}", all, true, true},
	} {
		id := encode(c.jwk)
		res, err := didjwk.Resolver{}.Resolve(ctx, id, nil)
		if err != nil {
			t.Errorf("%s: got error %v, want none", name, err)
			continue
		}
		m, ok := res.Document.Method(id.WithFragment("0"))
		if !ok || m.Type != did.TypeJWK2020 || m.Controller != id || m.Purposes.String() != c.purposes {
			t.Errorf("%s: got %+v, want #0 with purposes %s", name, m, c.purposes)
			continue
		}
		if m.Allows(did.AssertionMethod) != c.signs || m.Allows(did.KeyAgreement) != c.agreement {
			t.Errorf("%s: got signatures %v, agreement %v, want %v %v", name, m.Allows(did.AssertionMethod), m.Allows(did.KeyAgreement),
				c.signs, c.agreement)
		}
		again, err := did.ParseDocument(res.Document.Canonical())
		if err != nil || !bytes.Equal(again.Canonical(), res.Document.Canonical()) {
			t.Errorf("%s: the document does not round-trip: %v", name, err)
		}
	}
}

func TestDocumentKeepsTheJWK(t *testing.T) {
	res, err := didjwk.Resolver{}.Resolve(ctx, encode(`{`+x25519+`,"use":"enc","kid":"k"}`), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := `"publicKeyJwk":{"crv":"X25519","kid":"k","kty":"OKP","use":"enc","x":"SycEXtwt3ki9ZXmSv5hvET2iy1yxfaAtmypiY35vsEU"}`
	if got := res.Document.Canonical(); !bytes.Contains(got, []byte(want)) {
		t.Errorf("got %s, want %s in it", got, want)
	}
}

func TestEveryAlgorithm(t *testing.T) {
	for _, a := range keys.Algorithms() {
		k, err := keys.NewPrivateKey(a, bytes.Repeat([]byte{7}, a.SecretSize()))
		if err != nil {
			t.Fatal(err)
		}
		id := didjwk.Of(k.Public())
		if a == keys.SM2 {
			if !id.IsZero() {
				t.Errorf("SM2: got %s, want none: there is no JWK", id)
			}
			continue
		}
		res, err := didjwk.Resolver{}.Resolve(ctx, id, nil)
		if err != nil || !res.Document.VerificationMethod[0].Key.Equal(k.Public()) {
			t.Errorf("%v: got error %v, or another key", a, err)
		}
	}
}

func TestKit(t *testing.T) {
	didtest.Run(t, didjwk.Resolver{}, encode(`{`+p256+`}`), encode(`{}`))
}

func TestRefuses(t *testing.T) {
	good := encode(`{` + p256 + `}`).String()
	for name, c := range map[string]struct {
		id    did.DID
		code  did.ErrorCode
		cause error
	}{
		"padding":             {did.MustParse("did:jwk:e30%3D"), did.InvalidDID, nil},
		"not base64url":       {did.MustParse(good + "."), did.InvalidDID, nil},
		"trailing bits":       {nonZeroTail(`{` + p256 + `}`), did.InvalidDID, nil},
		"not JSON":            {encode(`kty`), did.InvalidDID, nil},
		"not an object":       {encode(`[]`), did.InvalidDID, nil},
		"duplicate member":    {encode(`{` + p256 + `,"kty":"EC"}`), did.InvalidDID, nil},
		"private key":         {encode(`{` + ed25519 + `,"d":"vyzoDX8CdeYX5E9DMHJvDkWyzdpgTk5cEhPL4_QHjsg"}`), did.InvalidDID, keys.ErrPrivateJWK},
		"unknown use":         {encode(`{` + p256 + `,"use":"both"}`), did.InvalidDID, nil},
		"use against alg":     {encode(`{` + p256 + `,"use":"enc","alg":"ES256"}`), did.InvalidDID, nil},
		"X25519 to sign":      {encode(`{` + x25519 + `,"use":"sig"}`), did.InvalidDID, nil},
		"RSA":                 {encode(`{"kty":"RSA","n":"AQAB","e":"AQAB"}`), did.FeatureNotSupported, keys.ErrUnsupported},
		"symmetric":           {encode(`{"kty":"oct","k":"AAAA"}`), did.InvalidDID, keys.ErrPrivateJWK},
		"another curve":       {encode(`{"kty":"EC","crv":"P-521","x":"AA","y":"AA"}`), did.FeatureNotSupported, keys.ErrUnsupported},
		"another DID method":  {did.MustParse("did:jwkx:e30"), did.InvalidDID, nil},
		"a second id segment": {did.MustParse(good + ":a"), did.InvalidDID, nil},
	} {
		_, err := didjwk.Resolver{}.Resolve(ctx, c.id, nil)
		e, ok := errors.AsType[*did.Error](err)
		if !ok || e.Code != c.code || c.cause != nil && !errors.Is(err, c.cause) {
			t.Errorf("%s: got error %v, want code %s and cause %v", name, err, c.code, c.cause)
		}
	}
	_, err := didjwk.Resolver{}.Resolve(ctx, did.MustParse(good), &did.ResolveOptions{VersionID: "1"})
	if e, ok := errors.AsType[*did.Error](err); !ok || e.Code != did.FeatureNotSupported {
		t.Errorf("a version id: got error %v, want code %s", err, did.FeatureNotSupported)
	}
	if _, err := (didjwk.Resolver{}).Resolve(ctx, did.MustParse(good), &did.ResolveOptions{VersionTime: time.Unix(1e9, 0)}); err != nil {
		t.Errorf("a past time: got error %v, want the document that never changes", err)
	}
}

// nonZeroTail encodes a JWK with a bit set in the last character that no byte holds.
func nonZeroTail(jwk string) did.DID {
	for len(jwk)%3 != 1 {
		jwk += " "
	}
	s := encode(jwk).String()
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return did.MustParse(s[:len(s)-1] + alphabet[last+1:last+2])
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func FuzzResolve(f *testing.F) {
	for _, jwk := range []string{`{` + p256 + `}`, `{` + x25519 + `,"use":"enc"}`, `{` + ed25519 + `,"alg":"EdDSA"}`, `{}`} {
		f.Add([]byte(jwk))
	}
	f.Fuzz(func(t *testing.T, jwk []byte) {
		id, err := did.Parse("did:jwk:" + base64.RawURLEncoding.EncodeToString(jwk))
		if err != nil {
			return
		}
		res, err := didjwk.Resolver{}.Resolve(ctx, id, nil)
		if err != nil {
			if did.AsError(err).Temporary() {
				t.Fatalf("a temporary error: %v", err)
			}
			return
		}
		if _, err := did.ParseDocument(res.Document.Canonical()); err != nil {
			t.Fatalf("the document is not one: %v", err)
		}
	})
}

func ExampleResolver() {
	id := did.MustParse("did:jwk:" + base64.RawURLEncoding.EncodeToString([]byte(
		`{"kty":"OKP","crv":"Ed25519","use":"sig","x":"vyzoDX8CdeYX5E9DMHJvDkWyzdpgTk5cEhPL4_QHjsg"}`)))
	res, err := didjwk.Resolver{}.Resolve(context.Background(), id, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	m := res.Document.VerificationMethod[0]
	fmt.Println("#"+m.ID.Fragment(), m.Key.Algorithm(), m.Purposes)
	// Output: #0 Ed25519 authentication,assertionMethod,capabilityInvocation,capabilityDelegation
}

func BenchmarkResolve(b *testing.B) {
	id := encode(`{` + ed25519 + `}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := (didjwk.Resolver{}).Resolve(ctx, id, nil); err != nil {
			b.Fatal(err)
		}
	}
}
