package keys

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/multiformats/go-multibase"
)

// maxMultikey is the length of the longest Multikey that is looked at: twice the longest of the table.
const maxMultikey = 144

const didKeyPrefix = "did:key:"

// AppendMulticodec appends the multicodec form of k to dst: the code of the algorithm as an unsigned varint, then [PublicKey.Bytes].
// The zero value appends nothing.
func (k PublicKey) AppendMulticodec(dst []byte) []byte {
	if k.p == nil {
		return dst
	}
	r := k.p.alg.row()
	return append(append(dst, r.prefix[:]...), k.bytes()...)
}

// Multicodec returns the multicodec form of k, nil for the zero value.
func (k PublicKey) Multicodec() []byte { return k.AppendMulticodec(nil) }

// ParseMulticodec is the inverse of [PublicKey.Multicodec]. The varint must be the shortest and the length exact. Errors are
// final; ErrUnsupported for a code outside the table.
func ParseMulticodec(b []byte) (PublicKey, error) {
	if len(b) < 2 {
		return PublicKey{}, errors.New("keys: multicodec: too short")
	}
	for a := range table {
		if p := table[a].prefix; p[0] != 0 && b[0] == p[0] && b[1] == p[1] {
			return NewPublicKey(Algorithm(a), b[2:])
		}
	}
	code, n := binary.Uvarint(b)
	if n <= 0 || n > 1 && b[n-1] == 0 {
		return PublicKey{}, errors.New("keys: multicodec: code is not a shortest varint")
	}
	return PublicKey{}, fmt.Errorf("keys: multicodec: %w: code %#x", ErrUnsupported, code)
}

// Multikey returns k as the publicKeyMultibase of a Multikey (Controlled Identifiers 1.0, section 2.2.2): "z" and the
// multicodec form in base58btc. The zero value gives "".
func (k PublicKey) Multikey() string {
	if k.p == nil {
		return ""
	}
	var buf [2 + maxKeySize]byte
	s, err := multibase.Encode(multibase.Base58BTC, k.AppendMulticodec(buf[:0]))
	if err != nil {
		return "" // base58btc is always known to the library
	}
	return s
}

// ParseMultikey is the inverse of [PublicKey.Multikey]. Only base58btc is read. Errors are final; ErrUnsupported for a code
// outside the table.
func ParseMultikey(s string) (PublicKey, error) {
	if len(s) < 2 || s[0] != 'z' {
		return PublicKey{}, errors.New("keys: multikey: not base58btc (z)")
	}
	if len(s) > maxMultikey {
		return PublicKey{}, fmt.Errorf("keys: multikey: over %d characters", maxMultikey)
	}
	_, b, err := multibase.Decode(s)
	if err != nil {
		return PublicKey{}, errors.New("keys: multikey: not base58btc")
	}
	return ParseMulticodec(b)
}

// DIDKey returns the did:key identifier of k, "did:key:" and the Multikey form; "" for the zero value.
func (k PublicKey) DIDKey() string {
	if k.p == nil {
		return ""
	}
	return didKeyPrefix + k.Multikey()
}

// DIDKeyURL returns the DID URL of the verification method of k in its did:key document: the identifier, "#" and the
// Multikey form again; "" for the zero value.
func (k PublicKey) DIDKeyURL() string {
	if k.p == nil {
		return ""
	}
	m := k.Multikey()
	return didKeyPrefix + m + "#" + m
}

// ParseDIDKey is the inverse of [PublicKey.DIDKey]: no version, path, query or fragment. Errors are those of
// [ParseMultikey].
func ParseDIDKey(s string) (PublicKey, error) {
	m, ok := strings.CutPrefix(s, didKeyPrefix)
	if !ok {
		return PublicKey{}, errors.New("keys: did:key: other prefix")
	}
	return ParseMultikey(m)
}
