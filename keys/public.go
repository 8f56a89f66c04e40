package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"slices"

	"filippo.io/edwards25519"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm2/sm2ec"
)

const maxKeySize = 96 // compressed BLS12-381 G2

// PublicKey is an immutable, checked public key. The zero value is no key: it never verifies, and its encodings are empty.
// Copies share the parsed point. Compare with Equal; == does not compile, because two values of one key may differ in it.
type PublicKey struct {
	_ [0]func()
	p *point
}

// point is a parsed public key. It is never changed after NewPublicKey.
type point struct {
	alg  Algorithm
	raw  [maxKeySize]byte // canonical encoding, alg.KeySize() bytes
	y    [48]byte         // y coordinate for a JWK, curves in Weierstrass form only
	ec   *ecdsa.PublicKey // P-256, P-384, SM2
	secp *secp256k1.PublicKey
	za   [32]byte // SM2: the digest of user identifier, curve and key that precedes every message
}

// NewPublicKey checks raw, the canonical encoding of a public key: 32 bytes for Ed25519 (RFC 8032, 5.1.2) and X25519 (RFC 7748,
// section 5), a compressed point (SEC 1, 2.3.3) of 33 bytes for P-256, secp256k1 and SM2, 49 bytes for P-384. It refuses
// any other length, bytes that are not the one encoding of their point, points off the curve, and points of small
// order. A point of X25519 may lie on the twist, as RFC 7748 intends. Of the 96 bytes of BLS12381G2 it checks the form alone: compressed, not
// the identity, coordinates below the prime; whether they are a point of the group, package keys/bbs checks before it uses them. Errors are
// final; ErrUnsupported if a is not in the table.
func NewPublicKey(a Algorithm, raw []byte) (PublicKey, error) {
	if a.KeySize() == 0 {
		return PublicKey{}, fmt.Errorf("keys: public key: %w", ErrUnsupported)
	}
	if len(raw) != a.KeySize() {
		return PublicKey{}, fmt.Errorf("keys: public key: %v: got %d bytes, want %d", a, len(raw), a.KeySize())
	}
	p := &point{alg: a}
	copy(p.raw[:], raw)
	if err := p.parse(raw); err != nil {
		return PublicKey{}, fmt.Errorf("keys: public key: %v: %w", a, err)
	}
	return PublicKey{p: p}, nil
}

var (
	errOffCurve     = errors.New("not a point on the curve")
	errNonCanonical = errors.New("encoding is not canonical")
	errSmallOrder   = errors.New("point of small order")
)

func (p *point) parse(raw []byte) error {
	switch p.alg {
	case Ed25519:
		return checkEdwards(raw)
	case X25519:
		return checkMontgomery(raw)
	case BLS12381G2:
		return checkBLS(raw)
	case Secp256k1:
		k, err := secp256k1.ParsePubKey(raw)
		if err != nil {
			return errOffCurve
		}
		p.secp = k
		copy(p.y[:32], k.SerializeUncompressed()[33:])
		return nil
	}
	x, y := elliptic.UnmarshalCompressed(p.alg.curve(), raw)
	if x == nil {
		return errOffCurve
	}
	n := len(raw) - 1
	full := make([]byte, 1+2*n)
	full[0] = 4
	copy(full[1:], raw[1:])
	y.FillBytes(full[1+n:])
	return p.setAffine(full)
}

// edwardsSmallOrder holds the y coordinates of the points of order 1, 2, 4 and 8 on edwards25519, whatever the sign of x.
var edwardsSmallOrder = [...][32]byte{
	{1},
	{ // p-1, order 2
		0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
	},
	{}, // order 4
	{ // order 8
		0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05,
	},
	{ // order 8
		0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a,
	},
}

func checkEdwards(raw []byte) error {
	y := [32]byte(raw)
	y[31] &= 0x7f // the sign of x
	if !belowPrime(y[:]) {
		return errNonCanonical
	}
	if _, err := new(edwards25519.Point).SetBytes(raw); err != nil {
		return errOffCurve
	}
	// Among them is the other encoding that is not canonical, a negative x of zero.
	if slices.Contains(edwardsSmallOrder[:], y) {
		return errSmallOrder
	}
	return nil
}

