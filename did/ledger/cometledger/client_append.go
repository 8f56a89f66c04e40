package cometledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// A pending is an append under way. Its fields belong to the goroutine that has it: it is in one list at a time.
type pending struct {
	operation
	sum  [sha256.Size]byte
	ctx  context.Context
	due  time.Time // gives up then
	gone atomic.Bool

	begun time.Time
	sent  time.Time
	at    uint32 // the endpoint that it was sent to
	times int    // that it was sent
	cause error  // of the last failure to send

	done  chan struct{}
	entry ledger.Entry
	err   error
}

// finish ends the append.
func (p *pending) finish(e ledger.Entry, err error) {
	p.entry, p.err = e, err
	close(p.done)
}

// Append implements [ledger.Ledger]. It returns once the entry is in a block that more than two thirds of the validators have agreed on, which is
// final, and a node has executed it.
func (c *Client) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	if err := ledger.CheckKey(key); err != nil {
		return ledger.Entry{}, err
	}
	if err := ledger.CheckOp(op); err != nil {
		return ledger.Entry{}, err
	}
	if err := c.ready(ctx, "append"); err != nil {
		return ledger.Entry{}, err
	}
	now := time.Now()
	p := &pending{
		operation: operation{Key: key, Seq: seq, Op: bytes.Clone(op)}, sum: sha256.Sum256(op), ctx: ctx,
		begun: now, due: now.Add(time.Duration(c.patience.Load())), done: make(chan struct{}),
	}
	if !c.enqueue(p) {
		return ledger.Entry{}, ledger.ErrClosed
	}
	signal(c.hints)
	select {
	case <-p.done:
		if p.err != nil {
			return ledger.Entry{}, p.err
		}
		p.entry.Op = bytes.Clone(op)
		return p.entry, nil
	case <-ctx.Done():
	case <-c.ctx.Done():
	}
	p.gone.Store(true)
	return ledger.Entry{}, c.ended(ctx, "append")
}

// signal tells whoever waits for ch, once if several times before that.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// enqueue puts appends before all others that are to be sent. It reports whether the client is open.
func (c *Client) enqueue(ps ...*pending) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.queue = append(c.queue, ps...)
	signal(c.kick)
	return true
}

// wait puts appends among those whose place is looked at after each block.
func (c *Client) wait(ps ...*pending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, ps...)
}

// Bounds of sending.
const (
	maxSending = 4         // transactions at once
	txSize     = 512 << 10 // bytes of a transaction: in base64 it has to stay under the 1,000,000 that a node's RPC takes by default
)

// sending makes transactions of what is queued.
func (c *Client) sending() {
	slots := make(chan struct{}, maxSending)
	for {
		select {
		case <-c.kick:
		case <-c.ctx.Done():
			return
		}
		for {
			if c.queued() < MaxTxOps {
				c.pause(c.ctx, c.opt.Gather)
			}
			batch := c.take()
			if len(batch) == 0 {
				break
			}
			select {
			case slots <- struct{}{}:
			case <-c.ctx.Done():
				return
			}
			c.work.Go(func() {
				defer func() { <-slots }()
				c.send(batch)
			})
		}
	}
}

func (c *Client) queued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// take cuts off the queue what goes into one transaction: of different keys, for of two of one key at most one can stand.
func (c *Client) take() []*pending {
	c.mu.Lock()
	defer c.mu.Unlock()
	var batch []*pending
	keys := make(map[string]struct{}, len(c.queue))
	size := 4
	c.queue = slices.DeleteFunc(c.queue, func(p *pending) bool {
		if p.gone.Load() {
			return true
		}
		if _, there := keys[p.Key]; there || len(batch) == MaxTxOps || size+p.size() > txSize {
			return false
		}
		keys[p.Key] = struct{}{}
		size += p.size()
		batch = append(batch, p)
		return true
	})
	return batch
}

// send hands a batch to a node, and what the node refuses in it to the goroutines that find out why.
func (c *Client) send(batch []*pending) {
	for len(batch) > 0 && c.ctx.Err() == nil {
		ops := make([]operation, len(batch))
		for i, p := range batch {
			ops[i] = p.operation
		}
		tx, err := appendTx(nil, ops)
		if err != nil {
			for _, p := range batch {
				p.finish(ledger.Entry{}, err) // cannot be: they were checked one by one
			}
			return
		}
		at, blocks, seen := c.at.Load(), c.told.Load(), c.heights.floor()
		answer, err := c.broadcast(c.ctx, c.endpoints[at], tx, len(ops))
		if answer != nil {
			err = c.observe(c.ctx, c.endpoints[at], answer.Height, seen)
		}
		if err != nil {
			c.failed(batch, at, err)
			return
		}
		var refused []refusal
		if answer != nil {
			refused = answer.Refusals
		}
		now := time.Now()
		var rest []*pending
		for i, p := range batch {
			if len(refused) > 0 && refused[0].Op == uint64(i) {
				c.refused(p, &refused[0], at)
				refused = refused[1:]
				continue
			}
			p.sent, p.at = now, at
			p.times++
			rest = append(rest, p)
		}
		if answer == nil {
			c.wait(rest...)
			if c.told.Load() != blocks {
				signal(c.block) // it may have had them
			}
			return
		}
		batch = rest // nothing of the transaction was let in
	}
}

