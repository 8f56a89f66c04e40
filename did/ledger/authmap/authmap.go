// Package authmap keeps the authenticated map of a ledger on disk: for each path, which is the hash of a key, a head
// record of 1 to [proof.MaxHeadSize] bytes, under one root from which [proof.MapProof] proves that a head stands at a path
// or that nothing does. What is hashed, and how, says package proof (MAP.md there).
//
// A change of the map is staged, which computes the new root, and then committed or discarded. Commit returns once the
// change is durable. The process may be killed, and the machine may fail, at any instant: the map that is opened
// afterwards is that of the last Commit that returned, or of the one that was under way, and its Version tells which.
//
// The directory holds
//
//	FORMAT        a text that names the version of the format
//	LOCK          empty; whoever has the map open holds a lock on it
//	pages         the leaves, in pages of [PageSize] bytes (page.go)
//	index-N       where each page stands and what its hash is, at checkpoint N (index.go)
//	journal-N     the changes since checkpoint N (journal.go)
//
// The map is a binary trie. A subtree whose leaves fit into one page is one page; the nodes above the pages are in memory.
// That is 76 bytes for each page of about 70 per cent of PageSize, 5 MB for a million heads of 128 bytes. A change writes
// one new page and recomputes the hashes from it to the root, so its cost grows with the logarithm of the number of
// heads; changes that are staged together share the upper hashes. A page is never written over while the index or a
// reader might need it.
//
// Each page is checked against its hash in the trie whenever it is read, and the index and the journal have checksums. So
// damage is an error that is [ErrCorrupt], never an answer. One thing cannot be told from a Commit that never returned: a
// journal that was cut off. Who needs to know that keeps the last version elsewhere too, as a log that has published a
// root does.
package authmap

import (
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/realdid/realdid/did/ledger/proof"
)

// Errors that a caller acts on.
var (
	ErrCorrupt = errors.New("authmap: corrupt")        // stored data is damaged or missing; the text names where
	ErrFormat  = errors.New("authmap: unknown format") // the directory is of another version of the format
	ErrLocked  = errors.New("authmap: in use")         // another process, or this one, has the directory open
	ErrClosed  = errors.New("authmap: closed")
	ErrInvalid = errors.New("authmap: invalid") // a call that must not be; final
)

// PageSize is the size of a page in bytes.
const PageSize = 4096

// Options of [Open]; nil means the defaults.
type Options struct {
	// Journal is the size in bytes that the journal must reach before a Commit makes a checkpoint, which writes the index
	// anew and syncs the pages. A larger one makes opening after a crash slower and commits on the whole cheaper. The
	// journal is let grow to a quarter of the index in any case, so that what the index costs a change does not grow with
	// the map. Default: 4 MiB.
	Journal int64
}

// DefaultJournal is the default of Options.Journal.
const DefaultJournal = 4 << 20

// indexShare is the size of the index divided by that of a journal that calls for a new one.
const indexShare = 4

// A Change puts a head at a path, or in the place of the one that stands there. Heads are never removed.
type Change struct {
	Path proof.Hash
	Head []byte // 1 to [proof.MaxHeadSize] bytes
}

// A Map is an open directory. It is safe for concurrent use.
type Map struct {
	dir     directory
	lock    interface{ Close() error }
	workers int   // goroutines that one Stage uses
	journal int64 // Options.Journal

	write  sync.Mutex // held by Stage, Commit, Discard, Check and Close; never acquired with mu held
	staged *Staged    // neither committed nor discarded
	failed error      // after which nothing can be written

	store      *pages
	log        *journal
	generation uint64

	mu      sync.RWMutex // for what follows; changed with write held as well, so that a writer may read without it
	trie    trie
	top     ref
	root    proof.Hash
	count   uint64
	version uint64
	closed  bool
}

// Open opens the map in directory dir, which it makes if there is none. Only one process, and in it only one Map, can have
// a directory open. Errors: [ErrLocked] and those of the file system, which may pass; [ErrFormat]; [ErrCorrupt].
func Open(dir string, opt *Options) (*Map, error) {
	d, lock, err := openDirectory(dir)
	if err != nil {
		return nil, err
	}
	m, err := open(d, opt)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	m.lock = lock
	return m, nil
}

func open(d directory, opt *Options) (*Map, error) {
	m := &Map{dir: d, workers: runtime.GOMAXPROCS(0), journal: DefaultJournal}
	if opt != nil && opt.Journal > 0 {
		m.journal = opt.Journal
	}
	known, err := readFormat(d)
	if err != nil {
		return nil, err
	}
	if !known {
		if err := create(d); err != nil {
			return nil, err
		}
	}
	if err := m.load(); err != nil {
		return nil, errors.Join(err, m.closeFiles())
	}
	return m, nil
}

// Root returns the root of the committed map; it is the zero Hash while the map is empty.
func (m *Map) Root() proof.Hash {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.root
}

// Len returns how many heads the committed map has.
func (m *Map) Len() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.count
}

// Version returns what the last Commit, or Build, was given; 0 if there was none.
func (m *Map) Version() uint64 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.version
}

// Close makes a checkpoint, so that the next Open is quick, and lets go of the directory. A Staged that is left is
// discarded. What is called afterwards returns [ErrClosed].
func (m *Map) Close() error {
	m.write.Lock()
	defer m.write.Unlock()
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil
	}
	m.closed = true
	m.mu.Unlock()
	var err error
	if m.failed == nil && m.log.records > 0 {
		err = m.checkpoint()
	}
	m.staged = nil
	err = errors.Join(err, m.closeFiles())
	if m.lock != nil {
		err = errors.Join(err, m.lock.Close())
	}
	return err
}

func (m *Map) closeFiles() error {
	var err error
	if m.store != nil {
		err = m.store.file.Close()
	}
	if m.log != nil {
		err = errors.Join(err, m.log.file.Close())
	}
	return err
}

func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrCorrupt}, args...)...)
}
