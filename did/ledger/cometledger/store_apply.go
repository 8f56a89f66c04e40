package cometledger

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"

	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

// A change is what a block makes of the store, worked out and not committed yet.
type change struct {
	s      *store
	tip    tip
	batch  *leveldb.Batch
	staged *authmap.Staged // nil: the map stays as it is
	hash   proof.Hash      // the app hash after it
	x      *execution      // what it is made of; nil: nothing
}

// prepare works out the change that a block at height makes. Nothing of it is to be seen until commit.
func (s *store) prepare(b *block, height, blockTime int64) (*change, error) {
	v := s.view()
	c := &change{s: s, tip: v.tip, batch: new(leveldb.Batch), hash: v.appHash}
	c.tip.Height, c.tip.BlockTime = height, blockTime
	if b != nil && len(b.entries) > 0 {
		c.tip.Changed, c.x = height, b.execution
		f := v.frontier.Clone()
		c.add(b.execution, f, nil)
		if err := c.seal(b.execution, f, max(blockTime, c.tip.Time, c.tip.EpochTime)); err != nil {
			return nil, err
		}
	}
	c.batch.Put([]byte{tipRecord}, c.tip.bytes())
	return c, nil
}

// add puts the steps of x that stand into the batch and their leaves into f, and epochs in their places.
func (c *change) add(x *execution, f *proof.Frontier, epochs []epoch) {
	b := c.batch
	last := make([]int, len(x.keys))
	hashes := make([]proof.Hash, len(x.steps))
	each(len(x.steps), func(i int) {
		if s := &x.steps[i]; s.code == codeOK {
			e := s.entry()
			hashes[i] = leaf(&e)
		}
	})
	for k := range last {
		last[k] = -1
	}
	for i := range x.steps {
		s := &x.steps[i]
		if s.code != codeOK {
			continue
		}
		for len(epochs) > 0 && epochs[0].entries <= s.at.Index {
			c.end(f, epochs[0])
			epochs = epochs[1:]
		}
		e := s.entry()
		b.Put(numbered(entryRecord, s.at.Index), encodeEntry(&e))
		b.Put(seqKey(s.Key, s.Seq), binary.BigEndian.AppendUint64(nil, s.at.Index))
		f.Append(hashes[i], nil)
		last[s.key] = i
		c.tip.Entries, c.tip.Time = s.at.Index+1, s.at.Time.Unix()
	}
	for _, e := range epochs {
		c.end(f, e)
	}
	c.tip.Frontier = f.Bytes()
	for _, i := range last {
		if i < 0 {
			continue
		}
		s := &x.steps[i]
		head := binary.BigEndian.AppendUint64(make([]byte, 0, 16+len(s.state)), s.Seq+1)
		head = append(binary.BigEndian.AppendUint64(head, s.at.Index), s.state...)
		b.Put(headKey(s.Key), head)
	}
}

// heads returns the changes of the map that x makes.
func (x *execution) heads() []authmap.Change {
	changes := make([]authmap.Change, 0, len(x.keys))
	for k := range x.keys {
		for _, i := range slices.Backward(x.keys[k].steps) {
			if s := &x.steps[i]; s.code == codeOK {
				changes = append(changes, authmap.Change{Path: proof.MapPath(s.Key), Head: s.head})
				break
			}
		}
	}
	return changes
}

// seal stages the heads of x, nil for none, and ends the log in an epoch.
func (c *change) seal(x *execution, f *proof.Frontier, at int64) error {
	var changes []authmap.Change
	if x != nil {
		changes = x.heads()
	}
	staged, err := c.s.m.Load().Stage(changes)
	if err != nil {
		return mapError(err)
	}
	c.staged = staged
	c.end(f, epoch{entries: c.tip.Entries, time: at, mapRoot: staged.Root()})
	return nil
}

// end adds the leaf of an epoch to f, in which the log ends then, and sets what follows from it.
func (c *change) end(f *proof.Frontier, e epoch) {
	t := &c.tip
	number := f.Size() - e.entries
	before := f.Bytes()[8:]
	t.EpochPath = make([]byte, 0, len(before))
	for i := len(before); i > 0; i -= proof.HashSize { // the leaf side first: the smallest subtree
		t.EpochPath = append(t.EpochPath, before[i-proof.HashSize:i]...)
	}
	f.Append(proof.LeafHash(e.leaf(number).Append(nil)), nil)
	t.EpochTime, t.MapRoot, t.Frontier = e.time, e.mapRoot[:], f.Bytes()
	c.batch.Put(numbered(epochRecord, number), e.bytes())
	c.hash = proof.Checkpoint{Origin: t.ChainID, Size: f.Size(), Root: f.Root()}.Digest()
}

// commit makes the change durable and then visible.
func (c *change) commit() error {
	if err := c.s.db.Write(c.batch, &opt.WriteOptions{Sync: true}); err != nil {
		return storeError("commit", err)
	}
	if c.staged != nil {
		if err := c.staged.Commit(c.tip.size()); err != nil {
			return mapError(err)
		}
	}
	if err := c.s.publish(&c.tip); err != nil {
		return err
	}
	if h := c.s.view().appHash; h != c.hash {
		return fmt.Errorf("cometledger: commit: the app hash is %x and was to be %x", h, c.hash)
	}
	return nil
}

// discard gives the change up.
func (c *change) discard() {
	if c != nil && c.staged != nil {
		c.staged.Discard()
	}
}
