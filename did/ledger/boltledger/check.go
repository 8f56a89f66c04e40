package boltledger

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"slices"

	"github.com/realdid/realdid/did/ledger"
)

// Check reads the whole database and the journal and verifies that every page has one use, that every entry up to the
// present end is there, follows the one before and matches its checksum, that the entries of every key are linked
// without a gap, and that the key index leads to the last entry of every key and to nothing else. It returns the first
// fault as an error that is [ledger.ErrCorrupt]. Appends wait while it reads the key index (a fraction of a second for
// a million keys), but not while it reads the entries.
func (l *Ledger) Check(ctx context.Context) error {
	s := l.store
	if s.closed.Load() {
		return ledger.ErrClosed
	}
	c := census{seed: maphash.MakeSeed()}
	end, err := s.checkTrees(ctx, &c)
	if err != nil {
		return err
	}
	return s.checkEntries(ctx, end, &c)
}

// A census adds up heads. Every entry comes in with its own and takes out the one of its key that it follows, and what
// is left must be what the key index has: then all links hold and every entry is reached from exactly one head.
type census struct {
	seed  maphash.Seed
	total uint64
}

func (c *census) in(fp fingerprint, h head) { c.total += maphash.Comparable(c.seed, keyHead{fp, h}) }

func (c *census) out(fp fingerprint, h head) { c.total -= maphash.Comparable(c.seed, keyHead{fp, h}) }

// checkTrees verifies the trees of the database. It takes all heads out of c and returns the length of the ledger.
func (s *store) checkTrees(ctx context.Context, c *census) (end uint64, err error) {
	s.folding.Lock()
	defer s.folding.Unlock()
	snap, end, err := s.checkIndex(c)
	if err != nil {
		return 0, err
	}
	return end, snap.checkLeaves(ctx)
}

// checkIndex accounts for the pages, compares the journal with memory, and takes all heads out of c. It returns the
// database as it is on disk, and the length of the ledger.
func (s *store) checkIndex(c *census) (*snapshot, uint64, error) {
	s.committing.Lock()
	defer s.committing.Unlock()
	v := s.current()
	snap, err := s.pager.snapshot(false)
	if err != nil {
		return nil, 0, err
	}
	if snap.tip != v.snap.tip {
		return nil, 0, corrupt("the newest transaction is %d instead of %d", snap.tip.txid, v.snap.tip.txid)
	}
	onDisk := journal{dir: s.journal.dir}
	pending, err := onDisk.open(snap.next, snap.last, false)
	if err != nil {
		return nil, 0, err
	}
	if !slices.EqualFunc(pending, v.pending, bytes.Equal) {
		return nil, 0, corrupt("the journal has %d entries from %d on, and not the %d that it should have", len(pending), snap.next, len(v.pending))
	}
	var h heads
	if err := snap.account(&h); err != nil {
		return nil, 0, err
	}
	mem := &s.heads
	buf := new(buffer)
	for number, want := range mem.sums {
		body, sum, err := snap.block(uint32(number), buf)
		if err == nil && sum != want {
			err = corrupt("block %d of the key index is an old one", number)
		}
		if err != nil {
			return nil, 0, err
		}
		for _, k := range decodeBlock(body) {
			if k.fp.block(uint64(len(mem.sums))) != uint32(number) {
				return nil, 0, corrupt("block %d of the key index has a key of another", number)
			}
			if _, inMemory, _, _ := mem.lookup(k.fp); !inMemory {
				c.out(k.fp, k.head)
			}
		}
	}
	for fp, h := range mem.recent {
		c.out(fp, h)
	}
	for fp, h := range mem.older {
		if _, newer := mem.recent[fp]; !newer {
			c.out(fp, h)
		}
	}
	return snap, v.next, nil
}

// checkEntries verifies the entries below end and puts them into c.
func (s *store) checkEntries(ctx context.Context, end uint64, c *census) error {
	for t := (trail{}); t.next < end; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("boltledger: %w", err)
		}
		before, total := t, c.total
		err := s.settle(func() error {
			v := s.current()
			t, c.total = before, total
			return t.walk(&v, min(pageEntries, end-t.next), func(r *record) {
				fp := s.salt.fingerprint(r.key)
				c.in(fp, r.head())
				if r.seq > 0 {
					c.out(fp, r.prev)
				}
			})
		})
		if err != nil {
			return err
		}
	}
	if c.total != 0 {
		return corrupt("the key index and the %d entries do not match", end)
	}
	return nil
}

// checkLeaves verifies that the tree of the entries leads to every one of them. The branches are in order (account), so
// that it is enough to look for the first and the last in each leaf.
func (s *snapshot) checkLeaves(ctx context.Context) error {
	first, last := new(buffer), new(buffer)
	for from := uint64(0); from < s.next; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("boltledger: %w", err)
		}
		pg, i, ok, err := s.leaf(&s.entries, indexKey(from), first)
		if err != nil {
			return err
		}
		end := from + uint64(pg.count-i)
		other, _, found, err := s.leaf(&s.entries, indexKey(end-1), last)
		if err != nil {
			return err
		}
		if !ok || !found || other.id != pg.id {
			return corrupt("page %d is not where entries %d to %d are looked for", pg.id, from, end-1)
		}
		from = end
	}
	return nil
}
