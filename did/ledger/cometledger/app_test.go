package cometledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
)

func op(key string, seq uint64, state []byte, payload string) operation {
	return operation{Key: key, Seq: seq, Op: ledgertest.Op(state, payload)}
}

func TestBlock(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	before := d.store.view().appHash
	r := d.block(d.tx(op("a", 0, nil, "1"), op("b", 0, nil, "2")), d.tx(op("c", 0, nil, "3")))
	if len(r.TxResults) != 2 || r.TxResults[0].Code != codeOK || bytes.Equal(r.AppHash, before[:]) {
		t.Fatalf("got %v", r)
	}
	e, err := parseExecuted(r.TxResults[1].Data, 1)
	if err != nil || e.First != 2 || e.Codes != nil {
		t.Errorf("result of the second transaction: got %+v, %v", e, err)
	}
	v := d.store.view()
	if v.Entries != 3 || v.size() != 5 || v.Height != 1 || v.Changed != 1 {
		t.Errorf("got %d entries of %d leaves at height %d, changed %d", v.Entries, v.size(), v.Height, v.Changed)
	}
	for i, key := range []string{"a", "b", "c"} {
		e, err := v.entry(uint64(i))
		if err != nil || e.Key != key || !e.Anchor.Time.Equal(chainBegin.Add(time.Second)) {
			t.Errorf("entry %d: got %+v, %v", i, e, err)
		}
	}
	// A block without operations changes nothing but the height.
	hash := v.appHash
	d.block()
	if v := d.store.view(); v.Height != 2 || v.Changed != 1 || v.appHash != hash || v.size() != 5 {
		t.Errorf("an empty block: got %+v", v.tip)
	}
	if err := d.store.check(t.Context()); err != nil {
		t.Error(err)
	}
	d.reopen()
	if v := d.store.view(); v.Height != 2 || v.appHash != hash {
		t.Errorf("after a restart: got %+v", v.tip)
	}
}

// TestBlockTime: anchors have the block's time in whole seconds, and never one before the last.
func TestBlockTime(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	for i, at := range []time.Duration{999 * time.Millisecond, 1500 * time.Millisecond, 1501 * time.Millisecond, 0} {
		d.finalize(chainBegin.Add(at), d.tx(op(fmt.Sprint("k", i), 0, nil, "x")))
	}
	want := []int{0, 1, 1, 1}
	for i, seconds := range want {
		e, err := d.store.view().entry(uint64(i))
		if err != nil || !e.Anchor.Time.Equal(chainBegin.Add(time.Duration(seconds)*time.Second)) {
			t.Errorf("entry %d: got %v, %v; want second %d", i, e.Anchor.Time, err, seconds)
		}
	}
}

// TestProposal: a proposal has no operation that does not stand, and one that has is voted down.
func TestProposal(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	d.block(d.tx(op("old", 0, nil, "1")))
	at := d.time.Add(time.Second)
	good := op("a", 0, nil, "good")
	bad := map[string][]byte{
		"refused":           d.tx(good, op("b", 0, nil, "refuse")),
		"other state":       d.tx(good, op("old", 1, nil, "x")),
		"state too large":   d.tx(good, op("b", 0, nil, "huge")),
		"place taken":       d.tx(good, op("old", 0, nil, "other")),
		"the same again":    d.tx(good, op("old", 0, nil, "1")),
		"beyond the end":    d.tx(good, op("b", 1, nil, "x")),
		"twice in one":      d.tx(good, good),
		"twice, chained":    d.tx(good, op("a", 1, []byte("x"), "next")),
		"malformed":         append(d.tx(good), 0),
		"no transaction":    {},
		"operations lie":    {txVersion, 0x99, 0xff, 0xff},
		"another version":   append([]byte{9}, d.tx(good)[1:]...),
		"empty list of ops": {txVersion, 0x80},
	}
	for name, tx := range bad {
		if d.accepts(at, tx) {
			t.Errorf("%s: got a vote for it", name)
		}
		if d.accepts(at, d.tx(op("z", 0, nil, "fine")), tx) {
			t.Errorf("%s: got a vote for it behind a transaction that stands", name)
		}
		for _, tx := range d.propose(at, tx) {
			ops, err := parseTx(tx)
			if err != nil || len(ops) != 1 || ops[0].Key != "a" {
				t.Errorf("%s: got it proposed: %v %v", name, ops, err)
			}
		}
	}
	if d.accepts(at, d.tx(good), d.tx(good)) {
		t.Error("the same transaction twice: got a vote for it")
	}
	if !d.accepts(at, d.tx(good)) {
		t.Error("what stands: got no vote for it")
	}
}

