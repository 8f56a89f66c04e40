package syncdir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// New is the suffix of a file that Replace is writing, which does not count yet.
const New = ".new"

// Replace makes b the content of the file at path, durably, and all of it or none.
func Replace(path string, b []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path+New, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err == nil {
		_, err = f.Write(b)
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Rename(path+New, path)
	}
	if err != nil {
		return fmt.Errorf("syncdir: replace: %w", err)
	}
	return Sync(filepath.Dir(path))
}
