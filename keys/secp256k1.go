package keys

import (
	"crypto/rand"
	"errors"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
)

// The secp256k1 library multiplies and inverts in variable time. The functions here give it random values only: a secret is
// split or multiplied with fresh randomness first, so that the time taken says nothing about it. Additions and
// multiplications of scalars take constant time in the library.

// randomScalar returns a uniform scalar other than zero.
func randomScalar() (s secp256k1.ModNScalar) {
	var b [32]byte
	defer clear(b[:])
	for {
		rand.Read(b[:])
		if overflow := s.SetBytes(&b); overflow == 0 && !s.IsZero() {
			return s
		}
	}
}

// blindBaseMult sets p to k times the base point, in affine form, as (k-b)G + bG for a random b.
func blindBaseMult(k *secp256k1.ModNScalar, p *secp256k1.JacobianPoint) {
	b := randomScalar()
	defer b.Zero()
	var rest secp256k1.ModNScalar
	defer rest.Zero()
	rest.NegateVal(&b).Add(k)
	var p1, p2 secp256k1.JacobianPoint
	secp256k1.ScalarBaseMultNonConst(&rest, &p1)
	secp256k1.ScalarBaseMultNonConst(&b, &p2)
	secp256k1.AddNonConst(&p1, &p2, p)
	p.ToAffine()
}

// blindInverse returns 1/k as b/(kb) for a random b.
func blindInverse(k *secp256k1.ModNScalar) (inv secp256k1.ModNScalar) {
	b := randomScalar()
	defer b.Zero()
	inv.Mul2(k, &b).InverseNonConst().Mul(&b)
	return inv
}

// publicSecp256k1 returns the public key of d, an uncompressed point.
func publicSecp256k1(d *secp256k1.ModNScalar) []byte {
	var p secp256k1.JacobianPoint
	blindBaseMult(d, &p)
	return secp256k1.NewPublicKey(&p.X, &p.Y).SerializeUncompressed()
}

// signSecp256k1 writes into sig the ECDSA signature r‖s of digest by d with the nonce of RFC 6979 and the lower s, the one that the
// library's own Sign returns.
func signSecp256k1(sig *[64]byte, d *secp256k1.ModNScalar, digest []byte) error {
	secret := d.Bytes()
	defer clear(secret[:])
	k := secp256k1.NonceRFC6979(secret[:], digest, nil, nil, 0)
	defer k.Zero()
	var point secp256k1.JacobianPoint
	blindBaseMult(k, &point)
	x := point.X.Bytes()
	var r, e secp256k1.ModNScalar
	r.SetBytes(x) // reduces
	e.SetByteSlice(digest)
	inv := blindInverse(k)
	defer inv.Zero()
	var s secp256k1.ModNScalar
	s.Mul2(d, &r).Add(&e).Mul(&inv)
	if r.IsZero() || s.IsZero() {
		return errors.New("no signature for this message") // one in 2^255
	}
	if s.IsOverHalfOrder() {
		s.Negate()
	}
	r.PutBytesUnchecked(sig[:32])
	s.PutBytesUnchecked(sig[32:])
	return nil
}
