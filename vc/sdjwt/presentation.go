package sdjwt

import (
	"bytes"
	"fmt"
	"sync"

	"github.com/realdid/realdid/vc"
)

// Presentation is an SD-JWT, or SD-JWT+KB, that a holder presents: what [Credential.Present] made, or what a verifier received. It is
// not verified; a vc.Verifier does that. It keeps the bytes as received and is safe for concurrent use.
type Presentation struct{ document }

// Received returns a presentation of received bytes, which it copies. They are parsed when a Verifier opens it, so that a
// report covers parsing too.
func Received(b []byte) *Presentation {
	return &Presentation{document{raw: bytes.Clone(b)}}
}

// Parse is [Received] and parses at once. Errors are a *vc.Fault.
func Parse(b []byte) (*Presentation, error) {
	p := Received(b)
	if _, err := p.load(); err != nil {
		return nil, err
	}
	return p, nil
}

// document is what presentations and credentials have in common: bytes, parsed at most once.
type document struct {
	raw    []byte
	once   sync.Once
	opened *opened
	err    error
}

func (d *document) load() (*opened, error) {
	d.once.Do(func() { d.opened, d.err = open(d.raw) })
	return d.opened, d.err
}

// Open implements vc.Presentation.
func (d *document) Open() (vc.Parsed, error) {
	o, err := d.load()
	if err != nil {
		return nil, err
	}
	return o, nil
}

// Bytes returns the serialization, as received. The slice is shared: do not change it.
func (d *document) Bytes() []byte { return d.raw }

// Serialization returns the form; that of bytes which do not parse is Compact.
func (d *document) Serialization() Serialization {
	o, err := d.load()
	if err != nil {
		return Compact
	}
	return o.form
}

// UnverifiedClaims returns what a look inside shows: the claims in the clear and those disclosed, whoever signed them. It is for
// people who look at their own credentials and for tools, and nothing may rest on it. Errors are a *vc.Fault.
func (d *document) UnverifiedClaims() (map[string]any, error) {
	o, err := d.load()
	if err != nil {
		return nil, err
	}
	p := newProcessor(o.body, o.list, o.kind)
	if err := p.check(); err != nil {
		return nil, err
	}
	return p.claims(), nil
}

// String tells the size and no content.
func (d *document) String() string { return fmt.Sprintf("sdjwt(%d bytes)", len(d.raw)) }

// GoString is String, so that %#v prints no content either.
func (d *document) GoString() string { return d.String() }
