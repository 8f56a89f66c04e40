package tlogledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/filelock"
	"github.com/realdid/realdid/internal/syncdir"
)

// The files of the directory; see the package's documentation.
const (
	formatFile     = "FORMAT"
	lockFile       = "LOCK"
	checkpointFile = "checkpoint"
	indexFolder    = "index"
	mapFolder      = "map"
	formatLine     = "realdid tlogledger 1"
)

// ErrFormat means that a directory is of a version of the format that this package does not know, or of another log.
var ErrFormat = errors.New("tlogledger: unknown format")

// directory is the place of what is derived from the log, locked.
type directory struct {
	path string
	lock *os.File
}

func openDirectory(path, origin string) (_ *directory, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	d := &directory{path: path}
	if d.lock, err = filelock.Open(d.file(lockFile), 0, ledger.ErrLocked); err != nil {
		return nil, fmt.Errorf("tlogledger: open: %w", err)
	}
	defer func() {
		if err != nil {
			d.lock.Close()
		}
	}()
	want := formatLine + "\n" + origin + "\n"
	switch b, err := os.ReadFile(d.file(formatFile)); {
	case errors.Is(err, fs.ErrNotExist):
		return d, d.write(formatFile, []byte(want))
	case err != nil:
		return nil, err
	case !strings.HasPrefix(string(b), formatLine+"\n"):
		return nil, fmt.Errorf("%w: %s", ErrFormat, path)
	case string(b) != want:
		return nil, fmt.Errorf("%w: %s is of a log with another origin", ErrFormat, path)
	}
	return d, nil
}

func (d *directory) file(name string) string { return filepath.Join(d.path, name) }

// write puts a file into place, all of it or not at all.
func (d *directory) write(name string, b []byte) error {
	return syncdir.Replace(d.file(name), b, 0o600)
}

// forget removes what can be made of the log again.
func (d *directory) forget(folders ...string) error {
	for _, f := range folders {
		if err := os.RemoveAll(d.file(f)); err != nil {
			return err
		}
	}
	return syncdir.Sync(d.path)
}

func (d *directory) close() error { return d.lock.Close() }
