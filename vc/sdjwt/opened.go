package sdjwt

import (
	"crypto/sha256"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
)

// opened is a parsed SD-JWT. It implements vc.Parsed and never changes.
type opened struct {
	token
	header    header
	body      strictjson.Value
	sig       []byte
	hash      hashAlgorithm
	list      []disclosure
	binding   *keyBinding // nil if there is none
	mediaType string
	issuer    string
	issuedAt  time.Time
	kind      kind
	w3c       *envelope.Claims // nil unless of kind w3c
}

// open parses everything that raw holds.
func open(raw []byte) (*opened, error) {
	t, err := split(raw)
	if err != nil {
		return nil, err
	}
	o := &opened{token: *t}
	dec := newDecoder(t)
	if err := o.openJWT(dec); err != nil {
		return nil, err
	}
	if o.list, err = parseDisclosures(t.disclosures, o.hash, dec); err != nil {
		return nil, err
	}
	if t.kb != nil {
		if o.binding, err = openBinding(t.kb, dec); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// openJWT parses the issuer-signed JWT.
func (o *opened) openJWT(dec *decoder) error {
	if len(o.protected) > MaxHeaderSize {
		return vc.Invalid("sdjwt.header.size", "the header is larger than 64 KiB")
	}
	b, err := dec.decode(o.protected)
	if err != nil {
		return err
	}
	if o.header, err = parseHeader(b, &issuerHeader); err != nil {
		return err
	}
	if o.form != Compact {
		if err := checkHeaders(o.header.Value, o.loose); err != nil {
			return err
		}
	}
	if o.sig, err = dec.decode(o.signature); err != nil {
		return err
	}
	if b, err = dec.decode(o.payload); err != nil {
		return err
	}
	if o.body, err = parseJSON(b); err != nil {
		return err
	}
	if o.body.Kind() != strictjson.Object {
		return vc.Invalid("sdjwt.payload", "the payload is not an object")
	}
	if err := o.openType(); err != nil {
		return err
	}
	if err := o.openHash(); err != nil {
		return err
	}
	if o.kind == w3c {
		return o.openW3C()
	}
	if o.issuer, err = textClaim(o.body, "iss"); err != nil {
		return err
	}
	iat, _ := o.body.Get("iat")
	o.issuedAt, err = date(iat)
	return err
}

// openType reads typ. Something that is not said to be an SD-JWT is not taken for one (RFC 8725, section 3.11).
func (o *opened) openType() error {
	t := o.header.Type
	switch {
	case t == "" || t == typPlain:
		o.mediaType = typPlain
	case t == typJWT:
		o.mediaType = JWTMediaType
	case len(t) > len("+sd-jwt") && t[len(t)-len("+sd-jwt"):] == "+sd-jwt":
		o.mediaType = t
	default:
		return vc.Invalid("sdjwt.header.typ", "typ is not that of an SD-JWT")
	}
	o.kind = kindOf(o.mediaType)
	if t == "" || t == typJWT {
		o.kind = untyped
	}
	return nil
}

func (o *opened) openHash() error {
	alg, ok := o.body.Get("_sd_alg")
	if !ok {
		return nil
	}
	name, _ := alg.Str()
	if o.hash, ok = hashByName(name); !ok {
		return vc.Invalid("sdjwt.hash", "_sd_alg is not sha-256, sha-384 or sha-512")
	}
	return nil
}

// textClaim returns a claim that is a string if it is there.
func textClaim(v strictjson.Value, name string) (string, error) {
	m, ok := v.Get(name)
	if !ok {
		return "", nil
	}
	s, ok := m.Str()
	if !ok || s == "" {
		return "", vc.Invalid("sdjwt.claim.text", "a claim that must be a string is not, or is empty")
	}
	return s, nil
}

// audience reads aud; the zero Value gives nobody.
func audience(v strictjson.Value) ([]string, error) {
	list, ok := jws.Audience(v)
	if !ok {
		return nil, vc.Invalid("sdjwt.claim.aud", "aud is neither a string nor a list of strings")
	}
	return list, nil
}

// date reads a NumericDate that is an integer; the zero Value gives the zero time.
func date(v strictjson.Value) (time.Time, error) {
	t, ok := jws.NumericDate(v)
	if !ok {
		return t, vc.Invalid("sdjwt.claim.date", "a date is not an integer number of seconds since 1970")
	}
	return t, nil
}

// MediaType implements vc.Parsed.
func (o *opened) MediaType() string { return o.mediaType }

// Origin implements vc.Parsed.
func (o *opened) Origin() vc.Origin {
	return vc.Origin{Issuer: o.issuer, KeyID: o.header.KeyID, Chain: o.header.chain, Algorithm: o.header.Algorithm, IssuedAt: o.issuedAt, Undated: o.kind == w3c && o.issuedAt.IsZero()}
}

// IssuanceDigest implements vc.Issuance.
func (o *opened) IssuanceDigest() [32]byte { return sha256.Sum256(o.signed) }

// CheckSignature implements vc.Parsed.
func (o *opened) CheckSignature(key keys.PublicKey) error {
	if err := key.Verify(o.signed, o.sig); err != nil {
		return vc.InvalidBecause("vc.signature.invalid", err)
	}
	return nil
}

// Disclose implements vc.Parsed.
func (o *opened) Disclose() (d vc.Disclosed, err error) {
	p := newProcessor(o.body, o.list, o.kind)
	if err := p.check(); err != nil {
		return d, err
	}
	if o.kind == w3c {
		return o.discloseW3C(p)
	}
	if d.IssuedAt, err = date(p.top("iat")); err != nil {
		return d, err
	}
	if d.NotBefore, err = date(p.top("nbf")); err != nil {
		return d, err
	}
	if d.Expires, err = date(p.top("exp")); err != nil {
		return d, err
	}
	if d.Audience, err = audience(p.top("aud")); err != nil {
		return d, err
	}
	status := p.top("status")
	d.HasStatus, d.Status = status.Kind() != strictjson.Invalid, envelope.TokenStatus(status)
	if d.Types, err = o.types(p); err != nil {
		return d, err
	}
	if err := readConfirmation(p.top("cnf"), &d); err != nil {
		return d, err
	}
	d.Claims = p.claims
	return d, nil
}

func (o *opened) types(p *processor) ([]string, error) {
	v := p.top("vct")
	if v.Kind() == strictjson.Invalid && o.kind != ietf {
		return nil, nil
	}
	s, ok := v.Str()
	if !ok || s == "" {
		return nil, vc.Invalid("sdjwt.claim.vct", "vct is absent, empty or not a string")
	}
	return []string{s}, nil
}

// readConfirmation reads cnf (RFC 7800): one key, by a DID URL in kid or itself in jwk.
func readConfirmation(cnf strictjson.Value, d *vc.Disclosed) error {
	if cnf.Kind() == strictjson.Invalid {
		return nil
	}
	kid, byID := cnf.Get("kid")
	jwk, byKey := cnf.Get("jwk")
	if byID == byKey { // both, or neither, or no object
		return vc.Invalid("sdjwt.claim.cnf", "cnf does not hold exactly one of kid and jwk")
	}
	if byID {
		s, ok := kid.Str()
		if !ok || s == "" {
			return vc.Invalid("sdjwt.claim.cnf", "the kid of cnf is not a string")
		}
		d.HolderKeyID = s
		return nil
	}
	key, err := keys.ParseJWK(jwk.Raw())
	if err != nil {
		return vc.Invalid("sdjwt.claim.cnf", "the jwk of cnf is not a public key that is supported")
	}
	d.HolderKey = key
	return nil
}
