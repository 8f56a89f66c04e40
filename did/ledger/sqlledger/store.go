package sqlledger

import (
	"context"
	"database/sql"
	"errors"
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
// from its own commits and from what other processes announce of theirs; else it makes such a commit. That a server sends a
// notification with a commit says nothing: it does so, too, when the wait for the standby was broken off, as a driver does
// that gives a connection up.
type store struct {
	db      *sql.DB
	engine  engine
	pg      *postgres // engine, if it is that
	async   bool      // commits need not be durable
	timeout time.Duration
	channel string        // of notifications
	grown   chan struct{} // told after each commit of this store
	looks   looks
	turns   turns

	mu         sync.Mutex
	covered    tip
	changed    chan struct{} // closed when covered grows
	confirming *confirmation // under way, or nil
	confirmed  *confirmation // that begins when that ends, or nil

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
		db: db, async: opt.InsecureAsyncCommit, timeout: max(opt.Timeout, DefaultTimeout),
		changed: make(chan struct{}), grown: make(chan struct{}, 1),
	}
	s.turns.time = turnTime
	s.turns.off = db.Stats().MaxOpenConnections == 1
	switch dialect {
	case PostgreSQL:
		s.pg = newPostgres(db, n, s.async)
		s.engine = s.pg
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
	err = s.confirm(ctx)
	s.timeout = opt.Timeout
	return s, err
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
	if s.end().next >= next {
		return nil
	}
	c := s.join()
	select {
	case <-c.done:
	case <-ctx.Done():
		return failure(ctx, "confirm", ctx.Err())
	}
	if c.err == nil && s.end().next < next {
		return corrupt("%d entries were there, and now fewer", next)
	}
	return c.err
}

// A confirmation is a call of confirm that several wait for, all of whom came before it began.
type confirmation struct {
	done chan struct{}
	err  error
}

// join returns a confirmation that has not begun.
func (s *store) join() *confirmation {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.confirming == nil:
		s.confirming = &confirmation{done: make(chan struct{})}
		go s.run(s.confirming)
		return s.confirming
	case s.confirmed == nil:
		s.confirmed = &confirmation{done: make(chan struct{})}
	}
	return s.confirmed
}

// run makes c, and then those that came meanwhile.
func (s *store) run(c *confirmation) {
	for c != nil {
		s.turns.drop() // or it would wait for that
		c.err = s.confirm(context.Background())
		close(c.done)
		s.mu.Lock()
		c = s.confirmed
		s.confirming, s.confirmed = c, nil
		s.mu.Unlock()
	}
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
		expired := bounded.Err() != nil
		cancel()
		if err == nil {
			return nil
		}
		repeat := again(err) && attempt < attempts
		if harmless && !broken && !expired && lost(err) {
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

// Heads implements ledger.HeadReader.
func (s *store) Heads(ctx context.Context, keys []string) ([]ledger.Head, error) {
	found := make([]ledger.Head, len(keys))
	if len(keys) == 1 {
		h, err := s.look(ctx, keys[0])
		found[0] = h.Head
		return found, err
	}
	// In parts side by side, so that whoever waits for them all, as an Import does, has more than one processor of the server.
	var parts sync.WaitGroup
	errs := make([]error, lanes)
	for i := range lanes {
		from, to := i*len(keys)/lanes, (i+1)*len(keys)/lanes
		if from == to {
			continue
		}
		parts.Go(func() {
			var heads map[string]head
			heads, errs[i] = s.heads(ctx, keys[from:to])
			for j, key := range keys[from:to] {
				found[from+j] = heads[key].Head
			}
		})
	}
	parts.Wait()
	return found, errors.Join(errs...)
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
