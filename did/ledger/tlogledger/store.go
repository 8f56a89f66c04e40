package tlogledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

// How long a commit waits before it offers leaves again that Tessera pushed back, at first and at most.
const (
	firstPause = 5 * time.Millisecond
	maxPause   = time.Second
	pushTries  = 12 // some seconds
	look       = time.Millisecond
)

// store is the ledger.Store of a Ledger: commits go to the log, and what they say to the index.
type store struct {
	log     log
	add     tessera.AddFn
	red     ledger.HeadReducer
	origin  string
	dir     *directory
	index   *index
	m       *authmap.Map
	fault   func(stage string) error
	ctx     context.Context
	writing sync.Mutex // held while leaves are added
	failed  error      // under writing: nothing can be added any more

	mu      sync.Mutex
	now     end
	changed map[string]struct{} // keys with entries since the last epoch
	epoch   proof.EpochLeaf     // the last one, if sealed
	sealed  bool
}

func (s *store) end() end {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Head implements ledger.Store.
func (s *store) Head(key string) (ledger.Head, error) { return s.index.head(key) }

// Read implements ledger.Store.
func (s *store) Read(key string, seq uint64) (ledger.Entry, error) {
	e, ok, err := s.at(s.ctx, key, seq)
	if err == nil && !ok {
		err = corrupt("the index has no place for an entry below its key's length")
	}
	return e, err
}

// at reads an entry from the log; ok is false if there is none.
func (s *store) at(ctx context.Context, key string, seq uint64) (e ledger.Entry, ok bool, err error) {
	pos, ok, err := s.index.place(key, seq)
	if err != nil || !ok {
		return ledger.Entry{}, false, err
	}
	leaf, err := s.log.leaf(ctx, pos)
	if err != nil {
		return ledger.Entry{}, false, err
	}
	e, isEntry, err := parseLeaf(leaf)
	if err == nil && (!isEntry || e.Key != key || e.Seq != seq) {
		err = corrupt("leaf %d is not the entry that the index leads to", pos)
	}
	return e, true, err
}

// Commit implements ledger.Store. If Tessera takes the beginning of the batch and not the rest, the beginning stands.
func (s *store) Commit(batch []ledger.Admitted) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.failed != nil {
		return fmt.Errorf("tlogledger: append: the ledger has to be opened anew after an earlier failure: %w", s.failed)
	}
	now := s.end()
	if batch[0].Entry.Anchor.Index != now.entries {
		return &ledger.MovedError{Next: now.entries, Last: now.last}
	}
	if s.fault != nil {
		if err := s.fault("commit"); err != nil {
			return err
		}
	}
	leaves := make([][]byte, len(batch))
	for i := range batch {
		e := &batch[i].Entry
		leaves[i] = proof.EntryLeaf{Index: e.Anchor.Index, Time: e.Anchor.Time.Unix(), Seq: e.Seq, Key: e.Key, Op: e.Op}.Append(nil)
	}
	n, err := s.addAll(leaves, now.size)
	if n > 0 {
		if kept := s.keep(batch[:n], leaves[:n]); kept != nil {
			s.failed = kept
			return kept
		}
	}
	return err
}

// keep takes leaves that are in the log into the index.
func (s *store) keep(batch []ledger.Admitted, leaves [][]byte) error {
	now := s.end()
	next := end{size: now.size, entries: now.entries, last: now.last, frontier: now.frontier.Clone()}
	u := s.index.update()
	defer u.Close()
	for i := range batch {
		if err := u.entry(&batch[i].Entry, batch[i].State, next.size); err != nil {
			return err
		}
		next.frontier.Append(proof.LeafHash(leaves[i]), nil)
		next.size++
		next.entries, next.last = batch[i].Entry.Anchor.Index+1, batch[i].Entry.Anchor.Time
	}
	if err := u.commit(next); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = next
	for i := range batch {
		s.changed[batch[i].Entry.Key] = struct{}{}
	}
	return nil
}

// addAll adds leaves, the first of which comes to stand at pos, and returns how many, from the front, are in the log and can be read.
func (s *store) addAll(leaves [][]byte, pos uint64) (int, error) {
	done, pause := 0, firstPause
	for try := 0; ; try++ {
		n, err := s.addOnce(leaves[done:], pos+uint64(done))
		if done += n; done == len(leaves) {
			return done, s.integrated(pos + uint64(done))
		}
		if !errors.Is(err, tessera.ErrPushback) || try == pushTries || s.failed != nil {
			return done, err
		}
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
			return done, ledger.ErrClosed
		}
		pause = min(2*pause, maxPause)
	}
}

// addOnce offers leaves to Tessera and waits until it has decided about each. Those that it took stand one after the other from pos
// on, or the log is not this ledger's alone.
func (s *store) addOnce(leaves [][]byte, pos uint64) (n int, refused error) {
	futures := make([]tessera.IndexFuture, len(leaves))
	for i, leaf := range leaves {
		futures[i] = s.add(s.ctx, tessera.NewEntry(leaf))
	}
	for _, future := range futures {
		at, err := future()
		switch {
		case err != nil:
			if refused == nil {
				refused = unavailable("append", err)
			}
		case refused != nil || at.Index != pos+uint64(n) || at.IsDup:
			s.failed = corrupt("a leaf came to stand at %d, and not at %d: somebody else writes to the log, or it refused a part of a batch", at.Index, pos+uint64(n))
			return n, s.failed
		default:
			n++
		}
	}
	if refused == nil || errors.Is(refused, tessera.ErrPushback) {
		return n, refused
	}
	return s.settle(leaves, pos, n, refused)
}

