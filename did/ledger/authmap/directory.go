package authmap

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/realdid/realdid/internal/filelock"
	"github.com/realdid/realdid/internal/syncdir"
)

const (
	formatFile = "FORMAT"
	formatText = "realdid-authmap 1\n"
	lockFile   = "LOCK"
	pagesFile  = "pages"
	indexFile  = "index-"   // and a generation
	recordFile = "journal-" // and a generation
	spillFile  = "spill-"   // of a Build under way
	buildFile  = "BUILDING" // from the beginning of a Build to its end
	newSuffix  = ".new"     // of a file that does not count yet
)

// A file is what the map does with a file; tests put in one that fails.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
	Size() (int64, error)
}

// A directory holds the files of one map. Names that it created, renamed or removed are durable after Sync.
type directory interface {
	Create(name string) (file, error) // empty, whether or not it is there
	Open(name string) (file, error)   // fs.ErrNotExist if it is not there
	Rename(from, to string) error
	Remove(name string) error
	List() ([]string, error)
	Sync() error
}

// osDirectory is a directory of the operating system, by its path.
type osDirectory string

type osFile struct{ *os.File }

func (f osFile) Size() (int64, error) {
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return st.Size(), nil
}

func (d osDirectory) file(name string, flag int) (file, error) {
	f, err := os.OpenFile(filepath.Join(string(d), name), flag, 0o600)
	if err != nil {
		return nil, err
	}
	return osFile{f}, nil
}

func (d osDirectory) Create(name string) (file, error) {
	return d.file(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC)
}

func (d osDirectory) Open(name string) (file, error) { return d.file(name, os.O_RDWR) }

func (d osDirectory) Rename(from, to string) error {
	return os.Rename(filepath.Join(string(d), from), filepath.Join(string(d), to))
}

func (d osDirectory) Remove(name string) error { return os.Remove(filepath.Join(string(d), name)) }

func (d osDirectory) Sync() error { return syncdir.Sync(string(d)) }

func (d osDirectory) List() ([]string, error) {
	list, err := os.ReadDir(string(d))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(list))
	for i, e := range list {
		names[i] = e.Name()
	}
	return names, nil
}

// openDirectory makes dir if need be and locks it.
func openDirectory(dir string) (osDirectory, *os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, fmt.Errorf("authmap: open: %w", err)
	}
	f, err := filelock.Open(filepath.Join(dir, lockFile), 0, ErrLocked)
	if err != nil {
		return "", nil, fmt.Errorf("authmap: open: %w", err)
	}
	return osDirectory(dir), f, nil
}

// readFormat reports whether d has a FORMAT file, which must be ours.
func readFormat(d directory) (known bool, err error) {
	b, err := readAll(d, formatFile, 4096)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("authmap: open: %w", err)
	case string(b) != formatText:
		return false, fmt.Errorf("%w: %s says %.40q, this version reads %q", ErrFormat, formatFile, b, formatText)
	}
	return true, nil
}

// readAll returns the contents of a small file, of which it reads limit bytes at most.
func readAll(d directory, name string, limit int64) ([]byte, error) {
	f, err := d.Open(name)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	b := make([]byte, min(size, limit))
	if err == nil {
		err = readFull(f, b, 0)
	}
	return b, errors.Join(err, f.Close())
}

// readFull fills b from off; what is missing is io.ErrUnexpectedEOF.
func readFull(f io.ReaderAt, b []byte, off int64) error {
	n, err := f.ReadAt(b, off)
	switch {
	case n == len(b):
		return nil
	case errors.Is(err, io.EOF):
		return io.ErrUnexpectedEOF
	}
	return err
}

// writeFile makes a small file that is durable, and its name too, when it returns.
func writeFile(d directory, name string, b []byte) error {
	f, err := d.Create(name + newSuffix)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(b, 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.Rename(name+newSuffix, name); err != nil {
		return err
	}
	return d.Sync()
}

// create makes an empty map in d. Its FORMAT file comes last: without one, the rest does not count.
func create(d directory) error {
	if err := clearUnfinished(d, false); err != nil {
		return err
	}
	p, err := createPages(d)
	if err != nil {
		return fmt.Errorf("authmap: create: %w", err)
	}
	err = errors.Join(p.file.Sync(), p.file.Close())
	if err == nil {
		var j *journal
		if j, err = startGeneration(d, 1, &snapshot{}, new(trie), 0); err == nil {
			err = j.file.Close()
		}
	}
	if err == nil {
		err = writeFile(d, formatFile, []byte(formatText))
	}
	if err != nil {
		return fmt.Errorf("authmap: create: %w", err)
	}
	return nil
}

// clearUnfinished removes what a create, or a Build if build is set, left behind that did not get as far as the FORMAT
// file. It returns ErrCorrupt if there is more than that: then it is the FORMAT file that is missing.
func clearUnfinished(d directory, build bool) error {
	names, err := d.List()
	if err != nil {
		return fmt.Errorf("authmap: create: %w", err)
	}
	building := false
	for _, name := range names {
		building = building || name == buildFile
	}
	if building && !build {
		return corrupt("a Build in this directory did not end; build again, or remove it")
	}
	for _, name := range names {
		known := name == formatFile+newSuffix || name == buildFile+newSuffix || name == pagesFile || strings.HasPrefix(name, indexFile) ||
			strings.HasPrefix(name, recordFile) || strings.HasPrefix(name, spillFile)
		if !known {
			continue
		}
		if name == pagesFile && !building {
			if err := mustBeNew(d); err != nil {
				return err
			}
		}
		if err := d.Remove(name); err != nil {
			return fmt.Errorf("authmap: create: %w", err)
		}
	}
	return nil
}

// mustBeNew returns ErrCorrupt if the pages file has pages.
func mustBeNew(d directory) error {
	f, err := d.Open(pagesFile)
	if err != nil {
		return fmt.Errorf("authmap: create: %w", err)
	}
	size, err := f.Size()
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("authmap: create: %w", err)
	}
	if size > PageSize {
		return corrupt("the directory has %s and no %s", pagesFile, formatFile)
	}
	return nil
}
