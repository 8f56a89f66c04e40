package vcdm

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/realdid/realdid/did"
)

// isURL tells whether s is an absolute URL as the data model means it: with a scheme, and written without anything that would have
// to be escaped. Letters beyond ASCII are allowed (RFC 3987); white space, controls and invisible format characters are not. URLs
// of http and https need a host, and DID URLs are checked whole.
func isURL(s string) bool {
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || rest == "" || !isScheme(scheme) || !isURLText(rest) {
		return false
	}
	switch scheme {
	case "did":
		_, err := did.ParseURL(s)
		return err == nil
	case "http", "https":
		host, ok := strings.CutPrefix(rest, "//")
		return ok && host != "" && !strings.ContainsRune("/?#:@", rune(host[0]))
	}
	return true
}

// isScheme follows RFC 3986, section 3.1.
func isScheme(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z':
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return s != ""
}

func isURLText(s string) bool {
	hash := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ' || c == 0x7f || strings.IndexByte("\"<>\\^`{|}", c) >= 0:
			return false
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
		case c == '#':
			if hash {
				return false
			}
			hash = true
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError || !unicode.IsGraphic(r) || unicode.IsSpace(r) {
				return false
			}
			i += size - 1
		}
	}
	return true
}

func isHex(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f' }