// settle finds out what stands after a failure that does not say so.
func (s *store) settle(leaves [][]byte, pos uint64, n int, refused error) (int, error) {
	size, err := s.log.size(s.ctx)
	if err != nil {
		s.failed = errors.Join(refused, err)
		return n, s.failed
	}
	for at := pos + uint64(n); at < size; at++ {
		leaf, err := s.log.leaf(s.ctx, at)
		if err == nil && (n == len(leaves) || !bytes.Equal(leaf, leaves[n])) {
			err = corrupt("leaf %d is another one than was added", at)
		}
		if err != nil {
			s.failed = errors.Join(refused, err)
			return n, s.failed
		}
		n++
	}
	if n == len(leaves) {
		return n, nil
	}
	return n, refused
}

// integrated returns once the log of size leaves can be read. Drivers of databases answer before that.
func (s *store) integrated(size uint64) error {
	for pause := look; ; pause = min(2*pause, 100*look) {
		if n, err := s.log.size(s.ctx); err == nil && n >= size {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
			s.failed = ledger.ErrClosed
			return s.failed
		}
	}
}

// A sealed epoch is in the log, and its map is staged.
type sealed struct {
	staged     *authmap.Staged
	epoch      proof.EpochLeaf
	checkpoint proof.Checkpoint
}

// seal appends an epoch leaf that covers everything. at is its time, or that of the last entry or epoch if one is later.
func (s *store) seal(at time.Time) (*sealed, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.failed != nil {
		return nil, s.failed
	}
	now := s.end()
	changes, err := s.changes(s.changed, now.entries)
	if err != nil {
		return nil, err
	}
	staged, err := s.m.Stage(changes)
	if err != nil {
		return nil, mapError(err)
	}
	leaf := proof.EpochLeaf{MapRoot: staged.Root(), Size: now.size, Entries: now.entries, Time: max(at.Unix(), 0)}
	if now.entries > 0 {
		leaf.Time = max(leaf.Time, now.last.Unix())
	}
	if s.sealed {
		leaf.Time = max(leaf.Time, s.epoch.Time)
	}
	next, err := s.addEpoch(leaf, now)
	if err == nil {
		err = s.compare(next)
	}
	if err != nil {
		staged.Discard()
		return nil, err
	}
	return &sealed{staged, leaf, proof.Checkpoint{Origin: s.origin, Size: next.size, Root: next.frontier.Root()}}, nil
}

func (s *store) addEpoch(leaf proof.EpochLeaf, now end) (end, error) {
	b := leaf.Append(nil)
	if n, err := s.addAll([][]byte{b}, now.size); n == 0 || err != nil {
		return end{}, err
	}
	next := end{size: now.size + 1, entries: now.entries, last: now.last, frontier: now.frontier.Clone()}
	next.frontier.Append(proof.LeafHash(b), nil)
	u := s.index.update()
	defer u.Close()
	err := u.epoch(leaf)
	if err == nil {
		err = u.commit(next)
	}
	if err != nil {
		s.failed = err
		return end{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.epoch, s.sealed = next, leaf, true
	clear(s.changed)
	return next, nil
}

// compare computes the root out of Tessera's tiles: nothing is signed that the log does not show.
func (s *store) compare(to end) error {
	root, err := proof.Root(s.log.hashes(s.ctx, to.size), to.size)
	if err == nil && root != to.frontier.Root() {
		s.failed = corrupt("the tiles of %d leaves have another root than the leaves", to.size)
		err = s.failed
	}
	return err
}

// changes returns the head records that keys have after so many entries of the ledger.
func (s *store) changes(keys map[string]struct{}, entries uint64) ([]authmap.Change, error) {
	out := make([]authmap.Change, 0, len(keys))
	latest := s.end().entries == entries
	for key := range maps.Keys(keys) {
		var state []byte
		var err error
		if latest {
			var h ledger.Head
			h, err = s.index.head(key)
			state = h.State
		} else {
			state, err = s.stateAt(key, entries)
		}
		if err != nil {
			return nil, err
		}
		head, err := s.red.Head(key, state)
		if err != nil {
			return nil, fmt.Errorf("tlogledger: seal: %w", err)
		}
		out = append(out, authmap.Change{Path: proof.MapPath(key), Head: head})
	}
	return out, nil
}

// stateAt replays a key up to so many entries of the ledger.
func (s *store) stateAt(key string, entries uint64) (state []byte, err error) {
	for seq := uint64(0); ; seq++ {
		e, ok, err := s.at(s.ctx, key, seq)
		if err != nil {
			return nil, err
		}
		if !ok || e.Anchor.Index >= entries {
			return state, nil
		}
		r, err := s.red.Reduce(key, state, e.Op, e.Anchor)
		if err != nil {
			return nil, corrupt("entry %d is one that the reducer refuses", e.Anchor.Index)
		}
		state = append([]byte{}, r.State...)
	}
}

func mapError(err error) error {
	if errors.Is(err, authmap.ErrClosed) {
		return ledger.ErrClosed
	}
	if errors.Is(err, authmap.ErrCorrupt) {
		return fmt.Errorf("%w: %w", ledger.ErrCorrupt, err)
	}
	return err
}

func (s *store) close() error {
	return errors.Join(s.index.close(), s.m.Close(), s.dir.close())
}
