package cose

import (
	"crypto/sha256"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/vcdm"
)

// credential reads a vc+cose.
func (m *message) credential() (*parsedCredential, error) {
	if err := m.read("application/"+MediaType, "application/vc"); err != nil {
		return nil, err
	}
	cred, err := vcdm.ParseCredential(m.body)
	if err != nil {
		return nil, err
	}
	if err := m.claims.CheckCredential(cred, &credentialCodes); err != nil {
		return nil, err
	}
	return &parsedCredential{m, cred}, nil
}

// presentation reads a vp+cose.
func (m *message) presentation() (*parsedPresentation, error) {
	if err := m.read("application/"+PresentationMediaType, "application/vp"); err != nil {
		return nil, err
	}
	p, err := vcdm.ParsePresentation(m.body)
	if err != nil {
		return nil, err
	}
	if err := m.claims.CheckPresentation(p, m.keyID, &presentationCodes); err != nil {
		return nil, err
	}
	return &parsedPresentation{m, p}, nil
}

// parsedPresentation is a vp+cose that nobody has verified.
type parsedPresentation struct {
	*message
	document *vcdm.Presentation
}

// checkBinding checks the holder's signature over the whole presentation.
func (p *parsedPresentation) checkBinding(key keys.PublicKey) error {
	if err := p.verify(key); err != nil {
		return vc.InvalidBecause("cose.vp.signature", err)
	}
	return nil
}

// open opens the i-th credential.
func (p *parsedPresentation) open(i int, f envelope.Formats) (vc.Parsed, error) {
	b := p.claims.Binding(p.keyID, p.algorithm)
	return envelope.Open(p.document, i, f, b, p.checkBinding, &presentationCodes)
}

// parsedCredential is a vc+cose that nobody has verified. It implements vc.Parsed and never changes.
type parsedCredential struct {
	*message
	document *vcdm.Credential
}

// MediaType implements vc.Parsed.
func (p *parsedCredential) MediaType() string { return MediaType }

// Origin implements vc.Parsed.
func (p *parsedCredential) Origin() vc.Origin {
	return vc.Origin{
		Issuer: p.document.Issuer, KeyID: p.keyID, Chain: p.chain, Algorithm: p.algorithm,
		IssuedAt: p.claims.IssuedAt, Undated: p.claims.IssuedAt.IsZero(),
	}
}

// IssuanceDigest implements vc.Issuance.
func (p *parsedCredential) IssuanceDigest() [32]byte { return sha256.Sum256(p.signed()) }

// CheckSignature implements vc.Parsed.
func (p *parsedCredential) CheckSignature(key keys.PublicKey) error {
	if err := p.verify(key); err != nil {
		return vc.InvalidBecause("vc.signature.invalid", err)
	}
	return nil
}

// Disclose implements vc.Parsed. Nothing can be withheld.
func (p *parsedCredential) Disclose() (vc.Disclosed, error) {
	return p.claims.Disclosed(p.document), nil
}

// Binding implements vc.Parsed: a credential by itself shows no holder.
func (p *parsedCredential) Binding() vc.Binding { return vc.Binding{} }

// CheckBinding implements vc.Parsed.
func (p *parsedCredential) CheckBinding(keys.PublicKey) error {
	return vc.Invalid("vc.holder.missing", "the presentation has no holder's signature")
}
