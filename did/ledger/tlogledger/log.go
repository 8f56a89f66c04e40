package tlogledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// log reads what Tessera has integrated: bundles of entries and tiles of hashes.
type log struct{ tessera.LogReader }

func corrupt(format string, a ...any) error {
	return fmt.Errorf("%w: tlogledger: "+format, append([]any{ledger.ErrCorrupt}, a...)...)
}

// size returns how many leaves can be read.
func (l log) size(ctx context.Context) (uint64, error) {
	n, err := l.IntegratedSize(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return n, unavailable("the size of the log", err)
}

func unavailable(what string, err error) error {
	if err == nil || errors.Is(err, ledger.ErrUnavailable) {
		return err
	}
	return fmt.Errorf("%w: tlogledger: %s: %w", ledger.ErrUnavailable, what, err)
}

// leaves yields the leaves from from on, up to end, which must be integrated.
func (l log) leaves(ctx context.Context, from, end uint64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var bundle remaining
		for pos := from; pos < end; pos++ {
			err := ctx.Err()
			if err != nil {
				err = fmt.Errorf("tlogledger: %w", err)
			} else if pos == from || pos%proof.TileWidth == 0 {
				bundle, err = l.bundle(ctx, pos/proof.TileWidth)
			}
			var leaf []byte
			if err == nil {
				leaf, bundle, err = cutLeaf(bundle, pos, int(pos%proof.TileWidth))
			}
			if !yield(leaf, err) || err != nil {
				return
			}
		}
		if err := ctx.Err(); err != nil {
			yield(nil, fmt.Errorf("tlogledger: %w", err))
		}
	}
}

// cutLeaf returns the leaf at pos, with the bundle that begins with it. A bundle as it was read begins at its place 0; after a leaf
// was cut from it, at the next.
func cutLeaf(b remaining, pos uint64, place int) ([]byte, remaining, error) {
	for ; ; b.next++ {
		if len(b.bytes) < 2 {
			return nil, b, corrupt("the bundle of leaf %d ends before it", pos)
		}
		n := 2 + int(binary.BigEndian.Uint16(b.bytes))
		if len(b.bytes) < n {
			return nil, b, corrupt("the bundle of leaf %d is cut off", pos)
		}
		leaf := b.bytes[2:n]
		b.bytes = b.bytes[n:]
		if b.next == place {
			b.next++
			return leaf, b, nil
		}
	}
}

// remaining is a bundle of entries, C2SP tlog-tiles, from one of its places on.
type remaining struct {
	bytes []byte
	next  int
}

// bundle reads a bundle, as wide as it is now.
func (l log) bundle(ctx context.Context, index uint64) (remaining, error) {
	size, err := l.size(ctx)
	if err != nil {
		return remaining{}, err
	}
	b, err := l.ReadEntryBundle(ctx, index, partial(index, size))
	if err != nil {
		return remaining{}, unavailable(fmt.Sprintf("bundle %d", index), err)
	}
	return remaining{bytes: b}, nil
}

// partial is the width of a tile of level 0, as Tessera names it: 0 for a full one.
func partial(index, size uint64) uint8 {
	if index < size/proof.TileWidth {
		return 0
	}
	return uint8(size % proof.TileWidth)
}

// leaf reads one leaf.
func (l log) leaf(ctx context.Context, pos uint64) ([]byte, error) {
	bundle, err := l.bundle(ctx, pos/proof.TileWidth)
	if err != nil {
		return nil, err
	}
	leaf, _, err := cutLeaf(bundle, pos, int(pos%proof.TileWidth))
	return leaf, err
}

// hashes reads the hashes of the log of size leaves out of tiles, which may be wider by now.
func (l log) hashes(ctx context.Context, size uint64) proof.HashReader {
	return proof.TileHashes(size, func(t proof.Tile) ([]byte, error) {
		b, err := l.ReadTile(ctx, uint64(t.Level), t.Index, uint8(t.Width%proof.TileWidth))
		if errors.Is(err, fs.ErrNotExist) { // a log that grew since may have a wider one alone
			var now uint64
			if now, err = l.size(ctx); err == nil {
				b, err = l.ReadTile(ctx, uint64(t.Level), t.Index, uint8(proof.WidthAt(t.Level, t.Index, now)%proof.TileWidth))
			}
		}
		if err != nil {
			return nil, unavailable("tile "+t.Path(), err)
		}
		if len(b) < t.Width*proof.HashSize {
			return nil, corrupt("tile %s has %d bytes", t.Path(), len(b))
		}
		return b[:t.Width*proof.HashSize], nil
	})
}

// parseLeaf reads a leaf of the log; isEntry is false for an epoch.
func parseLeaf(b []byte) (e ledger.Entry, isEntry bool, err error) {
	parsed, err := proof.ParseLeaf(b)
	if err != nil {
		return ledger.Entry{}, false, corrupt("a leaf that is neither an entry nor an epoch: somebody else writes to the log")
	}
	leaf, ok := parsed.(proof.EntryLeaf)
	if !ok {
		return ledger.Entry{}, false, nil
	}
	return ledger.Entry{
		Key: leaf.Key, Seq: leaf.Seq, Op: append([]byte(nil), leaf.Op...),
		Anchor: ledger.Anchor{Index: leaf.Index, Time: time.Unix(leaf.Time, 0).UTC()},
	}, true, nil
}
