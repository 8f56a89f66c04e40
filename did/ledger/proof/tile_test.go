package proof

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func TestTilePath(t *testing.T) {
	for _, c := range []struct {
		tile Tile
		want string
	}{
		{Tile{Width: 256}, "tile/0/000"},
		{Tile{Width: 1}, "tile/0/000.p/1"},
		{Tile{Level: 1, Index: 1, Width: 255}, "tile/1/001.p/255"},
		{Tile{Index: 999, Width: 256}, "tile/0/999"},
		{Tile{Index: 1000, Width: 256}, "tile/0/x001/000"},
		{Tile{Index: 1234067, Width: 256}, "tile/0/x001/x234/067"},
		{Tile{Entries: true, Index: 1234067, Width: 17}, "tile/entries/x001/x234/067.p/17"},
		{Tile{Level: 63, Index: math.MaxUint64, Width: 256}, "tile/63/x018/x446/x744/x073/x709/x551/615"},
	} {
		if got := c.tile.Path(); got != c.want {
			t.Errorf("Path of %+v: got %s, want %s", c.tile, got, c.want)
		}
		if got, err := ParseTilePath(c.want); err != nil || got != c.tile {
			t.Errorf("ParseTilePath(%s): got %+v, %v, want %+v", c.want, got, err, c.tile)
		}
		if !c.tile.Entries && c.tile.Index < math.MaxInt64 {
			other := tlog.Tile{H: 8, L: int(c.tile.Level), N: int64(c.tile.Index), W: c.tile.Width}
			if want := "tile/" + strings.TrimPrefix(other.Path(), "tile/8/"); c.want != want {
				t.Errorf("Path of %+v: got %s, package tlog says %s", c.tile, c.want, want)
			}
		}
	}
	if got := TilePath(2, 1000, 3); got != "tile/2/x001/000.p/3" {
		t.Errorf("TilePath: got %s", got)
	}
	if got := EntriesPath(0, TileWidth); got != "tile/entries/000" {
		t.Errorf("EntriesPath: got %s", got)
	}
}

func TestParseTilePathRefused(t *testing.T) {
	for _, p := range []string{
		"", "tile", "tile/", "0/000", "entries/000", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/64/000",
		"tile/-1/000", "tile/+1/000", "tile/0/x000", "tile/0/x000/001", "tile/0/001/x002", "tile/0/001/002", "tile/0/x001/0a2", "tile/0/000.p",
		"tile/0/000.p/", "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/1/", "tile/0/000.p/1.p/1", "tile/0/ 00",
		"tile/data/000", "tile/entries", "tile/0/x018/x446/x744/x073/x709/x551/616", "tile/0/x001/x018/x446/x744/x073/x709/x551/615",
		"tile/0/../000", "tile/8/0/000", "Tile/0/000", "tile/0/X001/000", "tile/0/٠٠٠",
		"tile/0/" + strings.Repeat("x001/", 50) + "001",
	} {
		if tile, err := ParseTilePath(p); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseTilePath(%q): got %+v, %v, want ErrInvalid", p, tile, err)
		}
	}
}

func TestPathPanics(t *testing.T) {
	for _, tile := range []Tile{{}, {Width: 257}, {Level: 64, Width: 1}, {Level: 1, Entries: true, Width: 1}, {Width: -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Path of %+v: no panic", tile)
				}
			}()
			_ = tile.Path()
		}()
	}
}

