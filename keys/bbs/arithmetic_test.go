package bbs

import (
	"bytes"
	"math/big"
	"testing"

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
