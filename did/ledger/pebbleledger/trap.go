package pebbleledger

import (
	"github.com/cockroachdb/pebble/v2/vfs"
)

// A trap is the file system that Pebble sees. When a log or a manifest cannot be written, Pebble ends the process, and in places in
// a way that nothing can recover from: it panics, and a deferred unlock of what is not locked ends the program. So, once the
// database is open, a write that failed is noted and does not return; whoever waits for it in this package is told by run. The
// goroutines that stay behind are the price of a full disk, until the program ends.
type trap struct {
	vfs.FS
	store *store
	dir   string // only what is written below it; a backup that fails is no reason to stop
}

// caught returns err unless it is the failure of a write below dir, in which case it does not return.
func (t *trap) caught(path string, err error) error {
	if err == nil || !t.store.armed.Load() || len(path) <= len(t.dir) || path[:len(t.dir)] != t.dir {
		return err
	}
	t.store.failed.set(wrap("write", err))
	select {}
}

func (t *trap) file(path string, f vfs.File, err error) (vfs.File, error) {
	if err = t.caught(path, err); err != nil {
		return nil, err
	}
	return &trappedFile{File: f, trap: t, path: path}, nil
}

func (t *trap) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := t.FS.Create(name, category)
	return t.file(name, f, err)
}

func (t *trap) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := t.FS.ReuseForWrite(oldname, newname, category)
	return t.file(newname, f, err)
}

func (t *trap) OpenDir(name string) (vfs.File, error) {
	f, err := t.FS.OpenDir(name)
	return t.file(name+"/", f, err)
}

func (t *trap) Rename(oldname, newname string) error {
	return t.caught(newname, t.FS.Rename(oldname, newname))
}

// Unwrap implements vfs.FS.
func (t *trap) Unwrap() vfs.FS { return t.FS }

// A trappedFile is a file that is being written, or a directory.
type trappedFile struct {
	vfs.File
	trap *trap
	path string
}

func (f *trappedFile) Write(b []byte) (int, error) {
	n, err := f.File.Write(b)
	return n, f.trap.caught(f.path, err)
}

func (f *trappedFile) WriteAt(b []byte, at int64) (int, error) {
	n, err := f.File.WriteAt(b, at)
	return n, f.trap.caught(f.path, err)
}

func (f *trappedFile) Sync() error { return f.trap.caught(f.path, f.File.Sync()) }

func (f *trappedFile) SyncData() error { return f.trap.caught(f.path, f.File.SyncData()) }

func (f *trappedFile) SyncTo(length int64) (full bool, err error) {
	full, err = f.File.SyncTo(length)
	return full, f.trap.caught(f.path, err)
}

func (f *trappedFile) Close() error { return f.trap.caught(f.path, f.File.Close()) }
