package evmledger

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/ethereum/go-ethereum/common"

	"github.com/realdid/realdid/did/ledger"
)

var (
	// ErrReorganised means that a block that was final has been replaced: the chain is not what the Finality of the
	// [Chain] takes it for, or the node lies. Nothing is answered until the node has the block again. If the chain has
	// really changed, the index's directory must be deleted, and what was acknowledged may be lost. It is
	// [ledger.ErrCorrupt].
	ErrReorganised = fmt.Errorf("evmledger: %w: a final block has been replaced", ledger.ErrCorrupt)
	// ErrReadOnly is what Append returns on a ledger without a sender.
	ErrReadOnly = errors.New("evmledger: the ledger was opened for reading")
)

// Options of [Open]; nil means the defaults.
type Options struct {
	// Directory keeps the index between runs; empty for one in memory, which reads the whole chain each time.
	Directory string
	// Linked says that an operation names the one before it, so that the Reducer refuses it in any other place, as that of
	// did:realdid does. Then operations are appended to a key whatever the length of its chain in the contract is, and
	// garbage that strangers put there cannot hold them up. It needs a Reducer. It does not keep garbage out of proofs
	// ([ErrProofSize]); only an operator does.
	Linked bool
	// Range is the most blocks that are asked for at once; default 2000. It is reduced when the node refuses.
	Range uint64
	// Batch is the most operations in a transaction; default 256.
	Batch int
	// Timeout is how long an append may take to be final; default 30 minutes.
	Timeout time.Duration
	// Clock is used to try operations before they are sent; default time.Now. Anchors have the time of the blocks.
	Clock ledger.Clock
}

// A Ledger is one whose operations are in a contract RealdidDirect. It is a [ledger.Ledger], [ledger.Follower] and
// [ledger.Stater], and safe for concurrent use. Any number of them, in any number of processes, may be open on one contract.
type Ledger struct {
	chain   *Chain
	at      Deployment
	sender  *Sender // or nil
	reducer *guard
	index   index
	places  positions
	opt     Options
	keys    keyLocks
	ctx     context.Context // ends with Close
	stop    context.CancelFunc
	running sync.WaitGroup
	syncing chan struct{} // holds one value while nobody reads the chain
	span    uint64        // blocks to ask for; by who reads
	wake    chan struct{} // there is something to settle
	work    chan struct{} // there is something in the queue

	mu       sync.Mutex
	queued   []*pending
	sending  []*pending // in the transaction that is on its way into a block
	settling []*pending // sent, and not yet decided
	most     int        // operations in the next transaction
	broken   error      // by the last reading
	closed   bool
}

var (
	_ ledger.Ledger   = (*Ledger)(nil)
	_ ledger.Follower = (*Ledger)(nil)
	_ ledger.Stater   = (*Ledger)(nil)
)

// Open opens the ledger in the contract RealdidDirect at a place on the chain, whose code it checks, and reads it to the
// newest final block. The code does not show what the contract's creator left in its slots before. Before it reads the first
// time, it looks at the transaction that created the contract, if that is in the block at.Block, an account sent it, and the node has it.
// Otherwise the deployment has to be one's own, or audited (see the package's documentation).
//
// The reducer decides which of the contract's entries count. It may be nil, so that all count, only if the contract has
// an operator. A nil sender opens the ledger for reading. Errors: [ledger.ErrUnavailable], which may pass;
// [ledger.ErrLocked]; [ledger.ErrCorrupt], [ErrReorganised] among it; all others are final.
func Open(ctx context.Context, chain *Chain, at Deployment, reducer ledger.Reducer, sender *Sender, opt *Options) (*Ledger, error) {
	if opt == nil {
		opt = &Options{}
	}
	operator, err := chain.Operator(ctx, Direct, at.Address)
	switch {
	case err != nil:
		return nil, err
	case reducer == nil && operator == (common.Address{}):
		return nil, errors.New("evmledger: open: everybody may write to the contract, and there is no reducer")
	case reducer == nil && opt.Linked:
		return nil, errors.New("evmledger: open: Linked, and no reducer that refuses what does not link")
	case sender != nil && sender.chain.id != chain.id:
		return nil, errors.New("evmledger: open: the sender is of another chain")
	case sender != nil && operator != (common.Address{}) && operator != sender.Address():
		return nil, fmt.Errorf("evmledger: open: the contract's operator is %s, and the sender %s", operator, sender.Address())
	}
	l := &Ledger{
		chain: chain, at: at, sender: sender, reducer: &guard{inner: reducer}, opt: *opt,
		syncing: make(chan struct{}, 1), wake: make(chan struct{}, 1), work: make(chan struct{}, 1),
	}
	l.opt.defaults()
	l.span, l.most = l.opt.Range, l.opt.Batch
	if l.index, l.places, err = openIndex(opt.Directory, chain, at, l.reducer); err != nil {
		return nil, err
	}
	if l.places.cursor().hash == (common.Hash{}) { // nothing of it has been read yet
		if _, err := chain.created(ctx, Direct, operator, at); err != nil {
			return nil, errors.Join(err, closeIndex(l.index, l.places))
		}
	}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.syncing <- struct{}{}
	if err := l.Sync(ctx); err != nil {
		l.stop()
		return nil, errors.Join(err, closeIndex(l.index, l.places))
	}
	l.running.Go(l.read)
	if sender != nil {
		l.running.Go(l.write)
	}
	return l, nil
}

