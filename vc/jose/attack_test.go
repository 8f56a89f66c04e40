package jose_test

import (
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jose"
)

// TestHolderWithoutKey: a presentation that names a DID as its holder, and no key, could have been signed by anybody. That the key is known
// from elsewhere, the credential's cnf, does not make that DID its holder.
func TestHolderWithoutKey(t *testing.T) {
	for _, member := range []string{"holder", "iss"} {
		f := newForgery(t)
		f.credential.set("cnf", `{"kid":"`+vectortest.HolderKey+`"}`)
		f.presentation.header = strings.Replace(f.presentation.header, `,"kid":"`+vectortest.HolderKey+`"`, "", 1)
		f.presentation.set("holder", `"https://victim.example"`)
		if member == "iss" { // it says the same
			f.presentation.set("holder", `"did:example:victim"`)
		}
		f.presentation.set(member, `"did:example:victim"`)
		setting := vectortest.NewSetting(t)
		if _, _, err := setting.Verifier(t).Verify(t.Context(), receive(t, f.text()), setting.Expect.Policy(t)); vc.Code(err) != "jose.vp.holder" {
			t.Errorf("%s: got %v, want jose.vp.holder", member, err)
		}
	}
}

// TestTypesOfOthers: a token of any other type is no credential and no presentation, however its type is written.
func TestTypesOfOthers(t *testing.T) {
	setting := vectortest.NewSetting(t)
	for _, typ := range []string{
		`"application/vc+jwt"`, `"VC+JWT"`, `"vc+JWT"`, `" vc+jwt"`, `"vc+jwt;x=1"`, `"vp+jwt"`, `"vc+sd-jwt"`, `"dc+sd-jwt"`, `"statuslist+jwt"`, `"kb+jwt"`, `"JWT"`, `"vc+cose"`,
		`"vc+ld+json+jwt"`, `""`, `null`, `["vc+jwt"]`,
	} {
		f := newForgery(t)
		f.presentation = nil
		f.credential.header = strings.Replace(f.credential.header, `"vc+jwt"`, typ, 1)
		if _, _, err := setting.Verifier(t).Verify(t.Context(), receive(t, f.text()), vectortest.Bare().Policy(t)); err == nil {
			t.Errorf("credential accepted as %s", typ)
		}
		f = newForgery(t)
		f.presentation.header = strings.Replace(f.presentation.header, `"vp+jwt"`, strings.ReplaceAll(strings.ReplaceAll(typ, "vp+", "vx+"), "vc+jwt", "vp+Jwt"), 1)
		if _, _, err := setting.Verifier(t).Verify(t.Context(), receive(t, f.text()), setting.Expect.Policy(t)); err == nil {
			t.Errorf("presentation accepted as %s", typ)
		}
	}
}

// TestNumbers gives every date each number that is not one.
func TestNumbers(t *testing.T) {
	for _, name := range []string{"iat", "nbf", "exp"} {
		for _, n := range []string{"-1", "1.5", "1793448000.5", "1.7934480005e9", "-1.0", "9223372036854775808", "253402300800", "1e400", "-0.5", "true", "null", `"1793448000"`, `""`, `"2026-11-01"`, "[]"} {
			f := newForgery(t)
			f.presentation = nil
			f.credential.set(name, n)
			want := "jose.claim.date"
			if n == "1e400" {
				want = "jose.json.syntax"
			}
			if _, err := jose.Parse([]byte(f.text()), nil); vc.Code(err) != want {
				t.Errorf("%s %s: got %v, want %s", name, n, err, want)
			}
		}
	}
}

// TestNested: what is inside a presentation is one credential in one envelope, and nothing that a holder signed.
func TestNested(t *testing.T) {
	inner := newForgery(t).text()
	for name, change := range map[string]func(f *forgery){
		"presentation in a presentation": func(f *forgery) { f.only = []string{enveloped("vp+jwt", inner)} },
		"called a credential":            func(f *forgery) { f.only = []string{enveloped("vc+jwt", inner)} },
		"an enveloped presentation": func(f *forgery) {
			f.only = []string{strings.Replace(enveloped("vp+jwt", inner), "EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation", 1)}
		},
		"two types": func(f *forgery) {
			f.only = []string{strings.Replace(enveloped("vc+jwt", inner), `"EnvelopedVerifiableCredential"`, `["EnvelopedVerifiableCredential","VerifiableCredential"]`, 1)}
		},
		"another parameter": func(f *forgery) { f.mediaType = "vc+jwt;charset=utf-8" },
		"two parameters":    func(f *forgery) { f.mediaType = "vc+jwt;base64;base64url" },
		"in capitals":       func(f *forgery) { f.mediaType = "VC+JWT" },
		"called COSE":       func(f *forgery) { f.mediaType = "vc+cose" },
	} {
		f := newForgery(t)
		change(f)
		setting := vectortest.NewSetting(t)
		if _, _, err := setting.Verifier(t).Verify(t.Context(), receive(t, f.text()), setting.Expect.Policy(t)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// TestTwoConfirmations: of two keys, verifiers could choose different ones.
func TestTwoConfirmations(t *testing.T) {
	jwk := string(vectortest.Fixed(t, keys.Ed25519, "thief").Public().JWK())
	for _, cnf := range []string{
		`{"kid":"` + vectortest.HolderKey + `","jwk":` + jwk + `}`, `{"jwk":` + jwk + `,"kid":null}`, `{"jwk":null,"kid":"` + vectortest.HolderKey + `"}`, `{"x5t#S256":"x"}`,
		`{"jwk":[` + jwk + `]}`, `{"jwk":"` + vectortest.HolderKey + `"}`, `{"kid":""}`, `{"kid":["` + vectortest.HolderKey + `"]}`, `"` + vectortest.HolderKey + `"`, `null`, `[]`,
	} {
		f := newForgery(t)
		f.credential.set("cnf", cnf)
		setting := vectortest.NewSetting(t)
		e := setting.Expect.Policy(t)
		e.InsecureUnrotatableHolderKey = true
		if _, _, err := setting.Verifier(t).Verify(t.Context(), receive(t, f.text()), e); vc.Code(err) != "jose.claim.cnf" {
			t.Errorf("%.60s: got %v, want jose.claim.cnf", cnf, err)
		}
	}
}
