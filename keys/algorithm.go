package keys

import (
	"errors"
	"fmt"
)

// Algorithm names a signature or key agreement algorithm together with its curve and hash. The zero value is no algorithm.
// The numbers are those of this process; write the name, not the number.
type Algorithm uint8

// The algorithms. X25519 agrees on keys and does not sign. BLS12381G2 is that of issuers' keys for BBS signatures over lists of messages,
// which package keys/bbs makes and checks: here such a key is an identifier, which documents and policies can name and compare.
const (
	Ed25519    Algorithm = iota + 1 // RFC 8032
	P256                            // ECDSA with SHA-256, FIPS 186-5
	P384                            // ECDSA with SHA-384, FIPS 186-5
	Secp256k1                       // ECDSA with SHA-256, SEC 2 and RFC 8812
	SM2                             // GB/T 32918.2 with SM3
	X25519                          // RFC 7748
	BLS12381G2                      // draft-irtf-cfrg-bbs-signatures-10
)

// ErrUnsupported is in the error of every parser whose input names an algorithm, curve or key type outside the table,
// in contrast to a malformed key: a reader of documents may skip such a key.
var ErrUnsupported = errors.New("unsupported algorithm")

// COSE holds the identifiers of an algorithm in the IANA COSE registries (RFC 9053; RFC 8812 for secp256k1). Zero means
// that there is none: X25519 has a key type and a curve, and no signature algorithm.
type COSE struct {
	Algorithm int // "COSE Algorithms"
	KeyType   int // "COSE Key Types"
	Curve     int // "COSE Elliptic Curves"
}

// row is everything that differs between algorithms and is not code.
type row struct {
	name      string
	jose      string // "" is refused
	kty, crv  string // "" has no JWK
	codec     uint64
	prefix    [2]byte // codec as an unsigned varint; all of ours take two bytes
	cose      COSE
	public    int
	secret    int
	signature int // 0 does not sign
	hash      string
}

// table is indexed by Algorithm; row 0 is the zero value's.
var table = [...]row{
	Ed25519:   {"Ed25519", "EdDSA", "OKP", "Ed25519", 0xed, [2]byte{0xed, 0x01}, COSE{-8, 1, 6}, 32, 32, 64, ""},
	P256:      {"P-256", "ES256", "EC", "P-256", 0x1200, [2]byte{0x80, 0x24}, COSE{-7, 2, 1}, 33, 32, 64, "SHA-256"},
	P384:      {"P-384", "ES384", "EC", "P-384", 0x1201, [2]byte{0x81, 0x24}, COSE{-35, 2, 2}, 49, 48, 96, "SHA-384"},
	Secp256k1: {"secp256k1", "ES256K", "EC", "secp256k1", 0xe7, [2]byte{0xe7, 0x01}, COSE{-47, 2, 8}, 33, 32, 64, "SHA-256"},
	SM2:       {"SM2", "", "", "", 0x1206, [2]byte{0x86, 0x24}, COSE{}, 33, 32, 64, "SM3"},
	X25519:    {"X25519", "", "OKP", "X25519", 0xec, [2]byte{0xec, 0x01}, COSE{0, 1, 4}, 32, 32, 0, ""},

	BLS12381G2: {"BLS12-381-G2", "", "", "", 0xeb, [2]byte{0xeb, 0x01}, COSE{}, 96, 0, 0, ""},
}

// row returns the facts of a, the empty row for a value outside the table.
func (a Algorithm) row() *row {
	if int(a) >= len(table) {
		return &table[0]
	}
	return &table[a]
}

// Algorithms returns every algorithm whose private keys this package makes and uses, in the order of their constants: all but BLS12381G2.
func Algorithms() []Algorithm {
	return []Algorithm{Ed25519, P256, P384, Secp256k1, SM2, X25519}
}

// ParseAlgorithm returns the algorithm whose String is name, exactly. Errors: ErrUnsupported.
func ParseAlgorithm(name string) (Algorithm, error) {
	for a := range table {
		if name != "" && table[a].name == name {
			return Algorithm(a), nil
		}
	}
	return 0, fmt.Errorf("keys: %w: %.32q", ErrUnsupported, name)
}

// AlgorithmByJOSE returns the algorithm that a JOSE "alg" value (RFC 7518, RFC 8037, RFC 8812, RFC 9864) stands for: ES256,
// ES384, ES256K, EdDSA and its fully specified form Ed25519. EdDSA is Ed25519 here; Ed448 does not exist. Everything else,
// "none" among it, is false.
func AlgorithmByJOSE(alg string) (Algorithm, bool) {
	switch alg {
	case "ES256":
		return P256, true
	case "ES384":
		return P384, true
	case "ES256K":
		return Secp256k1, true
	case "EdDSA", "Ed25519":
		return Ed25519, true
	}
	return 0, false
}

// String returns the name of a in the table, or "invalid".
func (a Algorithm) String() string {
	if n := a.row().name; n != "" {
		return n
	}
	return "invalid"
}

// JOSE returns the "alg" value that a signature of a carries, and false where none is registered (SM2, X25519).
func (a Algorithm) JOSE() (string, bool) {
	s := a.row().jose
	return s, s != ""
}

// COSE returns the identifiers of a in COSE, and false where none are registered (SM2).
func (a Algorithm) COSE() (COSE, bool) {
	c := a.row().cose
	return c, c != COSE{}
}

// Codec returns the code of a's public keys in the multicodec table, 0 for the zero value.
func (a Algorithm) Codec() uint64 { return a.row().codec }

// CanSign reports whether keys of a sign and verify single messages.
func (a Algorithm) CanSign() bool { return a.row().signature > 0 }

// KeySize returns the length of a public key in bytes, as [NewPublicKey] takes it.
func (a Algorithm) KeySize() int { return a.row().public }

// SecretSize returns the length of a private key in bytes, as [NewPrivateKey] takes it; 0 when this package has none of a.
func (a Algorithm) SecretSize() int { return a.row().secret }

// SignatureSize returns the length of a signature in bytes, 0 when a does not sign.
func (a Algorithm) SignatureSize() int { return a.row().signature }

// Hash returns the name of the hash that Sign and Verify apply to the message ("SHA-256", "SHA-384", "SM3"), "" when the algorithm
// takes the message itself.
func (a Algorithm) Hash() string { return a.row().hash }