// TestProposalSettles: what stands behind something that does not gets the index that has become free.
func TestProposalSettles(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	txs := [][]byte{
		d.tx(op("a", 0, nil, "1"), op("b", 0, nil, "refuse"), op("c", 0, nil, "2")),
		d.tx(op("d", 0, nil, "refuse")),
		d.tx(op("e", 0, nil, "3")),
	}
	d.block(txs...)
	if v := d.store.view(); v.Entries != 3 {
		t.Fatalf("got %d entries, want 3", v.Entries)
	}
	if err := d.store.check(t.Context()); err != nil {
		t.Error(err)
	}
	// The reducer's states name the index, so these are right only if they were made with it.
	other := newDriver(t, t.TempDir(), appOptions{})
	other.block(d.tx(op("a", 0, nil, "1"), op("c", 0, nil, "2")), d.tx(op("e", 0, nil, "3")))
	if a, b := d.store.view().appHash, other.store.view().appHash; a != b {
		t.Errorf("got app hash %v, and %v for the same entries", a, b)
	}
}

// TestFinalizeHostile: a block that more than two thirds decided is executed as it is, and what does not stand in it adds nothing.
func TestFinalizeHostile(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	r := d.finalize(d.time.Add(time.Second),
		d.tx(op("a", 0, nil, "1"), op("d", 1, nil, "beyond"), op("b", 0, nil, "refuse"), op("c", 0, nil, "2")), []byte("nonsense"),
		d.tx(op("b", 0, nil, "3")))
	want := []struct {
		code  uint32
		first uint64
		codes []byte
	}{{codeConflict, 0, []byte{0, 3, 2, 0}}, {codeMalformed, 0, nil}, {codeOK, 2, nil}}
	for i, w := range want {
		n := []int{4, 0, 1}[i]
		e, err := parseExecuted(r.TxResults[i].Data, n)
		if err != nil || r.TxResults[i].Code != w.code || e.First != w.first || !bytes.Equal(e.Codes, w.codes) {
			t.Errorf("transaction %d: got code %d, %+v, %v; want %+v", i, r.TxResults[i].Code, e, err, w)
		}
	}
	if v := d.store.view(); v.Entries != 3 {
		t.Errorf("got %d entries, want 3", v.Entries)
	}
	if err := d.store.check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestProposalLimits(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	var txs [][]byte
	for i := range maxBlockOps/MaxTxOps + 2 {
		ops := make([]operation, MaxTxOps)
		for j := range ops {
			ops[j] = op(fmt.Sprintf("k-%d-%d", i, j), 0, nil, "x")
		}
		txs = append(txs, d.tx(ops...))
	}
	at := d.time.Add(time.Second)
	if d.accepts(at, txs...) {
		t.Error("a proposal with too many operations: got a vote for it")
	}
	for _, c := range []struct {
		pace float64
		want int
	}{{1e9, maxBlockOps}, {0, maxBlockOps / 4}, {1, minBlockOps}, {1000, 1000 / MaxTxOps * MaxTxOps}} {
		d.pace.ops = c.pace
		if got := len(d.propose(at, txs...)) * MaxTxOps; got != c.want {
			t.Errorf("pace %v: got %d operations, want %d", c.pace, got, c.want)
		}
	}
	d.pace.ops = 1e9
	r, err := d.PrepareProposal(t.Context(), &abci.RequestPrepareProposal{Txs: txs, MaxTxBytes: int64(len(txs[0])) + 100, Height: 1, Time: at})
	if err != nil || len(r.Txs) != 1 {
		t.Errorf("room for one transaction: got %d, %v", len(r.Txs), err)
	}
}

func TestCheckTx(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	first := op("a", 0, nil, "1")
	d.block(d.tx(first), d.tx(op("b", 0, nil, "1")))
	// A chain of operations of one key may wait together.
	next := d.next("a", "2")
	if r := d.check(d.tx(next)); r.Code != codeOK {
		t.Fatalf("got code %d: %s", r.Code, r.Log)
	}
	for _, c := range []struct {
		name string
		ops  []operation
		want []refusal
	}{
		{"refused", []operation{op("c", 0, nil, "fine"), op("d", 0, nil, "refuse")}, []refusal{{Op: 1, Code: codeInvalid}}},
		{"taken", []operation{op("b", 0, nil, "other")}, []refusal{{Op: 0, Code: codeConflict, Length: 1}}},
		{"beyond", []operation{op("b", 2, nil, "x")}, []refusal{{Op: 0, Code: codeConflict, Length: 1}}},
		{"stands", []operation{first}, []refusal{{Op: 0, Code: codeStands, Length: 1}}},
		{"waits", []operation{next}, []refusal{{Op: 0, Code: codeWaiting, Length: 1}}},
		{
			"all",
			[]operation{first, op("e", 0, nil, "x"), op("b", 5, nil, "x"), op("f", 0, nil, "refuse")},
			[]refusal{{Op: 0, Code: codeStands, Length: 1}, {Op: 2, Code: codeConflict, Length: 1}, {Op: 3, Code: codeInvalid}},
		},
	} {
		r := d.check(d.tx(c.ops...))
		got, err := parseChecked(r.Data, len(c.ops))
		if err != nil || r.Code != c.want[0].Code || len(got.Refusals) != len(c.want) || got.Height != 1 {
			t.Errorf("%s: got code %d, %+v, %v", c.name, r.Code, got, err)
			continue
		}
		for i, w := range c.want {
			g := got.Refusals[i]
			if g.Op != w.Op || g.Code != w.Code || g.Length != w.Length || (g.Code == codeInvalid) == (g.Text == "") {
				t.Errorf("%s: got %+v, want %+v", c.name, g, w)
			}
		}
	}
	if r := d.check([]byte("nonsense")); r.Code != codeMalformed {
		t.Errorf("nonsense: got code %d", r.Code)
	}
}

// TestRecheck: what waits stays in the mempool as long as part of it stands, and leaves it when nothing does.
func TestRecheck(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	a, b, c := op("a", 0, nil, "1"), op("b", 0, nil, "1"), op("c", 0, nil, "1")
	both, one := d.tx(a, b), d.tx(c)
	for _, tx := range [][]byte{both, one} {
		if r := d.check(tx); r.Code != codeOK {
			t.Fatal(r.Log)
		}
	}
	d.block(d.tx(a), one)
	if r := d.checkAs(both, abci.CheckTxType_Recheck); r.Code != codeOK {
		t.Errorf("half of it stands: got code %d", r.Code)
	}
	if r := d.checkAs(one, abci.CheckTxType_Recheck); r.Code == codeOK {
		t.Error("nothing of it stands: got it back")
	}
	// b waits, so that its place is taken.
	if r := d.check(d.tx(b)); r.Code != codeWaiting {
		t.Errorf("what waits: got code %d", r.Code)
	}
	d.block(both)
	if h := d.state("b"); h.Length != 1 {
		t.Error("the half that stood is not in the block")
	}
}

func TestQuery(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	d.block(d.tx(op("a", 0, nil, "1"), op("b", 0, nil, "1")))
	d.block(d.tx(d.next("a", "2")))
	d.block()
	var last lastAnswer
	d.query(pathLast, nil, codeOK, &last)
	if hash := d.store.view().appHash; last.Height != 3 || last.Changed != 2 || last.Entries != 3 || !bytes.Equal(last.AppHash, hash[:]) {
		t.Errorf("last: got %+v", last)
	}
	var s stateAnswer
	if d.query(pathState, "a", codeOK, &s); s.Length != 2 || !bytes.Equal(s.State, d.state("a").State) {
		t.Errorf("state: got %+v", s)
	}
	if d.query(pathState, "new", codeOK, &s); s.Length != 0 || s.State != nil {
		t.Errorf("state of a new key: got %+v", s)
	}
	var p pageAnswer
	if d.query(pathEntries, entriesQuery{Key: "a", Limit: 1}, codeOK, &p); len(p.Entries) != 1 || !p.More || p.Entries[0].Seq != 0 {
		t.Errorf("entries: got %+v", p)
	}
	if d.query(pathEntries, entriesQuery{Key: "a", From: 1, Limit: 9}, codeOK, &p); len(p.Entries) != 1 || p.More || p.Entries[0].Index != 2 {
		t.Errorf("entries from 1: got %+v", p)
	}
	if d.query(pathEntries, entriesQuery{Key: "a", From: 7, Limit: 9}, codeOK, &p); len(p.Entries) != 0 || p.More {
		t.Errorf("entries from 7: got %+v", p)
	}
	if d.query(pathFeed, feedQuery{From: 1, Limit: 1}, codeOK, &p); len(p.Entries) != 1 || !p.More || p.Entries[0].Key != "b" {
		t.Errorf("feed: got %+v", p)
	}
	if d.query(pathFeed, feedQuery{From: 3, Limit: 1}, codeOK, &p); len(p.Entries) != 0 || p.More {
		t.Errorf("end of the feed: got %+v", p)
	}
	var stands standsAnswer
	d.query(pathStands, []place{{Key: "a", Seq: 1}, {Key: "a", Seq: 2}, {Key: "new"}}, codeOK, &stands)
	if len(stands.Places) != 3 || stands.Places[0].Index != 2 || len(stands.Places[0].Sum) != 32 || len(stands.Places[1].Sum) != 0 ||
		stands.Places[1].Length != 2 || stands.Places[2].Length != 0 {
		t.Errorf("stands: got %+v", stands)
	}
	d.query(pathProof, proofQuery{Key: "a", Entries: 4}, codeUnavailable, nil)
	d.query("/other", nil, codeMalformed, nil)
	d.query(pathLast, "data", codeMalformed, nil)
	d.query(pathState, "NOT A KEY", codeMalformed, nil)
	d.query(pathFeed, feedQuery{Limit: maxPage + 1}, codeMalformed, nil)
	if r, err := d.Query(t.Context(), &abci.RequestQuery{Path: pathLast, Height: 1}); err != nil || r.Code != codeMalformed {
		t.Errorf("at a height: got %v, %v", r, err)
	}
}

// TestProof: the proof of every key verifies under the app hash, after every block.
func TestProof(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	for i := range 20 {
		for _, key := range []string{"key-0", fmt.Sprintf("key-%d", i-1), "absent"} {
			var a proofAnswer
			d.query(pathProof, proofQuery{Key: key}, codeOK, &a)
			l, err := proof.ParseLatest(a.Latest)
			if err != nil {
				t.Fatal(err)
			}
			v, err := l.VerifyDigest(d.store.view().appHash, key, d.time, time.Minute)
			if err != nil {
				t.Fatalf("block %d, %s: %v", i, key, err)
			}
			h := d.state(key)
			want := []byte(nil)
			if h.Length > 0 {
				want, _ = headed{}.Head(key, h.State)
			}
			if !bytes.Equal(v.Head, want) || v.Checkpoint.Origin != testChain {
				t.Errorf("block %d, %s: got %s, want %s", i, key, v.Head, want)
			}
		}
		d.block(d.tx(op(fmt.Sprintf("key-%d", i), 0, nil, "x"), d.next("other", fmt.Sprint(i))))
	}
}

// TestQueryWhileBlocks: answers are of one block each, however fast blocks come.
func TestQueryWhileBlocks(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{Snapshots: 2})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ask := func(path string, q, answer any) bool {
		r, err := d.Query(t.Context(), &abci.RequestQuery{Path: path, Data: mustEncode(q)})
		if err != nil || r.Code != codeOK {
			t.Errorf("%s: got %v, %v", path, r, err)
			return false
		}
		if err := parseAnswer(r.Value, answer); err != nil {
			t.Errorf("%s: %v", path, err)
			return false
		}
		return true
	}
	var wg sync.WaitGroup
	for _, read := range []func() bool{
		func() bool {
			var a proofAnswer
			if !ask(pathProof, proofQuery{Key: "same"}, &a) {
				return false
			}
			l, err := proof.ParseLatest(a.Latest)
			if err == nil {
				_, err = l.VerifyDigest(sha256.Sum256(l.Checkpoint), "same", chainBegin.Add(time.Hour), time.Hour)
			}
			if err != nil {
				t.Error(err)
			}
			return err == nil
		},
		func() bool {
			var before, after stateAnswer
			var p pageAnswer
			if !ask(pathState, "same", &before) || !ask(pathEntries, entriesQuery{Key: "same", From: before.Length, Limit: 9}, &p) ||
				!ask(pathState, "same", &after) {
				return false
			}
			if n := before.Length + uint64(len(p.Entries)); n > after.Length || before.Height > p.Height || p.Height > after.Height {
				t.Errorf("got %d entries at %d, %d more at %d, %d at %d", before.Length, before.Height, len(p.Entries), p.Height, after.Length, after.Height)
				return false
			}
			return true
		},
		func() bool {
			var p pageAnswer
			if !ask(pathFeed, feedQuery{Limit: maxPage}, &p) {
				return false
			}
			for i := range p.Entries {
				if p.Entries[i].Index != uint64(i) {
					t.Errorf("entry %d has index %d", i, p.Entries[i].Index)
				}
			}
			return true
		},
	} {
		wg.Go(func() {
			for ctx.Err() == nil && read() {
			}
		})
	}
	for i := range 40 {
		d.block(d.tx(d.next("same", fmt.Sprint(i)), op(fmt.Sprintf("k-%d", i), 0, nil, "x")))
	}
	cancel()
	wg.Wait()
}

