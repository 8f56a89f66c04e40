package bbs

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"testing"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// timingScalar draws of a class: 0 is short, 1 is uniform.
func timingScalar(class int) scalar {
	if class == 0 {
		return uintScalar(1 + rand.Uint64N(1<<16-1))
	}
	return randomScalars(1)[0]
}

// copies makes the secrets of both classes.
func copies[T any](t *testing.T, one func(class int) (T, error)) (v [2][timingCopies]T) {
	t.Helper()
	for class := range v {
		for i := range v[class] {
			var err error
			if v[class][i], err = one(class); err != nil {
				t.Fatal(err)
			}
		}
	}
	return v
}

// timingKinds are scalars with which other algorithms than one that skips zeros could be quick: those just below r, and those whose
// halves are short (halve).
var timingKinds = map[string]func() scalar{
	"r minus a short one": func() (k scalar) {
		k = timingScalar(0)
		k.Neg()
		return k
	},
	"short, times lambda": func() (k scalar) {
		k = timingScalar(0)
		lambda, shift := uintScalar(lambda1), uintScalar(1<<32)
		lambda.Mul(&lambda, &shift)
		lambda.Mul(&lambda, &shift)
		low := uintScalar(lambda0)
		lambda.Add(&lambda, &low)
		k.Mul(&k, &lambda)
		return k
	},
	"below 2^128": func() (k scalar) {
		random := timingScalar(1)
		b := scalarBytes(&random)
		return reduce(b[16:])
	},
}

// chosen is a case that is given one of its secrets.
func chosen[T any](t *testing.T, name string, one func(class int) (T, error), do func(T)) timingCase {
	v := copies(t, one)
	var now T
	return timingCase{name: name, load: func(class, i int) { now = v[class][i] }, do: func() { do(now) }}
}

// over is a case whose secret is a list of n scalars, which it may write to.
func over(t *testing.T, name string, n int, do func(ks []scalar)) timingCase {
	v := copies(t, func(class int) ([]scalar, error) {
		ks := make([]scalar, n)
		for i := range ks {
			ks[i] = timingScalar(class)
		}
		return ks, nil
	})
	ks := make([]scalar, n)
	return timingCase{name: name, load: func(class, i int) { copy(ks, v[class][i]) }, do: func() { do(ks) }}
}

func timingCases(t *testing.T) []timingCase {
	a, err := SHA256.core()
	if err != nil {
		t.Fatal(err)
	}
	gens := a.generators(11)
	sum := secretSum(gens, randomScalars(len(gens)))
	return append(append(variableCases(t, gens, &sum), scalarCases(t, gens, &sum)...), append(protocolCases(t, a, gens, &sum), nymCases(t)...)...)
}

// variableCases leak.
func variableCases(t *testing.T, gens []*generator, sum *point) []timingCase {
	known := public(*sum)[0]
	cases := []timingCase{
		over(t, "gnark-crypto's ScalarMultiplication", 1, func(ks []scalar) {
			b := scalarBytes(&ks[0])
			var p bls12381.G1Affine
			p.ScalarMultiplication(&known, new(big.Int).SetBytes(b[:]))
		}),
		over(t, "publicMul", 1, func(ks []scalar) { publicMul([]publicPoint{known}, ks) }),
		over(t, "publicSum of one generator", 1, func(ks []scalar) { publicSum(gens[:1], ks) }),
		over(t, "secretMul, and 64 multiplications of scalars if k < 2^248", 1, func(ks []scalar) {
			secretMul([]point{*sum}, ks)
			if b := scalarBytes(&ks[0]); b[0] == 0 {
				k := ks[0]
				for range 64 {
					k.Mul(&k, &ks[0])
				}
				ks[0] = k
			}
		}),
	}
	for i := range cases {
		cases[i].name, cases[i].leaks = "leaks: "+cases[i].name, true
	}
	return cases
}

// scalarCases are what everything consists of.
func scalarCases(t *testing.T, gens []*generator, sum *point) []timingCase {
	var cases []timingCase
	for name, kind := range timingKinds {
		one := func(class int) (scalar, error) {
			if class == 0 {
				return kind(), nil
			}
			return timingScalar(1), nil
		}
		cases = append(cases,
			chosen(t, "secretSum of one generator, "+name, one, func(k scalar) { secretSum(gens[:1], []scalar{k}) }),
			chosen(t, "secretMul of one point, "+name, one, func(k scalar) { secretMul([]point{*sum}, []scalar{k}) }))
	}
	return append(cases,
		chosen(t, "16 reductions of 48 bytes", func(class int) ([48]byte, error) {
			var b [48]byte
			k := timingScalar(class)
			out := scalarBytes(&k)
			copy(b[16:], out[:])
			if class == 1 {
				copy(b[:16], out[16:])
			}
			return b, nil
		}, func(b [48]byte) {
			for range 16 {
				k := reduce(b[:])
				b[0] = byte(k.IsZero())
			}
		}),
		over(t, "16 times to bytes and back", 1, func(ks []scalar) {
			for range 16 {
				b := scalarBytes(&ks[0])
				ks[0], _ = parseNonzeroScalar(b[:])
			}
		}),
		over(t, "inversion", 1, func(ks []scalar) { ks[0] = invert(&ks[0]) }),
		over(t, "polynomial of 8 nyms, 16 times", 8, func(ks []scalar) {
			z := gens[1].timingScalar()
			for range 16 {
				ks[0] = polynomial(ks, &z)
			}
		}),
		over(t, "secretSum of one generator", 1, func(ks []scalar) { secretSum(gens[:1], ks) }),
		over(t, "secretSum of 11 generators", 11, func(ks []scalar) { secretSum(gens, ks) }),
		over(t, "secretMul of one point", 1, func(ks []scalar) { secretMul([]point{*sum}, ks) }),
		over(t, "secretMul of 3 points", 3, func(ks []scalar) { secretMul([]point{*sum, *sum, *sum}, ks) }),
		chosen(t, "encoding of a multiple", func(class int) (point, error) {
			return secretMul([]point{*sum}, []scalar{timingScalar(class)}), nil
		}, func(p point) { encodePoints(p) }),
	)
}

