package proof

import (
	"fmt"
	"slices"
	"time"
)

// A world is a log with its map, its cosigners, and somebody who trusts them.
type world struct {
	log   *NoteSigner
	who   map[string]*NoteSigner // cosigners by their short names
	tree  *memTree
	heads plainMap
	count uint64 // entries
	trust *Trust
}

const origin = "example.com/ledger"

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// newWorld has three witnesses, one of them with ML-DSA-44 if lattice, a mirror and two auditors; two witnesses and one auditor are needed.
func newWorld(lattice bool) *world {
	w := &world{
		log: must(NewNoteSigner(origin, LogEd25519, seed(1))), who: map[string]*NoteSigner{}, tree: newMemTree(), heads: plainMap{},
	}
	w.trust = &Trust{Origin: origin, Log: w.log.Verifier(), Quorum: Quorum{Witnesses: 2, Auditors: 1}}
	for i, c := range []struct {
		name string
		role Role
	}{{"w1", Witness}, {"w2", Witness}, {"w3", Witness}, {"m1", Mirror}, {"a1", Auditor}, {"a2", Auditor}} {
		t := CosignatureEd25519
		if lattice && c.name == "w3" {
			t = CosignatureMLDSA44
		}
		s := must(NewNoteSigner("example.org/"+c.name, t, seed(byte(10+i))))
		w.who[c.name] = s
		w.trust.Cosigners = append(w.trust.Cosigners, Cosigner{s.Verifier(), c.role})
	}
	return w
}

// append adds entries with keys k0, k1, … and their heads.
func (w *world) append(n int) {
	for range n {
		key := fmt.Sprintf("k%d", w.count)
		w.tree.add(EntryLeaf{Index: w.count, Time: now.Unix() - 60, Key: key, Op: []byte("op")}.Append(nil))
		w.heads[MapPath(key)] = fmt.Appendf(nil, "head of %s", key)
		w.count++
	}
}

// seal adds an epoch leaf at a time and returns it with the checkpoint that ends in it.
func (w *world) seal(at time.Time) (EpochLeaf, Checkpoint) {
	e := EpochLeaf{MapRoot: w.heads.root(), Size: w.tree.frontier.Size(), Entries: w.count, Time: at.Unix()}
	w.tree.add(e.Append(nil))
	return e, Checkpoint{Origin: origin, Size: w.tree.frontier.Size(), Root: w.tree.frontier.Root()}
}

// sign returns a note signed by the log and cosigned at a time by those named.
func (w *world) sign(cp Checkpoint, at time.Time, names ...string) []byte {
	text := cp.Append(nil)
	n := &Note{Text: text, Signatures: []NoteSignature{fixedSign(w.log, text)}}
	for _, name := range names {
		n.Signatures = append(n.Signatures, fixedCosign(w.who[name], text, at))
	}
	return n.Append(nil)
}

// prove returns the proof for key under a note whose log ends in e.
func (w *world) prove(e EpochLeaf, note []byte, key string) *Latest {
	head, p := w.heads.prove(MapPath(key))
	return &Latest{
		Checkpoint: note, Epoch: e, EpochPath: must(InclusionPath(w.tree, e.Size, e.Size+1)), Map: *p, Head: slices.Clone(head),
	}
}

// latest is a proof for key in a fresh world of some size.
func (w *world) latest(entries int, key string, names ...string) *Latest {
	w.append(entries)
	e, cp := w.seal(now.Add(-30 * time.Second))
	return w.prove(e, w.sign(cp, now.Add(-20*time.Second), names...), key)
}
