package tlogledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/cockroachdb/pebble/v2"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

const (
	loadChunk = 4096    // leaves that are taken into the index at once
	bulkMap   = 1 << 16 // entries from which on a map is built in bulk if there is none
)

// load opens the directory and makes index and map those of the log as it is now.
func (s *store) load(ctx context.Context) (err error) {
	for again := false; ; again = true {
		if s.index, err = openIndex(s.dir.file(indexFolder)); err == nil {
			s.now, err = s.index.end()
		}
		if err == nil {
			_, _, err = s.index.lastEpoch()
		}
		if err == nil {
			err = s.openMap()
		}
		if err == nil && s.behind() {
			err = corrupt("the index is ahead of the map")
		}
		if err == nil || again || !errors.Is(err, ledger.ErrCorrupt) {
			break
		}
		// Nothing is lost: both are made of the log.
		if err = s.drop(); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	size, err := s.log.next(ctx) // what has a place is in the log
	if err == nil {
		err = s.integrated(size)
	}
	if err != nil {
		return err
	}
	if size < s.now.size || s.m.Version() > size {
		return corrupt("the log has %d leaves, and had %d", size, max(s.now.size, s.m.Version()))
	}
	if err := s.catchUp(ctx, size); err != nil {
		return err
	}
	if root, err := proof.Root(s.log.hashes(ctx, size), size); err != nil {
		return err
	} else if root != s.now.frontier.Root() {
		return corrupt("the log is not the one that the index was made of")
	}
	if s.epoch, s.sealed, err = s.index.lastEpoch(); err != nil {
		return err
	}
	if err := s.catchUpMap(ctx); err != nil {
		return err
	}
	from := uint64(0)
	if s.sealed {
		from = s.epoch.Size + 1
	}
	s.changed, err = s.keys(ctx, from, size)
	return err
}

func (s *store) openMap() (err error) {
	s.m, err = authmap.Open(s.dir.file(mapFolder), nil)
	return mapError(err)
}

// behind tells whether the map was lost: with one that exists, the index is never more than an epoch ahead.
func (s *store) behind() bool {
	return s.m.Version() == 0 && s.now.entries > s.bulk
}

// drop removes index and map.
func (s *store) drop() error {
	if s.index != nil {
		_ = s.index.close()
	}
	if s.m != nil {
		_ = s.m.Close()
	}
	s.index, s.m = nil, nil
	return s.dir.forget(indexFolder, mapFolder)
}

// catchUp reduces the leaves behind the end of the index, up to size, and takes them in.
func (s *store) catchUp(ctx context.Context, size uint64) error {
	next := end{size: s.now.size, entries: s.now.entries, last: s.now.last, frontier: s.now.frontier.Clone()}
	epoch, _, err := s.index.lastEpoch()
	if err != nil {
		return err
	}
	u, heads := s.index.update(), map[string]ledger.Head{}
	defer func() { u.Close() }()
	flush := func() error {
		if err := u.commit(next); err != nil {
			return err
		}
		if err := u.Close(); err != nil {
			return indexError(err)
		}
		s.mu.Lock()
		s.now = end{size: next.size, entries: next.entries, last: next.last, frontier: next.frontier.Clone()}
		s.mu.Unlock()
		u = s.index.update()
		clear(heads)
		return nil
	}
	for leaf, err := range s.log.leaves(ctx, s.now.size, size) {
		if err == nil {
			err = s.take(u, heads, &next, &epoch, leaf)
		}
		if err != nil {
			return err
		}
		if next.size%s.chunk == 0 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// take checks and reduces one leaf, as whoever appended it did.
func (s *store) take(u update, heads map[string]ledger.Head, next *end, before *proof.EpochLeaf, leaf []byte) error {
	e, isEntry, err := parseLeaf(leaf)
	if err != nil {
		return err
	}
	hash := proof.LeafHash(leaf)
	if isEntry {
		err = s.takeEntry(u, heads, next, &e, hash)
	} else {
		var epoch proof.EpochLeaf
		epoch, err = proof.ParseEpochLeaf(leaf)
		switch {
		case err != nil:
			err = corrupt("leaf %d: %v", next.size, err)
		case epoch.Size != next.size || epoch.Entries != next.entries:
			err = corrupt("leaf %d is an epoch of another place", next.size)
		case epoch.Time < before.Time || next.entries > 0 && epoch.Time < next.last.Unix():
			err = corrupt("leaf %d is an epoch before what it covers", next.size)
		default:
			*before = epoch
			err = u.epoch(epoch)
		}
	}
	next.frontier.Append(hash, nil)
	next.size++
	return err
}

func (s *store) takeEntry(u update, heads map[string]ledger.Head, next *end, e *ledger.Entry, hash proof.Hash) error {
	if e.Anchor.Index != next.entries || e.Anchor.Time.Before(next.last) || ledger.CheckKey(e.Key) != nil || ledger.CheckOp(e.Op) != nil {
		return corrupt("leaf %d is not an entry that follows the one before", next.size)
	}
	h, known := heads[e.Key]
	if !known {
		var err error
		if h, err = s.index.head(e.Key); err != nil {
			return err
		}
	}
	if h.Length != e.Seq {
		return corrupt("leaf %d is entry %d of its key, which has %d", next.size, e.Seq, h.Length)
	}
	r, err := s.red.Reduce(e.Key, h.State, e.Op, e.Anchor)
	if err != nil {
		return corrupt("the reducer refuses entry %d: %v", e.Anchor.Index, err)
	}
	state := append([]byte{}, r.State...)
	heads[e.Key] = ledger.Head{Length: e.Seq + 1, State: state}
	next.entries, next.last = e.Anchor.Index+1, e.Anchor.Time
	return u.entry(e, state, next.size, hash)
}

// keys returns the keys that the entries among the leaves from from up to size are of.
func (s *store) keys(ctx context.Context, from, size uint64) (map[string][]byte, error) {
	out := make(map[string][]byte)
	for leaf, err := range s.log.leaves(ctx, from, size) {
		if err != nil {
			return nil, err
		}
		e, isEntry, err := parseLeaf(leaf)
		if err != nil {
			return nil, err
		}
		if isEntry {
			out[e.Key] = nil
		}
	}
	return out, nil
}

// catchUpMap makes the map that of the last epoch, whose root is in the log.
func (s *store) catchUpMap(ctx context.Context) error {
	switch {
	case !s.sealed && s.m.Version() == 0:
		return nil
	case !s.sealed || s.m.Version() > s.epoch.Size+1:
		return corrupt("the map is of %d leaves, and the last epoch is not", s.m.Version())
	case s.m.Version() == s.epoch.Size+1:
	case s.m.Version() == 0 && s.epoch.Entries > s.bulk:
		if err := s.buildMap(ctx); err != nil {
			return err
		}
	default:
		keys, err := s.keys(ctx, s.m.Version(), s.epoch.Size)
		if err != nil {
			return err
		}
		changes, err := s.changes(keys, s.epoch.Entries)
		if err != nil {
			return err
		}
		staged, err := s.m.Stage(changes)
		if err != nil {
			return mapError(err)
		}
		if staged.Root() != s.epoch.MapRoot {
			staged.Discard()
			return corrupt("the entries make another map than the last epoch says")
		}
		s.resumed, err = s.resume(ctx, staged, keys)
		return err
	}
	if s.m.Root() != s.epoch.MapRoot {
		return corrupt("the map has another root than the last epoch says")
	}
	return nil
}

// resume makes the last epoch the one that is to be published. The map stays that of the checkpoint before, and is not lost if there
// is none.
func (s *store) resume(ctx context.Context, staged *authmap.Staged, keys map[string][]byte) (*sealed, error) {
	size := s.epoch.Size + 1
	root, err := proof.Root(s.log.hashes(ctx, size), size)
	if err != nil {
		staged.Discard()
		return nil, err
	}
	return &sealed{staged: staged, keys: keys, epoch: s.epoch, checkpoint: proof.Checkpoint{Origin: s.origin, Size: size, Root: root}}, nil
}

// buildMap makes the map of the last epoch out of all heads.
func (s *store) buildMap(ctx context.Context) error {
	if err := errors.Join(s.m.Close(), s.dir.forget(mapFolder)); err != nil {
		return err
	}
	later, err := s.keys(ctx, s.epoch.Size+1, s.now.size)
	if err == nil {
		err = authmap.Build(ctx, s.dir.file(mapFolder), s.heads(later), &authmap.BuildOptions{Version: s.epoch.Size + 1})
	}
	if err != nil {
		return mapError(err)
	}
	return s.openMap()
}

// heads yields the head records of all keys after the last epoch; later are the keys that have entries since.
func (s *store) heads(later map[string][]byte) iter.Seq2[authmap.Change, error] {
	return func(yield func(authmap.Change, error) bool) {
		fail := func(err error) { yield(authmap.Change{}, err) }
		it, err := s.index.db.NewIter(&pebble.IterOptions{LowerBound: []byte(headPrefix), UpperBound: []byte(headPrefix + "\xff")})
		if err != nil {
			fail(indexError(err))
			return
		}
		defer it.Close()
		for it.First(); it.Valid(); it.Next() {
			key := string(bytes.TrimPrefix(it.Key(), []byte(headPrefix)))
			if len(it.Value()) < 8 {
				fail(corrupt("the index has a head of %d bytes", len(it.Value())))
				return
			}
			state := bytes.Clone(it.Value()[8:])
			if _, changed := later[key]; changed {
				if state, err = s.stateAt(key, s.epoch.Entries); err != nil {
					fail(err)
					return
				}
				if state == nil {
					continue // its first entry is later
				}
			}
			head, err := s.red.Head(key, state)
			if err != nil {
				fail(fmt.Errorf("tlogledger: open: %w", err))
				return
			}
			if !yield(authmap.Change{Path: proof.MapPath(key), Head: head}, nil) {
				return
			}
		}
		if err := it.Error(); err != nil {
			fail(indexError(err))
		}
	}
}
