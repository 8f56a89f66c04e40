package bbs

import (
	"math/bits"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// Public scalars are written in non-adjacent form: odd digits up to ±31, with five zeros or more after each (one digit in seven
// bits on the average).
const (
	nafWindow   = 6
	nafEntries  = 1 << (nafWindow - 2) // odd multiples 1, 3 … 31
	nafBits     = 256                  // digits of a scalar of 255 bits
	nafStride   = 24                   // bits between the rows of a table: all sums share 23 doublings
	nafRowCount = (nafBits + nafStride - 1) / nafStride
)

// A publicTable holds the odd multiples of 2^(24·j)·G for a generator G, 17 KB.
type publicTable [nafRowCount][nafEntries]publicPoint

func newPublicTable(g *publicPoint) *publicTable {
	points := make([]bls12381.G1Jac, 0, nafRowCount*nafEntries)
	var base, twice, p bls12381.G1Jac
	base.FromAffine(g)
	for range nafRowCount {
		twice.Double(&base)
		p.Set(&base)
		points = append(points, p)
		for range nafEntries - 1 {
			p.AddAssign(&twice)
			points = append(points, p)
		}
		for range nafStride {
			base.DoubleAssign()
		}
	}
	t := new(publicTable)
	for i, a := range bls12381.BatchJacobianToAffineG1(points) {
		t[i/nafEntries][i%nafEntries] = a
	}
	return t
}

// naf fills digits with the non-adjacent form of w, lowest bit first, in variable time: odd digits of at most window bits with their
// sign, with window-1 zeros or more after each. There is one digit more than w has bits.
func naf(digits []int8, w [4]uint64, window uint) {
	clear(digits)
	size := uint64(1) << window
	for at := 0; w[0]|w[1]|w[2]|w[3] != 0; at++ {
		if w[0]&1 != 0 {
			d := w[0] & (size - 1)
			w[0] -= d
			digits[at] = int8(d)
			if d > size/2 {
				digits[at] = int8(int(d) - int(size))
				carry := size
				for i := range w {
					w[i], carry = bits.Add64(w[i], carry, 0)
				}
			}
		}
		w[0] = w[0]>>1 | w[1]<<63
		w[1] = w[1]>>1 | w[2]<<63
		w[2] = w[2]>>1 | w[3]<<63
		w[3] >>= 1
	}
}
