package mirror

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

const origin = "log.example/people"

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// toyReducer accepts everything but operations that begin with "refuse". A key's state is the number and a digest of its
// operations, and its head is its state.
type toyReducer struct{}

var errRefused = errors.New("toy: refused")

func (toyReducer) Reduce(key string, state, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	if bytes.HasPrefix(op, []byte("refuse")) {
		return ledger.Reduced{}, errRefused
	}
	n := 0
	fmt.Sscanf(string(state), "%d", &n)
	return ledger.Reduced{State: fmt.Appendf(nil, "%d %x", n+1, sha256.Sum256(append(bytes.Clone(state), op...)))}, nil
}

func (toyReducer) Head(_ string, state []byte) ([]byte, error) { return bytes.Clone(state), nil }

type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) read() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// An operator runs a log by hand, honestly as long as nobody tells it otherwise. It is a Source.
type operator struct {
	t      testing.TB
	signer *proof.NoteSigner
	clock  *testClock

	mu        sync.Mutex
	leaves    [][]byte
	frontier  proof.Frontier
	hashes    map[[2]uint64]proof.Hash
	entries   uint64
	lengths   map[string]uint64
	states    map[string][]byte
	heads     map[proof.Hash][]byte
	published []byte
	withheld  func(path string) bool // files that it does not give; or nil
}

func newOperator(t testing.TB, clock *testClock) *operator {
	return &operator{
		t: t, signer: newSigner(t, origin, proof.LogEd25519), clock: clock, hashes: make(map[[2]uint64]proof.Hash),
		lengths: make(map[string]uint64), states: make(map[string][]byte), heads: make(map[proof.Hash][]byte),
	}
}

