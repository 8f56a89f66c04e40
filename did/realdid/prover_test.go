package realdid_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// noteSigner returns a signer for notes, the same in every run.
func noteSigner(t testing.TB, name string, typ proof.KeyType) *proof.NoteSigner {
	t.Helper()
	seed := sha256.Sum256([]byte("realdid test note key " + name))
	s, err := proof.NewNoteSigner(name, typ, seed[:])
	ok(t, "note signer", err)
	return s
}

// provingLedger is a ledger in memory that proves what it says: plainly, by computing everything anew. What it proves is what it sealed
// last; Prove seals when it is asked for more. Tests play the dishonest operator by changing leaves and heads.
type provingLedger struct {
	*memledger.Ledger
	t         testing.TB
	clock     func() time.Time
	red       ledger.HeadReducer
	origin    string
	log       *proof.NoteSigner
	cosigners []*proof.NoteSigner
	trust     *proof.Trust

	leaves  []proof.Hash
	entries uint64
	heads   map[string][]byte
	epoch   proof.EpochLeaf
	note    []byte
	err     error                                    // of Prove
	late    time.Duration                            // by which cosigners' clocks are behind
	before  func()                                   // called by Prove
	forge   func(heads map[string][]byte)            // changes the map before it is sealed
	answer  func(key string, l *proof.Latest)        // changes a proof
	depth   int                                      // hashes that the tree and the map have above what is computed, as if they were so large
	skew    func(leaf *proof.EpochLeaf, size uint64) // changes an epoch
}

const testOrigin = "log.example/realdid"

// newProving has a log with two witnesses and one auditor, all of whom are needed.
func newProving(t testing.TB, net realdid.Network, clock func() time.Time) *provingLedger {
	t.Helper()
	return newProvingAt(t, testOrigin, net.Reducer(), clock)
}

func newProvingAt(t testing.TB, origin string, red ledger.HeadReducer, clock func() time.Time) *provingLedger {
	t.Helper()
	p := &provingLedger{
		Ledger: memledger.New(red, &memledger.Options{Clock: clock}), t: t, clock: clock, red: red,
		origin: origin, log: noteSigner(t, origin, proof.LogEd25519), heads: map[string][]byte{},
	}
	p.trust = &proof.Trust{Origin: origin, Log: p.log.Verifier(), Quorum: proof.Quorum{Witnesses: 2, Auditors: 1}}
	for i, role := range []proof.Role{proof.Witness, proof.Witness, proof.Auditor} {
		s := noteSigner(t, fmt.Sprintf("cosigner-%d.example", i), proof.CosignatureEd25519)
		p.cosigners = append(p.cosigners, s)
		p.trust.Cosigners = append(p.trust.Cosigners, proof.Cosigner{Key: s.Verifier(), Role: role})
	}
	return p
}

// seal appends what came in and an epoch, and has the checkpoint cosigned.
func (p *provingLedger) seal() {
	p.t.Helper()
	for e, err := range p.Follow(context.Background(), p.entries) {
		ok(p.t, "follow", err)
		leaf := proof.EntryLeaf{Index: e.Anchor.Index, Time: e.Anchor.Time.Unix(), Seq: e.Seq, Key: e.Key, Op: e.Op}
		p.leaves = append(p.leaves, proof.LeafHash(leaf.Append(nil)))
		state, _, err := p.State(context.Background(), e.Key)
		ok(p.t, "state", err)
		p.heads[e.Key], err = p.red.Head(e.Key, state)
		ok(p.t, "head", err)
		p.entries = e.Anchor.Index + 1
	}
	if p.forge != nil {
		p.forge(p.heads)
	}
	p.epoch = proof.EpochLeaf{MapRoot: p.mapRoot(), Size: p.size() - 1, Entries: p.entries, Time: p.clock().Unix()}
	p.leaves = append(p.leaves, proof.Hash{})
	p.epoch.Size = p.size() - 1
	if p.skew != nil {
		p.skew(&p.epoch, p.size())
	}
	p.leaves[len(p.leaves)-1] = proof.LeafHash(p.epoch.Append(nil))
	root, err := proof.Root(p, p.size())
	ok(p.t, "root", err)
	p.sign(proof.Checkpoint{Origin: p.origin, Size: p.size(), Root: root})
}

// sign makes note the signed and cosigned checkpoint.
func (p *provingLedger) sign(cp proof.Checkpoint) {
	p.t.Helper()
	n := &proof.Note{Text: cp.Append(nil)}
	sig, err := p.log.SignNote(n.Text)
	ok(p.t, "sign", err)
	n.Signatures = append(n.Signatures, sig)
	for _, c := range p.cosigners {
		sig, err := c.Cosign(n.Text, p.clock().Add(-p.late))
		ok(p.t, "cosign", err)
		n.Signatures = append(n.Signatures, sig)
	}
	p.note = n.Append(nil)
}

