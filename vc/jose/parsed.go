package jose

import (
	"crypto/sha256"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// parsedCredential is a vc+jwt that nobody has verified. It implements vc.Parsed and never changes.
type parsedCredential struct {
	*token
	document *vcdm.Credential
}

// MediaType implements vc.Parsed.
func (p *parsedCredential) MediaType() string { return MediaType }

// Origin implements vc.Parsed.
func (p *parsedCredential) Origin() vc.Origin {
	return vc.Origin{
		Issuer: p.document.Issuer, KeyID: p.Header.KeyID, Chain: p.chain, Algorithm: p.Header.Algorithm,
		IssuedAt: p.claims.IssuedAt, Undated: p.claims.IssuedAt.IsZero(),
	}
}

// IssuanceDigest implements vc.Issuance.
func (p *parsedCredential) IssuanceDigest() [32]byte { return sha256.Sum256(p.Signed) }

// CheckSignature implements vc.Parsed.
func (p *parsedCredential) CheckSignature(key keys.PublicKey) error {
	if err := p.Verify(key); err != nil {
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
