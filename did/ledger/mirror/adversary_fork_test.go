package mirror

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// show makes o what every auditor sees.
func (n *network) show(o *operator) {
	for _, a := range n.auditors {
		<-a.turn
		a.src = o
		a.release()
	}
}

// convicts fails the test unless the accusation is about the two checkpoints, survives its encoding, and convicts the log's key and nobody
// else's.
func convicts(t *testing.T, a *proof.Accusation, n *network, notes ...[]byte) {
	t.Helper()
	if a == nil {
		t.Fatal("no accusation")
	}
	b, err := a.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if a, err = proof.ParseAccusation(b); err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(n.trust.Log); err != nil {
		t.Errorf("the accusation: %v", err)
	}
	for _, c := range n.trust.Cosigners {
		if a.Verify(c.Key) == nil {
			t.Errorf("%s is accused as well", c.Key.Name())
		}
	}
	for _, note := range notes {
		if !bytes.Equal(a.A, note) && !bytes.Equal(a.B, note) {
			t.Errorf("the accusation is not about\n%s", note)
		}
	}
}

// fork makes two logs that differ in the last entry: what one reader is shown, and what another.
func (n *network) fork() (left, right *operator) {
	n.grow(300)
	n.honest()
	left, right = n.op.clone(), n.op.clone()
	left.entry("key-1", "what one is shown")
	right.entry("key-1", "what another is shown")
	left.seal()
	right.seal()
	return left, right
}

// TestForkBetweenReaders: the operator shows two readers, and half of the cosigners each, a log of their own.
//
// Who notices: readers at once, as neither log gets a quorum; with both checkpoints at hand, anybody. Evidence: an accusation.
func TestForkBetweenReaders(t *testing.T) {
	t.Parallel()
	for name, longer := range map[string]int{"same size": 0, "other sizes": 20} {
		t.Run(name, func(t *testing.T) {
			n := newNetwork(t, 4, 2, both)
			left, right := n.fork()
			for range longer {
				right.entry("key-2", "more")
			}
			if longer > 0 {
				right.seal()
			}
			all := n.cosigners
			n.cosigners = []witness.Cosigner{all[0], all[1], all[4]}
			n.show(left)
			left.publish(n.collect(left))
			if len(n.faults) > 0 {
				t.Fatalf("the first half: %v", n.faults)
			}
			n.cosigners = []witness.Cosigner{all[2], all[3], all[5]}
			n.show(right)
			right.publish(n.collect(right))
			if len(n.faults) > 0 {
				t.Fatalf("the other half: %v", n.faults)
			}
			n.cosigners = all
			for name, o := range map[string]*operator{"left": left, "right": right} {
				if _, err := n.trust.VerifyCheckpoint(o.published, n.clock.read()); !errors.Is(err, proof.ErrQuorum) {
					t.Errorf("the reader of the %s log: got %v, want ErrQuorum", name, err)
				}
			}
			a, err := witness.Accuse(t.Context(), right, n.trust.Log, left.note(), right.note())
			if err != nil {
				t.Fatal(err)
			}
			convicts(t, a, n, left.note(), right.note())
			// The auditor that holds one of them meets the other.
			f := wantFault(t, "the auditor of the left log", n.auditors[0].Sync(t.Context()), Fork)
			convicts(t, f.Accusation, n, left.note())
			if files, _ := filepath.Glob(filepath.Join(n.auditors[0].dir, "accusation-*")); len(files) != 1 {
				t.Errorf("stored: %v", files)
			}
		})
	}
}

// TestTwoCheckpointsOfOneSize: the operator signs two roots for one size and asks everybody for both.
//
// Who notices: everybody who is asked for the second one. Evidence: an accusation, which each of them stores.
func TestTwoCheckpointsOfOneSize(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, 2, both)
	archive := n.newArchive(t.TempDir(), n.op)
	left, right := n.fork()
	n.show(left)
	archive.src = left
	n.cosigners = append(n.cosigners, archive)
	n.collect(left)
	if len(n.faults) > 0 {
		t.Fatal(n.faults)
	}
	n.show(right)
	archive.src = right
	n.collect(right)
	for _, c := range n.cosigners {
		if err := n.faults[c.Name()]; !errors.Is(err, witness.ErrConflict) {
			t.Errorf("%s: got %v, want ErrConflict", c.Name(), err)
		}
	}
	for _, dir := range []string{filepath.Join(n.auditors[0].dir, "cosigner"), filepath.Join(archive.dir, "cosigner")} {
		files, _ := filepath.Glob(filepath.Join(dir, "accusation-*"))
		if len(files) != 1 {
			t.Fatalf("stored: %v", files)
		}
		b, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		a, err := proof.ParseAccusation(b)
		if err != nil {
			t.Fatal(err)
		}
		convicts(t, a, n, left.note(), right.note())
	}
	right.publish(right.note())
	wantFault(t, "an auditor that looks itself", n.auditors[1].Sync(t.Context()), Fork)
	wantFault(t, "the archive's bytes", archive.hold(t.Context(), mustCheckpoint(t, right.note()), right.note()), Fork)
}

