package envelope

import (
	"slices"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// Claims are registered claims (RFC 7519, section 4.1; RFC 8392, section 3.1) beside a credential or a presentation. What is
// absent has the zero value.
type Claims struct {
	Issuer    string // iss
	Subject   string // sub
	ID        string // jti
	Nonce     string // nonce
	Audience  []string
	IssuedAt  time.Time
	NotBefore time.Time
	Expires   time.Time

	HolderKeyID string // cnf, by one of the two
	HolderKey   keys.PublicKey

	HasStatus bool // status
	Status    []vc.StatusReference
}

// Codes are the codes of a format for what this package finds.
type Codes struct {
	Forbidden    string // a claim vc or vp
	Text         string // a claim that must be a string and is not
	Date         string
	Audience     string
	Confirmation string
	Conflict     string // a claim contradicts a member
	Version      string // not VCDM 2.0
}

// ReadClaims reads the registered claims of a JWT's payload, an object.
func ReadClaims(v strictjson.Value, codes *Codes) (c Claims, err error) {
	for _, m := range v.Members() {
		ok, code := true, codes.Text
		switch m.Name {
		case "vc", "vp":
			return c, vc.Invalid(codes.Forbidden, "a claim vc or vp, as credentials of the data model 1.1 had")
		case "iss":
			c.Issuer, ok = text(m.Value)
		case "sub":
			c.Subject, ok = text(m.Value)
		case "jti":
			c.ID, ok = text(m.Value)
		case "nonce":
			c.Nonce, ok = text(m.Value)
		case "iat":
			code = codes.Date
			c.IssuedAt, ok = date(m.Value)
		case "nbf":
			code = codes.Date
			c.NotBefore, ok = date(m.Value)
		case "exp":
			code = codes.Date
			c.Expires, ok = date(m.Value)
		case "aud":
			code = codes.Audience
			c.Audience, ok = jws.Audience(m.Value)
		case "cnf":
			code = codes.Confirmation
			c.HolderKeyID, c.HolderKey, ok = Confirmation(m.Value)
		case "status":
			c.HasStatus, c.Status = true, TokenStatus(m.Value)
		}
		if !ok {
			return c, vc.Invalid(code, "the claim "+m.Name+" is of another kind than it must be")
		}
	}
	return c, nil
}

func text(v strictjson.Value) (string, bool) {
	s, ok := v.Str()
	return s, ok && s != ""
}

// date reads a NumericDate. A date-time with a zone (RFC 3339), which RFC 7519 does not allow and the test suite of VC-JOSE-COSE
// writes, is read as well: it cannot be mistaken for another time.
func date(v strictjson.Value) (time.Time, bool) {
	s, ok := v.Str()
	if !ok {
		return jws.NumericDate(v)
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil && len(s) <= 40 && t.Unix() >= 0 && t.Unix() <= jws.Latest
}

// Confirmation reads cnf (RFC 7800): one key, by its name in kid or itself in jwk.
func Confirmation(cnf strictjson.Value) (keyID string, key keys.PublicKey, ok bool) {
	kid, byID := cnf.Get("kid")
	jwk, byKey := cnf.Get("jwk")
	if byID == byKey { // both, or neither, or no object
		return "", key, false
	}
	if byID {
		keyID, ok = text(kid)
		return keyID, key, ok
	}
	key, err := keys.ParseJWK(strictjson.AppendJSON(nil, jwk))
	return "", key, err == nil && key.Algorithm().CanSign()
}

// TokenStatus reads the claim status (draft-ietf-oauth-status-list-20, section 6.2). A mechanism that is not known, or a malformed
// one, gives a reference with Mechanism 0, so that nobody takes the credential for one without status.
func TokenStatus(status strictjson.Value) []vc.StatusReference {
	var out []vc.StatusReference
	for _, m := range status.Members() {
		ref := vc.StatusReference{}
		if m.Name == "status_list" {
			i, _ := m.Value.Get("idx")
			u, _ := m.Value.Get("uri")
			index, isIndex := i.Int64()
			uri, isURI := text(u)
			if isIndex && index >= 0 && isURI {
				ref = vc.StatusReference{Mechanism: vc.TokenStatusList, URI: uri, Index: uint64(index)}
			}
		}
		out = append(out, ref)
	}
	return out
}

// CheckCredential compares claims with the members that say the same (VC-JOSE-COSE, sections 3.1.3, 3.3.3 and 4.1.2).
func (c *Claims) CheckCredential(cred *vcdm.Credential, codes *Codes) error {
	switch {
	case cred.Version != vcdm.V2:
		return vc.Invalid(codes.Version, "the credential is not one of the data model 2.0")
	case c.Issuer != "" && c.Issuer != cred.Issuer:
		return vc.Invalid(codes.Conflict, "iss is not the credential's issuer")
	case c.ID != "" && cred.ID != "" && c.ID != cred.ID:
		return vc.Invalid(codes.Conflict, "the identifier of the token is not that of the credential")
	case c.Subject != "" && len(cred.Subjects) == 1 && cred.Subjects[0].ID != "" && c.Subject != cred.Subjects[0].ID:
		return vc.Invalid(codes.Conflict, "sub is not the credential's subject")
	}
	return nil
}

// Disclosed joins what the credential and the token say. Of two ends of validity, the credential's and the signature's, the first
// counts, of two beginnings the last. A key in cnf stands above the subject.
func (c *Claims) Disclosed(cred *vcdm.Credential) vc.Disclosed {
	d := cred.Disclosed()
	d.IssuedAt = c.IssuedAt
	if c.NotBefore.After(d.NotBefore) {
		d.NotBefore = c.NotBefore
	}
	if d.Expires.IsZero() || !c.Expires.IsZero() && c.Expires.Before(d.Expires) {
		d.Expires = c.Expires
	}
	d.Audience = c.Audience
	if c.HolderKeyID != "" || !c.HolderKey.IsZero() {
		d.HolderKeyID, d.HolderKey = c.HolderKeyID, c.HolderKey
	}
	d.HasStatus = d.HasStatus || c.HasStatus
	d.Status = slices.Concat(d.Status, c.Status)
	return d
}
