//go:build linux

package sqlledger_test

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/sqlledger"
	"github.com/realdid/realdid/did/ledger/sqlledger/internal/pgtest"
)

// Sizes of what is written: those of the method's create operation and of its keys.
const (
	benchOp  = 250
	benchKey = 54
	group    = 1024 // rows of a bare grouped statement
)

// newKey returns a key that nobody has had.
func newKey() string {
	var b [benchKey]byte
	for i, bits := 0, uint64(0); i < len(b); i, bits = i+1, bits>>5 {
		if i%12 == 0 {
			bits = rand.Uint64()
		}
		b[i] = "abcdefghijklmnopqrstuvwxyz234567"[bits&31]
	}
	return string(b[:])
}

var benchBytes = ledgertest.Op(nil, string(make([]byte, benchOp-len(ledgertest.Op(nil, "")))))

// bare makes what is compared with: a table of operations and nothing more, in the same server.
func bare(b *testing.B, url string, connections int) []*pgx.Conn {
	b.Helper()
	conns := make([]*pgx.Conn, connections)
	for i := range conns {
		c, err := pgx.Connect(b.Context(), url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = c.Close(context.Background()) })
		conns[i] = c
	}
	_, err := conns[0].Exec(b.Context(),
		"CREATE TABLE IF NOT EXISTS bare (key text NOT NULL, seq bigint NOT NULL, op bytea NOT NULL, PRIMARY KEY (key, seq))")
	if err != nil {
		b.Fatal(err)
	}
	return conns
}

