package cometledger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/syndtr/goleveldb/leveldb/util"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

var chainBegin = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

const testChain = "test-chain"

// A driver calls an application as CometBFT does.
type driver struct {
	testing.TB
	*app
	dir  string
	opt  appOptions
	time time.Time // of the last block
}

// newDriver opens an application in dir and begins a chain.
func newDriver(t testing.TB, dir string, opt appOptions) *driver {
	t.Helper()
	d := &driver{TB: t, dir: dir, opt: opt, time: chainBegin}
	d.open()
	if d.store.view().ChainID == "" {
		if _, err := d.InitChain(d.Context(), &abci.RequestInitChain{ChainId: testChain, Time: chainBegin, InitialHeight: 1}); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d *driver) Context() context.Context { return context.Background() }

func (d *driver) open() {
	d.Helper()
	var err error
	if d.app, err = newApp(d.Context(), d.dir, headed{}, d.opt); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { d.app.close() })
}

// reopen closes the application and opens it again.
func (d *driver) reopen() {
	d.Helper()
	if err := d.app.close(); err != nil {
		d.Fatal(err)
	}
	d.open()
}

func (d *driver) tx(ops ...operation) []byte {
	d.Helper()
	tx, err := appendTx(nil, ops)
	if err != nil {
		d.Fatal(err)
	}
	return tx
}

// propose returns the proposal for the next block that is made of txs.
func (d *driver) propose(at time.Time, txs ...[]byte) [][]byte {
	d.Helper()
	r, err := d.PrepareProposal(d.Context(), &abci.RequestPrepareProposal{
		Txs: txs, MaxTxBytes: 8 << 20, Height: d.store.view().Height + 1, Time: at,
	})
	if err != nil {
		d.Fatal(err)
	}
	return r.Txs
}

// accepts reports whether the application votes for a proposal.
func (d *driver) accepts(at time.Time, txs ...[]byte) bool {
	d.Helper()
	r, err := d.ProcessProposal(d.Context(), &abci.RequestProcessProposal{Txs: txs, Height: d.store.view().Height + 1, Time: at})
	if err != nil {
		d.Fatal(err)
	}
	return r.Status == abci.ResponseProcessProposal_ACCEPT
}

// finalize executes a block of exactly txs and commits it.
func (d *driver) finalize(at time.Time, txs ...[]byte) *abci.ResponseFinalizeBlock {
	d.Helper()
	r, err := d.FinalizeBlock(d.Context(), &abci.RequestFinalizeBlock{Txs: txs, Height: d.store.view().Height + 1, Time: at})
	if err != nil {
		d.Fatal(err)
	}
	if _, err := d.Commit(d.Context(), &abci.RequestCommit{}); err != nil {
		d.Fatal(err)
	}
	d.time = at
	if got := d.store.view().appHash; string(got[:]) != string(r.AppHash) {
		d.Fatalf("block %d: the store has app hash %x, and %x was told", d.store.view().Height, got, r.AppHash)
	}
	return r
}

// block makes a block of txs as a proposer, votes for it, and executes it, a second after the last.
func (d *driver) block(txs ...[]byte) *abci.ResponseFinalizeBlock {
	d.Helper()
	at := d.time.Add(time.Second)
	proposal := d.propose(at, txs...)
	if !d.accepts(at, proposal...) {
		d.Fatal("its own proposal is rejected")
	}
	return d.finalize(at, proposal...)
}

// state returns what stands at key.
func (d *driver) state(key string) ledger.Head {
	d.Helper()
	h, err := d.store.view().head(key)
	if err != nil {
		d.Fatal(err)
	}
	return h
}

// next returns the operation that adds payload to key.
func (d *driver) next(key, payload string) operation {
	h := d.state(key)
	return operation{Key: key, Seq: h.Length, Op: ledgertest.Op(h.State, payload)}
}

func (d *driver) check(tx []byte) *abci.ResponseCheckTx { return d.checkAs(tx, abci.CheckTxType_New) }

func (d *driver) checkAs(tx []byte, kind abci.CheckTxType) *abci.ResponseCheckTx {
	d.Helper()
	r, err := d.CheckTx(d.Context(), &abci.RequestCheckTx{Tx: tx, Type: kind})
	if err != nil {
		d.Fatal(err)
	}
	return r
}

// query asks, and fails the test unless the answer has the code want.
func (d *driver) query(path string, q any, want uint32, answer any) {
	d.Helper()
	var data []byte
	if q != nil {
		data = mustEncode(q)
	}
	r, err := d.Query(d.Context(), &abci.RequestQuery{Path: path, Data: data})
	if err != nil {
		d.Fatal(err)
	}
	if r.Code != want {
		d.Fatalf("%s: got code %d, want %d: %s", path, r.Code, want, r.Log)
	}
	if want == codeOK {
		if err := parseAnswer(r.Value, answer); err != nil {
			d.Fatalf("%s: %v", path, err)
		}
	}
}

// randomBlock returns transactions, most of which stand, by numbers that anybody can have again.
func randomBlock(r *rand.Rand, v *view) ([][]byte, error) {
	heads := make(map[string]ledger.Head) // for looking up alone
	var txs [][]byte
	for range r.IntN(4) {
		var ops []operation
		for range 1 + r.IntN(20) {
			key := fmt.Sprintf("key-%d", r.IntN(30))
			h, ok := heads[key]
			if !ok {
				var err error
				if h, err = v.head(key); err != nil {
					return nil, err
				}
			}
			payload := fmt.Sprintf("payload %d", r.Uint64())
			switch r.IntN(10) {
			case 0:
				payload = "refuse " + payload
			case 1:
				h.Length += r.Uint64N(2)
			case 2:
				payload = "empty"
			}
			if slices.ContainsFunc(ops, func(o operation) bool { return o.Key == key }) {
				continue
			}
			ops = append(ops, operation{Key: key, Seq: h.Length, Op: ledgertest.Op(h.State, payload)})
			heads[key] = h
		}
		tx, err := appendTx(nil, ops)
		if err != nil {
			return nil, err
		}
		if r.IntN(20) == 0 {
			tx = tx[:len(tx)-1]
		}
		txs = append(txs, tx)
	}
	return txs, nil
}

// everything is the range of all records.
func everything() util.Range { return util.Range{} }
