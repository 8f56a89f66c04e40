package cose_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

// labels are maps of CBOR.
type labels map[any]any

// forged is a COSE_Sign1 made by hand, so that every part can be wrong on its own. Keys and signatures are fixed.
type forged struct {
	tb          testing.TB
	protected   labels
	unprotected labels
	cwt         labels // CWT claims of the protected header; nil for none
	claims      []vectortest.Member
	payload     any // replaces the JSON of the claims: []byte or nil behind "detached"
	detached    bool
	bucket      []byte // replaces the encoded protected header
	key         string
	final       func([]byte) []byte
}

func (f *forged) set(name, value string) { vectortest.Set(&f.claims, name, value) }

func encode(tb testing.TB, v any) []byte {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		tb.Fatal(err)
	}
	b, err := mode.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func (f *forged) message() []byte {
	protected := maps.Clone(f.protected)
	if f.cwt != nil {
		protected[15] = f.cwt
	}
	bucket := f.bucket
	if bucket == nil {
		bucket = encode(f.tb, protected)
	}
	payload := []byte(vectortest.Object(f.claims))
	if b, ok := f.payload.([]byte); ok {
		payload = b
	}
	signed := encode(f.tb, []any{"Signature1", bucket, []byte{}, payload})
	sig, err := vectortest.Fixed(f.tb, keys.Ed25519, f.key).Sign(f.tb.Context(), signed)
	if err != nil {
		f.tb.Fatal(err)
	}
	var sent any = payload
	if f.detached {
		sent = nil
	}
	b := encode(f.tb, cbor.Tag{Number: 18, Content: []any{bucket, f.unprotected, sent, sig}})
	if f.final != nil {
		b = f.final(b)
	}
	return b
}

// forgery is a presentation with one credential, or a credential alone.
type forgery struct {
	credential   forged
	presentation *forged // nil for the credential alone
	mediaType    string  // of the envelope
	only         []string
	more         []string
}

func newForgery(tb testing.TB) *forgery {
	return &forgery{
		credential: forged{
			tb: tb, key: vectortest.IssuerKey, unprotected: labels{},
			protected: labels{1: -8, 3: "application/vc", 4: []byte(vectortest.IssuerKey), 16: "application/vc+cose"},
			cwt:       labels{6: 1793448000},
			claims:    vectortest.Credential(),
		},
		presentation: &forged{
			tb: tb, key: vectortest.HolderKey, unprotected: labels{},
			protected: labels{1: -8, 3: "application/vp", 4: []byte(vectortest.HolderKey), 16: "application/vp+cose"},
			cwt:       labels{3: vectortest.Audience, 6: 1793534400, 10: []byte(vectortest.Nonce)},
			claims:    vectortest.Presentation(),
		},
		mediaType: "vc+cose",
	}
}

// text is the hexadecimal form of what is received.
func (f *forgery) text() string {
	if f.presentation == nil {
		return hex.EncodeToString(f.credential.message())
	}
	list := f.only
	if list == nil {
		list = append([]string{enveloped(f.mediaType, f.credential.message())}, f.more...)
	}
	if len(list) > 0 {
		f.presentation.set("verifiableCredential", "["+strings.Join(list, ",")+"]")
	}
	return hex.EncodeToString(f.presentation.message())
}

func enveloped(mediaType string, b []byte) string {
	return fmt.Sprintf(`{"@context":"https://www.w3.org/ns/credentials/v2","type":"EnvelopedVerifiableCredential","id":"data:application/%s;base64,%s"}`,
		mediaType, base64.StdEncoding.EncodeToString(b))
}

func unb64(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func receive(t *testing.T, input string) vc.Presentation {
	b, err := hex.DecodeString(input)
	if err != nil {
		t.Fatal(err)
	}
	return cose.Received(b, nil)
}
