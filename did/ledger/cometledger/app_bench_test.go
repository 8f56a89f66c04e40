package cometledger

import (
	"fmt"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// identities returns the create operations of n identities, each with one Ed25519 signature.
func identities(tb testing.TB, n int) []operation {
	tb.Helper()
	opt := &realdid.Options{Clock: func() time.Time { return chainBegin }}
	l := memledger.New(nil, &memledger.Options{Clock: opt.Clock})
	m, err := realdid.New(l, opt)
	if err != nil {
		tb.Fatal(err)
	}
	seed := realdid.NewSeed()
	for i := range n {
		control, err := seed.Control(keys.Ed25519, uint32(2*i))
		if err != nil {
			tb.Fatal(err)
		}
		next, err := seed.Control(keys.Ed25519, uint32(2*i+1))
		if err != nil {
			tb.Fatal(err)
		}
		_, err = m.Create(tb.Context(), &realdid.CreateRequest{
			Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()),
		}, control)
		if err != nil {
			tb.Fatal(err)
		}
	}
	var ops []operation
	for e, err := range l.Follow(tb.Context(), 0) {
		if err != nil {
			tb.Fatal(err)
		}
		ops = append(ops, operation{Key: e.Key, Seq: e.Seq, Op: e.Op})
	}
	return ops
}

// BenchmarkBlock is what a validator does with blocks of 1,000 operations, CheckTx aside: a vote, the execution, the commit.
func BenchmarkBlock(b *testing.B) {
	const perBlock = 1000
	ops := identities(b, perBlock)
	for _, c := range []struct {
		name    string
		reducer ledger.HeadReducer
		ops     func(round int) []operation
	}{
		{"realdid", realdid.Reducer(), nil},
		{"cheap", headed{}, func(round int) []operation {
			list := make([]operation, perBlock)
			for i := range list {
				list[i] = op(fmt.Sprintf("k-%d-%d", round, i), 0, nil, string(make([]byte, 200)))
			}
			return list
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := &driver{TB: b, dir: b.TempDir(), time: chainBegin}
			fresh := func() {
				if d.app != nil {
					d.app.close()
				}
				d.dir = b.TempDir()
				a, err := newApp(d.Context(), d.dir, c.reducer, appOptions{})
				if err != nil {
					b.Fatal(err)
				}
				d.app = a
				if _, err := d.InitChain(d.Context(), &abci.RequestInitChain{ChainId: testChain, Time: chainBegin}); err != nil {
					b.Fatal(err)
				}
			}
			fresh()
			var took time.Duration
			round := 0
			for b.Loop() {
				list := ops
				if c.ops != nil {
					list = c.ops(round)
				} else {
					fresh()
				}
				round++
				var txs [][]byte
				for i := 0; i < perBlock; i += 100 {
					txs = append(txs, d.tx(list[i:i+100]...))
				}
				at := d.time.Add(time.Second)
				begun := time.Now()
				if !d.accepts(at, txs...) {
					b.Fatal("rejected")
				}
				d.finalize(at, txs...)
				took += time.Since(begun)
			}
			d.app.close()
			b.ReportMetric(float64(b.N*perBlock)/took.Seconds(), "ops/s")
		})
	}
}

// BenchmarkProof is a query with proof, CometBFT's RPC aside.
func BenchmarkProof(b *testing.B) {
	d := newDriver(b, b.TempDir(), appOptions{})
	for i := range 40 {
		ops := make([]operation, MaxTxOps)
		for j := range ops {
			ops[j] = op(fmt.Sprintf("k-%d", i*MaxTxOps+j), 0, nil, "x")
		}
		d.block(d.tx(ops...))
	}
	var size int
	i := 0
	for b.Loop() {
		r, err := d.Query(b.Context(), &abci.RequestQuery{Path: pathProof, Data: mustEncode(&proofQuery{Key: fmt.Sprintf("k-%d", i%10000)})})
		if err != nil || r.Code != codeOK {
			b.Fatal(err, r.Log)
		}
		size = len(r.Value)
		i++
	}
	b.ReportMetric(float64(size), "bytes")
}
