package rdf

import "errors"

// ErrSyntax is the error of N-Quads that are not well-formed.
var ErrSyntax = errors.New("rdf: malformed N-Quads")

// ErrLimit is the error of N-Quads beyond a limit.
var ErrLimit = errors.New("rdf: N-Quads beyond the limit")

// Limits bound what ParseNQuads reads; a zero field means its default.
type Limits struct {
	Bytes int // of the text; default 1 MiB
	Quads int // default 65,536
}

// ParseNQuads reads N-Quads (RDF 1.1 N-Quads, W3C Recommendation of 2014-02-25) strictly.
func ParseNQuads(b []byte, lim Limits) (*Dataset, error) {
	return nil, errors.New("rdf: reading N-Quads is not built yet")
}
