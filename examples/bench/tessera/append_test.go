package tessera

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
	"golang.org/x/mod/sumdb/note"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

const entrySize = 512

func newEntry() []byte {
	b := make([]byte, entrySize)
	_, _ = rand.Read(b)
	return b
}

// A target appends one entry, and returns when its index is durable.
type target struct {
	append func(context.Context, []byte) error
	settle func(context.Context) error // returns when a checkpoint covers everything
}

// openTessera opens a log with the batches that its authors recommend for a load.
func openTessera(tb testing.TB, batch uint) target {
	tb.Helper()
	key, _, err := note.GenerateKey(rand.Reader, "bench.example/log")
	if err != nil {
		tb.Fatal(err)
	}
	signer, err := note.NewSigner(key)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background()) // ends after the clean-up, unlike tb's
	driver, err := posix.New(ctx, posix.Config{Path: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	opt := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(batch, 20*time.Millisecond).
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

// asIs costs nothing, leaves a state of the size of the operation, and a head of the size of realdid's.
type asIs struct{}

func (asIs) Reduce(_ string, _, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	return ledger.Reduced{State: op}, nil
}

func (asIs) Head(_ string, state []byte) ([]byte, error) { return state[:140], nil }

// openLedger opens a ledger with log and map, each entry of which has a key of its own.
func openLedger(tb testing.TB) target {
	tb.Helper()
	lg, err := boltledger.Open(filepath.Join(tb.TempDir(), "ledger"), asIs{}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { lg.Close() })
	signer, err := proof.GenerateNoteSigner("bench.example/log", proof.LogEd25519)
	if err != nil {
		tb.Fatal(err)
	}
	trust := &proof.Trust{Origin: "bench.example/log", Log: signer.Verifier(), InsecureNoQuorum: true}
	l, err := tlog.Open(lg, filepath.Join(tb.TempDir(), "log"), signer, trust, asIs{}, &tlog.Options{OnError: func(err error) { tb.Error(err) }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return target{
		append: func(ctx context.Context, b []byte) error {
			_, err := l.Append(ctx, hex.EncodeToString(b[:26]), 0, b)
			return err
		},
		settle: l.Seal,
	}
}

// A cost is what one entry took.
type cost struct{ wall, cpu float64 } // µs

// load appends so many entries, that many at once.
func load(tb testing.TB, t target, entries, atOnce int) cost {
	tb.Helper()
	var taken atomic.Int64
	var work sync.WaitGroup
	begun, cpu := time.Now(), cpuTime()
	for range atOnce {
		work.Go(func() {
			for taken.Add(1) <= int64(entries) {
				if err := t.append(tb.Context(), newEntry()); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	work.Wait()
	if err := t.settle(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(entries) }
	return cost{each(time.Since(begun)), each(cpuTime() - cpu)}
}

func median(costs []cost, of func(cost) float64) float64 {
	v := make([]float64, len(costs))
	for i, c := range costs {
		v[i] = of(c)
	}
	slices.Sort(v)
	return v[len(v)/2]
}

func wall(c cost) float64 { return c.wall }
func cpu(c cost) float64  { return c.cpu }

// BenchmarkAppend loads both in turn and reports the medians: entries a second, processor time of an entry, and the ratios of the
// ledger to the peer (above 1: the ledger does more in a second, or takes more processor time).
func BenchmarkAppend(b *testing.B) {
	for _, c := range []struct {
		atOnce int
		batch  uint
	}{{64, tessera.DefaultBatchMaxSize}, {4096, 256}, {4096, 2048}} {
		b.Run(fmt.Sprintf("clients=%d/batch=%d", c.atOnce, c.batch), func(b *testing.B) {
			peer, ours := openTessera(b, c.batch), openLedger(b)
			entries := 4 * max(c.atOnce, 1024)
			var theirs, mine []cost
			for b.Loop() {
				theirs = append(theirs, load(b, peer, entries, c.atOnce))
				mine = append(mine, load(b, ours, entries, c.atOnce))
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(1e6/median(theirs, wall), "tessera/s")
			b.ReportMetric(1e6/median(mine, wall), "ledger/s")
			b.ReportMetric(median(theirs, wall)/median(mine, wall), "x-rate")
			b.ReportMetric(median(theirs, cpu), "tessera-cpu-µs")
			b.ReportMetric(median(mine, cpu), "ledger-cpu-µs")
			b.ReportMetric(median(mine, cpu)/median(theirs, cpu), "x-cpu")
		})
	}
}

// TestBothAppend holds the benchmark in working order.
func TestBothAppend(t *testing.T) {
	for name, open := range map[string]func(testing.TB) target{
		"tessera": func(tb testing.TB) target { return openTessera(tb, 16) },
		"ledger":  openLedger,
	} {
		t.Run(name, func(t *testing.T) {
			if c := load(t, open(t), 64, 16); c.wall <= 0 {
				t.Errorf("64 entries took %v µs each", c.wall)
			}
		})
	}
}
