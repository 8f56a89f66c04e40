package rdf

import (
	"errors"
	"fmt"
)

// ErrQuad is the error of a quad that is no statement of RDF, or that cannot be written as N-Quads: what would follow from
// signing it is undefined.
var ErrQuad = errors.New("rdf: malformed quad")

// ValidIRI tells whether s is an absolute IRI as N-Quads can hold it: a scheme, a colon, and none of the characters that
// IRIREF excludes (U+0000 to U+0020 and <>"{}|^`\). The parts after the scheme are not looked at.
func ValidIRI(s string) bool {
	i := 0
	for ; i < len(s); i++ {
		c := s[i]
		if c|0x20 >= 'a' && c|0x20 <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '+' || c == '-' || c == '.') {
			continue
		}
		break
	}
	if i == 0 || i == len(s) || s[i] != ':' {
		return false
	}
	var bad byte
	for i++; i < len(s); i++ {
		bad |= outsideIRI[s[i]]
	}
	return bad == 0
}

// outsideIRI[c] is 1 for the bytes that IRIREF excludes.
var outsideIRI = func() (t [256]byte) {
	for c := range 0x21 {
		t[c] = 1
	}
	for _, c := range []byte("<>\"{}|^`\\") {
		t[c] = 1
	}
	return t
}()

// ValidLanguage tells whether s is a language tag as N-Quads can hold it: letters, then groups of letters and digits, each
// after a hyphen.
func ValidLanguage(s string) bool {
	group, first := 0, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c|0x20 >= 'a' && c|0x20 <= 'z', !first && c >= '0' && c <= '9':
			group++
		case c == '-' && group > 0:
			group, first = 0, false
		default:
			return false
		}
	}
	return group > 0
}

// check returns what keeps the quad from being a statement over the blank nodes 0 to blanks-1.
func (q *Quad) check(blanks int) error {
	switch {
	case q.Subject.Kind != IRI && q.Subject.Kind != Blank:
		return fmt.Errorf("%w: the subject is neither an IRI nor a blank node", ErrQuad)
	case q.Predicate.Kind != IRI:
		return fmt.Errorf("%w: the predicate is not an IRI", ErrQuad)
	case q.Object.Kind == DefaultGraph:
		return fmt.Errorf("%w: there is no object", ErrQuad)
	case q.Graph.Kind == Literal:
		return fmt.Errorf("%w: the graph is a literal", ErrQuad)
	}
	for _, t := range [...]*Term{&q.Subject, &q.Predicate, &q.Object, &q.Graph} {
		if err := t.check(blanks); err != nil {
			return err
		}
	}
	return nil
}

func (t *Term) check(blanks int) error {
	switch t.Kind {
	case DefaultGraph:
	case IRI:
		if !ValidIRI(t.Value) {
			return fmt.Errorf("%w: not an absolute IRI", ErrQuad)
		}
	case Blank:
		if t.Blank < 0 || t.Blank >= blanks {
			return fmt.Errorf("%w: blank node %d of %d", ErrQuad, t.Blank, blanks)
		}
	case Literal:
		if t.Language != "" {
			if !ValidLanguage(t.Language) {
				return fmt.Errorf("%w: malformed language tag", ErrQuad)
			}
		} else if t.Datatype != XSDString && !ValidIRI(t.Datatype) {
			return fmt.Errorf("%w: the datatype is not an absolute IRI", ErrQuad)
		}
	default:
		return fmt.Errorf("%w: a term of unknown kind", ErrQuad)
	}
	return nil
}
