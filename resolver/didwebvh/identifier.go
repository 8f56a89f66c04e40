package didwebvh

import (
	"crypto/sha256"
	"strings"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/webfetch"
)

// Placeholder stands for the SCID in the document and parameters of an entry that creates an identifier.
const Placeholder = "{SCID}"

// Identifier is a did:webvh identifier in its parts (did:webvh 1.0, section "Method-Specific Identifier").
type Identifier struct {
	SCID     string            // the self-certifying identifier: multihash of the first entry, base58btc
	Location webfetch.Location // where the log lies
}

// Parse reads an identifier. Errors have code INVALID_DID: another method, a location that webfetch.ParseLocation refuses, or
// an SCID that is not a SHA-256 multihash in base58btc.
func Parse(id did.DID) (Identifier, error) {
	if id.Method() != "webvh" {
		return Identifier{}, &did.Error{Code: did.InvalidDID, Detail: "not a did:webvh"}
	}
	scid, where, _ := strings.Cut(id.ID(), ":")
	l, err := webfetch.ParseLocation(where)
	if err != nil {
		return Identifier{}, &did.Error{Code: did.InvalidDID, Err: err}
	}
	if !isHash(scid) {
		return Identifier{}, &did.Error{Code: did.InvalidDID, Detail: "the SCID is not a SHA-256 multihash in base58btc"}
	}
	return Identifier{SCID: scid, Location: l}, nil
}

// hashLength is the length of every SHA-256 multihash in base58btc, whose first two bytes make it start with "Qm".
const hashLength = 46

func isHash(s string) bool {
	if len(s) != hashLength || s[:2] != "Qm" {
		return false
	}
	return strings.Trim(s, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz") == ""
}

// hash returns the SHA-256 multihash of b in base58btc, without a multibase prefix.
func hash(b []byte) string {
	var m [2 + sha256.Size]byte
	m[0], m[1] = 0x12, sha256.Size
	digest := sha256.Sum256(b)
	copy(m[2:], digest[:])
	return base58(m[:])[1:]
}

// base58 returns the multibase form of b, "z" and base58btc.
func base58(b []byte) string {
	s, err := multibase.Encode(multibase.Base58BTC, b)
	if err != nil {
		return "z" // base58btc is always known to the library
	}
	return s
}

// KeyHash returns what nextKeyHashes holds for a key that is committed to (did:webvh 1.0, section "Pre-Rotation Key Hash
// Generation and Verification"): the hash of its Multikey text.
func KeyHash(k keys.PublicKey) string { return hash([]byte(k.Multikey())) }
