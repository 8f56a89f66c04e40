package bbs

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
)

func (f *faults) prove(t testing.TB, disclosed []int) []byte {
	t.Helper()
	p, err := f.s.ProofGen(f.public, f.sign(t, f.header, f.messages), f.header, []byte("nonce"), f.messages, disclosed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (f *faults) proofs(t testing.TB) (out []proofVector) {
	disclosed := []int{0, 2}
	good := f.prove(t, disclosed)
	base := proofVector{
		"", false, f.s.String(), f.public.Bytes(), f.header, []byte("nonce"),
		disclosed,
		[]hexBytes{f.messages[0], f.messages[2]},
		good,
	}
	add := func(fault string, change func(v *proofVector)) {
		v := base
		v.Fault, v.Valid = f.named(fault), isValid(fault)
		v.Messages, v.Disclosed = slices.Clone(base.Messages), slices.Clone(base.Disclosed)
		change(&v)
		out = append(out, v)
	}
	add("none", func(v *proofVector) {})
	add("none: nothing disclosed", func(v *proofVector) {
		v.Disclosed, v.Messages, v.Proof = []int{}, []hexBytes{}, f.prove(t, nil)
	})
	add("none: all disclosed", func(v *proofVector) {
		v.Disclosed, v.Messages = []int{0, 1, 2, 3}, nil
		for _, m := range f.messages {
			v.Messages = append(v.Messages, m)
		}
		v.Proof = f.prove(t, v.Disclosed)
	})
	for i, name := range []string{"Abar", "Bbar", "D"} {
		at := i * pointSize
		p := good[at : at+pointSize]
		wrong := noPoints(p)
		for _, fault := range sortedKeys(wrong) {
			add("form: "+name+": "+fault, func(v *proofVector) { v.Proof = replace(good, at, wrong[fault]) })
		}
		add("form: "+name+": wrong subgroup", func(v *proofVector) { v.Proof = replace(good, at, withSmallOrder(t, p)) })
		add(name+": other sign", func(v *proofVector) { v.Proof = replace(good, at, []byte{p[0] ^ 0x20}) })
	}
	add("form: Abar and Bbar: identity, a forgery for which all equations hold", func(v *proofVector) { v.Proof = f.forge(t, disclosed, true) })
	add("Abar and Bbar: a forgery for which all equations hold but the pairing", func(v *proofVector) { v.Proof = f.forge(t, disclosed, false) })
	names := []string{"e^", "r1^", "r3^", "first m^", "second m^", "c"}
	for i, name := range names {
		at := 3*pointSize + i*scalarSize
		k := good[at : at+scalarSize]
		add("form: "+name+": plus the order", func(v *proofVector) {
			more, ok := plus(k, bigOrder())
			if !ok {
				t.Fatal("a scalar plus the order does not fit")
			}
			v.Proof = replace(good, at, more)
		})
		add("form: "+name+": zero", func(v *proofVector) { v.Proof = replace(good, at, make([]byte, scalarSize)) })
		add("form: "+name+": all ones", func(v *proofVector) { v.Proof = replace(good, at, bytes.Repeat([]byte{0xff}, scalarSize)) })
		add(name+": one bit", func(v *proofVector) { v.Proof = replace(good, at+31, []byte{k[31] ^ 1}) })
	}
	for _, c := range []struct {
		fault string
		size  int
	}{{"empty", 0}, {"shorter than any", proofFixedSize - 1}, {"a byte too few", len(good) - 1}, {"half a scalar too few", len(good) - 16}} {
		add("form: "+c.fault, func(v *proofVector) { v.Proof = good[:c.size] })
	}
	add("form: a byte too many", func(v *proofVector) { v.Proof = append(bytes.Clone(good), 0) })
	add("an m^ too few", func(v *proofVector) { v.Proof = slices.Delete(bytes.Clone(good), len(good)-64, len(good)-32) })
	add("an m^ too many", func(v *proofVector) {
		v.Proof = slices.Insert(bytes.Clone(good), len(good)-32, good[len(good)-64:len(good)-32]...)
	})
	add("m^ in another order", func(v *proofVector) {
		at := len(good) - 3*scalarSize
		v.Proof = replace(good, at, slices.Concat(good[at+scalarSize:at+2*scalarSize], good[at:at+scalarSize]))
	})
	add("challenge of another presentation", func(v *proofVector) {
		other := f.prove(t, disclosed)
		v.Proof = replace(good, len(good)-scalarSize, other[len(other)-scalarSize:])
	})
	add("other presentation header", func(v *proofVector) { v.PresentationHeader = []byte("nonces") })
	add("no presentation header", func(v *proofVector) { v.PresentationHeader = hexBytes{} })
	add("other header", func(v *proofVector) { v.Header = []byte("headers") })
	add("header moved into the presentation header", func(v *proofVector) {
		v.Header, v.PresentationHeader = []byte("heade"), []byte("rnonce")
	})
	add("other message", func(v *proofVector) { v.Messages[0] = []byte("First") })
	add("messages in another order", func(v *proofVector) { v.Messages[0], v.Messages[1] = v.Messages[1], v.Messages[0] })
	add("other index", func(v *proofVector) { v.Disclosed[1] = 3 })
	add("indexes that descend", func(v *proofVector) {
		v.Disclosed[0], v.Disclosed[1] = 2, 0
		v.Messages[0], v.Messages[1] = v.Messages[1], v.Messages[0]
	})
	add("index twice", func(v *proofVector) { v.Disclosed[1] = 0 })
	add("negative index", func(v *proofVector) { v.Disclosed[0] = -1 })
	add("index beyond the messages", func(v *proofVector) { v.Disclosed[1] = 4 })
	add("message without an index", func(v *proofVector) { v.Messages = append(v.Messages, []byte("fourth")) })
	add("index without a message", func(v *proofVector) { v.Disclosed = append(v.Disclosed, 3) })
	add("disclosed message passed as hidden", func(v *proofVector) { v.Disclosed, v.Messages = v.Disclosed[:1], v.Messages[:1] })
	add("other key", func(v *proofVector) { v.PublicKey = f.otherKey(t).Bytes() })
	add("other ciphersuite", func(v *proofVector) { v.Suite = (SHA256 + SHAKE256 - f.s).String() })
	return out
}

// forge makes a proof without a signature. T1 and T2 are what the verifier will compute, so that the challenge matches. With identity, Abar
// and Bbar are the identity, and the pairings are equal, too: nothing is left but to refuse the identity. Without, they are points
// whose pairings differ.
func (f *faults) forge(t testing.TB, disclosed []int, identities bool) []byte {
	t.Helper()
	ms := f.a.messageScalars(f.messages)
	gens := f.a.generators(len(ms) + 1)
	domain := f.a.domain(f.public, gens, f.header)
	hidden := hiddenIndexes(disclosed, len(ms))
	random := randomScalars(proofScalars + len(hidden))
	// A signature of nobody: the equations of T1 and T2 do not involve the key.
	sig := signature{a: gens[0].point, e: uintScalar(77)}
	p, err := f.a.proofInit(&sig, gens, &domain, ms, hidden, random)
	if err != nil {
		t.Fatal(err)
	}
	if !identities {
		c := f.a.challenge(disclosed, pick(ms, disclosed), &p.commitments, nil, &domain, []byte("nonce"))
		return p.finalize(&c, &sig.e, pick(ms, hidden))
	}
	p.aBar = encodePoints(identity())[0]
	p.bBar = p.aBar
	// T1 = c·0 + e^·0 + r1^·D, for an r1^ that is chosen before the challenge is known.
	d, err := parsePoint(p.d[:])
	if err != nil {
		t.Fatal(err)
	}
	r1Hat := uintScalar(4711)
	p.t1 = encodeJacobian(publicMul([]publicPoint{d}, []scalar{r1Hat}))[0]
	c := f.a.challenge(disclosed, pick(ms, disclosed), &p.commitments, nil, &domain, []byte("nonce"))
	out := p.finalize(&c, &sig.e, pick(ms, hidden))
	k := scalarBytes(&r1Hat)
	return replace(out, 3*pointSize+scalarSize, k[:])
}

// TestForgeries shows that the vectors which only one check refuses are that good: everything but it holds.
func TestForgeries(t *testing.T) {
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		f := newFaults(t, s)
		ms := f.a.messageScalars(f.messages)
		gens := f.a.generators(len(ms) + 1)
		domain := f.a.domain(f.public, gens, f.header)
		for _, identities := range []bool{true, false} {
			t.Run(fmt.Sprint(s, identities), func(t *testing.T) {
				b := f.forge(t, []int{0, 2}, identities)
				parsing := b
				if identities { // the parser refuses it: parse it with other points, then put them back
					parsing = replace(b, 0, slices.Concat(gens[0].encoded[:], gens[0].encoded[:]))
				}
				p, err := parseProof(parsing)
				if err != nil {
					t.Fatal(err)
				}
				if identities {
					p.aBar, p.bBar = publicPoint{}, publicPoint{}
					p.encoded.aBar = encodedPoint(b[:pointSize])
					p.encoded.bBar = p.encoded.aBar
				}
				f.a.proofVerifyInit(p, gens, &domain, []int{0, 2}, pick(ms, []int{0, 2}))
				c := f.a.challenge([]int{0, 2}, pick(ms, []int{0, 2}), &p.encoded, nil, &domain, []byte("nonce"))
				if p.c.IsEqual(&c) != 1 {
					t.Error("the challenge differs")
				}
				if got := p.check(f.public, &c); (got == nil) != identities {
					t.Errorf("pairings: got %v, want equal ones: %v", got, identities)
				}
			})
		}
		sig := f.signWithZero(t)
		p, err := parsePoint(sig[:pointSize])
		if err != nil {
			t.Fatal(err)
		}
		if err := f.a.verifyPoint(f.public, &signature{a: p}, gens, &domain, ms); err != nil {
			t.Errorf("%v: e is zero: got %v, want an equation that holds", s, err)
		}
		sig = f.sign(t, f.header, f.messages)
		good, err := parseSignature(sig)
		if err != nil {
			t.Fatal(err)
		}
		q := smallOrder()
		good.a.Add(&good.a, &q)
		if err := f.a.verifyPoint(f.public, &good, gens, &domain, ms); err != nil {
			t.Errorf("%v: wrong subgroup: got %v, want an equation that holds", s, err)
		}
	}
}
