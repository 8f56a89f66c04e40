//go:build !windows

package mirror

import (
	"errors"
	"fmt"
	"os"
)

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("mirror: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil {
		return fmt.Errorf("mirror: sync directory: %w", err)
	}
	return nil
}