// failed takes back a batch that could not be sent, and has it sent again by another node after a pause.
func (c *Client) failed(batch []*pending, at uint32, err error) {
	c.leave(at)
	again := batch[:0]
	for _, p := range batch {
		p.cause = err
		if time.Now().Add(firstPause).Before(p.due) {
			again = append(again, p)
			continue
		}
		p.finish(ledger.Entry{}, unavailable("append", err))
	}
	c.pause(c.ctx, firstPause*2)
	c.enqueue(again...)
}

// refused takes an append that a node did not let into its mempool.
func (c *Client) refused(p *pending, r *refusal, at uint32) {
	p.sent, p.at = time.Now(), at
	p.times++
	switch r.Code {
	case codeCrowded: // the first of a transaction never is
		c.enqueue(p)
	case codeInvalid:
		text := r.Text
		c.work.Go(func() { c.invalid(p, text) })
	case codeConflict:
		if p.Seq > r.Length {
			c.work.Go(func() { c.beyond(p) })
			return
		}
		fallthrough
	default: // something stands there, or will soon
		c.wait(p)
		signal(c.block)
	}
}

// invalid ends an append whose operation the reducer of a node refused, if that was for what stands now and not for what waits in the mempool.
func (c *Client) invalid(p *pending, text string) {
	state, length, err := c.State(p.ctx, p.Key)
	switch {
	case err != nil:
		p.finish(ledger.Entry{}, err)
		return
	case length != p.Seq:
		c.wait(p)
		signal(c.block)
		return
	}
	if refused := c.reduce(p, state); refused != nil {
		p.finish(ledger.Entry{}, fmt.Errorf("%w: %w", ledger.ErrInvalid, refused))
		return
	}
	p.finish(ledger.Entry{}, fmt.Errorf("%w: the validators refuse it: %s", ledger.ErrInvalid, text))
}

// beyond ends an append whose place is beyond the end of the key's sequence, if that is so at the node that has got farthest, and that one is not
// catching up.
func (c *Client) beyond(p *pending) {
	place := mustEncode([]place{{Key: p.Key, Seq: p.Seq}})
	err := c.try(p.ctx, "append", func(ctx context.Context, _ string) error {
		var best *standsAnswer
		var from string
		var last error
		for _, base := range c.endpoints {
			var a standsAnswer
			err := c.queryAt(ctx, base, pathStands, place, &a, func() int64 { return a.Height })
			switch {
			case err != nil:
				last = err
			case len(a.Places) == 1 && (best == nil || a.Height > best.Height):
				best, from = &a, base
			}
		}
		if best == nil {
			return last
		}
		length := best.Places[0].Length
		if length < p.Seq {
			if err := c.caughtUp(ctx, from); err != nil {
				return err
			}
			p.finish(ledger.Entry{}, &ledger.ConflictError{Seq: p.Seq, Length: length})
			return nil
		}
		if length == p.Seq { // the node that refused was behind
			c.enqueue(p)
			return nil
		}
		c.wait(p)
		signal(c.block)
		return nil
	})
	if err != nil {
		p.finish(ledger.Entry{}, err)
	}
}

// reduce returns what the client's own Reducer has against an operation, or nil.
func (c *Client) reduce(p *pending, state []byte) (refused error) {
	if c.opt.Reducer == nil {
		return nil
	}
	last, ok, err := c.Last(p.ctx)
	if err != nil {
		return nil
	}
	if ok {
		last.Index++
	}
	defer func() {
		if x := recover(); x != nil {
			refused = nil // the text of the node will do
		}
	}()
	r, err := c.opt.Reducer.Reduce(p.Key, state, p.Op, last)
	if err == nil && len(r.State) > ledger.MaxStateSize {
		return fmt.Errorf("state of %d bytes, over %d", len(r.State), ledger.MaxStateSize)
	}
	return err
}

var errUnconfirmed = errors.New("no block has confirmed it yet")
