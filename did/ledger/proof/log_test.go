package proof

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

// memTree is a log in memory, a [HashReader] filled by a [Frontier].
type memTree struct {
	frontier Frontier
	hashes   map[[2]uint64]Hash
}

func newMemTree(leaves ...[]byte) *memTree {
	t := &memTree{hashes: map[[2]uint64]Hash{}}
	for _, l := range leaves {
		t.add(l)
	}
	return t
}

func (t *memTree) add(leaf []byte) {
	t.frontier.Append(LeafHash(leaf), func(level uint8, index uint64, h Hash) {
		t.hashes[[2]uint64{uint64(level), index}] = h
	})
}

func (t *memTree) ReadHash(level uint8, index uint64) (Hash, error) {
	h, ok := t.hashes[[2]uint64{uint64(level), index}]
	if !ok {
		return Hash{}, fmt.Errorf("no hash at level %d, index %d", level, index)
	}
	return h, nil
}

func numbered(n int) [][]byte {
	leaves := make([][]byte, n)
	for i := range leaves {
		leaves[i] = fmt.Appendf(nil, "leaf %d", i)
	}
	return leaves
}

// foreign gives a HashReader to package tlog.
func foreign(r HashReader) tlog.HashReader {
	return tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			level, n := tlog.SplitStoredHashIndex(x)
			h, err := r.ReadHash(uint8(level), uint64(n))
			if err != nil {
				return nil, err
			}
			out[i] = tlog.Hash(h)
		}
		return out, nil
	})
}

