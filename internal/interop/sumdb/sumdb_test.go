// Package sumdb reads and checks our logs with golang.org/x/mod/sumdb, the client of Go's checksum database.
package sumdb

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
	theirs "golang.org/x/mod/sumdb/tlog"

	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
)

func TestMain(m *testing.M) { matrix.Main(m) }

func row(t *testing.T, what string, direction matrix.Direction) matrix.Row {
	t.Helper()
	return matrix.Row{Peer: "x/mod/sumdb", Version: matrix.ModuleVersion(t, "golang.org/x/mod"), What: what, Direction: direction}
}

const origin = "ledger.example/main"

// world is a log of did:realdid identifiers.
type world struct {
	t      *testing.T
	log    *tlog.Log
	method *realdid.Method
	signer *proof.NoteSigner
	known  note.Verifiers
	read   int // tiles
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t}
	var err error
	if w.signer, err = proof.GenerateNoteSigner(origin, proof.LogEd25519); err != nil {
		t.Fatal(err)
	}
	trust := &proof.Trust{Origin: origin, Log: w.signer.Verifier(), InsecureNoQuorum: true}
	w.log, err = tlog.Open(memledger.New(realdid.Reducer(), nil), t.TempDir(), w.signer, trust, realdid.Reducer(), &tlog.Options{Interval: time.Hour, Heartbeat: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.log.Close() })
	if w.method, err = realdid.New(w.log, nil); err != nil {
		t.Fatal(err)
	}
	verifier, err := note.NewVerifier(w.signer.Verifier().String())
	if err != nil {
		t.Fatal(err)
	}
	w.known = note.VerifierList(verifier)
	return w
}

// grow creates identifiers and publishes a checkpoint, which it returns as read there.
func (w *world) grow(identifiers int) (theirs.Tree, []byte) {
	w.t.Helper()
	for range identifiers {
		control, next := w.key(), w.key()
		if _, err := w.method.Create(w.t.Context(), &realdid.CreateRequest{
			Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()),
		}, control); err != nil {
			w.t.Fatal(err)
		}
	}
	if err := w.log.Seal(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	b := w.log.Store().Checkpoint()
	n, err := note.Open(b, w.known)
	if err != nil {
		w.t.Fatal(err)
	}
	return tree(w.t, n.Text), b
}

func (w *world) key() *keys.PrivateKey {
	w.t.Helper()
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		w.t.Fatal(err)
	}
	return k
}

