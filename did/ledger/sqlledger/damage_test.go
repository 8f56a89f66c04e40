package sqlledger

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// testDamage: tables that contradict themselves are no answer.
func testDamage(p *place) {
	follow := func(l *Ledger) error {
		for _, err := range l.Follow(p.Context(), 0) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	history := func(l *Ledger) error {
		for _, err := range l.History(p.Context(), "a", 0) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	state := func(l *Ledger) error {
		_, _, err := l.State(p.Context(), "a")
		return err
	}
	repeat := func(l *Ledger) error {
		_, err := l.Append(p.Context(), "a", 1, []byte("anything"))
		return err
	}
	appendNew := func(l *Ledger) error {
		_, err := l.Append(p.Context(), "new", 0, ledgertest.Op(nil, "x"))
		return err
	}
	reopen := func(*Ledger) error {
		_, err := p.tryOpen(p.connect(), nil)
		return err
	}
	// Entries: 0 a, 1 b, 2 a, 3 b, 4 a, 5 b.
	for i, test := range []struct {
		name, change string
		want         error
		finds        func(l *Ledger) error
	}{
		{"an entry is missing from the feed", "delete from {entries} where idx = 3", ledger.ErrCorrupt, follow},
		{"the first entry is missing from the feed", "delete from {entries} where idx = 0", ledger.ErrCorrupt, follow},
		{"an entry is missing from a key", "delete from {entries} where key = 'a' and seq = 1", ledger.ErrCorrupt, history},
		{"the first entry is missing from a key", "delete from {entries} where key = 'a' and seq = 0", ledger.ErrCorrupt, history},
		{"the entry in the way is missing", "delete from {entries} where key = 'a' and seq = 1", ledger.ErrCorrupt, repeat},
		{"a time goes back in the feed", "update {entries} set time = time - 1 where idx = 3", ledger.ErrCorrupt, follow},
		{"a time goes back in a key", "update {entries} set time = time - 1 where key = 'a' and seq = 2", ledger.ErrCorrupt, history},
		{"an index goes back in a key", "update {entries} set idx = 100 where key = 'a' and seq = 0", ledger.ErrCorrupt, history},
		{"a key has more entries than came before", "update {entries} set seq = 7 where key = 'a' and seq = 2", ledger.ErrCorrupt, state},
		{"an entry stands beyond the end", "insert into {entries} (idx, key, seq, time, op, state) select 6, 'c', 0, time, op, state from {entries} where idx = 5", ledger.ErrCorrupt, appendNew},
		{"an entry that was seen is beyond the end", "insert into {entries} (idx, key, seq, time, op, state) select 6, 'c', 0, time, op, state from {entries} where idx = 5", ledger.ErrCorrupt, follow},
		{"a length below nothing", "update {tip} set next = -1", ledger.ErrCorrupt, reopen},
		{"no end", "delete from {tip}", ledger.ErrCorrupt, reopen},
		{"no end while it is open", "delete from {tip}", ledger.ErrCorrupt, appendNew},
		{"no id", "update {meta} set ledger = 'x'", ErrFormat, reopen},
		{"no version", "delete from {meta}", ErrFormat, reopen},
		{"two versions", "insert into {meta} select * from {meta}", ErrFormat, reopen},
		{"version 0", "update {meta} set version = 0", ErrFormat, reopen},
		{"a version to come", "update {meta} set version = version + 1", ErrFormat, reopen},
	} {
		p.Run(test.name, func(t *testing.T) {
			q := *p
			q.T, q.prefix = t, fmt.Sprintf("damage_%d_", i)
			l := q.open(nil)
			for round := range 3 {
				q.next(l, "a", fmt.Sprint(round))
				q.next(l, "b", fmt.Sprint(round))
			}
			for name, healthy := range map[string]func(*Ledger) error{"Follow": follow, "History": history, "State": state} {
				if err := healthy(l); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			q.exec(test.change)
			saved := p.prefix
			p.prefix = q.prefix
			defer func() { p.prefix = saved }()
			q.only(test.name, test.finds(l), test.want)
		})
	}
}

// testShrunk: a database that has lost entries, as a standby does that was not synchronous, is no answer to those who knew them.
func testShrunk(p *place) {
	told := make(chan error, 100)
	l := p.open(&Options{OnError: func(err error) {
		select {
		case told <- err:
		default:
		}
	}, Poll: 1e7})
	for range 3 {
		p.next(l, "key", "x")
	}
	p.exec("delete from {entries} where idx = 2")
	p.exec("update {tip} set next = 2")
	p.within("the follower", func() { p.only("in the background", <-told, ledger.ErrCorrupt) })
	_, err := l.Append(p.Context(), "other", 0, ledgertest.Op(nil, "x"))
	p.only("Append", err, ledger.ErrCorrupt)
	if again := p.open(nil); len(p.all(again)) != 2 {
		p.Error("who opens it now knows nothing of it")
	}
}

// testFormats: the ledger's id stays, and differs from others'.
func testFormats(p *place) {
	a := p.open(nil)
	b := p.open(&Options{Prefix: p.prefix + "b_"})
	if again := p.open(nil); again.store.channel != a.store.channel || len(a.store.channel) != len(channelPrefix)+32 {
		p.Errorf("channels %q and %q of one ledger", again.store.channel, a.store.channel)
	}
	if a.store.channel == b.store.channel {
		p.Error("two ledgers have one channel")
	}
	p.next(a, "key", "x")
	if n := len(p.all(b)); n != 0 {
		p.Errorf("another ledger has %d entries", n)
	}
}

// migrating is an engine with more steps than there are.
type migrating struct {
	engine
	steps [][]string
}

func (m migrating) migrations() [][]string { return m.steps }

// testMigrations: each step is made once, in order, and all of those that are missing or none.
func testMigrations(p *place) {
	l := p.open(nil)
	p.next(l, "key", "x")
	s := l.store
	id := strings.TrimPrefix(s.channel, channelPrefix)
	steps := s.engine.migrations()
	create := p.names().text("create table {tip}2 (n integer)")
	create = strings.Replace(create, `"2 `, `2" `, 1)
	insert := strings.Replace(p.names().text("insert into {tip}2 values (1)"), `"2 `, `2" `, 1)
	count := strings.Replace("select count(*) from {tip}2", "{tip}2", strings.TrimSuffix(p.names().table("tip"), `"`)+`2"`, 1)

	broken := append(steps[:len(steps):len(steps)], []string{create}, []string{insert, "select no_such_function()"})
	_, err := (&store{db: s.db, engine: migrating{s.engine, broken}, timeout: s.timeout}).migrate(p.Context(), broken)
	p.only("a step that fails", err, ledger.ErrUnavailable)
	if got := p.number("select version from {meta}"); got != int64(len(steps)) {
		p.Errorf("version %d after a step that failed, want %d", got, len(steps))
	}
	if ok, err := s.engine.exists(p.Context(), s.db, "tip2"); ok || err != nil {
		p.Errorf("a step that failed left a table: %v, %v", ok, err)
	}

	more := append(steps[:len(steps):len(steps)], []string{create}, []string{insert, insert})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db := p.connect()
			var engine engine = newPostgres(db, p.names(), false)
			if p.dialect == SQLite {
				engine = newSQLite(db, p.names(), false)
			}
			got, err := (&store{db: db, engine: migrating{engine, more}, timeout: s.timeout}).migrate(p.Context(), more)
			if err != nil || got != id {
				p.Errorf("migrate: id %s, %v; want %s", got, err, id)
			}
		})
	}
	wg.Wait()
	if got := p.number("select version from {meta}"); got != int64(len(more)) {
		p.Errorf("version %d, want %d", got, len(more))
	}
	if got := p.number(count); got != 2 {
		p.Errorf("a step was made %d times, want once", got/2)
	}
	_, err = p.tryOpen(p.connect(), nil)
	p.only("Open of a newer format", err, ErrFormat)
}

