package cose

import (
	"bytes"
	"fmt"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/vcdm"
)

// Credential is a vc+cose: what [Issue] made, or what a wallet received. It is not verified; it is a vc.Presentation, so that a wallet
// can verify what it received, with a policy without holder binding. It is safe for concurrent use.
type Credential struct {
	raw  []byte
	lazy envelope.Lazy
}

func newCredential(raw []byte) *Credential { return &Credential{raw, format.Lazy(raw)} }

// ParseCredential parses a vc+cose and copies it. It does not check who signed it. Errors are a *vc.Fault.
func ParseCredential(b []byte) (*Credential, error) {
	c := newCredential(bytes.Clone(b))
	if _, err := c.lazy(); err != nil {
		return nil, err
	}
	return c, nil
}

// Open implements vc.Presentation.
func (c *Credential) Open() (vc.Parsed, error) { return c.lazy.Open() }

// Bytes returns the message. The slice is shared: do not change it.
func (c *Credential) Bytes() []byte { return c.raw }

// Envelope returns the credential as it stands in a presentation.
func (c *Credential) Envelope() *vcdm.Envelope {
	return &vcdm.Envelope{MediaType: MediaType, Data: c.raw}
}

// Holder returns what the credential is bound to: a DID, a DID URL or a key that stands in it; both are zero if it is bound to nobody.
func (c *Credential) Holder() (keyID string, key keys.PublicKey, err error) { return c.lazy.Holder() }

// IssuanceDigest returns what an issuance receipt commits to (vc.Issuance), for vc.ReceiptBatch.
func (c *Credential) IssuanceDigest() ([32]byte, error) { return c.lazy.IssuanceDigest() }

// UnverifiedClaims returns what a look inside shows, whoever signed it. Nothing may rest on it. Errors are a *vc.Fault.
func (c *Credential) UnverifiedClaims() (map[string]any, error) { return c.lazy.UnverifiedClaims() }

// String tells the size and no content.
func (c *Credential) String() string { return fmt.Sprintf("cose(%d bytes)", len(c.raw)) }

// GoString is String, so that %#v prints no content either.
func (c *Credential) GoString() string { return c.String() }
