package bbs

import (
	"sync"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// basePoint2Lines holds the lines of BP2, the generator of G2.
var basePoint2Lines = sync.OnceValue(func() *lines {
	_, _, _, g2 := bls12381.Generators()
	l := bls12381.PrecomputeLines(g2)
	return &l
})

// scratch is where the lines of two points are copied for one Miller loop, which overwrites them.
var scratch = sync.Pool{New: func() any { return new([2]lines) }}

// pairingsMatch reports whether e(p, W) = e(q, BP2), W being the public key. It writes to nothing that it is given.
func pairingsMatch(public *PublicKey, p, q *publicPoint) bool {
	l := scratch.Get().(*[2]lines)
	defer scratch.Put(l)
	l[0], l[1] = *public.lines, *basePoint2Lines()
	points := [2]publicPoint{*p, {}}
	points[1].Neg(q)
	f, err := bls12381.MillerLoopFixedQ(points[:], l[:])
	if err != nil {
		return false
	}
	f = bls12381.FinalExponentiation(&f)
	var one bls12381.GT
	one.SetOne()
	return f.Equal(&one)
}
