package vcdm

import "github.com/realdid/realdid/internal/strictjson"

// Presentation is a presentation that follows the data model. It is not verified: it deserves no trust.
type Presentation struct {
	Version     Version
	ID          string // "" if there is none
	Contexts    []string
	Types       []string // "VerifiablePresentation" among them
	Holder      string   // URL; "" if there is none
	Credentials []Presented
	Secured     bool // there is a proof; which is not looked at
	Value       strictjson.Value
}

// Presented is one object of verifiableCredential.
type Presented struct {
	Value    strictjson.Value // an object; it is not checked by [ParseCredential] yet
	Envelope *Envelope        // nil if the credential stands there itself
}

// Envelope is what an EnvelopedVerifiableCredential or EnvelopedVerifiablePresentation holds: a token in a data: URL (RFC 2397).
type Envelope struct {
	MediaType string // without "application/": "vc+jwt", "vc+sd-jwt", "vc+cose", "vp+jwt"
	Data      []byte // the token
}

// ParsePresentation reads a presentation, secured or not. The credentials in it are told apart and no more. For packages of this
// module; others have [ParsePresentationJSON].
func ParsePresentation(v strictjson.Value) (*Presentation, error) { return nil, errUnfinished }

// ParsePresentationJSON reads a presentation, secured or not. b must not change while the result is in use.
func ParsePresentationJSON(b []byte) (*Presentation, error) { return nil, errUnfinished }

// CheckSelfAsserted checks a credential of p that has no proof of its own, and so rests on p's: its issuer must be p's holder (VCDM
// 2.0, section 4.13.4).
func (p *Presentation) CheckSelfAsserted(c *Credential) error { return errUnfinished }

// ParseEnvelopedCredential reads an EnvelopedVerifiableCredential (VCDM 2.0, section 4.13.2).
func ParseEnvelopedCredential(v strictjson.Value) (*Envelope, error) { return nil, errUnfinished }

// ParseEnvelopedPresentation reads an EnvelopedVerifiablePresentation (VCDM 2.0, section 4.13.3).
func ParseEnvelopedPresentation(v strictjson.Value) (*Envelope, error) { return nil, errUnfinished }

// Credential returns e as an EnvelopedVerifiableCredential.
func (e *Envelope) Credential() map[string]any { return nil }

// Presentation returns e as an EnvelopedVerifiablePresentation.
func (e *Envelope) Presentation() map[string]any { return nil }
