package tlog

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// Defaults of [Options].
const (
	DefaultInterval   = time.Second
	DefaultHeartbeat  = time.Minute
	DefaultMaxEntries = 1 << 14
	DefaultTimeout    = 10 * time.Second
)

// Options of [Open]; nil means the defaults.
type Options struct {
	Clock ledger.Clock // for epochs; default time.Now. Use the ledger's

	Interval  time.Duration // between epochs while the ledger grows
	Heartbeat time.Duration // between epochs while it does not, so that proofs do not grow old

	// MaxEntries is how many entries an epoch has at most, which bounds memory: they are held until it is published.
	MaxEntries int

	Cosigners []Cosigner    // who is asked
	Timeout   time.Duration // how long they are waited for: first all for the quorum, then those that are late

	// OnError is told why an epoch was not sealed or published, which is tried again, and which cosigner failed. It may be
	// called from several goroutines at once. nil: nobody is told.
	OnError func(error)

	fault  func(step string) error // for tests
	manual bool                    // nothing is sealed but by Seal: for tests
	noSync bool                    // nothing is made durable: for tests
}

// A Log is a ledger that proves itself: it passes everything on to the ledger beneath, seals epochs in the background and
// proves what stands at a key. It is a [ledger.Ledger], [ledger.Follower], [ledger.Stater], [ledger.Prover], and a
// [ledger.Importer] as far as the ledger beneath is one. It is safe for concurrent use.
type Log struct {
	lg     Source
	store  *Store
	signer *proof.NoteSigner
	trust  proof.Trust
	opt    Options
	cut    cutter
	peers  []*peer

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	work   sync.WaitGroup
	wake   chan struct{} // something was appended
	turn   chan struct{} // held by who seals
	batch  *Batch        // sealed and not published; of who holds turn
	closed atomic.Bool

	mu      sync.Mutex
	changed chan struct{} // closed with each publication
	proving selected
}

var (
	_ ledger.Ledger   = (*Log)(nil)
	_ ledger.Follower = (*Log)(nil)
	_ ledger.Stater   = (*Log)(nil)
	_ ledger.Prover   = (*Log)(nil)
	_ ledger.Importer = (*Log)(nil)
)

// Open makes lg verifiable, with a [Store] in directory dir. signer is the log's key, and trust names it, the origin, who cosigns, and the
// quorum without which nothing is published. red must be what lg was opened with. The caller closes lg, after the Log.
//
// Errors: those of [OpenStore], [proof.ErrTrust], and [ledger.ErrCorrupt] if lg is not the ledger that the log was made of, or
// has lost entries since.
func Open(lg Source, dir string, signer *proof.NoteSigner, trust *proof.Trust, red ledger.HeadReducer, opt *Options) (*Log, error) {
	if lg == nil || red == nil {
		return nil, errors.New("tlog: open: no ledger, or no reducer")
	}
	if err := trust.Check(); err != nil {
		return nil, err
	}
	if !signer.Verifier().Equal(trust.Log) {
		return nil, fmt.Errorf("%w: tlog: the signer's key is not the log's", proof.ErrTrust)
	}
	l := &Log{
		lg: lg, signer: signer, trust: *trust, cut: cutter{lg: lg, red: red},
		wake: make(chan struct{}, 1), turn: make(chan struct{}, 1), changed: make(chan struct{}),
	}
	l.options(opt)
	store, err := OpenStore(dir, &StoreOptions{Origin: trust.Origin, disk: disk{l.opt.noSync}, fault: l.opt.fault})
	if err != nil {
		return nil, err
	}
	l.store = store
	l.ctx, l.cancel = context.WithCancel(context.Background())
	if err := l.checkSource(); err != nil {
		return nil, errors.Join(err, store.Close())
	}
	if last, ok := store.Published(); ok {
		for _, p := range l.peers {
			p.size = last.Size + 1 // most likely
		}
	}
	if !l.opt.manual {
		l.work.Go(l.run)
	}
	return l, nil
}

func (l *Log) options(opt *Options) {
	if opt != nil {
		l.opt = *opt
	}
	o := &l.opt
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Interval <= 0 {
		o.Interval = DefaultInterval
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = DefaultHeartbeat
	}
	if o.MaxEntries <= 0 {
		o.MaxEntries = DefaultMaxEntries
	}
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	for _, c := range o.Cosigners {
		l.peers = append(l.peers, &peer{Cosigner: c, turn: make(chan struct{}, 1)})
	}
}

// checkSource compares the last entry of the log with the ledger's.
func (l *Log) checkSource() error {
	s := l.store
	n := s.Entries()
	if have := l.length(); have < n {
		return corrupt("the ledger has %d entries, and the log has published %d", have, n)
	}
	if n == 0 {
		return nil
	}
	want, err := s.readEntry(n-1, s.tip.epochs, s.Size())
	if err != nil {
		return err
	}
	for e, err := range l.lg.Follow(l.ctx, n-1) {
		if err != nil {
			return err
		}
		if e.Key == want.Key && e.Seq == want.Seq && e.Anchor.Time.Unix() == want.Time && string(e.Op) == string(want.Op) {
			return nil
		}
		break
	}
	return corrupt("entry %d of the ledger is not the one in the log", n-1)
}

// length returns the number of entries that the ledger has.
func (l *Log) length() uint64 {
	last, ok := l.lg.Last()
	if !ok {
		return 0
	}
	return last.Index + 1
}

// Store returns the directory, to serve its files or check it.
func (l *Log) Store() *Store { return l.store }

// Close ends sealing and lets go of the directory. What is sealed and not published stays so for the next Open. What is called afterwards
// returns [ledger.ErrClosed]. The ledger beneath stays open.
func (l *Log) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	l.cancel()
	l.turn <- struct{}{} // who has it, gives it back now
	defer func() { <-l.turn }()
	l.work.Wait()
	if l.batch != nil {
		l.batch.Discard()
		l.batch = nil
	}
	l.announce()
	return l.store.Close()
}

// Append implements [ledger.Ledger]. The entry is durable when it returns, and proven with one of the next epochs.
func (l *Log) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	if l.closed.Load() {
		return ledger.Entry{}, ledger.ErrClosed
	}
	e, err := l.lg.Append(ctx, key, seq, op)
	if err == nil {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return e, err
}

// History implements [ledger.Ledger].
func (l *Log) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	if l.closed.Load() {
		return closedFeed
	}
	return l.lg.History(ctx, key, from)
}

// Follow implements [ledger.Follower].
func (l *Log) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	if l.closed.Load() {
		return closedFeed
	}
	return l.lg.Follow(ctx, from)
}

func closedFeed(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, ledger.ErrClosed) }

// State implements [ledger.Stater].
func (l *Log) State(ctx context.Context, key string) (state []byte, seq uint64, err error) {
	if l.closed.Load() {
		return nil, 0, ledger.ErrClosed
	}
	return l.lg.State(ctx, key)
}

// Last returns the anchor of the last durable entry of the ledger; ok is false while there is none.
func (l *Log) Last() (last ledger.Anchor, ok bool) { return l.lg.Last() }

// Import implements [ledger.Importer] if the ledger beneath does; else it returns errors.ErrUnsupported.
func (l *Log) Import(ctx context.Context, entries []ledger.Entry) error {
	if l.closed.Load() {
		return ledger.ErrClosed
	}
	im, ok := l.lg.(ledger.Importer)
	if !ok {
		return fmt.Errorf("tlog: import: the ledger beneath cannot: %w", errors.ErrUnsupported)
	}
	return im.Import(ctx, entries)
}
