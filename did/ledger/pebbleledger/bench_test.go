package pebbleledger

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

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

// strangers makes n entries of 250 bytes, 200 of them random, each under a new key.
func strangers(n int) []ledger.Entry {
	entries := make([]ledger.Entry, n)
	for i := range entries {
		op := make([]byte, 250)
		_, _ = rand.Read(op[50:])
		at := ledger.Anchor{Index: uint64(i), Time: time.Unix(1_700_000_000+int64(i)/100, 0)}
		entries[i] = ledger.Entry{Key: newKey(), Op: op, Anchor: at}
	}
	return entries
}

func diskUse(tb testing.TB, dir string) (bytes int64) {
	tb.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		bytes += info.Size()
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return bytes
}

type bulk interface {
	ledger.Ledger
	ledger.Importer
	Close() error
}

func openBoth(tb testing.TB, dir string, reducer ledger.Reducer) map[string]bulk {
	tb.Helper()
	pebble, err := Open(filepath.Join(dir, "pebble"), reducer, nil)
	if err != nil {
		tb.Fatal(err)
	}
	bolt, err := boltledger.Open(filepath.Join(dir, "bolt"), reducer, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return map[string]bulk{"pebble": pebble, "bolt": bolt}
}

// processor returns how long the processors have worked for this process.
func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkImport imports 400,000 entries, in calls of 65,536, into a new ledger of each kind, with a reducer that costs nothing.
// It reports operations a second, microseconds of processor an operation, and bytes on the disk after Close.
func BenchmarkImport(b *testing.B) {
	const n, call = 400_000, 64 << 10
	entries := strangers(n)
	rates, cpu, disk := map[string][]float64{}, map[string][]float64{}, map[string]float64{}
	for b.Loop() {
		dir := b.TempDir()
		for name, l := range openBoth(b, dir, sameSize{}) {
			begun, worked := time.Now(), processor(b)
			for part := range slices.Chunk(entries, call) {
				if err := l.Import(b.Context(), part); err != nil {
					b.Fatal(err)
				}
			}
			rates[name] = append(rates[name], n/time.Since(begun).Seconds())
			cpu[name] = append(cpu[name], float64((processor(b)-worked).Microseconds())/n)
			if err := l.Close(); err != nil {
				b.Fatal(err)
			}
			disk[name] = float64(diskUse(b, filepath.Join(dir, name))) / n
		}
	}
	for _, name := range []string{"pebble", "bolt"} {
		b.ReportMetric(median(rates[name]), name+"-ops/s")
		b.ReportMetric(median(cpu[name]), name+"-cpu-µs/op")
		b.ReportMetric(disk[name], name+"-B/entry")
	}
	b.ReportMetric(disk["pebble"]/disk["bolt"], "disk-ratio")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// BenchmarkAppend appends from 64 goroutines, in rounds, in turn to a ledger of each kind.
func BenchmarkAppend(b *testing.B) {
	const writers, entries = 64, 3200
	ledgers := openBoth(b, b.TempDir(), sameSize{})
	rates := map[string][]float64{}
	op := make([]byte, 250)
	for b.Loop() {
		for name, l := range ledgers {
			var taken atomic.Int64
			var wg sync.WaitGroup
			begun := time.Now()
			for range writers {
				wg.Go(func() {
					for taken.Add(1) <= entries {
						if _, err := l.Append(b.Context(), newKey(), 0, op); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			rates[name] = append(rates[name], entries/time.Since(begun).Seconds())
		}
	}
	for name, l := range ledgers {
		b.ReportMetric(median(rates[name]), name+"-appends/s")
		l.Close()
	}
}

// BenchmarkHistory reads the entry of a random key out of 200,000, from both.
func BenchmarkHistory(b *testing.B) {
	const n = 200_000
	entries := strangers(n)
	for name, l := range openBoth(b, b.TempDir(), sameSize{}) {
		if err := l.Import(b.Context(), entries); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				for e, err := range l.History(b.Context(), entries[i*7919%n].Key, 0) {
					if err != nil || e.Anchor.Index != uint64(i*7919%n) {
						b.Fatalf("%v, %v", e.Anchor, err)
					}
				}
			}
		})
		l.Close()
	}
}

// lives makes a create and three rotations of each of n identities, as the method writes them.
func lives(tb testing.TB, n int) []ledger.Entry {
	tb.Helper()
	opt := &realdid.Options{Clock: func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }}
	mem := memledger.New(realdid.Reducer(), &memledger.Options{Clock: opt.Clock})
	m, err := realdid.New(mem, opt)
	if err != nil {
		tb.Fatal(err)
	}
	ids, seeds := make([]did.DID, n), make([]*realdid.Seed, n)
	control := func(i int, number uint32) *keys.PrivateKey {
		k, err := seeds[i].Control(keys.Ed25519, number)
		if err != nil {
			tb.Fatal(err)
		}
		return k
	}
	for i := range n {
		seeds[i] = realdid.NewSeed()
		r, err := m.Create(tb.Context(), &realdid.CreateRequest{
			Control: realdid.OneKey(control(i, 0).Public()), Next: realdid.SHA256.Commit(control(i, 1).Public()),
		}, control(i, 0))
		if err != nil {
			tb.Fatal(err)
		}
		ids[i] = r.DID
	}
	for number := range uint32(3) {
		for i := range n {
			_, err := m.Rotate(tb.Context(), ids[i], &realdid.RotateRequest{
				Reveal: []keys.PublicKey{control(i, number+1).Public()}, Next: realdid.SHA256.Commit(control(i, number+2).Public()),
			}, control(i, number+1))
			if err != nil {
				tb.Fatal(err)
			}
		}
	}
	var entries []ledger.Entry
	for e, err := range mem.Follow(tb.Context(), 0) {
		if err != nil {
			tb.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

// TestDisk: operations of the method take at most half as much room as in boltledger.
func TestDisk(t *testing.T) {
	entries := lives(t, 2000)
	dir := t.TempDir()
	disk := map[string]float64{}
	for name, l := range openBoth(t, dir, realdid.Reducer()) {
		if err := errors.Join(l.Import(t.Context(), entries), l.Close()); err != nil {
			t.Fatal(err)
		}
		disk[name] = float64(diskUse(t, filepath.Join(dir, name))) / float64(len(entries))
	}
	t.Logf("bytes an entry: %.0f, and %.0f in boltledger", disk["pebble"], disk["bolt"])
	if disk["pebble"] > disk["bolt"]/2 {
		t.Error("more than half of it")
	}
}
