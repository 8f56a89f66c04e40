package npm

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/vcdm"
)

type envelopeAnswer struct {
	Token   string
	Payload map[string]any
	Header  map[string]any
	Error   string
}

var envelopeAlgorithms = []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384}

// presentationOf is a presentation of an enveloped credential, as the other side writes it.
func presentationOf(holder *party, mediaType, data string) map[string]any {
	return map[string]any{
		"@context": []any{vcdm.ContextV2}, "type": "VerifiablePresentation", "holder": holder.id.String(),
		"verifiableCredential": []any{map[string]any{
			"@context": vcdm.ContextV2, "type": "EnvelopedVerifiableCredential", "id": "data:application/" + mediaType + data,
		}},
	}
}

// TestJOSE: vc+jwt and vp+jwt.
func TestJOSE(t *testing.T) {
	lib := at{"vc/jose", "jose"}
	ours := matrix.Record(t, lib.row(t, "vc+jwt and vp+jwt (EdDSA, ES256, ES384)", matrix.OursToTheirs))
	theirs := matrix.Record(t, lib.row(t, "vp+jwt with a vc+jwt (EdDSA, ES256, ES384)", matrix.TheirsToOurs))
	p := lib.start(t)
	for i := range 90 {
		a := envelopeAlgorithms[i%3]
		issuer, holder := newParty(t, a), newParty(t, a)
		ask := func(request map[string]any) (a envelopeAnswer) {
			p.Ask(t, request, &a)
			return a
		}
		read := func(by *party, typ string, token []byte) envelopeAnswer {
			request := map[string]any{
				"op": "verify", "token": string(token), "key": by.publicJWK(), "alg": by.alg(), "typ": typ, "now": now.Format("2006-01-02T15:04:05Z"),
			}
			if typ == "vp+jwt" {
				request["audience"] = audience
			}
			return ask(request)
		}
		made := credential(issuer.id, holder.id, i)
		cred, err := jose.Issue(t.Context(), jose.Issuer{Signer: issuer, Method: issuer.method}, made, &jose.IssueOptions{IssuedAt: now})
		if err != nil {
			t.Fatal(err)
		}
		pres, err := cred.Present(t.Context(), holder, &jose.PresentOptions{Audience: audience, Nonce: nonce, Method: holder.method, IssuedAt: now})
		if err != nil {
			t.Fatal(err)
		}
		want, err := cred.UnverifiedClaims()
		if err != nil {
			t.Fatal(err)
		}
		if got := read(issuer, "vc+jwt", cred.Bytes()); got.Error != "" || !claims.Same(got.Payload, want) || got.Header["kid"] != issuer.method.String() {
			t.Fatalf("%d: got %+v, want %v", i, got, want)
		}
		ours.Case()
		if got := read(holder, "vp+jwt", pres.Bytes()); got.Error != "" || got.Payload["nonce"] != nonce || got.Payload["holder"] != holder.id.String() {
			t.Fatalf("%d: got %+v", i, got)
		}
		ours.Case()
		for _, b := range changed(pres.Bytes(), ".") {
			if read(holder, "vp+jwt", b).Error == "" {
				t.Fatalf("%d: a changed presentation is read there", i)
			}
			ours.Tampered()
		}

		sign := func(by *party, what string, payload map[string]any) string {
			a := ask(map[string]any{
				"op": "sign", "key": by.privateJWK(t), "alg": by.alg(), "payload": string(marshal(t, payload)),
				"header": map[string]any{"alg": by.alg(), "typ": what + "+jwt", "cty": what, "kid": by.method.String()},
			})
			if a.Error != "" {
				t.Fatal(a.Error)
			}
			return a.Token
		}
		made["iat"] = now.Unix()
		said := presentationOf(holder, "vc+jwt,", sign(issuer, "vc", made))
		said["aud"], said["nonce"], said["iat"] = audience, nonce, now.Unix()
		token := []byte(sign(holder, "vp", said))
		got, err := verify(t, jose.Received(token, nil), issuer, "PersonCredential")
		if err != nil || !claims.Same(got.Claims(), made) {
			t.Fatalf("%d: %v, got %v, want %v", i, err, got, made)
		}
		theirs.Case()
		for _, b := range changed(token, ".") {
			if _, err := verify(t, jose.Received(b, nil), issuer, "PersonCredential"); err == nil || vc.Code(err) == "" {
				t.Fatalf("%d: a changed presentation is read here: %v", i, err)
			}
			theirs.Tampered()
		}
	}
}

