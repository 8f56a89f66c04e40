package tlogledger

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

const opSize = 512

// asIs costs nothing, leaves a state of the size of the operation, and a head of the size of realdid's.
type asIs struct{}

func (asIs) Reduce(_ string, _, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	return ledger.Reduced{State: op}, nil
}

func (asIs) Head(_ string, state []byte) ([]byte, error) { return state[:140], nil }

// A target appends one entry, and returns when its place is durable.
type target struct {
	append func(context.Context, []byte) error
	settle func(context.Context) error // returns when a checkpoint covers everything
}

// openTessera opens a log of Tessera's alone, with the batches that its authors recommend for a load.
func openTessera(tb testing.TB, batch uint) target {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background()) // ends after the clean-up, unlike tb's
	driver, err := posix.New(ctx, posix.Config{Path: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	opt := AppendOptions(newSigner(tb, origin, proof.LogEd25519)).WithBatching(batch, 20*time.Millisecond).
		WithCheckpointInterval(time.Second).WithPushback(1 << 16)
	a, shutdown, _, err := tessera.NewAppender(ctx, driver, opt)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { // it goes on in the background, and the folder must not go before
		defer cancel()
		patience, done := context.WithTimeout(ctx, time.Minute)
		defer done()
		if err := shutdown(patience); err != nil {
			tb.Error(err)
		}
	})
	return target{
		append: func(ctx context.Context, b []byte) error {
			_, err := a.Add(ctx, tessera.NewEntry(b))()
			return err
		},
		settle: func(context.Context) error { return nil }, // it integrates before it answers
	}
}

func keyed(l ledger.Ledger) func(context.Context, []byte) error {
	return func(ctx context.Context, b []byte) error {
		_, err := l.Append(ctx, hex.EncodeToString(b[:26]), 0, b)
		return err
	}
}

// openOurs opens a ledger on a log of Tessera's, each entry of which has a key of its own.
func openOurs(tb testing.TB) target {
	tb.Helper()
	signer := newSigner(tb, origin, proof.LogEd25519)
	l := openPOSIX(tb, tb.TempDir(), signer, alone(signer), asIs{}, &Options{OnError: func(err error) { tb.Error(err) }})
	return target{append: keyed(l), settle: l.Seal}
}

// openLog opens a ledger with a log of our own.
func openLog(tb testing.TB) target {
	tb.Helper()
	lg, err := boltledger.Open(filepath.Join(tb.TempDir(), "ledger"), asIs{}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { lg.Close() })
	signer := newSigner(tb, origin, proof.LogEd25519)
	l, err := tlog.Open(lg, filepath.Join(tb.TempDir(), "log"), signer, alone(signer), asIs{}, &tlog.Options{OnError: func(err error) { tb.Error(err) }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return target{append: keyed(l), settle: l.Seal}
}

// A cost is what one entry took, in µs: until it was acknowledged, until everything was proven, and of processors.
type cost struct{ wall, proven, cpu float64 }

func newOp() []byte {
	b := make([]byte, opSize)
	_, _ = rand.Read(b)
	return b
}

// load appends so many entries, that many at once.
func load(tb testing.TB, t target, entries, atOnce int) cost {
	tb.Helper()
	var taken atomic.Int64
	var work sync.WaitGroup
	begun, cpu := time.Now(), cpuTime()
	for range atOnce {
		work.Go(func() {
			for taken.Add(1) <= int64(entries) {
				if err := t.append(tb.Context(), newOp()); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(entries) }
	c := cost{wall: each(time.Since(begun))}
	if err := t.settle(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	c.proven, c.cpu = each(time.Since(begun)), each(cpuTime()-cpu)
	return c
}

func median(costs []cost, of func(cost) float64) float64 {
	v := make([]float64, len(costs))
	for i, c := range costs {
		v[i] = of(c)
	}
	slices.Sort(v)
	return v[len(v)/2]
}

func wall(c cost) float64   { return c.wall }
func proven(c cost) float64 { return c.proven }
func cpu(c cost) float64    { return c.cpu }

// BenchmarkAppend loads Tessera alone, this ledger on Tessera, and a ledger with a log of our own, in turn, and reports medians: entries a
// second, ratios to Tessera alone (above 1: more in a second), and processor time of an entry.
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		atOnce int
		batch  uint
	}{{64, 64}, {64, tessera.DefaultBatchMaxSize}, {2048, tessera.DefaultBatchMaxSize}, {2048, 2048}} {
		b.Run(fmt.Sprintf("callers=%d/batch=%d", c.atOnce, c.batch), func(b *testing.B) {
			alone, ours, log := openTessera(b, c.batch), openOurs(b), openLog(b)
			entries := 8 * max(c.atOnce, 1024)
			var a, o, t []cost
			for b.Loop() {
				a = append(a, load(b, alone, entries, c.atOnce))
				o = append(o, load(b, ours, entries, c.atOnce))
				t = append(t, load(b, log, entries, c.atOnce))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(1e6/median(a, wall), "tessera/s")
			b.ReportMetric(1e6/median(o, wall), "ours/s")
			b.ReportMetric(1e6/median(o, proven), "ours-proven/s")
			b.ReportMetric(1e6/median(t, wall), "tlog/s")
			b.ReportMetric(1e6/median(t, proven), "tlog-proven/s")
			b.ReportMetric(median(a, wall)/median(o, wall), "x-ours")
			b.ReportMetric(median(a, wall)/median(o, proven), "x-proven")
			b.ReportMetric(median(a, cpu), "tessera-cpu-µs")
			b.ReportMetric(median(o, cpu), "ours-cpu-µs")
			b.ReportMetric(median(t, cpu), "tlog-cpu-µs")
		})
	}
}

// TestAllAppend holds the benchmark in working order.
func TestAllAppend(t *testing.T) {
	for name, open := range map[string]func(testing.TB) target{
		"tessera": func(tb testing.TB) target { return openTessera(tb, 16) },
		"ours":    openOurs,
		"tlog":    openLog,
	} {
		t.Run(name, func(t *testing.T) {
			if c := load(t, open(t), 64, 16); c.wall <= 0 {
				t.Errorf("64 entries took %v µs each", c.wall)
			}
		})
	}
}

// BenchmarkRead measures proofs and reading what stands at a key, with 100,000 keys.
func BenchmarkRead(b *testing.B) {
	signer := newSigner(b, origin, proof.LogEd25519)
	l := openPOSIX(b, b.TempDir(), signer, alone(signer), asIs{}, nil)
	t := target{append: keyed(l), settle: l.Seal}
	var mu sync.Mutex
	var names []string
	plain := t.append
	t.append = func(ctx context.Context, op []byte) error {
		mu.Lock()
		names = append(names, hex.EncodeToString(op[:26]))
		mu.Unlock()
		return plain(ctx, op)
	}
	load(b, t, 100_000, 2048)
	for name, read := range map[string]func(key string) error{
		"prove": func(key string) error {
			_, err := l.Prove(b.Context(), key, 0)
			return err
		},
		"state": func(key string) error {
			_, _, err := l.State(b.Context(), key)
			return err
		},
		"history": func(key string) error {
			for _, err := range l.History(b.Context(), key, 0) {
				if err != nil {
					return err
				}
			}
			return nil
		},
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				begun := time.Now()
				if err := read(names[i*7919%len(names)]); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begun))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
		})
	}
}
