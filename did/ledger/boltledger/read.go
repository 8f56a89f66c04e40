package boltledger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"

	"github.com/realdid/realdid/did/ledger"
)

// Reading takes no transaction of bbolt and no lock that a commit holds. It goes by the snapshot that the last commit
// left; the next commit never writes to that snapshot's pages, but the one after may. A page that was replaced under a
// reader shows up as damage, since everything read is checked against sums that are known beforehand. So damage counts
// only when it is still there with no commit under way: settle.

// pageEntries is how many entries History and Follow hold in memory.
const pageEntries = 128

// settle calls f with the newest snapshot, and calls it again while no commit is under way if it met with damage.
func (s *store) settle(f func(*snapshot) error) error {
	if s.closed.Load() {
		return ledger.ErrClosed
	}
	err := f(s.snap.Load())
	if errors.Is(err, ledger.ErrCorrupt) {
		s.committing.Lock()
		defer s.committing.Unlock()
		err = f(s.snap.Load())
	}
	if errors.Is(err, fs.ErrClosed) {
		return ledger.ErrClosed
	}
	return err
}

// find returns the head of a key; ok is false for a new key.
func (s *store) find(snap *snapshot, fp fingerprint) (found head, ok bool, err error) {
	found, ok, number, want := s.heads.lookup(fp)
	if ok {
		return found, true, nil
	}
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	body, sum, err := snap.block(number, buf)
	if err == nil && sum != want {
		err = corrupt("block %d of the key index is an old one", number)
	}
	if err != nil {
		return head{}, false, err
	}
	found, ok = findHead(body, fp)
	return found, ok, nil
}

// pointed reads the record that h points to, which must be of key. It is valid until buf is used again.
func (snap *snapshot) pointed(h head, key string, buf *buffer) (record, error) {
	r, err := snap.record(h.index, buf)
	if err == nil && (r.head() != h || string(r.key) != key) {
		err = corrupt("entry %d is not number %d of %s, as is said elsewhere", h.index, h.seq, key)
	}
	return r, err
}

// Head implements ledger.Store.
func (s *store) Head(key string) (got ledger.Head, err error) {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	err = s.settle(func(snap *snapshot) error {
		got = ledger.Head{}
		h, ok, err := s.find(snap, snap.salt.fingerprint([]byte(key)))
		if err != nil || !ok {
			return err
		}
		r, err := snap.pointed(h, key, buf)
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
		err := s.settle(func(snap *snapshot) error { return s.chain(ctx, snap, key, from, &c) })
		for err == nil && len(c.page) > 0 {
			if !deliver(ctx, c.page, yield) {
				return
			}
			err = s.settle(func(snap *snapshot) error { return c.next(snap, key) })
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
func (s *store) chain(ctx context.Context, snap *snapshot, key string, from uint64, c *chain) error {
	*c = chain{}
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	h, ok, err := s.find(snap, snap.salt.fingerprint([]byte(key)))
	if err != nil || !ok {
		return err
	}
	r, err := snap.pointed(h, key, buf)
	for err == nil && r.seq >= from {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("boltledger: %w", err)
		}
		if r.seq-from < pageEntries {
			c.page = append(c.page, r.entry())
		} else {
			c.rest = append(c.rest, r.head())
		}
		if r.seq == 0 {
			break
		}
		r, err = snap.pointed(r.prev, key, buf)
	}
	slices.Reverse(c.page)
	return err
}

// next reads the next page of c.
func (c *chain) next(snap *snapshot, key string) error {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	rest := len(c.rest) - min(pageEntries, len(c.rest))
	page := make([]ledger.Entry, 0, len(c.rest)-rest)
	for _, h := range slices.Backward(c.rest[rest:]) {
		r, err := snap.pointed(h, key, buf)
		if err != nil {
			return err
		}
		page = append(page, r.entry())
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
			err := s.settle(func(snap *snapshot) error {
				page, after = nil, t
				return after.walk(snap, pageEntries, func(r *record) { page = append(page, r.entry()) })
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

// A trail is the way through all records in the order of the index, along the sums by which each names the one before.
type trail struct {
	next  uint64 // index of the next record
	begun bool
	last  uint32 // sum of the record before, if begun
	time  int64  // its time
}

// walk calls f for up to n records.
func (t *trail) walk(snap *snapshot, n uint64, f func(*record)) error {
	if t.next >= snap.next {
		return nil
	}
	end := t.next + min(n, snap.next-t.next)
	err := snap.records(t.next, end, func(r *record) error {
		if t.begun && (r.before != t.last || r.time < t.time) || r.index == 0 && r.before != 0 {
			return corrupt("entry %d does not follow the one before", r.index)
		}
		t.next, t.begun, t.last, t.time = r.index+1, true, r.sum, r.time
		f(r)
		return nil
	})
	if err == nil && end == snap.next && t.last != snap.last {
		err = corrupt("entry %d is not the last one that the tip names", end-1)
	}
	return err
}
