package bbs

import (
	"bytes"
	"errors"
	"testing"
)

// seeds adds b and what is near to it.
func seeds(b []byte) [][]byte {
	out := [][]byte{b, nil, b[:len(b)/2], b[:len(b)-1], append(bytes.Clone(b), 0), bytes.Repeat([]byte{0xff}, len(b))}
	for at := 0; at < len(b); at += scalarSize / 2 {
		out = append(out, spoilt(b, at))
	}
	return out
}

// Whatever is not the commitment that was made does not open: nobody makes another without its secrets by chance.
func FuzzBlindCommitment(f *testing.F) {
	s := SHA256
	a, err := s.blind()
	if err != nil {
		f.Fatal(err)
	}
	good, _, err := a.commit(a.messageScalars(testMessages("m", 2)), mockScalars(s, "commitment", mockSeed))
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range seeds(good) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		n, err := CommitmentCount(b)
		if err == nil {
			_, err = a.openCommitment(b, n)
		}
		if (err == nil) != bytes.Equal(b, good) {
			t.Errorf("got %v for a commitment that is the good one: %v", err, bytes.Equal(b, good))
		}
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
		if err == nil && n != 2 {
			t.Errorf("got a count of %d, want 2", n)
		}
		if !bytes.Equal(b, before) {
			t.Error("the input has changed")
		}
	})
}

func FuzzNymProof(f *testing.F) {
	s := SHA256
	c := fixedNymCase(f, s, 2, 1, 2)
	p := c.proveWith(f, s, &Disclose{Messages: []int{1}}, mockScalars(s, "proof", mockSeed))
	for _, b := range seeds(p.proof) {
		f.Add(b, p.pseudonym, 2, 2, 1)
	}
	for _, b := range seeds(p.pseudonym) {
		f.Add(p.proof, b, 2, 2, 1)
	}
	f.Add(p.proof, p.pseudonym, 1, 2, 2)
	f.Add(p.proof, p.pseudonym, 2, 3, 0)
	f.Add(p.proof, p.pseudonym, -1, 4, 2)
	f.Add(p.proof, p.pseudonym, 1<<40, 1<<62, -1<<63)
	f.Fuzz(func(t *testing.T, proof, pseudonym []byte, nyms, messages, committed int) {
		says := *p.says
		says.NymCount, says.MessageCount, says.CommittedCount = nyms, messages, committed
		good := bytes.Equal(proof, p.proof) && bytes.Equal(pseudonym, p.pseudonym) && nyms == 2 && messages == 2 && committed == 1
		err := s.NymProofVerify(c.key.PublicKey(), proof, pseudonym, &says)
		if (err == nil) != good {
			t.Errorf("got %v for a proof that is the good one: %v", err, good)
		}
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
	})
}

func FuzzSameNyms(f *testing.F) {
	s := SHA256
	good := fixedRenewal(f, s, fixedNymCase(f, s, 0, 0, 1))
	for _, b := range seeds(good.same) {
		f.Add(good.old, good.renewed, b)
	}
	for _, b := range seeds(good.renewed) {
		f.Add(good.old, b, good.same)
		f.Add(b, good.renewed, good.same)
	}
	f.Fuzz(func(t *testing.T, old, renewed, same []byte) {
		r := &renewal{old, renewed, same, good.context}
		err := r.verify(s)
		isGood := bytes.Equal(old, good.old) && bytes.Equal(renewed, good.renewed) && bytes.Equal(same, good.same)
		if (err == nil) != isGood {
			t.Errorf("got %v for a renewal that is the good one: %v", err, isGood)
		}
		if err != nil && !errors.Is(err, ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
	})
}

// Nym secrets that are read are written as they were.
func FuzzNymSecrets(f *testing.F) {
	n, err := NewNymSecrets(3)
	if err != nil {
		f.Fatal(err)
	}
	for _, b := range append(seeds(n.Secret()), orderBytes()) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := NymSecretsFromSecret(b)
		if err != nil {
			return
		}
		if !bytes.Equal(n.Secret(), b) || n.Len() != len(b)/scalarSize {
			t.Errorf("got %d bytes back of %d", len(n.Secret()), len(b))
		}
	})
}
