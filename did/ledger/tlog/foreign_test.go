package tlog

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	foreignnote "golang.org/x/mod/sumdb/note"
	foreign "golang.org/x/mod/sumdb/tlog"

	"github.com/realdid/realdid/did/ledger/proof"
)

// foreignTiles lets the reader of golang.org/x/mod have our files. Its paths say the height of a tile and ours do not; it has no
// partial width in the name of what we call .p, and its data tiles are another format, so only hashes are read by it.
type foreignTiles struct {
	t     *testing.T
	store *Store
	read  int
}

func (f *foreignTiles) Height() int { return 8 }

func (f *foreignTiles) ReadTiles(tiles []foreign.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		if ours := proof.TilePath(uint8(tile.L), uint64(tile.N), tile.W); path != ours {
			f.t.Errorf("path %s, and ours is %s", path, ours)
		}
		b, err := f.store.ReadFile(path)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
		f.read++
	}
	return all, nil
}

func (f *foreignTiles) SaveTiles([]foreign.Tile, [][]byte) {}

// TestForeignReader has another implementation read our checkpoint and tiles and check its own proofs, and ours.
func TestForeignReader(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	l := openLog(t, lg, t.TempDir(), manual(clock))
	_, trust := alone(t)
	verifier, err := foreignnote.NewVerifier(trust.Log.String())
	if err != nil {
		t.Fatal(err)
	}
	var before foreign.Tree
	for _, n := range []int{0, 1, 200, 57, 600, 1} {
		clock.add(time.Second)
		fill(t, lg, n)
		seal(t, l)
		signed, err := foreignnote.Open(l.store.Checkpoint(), foreignnote.VerifierList(verifier))
		if err != nil {
			t.Fatal(err)
		}
		// Its own form of a tree has another first line.
		lines := strings.SplitAfterN(signed.Text, "\n", 2)
		tree, err := foreign.ParseTree([]byte("go.sum database tree\n" + lines[1]))
		if err != nil {
			t.Fatal(err)
		}
		tiles := &foreignTiles{t: t, store: l.store}
		hashes := foreign.TileHashReader(tree, tiles)
		if root, err := foreign.TreeHash(tree.N, hashes); err != nil || root != tree.Hash {
			t.Fatalf("%d leaves: root %v, %v; want %v", tree.N, root, err, tree.Hash)
		}
		if before.N > 0 {
			p, err := foreign.ProveTree(tree.N, before.N, hashes)
			if err == nil {
				err = foreign.CheckTree(p, tree.N, tree.Hash, before.N, before.Hash)
			}
			if err != nil {
				t.Fatalf("%d to %d leaves: %v", before.N, tree.N, err)
			}
			ours, err := l.store.Consistency(uint64(before.N), uint64(tree.N))
			if err == nil {
				err = foreign.CheckTree(treeProof(ours), tree.N, tree.Hash, before.N, before.Hash)
			}
			if err != nil {
				t.Fatalf("our proof, %d to %d leaves: %v", before.N, tree.N, err)
			}
		}
		for i := int64(0); i < tree.N; i += 1 + tree.N/40 {
			leaf, err := l.store.readLeaf(uint64(i), uint64(tree.N))
			if err != nil {
				t.Fatal(err)
			}
			p, err := foreign.ProveRecord(tree.N, i, hashes)
			if err == nil {
				err = foreign.CheckRecord(p, tree.N, tree.Hash, i, foreign.RecordHash(leaf))
			}
			if err != nil {
				t.Fatalf("leaf %d of %d: %v", i, tree.N, err)
			}
		}
		for index := uint64(0); index < l.length(); index += 1 + l.length()/40 {
			leaf, at, path, err := l.store.ProveEntry(index)
			if err == nil {
				err = foreign.CheckRecord(recordProof(path), tree.N, tree.Hash, int64(at), foreign.RecordHash(leaf))
			}
			if err != nil {
				t.Fatalf("our proof of entry %d in %d leaves: %v", index, tree.N, err)
			}
		}
		if tiles.read == 0 {
			t.Error("no tile was read")
		}
		before = tree
	}
}

func treeProof(path []proof.Hash) (p foreign.TreeProof) {
	for _, h := range path {
		p = append(p, foreign.Hash(h))
	}
	return p
}

func recordProof(path []proof.Hash) (p foreign.RecordProof) {
	for _, h := range path {
		p = append(p, foreign.Hash(h))
	}
	return p
}

// TestFiles: what a static file server publishes is all there, and nothing else can be read.
func TestFiles(t *testing.T) {
	clock := newClock()
	lg := newMem(clock)
	l := openLog(t, lg, t.TempDir(), manual(clock))
	if b, err := l.store.ReadFile("checkpoint"); err == nil {
		t.Errorf("checkpoint before the first epoch: %q", b)
	}
	for range 4 {
		clock.add(time.Second)
		fill(t, lg, 150)
		seal(t, l)
	}
	size := l.store.Size()
	for index := uint64(0); index*proof.TileWidth < size; index++ {
		width := proof.WidthAt(0, index, size)
		b, err := l.store.ReadFile(proof.EntriesPath(index, width))
		if err != nil {
			t.Fatal(err)
		}
		hashes, err := l.store.ReadFile(proof.TilePath(0, index, width))
		if err != nil {
			t.Fatal(err)
		}
		leaves, err := proof.ParseEntries(b, width)
		if err != nil {
			t.Fatal(err)
		}
		for i, leaf := range leaves {
			if h := proof.LeafHash(leaf); !bytes.Equal(h[:], hashes[i*proof.HashSize:(i+1)*proof.HashSize]) {
				t.Fatalf("leaf %d is not what the tile says", int(index)*proof.TileWidth+i)
			}
		}
	}
	// Of the first two tiles, full before the last epoch began, only the full ones are left.
	for path, want := range map[string]bool{
		"tile/0/000": true, "tile/0/000.p/151": false, "tile/entries/000.p/151": false,
		"tile/0/001": true, "tile/0/001.p/46": true, "tile/entries/001.p/46": true, "tile/0/001.p/197": true,
		fmt.Sprintf("tile/0/002.p/%d", size-512): true, "tile/1/000.p/1": true, "tile/1/000.p/2": true,
		"../pending": false, "tile/../../LOCK": false, "tile/0/000.p/256": false, "epochs": false, "": false,
	} {
		if _, err := l.store.ReadFile(path); (err == nil) != want {
			t.Errorf("ReadFile(%q): %v, want one: %v", path, err, want)
		}
	}
}
