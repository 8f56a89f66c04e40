package pebbleledger

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"

	"github.com/cockroachdb/pebble/v2"

	"github.com/realdid/realdid/did/ledger"
)

// Check reads the whole database and verifies that Pebble's tables are in order, that every entry up to the present end is
// there and matches its checksum, that times never decrease, that the entries of every key are linked without a gap, that the heads lead to
// the last entry of every key and to nothing else, and that there is no other row. It returns the first fault as an
// error that is [ledger.ErrCorrupt]. Appends go on meanwhile and are not looked at. A ledger that has to be opened anew after a
// failure is not checked: the error is that of the failure.
func (l *Ledger) Check(ctx context.Context) error {
	s := l.store
	return s.use(func() error {
		_, err := run(&s.failed, func() (struct{}, error) { return struct{}{}, s.check(ctx) })
		return err
	})
}

func (s *store) check(ctx context.Context) error {
	t, snap := s.snapshot()
	err := s.guard("check", func() error { return s.db.CheckLevels(nil) })
	if err != nil && !errors.Is(err, ledger.ErrCorrupt) {
		err = corrupt("%v", err)
	}
	c := census{seed: maphash.MakeSeed()}
	if err == nil {
		err = s.checkEntries(ctx, snap, t, &c)
	}
	if err == nil {
		err = s.checkRows(ctx, snap, t, &c)
	}
	return errors.Join(err, snap.Close())
}

// snapshot returns the database as it is now, with no batch under way.
func (s *store) snapshot() (tip, *pebble.Snapshot) {
	s.committing.Lock()
	defer s.committing.Unlock()
	return *s.tip.Load(), s.db.NewSnapshot()
}

// A census adds up heads. Every entry comes in with its own and takes out the one of its key that it follows, and what
// is left must be what the rows "k" have: then all links hold and every entry is reached from exactly one head.
type census struct {
	seed  maphash.Seed
	total uint64
}

type keyHead struct {
	key string
	head
}

func (c *census) in(key string, h head) { c.total += maphash.Comparable(c.seed, keyHead{key, h}) }

func (c *census) out(key string, h head) { c.total -= maphash.Comparable(c.seed, keyHead{key, h}) }

// checkEntries verifies the entries and puts them into c.
func (s *store) checkEntries(ctx context.Context, snap *pebble.Snapshot, t tip, c *census) error {
	var last int64
	for next := uint64(0); next < t.next; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("pebbleledger: check: %w", err)
		}
		end := min(t.next, next+pageEntries)
		var back error
		err := s.walk(snap, next, end, func(r *record) {
			if r.index > 0 && r.time < last && back == nil {
				back = corrupt("the time of entry %d goes back", r.index)
			}
			last = r.time
			key := string(r.key)
			c.in(key, head{r.index, r.seq})
			if r.seq > 0 {
				c.out(key, head{r.prev, r.seq - 1})
			}
		})
		if err = errors.Join(err, back); err != nil {
			return err
		}
		next = end
	}
	if t.next > 0 && last != t.time {
		return corrupt("the tip and entry %d have different times", t.next-1)
	}
	return nil
}

// checkRows takes all heads out of c, which must then be empty, and verifies that no row is unknown.
func (s *store) checkRows(ctx context.Context, snap *pebble.Snapshot, t tip, c *census) error {
	return s.guard("check", func() (err error) {
		it, err := snap.NewIter(nil)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, it.Close()) }()
		ok := it.First()
		for n := 0; ok; n++ {
			if n%pageEntries == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			key := it.Key()
			switch {
			case len(key) == 1 && key[0] == tipRow:
			case len(key) == entryKeySize && key[0] == entryRow && string(key) < string(entryKey(t.next)):
				ok = it.SeekGE(entryKey(t.next)) // those before were read already
				continue
			case key[0] == headRow:
				v, err := it.ValueAndErr()
				if err != nil {
					return err
				}
				h, err := decodeHead(string(key[1:]), v)
				if err != nil {
					return err
				}
				c.out(string(key[1:]), h)
			default:
				return corrupt("there is a row %.60q that belongs to nothing", key)
			}
			ok = it.Next()
		}
		if err := it.Error(); err != nil {
			return err
		}
		if c.total != 0 {
			return corrupt("the heads and the %d entries do not match", t.next)
		}
		return nil
	})
}
