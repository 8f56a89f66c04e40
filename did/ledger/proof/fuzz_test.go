package proof

import (
	"bytes"
	"testing"
)

// What a parser takes, it must write as it was: one encoding for one value.

func FuzzParseCheckpoint(f *testing.F) {
	f.Add(cpText())
	f.Add([]byte("o\n0\n" + EmptyRoot().String() + "\next\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if cp, err := ParseCheckpoint(b); err == nil && !bytes.Equal(cp.Append(nil), b) {
			t.Fatalf("Append: got %q, want %q", cp.Append(nil), b)
		}
	})
}

func FuzzParseSignatures(f *testing.F) {
	f.Add([]byte("— a AAAAAAA=\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sigs, err := ParseSignatures(b)
		if err != nil {
			return
		}
		var again []byte
		for _, s := range sigs {
			again = s.Append(again)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("Append: got %q, want %q", again, b)
		}
	})
}

func FuzzParseVerifierKey(f *testing.F) {
	f.Add(must(NewNoteSigner("example.com/log", LogEd25519, seed(1))).Verifier().String())
	f.Add(must(NewNoteSigner("example.com/w", CosignatureMLDSA44, seed(1))).Verifier().String())
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := ParseVerifierKey(s); err == nil && k.String() != s {
			t.Fatalf("String: got %q, want %q", k, s)
		}
	})
}

func FuzzParseTilePath(f *testing.F) {
	f.Add("tile/0/x001/234.p/5")
	f.Add("tile/entries/000")
	f.Fuzz(func(t *testing.T, s string) {
		if tile, err := ParseTilePath(s); err == nil && tile.Path() != s {
			t.Fatalf("Path: got %q, want %q", tile.Path(), s)
		}
	})
}

func FuzzParseEntries(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 0}, 2)
	f.Fuzz(func(t *testing.T, b []byte, width int) {
		leaves, err := ParseEntries(b, width)
		if err != nil {
			return
		}
		var again []byte
		for _, l := range leaves {
			again = must(AppendEntry(again, l))
		}
		if !bytes.Equal(again, b) || len(leaves) != width {
			t.Fatalf("AppendEntry: got %x, want %x", again, b)
		}
	})
}

func FuzzParseLeaf(f *testing.F) {
	f.Add(EntryLeaf{Key: "k", Op: []byte("op")}.Append(nil))
	f.Add(EpochLeaf{Size: 3, Entries: 2}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLeaf(b)
		if err != nil {
			return
		}
		if again := l.(interface{ Append([]byte) []byte }).Append(nil); !bytes.Equal(again, b) {
			t.Fatalf("Append: got %x, want %x", again, b)
		}
	})
}

func FuzzParseFrontier(f *testing.F) {
	var x Frontier
	f.Add(x.Bytes())
	x.Append(Hash{1}, nil)
	f.Add(x.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		x, err := ParseFrontier(b)
		if err != nil {
			return
		}
		if !bytes.Equal(x.Bytes(), b) {
			t.Fatalf("Bytes: got %x, want %x", x.Bytes(), b)
		}
		x.Root()
	})
}

func FuzzParseMapProof(f *testing.F) {
	f.Add(must((&MapProof{Siblings: []Hash{{}, {9}}, Other: &MapOther{}}).Append(nil)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParseMapProof(b)
		if err != nil {
			return
		}
		if again := must(p.Append(nil)); !bytes.Equal(again, b) {
			t.Fatalf("Append: got %x, want %x", again, b)
		}
		if p.VerifyPresent(Hash{1}, Hash{}, []byte("h")) == nil || p.VerifyAbsent(Hash{1}, Hash{}) == nil {
			t.Fatal("a root without a preimage was proven")
		}
	})
}

func FuzzParseLatest(f *testing.F) {
	w := newWorld(false)
	f.Add(must(w.latest(3, "k1", "w1", "w2", "a1").Bytes()))
	f.Add(must(w.latest(3, "absent", "w1", "w2", "a1").Bytes()))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLatest(b)
		if err != nil {
			return
		}
		if again := must(l.Bytes()); !bytes.Equal(again, b) {
			t.Fatalf("Bytes: got %x, want %x", again, b)
		}
		if v, err := l.Verify(w.trust, "k1", now); err == nil && string(v.Head) != "head of k1" {
			t.Fatalf("Verify: got %q, a head that never was", v.Head)
		}
	})
}

func FuzzParseAccusation(f *testing.F) {
	w := newWorld(false)
	a, b := fork(2)
	f.Add(must((&Accusation{A: w.sign(cpOf(a, 6), now), B: w.sign(cpOf(b, 6), now)}).Bytes()))
	f.Add(must((&Accusation{
		A: w.sign(cpOf(a, 6), now), B: w.sign(cpOf(b, 11), now), OldRoot: must(Root(b, 6)), Path: must(ConsistencyPath(b, 6, 11)),
	}).Bytes()))
	innocent := must(NewNoteSigner(origin, LogEd25519, seed(200))).Verifier()
	f.Fuzz(func(t *testing.T, b []byte) {
		acc, err := ParseAccusation(b)
		if err != nil {
			return
		}
		if again := must(acc.Bytes()); !bytes.Equal(again, b) {
			t.Fatalf("Bytes: got %x, want %x", again, b)
		}
		if acc.Verify(innocent) == nil {
			t.Fatal("a key that signed nothing was found guilty")
		}
	})
}

func FuzzParseLogProof(f *testing.F) {
	f.Add([]byte(specLogProof))
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ParseLogProof(b); err == nil && !bytes.Equal(p.Append(nil), b) {
			t.Fatalf("Append: got %q, want %q", p.Append(nil), b)
		}
	})
}
