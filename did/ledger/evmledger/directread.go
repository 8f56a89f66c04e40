package evmledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"

	"github.com/realdid/realdid/did/ledger"
)

// Sync reads the chain to its newest final block. The ledger does that by itself; Sync is for who cannot wait for the next
// time.
func (l *Ledger) Sync(ctx context.Context) error {
	select {
	case <-l.syncing:
		defer func() { l.syncing <- struct{}{} }()
	case <-ctx.Done():
		return fmt.Errorf("evmledger: sync: %w", ctx.Err())
	case <-l.ctx.Done():
		return ledger.ErrClosed
	}
	if err := l.ctx.Err(); err != nil {
		return ledger.ErrClosed
	}
	err := l.sync(ctx)
	open, e := l.places.unchecked()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch l.broken = nil; {
	case errors.Is(err, ledger.ErrCorrupt):
		l.broken = err
	case e != nil:
		l.broken = e
	case len(open) > 0:
		l.broken = unavailable(errors.Join(errors.New("not all that was read has been compared with the contract's slots"), err), "read")
	}
	return err
}

func (l *Ledger) sync(ctx context.Context) error {
	final, err := l.chain.Final(ctx)
	if err != nil {
		return err
	}
	at := l.places.cursor()
	if final.Number < at.block {
		if at.hash == (common.Hash{}) {
			return nil // the contract's block is not final yet
		}
		return unavailable(fmt.Errorf("the node is at block %d, and %d has been read", final.Number, at.block), "sync")
	}
	if err := l.sameChain(ctx, at, final); err != nil {
		return err
	}
	for at.block < final.Number {
		to := final
		if final.Number-at.block > l.span {
			if to, err = l.chain.Block(ctx, at.block+l.span); err != nil {
				return err
			}
		}
		logs, err := l.chain.Logs(ctx, l.at.Address, [][]common.Hash{{createdTopic(), appendedTopic()}}, at.block+1, to)
		if err != nil {
			if answered(err) && l.span > 1 && to.Number-at.block > 1 {
				l.span = (to.Number - at.block) / 2 // too many events, or blocks, for the node
				continue
			}
			return err
		}
		if at, err = l.take(ctx, at, to, logs, to.Number == final.Number); err != nil {
			return err
		}
		l.span = min(2*l.span, l.opt.Range)
	}
	return nil
}

// sameChain checks that the block of the cursor is still in the chain.
func (l *Ledger) sameChain(ctx context.Context, at cursor, final Block) error {
	if at.hash == (common.Hash{}) {
		return nil
	}
	hash := final.Hash
	switch final.Number {
	case at.block:
	case at.block + 1:
		hash = final.Parent
	default:
		b, err := l.chain.Block(ctx, at.block)
		if err != nil {
			return err
		}
		hash = b.Hash
	}
	if hash != at.hash {
		return fmt.Errorf("%w: number %d", ErrReorganised, at.block)
	}
	return nil
}

// take takes the events from the cursor to a block into the index. The chains of keys are compared with the contract's
// slots first, which finds out a node that invents, changes, leaves out or reorders events of a key. Where the node has
// forgotten what the slots were then, that is done at the last block, and nothing is answered before. The times of events are
// compared with those of their blocks.
func (l *Ledger) take(ctx context.Context, at cursor, to Block, logs []types.Log, last bool) (cursor, error) {
	changed := make(map[common.Hash]chainHead)
	steps := make([]step, 0, len(logs))
	for i := range logs {
		s, err := readStep(&logs[i])
		if err != nil {
			return at, unavailable(err, "sync: block %d", logs[i].BlockNumber)
		}
		h, ok := changed[s.key]
		if !ok {
			if h, err = l.places.head(s.key); err != nil {
				return at, err
			}
		}
		if s.first != (h.head == common.Hash{}) {
			return at, unavailable(fmt.Errorf("events of a key are missing or come twice"), "sync: block %d", s.block)
		}
		if s.first {
			h.name = s.name
		}
		s.name = h.name
		h.head, h.size, h.checked = directHead(s.key, h.head, s.time, s.op), h.size+stepSize(s.op), false
		s.number, changed[s.key] = headSteps(h.head), h
		steps = append(steps, s)
	}
	proven := last || !l.chain.newest
	if proven {
		err := l.check(ctx, to, changed)
		if err != nil && (last || !answered(err)) {
			return at, err
		}
		proven = err == nil
	}
	if err := l.inTime(ctx, steps, proven); err != nil {
		return at, err
	}
	entries, err := l.admit(ctx, at.entries, steps, to, last)
	if err != nil {
		return at, err
	}
	at = cursor{block: to.Number, hash: to.Hash, entries: entries}
	return at, l.places.commit(at, changed, toKeep(steps))
}

