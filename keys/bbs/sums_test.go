package bbs

import (
	"slices"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"pgregory.net/rapid"
)

// wantPoint is the sum that the library of public values computes.
func wantPoint(points []publicPoint, k []scalar) encodedPoint {
	var sum bls12381.G1Jac
	for i := range points {
		var p bls12381.G1Jac
		p.FromAffine(&points[i])
		p.ScalarMultiplication(&p, bigScalar(&k[i]))
		sum.AddAssign(&p)
	}
	return encodeJacobian(sum)[0]
}

// sums calls f with the result of every way to compute a sum over generators.
func sums(gens []*generator, k []scalar, f func(way string, got encodedPoint)) {
	var public []publicPoint
	var secret []point
	for _, g := range gens {
		public, secret = append(public, g.point), append(secret, secretPoint(&g.point))
	}
	f("secretSum", encodePoints(secretSum(gens, k))[0])
	f("completeSum", encodePoints(completeSum(gens, k))[0])
	f("secretMul", encodePoints(secretMul(secret, k))[0])
	f("publicSum", encodeJacobian(publicSum(gens, k))[0])
	f("publicMul", encodeJacobian(publicMul(public, k))[0])
}

func coreAPI(t testing.TB) api {
	t.Helper()
	a, err := SHA256.core()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestSums(t *testing.T) {
	gens := coreAPI(t).generators(MaxTables + 30)
	edges := edgeScalars(t)
	check := func(t rapid.TB, gens []*generator, k []scalar) {
		t.Helper()
		var points []publicPoint
		for _, g := range gens {
			points = append(points, g.point)
		}
		want := wantPoint(points, k)
		sums(gens, k, func(way string, got encodedPoint) {
			if got != want {
				t.Fatalf("%s of %d: got %x, want %x", way, len(gens), got, want)
			}
		})
	}
	check(t, nil, nil)
	for i := 0; i < len(edges); i += 7 {
		check(t, gens[:1], edges[i:i+1])
	}
	// All at once: more than are in memory at a time, and some without a table.
	check(t, gens, edges[:len(gens)])
	check(t, gens[MaxTables-2:MaxTables+2], edges[10:14])
	check(t, gens[MaxTables:], edges[len(edges)-30:])
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 6).Draw(t, "n")
		k := make([]scalar, n)
		for i := range k {
			if rapid.Bool().Draw(t, "edge") {
				k[i] = rapid.SampledFrom(edges).Draw(t, "scalar")
			} else {
				k[i] = drawScalar(t)
			}
		}
		check(t, gens[:n], k)
	})
}

// TestSumOfMeetingPoints gives sums in which two points of a lane have the same x: the fast way must notice.
func TestSumOfMeetingPoints(t *testing.T) {
	gens := coreAPI(t).generators(2)
	twice := []*generator{gens[0], gens[1], gens[0]}
	k := []scalar{uintScalar(12345), uintScalar(99), uintScalar(12345)}
	minus := k[0]
	minus.Neg()
	for _, last := range []scalar{k[0], minus} {
		k[2] = last
		if _, ok := tableSum(twice, k); ok {
			t.Error("the same point twice: got no notice")
		}
		want := wantPoint([]publicPoint{gens[0].point, gens[1].point, gens[0].point}, k)
		sums(twice, k, func(way string, got encodedPoint) {
			if got != want {
				t.Errorf("%s: got %x, want %x", way, got, want)
			}
		})
	}
}