func newSigner(t testing.TB, name string, kind proof.KeyType) *proof.NoteSigner {
	t.Helper()
	s, err := proof.GenerateNoteSigner(name, kind)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// clone is the same operator with another face: it goes on from the same log with the same key.
func (o *operator) clone() *operator {
	o.mu.Lock()
	defer o.mu.Unlock()
	return &operator{
		t: o.t, signer: o.signer, clock: o.clock, leaves: slices.Clone(o.leaves), frontier: *o.frontier.Clone(), hashes: maps.Clone(o.hashes),
		entries: o.entries, lengths: maps.Clone(o.lengths), states: maps.Clone(o.states), heads: maps.Clone(o.heads), published: o.published,
	}
}

// leaf appends any bytes as a leaf.
func (o *operator) leaf(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.leaves = append(o.leaves, b)
	o.frontier.Append(proof.LeafHash(b), func(level uint8, index uint64, h proof.Hash) {
		o.hashes[[2]uint64{uint64(level), index}] = h
	})
}

// entry accepts an operation.
func (o *operator) entry(key, op string) { o.entryAt(key, op, o.clock.read()) }

func (o *operator) entryAt(key, op string, at time.Time) {
	l := proof.EntryLeaf{Index: o.entries, Time: at.Unix(), Seq: o.lengths[key], Key: key, Op: []byte(op)}
	o.leaf(l.Append(nil))
	o.entries++
	o.lengths[key]++
	if r, err := (toyReducer{}).Reduce(key, o.states[key], l.Op, ledger.Anchor{}); err == nil {
		o.states[key] = r.State
		o.heads[proof.MapPath(key)] = r.State
	}
}

// epoch is the epoch that is to be sealed now.
func (o *operator) epoch() proof.EpochLeaf {
	return proof.EpochLeaf{MapRoot: mapRoot(o.heads), Size: uint64(len(o.leaves)), Entries: o.entries, Time: o.clock.read().Unix()}
}

// seal appends it.
func (o *operator) seal() { o.leaf(o.epoch().Append(nil)) }

// note signs the checkpoint of the log as it is.
func (o *operator) note() []byte {
	text := proof.Checkpoint{Origin: origin, Size: o.frontier.Size(), Root: o.frontier.Root()}.Append(nil)
	sig, err := o.signer.SignNote(text)
	if err != nil {
		o.t.Fatal(err)
	}
	n := proof.Note{Text: text, Signatures: []proof.NoteSignature{sig}}
	return n.Append(nil)
}

// publish shows a note to everybody.
func (o *operator) publish(note []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.published = note
}

func (o *operator) ReadHash(level uint8, index uint64) (proof.Hash, error) {
	h, ok := o.hashes[[2]uint64{uint64(level), index}]
	if !ok {
		return h, fmt.Errorf("no hash at %d, %d", level, index)
	}
	return h, nil
}

func (o *operator) ReadFile(ctx context.Context, path string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.withheld != nil && o.withheld(path) {
		return nil, fs.ErrNotExist
	}
	if path == "checkpoint" {
		if o.published == nil {
			return nil, fs.ErrNotExist
		}
		return o.published, nil
	}
	t, err := proof.ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	if proof.WidthAt(t.Level, t.Index, o.frontier.Size()) < t.Width {
		return nil, fs.ErrNotExist
	}
	var b []byte
	for i := range uint64(t.Width) {
		at := t.Index*proof.TileWidth + i
		if t.Entries {
			if b, err = proof.AppendEntry(b, o.leaves[at]); err != nil {
				return nil, err
			}
			continue
		}
		h := o.hashes[[2]uint64{uint64(t.Level) * 8, at}]
		b = append(b, h[:]...)
	}
	return b, nil
}

// latest makes the proof of what stands at key under a cosigned checkpoint, with the epoch and the map that the operator names.
func (o *operator) latest(note []byte, epoch proof.EpochLeaf, heads map[proof.Hash][]byte, key string) *proof.Latest {
	o.t.Helper()
	size := o.frontier.Size()
	path, err := proof.InclusionPath(o, size-1, size)
	if err != nil {
		o.t.Fatal(err)
	}
	p := &proof.Latest{Checkpoint: note, Epoch: epoch, EpochPath: path, Head: heads[proof.MapPath(key)]}
	p.Map = mapProof(heads, proof.MapPath(key))
	return p
}

// mapRoot computes a map's root by its definition.
func mapRoot(heads map[proof.Hash][]byte) proof.Hash { return subRoot(sortedPaths(heads), heads, 0) }

func sortedPaths(heads map[proof.Hash][]byte) []proof.Hash {
	return slices.SortedFunc(maps.Keys(heads), func(a, b proof.Hash) int { return bytes.Compare(a[:], b[:]) })
}

func subRoot(paths []proof.Hash, heads map[proof.Hash][]byte, depth int) proof.Hash {
	switch len(paths) {
	case 0:
		return proof.Hash{}
	case 1:
		return proof.MapLeafHash(paths[0], heads[paths[0]])
	}
	n := half(paths, depth)
	return proof.MapNodeHash(subRoot(paths[:n], heads, depth+1), subRoot(paths[n:], heads, depth+1))
}

func half(paths []proof.Hash, depth int) int {
	n, _ := slices.BinarySearchFunc(paths, byte(1), func(p proof.Hash, bit byte) int { return int(proof.MapBit(p, depth)) - int(bit) })
	return n
}

func mapProof(heads map[proof.Hash][]byte, path proof.Hash) (p proof.MapProof) {
	paths := sortedPaths(heads)
	for depth := 0; len(paths) > 1; depth++ {
		n := half(paths, depth)
		mine, other := paths[:n], paths[n:]
		if proof.MapBit(path, depth) == 1 {
			mine, other = other, mine
		}
		p.Siblings = append(p.Siblings, subRoot(other, heads, depth+1))
		paths = mine
	}
	if len(paths) == 1 && paths[0] != path {
		p.Other = &proof.MapOther{Path: paths[0], HeadHash: proof.MapHeadHash(heads[paths[0]])}
	}
	return p
}

// hasPrefix withholds what begins with one of the prefixes.
func hasPrefix(prefixes ...string) func(string) bool {
	return func(path string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(path, p) })
	}
}
