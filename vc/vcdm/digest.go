package vcdm

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"strings"

	"github.com/multiformats/go-multibase"
)

// strength orders the digests that are known: 1 SHA-256, 2 SHA-384, 3 SHA-512.
type strength int

func (s strength) sum(b []byte) []byte {
	switch s {
	case 1:
		d := sha256.Sum256(b)
		return d[:]
	case 2:
		d := sha512.Sum384(b)
		return d[:]
	}
	d := sha512.Sum512(b)
	return d[:]
}

// CheckSRI tells whether b has the digest that integrity metadata states (Subresource Integrity, section 3.3): one of the strongest
// kind in it. Metadata without a known kind fits nothing.
func CheckSRI(metadata string, b []byte) bool {
	kinds := map[string]strength{"sha256": 1, "sha384": 2, "sha512": 3}
	var best strength
	fits := false
	for item := range strings.FieldsSeq(metadata) {
		name, value, _ := strings.Cut(item, "-")
		value, _, _ = strings.Cut(value, "?")
		kind := kinds[name]
		switch {
		case kind == 0 || kind < best:
			continue
		case kind > best:
			best, fits = kind, false
		}
		want, err := base64.StdEncoding.Strict().DecodeString(value)
		fits = fits || err == nil && bytes.Equal(want, kind.sum(b))
	}
	return fits
}

// isSRI tells whether s is integrity metadata: one or more of algorithm, "-" and base64, with or without options.
func isSRI(s string) bool {
	n := 0
	for item := range strings.FieldsSeq(s) {
		name, value, ok := strings.Cut(item, "-")
		value, _, _ = strings.Cut(value, "?")
		value = strings.TrimRight(value, "=")
		if !ok || name == "" || value == "" || strings.Trim(name, lowerAlphanumeric) != "" || strings.Trim(value, base64Alphabet) != "" {
			return false
		}
		n++
	}
	return 0 < n && n <= MaxItems
}

const (
	lowerAlphanumeric = "abcdefghijklmnopqrstuvwxyz0123456789"
	base64Alphabet    = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_"
)

// checkMultihashes tells whether b has one of the strongest of digests (Controlled Identifiers 1.0, section 2.5; Data Integrity
// 1.0, section 2.6). A digest of 32, 48 or 64 bytes without a multihash's header is taken for SHA-256, SHA-384 or SHA-512: that is how
// W3C's own examples have it, and no multihash of these kinds has such a length.
func checkMultihashes(digests []string, b []byte) bool {
	var best strength
	fits := false
	for _, s := range digests {
		raw, ok := decodeMultibase(s)
		if !ok {
			return false
		}
		kind, want := splitMultihash(raw)
		switch {
		case kind == 0 || kind < best:
			continue
		case kind > best:
			best, fits = kind, false
		}
		fits = fits || bytes.Equal(want, kind.sum(b))
	}
	return fits
}

func splitMultihash(raw []byte) (strength, []byte) {
	switch {
	case len(raw) == 34 && raw[0] == 0x12 && raw[1] == 32:
		return 1, raw[2:]
	case len(raw) == 50 && raw[0] == 0x20 && raw[1] == 48:
		return 2, raw[2:]
	case len(raw) == 66 && raw[0] == 0x13 && raw[1] == 64:
		return 3, raw[2:]
	}
	return map[int]strength{32: 1, 48: 2, 64: 3}[len(raw)], raw
}

// maxDigest bounds what is decoded: base58 takes quadratic time.
const maxDigest = 256

// decodeMultibase reads base58btc ("z") and base64url without padding ("u").
func decodeMultibase(s string) ([]byte, bool) {
	if len(s) < 2 || len(s) > maxDigest {
		return nil, false
	}
	switch s[0] {
	case 'z':
		_, b, err := multibase.Decode(s)
		return b, err == nil
	case 'u':
		b, err := base64.RawURLEncoding.Strict().DecodeString(s[1:])
		return b, err == nil && !strings.ContainsAny(s, "\r\n")
	}
	return nil, false
}
