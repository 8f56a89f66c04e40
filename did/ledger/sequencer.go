package ledger

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Store is what a backend with a single writer supplies to a [Sequencer]. Head and Read are called from many
// goroutines at once, also during a Commit; Commit is called by one at a time.
type Store interface {
	// Head returns what stands durably at key; the zero Head for a new key.
	Head(key string) (Head, error)
	// Read returns a durable entry below the Head's length.
	Read(key string, seq uint64) (Entry, error)
	// Commit stores batch, all of it or nothing, and returns once it is durable. Indexes go on from the last commit
	// without gaps, and no key occurs twice. Commit keeps no slice of the batch. After an error, Head must tell what
	// really stands. A store that others write to as well compares the batch's first index with its length when it stores
	// the batch, and returns a [*MovedError] if they differ.
	Commit(batch []Admitted) error
}

// A Head is the end of a key's sequence.
type Head struct {
	Length uint64
	State  []byte // by the Reducer
}

// An Admitted entry has passed all checks and waits to be stored.
type Admitted struct {
	Entry Entry
	State []byte // what the Reducer made of it
}

// maxBatch bounds one Commit, and with it the time that an append can wait behind others.
const maxBatch = 1024

// gatherShare bounds how long a commit waits for company: to this part of the time that the one before took.
const gatherShare = 4

// A Sequencer is the Append of a backend with a single writer: it checks limits, compares seq with the length, gives
// anchors, asks the [Reducer] and commits in groups. Appends to one key go one after the other; of different keys, the
// Reducer runs on all processors while the previous group is being stored.
//
// Anchors are given before the Reducer runs, because it sees them, and have no gaps, so a refusal moves the last
// operation of its group into the place that has become free and reduces that one again.
//
// The store may have other writers. Whoever loses the race for an index is told so by its Commit ([*MovedError]), looks at
// the keys again and decides anew; [Sequencer.Moved] tells of others' entries before that happens.
type Sequencer struct {
	store   Store
	reducer Reducer // or nil
	clock   Clock
	keys    keyLocks
	running sync.WaitGroup
	took    time.Duration // by the last Commit
	width   int           // appends that were waiting when it ended, those in it included

	mu         sync.Mutex
	idle       *sync.Cond   // told when admitting, committing or importing ends
	queued     []*admission // wait for an anchor and the Reducer
	ready      []*admission // wait for Commit, in the order of the index
	admitting  bool         // a goroutine is in admit
	committing bool         // a goroutine is in commit
	storing    bool         // it is in the store's Commit
	importing  bool         // nothing is admitted until Import is done
	failures   int          // commits that failed, and moves
	moves      int          // how often others were found to have appended
	told       MovedError   // what Moved was told during a commit
	next       uint64       // index after the last in ready
	last       time.Time    // time of the last in ready
	durable    Anchor       // of the last committed entry, if stored > 0
	stored     uint64       // entries committed
	closed     bool
}

type admission struct {
	Admitted
	ctx     context.Context
	head    Head
	moves   int  // those known before head was read
	settled bool // Entry stood there already, or err says what does
	err     error
	done    chan struct{}
}

// NewSequencer returns a Sequencer over a store that holds next entries, the last of which has the time last.
// A nil reducer accepts everything. A nil clock is time.Now.
func NewSequencer(store Store, reducer Reducer, clock Clock, next uint64, last time.Time) *Sequencer {
	if clock == nil {
		clock = time.Now
	}
	s := &Sequencer{store: store, reducer: reducer, clock: clock, next: next, last: last, stored: next}
	s.idle = sync.NewCond(&s.mu)
	if next > 0 {
		s.durable = Anchor{Index: next - 1, Time: last}
	}
	return s
}

