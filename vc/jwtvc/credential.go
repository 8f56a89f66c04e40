package jwtvc

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/vcdm"
)

// Credential is a credential of the data model 1.1 in a JWT: what [Issue] made, or what a wallet received. It is not verified; it is
// a vc.Presentation, so that a wallet can verify what it received, with a policy without holder binding. It is safe for concurrent use.
type Credential struct {
	raw  []byte
	load func() (*credential, error)
}

func newCredential(raw []byte) *Credential {
	return &Credential{raw, sync.OnceValues(func() (*credential, error) { return parseCredential(raw) })}
}

// ParseCredential parses a credential and copies it. It does not check who signed it. Errors are a *vc.Fault.
func ParseCredential(b []byte) (*Credential, error) {
	c := newCredential(bytes.Clone(b))
	if _, err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// Open implements vc.Presentation.
func (c *Credential) Open() (vc.Parsed, error) {
	p, err := c.load()
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Bytes returns the token. The slice is shared: do not change it.
func (c *Credential) Bytes() []byte { return c.raw }

// Holder returns what the credential is bound to: a DID, a DID URL or a key that stands in it; both are zero if it is bound to nobody.
func (c *Credential) Holder() (keyID string, key keys.PublicKey, err error) {
	p, err := c.load()
	if err != nil {
		return "", key, err
	}
	d := p.claims.Disclosed(p.document)
	return d.HolderKeyID, d.HolderKey, nil
}

// UnverifiedClaims returns the credential as it is when the claims are put where they belong, whoever signed it. Nothing may rest on it.
// Errors are a *vc.Fault.
func (c *Credential) UnverifiedClaims() (map[string]any, error) {
	p, err := c.load()
	if err != nil {
		return nil, err
	}
	return p.document.Disclosed().Claims(), nil
}

// String tells the size and no content.
func (c *Credential) String() string { return fmt.Sprintf("jwtvc(%d bytes)", len(c.raw)) }

// GoString is String, so that %#v prints no content either.
func (c *Credential) GoString() string { return c.String() }

// credential is a parsed credential. It implements vc.Parsed and vc.Issuance, and never changes.
type credential struct {
	*token
	document *vcdm.Credential
}

func parseCredential(b []byte) (*credential, error) {
	t, err := parseToken(b)
	if err != nil {
		return nil, err
	}
	return t.credential()
}

func (t *token) credential() (*credential, error) {
	if t.held != "vc" {
		return nil, errHeld()
	}
	decoded, err := t.decode()
	if err != nil {
		return nil, err
	}
	c := &credential{token: t}
	if c.document, err = vcdm.ParseCredential(decoded); err != nil {
		return nil, err
	}
	if c.document.Version != vcdm.V1 {
		return nil, vc.Invalid(codes.Version, "the credential is not one of the data model 1.1")
	}
	return c, nil
}

// MediaType implements vc.Parsed.
func (c *credential) MediaType() string { return MediaType }

// Origin implements vc.Parsed.
func (c *credential) Origin() vc.Origin {
	return vc.Origin{
		Issuer: c.document.Issuer, KeyID: c.Header.KeyID, Chain: c.chain, Algorithm: c.Header.Algorithm,
		IssuedAt: c.claims.IssuedAt, Undated: c.claims.IssuedAt.IsZero(),
	}
}

// IssuanceDigest implements vc.Issuance.
func (c *credential) IssuanceDigest() [32]byte { return sha256.Sum256(c.Signed) }

// CheckSignature implements vc.Parsed.
func (c *credential) CheckSignature(key keys.PublicKey) error {
	if err := c.Verify(key); err != nil {
		return vc.InvalidBecause("vc.signature.invalid", err)
	}
	return nil
}

// Disclose implements vc.Parsed. Nothing can be withheld.
func (c *credential) Disclose() (vc.Disclosed, error) { return c.claims.Disclosed(c.document), nil }

// Binding implements vc.Parsed: a credential by itself shows no holder.
func (c *credential) Binding() vc.Binding { return vc.Binding{} }

// CheckBinding implements vc.Parsed.
func (c *credential) CheckBinding(keys.PublicKey) error {
	return vc.Invalid("vc.holder.missing", "the presentation has no holder's signature")
}

var _ vc.Issuance = (*credential)(nil)

// checkHolder tells why a presentation signed by key would not be accepted; "" if it would.
func (c *Credential) checkHolder(key keys.PublicKey, opt *PresentOptions) (string, error) {
	boundID, boundKey, err := c.Holder()
	if err != nil {
		return "", err
	}
	return envelope.CheckHolder(boundID, boundKey, key, opt.Method), nil
}
