package proof

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"testing"
)

// fork returns two logs of one ledger that differ in the leaf at the given index, each of 12 leaves.
func fork(at int) (a, b *memTree) {
	leaves := numbered(12)
	a = newMemTree(leaves...)
	leaves[at] = []byte("something else")
	return a, newMemTree(leaves...)
}

func cpOf(tree *memTree, size uint64) Checkpoint {
	return Checkpoint{Origin: origin, Size: size, Root: must(Root(tree, size))}
}

func TestAccusation(t *testing.T) {
	w := newWorld(true)
	log, w1, w3, a2 := w.log.Verifier(), w.who["w1"].Verifier(), w.who["w3"].Verifier(), w.who["a2"].Verifier()
	for old := uint64(1); old <= 12; old++ {
		for size := old; size <= 12; size++ {
			a, b := fork(int(old) - 1) // within the older one
			acc := &Accusation{A: w.sign(cpOf(a, old), now, "w1", "w2", "w3"), B: w.sign(cpOf(b, size), now, "a1", "w1", "w3")}
			if size > old {
				acc.OldRoot, acc.Path = must(Root(b, old)), must(ConsistencyPath(b, old, size))
			}
			enc := must(acc.Bytes())
			back, err := ParseAccusation(enc)
			if err != nil || !reflect.DeepEqual(back, acc) {
				t.Fatalf("ParseAccusation: got %v", err)
			}
			for _, guilty := range []VerifierKey{log, w1, w3} {
				if err := back.Verify(guilty); err != nil {
					t.Fatalf("%d and %d leaves: %s: %v", old, size, guilty.Name(), err)
				}
			}
			for _, innocent := range []VerifierKey{w.who["w2"].Verifier(), w.who["a1"].Verifier(), a2, {}} {
				if err := back.Verify(innocent); !errors.Is(err, ErrInvalid) {
					t.Fatalf("%d and %d leaves: %s, who signed one or none: got %v, want ErrInvalid", old, size, innocent.Name(), err)
				}
			}
			if o, err := back.Origin(); err != nil || o != origin {
				t.Errorf("Origin: got %q, %v", o, err)
			}
		}
	}
}

// TestAccusationOfTheInnocent tries to accuse a log that signed one history, with all that its accuser can choose.
func TestAccusationOfTheInnocent(t *testing.T) {
	w := newWorld(false)
	a, b := fork(3)
	liar := newWorld(false)
	liar.log = must(NewNoteSigner(origin, LogEd25519, seed(77)))
	path := must(ConsistencyPath(a, 8, 12)) // 8 is a power of two: the old root is not in the path
	x, y := w.sign(cpOf(a, 8), now), w.sign(cpOf(a, 12), now)
	for _, c := range []struct {
		name string
		acc  Accusation
	}{
		{"the same twice", Accusation{A: x, B: x}},
		{"signed twice", Accusation{A: x, B: w.sign(cpOf(a, 8), now, "w1")}},
		{"honest growth", Accusation{A: x, B: y, OldRoot: must(Root(a, 8)), Path: path}},
		{"no old root", Accusation{A: x, B: y, Path: path}},
		{"another old root, honest path", Accusation{A: x, B: y, OldRoot: must(Root(b, 8)), Path: path}},
		{"another old root, its own path", Accusation{A: x, B: y, OldRoot: must(Root(b, 8)), Path: must(ConsistencyPath(b, 8, 12))}},
		{"path cut off", Accusation{A: x, B: y, OldRoot: must(Root(b, 8)), Path: path[:1]}},
		{"greater first", Accusation{A: y, B: x, OldRoot: must(Root(a, 8)), Path: path}},
		{"old root with one size", Accusation{A: x, B: w.sign(cpOf(b, 8), now), OldRoot: Hash{1}}},
		{"path with one size", Accusation{A: x, B: w.sign(cpOf(b, 8), now), Path: path}},
		{"forged by somebody else", Accusation{A: x, B: liar.sign(cpOf(b, 8), now)}},
		{"another log", Accusation{A: x, B: w.sign(Checkpoint{Origin: "example.com/other", Size: 8, Root: Hash{1}}, now)}},
		{"empty log", Accusation{A: w.sign(Checkpoint{Origin: origin, Root: EmptyRoot()}, now), B: y, OldRoot: Hash{1}}},
		{"no note", Accusation{A: []byte("x"), B: y}},
		{"second no note", Accusation{A: x, B: []byte("x")}},
		{"no checkpoint", Accusation{A: (&Note{Text: []byte("x\n"), Signatures: must(ParseNote(x)).Signatures}).Append(nil), B: y}},
	} {
		if err := c.acc.Verify(w.log.Verifier()); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", c.name, err)
		}
	}
	if _, err := (&Accusation{A: []byte("x")}).Origin(); !errors.Is(err, ErrInvalid) {
		t.Errorf("Origin of no note: got %v, want ErrInvalid", err)
	}
}

