package tlogledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/authmap"
	"github.com/realdid/realdid/did/ledger/proof"
)

// A sealed epoch is in the log, and its map is staged.
type sealed struct {
	staged     *authmap.Staged
	keys       map[string][]byte // as store.changed
	epoch      proof.EpochLeaf
	checkpoint proof.Checkpoint
	compared   bool // with the tiles
}

// seal appends an epoch leaf that covers everything. at is its time, or that of the last entry or epoch if one is later.
func (s *store) seal(at time.Time) (*sealed, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.current(); err != nil {
		return nil, err
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
	keys := s.changed
	next, err := s.addEpoch(leaf, now)
	if err != nil {
		staged.Discard()
		return nil, err
	}
	return &sealed{
		staged: staged, keys: keys, epoch: leaf,
		checkpoint: proof.Checkpoint{Origin: s.origin, Size: next.size, Root: next.frontier.Root()},
	}, nil
}

func (s *store) addEpoch(leaf proof.EpochLeaf, now end) (end, error) {
	b := leaf.Append(nil)
	s.tried = b
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
	s.changed, s.held = make(map[string][]byte), 0
	return next, nil
}

// unseal gives up publishing an epoch. It stays in the log, and what it covers counts as changed again: the map that everybody
// sees is still that of the checkpoint published last, so that proofs under it go on.
func (s *store) unseal(p *sealed) {
	s.writing.Lock()
	defer s.writing.Unlock()
	p.staged.Discard()
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range p.keys {
		if _, again := s.changed[key]; !again {
			s.changed[key] = nil
		}
	}
}

// compare computes the root out of Tessera's tiles: nothing is signed that the log does not show.
func (s *store) compare(ctx context.Context, p *sealed) error {
	if p.compared {
		return nil
	}
	root, err := proof.Root(s.log.hashes(ctx, p.checkpoint.Size), p.checkpoint.Size)
	if err != nil {
		return err
	}
	if root != p.checkpoint.Root {
		return s.fail(corrupt("the tiles of %d leaves have another root than the leaves", p.checkpoint.Size))
	}
	p.compared = true
	return nil
}

// fail ends writing for good: what stands, only opening the ledger anew tells.
func (s *store) fail(err error) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.failed == nil {
		s.failed = err
	}
	return err
}

// changes returns the head records that keys have after so many entries of the ledger.
func (s *store) changes(keys map[string][]byte, entries uint64) ([]authmap.Change, error) {
	out := make([]authmap.Change, 0, len(keys))
	latest := s.end().entries == entries
	for key, state := range keys {
		var err error
		switch {
		case !latest:
			state, err = s.stateAt(key, entries)
		case state == nil:
			var h ledger.Head
			h, err = s.index.head(key)
			state = h.State
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
