package witness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/realdid/realdid/did/ledger/proof"
)

// ReadTile reads a tile of hashes. Where a partial tile is gone, because the tile has become full since, it is cut from the full
// one. Only its length is checked.
func ReadTile(ctx context.Context, src Source, t proof.Tile) ([]byte, error) {
	b, err := src.ReadFile(ctx, t.Path())
	want := t.Width * proof.HashSize
	if errors.Is(err, fs.ErrNotExist) && t.Width < proof.TileWidth {
		full := t
		full.Width = proof.TileWidth
		if fb, ferr := src.ReadFile(ctx, full.Path()); ferr == nil && len(fb) == tileSize {
			return fb[:want], nil
		}
	}
	if err != nil {
		return nil, err
	}
	if len(b) != want {
		return nil, fmt.Errorf("witness: source: %s has %d bytes, want %d", t.Path(), len(b), want)
	}
	return b, nil
}

// ReadEntries reads the first width leaves of a bundle, likewise. Only its form is checked.
func ReadEntries(ctx context.Context, src Source, index uint64, width int) ([][]byte, error) {
	b, err := src.ReadFile(ctx, proof.EntriesPath(index, width))
	n := width
	if errors.Is(err, fs.ErrNotExist) && width < proof.TileWidth {
		if fb, ferr := src.ReadFile(ctx, proof.EntriesPath(index, proof.TileWidth)); ferr == nil {
			b, err, n = fb, nil, proof.TileWidth
		}
	}
	if err != nil {
		return nil, err
	}
	leaves, err := proof.ParseEntries(b, n)
	if err != nil {
		return nil, fmt.Errorf("witness: source: bundle %d: %w", index, err)
	}
	return leaves[:width], nil
}

// NewHashReader reads hashes of the log of size leaves out of its tiles and keeps the tiles that it has read: use one for a proof,
// not for a log. It is not safe for concurrent use. What it says is not verified.
func NewHashReader(ctx context.Context, src Source, size uint64) proof.HashReader {
	kept := make(map[proof.Tile][]byte)
	return proof.TileHashes(size, func(t proof.Tile) ([]byte, error) {
		if b, ok := kept[t]; ok {
			return b, nil
		}
		b, err := ReadTile(ctx, src, t)
		if err == nil {
			kept[t] = b
		}
		return b, err
	})
}

// LastEpoch returns the epoch in which the log of a checkpoint ends, proven to be its last leaf. Errors: [ErrRefused] if the log
// ends in anything else; [ErrUnavailable] if the Source does not show it.
func LastEpoch(ctx context.Context, src Source, c proof.Checkpoint) (proof.EpochLeaf, error) {
	if c.Size == 0 {
		return proof.EpochLeaf{}, because(ErrRefused, "an empty log ends in no epoch")
	}
	last := c.Size - 1
	leaves, err := ReadEntries(ctx, src, last/proof.TileWidth, int(last%proof.TileWidth)+1)
	if err != nil {
		return proof.EpochLeaf{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	leaf := leaves[len(leaves)-1]
	path, err := proof.InclusionPath(NewHashReader(ctx, src, c.Size), last, c.Size)
	if err == nil {
		err = proof.VerifyInclusion(last, c.Size, proof.LeafHash(leaf), path, c.Root)
	}
	if err != nil {
		return proof.EpochLeaf{}, fmt.Errorf("%w: last leaf: %w", ErrUnavailable, err)
	}
	epoch, err := proof.ParseEpochLeaf(leaf)
	if err != nil {
		return proof.EpochLeaf{}, because(ErrRefused, "the log does not end in an epoch")
	}
	if epoch.Size != last {
		return proof.EpochLeaf{}, because(ErrRefused, "the epoch at leaf %d says that %d leaves stand before it", last, epoch.Size)
	}
	return epoch, nil
}

// Accuse looks for evidence that the log signed two histories, in two of its signed checkpoints, a the one of no more leaves. If the
// sizes differ, src has to show the tree of b. It returns nil if they do not conflict. Errors: [ErrUnavailable].
func Accuse(ctx context.Context, src Source, key proof.VerifierKey, a, b []byte) (*proof.Accusation, error) {
	x, err := readCheckpoint(a)
	if err != nil {
		return nil, err
	}
	y, err := readCheckpoint(b)
	if err != nil {
		return nil, err
	}
	acc := &proof.Accusation{A: a, B: b}
	if x.Size < y.Size && x.Size > 0 {
		if src == nil {
			return nil, because(ErrUnavailable, "no source of the log's tree")
		}
		r := NewHashReader(ctx, src, y.Size)
		if acc.OldRoot, err = proof.Root(r, x.Size); err == nil {
			acc.Path, err = proof.ConsistencyPath(r, x.Size, y.Size)
		}
		if err == nil {
			err = proof.VerifyConsistency(x.Size, y.Size, acc.OldRoot, y.Root, acc.Path)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
	}
	if acc.Verify(key) != nil {
		return nil, nil
	}
	return acc, nil
}

func readCheckpoint(note []byte) (proof.Checkpoint, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return proof.Checkpoint{}, because(ErrMalformed, "%v", err)
	}
	c, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return proof.Checkpoint{}, because(ErrMalformed, "%v", err)
	}
	return c, nil
}
