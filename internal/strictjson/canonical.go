package strictjson

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// AppendCanonical appends the canonical form of v (RFC 8785): no white space, members sorted by the UTF-16 code units of
// their names, numbers as ECMAScript writes the nearest double. The zero Value is written as null.
func AppendCanonical(dst []byte, v Value) []byte {
	switch v.kind {
	case Bool:
		return append(dst, v.Raw()...)
	case Number:
		s, _ := v.Number()
		return appendLiteral(dst, s)
	case String:
		if v.first == 0 { // written without escapes, and so has none in the canonical form
			return append(dst, v.Raw()...)
		}
		s, _ := v.Str()
		return AppendString(dst, s)
	case Array:
		dst = append(dst, '[')
		for i, e := range v.Elems() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendCanonical(dst, e)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, m := range sorted(v.Members()) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendString(dst, m.Name)
			dst = append(dst, ':')
			dst = AppendCanonical(dst, m.Value)
		}
		return append(dst, '}')
	}
	return append(dst, "null"...)
}

func sorted(members []Member) []Member {
	byName := func(a, b Member) int { return CompareNames(a.Name, b.Name) }
	if slices.IsSortedFunc(members, byName) {
		return members
	}
	members = slices.Clone(members)
	slices.SortFunc(members, byName)
	return members
}

// CompareNames orders member names as RFC 8785, section 3.2.3, does: by UTF-16 code units. It differs from the order of the
// UTF-8 bytes only where a character above U+FFFF meets one from U+E000 to U+FFFF.
func CompareNames(a, b string) int {
	for i := range min(len(a), len(b)) {
		x, y := a[i], b[i]
		if x == y {
			continue
		}
		if x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0) {
			x, y = y, x
		}
		return int(x) - int(y)
	}
	return len(a) - len(b)
}

// AppendString appends s as a JSON string, escaped as RFC 8785, section 3.2.2.2, demands. Bytes of s that are not UTF-8
// are written as U+FFFD.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	start := len(dst)
	dst = append(dst, '"')
	from, ascii := 0, true
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= utf8.RuneSelf {
			ascii = false
			continue
		}
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\r':
			dst = append(dst, '\\', 'r')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	if !ascii && !utf8.ValidString(s) {
		return AppendString(dst[:start], strings.ToValidUTF8(s, "\uFFFD"))
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
