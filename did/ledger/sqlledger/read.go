package sqlledger

import (
	"context"
	"math"
	"sync"

	"github.com/realdid/realdid/did/ledger"
)

// Lookups of heads go to the database together: while as many queries as lanes are under way, others wait and share the next.
const (
	lanes   = 2
	maxLook = 1024 // keys in a query
)

type looks struct {
	mu      sync.Mutex
	waiting []*lookup
	flying  int // queries under way
}

type lookup struct {
	key  string
	head head
	err  error
	done chan struct{}
}

// look returns what stands at key.
func (s *store) look(ctx context.Context, key string) (head, error) {
	l := &lookup{key: key, done: make(chan struct{})}
	s.looks.mu.Lock()
	s.looks.waiting = append(s.looks.waiting, l)
	if s.looks.flying < lanes {
		s.looks.flying++
		go s.lookAll()
	}
	s.looks.mu.Unlock()
	select {
	case <-l.done:
		return l.head, l.err
	case <-ctx.Done():
		return head{}, failure(ctx, "read", ctx.Err())
	}
}

// lookAll answers lookups until none wait.
func (s *store) lookAll() {
	for {
		s.looks.mu.Lock()
		n := min(len(s.looks.waiting), maxLook)
		if n == 0 {
			s.looks.waiting = nil
			s.looks.flying--
			s.looks.mu.Unlock()
			return
		}
		batch := s.looks.waiting[:n:n]
		s.looks.waiting = s.looks.waiting[n:]
		s.looks.mu.Unlock()

		keys := make([]string, 0, n)
		seen := make(map[string]struct{}, n)
		for _, l := range batch {
			if _, again := seen[l.key]; !again {
				seen[l.key] = struct{}{}
				keys = append(keys, l.key)
			}
		}
		heads, err := s.heads(context.Background(), keys)
		for _, l := range batch {
			l.head, l.err = heads[l.key], err
			close(l.done)
		}
	}
}

func (s *store) heads(ctx context.Context, keys []string) (heads map[string]head, err error) {
	err = s.try(ctx, "read", true, func(ctx context.Context) (err error) {
		heads, err = s.engine.heads(ctx, keys)
		return err
	})
	for key, h := range heads {
		if h.Length == 0 || h.last < h.Length-1 {
			return nil, corrupt("%s has %d entries, and the last is entry %d of all", key, h.Length, h.last)
		}
	}
	return heads, err
}

// state returns what stands at key, covered.
func (s *store) state(ctx context.Context, key string) (ledger.Head, error) {
	if err := ctx.Err(); err != nil {
		return ledger.Head{}, failure(ctx, "state", err)
	}
	h, err := s.look(ctx, key)
	if err == nil && h.Length > 0 {
		err = s.need(ctx, h.last+1)
	}
	if err != nil {
		return ledger.Head{}, err
	}
	return h.Head, nil
}

// history returns a page of a key's entries from seq from on.
func (s *store) history(ctx context.Context, key string, from uint64) ([]ledger.Entry, error) {
	return s.entries(ctx, key, from, pageEntries)
}

// entries returns up to limit entries of a key from seq from on, covered.
func (s *store) entries(ctx context.Context, key string, from uint64, limit int) (page []ledger.Entry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, failure(ctx, "history", err)
	}
	if from > math.MaxInt64 {
		return nil, nil
	}
	err = s.try(ctx, "history", true, func(ctx context.Context) (err error) {
		page, err = s.engine.history(ctx, key, from, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range page {
		e := &page[i]
		if e.Seq != from+uint64(i) || i > 0 && (e.Anchor.Index <= page[i-1].Anchor.Index || e.Anchor.Time.Before(page[i-1].Anchor.Time)) {
			return nil, corrupt("entry %d of %s does not follow the one before", from+uint64(i), key)
		}
	}
	return page, s.needPage(ctx, page)
}

// feed returns a page of all entries from index from on, covered.
func (s *store) feed(ctx context.Context, from uint64) (page []ledger.Entry, err error) {
	if err := ctx.Err(); err != nil {
		return nil, failure(ctx, "follow", err)
	}
	if from > math.MaxInt64 {
		return nil, nil
	}
	err = s.try(ctx, "follow", true, func(ctx context.Context) (err error) {
		page, err = s.engine.feed(ctx, from, pageEntries)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range page {
		e := &page[i]
		if e.Anchor.Index != from+uint64(i) || i > 0 && e.Anchor.Time.Before(page[i-1].Anchor.Time) {
			return nil, corrupt("entry %d does not follow the one before", from+uint64(i))
		}
	}
	return page, s.needPage(ctx, page)
}

// needPage covers the entries of page, the last of which has the highest index.
func (s *store) needPage(ctx context.Context, page []ledger.Entry) error {
	if len(page) == 0 {
		return nil
	}
	return s.need(ctx, page[len(page)-1].Anchor.Index+1)
}
