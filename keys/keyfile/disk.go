package keyfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/internal/syncdir"
)

// Write puts file, made by [Seal], at path, in the place of what is there: a reader finds the old file or the new one, whole, whatever
// happens meanwhile. The new one is readable by its owner alone (mode 0600). The folder must exist and be writable.
func Write(path string, file []byte) (err error) {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, ".keyfile-*") // mode 0600
	if err != nil {
		return fmt.Errorf("keyfile: write: %w", err)
	}
	defer func() {
		if err != nil {
			tmp.Close()
			os.Remove(tmp.Name())
			err = fmt.Errorf("keyfile: write: %w", err)
		}
	}()
	if _, err := tmp.Write(file); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	return syncdir.Sync(dir)
}

// Create is Write for a path at which nothing is yet; otherwise the error is fs.ErrExist and nothing changes. If the program is killed
// in the midst of it, an empty file may stay there.
func Create(path string, file []byte) error {
	reserve, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("keyfile: create: %w", err)
	}
	if err := reserve.Close(); err != nil {
		return fmt.Errorf("keyfile: create: %w", err)
	}
	if err := Write(path, file); err != nil {
		os.Remove(path)
		return err
	}
	return nil
}

// Read returns the file at path, for [Open]. It refuses what is not a regular file and what is over MaxFile bytes. Other errors are those
// of package os.
func Read(path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("keyfile: read: %w", err)
	}
	if !st.Mode().IsRegular() {
		return nil, errors.New("keyfile: read: not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("keyfile: read: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("keyfile: read: %w", err)
	}
	if len(b) > MaxFile {
		return nil, fmt.Errorf("keyfile: read: over %d bytes", MaxFile)
	}
	return b, nil
}
