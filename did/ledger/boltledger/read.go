package boltledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// Reading takes no transaction of bbolt and waits for no commit and no fold. It goes by the snapshot that the last fold
// left; the next fold never writes to that snapshot's pages, but the one after may. A page that was replaced under a
// reader shows up as damage, since everything read is checked against sums that are known beforehand. So damage counts
// only when it is still there with no fold under way: settle.

// pageEntries is how many entries History and Follow hold in memory.
const pageEntries = 128

// settle calls f, and calls it again while no fold is under way if it met with damage.
func (s *store) settle(f func() error) error {
	if s.closed.Load() {
		return ledger.ErrClosed
	}
	err := f()
	if errors.Is(err, ledger.ErrCorrupt) {
		s.folding.Lock()
		defer s.folding.Unlock()
		err = f()
	}
	if errors.Is(err, fs.ErrClosed) {
		return ledger.ErrClosed
	}
	return err
}

// current returns the ledger as it is now.
func (s *store) current() view {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.view
}

// end returns how many entries there are and the time of the last.
func (s *store) end() (next uint64, last time.Time, err error) {
	v := s.current()
	if v.next == 0 {
		return 0, last, nil
	}
	r, err := v.record(v.next-1, new(buffer))
	return v.next, time.Unix(r.time, 0).UTC(), err
}

// locate returns the head of a key, and the ledger as it is now; ok is false for a new key.
func (s *store) locate(key []byte) (found head, ok bool, v view, err error) {
	fp := s.salt.fingerprint(key)
	s.mu.RLock()
	found, ok, number, want := s.heads.lookup(fp)
	v = s.view
	s.mu.RUnlock()
	if ok {
		return found, true, v, nil
	}
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	body, sum, err := v.snap.block(number, buf)
	if err == nil && sum != want {
		err = corrupt("block %d of the key index is an old one", number)
	}
	if err != nil {
		return head{}, false, v, err
	}
	found, ok = findHead(body, fp)
	return found, ok, v, nil
}

// Head implements ledger.Store.
func (s *store) Head(key string) (got ledger.Head, err error) {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	err = s.settle(func() error {
		got = ledger.Head{}
		h, ok, v, err := s.locate([]byte(key))
		if err != nil || !ok {
			return err
		}
		r, err := v.pointed(h, key, buf)
		if err == nil {
			got = ledger.Head{Length: r.seq + 1, State: append([]byte{}, r.state...)}
		}
		return err
	})
	return got, err
}

// Read implements ledger.Store.
func (s *store) Read(key string, seq uint64) (e ledger.Entry, err error) {
	for e, err := range s.history(context.Background(), key, seq) {
		return e, err
	}
	return ledger.Entry{}, corrupt("%s has no entry %d", key, seq)
}

func (s *store) history(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		if err := ledger.CheckKey(key); err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		var c chain
		err := s.settle(func() error { return s.chain(ctx, key, from, &c) })
		for err == nil && len(c.page) > 0 {
			if !deliver(ctx, c.page, yield) {
				return
			}
			err = s.settle(func() error { return c.next(s.current(), key) })
		}
		if err != nil {
			yield(ledger.Entry{}, err)
		}
	}
}

// deliver yields entries until it is told to stop, or ctx ends.
func deliver(ctx context.Context, entries []ledger.Entry, yield func(ledger.Entry, error) bool) bool {
	for _, e := range entries {
		if err := ctx.Err(); err != nil {
			yield(ledger.Entry{}, fmt.Errorf("boltledger: %w", err))
			return false
		}
		if !yield(e, nil) {
			return false
		}
	}
	return true
}

// A chain is the entries of a key, of which the next page is in memory.
type chain struct {
	page []ledger.Entry
	rest []head // the entries after page, last first
}

// chain walks from the last entry of key back to entry from.
func (s *store) chain(ctx context.Context, key string, from uint64, c *chain) error {
	*c = chain{}
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	h, ok, v, err := s.locate([]byte(key))
	if err != nil || !ok {
		return err
	}
	r, err := v.pointed(h, key, buf)
	for err == nil && r.seq >= from {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("boltledger: %w", err)
		}
		if r.seq-from < pageEntries {
			c.page = append(c.page, r.entry(key))
		} else {
			c.rest = append(c.rest, r.head())
		}
		if r.seq == 0 {
			break
		}
		r, err = v.pointed(r.prev, key, buf)
	}
	slices.Reverse(c.page)
	return err
}

// next reads the next page of c.
func (c *chain) next(v view, key string) error {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	rest := len(c.rest) - min(pageEntries, len(c.rest))
	page := make([]ledger.Entry, 0, len(c.rest)-rest)
	for _, h := range slices.Backward(c.rest[rest:]) {
		r, err := v.pointed(h, key, buf)
		if err != nil {
			return err
		}
		page = append(page, r.entry(key))
	}
	c.page, c.rest = page, c.rest[:rest]
	return nil
}

func (s *store) follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		t := trail{next: from}
		for {
			var page []ledger.Entry
			var after trail
			err := s.settle(func() error {
				v := s.current()
				page, after = nil, t
				return after.walk(&v, pageEntries, func(r *record) { page = append(page, r.entry(string(r.key))) })
			})
			if err != nil {
				yield(ledger.Entry{}, err)
				return
			}
			if len(page) == 0 || !deliver(ctx, page, yield) {
				return
			}
			t = after
		}
	}
}
