package strictjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

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
