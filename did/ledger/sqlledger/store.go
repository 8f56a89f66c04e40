package sqlledger

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// pageEntries is how many entries History and Follow hold in memory.
const pageEntries = 128

// A tip is the end of the ledger.
type tip struct {
	next uint64    // number of entries
	last time.Time // of the last of them
}

// A store is the ledger.Store under the Sequencer.
//
// What a transaction can see need not outlive a crash: a server that was killed while a commit waited for its standby
// shows that commit when it comes back, and the standby may not have it. So whatever is told to anybody is covered first:
// this process knows of a commit, later than what is told, that was acknowledged as durable. Mostly that is known already,
// from its own commits and from notifications, which are sent after the commit; else it makes such a commit.
type store struct {
	db      *sql.DB
	engine  engine
	async   bool // commits need not be durable
	timeout time.Duration
	channel string // of notifications
	looks   looks
	turns   turns

	mu         sync.Mutex
	covered    tip
	changed    chan struct{} // closed when covered grows
	confirming chan struct{} // held by who calls confirm

	fault func(stage string) error // for tests: makes a commit fail; or nil
}

// openStore makes the tables and looks at what is in them.
func openStore(ctx context.Context, db *sql.DB, opt *Options) (*store, error) {
	n, err := newNames(opt.Schema, opt.Prefix)
	if err != nil {
		return nil, err
	}
	dialect, err := detect(ctx, db, opt.Dialect)
	if err != nil {
		return nil, err
	}
	s := &store{
		db: db, async: opt.InsecureAsyncCommit, timeout: opt.Timeout,
		changed: make(chan struct{}), confirming: make(chan struct{}, 1),
	}
	s.turns.off = db.Stats().MaxOpenConnections == 1
	switch dialect {
	case PostgreSQL:
		s.engine = newPostgres(db, n, s.async)
	default:
		s.engine = newSQLite(db, n, s.async)
	}
	if !s.async {
		if err := s.try(ctx, "open", true, s.engine.durable); err != nil {
			return nil, err
		}
	}
	id, err := s.migrate(ctx, s.engine.migrations())
	if err != nil {
		return nil, err
	}
	s.channel = channelPrefix + id
	if p, ok := s.engine.(*postgres); ok {
		p.channel = s.channel
	}
	return s, s.confirm(ctx)
}

// close lets go of what may be held in the database, and wakes who waits.
func (s *store) close() {
	s.turns.drop()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.announce()
}

// end returns the end of what is covered.
func (s *store) end() tip {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.covered
}

// watch returns how many entries are covered, and what is closed when there are more or the ledger is closed.
func (s *store) watch() (next uint64, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.covered.next, s.changed
}

// cover notes that everything before to is covered.
func (s *store) cover(to tip) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if to.next > s.covered.next {
		s.covered = to
		s.announce()
	}
}

// announce wakes who waits. It runs with mu held.
func (s *store) announce() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// need returns once at least next entries, which have been seen, are covered.
func (s *store) need(ctx context.Context, next uint64) error {
	for s.end().next < next {
		select {
		case s.confirming <- struct{}{}:
		case <-ctx.Done():
			return failure(ctx, "confirm", ctx.Err())
		}
		var err error
		seen := next
		if s.end().next < next { // nobody did it meanwhile
			s.turns.drop() // or it would wait for that
			if err = s.confirm(ctx); err == nil {
				seen = s.end().next
			}
		}
		<-s.confirming
		if err != nil {
			return err
		}
		if seen < next {
			return corrupt("%d entries were there, and now %d are", next, seen)
		}
	}
	return nil
}

// confirm makes a durable commit and covers what was there before it.
func (s *store) confirm(ctx context.Context) error {
	return s.try(ctx, "confirm", true, func(ctx context.Context) error {
		t, err := s.engine.confirm(ctx)
		if err == nil {
			s.cover(t)
		}
		return err
	})
}

// attempts bounds how often a call to the database is made if others get in its way.
const attempts = 12

// try calls f, and calls it again while it fails because of others who were at work, or, if it is harmless to do f twice, once
// more if the connection broke. Each time f has s.timeout, and ctx besides.
func (s *store) try(ctx context.Context, what string, harmless bool, f func(context.Context) error) error {
	broken := false
	for attempt := 1; ; attempt++ {
		bounded, cancel := context.WithTimeout(ctx, s.timeout)
		err := f(bounded)
		cancel()
		if err == nil {
			return nil
		}
		repeat := again(err) && attempt < attempts
		if harmless && !broken && lost(err) {
			repeat, broken = true, true
		}
		if !repeat || ctx.Err() != nil {
			return failure(ctx, what, err)
		}
		pause(ctx, attempt)
	}
}

// pause waits longer with each attempt, up to a quarter of a second, so that those who were in each other's way part.
func pause(ctx context.Context, attempt int) {
	t := time.NewTimer(rand.N(min(time.Millisecond<<attempt, 250*time.Millisecond)))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// Head implements ledger.Store.
func (s *store) Head(key string) (ledger.Head, error) {
	h, err := s.look(context.Background(), key)
	return h.Head, err
}

// Read implements ledger.Store.
func (s *store) Read(key string, seq uint64) (ledger.Entry, error) {
	page, err := s.entries(context.Background(), key, seq, 1)
	if err != nil {
		return ledger.Entry{}, err
	}
	if len(page) == 0 {
		return ledger.Entry{}, corrupt("%s has no entry %d", key, seq)
	}
	return page[0], nil
}
