package mirror

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// Both is the policy under which an answer counts as the latest: three of four witnesses, one of two auditors.
var both = proof.Quorum{Witnesses: 3, Auditors: 1}

// TestPlantedMapRoot: the operator seals a map root in which a key has a head that none of its entries make.
//
// Who notices: every auditor, when it recomputes the map; witnesses cannot. What a reader sees: no quorum of auditors, or, under a
// policy of witnesses alone, a proof that verifies and does not count as Latest. Evidence: the signed checkpoint; whoever
// executes the log up to it finds another root.
func TestPlantedMapRoot(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, 2, both)
	n.grow(20)
	n.honest()
	n.grow(5)
	planted := maps.Clone(n.op.heads)
	planted[proof.MapPath("key-1")] = []byte("1 a head that the operator likes better")
	epoch := n.op.epoch()
	epoch.MapRoot = mapRoot(planted)
	n.op.leaf(epoch.Append(nil))
	note := n.collect(n.op)

	if len(n.faults) != 2 {
		t.Fatalf("refused by %v, want both auditors alone", n.faults)
	}
	for _, a := range n.auditors {
		f := wantFault(t, a.Name(), n.faults[a.Name()], MapRoot)
		if f.Leaf != epoch.Size {
			t.Errorf("%s: noticed at leaf %d, want %d", a.Name(), f.Leaf, epoch.Size)
		}
		if _, _, err := witness.VerifySigned(n.trust.Log, origin, f.Checkpoint); err != nil {
			t.Errorf("%s: the evidence: %v", a.Name(), err)
		}
		var stored struct{ Kind, Checkpoint string }
		b, err := os.ReadFile(filepath.Join(a.dir, "fault.json"))
		if err != nil || json.Unmarshal(b, &stored) != nil || stored.Kind != "map root" || stored.Checkpoint != string(f.Checkpoint) {
			t.Errorf("%s: stored: %s, %v", a.Name(), b, err)
		}
	}
	p := n.op.latest(note, epoch, planted, "key-1")
	if _, err := p.Verify(n.trust, "key-1", n.clock.read()); !errors.Is(err, proof.ErrQuorum) {
		t.Errorf("a reader who wants auditors: got %v, want ErrQuorum", err)
	}
	careless := *n.trust
	careless.Quorum = proof.Quorum{Witnesses: 3}
	v, err := p.Verify(&careless, "key-1", n.clock.read())
	if err != nil || v.Latest || v.Absent {
		t.Errorf("a reader who wants witnesses alone: %+v, %v, want a proof that is not the latest", v, err)
	}

	// Going on as if nothing had happened does not help: the false epoch stays in the log.
	n.grow(3)
	n.op.seal()
	n.collect(n.op)
	for _, a := range n.auditors {
		wantFault(t, a.Name()+" later", n.faults[a.Name()], MapRoot)
	}
}

// TestOldEpochUnderFreshCheckpoint: the operator proves an epoch that everybody cosigned, but an older one, under the newest
// checkpoint, which commits to it as well.
//
// Who notices: every reader by itself, because only the last leaf counts. Evidence: none is needed, nothing was signed that is false.
func TestOldEpochUnderFreshCheckpoint(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, 2, both)
	n.grow(20)
	n.honest()
	old, heads := n.lastEpoch(), maps.Clone(n.op.heads)
	n.grow(20)
	note := n.honest()
	if v, err := n.op.latest(note, n.lastEpoch(), n.op.heads, "key-1").Verify(n.trust, "key-1", n.clock.read()); err != nil || !v.Latest {
		t.Fatalf("the honest proof: %+v, %v", v, err)
	}
	size := n.op.frontier.Size()
	path, err := proof.InclusionPath(n.op, old.Size, size)
	if err != nil {
		t.Fatal(err)
	}
	p := n.op.latest(note, old, heads, "key-1")
	for name, path := range map[string][]proof.Hash{"its own path": path, "the path of the last leaf": p.EpochPath} {
		p.EpochPath = path
		if v, err := p.Verify(n.trust, "key-1", n.clock.read()); !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("with %s: got %+v, %v, want ErrInvalid", name, v, err)
		}
	}
	// An epoch with the old root, dressed as the last one, is in no tree.
	dressed := n.lastEpoch()
	dressed.MapRoot = old.MapRoot
	if v, err := n.op.latest(note, dressed, heads, "key-1").Verify(n.trust, "key-1", n.clock.read()); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("with the old map root in the last epoch: got %+v, %v, want ErrInvalid", v, err)
	}
}

