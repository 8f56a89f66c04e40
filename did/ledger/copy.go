package ledger

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"iter"
)

// DefaultChunk is the default of CopyOptions.Chunk.
const DefaultChunk = 1 << 13

// A Readable is a ledger that can be read whole: what [Copy] reads.
type Readable interface {
	Ledger
	Follower
	Stater
}

// A Replica is a ledger that [Copy] can write to.
type Replica interface {
	Readable
	Importer
	// Last returns the anchor of the last durable entry; ok is false while there is none.
	Last() (last Anchor, ok bool)
}

// CopyOptions of [Copy] and [Compare]; nil means the defaults.
type CopyOptions struct {
	Chunk    int               // entries in one Import; default DefaultChunk
	Progress func(done uint64) // is told how many entries the copy has, or were compared, after each chunk
}

func (o *CopyOptions) filled() CopyOptions {
	var out CopyOptions
	if o != nil {
		out = *o
	}
	if out.Chunk <= 0 {
		out.Chunk = DefaultChunk
	}
	if out.Progress == nil {
		out.Progress = func(uint64) {}
	}
	return out
}

// Copy imports into dst what src has and dst has not, with its anchors, and returns how many entries dst has then. It goes on where
// dst ends, so that a copy that was interrupted is called again. dst must not be appended to meanwhile; src may be, and what it
// gains during the copy may be missing. That both are the same, [Compare] tells.
//
// Errors: those of Follow and of Import: [ErrInvalid] for an entry that dst's reducer refuses, or that does not follow dst's last.
func Copy(ctx context.Context, dst Replica, src Readable, opt *CopyOptions) (entries uint64, err error) {
	o := opt.filled()
	if last, ok := dst.Last(); ok {
		entries = last.Index + 1
	}
	chunk := make([]Entry, 0, o.Chunk)
	flush := func() error {
		if len(chunk) == 0 {
			return nil
		}
		if err := dst.Import(ctx, chunk); err != nil {
			return fmt.Errorf("ledger: copy: entries from %d on: %w", chunk[0].Anchor.Index, err)
		}
		entries += uint64(len(chunk))
		chunk = chunk[:0]
		o.Progress(entries)
		return nil
	}
	for e, err := range src.Follow(ctx, entries) {
		if err != nil {
			return entries, fmt.Errorf("ledger: copy: %w", err)
		}
		if chunk = append(chunk, e); len(chunk) == o.Chunk {
			if err := flush(); err != nil {
				return entries, err
			}
		}
	}
	return entries, flush()
}

// A Comparison is what [Compare] found to be the same.
type Comparison struct {
	Entries uint64            // of both
	Keys    uint64            // of both, with the same length and state
	Later   uint64            // keys that one of them has more entries of, whose states were not compared
	Digest  [sha256.Size]byte // of all entries, with their anchors, in their order
}

// A DifferenceError says where two ledgers are not the same.
type DifferenceError struct {
	Index uint64 // of the first entry that differs, or whose key's state does
	What  string // "entry" or "state"
}

func (e *DifferenceError) Error() string {
	if e.What == "state" {
		return fmt.Sprintf("ledger: compare: the key of entry %d has another state", e.Index)
	}
	return fmt.Sprintf("ledger: compare: entry %d is another one", e.Index)
}

// Compare reads two ledgers and returns what they have in common, which is all of the shorter one: each entry with its anchor, and for
// each key what the reducer made of it. Errors: [*DifferenceError]; what the ledgers return.
func Compare(ctx context.Context, a, b Readable, opt *CopyOptions) (Comparison, error) {
	o := opt.filled()
	var c Comparison
	sum := sha256.New()
	other, stop := iter.Pull2(b.Follow(ctx, 0))
	defer stop()
	for x, err := range a.Follow(ctx, 0) {
		if err != nil {
			return c, fmt.Errorf("ledger: compare: %w", err)
		}
		y, err, ok := other()
		switch {
		case err != nil:
			return c, fmt.Errorf("ledger: compare: %w", err)
		case !ok:
			return c.done(sum), nil
		case x.Anchor.Index != c.Entries || y.Anchor.Index != c.Entries || x.Key != y.Key || x.Seq != y.Seq ||
			!x.Anchor.Time.Equal(y.Anchor.Time) || !bytes.Equal(x.Op, y.Op):
			return c, &DifferenceError{Index: c.Entries, What: "entry"}
		}
		digest(sum, &x)
		if x.Seq == 0 { // a key's first entry stands for the key
			if err := c.states(ctx, a, b, x.Key); err != nil {
				return c, err
			}
		}
		if c.Entries++; c.Entries%uint64(o.Chunk) == 0 {
			o.Progress(c.Entries)
		}
	}
	return c.done(sum), nil
}

func (c *Comparison) done(sum hash.Hash) Comparison {
	sum.Sum(c.Digest[:0])
	return *c
}

func (c *Comparison) states(ctx context.Context, a, b Readable, key string) error {
	x, m, err := a.State(ctx, key)
	if err != nil {
		return fmt.Errorf("ledger: compare: %w", err)
	}
	y, n, err := b.State(ctx, key)
	switch {
	case err != nil:
		return fmt.Errorf("ledger: compare: %w", err)
	case m != n:
		c.Later++
	case !bytes.Equal(x, y):
		return &DifferenceError{Index: c.Entries, What: "state"}
	default:
		c.Keys++
	}
	return nil
}

func digest(sum hash.Hash, e *Entry) {
	var n [32]byte
	binary.BigEndian.PutUint64(n[:], e.Anchor.Index)
	binary.BigEndian.PutUint64(n[8:], uint64(e.Anchor.Time.Unix()))
	binary.BigEndian.PutUint64(n[16:], e.Seq)
	binary.BigEndian.PutUint32(n[24:], uint32(len(e.Key)))
	binary.BigEndian.PutUint32(n[28:], uint32(len(e.Op)))
	sum.Write(n[:])
	sum.Write([]byte(e.Key))
	sum.Write(e.Op)
}
