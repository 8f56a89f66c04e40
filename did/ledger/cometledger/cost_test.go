package cometledger

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
)

// A fatReducer makes states of as many kilobytes as the first byte of an operation says.
type fatReducer struct{ headed }

func (fatReducer) Reduce(_ string, _, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	return ledger.Reduced{State: bytes.Repeat(op[1:2], int(op[0])<<10)}, nil
}

// fat returns operations number seq of n keys that make states of so many kilobytes.
func fat(n int, seq uint64, kilobytes byte) []operation {
	ops := make([]operation, n)
	for i := range ops {
		ops[i] = operation{Key: fmt.Sprintf("fat-%03d", i), Seq: seq, Op: []byte{kilobytes, byte(i), byte(seq)}}
	}
	return ops
}

func newFat(t *testing.T) *driver {
	t.Helper()
	d := newDriver(t, t.TempDir(), appOptions{})
	d.reducer = fatReducer{}
	return d
}

// TestCostOfTx: a transaction is let in up to what one may cost, and the answer names the operations beyond it.
func TestCostOfTx(t *testing.T) {
	d := newFat(t)
	d.block(d.tx(fat(100, 0, 64)...))
	ops := fat(100, 1, 1)
	most := maxTxUnits / 17
	r := d.check(d.tx(ops...))
	c, err := parseChecked(r.Data, len(ops))
	if err != nil || r.Code != codeCrowded || len(c.Refusals) != len(ops)-most {
		t.Fatalf("got code %d, %d refusals, %v; want %d", r.Code, len(c.Refusals), err, len(ops)-most)
	}
	for i, f := range c.Refusals {
		if f.Code != codeCrowded || f.Op != uint64(most+i) {
			t.Errorf("got %+v", f)
		}
	}
	if r := d.check(d.tx(ops[:most]...)); r.Code != codeOK {
		t.Errorf("the first %d: got code %d: %s", most, r.Code, r.Log)
	}
	// States of less than a unit never count.
	other := newFat(t)
	small := fat(MaxTxOps, 0, 3)
	for i := range small {
		small[i].Op = append(small[i].Op, make([]byte, MaxTxSize/MaxTxOps-100)...)
	}
	other.block(other.tx(small...))
	for i := range small {
		small[i].Seq = 1
	}
	if r := other.check(other.tx(small...)); r.Code != codeOK {
		t.Errorf("small states: got code %d: %s", r.Code, r.Log)
	}
}

// TestCostOfWaiting: what waits costs no more than it may.
func TestCostOfWaiting(t *testing.T) {
	d := newFat(t)
	d.block(d.tx(fat(40, 0, 64)...))
	n := 0
	for seq := uint64(1); seq < 1000; seq++ {
		r := d.check(d.tx(fat(40, seq, 64)...))
		if r.Code == codeUnavailable {
			break
		}
		if r.Code != codeOK {
			t.Fatalf("got code %d: %s", r.Code, r.Log)
		}
		n++
	}
	if want := (maxWaitingUnits + 40*17 - 1) / (40 * 17); n != want {
		t.Errorf("got %d transactions, want %d", n, want)
	}
}

// TestCostOfProposal: a proposal that costs too much is voted down, and none is made.
func TestCostOfProposal(t *testing.T) {
	d := newFat(t)
	d.block(d.tx(fat(40, 0, 64)...))
	var txs [][]byte
	for seq := uint64(1); seq <= 20; seq++ {
		txs = append(txs, d.tx(fat(40, seq, 64)...))
	}
	at := d.time
	fits := maxBlockUnits / (40 * 17)
	if !d.accepts(at, txs[:fits]...) {
		t.Error("within the limit: got no vote for it")
	}
	if d.accepts(at, txs[:fits+1]...) {
		t.Error("over the limit: got a vote for it")
	}
	d.pace.ops = 1e9
	if got := len(d.propose(at, txs...)); got < 1 || got > fits {
		t.Errorf("transactions that were not checked here: got a proposal of %d", got)
	}
	for _, tx := range txs {
		if r := d.check(tx); r.Code != codeOK {
			t.Fatalf("got code %d: %s", r.Code, r.Log)
		}
	}
	if got, want := len(d.propose(at, txs...)), maxBlockOps/(40*17); got != want {
		t.Errorf("got a proposal of %d transactions, want %d", got, want)
	}
	d.pace.ops = 1
	if got := len(d.propose(at, txs...)); got != 1 {
		t.Errorf("on a slow machine: got a proposal of %d transactions, want 1", got)
	}
	// A block that was decided is executed whatever it costs.
	d.finalize(at, txs...)
	if v := d.store.view(); v.Entries != 40*21 {
		t.Errorf("got %d entries", v.Entries)
	}
}

// TestKeptStates: of what was executed, the last state of each key is kept.
func TestKeptStates(t *testing.T) {
	d := newFat(t)
	var txs [][]byte
	for seq := range uint64(5) {
		txs = append(txs, d.tx(append(fat(3, seq, 1), operation{Key: "beyond", Seq: 9, Op: []byte{1, 1}})...))
	}
	b, err := executeBlock(d.reducer, d.store.view(), txs, d.time, 0)
	if err != nil {
		t.Fatal(err)
	}
	kept := 0
	for i := range b.steps {
		if s := &b.steps[i]; s.state != nil || s.head != nil {
			if kept++; s.Seq != 4 {
				t.Errorf("state number %d of %s is kept", s.Seq, s.Key)
			}
		}
	}
	if kept != 3 {
		t.Errorf("got %d states kept, want 3", kept)
	}
	if txs, err = b.rewrite(txs); err != nil || len(txs) != 5 || slices.ContainsFunc(b.heads(), func(c authmap.Change) bool { return len(c.Head) == 0 }) {
		t.Errorf("rewritten: got %d transactions, heads %v, %v", len(txs), b.heads(), err)
	}
}

// TestCrowded: what is too much for one transaction goes into the next ones, without waiting for what was lost.
func TestCrowded(t *testing.T) {
	chain := newFakeChain()
	n := newFakeNode(t, chain)
	n.judge = func(o operation) uint32 {
		if last := n.sent[len(n.sent)-1]; last[0].Key != o.Key {
			return codeCrowded
		}
		return codeOK
	}
	chain.forever(t)
	c := fakeClient(t, &ClientOptions{Gather: 50 * time.Millisecond}, n)
	c.resend = time.Hour
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			if _, err := c.Append(t.Context(), fmt.Sprint("key-", i), 0, []byte("x")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}
