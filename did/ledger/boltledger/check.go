package boltledger

import (
	"context"
	"fmt"
	"hash/maphash"

	"github.com/realdid/realdid/did/ledger"
)

// Check reads the whole database and verifies that every page has one use, that every entry up to the present end is
// there, follows the one before and matches its checksum, that the entries of every key are linked without a gap, and
// that the key index leads to the last entry of every key and to nothing else. It returns the first fault as an error
// that is [ledger.ErrCorrupt]. Appends wait while it reads the key index (a fraction of a second for a million keys),
// but not while it reads the entries.
func (l *Ledger) Check(ctx context.Context) error {
	s := l.store
	if s.closed.Load() {
		return ledger.ErrClosed
	}
	c := census{seed: maphash.MakeSeed()}
	snap, err := s.checkIndex(&c)
	if err != nil {
		return err
	}
	return s.checkEntries(ctx, snap.next, &c)
}

// A census adds up heads. Every entry comes in with its own and takes out the one of its key that it follows, and what
// is left must be what the key index has: then all links hold and every entry is reached from exactly one head.
type census struct {
	seed  maphash.Seed
	total uint64
}

func (c *census) in(fp fingerprint, h head)  { c.total += maphash.Comparable(c.seed, keyHead{fp, h}) }
func (c *census) out(fp fingerprint, h head) { c.total -= maphash.Comparable(c.seed, keyHead{fp, h}) }

// checkIndex accounts for the pages and takes all heads out of c. It returns the snapshot that it looked at.
func (s *store) checkIndex(c *census) (*snapshot, error) {
	s.committing.Lock()
	defer s.committing.Unlock()
	snap, err := s.pager.snapshot(false)
	if err != nil {
		return nil, err
	}
	if want := s.snap.Load().tip; snap.tip != want {
		return nil, corrupt("the newest transaction is %d instead of %d", snap.tip.txid, want.txid)
	}
	var h heads
	if err := snap.account(&h); err != nil {
		return nil, err
	}
	mem := &s.heads
	buf := new(buffer)
	for number, want := range mem.sums {
		body, sum, err := snap.block(uint32(number), buf)
		if err == nil && sum != want {
			err = corrupt("block %d of the key index is an old one", number)
		}
		if err != nil {
			return nil, err
		}
		for _, k := range decodeBlock(body) {
			if k.fp.block(uint64(len(mem.sums))) != uint32(number) {
				return nil, corrupt("block %d of the key index has a key of another", number)
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
	return snap, nil
}

// checkEntries verifies the entries below end and puts them into c.
func (s *store) checkEntries(ctx context.Context, end uint64, c *census) error {
	for t := (trail{}); t.next < end; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("boltledger: %w", err)
		}
		before, total := t, c.total
		err := s.settle(func(snap *snapshot) error {
			t, c.total = before, total
			return t.walk(snap, min(pageEntries, end-t.next), func(r *record) {
				fp := snap.salt.fingerprint(r.key)
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
