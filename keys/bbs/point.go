package bbs

import (
	"errors"
	"fmt"

	"github.com/cloudflare/circl/ecc/bls12381/ff"
	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// pointSize is the length of a compressed point of G1.
const pointSize = bls12381.SizeOfG1AffineCompressed

type encodedPoint = [pointSize]byte

// A publicPoint is a point of G1 for work in variable time on values that everybody may know. Its zero value is the identity.
type publicPoint = bls12381.G1Affine

// A point is a point of G1 for work with secrets: (x/z, y/z) in homogeneous projective coordinates. All operations are
// complete (they need no case for equal points, opposite points or the identity: Renes, Costello, Batina 2015, algorithms 7, 8 and 9
// with a = 0, for points of odd order) and take a time that does not depend on the values. The zero value is no point.
type point struct{ x, y, z ff.Fp }

// An affinePoint is a point of G1 that is not the identity.
type affinePoint struct{ x, y ff.Fp }

// identity returns the neutral element.
func identity() (p point) {
	p.y.SetOne()
	return p
}

// triple12 sets z = 12·z, three times the constant b = 4 of the curve.
func triple12(z *ff.Fp) {
	var t ff.Fp
	t.Add(z, z)
	z.Add(&t, z)
	z.Add(z, z)
	z.Add(z, z)
}

// add sets p = a + b; any of them may be the same point.
func (p *point) add(a, b *point) {
	var t0, t1, t2, t3, t4, u, v ff.Fp
	t0.Mul(&a.x, &b.x)
	t1.Mul(&a.y, &b.y)
	t2.Mul(&a.z, &b.z)
	u.Add(&a.x, &a.y)
	v.Add(&b.x, &b.y)
	t3.Mul(&u, &v)
	t3.Sub(&t3, &t0)
	t3.Sub(&t3, &t1)
	u.Add(&a.y, &a.z)
	v.Add(&b.y, &b.z)
	t4.Mul(&u, &v)
	t4.Sub(&t4, &t1)
	t4.Sub(&t4, &t2)
	u.Add(&a.x, &a.z)
	v.Add(&b.x, &b.z)
	u.Mul(&u, &v)
	u.Sub(&u, &t0)
	u.Sub(&u, &t2)
	p.finish(&t0, &t1, &t2, &t3, &t4, &u)
}

// addAffine sets p = a + b.
func (p *point) addAffine(a *point, b *affinePoint) {
	var t0, t1, t2, t3, t4, u, v ff.Fp
	t0.Mul(&a.x, &b.x)
	t1.Mul(&a.y, &b.y)
	u.Add(&a.x, &a.y)
	v.Add(&b.x, &b.y)
	t3.Mul(&u, &v)
	t3.Sub(&t3, &t0)
	t3.Sub(&t3, &t1)
	t4.Mul(&b.y, &a.z)
	t4.Add(&t4, &a.y)
	u.Mul(&b.x, &a.z)
	u.Add(&u, &a.x)
	t2 = a.z
	p.finish(&t0, &t1, &t2, &t3, &t4, &u)
}

// finish is the part that both additions share: t0 = x1·x2, t1 = y1·y2, t2 = z1·z2, t3 = x1·y2 + x2·y1, t4 = y1·z2 + y2·z1, u =
// x1·z2 + x2·z1. It overwrites them.
func (p *point) finish(t0, t1, t2, t3, t4, u *ff.Fp) {
	var s ff.Fp
	s.Add(t0, t0)
	t0.Add(&s, t0)
	triple12(t2)
	s.Add(t1, t2)
	t1.Sub(t1, t2)
	triple12(u)
	var a, b ff.Fp
	a.Mul(t3, t1)
	b.Mul(t4, u)
	p.x.Sub(&a, &b)
	a.Mul(t1, &s)
	b.Mul(u, t0)
	p.y.Add(&a, &b)
	a.Mul(&s, t4)
	b.Mul(t0, t3)
	p.z.Add(&a, &b)
}

// double sets p = 2·a.
func (p *point) double(a *point) {
	var t0, t1, t2, s, u ff.Fp
	t0.Sqr(&a.y)
	s.Add(&t0, &t0)
	s.Add(&s, &s)
	s.Add(&s, &s)
	t1.Mul(&a.y, &a.z)
	t2.Sqr(&a.z)
	triple12(&t2)
	u.Add(&t0, &t2)
	var xy, w ff.Fp
	xy.Mul(&a.x, &a.y)
	p.z.Mul(&t1, &s)
	w.Mul(&t2, &s)
	t1.Add(&t2, &t2)
	t2.Add(&t1, &t2)
	t0.Sub(&t0, &t2)
	u.Mul(&t0, &u)
	p.y.Add(&w, &u)
	p.x.Mul(&t0, &xy)
	p.x.Add(&p.x, &p.x)
}

// isIdentity returns 1 for the neutral element, else 0.
func (p *point) isIdentity() int { return p.z.IsZero() }

// fromAffine sets p = a.
func (p *point) fromAffine(a *affinePoint) {
	p.x, p.y = a.x, a.y
	p.z.SetOne()
}

// normalize returns the affine coordinates of points, (0, 0) for the identity, with one inversion for all of them.
func normalize(points []point) []affinePoint {
	out := make([]affinePoint, len(points))
	// Products of all z before each point; a z of zero counts as one.
	before := make([]ff.Fp, len(points)+1)
	before[0].SetOne()
	one := before[0]
	for i := range points {
		z := points[i].z
		z.CMov(&z, &one, points[i].z.IsZero())
		before[i+1].Mul(&before[i], &z)
	}
	var inv, zi, zero ff.Fp
	inv.Inv(&before[len(points)])
	for i := len(points) - 1; i >= 0; i-- {
		id := points[i].z.IsZero()
		z := points[i].z
		z.CMov(&z, &one, id)
		zi.Mul(&inv, &before[i])
		inv.Mul(&inv, &z)
		out[i].x.Mul(&points[i].x, &zi)
		out[i].y.Mul(&points[i].y, &zi)
		out[i].y.CMov(&out[i].y, &zero, id)
		out[i].x.CMov(&out[i].x, &zero, id)
	}
	return out
}

// public hands points over for work in variable time, once everybody may know them.
func public(points ...point) []publicPoint {
	out := make([]publicPoint, len(points))
	for i, a := range normalize(points) {
		x, errX := a.x.MarshalBinary()
		y, errY := a.y.MarshalBinary()
		if errX != nil || errY != nil {
			panic("bbs: a coordinate does not encode")
		}
		if out[i].X.SetBytesCanonical(x) != nil || out[i].Y.SetBytesCanonical(y) != nil {
			panic("bbs: a coordinate is not below the prime")
		}
	}
	return out
}

// secret takes a point for work with secrets. It must be in the subgroup (every publicPoint here is: parsePoint looks) and not the
// identity.
func secret(p *publicPoint) (a affinePoint) {
	x, y := p.X.Bytes(), p.Y.Bytes()
	if a.x.UnmarshalBinary(x[:]) != nil || a.y.UnmarshalBinary(y[:]) != nil {
		panic("bbs: a coordinate is not below the prime")
	}
	return a
}

// secretPoint is secret in projective coordinates.
func secretPoint(p *publicPoint) (q point) {
	a := secret(p)
	q.fromAffine(&a)
	return q
}

// parsePoint reads a compressed point of G1 (48 bytes) that must be canonical, on the curve, in the subgroup of order r, and not
// the identity.
func parsePoint(b []byte) (p publicPoint, err error) {
	if len(b) != pointSize {
		return p, fmt.Errorf("point of %d bytes, want %d", len(b), pointSize)
	}
	// A flag of no compression makes SetBytes want twice as many bytes.
	if _, err := p.SetBytes(b); err != nil {
		return publicPoint{}, errors.New("not a canonical point of the subgroup")
	}
	if p.IsInfinity() {
		return publicPoint{}, errors.New("point is the identity")
	}
	return p, nil
}

// encodePoints returns points in compressed form, once everybody may know them.
func encodePoints(points ...point) []encodedPoint {
	out := make([]encodedPoint, len(points))
	for i, p := range public(points...) {
		out[i] = p.Bytes()
	}
	return out
}
