package tlogledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
)

// Defaults of Options.
const (
	DefaultInterval  = time.Second
	DefaultHeartbeat = time.Minute
	DefaultTimeout   = 10 * time.Second
)

// Options of Open; nil means the defaults.
type Options struct {
	Clock ledger.Clock // for anchors and epochs; default time.Now

	Interval  time.Duration // between epochs while the ledger grows
	Heartbeat time.Duration // between epochs while it does not, so that proofs do not grow old

	Cosigners []tlog.Cosigner // who is asked to cosign checkpoints
	Timeout   time.Duration   // how long they are waited for

	// OnError is told why an epoch was not sealed or published, which is tried again, and which cosigner failed. It may be
	// called from several goroutines at once. nil: nobody is told.
	OnError func(error)

	// For tests.
	fault    func(stage string) error // fails a commit before anything is added
	often    time.Duration            // between Tessera's own checkpoints, which closing waits for
	quiet    bool                     // no epochs but those of Seal
	bulk     uint64                   // entries from which on a map is built in bulk
	chunk    uint64                   // leaves that are taken into the index at once
	patience time.Duration            // how long Tessera is waited for, at most
	pause    time.Duration            // before pushed back leaves are offered again
}

func (o *Options) filled() Options {
	var out Options
	if o != nil {
		out = *o
	}
	if out.Clock == nil {
		out.Clock = time.Now
	}
	if out.Interval <= 0 {
		out.Interval = DefaultInterval
	}
	if out.Heartbeat <= 0 {
		out.Heartbeat = DefaultHeartbeat
	}
	if out.Timeout <= 0 {
		out.Timeout = DefaultTimeout
	}
	if out.bulk == 0 {
		out.bulk = bulkMap
	}
	if out.chunk == 0 {
		out.chunk = loadChunk
	}
	if out.pause <= 0 {
		out.pause = firstPause
	}
	if out.patience <= 0 {
		out.patience = tessera.DefaultShutdownTimeout
	}
	if out.OnError == nil {
		out.OnError = func(error) {}
	}
	return out
}

// A Ledger is a log of Tessera's with the index and the map that are made of it. It is a ledger.Ledger, Follower, Stater,
// Importer and Prover, and safe for concurrent use.
type Ledger struct {
	*ledger.Sequencer // Append, Import, Last

	opt    Options
	store  *store
	signer *proof.NoteSigner
	trust  proof.Trust
	recent proof.Recent
	end    func(context.Context) error // of the appender, if it is ours
	stop   context.CancelFunc          // ends waiting for the log

	ctx     context.Context
	cancel  context.CancelFunc
	work    sync.WaitGroup
	turn    chan struct{} // held by who seals
	wake    chan struct{}
	closed  atomic.Bool
	closing sync.Once
	failed  error // of Close

	mu        sync.Mutex
	pending   *sealed
	published *published
	changed   chan struct{} // closed by the next publication
}

var (
	_ ledger.Ledger   = (*Ledger)(nil)
	_ ledger.Follower = (*Ledger)(nil)
	_ ledger.Stater   = (*Ledger)(nil)
	_ ledger.Importer = (*Ledger)(nil)
	_ ledger.Prover   = (*Ledger)(nil)
	_ tlog.Source     = (*Ledger)(nil)
)

// Append implements [ledger.Ledger]. The entry is in the log, and readable there, when it returns, and proven with one of the
// next epochs.
func (l *Ledger) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	e, err := l.Sequencer.Append(ctx, key, seq, op)
	if err == nil {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return e, err
}

// Import implements [ledger.Importer].
func (l *Ledger) Import(ctx context.Context, entries []ledger.Entry) error {
	if l.closed.Load() {
		return ledger.ErrClosed
	}
	return l.Sequencer.Import(ctx, entries)
}

// State implements [ledger.Stater].
func (l *Ledger) State(ctx context.Context, key string) (state []byte, seq uint64, err error) {
	if err := l.usable(ctx, key); err != nil {
		return nil, 0, err
	}
	h, err := l.store.Head(key)
	return h.State, h.Length, err
}

func (l *Ledger) usable(ctx context.Context, key string) error {
	if l.closed.Load() {
		return ledger.ErrClosed
	}
	if err := ledger.CheckKey(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("tlogledger: %w", err)
	}
	return nil
}

// History implements [ledger.Ledger]. Each entry is read from the log.
func (l *Ledger) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for seq := from; ; seq++ {
			err := l.usable(ctx, key)
			var e ledger.Entry
			var ok bool
			if err == nil {
				e, ok, err = l.store.at(ctx, key, seq)
			}
			if err != nil {
				yield(ledger.Entry{}, err)
				return
			}
			if !ok || !yield(e, nil) {
				return
			}
		}
	}
}

// Follow implements [ledger.Follower].
func (l *Ledger) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		fail := func(err error) { yield(ledger.Entry{}, err) }
		if l.closed.Load() {
			fail(ledger.ErrClosed)
			return
		}
		end := l.store.end()
		if from >= end.entries {
			if err := ctx.Err(); err != nil {
				fail(fmt.Errorf("tlogledger: %w", err))
			}
			return
		}
		begin, err := l.store.index.position(from)
		if err != nil {
			fail(err)
			return
		}
		for leaf, err := range l.store.log.leaves(ctx, begin, end.size) {
			if err == nil && l.closed.Load() {
				err = ledger.ErrClosed
			}
			if err != nil {
				fail(err)
				return
			}
			e, isEntry, err := parseLeaf(leaf)
			if err == nil && isEntry {
				err = l.store.expect(&e, leaf, from)
				from++
			}
			if err != nil {
				fail(err)
				return
			}
			if isEntry && !yield(e, nil) {
				return
			}
		}
	}
}

// Checkpoint returns the published checkpoint, a signed note with cosignatures; nil while there is none. The caller must not
// change it. Tessera publishes checkpoints of its own beside, which end anywhere and which only it has signed.
func (l *Ledger) Checkpoint() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.published == nil {
		return nil
	}
	return l.published.note
}

// Close waits for appends under way, ends sealing and lets go of the directory. A log that Open was given stays open; if it does not
// answer for a minute, it is not waited for any longer. What is called afterwards returns [ledger.ErrClosed].
func (l *Ledger) Close() error {
	l.closing.Do(func() {
		l.closed.Store(true)
		l.cancel()
		impatient := time.AfterFunc(l.opt.patience, l.stop)
		defer impatient.Stop()
		l.turn <- struct{}{} // who seals, gives it back now
		l.work.Wait()
		l.Sequencer.Close()
		l.stop()
		<-l.turn
		l.announce(nil)
		if l.pending != nil {
			l.pending.staged.Discard()
		}
		if l.end != nil {
			ctx, cancel := context.WithTimeout(context.Background(), l.opt.patience)
			defer cancel()
			l.failed = l.end(ctx)
		}
		l.failed = errors.Join(l.failed, l.store.close())
	})
	return l.failed
}
