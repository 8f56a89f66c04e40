//go:build linux

package sqlledger_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/sqlledger"
	"github.com/realdid/realdid/did/ledger/sqlledger/internal/pgtest"
)

// isCommit recognises the statement that stores a batch.
func isCommit(sql string) bool {
	sql = strings.ToLower(sql)
	return strings.Contains(sql, "insert") && strings.Contains(sql, "update")
}

// TestKillServer kills the server again and again while 16 writers work.
func TestKillServer(t *testing.T) {
	server := pgtest.Start(t, nil)
	l := open(t, server.URL(server.CreateDatabase()), nil)
	w := newLoad(t)
	defer w.end()
	w.write(l, "writer", 16, 0)
	for range 6 {
		w.await(t, 1+rand.Int64N(300), nil)
		server.Kill()
		server.Start()
	}
	w.await(t, 100, nil)
	w.end()
	if w.count(unavailable) == 0 {
		t.Error("no call noticed the kills")
	}
	w.verify(t, l)
}

// TestFullDisk lets the disk fill up under the writers, as tables grow and as the log of the server does, and gives room
// again.
func TestFullDisk(t *testing.T) {
	server := pgtest.Start(t, &pgtest.Options{
		DiskSize: 192 << 20, WALSegment: 1,
		Config: map[string]string{"min_wal_size": "8MB", "max_wal_size": "16MB"},
	})
	l := open(t, server.URL(server.CreateDatabase()), nil)
	w := newLoad(t)
	defer w.end()
	w.write(l, "writer", 16, 0)
	for _, left := range []int64{0, 600 << 10, 2 << 20} {
		w.await(t, 100, nil)
		before := w.count(unavailable)
		server.FillDisk(left)
		w.await(t, 1<<40, func() bool { return w.count(unavailable) > before })
		t.Logf("with %d bytes left: %s", left, w.lastError())
		server.FreeDisk()
		server.Revive()
	}
	w.await(t, 100, nil)
	w.end()
	if n := server.Logged("No space left on device"); n == 0 {
		t.Error("the server never ran out of room")
	}
	w.verify(t, l)
}

// TestLostReply cuts the connection of an append at each moment, and once more while the retry is under way.
func TestLostReply(t *testing.T) {
	server := pgtest.Start(t, nil)
	for _, c := range []struct {
		name string
		at   pgtest.Moment
	}{{"before it was sent", pgtest.BeforeSent}, {"after it was sent", pgtest.AfterSent}, {"after it was done", pgtest.AfterDone}} {
		for _, cuts := range []int{1, 2, 5} {
			t.Run(fmt.Sprintf("%s, %d times", c.name, cuts), func(t *testing.T) {
				database := server.CreateDatabase()
				proxy := pgtest.NewProxy(t, server.Addr())
				l := open(t, server.Through(proxy.Addr(), database), nil)
				other := open(t, server.URL(database), nil)
				w := newLoad(t)
				w.appendOne(l, "key", "first")
				proxy.Cut(cuts, c.at, isCommit)
				w.appendOne(l, "key", "second")
				// What was handed to the server may have been done, and then it is not sent again.
				if proxy.Cuts() == 0 || c.at == pgtest.BeforeSent && proxy.Cuts() != cuts {
					t.Errorf("%d connections were cut, want %d", proxy.Cuts(), cuts)
				}
				w.appendOne(other, "key", "third")
				w.appendOne(l, "key", "fourth")
				w.verify(t, l)
				w.verify(t, other)
				if at, ok := other.Last(); !ok || at.Index != 3 {
					t.Errorf("the last index is %d, want 3: an operation stands twice", at.Index)
				}
			})
		}
	}
}

