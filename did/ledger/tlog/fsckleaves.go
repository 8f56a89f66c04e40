package tlog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/realdid/realdid/did/ledger/proof"
)

// maxDoubts bounds how many differences are remembered until it is known which side is right.
const maxDoubts = 1 << 12

// twin follows the log twice: by its entries, and by the hashes in the tiles of level 0. Where the two differ, the root of the
// checkpoint tells which is right.
type twin struct {
	byLeaf, byTile *edge
	roots          [2]proof.Hash // at the size of the checkpoint
	doubts         []doubt
}

// A doubt is a difference that waits for the roots.
type doubt struct {
	path   string // of the tile
	bundle string // of the leaf, if it is one
	leaf   uint64
	equal  [2]bool // by leaf, by tile: the tile's data is what that side makes
}

// leaves reads every entry and every tile of the log.
func (f *checker) leaves() error {
	w := &twin{byLeaf: new(edge), byTile: new(edge)}
	c := leafCheck{checker: f}
	for index := uint64(0); index*proof.TileWidth < f.size; index++ {
		if err := f.ctx.Err(); err != nil {
			return fmt.Errorf("tlog: fsck: %w", err)
		}
		t := proof.Tile{Index: index, Width: proof.WidthAt(0, index, f.size)}
		hashes, err := f.tile(t)
		if err != nil {
			return err
		}
		leaves, err := f.bundle(index, t.Width)
		if err != nil {
			return err
		}
		if hashes == nil && leaves == nil {
			return nil // what is reported already makes the rest unknowable
		}
		for i := range t.Width {
			pos := index*proof.TileWidth + uint64(i)
			var byTile, byLeaf proof.Hash
			if hashes != nil {
				byTile = proof.Hash(hashes[i*proof.HashSize:])
				byLeaf = byTile
			}
			if leaves != nil {
				byLeaf = proof.LeafHash(leaves[i])
				if err := c.leaf(pos, leaves[i]); err != nil {
					return err
				}
			} else {
				c.unsure = true
			}
			if hashes == nil {
				byTile = byLeaf
			}
			if byLeaf != byTile {
				w.doubt(doubt{path: t.Path(), bundle: proof.EntriesPath(index, t.Width), leaf: pos, equal: [2]bool{false, true}})
			}
			if err := f.both(w, index, byLeaf, byTile); err != nil {
				return err
			}
		}
	}
	if f.size > 0 && !c.unsure && !c.ended {
		f.fault(FaultLogEnd, proof.EntriesPath((f.size-1)/proof.TileWidth, proof.WidthAt(0, (f.size-1)/proof.TileWidth, f.size)), "leaf %d is no epoch", f.size-1)
	}
	if err := f.edges(w); err != nil {
		return err
	}
	f.resolve(w)
	return nil
}

// both appends a hash on both sides, and compares the tiles above that become full with their files.
func (f *checker) both(w *twin, index uint64, byLeaf, byTile proof.Hash) error {
	var full [2][]file
	var tiles []proof.Tile
	for side, e := range []*edge{w.byLeaf, w.byTile} {
		e.size++
		h := byLeaf
		if side == 1 {
			h = byTile
		}
		e.appendHash(h, index, func(t proof.Tile, data []byte) {
			if t.Level == 0 {
				return
			}
			if side == 0 {
				tiles = append(tiles, t)
			}
			full[side] = append(full[side], file{t.Path(), data})
		})
	}
	for i, t := range tiles {
		if err := f.compare(w, t, full[0][i].data, full[1][i].data); err != nil {
			return err
		}
	}
	if f.cp != nil && w.byLeaf.size == f.cp.Size {
		var err [2]error
		w.roots[0], err[0] = w.byLeaf.root()
		w.roots[1], err[1] = w.byTile.root()
		return errors.Join(err[:]...)
	}
	return nil
}

// edges compares the tiles above level 0 that are not full.
func (f *checker) edges(w *twin) error {
	other := make(map[proof.Tile][]byte)
	w.byTile.partial(func(t proof.Tile, data []byte) { other[t] = data })
	var errs error
	w.byLeaf.partial(func(t proof.Tile, data []byte) {
		if t.Level > 0 {
			errs = errors.Join(errs, f.compare(w, t, data, other[t]))
		}
	})
	return errs
}

func (f *checker) compare(w *twin, t proof.Tile, byLeaf, byTile []byte) error {
	data, err := f.tile(t)
	if err != nil || data == nil {
		return err
	}
	d := doubt{path: t.Path(), equal: [2]bool{bytes.Equal(data, byLeaf), bytes.Equal(data, byTile)}}
	if d.equal != [2]bool{true, true} {
		w.doubt(d)
	}
	return nil
}

func (w *twin) doubt(d doubt) {
	if len(w.doubts) < maxDoubts {
		w.doubts = append(w.doubts, d)
	}
}

