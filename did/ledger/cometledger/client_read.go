package cometledger

import (
	"context"
	"fmt"
	"iter"

	"github.com/realdid/realdid/did/ledger"
)

// State implements [ledger.Stater].
func (c *Client) State(ctx context.Context, key string) (state []byte, seq uint64, err error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, 0, err
	}
	var a stateAnswer
	if err := c.query(ctx, "state", pathState, mustEncode(key), &a, func() int64 { return a.Height }); err != nil {
		return nil, 0, err
	}
	return a.State, a.Length, nil
}

// History implements [ledger.Ledger]. It holds one page in memory, and no connection while the caller has the turn.
func (c *Client) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		if err := ledger.CheckKey(key); err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		page := func(from uint64) (string, []byte) {
			return pathEntries, mustEncode(&entriesQuery{Key: key, From: from, Limit: c.pageLimit})
		}
		c.each(ctx, "history", key, from, page, yield)
	}
}

// Follow implements [ledger.Follower]. It holds one page in memory, and no connection while the caller has the turn.
func (c *Client) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		page := func(from uint64) (string, []byte) {
			return pathFeed, mustEncode(&feedQuery{From: from, Limit: c.pageLimit})
		}
		c.each(ctx, "follow", "", from, page, yield)
	}
}

// each yields entries from place from on, page by page: of key, or of all keys if it is empty.
func (c *Client) each(
	ctx context.Context, what, key string, from uint64, page func(from uint64) (path string, data []byte), yield func(ledger.Entry, error) bool,
) {
	var last *ledger.Anchor
	for more := true; more; {
		var a pageAnswer
		path, data := page(from)
		if err := c.query(ctx, what, path, data, &a, func() int64 { return a.Height }); err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		more = a.More
		for i := range a.Entries {
			e := a.Entries[i].entry()
			err := c.ready(ctx, what)
			if err == nil {
				err = succeeds(&e, key, from, last)
			}
			if err != nil {
				yield(ledger.Entry{}, err)
				return
			}
			at := e.Anchor
			last = &at
			if from++; !yield(e, nil) {
				return
			}
		}
	}
}

// succeeds checks that e is what the contract lets follow: its place, and an anchor after the last.
func succeeds(e *ledger.Entry, key string, place uint64, last *ledger.Anchor) error {
	switch {
	case key == "" && e.Anchor.Index != place, key != "" && (e.Key != key || e.Seq != place):
		return fmt.Errorf("cometledger: the node sent an entry that was not asked for")
	case last != nil && (e.Anchor.Index <= last.Index || e.Anchor.Time.Before(last.Time)):
		return fmt.Errorf("cometledger: the node sent an entry with an anchor before that of the entry before it")
	}
	return nil
}

// entryAt returns what stands at a place; ok is false if nothing does.
func (c *Client) entryAt(ctx context.Context, key string, seq uint64) (e ledger.Entry, ok bool, err error) {
	var a pageAnswer
	q := &entriesQuery{Key: key, From: seq, Limit: 1}
	if err := c.query(ctx, "history", pathEntries, mustEncode(q), &a, func() int64 { return a.Height }); err != nil {
		return ledger.Entry{}, false, err
	}
	if len(a.Entries) == 0 {
		return ledger.Entry{}, false, nil
	}
	e = a.Entries[0].entry()
	return e, true, succeeds(&e, key, seq, nil)
}
