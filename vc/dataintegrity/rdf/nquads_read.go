package rdf

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// ErrSyntax is the error of N-Quads that are not well-formed.
var ErrSyntax = errors.New("rdf: malformed N-Quads")

// ErrLimit is the error of N-Quads, or of a dataset, beyond a limit.
var ErrLimit = errors.New("rdf: beyond the limit")

// Limits bound what ParseNQuads reads; a zero field means its default.
type Limits struct {
	Bytes int // of the text; default 1 MiB
	Quads int // default 65,536
}

// ParseNQuads reads N-Quads (RDF 1.1 N-Quads, W3C Recommendation of 2014-02-25) by the letter of its grammar: UTF-8, absolute
// IRIs, no escape that stands for a character which the place excludes, no surrogates. Blank nodes are numbered as they
// come. Statements that are there twice are kept twice. The dataset shares no memory with b. Errors: ErrSyntax with the line,
// ErrLimit; neither holds any of the text.
func ParseNQuads(b []byte, lim Limits) (*Dataset, error) {
	if lim.Bytes <= 0 {
		lim.Bytes = 1 << 20
	}
	if lim.Quads <= 0 {
		lim.Quads = 1 << 16
	}
	if len(b) > lim.Bytes {
		return nil, fmt.Errorf("%w: N-Quads of %d bytes, allowed are %d", ErrLimit, len(b), lim.Bytes)
	}
	if !utf8.Valid(b) {
		return nil, fmt.Errorf("%w: not UTF-8", ErrSyntax)
	}
	r := nquadsReader{s: string(b), line: 1, d: &Dataset{}, blanks: map[string]int{}}
	for {
		r.space()
		switch r.peek() {
		case endOfText:
			if r.i >= len(r.s) {
				return r.d, nil
			}
		case '\n', '\r':
			r.endOfLine()
			continue
		case '#':
			r.comment()
			continue
		}
		if len(r.d.Quads) == lim.Quads {
			return nil, fmt.Errorf("%w: more than %d quads", ErrLimit, lim.Quads)
		}
		q, err := r.quad()
		if err != nil {
			return nil, err
		}
		r.d.Quads = append(r.d.Quads, q)
	}
}

type nquadsReader struct {
	s      string
	i      int
	line   int
	d      *Dataset
	blanks map[string]int
}

// endOfText is what peek gives at the end; a NUL in the text is no token, so that it cannot be taken for one.
const endOfText = 0

func (r *nquadsReader) peek() byte {
	if r.i < len(r.s) {
		return r.s[r.i]
	}
	return endOfText
}

func (r *nquadsReader) space() {
	for r.i < len(r.s) && (r.s[r.i] == ' ' || r.s[r.i] == '\t') {
		r.i++
	}
}

func (r *nquadsReader) comment() {
	for r.i < len(r.s) && r.s[r.i] != '\n' && r.s[r.i] != '\r' {
		r.i++
	}
}

func (r *nquadsReader) endOfLine() {
	if r.s[r.i] == '\n' || r.i+1 == len(r.s) || r.s[r.i+1] != '\n' {
		r.line++
	}
	r.i++
}

func (r *nquadsReader) fail(what string) error {
	return fmt.Errorf("%w: line %d: %s", ErrSyntax, r.line, what)
}

// quad reads one statement and the rest of its line but the line end.
func (r *nquadsReader) quad() (q Quad, err error) {
	if q.Subject, err = r.node("the subject"); err != nil {
		return q, err
	}
	r.space()
	if r.peek() != '<' {
		return q, r.fail("the predicate is not an IRI")
	}
	if q.Predicate, err = r.node("the predicate"); err != nil {
		return q, err
	}
	r.space()
	if r.peek() == '"' {
		q.Object, err = r.literal()
	} else {
		q.Object, err = r.node("the object")
	}
	if err != nil {
		return q, err
	}
	r.space()
	if c := r.peek(); c == '<' || c == '_' {
		if q.Graph, err = r.node("the graph"); err != nil {
			return q, err
		}
		r.space()
	}
	if r.peek() != '.' {
		return q, r.fail("no full stop after the statement")
	}
	r.i++
	r.space()
	switch r.peek() {
	case '#':
		r.comment()
	case '\n', '\r':
	default:
		if r.i < len(r.s) {
			return q, r.fail("text after the statement")
		}
	}
	return q, nil
}

// node reads an IRI or a blank node.
func (r *nquadsReader) node(what string) (Term, error) {
	switch r.peek() {
	case '<':
		s, err := r.iri()
		return NewIRI(s), err
	case '_':
		return r.blank()
	}
	return Term{}, r.fail(what + " is no term that may stand there")
}

func (r *nquadsReader) iri() (string, error) {
	end := strings.IndexByte(r.s[r.i:], '>')
	if end < 0 {
		return "", r.fail("an IRI has no end")
	}
	s := r.s[r.i+1 : r.i+end]
	r.i += end + 1
	if strings.IndexByte(s, '\\') >= 0 {
		var err error
		if s, err = r.unescape(s, false); err != nil {
			return "", err
		}
	}
	if !ValidIRI(s) {
		return "", r.fail("an IRI is relative or has characters that it may not have")
	}
	return s, nil
}

