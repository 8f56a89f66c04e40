package evmledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// BenchmarkProof makes and verifies proofs of keys with a few operations, on a simulated chain with some hundred keys.
func BenchmarkProof(b *testing.B) {
	const keys = 512
	for name, open := range map[string]func(n testNode) (ledger.Ledger, ledger.Prover, *ChainTrust){
		"direct": func(n testNode) (ledger.Ledger, ledger.Prover, *ChainTrust) {
			w := newDirectWorld(b, n, testReducer)
			return w.proven, w.proven, w.trust
		},
		"anchored": func(n testNode) (ledger.Ledger, ledger.Prover, *ChainTrust) {
			w := newAnchoredWorld(b, n, 2, testReducer)
			return w.proven, w.proven, w.trust
		},
	} {
		node, _ := simulatedNode(b)
		lg, prover, trust := open(node)
		done := make(chan error)
		for i := range keys {
			go func() {
				_, err := lg.Append(b.Context(), fmt.Sprint("k", i), 0, ledgertest.Op(nil, fmt.Sprintf("%0300d", i)))
				done <- err
			}()
		}
		for range keys {
			if err := <-done; err != nil {
				b.Fatal(err)
			}
		}
		raw := prove(b, prover, "k1", keys)
		b.Run(name+"/prove", func(b *testing.B) {
			for b.Loop() {
				prove(b, prover, "k1", keys)
			}
			b.ReportMetric(float64(len(raw)), "B/proof")
		})
		b.Run(name+"/verify", func(b *testing.B) {
			now := time.Now()
			for b.Loop() {
				if v, err := trust.VerifyHead("k1", raw, now); err != nil || !v.Latest {
					b.Fatal(err)
				}
			}
		})
	}
}