// tree reads the text of a checkpoint there: theirs has a first line of its own in the place of the origin.
func tree(t *testing.T, text string) theirs.Tree {
	t.Helper()
	first, rest, _ := strings.Cut(text, "\n")
	if first != origin {
		t.Fatalf("the origin is %q", first)
	}
	out, err := theirs.ParseTree([]byte("go.sum database tree\n" + rest))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Height, ReadTiles and SaveTiles make it a theirs.TileReader over our files. Their paths have the height, ours have not.
func (w *world) Height() int { return 8 }

func (w *world) ReadTiles(tiles []theirs.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		b, err := w.log.Store().ReadFile(strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
		w.read++
	}
	return all, nil
}

func (w *world) SaveTiles([]theirs.Tile, [][]byte) {}

func recordProof(path []proof.Hash) (p theirs.RecordProof) {
	for _, h := range path {
		p = append(p, theirs.Hash(h))
	}
	return p
}

func treeProof(path []proof.Hash) (p theirs.TreeProof) {
	for _, h := range path {
		p = append(p, theirs.Hash(h))
	}
	return p
}

// spoil changes one hash of a path, or makes one where there is none.
func spoil[H ~[32]byte](path []H, i int) []H {
	if len(path) == 0 {
		return []H{{}}
	}
	path = slices.Clone(path)
	path[i%len(path)][i%32] ^= 1
	return path
}

// TestLog reads a growing log of did:realdid there: the checkpoint, the tiles, proofs made there of our tiles and proofs made here.
func TestLog(t *testing.T) {
	signed := matrix.Record(t, row(t, "checkpoint of a log of did:realdid operations (signed note, Ed25519)", matrix.OursToTheirs))
	tiles := matrix.Record(t, row(t, "tiles of the log: root, proofs of entries and of growth made there", matrix.OursToTheirs))
	entries := matrix.Record(t, row(t, "proof that an entry is in the log", matrix.OursToTheirs))
	growth := matrix.Record(t, row(t, "proof that the log only grew", matrix.OursToTheirs))
	w := newWorld(t)
	var before theirs.Tree
	for step, n := range []int{1, 3, 100, 150, 1, 257, 40, 8} {
		now, checkpoint := w.grow(n)
		signed.Case()
		for _, i := range []int{len(origin) + 2, len(checkpoint) / 2, len(checkpoint) - 5} {
			changed := bytes.Clone(checkpoint)
			changed[i] ^= 1
			if n, err := note.Open(changed, w.known); err == nil {
				t.Fatalf("step %d, octet %d: a changed checkpoint is %q", step, i, n.Text)
			}
			signed.Tampered()
		}
		hashes := theirs.TileHashReader(now, w)
		if root, err := theirs.TreeHash(now.N, hashes); err != nil || root != now.Hash {
			t.Fatalf("%d leaves: %v, %v", now.N, root, err)
		}
		tiles.Case()
		if before.N > 0 {
			p, err := theirs.ProveTree(now.N, before.N, hashes)
			if err == nil {
				err = theirs.CheckTree(p, now.N, now.Hash, before.N, before.Hash)
			}
			if err != nil {
				t.Fatalf("from %d to %d leaves: %v", before.N, now.N, err)
			}
			tiles.Case()
			ours, err := w.log.Store().Consistency(uint64(before.N), uint64(now.N))
			if err != nil {
				t.Fatal(err)
			}
			if err := theirs.CheckTree(treeProof(ours), now.N, now.Hash, before.N, before.Hash); err != nil {
				t.Fatalf("our proof from %d to %d leaves: %v", before.N, now.N, err)
			}
			growth.Case()
			for i := range 5 {
				if theirs.CheckTree(spoil(treeProof(ours), i), now.N, now.Hash, before.N, before.Hash) == nil {
					t.Fatal("a changed proof is accepted")
				}
				growth.Tampered()
			}
		}
		for index := uint64(0); index < w.log.Store().Entries(); index += 1 + w.log.Store().Entries()/24 {
			leaf, at, path, err := w.log.Store().ProveEntry(index)
			if err != nil {
				t.Fatal(err)
			}
			hash := theirs.RecordHash(leaf)
			if err := theirs.CheckRecord(recordProof(path), now.N, now.Hash, int64(at), hash); err != nil {
				t.Fatalf("our proof of entry %d in %d leaves: %v", index, now.N, err)
			}
			entries.Case()
			if theirs.CheckRecord(spoil(recordProof(path), int(index)), now.N, now.Hash, int64(at), hash) == nil ||
				theirs.CheckRecord(recordProof(path), now.N, now.Hash, int64(at), theirs.RecordHash(append(leaf, 0))) == nil {
				t.Fatal("a changed proof, or the proof of a changed entry, is accepted")
			}
			entries.Tampered()
			entries.Tampered()
			p, err := theirs.ProveRecord(now.N, int64(at), hashes)
			if err == nil {
				err = theirs.CheckRecord(p, now.N, now.Hash, int64(at), hash)
			}
			if err != nil {
				t.Fatalf("entry %d in %d leaves: %v", index, now.N, err)
			}
			tiles.Case()
		}
		before = now
	}
	if w.read < 20 {
		t.Errorf("%d tiles were read", w.read)
	}
	refused := row(t, "checkpoint, by its ParseTree", matrix.RefusedByTheirs)
	refused.Differ = "The first line of a checkpoint names the log; x/mod reads trees of its own database alone, whose first line is `go.sum database tree`. The signed note around it it reads."
	refused.Right = "both: C2SP tlog-checkpoint, Format (the first line is the origin), which is made after x/mod's trees."
	rec := matrix.Record(t, refused)
	for size := range uint64(32) {
		text := proof.Checkpoint{Origin: origin, Size: size, Root: proof.EmptyRoot()}.Append(nil)
		if _, err := theirs.ParseTree(text); err == nil {
			t.Errorf("%q is read", text)
		}
		rec.Case()
	}
}

// TestTrees: at every size the same roots, and each takes the other's proofs.
func TestTrees(t *testing.T) {
	roots := matrix.Record(t, row(t, "Merkle trees of 0 to 400 leaves: roots and stored hashes", matrix.OursAndTheirs))
	oursRead := matrix.Record(t, row(t, "proofs of entries and growth in trees of 1 to 400 leaves", matrix.OursToTheirs))
	theirsRead := matrix.Record(t, row(t, "proofs of entries and growth in trees of 1 to 400 leaves", matrix.TheirsToOurs))
	const most = 400
	var stored []theirs.Hash
	reader := theirs.HashReaderFunc(func(indexes []int64) ([]theirs.Hash, error) {
		var out []theirs.Hash
		for _, i := range indexes {
			out = append(out, stored[i])
		}
		return out, nil
	})
	levels := levels{}
	var leaves [][]byte
	sizes := []proof.Hash{proof.EmptyRoot()} // roots by size
	var frontier proof.Frontier
	for n := int64(0); n <= most; n++ {
		root, err := theirs.TreeHash(n, reader)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := proof.Root(levels, uint64(n))
		if err != nil || ours != proof.Hash(root) || frontier.Root() != ours {
			t.Fatalf("%d leaves: here %s, %v, there %s", n, ours, err, root)
		}
		roots.Case()
		leaf := fmt.Appendf(nil, "leaf %d", n)
		hashes, err := theirs.StoredHashes(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored, leaves = append(stored, hashes...), append(leaves, leaf)
		frontier.Append(proof.LeafHash(leaf), func(level uint8, index uint64, h proof.Hash) { levels[place{level, index}] = h })
		sizes = append(sizes, frontier.Root())
	}
	for size := int64(1); size <= most; size += 1 + size/16 {
		root := sizes[size]
		for index := int64(0); index < size; index += 1 + size/8 {
			leaf := proof.LeafHash(leaves[index])
			ours, err := proof.InclusionPath(levels, uint64(index), uint64(size))
			if err != nil {
				t.Fatal(err)
			}
			if err := theirs.CheckRecord(recordProof(ours), size, theirs.Hash(root), index, theirs.Hash(leaf)); err != nil {
				t.Fatalf("our proof of %d in %d: %v", index, size, err)
			}
			oursRead.Case()
			p, err := theirs.ProveRecord(size, index, reader)
			if err != nil {
				t.Fatal(err)
			}
			if err := proof.VerifyInclusion(uint64(index), uint64(size), leaf, path(p), root); err != nil {
				t.Fatalf("their proof of %d in %d: %v", index, size, err)
			}
			theirsRead.Case()
			for i := range 3 {
				if proof.VerifyInclusion(uint64(index), uint64(size), leaf, spoil(path(p), i), root) == nil ||
					theirs.CheckRecord(spoil(recordProof(ours), i), size, theirs.Hash(root), index, theirs.Hash(leaf)) == nil {
					t.Fatal("a changed proof is accepted")
				}
				oursRead.Tampered()
				theirsRead.Tampered()
			}
			old := index + 1
			ours, err = proof.ConsistencyPath(levels, uint64(old), uint64(size))
			if err != nil {
				t.Fatal(err)
			}
			if err := theirs.CheckTree(treeProof(ours), size, theirs.Hash(root), old, theirs.Hash(sizes[old])); err != nil {
				t.Fatalf("our proof from %d to %d: %v", old, size, err)
			}
			oursRead.Case()
			grown, err := theirs.ProveTree(size, old, reader)
			if err != nil {
				t.Fatal(err)
			}
			if err := proof.VerifyConsistency(uint64(old), uint64(size), sizes[old], root, path(grown)); err != nil {
				t.Fatalf("their proof from %d to %d: %v", old, size, err)
			}
			theirsRead.Case()
			if old == size {
				continue
			}
			if proof.VerifyConsistency(uint64(old), uint64(size), sizes[old], root, spoil(path(grown), int(old))) == nil ||
				theirs.CheckTree(spoil(treeProof(ours), int(old)), size, theirs.Hash(root), old, theirs.Hash(sizes[old])) == nil {
				t.Fatal("a changed proof is accepted")
			}
			oursRead.Tampered()
			theirsRead.Tampered()
		}
	}
}

// levels holds the hashes of complete subtrees.
type levels map[place]proof.Hash

type place struct {
	level uint8
	index uint64
}

func (l levels) ReadHash(level uint8, index uint64) (proof.Hash, error) {
	return l[place{level, index}], nil
}

func path[P ~[]theirs.Hash](p P) (out []proof.Hash) {
	for _, h := range p {
		out = append(out, proof.Hash(h))
	}
	return out
}
