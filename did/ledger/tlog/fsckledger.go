package tlog

import (
	"errors"
	"fmt"
	"iter"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// leafCheck checks what the leaves say, one after the other.
type leafCheck struct {
	*checker
	entries uint64
	last    int64 // time of the last entry
	after   int64 // time of the last epoch
	unsure  bool  // leaves are missing before this one
	ended   bool  // the last leaf was an epoch
}

func (c *leafCheck) leaf(pos uint64, leaf []byte) error {
	index := pos / proof.TileWidth
	path := proof.EntriesPath(index, proof.WidthAt(0, index, c.size))
	parsed, err := proof.ParseLeaf(leaf)
	c.ended = false
	switch l := parsed.(type) {
	case proof.EntryLeaf:
		if err != nil {
			break
		}
		if l.Index != c.entries && !c.unsure {
			c.fault(FaultLeafIndex, path, "leaf %d is entry %d, want %d", pos, l.Index, c.entries)
		}
		if l.Time < c.last {
			c.fault(FaultLeafTime, path, "entry %d has the time %d, after %d", l.Index, l.Time, c.last)
		}
		c.entries, c.last, c.unsure = l.Index+1, l.Time, false
		return c.entry(&l)
	case proof.EpochLeaf:
		if err != nil {
			break
		}
		if c.unsure {
			c.entries = l.Entries
		}
		if l.Size != pos || l.Entries != c.entries {
			c.fault(FaultEpochSize, path, "leaf %d says size %d and %d entries, want %d entries", pos, l.Size, l.Entries, c.entries)
		}
		if l.Time < max(c.last, c.after) {
			c.fault(FaultEpochTime, path, "the epoch of leaf %d has the time %d, after %d", pos, l.Time, max(c.last, c.after))
		}
		number := pos - c.entries
		if r, err := c.epochs.read(number); err == nil && r != (epoch{l.Size, l.Entries, l.Time}) {
			c.fault(FaultEpochsLeaf, epochsFile, "record %d is not that of leaf %d", number, pos)
		}
		c.after, c.unsure, c.ended = l.Time, false, true
		return nil
	}
	c.fault(FaultLeafMalformed, path, "leaf %d: %v", pos, err)
	c.unsure = true
	return nil
}

// ledgerCheck compares with the ledger.
type ledgerCheck struct {
	next func() (ledger.Entry, error, bool)
	stop func()
	tail map[string]uint64 // seq of the first entry of a key that the log does not cover
	keys uint64            // with a head in the log
	lost bool              // the ledger is at its end
	some bool              // entries are missing or others: there is no use in counting keys
}

func (f *checker) openLedger() error {
	if f.opt.Ledger == nil {
		return nil
	}
	c := &ledgerCheck{tail: make(map[string]uint64)}
	for e, err := range f.opt.Ledger.Follow(f.ctx, f.entries) {
		if err != nil {
			return err
		}
		if _, ok := c.tail[e.Key]; !ok {
			c.tail[e.Key] = e.Seq
		}
	}
	c.next, c.stop = iter.Pull2(f.opt.Ledger.Follow(f.ctx, 0))
	f.ledger = c
	return nil
}

func (f *checker) closeLedger() {
	if f.ledger != nil {
		f.ledger.stop()
	}
}

// entry compares the leaf of an entry with the ledger's entry, and if it is the last of its key, its head with the map's.
func (f *checker) entry(l *proof.EntryLeaf) error {
	c := f.ledger
	if c == nil || c.lost {
		return nil
	}
	var e ledger.Entry
	for {
		next, err, ok := c.next()
		if err != nil {
			return err
		}
		if !ok {
			c.lost = true
			f.fault(FaultLedgerMissing, "", "entry %d and all after it", l.Index)
			return nil
		}
		if e = next; e.Anchor.Index >= l.Index { // leaves may be missing
			break
		}
		c.some = true
	}
	if e.Anchor.Index != l.Index || e.Anchor.Time.Unix() != l.Time || e.Key != l.Key || e.Seq != l.Seq || string(e.Op) != string(l.Op) {
		c.some = true
		f.fault(FaultLedgerEntry, "", "entry %d is another one than in the log", l.Index)
		return nil
	}
	if f.opt.Reducer == nil || f.m == nil {
		return nil
	}
	state, n, err := f.opt.Ledger.State(f.ctx, e.Key)
	if err != nil {
		return err
	}
	first, behind := c.tail[e.Key]
	if behind {
		n = first
	}
	if n != e.Seq+1 {
		return nil
	}
	if behind {
		cut := cutter{lg: f.opt.Ledger, red: f.opt.Reducer}
		if state, err = cut.state(f.ctx, e.Key, []ledger.Entry{e}); err != nil {
			return err
		}
	}
	c.keys++
	return f.head(e.Key, state)
}

// head compares the head that a state makes with the one in the map.
func (f *checker) head(key string, state []byte) error {
	want, err := f.opt.Reducer.Head(key, state)
	if err != nil {
		return fmt.Errorf("tlog: fsck: head of %s: %w", key, err)
	}
	got, ok, err := f.m.Head(proof.MapPath(key))
	switch {
	case err != nil && errors.Is(mapError(err), ledger.ErrCorrupt):
		return nil // the map's own check reports it
	case err != nil:
		return mapError(err)
	case !ok:
		f.fault(FaultMapHead, mapDir, "%s has none", key)
	case string(got) != string(want):
		f.fault(FaultMapHead, mapDir, "%s has another one than the ledger's entries make", key)
	}
	return nil
}

// countHeads looks for heads that no entry explains.
func (f *checker) countHeads() error {
	c := f.ledger
	if c == nil || c.lost || c.some || f.opt.Reducer == nil || f.faulty[mapDir] {
		return nil
	}
	if n := f.m.Len(); n != c.keys {
		f.fault(FaultMapExtra, mapDir, "%d heads, and the ledger has %d keys", n, c.keys)
	}
	return nil
}
