package bbs

import "github.com/cloudflare/circl/ecc/bls12381/ff"

// secretSum returns the sum of k[i]·bases[i] for different generators. Its time depends on which generators they are and not on
// the scalars.
//
// The generators' tables turn every scalar into 51 points of known coordinates. Points of the same window, one of each
// generator, are added in affine coordinates, many additions sharing one inversion: less than half the work of complete
// formulas. Such an addition fails when the two points have the same x. Both are non-zero multiples of sums of different
// generators, so that whoever finds scalars for which they meet has found a logarithm between generators; a random scalar does it
// with probability 2^-250. That case is noticed, and the sum computed with complete formulas instead.
func secretSum(bases []*generator, k []scalar) point {
	sum, ok := tableSum(bases, k)
	if !ok {
		return completeSum(bases, k)
	}
	return sum
}

// sumChunk is how many generators have their points in memory at once, 4.9 KB each.
const sumChunk = 32

// tableSum is secretSum; false if two points met.
func tableSum(bases []*generator, k []scalar) (point, bool) {
	var (
		total  = identity()
		rest   []point // of the generators without a table
		restK  []scalar
		buffer = make([][digitCount]affinePoint, 0, 1+min(sumChunk, len(bases)))
		s      batchAdder
		d      digits
	)
	defer func() {
		clear(d[:])
		clear(s.products)
	}()
	for i, g := range bases {
		t := g.secretTable()
		if t == nil {
			rest, restK = append(rest, secretPoint(&g.point)), append(restK, k[i])
			continue
		}
		if len(buffer) == cap(buffer) {
			if !s.fold(buffer) {
				return total, false
			}
			buffer = buffer[:1]
		}
		buffer = buffer[:len(buffer)+1]
		d.recode(&k[i])
		lanes := &buffer[len(buffer)-1]
		for j := range lanes {
			t[j/rowStride].pick(&lanes[j], d[j])
		}
	}
	defer wipe(restK)
	if len(buffer) > 0 {
		if !s.fold(buffer) {
			return total, false
		}
		for step := rowStride - 1; step >= 0; step-- {
			if step < rowStride-1 {
				for range window {
					total.double(&total)
				}
			}
			for j := step; j < digitCount; j += rowStride {
				total.addAffine(&total, &buffer[0][j])
			}
		}
		clear(buffer)
	}
	if len(rest) > 0 {
		p := secretMul(rest, restK)
		total.add(&total, &p)
	}
	return total, true
}

// completeSum is secretSum for any scalars.
func completeSum(bases []*generator, k []scalar) point {
	points := make([]point, len(bases))
	for i, g := range bases {
		points[i] = secretPoint(&g.point)
	}
	return secretMul(points, k)
}

// A batchAdder adds affine points. It keeps the memory for that.
type batchAdder struct{ products []ff.Fp }

// fold adds all points of a lane to its first, for every lane; false if two points met.
func (s *batchAdder) fold(points [][digitCount]affinePoint) bool {
	for n := len(points); n > 1; {
		half := n / 2
		if !s.add(points[:half], points[n-half:n]) {
			return false
		}
		n -= half
	}
	return true
}

// add adds b to a, point by point, with one inversion; false, and a is lost, if two points had the same x.
func (s *batchAdder) add(a, b [][digitCount]affinePoint) bool {
	if need := len(a)*digitCount + 1; cap(s.products) < need {
		s.products = make([]ff.Fp, need)
	}
	p := s.products[:len(a)*digitCount+1]
	p[0].SetOne()
	var d ff.Fp
	at := 0
	for i := range a {
		for j := range a[i] {
			d.Sub(&b[i][j].x, &a[i][j].x)
			p[at+1].Mul(&p[at], &d)
			at++
		}
	}
	if p[at].IsZero() == 1 {
		return false
	}
	var inv, slope, x ff.Fp
	inv.Inv(&p[at])
	for i := len(a) - 1; i >= 0; i-- {
		for j := digitCount - 1; j >= 0; j-- {
			at--
			q, r := &a[i][j], &b[i][j]
			d.Sub(&r.x, &q.x)
			slope.Mul(&inv, &p[at])
			inv.Mul(&inv, &d)
			d.Sub(&r.y, &q.y)
			slope.Mul(&slope, &d)
			x.Sqr(&slope)
			x.Sub(&x, &q.x)
			x.Sub(&x, &r.x)
			d.Sub(&q.x, &x)
			q.x = x
			d.Mul(&d, &slope)
			q.y.Sub(&d, &q.y)
		}
	}
	return true
}
