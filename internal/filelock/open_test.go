package filelock_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/filelock"
)

var errLocked = errors.New("locked")

func TestOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "LOCK")
	first, err := filelock.Open(path, 0, errLocked)
	if err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{0, 15 * time.Millisecond} {
		if _, err := filelock.Open(path, wait, errLocked); !errors.Is(err, errLocked) || !strings.Contains(err.Error(), path) {
			t.Errorf("waiting %v: got %v, want that it is locked, and the name", wait, err)
		}
	}
	got := make(chan error)
	go func() {
		f, err := filelock.Open(path, time.Minute, errLocked)
		if err == nil {
			err = f.Close()
		}
		got <- err
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Errorf("after the first let go: %v", err)
	}
	if _, err := filelock.Open(filepath.Join(path, "below a file"), time.Minute, errLocked); err == nil || errors.Is(err, errLocked) {
		t.Errorf("where no file can be: got %v", err)
	}
}
