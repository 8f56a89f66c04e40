package cose_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/internal/envelopetest"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

// TestInterop: what the npm package @auth0/cose verifies of ours, and we of it, credentials and presentations.
func TestInterop(t *testing.T) {
	peer := vectortest.NewPeer(t, "interop", "@auth0/cose")
	n := 120
	if testing.Short() {
		n = 12
	}
	for i := range n {
		a := []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384}[i%3]
		alg, _ := a.JOSE()
		p := envelopetest.NewParties(t, a)
		issuerKey := vectortest.Fixed(t, a, "issuer")
		c := envelopetest.Claims()
		c["credentialSubject"].(map[string]any)["text"] = fmt.Sprint("wert \"", i, "\" ☃ \u2028")
		cred, err := cose.Issue(t.Context(), cose.Issuer(p.Issuer), c, &cose.IssueOptions{IssuedAt: vectortest.Now, HolderKey: p.Holder.Public()})
		if err != nil {
			t.Fatal(err)
		}
		pres, err := cred.Present(t.Context(), p.Holder, (*cose.PresentOptions)(p.Options()))
		if err != nil {
			t.Fatal(err)
		}
		verify := func(token []byte, key keys.PublicKey) vectortest.Answer {
			return peer.Ask(t, map[string]any{
				"op": "verify", "token": base64.RawURLEncoding.EncodeToString(token), "key": json.RawMessage(key.JWK()), "alg": alg,
			})
		}
		if got := verify(cred.Bytes(), issuerKey.Public()); !vectortest.SameJSON(t, got.Payload, c) || got.Header["4"] != vectortest.IssuerKey {
			t.Fatalf("%d: got %v, want %v", i, got, c)
		}
		if got := verify(pres.Bytes(), p.Holder.Public()); got.Payload["holder"] != vectortest.Holder {
			t.Fatalf("%d: got %v", i, got)
		}

		// The other way: @auth0/cose signs both.
		sign := func(key *keys.PrivateKey, what, kid string, claims, payload map[string]any) []byte {
			b, err := json.Marshal(payload)
			if err != nil {
				t.Fatal(err)
			}
			jwk, err := key.PrivateJWK()
			if err != nil {
				t.Fatal(err)
			}
			token, err := base64.RawURLEncoding.DecodeString(peer.Ask(t, map[string]any{
				"op": "sign", "key": json.RawMessage(jwk), "alg": alg, "kid": kid, "typ": "application/" + what + "+cose",
				"contentType": "application/" + what, "claims": claims, "payload": string(b),
			}).Token)
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		token := sign(issuerKey, "vc", vectortest.IssuerKey, map[string]any{"iat": vectortest.Now.Unix()}, c)
		token = sign(p.Holder, "vp", vectortest.HolderKey,
			map[string]any{"iat": vectortest.Now.Unix(), "aud": vectortest.Audience, "nonce": vectortest.Nonce},
			map[string]any{
				"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "type": "VerifiablePresentation", "holder": vectortest.Holder,
				"verifiableCredential": []any{map[string]any{
					"@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential",
					"id": "data:application/vc+cose;base64," + base64.StdEncoding.EncodeToString(token),
				}},
			})
		verified, err := p.Verify(t, cose.Received(token, nil))
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if !vectortest.SameJSON(t, verified.Claims(), c) {
			t.Fatalf("%d: got %v, want %v", i, verified.Claims(), c)
		}
	}
}
