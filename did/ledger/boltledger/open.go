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
	closeWaiting = 4 << 10 // records or heads outside the database that make close bring them there,
	closeShare   = 4 << 10 // so many heads in a transaction
)

// A store is the open directory: the ledger.Store under the Sequencer. Locks are taken in the order of the fields.
type store struct {
	lock *os.File // of the directory
	db   *bolt.DB
	file *os.File // which bbolt has locked and writes
	pager
	salt   salt
	foldAt int

	folding    sync.Mutex     // held while a transaction of bbolt is under way
	committing sync.Mutex     // held while the journal is being written
	mu         sync.RWMutex   // guards view and heads
	background sync.WaitGroup // folds
	foldWanted atomic.Bool

	journal journal
	view    view
	heads   heads

	failed atomic.Pointer[error] // what ended writing for good
	wedged bool                  // bbolt was left in the middle of a transaction
	closed atomic.Bool

	fault func(stage string) error // for tests: makes a commit fail; or nil
}

// openStore opens the database in dir, and makes directory and database if there are none.
func openStore(dir string, opt *Options) (_ *store, err error) {
	lock, err := lockDirectory(dir, opt.Wait)
	if err != nil {
		return nil, err
	}
	s := &store{lock: lock, foldAt: foldAt, journal: journal{dir: dir, noSync: opt.noSync}}
	defer func() {
		if err != nil {
			_, _ = s.journal.seal()
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
	if err := s.inspect(path, opt.InsecureDamagedMeta); err != nil {
		return nil, err
	}
	if !known {
		// FORMAT is written last, so that nothing can have been appended without it.
		if s.view.next > 0 {
			return nil, corrupt("%s is missing", formatFile)
		}
		if err := writeFormat(dir); err != nil {
			return nil, err
		}
	}
	if err := s.openBolt(path, opt); err != nil {
		return nil, err
	}
	if _, err := s.pager.newest(false); err != nil { // InsecureDamagedMeta: the next transaction writes the damaged page
		if err := s.write(&s.view, 0); err != nil {
			return nil, errors.Join(err, s.close())
		}
	}
	return s, nil
}

// inspect checks the structure of the database and loads the key index and the journal, before bbolt, which trusts what
// it finds, opens the file.
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
	pending, err := s.journal.open(snap.next, snap.last, true)
	if err != nil {
		return err
	}
	s.salt = snap.salt
	s.view = view{snap: snap, pending: pending, next: snap.next + uint64(len(pending)), last: snap.last}
	for _, stored := range pending {
		s.view.bytes += len(stored)
	}
	return s.replay()
}

// replay reads the entries that are not in the key index on disk, or at least the last one, and notes their heads.
func (s *store) replay() error {
	v := &s.view
	s.heads.recent, s.heads.mark = make(map[fingerprint]head), v.snap.indexed
	from := v.snap.indexed
	if v.snap.next > 0 {
		from = min(from, v.snap.next-1)
	}
	return v.records(from, v.next, func(r *record) error {
		if r.index+1 == v.snap.next && r.sum != v.snap.last {
			return corrupt("entry %d is not the last one that the tip names", r.index)
		}
		if r.index >= v.snap.indexed {
			s.heads.recent[s.salt.fingerprint(r.key)] = r.head()
		}
		v.last = r.sum
		return nil
	})
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
	s.view.snap.pager = s.pager
	return nil
}

// close lets go of the directory, after bringing to the database what would make the next open slow.
func (s *store) close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.background.Wait()
	if len(s.view.pending) > closeWaiting || s.heads.waiting() > closeWaiting {
		_ = s.finish() // what fails here is made up for after the next open
	}
	_, err := s.journal.seal()
	if s.wedged {
		err = errors.Join(err, s.file.Close())
	} else {
		err = errors.Join(err, s.db.Close())
	}
	return errors.Join(err, s.lock.Close())
}

// finish brings all records and heads to the database.
func (s *store) finish() error {
	err := s.fold()
	for err == nil && s.heads.waiting() > 0 {
		v := s.current()
		s.rotate(&v, true)
		err = s.write(&v, closeShare)
	}
	return err
}
