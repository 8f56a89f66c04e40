package sqlledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/sqlledger/internal/pgtest"
)

// A place is where a test finds a database, with tables of its own.
type place struct {
	*testing.T
	dialect Dialect
	prefix  string
	url     string // of PostgreSQL
	dir     string // of SQLite
	raw     *sql.DB
}

// connect makes a pool of its own, as another process has.
func (p *place) connect() *sql.DB {
	p.Helper()
	var db *sql.DB
	if p.dialect == SQLite {
		db = liteDB(p, p.dir)
	} else {
		db = pgDB(p, p.url)
	}
	p.Cleanup(func() { db.Close() })
	return db
}

// open opens the ledger in a pool of its own.
func (p *place) open(opt *Options) *Ledger {
	p.Helper()
	l, err := p.tryOpen(p.connect(), opt)
	if err != nil {
		p.Fatal(err)
	}
	return l
}

func (p *place) tryOpen(db *sql.DB, opt *Options) (*Ledger, error) {
	if opt == nil {
		opt = &Options{}
	}
	o := *opt
	if o.Prefix == "" {
		o.Prefix = p.prefix
	}
	l, err := Open(p.Context(), db, ledgertest.Reducer{}, &o)
	if err == nil {
		p.Cleanup(func() { l.Close() })
	}
	return l, err
}

// exec changes the tables behind the ledger's back. {name} is a table.
func (p *place) exec(statement string) {
	p.Helper()
	if _, err := p.raw.ExecContext(p.Context(), p.names().text(statement)); err != nil {
		p.Fatal(err)
	}
}

// number reads a number from the tables.
func (p *place) number(query string) (n int64) {
	p.Helper()
	if err := p.raw.QueryRowContext(p.Context(), p.names().text(query)).Scan(&n); err != nil {
		p.Fatal(err)
	}
	return n
}

func (p *place) names() names { return names{prefix: p.prefix} }

// next appends payload as the next entry of key.
func (p *place) next(l *Ledger, key, payload string) ledger.Entry {
	p.Helper()
	state, seq, err := l.State(p.Context(), key)
	if err != nil {
		p.Fatalf("State(%s): %v", key, err)
	}
	e, err := l.Append(p.Context(), key, seq, ledgertest.Op(state, payload))
	if err != nil {
		p.Fatalf("Append(%s, %d): %v", key, seq, err)
	}
	return e
}

// all reads the whole ledger.
func (p *place) all(l *Ledger) (entries []ledger.Entry) {
	p.Helper()
	for e, err := range l.Follow(p.Context(), 0) {
		if err != nil {
			p.Fatal(err)
		}
		entries = append(entries, e)
	}
	return entries
}

// only fails the test unless err is want, and neither a conflict nor invalid besides.
func (p *place) only(what string, err, want error) {
	p.Helper()
	if !errors.Is(err, want) {
		p.Errorf("%s: got error %v, want %v", what, err, want)
	}
	for _, other := range []error{ledger.ErrConflict, ledger.ErrInvalid, ledger.ErrCorrupt, ledger.ErrUnavailable, context.Canceled, context.DeadlineExceeded} {
		if other != want && errors.Is(err, other) {
			p.Errorf("%s: error %v is also %v", what, err, other)
		}
	}
}

// within bounds what must not hang.
func (p *place) within(what string, f func()) {
	p.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		p.Fatalf("%s: hangs", what)
	}
}

var places = []struct {
	name string
	run  func(p *place)
}{
	{"Writers", testWriters},
	{"Turn", testTurn},
	{"TurnEnds", testTurnEnds},
	{"TurnAndConfirm", testTurnAndConfirm},
	{"OneConnection", testOneConnection},
	{"Covered", testCovered},
	{"LostAnswer", testLostAnswer},
	{"Locked", testLocked},
	{"Wait", testWait},
	{"ClockSkew", testClockSkew},
	{"Contexts", testContexts},
	{"Large", testLarge},
	{"Damage", testDamage},
	{"Shrunk", testShrunk},
	{"Formats", testFormats},
	{"Migrations", testMigrations},
	{"OpenAtOnce", testOpenAtOnce},
	{"Names", testNames},
	{"Reducers", testReducers},
	{"Evidence", testEvidence},
}

