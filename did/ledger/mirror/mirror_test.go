package mirror

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
)

// reopen closes an auditor and opens its directory again, with another replica if there is one.
func (n *network) reopen(m *Mirror, replica Replica) (*Mirror, error) {
	m.Close()
	if replica == nil {
		replica = m.replica
	}
	own := &proof.Trust{Origin: origin, Log: n.trust.Log, InsecureNoQuorum: true}
	next, err := Open(m.dir, n.op, replica, toyReducer{}, own, nil, &Options{Clock: n.clock.read})
	if err == nil {
		n.t.Cleanup(func() { next.Close() })
	}
	return next, err
}

// TestReopen: what is held is held, published or not.
func TestReopen(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 0, 1, proof.Quorum{Auditors: 1})
	m := n.auditors[0]
	for range 3 {
		n.grow(7)
		n.honest()
	}
	for range 2 {
		var err error
		if m, err = n.reopen(m, nil); err != nil {
			t.Fatal(err)
		}
		if m.size() != n.op.frontier.Size() {
			t.Errorf("holds %d leaves, want %d", m.size(), n.op.frontier.Size())
		}
		if err := m.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(m.dir, n.op, m.replica, toyReducer{}, n.trust, nil, nil); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("a second mirror: got %v, want ErrLocked", err)
	}
}

// TestDamage: what is lost is noticed when the mirror is opened.
func TestDamage(t *testing.T) {
	t.Parallel()
	other := memledger.New(toyReducer{}, nil)
	for i := range 20 {
		if _, err := other.Append(t.Context(), fmt.Sprint("key-", i), 0, []byte("other")); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		replica Replica
		spoil   func(dir string) error
	}{
		"another replica":  {other, nil},
		"an empty replica": {memledger.New(toyReducer{}, nil), nil},
		"no target":        {nil, func(dir string) error { return os.Remove(filepath.Join(dir, targetFile)) }},
		"a target cut off": {nil, func(dir string) error { return os.Truncate(filepath.Join(dir, targetFile), 40) }},
		"no tile": {nil, func(dir string) error {
			return os.RemoveAll(filepath.Join(dir, "tlog", "log", "tile", "entries"))
		}},
	} {
		for _, published := range []bool{true, false} {
			n := newNetwork(t, 0, 1, proof.Quorum{Auditors: 1})
			n.grow(20)
			n.honest()
			if published {
				if err := n.auditors[0].Sync(t.Context()); err != nil {
					t.Fatal(err)
				}
			} else if test.replica == other || name == "no tile" {
				continue // what is sealed only is made of the replica again; see below
			}
			n.auditors[0].Close()
			if test.spoil != nil {
				if err := test.spoil(n.auditors[0].dir); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := n.reopen(n.auditors[0], test.replica); !errors.Is(err, ledger.ErrCorrupt) {
				t.Errorf("%s, published %v: got %v, want ErrCorrupt", name, published, err)
			}
		}
	}
	n := newNetwork(t, 0, 1, proof.Quorum{Auditors: 1})
	n.grow(20)
	n.honest()
	if _, err := n.reopen(n.auditors[0], other); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("another replica under what is sealed: got %v, want ErrCorrupt", err)
	}
}

// TestForeignEntry: a replica that somebody else wrote to is no evidence against the log.
func TestForeignEntry(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 0, 0, proof.Quorum{})
	m, replica := n.newAuditor(t.TempDir(), n.op, newSigner(t, "a", proof.CosignatureEd25519))
	n.cosigners = append(n.cosigners, m)
	if _, err := replica.Append(t.Context(), "key-0", 0, []byte("mine")); err != nil {
		t.Fatal(err)
	}
	n.grow(20)
	n.op.seal()
	n.collect(n.op)
	if err := n.faults["a"]; !errors.Is(err, ledger.ErrCorrupt) || errors.Is(err, witness.ErrRefused) {
		t.Errorf("got %v, want ErrCorrupt", err)
	}
}

