package jsonld

import (
	"strings"
)

// expanded is what a word of a document or context stands for: a keyword, an IRI or a blank node label.
type expanded struct {
	iri     string
	keyword keyword
}

// absolute tells whether e is an IRI or a blank node label that can go into RDF.
func (e expanded) absolute() bool { return isIRI(e.iri) || isBlank(e.iri) }

// expand finds what s stands for (API, section 5.2, without a base IRI): as a word of the vocabulary, or else as an
// identifier. What has no absolute form is an error.
func (c *context) expand(s string, vocab bool) (expanded, error) {
	if vocab {
		if t := c.terms[s]; t != nil {
			if t.iri == "" && t.keyword == noKeyword {
				return expanded{}, refuse(ErrUndefinedTerm, "%s is defined as null", printable(s))
			}
			return expanded{iri: t.iri, keyword: t.keyword}, nil
		}
	}
	if likeKeyword(s) {
		return expanded{}, refuse(ErrSyntax, "%s has the form of a keyword", printable(s))
	}
	if colon := strings.IndexByte(s, ':'); colon > 0 {
		e, err := c.compact(s, colon)
		if err != nil || e.absolute() {
			return e, err
		}
		return e, refuse(ErrRelativeIRI, "not an IRI")
	}
	if !vocab {
		return expanded{}, refuse(ErrRelativeIRI, "not an absolute IRI")
	}
	if c.vocab == "" {
		return expanded{}, refuse(ErrUndefinedTerm, "%s", printable(s))
	}
	iri, err := join(c.vocab, s)
	if err == nil && !isIRI(iri) {
		err = refuse(ErrRelativeIRI, "%s makes no IRI of the vocabulary", printable(s))
	}
	return expanded{iri: iri}, err
}

// compact expands s, which has a colon, as a compact IRI if its prefix is one, and as it stands otherwise.
func (c *context) compact(s string, colon int) (expanded, error) {
	suffix := s[colon+1:]
	if s[:colon] == "_" || strings.HasPrefix(suffix, "//") {
		return expanded{iri: s}, nil
	}
	if t := c.terms[s[:colon]]; t != nil && t.prefix && t.iri != "" {
		iri, err := join(t.iri, suffix)
		return expanded{iri: iri}, err
	}
	return expanded{iri: s}, nil
}

// join puts an IRI together. Its length is limited, because a short text could name very many long ones.
func join(a, b string) (string, error) {
	if len(a)+len(b) > maxIRI {
		return "", refuse(ErrLimit, "an IRI over %d bytes", maxIRI)
	}
	return a + b, nil
}
