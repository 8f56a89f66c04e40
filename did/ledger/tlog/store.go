package tlog

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

// StoreOptions of [OpenStore]. Origin is required.
type StoreOptions struct {
	// Origin is the first line of every checkpoint: the log's name, by C2SP tlog-checkpoint a URL without scheme.
	Origin string

	disk  disk                    // for tests
	fault func(step string) error // for tests; or nil
}

// A Store is an open directory: a log in tiles, the map that its epochs commit to, and the published checkpoint. It is safe
// for concurrent use; one [Batch] at a time adds to it.
type Store struct {
	dir    string
	origin string
	disk   disk
	lock   *os.File
	m      *authmap.Map
	epochs *epochs

	batching atomic.Bool // a Batch is under way
	closed   atomic.Bool

	writing sync.Mutex // held while a checkpoint is written

	mu        sync.RWMutex // guards what follows
	tip       tip
	published *published
	pending   []Sealed // on top of tip, by the file
	clean     uint64   // partial tiles of full tiles below this size are gone
	failed    error    // what ended writing for good

	fault func(step string) error // for tests; or nil
}

// A tip is the log as it is committed. It is replaced and never changed.
type tip struct {
	edge   *edge
	epochs uint64 // epoch leaves
	last   proof.EpochLeaf

	entryTime int64 // of the last entry
}

func (t *tip) entries() uint64 { return t.edge.size - t.epochs }

// published is the checkpoint that everybody may see, and what proofs under it have in common.
type published struct {
	note       []byte
	checkpoint proof.Checkpoint
	epoch      proof.EpochLeaf
	path       []proof.Hash // of the epoch leaf
	epochs     uint64       // epochs up to it
}

// OpenStore opens the store in directory dir, which it makes if there is none, and finishes a publication that was interrupted.
// Only one process, and in it only one Store, can have a directory open. Errors: [ledger.ErrLocked] and those of the file system,
// which may pass; [ErrFormat]; [ledger.ErrCorrupt]; an origin that is not the directory's.
func OpenStore(dir string, opt *StoreOptions) (_ *Store, err error) {
	if opt == nil || opt.Origin == "" || strings.ContainsAny(opt.Origin, "\r\n") {
		return nil, errors.New("tlog: open: no origin, or one that is not one line")
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir, origin: opt.Origin, lock: lock, disk: opt.disk, fault: opt.fault}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if err := s.disk.checkFormat(dir, opt.Origin); err != nil {
		return nil, err
	}
	if s.epochs, err = openEpochs(filepath.Join(dir, epochsFile)); err != nil {
		return nil, err
	}
	s.epochs.disk = s.disk
	if s.m, err = authmap.Open(filepath.Join(dir, mapDir), nil); err != nil {
		return nil, fmt.Errorf("tlog: open: %w", mapError(err))
	}
	if err := s.recover(); err != nil {
		return nil, err
	}
	return s, nil
}

// Close lets go of the directory. A [Batch] under way is lost, except for what it sealed.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	var err error
	if s.m != nil {
		err = s.m.Close()
	}
	if s.epochs != nil {
		err = errors.Join(err, s.epochs.f.Close())
	}
	return errors.Join(err, s.lock.Close())
}

// Origin returns the log's name.
func (s *Store) Origin() string { return s.origin }

// Size returns the number of leaves of the log, published or settled.
func (s *Store) Size() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tip.edge.size
}

// Entries returns how many entries of the ledger are in the log, published or settled: the index of the next one.
func (s *Store) Entries() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tip.entries()
}

// Epoch returns the last leaf of the log, published or settled; ok is false while the log is empty.
func (s *Store) Epoch() (leaf proof.EpochLeaf, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tip.last, s.tip.epochs > 0
}

// Checkpoint returns the published checkpoint, a signed note; nil while there is none. The caller must not change it.
func (s *Store) Checkpoint() []byte {
	if p := s.current(); p != nil {
		return p.note
	}
	return nil
}

// Published returns the epoch in which the published checkpoint ends; ok is false while there is none.
func (s *Store) Published() (leaf proof.EpochLeaf, ok bool) {
	if p := s.current(); p != nil {
		return p.epoch, true
	}
	return proof.EpochLeaf{}, false
}

// Pending returns the epochs that were sealed on top of the log and are not yet part of it, in their order. They bind: the next
// [Batch] has to seal the same ones ([Batch.SealAs]) before anything can be published.
func (s *Store) Pending() []Sealed {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]Sealed(nil), s.pending...)
}

func (s *Store) current() *published {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.published
}

// inject is where tests make a step fail.
func (s *Store) inject(step string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(step)
}

// fail ends writing for good: what is on the disk is not known.
func (s *Store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
}

func (s *Store) usable() error {
	if s.closed.Load() {
		return ledger.ErrClosed
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.failed != nil {
		return fmt.Errorf("tlog: the store has to be opened anew after an earlier failure: %w", s.failed)
	}
	return nil
}