// resolve reports the doubts, now that it is known which side the checkpoint is on.
func (f *checker) resolve(w *twin) {
	right := 0
	if f.cp != nil && w.roots[0] != f.cp.Root {
		right = 1
		if w.roots[1] != f.cp.Root {
			f.fault(FaultLogRoot, logDir+"/"+checkpointFile, "it is %v; the entries make %v, the tiles %v", f.cp.Root, w.roots[0], w.roots[1])
		}
	}
	for _, d := range w.doubts {
		switch {
		case d.bundle != "" && right == 1:
			f.fault(FaultBundleLeaf, d.bundle, "leaf %d", d.leaf)
		case d.bundle != "":
			f.fault(FaultTileHash, d.path, "hash of leaf %d", d.leaf)
		case !d.equal[right]:
			f.fault(FaultTileHash, d.path, "hashes of what is below")
		}
	}
}

// tile reads a tile, or takes it from the full one; nil if it is not there or has another size, which is reported.
func (f *checker) tile(t proof.Tile) ([]byte, error) {
	b, whole, err := f.raw(t)
	if b == nil {
		return nil, err
	}
	if len(b) != whole.Width*proof.HashSize {
		f.fault(FaultTileSize, whole.Path(), "%d bytes, want %d", len(b), whole.Width*proof.HashSize)
		return nil, nil
	}
	return b[:t.Width*proof.HashSize], nil
}

// bundle reads entries, likewise.
func (f *checker) bundle(index uint64, width int) ([][]byte, error) {
	b, whole, err := f.raw(proof.Tile{Entries: true, Index: index, Width: width})
	if b == nil {
		return nil, err
	}
	leaves, err := proof.ParseEntries(b, whole.Width)
	if err != nil {
		f.fault(FaultBundleMalformed, whole.Path(), "%v", err)
		return nil, nil
	}
	return leaves[:width], nil
}

// raw reads the file of a tile, or that of the full one.
func (f *checker) raw(t proof.Tile) (b []byte, whole proof.Tile, err error) {
	b, err = os.ReadFile(f.path(t))
	if errors.Is(err, fs.ErrNotExist) && t.Width < proof.TileWidth && proof.WidthAt(t.Level, t.Index, f.sealed) == proof.TileWidth {
		t.Width = proof.TileWidth
		b, err = os.ReadFile(f.path(t))
	}
	if errors.Is(err, fs.ErrNotExist) {
		code := FaultTileMissing
		if t.Entries {
			code = FaultBundleMissing
		}
		f.fault(code, t.Path(), "no such file")
		return nil, t, nil
	}
	if err != nil {
		return nil, t, fmt.Errorf("tlog: fsck: %w", err)
	}
	return append([]byte{}, b...), t, nil
}

// files looks at every file below log: partial tiles of other sizes must be beginnings of what is there now.
func (f *checker) files() error {
	root := f.logRoot()
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil {
			err = f.ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("tlog: fsck: %w", err)
		}
		if d.IsDir() {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if rel = filepath.ToSlash(rel); rel == checkpointFile {
			return nil
		}
		name, unfinished := strings.CutSuffix(rel, newSuffix)
		t, err := proof.ParseTilePath(name)
		if unfinished && err == nil && f.sealed > f.size {
			return nil // it is written anew with the epoch that is pending
		}
		if unfinished {
			err = errors.Join(err, errors.New("unfinished"))
		}
		width := proof.WidthAt(t.Level, t.Index, f.size)
		switch {
		case err != nil || t.Width > max(width, proof.WidthAt(t.Level, t.Index, f.sealed)):
			f.fault(FaultStray, rel, "no tile of a log of %d leaves", f.size)
			return nil
		case t.Width == width || t.Width == proof.TileWidth || width == 0:
			return nil // compared already, or part of what is pending
		}
		return f.beginning(t, width)
	})
}

// beginning compares a partial tile with the one of that width: the shorter must be the beginning of the other.
func (f *checker) beginning(t proof.Tile, width int) error {
	now := t
	now.Width = width
	b, err := os.ReadFile(f.path(t))
	if err != nil {
		return fmt.Errorf("tlog: fsck: %w", err)
	}
	if f.faulty[now.Path()] {
		return nil
	}
	want, err := f.readTile(now)
	if err != nil {
		return nil // reported already
	}
	n, whole := t.Width*proof.HashSize, len(b) == t.Width*proof.HashSize
	if t.Entries {
		leaves, err := proof.ParseEntries(b, t.Width)
		n, whole = 0, err == nil
		for _, leaf := range leaves {
			n += 2 + len(leaf)
		}
	}
	n = min(n, len(want), len(b))
	if !whole || !bytes.Equal(b[:n], want[:n]) {
		f.fault(FaultTilePartial, t.Path(), "it is not the beginning of %s", now.Path())
	}
	return nil
}
