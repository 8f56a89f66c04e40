package cose

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/veraison/go-cose"
)

// Labels in maps of CWT and COSE_Key that go-cose has no name for.
const (
	claimNonce  int64 = 10    // RFC 9711
	claimStatus int64 = 65535 // draft-ietf-oauth-status-list-20, section 14.3

	confirmationKey   int64 = 1 // RFC 8747
	confirmationKeyID int64 = 3

	labelKeyType      int64 = 1 // RFC 9052, section 7.1
	labelKeyAlgorithm int64 = 3
)

// readClaims reads CWT claims (RFC 8392). Claims that are not understood are ignored.
func readClaims(v any) (c envelope.Claims, err error) {
	m, ok := v.(map[any]any)
	if !ok {
		return c, vc.Invalid("cose.claim.object", "the CWT claims are not a map")
	}
	for label, v := range m {
		ok, code := true, codes.Text
		switch label {
		case cose.CWTClaimIssuer:
			c.Issuer, ok = text(v)
		case cose.CWTClaimSubject:
			c.Subject, ok = text(v)
		case cose.CWTClaimAudience:
			code = codes.Audience
			c.Audience, ok = audience(v)
		case cose.CWTClaimExpirationTime:
			code = codes.Date
			c.Expires, ok = date(v)
		case cose.CWTClaimNotBefore:
			code = codes.Date
			c.NotBefore, ok = date(v)
		case cose.CWTClaimIssuedAt:
			code = codes.Date
			c.IssuedAt, ok = date(v)
		case claimNonce:
			c.Nonce, ok = nonce(v)
		case cose.CWTClaimConfirmation:
			code = codes.Confirmation
			c.HolderKeyID, c.HolderKey, ok = confirmation(v)
		case claimStatus:
			c.HasStatus, c.Status = true, status(v)
		}
		if !ok {
			return c, vc.Invalid(code, "a CWT claim is of another kind than it must be")
		}
	}
	return c, nil
}

func text(v any) (string, bool) {
	s, ok := v.(string)
	return s, ok && s != ""
}

func audience(v any) ([]string, bool) {
	if s, ok := text(v); ok {
		return []string{s}, true
	}
	list, _ := v.([]any)
	var out []string
	for _, e := range list {
		s, ok := text(e)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, len(out) > 0
}

// date reads a NumericDate without its tag (RFC 8392, section 2), in whole seconds.
func date(v any) (time.Time, bool) {
	n, ok := v.(int64)
	return time.Unix(n, 0).UTC(), ok && n >= 0 && n <= jws.Latest
}

// status reads a reference to a Token Status List (draft-ietf-oauth-status-list-20, section 6.3). A mechanism that is not known, or a
// malformed one, gives a reference with Mechanism 0, so that nobody takes the credential for one without status.
func status(v any) []vc.StatusReference {
	m, _ := v.(map[any]any)
	var out []vc.StatusReference
	for name, v := range m {
		ref := vc.StatusReference{}
		list, _ := v.(map[any]any)
		index, isIndex := list["idx"].(int64)
		uri, isURI := text(list["uri"])
		if name == "status_list" && isIndex && index >= 0 && isURI {
			ref = vc.StatusReference{Mechanism: vc.TokenStatusList, URI: uri, Index: uint64(index)}
		}
		out = append(out, ref)
	}
	return out
}

// nonce reads a byte string, as RFC 9711 has it, or a text.
func nonce(v any) (string, bool) {
	if b, ok := v.([]byte); ok {
		return string(b), len(b) > 0
	}
	return text(v)
}

// confirmation reads cnf (RFC 8747): one key, by its name or itself.
func confirmation(v any) (keyID string, key keys.PublicKey, ok bool) {
	m, _ := v.(map[any]any)
	kid, byID := m[confirmationKeyID]
	k, byKey := m[confirmationKey]
	if byID == byKey {
		return "", key, false
	}
	if byID {
		b, _ := kid.([]byte)
		return string(b), key, len(b) > 0
	}
	members, _ := k.(map[any]any)
	key, ok = readKey(members)
	return "", key, ok
}

// readKey reads a COSE_Key (RFC 9053, section 7) of an algorithm that signs. One with its private part is refused.
func readKey(m map[any]any) (key keys.PublicKey, ok bool) {
	if _, private := m[cose.KeyLabelEC2D]; private {
		return key, false
	}
	kty, _ := m[labelKeyType].(int64)
	crv, _ := m[cose.KeyLabelEC2Curve].(int64)
	for _, a := range keys.Algorithms() {
		id, registered := a.COSE()
		if !registered || !a.CanSign() || int64(id.KeyType) != kty || int64(id.Curve) != crv {
			continue
		}
		if alg, stated := m[labelKeyAlgorithm]; stated {
			if n, _ := alg.(int64); algorithm(cose.Algorithm(n)) != a {
				return key, false
			}
		}
		x, _ := m[cose.KeyLabelEC2X].([]byte)
		key, err := readPoint(a, x, m[cose.KeyLabelEC2Y])
		return key, err == nil
	}
	return key, false
}

var errPoint = errors.New("not a point")

// readPoint makes a key of its coordinates. y may be the sign of the point alone.
func readPoint(a keys.Algorithm, x []byte, y any) (keys.PublicKey, error) {
	if a == keys.Ed25519 {
		return keys.NewPublicKey(a, x)
	}
	switch y := y.(type) {
	case bool:
		sign := byte(2)
		if y {
			sign = 3
		}
		return keys.NewPublicKey(a, append([]byte{sign}, x...))
	case []byte: // a JWK has the same members
		jwk := fmt.Appendf(nil, `{"kty":"EC","crv":%q,"x":%q,"y":%q}`, a.String(), base64url.EncodeToString(x), base64url.EncodeToString(y))
		return keys.ParseJWK(jwk)
	}
	return keys.PublicKey{}, errPoint
}

var base64url = base64.RawURLEncoding

// holderClaim writes cnf; nil for nobody.
func holderClaim(holder did.URL, key keys.PublicKey) (map[any]any, error) {
	if err := envelope.CheckBound(holder, key); err != nil {
		return nil, err
	}
	switch {
	case !holder.IsZero():
		return map[any]any{confirmationKeyID: []byte(holder.String())}, nil
	case !key.IsZero():
		return map[any]any{confirmationKey: writeKey(key)}, nil
	}
	return nil, nil
}

// writeKey returns k as a COSE_Key; a point is written with both coordinates.
func writeKey(k keys.PublicKey) map[any]any {
	id, _ := k.Algorithm().COSE()
	m := map[any]any{labelKeyType: int64(id.KeyType), cose.KeyLabelEC2Curve: int64(id.Curve)}
	raw := k.Bytes()
	if k.Algorithm() == keys.Ed25519 {
		m[cose.KeyLabelOKPX] = raw
		return m
	}
	var jwk struct{ Y string }
	json.Unmarshal(k.JWK(), &jwk) // what JWK wrote
	y, _ := base64url.DecodeString(jwk.Y)
	m[cose.KeyLabelEC2X], m[cose.KeyLabelEC2Y] = raw[1:], y
	return m
}