func mustCheckpoint(t *testing.T, note []byte) proof.Checkpoint {
	t.Helper()
	n, err := proof.ParseNote(note)
	if err != nil {
		t.Fatal(err)
	}
	c, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestTruncation: the operator takes the newest entries back and goes on from there, or shows an old checkpoint again.
//
// Who notices: every cosigner, because it holds more. Going on from there is a fork, with an accusation; an old
// checkpoint alone may be a stale copy, and is reported without one.
func TestTruncation(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, 2, both)
	n.grow(300)
	n.honest()
	before := n.op.clone()
	n.grow(20)
	n.honest()
	for _, a := range n.auditors {
		if err := a.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	n.show(before)
	for _, a := range n.auditors {
		f := wantFault(t, a.Name()+": an old checkpoint", a.Sync(t.Context()), Truncated)
		if f.Accusation != nil {
			t.Error("an old checkpoint accuses")
		}
	}
	cosigned := n.op.note()
	for range 40 {
		before.entry("key-3", "instead")
	}
	before.seal()
	before.publish(n.collect(before))
	if len(n.faults) != len(n.cosigners) {
		t.Fatalf("refused by %v, want all", n.faults)
	}
	f := wantFault(t, "an auditor that looks itself", n.auditors[0].Sync(t.Context()), Fork)
	convicts(t, f.Accusation, n, cosigned, before.note())
}

// TestForkBelow: the operator shows an auditor an old-looking checkpoint that is not of the beginning of its log.
//
// Who notices: the auditor, which needs nothing but what it holds. Evidence: an accusation.
func TestForkBelow(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 1, 1, proof.Quorum{Witnesses: 1, Auditors: 1})
	left, right := n.fork()
	n.show(left)
	n.op = left
	n.collect(left)
	for range 3 {
		left.entry("key-1", "more")
	}
	n.honest()
	if err := n.auditors[0].Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	right.publish(right.note())
	right.withheld = hasPrefix("tile") // and shows nothing of it
	n.show(right)
	f := wantFault(t, "a fork below", n.auditors[0].Sync(t.Context()), Fork)
	convicts(t, f.Accusation, n, left.note(), right.note())
}

// TestWitnessThatLostItsState: a witness whose state is gone does not start; one that is made to forget counts as dishonest, and
// what it then signs convicts it.
func TestWitnessThatLostItsState(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 0, 1, proof.Quorum{Witnesses: 1, Auditors: 1})
	dir, signer := t.TempDir(), n.trusted("w", proof.Witness)
	w := n.newWitness(dir, signer, &witness.Options{Create: true})
	n.cosigners = append(n.cosigners, w)
	left, right := n.fork()
	n.show(left)
	first := n.collect(left)
	w.Close()
	states, _ := filepath.Glob(filepath.Join(dir, "state-*"))
	if len(states) != 1 {
		t.Fatal(states)
	}
	if err := os.Remove(states[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := witness.NewServer(dir, signer, []witness.Log{{Key: n.trust.Log}}, nil); !errors.Is(err, witness.ErrState) {
		t.Fatalf("without its state: got %v, want ErrState", err)
	}
	forgetful := n.newWitness(dir, signer, &witness.Options{InsecureForget: true})
	lines, err := ask(t.Context(), forgetful, right, 0)
	if err != nil {
		t.Fatal(err)
	}
	a := &proof.Accusation{A: first, B: append(right.note(), lines...)}
	if err := a.Verify(n.trust.Log); err != nil {
		t.Errorf("the log: %v", err)
	}
	if err := a.Verify(signer.Verifier()); err != nil {
		t.Errorf("the witness that forgot: %v", err)
	}
	if err := a.Verify(n.trust.Cosigners[0].Key); err == nil {
		t.Error("the auditor is accused, which signed one of them")
	}
}
