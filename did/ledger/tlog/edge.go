package tlog

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/realdid/realdid/did/ledger/proof"
)

// An edge is the right edge of a log: the tiles that are not full, one at most for each level, and the entries of the last
// bundle. It is enough to append to the log and to know its root.
type edge struct {
	size   uint64
	tiles  [][]proof.Hash // by level, each shorter than a full tile
	bundle []byte         // size % proof.TileWidth leaves, as the file has them
}

func (e *edge) clone() *edge {
	c := &edge{size: e.size, tiles: make([][]proof.Hash, len(e.tiles)), bundle: bytes.Clone(e.bundle)}
	for i, t := range e.tiles {
		c.tiles[i] = slices.Clone(t)
	}
	return c
}

// append adds a leaf, and hands each file that it makes full to full.
func (e *edge) append(leaf []byte, full func(t proof.Tile, data []byte)) error {
	bundle, err := proof.AppendEntry(e.bundle, leaf)
	if err != nil {
		return err
	}
	e.bundle = bundle
	index := e.size / proof.TileWidth
	e.size++
	if e.size%proof.TileWidth == 0 {
		full(proof.Tile{Entries: true, Index: index, Width: proof.TileWidth}, e.bundle)
		e.bundle = nil
	}
	e.appendHash(proof.LeafHash(leaf), index, full)
	return nil
}

// appendHash adds a hash to the tile of level 0 at index.
func (e *edge) appendHash(h proof.Hash, index uint64, full func(t proof.Tile, data []byte)) {
	for level := uint8(0); ; level++ {
		if int(level) == len(e.tiles) {
			e.tiles = append(e.tiles, make([]proof.Hash, 0, proof.TileWidth))
		}
		e.tiles[level] = append(e.tiles[level], h)
		t := e.tiles[level]
		if len(t) < proof.TileWidth {
			return
		}
		full(proof.Tile{Level: level, Index: index, Width: proof.TileWidth}, tileData(t))
		h, index = subtree(t), index/proof.TileWidth
		e.tiles[level] = t[:0]
	}
}

// partial hands each file that is not full to f.
func (e *edge) partial(f func(t proof.Tile, data []byte)) {
	if n := int(e.size % proof.TileWidth); n > 0 {
		f(proof.Tile{Entries: true, Index: e.size / proof.TileWidth, Width: n}, bytes.Clone(e.bundle))
	}
	for level, t := range e.tiles {
		if len(t) > 0 {
			f(proof.Tile{Level: uint8(level), Index: e.size >> (8 * (level + 1)), Width: len(t)}, tileData(t))
		}
	}
}

// ReadHash implements [proof.HashReader] for what [proof.Root] asks of a log of this size: complete subtrees on its edge.
func (e *edge) ReadHash(level uint8, index uint64) (proof.Hash, error) {
	in := level % 8
	first := index << in
	if int(level/8) < len(e.tiles) && first/proof.TileWidth == e.size>>(8*(uint64(level/8)+1)) {
		t, from, n := e.tiles[level/8], int(first%proof.TileWidth), 1<<in
		if from+n <= len(t) {
			return subtree(t[from : from+n]), nil
		}
	}
	return proof.Hash{}, fmt.Errorf("tlog: no hash at level %d, index %d on the edge of a log of %d", level, index, e.size)
}

// root returns the root of the log, whose edge has all that it needs.
func (e *edge) root() (proof.Hash, error) { return proof.Root(e, e.size) }

// subtree returns the root of a complete tree over hashes, of which there are a power of two.
func subtree(hashes []proof.Hash) proof.Hash {
	var buf [proof.TileWidth / 2]proof.Hash
	if len(hashes) == 1 {
		return hashes[0]
	}
	h := buf[:len(hashes)/2]
	for i := range h {
		h[i] = proof.NodeHash(hashes[2*i], hashes[2*i+1])
	}
	for ; len(h) > 1; h = h[:len(h)/2] {
		for i := range len(h) / 2 {
			h[i] = proof.NodeHash(h[2*i], h[2*i+1])
		}
	}
	return h[0]
}

func tileData(hashes []proof.Hash) []byte {
	b := make([]byte, 0, len(hashes)*proof.HashSize)
	for i := range hashes {
		b = append(b, hashes[i][:]...)
	}
	return b
}

// readEdge reads the edge of the log of size leaves from its files.
func readEdge(size uint64, read func(proof.Tile) ([]byte, error)) (*edge, error) {
	e := &edge{size: size}
	for level := uint8(0); size>>(8*uint64(level)) > 0; level++ {
		index := size >> (8 * (uint64(level) + 1))
		t := make([]proof.Hash, 0, proof.TileWidth)
		if n := proof.WidthAt(level, index, size); n > 0 {
			b, err := read(proof.Tile{Level: level, Index: index, Width: n})
			if err != nil {
				return nil, err
			}
			for i := range n {
				t = append(t, proof.Hash(b[i*proof.HashSize:]))
			}
		}
		e.tiles = append(e.tiles, t)
	}
	if n := int(size % proof.TileWidth); n > 0 {
		b, err := read(proof.Tile{Entries: true, Index: size / proof.TileWidth, Width: n})
		if err != nil {
			return nil, err
		}
		e.bundle = b
	}
	return e, nil
}
