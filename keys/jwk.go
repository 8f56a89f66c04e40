package keys

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
)

// maxJWK bounds the length of a JWK in bytes; certificates in x5c, which are ignored, need the room.
const maxJWK = 32 << 10

// ErrPrivateJWK is in the error of [ParseJWK] and [ParseJWKUse] for a JWK that carries private or symmetric key members: a key
// that has leaked, which its owner should hear of.
var ErrPrivateJWK = errors.New("private members in a public JWK")

// Use is a set of purposes that a JWK allows by its "use", "key_ops" and "alg" members and by its curve.
type Use uint8

// What a key may be used for.
const (
	UseSignature Use = 1 << iota
	UseAgreement
)

// b64 refuses trailing bits that are not zero. Line breaks, which it skips, are excluded by the exact lengths.
var b64 = base64.RawURLEncoding.Strict()

// JWK returns k as a JSON Web Key (RFC 7517, 7518, 8037, 8812) with the required members only, in the order and form that RFC 7638
// hashes: also its canonical form by RFC 8785. SM2 has no registered JWK: the result is nil, as for the zero value.
func (k PublicKey) JWK() []byte {
	if k.p == nil || k.p.alg.row().kty == "" {
		return nil
	}
	return k.p.appendJWK(nil, nil)
}

// appendJWK appends the members in lexicographic order, with "d" if secret is not nil.
func (p *point) appendJWK(dst, secret []byte) []byte {
	r := p.alg.row()
	dst = append(append(append(dst, `{"crv":"`...), r.crv...), '"')
	if secret != nil {
		dst = b64.AppendEncode(append(dst, `,"d":"`...), secret)
		dst = append(dst, '"')
	}
	dst = append(append(append(dst, `,"kty":"`...), r.kty...), `","x":"`...)
	raw := p.raw[:r.public]
	if r.kty == "EC" {
		dst = b64.AppendEncode(dst, raw[1:])
		dst = b64.AppendEncode(append(dst, `","y":"`...), p.y[:r.public-1])
	} else {
		dst = b64.AppendEncode(dst, raw)
	}
	return append(dst, `"}`...)
}

// Thumbprint returns the JWK thumbprint of k with SHA-256, base64url without padding (RFC 7638); "" where there is no JWK.
func (k PublicKey) Thumbprint() string {
	jwk := k.JWK()
	if jwk == nil {
		return ""
	}
	sum := sha256.Sum256(jwk)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// ParseJWK reads a public JWK whose key may be used as its algorithm is here: for signatures, or for agreement if it is X25519.
// Coordinates have the exact length, without padding, and are checked as by [NewPublicKey]; "alg", "use" and
// "key_ops", if present, must agree with each other, with the curve and with that purpose; "kid" must be a string; members that are
// not understood are ignored (RFC 7517, section 4). Errors are final: ErrPrivateJWK for private members, ErrUnsupported
// for a key type or curve outside the table.
func ParseJWK(b []byte) (PublicKey, error) {
	k, use, err := ParseJWKUse(b)
	if err != nil {
		return PublicKey{}, err
	}
	if !use.allows(k.Algorithm()) {
		return PublicKey{}, fmt.Errorf("keys: JWK: %v: alg, use or key_ops forbid signatures", k.Algorithm())
	}
	return k, nil
}

// allows reports whether use contains what a is for in this package.
func (u Use) allows(a Algorithm) bool {
	if a.CanSign() {
		return u&UseSignature != 0
	}
	return u&UseAgreement != 0
}

// ParseJWKUse is ParseJWK for a caller that heeds the purposes by itself, such as a did:jwk resolver: it also reads P-256 and
// P-384 keys meant for agreement alone, and returns what the JWK allows.
func ParseJWKUse(b []byte) (PublicKey, Use, error) {
	v, err := parseJWKObject(b)
	if err != nil {
		return PublicKey{}, 0, err
	}
	if hasPrivate(v) {
		return PublicKey{}, 0, fmt.Errorf("keys: JWK: %w", ErrPrivateJWK)
	}
	k, err := readPublicMembers(v)
	if err != nil {
		return PublicKey{}, 0, err
	}
	use, err := readUse(v, k.Algorithm(), "verify")
	if err != nil {
		return PublicKey{}, 0, err
	}
	return k, use, nil
}

// PrivateJWK returns the private form of k's JWK: the members of JWK and "d" (RFC 7518, 6.2.2; RFC 8037, section 2). The caller should
// clear the result. Errors: ErrUnsupported for SM2; another for no key or a wiped one.
func (k *PrivateKey) PrivateJWK() ([]byte, error) {
	secret := k.Secret()
	defer clear(secret)
	if secret == nil {
		return nil, fmt.Errorf("keys: private JWK: %w", errNoKey)
	}
	p := k.Public().p
	if p.alg.row().kty == "" {
		return nil, fmt.Errorf("keys: private JWK: %w: %v", ErrUnsupported, p.alg)
	}
	return p.appendJWK(make([]byte, 0, 320), secret), nil
}

// ParsePrivateJWK reads a private JWK by the rules of [ParseJWK], "sign" in the place of "verify". The public members are
// required and must belong to "d".
func ParsePrivateJWK(b []byte) (*PrivateKey, error) {
	v, err := parseJWKObject(b)
	if err != nil {
		return nil, err
	}
	pub, err := readPublicMembers(v)
	if err != nil {
		return nil, err
	}
	a := pub.Algorithm()
	use, err := readUse(v, a, "sign")
	if err != nil {
		return nil, err
	}
	if !use.allows(a) {
		return nil, fmt.Errorf("keys: JWK: %v: alg, use or key_ops forbid signatures", a)
	}
	secret, err := readCoordinate(v, "d", a.SecretSize())
	if err != nil {
		return nil, err
	}
	defer clear(secret)
	k, err := NewPrivateKey(a, secret)
	if err != nil {
		return nil, err
	}
	if !k.Public().Equal(pub) {
		return nil, fmt.Errorf("keys: JWK: %v: d does not belong to the public members", a)
	}
	return k, nil
}

func parseJWKObject(b []byte) (strictjson.Value, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: maxJWK, Depth: 8, Nodes: 256})
	if err != nil {
		return v, fmt.Errorf("keys: JWK: %w", err)
	}
	if v.Kind() != strictjson.Object {
		return v, errors.New("keys: JWK: not an object")
	}
	return v, nil
}