// spread calls f b.N times from workers goroutines, each with its number and a context, and returns how many calls there were
// a second.
func spread(b *testing.B, workers int, f func(ctx context.Context, worker int) error) float64 {
	b.Helper()
	var taken atomic.Int64
	var wg sync.WaitGroup
	b.ResetTimer()
	for i := range workers {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(b.Context()) // as a server has one for each request
			defer cancel()
			for taken.Add(1) <= int64(b.N) {
				if err := f(ctx, i); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	return float64(b.N) / b.Elapsed().Seconds()
}

// BenchmarkAppend has appends of new keys beside bare INSERTs of the same bytes into the same server: one row a statement
// from 64 connections, and many rows a statement. x-bare is the part of the bare rate.
func BenchmarkAppend(b *testing.B) {
	for _, synchronous := range []bool{false, true} {
		name := "alone"
		if synchronous {
			name = "with a standby"
		}
		b.Run(name, func(b *testing.B) {
			server := pgtest.Start(b, nil)
			url := server.URL(server.CreateDatabase())
			if synchronous {
				server.Standby()
				server.Synchronous()
			}
			benchSingle(b, url)
			benchGrouped(b, url)
		})
	}
}

func benchSingle(b *testing.B, url string) {
	var floor float64
	b.Run("64 connections/bare", func(b *testing.B) {
		conns := bare(b, url, 64)
		floor = spread(b, 64, func(ctx context.Context, i int) error {
			_, err := conns[i].Exec(ctx, "INSERT INTO bare VALUES ($1, $2, $3)", newKey(), 0, benchBytes)
			return err
		})
		b.ReportMetric(floor, "op/s")
	})
	b.Run("64 connections/ledger", func(b *testing.B) {
		l := openBench(b, url, "single_", 64)
		rate := spread(b, 64, func(ctx context.Context, _ int) error {
			_, err := l.Append(ctx, newKey(), 0, benchBytes)
			return err
		})
		b.ReportMetric(rate, "op/s")
		b.ReportMetric(rate/floor, "x-bare")
	})
}

func benchGrouped(b *testing.B, url string) {
	var floor float64
	for _, connections := range []int{8, 1} { // the last is the floor: a ledger stores one group after the other
		b.Run(fmt.Sprintf("grouped/bare unnest, %d connections", connections), func(b *testing.B) {
			floor = group * bareGroups(b, url, connections, func(ctx context.Context, c *pgx.Conn, keys []string, seqs []int64, ops [][]byte) error {
				_, err := c.Exec(ctx, "INSERT INTO bare SELECT * FROM unnest($1::text[], $2::bigint[], $3::bytea[])", keys, seqs, ops)
				return err
			})
			b.ReportMetric(floor, "op/s")
		})
	}
	b.Run("grouped/bare COPY, 1 connections", func(b *testing.B) {
		rate := group * bareGroups(b, url, 1, func(ctx context.Context, c *pgx.Conn, keys []string, seqs []int64, ops [][]byte) error {
			_, err := c.CopyFrom(ctx, pgx.Identifier{"bare"}, []string{"key", "seq", "op"},
				pgx.CopyFromSlice(len(keys), func(i int) ([]any, error) { return []any{keys[i], seqs[i], ops[i]}, nil }))
			return err
		})
		b.ReportMetric(rate, "op/s")
	})
	b.Run("grouped/ledger", func(b *testing.B) {
		l := openBench(b, url, "grouped_", 64)
		rate := spread(b, 4*group, func(ctx context.Context, _ int) error {
			_, err := l.Append(ctx, newKey(), 0, benchBytes)
			return err
		})
		b.ReportMetric(rate, "op/s")
		b.ReportMetric(rate/floor, "x-bare")
	})
	b.Run("grouped/ledger Import", func(b *testing.B) {
		l := openBench(b, url, "import_", 64)
		next := uint64(0)
		if last, ok := l.Last(); ok {
			next = last.Index + 1
		}
		at := time.Now().UTC().Truncate(time.Second)
		rate := 8 * group * spread(b, 1, func(ctx context.Context, _ int) error {
			entries := make([]ledger.Entry, 8*group)
			for i := range entries {
				entries[i] = ledger.Entry{Key: newKey(), Op: benchBytes, Anchor: ledger.Anchor{Index: next, Time: at}}
				next++
			}
			return l.Import(ctx, entries)
		})
		b.ReportMetric(rate, "op/s")
		b.ReportMetric(rate/floor, "x-bare")
	})
}

// bareGroups writes groups of rows, and returns how many groups a second.
func bareGroups(b *testing.B, url string, connections int, write func(ctx context.Context, c *pgx.Conn, keys []string, seqs []int64, ops [][]byte) error) float64 {
	conns := bare(b, url, connections)
	return spread(b, len(conns), func(ctx context.Context, i int) error {
		keys, seqs, ops := make([]string, group), make([]int64, group), make([][]byte, group)
		for i := range keys {
			keys[i], ops[i] = newKey(), benchBytes
		}
		return write(ctx, conns[i], keys, seqs, ops)
	})
}

func openBench(b *testing.B, url, prefix string, connections int) *sqlledger.Ledger {
	b.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	l, err := sqlledger.Open(b.Context(), db, ledgertest.Reducer{}, &sqlledger.Options{Prefix: prefix, Poll: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = l.Close()
		_ = db.Close()
	})
	return l
}

// BenchmarkResolve reads the history of random keys of 50,000, from one goroutine and from 64, beside a bare SELECT.
func BenchmarkResolve(b *testing.B) {
	const size = 50_000
	server := pgtest.Start(b, nil)
	url := server.URL(server.CreateDatabase())
	l := openBench(b, url, "resolve_", 64)
	keys, entries := make([]string, size), make([]ledger.Entry, size)
	at := time.Now().UTC().Truncate(time.Second)
	for i := range keys {
		keys[i] = newKey()
		entries[i] = ledger.Entry{Key: keys[i], Op: benchBytes, Anchor: ledger.Anchor{Index: uint64(i), Time: at}}
	}
	if err := l.Import(b.Context(), entries); err != nil {
		b.Fatal(err)
	}
	for _, workers := range []int{1, 64} {
		var pick atomic.Int64
		key := func() string { return keys[pick.Add(7919)%size] }
		b.Run(fmt.Sprintf("%d at once/bare", workers), func(b *testing.B) {
			conns := bare(b, url, workers)
			if _, err := conns[0].Exec(b.Context(), "INSERT INTO bare SELECT key, seq, op FROM resolve_entries ON CONFLICT DO NOTHING"); err != nil {
				b.Fatal(err)
			}
			timed(b, workers, func(ctx context.Context, i int) error {
				var op []byte
				return conns[i].QueryRow(ctx, "SELECT op FROM bare WHERE key = $1 ORDER BY seq", key()).Scan(&op)
			})
		})
		b.Run(fmt.Sprintf("%d at once/ledger", workers), func(b *testing.B) {
			timed(b, workers, func(ctx context.Context, _ int) error {
				n := 0
				for _, err := range l.History(ctx, key(), 0) {
					if n++; err != nil {
						return err
					}
				}
				if n != 1 {
					return fmt.Errorf("%d entries, want 1", n)
				}
				return nil
			})
		})
	}
}

// timed is spread that reports the median time of a call, and the time that 1 in 100 exceeds.
func timed(b *testing.B, workers int, f func(ctx context.Context, worker int) error) {
	b.Helper()
	times := make([][]time.Duration, workers)
	rate := spread(b, workers, func(ctx context.Context, i int) error {
		begun := time.Now()
		err := f(ctx, i)
		times[i] = append(times[i], time.Since(begun))
		return err
	})
	all := slices.Concat(times...)
	slices.Sort(all)
	b.ReportMetric(rate, "op/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkFailOver kills a primary under load and promotes its synchronous standby. It reports the time from the order to
// promote to the server's word, and to the first append that was acknowledged there.
func BenchmarkFailOver(b *testing.B) {
	var promotion, gap time.Duration
	for b.Loop() {
		primary := pgtest.Start(b, nil)
		database := primary.CreateDatabase()
		standby := primary.Standby()
		primary.Synchronous()
		l := open(b, either(primary, standby, database), nil)
		w := newLoad(b)
		w.write(l, "writer", 32, 0)
		w.await(b, 500, nil)
		primary.Kill()
		begun := time.Now()
		promotion += standby.Promote()
		w.await(b, 1, nil)
		gap += time.Since(begun)
		w.end()
	}
	b.ReportMetric(float64(promotion.Milliseconds())/float64(b.N), "promotion-ms")
	b.ReportMetric(float64(gap.Milliseconds())/float64(b.N), "first-append-ms")
}