// TestTileHashes cuts a log into tiles and reads every hash back, with package tlog reading the same tiles.
func TestTileHashes(t *testing.T) {
	const size = 256*256 + 300
	tree := newMemTree(numbered(size)...)
	files := map[string][]byte{}
	for level := uint8(0); level < 3; level++ {
		for i := uint64(0); ; i++ {
			w := WidthAt(level, i, size)
			if w == 0 {
				break
			}
			var b []byte
			for j := range w {
				h := must(tree.ReadHash(8*level, i*TileWidth+uint64(j)))
				b = append(b, h[:]...)
			}
			files[TilePath(level, i, w)] = b
		}
	}
	if got, want := len(files), 257+1+1+1+1; got != want {
		t.Errorf("number of tiles: got %d, want %d", got, want)
	}
	if _, ok := files["tile/2/000.p/1"]; !ok {
		t.Errorf("the tile of level 2 is missing")
	}
	r := TileHashes(size, func(tile Tile) ([]byte, error) {
		b, ok := files[tile.Path()]
		if !ok {
			return nil, fmt.Errorf("no file %s", tile.Path())
		}
		return b, nil
	})
	for at, want := range tree.hashes {
		if at[1]%97 != 0 && at[0] < 8 {
			continue
		}
		if got, err := r.ReadHash(uint8(at[0]), at[1]); err != nil || got != want {
			t.Fatalf("ReadHash(%d, %d): got %v, %v, want %v", at[0], at[1], got, err, want)
		}
	}
	root := tree.frontier.Root()
	if got, err := Root(r, size); err != nil || got != root {
		t.Errorf("Root: got %v, %v, want %v", got, err, root)
	}
	for _, at := range [][2]uint64{{0, size}, {0, size + 1}, {8, size / 256}, {16, 1}, {17, 0}, {64, 0}, {255, 0}, {5, math.MaxUint64}} {
		if _, err := r.ReadHash(uint8(at[0]), at[1]); !errors.Is(err, ErrInvalid) {
			t.Errorf("ReadHash(%d, %d): got %v, want ErrInvalid", at[0], at[1], err)
		}
	}
	short := TileHashes(size, func(tile Tile) ([]byte, error) { return files[tile.Path()][1:], nil })
	if _, err := short.ReadHash(0, 0); !errors.Is(err, ErrInvalid) {
		t.Errorf("ReadHash of a short tile: got %v, want ErrInvalid", err)
	}

	foreignReader := tlog.TileHashReader(tlog.Tree{N: size, Hash: tlog.Hash(root)}, foreignTiles(files))
	proof, err := tlog.ProveRecord(size, 12345, foreignReader)
	if err != nil {
		t.Fatalf("package tlog does not read the tiles: %v", err)
	}
	leaf := LeafHash(numbered(12346)[12345])
	if err := VerifyInclusion(12345, size, leaf, fromForeign(proof), root); err != nil {
		t.Errorf("VerifyInclusion of the proof that package tlog took from the tiles: %v", err)
	}
}

type foreignTiles map[string][]byte

func (foreignTiles) Height() int                         { return 8 }
func (foreignTiles) SaveTiles(_ []tlog.Tile, _ [][]byte) {}
func (f foreignTiles) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	out := make([][]byte, len(tiles))
	for i, tile := range tiles {
		b, ok := f["tile/"+strings.TrimPrefix(tile.Path(), "tile/8/")]
		if !ok {
			return nil, fmt.Errorf("no tile %s", tile.Path())
		}
		out[i] = b
	}
	return out, nil
}

func TestWidthAt(t *testing.T) {
	// The example of C2SP tlog-tiles.
	for _, c := range []struct {
		level uint8
		index uint64
		want  int
	}{
		{0, 0, 256},
		{0, 272, 256},
		{0, 273, 112},
		{0, 274, 0},
		{1, 0, 256},
		{1, 1, 17},
		{1, 2, 0},
		{2, 0, 1},
		{2, 1, 0},
		{3, 0, 0},
		{8, 0, 0},
		{63, 0, 0},
		{255, 0, 0},
	} {
		if got := WidthAt(c.level, c.index, 70000); got != c.want {
			t.Errorf("WidthAt(%d, %d, 70000): got %d, want %d", c.level, c.index, got, c.want)
		}
	}
	if a, b := WidthAt(0, 0, 256), WidthAt(1, 0, 256); a != 256 || b != 1 {
		t.Errorf("WidthAt for 256 leaves: got %d and %d, want 256 and 1", a, b)
	}
}

func TestEntries(t *testing.T) {
	leaves := [][]byte{{}, []byte("a"), bytes.Repeat([]byte("b"), MaxLeafSize)}
	var b []byte
	for _, l := range leaves {
		var err error
		if b, err = AppendEntry(b, l); err != nil {
			t.Fatal(err)
		}
	}
	got, err := ParseEntries(b, 3)
	if err != nil || len(got) != 3 || !bytes.Equal(got[1], leaves[1]) || !bytes.Equal(got[2], leaves[2]) || len(got[0]) != 0 {
		t.Fatalf("ParseEntries: got %d leaves, %v", len(got), err)
	}
	if _, err := AppendEntry(nil, make([]byte, MaxLeafSize+1)); !errors.Is(err, ErrInvalid) {
		t.Errorf("AppendEntry of a long leaf: got %v, want ErrInvalid", err)
	}
	for name, f := range map[string]func() ([][]byte, error){
		"too few":     func() ([][]byte, error) { return ParseEntries(b, 4) },
		"too many":    func() ([][]byte, error) { return ParseEntries(b, 2) },
		"cut off":     func() ([][]byte, error) { return ParseEntries(b[:len(b)-1], 3) },
		"half length": func() ([][]byte, error) { return ParseEntries(append(bytes.Clone(b), 0), 4) },
		"width 0":     func() ([][]byte, error) { return ParseEntries(nil, 0) },
		"width 257":   func() ([][]byte, error) { return ParseEntries(make([]byte, 2*257), 257) },
	} {
		if _, err := f(); !errors.Is(err, ErrInvalid) {
			t.Errorf("ParseEntries, %s: got %v, want ErrInvalid", name, err)
		}
	}
}