// TestCOSE: vc+cose and vp+cose.
func TestCOSE(t *testing.T) {
	lib := at{"vc/cose", "@auth0/cose"}
	ours := matrix.Record(t, lib.row(t, "vc+cose and vp+cose (EdDSA, ES256, ES384)", matrix.OursToTheirs))
	theirs := matrix.Record(t, lib.row(t, "vp+cose with a vc+cose (EdDSA, ES256, ES384)", matrix.TheirsToOurs))
	p := lib.start(t)
	for i := range 90 {
		a := envelopeAlgorithms[i%3]
		issuer, holder := newParty(t, a), newParty(t, a)
		ask := func(request map[string]any) (a envelopeAnswer) {
			p.Ask(t, request, &a)
			return a
		}
		read := func(by *party, token []byte) envelopeAnswer {
			return ask(map[string]any{"op": "verify", "token": base64.RawURLEncoding.EncodeToString(token), "key": by.publicJWK(), "alg": by.alg()})
		}
		made := credential(issuer.id, holder.id, i)
		cred, err := cose.Issue(t.Context(), cose.Issuer{Signer: issuer, Method: issuer.method}, made, &cose.IssueOptions{IssuedAt: now})
		if err != nil {
			t.Fatal(err)
		}
		pres, err := cred.Present(t.Context(), holder, &cose.PresentOptions{Audience: audience, Nonce: nonce, Method: holder.method, IssuedAt: now})
		if err != nil {
			t.Fatal(err)
		}
		if got := read(issuer, cred.Bytes()); got.Error != "" || !claims.Same(got.Payload, made) || got.Header["4"] != issuer.method.String() {
			t.Fatalf("%d: got %+v, want %v", i, got, made)
		}
		ours.Case()
		if got := read(holder, pres.Bytes()); got.Error != "" || got.Payload["holder"] != holder.id.String() {
			t.Fatalf("%d: got %+v", i, got)
		}
		ours.Case()

		sign := func(by *party, what string, said, payload map[string]any) []byte {
			a := ask(map[string]any{
				"op": "sign", "key": by.privateJWK(t), "alg": by.alg(), "kid": by.method.String(), "typ": "application/" + what + "+cose",
				"contentType": "application/" + what, "claims": said, "payload": string(marshal(t, payload)),
			})
			token, err := base64.RawURLEncoding.DecodeString(a.Token)
			if a.Error != "" || err != nil {
				t.Fatal(a.Error, err)
			}
			return token
		}
		inner := sign(issuer, "vc", map[string]any{"iat": now.Unix()}, made)
		token := sign(holder, "vp", map[string]any{"iat": now.Unix(), "aud": audience, "nonce": nonce},
			presentationOf(holder, "vc+cose;base64,", base64.StdEncoding.EncodeToString(inner)))
		got, err := verify(t, cose.Received(token, nil), issuer, "PersonCredential")
		if err != nil || !claims.Same(got.Claims(), made) {
			t.Fatalf("%d: %v, got %v, want %v", i, err, got, made)
		}
		theirs.Case()
		for n, at := range []int{len(token) / 8, len(token) / 2, len(token) - 10} {
			b := bytes.Clone(token)
			b[at] ^= 1
			if _, err := verify(t, cose.Received(b, nil), issuer, "PersonCredential"); err == nil || vc.Code(err) == "" {
				t.Fatalf("%d: changed in place %d: %v", i, n, err)
			}
			theirs.Tampered()
			b = bytes.Clone(pres.Bytes())
			b[at*len(b)/len(token)] ^= 1
			if read(holder, b).Error == "" {
				t.Fatalf("%d: changed in place %d: read there", i, n)
			}
			ours.Tampered()
		}
	}
}
