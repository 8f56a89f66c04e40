//go:build linux

package sqlledger_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/sqlledger"
	"github.com/realdid/realdid/did/ledger/sqlledger/internal/pgtest"
)

// either is the URL of whichever of two servers accepts writes.
func either(a, b *pgtest.Server, database string) string {
	return a.Through(a.Addr()+","+b.Addr(), database) + "&target_session_attrs=read-write"
}

// listenTo makes connections for Options.Listen.
func listenTo(url string) func(context.Context) (*pgx.Conn, error) {
	return func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, url) }
}

// TestFailOver kills the primary under 32 writers and promotes its synchronous standby. The writers, which know both
// addresses, go on there, and find all that was acknowledged.
func TestFailOver(t *testing.T) {
	primary := pgtest.Start(t, nil)
	database := primary.CreateDatabase()
	standby := primary.Standby()
	primary.Synchronous()
	url := either(primary, standby, database)
	l := open(t, url, &sqlledger.Options{Listen: listenTo(url)})
	w := newLoad(t)
	defer w.end()
	w.write(l, "writer", 32, 0)
	w.await(t, 500, nil)
	primary.Kill()
	standby.Promote()
	w.await(t, 500, nil)
	w.end()
	if w.count(unavailable) == 0 {
		t.Error("no call noticed the kill")
	}
	w.verify(t, l)
	w.verify(t, open(t, standby.URL(database), nil))
}

// TestFailOverBetweenProcesses is TestFailOver with two processes and keys that both use.
func TestFailOverBetweenProcesses(t *testing.T) {
	primary := pgtest.Start(t, nil)
	database := primary.CreateDatabase()
	standby := primary.Standby()
	primary.Synchronous()
	url := either(primary, standby, database)
	l := open(t, url, nil)
	w := newLoad(t)
	defer w.end()
	endOther := w.process(t, url)
	w.write(l, "here", 32, 8)
	w.await(t, 500, nil)
	primary.Kill()
	standby.Promote()
	w.await(t, 500, nil)
	w.end()
	endOther()
	w.verify(t, l)
}

// TestStandbyAway: while the standby cannot be reached, commits stand on the primary alone, and the next fail-over loses them. Nobody may
// be told of them: neither who repeats the call, nor who reads, here or in another process, nor who is notified.
func TestStandbyAway(t *testing.T) {
	for _, lost := range []bool{true, false} {
		name := "and comes back"
		if lost {
			name = "and becomes the primary"
		}
		t.Run(name, func(t *testing.T) { testStandbyAway(t, lost) })
	}
}

func testStandbyAway(t *testing.T, lost bool) {
	primary := pgtest.Start(t, nil)
	database := primary.CreateDatabase()
	between := pgtest.NewProxy(t, primary.Addr())
	standby := primary.StandbyBehind(between.Addr())
	primary.Synchronous()
	opt := &sqlledger.Options{Timeout: 500 * time.Millisecond, Poll: 50 * time.Millisecond, Listen: listenTo(primary.URL(database))}
	l, other := open(t, primary.URL(database), opt), open(t, primary.URL(database), opt)
	w := newLoad(t)
	w.appendOne(l, "key", "first")
	if err := other.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	state, seq, err := l.State(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	op := ledgertest.Op(state, "second")

	between.Hold()
	if e, err := l.Append(t.Context(), "key", seq, op); kind(err) != unavailable {
		t.Errorf("while the standby is away: got %v, %v, want it unavailable", e, err)
	}
	// The wait for the standby was given up, so that the server shows the entry.
	primary.UntilIn(database, "SELECT count(*) = 2 FROM realdid_entries")
	if e, err := l.Append(t.Context(), "key", seq, op); kind(err) != unavailable {
		t.Errorf("the repeated call: got %v, %v, want it unavailable", e, err)
	}
	for _, reader := range []*sqlledger.Ledger{l, other} {
		unseen(t, reader)
	}

	if lost {
		primary.Kill()
		between.CutAll() // and what it held
		standby.Promote()
		l = open(t, standby.URL(database), nil)
		w.appendOne(l, "key", "instead")
		var standing *ledger.ConflictError
		if e, err := l.Append(t.Context(), "key", seq, op); !errors.As(err, &standing) || standing.Length != 2 {
			t.Errorf("after the fail-over: got %v, %v, want a conflict with what was appended instead", e, err)
		}
	} else {
		between.Release()
		w.retry("Append", func() error {
			e, err := l.Append(t.Context(), "key", seq, op)
			if err == nil {
				w.stood[line(e)] = true
			}
			return err
		})
		if err := other.Wait(t.Context(), 2); err != nil {
			t.Error(err)
		}
	}
	w.verify(t, l)
}

// unseen checks that a ledger, of which only the first entry is safe, tells of no other.
func unseen(t *testing.T, l *sqlledger.Ledger) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	for e, err := range l.Follow(ctx, 0) {
		if err == nil && e.Anchor.Index > 0 {
			t.Errorf("Follow shows %s, which is on one server only", line(e))
		}
	}
	for e, err := range l.History(ctx, "key", 0) {
		if err == nil && e.Seq > 0 {
			t.Errorf("History shows %s, which is on one server only", line(e))
		}
	}
	if _, seq, err := l.State(ctx, "key"); err == nil && seq > 1 {
		t.Errorf("State counts %d entries, of which one is on one server only", seq)
	}
	if err := l.Wait(ctx, 2); err == nil {
		t.Error("Wait counts an entry that is on one server only")
	}
	if last, _ := l.Last(); last.Index > 0 {
		t.Errorf("Last is %d, an entry that is on one server only", last.Index)
	}
}

