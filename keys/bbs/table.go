package bbs

import (
	"crypto/subtle"
	"encoding/binary"
	"math/bits"

	"github.com/cloudflare/circl/ecc/bls12381/ff"
)

// Scalars of generators are cut into windows with odd signed digits: every digit of every scalar is one of ±1, ±3 … ±31, so that each
// costs one look-up and one addition whatever its value, and the identity never occurs.
const (
	window     = 5
	multiples  = 1 << (window - 1) // odd multiples of a point in one row of a table
	digitCount = 51                // windows of a scalar of 255 bits
	// A table holds a row for every fourth window: all sums then share 15 doublings, and a table is a quarter of what it would be.
	rowStride = 4
	rowCount  = (digitCount + rowStride - 1) / rowStride
)

// digits are the windows of a scalar, lowest first: bits 0 to 3 are (|digit|-1)/2, bit 7 is the sign.
type digits [digitCount]uint8

// words returns k in four words, lowest first.
func words(k *scalar) (w [4]uint64) {
	b := scalarBytes(k)
	for i := range w {
		w[i] = binary.BigEndian.Uint64(b[24-8*i:])
	}
	clear(b[:])
	return w
}

// recode sets d to the digits of k. An even k has those of k - r, which is odd.
func (d *digits) recode(k *scalar) {
	var w [5]uint64
	full := words(k)
	odd := -(full[0] & 1) // all ones if k is odd
	var borrow uint64
	for i := range full {
		var n uint64
		n, borrow = bits.Sub64(order[i], full[i], borrow)
		w[i] = full[i]&odd | n&^odd
	}
	even := uint8(^odd) & 0x80
	for i := range d {
		at := window * i
		u := w[at/64]>>(at%64) | w[at/64+1]<<(64-at%64) // a shift by 64 gives 0
		u |= 1
		if i == digitCount-1 {
			u |= 1 << window
		}
		// The digit is (u mod 64) - 32.
		minus := uint8(u>>window&1) ^ 1
		d[i] = (uint8(u)^-minus)&(1<<window-1)>>1 | minus<<7 ^ even
	}
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

// A secretTable holds the odd multiples of 2^(20·j)·G for a generator G, 20 KB.
type secretTable [rowCount]row

func newSecretTable(g *publicPoint) *secretTable {
	points := make([]point, 0, rowCount*multiples)
	base := secretPoint(g)
	for range rowCount {
		var twice point
		twice.double(&base)
		p := base
		points = append(points, p)
		for range multiples - 1 {
			p.add(&p, &twice)
			points = append(points, p)
		}
		for range window * rowStride {
			base.double(&base)
		}
	}
	t := new(secretTable)
	for i, a := range normalize(points) {
		t[i/multiples][i%multiples] = a
	}
	return t
}
