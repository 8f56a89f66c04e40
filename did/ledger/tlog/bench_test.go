package tlog

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// sameSize costs nothing, leaves a state of the size of the operation, and a head of the size of realdid's.
type sameSize struct{}

func (sameSize) Reduce(_ string, _, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	return ledger.Reduced{State: op}, nil
}

func (sameSize) Head(_ string, state []byte) ([]byte, error) { return state[:140], nil }

// newKey returns a key as long as an identifier of realdid, and as random.
func newKey() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return "q" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

// load appends entries of 250 bytes, each under a new key, from 64 goroutines, and returns how long that took.
func load(tb testing.TB, lg ledger.Ledger, entries int) time.Duration {
	tb.Helper()
	var taken atomic.Int64
	var wg sync.WaitGroup
	begun := time.Now()
	for range 64 {
		wg.Go(func() {
			op := make([]byte, 250)
			_, _ = rand.Read(op)
			for taken.Add(1) <= int64(entries) {
				if _, err := lg.Append(context.Background(), newKey(), 0, op); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(begun)
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// openPair opens a ledger that is bare, and one with a log.
func openPair(tb testing.TB) (*boltledger.Ledger, *Log) {
	tb.Helper()
	dir := tb.TempDir()
	var both [2]*boltledger.Ledger
	for i := range both {
		lg, err := boltledger.Open(filepath.Join(dir, strconv.Itoa(i)), sameSize{}, nil)
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { lg.Close() })
		both[i] = lg
	}
	signer, trust := alone(tb)
	l, err := Open(both[1], filepath.Join(dir, "log"), signer, trust, sameSize{}, &Options{OnError: func(err error) { tb.Error(err) }})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return both[0], l
}

// BenchmarkAppend appends in rounds, in turn to a bare ledger and to one with log and map, and reports the medians and
// their ratio; "proven" counts the time until the last entry is proven.
func BenchmarkAppend(b *testing.B) {
	const entries = 20_000
	bare, l := openPair(b)
	var without, with, proven []float64
	for b.Loop() {
		without = append(without, entries/load(b, bare, entries).Seconds())
		took := load(b, l, entries)
		begun := time.Now()
		if err := l.Seal(b.Context()); err != nil {
			b.Fatal(err)
		}
		with = append(with, entries/took.Seconds())
		proven = append(proven, entries/(took+time.Since(begun)).Seconds())
	}
	b.ReportMetric(median(without), "bare/s")
	b.ReportMetric(median(with), "logged/s")
	b.ReportMetric(median(proven), "proven/s")
	b.ReportMetric(median(with)/median(without), "ratio")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkSeal seals epochs of so many entries.
func BenchmarkSeal(b *testing.B) {
	for _, entries := range []int{0, 1, 1000, 10_000} {
		b.Run(fmt.Sprintf("entries=%d", entries), func(b *testing.B) {
			lg, err := boltledger.Open(filepath.Join(b.TempDir(), "ledger"), sameSize{}, nil)
			if err != nil {
				b.Fatal(err)
			}
			defer lg.Close()
			signer, trust := alone(b)
			l, err := Open(lg, filepath.Join(b.TempDir(), "log"), signer, trust, sameSize{}, &Options{manual: true})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			for b.Loop() {
				b.StopTimer()
				load(b, lg, entries)
				b.StartTimer()
				if err := l.Seal(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkProve proves keys of a log of 100,000, present and absent, and reports percentiles in microseconds.
func BenchmarkProve(b *testing.B) {
	_, l := openPair(b)
	keys := grow(b, l, 100_000)
	took := make([]float64, 0, 1<<16)
	for i := 0; b.Loop(); i++ {
		key := keys[i*7919%len(keys)]
		if i%4 == 3 {
			key = "nobody-" + strconv.Itoa(i)
		}
		begun := time.Now()
		if _, err := l.Prove(b.Context(), key, 0); err != nil {
			b.Fatal(err)
		}
		took = append(took, float64(time.Since(begun).Nanoseconds())/1000)
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "p50-µs")
	b.ReportMetric(took[len(took)*99/100], "p99-µs")
}

// grow appends n keys and waits until they are proven. It returns some of them.
func grow(tb testing.TB, l *Log, n int) (keys []string) {
	tb.Helper()
	begun := time.Now()
	load(tb, l, n)
	tb.Logf("%d entries appended in %v", n, time.Since(begun).Round(time.Millisecond))
	if err := l.Seal(tb.Context()); err != nil {
		tb.Fatal(err)
	}
	tb.Logf("proven in %v", time.Since(begun).Round(time.Millisecond))
	every := uint64(n/100_000 + 1)
	for e, err := range l.Follow(tb.Context(), 0) {
		if err != nil {
			tb.Fatal(err)
		}
		if e.Anchor.Index%every == 0 {
			keys = append(keys, e.Key)
		}
	}
	return keys
}

// TestScale makes a log of REALDID_LOG_ENTRIES keys and tells what it costs: not without being asked.
func TestScale(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("REALDID_LOG_ENTRIES"))
	if err != nil {
		t.Skip("REALDID_LOG_ENTRIES is not set")
	}
	_, l := openPair(t)
	keys := grow(t, l, n)
	var took []float64
	for range 20_000 {
		key := keys[mathrand.IntN(len(keys))]
		begun := time.Now()
		b, err := l.Prove(t.Context(), key, 0)
		if err != nil {
			t.Fatal(err)
		}
		if len(took) == 0 {
			p, err := proof.ParseLatest(b)
			t.Logf("a proof has %d bytes, %d siblings, %v", len(b), len(p.Map.Siblings), err)
		}
		took = append(took, float64(time.Since(begun).Nanoseconds())/1000)
	}
	slices.Sort(took)
	t.Logf("prove: p50 %.1f µs, p99 %.1f µs", took[len(took)/2], took[len(took)*99/100])
	size := make(map[string]int64)
	err = filepath.WalkDir(l.store.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(l.store.dir, path)
		top, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
		info, err := d.Info()
		if err == nil {
			size[top] += info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("bytes for each entry: log %.0f, map %.0f, epochs %.1f",
		float64(size[logDir])/float64(n), float64(size[mapDir])/float64(n), float64(size[epochsFile])/float64(n))
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	t.Logf("heap %d MB, ever %d MB", mem.HeapAlloc>>20, mem.Sys>>20)
	begun := time.Now()
	if err := l.Fsck(t.Context(), func(f Fault) { t.Error(f) }); err != nil {
		t.Fatal(err)
	}
	t.Logf("fsck: %v", time.Since(begun).Round(time.Millisecond))
}
