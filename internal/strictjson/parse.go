package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Limits bounds what Parse accepts. A field that is not positive means the default.
type Limits struct {
	Bytes int // length of the text; default 1 MiB, at most 1 GiB
	Depth int // nested arrays and objects; default 32, at most 1,000
	Nodes int // values in all, members and elements included; default 65,536
}

const (
	defaultBytes = 1 << 20
	defaultDepth = 32
	defaultNodes = 1 << 16
	maxBytes     = 1 << 30
	maxDepth     = 1000
)

// Why a text was refused. Every error of Parse is one of these (errors.Is), with the offset.
var (
	ErrSyntax    = errors.New("not well-formed")
	ErrDuplicate = errors.New("duplicate member name")
	ErrLimit     = errors.New("over a limit")
)

// Parse reads one JSON value, with optional white space around it. The values returned refer to b, which must not change
// while they are in use. Errors are ErrSyntax, ErrDuplicate or ErrLimit and name an offset, never content.
func Parse(b []byte, lim Limits) (Value, error) {
	lim = lim.withDefaults()
	if len(b) > lim.Bytes {
		return Value{}, fmt.Errorf("strictjson: %w: %d bytes, at most %d", ErrLimit, len(b), lim.Bytes)
	}
	if !utf8.Valid(b) {
		return Value{}, fmt.Errorf("strictjson: %w: invalid UTF-8", ErrSyntax)
	}
	p := parser{src: b, doc: &text{src: b, str: string(b)}, depth: lim.Depth, nodes: lim.Nodes}
	// Upper bounds, counted fast: a member needs a colon, an element a comma or the bracket that opens its array.
	if n := min(bytes.Count(b, []byte{':'}), lim.Nodes); n > 0 {
		p.doc.members = make([]Member, n)
	}
	if n := bytes.Count(b, []byte{'['}); n > 0 {
		p.doc.elems = make([]Value, min(n+bytes.Count(b, []byte{','}), lim.Nodes))
	}
	p.openMember, p.openElem = len(p.doc.members), len(p.doc.elems)
	p.space()
	v, err := p.value()
	if err != nil {
		return Value{}, err
	}
	p.space()
	if p.i != len(b) {
		return Value{}, p.fail(ErrSyntax, "data after the value")
	}
	return v, nil
}

func (l Limits) withDefaults() Limits {
	set := func(n, def, most int) int {
		if n <= 0 {
			return def
		}
		return min(n, most)
	}
	return Limits{
		Bytes: set(l.Bytes, defaultBytes, maxBytes),
		Depth: set(l.Depth, defaultDepth, maxDepth),
		Nodes: set(l.Nodes, defaultNodes, maxBytes),
	}
}

// parser fills the two slabs of doc from both ends: members (elements) of open containers are stacked downwards from the
// back, and move, in order, to the front when their container closes. They can never meet, because each slab has
// room for all that the text can hold.
type parser struct {
	src                      []byte
	doc                      *text
	i                        int
	depth, nodes             int // what is left of the limits
	openMember, openElem     int
	closedMember, closedElem int
}

func (p *parser) fail(kind error, what string) error {
	return fmt.Errorf("strictjson: %w: offset %d: %s", kind, p.i, what)
}

func (p *parser) space() {
	for p.i < len(p.src) {
		switch p.src[p.i] {
		case ' ', '\t', '\n', '\r':
			p.i++
		default:
			return
		}
	}
}

func (p *parser) value() (Value, error) {
	if p.nodes--; p.nodes < 0 {
		return Value{}, p.fail(ErrLimit, "too many values")
	}
	if p.i >= len(p.src) {
		return Value{}, p.fail(ErrSyntax, "text ends where a value should be")
	}
	switch c := p.src[p.i]; {
	case c == '"':
		return p.str()
	case c == '{':
		return p.object()
	case c == '[':
		return p.array()
	case c == '-' || '0' <= c && c <= '9':
		return p.number()
	case c == 't':
		return p.literal("true", Bool)
	case c == 'f':
		return p.literal("false", Bool)
	case c == 'n':
		return p.literal("null", Null)
	}
	return Value{}, p.fail(ErrSyntax, "no value starts like this")
}

func (p *parser) literal(word string, kind Kind) (Value, error) {
	end := p.i + len(word)
	if end > len(p.src) || p.doc.str[p.i:end] != word {
		return Value{}, p.fail(ErrSyntax, "unknown literal")
	}
	v := Value{doc: p.doc, kind: kind, start: uint32(p.i), end: uint32(end)}
	p.i = end
	return v, nil
}

