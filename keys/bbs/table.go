package bbs

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"

	"github.com/cloudflare/circl/ecc/bls12381/ff"
)

// Secret scalars are cut into windows with odd signed digits: every digit of every scalar is one of ±1, ±3 … ±31, so that each
// costs one look-up and one addition whatever its value.
const (
	window     = 5
	multiples  = 1 << (window - 1) // odd multiples of a point that a table row holds
	digitCount = 51                // windows of a scalar of 255 bits
)

// digits are the windows of a scalar, lowest first: bits 0 to 3 are (|digit|-1)/2, bit 7 is the sign.
type digits [digitCount]uint8

// recode returns the digits of k. An even k has those of k - r, which is odd.
func recode(k *scalar) (d digits) {
	b := scalarBytes(k)
	defer clear(b[:])
	var w, n [5]uint64
	for i := range 4 {
		w[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	var borrow uint64
	for i := range 4 {
		n[i], borrow = bits.Sub64(order[i], w[i], borrow)
	}
	odd := -(w[0] & 1) // all ones if k is odd
	for i := range 4 {
		w[i] = w[i]&odd | n[i]&^odd
	}
	even := uint8(^odd) & 0x80
	for i := range d {
		at := window * i
		u := w[at/64] >> (at % 64)
		u |= w[at/64+1] << (64 - at%64) // a shift by 64 is 0 in Go
		u |= 1
		if i == digitCount-1 {
			u |= 1 << window
		}
		// The digit is (u mod 64) - 32.
		minus := uint8(u>>window&1) ^ 1
		d[i] = (uint8(u)^-minus)&(1<<window-1)>>1 | minus<<7 ^ even
	}
	return d
}

// A row holds the odd multiples 1, 3 … 31 of a point.
type row [multiples]affinePoint

// pick sets p to the multiple that digit names. It reads the whole row.
func (r *row) pick(p *affinePoint, digit uint8) {
	*p = r[0]
	for i := 1; i < multiples; i++ {
		same := subtle.ConstantTimeByteEq(digit&(multiples-1), uint8(i))
		p.x.CMov(&p.x, &r[i].x, same)
		p.y.CMov(&p.y, &r[i].y, same)
	}
	var minus ff.Fp
	minus.Sub(&minus, &p.y)
	p.y.CMov(&p.y, &minus, int(digit>>7))
}

// A projectiveRow is a row for a point that is used a few times only, so that making it affine would not pay.
type projectiveRow [multiples]point

// fill sets r to the odd multiples of p.
func (r *projectiveRow) fill(p *point) {
	var twice point
	twice.double(p)
	r[0] = *p
	for i := 1; i < multiples; i++ {
		r[i].add(&r[i-1], &twice)
	}
}

// pick is row.pick.
func (r *projectiveRow) pick(p *point, digit uint8) {
	*p = r[0]
	for i := 1; i < multiples; i++ {
		same := subtle.ConstantTimeByteEq(digit&(multiples-1), uint8(i))
		p.x.CMov(&p.x, &r[i].x, same)
		p.y.CMov(&p.y, &r[i].y, same)
		p.z.CMov(&p.z, &r[i].z, same)
	}
	var minus ff.Fp
	minus.Sub(&minus, &p.y)
	p.y.CMov(&p.y, &minus, int(digit>>7))
}
