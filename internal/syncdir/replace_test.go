package syncdir_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/realdid/realdid/internal/syncdir"
)

func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, text := range []string{"first, which is long", "second"} {
		if err := os.WriteFile(path+syncdir.New, []byte("what a crash has left of an attempt"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := syncdir.Replace(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			t.Errorf("got %q, %v, want %q", b, err, text)
		}
	}
	if names, err := os.ReadDir(dir); err != nil || len(names) != 1 {
		t.Errorf("got %v, %v, want the file alone", names, err)
	}
	if err := syncdir.Replace(filepath.Join(dir, "missing", "file"), nil, 0o600); err == nil {
		t.Error("a folder that is not there was written to")
	}
}
