package strictjson

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf16"
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

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainEnd returns the index, from i, of the first byte that ends or escapes a string or may not stand in one: a quote, a
// backslash or a control character. It looks at eight bytes at a time; len(src) means none.
func plainEnd(src []byte, i int) int {
	for ; i+8 <= len(src); i += 8 {
		x := binary.LittleEndian.Uint64(src[i:])
		quote := x ^ ('"' * ones)
		slash := x ^ ('\\' * ones)
		// In each of the three, the lowest flagged byte is exact; a borrow can flag only bytes above it.
		if m := ((x-0x20*ones)&^x | (quote-ones)&^quote | (slash-ones)&^slash) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)/8
		}
	}
	for ; i < len(src); i++ {
		if c := src[i]; c < 0x20 || c == '"' || c == '\\' {
			break
		}
	}
	return i
}

func (p *parser) str() (Value, error) {
	v := Value{doc: p.doc, kind: String, start: uint32(p.i)}
	end := plainEnd(p.src, p.i+1)
	if end < len(p.src) && p.src[end] == '"' {
		p.i = end + 1
		v.end = uint32(p.i)
		return v, nil
	}
	s, err := p.escaped(end)
	if err != nil {
		return Value{}, err
	}
	p.doc.decoded = append(p.doc.decoded, s)
	v.first = uint32(len(p.doc.decoded))
	v.end = uint32(p.i)
	return v, nil
}

// escaped decodes the string that starts at p.i and whose first special byte stands at next.
func (p *parser) escaped(next int) (string, error) {
	out := make([]byte, 0, 2*(next-p.i)+16)
	from := p.i + 1
	for {
		out = append(out, p.src[from:next]...)
		p.i = next
		switch {
		case next >= len(p.src):
			return "", p.fail(ErrSyntax, "text ends inside a string")
		case p.src[next] == '"':
			p.i++
			return string(out), nil
		case p.src[next] != '\\':
			return "", p.fail(ErrSyntax, "control character in a string")
		}
		r, size := unescape(p.src[next:])
		if size == 0 {
			return "", p.fail(ErrSyntax, "bad escape or lone surrogate in a string")
		}
		out = utf8.AppendRune(out, r)
		from = next + size
		next = plainEnd(p.src, from)
	}
}

// unescape reads the escape at the start of b, which starts with a backslash; size 0 means that there is none.
func unescape(b []byte) (r rune, size int) {
	if len(b) < 2 {
		return 0, 0
	}
	switch b[1] {
	case '"', '\\', '/':
		return rune(b[1]), 2
	case 'b':
		return '\b', 2
	case 'f':
		return '\f', 2
	case 'n':
		return '\n', 2
	case 'r':
		return '\r', 2
	case 't':
		return '\t', 2
	}
	r, ok := hexEscape(b)
	switch {
	case !ok:
		return 0, 0
	case !utf16.IsSurrogate(r):
		return r, 6
	}
	low, ok := hexEscape(b[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0
	}
	return r, 12
}

func hexEscape(b []byte) (r rune, ok bool) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return 0, false
	}
	for _, c := range b[2:6] {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}
