package bbs

import (
	"bytes"
	"context"
	"fmt"
	"math/big"
	"slices"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
	"github.com/consensys/gnark-crypto/ecc/bls12-381/fp"
	"pgregory.net/rapid"
)

// faults makes wrong keys, signatures and proofs, wherever it can such as only the check that is named would refuse.
type faults struct {
	s        Ciphersuite
	a        api
	key      *PrivateKey
	public   *PublicKey
	header   []byte
	messages [][]byte
}

func newFaults(t rapid.TB, s Ciphersuite) *faults {
	t.Helper()
	a, err := s.core()
	if err != nil {
		t.Fatal(err)
	}
	k, err := KeyGen(s, []byte("a key that everybody may know, for test vectors"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := &faults{s: s, a: a, key: k, public: k.PublicKey(), header: []byte("header")}
	f.messages = [][]byte{[]byte("first"), []byte("second"), {}, []byte("fourth")}
	return f
}

func (f *faults) sign(t rapid.TB, header []byte, messages [][]byte) []byte {
	t.Helper()
	sig, err := f.key.SignMessages(context.Background(), f.s, header, messages)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// smallOrder returns a point of the curve whose order divides the cofactor.
func smallOrder() (p bls12381.G1Affine) {
	var x, y, b fp.Element
	b.SetUint64(4)
	for n := uint64(1); ; n++ {
		x.SetUint64(n)
		y.Square(&x).Mul(&y, &x).Add(&y, &b)
		if y.Sqrt(&y) == nil {
			continue
		}
		p = bls12381.G1Affine{X: x, Y: y}
		// r·p, by doubling and adding: the library's multiplication is for the subgroup only.
		var sum, q bls12381.G1Jac
		q.FromAffine(&p)
		for i := bigOrder().BitLen() - 1; i >= 0; i-- {
			sum.DoubleAssign()
			if bigOrder().Bit(i) == 1 {
				sum.AddAssign(&q)
			}
		}
		if p.FromJacobian(&sum); !p.IsInfinity() {
			return p
		}
	}
}

// withSmallOrder returns the compressed point plus one of small order.
func withSmallOrder(t testing.TB, b []byte) []byte {
	t.Helper()
	p, err := parsePoint(b)
	if err != nil {
		t.Fatal(err)
	}
	q := smallOrder()
	p.Add(&p, &q)
	out := p.Bytes()
	return out[:]
}

// plus returns the big-endian number b plus n in as many bytes; false if it does not fit.
func plus(b []byte, n *big.Int) ([]byte, bool) {
	sum := new(big.Int).Add(new(big.Int).SetBytes(b), n)
	if sum.BitLen() > 8*len(b) {
		return nil, false
	}
	return sum.FillBytes(make([]byte, len(b))), true
}

// replace returns b with its part from at on replaced.
func replace(b []byte, at int, part []byte) []byte {
	out := bytes.Clone(b)
	copy(out[at:], part)
	return out
}

// noPoints are 48 or 96 bytes that no point has, by fault. p is a valid point.
func noPoints(p []byte) map[string][]byte {
	identity := make([]byte, len(p))
	identity[0] = 0xc0
	flags := func(set, clear byte) []byte { return replace(p, 0, []byte{p[0]&^clear | set}) }
	beyond := bytes.Repeat([]byte{0xff}, len(p))
	beyond[0] = 0x9f
	order := fp.Modulus().FillBytes(make([]byte, fp.Bytes))
	order[0] |= 0x80
	other := append(order, make([]byte, len(p)-fp.Bytes)...)
	return map[string][]byte{
		"identity":                                identity,
		"identity with the sign flag":             replace(identity, 0, []byte{0xe0}),
		"identity without the compression flag":   replace(identity, 0, []byte{0x40}),
		"infinity flag on another point":          flags(0x40, 0x20),
		"all zero":                                make([]byte, len(p)),
		"no compression flag":                     flags(0, 0x80),
		"coordinate of all ones":                  beyond,
		"coordinate is the prime":                 other,
		"identity with a byte that is not zero":   replace(identity, len(p)-1, []byte{1}),
		"identity with a flag, and the rest of p": replace(p, 0, []byte{0xc0}),
	}
}

func sortedKeys(m map[string][]byte) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func (f *faults) publicKeys(t testing.TB) []keyVector {
	good := f.public.Bytes()
	out := []keyVector{{"none", true, good}}
	add := func(fault string, b []byte) { out = append(out, keyVector{fault, isValid(fault), b}) }
	wrong := noPoints(good)
	for _, name := range sortedKeys(wrong) {
		add(name, wrong[name])
	}
	add("empty", []byte{})
	add("a byte too few", good[:95])
	add("a byte too many", append(bytes.Clone(good), 0))
	add("point of G1", good[:48])
	// On the curve and outside of the subgroup, off the curve.
	onCurve, offCurve := false, false
	for x := byte(1); !onCurve || !offCurve; x++ {
		b := make([]byte, PublicKeySize)
		b[0], b[95] = 0x80, x
		var p bls12381.G2Affine
		d := bls12381.NewDecoder(bytes.NewReader(b), bls12381.NoSubgroupChecks())
		switch err := d.Decode(&p); {
		case err == nil && !onCurve && !p.IsInSubGroup():
			add("wrong subgroup", b)
			onCurve = true
		case err != nil && !offCurve:
			add("off the curve", b)
			offCurve = true
		}
	}
	return out
}

func (f *faults) signatures(t testing.TB) (out []signatureVector) {
	good := f.sign(t, f.header, f.messages)
	hexes := func(ms [][]byte) []hexBytes {
		out := []hexBytes{}
		for _, m := range ms {
			out = append(out, m)
		}
		return out
	}
	base := signatureVector{"", false, f.s.String(), f.public.Bytes(), f.header, hexes(f.messages), good}
	add := func(fault string, change func(v *signatureVector)) {
		v := base
		v.Fault, v.Valid = f.named(fault), isValid(fault)
		v.Messages = slices.Clone(base.Messages)
		change(&v)
		out = append(out, v)
	}
	add("none", func(v *signatureVector) {})
	add("none: no messages, no header", func(v *signatureVector) {
		v.Header, v.Messages, v.Signature = hexBytes{}, []hexBytes{}, f.sign(t, nil, nil)
	})
	add("none: one empty message", func(v *signatureVector) {
		v.Messages, v.Signature = []hexBytes{{}}, f.sign(t, f.header, [][]byte{{}})
	})
	add("none: equal messages", func(v *signatureVector) {
		ms := [][]byte{{1}, {1}, {1}}
		v.Messages, v.Signature = hexes(ms), f.sign(t, f.header, ms)
	})
	wrong := noPoints(good[:pointSize])
	for _, name := range sortedKeys(wrong) {
		add("A: "+name, func(v *signatureVector) { v.Signature = replace(good, 0, wrong[name]) })
	}
	add("A: wrong subgroup, where the pairing cannot tell", func(v *signatureVector) {
		v.Signature = replace(good, 0, withSmallOrder(t, good[:pointSize]))
	})
	add("A: other sign", func(v *signatureVector) { v.Signature = replace(good, 0, []byte{good[0] ^ 0x20}) })
	add("A: coordinate plus the prime", func(v *signatureVector) {
		for i := 0; ; i++ {
			v.Header = fmt.Appendf(nil, "header %d", i)
			sig := f.sign(t, v.Header, f.messages)
			flags := sig[0] & 0xe0
			sig[0] &= 0x1f
			x, ok := plus(sig[:pointSize], fp.Modulus())
			if ok && x[0] < 0x20 {
				x[0] |= flags
				v.Signature = replace(sig, 0, x)
				return
			}
		}
	})
	add("e: zero, where the equation holds", func(v *signatureVector) { v.Signature = f.signWithZero(t) })
	add("e: plus the order", func(v *signatureVector) {
		e, ok := plus(good[pointSize:], bigOrder())
		if !ok {
			t.Fatal("e plus the order does not fit")
		}
		v.Signature = replace(good, pointSize, e)
	})
	add("e: all ones", func(v *signatureVector) {
		v.Signature = replace(good, pointSize, bytes.Repeat([]byte{0xff}, scalarSize))
	})
	add("e: of another signature", func(v *signatureVector) {
		v.Signature = replace(good, pointSize, f.sign(t, nil, nil)[pointSize:])
	})
	add("empty", func(v *signatureVector) { v.Signature = hexBytes{} })
	add("a byte too few", func(v *signatureVector) { v.Signature = good[:len(good)-1] })
	add("a byte too many", func(v *signatureVector) { v.Signature = append(bytes.Clone(good), 0) })
	add("other header", func(v *signatureVector) { v.Header = []byte("headers") })
	add("no header", func(v *signatureVector) { v.Header = hexBytes{} })
	add("header moved into the first message", func(v *signatureVector) {
		v.Header, v.Messages[0] = []byte("heade"), []byte("rfirst")
	})
	add("messages in another order", func(v *signatureVector) {
		v.Messages[0], v.Messages[1] = v.Messages[1], v.Messages[0]
	})
	add("other message", func(v *signatureVector) { v.Messages[3] = []byte("fourt") })
	add("last message missing", func(v *signatureVector) { v.Messages = v.Messages[:3] })
	add("empty message missing", func(v *signatureVector) { v.Messages = slices.Delete(v.Messages, 2, 3) })
	add("empty message added", func(v *signatureVector) { v.Messages = append(v.Messages, hexBytes{}) })
	add("message split in two", func(v *signatureVector) {
		v.Messages = []hexBytes{[]byte("fir"), []byte("st"), []byte("second"), {}, []byte("fourth")}
	})
	add("other key", func(v *signatureVector) { v.PublicKey = f.otherKey(t).Bytes() })
	add("other ciphersuite", func(v *signatureVector) { v.Suite = (SHA256 + SHAKE256 - f.s).String() })
	return out
}

func (f *faults) otherKey(t testing.TB) *PublicKey {
	t.Helper()
	k, err := KeyGen(f.s, []byte("another key that everybody may know, for test vectors"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k.PublicKey()
}

// signWithZero returns (B/secret, 0), for which the pairing equation holds.
func (f *faults) signWithZero(t testing.TB) (sig []byte) {
	err := f.key.use(func(secret *scalar, _ *PublicKey) error {
		gens := f.a.generators(len(f.messages) + 1)
		domain := f.a.domain(f.public, gens, f.header)
		b := f.a.commitMessages(gens, &domain, f.a.messageScalars(f.messages))
		p := encodePoints(secretMul([]point{b}, []scalar{invert(secret)}))
		sig = append(p[0][:], make([]byte, scalarSize)...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sig
}
