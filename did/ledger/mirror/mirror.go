package mirror

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
)

// Source is where the log is published.
type Source = witness.Source

// A Replica is the ledger that entries are imported into, as boltledger and memledger have it. Nobody else writes to it.
type Replica interface {
	tlog.Source
	ledger.Importer
}

// Options of [Open] and [OpenArchive]; nil means the defaults.
type Options struct {
	// Cosigner is about the state of the cosigner: whether it may be made, or forgotten, and limits of its handler. Its Clock is ignored.
	Cosigner *witness.Options

	Clock   func() time.Time // default time.Now
	MaxSkew time.Duration    // default DefaultMaxSkew

	Interval time.Duration // between looks at what is published, in Run; default 1 s

	// OnError is told what went wrong in Run, a *Fault among others, each time it does.
	OnError func(error)
	// OnGap is told of epochs that are further apart than MaxSkew: the time of the earlier one, and of the later.
	OnGap func(from, to time.Time)
}

func (o *Options) filled() Options {
	var f Options
	if o != nil {
		f = *o
	}
	if f.Clock == nil {
		f.Clock = time.Now
	}
	if f.MaxSkew <= 0 {
		f.MaxSkew = DefaultMaxSkew
	}
	if f.Interval <= 0 {
		f.Interval = time.Second
	}
	if f.OnError == nil {
		f.OnError = func(error) {}
	}
	if f.OnGap == nil {
		f.OnGap = func(time.Time, time.Time) {}
	}
	var c witness.Options
	if f.Cosigner != nil {
		c = *f.Cosigner
	}
	c.Clock = f.Clock
	f.Cosigner = &c
	return f
}

// A Mirror is a replica of a log that executes everything again. It is a [ledger.Ledger] to which nothing can be appended, with
// all that a resolver asks of one, a [witness.Cosigner], and an http.Handler that serves both the log's files and
// add-checkpoint. It is safe for concurrent use.
type Mirror struct {
	dir     string
	src     Source
	replica Replica
	red     ledger.HeadReducer
	trust   proof.Trust
	opt     Options

	store    *tlog.Store
	limits   limits
	target   *target
	cosigner *witness.Server // nil without a signer
	handler  http.Handler

	turn   chan struct{} // one token; whoever has it may use what follows
	batch  *tlog.Batch   // sealed and not published; or nil
	latest []byte        // what the source showed last, if it was published here

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	closed atomic.Bool

	mu      sync.Mutex
	changed chan struct{} // closed with each publication
	own     cosigned
	proving selected
}

// limits, which only tests change.
type limits struct{ entries, bytes, unpublished int }

// cosigned is what this mirror cosigned last.
type cosigned struct {
	size  uint64
	lines []byte
}

var (
	_ ledger.Ledger    = (*Mirror)(nil)
	_ ledger.Follower  = (*Mirror)(nil)
	_ ledger.Stater    = (*Mirror)(nil)
	_ ledger.Prover    = (*Mirror)(nil)
	_ witness.Cosigner = (*Mirror)(nil)
)

// ErrReadOnly is returned by Append: entries come from the log. It is final.
var ErrReadOnly = fmt.Errorf("%w: mirror: read-only", ledger.ErrInvalid)

// Open opens the mirror in directory dir, which it makes if there is none. src is where the log is published; replica has been opened
// with red, and stays the caller's to close, after the Mirror; trust names the log, and the quorum without which a checkpoint is held
// but not published. signer is of a cosignature type; nil is a mirror that does not cosign.
//
// Errors: those of [tlog.OpenStore] and [witness.NewServer]; [proof.ErrTrust]; [ledger.ErrCorrupt].
func Open(dir string, src Source, replica Replica, red ledger.HeadReducer, trust *proof.Trust, signer *proof.NoteSigner, opt *Options) (_ *Mirror, err error) {
	if src == nil || replica == nil || red == nil {
		return nil, errors.New("mirror: open: no source, no replica, or no reducer")
	}
	if err := trust.Check(); err != nil {
		return nil, err
	}
	m := &Mirror{
		dir: dir, src: src, replica: replica, red: red, trust: *trust, opt: opt.filled(),
		turn: make(chan struct{}, 1), changed: make(chan struct{}), limits: limits{MaxEpochEntries, MaxEpochBytes, unpublishedEpochs},
	}
	m.turn <- struct{}{}
	m.ctx, m.cancel = context.WithCancel(context.Background())
	if m.store, err = tlog.OpenStore(filepath.Join(dir, "tlog"), &tlog.StoreOptions{Origin: trust.Origin}); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	if m.target, err = openTarget(dir, trust.Log, trust.Origin); err != nil {
		return nil, err
	}
	if err := m.begin(m.ctx); err != nil { // now, so that damage is noticed
		return nil, err
	}
	if m.target.c.Size < m.size() {
		return nil, fmt.Errorf("%w: mirror: %s is missing or old: it names %d leaves, and %d are held",
			ledger.ErrCorrupt, targetFile, m.target.c.Size, m.size())
	}
	if err := m.checkReplica(); err != nil {
		return nil, err
	}
	if signer != nil {
		l := witness.Log{Key: trust.Log, Origin: trust.Origin, Source: src, Hold: m.hold}
		if m.cosigner, err = witness.NewServer(filepath.Join(dir, "cosigner"), signer, []witness.Log{l}, m.opt.Cosigner); err != nil {
			return nil, err
		}
	}
	m.handler = m.newHandler()
	return m, nil
}

