package pebbleledger

import (
	"errors"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/sstable/block"
	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	cacheSize    = 64 << 20
	memTableSize = 16 << 20
	memTables    = 3           // at most, of which one takes new entries
	blockSize    = 16 << 10    // before compression
	retryPause   = time.Second // Pebble tries again at once, without end, what failed in the background
	filterBits   = 10          // for each key, in the Bloom filters that say what a table does not have
)

// A store is the open directory: the ledger.Store under the Sequencer. Locks are taken in the order of the fields.
type store struct {
	lock   *os.File // of the directory; nil in tests without one
	dir    directory
	own    *pebble.Lock // Pebble's lock, held here so that it can be let go of without Pebble's help
	db     *pebble.DB
	pebble *pebble.Options

	using      sync.RWMutex // held for reading by whatever uses db
	committing sync.Mutex   // held while a batch is being written
	ending     sync.Mutex   // held while END is being written

	tableAt int // entries

	tip       atomic.Pointer[tip] // of what is durable; entries from there on do not count yet
	failed    failure
	armed     atomic.Bool // the database is open, and failed writes end writing
	closed    atomic.Bool
	endWanted atomic.Bool
	endTimer  *time.Timer

	fault func(stage string) error // for tests: makes a commit fail; or nil
}

// openStore opens the database in dir, and makes directory and database if there are none.
func openStore(dir string, opt *Options) (_ *store, err error) {
	s := &store{dir: directory{fs: opt.fs, path: dir}, tableAt: tableEntries, failed: failure{done: make(chan struct{})}}
	if opt.tableAt > 0 {
		s.tableAt = opt.tableAt
	}
	if opt.fs == nil {
		s.dir.fs = vfs.Default
		if s.lock, err = lockDirectory(dir, opt.Wait); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.release())
		}
	}()
	known, err := s.dir.readFormat()
	if err != nil {
		return nil, err
	}
	path := s.dir.join(pebbleDir)
	if known {
		if _, err := s.dir.fs.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return nil, corrupt("%s is missing", pebbleDir)
		}
	} else if err := s.dir.make(path); err != nil {
		return nil, wrap("create", err)
	}
	if err := s.guard("open", func() (err error) {
		s.own, err = pebble.LockDirectory(path, s.dir.fs)
		return err
	}); err != nil {
		return nil, err
	}
	if err := s.clearImport(); err != nil {
		return nil, wrap("open", err)
	}
	if err := s.openPebble(path, opt, known); err != nil {
		return nil, err
	}
	if err := s.begin(known); err != nil {
		return nil, err
	}
	return s, nil
}

// openPebble opens the database in a goroutine of its own, because Pebble does not come back from what it takes for fatal.
func (s *store) openPebble(path string, opt *Options, known bool) error {
	options := s.options(opt)
	s.pebble = options
	options.ErrorIfNotExists = known
	db, err := run(&s.failed, func() (db *pebble.DB, err error) {
		err = s.guard("open", func() error {
			db, err = pebble.Open(path, options)
			return err
		})
		return db, err
	})
	if err != nil {
		return opening(err)
	}
	s.db = db
	s.armed.Store(true)
	return nil
}

// opening tells damage from what the file system refuses: while a database is being opened, all that Pebble finds wrong is damage.
func opening(err error) error {
	var no syscall.Errno
	if errors.As(err, &no) && no != syscall.ENOENT {
		return err
	}
	return corrupt("%v", err)
}

// options are those of Pebble.
func (s *store) options(opt *Options) *pebble.Options {
	cache := opt.Cache
	if cache <= 0 {
		cache = cacheSize
	}
	memTable := opt.memTable
	if memTable == 0 {
		memTable = memTableSize
	}
	o := &pebble.Options{
		FS: &trap{FS: s.dir.fs, store: s, dir: s.dir.join(pebbleDir)}, Lock: s.own, Logger: fatalLogger{&s.failed},
		// Of this version on, Pebble tells damage within its log from an end that was cut off, and has checksums over footers.
		FormatMajorVersion: pebble.FormatValueSeparation,
		// Pebble counts the memory of unflushed tables as part of the cache.
		CacheSize:    cache + memTables*int64(memTable),
		MemTableSize: memTable, MemTableStopWritesThreshold: memTables,
		DisableTableStats:     true, // they serve deletions, of which there are none, and a damaged table is tried without end
		L0CompactionThreshold: 4, L0StopWritesThreshold: 40,
		LBaseMaxBytes:              64 << 20,
		CompactionConcurrencyRange: func() (int, int) { return 1, 2 },
		EventListener: &pebble.EventListener{
			DataCorruption: func(pebble.DataCorruptionInfo) {}, // whoever reads is told
			BackgroundError: func(err error) {
				if !errors.Is(err, pebble.ErrCancelledCompaction) {
					s.failed.set(wrap("flush or compaction", err))
					time.Sleep(retryPause)
				}
			},
		},
	}
	for i := range o.Levels {
		o.Levels[i].BlockSize = blockSize
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(filterBits)
		o.Levels[i].Compression = func() *sstable.CompressionProfile { return block.BalancedCompression }
	}
	for i := range o.TargetFileSizes {
		o.TargetFileSizes[i] = 16 << 20
	}
	return o
}

// begin reads the tip, or makes a new ledger.
func (s *store) begin(known bool) error {
	var t tip
	err := s.guard("open", func() error {
		v, closer, err := s.db.Get([]byte{tipRow})
		if errors.Is(err, pebble.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		defer closer.Close()
		t, err = decodeTip(v)
		return err
	})
	if err != nil {
		return err
	}
	s.tip.Store(&t)
	if err := s.checkTip(&t); err != nil {
		return err
	}
	if known {
		return s.checkEnd()
	}
	// FORMAT is written last, so that nothing can have been appended without it.
	if t.next > 0 {
		return corrupt("%s is missing", formatFile)
	}
	if err := s.writeEnd(); err != nil {
		return err
	}
	if err := s.dir.write(formatFile, []byte(formatText)); err != nil {
		return wrap("create", err)
	}
	return nil
}

// checkTip looks whether the last entry is the one that the tip tells of, and notes its sum.
func (s *store) checkTip(t *tip) error {
	last, ok, err := s.lastRow()
	switch {
	case err != nil:
		return err
	case ok != (t.next > 0) || ok && last != t.next-1:
		return corrupt("the tip tells of %d entries, and the last one is %d", t.next, last)
	case !ok:
		return nil
	}
	r, err := s.record(last, new(buffer))
	if err != nil {
		return err
	}
	if r.time != t.time {
		return corrupt("the tip and entry %d have different times", last)
	}
	t.sum = r.sum
	return nil
}

// close lets go of the directory.
func (s *store) close() error {
	if s.closed.Swap(true) {
		return nil
	}
	if s.endTimer != nil {
		s.endTimer.Stop()
	}
	s.using.Lock()
	defer s.using.Unlock()
	var err error
	if s.failed.get() == nil {
		err = s.writeEnd()
	}
	return errors.Join(err, s.release())
}

// release gives back what openStore took. A database in which something fatal happened is left as it is: its Close would wait
// for goroutines that have ended.
func (s *store) release() error {
	var err error
	if s.db != nil && s.failed.get() == nil {
		_, err = run(&s.failed, func() (struct{}, error) {
			return struct{}{}, s.guard("close", s.db.Close)
		})
	}
	if s.own != nil {
		err = errors.Join(err, s.own.Close())
	}
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}
