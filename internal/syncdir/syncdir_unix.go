//go:build unix

package syncdir

import (
	"errors"
	"fmt"
	"os"
)

// Sync makes the names in dir durable.
func Sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("syncdir: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("syncdir: %w", err)
	}
	return nil
}
