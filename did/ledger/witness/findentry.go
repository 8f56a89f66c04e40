package witness

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/realdid/realdid/did/ledger/proof"
)

// An Entry is an entry of a ledger that was found in the log, with the proof that it stands there.
type Entry struct {
	proof.EntryLeaf
	Leaf  []byte       // as it stands in the log; the members alias it
	Place uint64       // of the leaf in the log
	Path  []proof.Hash // of proof.VerifyInclusion, up to the root of the checkpoint
}

// FindEntry returns the entry with an index of the ledger, in the log of a checkpoint: a leaf's place is the index and the number
// of epochs before it, which a binary search finds. It is proven to stand under the checkpoint's root; the checkpoint itself is
// not checked. Errors: fs.ErrNotExist if the log has no such entry as far as src shows; [ErrUnavailable] if src does not show the
// log that the checkpoint commits to.
func FindEntry(ctx context.Context, src Source, c proof.Checkpoint, index uint64) (*Entry, error) {
	missing := fmt.Errorf("witness: entry %d: %w", index, fs.ErrNotExist)
	if index >= c.Size {
		return nil, missing
	}
	f := &finder{ctx: ctx, src: src, size: c.Size}
	// The first leaf up to which there are more than index entries; it is not before index, because each entry is a leaf.
	place, end := index, c.Size
	for place < end && f.err == nil {
		middle := place + (end-place)/2
		if f.entries(middle) > index {
			end = middle
		} else {
			place = middle + 1
		}
	}
	if f.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, f.err)
	}
	if place >= c.Size {
		return nil, missing
	}
	leaf := f.leaf(place)
	if f.err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, f.err)
	}
	e := &Entry{Leaf: leaf, Place: place}
	var err error
	if e.EntryLeaf, err = proof.ParseEntryLeaf(leaf); err != nil || e.Index != index {
		return nil, because(ErrUnavailable, "leaf %d is not entry %d", place, index)
	}
	if e.Path, err = proof.InclusionPath(NewHashReader(ctx, src, c.Size), place, c.Size); err == nil {
		err = proof.VerifyInclusion(place, c.Size, proof.LeafHash(leaf), e.Path, c.Root)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: entry %d: %w", ErrUnavailable, index, err)
	}
	return e, nil
}

// A finder keeps the bundle that it read last.
type finder struct {
	ctx    context.Context
	src    Source
	size   uint64
	bundle uint64
	leaves [][]byte
	err    error
}

// leaf returns the leaf at a place below size.
func (f *finder) leaf(place uint64) []byte {
	if f.err != nil {
		return nil
	}
	bundle := place / proof.TileWidth
	if f.leaves == nil || bundle != f.bundle {
		f.bundle = bundle
		f.leaves, f.err = ReadEntries(f.ctx, f.src, bundle, int(min(proof.TileWidth, f.size-bundle*proof.TileWidth)))
		if f.err != nil {
			f.leaves = nil
			return nil
		}
	}
	return f.leaves[place%proof.TileWidth]
}

// entries returns how many entries there are up to the leaf at a place, that leaf included.
func (f *finder) entries(place uint64) uint64 {
	b := f.leaf(place)
	if f.err != nil {
		return 0
	}
	leaf, err := proof.ParseLeaf(b)
	if err != nil {
		f.err = fmt.Errorf("leaf %d: %w", place, err)
		return 0
	}
	if l, ok := leaf.(proof.EntryLeaf); ok {
		return l.Index + 1
	}
	return leaf.(proof.EpochLeaf).Entries
}
