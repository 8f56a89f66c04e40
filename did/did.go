// Package did is the method-neutral model of decentralized identifiers: DID and DID URL syntax (W3C DID 1.1, Candidate
// Recommendation Snapshot 2026-03-05), the DID document, and the result and errors of resolution (W3C DID Resolution 1.0,
// Candidate Recommendation Snapshot 2026-07-23). Methods implement Resolver; this package knows none of them.
package did

import "strings"

// MaxDID is the length, in bytes, of the longest DID that Parse accepts.
const MaxDID = 2048

// DID is a decentralized identifier exactly as written; nothing is normalised, so two DIDs are the same identifier only if
// they are == . The zero DID is no identifier.
type DID struct{ s string }

// Parse reads a DID of at most MaxDID bytes by the grammar of DID 1.1, section 3.1: the method name is lower-case letters
// and digits; the method-specific id is letters, digits, ".", "-", "_", percent-encoded octets and colons, and does not end
// in a colon. Every other string, a DID URL included, is an *Error with code INVALID_DID.
func Parse(s string) (DID, error) {
	if len(s) > MaxDID {
		return DID{}, &Error{Code: InvalidDID, Detail: "longer than 2048 bytes"}
	}
	end, detail := scanDID(s)
	if detail == "" && end != len(s) {
		detail = "a character that no DID has"
	}
	if detail != "" {
		return DID{}, &Error{Code: InvalidDID, Detail: detail}
	}
	return DID{s}, nil
}

// MustParse is Parse for identifiers that are part of a program; it panics on what Parse refuses.
func MustParse(s string) DID {
	d, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

// scanDID returns the end of the DID at the start of s, or what is wrong with it.
func scanDID(s string) (end int, fault string) {
	if !strings.HasPrefix(s, "did:") {
		return 0, `does not start with "did:"`
	}
	i := 4
	for i < len(s) && (isDigit(s[i]) || 'a' <= s[i] && s[i] <= 'z') {
		i++
	}
	if i == 4 || i == len(s) || s[i] != ':' {
		return 0, "the method name is not lower-case letters and digits between colons"
	}
	i++
	for i < len(s) {
		switch c := s[i]; {
		case isAlpha(c) || isDigit(c) || c == '.' || c == '-' || c == '_' || c == ':':
			i++
			continue
		case c == '%':
			if !isEscape(s[i:]) {
				return 0, "% without two hexadecimal digits"
			}
			i += 3
			continue
		}
		break
	}
	if s[i-1] == ':' {
		return 0, "the method-specific id is empty or ends in a colon"
	}
	return i, ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isHex(c byte) bool   { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// isEscape tells whether s starts with a percent-encoded octet.
func isEscape(s string) bool {
	return len(s) >= 3 && s[0] == '%' && isHex(s[1]) && isHex(s[2])
}

// String returns the DID as it was parsed; empty for the zero DID.
func (d DID) String() string { return d.s }

// IsZero tells the zero DID.
func (d DID) IsZero() bool { return d.s == "" }

// Method returns the method name, such as "key".
func (d DID) Method() string {
	if d.s == "" {
		return ""
	}
	return d.s[4 : 4+strings.IndexByte(d.s[4:], ':')]
}

// ID returns the method-specific id: all that follows the method name and its colon.
func (d DID) ID() string {
	if d.s == "" {
		return ""
	}
	return d.s[5+strings.IndexByte(d.s[4:], ':'):]
}

// URL returns the DID as a DID URL without path, query and fragment.
func (d DID) URL() URL {
	n := uint16(len(d.s))
	return URL{s: d.s, did: n, path: n, query: n}
}

// WithFragment returns the DID URL d#fragment. It is the zero URL if d is zero or fragment is not one by RFC 3986, section 3.5.
func (d DID) WithFragment(fragment string) URL {
	if d.s == "" || scanURL(fragment, 0, true) != len(fragment) || len(d.s)+1+len(fragment) > MaxURL {
		return URL{}
	}
	n := uint16(len(d.s))
	return URL{s: d.s + "#" + fragment, did: n, path: n, query: n}
}

// MarshalText returns the DID's text.
func (d DID) MarshalText() ([]byte, error) { return []byte(d.s), nil }

// UnmarshalText is Parse.
func (d *DID) UnmarshalText(b []byte) (err error) {
	*d, err = Parse(string(b))
	return err
}
