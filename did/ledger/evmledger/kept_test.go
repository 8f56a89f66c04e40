package evmledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// fill has a stranger put garbage behind a key until no proof holds it.
func (w *directWorld) fill(tb testing.TB, key string) {
	tb.Helper()
	var gas uint64
	garbage := make([]byte, 40_000) // zeros are the cheapest; the pool takes transactions up to 128 KiB
	for size := 0; size <= MaxProofSize; {
		var batch []byte
		for range 3 {
			batch = appendRecord(batch, record{name: key, seq: anySeq, op: garbage})
			size += len(garbage)
		}
		r, err := w.rogue.Send(tb.Context(), &w.at.Address, appendCall(batch))
		if err != nil {
			tb.Fatal(err)
		}
		gas += r.GasUsed
	}
	tb.Logf("%d gas", gas)
	if err := w.ledger.Sync(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

// TestProofSize: a key that strangers have filled has no evidence any more, and that is said as what it is; its history goes
// on, other keys have evidence, and the method answers without.
func TestProofSize(t *testing.T) {
	node, _ := simulatedNode(t)
	w := newDirectWorld(t, node, realdid.Reducer())
	m, err := realdid.New(w.proven, &realdid.Options{Heads: w.trust, Memory: realdid.NewMemory()})
	if err != nil {
		t.Fatal(err)
	}
	var dids []did.DID
	for range 2 {
		control, next := generate(t), generate(t)
		me, err := m.Create(t.Context(), &realdid.CreateRequest{
			Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()),
		}, control)
		if err != nil {
			t.Fatal(err)
		}
		dids = append(dids, me.DID)
	}
	id, err := realdid.ParseIdentifier(dids[0])
	if err != nil {
		t.Fatal(err)
	}
	w.fill(t, id.Key())
	if b, err := w.proven.Prove(t.Context(), id.Key(), 2); !errors.Is(err, ErrProofSize) || errors.Is(err, proof.ErrInvalid) || errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("Prove: got %d bytes, %v, want ErrProofSize", len(b), err)
	}
	for i, filled := range []bool{true, false} {
		r, err := m.Resolve(t.Context(), dids[i], &did.ResolveOptions{NoCache: true})
		if err != nil || r.Evidence.Latest == filled || !r.Evidence.Replayed || r.Document.ID != dids[i] {
			t.Errorf("filled %v: Resolve: got %+v, %v", filled, r, err)
		}
	}
	if kept, err := w.ledger.places.kept(directKey(id.Key())); err != nil || len(kept) != 0 {
		t.Errorf("%d steps are kept that no proof holds, %v", len(kept), err)
	}
}

// TestProveWithoutEvents: a proof of a key among garbage takes nothing from the node but the slot, also after a restart, and
// after a process that ended before it could store how far it was.
func TestProveWithoutEvents(t *testing.T) {
	w := newContractWorld(t, false)
	stranger := w.stranger(t)
	writer := w.open(t, w.sender(t), &Options{Linked: true})
	dir := t.TempDir()
	reader, err := Open(t.Context(), w.chain(t, w.finality), w.at, testReducer, nil, &Options{Directory: dir})
	if err != nil {
		t.Fatal(err)
	}
	quiet(t, reader)
	round := func(i int) {
		w.put(t, stranger, record{"key", 0, []byte("garbage")}, record{"key", anySeq, []byte(fmt.Sprint("garbage", i))})
		extend(t, writer, "key", fmt.Sprint(i))
		w.put(t, stranger, record{"key", anySeq, []byte("more")}, record{"key", anySeq, nil})
	}
	reopen := func() {
		if dir != "" {
			again := t.TempDir()
			if err := os.CopyFS(again, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			dir = again
		}
		if reader, err = Open(t.Context(), w.chain(t, w.finality), w.at, testReducer, nil, &Options{Directory: dir}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { reader.Close() })
		quiet(t, reader)
	}
	check := func(when string) {
		t.Helper()
		p, err := NewProvenLedger(t.Context(), reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		w.answer(func(method string, _ []any, _ any) (bool, error) {
			return method == "eth_getLogs", nodeError{-32000, "no events"}
		})
		defer w.answer(nil)
		b, err := p.Prove(t.Context(), "key", 1)
		if err != nil {
			t.Fatalf("%s: Prove: %v", when, err)
		}
		final, err := w.chain(t, w.finality).Final(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		trust := ChainTrust{
			ChainID: 1337, Contract: w.at.Address, MaxAge: 100 * time.Hour, MaxClockSkew: 100 * time.Hour, Reducer: testReducer,
			Headers: HeaderTrust{Pinned: []common.Hash{final.Hash}},
		}
		v, err := trust.VerifyHead("key", b, time.Now())
		if err != nil || !v.Latest || string(v.Head) != headOf(t, reader, "key") {
			t.Errorf("%s: VerifyHead: got %+v, %v", when, v, err)
		}
	}
	round(1)
	if err := reader.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	check("at first")
	reopen()
	check("after a restart")
	round(2)
	reader.places = failingPositions{reader.places}
	if err := reader.Sync(t.Context()); err == nil {
		t.Fatal("the cursor was stored")
	}
	reopen()
	check("after a crash")
	dir = ""
	reopen()
	check("in memory")
}

// TestProveOtherUnit: a chain whose blocks have their time in milliseconds proves what the contract hashed.
func TestProveOtherUnit(t *testing.T) {
	name := directKey("key")
	const at = 1_763_000_000_123
	steps := []step{
		{key: name, name: "key", time: at, op: []byte("garbage"), number: 1},
		{key: name, name: "key", time: at, op: ledgertest.Op(nil, "x"), number: 2},
	}
	steps[1].counts(blockTime(at))
	for what, dir := range map[string]string{"memory": "", "directory": t.TempDir()} {
		guard := &guard{known: map[uint64]ledger.Reduced{0: {}}}
		x, p, err := openIndex(dir, &Chain{id: 1}, Deployment{}, guard)
		if err != nil {
			t.Fatal(err)
		}
		defer closeIndex(x, p)
		entry := ledger.Entry{Key: "key", Op: steps[1].op, Anchor: ledger.Anchor{Time: blockTime(at)}}
		if err := x.Import(t.Context(), []ledger.Entry{entry}); err != nil {
			t.Fatal(err)
		}
		if err := p.commit(cursor{block: 1, entries: 1}, map[common.Hash]chainHead{name: {name: "key", checked: true}}, toKeep(steps)); err != nil {
			t.Fatal(err)
		}
		l := &Ledger{index: x, places: p}
		got, err := l.steps(context.Background(), "key", 2, 1)
		if err != nil || len(got) != 2 || got[0].Time != at || got[1].Time != at || string(got[0].Op) != "garbage" || !bytes.Equal(got[1].Op, steps[1].op) {
			t.Errorf("%s: got %+v, %v", what, got, err)
		}
		if got, err := l.steps(context.Background(), "key", 1, 1); err != nil || len(got) != 1 {
			t.Errorf("%s: the first: got %+v, %v", what, got, err)
		}
	}
}