// checkReplica compares the last entry of the published log with the replica's.
func (m *Mirror) checkReplica() error {
	need := m.store.Entries()
	if m.batch != nil {
		need = m.batch.Entries()
	}
	have := uint64(0)
	if last, ok := m.replica.Last(); ok {
		have = last.Index + 1
	}
	if have < need {
		return fmt.Errorf("%w: mirror: the replica has %d entries, and the log that is held has %d", ledger.ErrCorrupt, have, need)
	}
	last, ok := m.store.Published()
	if !ok || last.Entries == 0 {
		return nil
	}
	leaf, _, _, err := m.store.ProveEntry(last.Entries - 1)
	if err != nil {
		return err
	}
	e, err := proof.ParseEntryLeaf(leaf)
	if err != nil {
		return fmt.Errorf("%w: mirror: %w", ledger.ErrCorrupt, err)
	}
	return m.same(m.ctx, []ledger.Entry{entryOf(e)})
}

// Close ends what is under way and lets go of the directory. The replica stays open.
func (m *Mirror) Close() error {
	if m.closed.Swap(true) {
		return nil
	}
	m.cancel()
	var err error
	if m.cosigner != nil {
		err = m.cosigner.Close()
	}
	<-m.turn // and nobody gets it again
	m.drop()
	m.announce()
	return errors.Join(err, m.store.Close())
}

// take waits for the turn.
func (m *Mirror) take(ctx context.Context) error {
	select {
	case <-m.ctx.Done():
		return ledger.ErrClosed
	default:
	}
	select {
	case <-m.turn:
		return nil
	case <-ctx.Done():
		return unavailable(ctx.Err())
	case <-m.ctx.Done():
		return ledger.ErrClosed
	}
}

func (m *Mirror) release() { m.turn <- struct{}{} }

// drop discards the batch. What it sealed is sealed again by begin.
func (m *Mirror) drop() {
	if m.batch != nil {
		m.batch.Discard()
		m.batch = nil
	}
}

// Store returns the directory of the log's files and map, to check it.
func (m *Mirror) Store() *tlog.Store { return m.store }

// Name returns the name of the key by which the mirror cosigns; empty without one.
func (m *Mirror) Name() string {
	if m.cosigner == nil {
		return ""
	}
	return m.cosigner.Name()
}

// Append returns [ErrReadOnly].
func (m *Mirror) Append(context.Context, string, uint64, []byte) (ledger.Entry, error) {
	return ledger.Entry{}, ErrReadOnly
}

// History implements [ledger.Ledger]. It may show entries that the published checkpoint does not cover yet.
func (m *Mirror) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return m.replica.History(ctx, key, from)
}

// Follow implements [ledger.Follower], likewise.
func (m *Mirror) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return m.replica.Follow(ctx, from)
}

// State implements [ledger.Stater], likewise.
func (m *Mirror) State(ctx context.Context, key string) (state []byte, seq uint64, err error) {
	return m.replica.State(ctx, key)
}

// Last returns the anchor of the last entry that is held.
func (m *Mirror) Last() (last ledger.Anchor, ok bool) { return m.replica.Last() }

// Run follows the log until ctx ends or the mirror is closed, and returns why.
func (m *Mirror) Run(ctx context.Context) error {
	return poll(ctx, m.ctx, &m.opt, m.Sync)
}

// poll calls sync again and again, less often while it fails.
func poll(ctx, closing context.Context, opt *Options, sync func(context.Context) error) error {
	const slowest = 32 // intervals
	wait := opt.Interval
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-closing.Done():
			return ledger.ErrClosed
		case <-timer.C:
		}
		switch err := sync(ctx); {
		case err == nil || errors.Is(err, os.ErrNotExist): // nothing is published yet
			wait = opt.Interval
		case ctx.Err() == nil && closing.Err() == nil:
			opt.OnError(err)
			wait = min(2*wait, slowest*opt.Interval)
		}
		timer.Reset(wait)
	}
}