// Prove implements ledger.Prover.
func (p *provingLedger) Prove(_ context.Context, key string, entries uint64) ([]byte, error) {
	if p.before != nil {
		p.before()
	}
	if p.err != nil {
		return nil, p.err
	}
	if p.note == nil || entries > p.entries {
		p.seal()
	}
	path, err := proof.InclusionPath(p, p.size()-1, p.size())
	ok(p.t, "path", err)
	l := &proof.Latest{Checkpoint: p.note, Epoch: p.epoch, EpochPath: path, Map: p.mapProof(key), Head: p.heads[key]}
	if p.answer != nil {
		p.answer(key, l)
	}
	return l.Bytes()
}

// size is the size of the log: with a depth, a power of two whose first leaves are made up.
func (p *provingLedger) size() uint64 {
	if p.depth > 0 {
		return 1 << p.depth
	}
	return uint64(len(p.leaves))
}

// ReadHash implements proof.HashReader.
func (p *provingLedger) ReadHash(level uint8, index uint64) (proof.Hash, error) {
	first, last := index<<level, (index+1)<<level-1
	if skipped := p.size() - uint64(len(p.leaves)); last < skipped {
		return filler(uint64(level), index), nil
	} else if level == 0 {
		return p.leaves[first-skipped], nil
	}
	left, _ := p.ReadHash(level-1, 2*index)
	right, _ := p.ReadHash(level-1, 2*index+1)
	return proof.NodeHash(left, right), nil
}

func filler(a, b uint64) proof.Hash {
	return sha256.Sum256(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, a), b))
}

type mapLeaf struct{ path, hash, head proof.Hash }

func (p *provingLedger) mapLeaves() []mapLeaf {
	var out []mapLeaf
	for _, key := range slices.Sorted(maps.Keys(p.heads)) {
		path := proof.MapPath(key)
		out = append(out, mapLeaf{path, proof.MapLeafHash(path, p.heads[key]), proof.MapHeadHash(p.heads[key])})
	}
	slices.SortFunc(out, func(a, b mapLeaf) int { return bytes.Compare(a.path[:], b.path[:]) })
	return out
}

// mapTree is the root of the leaves, which share their first depth bits; those above p.depth have made-up siblings.
func (p *provingLedger) mapTree(leaves []mapLeaf, depth int) proof.Hash {
	if len(leaves) == 0 {
		return proof.Hash{}
	}
	if len(leaves) == 1 && depth >= p.depth {
		return leaves[0].hash
	}
	sides := p.sides(leaves, depth)
	return proof.MapNodeHash(sides[0], sides[1])
}

func (p *provingLedger) sides(leaves []mapLeaf, depth int) [2]proof.Hash {
	n := slices.IndexFunc(leaves, func(l mapLeaf) bool { return proof.MapBit(l.path, depth) == 1 })
	if n < 0 {
		n = len(leaves)
	}
	sides := [2]proof.Hash{p.mapTree(leaves[:n], depth+1), p.mapTree(leaves[n:], depth+1)}
	for i := range sides {
		if depth < p.depth && sides[i].IsZero() {
			sides[i] = filler(uint64(depth), 99)
		}
	}
	return sides
}

func (p *provingLedger) mapRoot() proof.Hash { return p.mapTree(p.mapLeaves(), 0) }

func (p *provingLedger) mapProof(key string) proof.MapProof {
	var out proof.MapProof
	path, leaves := proof.MapPath(key), p.mapLeaves()
	for depth := 0; ; depth++ {
		switch {
		case len(leaves) == 0:
			return out
		case len(leaves) == 1 && depth >= p.depth:
			if leaves[0].path != path {
				out.Other = &proof.MapOther{Path: leaves[0].path, HeadHash: leaves[0].head}
			}
			return out
		}
		bit := proof.MapBit(path, depth)
		out.Siblings = append(out.Siblings, p.sides(leaves, depth)[1-bit])
		leaves = slices.DeleteFunc(leaves, func(l mapLeaf) bool { return proof.MapBit(l.path, depth) != bit })
	}
}

// proving is a world whose ledger proves, with a method and a verifier that trust its cosigners.
type proving struct {
	*world
	lg *provingLedger
	v  *realdid.Verifier
}

func newProvingWorld(t *testing.T) *proving {
	t.Helper()
	w := &world{t: t, now: start}
	clock := func() time.Time { return w.now }
	lg := newProving(t, realdid.Network{}, clock)
	w.lg = lg.Ledger
	w.m = must(realdid.New(lg, &realdid.Options{Clock: clock, Trust: lg.trust}))(t)
	return &proving{w, lg, must(realdid.NewVerifier([]realdid.TrustedLedger{{Trust: lg.trust}}, &realdid.VerifierOptions{Clock: clock}))(t)}
}
