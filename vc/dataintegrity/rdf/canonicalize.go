package rdf

import (
	"bytes"
	"crypto"
	"errors"
)

// ErrWork is the error of a dataset whose canonicalization takes more work than Options.MaxWork allows: a poison graph, or
// one with too many like nodes. It says nothing about whether the dataset is well-formed.
var ErrWork = errors.New("rdf: canonicalization takes more work than allowed")

// Options of Canonicalize; nil means the zero value.
type Options struct {
	Hash    crypto.Hash // crypto.SHA256 (also 0) or crypto.SHA384
	MaxWork int         // 0 means DefaultMaxWork
}

// Canonical is a dataset in canonical form.
type Canonical struct {
	Lines  [][]byte // canonical N-Quads sorted by code point, each with its newline, none twice
	Labels []string // Labels[i] is the canonical label of blank node i, like "c14n3", without "_:"
	Order  []int    // Lines[i] was written from Quads[Order[i]], the first of equal quads
	LineOf []int    // Quads[q] was written as Lines[LineOf[q]]
}

// NQuads returns the canonical document, all lines as one.
func (c *Canonical) NQuads() []byte { return bytes.Join(c.Lines, nil) }

// Canonicalize gives a dataset its canonical form and its blank nodes their canonical labels (RDFC-1.0 section 4.4). A blank
// node that occurs in no quad gets the label "". Errors: ErrWork; an unknown hash; a quad that is none (a literal subject, a
// blank number out of range).
func Canonicalize(d *Dataset, opt *Options) (*Canonical, error) {
	return nil, errors.New("rdf: canonicalization is not built yet")
}
