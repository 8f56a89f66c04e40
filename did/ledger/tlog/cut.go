package tlog

import (
	"context"
	"fmt"

	"github.com/realdid/realdid/did/ledger"
)

// A Source is a ledger that a log can be made of.
type Source interface {
	ledger.Ledger
	ledger.Follower
	ledger.Stater
	// Last returns the anchor of the last durable entry; ok is false while there is none.
	Last() (last ledger.Anchor, ok bool)
}

// Fill adds the entries of lg to b until it has entries of them, and the heads that keys have at that cut. red must be what
// lg was opened with. Errors are those of lg and red, and [ledger.ErrCorrupt] if lg has fewer entries.
func Fill(ctx context.Context, b *Batch, lg Source, red ledger.HeadReducer, entries uint64) error {
	c := cutter{lg: lg, red: red}
	if err := c.fill(ctx, b, entries, maxInt); err != nil {
		return err
	}
	if b.entries != entries {
		return corrupt("the ledger has %d entries, and %d are needed", b.entries, entries)
	}
	return nil
}

const (
	maxInt  = int(^uint(0) >> 1)
	maxKept = 16 << 20 // bytes of states that a cutter keeps
)

// A cutter finds what head every key has at a cut through a ledger that goes on growing. The ledger tells the newest state; that
// of a key that has had entries beyond the cut since is replayed, and kept for the next cut, so that a key with a long history
// that is appended to all the time is not replayed from its beginning each time.
type cutter struct {
	lg   Source
	red  ledger.HeadReducer
	kept map[string]keptState
	size int // bytes in kept
}

type keptState struct {
	state []byte
	seq   uint64 // entries that it is of
}

// fill adds the entries below end to b, or as many as make it limit bytes large, and the heads of their keys.
func (c *cutter) fill(ctx context.Context, b *Batch, end uint64, limit int) error {
	if b.entries >= end {
		return nil
	}
	touched := make(map[string][]ledger.Entry)
	for e, err := range c.lg.Follow(ctx, b.entries) {
		if err != nil {
			return err
		}
		if err := b.AddEntry(e); err != nil {
			return err
		}
		touched[e.Key] = append(touched[e.Key], e)
		if b.entries >= end || b.size >= limit {
			break
		}
	}
	for key, entries := range touched {
		state, err := c.state(ctx, key, entries)
		if err != nil {
			return err
		}
		head, err := c.red.Head(key, state)
		if err != nil {
			return fmt.Errorf("tlog: head of %s: %w", key, err)
		}
		if err := b.SetHead(key, head); err != nil {
			return err
		}
	}
	return nil
}

// state returns the state of key after the last of entries, which are its newest before the cut.
func (c *cutter) state(ctx context.Context, key string, entries []ledger.Entry) ([]byte, error) {
	first, end := entries[0].Seq, entries[len(entries)-1].Seq+1
	state, n, err := c.lg.State(ctx, key)
	switch {
	case err != nil:
		return nil, err
	case n == end:
		c.forget(key)
		return state, nil
	case n < end:
		return nil, corrupt("the ledger has %d entries of %s, and %d in its feed", n, key, end)
	}
	at, ok := c.kept[key]
	if !ok || at.seq != first {
		at = keptState{}
		for e, err := range c.lg.History(ctx, key, 0) {
			if err != nil {
				return nil, err
			}
			if e.Seq >= first {
				break
			}
			if err := c.replay(&at, e); err != nil {
				return nil, err
			}
		}
	}
	for _, e := range entries {
		if err := c.replay(&at, e); err != nil {
			return nil, err
		}
	}
	c.keep(key, at)
	return at.state, nil
}

func (c *cutter) replay(at *keptState, e ledger.Entry) error {
	if e.Seq != at.seq {
		return corrupt("entry %d of %s comes after %d entries", e.Seq, e.Key, at.seq)
	}
	r, err := c.red.Reduce(e.Key, at.state, e.Op, e.Anchor)
	if err != nil {
		return corrupt("entry %d of %s is refused now: %v", e.Seq, e.Key, err)
	}
	at.state, at.seq = append([]byte{}, r.State...), e.Seq+1 // never nil: nil means a new key
	return nil
}

func (c *cutter) keep(key string, at keptState) {
	c.forget(key)
	if c.size += len(key) + len(at.state); c.kept == nil || c.size > maxKept {
		c.kept, c.size = make(map[string]keptState), len(key)+len(at.state)
	}
	c.kept[key] = at
}

func (c *cutter) forget(key string) {
	if at, ok := c.kept[key]; ok {
		c.size -= len(key) + len(at.state)
		delete(c.kept, key)
	}
}