// TestRestartBeforeStandby: a primary that was killed while a commit waited for the standby shows that commit when it is back.
// A ledger that is opened then waits for the standby before it tells of it.
func TestRestartBeforeStandby(t *testing.T) {
	primary := pgtest.Start(t, nil)
	database := primary.CreateDatabase()
	between := pgtest.NewProxy(t, primary.Addr())
	primary.StandbyBehind(between.Addr())
	primary.Synchronous()
	l := open(t, primary.URL(database), nil)
	w := newLoad(t)
	w.appendOne(l, "key", "first")
	between.Hold()
	appended := make(chan bool)
	go func() { appended <- w.appendOne(l, "key", "second") }()
	primary.Until("SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
	primary.Kill()
	primary.Start()
	primary.UntilIn(database, "SELECT count(*) = 2 FROM realdid_entries")

	opt := &sqlledger.Options{Timeout: 500 * time.Millisecond}
	if early, db, err := openPool(t.Context(), primary.URL(database), ledgertest.Reducer{}, opt); kind(err) != unavailable {
		t.Errorf("Open without the standby: got %v, want it unavailable", err)
		if err == nil {
			unseen(t, early)
			_, _ = early.Close(), db.Close()
		}
	}
	between.Release()
	between.CutAll() // what was held is of the server before
	if !<-appended {
		t.Fatal("the append was not settled")
	}
	w.verify(t, open(t, primary.URL(database), nil))
}

// TestStandbyIsNoLedger: a standby takes no writes, and what it shows may be behind, so a ledger is not opened there.
func TestStandbyIsNoLedger(t *testing.T) {
	primary := pgtest.Start(t, nil)
	database := primary.CreateDatabase()
	w := newLoad(t)
	w.appendOne(open(t, primary.URL(database), nil), "key", "first")
	standby := primary.Standby()
	if l, db, err := openPool(t.Context(), standby.URL(database), ledgertest.Reducer{}, nil); kind(err) != unavailable {
		t.Errorf("got %v, want it unavailable", err)
		if err == nil {
			_, _ = l.Close(), db.Close()
		}
	}
	standby.Promote()
	w.verify(t, open(t, standby.URL(database), nil))
}

// TestListener follows by notifications alone, through cut connections and a restart of the server.
func TestListener(t *testing.T) {
	server := pgtest.Start(t, nil)
	database := server.CreateDatabase()
	proxy := pgtest.NewProxy(t, server.Addr())
	l := open(t, server.URL(database), nil)
	far := server.Through(proxy.Addr(), database)
	follower := open(t, far, &sqlledger.Options{Listen: listenTo(far), Poll: time.Hour})
	w := newLoad(t)
	wait := func(n uint64) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if err := follower.Wait(ctx, n); err != nil {
			t.Fatalf("waiting for %d entries: %v", n, err)
		}
	}
	w.appendOne(l, "key", "first")
	wait(1)
	proxy.CutAll()
	w.appendOne(l, "key", "second")
	wait(2)
	server.Kill()
	server.Start()
	w.appendOne(l, "key", "third")
	wait(3)
	server.Stop()
	server.Start()
	for n := range uint64(20) {
		w.appendOne(l, "key", "more")
		wait(4 + n)
	}
	w.verify(t, follower)
}
