package vcdm

import "strings"

// isLanguageTag tells whether s is a well-formed language tag (RFC 5646, section 2.1, which is BCP 47): the syntax, and not
// whether the registry has its subtags. Tags are compared without regard to case.
func isLanguageTag(s string) bool {
	if len(s) > maxLanguageTag {
		return false
	}
	s = strings.ToLower(s)
	if grandfathered[s] {
		return true
	}
	t := tag{rest: strings.Split(s, "-")}
	if t.is(1, 1, isX) {
		return t.private()
	}
	return t.language() && t.extensions() && t.end()
}

// maxLanguageTag is far above what RFC 5646, section 4.4.1 expects (35).
const maxLanguageTag = 256

// grandfathered are the tags of RFC 5646 that do not follow its grammar (irregular; the regular ones do).
var grandfathered = map[string]bool{
	"en-gb-oed": true, "i-ami": true, "i-bnn": true, "i-default": true, "i-enochian": true, "i-hak": true, "i-klingon": true,
	"i-lux": true, "i-mingo": true, "i-navajo": true, "i-pwn": true, "i-tao": true, "i-tay": true, "i-tsu": true,
	"sgn-be-fr": true, "sgn-be-nl": true, "sgn-ch-de": true,
	"art-lojban": true, "cel-gaulish": true, "no-bok": true, "no-nyn": true, "zh-guoyu": true, "zh-hakka": true, "zh-min": true,
	"zh-min-nan": true, "zh-xiang": true,
}

// tag is what is left of a language tag, in subtags.
type tag struct{ rest []string }

// is tells whether the next subtag has this length and nothing but these characters.
func (t *tag) is(shortest, longest int, of func(byte) bool) bool {
	if len(t.rest) == 0 || len(t.rest[0]) < shortest || len(t.rest[0]) > longest {
		return false
	}
	for i := range len(t.rest[0]) {
		if !of(t.rest[0][i]) {
			return false
		}
	}
	return true
}

func (t *tag) next() { t.rest = t.rest[1:] }

// language reads language, script, region and variants.
func (t *tag) language() bool {
	if !t.is(2, 8, isLetter) {
		return false
	}
	short := len(t.rest[0]) <= 3
	t.next()
	for i := 0; short && i < 3 && t.is(3, 3, isLetter); i++ {
		t.next()
	}
	if t.is(4, 4, isLetter) {
		t.next()
	}
	if t.is(2, 2, isLetter) || t.is(3, 3, isDigit) {
		t.next()
	}
	seen := map[string]bool{}
	for t.is(5, 8, isAlphanumeric) || t.is(4, 4, isAlphanumeric) && isDigit(t.rest[0][0]) {
		if seen[t.rest[0]] {
			return false
		}
		seen[t.rest[0]] = true
		t.next()
	}
	return true
}

// extensions reads extensions by singletons, each at most once.
func (t *tag) extensions() bool {
	var seen [256]bool
	for t.is(1, 1, isAlphanumeric) && !t.is(1, 1, isX) {
		c := t.rest[0][0]
		if seen[c] {
			return false
		}
		seen[c] = true
		t.next()
		if !t.is(2, 8, isAlphanumeric) {
			return false
		}
		for t.is(2, 8, isAlphanumeric) {
			t.next()
		}
	}
	return true
}

func (t *tag) end() bool { return len(t.rest) == 0 || t.private() }

// private reads a private use sequence, which ends a tag or is all of it.
func (t *tag) private() bool {
	if !t.is(1, 1, isX) {
		return false
	}
	t.next()
	if len(t.rest) == 0 {
		return false
	}
	for t.is(1, 8, isAlphanumeric) {
		t.next()
	}
	return len(t.rest) == 0
}

func isX(c byte) bool            { return c == 'x' }
func isLetter(c byte) bool       { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool        { return '0' <= c && c <= '9' }
func isAlphanumeric(c byte) bool { return isLetter(c) || isDigit(c) }
