package proof

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// plainMap is the map by its definition, from key paths to head records, with no thought of speed.
type plainMap map[Hash][]byte

func (m plainMap) paths() []Hash {
	var all []Hash
	for p := range m {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
	return all
}

func (m plainMap) root() Hash { return m.subtree(m.paths(), 0) }

// subtree returns the hash of the subtree at depth that holds exactly these paths.
func (m plainMap) subtree(paths []Hash, depth int) Hash {
	switch len(paths) {
	case 0:
		return Hash{}
	case 1:
		return MapLeafHash(paths[0], m[paths[0]])
	}
	left, right := cut(paths, depth)
	return MapNodeHash(m.subtree(left, depth+1), m.subtree(right, depth+1))
}

// cut divides sorted paths by their bit at depth.
func cut(paths []Hash, depth int) (left, right []Hash) {
	i := slices.IndexFunc(paths, func(p Hash) bool { return MapBit(p, depth) == 1 })
	if i < 0 {
		return paths, nil
	}
	return paths[:i], paths[i:]
}

func (m plainMap) prove(path Hash) (head []byte, p *MapProof) {
	p = new(MapProof)
	paths := m.paths()
	for depth := 0; len(paths) > 1; depth++ {
		left, right := cut(paths, depth)
		here, there := left, right
		if MapBit(path, depth) == 1 {
			here, there = right, left
		}
		p.Siblings = append(p.Siblings, m.subtree(there, depth+1))
		paths = here
	}
	if len(paths) == 1 && paths[0] != path {
		p.Other = &MapOther{paths[0], MapHeadHash(m[paths[0]])}
	}
	return m[path], p
}

func (p *MapProof) verify1(root, path Hash, head []byte) error {
	if head != nil {
		return p.VerifyPresent(root, path, head)
	}
	return p.VerifyAbsent(root, path)
}

// pathOf returns a path with these leading bits and a filling that differs with n.
func pathOf(bits string, n byte) Hash {
	h := Hash{31: n}
	for i, b := range bits {
		if b == '1' {
			h[i/8] |= 0x80 >> (i % 8)
		}
	}
	return h
}

func TestMapProofs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Few bits at the front and at the end make deep trees with empty siblings.
		gen := rapid.Custom(func(t *rapid.T) Hash {
			var h Hash
			h[0] = rapid.SampledFrom([]byte{0, 1, 0x80, 0xff, 0xaa}).Draw(t, "first")
			h[15] = rapid.ByteRange(0, 3).Draw(t, "middle")
			h[31] = rapid.ByteRange(0, 7).Draw(t, "last")
			return h
		})
		m := plainMap{}
		for i, p := range rapid.SliceOfN(gen, 0, 12).Draw(t, "paths") {
			m[p] = fmt.Appendf(nil, "head %d", i)
		}
		root, path := m.root(), gen.Draw(t, "path")
		head, p := m.prove(path)
		if err := p.verify1(root, path, head); err != nil {
			t.Fatalf("proof of %x in %d leaves: %v", path, len(m), err)
		}
		b, err := p.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseMapProof(b)
		if err != nil || !reflect.DeepEqual(back, p) {
			t.Fatalf("ParseMapProof: got %+v, %v, want %+v", back, err, p)
		}
		refused := func(what string, err error) {
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("%s of %x in %d leaves: got %v, want ErrInvalid", what, path, len(m), err)
			}
		}
		if head != nil {
			refused("absence of a present path", p.VerifyAbsent(root, path))
			refused("another head", p.VerifyPresent(root, path, append(slices.Clone(head), 'x')))
		} else {
			refused("presence of an absent path", p.VerifyPresent(root, path, []byte("head 0")))
		}
		refused("another root", p.verify1(Hash{1}, path, head))
		for i := range b {
			b[i] ^= 1 << (i % 8)
			if q, err := ParseMapProof(b); err == nil {
				refused(fmt.Sprintf("proof with byte %d changed", i), q.verify1(root, path, head))
			} else {
				refused("parse", err)
			}
			b[i] ^= 1 << (i % 8)
		}
		for i := range p.Siblings {
			q := &MapProof{slices.Delete(slices.Clone(p.Siblings), i, i+1), p.Other}
			if head != nil || p.Other != nil || len(q.Siblings) > 0 || !root.IsZero() {
				refused("sibling missing", q.verify1(root, path, head))
			}
		}
	})
}

func TestMapDefinition(t *testing.T) {
	head := []byte("h")
	a, b := pathOf("00", 1), pathOf("01", 2)
	if got := (plainMap{}).root(); !got.IsZero() {
		t.Errorf("root of the empty map: got %v, want zero", got)
	}
	if got, want := (plainMap{a: head}).root(), MapLeafHash(a, head); got != want {
		t.Errorf("root of a map of one: got %v, want the leaf %v", got, want)
	}
	want := MapNodeHash(MapNodeHash(MapLeafHash(a, head), MapLeafHash(b, head)), Hash{})
	if got := (plainMap{a: head, b: head}).root(); got != want {
		t.Errorf("root of a map of two: got %v, want %v", got, want)
	}
}

