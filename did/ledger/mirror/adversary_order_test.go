package mirror

import (
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// TestDrop: an entry that everybody has seen is left out of the log from then on.
//
// Who notices: every witness, because the log does not extend the one that it cosigned. Evidence: an accusation that convicts the log's key.
func TestDrop(t *testing.T) {
	t.Parallel()
	testRewrite(t, func(ops []string) []string { return append(ops[:5:5], ops[6:]...) })
}

// TestReorder: two entries that everybody has seen change places. Noticed as in TestDrop.
func TestReorder(t *testing.T) {
	t.Parallel()
	testRewrite(t, func(ops []string) []string { ops[5], ops[6] = ops[6], ops[5]; return ops })
}

// TestRewrite: an entry that everybody has seen gets other bytes. Noticed as in TestDrop.
func TestRewrite(t *testing.T) {
	t.Parallel()
	testRewrite(t, func(ops []string) []string { ops[5] = "another operation"; return ops })
}

func testRewrite(t *testing.T, rewrite func([]string) []string) {
	n := newNetwork(t, 4, 2, both)
	ops := make([]string, 30)
	for i := range ops {
		ops[i] = fmt.Sprint("op ", i)
	}
	write := func(o *operator, ops []string) {
		for _, op := range ops {
			o.entry("key", op)
		}
		o.seal()
	}
	write(n.op, ops)
	n.op.publish(n.collect(n.op))
	if len(n.faults) > 0 {
		t.Fatal(n.faults)
	}
	cosigned := n.op.note()
	other := newOperator(t, n.clock)
	other.signer = n.op.signer
	write(other, rewrite(ops))
	for range 10 {
		other.entry("key", "later")
	}
	other.seal()
	n.show(other) // the operator shows everybody the new one
	other.publish(n.collect(other))
	if len(n.faults) != len(n.cosigners) {
		t.Fatalf("refused by %v, want all", n.faults)
	}
	if _, err := n.trust.VerifyCheckpoint(other.published, n.clock.read()); err == nil {
		t.Error("a reader believes the new log")
	}
	for _, a := range n.auditors {
		f := wantFault(t, a.Name(), a.Sync(t.Context()), Fork)
		convicts(t, f.Accusation, n, cosigned, other.note())
	}
}

// TestFalseLeaves: leaves that are no honest log's, each under an epoch that is right but for them.
//
// Who notices: every auditor, at the leaf. Evidence: the signed checkpoint.
func TestFalseLeaves(t *testing.T) {
	t.Parallel()
	at := noon.Unix()
	for name, test := range map[string]struct {
		spoil func(n *network)
		kind  FaultKind
	}{
		"an index left out": {func(n *network) { n.op.entries++; n.op.entry("key-1", "op") }, Order},
		"an index twice":    {func(n *network) { n.op.entries--; n.op.entry("key-1", "op") }, Order},
		"a seq left out":    {func(n *network) { n.op.lengths["key-1"]++; n.op.entry("key-1", "op") }, Execution},
		"a seq twice":       {func(n *network) { n.op.lengths["key-1"]--; n.op.entry("key-1", "op") }, Execution},
		"a refused entry":   {func(n *network) { n.op.entry("key-1", "refuse this") }, Execution},
		"a bad key":         {func(n *network) { n.op.entry("KEY", "op") }, Execution},
		"an empty entry":    {func(n *network) { n.op.entry("key-1", "") }, Execution},
		"an entry cut off":  {func(n *network) { n.op.leaf(proof.EntryLeaf{Key: "k", Time: at}.Append(nil)[:20]) }, Leaf},
		"another kind":      {func(n *network) { n.op.leaf([]byte{2, 3, 4}) }, Leaf},
		"no leaf":           {func(n *network) { n.op.leaf(nil) }, Leaf},
		"an epoch that counts leaves wrongly": {func(n *network) {
			e := n.op.epoch()
			e.Size--
			n.op.leaf(e.Append(nil))
		}, Order},
		"an epoch that counts entries wrongly": {func(n *network) {
			e := n.op.epoch()
			e.Entries--
			n.op.leaf(e.Append(nil))
		}, Order},
		"a map root of nothing": {func(n *network) {
			e := n.op.epoch()
			e.MapRoot = proof.Hash{}
			n.op.leaf(e.Append(nil))
		}, MapRoot},
	} {
		n := newNetwork(t, 1, 1, proof.Quorum{Witnesses: 1, Auditors: 1})
		n.grow(20)
		n.honest()
		n.op.entry("key-2", "good")
		where := uint64(len(n.op.leaves))
		test.spoil(n)
		n.op.seal()
		n.clock.add(time.Second)
		n.op.seal()
		n.collect(n.op)
		f := wantFault(t, name, n.faults["auditor-0"], test.kind)
		if f.Leaf != where {
			t.Errorf("%s: noticed at leaf %d, want %d: %v", name, f.Leaf, where, f)
		}
		if len(n.faults) != 1 {
			t.Errorf("%s: %v", name, n.faults)
		}
	}
}
