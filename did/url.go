package did

import (
	"strings"
)

// MaxURL is the length, in bytes, of the longest DID URL that ParseURL accepts.
const MaxURL = 4096

// URL is a DID URL exactly as written: a DID with optional path, query and fragment (DID 1.1, section 3.2). Two URLs are the
// same only if they are == ; nothing is decoded or normalised. The zero URL is no URL.
type URL struct {
	s                string
	did, path, query uint16 // where each part ends
}

// ParseURL reads an absolute DID URL of at most MaxURL bytes, in which the DID has at most MaxDID. Anything else is an
// *Error with code INVALID_DID_URL.
func ParseURL(s string) (URL, error) {
	refuse := func(detail string) (URL, error) {
		return URL{}, &Error{Code: InvalidDIDURL, Detail: detail}
	}
	if len(s) > MaxURL {
		return refuse("longer than 4096 bytes")
	}
	end, fault := scanDID(s)
	switch {
	case fault != "":
		return refuse(fault)
	case end > MaxDID:
		return refuse("the DID is longer than 2048 bytes")
	}
	u := URL{s: s, did: uint16(end)}
	if end < len(s) && s[end] == '/' {
		end = scanURL(s, end, false)
	}
	u.path = uint16(end)
	if end < len(s) && s[end] == '?' {
		end = scanURL(s, end+1, true)
	}
	u.query = uint16(end)
	if end < len(s) && s[end] == '#' {
		end = scanURL(s, end+1, true)
	}
	if end != len(s) {
		return refuse("a character that no DID URL has there")
	}
	return u, nil
}

// ParseURLRelative reads a DID URL that may be written relative to base, as DID documents do: "#key-1", "?query" and
// "/path" are appended to base; everything else must be absolute.
func ParseURLRelative(base DID, s string) (URL, error) {
	if s != "" && !base.IsZero() && (s[0] == '#' || s[0] == '?' || s[0] == '/') {
		return ParseURL(base.s + s)
	}
	return ParseURL(s)
}

// scanURL returns the end of the run, from i, of the characters that RFC 3986 allows in a path (pchar and "/"), and in a
// query or fragment (also "?").
func scanURL(s string, i int, question bool) int {
	for i < len(s) {
		switch c := s[i]; {
		case isAlpha(c) || isDigit(c) || strings.IndexByte("-._~!$&'()*+,;=:@/", c) >= 0 || question && c == '?':
			i++
		case c == '%' && isEscape(s[i:]):
			i += 3
		default:
			return i
		}
	}
	return i
}

// String returns the URL as it was parsed.
func (u URL) String() string { return u.s }

// IsZero tells the zero URL.
func (u URL) IsZero() bool { return u.s == "" }

// DID returns the DID that the URL starts with.
func (u URL) DID() DID { return DID{u.s[:u.did]} }

// Path returns the path with its leading slash, or nothing.
func (u URL) Path() string { return u.s[u.did:u.path] }

// Query returns the query without its question mark.
func (u URL) Query() string {
	if u.path == u.query {
		return ""
	}
	return u.s[u.path+1 : u.query]
}

// Fragment returns the fragment without its number sign, percent-encoding kept.
func (u URL) Fragment() string {
	if int(u.query) == len(u.s) {
		return ""
	}
	return u.s[u.query+1:]
}

// IsKeyReference tells whether the URL is a DID and a fragment that is not empty, with no path and no query: the only form
// in which a key is named.
func (u URL) IsKeyReference() bool {
	return u.did == u.query && int(u.query)+1 < len(u.s)
}

// Param returns the query parameter of this name (DID 1.1, section 3.2.1), percent-decoded; ok tells whether it is there.
// Names are compared as written. A parameter that is given twice, or that does not decode to printable ASCII, is an *Error
// with code INVALID_DID_URL.
func (u URL) Param(name string) (value string, ok bool, err error) {
	for part := range strings.SplitSeq(u.Query(), "&") {
		n, raw, has := strings.Cut(part, "=")
		if n != name || !has {
			continue
		}
		if ok {
			return "", false, &Error{Code: InvalidDIDURL, Detail: "a parameter is given twice"}
		}
		value, ok = percentDecode(raw), true
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return "", false, &Error{Code: InvalidDIDURL, Detail: "a parameter is not printable ASCII"}
		}
	}
	return value, ok, nil
}

// percentDecode decodes the escapes of s, all of which are well-formed.
func percentDecode(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			out = append(out, s[i])
			continue
		}
		out = append(out, unhex(s[i+1])<<4|unhex(s[i+2]))
		i += 2
	}
	return string(out)
}

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

// MarshalText returns the URL's text.
func (u URL) MarshalText() ([]byte, error) { return []byte(u.s), nil }

// UnmarshalText is ParseURL.
func (u *URL) UnmarshalText(b []byte) (err error) {
	*u, err = ParseURL(string(b))
	return err
}
