package bbs

import (
	"bytes"
	"fmt"
	"math/big"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fr"
	"pgregory.net/rapid"
)

// bigOrder is r.
func bigOrder() *big.Int { return fr.Modulus() }

func bigScalar(k *scalar) *big.Int {
	b := scalarBytes(k)
	return new(big.Int).SetBytes(b[:])
}

func scalarOf(t testing.TB, n *big.Int) scalar {
	t.Helper()
	var b [scalarSize]byte
	k, err := parseScalar(new(big.Int).Mod(n, bigOrder()).FillBytes(b[:]))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// edgeScalars are scalars at which windows, carries and halves are at their ends.
func edgeScalars(t testing.TB) []scalar {
	one := big.NewInt(1)
	lambda := new(big.Int).SetUint64(lambda1)
	lambda.Lsh(lambda, 64).Add(lambda, new(big.Int).SetUint64(lambda0))
	var out []scalar
	add := func(n *big.Int) {
		for _, d := range []int64{-2, -1, 0, 1, 2} {
			out = append(out, scalarOf(t, new(big.Int).Add(n, big.NewInt(d))))
		}
	}
	add(big.NewInt(0))
	add(lambda)
	add(new(big.Int).Lsh(lambda, 1))
	add(new(big.Int).Mul(lambda, lambda))
	add(new(big.Int).Rsh(bigOrder(), 1))
	for bit := uint(1); bit < 255; bit += 2 {
		add(new(big.Int).Lsh(one, bit))
	}
	all := new(big.Int)
	for range digitCount {
		all.Lsh(all, window).Add(all, big.NewInt(16))
	}
	add(all)
	return out
}

func drawScalar(t *rapid.T) scalar {
	return reduce(rapid.SliceOfN(rapid.Byte(), 48, 48).Draw(t, "scalar"))
}

// everyScalar calls f with the edges and with random scalars.
func everyScalar(t *testing.T, f func(t rapid.TB, k scalar)) {
	for _, k := range edgeScalars(t) {
		f(t, k)
	}
	rapid.Check(t, func(t *rapid.T) { f(t, drawScalar(t)) })
}

func TestReduce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 48).Draw(t, "bytes")
		want := new(big.Int).Mod(new(big.Int).SetBytes(b), bigOrder())
		k := reduce(b)
		if got := bigScalar(&k); got.Cmp(want) != 0 {
			t.Fatalf("%x: got %x, want %x", b, got, want)
		}
	})
	for _, b := range [][]byte{nil, bytes.Repeat([]byte{0xff}, 48), bigOrder().Bytes()} {
		k := reduce(b)
		if want := new(big.Int).Mod(new(big.Int).SetBytes(b), bigOrder()); bigScalar(&k).Cmp(want) != 0 {
			t.Errorf("%x: got %x, want %x", b, bigScalar(&k), want)
		}
	}
}

func TestParseScalar(t *testing.T) {
	max := new(big.Int).Lsh(big.NewInt(1), 256)
	for _, c := range []struct {
		n           *big.Int
		ok, nonzero bool
	}{
		{big.NewInt(0), true, false},
		{big.NewInt(1), true, true},
		{new(big.Int).Sub(bigOrder(), big.NewInt(1)), true, true},
		{bigOrder(), false, false},
		{new(big.Int).Add(bigOrder(), big.NewInt(1)), false, false},
		{new(big.Int).Sub(max, big.NewInt(1)), false, false},
	} {
		var b [scalarSize]byte
		c.n.FillBytes(b[:])
		k, err := parseScalar(b[:])
		if (err == nil) != c.ok || err == nil && bigScalar(&k).Cmp(c.n) != 0 {
			t.Errorf("%x: got %x, %v, want accepted %v", b, bigScalar(&k), err, c.ok)
		}
		if _, err := parseNonzeroScalar(b[:]); (err == nil) != c.nonzero {
			t.Errorf("%x: got %v, want accepted %v", b, err, c.nonzero)
		}
	}
	for _, n := range []int{0, 31, 33} {
		if _, err := parseScalar(make([]byte, n)); err == nil {
			t.Errorf("%d bytes: got no error", n)
		}
	}
	k := reduce([]byte("anything"))
	inv := invert(&k)
	inv.Mul(&inv, &k)
	if bigScalar(&inv).Cmp(big.NewInt(1)) != 0 {
		t.Errorf("k/k: got %x", bigScalar(&inv))
	}
}

func TestDigits(t *testing.T) {
	everyScalar(t, func(t rapid.TB, k scalar) {
		var d digits
		d.recode(&k)
		sum := new(big.Int)
		for i := digitCount - 1; i >= 0; i-- {
			v := int64(d[i]&0x7f)*2 + 1
			if v > 31 {
				t.Fatalf("%x: digit %d is %x", bigScalar(&k), i, d[i])
			}
			if d[i]&0x80 != 0 {
				v = -v
			}
			sum.Lsh(sum, window).Add(sum, big.NewInt(v))
		}
		if sum.Mod(sum, bigOrder()).Cmp(bigScalar(&k)) != 0 {
			t.Fatalf("%x: digits are of %x", bigScalar(&k), sum)
		}
	})
}

