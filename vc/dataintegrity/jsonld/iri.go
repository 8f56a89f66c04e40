package jsonld

import "strings"

// isIRI tells whether s is an absolute IRI: a scheme, a colon, and none of the characters that an IRI in N-Quads must not
// have. The last condition matters: an IRI is signed as it stands, and one with a ">" in it could imitate another statement.
func isIRI(s string) bool {
	colon := strings.IndexByte(s, ':')
	if colon <= 0 || !letter(s[0]) {
		return false
	}
	for i := 1; i < colon; i++ {
		if c := s[i]; !letter(c) && (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	for i := colon + 1; i < len(s); i++ {
		if notInIRI[s[i]] {
			return false
		}
	}
	return true
}

func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

var notInIRI = func() (no [256]bool) {
	for c := range 0x21 {
		no[c] = true
	}
	for _, c := range `<>"{}|^` + "`\\\x7f" {
		no[c] = true
	}
	return no
}()

// isBlank tells whether s names a blank node ("_:label"), with a label that N-Quads can write.
func isBlank(s string) bool {
	if len(s) < 3 || s[0] != '_' || s[1] != ':' {
		return false
	}
	for i := 2; i < len(s); i++ {
		c := s[i]
		switch {
		case letter(c) || '0' <= c && c <= '9' || c == '_' || c >= 0x80:
		case (c == '-' || c == '.') && i > 2:
		default:
			return false
		}
	}
	return s[len(s)-1] != '.'
}

// isLanguageTag tells whether s is well-formed as far as JSON-LD processors look (BCP 47, section 2.1, roughly).
func isLanguageTag(s string) bool {
	for n, part := 0, s; ; n++ {
		sub, rest, more := strings.Cut(part, "-")
		if len(sub) == 0 || len(sub) > 8 {
			return false
		}
		for i := range len(sub) {
			if c := sub[i]; !letter(c) && (n == 0 || c < '0' || c > '9') {
				return false
			}
		}
		if !more {
			return true
		}
		part = rest
	}
}
