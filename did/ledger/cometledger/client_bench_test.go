package cometledger

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkClient is what callers of a Client see who share four validators, in processes of their own on this machine: appends from many
// goroutines, appends one after the other, reads and proofs. BenchmarkValidators has what CometBFT does by itself; run both at once.
func BenchmarkClient(b *testing.B) {
	engines(b)
	const callers, alone, reads = 2048, 60, 1000
	const total = 12 * callers
	ops := identities(b, total+alone)
	for b.Loop() {
		n := newNetwork(b, 4, "realdid", func(_ int, c *childConfig) { c.Peers = nil }) // without links between them
		n.startAll(b)
		trust := trustOf(b, n.validators[0].config.Home)
		c, err := Dial(b.Context(), n.rpcs(0, 1, 2, 3), &ClientOptions{Trust: trust})
		if err != nil {
			b.Fatal(err)
		}
		appendOne := func(o *operation) time.Duration {
			begun := time.Now()
			if _, err := c.Append(b.Context(), o.Key, o.Seq, o.Op); err != nil {
				b.Error(err)
			}
			return time.Since(begun)
		}
		var single []time.Duration
		for i := range alone {
			single = append(single, appendOne(&ops[total+i]))
		}

		var wg sync.WaitGroup
		var next atomic.Int64
		took := make([]time.Duration, total)
		begun := time.Now()
		for range callers {
			wg.Go(func() {
				for i := next.Add(1) - 1; i < total; i = next.Add(1) - 1 {
					took[i] = appendOne(&ops[i])
				}
			})
		}
		wg.Wait()
		b.ReportMetric(total/time.Since(begun).Seconds(), "ops/s")
		report(b, took, "append-loaded")
		report(b, single, "append-alone")

		var states, proofs, checks []time.Duration
		var evidence []byte
		for i := range reads {
			key := ops[i*11%total].Key
			begun := time.Now()
			if _, seq, err := c.State(b.Context(), key); err != nil || seq != 1 {
				b.Fatal(seq, err)
			}
			states = append(states, time.Since(begun))
			begun = time.Now()
			if evidence, err = c.Prove(b.Context(), key, 0); err != nil {
				b.Fatal(err)
			}
			proofs = append(proofs, time.Since(begun))
			begun = time.Now()
			if v, err := trust.VerifyHead(key, evidence, time.Now()); err != nil || !v.Latest {
				b.Fatal(v, err)
			}
			checks = append(checks, time.Since(begun))
		}
		report(b, states, "state")
		report(b, proofs, "prove")
		report(b, checks, "verify")
		b.ReportMetric(float64(len(evidence)), "proof-bytes")
		c.Close()
		for _, v := range n.validators {
			v.proc.kill()
		}
	}
}

// report gives the median and the 99th part of durations in milliseconds.
func report(b *testing.B, took []time.Duration, name string) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, name+"-p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, name+"-p99-ms")
}
