package boltledger

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"syscall"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/realdid/realdid/did/ledger"
)

// Commit implements ledger.Store.
func (s *store) Commit(batch []ledger.Admitted) error {
	s.committing.Lock()
	defer s.committing.Unlock()
	snap := s.snap.Load()
	records := make([]record, len(batch))
	for i, a := range batch {
		e := &a.Entry
		r := &records[i]
		*r = record{index: e.Anchor.Index, seq: e.Seq, time: e.Anchor.Time.Unix(), key: []byte(e.Key), op: e.Op, state: a.State}
		if e.Seq == 0 {
			continue
		}
		prev, ok, err := s.find(snap, snap.salt.fingerprint(r.key))
		if err != nil {
			return err
		}
		if !ok || prev.seq != uint32(e.Seq-1) {
			return corrupt("the key index does not lead to entry %d of %s", e.Seq-1, e.Key)
		}
		r.prev = prev
	}
	return s.write(records, 2*len(records))
}

// write stores records, which go on from the end, and writes out up to share heads of the key index. committing must be
// held.
func (s *store) write(records []record, share int) error {
	if s.failed != nil {
		return fmt.Errorf("boltledger: append: an earlier commit failed, and the ledger has to be opened anew: %w", s.failed)
	}
	snap := s.snap.Load()
	t := snap.tip
	t.txid++
	entries := make([][]byte, len(records))
	for i := range records {
		r := &records[i]
		if r.index != t.next {
			return fmt.Errorf("boltledger: append: entry %d after %d entries", r.index, t.next)
		}
		r.before = t.last
		entries[i] = r.encode()
		t.next, t.time, t.last = t.next+1, r.time, r.sum
	}
	s.heads.rotate(snap.keys, snap.next, len(records) == 0)
	c, err := s.change(snap, &t, share)
	if err != nil {
		return err
	}
	if err := s.update(t.txid, func(tx *bolt.Tx) error { return c.put(tx, records, entries, &t) }); err != nil {
		return err
	}
	next, err := s.pager.snapshot(false)
	if err == nil && next.tip != t {
		err = corrupt("the tip is not what was written")
	}
	if err != nil {
		s.failed = err
		return err
	}
	s.heads.publish(c, records, t.salt)
	s.snap.Store(next)
	return nil
}

// update runs f in a transaction of bbolt with the number txid. An error after which it is not known what is on the
// disk ends writing for good; running out of space is none.
func (s *store) update(txid uint64, f func(*bolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	open := false
	defer func() {
		if p := recover(); p != nil {
			err = corrupt("bbolt: %v", p)
			s.failed, s.wedged = err, open
		}
	}()
	tx, err := s.db.Begin(true)
	if err != nil {
		return fmt.Errorf("boltledger: append: %w", err)
	}
	open = true
	defer func() {
		_ = tx.Rollback() // does nothing after a commit
		open = false
	}()
	if uint64(tx.ID()) != txid {
		return corrupt("bbolt begins transaction %d instead of %d", tx.ID(), txid)
	}
	if err := errors.Join(s.inject("begun"), f(tx), s.inject("written")); err != nil {
		return fmt.Errorf("boltledger: append: %w", err)
	}
	if err = errors.Join(tx.Commit(), s.inject("committed")); err == nil {
		return nil
	}
	err = fmt.Errorf("boltledger: append: %w", err)
	for _, full := range []error{berrors.ErrMaxSizeReached, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, full) {
			return err
		}
	}
	s.failed = err
	return err
}

func (s *store) inject(stage string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(stage)
}

// A change is what a transaction does to the key index on disk.
type change struct {
	blocks  map[uint32]block
	numbers []uint32 // of blocks, ascending
	stored  [][]byte // the blocks as they are stored
	sums    []uint32 // of the blocks
	taken   int      // how many heads, from the queue
}

// change writes up to budget heads of the queue into their blocks, splits blocks if there are too few, and brings t up
// to date.
func (s *store) change(snap *snapshot, t *tip, budget int) (*change, error) {
	h := &s.heads
	c := &change{blocks: make(map[uint32]block), taken: min(budget, len(h.queue))}
	load := func(number uint32) (block, error) {
		if b, ok := c.blocks[number]; ok {
			return b, nil
		}
		buf := buffers.Get().(*buffer)
		defer buffers.Put(buf)
		body, sum, err := snap.block(number, buf)
		if err == nil && sum != h.sums[number] {
			err = corrupt("block %d of the key index is an old one", number)
		}
		return decodeBlock(body), err
	}
	for _, fp := range h.queue[:c.taken] {
		number := fp.block(t.blocks)
		b, err := load(number)
		if err != nil {
			return nil, err
		}
		i, found := b.find(fp)
		if found {
			b[i].head = h.older[fp]
		} else {
			b = slices.Insert(b, i, keyHead{fp, h.older[fp]})
			t.keys++
		}
		c.blocks[number] = b
	}
	for t.keys > t.blocks*blockFill && t.blocks < maxBlocks {
		from, to := splitFrom(t.blocks), uint32(t.blocks)
		b, err := load(from)
		if err != nil {
			return nil, err
		}
		t.blocks++
		var stay, move block
		for _, k := range b {
			if k.fp.block(t.blocks) == to {
				move = append(move, k)
			} else {
				stay = append(stay, k)
			}
		}
		c.blocks[from], c.blocks[to] = stay, move
	}
	if len(h.queue) > 0 && c.taken == len(h.queue) {
		t.indexed = h.mark
	}
	for number := range c.blocks {
		c.numbers = append(c.numbers, number)
	}
	slices.Sort(c.numbers)
	for _, number := range c.numbers {
		stored, sum := c.blocks[number].encode(number)
		c.stored, c.sums = append(c.stored, stored), append(c.sums, sum)
		t.total += uint64(sum)
		if int(number) < len(h.sums) {
			t.total -= uint64(h.sums[number])
		}
	}
	return c, nil
}

// put writes everything that a commit writes.
func (c *change) put(tx *bolt.Tx, records []record, entries [][]byte, t *tip) error {
	b := tx.Bucket(entriesBucket)
	b.FillPercent = 1 // keys come in order
	for i := range records {
		if err := b.Put(indexKey(records[i].index), entries[i]); err != nil {
			return err
		}
	}
	b = tx.Bucket(headsBucket)
	for i, number := range c.numbers {
		if err := b.Put(blockKey(number), c.stored[i]); err != nil {
			return err
		}
	}
	return tx.Bucket(tipBucket).Put(tipKey, t.encode())
}