// check compares the heads in changed, and those that are not checked yet, with the slots at a block, and marks them. If
// that fails, nothing is marked.
func (l *Ledger) check(ctx context.Context, to Block, changed map[common.Hash]chainHead) error {
	heads := maps.Clone(changed)
	older, err := l.places.unchecked()
	if err != nil {
		return err
	}
	for _, key := range older {
		if _, ok := heads[key]; ok {
			continue
		}
		if heads[key], err = l.places.head(key); err != nil {
			return err
		}
	}
	keys := slices.Collect(maps.Keys(heads))
	slots := make([]common.Hash, len(keys))
	for i, key := range keys {
		slots[i] = directSlot(key)
	}
	stands, err := l.chain.Storage(ctx, l.at.Address, slots, to.Number)
	if err != nil {
		return err
	}
	for i, key := range keys {
		h := heads[key]
		if h.head != stands[i] {
			return unavailable(errors.New("the node's events of a key do not lead to the key's slot: ask another node, or delete the index"),
				"sync: block %d", to.Number)
		}
		h.checked = true
		heads[key] = h
	}
	maps.Copy(changed, heads)
	return nil
}

// inTime checks that steps have the times of the blocks that they are in, as those have that the contract's code took; its
// creator could have left others there, with slots to match. proven says that the steps lead to the slots.
func (l *Ledger) inTime(ctx context.Context, steps []step, proven bool) error {
	var numbers []uint64
	for _, s := range steps {
		if len(numbers) == 0 || numbers[len(numbers)-1] != s.block {
			numbers = append(numbers, s.block)
		}
	}
	blocks, err := l.chain.blocks(ctx, numbers)
	if err != nil {
		return err
	}
	for _, s := range steps {
		if blocks[0].Number != s.block {
			blocks = blocks[1:]
		}
		if blocks[0].Time.Equal(blockTime(s.time)) {
			continue
		}
		err := fmt.Errorf("an event has the time %d, and its block that of %s", s.time, blocks[0].Time)
		if proven {
			return fmt.Errorf("evmledger: sync: block %d: %w: %w", s.block, ledger.ErrCorrupt, err)
		}
		return unavailable(err, "sync: block %d", s.block)
	}
	return nil
}

// admit takes those of steps that count into the index, which had from entries when the chain had been read up to before
// them, and has more if it was stopped since, perhaps from blocks after the block to. It returns how many it has with them.
func (l *Ledger) admit(ctx context.Context, from uint64, steps []step, to Block, last bool) (uint64, error) {
	var previous time.Time
	var more, later bool
	var err error
	for have, e := range l.index.Follow(ctx, from-min(from, 1)) {
		if err = e; err != nil {
			return from, err
		}
		if have.Anchor.Index < from {
			previous = have.Anchor.Time
			continue
		}
		for more = true; more && len(steps) > 0; steps = steps[1:] {
			s := &steps[0]
			s.index = from
			if have.Key == s.name && bytes.Equal(have.Op, s.op) && have.Anchor.Time.Equal(s.anchorTime(previous)) {
				from, previous, more = from+1, have.Anchor.Time, false
				s.counts(previous)
			}
		}
		if more {
			later = !have.Anchor.Time.Before(to.Time)
			break
		}
	}
	if more && last && later {
		return from, unavailable(fmt.Errorf("the node's last final block is %d, and the index has entries of later ones", to.Number), "sync")
	}
	if more && last {
		return from, fmt.Errorf("evmledger: sync: %w: the index has entry %d, and the contract does not", ledger.ErrCorrupt, from)
	}
	if err != nil || more || len(steps) == 0 {
		return from, err
	}
	entries, err := l.decide(ctx, from, previous, steps)
	if err != nil || len(entries) == 0 {
		return from, err
	}
	if err := l.index.Import(ctx, entries); err != nil {
		return from, err
	}
	return from + uint64(len(entries)), nil
}

// anchorTime is the time of the anchor of s in an index whose last entry has the time last: that of the block, unless it
// goes back, which no chain does that follows Ethereum's rules.
func (s step) anchorTime(last time.Time) time.Time {
	if t := blockTime(s.time); t.After(last) {
		return t
	}
	return last
}

// counts marks s as one that is in the index with that time.
func (s *step) counts(at time.Time) { s.counted, s.exact = true, s.time == uint64(at.Unix()) }

// decide returns the entries that steps add to the index, whose next entry is number next and whose last has the time
// last, and marks them. Steps that do not count are told to the appends that wait for them.
func (l *Ledger) decide(ctx context.Context, next uint64, last time.Time, steps []step) ([]ledger.Entry, error) {
	type end struct {
		state []byte
		seq   uint64
	}
	ends := make(map[string]end)
	l.reducer.known = make(map[uint64]ledger.Reduced)
	var entries []ledger.Entry
	for i := range steps {
		s := &steps[i]
		s.index = next
		if ledger.CheckKey(s.name) != nil || ledger.CheckOp(s.op) != nil {
			continue
		}
		at, ok := ends[s.name]
		if !ok {
			var err error
			if at.state, at.seq, err = l.index.State(ctx, s.name); err != nil {
				return nil, err
			}
		}
		anchor := ledger.Anchor{Index: next, Time: s.anchorTime(last)}
		r, err := l.reducer.decide(s.name, at.state, s.op, anchor)
		if err != nil {
			l.refuse(*s, err)
			continue
		}
		entries = append(entries, ledger.Entry{Key: s.name, Seq: at.seq, Op: s.op, Anchor: anchor})
		l.reducer.known[next] = r
		s.counts(anchor.Time)
		ends[s.name] = end{append([]byte{}, r.State...), at.seq + 1} // never nil: that is a new key
		next, last = next+1, anchor.Time
	}
	return entries, nil
}