func fromForeign(p []tlog.Hash) []Hash {
	var out []Hash
	for _, h := range p {
		out = append(out, Hash(h))
	}
	return out
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The roots of these leaves are published with RFC 6962 implementations.
func TestRootsKnown(t *testing.T) {
	leaves := []string{
		"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
	}
	roots := []string{
		"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
	tree := newMemTree()
	for i := range roots {
		if i > 0 {
			tree.add(must(hex.DecodeString(leaves[i-1])))
		}
		if got := must(Root(tree, uint64(i))); hex.EncodeToString(got[:]) != roots[i] {
			t.Errorf("Root of %d leaves: got %x, want %s", i, got, roots[i])
		}
		if got, want := tree.frontier.Root(), must(Root(tree, uint64(i))); got != want {
			t.Errorf("Frontier.Root of %d leaves: got %v, want %v", i, got, want)
		}
	}
}

func TestPathsAgainstSumdb(t *testing.T) {
	const max = 70
	tree := newMemTree(numbered(max)...)
	other := foreign(tree)
	for size := uint64(1); size <= max; size++ {
		root := must(Root(tree, size))
		if want := must(tlog.TreeHash(int64(size), other)); Hash(want) != root {
			t.Fatalf("Root(%d): got %v, want %v", size, root, want)
		}
		for i := range size {
			leaf := must(tree.ReadHash(0, i))
			path := must(InclusionPath(tree, i, size))
			want := must(tlog.ProveRecord(int64(size), int64(i), other))
			if !slices.Equal(path, fromForeign(want)) {
				t.Fatalf("InclusionPath(%d, %d): got %v, want %v", i, size, path, want)
			}
			if err := VerifyInclusion(i, size, leaf, path, root); err != nil {
				t.Fatalf("VerifyInclusion(%d, %d): %v", i, size, err)
			}
			spoilPath(t, path, func(p []Hash) error { return VerifyInclusion(i, size, leaf, p, root) })
			if VerifyInclusion(i, size, Hash{}, path, root) == nil {
				t.Fatalf("VerifyInclusion(%d, %d): another leaf was accepted", i, size)
			}
			for j := range size + 2 {
				if j != i && VerifyInclusion(j, size, leaf, path, root) == nil {
					t.Fatalf("VerifyInclusion(%d, %d): accepted for index %d", i, size, j)
				}
			}
		}
		for old := range size + 1 {
			was := must(Root(tree, old))
			path := must(ConsistencyPath(tree, old, size))
			if old > 0 {
				want := must(tlog.ProveTree(int64(size), int64(old), other))
				if !slices.Equal(path, fromForeign(want)) {
					t.Fatalf("ConsistencyPath(%d, %d): got %v, want %v", old, size, path, want)
				}
			}
			if err := VerifyConsistency(old, size, was, root, path); err != nil {
				t.Fatalf("VerifyConsistency(%d, %d): %v", old, size, err)
			}
			spoilPath(t, path, func(p []Hash) error { return VerifyConsistency(old, size, was, root, p) })
			if old > 0 && VerifyConsistency(old, size, Hash{}, root, path) == nil {
				t.Fatalf("VerifyConsistency(%d, %d): another old root was accepted", old, size)
			}
			if old > 0 && VerifyConsistency(old, size, was, Hash{}, path) == nil {
				t.Fatalf("VerifyConsistency(%d, %d): another root was accepted", old, size)
			}
		}
	}
}

// spoilPath makes sure that verify refuses every path that differs from path in one hash, or in length by one.
func spoilPath(t *testing.T, path []Hash, verify func([]Hash) error) {
	t.Helper()
	refused := func(p []Hash, what string) {
		if err := verify(p); !errors.Is(err, ErrInvalid) {
			t.Fatalf("%s: got %v, want ErrInvalid", what, err)
		}
	}
	for i := range path {
		p := slices.Clone(path)
		p[i][i%32] ^= 1
		refused(p, fmt.Sprintf("hash %d changed", i))
		refused(slices.Delete(slices.Clone(path), i, i+1), fmt.Sprintf("hash %d missing", i))
	}
	for i := range len(path) + 1 {
		refused(slices.Insert(slices.Clone(path), i, Hash{1}), fmt.Sprintf("hash %d too many", i))
	}
}

// hugeTree is a log in which every leaf is the same, so that its hashes are known at any size.
type hugeTree struct{ levels [64]Hash }

func newHugeTree() *hugeTree {
	t := new(hugeTree)
	t.levels[0] = LeafHash([]byte("x"))
	for i := 1; i < len(t.levels); i++ {
		t.levels[i] = NodeHash(t.levels[i-1], t.levels[i-1])
	}
	return t
}

func (t *hugeTree) ReadHash(level uint8, _ uint64) (Hash, error) { return t.levels[level], nil }

func TestPathsOfHugeLogs(t *testing.T) {
	tree := newHugeTree()
	rnd := rand.New(rand.NewPCG(1, 2))
	leaf := tree.levels[0]
	for range 2000 {
		size := 1 + rnd.Uint64()>>(1+rnd.IntN(62))
		root := must(Root(tree, size))
		index, old := rnd.Uint64N(size), rnd.Uint64N(size)
		if rnd.IntN(4) == 0 {
			index = size - 1
		}
		path := must(InclusionPath(tree, index, size))
		if err := VerifyInclusion(index, size, leaf, path, root); err != nil {
			t.Fatalf("VerifyInclusion(%d, %d): %v", index, size, err)
		}
		if size < 1<<62 {
			var p tlog.RecordProof
			for _, h := range path {
				p = append(p, tlog.Hash(h))
			}
			if err := tlog.CheckRecord(p, int64(size), tlog.Hash(root), int64(index), tlog.Hash(leaf)); err != nil {
				t.Fatalf("tlog.CheckRecord(%d, %d): %v", index, size, err)
			}
		}
		was := must(Root(tree, old))
		path = must(ConsistencyPath(tree, old, size))
		if err := VerifyConsistency(old, size, was, root, path); err != nil {
			t.Fatalf("VerifyConsistency(%d, %d): %v", old, size, err)
		}
		if len(path) > 64 {
			t.Fatalf("ConsistencyPath(%d, %d): %d hashes", old, size, len(path))
		}
	}
}

func TestPathsRefused(t *testing.T) {
	tree := newMemTree(numbered(4)...)
	root := must(Root(tree, 4))
	for _, c := range []struct {
		name string
		err  error
	}{
		{"inclusion beyond the end", VerifyInclusion(4, 4, Hash{}, nil, root)},
		{"inclusion in nothing", VerifyInclusion(0, 0, EmptyRoot(), nil, EmptyRoot())},
		{"consistency backwards", VerifyConsistency(4, 3, root, root, nil)},
		{"consistency of two roots", VerifyConsistency(4, 4, root, Hash{}, nil)},
		{"consistency with a path of one size", VerifyConsistency(4, 4, root, root, []Hash{{}})},
		{"consistency with a path from nothing", VerifyConsistency(0, 4, EmptyRoot(), root, []Hash{{}})},
		// Roots that are made for a path of another length than the sizes ask for.
		{"inclusion, path too long", VerifyInclusion(0, 1, Hash{1}, []Hash{{2}}, NodeHash(Hash{2}, Hash{1}))},
		{"inclusion, path too short", VerifyInclusion(0, 2, Hash{1}, nil, Hash{1})},
		{"consistency, path too long", VerifyConsistency(1, 2, NodeHash(Hash{3}, Hash{1}), NodeHash(Hash{3}, NodeHash(Hash{1}, Hash{2})), []Hash{{2}, {3}})},
		{"consistency, path too long from no power of two", VerifyConsistency(
			3, 4, NodeHash(Hash{5}, NodeHash(Hash{4}, Hash{1})), NodeHash(Hash{5}, NodeHash(Hash{4}, NodeHash(Hash{1}, Hash{2}))),
			[]Hash{{1}, {2}, {4}, {5}},
		)},
		{"consistency, path too short", VerifyConsistency(1, 2, Hash{1}, Hash{1}, nil)},
		{"consistency without a path", VerifyConsistency(3, 4, must(Root(tree, 3)), root, nil)},
	} {
		if !errors.Is(c.err, ErrInvalid) {
			t.Errorf("%s: got %v, want ErrInvalid", c.name, c.err)
		}
	}
	if _, err := InclusionPath(tree, 4, 4); !errors.Is(err, ErrInvalid) {
		t.Errorf("InclusionPath beyond the end: got %v, want ErrInvalid", err)
	}
	if _, err := ConsistencyPath(tree, 5, 4); !errors.Is(err, ErrInvalid) {
		t.Errorf("ConsistencyPath backwards: got %v, want ErrInvalid", err)
	}
	if _, err := InclusionPath(tree, 2, 9); err == nil || errors.Is(err, ErrInvalid) {
		t.Errorf("InclusionPath from a reader that fails: got %v, want its error", err)
	}
	for _, old := range []uint64{2, 3, 8} {
		if _, err := ConsistencyPath(tree, old, 9); err == nil || errors.Is(err, ErrInvalid) {
			t.Errorf("ConsistencyPath from %d, from a reader that fails: got %v, want its error", old, err)
		}
	}
	// The reader has all but the hash that only the end of the path needs.
	last := newMemTree(numbered(7)...)
	delete(last.hashes, [2]uint64{0, 2})
	if _, err := ConsistencyPath(last, 3, 7); err == nil {
		t.Error("ConsistencyPath from a reader that fails at the end: no error")
	}
	if err := VerifyConsistency(0, 4, Hash{}, root, nil); err != nil {
		t.Errorf("VerifyConsistency from nothing: %v", err)
	}
}

func TestLeafHashLong(t *testing.T) {
	for _, n := range []int{0, 1, 1022, 1023, 1024, 1025, 70000} {
		leaf := make([]byte, n)
		for i := range leaf {
			leaf[i] = byte(i)
		}
		if got, want := LeafHash(leaf), Hash(sha256.Sum256(append([]byte{0}, leaf...))); got != want {
			t.Errorf("LeafHash of %d bytes: got %v, want %v", n, got, want)
		}
	}
}

func TestHashText(t *testing.T) {
	h := LeafHash(nil)
	var back Hash
	if err := back.UnmarshalText(must(h.MarshalText())); err != nil || back != h {
		t.Errorf("UnmarshalText: got %v, %v, want %v", back, err, h)
	}
	for name, s := range map[string]string{
		"empty": "", "short": h.String()[:40], "long": h.String() + "AAAA", "newline": h.String()[:20] + "\n" + h.String()[20:],
		"return at the end": h.String() + "\r", "trailing bits": h.String()[:42] + "B=", "no padding": h.String()[:43],
		"other alphabet": "_" + h.String()[1:],
	} {
		if _, err := ParseHash(s); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseHash, %s: got %v, want ErrInvalid", name, err)
		}
	}
}

func TestFrontier(t *testing.T) {
	var f Frontier
	tree := newMemTree(numbered(300)...)
	for i := range uint64(300) {
		if got, want := f.Root(), must(Root(tree, i)); got != want {
			t.Fatalf("Root of %d: got %v, want %v", i, got, want)
		}
		b := f.Bytes()
		back, err := ParseFrontier(b)
		if err != nil || back.Size() != i || back.Root() != f.Root() {
			t.Fatalf("ParseFrontier of %d: got %v, want the same frontier", i, err)
		}
		for _, bad := range [][]byte{b[:len(b)-1], append(slices.Clone(b), 0), b[:min(7, len(b))]} {
			if _, err := ParseFrontier(bad); !errors.Is(err, ErrInvalid) {
				t.Fatalf("ParseFrontier of %d bytes: got %v, want ErrInvalid", len(bad), err)
			}
		}
		if _, err := ParseFrontier(append(slices.Clone(b), make([]byte, HashSize)...)); !errors.Is(err, ErrInvalid) {
			t.Fatalf("ParseFrontier with a hash too many: got %v, want ErrInvalid", err)
		}
		c := f.Clone()
		c.Append(Hash{9}, nil)
		c.Append(Hash{9}, nil)
		if f.Root() != back.Root() || f.Size() != i {
			t.Fatalf("Clone of %d: the original changed", i)
		}
		f.Append(must(tree.ReadHash(0, i)), nil)
	}
}
