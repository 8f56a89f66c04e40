package bbs

import "testing"

// TestRandomScalarsAreWiped keeps what provers draw. With it, everything that a proof hides could be computed from the proof.
func TestRandomScalarsAreWiped(t *testing.T) {
	s := SHA256
	var kept [][]scalar
	keep := func(n int) []scalar {
		ks := randomScalars(n)
		kept = append(kept, ks)
		return ks
	}
	f := newFaults(t, s)
	signature := f.sign(t, f.header, f.messages)
	blind, nym := newBlindCase(t, s, 1, 1), newNymCase(t, s, 1, 1, 2)
	a, err := s.nym()
	if err != nil {
		t.Fatal(err)
	}
	sig, err := parseSignature(signature)
	if err != nil {
		t.Fatal(err)
	}
	committed, k := randomScalars(3), uintScalar(1)
	for _, c := range []struct {
		name string
		do   func() error
	}{
		{"proof", func() error {
			return second(s.proofGen(f.public, signature, f.header, nil, f.messages, []int{1}, keep))
		}},
		{"blind proof", func() error {
			return second(s.blindProofGen(blind.key.PublicKey(), &blind.held, nil, nil, keep))
		}},
		{"nym proof", func() error {
			_, _, err := s.nymProofGen(nym.key.PublicKey(), &nym.held, []byte("ctx"), nil, nil, keep)
			return err
		}},
		{"nym commitment", func() error {
			_, _, err := s.nymCommit(nym.committed, nym.prover, keep)
			return err
		}},
		{"commitment", func() error {
			_, _, err := a.commit(committed, keep)
			kept = append(kept, committed)
			return err
		}},
		{"answers of a proof", func() error {
			core := f.a.messageScalars(f.messages)
			gens := f.a.generators(len(core) + 1)
			p, err := f.a.proofInit(&sig, gens, &k, core, []int{0, 1, 2, 3}, randomScalars(proofScalars+4))
			if err == nil {
				p.finalize(&k, &k, core)
				kept = append(kept, core)
			}
			return err
		}},
		{"same nyms", func() error {
			ks := randomScalars(2)
			a.sameStatement(3, nym.commitment, nym.commitment, []byte("ctx")).prove(&ks[0], &ks[1], keep)
			return nil
		}},
	} {
		kept = nil
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if len(kept) == 0 {
			t.Errorf("%s: drew nothing", c.name)
		}
		for _, ks := range kept {
			for i := range ks {
				if ks[i].IsZero() != 1 {
					t.Errorf("%s: scalar %d of %d is still there", c.name, i, len(ks))
				}
			}
		}
	}
	// A proof that fails on its way.
	kept = nil
	if _, _, err := s.nymProofGen(nym.key.PublicKey(), &nym.held, nil, nil, nil, keep); err == nil || len(kept) != 1 {
		t.Fatalf("no context: got %v after %d draws", err, len(kept))
	}
	for i := range kept[0] {
		if kept[0][i].IsZero() != 1 {
			t.Errorf("no context: scalar %d is still there", i)
		}
	}
}
