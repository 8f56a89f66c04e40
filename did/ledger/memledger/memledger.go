// Package memledger is a ledger in memory: for tests, for programs that need no durability, and as the plainest
// example of a backend.
package memledger

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// Options of [New]; nil means the defaults.
type Options struct {
	Clock ledger.Clock // for anchors; default time.Now
}

// A Ledger keeps everything in memory. "Durable" means until the last reference to it is gone; it needs no Close.
// It is a [ledger.Ledger], [ledger.Follower], [ledger.Stater] and [ledger.Importer].
type Ledger struct {
	sequencer *ledger.Sequencer
	store     store
}

var (
	_ ledger.Ledger   = (*Ledger)(nil)
	_ ledger.Follower = (*Ledger)(nil)
	_ ledger.Stater   = (*Ledger)(nil)
	_ ledger.Importer = (*Ledger)(nil)
)

// New returns an empty ledger. A nil reducer accepts every operation: only for a ledger that nobody else can write to.
func New(reducer ledger.Reducer, opt *Options) *Ledger {
	if opt == nil {
		opt = &Options{}
	}
	l := &Ledger{store: store{keys: make(map[string]*sequence)}}
	l.sequencer = ledger.NewSequencer(&l.store, reducer, opt.Clock, 0, time.Time{})
	return l
}

// Append implements [ledger.Ledger].
func (l *Ledger) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	return l.sequencer.Append(ctx, key, seq, op)
}

// Last returns the anchor of the last entry; ok is false while there is none.
func (l *Ledger) Last() (last ledger.Anchor, ok bool) { return l.sequencer.Last() }

// Import implements [ledger.Importer].
func (l *Ledger) Import(ctx context.Context, entries []ledger.Entry) error {
	return l.sequencer.Import(ctx, entries)
}

// History implements [ledger.Ledger].
func (l *Ledger) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		if err := ledger.CheckKey(key); err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		each(ctx, yield, func(i uint64) (ledger.Entry, bool) { return l.store.at(key, from+i) })
	}
}

// Follow implements [ledger.Follower].
func (l *Ledger) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		each(ctx, yield, func(i uint64) (ledger.Entry, bool) { return l.store.index(from + i) })
	}
}

// State implements [ledger.Stater].
func (l *Ledger) State(ctx context.Context, key string) (state []byte, seq uint64, err error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, 0, err
	}
	h, err := l.store.Head(key)
	return bytes.Clone(h.State), h.Length, err
}

func each(ctx context.Context, yield func(ledger.Entry, error) bool, get func(i uint64) (ledger.Entry, bool)) {
	for i := uint64(0); ; i++ {
		if err := ctx.Err(); err != nil {
			yield(ledger.Entry{}, fmt.Errorf("memledger: %w", err))
			return
		}
		e, ok := get(i)
		if !ok || !yield(e, nil) {
			return
		}
	}
}

// store is the [ledger.Store] of a Ledger.
type store struct {
	mu   sync.RWMutex
	all  []ledger.Entry // by index
	keys map[string]*sequence
}

type sequence struct {
	entries []uint64 // indexes
	state   []byte
}

func (s *store) Head(key string) (ledger.Head, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	q := s.keys[key]
	if q == nil {
		return ledger.Head{}, nil
	}
	return ledger.Head{Length: uint64(len(q.entries)), State: q.state}, nil
}

func (s *store) Read(key string, seq uint64) (ledger.Entry, error) {
	e, _ := s.at(key, seq)
	return e, nil
}

func (s *store) Commit(batch []ledger.Admitted) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range batch {
		q := s.keys[a.Entry.Key]
		if q == nil {
			q = &sequence{}
			s.keys[a.Entry.Key] = q
		}
		q.entries = append(q.entries, a.Entry.Anchor.Index)
		q.state = append([]byte{}, a.State...) // never nil: nil means a new key
		a.Entry.Op = bytes.Clone(a.Entry.Op)
		s.all = append(s.all, a.Entry)
	}
	return nil
}

func (s *store) at(key string, seq uint64) (ledger.Entry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if q := s.keys[key]; q != nil && seq < uint64(len(q.entries)) {
		return s.copy(q.entries[seq]), true
	}
	return ledger.Entry{}, false
}

func (s *store) index(i uint64) (ledger.Entry, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if i < uint64(len(s.all)) {
		return s.copy(i), true
	}
	return ledger.Entry{}, false
}

func (s *store) copy(i uint64) ledger.Entry {
	e := s.all[i]
	e.Op = bytes.Clone(e.Op)
	return e
}
