package tlog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

// FsckOptions say what else [Fsck] compares a directory with; nil means nothing.
type FsckOptions struct {
	Trust *proof.Trust // for the signatures of the checkpoint
	Clock ledger.Clock // for their times; default time.Now

	Ledger  Source             // for the entries, and with
	Reducer ledger.HeadReducer // for the heads in the map
}

// Fsck computes everything in a directory anew, the tree from the entries and the map from its leaves, and reports each fault that
// it finds. Nobody may have the directory open; what it needs is a directory of which FORMAT is readable, also one that
// [OpenStore] refuses, of which it changes nothing but what the map itself puts in order when it is opened. An error says
// that the check could not be finished; faults are no error.
func Fsck(ctx context.Context, dir string, opt *FsckOptions, report func(Fault)) error {
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("tlog: fsck: %w", err)
	}
	lock, err := lockDirectory(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	b, err := os.ReadFile(filepath.Join(dir, formatFile))
	origin, ok := strings.CutPrefix(string(b), formatText)
	if err != nil || !ok || !strings.HasSuffix(origin, "\n") {
		report(Fault{FaultFormat, formatFile, "missing, or of an unknown version"})
		return nil
	}
	s := &Store{dir: dir, origin: strings.TrimSuffix(origin, "\n")}
	if _, err := os.Stat(filepath.Join(dir, epochsFile)); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, logDir, "tile")); err == nil {
			report(Fault{FaultEpochsRecord, epochsFile, "missing"})
		}
		return nil
	}
	if s.epochs, err = openEpochs(filepath.Join(dir, epochsFile)); err != nil {
		return err
	}
	defer s.epochs.f.Close()
	f := newChecker(ctx, s, opt, report)
	if _, err := os.Stat(filepath.Join(dir, mapDir)); err != nil {
		f.fault(FaultMapUnreadable, mapDir, "%v", errors.Unwrap(err))
	} else if s.m, err = authmap.Open(filepath.Join(dir, mapDir), nil); err != nil {
		f.fault(FaultMapUnreadable, mapDir, "%v", err)
		s.m = nil
	} else {
		defer s.m.Close()
	}
	if f.note, err = os.ReadFile(filepath.Join(dir, logDir, checkpointFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("tlog: fsck: %w", err)
	}
	return f.run()
}

// Fsck checks the directory of an open store as the function of that name does. Nothing is added meanwhile: it returns [ErrBusy]
// if a batch is under way, and Begin does until it has returned.
func (s *Store) Fsck(ctx context.Context, report func(Fault)) error {
	if err := s.usable(); err != nil {
		return err
	}
	if s.batching.Swap(true) {
		return ErrBusy
	}
	defer s.batching.Store(false)
	return s.check(ctx, nil, report)
}

func (s *Store) check(ctx context.Context, opt *FsckOptions, report func(Fault)) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	f := newChecker(ctx, s, opt, report)
	var err error
	if f.note, err = os.ReadFile(filepath.Join(s.dir, logDir, checkpointFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("tlog: fsck: %w", err)
	}
	return f.run()
}

// Fsck checks the directory and compares it with the ledger. No epoch is sealed meanwhile.
func (l *Log) Fsck(ctx context.Context, report func(Fault)) error {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if l.closed.Load() {
		return ledger.ErrClosed
	}
	return l.store.check(ctx, &FsckOptions{Trust: &l.trust, Clock: l.opt.Clock, Ledger: l.lg, Reducer: l.cut.red}, report)
}

// A checker is one run of Fsck.
type checker struct {
	*Store
	ctx     context.Context
	opt     FsckOptions
	send    func(Fault)
	faulty  map[string]bool // files with a fault of their own
	note    []byte          // the checkpoint; nil if there is none
	cp      *proof.Checkpoint
	sealed  uint64 // leaves, pending epochs included
	size    uint64 // leaves of the log
	entries uint64 // entries among them
	ledger  *ledgerCheck
}

func newChecker(ctx context.Context, s *Store, opt *FsckOptions, report func(Fault)) *checker {
	f := &checker{Store: s, ctx: ctx, send: report, faulty: make(map[string]bool)}
	if opt != nil {
		f.opt = *opt
	}
	if f.opt.Clock == nil {
		f.opt.Clock = time.Now
	}
	return f
}

