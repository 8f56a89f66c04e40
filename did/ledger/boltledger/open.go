package boltledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
)

const (
	closeWaiting = 4 << 10 // heads only in memory that make close write them out, so that the next open is quick,
	closeShare   = 4 << 10 // so many in a transaction
)

// A store is the open database: the ledger.Store under the Sequencer.
type store struct {
	lock  *os.File // of the directory
	db    *bolt.DB
	file  *os.File // which bbolt has locked and writes
	pager pager
	heads heads
	snap  atomic.Pointer[snapshot] // what the last successful commit left

	committing sync.Mutex // held while a transaction is under way
	failed     error      // what ended writing for good
	wedged     bool       // bbolt was left in the middle of a transaction
	closed     atomic.Bool

	fault func(stage string) error // for tests: makes a commit fail; or nil
}

// openStore opens the database in dir, and makes directory and database if there are none.
func openStore(dir string, opt *Options) (_ *store, err error) {
	lock, err := lockDirectory(dir, opt.Wait)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			lock.Close()
		}
	}()
	known, err := readFormat(dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, databaseFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if known {
			return nil, corrupt("%s is missing", databaseFile)
		}
		if err := createDatabase(path); err != nil {
			return nil, err
		}
	}
	s := &store{lock: lock}
	if err := s.inspect(path, opt.InsecureDamagedMeta); err != nil {
		return nil, err
	}
	if !known {
		// FORMAT is written last, so that nothing can have been appended without it.
		if s.snap.Load().next > 0 {
			return nil, corrupt("%s is missing", formatFile)
		}
		if err := writeFormat(dir); err != nil {
			return nil, err
		}
	}
	if err := s.openBolt(path, opt); err != nil {
		return nil, err
	}
	return s, nil
}

// inspect checks the structure of the database and loads the key index, before bbolt, which trusts what it finds,
// opens the file.
func (s *store) inspect(path string, damagedMeta bool) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("boltledger: open: %w", err)
	}
	defer f.Close()
	snap, err := pager{file: f, size: pageSize}.snapshot(damagedMeta)
	if err != nil {
		return err
	}
	if err := snap.account(&s.heads); err != nil {
		return err
	}
	if err := s.heads.replay(snap); err != nil {
		return err
	}
	s.snap.Store(snap)
	return nil
}

// openBolt opens the database for writing.
func (s *store) openBolt(path string, opt *Options) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = corrupt("bbolt: %v", p)
		}
	}()
	s.db, err = bolt.Open(path, 0o600, &bolt.Options{
		Timeout: time.Nanosecond, NoStatistics: true, PageSize: pageSize, NoSync: opt.noSync,
		FreelistType: bolt.FreelistMapType, MaxSize: int(opt.MaxSize),
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			f, err := os.OpenFile(name, flag, mode)
			s.file = f
			return f, err
		},
	})
	if err != nil {
		return fmt.Errorf("boltledger: open: %w", err)
	}
	s.pager = pager{file: s.file, size: pageSize}
	snap := *s.snap.Load()
	snap.pager = s.pager
	s.snap.Store(&snap)
	return nil
}

// close lets go of the database, after writing out the key index if much of it is only in memory.
func (s *store) close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.committing.Lock()
	defer s.committing.Unlock()
	if s.heads.waiting() > closeWaiting {
		for s.heads.waiting() > 0 && s.write(nil, closeShare) == nil {
		} // what fails here is made up for by the next open
	}
	if s.wedged {
		return errors.Join(s.file.Close(), s.lock.Close())
	}
	return errors.Join(s.db.Close(), s.lock.Close())
}
