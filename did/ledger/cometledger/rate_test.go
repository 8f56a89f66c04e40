package cometledger

import (
	"context"
	"crypto/sha256"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	rpchttp "github.com/cometbft/cometbft/rpc/client/http"
)

// A bare application hashes transactions and counts them: what CometBFT does by itself.
type bare struct {
	abci.BaseApplication
	height, txs int64
	hash        [sha256.Size]byte
}

func (b *bare) Info(context.Context, *abci.RequestInfo) (*abci.ResponseInfo, error) {
	return &abci.ResponseInfo{LastBlockHeight: b.height, LastBlockAppHash: b.hash[:], AppVersion: appVersion}, nil
}

func (b *bare) InitChain(context.Context, *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	return &abci.ResponseInitChain{AppHash: b.hash[:]}, nil
}

func (b *bare) FinalizeBlock(_ context.Context, req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	r := &abci.ResponseFinalizeBlock{TxResults: make([]*abci.ExecTxResult, len(req.Txs))}
	for i, tx := range req.Txs {
		sum := sha256.Sum256(tx)
		b.hash = sha256.Sum256(append(b.hash[:], sum[:]...))
		r.TxResults[i] = &abci.ExecTxResult{}
		ops, _ := countOps(tx)
		atomic.AddInt64(&b.txs, int64(ops))
	}
	b.height = req.Height
	r.AppHash = b.hash[:]
	return r, nil
}

func (b *bare) Query(context.Context, *abci.RequestQuery) (*abci.ResponseQuery, error) {
	a := &lastAnswer{Height: 1, Entries: uint64(atomic.LoadInt64(&b.txs)), AppHash: b.hash[:]}
	return &abci.ResponseQuery{Value: mustEncode(a)}, nil
}

// BenchmarkValidators sends transactions of 100 operations to four validators in processes of their own, all on this machine, and waits until
// the last is final; beside it the same with an application that hashes transactions and nothing else.
func BenchmarkValidators(b *testing.B) {
	if os.Getenv("REALDID_ENGINES") == "" {
		b.Skip("REALDID_ENGINES is not set")
	}
	const perTx, txs = 100, 200
	ops := identities(b, perTx*txs)
	for _, c := range []struct{ name, behavior string }{{"ledger", ""}, {"bare", "bare"}} {
		b.Run(c.name, func(b *testing.B) {
			var rates, singles []float64
			var cpu time.Duration
			for b.Loop() {
				net := newNetwork(b, 4, "realdid", func(_ int, cfg *childConfig) {
					cfg.Peers, cfg.Behavior = nil, c.behavior // without links between them
				})
				net.startAll(b)
				var clients []*rpchttp.HTTP
				for _, rpc := range net.rpcs(0, 1, 2, 3) {
					h, err := rpchttp.New(rpc, "/websocket")
					if err != nil {
						b.Fatal(err)
					}
					clients = append(clients, h)
				}
				send := func(from, to, client int) {
					tx, err := appendTx(nil, ops[from:to])
					if err != nil {
						b.Fatal(err)
					}
					r, err := clients[client].BroadcastTxSync(b.Context(), tx)
					if err != nil || r.Code != codeOK {
						b.Errorf("got %+v, %v", r, err)
					}
				}
				until := func(entries uint64) {
					for deadline := time.Now().Add(5 * time.Minute); ; {
						if time.Now().After(deadline) {
							b.Fatalf("not %d entries in five minutes", entries)
						}
						r, err := clients[0].ABCIQuery(b.Context(), pathLast, nil)
						var a lastAnswer
						if err == nil && parseAnswer(r.Response.Value, &a) == nil && a.Entries >= entries {
							return
						}
						time.Sleep(2 * time.Millisecond)
					}
				}
				// One operation after the other first, by itself.
				const alone = 10
				for i := range alone {
					begun := time.Now()
					send(i, i+1, i%4)
					until(uint64(i + 1))
					singles = append(singles, time.Since(begun).Seconds())
				}
				begun := time.Now()
				var wg sync.WaitGroup
				var next atomic.Int64
				for w := range 8 {
					wg.Go(func() {
						for {
							i := int(next.Add(1)) - 1
							if i >= txs {
								return
							}
							send(max(i*perTx, alone), (i+1)*perTx, w%4)
						}
					})
				}
				wg.Wait()
				until(perTx * txs)
				rates = append(rates, float64(perTx*txs-alone)/time.Since(begun).Seconds())
				if c.behavior == "" {
					measureProof(b, clients[1], ops)
				}
				for _, v := range net.validators {
					v.proc.kill()
					cpu += v.proc.cmd.ProcessState.UserTime() + v.proc.cmd.ProcessState.SystemTime()
				}
			}
			slices.Sort(rates)
			slices.Sort(singles)
			b.ReportMetric(rates[len(rates)/2], "ops/s")
			b.ReportMetric(singles[len(singles)/2]*1000, "ms-final")
			b.ReportMetric(cpu.Seconds()*1e6/float64(b.N*perTx*txs), "cpu-us/op") // of all four
		})
	}
}

// measureProof reports how long a query with proof takes through the RPC.
func measureProof(b *testing.B, c *rpchttp.HTTP, ops []operation) {
	var took []float64
	for i := range 1000 {
		begun := time.Now()
		r, err := c.ABCIQuery(b.Context(), pathProof, mustEncode(&proofQuery{Key: ops[i*7%len(ops)].Key}))
		if err != nil || r.Response.Code != codeOK {
			b.Fatal(err, r)
		}
		took = append(took, time.Since(begun).Seconds()*1000)
	}
	slices.Sort(took)
	b.ReportMetric(took[500], "ms-proof-p50")
	b.ReportMetric(took[990], "ms-proof-p99")
}
