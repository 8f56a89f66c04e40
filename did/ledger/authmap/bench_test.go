package authmap

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// identitiesEnv names how many identities [TestScale] builds at most; without it the test is skipped. 10000000 takes some
// minutes and 6 GB below the directory for temporary files.
const identitiesEnv = "REALDID_IDENTITIES"

const (
	benchHead  = 128  // bytes
	benchBatch = 4096 // changes
)

// identities yields n of them, in their first state.
func identities(n uint64) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for i := range n {
			if !yield(numbered(i, 0, benchHead), nil) {
				return
			}
		}
	}
}

// peakMemory returns the most memory that the process ever had resident, in bytes, and can set it back; 0 where the
// system does not say.
func peakMemory(reset bool) int64 {
	if reset {
		_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
	}
	b, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10
}

func diskUse(t testing.TB, dir string) int64 {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var n int64
	for _, e := range list {
		st, err := os.Stat(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		n += st.Size()
	}
	return n
}

// TestScale measures what SCALE.md states: for 10^4 identities and each power of ten up to the number in the environment.
func TestScale(t *testing.T) {
	limit, _ := strconv.ParseUint(os.Getenv(identitiesEnv), 10, 64)
	if limit == 0 {
		t.Skipf("%s is not set", identitiesEnv)
	}
	for n := uint64(10_000); n <= limit; n *= 10 {
		t.Run(strconv.FormatUint(n, 10), func(t *testing.T) { scale(t, n) })
	}
}

func scale(t *testing.T, n uint64) {
	dir := t.TempDir()
	ctx := context.Background()
	debug.FreeOSMemory()
	peakMemory(true)
	start := time.Now()
	if err := Build(ctx, dir, identities(n), nil); err != nil {
		t.Fatal(err)
	}
	t.Logf("build      %8.2f s  %d bytes an identity  peak %d MB", time.Since(start).Seconds(), diskUse(t, dir)/int64(n), peakMemory(false)>>20)

	start = time.Now()
	m := mustOpen(t, dir)
	t.Logf("open       %8.2f s", time.Since(start).Seconds())
	t.Logf("pages      %8d   %.1f heads a page", m.trie.page.used(), float64(n)/float64(m.trie.page.used()))

	prove := func(what string) {
		var took []time.Duration
		var siblings, bytes int
		for range 20_000 {
			path := numbered(rand.Uint64N(n), 0, benchHead).Path
			start := time.Now()
			head, p, err := m.Prove(path)
			took = append(took, time.Since(start))
			if err != nil {
				t.Fatal(err)
			}
			if err := p.VerifyPresent(m.Root(), path, head); err != nil {
				t.Fatal(err)
			}
			b, _ := p.Append(nil)
			siblings, bytes = siblings+len(p.Siblings), bytes+len(b)
		}
		slices.Sort(took)
		k := len(took)
		t.Logf("prove      p50 %v p99 %v  %.1f siblings  %d bytes (%s)", took[k/2], took[k*99/100], float64(siblings)/float64(k), bytes/k, what)
	}
	prove("after the build")

	debug.FreeOSMemory()
	peakMemory(true)
	const batches = 60
	start = time.Now()
	var slowest time.Duration
	for v := range uint64(batches) {
		changes := make([]Change, 0, benchBatch)
		seen := map[uint64]bool{}
		for len(changes) < benchBatch {
			if i := rand.Uint64N(n); !seen[i] {
				seen[i] = true
				changes = append(changes, numbered(i, v+1, benchHead))
			}
		}
		began := time.Now()
		s, err := m.Stage(changes)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(v + 2); err != nil {
			t.Fatal(err)
		}
		slowest = max(slowest, time.Since(began))
	}
	took := time.Since(start)
	t.Logf("update     %8.0f /s in batches of %d, slowest batch %v; peak %d MB; %d bytes an identity then",
		batches*benchBatch/took.Seconds(), benchBatch, slowest, peakMemory(false)>>20, diskUse(t, dir)/int64(n))
	prove("after the updates")

	start = time.Now()
	if err := m.Check(ctx); err != nil {
		t.Fatal(err)
	}
	t.Logf("check      %8.2f s", time.Since(start).Seconds())
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range []uint64{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := built(b, n)
			version := m.Version()
			var changes []Change
			seen := map[proof.Hash]bool{}
			updates := 0
			for b.Loop() {
				changes = changes[:0]
				clear(seen)
				for len(changes) < benchBatch {
					if c := numbered(rand.Uint64N(n), version, benchHead); !seen[c.Path] {
						seen[c.Path] = true
						changes = append(changes, c)
					}
				}
				s, err := m.Stage(changes)
				if err != nil {
					b.Fatal(err)
				}
				version++
				if err := s.Commit(version); err != nil {
					b.Fatal(err)
				}
				updates += len(changes)
			}
			b.ReportMetric(float64(updates)/b.Elapsed().Seconds(), "updates/s")
		})
	}
}

func BenchmarkProve(b *testing.B) {
	for _, n := range []uint64{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			m := built(b, n)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := m.Prove(numbered(rand.Uint64N(n), 0, 1).Path); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func built(b *testing.B, n uint64) *Map {
	b.Helper()
	dir := b.TempDir()
	if err := Build(context.Background(), dir, identities(n), nil); err != nil {
		b.Fatal(err)
	}
	return mustOpen(b, dir)
}
