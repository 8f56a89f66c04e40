package boltledger

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/filelock"
	"github.com/realdid/realdid/internal/syncdir"
)

const (
	formatFile   = "FORMAT"
	formatText   = "realdid-boltledger 1\n"
	databaseFile = "ledger.db"
	lockFile     = "LOCK"
	newSuffix    = syncdir.New // of a file that does not count yet

	// pageSize is the same on all systems, so that a directory can be moved between them (of one byte order).
	pageSize = 4096
)

// ErrFormat means that a directory or a backup is of a version of the format that this package does not know.
var ErrFormat = errors.New("boltledger: unknown format")

// lockDirectory makes dir if need be and locks it.
func lockDirectory(dir string, wait time.Duration) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("boltledger: open: %w", err)
	}
	f, err := filelock.Open(filepath.Join(dir, lockFile), wait, ledger.ErrLocked)
	if err != nil {
		return nil, fmt.Errorf("boltledger: open: %w", err)
	}
	return f, nil
}

// readFormat reports whether dir has a FORMAT file, which must be ours.
func readFormat(dir string) (known bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, formatFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("boltledger: open: %w", err)
	case string(b) != formatText:
		return false, fmt.Errorf("%w: %s says %.40q, this version reads %q", ErrFormat, formatFile, b, formatText)
	}
	return true, nil
}

// writeFormat makes dir a ledger: it is the last thing done to a new one.
func writeFormat(dir string) error {
	if err := syncdir.Replace(filepath.Join(dir, formatFile), []byte(formatText), 0o600); err != nil {
		return fmt.Errorf("boltledger: create: %w", err)
	}
	return nil
}

// createDatabase makes an empty database at path. The directory must be locked.
func createDatabase(path string) error {
	fresh := path + newSuffix
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("boltledger: create: %w", err)
	}
	db, err := bolt.Open(fresh, 0o600, &bolt.Options{Timeout: time.Nanosecond, PageSize: pageSize})
	if err == nil {
		err = errors.Join(db.Update(initialize), db.Close())
	}
	if err == nil {
		err = errors.Join(os.Rename(fresh, path), syncdir.Sync(filepath.Dir(path)))
	}
	if err != nil {
		return fmt.Errorf("boltledger: create: %w", err)
	}
	return nil
}

// initialize writes the buckets of an empty ledger.
func initialize(tx *bolt.Tx) error {
	t := tip{txid: uint64(tx.ID()), blocks: 1}
	if _, err := rand.Read(t.salt[:]); err != nil {
		return err
	}
	empty, sum := block(nil).encode(0)
	t.total = uint64(sum)
	if _, err := tx.CreateBucket(entriesBucket); err != nil {
		return err
	}
	heads, err := tx.CreateBucket(headsBucket)
	if err != nil {
		return err
	}
	top, err := tx.CreateBucket(tipBucket)
	if err != nil {
		return err
	}
	return errors.Join(heads.Put(blockKey(0), empty), top.Put(tipKey, t.encode()))
}
