package webfetch

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits of ParseLocation.
const (
	maxHost     = 253 // characters of a host name (RFC 1035, section 2.3.4, without the final dot)
	maxLabel    = 63
	maxSegments = 16
)

// Location is where the files of a did:web or did:webvh identifier lie. The zero Location is nowhere.
type Location struct {
	host     string // lower case
	port     uint16 // 0: the scheme's own
	segments []string
}

// ParseLocation reads what such identifiers say after the method name (and, for did:webvh, the SCID): a host name, perhaps
// "%3A" and a port, then path segments, each after a colon (did:web Method Specification, section "DID method operations";
// did:webvh 1.0, section "The DID to HTTPS Transformation").
//
// The host is a fully qualified name: two or more labels of letters, digits and hyphens, the last of which starts with a
// letter, so that no spelling of an IP address passes. It is written without percent-encoding; an internationalised
// name in its A-labels (xn--). Path segments may be percent-encoded. Decoded, once, they must be UTF-8 without control
// characters, "/", "\", "?", "#" and "%", and neither empty nor "." or "..". Errors are final.
func ParseLocation(s string) (Location, error) {
	authority, path, hasPath := strings.Cut(s, ":")
	var l Location
	var err error
	if l.host, l.port, err = parseAuthority(authority); err != nil {
		return Location{}, err
	}
	if !hasPath {
		return l, nil
	}
	for segment := range strings.SplitSeq(path, ":") {
		if len(l.segments) == maxSegments {
			return Location{}, fmt.Errorf("webfetch: path: more than %d segments", maxSegments)
		}
		if segment, err = parseSegment(segment); err != nil {
			return Location{}, err
		}
		l.segments = append(l.segments, segment)
	}
	return l, nil
}

func parseAuthority(s string) (host string, port uint16, err error) {
	decoded, err := url.PathUnescape(s)
	if err != nil {
		return "", 0, errors.New("webfetch: host: malformed percent-encoding")
	}
	// What a client would connect to is what counts: the decoded text is judged first.
	if isAddress(decoded) {
		return "", 0, errors.New("webfetch: host: an IP address")
	}
	// RFC 3986, section 2.1: the digits of an escape may be written in both cases.
	host, digits, hasPort := strings.Cut(strings.Replace(s, "%3a", "%3A", 1), "%3A")
	if err := checkHost(host); err != nil {
		return "", 0, err
	}
	if hasPort {
		n, err := strconv.ParseUint(digits, 10, 16)
		if err != nil || digits[0] == '0' {
			return "", 0, errors.New("webfetch: port: not a number from 1 to 65535")
		}
		port = uint16(n)
	}
	return strings.ToLower(host), port, nil
}

// isAddress tells what a client may take for an IP address, perhaps with a port: brackets, more than one colon, or a last label
// that is a number, decimal or hexadecimal (as the WHATWG URL Standard, section 3.5, tells such hosts).
func isAddress(authority string) bool {
	if strings.ContainsAny(authority, "[]") || strings.Count(authority, ":") > 1 {
		return true
	}
	name, _, _ := strings.Cut(authority, ":")
	name = strings.TrimSuffix(name, ".")
	last := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	if digits, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

func checkHost(host string) error {
	switch {
	case len(host) > maxHost:
		return fmt.Errorf("webfetch: host: longer than %d characters", maxHost)
	case strings.Contains(host, "%"):
		return errors.New("webfetch: host: percent-encoded; an internationalised name is written in A-labels")
	}
	labels := 0
	var last string
	for last = range strings.SplitSeq(host, ".") {
		labels++
		if len(last) == 0 || len(last) > maxLabel || last[0] == '-' || last[len(last)-1] == '-' {
			return errors.New("webfetch: host: an empty or malformed label")
		}
		for i := range len(last) {
			if c := last[i]; !isLetter(c) && (c < '0' || c > '9') && c != '-' {
				return errors.New("webfetch: host: a character that no host name has")
			}
		}
	}
	switch {
	case labels < 2:
		return errors.New("webfetch: host: not fully qualified")
	case !isLetter(last[0]):
		return errors.New("webfetch: host: the last label does not start with a letter")
	}
	return nil
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func parseSegment(s string) (string, error) {
	decoded, err := url.PathUnescape(s)
	switch {
	case err != nil || !utf8.ValidString(decoded):
		return "", errors.New("webfetch: path: malformed percent-encoding")
	case decoded == "", decoded == ".", decoded == "..":
		return "", errors.New("webfetch: path: a segment is empty or a dot segment")
	case strings.ContainsAny(decoded, "/\\?#%"):
		return "", errors.New("webfetch: path: a segment holds a delimiter")
	case strings.ContainsFunc(decoded, func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }):
		return "", errors.New("webfetch: path: a segment holds a control character")
	}
	return decoded, nil
}

// IsZero tells the zero Location.
func (l Location) IsZero() bool { return l.host == "" }

// Host returns the host name in lower case.
func (l Location) Host() string { return l.host }

// Base returns the HTTPS URL of the folder, with a final slash, and without .well-known if there is no path.
func (l Location) Base() string { return l.url("https", "") }

// URL returns the HTTPS URL of one of the identifier's files, such as "did.json": below .well-known if there is no path.
func (l Location) URL(file string) string { return l.fileURL("https", file) }

func (l Location) fileURL(scheme, file string) string {
	if len(l.segments) == 0 {
		return l.url(scheme, ".well-known/"+file)
	}
	return l.url(scheme, file)
}

func (l Location) url(scheme, rest string) string {
	var b strings.Builder
	b.WriteString(scheme)
	b.WriteString("://")
	b.WriteString(l.host)
	if l.port != 0 {
		b.WriteByte(':')
		b.WriteString(strconv.Itoa(int(l.port)))
	}
	b.WriteByte('/')
	for _, s := range l.segments {
		b.WriteString(url.PathEscape(s))
		b.WriteByte('/')
	}
	b.WriteString(rest)
	return b.String()
}