// Append is the Append of [Ledger].
func (s *Sequencer) Append(ctx context.Context, key string, seq uint64, op []byte) (Entry, error) {
	if err := CheckKey(key); err != nil {
		return Entry{}, err
	}
	if err := CheckOp(op); err != nil {
		return Entry{}, err
	}
	if err := ctx.Err(); err != nil {
		return Entry{}, fmt.Errorf("ledger: append: %w", err)
	}
	if err := s.keys.lock(ctx, key); err != nil {
		return Entry{}, fmt.Errorf("ledger: append: %w", err)
	}
	moves := s.known()
	head, err := s.head(ctx, key)
	if err == nil && seq != head.Length {
		var e Entry
		e, err = s.occupied(key, seq, op, head.Length)
		s.keys.unlock(key)
		return e, err
	}
	a := &admission{ctx: ctx, head: head, moves: moves, done: make(chan struct{})}
	a.Entry = Entry{Key: key, Seq: seq, Op: bytes.Clone(op)}
	if err == nil {
		err = s.enqueue(a)
	}
	if err != nil {
		s.keys.unlock(key)
		return Entry{}, err
	}
	select {
	case <-a.done: // the key is unlocked
		if a.err != nil {
			return Entry{}, a.err
		}
		return a.Entry, nil
	case <-ctx.Done():
		return Entry{}, fmt.Errorf("ledger: append: not waited for the end: %w", ctx.Err())
	}
}

// occupied answers an append at a place that is taken or beyond the end.
func (s *Sequencer) occupied(key string, seq uint64, op []byte, length uint64) (Entry, error) {
	conflict := &ConflictError{Seq: seq, Length: length}
	if seq > length {
		return Entry{}, conflict
	}
	e, err := s.store.Read(key, seq)
	if err != nil {
		return Entry{}, err
	}
	if bytes.Equal(e.Op, op) {
		return e, nil
	}
	conflict.Entry = e
	return Entry{}, conflict
}

// Last returns the anchor of the last durable entry; ok is false while there is none.
func (s *Sequencer) Last() (last Anchor, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.durable, s.stored > 0
}

// Close lets no further append in and waits for those under way. Afterwards the store is not used any more by Append
// except for Head and Read.
func (s *Sequencer) Close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
}

func (s *Sequencer) enqueue(a *admission) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.queued = append(s.queued, a)
	s.startAdmit()
	return nil
}

// startAdmit and startCommit run with s.mu held. The two goroutines live only while there is work.
func (s *Sequencer) startAdmit() {
	if !s.admitting && !s.importing && len(s.queued) > 0 {
		s.admitting = true
		s.running.Go(s.admit)
	}
}

func (s *Sequencer) startCommit() {
	if !s.committing && len(s.ready) > 0 {
		s.committing = true
		s.running.Go(s.commit)
	}
}

// admit gives anchors to what is queued, reduces it, and hands it on to commit.
func (s *Sequencer) admit() {
	for {
		s.mu.Lock()
		n := min(len(s.queued), maxBatch)
		if n == 0 || s.importing {
			if n == 0 {
				s.queued = nil
			}
			s.admitting = false
			s.idle.Broadcast()
			s.mu.Unlock()
			return
		}
		batch := s.queued[:n:n]
		s.queued = s.queued[n:]
		failures, moves, next, last := s.failures, s.moves, s.next, s.last
		s.mu.Unlock()

		now := s.clock().UTC().Truncate(time.Second)
		accepted, refused := s.decide(batch, moves, next, now, last)

		s.mu.Lock()
		if s.failures != failures {
			// A commit failed meanwhile and its indexes are free again, or others took some: decide anew.
			s.queued = append(batch, s.queued...)
			s.mu.Unlock()
			continue
		}
		if len(accepted) > 0 {
			s.next, s.last = next+uint64(len(accepted)), now
			s.ready = append(s.ready, accepted...)
			s.startCommit()
		}
		s.mu.Unlock()
		s.finish(refused)
	}
}

