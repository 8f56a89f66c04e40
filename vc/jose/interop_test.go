package jose_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelopetest"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jose"
)

// interopCredential differs with i: depth, numbers, text that must be escaped.
func interopCredential(i int) map[string]any {
	c := envelopetest.Claims()
	subject := c["credentialSubject"].(map[string]any)
	for n := range i % 12 {
		subject[fmt.Sprint("claim ", n)] = []any{fmt.Sprint("wert \"", n, "\" ☃ \u2028"), float64(n) / 8, n%2 == 0, nil, map[string]any{"in": n * 1000003}}
	}
	return c
}

// TestInterop: what the npm package jose verifies of ours, and we of it, credentials and presentations.
func TestInterop(t *testing.T) {
	peer := vectortest.NewPeer(t, "interop", "jose")
	n := 120
	if testing.Short() {
		n = 12
	}
	for i := range n {
		a := []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384}[i%3]
		alg, _ := a.JOSE()
		p := envelopetest.NewParties(t, a)
		issuerKey, holderKey := vectortest.Fixed(t, a, "issuer"), p.Holder
		cred, err := jose.Issue(t.Context(), jose.Issuer(p.Issuer), interopCredential(i), &jose.IssueOptions{IssuedAt: vectortest.Now})
		if err != nil {
			t.Fatal(err)
		}
		pres, err := cred.Present(t.Context(), holderKey, (*jose.PresentOptions)(p.Options()))
		if err != nil {
			t.Fatal(err)
		}
		now := vectortest.Now.Format("2006-01-02T15:04:05Z")
		got := peer.Ask(t, map[string]any{
			"op": "verify", "token": string(cred.Bytes()), "key": json.RawMessage(issuerKey.Public().JWK()), "alg": alg, "typ": "vc+jwt", "now": now,
		})
		want, _ := cred.UnverifiedClaims()
		if !vectortest.SameJSON(t, got.Payload, want) || got.Header["kid"] != vectortest.IssuerKey {
			t.Fatalf("%d: got %v, want %v", i, got, want)
		}
		got = peer.Ask(t, map[string]any{
			"op": "verify", "token": string(pres.Bytes()), "key": json.RawMessage(holderKey.Public().JWK()), "alg": alg, "typ": "vp+jwt",
			"audience": vectortest.Audience, "now": now,
		})
		if got.Payload["nonce"] != vectortest.Nonce || got.Payload["holder"] != vectortest.Holder {
			t.Fatalf("%d: got %v", i, got)
		}

		// The other way: jose signs both.
		theirs := interopCredential(i)
		theirs["iat"] = vectortest.Now.Unix()
		token := signJOSE(t, peer, issuerKey, alg, "vc", vectortest.IssuerKey, theirs)
		token = signJOSE(t, peer, holderKey, alg, "vp", vectortest.HolderKey, map[string]any{
			"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "type": "VerifiablePresentation", "holder": vectortest.Holder,
			"verifiableCredential": []any{map[string]any{
				"@context": "https://www.w3.org/ns/credentials/v2", "type": "EnvelopedVerifiableCredential", "id": "data:application/vc+jwt," + token,
			}},
			"aud": vectortest.Audience, "nonce": vectortest.Nonce, "iat": vectortest.Now.Unix(),
		})
		verified, err := p.Verify(t, jose.Received([]byte(token), nil))
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if !vectortest.SameJSON(t, verified.Claims(), theirs) {
			t.Fatalf("%d: got %v, want %v", i, verified.Claims(), theirs)
		}
		// One byte of the payload changed is refused on both sides.
		broken := []byte(token)
		broken[len(broken)-100]++
		if _, err := p.Verify(t, jose.Received(broken, nil)); err == nil || vc.Code(err) == "" {
			t.Fatalf("%d: a changed token was accepted", i)
		}
	}
}

// signJOSE lets the peer sign a credential ("vc") or presentation ("vp").
func signJOSE(t *testing.T, peer *vectortest.Peer, key *keys.PrivateKey, alg, cty, kid string, payload map[string]any) string {
	t.Helper()
	b, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := key.PrivateJWK()
	if err != nil {
		t.Fatal(err)
	}
	return peer.Ask(t, map[string]any{
		"op": "sign", "key": json.RawMessage(jwk), "alg": alg, "payload": string(b),
		"header": map[string]any{"alg": alg, "typ": cty + "+jwt", "cty": cty, "kid": kid},
	}).Token
}