// prime25519 is 2^255-19, little endian.
var prime25519 = [32]byte{
	0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
}

// belowPrime compares 32 little-endian bytes with 2^255-19: the highest byte in which they differ decides.
func belowPrime(raw []byte) bool {
	for i := 31; i >= 0; i-- {
		if raw[i] != prime25519[i] {
			return raw[i] < prime25519[i]
		}
	}
	return false
}

// montgomerySmallOrder holds the canonical u coordinates of the points of order 1, 2, 4 and 8 on Curve25519 and its twist
// (RFC 7748, section 6.1 asks for a check of the all-zero result; refusing the key has the same effect, earlier).
var montgomerySmallOrder = [...][32]byte{
	{0},
	{1},
	{ // order 8
		0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
	},
	{ // order 8
		0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
		0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
	},
	{ // p-1
		0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f,
	},
}

func checkMontgomery(raw []byte) error {
	if !belowPrime(raw) {
		return errNonCanonical
	}
	for i := range montgomerySmallOrder {
		if bytes.Equal(raw, montgomerySmallOrder[i][:]) {
			return errSmallOrder
		}
	}
	return nil
}

// curve returns the curve of P-256, P-384 and SM2.
func (a Algorithm) curve() elliptic.Curve {
	switch a {
	case P384:
		return elliptic.P384()
	case SM2:
		return sm2ec.P256()
	}
	return elliptic.P256()
}

// newAffine returns the key of the uncompressed point full, without the square root that a compressed point costs.
func newAffine(a Algorithm, full []byte) (PublicKey, error) {
	n := a.KeySize() - 1
	if len(full) != 1+2*n || full[0] != 4 {
		return PublicKey{}, fmt.Errorf("keys: public key: %v: not an uncompressed point", a)
	}
	p := &point{alg: a}
	p.raw[0] = 2 | full[2*n]&1
	copy(p.raw[1:], full[1:1+n])
	if err := p.setAffine(full); err != nil {
		return PublicKey{}, fmt.Errorf("keys: public key: %v: %w", a, err)
	}
	return PublicKey{p: p}, nil
}

// setAffine checks the uncompressed point full of a curve in Weierstrass form and keeps it.
func (p *point) setAffine(full []byte) (err error) {
	copy(p.y[:], full[1+len(full)/2:])
	switch p.alg {
	case P256, P384:
		p.ec, err = ecdsa.ParseUncompressedPublicKey(p.alg.curve(), full)
	case Secp256k1:
		p.secp, err = secp256k1.ParsePubKey(full)
	case SM2:
		if p.ec, err = sm2.NewPublicKey(full); err != nil {
			return errOffCurve
		}
		za, err := sm2.CalculateZA(p.ec, nil) // nil is the default user identifier
		if err != nil {
			return errOffCurve
		}
		copy(p.za[:], za)
		return nil
	}
	if err != nil {
		return errOffCurve
	}
	return nil
}

// IsZero reports whether k is the zero value, no key.
func (k PublicKey) IsZero() bool { return k.p == nil }

// Algorithm returns the algorithm of k, 0 for the zero value.
func (k PublicKey) Algorithm() Algorithm {
	if k.p == nil {
		return 0
	}
	return k.p.alg
}

// bytes returns the encoding inside k.
func (k PublicKey) bytes() []byte {
	if k.p == nil {
		return nil
	}
	return k.p.raw[:k.p.alg.KeySize()]
}

// Bytes returns a copy of the encoding that [NewPublicKey] takes, nil for the zero value.
func (k PublicKey) Bytes() []byte { return bytes.Clone(k.bytes()) }

// Equal reports whether k and other are the same key of the same algorithm. Two zero values are equal.
func (k PublicKey) Equal(other PublicKey) bool {
	return k.Algorithm() == other.Algorithm() && bytes.Equal(k.bytes(), other.bytes())
}

// String returns the Multikey form, "" for the zero value.
func (k PublicKey) String() string { return k.Multikey() }
