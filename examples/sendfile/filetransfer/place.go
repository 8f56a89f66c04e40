package filetransfer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSameName is how many files of one name there may be, and maxNumber the bytes of the number that tells them apart.
const (
	maxSameName = 1000
	maxNumber   = len(" (999)")
)

func numbered(name string, i int) string {
	if i == 0 {
		return name
	}
	ext := filepath.Ext(name)
	return fmt.Sprintf("%s (%d)%s", name[:len(name)-len(ext)], i, ext)
}

// place gives the complete file its name in the folder of files or, if that is taken, one with a number. It replaces nothing. The state has
// the name before the file does, so that a receiver that stops in between knows it as its own: see placed.
func (t *incoming) place() error {
	state := t.state
	for i := range maxSameName {
		state.File = numbered(state.Name, i)
		path := filepath.Join(t.files, state.File)
		if _, err := os.Lstat(path); err == nil {
			continue
		}
		if err := t.save(state); err != nil {
			return err
		}
		err := t.moveNew(filepath.Join(t.dir, partialFile), path)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return err
		}
		return t.finishPlacing()
	}
	return errors.New("filetransfer: place: too many files of this name")
}

// placed tells whether the complete file has its name, though the state does not say so yet. From then on it is its owner's.
func (t *incoming) placed() bool {
	if t.state.File == "" {
		return false
	}
	partial, err := os.Lstat(filepath.Join(t.dir, partialFile))
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	file, fileErr := os.Lstat(filepath.Join(t.files, t.state.File))
	return err == nil && fileErr == nil && os.SameFile(partial, file)
}

// finishPlacing makes the name durable, then takes the other one away, then says so in the state.
func (t *incoming) finishPlacing() error {
	if err := t.disk.folder(t.files); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(t.dir, partialFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	state := t.state
	state.Done = true
	return t.save(state)
}

// moveNew gives a file a name that no file has; the error is fs.ErrExist if one has. The old name may stay. Where there are no links, an empty
// file holds the name for a moment, and is all that is left if the computer stops just then.
func (d disk) moveNew(from, to string) error {
	err := d.link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = errors.Join(f.Close(), os.Rename(from, to)); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}
