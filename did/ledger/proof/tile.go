package proof

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

// Limits of C2SP tlog-tiles.
const (
	TileWidth    = 256       // hashes in a full tile, leaves in a full bundle of entries
	MaxTileLevel = 63        // of a path; a log of 2^64 leaves has levels 0 to 7
	MaxLeafSize  = 1<<16 - 1 // bytes of a leaf
)

// A Tile names a file of a log by C2SP tlog-tiles: a tile of hashes, or a bundle of entries.
type Tile struct {
	Level   uint8  // of the hashes; 0 for entries
	Entries bool   // a bundle of leaves
	Index   uint64 // within the level
	Width   int    // 1 to TileWidth, the width of a full one
}

// Path returns the file's path, with slashes, relative to the log. It panics on a level or a width out of range.
func (t Tile) Path() string {
	if t.Width < 1 || t.Width > TileWidth || t.Level > MaxTileLevel || t.Entries && t.Level != 0 {
		panic(fmt.Sprintf("proof: tile: level %d, width %d", t.Level, t.Width))
	}
	b := make([]byte, 0, 48)
	b = append(b, "tile/"...)
	if t.Entries {
		b = append(b, "entries"...)
	} else {
		b = strconv.AppendUint(b, uint64(t.Level), 10)
	}
	var groups [7]uint64 // of three digits, the last first
	n := 0
	for v := t.Index; n == 0 || v > 0; v /= 1000 {
		groups[n] = v % 1000
		n++
	}
	for n--; n >= 0; n-- {
		b = append(b, '/')
		if n > 0 {
			b = append(b, 'x')
		}
		g := groups[n]
		b = append(b, byte('0'+g/100), byte('0'+g/10%10), byte('0'+g%10))
	}
	if t.Width < TileWidth {
		b = append(b, ".p/"...)
		b = strconv.AppendInt(b, int64(t.Width), 10)
	}
	return string(b)
}

// TilePath returns the path of a tile of hashes, as in tile/0/x001/234.p/56; width is 1 to [TileWidth], which is a full tile.
// It panics on a level or a width out of range.
func TilePath(level uint8, index uint64, width int) string {
	return Tile{Level: level, Index: index, Width: width}.Path()
}

// EntriesPath returns the path of a bundle of entries, as in tile/entries/x001/234.p/56. It panics on a width out of range.
func EntriesPath(index uint64, width int) string {
	return Tile{Entries: true, Index: index, Width: width}.Path()
}

// ParseTilePath reads a path that [Tile.Path] wrote. Every tile has exactly one path; anything else is [ErrInvalid].
func ParseTilePath(p string) (Tile, error) {
	t := Tile{Width: TileWidth}
	bad := func() (Tile, error) { return Tile{}, invalid("tile: not the path of a tile") }
	rest, ok := strings.CutPrefix(p, "tile/")
	if !ok || len(p) > 64 {
		return bad()
	}
	level, rest, ok := strings.Cut(rest, "/")
	if !ok {
		return bad()
	}
	if level == "entries" {
		t.Entries = true
	} else {
		n, ok := parseDecimal(level, MaxTileLevel)
		if !ok {
			return bad()
		}
		t.Level = uint8(n)
	}
	if index, width, partial := strings.Cut(rest, ".p/"); partial {
		n, ok := parseDecimal(width, TileWidth-1)
		if !ok || n == 0 {
			return bad()
		}
		rest, t.Width = index, int(n)
	}
	groups := strings.Split(rest, "/")
	for i, g := range groups {
		if i < len(groups)-1 {
			if g, ok = strings.CutPrefix(g, "x"); !ok {
				return bad()
			}
		}
		if len(g) != 3 || i == 0 && len(groups) > 1 && g == "000" {
			return bad()
		}
		for j := range len(g) {
			d := uint64(g[j] - '0')
			if d > 9 || t.Index > (1<<64-1-d)/10 {
				return bad()
			}
			t.Index = t.Index*10 + d
		}
	}
	return t, nil
}

// parseDecimal reads ASCII digits with no superfluous zero in front.
func parseDecimal(s string, limit uint64) (uint64, bool) {
	if s == "" || len(s) > 1 && s[0] == '0' || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil && n <= limit
}

// WidthAt returns how many hashes the tile at level and index has in a log of size leaves, 0 to [TileWidth]. The bundle of entries
// at an index is as wide as the tile of level 0.
func WidthAt(level uint8, index, size uint64) int {
	n := size >> (8 * uint64(level)) // hashes of that level; 0 for the levels that no log reaches
	if n/TileWidth > index {
		return TileWidth
	}
	if n/TileWidth == index {
		return int(n % TileWidth)
	}
	return 0
}

// TileHashes returns a [HashReader] for a log of size leaves that takes its hashes out of tiles. read returns a tile's data, of
// [HashSize] bytes for each hash; the reader asks for the width that the tile has at that size, and keeps nothing. What
// it answers is as trustworthy as the tiles: compare a root.
func TileHashes(size uint64, read func(Tile) ([]byte, error)) HashReader {
	return &tileReader{size, read}
}

type tileReader struct {
	size uint64
	read func(Tile) ([]byte, error)
}

func (r *tileReader) ReadHash(level uint8, index uint64) (Hash, error) {
	in := level % 8 // levels above the tile's own hashes
	first := index << in
	t := Tile{Level: level / 8, Index: first / TileWidth}
	t.Width = WidthAt(t.Level, t.Index, r.size)
	from, n := int(first%TileWidth), 1<<in
	if first>>in != index || from+n > t.Width {
		return Hash{}, invalid("tile: no hash at level %d, index %d in a log of %d", level, index, r.size)
	}
	b, err := r.read(t)
	if err != nil {
		return Hash{}, err
	}
	if len(b) != t.Width*HashSize {
		return Hash{}, invalid("tile: %s has %d bytes, want %d", t.Path(), len(b), t.Width*HashSize)
	}
	var hashes [TileWidth / 2]Hash
	h := hashes[:n]
	for i := range h {
		h[i] = Hash(b[(from+i)*HashSize:])
	}
	for ; len(h) > 1; h = h[:len(h)/2] {
		for i := range len(h) / 2 {
			h[i] = NodeHash(h[2*i], h[2*i+1])
		}
	}
	return h[0], nil
}

// AppendEntry appends a leaf to a bundle of entries: its length as 2 bytes, big endian, and itself. It refuses one over
// [MaxLeafSize].
func AppendEntry(dst, leaf []byte) ([]byte, error) {
	if len(leaf) > MaxLeafSize {
		return nil, invalid("entries: leaf of %d bytes, over %d", len(leaf), MaxLeafSize)
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(leaf)))
	return append(dst, leaf...), nil
}

// ParseEntries takes a bundle of exactly width leaves apart. They alias b.
func ParseEntries(b []byte, width int) ([][]byte, error) {
	if width < 1 || width > TileWidth {
		return nil, invalid("entries: width %d", width)
	}
	leaves := make([][]byte, width)
	for i := range leaves {
		if len(b) < 2 {
			return nil, invalid("entries: end after %d leaves of %d", i, width)
		}
		n := 2 + int(binary.BigEndian.Uint16(b))
		if len(b) < n {
			return nil, invalid("entries: leaf %d of %d is cut off", i, width)
		}
		leaves[i], b = b[2:n:n], b[n:]
	}
	if len(b) != 0 {
		return nil, invalid("entries: %d bytes after %d leaves", len(b), width)
	}
	return leaves, nil
}
