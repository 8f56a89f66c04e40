package mirror

import (
	"errors"
	"fmt"
	"maps"
	"testing"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// forkWith lets liars of the n witnesses cosign both of two logs and gives the honest ones to either as the operator likes best, and returns
// how many readers believe what they are shown.
func forkWith(t *testing.T, total, quorum, liars int) (believed int, n *network, left, right *operator) {
	t.Helper()
	n = newNetwork(t, total-liars, 0, proof.Quorum{})
	honest := n.cosigners
	var dishonest []witness.Cosigner
	for i := range liars {
		dishonest = append(dishonest, liar{n.trusted(fmt.Sprint("liar-", i), proof.Witness), n.clock})
	}
	n.cosigners = append(append([]witness.Cosigner(nil), honest...), dishonest...)
	n.trust.Quorum = proof.Quorum{Witnesses: quorum}
	left, right = n.fork()
	need := min(max(quorum-liars, 0), len(honest)) // of the honest ones, for the left log
	for _, side := range []struct {
		o  *operator
		by []witness.Cosigner
	}{{left, honest[:need]}, {right, honest}} { // those that signed left refuse right
		n.cosigners = append(append([]witness.Cosigner(nil), side.by...), dishonest...)
		side.o.publish(n.collect(side.o))
		if _, err := n.trust.VerifyCheckpoint(side.o.published, n.clock.read()); err == nil {
			believed++
		} else if !errors.Is(err, proof.ErrQuorum) {
			t.Fatal(err)
		}
	}
	return believed, n, left, right
}

// TestWitnessBound: of n witnesses, of which k are needed, up to f = 2k-n-1 may lie without two readers ever being shown two logs. One more,
// and both readers believe; then their two checkpoints, side by side, convict the log and every liar, and no honest witness.
func TestWitnessBound(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ n, k int }{{1, 1}, {3, 2}, {4, 3}, {5, 3}, {5, 4}, {7, 5}} {
		f := 2*test.k - test.n - 1
		for liars := range f + 2 {
			believed, n, left, right := forkWith(t, test.n, test.k, liars)
			if liars <= f {
				if believed > 1 {
					t.Errorf("%d of %d needed, %d lie: two readers believe two logs", test.k, test.n, liars)
				}
				continue
			}
			if believed != 2 {
				t.Errorf("%d of %d needed, %d lie: %d readers believe, and the bound says that they can be fooled", test.k, test.n, liars, believed)
			}
			a := &proof.Accusation{A: left.published, B: right.published}
			if err := a.Verify(n.trust.Log); err != nil {
				t.Errorf("the log: %v", err)
			}
			for i, c := range n.trust.Cosigners {
				if guilty := a.Verify(c.Key) == nil; guilty != (i >= test.n-liars) {
					t.Errorf("%d of %d needed, %d lie: %s guilty: %v", test.k, test.n, liars, c.Key.Name(), guilty)
				}
			}
		}
	}
}

// TestAuditorBound: a false map root is believed only if k auditors lie; those who do are convicted by executing the log again.
func TestAuditorBound(t *testing.T) {
	t.Parallel()
	const total, quorum = 4, 3
	for liars := range total + 1 {
		n := newNetwork(t, 2, total-liars, proof.Quorum{})
		for i := range liars {
			n.cosigners = append(n.cosigners, liar{n.trusted(fmt.Sprint("liar-", i), proof.Auditor), n.clock})
		}
		n.trust.Quorum = proof.Quorum{Witnesses: 2, Auditors: quorum}
		n.grow(10)
		n.honest()
		planted := maps.Clone(n.op.heads)
		planted[proof.MapPath("key-1")] = []byte("planted")
		epoch := n.op.epoch()
		epoch.MapRoot = mapRoot(planted)
		n.op.leaf(epoch.Append(nil))
		p := n.op.latest(n.collect(n.op), epoch, planted, "key-1")
		v, err := p.Verify(n.trust, "key-1", n.clock.read())
		if liars < quorum && !errors.Is(err, proof.ErrQuorum) {
			t.Errorf("%d liars: got %+v, %v, want ErrQuorum", liars, v, err)
		}
		if liars >= quorum && (err != nil || !v.Latest) {
			t.Errorf("%d liars: got %+v, %v: the bound says that the reader is fooled", liars, v, err)
		}
		if liars == quorum { // the one honest auditor has what it takes to show it to others
			wantFault(t, "the honest auditor", n.faults["auditor-0"], MapRoot)
		}
	}
}

// TestNoAnswerIsNoForgery: k needs that many that answer: with more than n-k silent, nothing is published, and nothing false is believed.
func TestNoAnswerIsNoForgery(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 4, 1, proof.Quorum{Witnesses: 3, Auditors: 1})
	n.grow(10)
	n.op.seal()
	all := n.cosigners
	for silent := range 4 {
		n.cosigners = all[silent:]
		note := n.collect(n.op)
		_, err := n.trust.VerifyCheckpoint(note, n.clock.read())
		if got, want := err == nil, silent <= 1; got != want {
			t.Errorf("%d silent: %v", silent, err)
		}
	}
}
