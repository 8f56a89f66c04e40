package jwtvc_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jwtvc"
)

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func unb64(s string) string {
	b, _ := base64.RawURLEncoding.DecodeString(s)
	return string(b)
}

// forged is a token made by hand from texts, so that every part can be wrong on its own. Keys and signatures are fixed.
type forged struct {
	tb     testing.TB
	header string
	held   string // the name of the claim: "vc" or "vp"; "" leaves it out
	inside []vectortest.Member
	claims []vectortest.Member
	key    string
	final  func(string) string // of the payload
	whole  func(string) string // of the token
}

// set changes a claim beside the credential, in what is in it.
func (f *forged) set(name, value string) { vectortest.Set(&f.claims, name, value) }

func (f *forged) in(name, value string) { vectortest.Set(&f.inside, name, value) }

func (f *forged) token() string {
	claims := f.claims
	if f.held != "" {
		claims = append(claims[:len(claims):len(claims)], vectortest.Member{Name: f.held, Value: vectortest.Object(f.inside)})
	}
	payload := vectortest.Object(claims)
	if f.final != nil {
		payload = f.final(payload)
	}
	input := b64(f.header) + "." + b64(payload)
	sig, err := vectortest.Fixed(f.tb, keys.Ed25519, f.key).Sign(f.tb.Context(), []byte(input))
	if err != nil {
		f.tb.Fatal(err)
	}
	text := input + "." + b64(string(sig))
	if f.whole != nil {
		text = f.whole(text)
	}
	return text
}

// forgery is a presentation with one credential, or a credential alone.
type forgery struct {
	credential forged
	around     *forged // nil for the credential alone
	held       string  // replaces verifiableCredential, as JSON
}

func newForgery(tb testing.TB) *forgery {
	return &forgery{
		credential: forged{
			tb: tb, held: "vc", key: vectortest.IssuerKey, header: `{"alg":"EdDSA","typ":"JWT","kid":"` + vectortest.IssuerKey + `"}`,
			inside: []vectortest.Member{
				{Name: "@context", Value: `["https://www.w3.org/2018/credentials/v1"]`},
				{Name: "type", Value: `["VerifiableCredential","PersonCredential"]`},
				{Name: "issuer", Value: `"did:example:authority"`},
				{Name: "issuanceDate", Value: `"2026-10-31T12:00:00Z"`},
				{Name: "credentialSubject", Value: `{"id":"did:example:citizen","name":"Ada","age":36}`},
			},
			claims: []vectortest.Member{
				{Name: "iss", Value: `"did:example:authority"`},
				{Name: "sub", Value: `"did:example:citizen"`},
				{Name: "nbf", Value: "1793448000"},
				{Name: "iat", Value: "1793448000"},
			},
		},
		around: &forged{
			tb: tb, held: "vp", key: vectortest.HolderKey, header: `{"alg":"EdDSA","typ":"JWT","kid":"` + vectortest.HolderKey + `"}`,
			inside: []vectortest.Member{
				{Name: "@context", Value: `["https://www.w3.org/2018/credentials/v1"]`},
				{Name: "type", Value: `["VerifiablePresentation"]`},
			},
			claims: []vectortest.Member{
				{Name: "iss", Value: `"did:example:citizen"`},
				{Name: "aud", Value: `"` + vectortest.Audience + `"`},
				{Name: "nonce", Value: `"` + vectortest.Nonce + `"`},
				{Name: "iat", Value: "1793534400"},
			},
		},
	}
}

func (f *forgery) text() string {
	if f.around == nil {
		return f.credential.token()
	}
	held := f.held
	if held == "" {
		held = `["` + f.credential.token() + `"]`
	}
	if held != "none" {
		f.around.in("verifiableCredential", held)
	}
	return f.around.token()
}

func receive(_ *testing.T, input string) vc.Presentation { return jwtvc.Received([]byte(input)) }

func part(n int, change func(string) string) func(string) string {
	return func(s string) string {
		p := strings.Split(s, ".")
		p[n] = change(p[n])
		return strings.Join(p, ".")
	}
}
