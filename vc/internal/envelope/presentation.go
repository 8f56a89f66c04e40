package envelope

import (
	"errors"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// PresentationCodes are the codes of a format for presentations.
type PresentationCodes struct {
	Codes
	Count    string // not exactly one credential
	Envelope string // a credential that is not in an envelope
	Format   string // an envelope of another format
	Holder   string // holder is not who signed
	Binding  string // a credential with a binding of its own
}

// Formats opens credentials by media type.
type Formats map[string]func([]byte) vc.Presentation

// CheckPresentation compares a presentation with the claims beside it and with the name of the key that signed.
func (c *Claims) CheckPresentation(p *vcdm.Presentation, keyID string, codes *PresentationCodes) error {
	if p.Version != vcdm.V2 {
		return vc.Invalid(codes.Version, "the presentation is not one of the data model 2.0")
	}
	if c.Issuer != "" && p.Holder != "" && c.Issuer != p.Holder {
		return vc.Invalid(codes.Conflict, "iss is not the presentation's holder")
	}
	if c.ID != "" && p.ID != "" && c.ID != p.ID {
		return vc.Invalid(codes.Conflict, "the identifier of the token is not that of the presentation")
	}
	for _, who := range [...]string{p.Holder, c.Issuer} {
		if !strings.HasPrefix(who, "did:") {
			continue
		}
		if u, err := did.ParseURL(keyID); err != nil || u.DID().String() != who {
			return vc.Invalid(codes.Holder, "the presentation names a holder other than the one whose key signed")
		}
	}
	if len(c.Audience) > 1 {
		return vc.Invalid(codes.Audience, "the presentation is for more than one audience")
	}
	for i := range p.Credentials {
		if p.Credentials[i].Envelope == nil {
			return vc.Invalid(codes.Envelope, "a credential in the presentation is not an EnvelopedVerifiableCredential")
		}
	}
	return nil
}

// Binding is what the holder said with the presentation.
func (c *Claims) Binding(keyID string, a keys.Algorithm) vc.Binding {
	b := vc.Binding{
		Present: true, KeyID: keyID, Algorithm: a, Nonce: c.Nonce, IssuedAt: c.IssuedAt, NotBefore: c.NotBefore, Expires: c.Expires,
	}
	if len(c.Audience) == 1 {
		b.Audience = c.Audience[0]
	}
	return b
}

// Open opens the i-th credential of p as one that its holder presents: check checks the holder's signature.
func Open(p *vcdm.Presentation, i int, f Formats, b vc.Binding, check func(keys.PublicKey) error, codes *PresentationCodes) (vc.Parsed, error) {
	e := p.Credentials[i].Envelope
	open := f[e.MediaType]
	if open == nil {
		return nil, vc.InvalidBecause(codes.Format, errors.New("the presentation holds a credential of a format that is not read here"))
	}
	inner, err := open(e.Data).Open()
	if err != nil {
		return nil, err
	}
	if inner.MediaType() != e.MediaType {
		return nil, vc.Invalid(codes.Format, "the envelope names another media type than the credential")
	}
	if inner.Binding().Present {
		return nil, vc.Invalid(codes.Binding, "a credential in a presentation has a holder's signature of its own")
	}
	out := bound{inner, b, check}
	if s, ok := inner.(vc.Signatures); ok {
		return &severalSigned{out, s}, nil
	}
	if s, ok := inner.(vc.Issuance); ok {
		return &issued{out, s}, nil
	}
	return &out, nil
}

// severalSigned and issued keep what the credential can do beyond vc.Parsed.
type (
	signatures    interface{ vc.Signatures }
	severalSigned struct {
		bound
		signatures
	}
	issued struct {
		bound
		vc.Issuance
	}
)

// bound is a credential together with what its holder signed around it.
type bound struct {
	vc.Parsed
	binding vc.Binding
	check   func(keys.PublicKey) error
}

func (b *bound) Binding() vc.Binding { return b.binding }

func (b *bound) CheckBinding(key keys.PublicKey) error { return b.check(key) }
