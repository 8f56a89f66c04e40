package boltledger

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"syscall"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// foldShare is how many heads a fold writes to the key index, for each record that it brings to the database.
const foldShare = 2

// fold brings what is in the journal to the database. Appends go on meanwhile.
func (s *store) fold() error {
	s.folding.Lock()
	defer s.folding.Unlock()
	if err := s.broken(); err != nil {
		return err
	}
	s.committing.Lock()
	v := s.current()
	s.rotate(&v, false)
	files, err := s.journal.seal()
	s.committing.Unlock()
	if err != nil {
		return err
	}
	if err := s.write(&v, foldShare*len(v.pending)); err != nil {
		return err
	}
	s.committing.Lock()
	defer s.committing.Unlock()
	return s.journal.folded(files)
}

// rotate lets writing out the recent heads begin, if it is time. committing must be held, so that no head points behind
// the end of v.
func (s *store) rotate(v *view, force bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heads.rotate(v.snap.keys, v.next, force)
}

// write stores what is pending in v, and up to share heads, in the database. folding must be held.
func (s *store) write(v *view, share int) error {
	h := &s.heads
	if len(h.queue) == 0 {
		h.queue = h.line()
	}
	t := v.snap.tip
	t.txid++
	if n := len(v.pending); n > 0 {
		last, err := v.record(v.next-1, nil)
		if err != nil {
			return err
		}
		t.next, t.time, t.last = v.next, last.time, last.sum
	}
	c, err := s.change(v.snap, &t, share)
	if err != nil {
		return err
	}
	if err := s.update(t.txid, func(tx *bolt.Tx) error { return c.put(tx, v, &t) }); err != nil {
		return err
	}
	snap, err := s.pager.snapshot(false)
	if err == nil && snap.tip != t {
		err = corrupt("the tip is not what was written")
	}
	if err != nil {
		s.fail(err)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view.drop(snap)
	s.view.pending = slices.Clone(s.view.pending)
	h.written(c)
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
			s.fail(err)
			s.wedged = open
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
	if err = errors.Join(f(tx), s.inject("put")); err != nil {
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
	s.fail(err)
	return err
}

// A change is what a transaction does to the key index.
type change struct {
	blocks  map[uint32]block
	numbers []uint32 // of blocks, ascending
	stored  [][]byte // the blocks as they are stored
	sums    []uint32 // of the blocks
	taken   int      // how many heads, from the queue
}

// change writes up to share heads of the queue into their blocks, splits blocks if there are too few, and brings t up
// to date.
func (s *store) change(snap *snapshot, t *tip, share int) (*change, error) {
	h := &s.heads
	c := &change{blocks: make(map[uint32]block), taken: min(share, len(h.queue))}
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

// put writes everything that a transaction writes.
func (c *change) put(tx *bolt.Tx, v *view, t *tip) error {
	b := tx.Bucket(entriesBucket)
	b.FillPercent = 1 // keys come in order
	for i, stored := range v.pending {
		if err := b.Put(indexKey(v.snap.next+uint64(i)), stored); err != nil {
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
