package tlog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/did/ledger/proof"
)

// ReadFile returns a file that a tile server serves: "checkpoint", or a tile or bundle of entries by its path in C2SP tlog-tiles. Tiles
// of a pending epoch can be read as well, so that cosigners see them. Errors: [proof.ErrInvalid] for any other path,
// fs.ErrNotExist. Partial tiles that have been outgrown are gone after a while, the full ones never.
func (s *Store) ReadFile(path string) ([]byte, error) {
	if path == checkpointFile {
		if c := s.Checkpoint(); c != nil {
			return append([]byte(nil), c...), nil
		}
		return nil, fmt.Errorf("tlog: %w: nothing is published yet", fs.ErrNotExist)
	}
	t, err := proof.ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(s.path(t))
	if err != nil {
		return nil, fmt.Errorf("tlog: %w", err)
	}
	return b, nil
}

// OpenFile is ReadFile for a server: it opens the file and does not hold it in memory while a slow client reads.
func (s *Store) OpenFile(path string) (io.ReadSeekCloser, error) {
	if path == checkpointFile {
		b, err := s.ReadFile(path)
		return memoryFile{bytes.NewReader(b)}, err
	}
	t, err := proof.ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(s.path(t))
	if err != nil {
		return nil, fmt.Errorf("tlog: %w", err)
	}
	return f, nil
}

type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func (s *Store) path(t proof.Tile) string {
	return filepath.Join(s.dir, logDir, filepath.FromSlash(t.Path()))
}

// readTile reads a tile of the log, or takes it from the full one.
func (s *Store) readTile(t proof.Tile) ([]byte, error) {
	b, err := os.ReadFile(s.path(t))
	whole := t
	if errors.Is(err, fs.ErrNotExist) && t.Width < proof.TileWidth {
		whole.Width = proof.TileWidth
		b, err = os.ReadFile(s.path(whole))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, corrupt("%s is missing", t.Path())
	}
	if err != nil {
		return nil, fmt.Errorf("tlog: %w", err)
	}
	if t.Entries {
		leaves, err := proof.ParseEntries(b, whole.Width)
		if err != nil {
			return nil, corrupt("%s: %v", whole.Path(), err)
		}
		n := 0
		for _, leaf := range leaves[:t.Width] {
			n += 2 + len(leaf)
		}
		return b[:n], nil
	}
	if len(b) != whole.Width*proof.HashSize {
		return nil, corrupt("%s has %d bytes", whole.Path(), len(b))
	}
	return b[:t.Width*proof.HashSize], nil
}

// hashes reads the hashes of the log of size leaves. It remembers tiles, for one use.
func (s *Store) hashes(size uint64) proof.HashReader {
	tiles := make(map[proof.Tile][]byte)
	return proof.TileHashes(size, func(t proof.Tile) ([]byte, error) {
		b, ok := tiles[t]
		if ok {
			return b, nil
		}
		b, err := s.readTile(t)
		if err == nil {
			tiles[t] = b
		}
		return b, err
	})
}

// readLeaf reads a leaf of the log of size leaves.
func (s *Store) readLeaf(index, size uint64) ([]byte, error) {
	t := proof.Tile{Entries: true, Index: index / proof.TileWidth}
	t.Width = proof.WidthAt(0, t.Index, size)
	b, err := s.readTile(t)
	if err != nil {
		return nil, err
	}
	leaves, err := proof.ParseEntries(b, t.Width)
	if err != nil {
		return nil, corrupt("%s: %v", t.Path(), err)
	}
	return leaves[index%proof.TileWidth], nil
}