func TestSQLite(t *testing.T) {
	for _, test := range places {
		t.Run(test.name, func(t *testing.T) {
			p := &place{T: t, dialect: SQLite, prefix: "test_", dir: t.TempDir()}
			p.raw = p.connect()
			test.run(p)
		})
	}
}

func TestPostgreSQL(t *testing.T) {
	url := pgtest.Start(t, nil).URL("")
	for _, test := range places {
		t.Run(test.name, func(t *testing.T) {
			p := &place{T: t, dialect: PostgreSQL, prefix: strings.ToLower(test.name) + "_", url: url}
			p.raw = p.connect()
			test.run(p)
		})
	}
}

// testWriters: three processes append to keys of their own and to shared ones. Everything that was acknowledged stands where
// its answer says, and nothing else.
func testWriters(p *place) {
	const writers, each, rounds = 3, 6, 12
	var mu sync.Mutex
	acknowledged := make(map[uint64]ledger.Entry)
	var wg sync.WaitGroup
	for w := range writers {
		l := p.open(&Options{Poll: 10 * time.Millisecond})
		for i := range each {
			wg.Go(func() {
				for round := range rounds {
					key := fmt.Sprintf("own-%d-%d", w, i)
					if round%3 == 0 {
						key = fmt.Sprint("shared-", round%2)
					}
					for {
						state, seq, err := l.State(p.Context(), key)
						if err != nil {
							p.Error(err)
							return
						}
						e, err := l.Append(p.Context(), key, seq, ledgertest.Op(state, fmt.Sprint(w, " ", i, " ", round)))
						if errors.Is(err, ledger.ErrConflict) {
							continue
						}
						if err != nil {
							p.Error(err)
							return
						}
						mu.Lock()
						if was, twice := acknowledged[e.Anchor.Index]; twice {
							p.Errorf("index %d for %s and %s", e.Anchor.Index, was.Op, e.Op)
						}
						acknowledged[e.Anchor.Index] = e
						mu.Unlock()
						break
					}
				}
			})
		}
	}
	wg.Wait()
	l := p.open(nil)
	all := p.all(l)
	if len(all) != writers*each*rounds || len(acknowledged) != len(all) {
		p.Fatalf("%d entries, %d acknowledged, want %d of both", len(all), len(acknowledged), writers*each*rounds)
	}
	states := make(map[string][]byte)
	for i, e := range all {
		a := acknowledged[uint64(i)]
		if e.Key != a.Key || e.Seq != a.Seq || string(e.Op) != string(a.Op) || !e.Anchor.Time.Equal(a.Anchor.Time) {
			p.Fatalf("entry %d is %v, and acknowledged was %v", i, e, a)
		}
		r, err := ledgertest.Reducer{}.Reduce(e.Key, states[e.Key], e.Op, e.Anchor)
		if err != nil {
			p.Fatalf("entry %d: %v", i, err)
		}
		states[e.Key] = r.State
	}
	for key, want := range states {
		if got, _, err := l.State(p.Context(), key); err != nil || string(got) != string(want) {
			p.Errorf("State(%s) = %q, %v; want %q", key, got, err, want)
		}
	}
}

// batch is what a Sequencer could commit as the first entry of a key.
func batch(index uint64, key string) []ledger.Admitted {
	e := ledger.Entry{Key: key, Op: ledgertest.Op(nil, "x"), Anchor: ledger.Anchor{Index: index, Time: time.Unix(2e9, 0).UTC()}}
	r, _ := ledgertest.Reducer{}.Reduce(key, nil, e.Op, e.Anchor)
	return []ledger.Admitted{{Entry: e, State: r.State}}
}

// moved fails the test unless err is that others have appended, up to next.
func (p *place) moved(err error, next uint64) {
	p.Helper()
	m, ok := errors.AsType[*ledger.MovedError](err)
	if !ok || m.Next != next || !m.Last.Equal(time.Unix(2e9, 0)) {
		p.Errorf("got error %v, want a MovedError to %d", err, next)
	}
}

