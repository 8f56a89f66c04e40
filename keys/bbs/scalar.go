package bbs

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/cloudflare/circl/ecc/bls12381/ff"
)

// A scalar is an integer modulo r, the order of the groups. Its arithmetic (Add, Sub, Mul, Sqr, Neg, IsZero, IsEqual) takes a time
// that does not depend on the values. It must not be made with Random, SetBytes or UnmarshalBinary of that library, nor printed:
// use the functions of this file.
type scalar = ff.Scalar

const scalarSize = 32

// order is r, little endian in words.
var order = [4]uint64{0xffffffff00000001, 0x53bda402fffe5bfe, 0x3339d80809a1d805, 0x73eda753299d7d48}

var errScalar = errors.New("scalar is not canonical")

// parseScalar reads 32 bytes, big endian, below r. The time does not depend on the value.
func parseScalar(b []byte) (scalar, error) {
	if len(b) != scalarSize {
		return scalar{}, errScalar
	}
	var borrow uint64
	for i := range order {
		_, borrow = bits.Sub64(binary.BigEndian.Uint64(b[24-8*i:]), order[i], borrow)
	}
	if borrow == 0 {
		return scalar{}, errScalar
	}
	return reduce(b), nil
}

// parseNonzeroScalar is parseScalar and refuses zero as well.
func parseNonzeroScalar(b []byte) (scalar, error) {
	k, err := parseScalar(b)
	if err == nil && k.IsZero() == 1 {
		err = errors.New("scalar is zero")
	}
	return k, err
}

// shift192 is 2^192 modulo r.
var shift192 = func() (k scalar) {
	k.SetUint64(1 << 32)
	for range 5 {
		var w scalar
		w.SetUint64(1 << 32)
		k.Mul(&k, &w)
	}
	return k
}()

// reduce returns b, at most 48 bytes big endian, modulo r, in a time that depends only on the length: two halves below 2^192
// are below r by themselves, and the library's comparison with r ends at their first byte.
func reduce(b []byte) (k scalar) {
	var buf [2 * scalarSize]byte
	defer clear(buf[:])
	if len(b) > 24 {
		copy(buf[scalarSize-(len(b)-24):scalarSize], b[:len(b)-24])
		copy(buf[2*scalarSize-24:], b[len(b)-24:])
	} else {
		copy(buf[2*scalarSize-len(b):], b)
	}
	var low scalar
	if k.UnmarshalBinary(buf[:scalarSize]) != nil || low.UnmarshalBinary(buf[scalarSize:]) != nil {
		panic("bbs: a number below 2^192 is not below r")
	}
	k.Mul(&k, &shift192)
	k.Add(&k, &low)
	return k
}

// scalarBytes returns k in 32 bytes, big endian.
func scalarBytes(k *scalar) (out [scalarSize]byte) {
	b, err := k.MarshalBinary()
	if err != nil || len(b) != scalarSize {
		panic("bbs: a scalar does not encode")
	}
	copy(out[:], b)
	clear(b)
	return out
}

// appendScalar appends k to b in 32 bytes.
func appendScalar(b []byte, k *scalar) []byte {
	out := scalarBytes(k)
	return append(b, out[:]...)
}

// invert returns 1/k, and 0 for 0: k^(r-2), the same steps for every k.
func invert(k *scalar) (inv scalar) {
	inv.Inv(k)
	return inv
}

// uintScalar returns n as a scalar.
func uintScalar(n uint64) (k scalar) {
	k.SetUint64(n)
	return k
}

// A scalarSource draws n scalars at once, in the order of the draft's calculate_random_scalars. It is nil outside of tests.
type scalarSource func(n int) []scalar

// draw draws from src, or from the operating system when src is nil.
func (src scalarSource) draw(n int) []scalar {
	if src != nil {
		return src(n)
	}
	return randomScalars(n)
}

// randomScalars returns n uniform scalars: 48 random bytes each, modulo r (bias below 2^-128).
func randomScalars(n int) []scalar {
	ks := make([]scalar, n)
	var b [48]byte
	defer clear(b[:])
	for i := range ks {
		rand.Read(b[:]) // never fails: it ends the program instead
		ks[i] = reduce(b[:])
	}
	return ks
}

// wipe overwrites secrets that are no longer needed; a best effort, as the runtime may have copied them.
func wipe(ks []scalar) { clear(ks) }