// hasPrivate looks for the private members of every key type: RFC 7518, 6.2.2, 6.3.2 and 6.4, RFC 8037, and "priv" of RFC 9964.
func hasPrivate(v strictjson.Value) bool {
	for _, m := range v.Members() {
		switch m.Name {
		case "d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv":
			return true
		}
	}
	return false
}

// readPublicMembers returns the public key that v describes.
func readPublicMembers(v strictjson.Value) (PublicKey, error) {
	kty, err := readString(v, "kty")
	if err != nil {
		return PublicKey{}, err
	}
	if kty != "EC" && kty != "OKP" {
		return PublicKey{}, fmt.Errorf("keys: JWK: %w: kty %.32q", ErrUnsupported, kty)
	}
	crv, err := readString(v, "crv")
	if err != nil {
		return PublicKey{}, err
	}
	if _, ok := v.Get("kid"); ok {
		if _, err := readString(v, "kid"); err != nil {
			return PublicKey{}, err
		}
	}
	for _, a := range Algorithms() {
		if r := a.row(); crv != "" && r.crv == crv {
			if r.kty != kty {
				return PublicKey{}, fmt.Errorf("keys: JWK: kty %s does not go with crv %v", kty, a)
			}
			return readPoint(v, a)
		}
	}
	return PublicKey{}, fmt.Errorf("keys: JWK: %w: crv %.32q", ErrUnsupported, crv)
}

func readPoint(v strictjson.Value, a Algorithm) (PublicKey, error) {
	if a.row().kty == "OKP" {
		if _, ok := v.Get("y"); ok {
			return PublicKey{}, fmt.Errorf("keys: JWK: %v: y has no meaning", a)
		}
		x, err := readCoordinate(v, "x", a.KeySize())
		if err != nil {
			return PublicKey{}, err
		}
		return NewPublicKey(a, x)
	}
	x, err := readCoordinate(v, "x", a.KeySize()-1)
	if err != nil {
		return PublicKey{}, err
	}
	y, err := readCoordinate(v, "y", a.KeySize()-1)
	if err != nil {
		return PublicKey{}, err
	}
	return newAffine(a, slices.Concat([]byte{4}, x, y))
}

func readString(v strictjson.Value, name string) (string, error) {
	m, ok := v.Get(name)
	if !ok {
		return "", fmt.Errorf("keys: JWK: %s: missing", name)
	}
	s, ok := m.Str()
	if !ok {
		return "", fmt.Errorf("keys: JWK: %s: not a string", name)
	}
	return s, nil
}

func readCoordinate(v strictjson.Value, name string, size int) ([]byte, error) {
	s, err := readString(v, name)
	if err != nil {
		return nil, err
	}
	if len(s) != b64.EncodedLen(size) {
		return nil, fmt.Errorf("keys: JWK: %s: got %d characters, want %d", name, len(s), b64.EncodedLen(size))
	}
	b, err := b64.DecodeString(s)
	if err != nil || len(b) != size {
		return nil, fmt.Errorf("keys: JWK: %s: not base64url", name)
	}
	return b, nil
}