// TestQuorumToPublish: a checkpoint that too few have cosigned is held, and is not what the mirror shows.
func TestQuorumToPublish(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 2, 0, proof.Quorum{Witnesses: 2})
	m, err := Open(t.TempDir(), n.op, memledger.New(toyReducer{}, nil), toyReducer{}, n.trust, nil, &Options{Clock: n.clock.read})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Sync(t.Context()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("before anything is published: %v", err)
	}
	n.grow(5)
	n.op.seal()
	all := n.cosigners
	n.cosigners = all[:1]
	n.op.publish(n.collect(n.op))
	if err := m.Sync(t.Context()); !errors.Is(err, proof.ErrQuorum) {
		t.Errorf("with one of two cosignatures: got %v, want ErrQuorum", err)
	}
	if m.size() != 6 || m.store.Checkpoint() != nil {
		t.Errorf("holds %d leaves and shows %q", m.size(), m.store.Checkpoint())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Prove(ctx, "key-0", 0); !errors.Is(err, tlog.ErrUnproven) {
		t.Errorf("Prove: %v", err)
	}
	n.cosigners = all
	n.op.publish(n.collect(n.op))
	if err := m.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if string(m.store.Checkpoint()) != string(n.op.published) {
		t.Errorf("shows %q", m.store.Checkpoint())
	}
	// More signatures come later.
	n.clock.add(time.Minute)
	n.op.publish(n.collect(n.op))
	if err := m.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if string(m.store.Checkpoint()) != string(n.op.published) {
		t.Errorf("shows %q", m.store.Checkpoint())
	}
	if _, err := m.Cosign(t.Context(), 0, nil, n.op.note()); !errors.Is(err, witness.ErrUnavailable) || m.Name() != "" {
		t.Errorf("a mirror without a key: %v, %q", err, m.Name())
	}
}

// TestNotTheLog: what is not signed by the log is no fault of it.
func TestNotTheLog(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 0, 1, proof.Quorum{Auditors: 1})
	archive := n.newArchive(t.TempDir(), n.op)
	n.grow(5)
	n.op.seal()
	stranger := n.op.clone()
	stranger.signer = newSigner(t, origin, proof.LogEd25519)
	for name, note := range map[string][]byte{
		"another key":    stranger.note(),
		"another origin": []byte(strings.Replace(string(n.op.note()), origin, "elsewhere", 1)),
		"no note":        []byte("<html>"),
		"nothing":        {},
	} {
		n.op.publish(note)
		for _, err := range []error{n.auditors[0].Sync(t.Context()), archive.Sync(t.Context())} {
			if !errors.Is(err, witness.ErrUnavailable) {
				t.Errorf("%s: got %v, want ErrUnavailable", name, err)
			}
		}
	}
}

// TestEpochLimits: an epoch that would take too much memory is refused.
func TestEpochLimits(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		limits limits
		fits   bool
	}{{limits{20, 1 << 20, 9}, true}, {limits{19, 1 << 20, 9}, false}, {limits{20, 500, 9}, false}} {
		n := newNetwork(t, 0, 1, proof.Quorum{Auditors: 1})
		n.auditors[0].limits = test.limits
		n.grow(20)
		n.op.seal()
		n.collect(n.op)
		if err := n.faults["auditor-0"]; !test.fits {
			wantFault(t, fmt.Sprint(test.limits), err, Size)
		} else if err != nil {
			t.Error(err)
		}
	}
}

// TestUnpublished: epochs that are cosigned one after the other and published only after long are held all the same, also over a
// restart, and proven again as soon as one is published.
func TestUnpublished(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 0, 1, proof.Quorum{Auditors: 1})
	m := n.auditors[0]
	m.limits.unpublished = 4
	n.grow(3)
	n.honest()
	if err := m.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 11 {
		n.grow(2)
		n.op.seal()
		n.collect(n.op)
		if len(n.faults) > 0 {
			t.Fatal(n.faults)
		}
		if sealed := len(m.store.Pending()); sealed > 4 {
			t.Errorf("%d epochs are pending after %d", sealed, i+1)
		}
		if err := m.Sync(t.Context()); err != nil { // sees what was published long ago
			t.Fatal(err)
		}
	}
	m, err := n.reopen(m, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.size() != n.op.frontier.Size() {
		t.Errorf("holds %d leaves, want %d", m.size(), n.op.frontier.Size())
	}
	n.op.publish(n.op.note())
	if err := m.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Prove(t.Context(), "key-1", n.op.entries); err != nil {
		t.Error(err)
	}
	var got int
	for e, err := range m.History(t.Context(), "key-1", 0) {
		if err != nil {
			t.Fatal(err)
		}
		got = int(e.Seq) + 1
	}
	if want := int(n.op.lengths["key-1"]); got != want {
		t.Errorf("the history has %d entries, want %d", got, want)
	}
	for e, err := range m.Follow(t.Context(), n.op.entries-1) {
		if err != nil || e.Anchor.Index != n.op.entries-1 {
			t.Errorf("Follow: %+v, %v", e, err)
		}
	}
}

