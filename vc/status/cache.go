package status

import (
	"container/list"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/realdid/realdid/vc"
)

// key is what a list is kept under. A list that serves several issuers is verified, and kept, for each.
type key struct{ issuer, uri string }

// holding is what is known under a key.
type holding struct {
	list  *heldList // nil if there is none
	asked time.Time // when the Source was last asked; zero if never
	err   *vc.Fault // why it could not give a newer list; nil if it could
}

// entryOverhead is what an entry of the cache takes beside its array, roughly.
const entryOverhead = 1 << 10

// textOverhead is what a purpose or a message takes beside its characters, roughly.
const textOverhead = 64

// cache keeps what was used last.
type cache struct {
	maxBytes, maxCount int

	mu      sync.Mutex
	entries map[key]*list.Element // of *cached
	order   *list.List            // the last used first
	bytes   int
	flights map[key]*flight
	seen    seen
}

type cached struct {
	key    key
	held   holding
	pinned bool
	bytes  int
}

func (c *cache) init(maxBytes, maxCount int) {
	c.maxBytes, c.maxCount = maxBytes, maxCount
	c.entries, c.order, c.flights = map[key]*list.Element{}, list.New(), map[key]*flight{}
	c.seen = seen{}
}

func (c *cache) get(k key) holding {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lookup(k)
}

func (c *cache) lookup(k key) holding {
	e, ok := c.entries[k]
	if !ok {
		return holding{}
	}
	c.order.MoveToFront(e)
	return e.Value.(*cached).held
}

// put keeps h, and lets others go if there is no room. Of two lists under one key the later one stays, so that nobody can go back
// to what stood before a revocation.
func (c *cache) put(k key, h holding, pin bool) holding {
	var kept *heldList
	if e, ok := c.entries[k]; ok {
		old := e.Value.(*cached)
		kept = old.held.list
		if h.asked.IsZero() {
			h.asked, h.err = old.held.asked, old.held.err
		}
		pin = pin || old.pinned
		k = old.key
		c.remove(e)
	} else { // what comes with a question is part of a whole credential
		k = key{issuer: strings.Clone(k.issuer), uri: strings.Clone(k.uri)}
	}
	switch {
	case h.list == nil, kept != nil && h.list.age().before(kept.age()):
		h.list = kept
	case kept == nil:
		if fault := c.seen.check(k, h.list.age()); fault != nil {
			h.list, h.err, pin = nil, fault, false
		}
	}
	n := &cached{key: k, held: h, pinned: pin, bytes: entryOverhead}
	if h.list != nil {
		n.bytes += h.list.cost()
	}
	c.entries[k] = c.order.PushFront(n)
	c.bytes += n.bytes
	for e := c.order.Back(); e != nil && (c.bytes > c.maxBytes || len(c.entries) > c.maxCount); {
		before := e.Prev()
		if old := e.Value.(*cached); !old.pinned && old != n {
			if old.held.list != nil {
				c.seen.note(old.key, old.held.list.age())
			}
			c.remove(e)
		}
		e = before
	}
	return h
}

func (c *cache) remove(e *list.Element) {
	old := e.Value.(*cached)
	c.order.Remove(e)
	delete(c.entries, old.key)
	c.bytes -= old.bytes
}

// pinnedBytes is what the lists take that never go.
func (c *cache) pinnedBytes() (n, count int) {
	for _, e := range c.entries {
		if p := e.Value.(*cached); p.pinned {
			n, count = n+p.bytes, count+1
		}
	}
	return n, count
}

// cost is what the array takes, and the texts.
func (h *heldList) cost() int {
	n := len(h.data) + len(h.uri)
	for _, p := range h.purposes {
		n += len(p) + textOverhead
	}
	for _, m := range h.messages {
		n += len(m) + textOverhead
	}
	return n
}

// flight is a question to the Source that is under way.
type flight struct {
	done    chan struct{}
	held    holding
	waiting int
	cancel  context.CancelFunc
}

// refresh asks the Source, or waits for somebody who does, and returns what is held then.
func (l *Lists) refresh(ctx context.Context, k key, q *vc.StatusQuery) holding {
	c := &l.cache
	c.mu.Lock()
	f := c.flights[k]
	if f == nil {
		if now := c.lookup(k); !l.mayAsk(&now, q.At) { // somebody was faster
			c.mu.Unlock()
			return now
		}
		// Whoever asked first must not take the answer from the others by leaving.
		detached, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.opt.Timeout)
		f = &flight{done: make(chan struct{}), cancel: cancel}
		c.flights[k] = f
		go l.fly(detached, f, k, q.At)
	}
	f.waiting++
	c.mu.Unlock()

	select {
	case <-f.done:
		return f.held
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.waiting--; f.waiting == 0 && c.flights[k] == f {
		f.cancel()
		delete(c.flights, k) // who comes now begins anew
	}
	h := c.lookup(k)
	h.err = vc.UnknownBecause("status.list.unavailable", ctx.Err())
	return h
}

func (l *Lists) fly(ctx context.Context, f *flight, k key, at time.Time) {
	defer f.cancel()
	list, fault := l.obtain(ctx, k, at)
	c := &l.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(f.done)
	if c.flights[k] == f {
		delete(c.flights, k)
	} else if fault != nil { // given up by all, which says nothing about the list
		return
	}
	f.held = c.put(k, holding{list: list, asked: at, err: fault}, false)
}

// Held is a list that is kept.
type Held struct {
	Issuer    string // of the credentials that it is kept for
	URI       string
	Mechanism vc.StatusMechanism
	Purposes  []string // Bitstring only
	Bytes     int      // of the array
	IssuedAt  time.Time
	Obtained  time.Time
	Expires   time.Time
	Added     bool // by Add: it never goes
}

// Held returns what is kept, the last used first.
func (l *Lists) Held() []Held {
	c := &l.cache
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Held
	for e := c.order.Front(); e != nil; e = e.Next() {
		n := e.Value.(*cached)
		if h := n.held.list; h != nil {
			out = append(out, Held{
				Issuer: n.key.issuer, URI: n.key.uri, Mechanism: h.mechanism, Purposes: slices.Clone(h.purposes), Bytes: len(h.data),
				IssuedAt: h.issuedAt, Obtained: h.obtained, Expires: h.expires, Added: n.pinned,
			})
		}
	}
	return out
}
