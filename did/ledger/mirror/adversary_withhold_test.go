package mirror

import (
	"errors"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// newArchive opens an archive of src.
func (n *network) newArchive(dir string, src Source) *Archive {
	n.t.Helper()
	a, err := OpenArchive(dir, src, n.op.signer.Verifier(), origin, n.trusted("mirror-"+dir[len(dir)-3:], proof.Mirror), &Options{
		Cosigner: &witness.Options{Create: true}, Clock: n.clock.read,
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { a.Close() })
	return a
}

// TestWithholding: the operator has checkpoints cosigned and keeps bytes back: an entry, a tile, everything.
//
// Who notices: mirrors and auditors, which do not cosign what they do not hold; witnesses cosign. A reader that wants a mirror or an
// auditor gets no quorum. There is no evidence: that somebody did not answer can be shown to nobody. When the bytes come, all go on.
func TestWithholding(t *testing.T) {
	t.Parallel()
	for name, withheld := range map[string]func(string) bool{
		"the entries":               hasPrefix("tile/entries/"),
		"an earlier bundle":         hasPrefix("tile/entries/001"),
		"the hashes":                hasPrefix("tile/0/"),
		"the hashes above":          hasPrefix("tile/1/"),
		"everything":                hasPrefix("tile/"),
		"everything but the newest": func(path string) bool { return path != proof.EntriesPath(2, 190) },
	} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, 2, 1, proof.Quorum{Witnesses: 2, Mirrors: 1, Auditors: 1})
			archive := n.newArchive(t.TempDir(), n.op)
			n.cosigners = append(n.cosigners, archive)
			n.grow(300)
			n.honest()
			n.grow(400)
			n.op.seal()
			n.op.withheld = withheld
			note := n.collect(n.op)
			for _, c := range []witness.Cosigner{n.auditors[0], archive} {
				if err := n.faults[c.Name()]; !errors.Is(err, witness.ErrUnavailable) {
					t.Errorf("%s: got %v, want ErrUnavailable", c.Name(), err)
				}
			}
			if len(n.faults) != 2 {
				t.Errorf("refused by %v", n.faults)
			}
			if _, err := n.trust.VerifyCheckpoint(note, n.clock.read()); !errors.Is(err, proof.ErrQuorum) {
				t.Errorf("a reader: got %v, want ErrQuorum", err)
			}
			n.op.withheld = nil
			n.grow(1)
			n.honest()
		})
	}
}

// TestFalseBytes: whoever serves the files changes one: a byte of an entry, of a hash, or the order of entries in a bundle.
//
// Who notices: mirrors and auditors, at the file. Who is guilty cannot be said: it may be a cache in between.
func TestFalseBytes(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(o *operator){
		"an entry":         func(o *operator) { o.leaves[310] = append([]byte(nil), o.leaves[311]...) },
		"two entries":      func(o *operator) { o.leaves[310], o.leaves[311] = o.leaves[311], o.leaves[310] },
		"a hash":           func(o *operator) { o.hashes[[2]uint64{0, 310}] = proof.Hash{} },
		"a hash above":     func(o *operator) { o.hashes[[2]uint64{8, 1}] = proof.Hash{} },
		"an epoch":         func(o *operator) { o.leaves[len(o.leaves)-1] = proof.EpochLeaf{Size: 701}.Append(nil) },
		"one of the first": func(o *operator) { o.hashes[[2]uint64{8, 0}] = proof.Hash{} },
	} {
		n := newNetwork(t, 1, 1, proof.Quorum{Witnesses: 1, Auditors: 1})
		archive := n.newArchive(t.TempDir(), n.op)
		n.grow(300)
		n.honest()
		n.grow(400)
		n.op.seal()
		cache := n.op.clone()
		spoil(cache)
		n.show(cache)
		archive.src = cache
		n.cosigners = append(n.cosigners, archive)
		n.collect(n.op)
		for _, c := range []witness.Cosigner{n.auditors[0], archive} {
			if err := n.faults[c.Name()]; !errors.Is(err, witness.ErrUnavailable) {
				t.Errorf("%s: %s: got %v, want ErrUnavailable", name, c.Name(), err)
			}
		}
		n.show(n.op)
		archive.src = n.op
		n.grow(1)
		n.honest()
	}
}