func (f *checker) fault(code FaultCode, path, format string, args ...any) {
	f.faulty[path] = true
	if strings.HasPrefix(path, "tile/") || code == FaultStray {
		path = logDir + "/" + path
	}
	f.send(Fault{code, path, fmt.Sprintf(format, args...)})
}

func (f *checker) run() error {
	f.length()
	f.checkpoint()
	if err := f.openLedger(); err != nil {
		return err
	}
	defer f.closeLedger()
	if err := f.leaves(); err != nil {
		return err
	}
	if err := f.files(); err != nil {
		return err
	}
	return f.authmap()
}

// length finds out how long the log is.
func (f *checker) length() {
	n := f.epochs.n.Load()
	for i := range n {
		r, err := f.epochs.read(i)
		if err == nil && r.size < f.size {
			err = corrupt("epochs: record %d is not after the one before", i)
		}
		if err != nil {
			f.fault(FaultEpochsRecord, epochsFile, "%v", err)
			continue
		}
		f.size, f.entries = r.size+1, r.entries
	}
	base, chain, err := f.readPending()
	switch {
	case err != nil:
		f.fault(FaultPending, pendingFile, "%v", err)
	case len(chain) > 0 && base > f.size:
		f.fault(FaultPending, pendingFile, "it is on top of %d leaves, and the log has %d", base, f.size)
	case len(chain) > 0:
		f.sealed = chain[len(chain)-1].Checkpoint.Size
		if f.m != nil && f.m.Version() == f.sealed { // the records were not written any more
			f.size, f.entries = f.sealed, chain[len(chain)-1].Epoch.Entries
		}
	}
	if f.m != nil && f.m.Version() > f.size && f.faulty[epochsFile] {
		f.size = f.m.Version()
	}
	f.sealed = max(f.sealed, f.size)
	if info, err := f.epochs.f.Stat(); err == nil && info.Size()%epochRecord != 0 && f.sealed == f.size {
		f.fault(FaultEpochsRecord, epochsFile, "%d bytes behind the last record", info.Size()%epochRecord)
	}
}

// checkpoint checks the form of the published checkpoint.
func (f *checker) checkpoint() {
	path := logDir + "/" + checkpointFile
	if f.note == nil {
		_, err := os.Stat(filepath.Join(f.dir, nextFile)) // where it is if its publication was interrupted
		if f.size > 0 && f.size == f.sealed && errors.Is(err, fs.ErrNotExist) {
			f.fault(FaultCheckpointMissing, path, "the log has %d leaves", f.size)
		}
		return
	}
	c, err := f.parseCheckpoint(f.note)
	if err != nil {
		f.fault(FaultCheckpointMalformed, path, "%v", err)
		return
	}
	if f.opt.Trust != nil {
		if _, err := f.opt.Trust.VerifyCheckpoint(f.note, f.opt.Clock()); err != nil {
			f.fault(FaultCheckpointSignature, path, "%v", err)
		}
	}
	_, ok, err := f.epochs.find(c.Size-1, f.epochs.n.Load())
	if c.Size == 0 || c.Size > f.size || err == nil && !ok && c.Size != f.size {
		f.fault(FaultCheckpointSize, path, "%d leaves of %d: no epoch ends there", c.Size, f.size)
		return
	}
	f.cp = &c
}

// authmap checks the map by itself and against the last epoch.
func (f *checker) authmap() error {
	if f.m == nil {
		return nil
	}
	if err := f.m.Check(f.ctx); err != nil {
		if !errors.Is(err, authmap.ErrCorrupt) {
			return fmt.Errorf("tlog: fsck: %w", err)
		}
		f.fault(FaultMapUnreadable, mapDir, "%v", err)
		return nil
	}
	if v := f.m.Version(); v != f.size {
		f.fault(FaultMapVersion, mapDir, "it is of a log of %d leaves, and the log has %d", v, f.size)
		return nil
	}
	if f.size > 0 && !f.faulty[proof.EntriesPath((f.size-1)/proof.TileWidth, proof.WidthAt(0, (f.size-1)/proof.TileWidth, f.size))] {
		if leaf, err := f.readLeaf(f.size-1, f.size); err == nil {
			if e, err := proof.ParseEpochLeaf(leaf); err == nil && e.MapRoot != f.m.Root() {
				f.fault(FaultMapRoot, mapDir, "%v, and the last epoch says %v", f.m.Root(), e.MapRoot)
			}
		}
	}
	return f.countHeads()
}