// TestAccusationEveryByte: with any byte changed, nobody is accused, but for what does not belong to the accusation: other cosignatures.
func TestAccusationEveryByte(t *testing.T) {
	w := newWorld(false)
	a, b := fork(2)
	acc := &Accusation{A: w.sign(cpOf(a, 6), now), B: w.sign(cpOf(b, 11), now), OldRoot: must(Root(b, 6)), Path: must(ConsistencyPath(b, 6, 11))}
	enc := must(acc.Bytes())
	for i := range enc {
		for _, mask := range []byte{1, 0x20, 0xff} {
			enc[i] ^= mask
			got, err := ParseAccusation(enc)
			if err == nil {
				err = got.Verify(w.log.Verifier())
			}
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("byte %d changed by %#02x: got %v, want ErrInvalid", i, mask, err)
			}
			enc[i] ^= mask
		}
	}
	// A second line under the key's name and ID that does not verify neither helps nor harms.
	n := must(ParseNote(acc.A))
	spoiled := n.Signatures[0]
	spoiled.Bytes = make([]byte, 64)
	n.Signatures = slices.Insert(n.Signatures, 0, spoiled)
	acc.A = n.Append(nil)
	if err := acc.Verify(w.log.Verifier()); err != nil {
		t.Errorf("Verify with a spoiled line: %v", err)
	}
}

// A line under another name is not the accused's, even if her key made it.
func TestAccusationUnderAnotherName(t *testing.T) {
	w := newWorld(false)
	a, b := fork(2)
	w1 := w.who["w1"].Verifier()
	acc := &Accusation{A: w.sign(cpOf(a, 6), now, "w1"), B: w.sign(cpOf(b, 6), now, "w1")}
	if err := acc.Verify(w1); err != nil {
		t.Fatal(err)
	}
	n := must(ParseNote(acc.B))
	n.Signatures[1].Name = "example.org/other"
	acc.B = n.Append(nil)
	if err := acc.Verify(w1); !errors.Is(err, ErrInvalid) {
		t.Errorf("Verify: got %v, want ErrInvalid", err)
	}
}

func TestParseAccusationRefused(t *testing.T) {
	wire := func(change func(*wireAccusation)) []byte {
		x := &wireAccusation{Version: 1, A: []byte("a"), B: []byte("b"), OldRoot: make([]byte, 32), Path: []byte{}}
		change(x)
		return must(codec().enc.Marshal(x))
	}
	if _, err := ParseAccusation(wire(func(*wireAccusation) {})); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty":                nil,
		"version 2":            wire(func(x *wireAccusation) { x.Version = 2 }),
		"no A":                 wire(func(x *wireAccusation) { x.A = nil }),
		"no B":                 wire(func(x *wireAccusation) { x.B = []byte{} }),
		"short root":           wire(func(x *wireAccusation) { x.OldRoot = make([]byte, 31) }),
		"path null":            wire(func(x *wireAccusation) { x.Path = nil }),
		"half hash":            wire(func(x *wireAccusation) { x.Path = make([]byte, 16) }),
		"66 hashes":            wire(func(x *wireAccusation) { x.Path = make([]byte, 66*32) }),
		"too long":             wire(func(x *wireAccusation) { x.A = make([]byte, MaxAccusationSize) }),
		"version in two bytes": slices.Concat([]byte{0x85, 0x18, 0x01}, wire(func(*wireAccusation) {})[2:]),
		"trailing":             append(wire(func(*wireAccusation) {}), 0),
	} {
		if a, err := ParseAccusation(b); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseAccusation, %s: got %+v, %v, want ErrInvalid", name, a, err)
		}
	}
	for _, a := range []*Accusation{{}, {A: []byte("a")}, {A: []byte("a"), B: []byte("b"), Path: make([]Hash, 66)}} {
		if _, err := a.Bytes(); !errors.Is(err, ErrInvalid) {
			t.Errorf("Bytes of %+v: got %v, want ErrInvalid", a, err)
		}
	}
	if _, err := (&Accusation{A: bytes.Repeat([]byte("a"), MaxAccusationSize), B: []byte("b")}).Bytes(); !errors.Is(err, ErrInvalid) {
		t.Errorf("Bytes over the limit: got %v, want ErrInvalid", err)
	}
}
