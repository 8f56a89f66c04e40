package dataintegrity

import (
	"bytes"
	"fmt"
	"slices"
	"sync"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// Presentation is a credential that a holder presents, in a verifiable presentation or alone: what [Credential.Present] made, or what a
// verifier received. It is not verified; a vc.Verifier does that. It keeps the bytes as received and is safe for concurrent use.
type Presentation struct{ document }

// Received returns a presentation of received bytes, which it copies: a credential, or a verifiable presentation of exactly one;
// see [Split] for several. They are parsed when a Verifier opens it, so that a report covers parsing too.
func Received(b []byte, opt *Options) *Presentation {
	return &Presentation{document{raw: bytes.Clone(b), opt: opt, presented: true, index: only}}
}

// Parse is [Received] and parses at once. Errors are a *vc.Fault.
func Parse(b []byte, opt *Options) (*Presentation, error) {
	p := Received(b, opt)
	if _, err := p.load(); err != nil {
		return nil, err
	}
	return p, nil
}

// Split returns a presentation for each credential of a verifiable presentation, in its order, with the holder's one signature; for a
// credential alone it returns that. Those that another format encloses (EnvelopedVerifiableCredential) are an error here:
// vcdm.ParsePresentation tells them apart. Errors are a *vc.Fault.
func Split(b []byte, opt *Options) ([]*Presentation, error) {
	raw := bytes.Clone(b)
	v, err := parseJSON(raw)
	if err != nil {
		return nil, err
	}
	n := 1
	if isPresentation(v) {
		p, err := vcdm.ParsePresentation(v)
		if err != nil {
			return nil, err
		}
		n = len(p.Credentials)
	}
	all := make([]*Presentation, n)
	for i := range all {
		all[i] = &Presentation{document{raw: raw, opt: opt, presented: true, index: i}}
		if _, err := all[i].load(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// only is the index of a credential that must be alone in its presentation.
const only = -1

// document is what presentations and credentials have in common: bytes, parsed at most once.
type document struct {
	raw       []byte
	opt       *Options
	presented bool // else it is the holder's own, who may have base proofs
	index     int  // of the credential in the presentation, or only

	once   sync.Once
	opened *opened
	err    error
}

func (d *document) load() (*opened, error) {
	d.once.Do(func() { d.opened, d.err = d.open() })
	return d.opened, d.err
}

// Open implements vc.Presentation.
func (d *document) Open() (vc.Parsed, error) {
	o, err := d.load()
	if err != nil {
		return nil, err
	}
	if i, ok := o.withIssuance(); ok {
		return i, nil
	}
	return o, nil
}

// Bytes returns the JSON, as received. The slice is shared: do not change it.
func (d *document) Bytes() []byte { return d.raw }

// UnverifiedClaims returns what a look inside shows: the credential without its proofs, whoever signed it. It is for people who
// look at their own credentials and for tools, and nothing may rest on it. Errors are a *vc.Fault.
func (d *document) UnverifiedClaims() (map[string]any, error) {
	o, err := d.load()
	if err != nil {
		return nil, err
	}
	m, _ := o.credential.bare.Interface().(map[string]any)
	return m, nil
}

// Proofs returns the proofs of the credential, unverified. Errors are a *vc.Fault.
func (d *document) Proofs() ([]*Proof, error) {
	o, err := d.load()
	if err != nil {
		return nil, err
	}
	return slices.Clone(o.credential.proofs), nil
}

// String tells the size and no content.
func (d *document) String() string { return fmt.Sprintf("dataintegrity(%d bytes)", len(d.raw)) }

// GoString is String, so that %#v prints no content either.
func (d *document) GoString() string { return d.String() }

// isPresentation tells a presentation from a credential by its type.
func isPresentation(v strictjson.Value) bool {
	t, _ := v.Get("type")
	return slices.ContainsFunc(listOf(t), func(e strictjson.Value) bool {
		s, _ := e.Str()
		return s == "VerifiablePresentation"
	})
}