// TestLostReplyOvertaken: what was committed and not heard of stays the caller's, whatever others append behind it, and what
// was not committed does not become the caller's because others took its place.
func TestLostReplyOvertaken(t *testing.T) {
	server := pgtest.Start(t, nil)
	ctx := t.Context()
	for _, c := range []struct {
		at    pgtest.Moment
		wants string
	}{{pgtest.AfterDone, ""}, {pgtest.BeforeSent, conflict}} {
		database := server.CreateDatabase()
		proxy := pgtest.NewProxy(t, server.Addr())
		l := open(t, server.Through(proxy.Addr(), database), nil)
		other := open(t, server.URL(database), nil)
		op := ledgertest.Op(nil, "mine")
		// Enough cuts for every attempt inside one call.
		proxy.Cut(1000, c.at, isCommit)
		mine, err := l.Append(ctx, "key", 0, op)
		if c.at == pgtest.BeforeSent && kind(err) != unavailable {
			t.Fatalf("with every connection cut: got %v, %v, want it unavailable", mine, err)
		}
		if err != nil && kind(err) != unavailable {
			t.Fatalf("a lost reply: got %v, want it unavailable", err)
		}
		proxy.Cut(0, c.at, nil)
		var theirs ledger.Entry
		state, seq, err := other.State(ctx, "key")
		if err == nil {
			theirs, err = other.Append(ctx, "key", seq, ledgertest.Op(state, "theirs"))
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err := l.Append(ctx, "key", 0, op)
		if kind(err) != c.wants {
			t.Fatalf("moment %d: the repeated call: got %v, %v, want %q", c.at, again, err, c.wants)
		}
		var standing *ledger.ConflictError
		switch {
		case c.wants == "" && (again.Seq != 0 || again.Anchor.Index != 0 || string(again.Op) != string(op) || theirs.Seq != 1):
			t.Errorf("got %v, want the entry that was committed before that of the other, %v", again, theirs)
		case c.wants == conflict && (!errors.As(err, &standing) || line(standing.Entry) != line(theirs)):
			t.Errorf("got %v, want a conflict with %s", err, line(theirs))
		}
	}
}

// TestCutConnections cuts all connections of the writers again and again, at any instant.
func TestCutConnections(t *testing.T) {
	server := pgtest.Start(t, nil)
	proxy := pgtest.NewProxy(t, server.Addr())
	l := open(t, server.Through(proxy.Addr(), server.CreateDatabase()), nil)
	w := newLoad(t)
	defer w.end()
	w.write(l, "writer", 16, 0)
	for range 30 {
		w.await(t, 1+rand.Int64N(50), nil)
		proxy.CutAll()
	}
	proxy.Cut(20, pgtest.AfterSent, isCommit)
	w.await(t, 1<<40, func() bool { return proxy.Cuts() == 20 })
	proxy.Cut(20, pgtest.AfterDone, isCommit)
	w.await(t, 1<<40, func() bool { return proxy.Cuts() == 40 })
	w.await(t, 50, nil)
	w.end()
	w.verify(t, l)
}

// TestHeldNetwork: while nothing passes and nothing fails, a caller gets away by its context, and a retry settles it.
func TestHeldNetwork(t *testing.T) {
	server := pgtest.Start(t, nil)
	proxy := pgtest.NewProxy(t, server.Addr())
	l := open(t, server.Through(proxy.Addr(), server.CreateDatabase()), nil)
	w := newLoad(t)
	w.appendOne(l, "key", "first")
	state, seq, err := l.State(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	op := ledgertest.Op(state, "second")
	proxy.Hold()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if e, err := l.Append(ctx, "key", seq, op); !errors.Is(err, context.DeadlineExceeded) && kind(err) != unavailable {
		t.Errorf("got %v, %v, want the context's error", e, err)
	}
	proxy.Release()
	w.retry("Append", func() error {
		e, err := l.Append(t.Context(), "key", seq, op)
		if err == nil {
			w.stood[line(e)] = true
		}
		return err
	})
	w.verify(t, l)
}

// TestContention has 64 writers in two processes, of which every second append is to one of eight keys that all use, under
// each isolation level that a database may have as its default. Above "read committed" the server refuses what meets, with
// serialization failures.
func TestContention(t *testing.T) {
	server := pgtest.Start(t, nil)
	for _, level := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(level, func(t *testing.T) {
			database := server.CreateDatabase()
			server.Query(fmt.Sprintf("ALTER DATABASE %s SET default_transaction_isolation = '%s'", database, level))
			url := server.URL(database)
			l := open(t, url, nil)
			failures := server.Logged("could not serialize access")
			w := newLoad(t)
			defer w.end()
			endOther := w.process(t, url)
			w.write(l, "here", 32, 8)
			w.await(t, 1500, nil)
			if level != "read committed" {
				w.await(t, 1<<40, func() bool { return server.Logged("could not serialize access") > failures+20 })
			}
			w.end()
			endOther()
			t.Logf("%d serialization failures", server.Logged("could not serialize access")-failures)
			if w.count(unavailable) > 0 {
				t.Errorf("%d times unavailable, with a server that was there: %s", w.count(unavailable), w.lastError())
			}
			if w.count(conflict) == 0 {
				t.Error("no conflict on the keys that all use")
			}
			w.verify(t, l)
		})
	}
}

// TestContentionOnePlace: 64 writers in two pools want one and the same place, and exactly one gets it; those with its bytes
// are told the same.
func TestContentionOnePlace(t *testing.T) {
	server := pgtest.Start(t, nil)
	database := server.CreateDatabase()
	server.Query(fmt.Sprintf("ALTER DATABASE %s SET default_transaction_isolation = 'serializable'", database))
	pools := []*sqlledger.Ledger{open(t, server.URL(database), nil), open(t, server.URL(database), nil)}
	for round := range 10 {
		key := fmt.Sprintf("key-%d", round)
		got := make([]string, 64)
		var wg sync.WaitGroup
		for i := range got {
			wg.Go(func() {
				e, err := pools[i%2].Append(t.Context(), key, 0, ledgertest.Op(nil, fmt.Sprint(i/4)))
				if standing := (*ledger.ConflictError)(nil); errors.As(err, &standing) {
					got[i] = "not " + line(standing.Entry)
				} else if got[i] = line(e); err != nil {
					t.Errorf("got %v, want the entry or a conflict", err)
				}
			})
		}
		wg.Wait()
		winners := 0
		for _, g := range got {
			if !strings.HasPrefix(g, "not ") {
				winners++
			}
			if strings.TrimPrefix(g, "not ") != strings.TrimPrefix(got[0], "not ") {
				t.Fatalf("round %d: two entries stand at one place: %q and %q", round, g, got[0])
			}
		}
		if winners != 4 {
			t.Errorf("round %d: %d writers were told that they have the place, want the 4 with the same bytes", round, winners)
		}
	}
}

// TestPoolerInTransactionMode works behind a pooler that gives a client another session for each transaction.
func TestPoolerInTransactionMode(t *testing.T) {
	server := pgtest.Start(t, nil)
	url := server.Pooler(4)(server.CreateDatabase())
	l := open(t, url, nil)
	w := newLoad(t)
	defer w.end()
	endOther := w.process(t, url)
	w.write(l, "here", 32, 8)
	w.await(t, 1000, nil)
	w.end()
	endOther()
	if w.count(unavailable) > 0 {
		t.Errorf("%d times unavailable, with a server that was there: %s", w.count(unavailable), w.lastError())
	}
	w.verify(t, l)
}

// A pooled is a ledgertest.Harness behind a pooler. Its ledger listens by a connection of its own, past the pooler.
type pooled struct {
	url     string
	opt     sqlledger.Options
	reducer ledger.Reducer
}

func (p *pooled) Open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) ledgertest.Ledger {
	p.reducer, p.opt.Clock = reducer, clock
	return p.Restart(tb)
}

func (p *pooled) Restart(tb testing.TB) ledgertest.Ledger {
	tb.Helper()
	return openAs(tb, p.url, p.reducer, &p.opt)
}

func TestConformanceBehindPooler(t *testing.T) {
	server := pgtest.Start(t, nil)
	database := server.CreateDatabase()
	url := server.Pooler(4)(database)
	ledgers := 0
	ledgertest.Run(t, func(testing.TB) ledgertest.Harness {
		ledgers++
		return &pooled{url: url, opt: sqlledger.Options{
			Prefix: fmt.Sprintf("kit_%d_", ledgers), Listen: listenTo(server.URL(database)),
		}}
	})
}
