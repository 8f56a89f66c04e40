package pebbleledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/realdid/realdid/did/ledger"
)

// Pebble shows a batch to readers before it has synced it. So readers go by the tip, which moves after the sync, and take an
// entry behind it for not there: from a head that leads to one they go back to the key's entry before. They wait for no commit.

// pageEntries is how many entries History and Follow hold in memory.
const pageEntries = 128

// A buffer is room for a row that is being read.
type buffer struct{ b []byte }

// get reads a row into buf.
func (s *store) get(key []byte, buf *buffer) (value []byte, ok bool, err error) {
	err = s.guard("read", func() error {
		v, closer, err := s.db.Get(key)
		if errors.Is(err, pebble.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		buf.b = append(buf.b[:0], v...)
		value, ok = buf.b, true
		return closer.Close()
	})
	return value, ok, err
}

// head returns the head of key as it stands in Pebble; ok is false for a new key.
func (s *store) head(key string, buf *buffer) (h head, ok bool, err error) {
	v, ok, err := s.get(headKey(key), buf)
	if err != nil || !ok {
		return head{}, false, err
	}
	h, err = decodeHead(key, v)
	return h, err == nil, err
}

// record reads entry index, which must be there. The result refers to buf.
func (s *store) record(index uint64, buf *buffer) (record, error) {
	v, ok, err := s.get(entryKey(index), buf)
	if err != nil {
		return record{}, err
	}
	if !ok {
		return record{}, corrupt("entry %d is missing", index)
	}
	return decodeRecord(index, v)
}

// entryOf reads the entry to which h leads, which must be of key.
func (s *store) entryOf(key string, h head, buf *buffer) (record, error) {
	r, err := s.record(h.index, buf)
	if err == nil && (string(r.key) != key || r.seq != h.seq) {
		err = corrupt("entry %d is not entry %d of %s", h.index, h.seq, key)
	}
	return r, err
}

// latest returns the last entry of key below index next; ok is false if there is none.
func (s *store) latest(key string, next uint64, buf *buffer) (r record, ok bool, err error) {
	h, ok, err := s.head(key, buf)
	for err == nil && ok {
		if r, err = s.entryOf(key, h, buf); err != nil || h.index < next {
			return r, err == nil, err
		}
		h, ok = head{r.prev, r.seq - 1}, r.seq > 0
	}
	return record{}, false, err
}

// use calls f unless the ledger is closed, and lets Close wait for it.
func (s *store) use(f func() error) error {
	s.using.RLock()
	defer s.using.RUnlock()
	if s.closed.Load() {
		return ledger.ErrClosed
	}
	return f()
}

// Head implements ledger.Store.
func (s *store) Head(key string) (got ledger.Head, err error) {
	err = s.use(func() error {
		buf := new(buffer)
		r, ok, err := s.latest(key, s.tip.Load().next, buf)
		if err == nil && ok {
			got = ledger.Head{Length: r.seq + 1, State: append([]byte{}, r.state...)}
		}
		return err
	})
	return got, err
}

// Read implements ledger.Store.
func (s *store) Read(key string, seq uint64) (ledger.Entry, error) {
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
		err := s.use(func() error { return s.chain(ctx, key, from, &c) })
		for err == nil && len(c.page) > 0 {
			if !deliver(ctx, c.page, yield) {
				return
			}
			err = s.use(func() error { return s.next(key, &c) })
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
			yield(ledger.Entry{}, fmt.Errorf("pebbleledger: %w", err))
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
	rest []uint64 // indexes of the entries after page, last first
	seq  uint64   // of the first of rest
}

// chain walks from the last entry of key back to entry from.
func (s *store) chain(ctx context.Context, key string, from uint64, c *chain) error {
	buf := new(buffer)
	r, ok, err := s.latest(key, s.tip.Load().next, buf)
	for err == nil && ok && r.seq >= from {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("pebbleledger: %w", err)
		}
		if r.seq-from < pageEntries {
			c.page = append(c.page, r.entry(key))
		} else {
			c.rest = append(c.rest, r.index)
		}
		if r.seq == 0 {
			break
		}
		r, err = s.entryOf(key, head{r.prev, r.seq - 1}, buf)
	}
	slices.Reverse(c.page)
	c.seq = from + uint64(len(c.page))
	return err
}

// next reads the next page of c.
func (s *store) next(key string, c *chain) error {
	rest := len(c.rest) - min(pageEntries, len(c.rest))
	page := make([]ledger.Entry, 0, len(c.rest)-rest)
	buf := new(buffer)
	for _, index := range slices.Backward(c.rest[rest:]) {
		r, err := s.entryOf(key, head{index, c.seq}, buf)
		if err != nil {
			return err
		}
		page = append(page, r.entry(key))
		c.seq++
	}
	c.page, c.rest = page, c.rest[:rest]
	return nil
}

func (s *store) follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for next := from; ; {
			var page []ledger.Entry
			err := s.use(func() error {
				end := s.tip.Load().next
				if next >= end {
					return nil
				}
				return s.walk(s.db, next, min(end, next+pageEntries), func(r *record) { page = append(page, r.entry(string(r.key))) })
			})
			if err != nil {
				yield(ledger.Entry{}, err)
				return
			}
			if len(page) == 0 || !deliver(ctx, page, yield) {
				return
			}
			next += uint64(len(page))
		}
	}
}

// walk calls f for entries from to below end, all of which must be there. What f is given is good until it returns.
func (s *store) walk(in pebble.Reader, from, end uint64, f func(r *record)) error {
	return s.guard("read", func() (err error) {
		it, err := in.NewIter(&pebble.IterOptions{LowerBound: entryKey(from), UpperBound: entryKey(end)})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, it.Close()) }()
		next := from
		for ok := it.First(); ok; ok = it.Next() {
			if k := it.Key(); len(k) != entryKeySize || binary.BigEndian.Uint64(k[1:]) != next {
				break
			}
			v, err := it.ValueAndErr()
			if err != nil {
				return err
			}
			r, err := decodeRecord(next, v)
			if err != nil {
				return err
			}
			f(&r)
			next++
		}
		if err := it.Error(); err != nil {
			return err
		}
		if next < end {
			return corrupt("entry %d is missing", next)
		}
		return nil
	})
}

// lastRow returns the index of the last entry that Pebble has; ok is false if it has none.
func (s *store) lastRow() (index uint64, ok bool, err error) {
	err = s.guard("read", func() (err error) {
		it, err := s.db.NewIter(&pebble.IterOptions{LowerBound: []byte{entryRow}, UpperBound: []byte{entryRow + 1}})
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, it.Close()) }()
		if ok = it.Last(); ok {
			if len(it.Key()) != entryKeySize {
				return corrupt("an entry's index is %d bytes long", len(it.Key())-1)
			}
			index = binary.BigEndian.Uint64(it.Key()[1:])
		}
		return it.Error()
	})
	return index, ok, err
}
