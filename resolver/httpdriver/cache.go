package httpdriver

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did"
)

// answer is an encoded answer. It is fixed once it is made, apart from used and slot.
type answer struct {
	key    answerKey
	status int
	body   []byte
	etag   string
	until  time.Time // until then it may be given again
	proved bool      // it has all that it could have, so that it may be kept

	contentType, etagHeader, length []string // ready for a header

	used atomic.Bool // since the hand last passed
	slot int         // in the ring
}

// answerKey says what an answer is to: the newest state of a DID, in a variant.
type answerKey struct {
	id      did.DID
	variant variant
}

// weight is about how many bytes the answer takes.
func (a *answer) weight() int { return 512 + len(a.body) + len(a.key.id.String()) }

const cacheShards = 16

// cache keeps answers, at most so many bytes of them. Room is made by the clock algorithm. Questions for the same answer at
// the same time become one.
type cache struct {
	seed   maphash.Seed
	shards [cacheShards]cacheShard
}

type cacheShard struct {
	mu      sync.RWMutex
	answers map[answerKey]*answer
	ring    []*answer
	hand    int
	bytes   int
	limit   int
	flights map[answerKey]*flight
	forgets uint64 // counts forget, so that an answer to an older question is not kept
}

// flight is a question under way.
type flight struct {
	done   chan struct{}
	answer *answer // set before done is closed; nil: whoever asked gave up, or failed
	err    error
}

func newCache(limit int) *cache {
	c := &cache{seed: maphash.MakeSeed()}
	for i := range c.shards {
		c.shards[i] = cacheShard{answers: map[answerKey]*answer{}, flights: map[answerKey]*flight{}, limit: limit / cacheShards}
	}
	return c
}

func (c *cache) shard(id did.DID) *cacheShard {
	return &c.shards[maphash.String(c.seed, id.String())%cacheShards]
}

// get returns the answer if it is kept and may still be given.
func (c *cache) get(k answerKey, now time.Time) *answer {
	s := c.shard(k.id)
	s.mu.RLock()
	a := s.answers[k]
	s.mu.RUnlock()
	if a == nil || !now.Before(a.until) {
		return nil
	}
	if !a.used.Load() {
		a.used.Store(true)
	}
	return a
}

// forget drops what is kept about id, and sees to it that answers to questions under way are not kept.
func (c *cache) forget(id did.DID) {
	s := c.shard(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgets++
	for v := range variants {
		k := answerKey{id, v}
		delete(s.flights, k)
		if a := s.answers[k]; a != nil {
			s.remove(a)
		}
	}
}

// do returns the answer that ask gives, or that somebody else's ask gives who put the question a moment ago. It asks in
// the caller's goroutine; if the one who asks fails because its own context ended, another of those who wait asks.
func (c *cache) do(ctx context.Context, k answerKey, now time.Time, ask func(context.Context) (*answer, error)) (*answer, error) {
	s := c.shard(k.id)
	for {
		s.mu.Lock()
		if a := s.answers[k]; a != nil && now.Before(a.until) { // since the caller looked
			s.mu.Unlock()
			return a, nil
		}
		f := s.flights[k]
		if f == nil {
			f = &flight{done: make(chan struct{})}
			s.flights[k] = f
			forgets := s.forgets
			s.mu.Unlock()
			return c.lead(ctx, s, k, f, forgets, ask)
		}
		s.mu.Unlock()
		select {
		case <-f.done:
			if f.answer != nil || f.err != nil {
				return f.answer, f.err
			}
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

func (c *cache) lead(ctx context.Context, s *cacheShard, k answerKey, f *flight, forgets uint64, ask func(context.Context) (*answer, error)) (*answer, error) {
	var a *answer
	var err error
	defer func() { // also if ask panics
		s.mu.Lock()
		if s.flights[k] == f {
			delete(s.flights, k)
		}
		if a != nil && a.proved && s.forgets == forgets {
			s.put(a)
		}
		s.mu.Unlock()
		if ctx.Err() == nil || err == nil {
			f.answer, f.err = a, err
		}
		close(f.done)
	}()
	a, err = ask(ctx)
	return a, err
}

// keep puts an answer that was asked for outside do.
func (c *cache) keep(a *answer, forgets uint64) {
	s := c.shard(a.key.id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.proved && s.forgets == forgets {
		s.put(a)
	}
}

func (c *cache) forgets(id did.DID) uint64 {
	s := c.shard(id)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.forgets
}

func (s *cacheShard) put(a *answer) {
	if old := s.answers[a.key]; old != nil {
		if a.until.Before(old.until) {
			return // the answer to a later question is there
		}
		s.remove(old)
	}
	w := a.weight()
	if w > s.limit {
		return
	}
	for s.bytes+w > s.limit {
		s.evict()
	}
	a.slot = len(s.ring)
	s.ring = append(s.ring, a)
	s.answers[a.key] = a
	s.bytes += w
}

func (s *cacheShard) evict() {
	for {
		s.hand %= len(s.ring)
		a := s.ring[s.hand]
		if !a.used.Load() {
			s.remove(a)
			return
		}
		a.used.Store(false)
		s.hand++
	}
}

func (s *cacheShard) remove(a *answer) {
	last := s.ring[len(s.ring)-1]
	s.ring[a.slot], last.slot = last, a.slot
	s.ring[len(s.ring)-1] = nil
	s.ring = s.ring[:len(s.ring)-1]
	s.bytes -= a.weight()
	delete(s.answers, a.key)
}
