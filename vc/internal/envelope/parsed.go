package envelope

import (
	"crypto/sha256"
	"maps"
	"sync"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// Credential is a credential of a Format that nobody has verified. It implements vc.Parsed and vc.Issuance, and never changes.
type Credential struct {
	format   *Format
	token    Token
	content  Content
	document *vcdm.Credential
}

// credential reads what must be a credential.
func (f *Format) credential(t Token) (*Credential, error) {
	c := &Credential{format: f, token: t}
	if err := t.Read(false, &c.content); err != nil {
		return nil, err
	}
	var err error
	if c.document, err = vcdm.ParseCredential(c.content.Payload); err != nil {
		return nil, err
	}
	if err := c.content.Claims.CheckCredential(c.document, &f.Codes.Codes); err != nil {
		return nil, err
	}
	if err := t.CheckReplicated(c.document.Issuer); err != nil {
		return nil, err
	}
	return c, nil
}

// MediaType implements vc.Parsed.
func (c *Credential) MediaType() string { return c.format.MediaType }

// Origin implements vc.Parsed.
func (c *Credential) Origin() vc.Origin {
	k := c.token.Key()
	return vc.Origin{
		Issuer: c.document.Issuer, KeyID: k.ID, Chain: k.Chain, Algorithm: k.Algorithm,
		IssuedAt: c.content.Claims.IssuedAt, Undated: c.content.Claims.IssuedAt.IsZero(),
	}
}

// IssuanceDigest implements vc.Issuance.
func (c *Credential) IssuanceDigest() [32]byte { return sha256.Sum256(c.token.SignedBytes()) }

// CheckSignature implements vc.Parsed.
func (c *Credential) CheckSignature(key keys.PublicKey) error {
	if err := c.token.CheckSignature(key); err != nil {
		return vc.InvalidBecause("vc.signature.invalid", err)
	}
	return nil
}

// Disclose implements vc.Parsed. Nothing can be withheld.
func (c *Credential) Disclose() (vc.Disclosed, error) {
	return c.content.Claims.Disclosed(c.document), nil
}

// Binding implements vc.Parsed: a credential by itself shows no holder.
func (c *Credential) Binding() vc.Binding { return vc.Binding{} }

// CheckBinding implements vc.Parsed.
func (c *Credential) CheckBinding(keys.PublicKey) error {
	return vc.Invalid("vc.holder.missing", "the presentation has no holder's signature")
}

// Presentation is a presentation of a Format that nobody has verified. It never changes.
type Presentation struct {
	format   *Format
	token    Token
	content  Content
	document *vcdm.Presentation
}

// presentation reads what must be a presentation.
func (f *Format) presentation(t Token) (*Presentation, error) {
	p := &Presentation{format: f, token: t}
	if err := t.Read(true, &p.content); err != nil {
		return nil, err
	}
	var err error
	if p.document, err = vcdm.ParsePresentation(p.content.Payload); err != nil {
		return nil, err
	}
	if err := p.content.Claims.CheckPresentation(p.document, t.Key().ID, &f.Codes.PresentationCodes); err != nil {
		return nil, err
	}
	holder := p.document.Holder
	if holder == "" {
		holder = p.content.Claims.Issuer
	}
	if err := t.CheckReplicated(holder); err != nil {
		return nil, err
	}
	return p, nil
}

// Len returns how many credentials it holds.
func (p *Presentation) Len() int { return len(p.document.Credentials) }

// Open opens the i-th credential. more opens those of other formats.
func (p *Presentation) Open(i int, more Formats) (vc.Parsed, error) {
	f := Formats{}
	maps.Copy(f, more)
	f[p.format.MediaType] = func(b []byte) vc.Presentation { return bare{p.format, b} }
	k := p.token.Key()
	return Open(p.document, i, f, p.content.Claims.Binding(k.ID, k.Algorithm), p.checkSignature, &p.format.Codes.PresentationCodes)
}

// checkSignature checks the holder's signature over the whole presentation.
func (p *Presentation) checkSignature(key keys.PublicKey) error {
	if err := p.token.CheckSignature(key); err != nil {
		return vc.InvalidBecause(p.format.Codes.Signature, err)
	}
	return nil
}

// bare is a credential with no presentation around it.
type bare struct {
	format *Format
	raw    []byte
}

func (b bare) Open() (vc.Parsed, error) {
	c, err := b.format.ParseCredential(b.raw)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Lazy is a credential in bytes, which are parsed when that is first needed, and only once.
type Lazy func() (*Credential, error)

// Lazy returns the credential in b.
func (f *Format) Lazy(b []byte) Lazy {
	return sync.OnceValues(func() (*Credential, error) { return f.ParseCredential(b) })
}

// Open opens it as a vc.Presentation does.
func (l Lazy) Open() (vc.Parsed, error) {
	c, err := l()
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Holder returns what the credential is bound to; both are zero if it is bound to nobody.
func (l Lazy) Holder() (keyID string, key keys.PublicKey, err error) {
	c, err := l()
	if err != nil {
		return "", key, err
	}
	d, err := c.Disclose()
	return d.HolderKeyID, d.HolderKey, err
}

// IssuanceDigest returns that of the credential.
func (l Lazy) IssuanceDigest() ([32]byte, error) {
	c, err := l()
	if err != nil {
		return [32]byte{}, err
	}
	return c.IssuanceDigest(), nil
}

// UnverifiedClaims returns the payload.
func (l Lazy) UnverifiedClaims() (map[string]any, error) {
	c, err := l()
	if err != nil {
		return nil, err
	}
	m, _ := c.content.Payload.Interface().(map[string]any)
	return m, nil
}
