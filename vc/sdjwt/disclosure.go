package sdjwt

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// hashAlgorithm is the value of _sd_alg (IANA registry "Named Information Hash Algorithm").
type hashAlgorithm uint8

const (
	sha2_256 hashAlgorithm = iota
	sha2_384
	sha2_512
)

const maxDigest = (sha512.Size*8 + 5) / 6 // characters of the longest digest in base64url

// hashByName knows the hashes that are accepted: of full length and believed to be collision resistant.
func hashByName(name string) (hashAlgorithm, bool) {
	switch name {
	case "sha-256":
		return sha2_256, true
	case "sha-384":
		return sha2_384, true
	case "sha-512":
		return sha2_512, true
	}
	return 0, false
}

func (h hashAlgorithm) String() string {
	return [...]string{"sha-256", "sha-384", "sha-512"}[h]
}

// appendDigest appends the digest of text in base64url.
func (h hashAlgorithm) appendDigest(dst, text []byte) []byte {
	switch h {
	case sha2_384:
		sum := sha512.Sum384(text)
		return base64.RawURLEncoding.AppendEncode(dst, sum[:])
	case sha2_512:
		sum := sha512.Sum512(text)
		return base64.RawURLEncoding.AppendEncode(dst, sum[:])
	}
	sum := sha256.Sum256(text)
	return base64.RawURLEncoding.AppendEncode(dst, sum[:])
}

// disclosure is one parsed disclosure (RFC 9901, section 4.2).
type disclosure struct {
	salt   string
	name   string
	named  bool // of an object member; otherwise of an array element
	value  strictjson.Value
	digest [maxDigest]byte
	length uint8 // of digest
}

func (d *disclosure) is(digest string) bool { return string(d.digest[:d.length]) == digest }

// parse reads the decoded disclosure.
func (d *disclosure) parse(text, decoded []byte, h hashAlgorithm) error {
	v, err := parseJSON(decoded)
	if err != nil {
		return err
	}
	parts := v.Elems()
	if len(parts) != 2 && len(parts) != 3 {
		return vc.Invalid("sdjwt.disclosure.malformed", "a disclosure is not an array of two or three")
	}
	var ok bool
	if d.salt, ok = parts[0].Str(); !ok {
		return vc.Invalid("sdjwt.disclosure.malformed", "a salt is not a string")
	}
	if len(parts) == 3 {
		if d.name, ok = parts[1].Str(); !ok {
			return vc.Invalid("sdjwt.disclosure.malformed", "a claim name is not a string")
		}
		if isReserved(d.name) {
			return vc.Invalid("sdjwt.disclosure.reserved", "a disclosure has a reserved claim name")
		}
		d.named = true
	}
	d.value = parts[len(parts)-1]
	d.length = uint8(len(h.appendDigest(d.digest[:0], text)))
	return nil
}

// isReserved tells the names that RFC 9901 uses itself.
func isReserved(name string) bool { return name == "_sd" || name == "..." || name == "_sd_alg" }

// parseDisclosures decodes all disclosures. A salt that comes twice, or a disclosure, is refused: RFC 9901, section 9.3
// wants each salt used once, and a reused one ties claims together.
func parseDisclosures(texts [][]byte, h hashAlgorithm, dec *decoder) ([]disclosure, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	list := make([]disclosure, len(texts))
	for i, text := range texts {
		decoded, err := dec.decode(text)
		if err != nil {
			return nil, err
		}
		if err := list[i].parse(text, decoded, h); err != nil {
			return nil, err
		}
	}
	return list, checkUnique(list)
}

// few is the number up to which comparing all with all is faster than a map.
const few = 16

func checkUnique(list []disclosure) error {
	clash := func(a, b *disclosure) error {
		if a.is(string(b.digest[:b.length])) {
			return vc.Invalid("sdjwt.disclosure.duplicate", "a disclosure is given twice")
		}
		return vc.Invalid("sdjwt.disclosure.salt", "two disclosures have the same salt")
	}
	if len(list) <= few {
		for i := range list {
			for j := range i {
				if list[i].salt == list[j].salt {
					return clash(&list[i], &list[j])
				}
			}
		}
		return nil
	}
	seen := make(map[string]int, len(list))
	for i := range list {
		if j, ok := seen[list[i].salt]; ok {
			return clash(&list[i], &list[j])
		}
		seen[list[i].salt] = i
	}
	return nil
}
