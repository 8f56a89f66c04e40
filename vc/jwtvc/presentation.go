package jwtvc

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// Presentation is a credential as it stands, or a presentation with one credential: what [Credential.Present] made, or what a
// verifier received. It is not verified; a vc.Verifier does that. It keeps the bytes as received and is safe for concurrent use.
type Presentation struct {
	raw  []byte
	open func() (vc.Parsed, error)
}

// Received returns a presentation of received bytes, which it copies. They are parsed when a Verifier opens it, so that a report covers
// parsing too.
func Received(b []byte) *Presentation {
	raw := bytes.Clone(b)
	return &Presentation{raw, sync.OnceValues(func() (vc.Parsed, error) { return open(raw) })}
}

// Parse is [Received] and parses at once. Errors are a *vc.Fault.
func Parse(b []byte) (*Presentation, error) {
	p := Received(b)
	if _, err := p.open(); err != nil {
		return nil, err
	}
	return p, nil
}

// Open implements vc.Presentation.
func (p *Presentation) Open() (vc.Parsed, error) { return p.open() }

// Bytes returns the token, as received. The slice is shared: do not change it.
func (p *Presentation) Bytes() []byte { return p.raw }

// String tells the size and no content.
func (p *Presentation) String() string { return fmt.Sprintf("jwtvc(%d bytes)", len(p.raw)) }

// GoString is String, so that %#v prints no content either.
func (p *Presentation) GoString() string { return p.String() }

// presented is a credential and what its holder signed around it.
type presented struct {
	*credential
	around *token
}

func open(raw []byte) (vc.Parsed, error) {
	t, err := parseToken(raw)
	if err != nil {
		return nil, err
	}
	if t.held == "vc" {
		c, err := t.credential()
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	p := &presented{around: t}
	if p.credential, err = t.presentation(); err != nil {
		return nil, err
	}
	return p, nil
}

// presentation reads the claim vp and returns the credential in it.
func (t *token) presentation() (*credential, error) {
	var list strictjson.Value
	members := make([]strictjson.Member, 0, len(t.value.Members()))
	for _, m := range t.value.Members() {
		if m.Name == "verifiableCredential" {
			list = m.Value
		} else {
			members = append(members, m)
		}
	}
	p, err := vcdm.ParsePresentation(t.value.WithMembers(members))
	if err != nil {
		return nil, err
	}
	if err := t.checkPresentation(p); err != nil {
		return nil, err
	}
	if list.Kind() == strictjson.Array {
		if len(list.Elems()) != 1 {
			return nil, vc.Invalid(codes.Count, "the presentation does not hold exactly one credential")
		}
		list = list.Elems()[0]
	}
	switch list.Kind() {
	case strictjson.Invalid:
		return nil, vc.Invalid(codes.Count, "the presentation does not hold exactly one credential")
	case strictjson.String:
	default:
		return nil, vc.Invalid(codes.Format, "the credential in the presentation is not a JWT")
	}
	text, _ := list.Str()
	return parseCredential([]byte(text))
}

// checkPresentation compares a presentation with the claims beside it and with the name of the key that signed.
func (t *token) checkPresentation(p *vcdm.Presentation) error {
	c := &t.claims
	switch {
	case p.Version != vcdm.V1:
		return vc.Invalid(codes.Version, "the presentation is not one of the data model 1.1")
	case c.Issuer != "" && p.Holder != "" && c.Issuer != p.Holder:
		return vc.Invalid(codes.Conflict, "iss is not the presentation's holder")
	case c.ID != "" && p.ID != "" && c.ID != p.ID:
		return vc.Invalid(codes.Conflict, "jti is not the identifier of the presentation")
	case len(c.Audience) > 1:
		return vc.Invalid(codes.Audience, "the presentation is for more than one audience")
	}
	for _, who := range [...]string{p.Holder, c.Issuer} {
		if !strings.HasPrefix(who, "did:") {
			continue
		}
		if u, err := did.ParseURL(t.Header.KeyID); err != nil || u.DID().String() != who {
			return vc.Invalid(codes.Holder, "the presentation names a holder other than the one whose key signed")
		}
	}
	return nil
}

// Binding implements vc.Parsed.
func (p *presented) Binding() vc.Binding {
	return p.around.claims.Binding(p.around.Header.KeyID, p.around.Header.Algorithm)
}

// CheckBinding implements vc.Parsed.
func (p *presented) CheckBinding(key keys.PublicKey) error {
	if err := p.around.Verify(key); err != nil {
		return vc.InvalidBecause(codes.Signature, err)
	}
	return nil
}
