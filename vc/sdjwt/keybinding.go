package sdjwt

import (
	"crypto/subtle"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
)

// keyBinding is a parsed key binding JWT (RFC 9901, section 4.3).
type keyBinding struct {
	signed   []byte
	sig      []byte
	alg      keys.Algorithm
	kid      string
	audience string
	nonce    string
	hash     string // sd_hash
	issued   time.Time
	before   time.Time // nbf
	expires  time.Time
}

func openBinding(text []byte, dec *decoder) (*keyBinding, error) {
	parts, err := splitJWT(text, "sdjwt.kb.syntax")
	if err != nil {
		return nil, err
	}
	b, err := dec.decode(parts[0])
	if err != nil {
		return nil, err
	}
	h, err := parseHeader(b, &kbHeader)
	if err != nil {
		return nil, err
	}
	if h.Type != typKB {
		return nil, vc.Invalid("sdjwt.kb.typ", "the typ of the key binding JWT is not kb+jwt")
	}
	k := &keyBinding{signed: jws.Signed(text, parts), alg: h.Algorithm, kid: h.KeyID}
	if k.sig, err = dec.decode(parts[2]); err != nil {
		return nil, err
	}
	if b, err = dec.decode(parts[1]); err != nil {
		return nil, err
	}
	v, err := parseJSON(b)
	if err != nil {
		return nil, err
	}
	return k, k.claims(v)
}

// claims reads the payload. aud is one string here, unlike in other JWTs.
func (k *keyBinding) claims(v strictjson.Value) error {
	if v.Kind() != strictjson.Object {
		return errBindingClaim()
	}
	for _, m := range v.Members() {
		ok := true
		var err error
		switch m.Name {
		case "aud":
			k.audience, ok = m.Value.Str()
		case "nonce":
			k.nonce, ok = m.Value.Str()
		case "sd_hash":
			k.hash, ok = m.Value.Str()
		case "iat":
			k.issued, err = date(m.Value)
		case "nbf":
			k.before, err = date(m.Value)
		case "exp":
			k.expires, err = date(m.Value)
		}
		if !ok || err != nil {
			return errBindingClaim()
		}
	}
	if k.audience == "" || k.nonce == "" || k.hash == "" || k.issued.IsZero() {
		return errBindingClaim()
	}
	return nil
}

func errBindingClaim() error {
	return vc.Invalid("sdjwt.kb.claim", "aud, nonce, sd_hash or iat of the key binding JWT is absent or of another kind")
}

// Binding implements vc.Parsed.
func (o *opened) Binding() vc.Binding {
	k := o.binding
	if k == nil {
		return vc.Binding{}
	}
	return vc.Binding{
		Present: true, KeyID: k.kid, Algorithm: k.alg, Audience: k.audience, Nonce: k.nonce, IssuedAt: k.issued, NotBefore: k.before, Expires: k.expires,
	}
}

// CheckBinding implements vc.Parsed.
func (o *opened) CheckBinding(key keys.PublicKey) error {
	k := o.binding
	if k == nil {
		return vc.Invalid("vc.holder.missing", "the presentation has no holder's signature")
	}
	if err := key.Verify(k.signed, k.sig); err != nil {
		return vc.InvalidBecause("sdjwt.kb.signature", err)
	}
	var buf [maxDigest]byte
	if subtle.ConstantTimeCompare(o.hash.appendDigest(buf[:0], o.hashed), []byte(k.hash)) != 1 {
		return vc.Invalid("sdjwt.kb.hash", "sd_hash is not that of this presentation")
	}
	return nil
}
