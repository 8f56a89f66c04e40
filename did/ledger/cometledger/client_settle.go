package cometledger

import (
	"context"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// lookEvery is how often what waits is looked at when no node tells of blocks.
const lookEvery = 250 * time.Millisecond

// settling looks at what waits after every block, and now and then.
func (c *Client) settling() {
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	for {
		select {
		case <-c.block:
		case <-timer.C:
		case <-c.ctx.Done():
			return
		}
		c.settle()
		c.overdue()
		timer.Reset(lookEvery)
	}
}

// settle asks what stands at the places of all that waits, and ends those appends of which that is known.
func (c *Client) settle() {
	c.mu.Lock()
	waiting := c.waiting
	c.waiting = nil
	c.mu.Unlock()
	var parts sync.WaitGroup
	slots := make(chan struct{}, maxSending)
	for len(waiting) > 0 {
		n := min(len(waiting), MaxTxOps)
		part := waiting[:n:n]
		waiting = waiting[n:]
		slots <- struct{}{}
		parts.Go(func() {
			defer func() { <-slots }()
			c.settlePart(part)
		})
	}
	parts.Wait()
}

func (c *Client) settlePart(part []*pending) {
	live := part[:0]
	for _, p := range part {
		if !p.gone.Load() {
			live = append(live, p)
		}
	}
	if len(live) == 0 {
		return
	}
	places := make([]place, len(live))
	for i, p := range live {
		places[i] = place{Key: p.Key, Seq: p.Seq}
	}
	at := c.at.Load()
	var a standsAnswer
	err := c.queryAt(c.ctx, c.endpoints[at], pathStands, mustEncode(places), &a, func() int64 { return a.Height })
	if err != nil || len(a.Places) != len(places) {
		c.leave(at)
		c.wait(live...)
		return
	}
	var open []*pending
	for i, p := range live {
		switch s := &a.Places[i]; {
		case s.Length <= p.Seq:
			open = append(open, p)
		case string(s.Sum) == string(p.sum[:]):
			c.learn(time.Since(p.begun))
			p.finish(ledger.Entry{Key: p.Key, Seq: p.Seq, Anchor: ledger.Anchor{Index: s.Index, Time: time.Unix(s.Time, 0).UTC()}}, nil)
		default:
			length := s.Length
			c.work.Go(func() { c.taken(p, length) })
		}
	}
	c.wait(open...)
}

// taken ends an append in whose place something else stands.
func (c *Client) taken(p *pending, length uint64) {
	e, ok, err := c.entryAt(p.ctx, p.Key, p.Seq)
	switch {
	case err != nil:
		p.finish(ledger.Entry{}, err)
	case !ok:
		c.wait(p) // cannot be, unless the node has changed its mind
	default:
		p.finish(ledger.Entry{}, &ledger.ConflictError{Seq: p.Seq, Entry: e, Length: length})
	}
}

// learn takes note of how long an append took.
func (c *Client) learn(took time.Duration) {
	const share = 16
	old := c.took.Load()
	c.took.Store(old + (int64(took)-old)/share)
}

// patient returns how long to wait for an append that was sent so many times before it is sent again. To send again what only waits for its turn
// would make the validators slower yet, so this is long where appends take long, and grows.
func (c *Client) patient(times int) time.Duration {
	return max(c.resend, 4*time.Duration(c.took.Load())) << min(max(times-1, 0), 6)
}

// overdue gives up what has waited too long, and has sent again, by another node, what does not stand so long after it was sent.
func (c *Client) overdue() {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	keep := c.waiting[:0]
	for _, p := range c.waiting {
		switch {
		case p.gone.Load():
		case now.After(p.due):
			cause := p.cause
			if cause == nil {
				cause = errUnconfirmed
			}
			p.finish(ledger.Entry{}, unavailable("append", cause))
		case now.Sub(p.sent) > c.patient(p.times) && !c.closed:
			c.leave(p.at)
			c.queue = append(c.queue, p)
			signal(c.kick)
		default:
			keep = append(keep, p)
		}
	}
	clear(c.waiting[len(keep):])
	c.waiting = keep
}

// blocksTold returns a channel that gets a value at every block that the client hears of, until forget is called.
func (c *Client) blocksTold() (told chan struct{}, forget func()) {
	told = make(chan struct{}, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaken[told] = struct{}{}
	signal(c.hints)
	return told, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.awaken, told)
	}
}

// heard tells everybody of a block.
func (c *Client) heard() {
	c.told.Add(1)
	signal(c.block)
	c.mu.Lock()
	defer c.mu.Unlock()
	for told := range c.awaken {
		signal(told)
	}
}

// nextBlock waits for told, or for as long as it takes to ask again.
func (c *Client) nextBlock(ctx context.Context, told chan struct{}) {
	timer := time.NewTimer(lookEvery)
	defer timer.Stop()
	select {
	case <-told:
	case <-timer.C:
	case <-ctx.Done():
	case <-c.ctx.Done():
	}
}
