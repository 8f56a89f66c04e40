//go:build unix

package keyfile

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestReadPipe shows that a pipe is refused, whose other end would never come.
func TestReadPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skipf("no pipes here: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := Read(path)
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			t.Error("got nil, want an error")
		}
	case <-time.After(10 * time.Second):
		t.Error("Read still waits")
	}
}
