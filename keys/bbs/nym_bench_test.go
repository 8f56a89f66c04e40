package bbs

import (
	"fmt"
	"testing"
)

// benchNyms runs f with issuances over 10 messages.
func benchNyms(b *testing.B, f func(s Ciphersuite, c *nymCase, p *proved, r *renewal) error) {
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		for _, n := range []int{1, 8} {
			b.Run(fmt.Sprintf("%v/N=%d", s, n), func(b *testing.B) {
				c := newNymCase(b, s, 10, 0, n)
				p := c.prove(b, s, &Disclose{Messages: []int{1, 4, 7}})
				r, _ := newRenewal(b, s, c)
				b.ReportAllocs()
				for b.Loop() {
					if err := f(s, c, p, r); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkNymCommit(b *testing.B) {
	benchNyms(b, func(s Ciphersuite, c *nymCase, _ *proved, _ *renewal) error {
		_, _, err := s.NymCommit(nil, c.prover)
		return err
	})
}

func BenchmarkNymSign(b *testing.B) {
	benchNyms(b, func(s Ciphersuite, c *nymCase, _ *proved, _ *renewal) error {
		_, err := c.key.NymSignMessages(b.Context(), s, c.commitment, c.prover.Len(), c.entropy, c.header, c.messages)
		return err
	})
}

func BenchmarkNymFinalize(b *testing.B) {
	benchNyms(b, func(s Ciphersuite, c *nymCase, _ *proved, _ *renewal) error {
		_, err := s.NymFinalize(c.key.PublicKey(), c.held.Signature, c.header, c.messages, nil, c.prover, c.entropy, c.held.Blind)
		return err
	})
}

func BenchmarkNymProofGen(b *testing.B) {
	benchNyms(b, func(s Ciphersuite, c *nymCase, p *proved, _ *renewal) error {
		_, _, err := s.NymProofGen(c.key.PublicKey(), &c.held, p.says.ContextID, p.says.PresentationHeader, &Disclose{Messages: p.says.Disclosed})
		return err
	})
}

func BenchmarkNymProofVerify(b *testing.B) {
	benchNyms(b, func(s Ciphersuite, c *nymCase, p *proved, _ *renewal) error {
		return s.NymProofVerify(c.key.PublicKey(), p.proof, p.pseudonym, p.says)
	})
}

func BenchmarkPseudonym(b *testing.B) {
	benchNyms(b, func(s Ciphersuite, c *nymCase, p *proved, _ *renewal) error {
		_, err := s.Pseudonym(p.says.ContextID, c.held.Nyms)
		return err
	})
}

func BenchmarkVerifySameNyms(b *testing.B) {
	benchNyms(b, func(s Ciphersuite, _ *nymCase, _ *proved, r *renewal) error { return r.verify(s) })
}