// TestSumOfMeetingPointsBeforeTheEnd lets two points meet that are added before all generators have been looked at.
func TestSumOfMeetingPointsBeforeTheEnd(t *testing.T) {
	const first = sumChunk + 1 // generators that are added at once, the lower half to the upper
	bases := slices.Clone(coreAPI(t).generators(first + 2))
	bases[first/2+1] = bases[0]
	k := randomScalars(len(bases))
	k[first/2+1] = k[0]
	if _, ok := tableSum(bases, k); ok {
		t.Error("the same point twice: got no notice")
	}
	points := make([]publicPoint, len(bases))
	for i, g := range bases {
		points[i] = g.point
	}
	if got, want := encodePoints(secretSum(bases, k))[0], wantPoint(points, k); got != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestPointsAreComplete adds and doubles at every special case.
func TestPointsAreComplete(t *testing.T) {
	g := coreAPI(t).generators(2)
	p, q := secretPoint(&g[0].point), secretPoint(&g[1].point)
	minus := p
	minus.y.Neg()
	id := identity()
	scaled := p // the same point with other coordinates
	scaled.add(&scaled, &q)
	neg := q
	neg.y.Neg()
	scaled.add(&scaled, &neg)
	var sum point
	for _, c := range []struct {
		name  string
		a, b  point
		wantP int64 // the sum is wantP·P
		wantQ int64
	}{
		{"P+Q", p, q, 1, 1},
		{"P+P", p, p, 2, 0},
		{"P+P in other coordinates", p, scaled, 2, 0},
		{"P-P", p, minus, 0, 0},
		{"P-P in other coordinates", scaled, minus, 0, 0},
		{"P+0", p, id, 1, 0},
		{"0+P", id, p, 1, 0},
		{"0+0", id, id, 0, 0},
	} {
		want := wantPoint([]publicPoint{g[0].point, g[1].point}, []scalar{uintScalar(uint64(c.wantP)), uintScalar(uint64(c.wantQ))})
		sum.add(&c.a, &c.b)
		if got := encodePoints(sum)[0]; got != want {
			t.Errorf("%s: got %x, want %x", c.name, got, want)
		}
		if (sum.isIdentity() == 1) != (c.wantP|c.wantQ == 0) {
			t.Errorf("%s: identity: got %d", c.name, sum.isIdentity())
		}
		if c.b.isIdentity() == 0 {
			affine := normalize([]point{c.b})[0]
			sum.addAffine(&c.a, &affine)
			if got := encodePoints(sum)[0]; got != want {
				t.Errorf("%s, affine: got %x, want %x", c.name, got, want)
			}
		}
	}
	for name, a := range map[string]point{"0": id, "P": p, "scaled": scaled} {
		var want point
		want.add(&a, &a)
		sum.double(&a)
		if encodePoints(sum)[0] != encodePoints(want)[0] {
			t.Errorf("2·%s: got %x, want %x", name, encodePoints(sum)[0], encodePoints(want)[0])
		}
	}
	// A batch with the identity at any place.
	for i := range 3 {
		batch := []point{p, q, scaled}
		batch[i] = id
		for j, e := range encodePoints(batch...) {
			if want := encodePoints(batch[j])[0]; e != want {
				t.Errorf("identity at %d, point %d: got %x, want %x", i, j, e, want)
			}
		}
	}
	if _, err := parsePoint(encodePoints(id)[0:][0][:]); err == nil {
		t.Error("the identity encodes as a point")
	}
	k := []scalar{uintScalar(7), uintScalar(9), uintScalar(0)}
	got := encodePoints(secretMul([]point{id, p, p}, k))[0]
	if want := wantPoint([]publicPoint{g[0].point}, k[1:2]); got != want {
		t.Errorf("7·0+9·P+0·P: got %x, want %x", got, want)
	}
	var none publicPoint
	if got, want := encodeJacobian(publicMul([]publicPoint{none, g[0].point}, k[:2]))[0], wantPoint([]publicPoint{g[0].point}, k[1:2]); got != want {
		t.Errorf("public: 7·0+9·P: got %x, want %x", got, want)
	}
}

func TestParsePointLengths(t *testing.T) {
	b := coreAPI(t).generators(1)[0].encoded[:]
	if _, err := parsePoint(b); err != nil {
		t.Error(err)
	}
	for _, b := range [][]byte{nil, b[:47], append(b[:48:48], 0), append(b[:48:48], b...)} {
		if p, err := parsePoint(b); err == nil || !p.IsInfinity() {
			t.Errorf("%d bytes: got %v, %v, want an error alone", len(b), p, err)
		}
	}
}
