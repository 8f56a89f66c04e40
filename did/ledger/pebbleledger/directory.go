package pebbleledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/filelock"
)

const (
	formatFile = "FORMAT"
	formatText = "realdid-pebbleledger 1\n"
	lockFile   = "LOCK"
	endFile    = "END"
	pebbleDir  = "pebble"
	newSuffix  = ".new" // of a file that does not count yet

	maxSmallFile = 4096
)

// ErrFormat means that a directory is of a version of the format that this package does not know.
var ErrFormat = errors.New("pebbleledger: unknown format")

// A directory is where a ledger is.
type directory struct {
	fs   vfs.FS
	path string
}

func (d directory) join(name string) string { return d.fs.PathJoin(d.path, name) }

// lockDirectory makes dir if need be and locks it.
func lockDirectory(dir string, wait time.Duration) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("pebbleledger: open: %w", err)
	}
	f, err := filelock.Open(vfs.Default.PathJoin(dir, lockFile), wait, ledger.ErrLocked)
	if err != nil {
		return nil, fmt.Errorf("pebbleledger: open: %w", err)
	}
	return f, nil
}

// readFormat reports whether the directory has a FORMAT file, which must be ours.
func (d directory) readFormat() (known bool, err error) {
	b, err := d.read(formatFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("pebbleledger: open: %w", err)
	case string(b) != formatText:
		return false, fmt.Errorf("%w: %s says %.40q, this version reads %q", ErrFormat, formatFile, b, formatText)
	}
	return true, nil
}

// read returns the contents of a small file.
func (d directory) read(name string) ([]byte, error) {
	f, err := d.fs.Open(d.join(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxSmallFile))
}

// write puts a file in place, durably, with all of b or not at all.
func (d directory) write(name string, b []byte) error {
	f, err := d.fs.Create(d.join(name+newSuffix), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.fs.Rename(d.join(name+newSuffix), d.join(name)); err != nil {
		return err
	}
	return d.sync()
}

// make makes path inside the directory, with the names of both durable.
func (d directory) make(path string) error {
	if err := d.fs.MkdirAll(path, 0o700); err != nil {
		return err
	}
	parent := directory{fs: d.fs, path: d.fs.PathDir(d.path)}
	return errors.Join(d.sync(), parent.sync())
}

// sync makes the names in the directory durable.
func (d directory) sync() error {
	f, err := d.fs.OpenDir(d.path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
