package httpledger

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"net/http"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// Append implements [ledger.Ledger].
func (c *Client) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	if err := ledger.CheckKey(key); err != nil {
		return ledger.Entry{}, err
	}
	if err := ledger.CheckOp(op); err != nil {
		return ledger.Entry{}, err
	}
	q := &call{
		what: "append", method: http.MethodPut, path: "keys/" + key + "/entries/" + number(seq), limit: anchorSize,
		key: key, seq: seq, op: bytes.Clone(op), // a transport may read it after it has returned
	}
	b, err := c.do(ctx, q, nil)
	if err != nil {
		return ledger.Entry{}, err
	}
	at, err := parseAnchor(b)
	if err != nil {
		return ledger.Entry{}, err
	}
	return ledger.Entry{Key: key, Seq: seq, Op: bytes.Clone(op), Anchor: at}, nil
}

// History implements [ledger.Ledger]. It holds one page in memory, and no connection while the caller has the turn.
func (c *Client) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		if err := ledger.CheckKey(key); err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		q := &call{what: "history", method: http.MethodGet, limit: maxPage}
		c.each(ctx, q, "keys/"+key+"/entries/", key, from, yield)
	}
}

// Follow implements [ledger.Follower]. It holds one page in memory, and no connection while the caller has the turn.
func (c *Client) Follow(ctx context.Context, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		c.each(ctx, &call{what: "follow", method: http.MethodGet, limit: maxPage}, "entries/", "", from, yield)
	}
}

// each yields the entries of key, or of all keys if it is empty, page by page.
func (c *Client) each(ctx context.Context, q *call, path, key string, from uint64, yield func(ledger.Entry, error) bool) {
	var last *ledger.Anchor
	for more := true; more; {
		q.path = path + number(from)
		entries, again, err := c.page(ctx, q, key)
		if err != nil {
			yield(ledger.Entry{}, err)
			return
		}
		more = again
		for i := range entries {
			e := entries[i]
			err := ctx.Err()
			if err != nil {
				err = fmt.Errorf("httpledger: %s: %w", q.what, err)
			} else {
				err = follows(&e, key, from, last)
			}
			if err != nil {
				yield(ledger.Entry{}, err)
				return
			}
			last = &entries[i].Anchor
			if from++; !yield(e, nil) {
				return
			}
		}
	}
}

// page reads one page.
func (c *Client) page(ctx context.Context, q *call, key string) ([]ledger.Entry, bool, error) {
	buf := pages.Get().(*[]byte)
	defer pages.Put(buf)
	b, err := c.do(ctx, q, (*buf)[:0])
	if err != nil {
		return nil, false, err
	}
	*buf = b
	return parsePage(nil, b, key)
}

// follows checks that e is what the contract lets follow: its place, and an anchor after the last.
func follows(e *ledger.Entry, key string, place uint64, last *ledger.Anchor) error {
	switch {
	case key == "" && e.Anchor.Index != place, key != "" && (e.Key != key || e.Seq != place):
		return fmt.Errorf("%w: an entry that was not asked for", ErrAnswer)
	case last != nil && (e.Anchor.Index <= last.Index || e.Anchor.Time.Before(last.Time)):
		return fmt.Errorf("%w: an entry with an anchor before that of the entry before it", ErrAnswer)
	}
	return nil
}

// State implements [ledger.Stater].
func (c *Client) State(ctx context.Context, key string) (state []byte, seq uint64, err error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, 0, err
	}
	b, err := c.do(ctx, &call{what: "state", method: http.MethodGet, path: "keys/" + key + "/state", limit: maxState}, nil)
	if err != nil {
		return nil, 0, err
	}
	return parseState(b)
}

// Prove implements [ledger.Prover]: the proof as the ledger made it, which package proof reads and checks. While the server
// says that no proof covers so many entries yet, Prove asks again until ctx ends. The error is [errors.ErrUnsupported] if the
// ledger has no proofs.
func (c *Client) Prove(ctx context.Context, key string, entries uint64) ([]byte, error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, err
	}
	q := &call{what: "prove", method: http.MethodGet, path: "keys/" + key + "/proof/" + number(entries), limit: maxProof, wait: true}
	b, err := c.do(ctx, q, nil)
	if err == nil && len(b) == 0 {
		return nil, fmt.Errorf("%w: empty proof", ErrAnswer)
	}
	return b, err
}

// Last returns the anchor of the last entry; ok is false while there is none. The error is [errors.ErrUnsupported] if the
// ledger does not tell.
func (c *Client) Last(ctx context.Context) (last ledger.Anchor, ok bool, err error) {
	b, err := c.do(ctx, &call{what: "last", method: http.MethodGet, path: "last", limit: anchorSize}, nil)
	if err != nil || len(b) == 0 {
		return ledger.Anchor{}, false, err
	}
	if last, err = parseAnchor(b); err != nil {
		return ledger.Anchor{}, false, err
	}
	return last, true, nil
}

// Health asks, once, whether the server can read its ledger.
func (c *Client) Health(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, min(c.timeout, 10*time.Second))
	defer cancel()
	_, err := c.do(ctx, &call{what: "health", method: http.MethodGet, path: "health", once: true}, nil)
	return err
}
