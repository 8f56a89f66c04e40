package cose_test

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/cose"
	"github.com/realdid/realdid/vc/internal/envelopetest"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

// TestHolderKeys: a key in cnf is the same key when it is read, also where another issuer wrote the sign of its point alone.
func TestHolderKeys(t *testing.T) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1} {
		p := envelopetest.NewParties(t, a)
		c, err := tested.Issue(t.Context(), p.Issuer, envelopetest.Claims(), &envelopetest.IssueOptions{HolderKey: p.Holder.Public()})
		if err != nil {
			t.Fatal(err)
		}
		if _, key, err := c.Holder(); err != nil || !key.Equal(p.Holder.Public()) {
			t.Errorf("%v: got %v, %v", a, key, err)
		}
		if a == keys.Ed25519 {
			continue
		}
		raw := p.Holder.Public().Bytes()
		id, _ := a.COSE()
		var jwk struct{ Y string }
		if err := json.Unmarshal(p.Holder.Public().JWK(), &jwk); err != nil {
			t.Fatal(err)
		}
		full := unb64(t, jwk.Y)
		for name, y := range map[string]any{"sign": raw[0] == 3, "coordinate": full, "wrong sign": raw[0] != 3, "number": 1, "short": full[1:]} {
			f := newForgery(t)
			f.presentation = nil
			f.credential.cwt[8] = labels{1: labels{1: id.KeyType, -1: id.Curve, -2: raw[1:], -3: y}}
			b, _ := hex.DecodeString(f.text())
			c, err := cose.ParseCredential(b)
			if name == "number" || name == "short" {
				if vc.Code(err) != "cose.claim.cnf" {
					t.Errorf("%v, %s: got %v", a, name, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%v, %s: %v", a, name, err)
				continue
			}
			if _, key, _ := c.Holder(); key.Equal(p.Holder.Public()) == (name == "wrong sign") {
				t.Errorf("%v, %s: got another key", a, name)
			}
		}
	}
}

// TestUnsupportedKeys: SM2 has no number in COSE.
func TestUnsupportedKeys(t *testing.T) {
	p := envelopetest.NewParties(t, keys.P256)
	for _, a := range []keys.Algorithm{keys.SM2, keys.X25519} {
		if _, err := cose.Issue(t.Context(), cose.Issuer(p.Issuer), envelopetest.Claims(), &cose.IssueOptions{HolderKey: vectortest.Fixed(t, a, "x").Public()}); err == nil {
			t.Errorf("%v: a holder's key that nobody can check was written", a)
		}
	}
}
