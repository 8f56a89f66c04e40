package filelock

import (
	"fmt"
	"os"
	"time"
)

const retry = 10 * time.Millisecond

// Open opens the file at path, which it makes, and locks it, waiting so long for another to let go. Who closes it lets go of the lock. If another still has
// it, the error is locked and names the file.
func Open(path string, wait time.Duration, locked error) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(wait); ; time.Sleep(retry) {
		ok, err := Try(f)
		switch {
		case ok:
			return f, nil
		case err != nil:
			err = fmt.Errorf("lock: %w", err)
		case time.Now().Before(deadline):
			continue
		default:
			err = fmt.Errorf("%w: another process, or this one, has %s", locked, path)
		}
		f.Close()
		return nil, err
	}
}