// testTurn: who was outrun is not outrun again.
func testTurn(p *place) {
	a, b := p.open(nil).store, p.open(nil).store
	b.turns.time = time.Hour
	if err := a.Commit(batch(0, "a")); err != nil {
		p.Fatal(err)
	}
	p.moved(b.Commit(batch(0, "b")), 1)
	done := make(chan error, 1)
	go func() { done <- a.Commit(batch(1, "a2")) }()
	select {
	case err := <-done:
		p.Fatalf("in another's turn: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	if err := b.Commit(batch(1, "b")); err != nil {
		p.Fatalf("in its turn: %v", err)
	}
	p.within("the other", func() { p.moved(<-done, 2) })
	a.turns.drop()

	// A turn that is not used for the index for which it was given is given back.
	p.moved(b.Commit(batch(0, "b2")), 2)
	p.moved(b.Commit(batch(1, "b2")), 2)
	if err := b.Commit(batch(2, "b2")); err != nil {
		p.Error(err)
	}
	if err := a.Commit(batch(3, "a3")); err != nil {
		p.Error(err)
	}
}

// testTurnEnds: nobody keeps the others waiting: neither who does not use the turn, nor who closes, nor a process that stops in the
// middle of it.
func testTurnEnds(p *place) {
	a, bl := p.open(nil).store, p.open(nil)
	b := bl.store
	if err := a.Commit(batch(0, "a")); err != nil {
		p.Fatal(err)
	}
	p.moved(b.Commit(batch(0, "b")), 1)
	p.within("after an unused turn", func() {
		if err := a.Commit(batch(1, "a1")); err != nil {
			p.Error(err)
		}
	})
	b.turns.time = time.Hour
	p.moved(b.Commit(batch(0, "b")), 2)
	bl.Close()
	p.within("after Close", func() {
		if err := a.Commit(batch(2, "a2")); err != nil {
			p.Error(err)
		}
	})
	if p.dialect == SQLite {
		return // the system takes a dead process's locks away, and nobody those of one that hangs
	}
	in, end, err := a.engine.reserve(p.Context())
	if err != nil || end.next != 3 {
		p.Fatalf("reserve: %v, %v", end, err)
	}
	defer func() { _ = in.Rollback() }()
	p.within("with a process that hangs", func() {
		if err := a.Commit(batch(3, "a3")); err != nil {
			p.Error(err)
		}
	})
}

// testTurnAndConfirm: a store does not wait for its own turn to end.
func testTurnAndConfirm(p *place) {
	a, b := p.open(nil), p.open(&Options{Poll: time.Hour})
	b.store.turns.time = time.Hour
	if err := a.store.Commit(batch(0, "a")); err != nil {
		p.Fatal(err)
	}
	p.moved(b.store.Commit(batch(0, "b")), 1)
	p.within("reading in the turn", func() {
		if _, seq, err := b.State(p.Context(), "a"); err != nil || seq != 1 {
			p.Errorf("State = %d, %v; want 1", seq, err)
		}
	})
}

// testOneConnection: a pool of one connection is enough, also where others are faster.
func testOneConnection(p *place) {
	db := p.connect()
	db.SetMaxOpenConns(1)
	l, err := p.tryOpen(db, &Options{Poll: time.Hour})
	if err != nil {
		p.Fatal(err)
	}
	l.store.turns.time = time.Hour // it must not take one, which would take the connection
	other := p.open(nil)
	var wg sync.WaitGroup
	for i := range 4 {
		for name, l := range map[string]*Ledger{"one": l, "other": other} {
			wg.Go(func() {
				for round := range 8 {
					if _, err := l.Append(p.Context(), fmt.Sprintf("%s-%d-%d", name, i, round), 0, ledgertest.Op(nil, "x")); err != nil {
						p.Error(err)
					}
				}
			})
		}
	}
	p.within("a pool of one", wg.Wait)
	if n := len(p.all(l)); n != 64 {
		p.Errorf("%d entries, want 64", n)
	}
}
