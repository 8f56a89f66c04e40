package bbs

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"math/bits"

	"github.com/cloudflare/circl/ecc/bls12381/ff"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
)

// Scalars of points without a table are halved: k = low + high·λ, where λ·(x, y) = (β·x, y) costs one multiplication (Gallant,
// Lambert, Vanstone 2001). λ = z²-1 for the parameter z of the curve, and λ²+λ+1 = r. high is the product of k and ⌊2^256/λ⌋ without
// its lower 256 bits: that is ⌊k/λ⌋ or one less, so that low is below 2λ.
const (
	lambda0 = 0x00000000ffffffff
	lambda1 = 0xac45a4010001a402
	// ⌊2^256/λ⌋ = 2^128 + inverse1·2^64 + inverse0
	inverse0 = 0x63f6e522f6cfee30
	inverse1 = 0x7c6becf1e01faadd

	halfWindows = 26                // of a half, which is below 2^129
	halfEntries = 1<<(window-1) + 1 // multiples 0, 1 … 16 of a point
)

// beta and publicBeta are β for either library.
var beta, publicBeta = func() (z ff.Fp, public fp.Element) {
	b, err := hex.DecodeString("1a0111ea397fe699ec02408663d4de85aa0d857d89759ad4897d29650fb85f9b409427eb4f49fffd8bfd00000000aaac")
	if err == nil {
		err = errors.Join(z.UnmarshalBinary(b), public.SetBytesCanonical(b))
	}
	if err != nil {
		panic("bbs: constant: " + err.Error())
	}
	return z, public
}()

// halve returns the halves of k, lowest word first.
func halve(k *scalar) (low, high [3]uint64) {
	w := words(k)
	var product [7]uint64
	for i, x := range w {
		var carry uint64
		for j, y := range [3]uint64{inverse0, inverse1, 1} {
			product[i+j], carry = mulAdd(x, y, product[i+j], carry)
		}
		product[i+3] = carry
	}
	high = [3]uint64(product[4:])
	// low has three words, so that only those of high·λ matter.
	var t [3]uint64
	var carry uint64
	t[0], carry = mulAdd(high[0], lambda0, 0, 0)
	t[1], t[2] = mulAdd(high[0], lambda1, 0, carry)
	t[1], carry = mulAdd(high[1], lambda0, t[1], 0)
	t[2] += carry + high[1]*lambda1 + high[2]*lambda0
	var borrow uint64
	low[0], borrow = bits.Sub64(w[0], t[0], 0)
	low[1], borrow = bits.Sub64(w[1], t[1], borrow)
	low[2], _ = bits.Sub64(w[2], t[2], borrow)
	return low, high
}

// mulAdd returns the two words of x·y + a + b, the lower first.
func mulAdd(x, y, a, b uint64) (low, high uint64) {
	high, low = bits.Mul64(x, y)
	var carry uint64
	low, carry = bits.Add64(low, a, 0)
	high += carry
	low, carry = bits.Add64(low, b, 0)
	return low, high + carry
}

// halfDigits are windows of a half, lowest first, each from -15 to 16: bits 0 to 4 are the amount, bit 7 is the sign.
type halfDigits [halfWindows]uint8

func (d *halfDigits) recode(half *[3]uint64) {
	w := [4]uint64{half[0], half[1], half[2]}
	var carry uint8
	for i := range d {
		at := window * i
		u := w[at/64]>>(at%64) | w[at/64+1]<<(64-at%64) // a shift by 64 gives 0
		v := uint8(u)&(1<<window-1) + carry
		carry = (v + 15) >> window
		minus := -carry // all ones if the digit is v - 32
		d[i] = ((v^minus)-minus)&(1<<window-1) | minus&0x80
	}
}

// pointMultiples holds the multiples 0 to 16 of a point and of λ times the point, 4.9 KB.
type pointMultiples [2][halfEntries]point

func (m *pointMultiples) fill(p *point) {
	r := &m[0]
	r[0] = identity()
	r[1] = *p
	for i := 2; i < halfEntries; i += 2 {
		r[i].double(&r[i/2])
		if i+1 < halfEntries {
			r[i+1].add(&r[i], p)
		}
	}
	for i := range r {
		m[1][i] = r[i]
		m[1][i].x.Mul(&r[i].x, &beta)
	}
}

// pickMultiple sets p to the multiple that digit names. It reads all of them.
func pickMultiple(p *point, r *[halfEntries]point, digit uint8) {
	*p = r[0]
	for i := 1; i < halfEntries; i++ {
		same := subtle.ConstantTimeByteEq(digit&0x1f, uint8(i))
		p.x.CMov(&p.x, &r[i].x, same)
		p.y.CMov(&p.y, &r[i].y, same)
		p.z.CMov(&p.z, &r[i].z, same)
	}
	var minus ff.Fp
	minus.Sub(&minus, &p.y)
	p.y.CMov(&p.y, &minus, int(digit>>7))
}

// secretMul returns the sum of k[i]·points[i] in a time that depends on the number of points only. The points may be any, the
// same twice and the identity too.
func secretMul(points []point, k []scalar) point {
	const chunk = 16
	ms := make([]pointMultiples, min(chunk, len(points)))
	defer clear(ms)
	refs := make([]*pointMultiples, 0, len(ms))
	total := identity()
	for len(points) > 0 {
		n := min(chunk, len(points))
		refs = refs[:0]
		for i := range n {
			ms[i].fill(&points[i])
			refs = append(refs, &ms[i])
		}
		sum := mulMultiples(refs, k[:n])
		total.add(&total, &sum)
		points, k = points[n:], k[n:]
	}
	return total
}

// mulMultiples is secretMul for points whose multiples were computed before. The points share their doublings.
func mulMultiples(ms []*pointMultiples, k []scalar) point {
	ds := make([][2]halfDigits, len(ms))
	defer clear(ds)
	for i := range ms {
		low, high := halve(&k[i])
		ds[i][0].recode(&low)
		ds[i][1].recode(&high)
	}
	sum := identity()
	var p point
	for w := halfWindows - 1; w >= 0; w-- {
		if w < halfWindows-1 {
			for range window {
				sum.double(&sum)
			}
		}
		for i, m := range ms {
			for h := range m {
				pickMultiple(&p, &m[h], ds[i][h][w])
				sum.add(&sum, &p)
			}
		}
	}
	return sum
}
