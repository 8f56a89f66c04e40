package boltledger

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"errors"
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
)

// rawFile is the least that a durable store can do: it appends what it is given to a file and syncs it.
type rawFile struct{ *os.File }

func (rawFile) Head(string) (ledger.Head, error) { return ledger.Head{}, nil }

func (rawFile) Read(string, uint64) (ledger.Entry, error) {
	return ledger.Entry{}, errors.New("not here")
}

func (f rawFile) Commit(batch []ledger.Admitted) error {
	var b []byte
	for _, a := range batch {
		b = append(append(append(b, a.Entry.Key...), a.Entry.Op...), a.State...)
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	return f.Sync()
}

// sameSize costs nothing and leaves a state of the size of the operation.
type sameSize struct{}

func (sameSize) Reduce(_ string, _, op []byte, _ ledger.Anchor) (ledger.Reduced, error) {
	return ledger.Reduced{State: op}, nil
}

// newKey returns a key as long as an identifier of realdid, and as random.
func newKey() string {
	var b [32]byte
	_, _ = rand.Read(b[:])
	return "q" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b[:]))
}

type appender interface {
	Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error)
}

// load appends entries of 250 bytes, each under a new key, from so many goroutines, and returns how many a second.
func load(tb testing.TB, lg appender, writers, entries int) float64 {
	tb.Helper()
	op := make([]byte, 250)
	var taken atomic.Int64
	var wg sync.WaitGroup
	begun := time.Now()
	for range writers {
		wg.Go(func() {
			for taken.Add(1) <= int64(entries) {
				if _, err := lg.Append(tb.Context(), newKey(), 0, op); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return float64(entries) / time.Since(begun).Seconds()
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// BenchmarkAppend appends in rounds, in turn to a ledger and to a bare file behind the same group commit, and reports
// the medians and their ratio. The file with one writer shows how often a second the disk can sync.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 64} {
		for name, reducer := range map[string]ledger.Reducer{"none": nil, "nilcost": sameSize{}} {
			b.Run(fmt.Sprintf("writers=%d/reducer=%s", writers, name), func(b *testing.B) {
				dir := b.TempDir()
				l, err := Open(filepath.Join(dir, "ledger"), reducer, &Options{InsecureNoReducer: true})
				if err != nil {
					b.Fatal(err)
				}
				defer l.Close()
				f, err := os.Create(filepath.Join(dir, "file"))
				if err != nil {
					b.Fatal(err)
				}
				defer f.Close()
				raw := ledger.NewSequencer(rawFile{f}, reducer, nil, 0, time.Time{})
				entries := 50 * writers
				var ours, file []float64
				for b.Loop() {
					file = append(file, load(b, raw, writers, entries))
					ours = append(ours, load(b, l, writers, entries))
				}
				b.ReportMetric(median(ours), "appends/s")
				b.ReportMetric(median(file), "file/s")
				b.ReportMetric(median(ours)/median(file), "ratio")
			})
		}
	}
}

// BenchmarkHistory reads the entries of random keys, with four entries each.
func BenchmarkHistory(b *testing.B) {
	l, err := Open(b.TempDir(), nil, &Options{InsecureNoReducer: true, noSync: true})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	keys := make([]string, 20000)
	for i := range keys {
		keys[i] = newKey()
	}
	for seq := range uint64(4) {
		var taken atomic.Int64
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				for i := taken.Add(1); i <= int64(len(keys)); i = taken.Add(1) {
					if _, err := l.Append(b.Context(), keys[i-1], seq, make([]byte, 250)); err != nil {
						b.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := 0
		for _, err := range l.History(b.Context(), keys[i*7919%len(keys)], 0) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != 4 {
			b.Fatalf("%d entries", n)
		}
	}
}

// TestScale makes a ledger of REALDID_IDENTITIES keys with one entry each and logs what it costs.
func TestScale(t *testing.T) {
	identities, err := strconv.Atoi(os.Getenv("REALDID_IDENTITIES"))
	if err != nil {
		t.Skip("REALDID_IDENTITIES does not say how many")
	}
	dir := t.TempDir()
	open := func(dir string) (*Ledger, time.Duration) {
		begun := time.Now()
		l, err := Open(dir, sameSize{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return l, time.Since(begun).Round(time.Millisecond / 10)
	}
	l, _ := open(dir)
	t.Logf("%d identities, 1000 writers: %.0f appends a second", identities, load(t, l, 1000, identities))

	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	t.Logf("memory in use: %d MiB, with %d heads in memory", m.HeapAlloc>>20, l.store.heads.waiting())

	crashed := t.TempDir()
	l.store.folding.Lock()
	copyDir(t, crashed, dir)
	l.store.folding.Unlock()
	c, opened := open(crashed)
	t.Logf("open after a crash: %v, with %d heads and %d records read again", opened, c.store.heads.waiting(), len(c.store.view.pending))
	c.Close()

	begun := time.Now()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	t.Logf("close: %v", time.Since(begun).Round(time.Millisecond/10))
	l, opened = open(dir)
	defer l.Close()
	t.Logf("open: %v", opened)

	used := float64(l.store.view.snap.limit) * pageSize
	t.Logf("bytes an identity: %.0f, of which %d are key, operation and state", used/float64(identities), 53+250+250)

	begun = time.Now()
	var keys []string
	for e, err := range l.Follow(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Key)
	}
	t.Logf("follow everything: %v", time.Since(begun).Round(time.Millisecond))
	var took []float64
	for range 100_000 {
		key := keys[mathrand.IntN(len(keys))]
		begun := time.Now()
		for e, err := range l.History(t.Context(), key, 0) {
			if err != nil || e.Key != key {
				t.Fatalf("History of %s: %v, %v", key, e, err)
			}
		}
		took = append(took, float64(time.Since(begun).Nanoseconds())/1000)
	}
	slices.Sort(took)
	t.Logf("history of a random key: p50 %.1f µs, p99 %.1f µs", took[len(took)/2], took[len(took)*99/100])
	begun = time.Now()
	if err := l.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("check: %v", time.Since(begun).Round(time.Millisecond))
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var ours, file []float64
	raw := ledger.NewSequencer(rawFile{f}, sameSize{}, nil, 0, time.Time{})
	for range 25 {
		file = append(file, load(t, raw, 64, 6400))
		ours = append(ours, load(t, l, 64, 6400))
	}
	t.Logf("64 writers: %.0f appends a second, a bare file %.0f: ratio %.2f", median(ours), median(file), median(ours)/median(file))
}
