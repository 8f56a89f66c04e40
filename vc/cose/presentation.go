package cose

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/vcdm"
)

// Options are for readers of presentations.
type Options struct {
	// Formats opens credentials of other media types in a presentation, by media type without "application/"; vc+cose is always
	// known:
	//
	//	"vc+jwt": func(b []byte) vc.Presentation { return jose.Received(b, nil) }
	Formats map[string]func([]byte) vc.Presentation
}

// Presentation is a credential (vc+cose) as it stands, or a presentation with one credential (vp+cose): what [Credential.Present]
// made, or what a verifier received. It is not verified; a vc.Verifier does that. It keeps the bytes as received and is safe for
// concurrent use.
type Presentation struct {
	raw  []byte
	open func() (vc.Parsed, error)
}

// Received returns a presentation of received bytes, which it copies: a vc+cose, a vp+cose with one credential, or one of both as
// a data: URL in an EnvelopedVerifiableCredential or EnvelopedVerifiablePresentation (VCDM 2.0, sections 4.13.2 and 4.13.3). They are parsed
// when a Verifier opens it, so that a report covers parsing too.
func Received(b []byte, opt *Options) *Presentation {
	raw := bytes.Clone(b)
	return &Presentation{raw, sync.OnceValues(func() (vc.Parsed, error) { return open(raw, opt) })}
}

// Parse is [Received] and parses at once. Errors are a *vc.Fault.
func Parse(b []byte, opt *Options) (*Presentation, error) {
	p := Received(b, opt)
	if _, err := p.open(); err != nil {
		return nil, err
	}
	return p, nil
}

// Split returns one presentation for each credential in a vp+cose with any number of them, in their order. Each is verified by itself,
// under a policy of its own, with the same audience and nonce. Errors are a *vc.Fault.
func Split(b []byte, opt *Options) ([]*Presentation, error) {
	raw := bytes.Clone(b)
	t, err := unwrap(raw)
	if err != nil {
		return nil, err
	}
	p, err := t.presentation()
	if err != nil {
		return nil, err
	}
	if len(p.document.Credentials) == 0 {
		return nil, errCount()
	}
	out := make([]*Presentation, len(p.document.Credentials))
	for i := range out {
		out[i] = &Presentation{raw, sync.OnceValues(func() (vc.Parsed, error) { return p.open(i, opt.formats()) })}
	}
	return out, nil
}

func errCount() error {
	return vc.Invalid(presentationCodes.Count, "the presentation does not hold exactly one credential")
}

// formats are those that opt adds to vc+cose.
func (o *Options) formats() envelope.Formats {
	f := envelope.Formats{}
	if o != nil {
		for name, open := range o.Formats {
			f[name] = open
		}
	}
	f[MediaType] = func(b []byte) vc.Presentation { return bare(b) }
	return f
}

// bare is a credential with no presentation around it.
type bare []byte

func (b bare) Open() (vc.Parsed, error) {
	p, err := parseCredential(b)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// parseCredential parses a credential with no presentation around it.
func parseCredential(b []byte) (*parsedCredential, error) {
	t, err := parseMessage(b)
	if err != nil {
		return nil, err
	}
	return t.credential()
}

// open parses a credential or a presentation of one.
func open(b []byte, opt *Options) (vc.Parsed, error) {
	t, err := unwrap(b)
	if err != nil {
		return nil, err
	}
	if !t.isPresentation() {
		p, err := t.credential()
		if err != nil {
			return nil, err
		}
		return p, nil
	}
	p, err := t.presentation()
	if err != nil {
		return nil, err
	}
	if len(p.document.Credentials) != 1 {
		return nil, errCount()
	}
	return p.open(0, opt.formats())
}

// unwrap parses b, or the message in it if it is an enveloping JSON object.
func unwrap(b []byte) (*message, error) {
	if len(b) > MaxSize {
		return nil, vc.InvalidBecause("cose.size", errSize)
	}
	if len(b) == 0 || b[0] != '{' {
		return parseMessage(b)
	}
	v, err := strictjson.Parse(b, limits)
	if err != nil {
		return nil, jsonFault(err)
	}
	e, err := vcdm.ParseEnvelopedPresentation(v)
	if err != nil {
		if e, err = vcdm.ParseEnvelopedCredential(v); err != nil {
			return nil, vc.InvalidBecause("cose.syntax", err)
		}
	}
	t, err := parseMessage(e.Data)
	if err != nil {
		return nil, err
	}
	want := MediaType
	if t.isPresentation() {
		want = PresentationMediaType
	}
	if e.MediaType != want {
		return nil, vc.Invalid("cose.syntax", "an envelope of another media type than what is in it")
	}
	return t, nil
}

// Open implements vc.Presentation.
func (p *Presentation) Open() (vc.Parsed, error) { return p.open() }

// Bytes returns the message, as received. The slice is shared: do not change it.
func (p *Presentation) Bytes() []byte { return p.raw }

// String tells the size and no content.
func (p *Presentation) String() string { return fmt.Sprintf("cose(%d bytes)", len(p.raw)) }

// GoString is String, so that %#v prints no content either.
func (p *Presentation) GoString() string { return p.String() }

// InsecureVerifySignature checks nothing but form and signature of a vc+cose or vp+cose under a key that the caller believes in: not whose
// key it is, not the time, not what is inside a presentation. It is for conformance suites and tools. It returns the payload, with the
// media type of what is in it, "vc" or "vp". Errors are a *vc.Fault.
func InsecureVerifySignature(b []byte, key keys.PublicKey) (payload []byte, mediaType string, err error) {
	t, err := unwrap(b)
	if err != nil {
		return nil, "", err
	}
	if t.isPresentation() {
		p, err := t.presentation()
		if err == nil {
			err = p.checkBinding(key)
		}
		if err != nil {
			return nil, "", err
		}
		return p.Payload, "vp", nil
	}
	p, err := t.credential()
	if err == nil {
		err = p.CheckSignature(key)
	}
	if err != nil {
		return nil, "", err
	}
	return p.Payload, "vc", nil
}