// testOpenAtOnce: several processes may find no tables at the same moment.
func testOpenAtOnce(p *place) {
	var wg sync.WaitGroup
	channels := make([]string, 8)
	for i := range channels {
		wg.Go(func() {
			l, err := p.tryOpen(p.connect(), nil)
			if err != nil {
				p.Error(err)
				return
			}
			channels[i] = l.store.channel
			p.next(l, fmt.Sprint("key-", i), "x")
		})
	}
	wg.Wait()
	for _, c := range channels {
		if c != channels[0] {
			p.Errorf("ids %s and %s of one ledger", c, channels[0])
		}
	}
	if n := len(p.all(p.open(nil))); n != len(channels) {
		p.Errorf("%d entries, want %d", n, len(channels))
	}
}

// testNames: no name gets into a statement that could mean something there.
func testNames(p *place) {
	for _, bad := range []string{
		`x"; drop table y; --`, `x"`, "x y", "x.y", "X", "1x", "x-y", "é", strings.Repeat("x", 33), "x\x00", "x'", " ",
	} {
		if _, err := p.tryOpen(p.raw, &Options{Prefix: bad}); err == nil || errors.Is(err, ledger.ErrUnavailable) {
			p.Errorf("prefix %q: got error %v", bad, err)
		}
		if _, err := p.tryOpen(p.raw, &Options{Schema: bad}); err == nil || errors.Is(err, ledger.ErrUnavailable) {
			p.Errorf("schema %q: got error %v", bad, err)
		}
	}
	long := &Options{Prefix: strings.Repeat("x", 32)}
	p.next(p.open(long), "key", "x")
	schema := "main"
	if p.dialect == PostgreSQL {
		schema = "names_schema"
		p.exec("create schema names_schema")
	}
	l := p.open(&Options{Schema: schema})
	p.next(l, "key", "x")
	if n := p.number("select count(*) from " + schema + "." + p.prefix + "entries"); n != 1 {
		p.Errorf("%d entries in the schema, want 1", n)
	}
	_, err := p.tryOpen(p.raw, &Options{Schema: "no_such_schema"})
	p.only("no such schema", err, ledger.ErrUnavailable)
	for d, name := range map[Dialect]string{Detect: "Detect", SQLite: "SQLite", PostgreSQL: "PostgreSQL", 7: "Dialect(7)"} {
		if d.String() != name {
			p.Errorf("%d is called %s, want %s", int(d), d, name)
		}
	}
	if _, err := p.tryOpen(p.raw, &Options{Dialect: 7}); err == nil {
		p.Error("opened in an unknown dialect")
	}
	if p.dialect == SQLite {
		if _, err := p.tryOpen(p.raw, &Options{Dialect: PostgreSQL}); err == nil {
			p.Error("PostgreSQL through a driver that is not pgx")
		}
	}
}