func TestMapDeepest(t *testing.T) {
	a, b := Hash{}, Hash{31: 1} // they differ in the last bit
	m := plainMap{a: []byte("a"), b: []byte("b")}
	head, p := m.prove(a)
	if len(p.Siblings) != MapDepth {
		t.Fatalf("proof: got %d siblings, want %d", len(p.Siblings), MapDepth)
	}
	if err := p.VerifyPresent(m.root(), a, head); err != nil {
		t.Errorf("VerifyPresent: %v", err)
	}
	back, err := ParseMapProof(must(p.Append(nil)))
	if err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("ParseMapProof: got %v", err)
	}
	// Another leaf in the place of a path that it does not differ from proves nothing.
	q := &MapProof{p.Siblings, &MapOther{a, MapHeadHash(head)}}
	if err := q.VerifyAbsent(m.root(), a); !errors.Is(err, ErrInvalid) {
		t.Errorf("VerifyAbsent of a present path by its own leaf: got %v, want ErrInvalid", err)
	}
}

// TestMapLies tries to prove a lie with parts of true proofs.
func TestMapLies(t *testing.T) {
	head := []byte("head")
	a, b, c := pathOf("000", 1), pathOf("001", 2), pathOf("1", 3)
	m := plainMap{a: head, b: head, c: head}
	root := m.root()
	_, pa := m.prove(a)
	_, pc := m.prove(c)
	for _, x := range []struct {
		name string
		err  error
	}{
		{"absence of a by its neighbour's leaf", (&MapProof{pa.Siblings, &MapOther{b, MapHeadHash(head)}}).VerifyAbsent(root, a)},
		{"absence of a by a leaf elsewhere", (&MapProof{pc.Siblings, &MapOther{c, MapHeadHash(head)}}).VerifyAbsent(root, a)},
		{"absence of a by an inner node as empty", (&MapProof{Siblings: pa.Siblings[:1]}).VerifyAbsent(root, a)},
		{"presence in the place of another", pa.VerifyPresent(root, b, head)},
		{"presence with another leaf", (&MapProof{pa.Siblings, &MapOther{b, MapHeadHash(head)}}).VerifyPresent(root, a, head)},
		{"presence of an empty head", pa.VerifyPresent(root, a, nil)},
		{"presence of a long head", pa.VerifyPresent(root, a, make([]byte, MaxHeadSize+1))},
		{"an empty head in its map", new(MapProof).VerifyPresent(MapLeafHash(a, nil), a, nil)},
		{"a long head in its map", new(MapProof).VerifyPresent(MapLeafHash(a, make([]byte, 513)), a, make([]byte, 513))},
		{"last sibling empty", (&MapProof{Siblings: []Hash{{}}}).VerifyAbsent(MapNodeHash(Hash{}, Hash{}), a)},
		{"too deep", (&MapProof{Siblings: slices.Repeat([]Hash{{1}}, MapDepth+1)}).VerifyAbsent(root, a)},
	} {
		if !errors.Is(x.err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", x.name, x.err)
		}
	}
}

func TestParseMapProofRefused(t *testing.T) {
	one := must((&MapProof{Siblings: []Hash{{}, {9}}}).Append(nil)) // 0002, 40, hash
	for name, b := range map[string][]byte{
		"empty":               nil,
		"one byte":            {0},
		"no bitmap":           {0, 1},
		"too deep":            append([]byte{1, 1}, make([]byte, 33)...),
		"bit after the end":   slices.Replace(slices.Clone(one), 2, 3, 0x60),
		"bit and hash after":  append(slices.Replace(slices.Clone(one), 2, 3, 0x60), make([]byte, 32)...),
		"one empty, unmarked": slices.Concat([]byte{0, 2, 0xc0}, make([]byte, 32), one[3:]),
		"hash missing":        one[:len(one)-1],
		"byte too many":       append(slices.Clone(one), 0),
		"half another leaf":   append(slices.Clone(one), make([]byte, 32)...),
		"three hashes more":   append(slices.Clone(one), make([]byte, 96)...),
		"empty, not marked":   append([]byte{0, 1, 0x80}, make([]byte, 32)...),
		"last sibling empty":  {0, 1, 0},
		"last empty of three": append([]byte{0, 3, 0x40}, one[3:]...),
	} {
		if p, err := ParseMapProof(b); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseMapProof, %s: got %+v, %v, want ErrInvalid", name, p, err)
		}
	}
	if _, err := (&MapProof{Siblings: []Hash{{}}}).Append(nil); !errors.Is(err, ErrInvalid) {
		t.Errorf("Append with an empty last sibling: got %v, want ErrInvalid", err)
	}
}

func TestMapHashesLong(t *testing.T) {
	seen := map[Hash]string{}
	for _, n := range []int{1, 96, 107, 108, 109, 110, 255} {
		h := MapPath(string(bytes.Repeat([]byte("k"), n)))
		if other, ok := seen[h]; ok {
			t.Errorf("MapPath of %d bytes collides with %s", n, other)
		}
		seen[h] = fmt.Sprint(n)
	}
	if MapPath("x") == MapHeadHash([]byte("x")) || MapHeadHash(make([]byte, 512)) == MapHeadHash(make([]byte, 511)) {
		t.Error("hashes of other things are equal")
	}
}
