package tlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/filelock"
	"github.com/realdid/realdid/internal/syncdir"
)

const (
	formatFile     = "FORMAT"
	formatText     = "realdid-tlog 1\n"
	lockFile       = "LOCK"
	logDir         = "log"
	mapDir         = "map"
	epochsFile     = "epochs"
	pendingFile    = "pending"
	nextFile       = "checkpoint.new"
	checkpointFile = "checkpoint" // in logDir
	newSuffix      = syncdir.New  // of a file that does not count yet

	syncers = 16 // files that are synced at once: the file system makes one transaction of them
)

// disk makes things durable. It does not in tests that end no process.
type disk struct{ noSync bool }

func (d disk) sync(f *os.File) error {
	if d.noSync {
		return nil
	}
	return f.Sync()
}

func (d disk) syncDir(dir string) error {
	if d.noSync {
		return nil
	}
	return syncdir.Sync(dir)
}

// lockDirectory makes dir if need be and locks it.
func lockDirectory(dir string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("tlog: open: %w", err)
	}
	f, err := filelock.Open(filepath.Join(dir, lockFile), 0, ledger.ErrLocked)
	if err != nil {
		return nil, fmt.Errorf("tlog: open: %w", err)
	}
	return f, nil
}

// checkFormat reads FORMAT, or writes it if the directory is new. The origin must be the one that it was made for.
func (d disk) checkFormat(dir, origin string) error {
	want := formatText + origin + "\n"
	b, err := os.ReadFile(filepath.Join(dir, formatFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(filepath.Join(dir, epochsFile)); err == nil {
			return corrupt("%s is missing", formatFile)
		}
		if err := os.MkdirAll(filepath.Join(dir, logDir), 0o755); err != nil {
			return fmt.Errorf("tlog: create: %w", err)
		}
		return d.replaceFile(dir, formatFile, []byte(want))
	case err != nil:
		return fmt.Errorf("tlog: open: %w", err)
	case string(b) == want:
		return nil
	}
	if was, ours := strings.CutPrefix(string(b), formatText); ours {
		return fmt.Errorf("tlog: open: the log's origin is %.80q, not %.80q", strings.TrimSuffix(was, "\n"), origin)
	}
	return fmt.Errorf("%w: %s says %.40q, this version reads %q", ErrFormat, formatFile, b, formatText)
}

// replaceFile makes b the content of a file, durably and at once.
func (d disk) replaceFile(dir, name string, b []byte) error {
	path := filepath.Join(dir, name)
	if err := d.writeFile(path+newSuffix, b); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(path+newSuffix, path), d.syncDir(dir)); err != nil {
		return fmt.Errorf("tlog: write: %w", err)
	}
	return nil
}

// writeFile writes a file and syncs it, not its name.
func (d disk) writeFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err == nil {
		_, err = f.Write(b)
		err = errors.Join(err, d.sync(f), f.Close())
	}
	if err != nil {
		return fmt.Errorf("tlog: write: %w", err)
	}
	return nil
}

// A file is one that a batch has to write, under its path with slashes.
type file struct {
	path string
	data []byte
}

// writeFiles writes files below root, each at once or not at all, and makes them and their names durable.
func (d disk) writeFiles(root string, files []file) error {
	var (
		mu   sync.Mutex
		errs error
		wg   sync.WaitGroup
	)
	dirs := make(map[string]bool)
	for _, f := range files {
		dir := filepath.Dir(filepath.Join(root, filepath.FromSlash(f.path)))
		if dirs[dir] {
			continue
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("tlog: write: %w", err)
		}
		// The names of new directories are to be durable as well, up to root.
		for ; !dirs[dir] && len(dir) >= len(root); dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	run := func(n int, f func(i int) error) {
		var next int
		for range min(syncers, n) {
			wg.Go(func() {
				for {
					mu.Lock()
					i := next
					next++
					mu.Unlock()
					if i >= n {
						return
					}
					if err := f(i); err != nil {
						mu.Lock()
						errs = errors.Join(errs, err)
						mu.Unlock()
					}
				}
			})
		}
		wg.Wait()
	}
	run(len(files), func(i int) error {
		path := filepath.Join(root, filepath.FromSlash(files[i].path))
		if err := d.writeFile(path+newSuffix, files[i].data); err != nil {
			return err
		}
		if err := os.Rename(path+newSuffix, path); err != nil {
			return fmt.Errorf("tlog: write: %w", err)
		}
		return nil
	})
	if errs != nil {
		return errs
	}
	names := make([]string, 0, len(dirs))
	for dir := range dirs {
		names = append(names, dir)
	}
	run(len(names), func(i int) error { return d.syncDir(names[i]) })
	return errs
}