func (r *nquadsReader) blank() (Term, error) {
	if !strings.HasPrefix(r.s[r.i:], "_:") {
		return Term{}, r.fail("malformed blank node")
	}
	from := r.i + 2
	end := from // after the last character that may be the last
	for i := from; i < len(r.s); {
		c, size := rune(r.s[i]), 1
		if c >= utf8.RuneSelf {
			c, size = utf8.DecodeRuneInString(r.s[i:])
		}
		if c == '.' && i > from {
			i++
			continue
		}
		if !(labelStart(c) || i > from && labelRest(c)) {
			break
		}
		i += size
		end = i
	}
	if end == from {
		return Term{}, r.fail("malformed label of a blank node")
	}
	label := r.s[from:end]
	r.i = end
	n, ok := r.blanks[label]
	if !ok {
		n = r.d.AddBlank(label).Blank
		r.blanks[label] = n
	}
	return NewBlank(n), nil
}

// labelStart is PN_CHARS_U or a digit.
func labelStart(c rune) bool {
	switch {
	case c < utf8.RuneSelf:
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
	case c < 0x300:
		return c >= 0xC0 && c != 0xD7 && c != 0xF7
	}
	return c >= 0x370 && c <= 0x1FFF && c != 0x37E || c == 0x200C || c == 0x200D || c >= 0x2070 && c <= 0x218F ||
		c >= 0x2C00 && c <= 0x2FEF || c >= 0x3001 && c <= 0xD7FF || c >= 0xF900 && c <= 0xFDCF || c >= 0xFDF0 && c <= 0xFFFD ||
		c >= 0x10000 && c <= 0xEFFFF
}

// labelRest is what PN_CHARS has beyond labelStart.
func labelRest(c rune) bool {
	return c == '-' || c == 0xB7 || c >= 0x300 && c <= 0x36F || c == 0x203F || c == 0x2040
}

func (r *nquadsReader) literal() (Term, error) {
	from, escaped := r.i+1, false
	i := from
scan:
	for ; ; i++ {
		if i >= len(r.s) {
			return Term{}, r.fail("a literal has no end")
		}
		switch r.s[i] {
		case '"':
			break scan
		case '\\':
			escaped = true
			i++
		case '\n', '\r':
			return Term{}, r.fail("a line end within a literal")
		}
	}
	s := r.s[from:i]
	r.i = i + 1
	if escaped {
		var err error
		if s, err = r.unescape(s, true); err != nil {
			return Term{}, err
		}
	}
	r.space()
	switch r.peek() {
	case '@':
		from := r.i + 1
		for r.i++; r.i < len(r.s) && languageByte(r.s[r.i]); r.i++ {
		}
		if !ValidLanguage(r.s[from:r.i]) {
			return Term{}, r.fail("malformed language tag")
		}
		return NewLangLiteral(s, r.s[from:r.i]), nil
	case '^':
		if !strings.HasPrefix(r.s[r.i:], "^^") {
			return Term{}, r.fail("malformed datatype")
		}
		r.i += 2
		r.space()
		if r.peek() != '<' {
			return Term{}, r.fail("a datatype is not an IRI")
		}
		datatype, err := r.iri()
		return NewLiteral(s, datatype), err
	}
	return NewLiteral(s, ""), nil
}

func languageByte(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-'
}

// unescape resolves \uXXXX and \UXXXXXXXX, and in literals the escapes of one letter.
func (r *nquadsReader) unescape(s string, literal bool) (string, error) {
	out := make([]byte, 0, len(s))
	for {
		at := strings.IndexByte(s, '\\')
		if at < 0 {
			return string(append(out, s...)), nil
		}
		out = append(out, s[:at]...)
		s = s[at+1:]
		if s == "" {
			return "", r.fail("an escape has no end")
		}
		digits := 0
		switch s[0] {
		case 'u':
			digits = 4
		case 'U':
			digits = 8
		default:
			c := unescapedOf(s[0])
			if c == 0 || !literal {
				return "", r.fail("unknown escape")
			}
			out, s = append(out, c), s[1:]
			continue
		}
		c, ok := hexRune(s[1:], digits)
		if !ok {
			return "", r.fail("an escape that is no character")
		}
		out, s = utf8.AppendRune(out, c), s[1+digits:]
	}
}

func unescapedOf(c byte) byte {
	switch c {
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 'f':
		return '\f'
	case '"', '\'', '\\':
		return c
	}
	return 0
}

// hexRune reads a Unicode scalar value from the first digits of s.
func hexRune(s string, digits int) (rune, bool) {
	if len(s) < digits {
		return 0, false
	}
	var v uint32
	for i := range digits {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		v = v<<4 | uint32(c)
	}
	return rune(v), v <= utf8.MaxRune && (v < 0xD800 || v > 0xDFFF)
}
