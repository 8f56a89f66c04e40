package bbs

import (
	"fmt"
	"testing"
)

// A benchCase is a signature over n messages and a proof that shows three of them, as the peers are measured.
type benchCase struct {
	key              *PrivateKey
	header, ph       []byte
	messages, shown  [][]byte
	disclosed        []int
	signature, proof []byte
}

func newBenchCase(b *testing.B, s Ciphersuite, n int) *benchCase {
	k, err := Generate()
	if err != nil {
		b.Fatal(err)
	}
	c := &benchCase{key: k, header: []byte("h"), ph: []byte("ph"), disclosed: []int{1, 4, 7}}
	for i := range n {
		c.messages = append(c.messages, fmt.Appendf(nil, "message number %d", i))
	}
	for _, i := range c.disclosed {
		c.shown = append(c.shown, c.messages[i])
	}
	if c.signature, err = k.SignMessages(b.Context(), s, c.header, c.messages); err != nil {
		b.Fatal(err)
	}
	if err := s.Verify(k.PublicKey(), c.signature, c.header, c.messages); err != nil {
		b.Fatal(err)
	}
	if c.proof, err = s.ProofGen(k.PublicKey(), c.signature, c.header, c.ph, c.messages, c.disclosed); err != nil {
		b.Fatal(err)
	}
	if err := s.ProofVerify(k.PublicKey(), c.proof, c.header, c.ph, c.disclosed, c.shown); err != nil {
		b.Fatal(err)
	}
	return c
}

func benchmark(b *testing.B, f func(s Ciphersuite, c *benchCase) error) {
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		for _, n := range []int{10, 50} {
			b.Run(fmt.Sprintf("%v/%d", s, n), func(b *testing.B) {
				c := newBenchCase(b, s, n)
				b.ReportAllocs()
				for b.Loop() {
					if err := f(s, c); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSign(b *testing.B) {
	benchmark(b, func(s Ciphersuite, c *benchCase) error {
		_, err := c.key.SignMessages(b.Context(), s, c.header, c.messages)
		return err
	})
}

func BenchmarkVerify(b *testing.B) {
	benchmark(b, func(s Ciphersuite, c *benchCase) error {
		return s.Verify(c.key.PublicKey(), c.signature, c.header, c.messages)
	})
}

func BenchmarkProofGen(b *testing.B) {
	benchmark(b, func(s Ciphersuite, c *benchCase) error {
		_, err := s.ProofGen(c.key.PublicKey(), c.signature, c.header, c.ph, c.messages, c.disclosed)
		return err
	})
}

func BenchmarkProofVerify(b *testing.B) {
	benchmark(b, func(s Ciphersuite, c *benchCase) error {
		return s.ProofVerify(c.key.PublicKey(), c.proof, c.header, c.ph, c.disclosed, c.shown)
	})
}

func BenchmarkPublicKey(b *testing.B) {
	k, err := Generate()
	if err != nil {
		b.Fatal(err)
	}
	raw := k.PublicKey().Bytes()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParsePublicKey(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGenerate(b *testing.B) {
	for b.Loop() {
		if _, err := Generate(); err != nil {
			b.Fatal(err)
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
