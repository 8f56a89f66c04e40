// Package envelopetest holds the tests that every format of VC-JOSE-COSE must pass, whatever signs: a package of a format
// describes itself as a [Format], with its types named away, and calls them. It adds tests of what is its own.
package envelopetest

import (
	"context"
	"io"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/vcdm"
)

// Format is a package under test: its functions, with types of this package in the place of its own.
type Format struct {
	Name      string // of the package, before its codes and errors
	MediaType string // of a credential
	MaxSize   int
	ErrHolder error

	Issue            func(context.Context, envelope.Issuer, map[string]any, *IssueOptions) (Credential, error)
	IssueJSON        func(context.Context, envelope.Issuer, []byte) (Credential, error)
	ParseCredential  func([]byte) (Credential, error)
	Present          func(context.Context, Credential, keys.Signer, *PresentOptions) (Presentation, error)
	PresentAll       func(context.Context, keys.Signer, []Enveloped, *PresentOptions) (Presentation, error)
	SignPresentation func(context.Context, keys.Signer, []byte, *SignOptions) (Presentation, error)
	Received         func([]byte) Presentation
	Parse            func([]byte) (Presentation, error)
	Split            func([]byte, map[string]func([]byte) vc.Presentation) ([]Presentation, error)
	ReadAll          func(io.Reader) ([]byte, error)

	InsecureVerifySignature func([]byte, keys.PublicKey) (payload []byte, mediaType string, err error)
}

// Presentation is that of a format.
type Presentation interface {
	vc.Presentation
	Bytes() []byte
}

// Credential is that of a format.
type Credential interface {
	Presentation
	Enveloped
	Holder() (keyID string, key keys.PublicKey, err error)
	IssuanceDigest() ([32]byte, error)
	UnverifiedClaims() (map[string]any, error)
}

// Enveloped is that of a format.
type Enveloped interface{ Envelope() *vcdm.Envelope }

// Several returns what Split of a format returns.
func Several[P Presentation](list []P, err error) ([]Presentation, error) {
	out := make([]Presentation, len(list))
	for i, p := range list {
		out[i] = p
	}
	return out, err
}

// Each returns what PresentAll of a format takes.
func Each[E Enveloped](list []Enveloped) []E {
	out := make([]E, len(list))
	for i, e := range list {
		out[i] = e.(E)
	}
	return out
}

// IssueOptions are what the IssueOptions of all formats have.
type IssueOptions struct {
	Holder    did.URL
	HolderKey keys.PublicKey
	IssuedAt  time.Time
	Expires   time.Time
}

// PresentOptions are those of each format.
type PresentOptions struct {
	Audience string
	Nonce    string
	Method   did.URL
	IssuedAt time.Time
	Expires  time.Time
	ID       string
}

// SignOptions are those of each format.
type SignOptions struct {
	Method   did.URL
	KeyID    string
	Audience string
	Nonce    string
	IssuedAt time.Time
	Expires  time.Time
}
