package mirror

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// A network is a log's operator, those who cosign for it, and what readers trust.
type network struct {
	t         *testing.T
	clock     *testClock
	op        *operator
	witnesses []*witness.Server
	auditors  []*Mirror
	cosigners []witness.Cosigner
	trust     *proof.Trust
	sizes     map[string]uint64 // that each cosigned last
	faults    map[string]error  // what each said last
}

// newNetwork makes honest cosigners. Of them, the quorum is needed.
func newNetwork(t *testing.T, witnesses, auditors int, quorum proof.Quorum) *network {
	t.Helper()
	clock := &testClock{now: noon}
	n := &network{t: t, clock: clock, op: newOperator(t, clock), sizes: make(map[string]uint64), faults: make(map[string]error)}
	n.trust = &proof.Trust{Origin: origin, Log: n.op.signer.Verifier(), Quorum: quorum}
	for i := range witnesses {
		w := n.newWitness(t.TempDir(), n.trusted(fmt.Sprintf("witness-%d", i), proof.Witness), &witness.Options{Create: true})
		n.witnesses, n.cosigners = append(n.witnesses, w), append(n.cosigners, w)
	}
	for i := range auditors {
		a, _ := n.newAuditor(t.TempDir(), n.op, n.trusted(fmt.Sprintf("auditor-%d", i), proof.Auditor))
		n.auditors, n.cosigners = append(n.auditors, a), append(n.cosigners, a)
	}
	return n
}

// trusted makes a key that readers trust in a role.
func (n *network) trusted(name string, role proof.Role) *proof.NoteSigner {
	s := newSigner(n.t, name, proof.CosignatureEd25519)
	n.trust.Cosigners = append(n.trust.Cosigners, proof.Cosigner{Key: s.Verifier(), Role: role})
	return s
}

// newWitness starts a witness that looks at checkpoints alone.
func (n *network) newWitness(dir string, signer *proof.NoteSigner, opt *witness.Options) *witness.Server {
	n.t.Helper()
	opt.Clock = n.clock.read
	w, err := witness.NewServer(dir, signer, []witness.Log{{Key: n.op.signer.Verifier()}}, opt)
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { w.Close() })
	return w
}

// newAuditor opens a mirror that follows src, with a replica in memory.
func (n *network) newAuditor(dir string, src Source, signer *proof.NoteSigner) (*Mirror, *memledger.Ledger) {
	n.t.Helper()
	replica := memledger.New(toyReducer{}, nil)
	own := &proof.Trust{Origin: origin, Log: n.op.signer.Verifier(), InsecureNoQuorum: true}
	m, err := Open(dir, src, replica, toyReducer{}, own, signer, &Options{
		Cosigner: &witness.Options{Create: true}, Clock: n.clock.read, OnError: func(error) {},
	})
	if err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() { m.Close() })
	return m, replica
}

// ask asks a cosigner as a log does: again from where the cosigner is.
func ask(ctx context.Context, c witness.Cosigner, o *operator, old uint64) ([]byte, error) {
	for {
		path, err := proof.ConsistencyPath(o, old, o.frontier.Size())
		if err != nil {
			return nil, err
		}
		lines, err := c.Cosign(ctx, old, path, o.note())
		var size *witness.SizeError
		if !errors.As(err, &size) || size.Size == old || size.Size > o.frontier.Size() {
			return lines, err
		}
		old = size.Size
	}
}

// collect asks everybody to cosign what o is now, and returns the checkpoint with the cosignatures that it got.
func (n *network) collect(o *operator) []byte {
	n.t.Helper()
	note := o.note()
	clear(n.faults)
	for _, c := range n.cosigners {
		lines, err := ask(n.t.Context(), c, o, n.sizes[c.Name()])
		if err != nil {
			n.faults[c.Name()] = err
			continue
		}
		n.sizes[c.Name()] = o.frontier.Size()
		note = append(note, lines...)
	}
	return note
}

// honest seals an epoch that everybody cosigns, and publishes it.
func (n *network) honest() []byte {
	n.t.Helper()
	n.op.seal()
	note := n.collect(n.op)
	if len(n.faults) > 0 {
		n.t.Fatalf("an honest epoch: %v", n.faults)
	}
	n.op.publish(note)
	if _, err := n.trust.VerifyCheckpoint(note, n.clock.read()); err != nil {
		n.t.Fatal(err)
	}
	return note
}

// grow adds entries of a few keys, a second apart.
func (n *network) grow(entries int) {
	for i := range entries {
		n.clock.add(time.Second)
		n.op.entry(fmt.Sprintf("key-%d", i*i%7), fmt.Sprint("op ", n.op.entries))
	}
}

// liar cosigns whatever it is given.
type liar struct {
	signer *proof.NoteSigner
	clock  *testClock
}

func (l liar) Name() string { return l.signer.Verifier().Name() }

func (l liar) Cosign(_ context.Context, _ uint64, _ []proof.Hash, note []byte) ([]byte, error) {
	return witness.CosignWith([]*proof.NoteSigner{l.signer}, note, l.clock.read())
}

// wantFault fails the test unless err is a fault of that kind.
func wantFault(t *testing.T, what string, err error, kind FaultKind) *Fault {
	t.Helper()
	f := (*Fault)(nil)
	if !errors.As(err, &f) || f.Kind != kind {
		t.Fatalf("%s: got %v, want the fault %q", what, err, kind)
	}
	if !errors.Is(err, witness.ErrRefused) {
		t.Fatalf("%s: %v is not ErrRefused", what, err)
	}
	if len(f.Checkpoint) == 0 {
		t.Fatalf("%s: the fault %v has no checkpoint", what, err)
	}
	return f
}

// TestHonest: everybody cosigns what is right, epoch after epoch, and proofs verify.
func TestHonest(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 3, 2, proof.Quorum{Witnesses: 3, Auditors: 2})
	for i := range 12 {
		n.grow(i * i)
		note := n.honest()
		for _, key := range []string{"key-1", "nobody"} {
			p := n.op.latest(note, n.lastEpoch(), n.op.heads, key)
			v, err := p.Verify(n.trust, key, n.clock.read())
			if err != nil || v.Latest == v.Absent || v.Latest != (n.op.states[key] != nil) {
				t.Fatalf("%s: %+v, %v", key, v, err)
			}
		}
		n.clock.add(time.Minute)
	}
	for _, a := range n.auditors {
		if err := a.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		b, err := a.Prove(t.Context(), "key-1", n.op.entries)
		if err != nil {
			t.Fatal(err)
		}
		p, err := proof.ParseLatest(b)
		if err != nil {
			t.Fatal(err)
		}
		own := *n.trust
		own.Quorum = proof.Quorum{}
		own.InsecureNoQuorum = true
		if v, err := p.Verify(&own, "key-1", n.clock.read()); err != nil || string(v.Head) != string(n.op.states["key-1"]) {
			t.Errorf("what the mirror proves: %+v, %v", v, err)
		}
	}
}

// lastEpoch is the epoch in which the log ends.
func (n *network) lastEpoch() proof.EpochLeaf {
	n.t.Helper()
	l, err := proof.ParseEpochLeaf(n.op.leaves[len(n.op.leaves)-1])
	if err != nil {
		n.t.Fatal(err)
	}
	return l
}