func (p *parser) enter() error {
	if p.depth--; p.depth < 0 {
		return p.fail(ErrLimit, "nested too deeply")
	}
	p.i++
	p.space()
	return nil
}

func (p *parser) peek() byte {
	if p.i < len(p.src) {
		return p.src[p.i]
	}
	return 0
}

func (p *parser) array() (Value, error) {
	v := Value{doc: p.doc, kind: Array, start: uint32(p.i)}
	if err := p.enter(); err != nil {
		return Value{}, err
	}
	top := p.openElem
	if p.peek() != ']' {
		for {
			e, err := p.value()
			if err != nil {
				return Value{}, err
			}
			p.openElem--
			p.doc.elems[p.openElem] = e
			p.space()
			if p.peek() != ',' {
				break
			}
			p.i++
			p.space()
		}
		if p.peek() != ']' {
			return Value{}, p.fail(ErrSyntax, "expected , or ] in an array")
		}
	}
	p.i++
	p.depth++
	v.first, v.n = closeSlab(p.doc.elems, &p.openElem, &p.closedElem, top)
	v.end = uint32(p.i)
	return v, nil
}

func (p *parser) object() (Value, error) {
	v := Value{doc: p.doc, kind: Object, start: uint32(p.i)}
	if err := p.enter(); err != nil {
		return Value{}, err
	}
	top := p.openMember
	if p.peek() != '}' {
		for {
			if p.peek() != '"' {
				return Value{}, p.fail(ErrSyntax, "expected a member name")
			}
			name, err := p.str()
			if err != nil {
				return Value{}, err
			}
			p.space()
			if p.peek() != ':' {
				return Value{}, p.fail(ErrSyntax, "expected : after a member name")
			}
			p.i++
			p.space()
			e, err := p.value()
			if err != nil {
				return Value{}, err
			}
			s, _ := name.Str()
			p.openMember--
			p.doc.members[p.openMember] = Member{Name: s, Value: e}
			p.space()
			if p.peek() != ',' {
				break
			}
			p.i++
			p.space()
		}
		if p.peek() != '}' {
			return Value{}, p.fail(ErrSyntax, "expected , or } in an object")
		}
	}
	p.i++
	p.depth++
	v.first, v.n = closeSlab(p.doc.members, &p.openMember, &p.closedMember, top)
	v.end = uint32(p.i)
	if duplicate(v.Members()) {
		return Value{}, p.fail(ErrDuplicate, "in the object that ends here")
	}
	return v, nil
}

// closeSlab moves the open items below top to the closed end and returns where they stand now.
func closeSlab[T any](slab []T, open, closed *int, top int) (first, n uint32) {
	items := slab[*open:top]
	slices.Reverse(items)
	first, n = uint32(*closed), uint32(len(items))
	copy(slab[*closed:], items)
	*closed += len(items)
	*open = top
	return first, n
}

func duplicate(members []Member) bool {
	if len(members) <= 24 {
		for i := 1; i < len(members); i++ {
			for j := range i {
				if members[i].Name == members[j].Name {
					return true
				}
			}
		}
		return false
	}
	seen := make(map[string]struct{}, len(members))
	for i := range members {
		seen[members[i].Name] = struct{}{}
	}
	return len(seen) != len(members)
}

// number follows the grammar of RFC 8259, section 6, and refuses what float64 cannot hold.
func (p *parser) number() (Value, error) {
	v := Value{doc: p.doc, kind: Number, start: uint32(p.i)}
	end, plain, ok := scanNumber(p.doc.str, p.i)
	if !ok {
		return Value{}, p.fail(ErrSyntax, "malformed number")
	}
	// 1.8e308 has 309 digits before the point, so shorter numbers without an exponent are in range.
	if !plain || end-p.i > 300 {
		if _, err := strconv.ParseFloat(p.doc.str[p.i:end], 64); err != nil {
			return Value{}, p.fail(ErrSyntax, "number outside the range of a double")
		}
	}
	p.i = end
	v.end = uint32(end)
	return v, nil
}

// scanNumber returns the end of the number that starts at s[i]; plain means that it has no exponent.
func scanNumber(s string, i int) (end int, plain, ok bool) {
	if i < len(s) && s[i] == '-' {
		i++
	}
	digits := func() bool {
		from := i
		for i < len(s) && '0' <= s[i] && s[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !digits() {
		return i, false, false
	}
	if i < len(s) && s[i] == '.' {
		i++
		if !digits() {
			return i, false, false
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		return i, false, digits()
	}
	return i, true, true
}