// TestEpochNotLast: the operator has a checkpoint cosigned whose last leaf is no epoch, so that an older map would still be the newest
// one in it.
//
// Who notices: every auditor, every archive, and every witness that is told where the log is published. Evidence: the signed checkpoint.
func TestEpochNotLast(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 0, 2, proof.Quorum{Auditors: 1})
	archive := n.newArchive(t.TempDir(), n.op)
	n.cosigners = append(n.cosigners, archive)
	w, err := witness.NewServer(t.TempDir(), n.trusted("w", proof.Witness), []witness.Log{{Key: n.trust.Log, Source: n.op}},
		&witness.Options{Create: true, Clock: n.clock.read})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	n.cosigners = append(n.cosigners, w)
	n.grow(20)
	n.honest()
	n.grow(1)
	n.collect(n.op)
	if len(n.faults) != len(n.cosigners) {
		t.Fatalf("refused by %v, want all", n.faults)
	}
	for _, c := range []witness.Cosigner{n.auditors[0], n.auditors[1], archive} {
		wantFault(t, c.Name(), n.faults[c.Name()], NoEpoch)
	}
	if err := n.faults["w"]; !errors.Is(err, witness.ErrRefused) {
		t.Errorf("witness: %v", err)
	}
}

// TestOldMap: the operator answers from an old map, under the old checkpoint that everybody cosigned.
//
// Who notices: a reader whose policy says how fresh an answer must be, by AsOf; a reader that remembers a greater checkpoint. An old
// answer is not evidence of guilt: it was once the latest, and says so.
func TestOldMap(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, 2, both)
	n.grow(20)
	note := n.honest()
	at := n.clock.read()
	p := n.op.latest(note, n.lastEpoch(), n.op.heads, "key-1")
	before := n.op.clone()
	n.grow(500)
	n.honest()
	v, err := p.Verify(n.trust, "key-1", n.clock.read())
	if err != nil || !v.Latest || !v.AsOf.Equal(at) {
		t.Fatalf("got %+v, %v, want an answer as of %s", v, err, at)
	}
	if age := n.clock.read().Sub(v.AsOf); age.Seconds() < 500 {
		t.Errorf("the answer says that it is %s old", age)
	}
	if acc, err := witness.Accuse(t.Context(), n.op, n.trust.Log, note, n.op.note()); acc != nil || err != nil {
		t.Errorf("an old checkpoint accuses: %v, %v", acc, err)
	}
	// It cannot be made to look younger: those who cosigned the newer one do not cosign the older one again.
	n.sizes = map[string]uint64{}
	n.collect(before)
	for _, w := range n.witnesses {
		if size := (*witness.SizeError)(nil); !errors.As(n.faults[w.Name()], &size) {
			t.Errorf("%s: %v", w.Name(), n.faults[w.Name()])
		}
	}
	if len(n.faults) != len(n.cosigners) {
		t.Errorf("refused by %v, want all", n.faults)
	}
	// The old map under the new checkpoint leads to another root.
	q := n.op.latest(n.op.published, n.lastEpoch(), before.heads, "key-1")
	if v, err := q.Verify(n.trust, "key-1", n.clock.read()); !errors.Is(err, proof.ErrInvalid) {
		t.Errorf("an old head under the new root: got %+v, %v, want ErrInvalid", v, err)
	}
}

// TestLieAboutAbsence: the operator says of a key that has entries that it has none.
//
// Who notices: every reader by itself, if the root is the true one; every auditor, if the key is left out of the map whose root is sealed.
func TestLieAboutAbsence(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, 2, both)
	n.grow(40)
	note := n.honest()
	without := maps.Clone(n.op.heads)
	delete(without, proof.MapPath("key-1"))
	forged := []*proof.Latest{n.op.latest(note, n.lastEpoch(), without, "key-1")}
	for _, other := range []string{"key-0", "key-2", "key-4", "nobody"} {
		p := n.op.latest(note, n.lastEpoch(), n.op.heads, other) // a true proof, of another key
		p.Head = nil
		if h := n.op.heads[proof.MapPath(other)]; h != nil {
			p.Map.Other = &proof.MapOther{Path: proof.MapPath(other), HeadHash: proof.MapHeadHash(h)}
		}
		forged = append(forged, p)
	}
	for i, p := range forged {
		if v, err := p.Verify(n.trust, "key-1", n.clock.read()); !errors.Is(err, proof.ErrInvalid) {
			t.Errorf("forged proof %d: got %+v, %v, want ErrInvalid", i, v, err)
		}
	}
	epoch := n.op.epoch()
	epoch.MapRoot = mapRoot(without)
	n.op.leaf(epoch.Append(nil))
	note = n.collect(n.op)
	for _, a := range n.auditors {
		wantFault(t, a.Name(), n.faults[a.Name()], MapRoot)
	}
	p := n.op.latest(note, epoch, without, "key-1")
	if v, err := p.Verify(n.trust, "key-1", n.clock.read()); !errors.Is(err, proof.ErrQuorum) {
		t.Errorf("left out of the map: got %+v, %v, want ErrQuorum", v, err)
	}
}
