package jose_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jose"
)

func b64[T string | []byte](b T) string { return base64.RawURLEncoding.EncodeToString([]byte(b)) }

// forged is a token made by hand from texts, so that every part can be wrong on its own. Keys and signatures are fixed.
type forged struct {
	tb      testing.TB
	header  string
	claims  []vectortest.Member
	payload string // replaces the JSON of the claims
	key     string
	alg     keys.Algorithm
	final   func(string) string
}

func (f *forged) set(name, value string) { vectortest.Set(&f.claims, name, value) }

func (f *forged) token() string {
	payload := f.payload
	if payload == "" {
		payload = vectortest.Object(f.claims)
	}
	input := b64(f.header) + "." + b64(payload)
	sig, err := vectortest.Fixed(f.tb, f.alg, f.key).Sign(f.tb.Context(), []byte(input))
	if err != nil {
		f.tb.Fatal(err)
	}
	text := input + "." + b64(sig)
	if f.final != nil {
		text = f.final(text)
	}
	return text
}

// forgery is a presentation with one credential, or a credential alone.
type forgery struct {
	credential   forged
	presentation *forged  // nil for the credential alone
	more         []string // further objects in verifiableCredential
	mediaType    string   // of the envelope
	only         []string // replaces all objects in verifiableCredential, if it is not nil
}

func newForgery(tb testing.TB) *forgery {
	return &forgery{
		credential: forged{
			tb: tb, alg: keys.Ed25519, key: vectortest.IssuerKey,
			header: `{"alg":"EdDSA","typ":"vc+jwt","cty":"vc","kid":"` + vectortest.IssuerKey + `"}`,
			claims: append(vectortest.Credential(), vectortest.Member{Name: "iat", Value: "1793448000"}),
		},
		presentation: &forged{
			tb: tb, alg: keys.Ed25519, key: vectortest.HolderKey,
			header: `{"alg":"EdDSA","typ":"vp+jwt","cty":"vp","kid":"` + vectortest.HolderKey + `"}`,
			claims: append(vectortest.Presentation(),
				vectortest.Member{Name: "aud", Value: `"` + vectortest.Audience + `"`},
				vectortest.Member{Name: "nonce", Value: `"` + vectortest.Nonce + `"`},
				vectortest.Member{Name: "iat", Value: "1793534400"}),
		},
		mediaType: "vc+jwt",
	}
}

func (f *forgery) text() string {
	if f.presentation == nil {
		return f.credential.token()
	}
	list := f.only
	if list == nil {
		list = append([]string{enveloped(f.mediaType, f.credential.token())}, f.more...)
	}
	if f.presentation.payload == "" && len(list) > 0 {
		f.presentation.set("verifiableCredential", "["+strings.Join(list, ",")+"]")
	}
	return f.presentation.token()
}

func enveloped(mediaType, token string) string {
	return fmt.Sprintf(`{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiableCredential","id":"data:application/%s,%s"}`, mediaType, token)
}

func receive(_ *testing.T, input string) vc.Presentation { return jose.Received([]byte(input), nil) }