// TestArchiveSteps: an archive follows from any size to any other, keeps no file that was outgrown, and opens again.
func TestArchiveSteps(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 0, 0, proof.Quorum{})
	dir := t.TempDir()
	signer := newSigner(t, "archive", proof.CosignatureEd25519)
	open := func(create bool) *Archive {
		a, err := OpenArchive(dir, n.op, n.trust.Log, origin, signer, &Options{Cosigner: &witness.Options{Create: create}, Clock: n.clock.read})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close() })
		return a
	}
	a := open(true)
	for _, entries := range []int{0, 1, 3, 249, 0, 1, 511, 700, 70} {
		for range entries {
			n.op.entry("key", "op")
		}
		n.op.seal()
		n.op.publish(n.op.note())
		for range 2 {
			if err := a.Sync(t.Context()); err != nil {
				t.Fatalf("%d leaves: %v", n.op.frontier.Size(), err)
			}
		}
		tree, err := openTree(t.Context(), a.files(), mustCheckpoint(t, n.op.note()))
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.leaves(t.Context(), 0, func(uint64, []byte) error { return nil }); err != nil {
			t.Fatalf("%d leaves: %v", n.op.frontier.Size(), err)
		}
		note, err := a.files().ReadFile(t.Context(), "checkpoint")
		if err != nil {
			t.Fatal(err)
		}
		trust := &proof.Trust{
			Origin: origin, Log: n.trust.Log, Quorum: proof.Quorum{Mirrors: 1},
			Cosigners: []proof.Cosigner{{Key: signer.Verifier(), Role: proof.Mirror}},
		}
		if _, err := trust.VerifyStrict(note, n.clock.read()); err != nil {
			t.Errorf("what it shows: %v", err)
		}
		a.Close()
		a = open(false)
	}
	err := filepath.WalkDir(filepath.Join(dir, logDir), func(path string, d os.DirEntry, err error) error {
		if full := strings.TrimSuffix(path, ".p"); full != path {
			if _, err := os.Stat(full); err == nil {
				t.Errorf("%s is there beside the full tile", path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	a.Close()
	if err := os.RemoveAll(filepath.Join(dir, logDir, "tile", "0")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenArchive(dir, n.op, n.trust.Log, origin, signer, nil); !errors.Is(err, ledger.ErrCorrupt) {
		t.Errorf("without tiles: got %v, want ErrCorrupt", err)
	}
}

// BenchmarkCatchUp measures a mirror with a durable replica that follows from the beginning: many entries in few epochs, and few in many.
func BenchmarkCatchUp(b *testing.B) {
	for name, test := range map[string]struct{ epochs, entries int }{"entries": {4, 4096}, "epochs": {256, 2}} {
		b.Run(name, func(b *testing.B) {
			clock := &testClock{now: noon}
			op := newOperator(b, clock)
			for range test.epochs {
				for range test.entries {
					op.entry(fmt.Sprint("key-", op.entries), "an operation of some thirty bytes")
				}
				op.seal()
			}
			op.publish(op.note())
			trust := &proof.Trust{Origin: origin, Log: op.signer.Verifier(), InsecureNoQuorum: true}
			for b.Loop() {
				replica, err := boltledger.Open(b.TempDir(), toyReducer{}, nil)
				if err != nil {
					b.Fatal(err)
				}
				m, err := Open(b.TempDir(), op, replica, toyReducer{}, trust, nil, &Options{Clock: clock.read})
				if err != nil {
					b.Fatal(err)
				}
				if err := m.Sync(b.Context()); err != nil {
					b.Fatal(err)
				}
				if err := errors.Join(m.Close(), replica.Close()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*test.epochs)/b.Elapsed().Seconds(), "epochs/s")
			b.ReportMetric(float64(b.N*test.epochs*test.entries)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}