func (o *Options) defaults() {
	if o.Range == 0 {
		o.Range = 2000
	}
	if o.Batch <= 0 {
		o.Batch = 256
	}
	if o.Timeout <= 0 {
		o.Timeout = 30 * time.Minute
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
}

// Close ends the ledger. Appends under way return [ledger.ErrClosed]; what was sent for them may still come to stand.
func (l *Ledger) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	l.closed = true
	l.mu.Unlock()
	l.stop()
	l.running.Wait()
	l.mu.Lock()
	left := append(l.queued, l.settling...)
	l.queued, l.settling = nil, nil
	l.mu.Unlock()
	for _, p := range left {
		l.finish(p, ledger.Entry{}, ledger.ErrClosed)
	}
	<-l.syncing // for ever: nobody reads any more
	return closeIndex(l.index, l.places)
}

// usable says why the ledger answers nothing.
func (l *Ledger) usable() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return ledger.ErrClosed
	}
	return l.broken
}

// Origin names the contract and its chain; see [Origin].
func (l *Ledger) Origin() string { return Origin(l.chain.id, l.at.Address) }

// History implements [ledger.Ledger]. It reads the index, which is as far as the last reading of the chain.
func (l *Ledger) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	if err := l.usable(); err != nil {
		return failed(err)
	}
	return l.index.History(ctx, key, from)
}

// Follow implements [ledger.Follower]. It reads the index, as History does.
func (l *Ledger) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	if err := l.usable(); err != nil {
		return failed(err)
	}
	return l.index.Follow(ctx, from)
}

// State implements [ledger.Stater]. It reads the index, as History does.
func (l *Ledger) State(ctx context.Context, key string) (state []byte, seq uint64, err error) {
	if err := l.usable(); err != nil {
		return nil, 0, err
	}
	return l.index.State(ctx, key)
}

// Last returns the anchor of the last entry in the index; ok is false while there is none.
func (l *Ledger) Last() (last ledger.Anchor, ok bool) { return l.index.Last() }

// Read returns the newest block that has been read, up to which reads answer.
func (l *Ledger) Read() (number uint64) { return l.places.cursor().block }

func failed(err error) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, err) }
}

// guard is the reducer of the index. It turns a panic into a refusal, because whatever stands in the contract has to be
// got past, and remembers what was reduced while it was decided what counts, so that taking that into the index does not
// reduce it again.
type guard struct {
	inner ledger.Reducer // or nil: everything counts
	known map[uint64]ledger.Reduced
}

func (g *guard) Reduce(_ string, _, _ []byte, at ledger.Anchor) (ledger.Reduced, error) {
	r, ok := g.known[at.Index]
	if !ok {
		return ledger.Reduced{}, errors.New("evmledger: an entry that was not reduced")
	}
	return r, nil
}

// decide asks the reducer. Its errors are ledger.ErrInvalid.
func (g *guard) decide(key string, state, op []byte, at ledger.Anchor) (r ledger.Reduced, err error) {
	if g.inner == nil {
		return ledger.Reduced{}, nil
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: the reducer panicked: %v", ledger.ErrInvalid, p)
		}
	}()
	if r, err = g.inner.Reduce(key, state, op, at); err != nil {
		return ledger.Reduced{}, fmt.Errorf("%w: %w", ledger.ErrInvalid, err)
	}
	if len(r.State) > ledger.MaxStateSize {
		return ledger.Reduced{}, fmt.Errorf("%w: state of %d bytes, over %d", ledger.ErrInvalid, len(r.State), ledger.MaxStateSize)
	}
	return r, nil
}