func TestHalves(t *testing.T) {
	lambda := new(big.Int).SetUint64(lambda1)
	lambda.Lsh(lambda, 64).Add(lambda, new(big.Int).SetUint64(lambda0))
	limit := new(big.Int).Lsh(big.NewInt(1), 129)
	everyScalar(t, func(t rapid.TB, k scalar) {
		low, high := halve(&k)
		var halves [2]*big.Int
		for h, w := range [...][3]uint64{low, high} {
			n := new(big.Int)
			for i := 2; i >= 0; i-- {
				n.Lsh(n, 64).Add(n, new(big.Int).SetUint64(w[i]))
			}
			if n.Cmp(limit) >= 0 {
				t.Fatalf("%x: half %d is %x", bigScalar(&k), h, n)
			}
			halves[h] = n

			var d halfDigits
			d.recode(&w)
			sum := new(big.Int)
			for i := halfWindows - 1; i >= 0; i-- {
				v := int64(d[i] & 0x7f)
				if v > 16 {
					t.Fatalf("%x: digit %d is %x", n, i, d[i])
				}
				if d[i]&0x80 != 0 {
					v = -v
				}
				sum.Lsh(sum, window).Add(sum, big.NewInt(v))
			}
			if sum.Cmp(n) != 0 {
				t.Fatalf("%x: digits are of %x", n, sum)
			}

			var nd [halfNAFBits]int8
			naf(nd[:], [4]uint64{w[0], w[1], w[2]}, halfNAFWindow)
			checkNAF(t, nd[:], n, halfNAFWindow)
		}
		if got := halves[1].Mul(halves[1], lambda); got.Add(got, halves[0]).Cmp(bigScalar(&k)) != 0 {
			t.Fatalf("%x: halves are of %x", bigScalar(&k), got)
		}
		var nd [nafBits]int8
		naf(nd[:], words(&k), nafWindow)
		checkNAF(t, nd[:], bigScalar(&k), nafWindow)
	})
}

func checkNAF(t rapid.TB, d []int8, want *big.Int, window uint) {
	t.Helper()
	sum := new(big.Int)
	for i := len(d) - 1; i >= 0; i-- {
		v := int64(d[i])
		if v != 0 && (v%2 == 0 || max(v, -v) >= 1<<(window-1)) {
			t.Fatalf("%x: digit %d is %d", want, i, v)
		}
		sum.Lsh(sum, 1).Add(sum, big.NewInt(v))
	}
	if sum.Cmp(want) != 0 {
		t.Fatalf("%x: digits are of %x", want, sum)
	}
}

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
	for i := range edges {
		check(t, gens[:1], edges[i:i+1])
	}
	// All at once: more than are in memory at a time, and some without a table.
	check(t, gens, edges[:len(gens)])
	check(t, gens[MaxTables-2:MaxTables+2], edges[10:14])
	check(t, gens[MaxTables:], edges[len(edges)-30:])
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "n")
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

// TestGeneratorsGrow asks for generators in several steps, which must be those of one step.
func TestGeneratorsGrow(t *testing.T) {
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		whole, parts := api{s, "one id for both"}, api{s, "one id for both"}
		want := whole.generators(9)
		generatorsMu.Lock()
		delete(generatorSets, parts)
		generatorsMu.Unlock()
		for _, n := range []int{0, 1, 4, 2, 9} {
			got := parts.generators(n)
			if len(got) != n || cap(got) != n {
				t.Fatalf("%v: got %d of %d, want %d", s, len(got), cap(got), n)
			}
			for i := range got {
				if got[i].encoded != want[i].encoded {
					t.Errorf("%v: generator %d of %d: got %x, want %x", s, i, n, got[i].encoded, want[i].encoded)
				}
			}
		}
		seen := map[encodedPoint]bool{s.basePoint().encoded: true}
		for i, g := range want {
			if seen[g.encoded] {
				t.Errorf("%v: generator %d occurs twice", s, i)
			}
			seen[g.encoded] = true
			other := api{s, "another id"}.generators(i + 1)[i]
			if other.encoded == g.encoded {
				t.Errorf("%v: generator %d is the same under another id", s, i)
			}
		}
	}
	list := coreAPI(t).generators(MaxTables + 1)
	for i, want := range map[int]bool{0: true, MaxTables - 1: true, MaxTables: false} {
		if got := list[i].secretTable() != nil && list[i].publicTable() != nil; got != want {
			t.Errorf("generator %d has tables: got %v, want %v", i, got, want)
		}
	}
}

func BenchmarkTables(b *testing.B) {
	g := coreAPI(b).generators(1)[0]
	for name, f := range map[string]func(){
		"secret": func() { newSecretTable(&g.point) },
		"public": func() { newPublicTable(&g.point) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

func BenchmarkSums(b *testing.B) {
	for _, n := range []int{1, 10, 50} {
		gens := coreAPI(b).generators(n)
		k := randomScalars(n)
		b.Run(fmt.Sprintf("secret/%d", n), func(b *testing.B) {
			for b.Loop() {
				secretSum(gens, k)
			}
		})
		b.Run(fmt.Sprintf("public/%d", n), func(b *testing.B) {
			for b.Loop() {
				publicSum(gens, k)
			}
		})
	}
}
