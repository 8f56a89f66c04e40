package cometledger

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// maxLead is how many blocks a node may be ahead of another that is up to date. maxIdle is the age of the last block up to which a node can be that.
const (
	maxLead = 100
	maxIdle = time.Minute
)

// A claim is the height that a node says it has got to. One that is doubted, because others that are up to date are far below, counts for
// that node alone.
type claim struct {
	height  int64
	doubted bool
}

// claimed are the claims of nodes, by base URL.
type claimed struct {
	mu     sync.Mutex
	claims map[string]claim
}

// floor is the height below which no answer is believed: the greatest that a node claims who is not doubted.
func (h *claimed) floor() (height int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.claims {
		if !c.doubted {
			height = max(height, c.height)
		}
	}
	return height
}

// note takes note of a claim, and ends doubts that it settles.
func (h *claimed) note(base string, height int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.claims == nil {
		h.claims = make(map[string]claim)
	}
	mine := h.claims[base]
	if mine.doubted || height > mine.height {
		mine.height = height
	}
	for other, c := range h.claims {
		switch {
		case other == base:
		case mine.doubted && !c.doubted && height <= c.height+maxLead:
			mine.doubted = false
		case c.doubted && !mine.doubted && c.height-maxLead <= height:
			c.doubted = false
			h.claims[other] = c
		}
	}
	h.claims[base] = mine
}

// doubt doubts all claims that are far above that of a node which is up to date.
func (h *claimed) doubt(base string, height int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for other, c := range h.claims {
		if other != base && c.height-maxLead > height {
			c.doubted = true
			h.claims[other] = c
		}
	}
}

// observe takes note of the height of an answer. One that is less than seen, which was the floor before, is no answer, unless the node is up to
// date and it is the floor that cannot be.
func (c *Client) observe(ctx context.Context, base string, height, seen int64) error {
	if height < seen-maxLead && c.upToDate(ctx, base) {
		c.heights.doubt(base, height)
		seen = min(seen, c.heights.floor())
	}
	if height < seen {
		return fmt.Errorf("%w: at block %d, and there was an answer from %d", errLags, height, seen)
	}
	c.heights.note(base, height)
	return nil
}

// A nodeStatus is what a node says of itself.
type nodeStatus struct {
	Sync struct {
		CatchingUp bool      `json:"catching_up"`
		BlockTime  time.Time `json:"latest_block_time"`
	} `json:"sync_info"`
}

// caughtUp returns errLags if a node says that it is still fetching blocks of others.
func (c *Client) caughtUp(ctx context.Context, base string) error {
	var status nodeStatus
	if err := c.request(ctx, base, "status", map[string]any{}, &status); err != nil {
		return err
	}
	if status.Sync.CatchingUp {
		return fmt.Errorf("%w: it is catching up", errLags)
	}
	return nil
}

// upToDate reports whether a node takes part and had a block a moment ago.
func (c *Client) upToDate(ctx context.Context, base string) bool {
	var status nodeStatus
	if err := c.request(ctx, base, "status", map[string]any{}, &status); err != nil || status.Sync.CatchingUp {
		return false
	}
	return c.opt.Clock().Sub(status.Sync.BlockTime).Abs() <= maxIdle
}
