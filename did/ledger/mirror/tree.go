package mirror

import (
	"context"
	"errors"
	"fmt"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
)

// A tree reads a log under a checkpoint and believes nothing that the checkpoint's root does not prove. The root is made
// of the partial tiles at the right edge; every full tile's hash stands in the tile above it. One goroutine uses a tree.
type tree struct {
	src  witness.Source
	c    proof.Checkpoint
	edge map[proof.Tile][]byte // the partial tiles
	full [8]struct {           // the full tile that was read last, by level
		index uint64
		data  []byte
	}
}

var errUnproven = errors.New("what the source shows is not what the checkpoint commits to")

// openTree reads the right edge of the log. Errors are unavailable.
func openTree(ctx context.Context, src witness.Source, c proof.Checkpoint) (*tree, error) {
	t := &tree{src: src, c: c, edge: make(map[proof.Tile][]byte)}
	root, err := proof.Root(proof.TileHashes(c.Size, func(tile proof.Tile) ([]byte, error) {
		if b, ok := t.edge[tile]; ok {
			return b, nil
		}
		b, err := witness.ReadTile(ctx, src, tile)
		if err == nil {
			t.edge[tile] = b
		}
		return b, err
	}), c.Size)
	if err != nil {
		return nil, unavailable(err)
	}
	if root != c.Root {
		return nil, unavailable(fmt.Errorf("%w: root at %d leaves", errUnproven, c.Size))
	}
	return t, nil
}

// tile returns a tile of hashes as wide as it is at the checkpoint's size.
func (t *tree) tile(ctx context.Context, level uint8, index uint64) ([]byte, error) {
	tile := proof.Tile{Level: level, Index: index, Width: proof.WidthAt(level, index, t.c.Size)}
	if b, ok := t.edge[tile]; ok {
		return b, nil
	}
	if tile.Width != proof.TileWidth || int(level) >= len(t.full) {
		return nil, fmt.Errorf("mirror: the log of %d leaves has no %d. tile at level %d", t.c.Size, index, level)
	}
	if kept := &t.full[level]; kept.data != nil && kept.index == index {
		return kept.data, nil
	}
	above, err := t.tile(ctx, level+1, index/proof.TileWidth)
	if err != nil {
		return nil, err
	}
	b, err := witness.ReadTile(ctx, t.src, tile)
	if err != nil {
		return nil, unavailable(err)
	}
	at := index % proof.TileWidth * proof.HashSize
	if tileRoot(b) != proof.Hash(above[at:at+proof.HashSize]) {
		return nil, unavailable(fmt.Errorf("%w: %s", errUnproven, tile.Path()))
	}
	t.full[level].index, t.full[level].data = index, b
	return b, nil
}

// tileRoot returns the hash of the subtree that is a full tile.
func tileRoot(b []byte) proof.Hash {
	var hashes [proof.TileWidth]proof.Hash
	h := hashes[:]
	for i := range h {
		h[i] = proof.Hash(b[i*proof.HashSize:])
	}
	for ; len(h) > 1; h = h[:len(h)/2] {
		for i := range len(h) / 2 {
			h[i] = proof.NodeHash(h[2*i], h[2*i+1])
		}
	}
	return h[0]
}

// hashes reads proven hashes.
func (t *tree) hashes(ctx context.Context) proof.HashReader {
	return proof.TileHashes(t.c.Size, func(tile proof.Tile) ([]byte, error) {
		return t.tile(ctx, tile.Level, tile.Index)
	})
}

// rootAt returns the root of the first size leaves.
func (t *tree) rootAt(ctx context.Context, size uint64) (proof.Hash, error) {
	return proof.Root(t.hashes(ctx), size)
}

// bundle is a run of up to 256 leaves, as the source sent it.
type bundle struct {
	index  uint64
	leaves [][]byte
	err    error
}

// proven checks a bundle against the tree.
func (t *tree) proven(ctx context.Context, b *bundle) error {
	if b.err != nil {
		return unavailable(b.err)
	}
	hashes, err := t.tile(ctx, 0, b.index)
	if err != nil {
		return err
	}
	for i, leaf := range b.leaves {
		if proof.LeafHash(leaf) != proof.Hash(hashes[i*proof.HashSize:]) {
			return unavailable(fmt.Errorf("%w: leaf %d", errUnproven, b.index*proof.TileWidth+uint64(i)))
		}
	}
	return nil
}

const readAhead = 4 // bundles

// leaves calls f for every leaf from index from on, in order, after checking it. A few bundles are read ahead.
func (t *tree) leaves(ctx context.Context, from uint64, f func(index uint64, leaf []byte) error) error {
	if from >= t.c.Size {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	queue := make(chan chan bundle, readAhead-1)
	ended := make(chan struct{})
	defer func() { cancel(); <-ended }()
	first, last := from/proof.TileWidth, (t.c.Size-1)/proof.TileWidth
	go func() {
		defer close(ended)
		t.fetch(ctx, first, last, queue)
	}()
	for i := first; i <= last; i++ {
		var one chan bundle
		select {
		case one = <-queue:
		case <-ctx.Done():
			return unavailable(ctx.Err())
		}
		b := <-one // its read ends with ctx
		if err := t.proven(ctx, &b); err != nil {
			return err
		}
		for j, leaf := range b.leaves {
			if index := i*proof.TileWidth + uint64(j); index >= from {
				if err := f(index, leaf); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// fetch reads bundles and returns when all that it began has ended.
func (t *tree) fetch(ctx context.Context, first, last uint64, queue chan<- chan bundle) {
	running := make(chan struct{}, readAhead)
	defer func() {
		for range cap(running) {
			running <- struct{}{}
		}
	}()
	for i := first; i <= last; i++ {
		select {
		case running <- struct{}{}:
		case <-ctx.Done():
			return
		}
		one := make(chan bundle, 1)
		go func() {
			defer func() { <-running }()
			leaves, err := witness.ReadEntries(ctx, t.src, i, proof.WidthAt(0, i, t.c.Size))
			one <- bundle{i, leaves, err}
		}()
		select {
		case queue <- one:
		case <-ctx.Done():
			return
		}
	}
}