// timingScalar is a scalar that everybody knows.
func (g *generator) timingScalar() scalar { return reduce(g.encoded[:]) }

// protocolCases sign and prove.
func protocolCases(t *testing.T, a api, gens []*generator, sum *point) []timingCase {
	e := randomScalars(1)[0]
	messages := make([][]byte, 10)
	for i := range messages {
		messages[i] = bytes.Repeat([]byte{byte(i)}, 32)
	}
	key := newPrivateKey(&[]scalar{timingScalar(1)}[0])
	signed, err := key.SignMessages(t.Context(), a.suite, nil, messages)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := parseSignature(signed)
	if err != nil {
		t.Fatal(err)
	}
	disclosed, domain := []int{1, 4, 7}, randomScalars(1)[0]
	hidden := hiddenIndexes(disclosed, len(messages))
	prove := func(messages, random []scalar) {
		p, err := a.proofInit(&sig, gens, &domain, messages, hidden, random)
		if err != nil {
			t.Fatal(err)
		}
		c := a.challenge(disclosed, pick(messages, disclosed), &p.commitments, nil, &domain, nil)
		p.finalize(&c, &sig.e, pick(messages, hidden))
	}
	return []timingCase{
		over(t, "public key of a secret key", 1, func(ks []scalar) { newPrivateKey(&ks[0]) }),
		chosen(t, "SignMessages, 10 messages, of a secret key", func(class int) (*PrivateKey, error) {
			k := timingScalar(class)
			return newPrivateKey(&k), nil
		}, func(k *PrivateKey) {
			if _, err := k.SignMessages(t.Context(), a.suite, nil, messages); err != nil {
				t.Fatal(err)
			}
		}),
		chosen(t, "signing by multiplying with 1/(secret key + e)", func(class int) (scalar, error) {
			k := timingScalar(class)
			k = invert(&k)
			k.Sub(&k, &e)
			return k, nil
		}, func(secret scalar) {
			if _, err := signPoint(&secret, &e, sum); err != nil {
				t.Fatal(err)
			}
		}),
		over(t, "proof with 7 hidden messages as scalars", 10, func(ks []scalar) { prove(ks, randomScalars(proofScalars+len(hidden))) }),
		over(t, "proof with random scalars", proofScalars+len(hidden), func(ks []scalar) { prove(a.messageScalars(messages), ks) }),
		chosen(t, "ProofGen with 7 hidden messages of 32 bytes", func(class int) ([][]byte, error) {
			ms := append([][]byte{}, messages...)
			for _, i := range hidden {
				ms[i] = make([]byte, 32)
				if class == 1 {
					k := timingScalar(1)
					ms[i] = appendScalar(nil, &k)
				}
			}
			return ms, nil
		}, func(ms [][]byte) {
			if _, err := a.suite.ProofGen(key.PublicKey(), signed, nil, nil, ms, disclosed); err != nil {
				t.Fatal(err)
			}
		}),
		over(t, "commitment to 8 scalars", 8, func(ks []scalar) {
			if _, _, err := a.commit(ks, nil); err != nil {
				t.Fatal(err)
			}
		}),
	}
}

// nymCases use 8 nym secrets.
func nymCases(t *testing.T) []timingCase {
	const n = 8
	key, err := Generate()
	if err != nil {
		t.Fatal(err)
	}
	entropy := NewNymEntropy()
	messages := [][]byte{[]byte("one"), []byte("two"), []byte("three")}
	type holder struct {
		prover *NymSecrets
		held   NymSigned
	}
	enrol := func(class int) (h holder, err error) {
		var secret []byte
		for range n {
			k := timingScalar(class)
			secret = appendScalar(secret, &k)
		}
		if h.prover, err = NymSecretsFromSecret(secret); err != nil {
			return h, err
		}
		commitment, blind, err := SHA256.NymCommit(nil, h.prover)
		if err != nil {
			return h, err
		}
		h.held = NymSigned{Messages: messages, Blind: blind, Nyms: h.prover}
		h.held.Signature, err = key.NymSignMessages(t.Context(), SHA256, commitment, n, entropy, nil, messages)
		return h, err
	}
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	context := []byte("a platform")
	return []timingCase{
		chosen(t, "Pseudonym of 8 nyms", enrol, func(h holder) {
			_, err := SHA256.Pseudonym(context, h.prover)
			must(err)
		}),
		chosen(t, "NymCommit to 8 nyms", enrol, func(h holder) {
			_, _, err := SHA256.NymCommit(nil, h.prover)
			must(err)
		}),
		chosen(t, "NymFinalize of 8 nyms", enrol, func(h holder) {
			_, err := SHA256.NymFinalize(key.PublicKey(), h.held.Signature, nil, messages, nil, h.prover, entropy, h.held.Blind)
			must(err)
		}),
		chosen(t, "NymProofGen with 8 nyms", enrol, func(h holder) {
			_, _, err := SHA256.NymProofGen(key.PublicKey(), &h.held, context, nil, &Disclose{Messages: []int{1}})
			must(err)
		}),
	}
}