// decide splits batch into what may be stored, with anchors from next on, and what may not, with the reason in err, or
// need not.
func (s *Sequencer) decide(batch []*admission, moves int, next uint64, now, last time.Time) (accepted, refused []*admission) {
	s.lookAllAgain(batch, moves)
	s.each(batch, func(i int) {
		a := batch[i]
		switch {
		case a.settled || a.err != nil:
		case a.ctx.Err() != nil:
			a.err = fmt.Errorf("ledger: append: %w", a.ctx.Err())
		case now.Before(last):
			a.err = &ClockError{Now: now, Last: last}
		default:
			s.reduce(a, Anchor{Index: next + uint64(i), Time: now})
		}
	})
	accepted = append(accepted, batch...)
	for i := 0; i < len(accepted); {
		if accepted[i].err == nil && !accepted[i].settled {
			i++
			continue
		}
		refused = append(refused, accepted[i])
		end := len(accepted) - 1
		accepted[i] = accepted[end]
		accepted = accepted[:end]
		if i < end && accepted[i].err == nil && !accepted[i].settled {
			s.reduce(accepted[i], Anchor{Index: next + uint64(i), Time: now})
		}
	}
	return accepted, refused
}

// each calls f for every index of batch, on all processors when the Reducer gives them work.
func (s *Sequencer) each(batch []*admission, f func(i int)) {
	var taken atomic.Int64
	work := func() {
		for i := int(taken.Add(1)) - 1; i < len(batch); i = int(taken.Add(1)) - 1 {
			f(i)
		}
	}
	if s.reducer == nil {
		work()
		return
	}
	var others sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(batch)) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}

func (s *Sequencer) reduce(a *admission, at Anchor) {
	a.Entry.Anchor, a.err = at, nil
	if s.reducer == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			a.err = fmt.Errorf("ledger: append: the reducer panicked: %v", p)
		}
	}()
	r, err := s.reducer.Reduce(a.Entry.Key, a.head.State, a.Entry.Op, at)
	if err != nil {
		a.err = fmt.Errorf("%w: %w", ErrInvalid, err)
		return
	}
	if len(r.State) > MaxStateSize {
		a.err = fmt.Errorf("%w: state of %d bytes, over %d", ErrInvalid, len(r.State), MaxStateSize)
		return
	}
	a.State = r.State
}

// commit stores what is ready, group by group.
func (s *Sequencer) commit() {
	for {
		s.gather()
		s.mu.Lock()
		n := min(len(s.ready), maxBatch)
		batch := s.ready[:n:n]
		s.ready = s.ready[n:]
		if n == 0 {
			s.ready, s.committing = nil, false
			s.idle.Broadcast()
			s.mu.Unlock()
			return
		}
		s.storing = true
		s.mu.Unlock()

		group := make([]Admitted, n)
		for i, a := range batch {
			group[i] = a.Admitted
		}
		begun := time.Now()
		err := s.store.Commit(group)
		s.took = time.Since(begun)

		s.mu.Lock()
		s.storing = false
		s.width = n + len(s.ready) + len(s.queued)
		if err == nil {
			s.durable, s.stored = group[n-1].Entry.Anchor, s.stored+uint64(n)
		} else if err = s.outrun(err, group[0].Entry.Anchor.Index); err == nil {
			s.queued = append(batch, s.queued...)
			batch = nil
			s.startAdmit()
		} else {
			// What was reduced behind this group has anchors that are now too high.
			s.failures++
			s.next, s.last = s.stored, s.durable.Time
			s.requeue()
		}
		s.catchUp()
		s.mu.Unlock()
		for _, a := range batch {
			a.err = err
		}
		s.finish(batch)
	}
}

// gather gives way to appends that are on their way. Those that a commit held up all come back when it ends, one after
// the other, and the first few alone would make a group that costs as much as all. So it waits until there are as many
// as the last commit left behind, but not long if they do not come.
func (s *Sequencer) gather() {
	for begun, limit := time.Now(), s.took/gatherShare; ; runtime.Gosched() {
		s.mu.Lock()
		n := len(s.ready)
		s.mu.Unlock()
		if n >= s.width || n >= maxBatch || time.Since(begun) >= limit {
			return
		}
	}
}

func (s *Sequencer) finish(done []*admission) {
	for _, a := range done {
		s.keys.unlock(a.Entry.Key)
		close(a.done)
	}
}