// TestRecheckAsks: the reducer is asked again about what waits only if its key has changed.
func TestRecheckAsks(t *testing.T) {
	d := newDriver(t, t.TempDir(), appOptions{})
	counting := &countingReducer{}
	d.reducer = counting
	one, chained, other := d.tx(op("a", 0, nil, "1")), []byte(nil), d.tx(op("b", 0, nil, "1"))
	d.check(one)
	chained = d.tx(operation{Key: "a", Seq: 1, Op: ledgertest.Op(d.pool.heads["a"].State, "2")})
	for _, tx := range [][]byte{chained, other} {
		if r := d.check(tx); r.Code != codeOK {
			t.Fatal(r.Log)
		}
	}
	for _, c := range []struct {
		name  string
		block [][]byte
		txs   [][]byte
		codes []uint32
		asked int
	}{
		{"another key", [][]byte{d.tx(op("c", 0, nil, "1"))}, [][]byte{one, chained, other}, []uint32{codeOK, codeOK, codeOK}, 0},
		{"nothing", nil, [][]byte{one, chained, other}, []uint32{codeOK, codeOK, codeOK}, 0},
		{"what it was chained to is gone", nil, [][]byte{chained, other}, []uint32{codeConflict, codeOK}, 0},
		{"it comes again", nil, [][]byte{one, other}, []uint32{codeOK, codeOK}, 1},
		{"something else took the place", [][]byte{d.tx(op("a", 0, nil, "3"))}, [][]byte{one, other}, []uint32{codeConflict, codeOK}, 0},
	} {
		d.reducer = headed{}
		d.block(c.block...)
		d.reducer, counting.asked = counting, 0
		for i, tx := range c.txs {
			if r := d.checkAs(tx, abci.CheckTxType_Recheck); r.Code != c.codes[i] {
				t.Errorf("%s: transaction %d: got code %d, want %d: %s", c.name, i, r.Code, c.codes[i], r.Log)
			}
		}
		if counting.asked != c.asked {
			t.Errorf("%s: the reducer was asked %d times, want %d", c.name, counting.asked, c.asked)
		}
	}
}

// A countingReducer counts how often it is asked.
type countingReducer struct {
	headed
	asked int
}

func (c *countingReducer) Reduce(key string, state, op []byte, at ledger.Anchor) (ledger.Reduced, error) {
	c.asked++
	return c.headed.Reduce(key, state, op, at)
}
