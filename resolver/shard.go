package resolver

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did"
)

// entry is one remembered answer. All but used, tried and slot is fixed once it is in a shard.
type entry struct {
	id                 did.DID
	res                *did.Resolution
	err                error
	asked              time.Time // when the question was put
	from, until, stale time.Time // fresh from, fresh until, answers while the source fails until
	weight             int
	tried              atomic.Int64 // when the source was last asked past the cache, in nanoseconds; 0: not since
	used               atomic.Bool  // since the hand last passed
	slot               int          // in the ring
}

// freshAt also refuses times before the answer came, so that a clock that is set back does not lengthen its life.
func (e *entry) freshAt(t time.Time) bool { return !t.Before(e.from) && t.Before(e.until) }

// temporary tells an entry that holds no answer.
func (e *entry) temporary() bool { return e.err != nil && did.AsError(e.err).Temporary() }

// refused tells an entry that says nothing of the DID: the question was one that the source does not take.
func (e *entry) refused() bool {
	return e.err != nil && did.AsError(e.err).Code == did.FeatureNotSupported
}

// shard is a part of the cache with its own lock. Room is made by the clock algorithm: a hand goes round a ring of entries,
// spares those that were used since it last passed, and takes the first that was not.
type shard struct {
	mu                  sync.RWMutex
	entries             map[did.DID]*entry
	ring                []*entry
	hand                int
	weight              int
	maxEntries, maxByte int
	flights             map[did.DID]*flight
	purges              atomic.Uint64 // counts purges, so that an answer to an older question is not kept
}

func (s *shard) init(entries, bytes int) {
	s.maxEntries, s.maxByte = entries, bytes
	s.entries, s.flights = map[did.DID]*entry{}, map[did.DID]*flight{}
}

func (s *shard) get(id did.DID) *entry {
	s.mu.RLock()
	e := s.entries[id]
	s.mu.RUnlock()
	if e != nil && !e.used.Load() {
		e.used.Store(true)
	}
	return e
}

// put replaces what is known of e's DID by e, unless there was a purge since the question or what is known is better: an
// answer to a later question, or a document where e is only a temporary failure or a refusal of the question.
func (s *shard) put(e *entry, purges uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.purges.Load() != purges {
		return
	}
	if old := s.entries[e.id]; old != nil {
		if old.asked.After(e.asked) || old.res != nil && (e.temporary() || e.refused()) {
			return
		}
		s.remove(old)
	}
	if e.from.Before(e.until) || e.from.Before(e.stale) {
		s.add(e)
	}
}

func (s *shard) add(e *entry) {
	if e.weight > s.maxByte {
		return
	}
	for len(s.ring) >= s.maxEntries || s.weight+e.weight > s.maxByte {
		s.evict()
	}
	e.slot = len(s.ring)
	s.ring = append(s.ring, e)
	s.entries[e.id] = e
	s.weight += e.weight
}

func (s *shard) evict() {
	for {
		s.hand %= len(s.ring)
		e := s.ring[s.hand]
		if !e.used.Load() {
			s.remove(e)
			return
		}
		e.used.Store(false)
		s.hand++
	}
}

func (s *shard) remove(e *entry) {
	last := s.ring[len(s.ring)-1]
	s.ring[e.slot], last.slot = last, e.slot
	s.ring[len(s.ring)-1] = nil
	s.ring = s.ring[:len(s.ring)-1]
	s.weight -= e.weight
	delete(s.entries, e.id)
}

// staleOr returns the last document, if it may still answer when the source has failed with e, and puts off the next
// question by pause. Otherwise it returns e.
func (s *shard) staleOr(e *entry, pause time.Duration) *entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.entries[e.id]
	if old == nil || old.res == nil || e.from.Before(old.from) || !e.from.Before(old.stale) {
		return e
	}
	again := &entry{
		id: old.id, res: old.res, asked: old.asked, from: e.from, until: earlier(e.from.Add(pause), old.stale),
		stale: old.stale, weight: old.weight,
	}
	again.tried.Store(old.tried.Load())
	s.remove(old)
	s.add(again)
	return again
}

func (s *shard) purge(id did.DID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purges.Add(1)
	delete(s.flights, id)
	if e := s.entries[id]; e != nil {
		s.remove(e)
	}
}

func (s *shard) purgeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purges.Add(1)
	clear(s.flights)
	clear(s.entries)
	s.ring, s.hand, s.weight = nil, 0, 0
}

// weigh returns about how many bytes an answer takes.
func weigh(res *did.Resolution) int {
	n := 256
	text := func(list ...string) {
		for _, s := range list {
			n += 16 + len(s)
		}
	}
	members := func(list []did.Member) {
		for _, m := range list {
			text(m.Name, m.JSON)
		}
	}
	method := func(m *did.VerificationMethod) {
		n += 512 // the struct and the parsed key
		text(m.ID.String(), m.Controller.String(), m.Type)
		members(m.Extra)
	}
	d := res.Document
	text(d.Context...)
	text(d.AlsoKnownAs...)
	for _, c := range d.Controller {
		text(c.String())
	}
	for i := range d.VerificationMethod {
		method(&d.VerificationMethod[i])
	}
	for i := range res.Removed {
		method(&res.Removed[i].VerificationMethod)
	}
	for _, s := range d.Service {
		text(s.ID.String())
		text(s.Type...)
		for _, e := range s.Endpoint {
			text(e.URI, e.Object)
		}
		members(s.Extra)
	}
	members(d.Extra)
	return n
}
