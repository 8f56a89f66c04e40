package jose

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
)

// Options are for readers of presentations.
type Options struct {
	// Formats opens credentials of other media types in a presentation, by media type without "application/"; vc+jwt is always
	// known:
	//
	//	"vc+cose": func(b []byte) vc.Presentation { return cose.Received(b, nil) }
	Formats map[string]func([]byte) vc.Presentation
}

// Presentation is a credential (vc+jwt) as it stands, or a presentation with one credential (vp+jwt): what [Credential.Present]
// made, or what a verifier received. It is not verified; a vc.Verifier does that. It keeps the bytes as received and is safe for
// concurrent use.
type Presentation struct {
	raw  []byte
	open func() (vc.Parsed, error)
}

// Received returns a presentation of received bytes, which it copies: a vc+jwt, a vp+jwt with one credential, or one of both as
// a data: URL in an EnvelopedVerifiableCredential or EnvelopedVerifiablePresentation (VCDM 2.0, sections 4.13.2 and 4.13.3). They are parsed
// when a Verifier opens it, so that a report covers parsing too.
func Received(b []byte, opt *Options) *Presentation {
	raw := bytes.Clone(b)
	return &Presentation{raw, sync.OnceValues(func() (vc.Parsed, error) { return format.Open(raw, opt.formats()) })}
}

// Parse is [Received] and parses at once. Errors are a *vc.Fault.
func Parse(b []byte, opt *Options) (*Presentation, error) {
	p := Received(b, opt)
	if _, err := p.open(); err != nil {
		return nil, err
	}
	return p, nil
}

// Split returns one presentation for each credential in a vp+jwt with any number of them, in their order. Each is verified by itself,
// under a policy of its own, with the same audience and nonce. Errors are a *vc.Fault.
func Split(b []byte, opt *Options) ([]*Presentation, error) {
	raw := bytes.Clone(b)
	p, err := format.ParsePresentation(raw)
	if err != nil {
		return nil, err
	}
	out := make([]*Presentation, p.Len())
	for i := range out {
		out[i] = &Presentation{raw, sync.OnceValues(func() (vc.Parsed, error) { return p.Open(i, opt.formats()) })}
	}
	return out, nil
}

// formats are those that o adds; o may be nil.
func (o *Options) formats() map[string]func([]byte) vc.Presentation {
	if o == nil {
		return nil
	}
	return o.Formats
}

// Open implements vc.Presentation.
func (p *Presentation) Open() (vc.Parsed, error) { return p.open() }

// Bytes returns the token, as received. The slice is shared: do not change it.
func (p *Presentation) Bytes() []byte { return p.raw }

// String tells the size and no content.
func (p *Presentation) String() string { return fmt.Sprintf("jose(%d bytes)", len(p.raw)) }

// GoString is String, so that %#v prints no content either.
func (p *Presentation) GoString() string { return p.String() }

// InsecureVerifySignature checks nothing but form and signature of a vc+jwt or vp+jwt under a key that the caller believes in: not whose
// key it is, not the time, not what is inside a presentation. It is for conformance suites and tools. It returns the payload, with the
// media type of what is in it, "vc" or "vp". Errors are a *vc.Fault.
func InsecureVerifySignature(b []byte, key keys.PublicKey) (payload []byte, mediaType string, err error) {
	return format.InsecureVerifySignature(b, key)
}
