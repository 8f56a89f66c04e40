package sqlledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/realdid/realdid/did/ledger"
)

// Defaults of [Options].
const (
	DefaultPrefix    = "realdid_"
	DefaultTimeout   = 10 * time.Second
	DefaultPoll      = time.Second
	DefaultClockSkew = 500 * time.Millisecond
)

// Options of [Open]; nil means the defaults.
type Options struct {
	Dialect Dialect      // default: detected
	Clock   ledger.Clock // for anchors; default time.Now

	// ClockSkew is how far this writer's clock may be behind the last anchor, which another writer may have made, for an
	// append to be given that anchor's time instead of being refused with ErrClock. Keep it under a second, and clocks
	// synchronized. Negative is none.
	ClockSkew time.Duration

	// Schema is where the tables are, and must exist: 1 to 32 of a-z 0-9 _, beginning with no digit. Default: where the
	// connection makes tables by itself. Name it where a pooler may change the search path. SQLite: an attached database.
	Schema string

	// Prefix is what the names of the tables begin with, like a Schema. Several ledgers in one database differ in it.
	Prefix string

	// Listen makes a connection to PostgreSQL for LISTEN, which is kept open and used for nothing else. It must lead to the
	// server itself: a pooler that shares connections loses notifications. Without it others' entries are found by asking
	// every Poll.
	Listen func(context.Context) (*pgx.Conn, error)

	// Poll is how often the database is asked for others' entries, also beside Listen.
	Poll time.Duration

	// Timeout bounds each call to the database; Open gives each at least DefaultTimeout. A commit that has not been confirmed
	// by then may stand nevertheless.
	Timeout time.Duration

	// OnError is told what failed in the background, where nobody else hears of it. nil: nobody is told.
	OnError func(error)

	// InsecureNoReducer allows a nil reducer, which accepts every operation: only where nobody else can append.
	InsecureNoReducer bool

	// InsecureAsyncCommit allows a database that acknowledges before what it acknowledges is safe from a crash.
	InsecureAsyncCommit bool
}

// A Ledger is a ledger in a database. It is a [ledger.Ledger], [ledger.Follower], [ledger.Stater] and [ledger.Importer], and
// safe for concurrent use, by any number of processes.
type Ledger struct {
	sequencer *ledger.Sequencer
	store     *store
	opt       Options
	closed    atomic.Bool
	cancel    context.CancelFunc // ends what runs in the background
	working   sync.WaitGroup     // that
}

var (
	_ ledger.Ledger   = (*Ledger)(nil)
	_ ledger.Follower = (*Ledger)(nil)
	_ ledger.Stater   = (*Ledger)(nil)
	_ ledger.Importer = (*Ledger)(nil)
)

// Open opens the ledger in db, and makes its tables if there are none or if they are of an older format. The caller closes
// db, after the Ledger. Every process that has the same ledger open must use the same reducer.
//
// Errors: [ErrNotDurable], [ErrFormat], [ledger.ErrCorrupt], and [ledger.ErrUnavailable], which may pass.
func Open(ctx context.Context, db *sql.DB, reducer ledger.Reducer, opt *Options) (*Ledger, error) {
	l := &Ledger{}
	if opt != nil {
		l.opt = *opt
	}
	l.defaults()
	if reducer == nil && !l.opt.InsecureNoReducer {
		return nil, errors.New("sqlledger: open: no reducer: everything would be accepted")
	}
	var err error
	if l.store, err = openStore(ctx, db, &l.opt); err != nil {
		return nil, err
	}
	end := l.store.end()
	l.sequencer = ledger.NewSequencer(l.store, reducer, l.now, end.next, end.last)
	var background context.Context
	background, l.cancel = context.WithCancel(context.Background())
	l.working.Go(func() { l.follow(background) })
	l.working.Go(func() { l.announce(background) })
	return l, nil
}

func (l *Ledger) defaults() {
	o := &l.opt
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.ClockSkew == 0 {
		o.ClockSkew = DefaultClockSkew
	}
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Poll <= 0 {
		o.Poll = DefaultPoll
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
}

// now is the clock for anchors: a little behind another writer's counts as the same.
func (l *Ledger) now() time.Time {
	now := l.opt.Clock()
	if last, ok := l.sequencer.Last(); ok && now.Before(last.Time) && last.Time.Sub(now) <= l.opt.ClockSkew {
		return last.Time
	}
	return now
}

// Close waits for the appends under way and ends what runs in the background. What is called afterwards returns
// [ledger.ErrClosed]. The database stays open.
func (l *Ledger) Close() error {
	l.closed.Store(true)
	l.sequencer.Close()
	l.cancel()
	l.working.Wait()
	l.store.close()
	return nil
}

// Append implements [ledger.Ledger]. The entry is durable by the rules of the database when it returns, and so is one that
// it found there. An error that is [ledger.ErrUnavailable] leaves open whether the entry stands.
func (l *Ledger) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	if l.closed.Load() {
		return ledger.Entry{}, ledger.ErrClosed
	}
	return l.sequencer.Append(ctx, key, seq, op)
}

// Import implements [ledger.Importer].
func (l *Ledger) Import(ctx context.Context, entries []ledger.Entry) error {
	if l.closed.Load() {
		return ledger.ErrClosed
	}
	return l.sequencer.Import(ctx, entries)
}

// State implements [ledger.Stater].
func (l *Ledger) State(ctx context.Context, key string) (state []byte, seq uint64, err error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, 0, err
	}
	if l.closed.Load() {
		return nil, 0, ledger.ErrClosed
	}
	h, err := l.store.state(ctx, key)
	return bytes.Clone(h.State), h.Length, err
}

// History implements [ledger.Ledger].
func (l *Ledger) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		if err := ledger.CheckKey(key); err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		next := from
		l.pages(ctx, yield, func() ([]ledger.Entry, error) {
			page, err := l.store.history(ctx, key, next)
			next += uint64(len(page))
			return page, err
		})
	}
}

// Follow implements [ledger.Follower].
func (l *Ledger) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		next := from
		l.pages(ctx, yield, func() ([]ledger.Entry, error) {
			page, err := l.store.feed(ctx, next)
			next += uint64(len(page))
			return page, err
		})
	}
}

// pages yields the entries of one page after the other until one is not full.
func (l *Ledger) pages(ctx context.Context, yield func(ledger.Entry, error) bool, next func() ([]ledger.Entry, error)) {
	for {
		if l.closed.Load() {
			yield(ledger.Entry{}, ledger.ErrClosed)
			return
		}
		page, err := next()
		if err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		for _, e := range page {
			if err := ctx.Err(); err != nil {
				yield(ledger.Entry{}, fmt.Errorf("sqlledger: %w", err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if len(page) < pageEntries {
			return
		}
	}
}

// Last returns the anchor of the last entry that is known to be durable, be it another process's; ok is false while there is
// none. Others' entries are known a moment after their commit with Options.Listen, and else after Options.Poll.
func (l *Ledger) Last() (last ledger.Anchor, ok bool) {
	end := l.store.end()
	if end.next == 0 {
		return ledger.Anchor{}, false
	}
	return ledger.Anchor{Index: end.next - 1, Time: end.last}, true
}

// Wait returns once the ledger is known to have at least entries entries, whoever appended them. Errors: the context's, and
// [ledger.ErrClosed].
func (l *Ledger) Wait(ctx context.Context, entries uint64) error {
	for {
		next, changed := l.store.watch()
		switch {
		case l.closed.Load():
			return ledger.ErrClosed
		case next >= entries:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("sqlledger: wait: %w", ctx.Err())
		}
	}
}
