package tlog

import (
	"fmt"
	"runtime"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// provingTries is how often Prove looks for a moment at which map and checkpoint belong together before it waits for one.
const provingTries = 100

// Prove returns the proof of what stands at key, or that nothing does, under the published checkpoint. Errors: [ErrUnproven]
// while there is none, or while the log is settled beyond it; [ledger.ErrInvalid] for a key that no ledger has.
func (s *Store) Prove(key string) (*proof.Latest, error) {
	if err := ledger.CheckKey(key); err != nil {
		return nil, err
	}
	if s.closed.Load() {
		return nil, ledger.ErrClosed
	}
	path := proof.MapPath(key)
	for try := 0; ; try++ {
		p := s.current()
		if p == nil {
			return nil, fmt.Errorf("%w: nothing is published yet", ErrUnproven)
		}
		head, mp, err := s.m.Prove(path)
		if err != nil {
			return nil, mapError(err)
		}
		// The map goes ahead of the checkpoint for an instant, and for longer if epochs are settled. It is never behind.
		if s.m.Version() == p.checkpoint.Size {
			return &proof.Latest{Checkpoint: p.note, Epoch: p.epoch, EpochPath: p.path, Map: mp, Head: head}, nil
		}
		s.mu.RLock()
		settled := s.published.checkpoint.Size < s.tip.edge.size
		s.mu.RUnlock()
		switch {
		case settled:
			return nil, fmt.Errorf("%w: the log has grown beyond it", ErrUnproven)
		case try >= provingTries:
			s.rest()
		default:
			runtime.Gosched()
		}
	}
}

// ProveEntry returns the leaf of an entry of the ledger, its place in the log, and the path from it to the root of the published
// checkpoint. Errors: [ErrUnproven] if that checkpoint does not cover it.
func (s *Store) ProveEntry(index uint64) (leaf []byte, leafIndex uint64, path []proof.Hash, err error) {
	p, err := s.proving()
	if err != nil {
		return nil, 0, nil, err
	}
	if index >= p.epoch.Entries {
		return nil, 0, nil, fmt.Errorf("%w: entry %d, and it covers %d", ErrUnproven, index, p.epoch.Entries)
	}
	n, err := s.epochs.before(index, p.epochs)
	if err != nil {
		return nil, 0, nil, err
	}
	size := p.checkpoint.Size
	leafIndex = index + n
	if leaf, err = s.readLeaf(leafIndex, size); err != nil {
		return nil, 0, nil, err
	}
	if path, err = proof.InclusionPath(s.hashes(size), leafIndex, size); err != nil {
		return nil, 0, nil, err
	}
	if err := proof.VerifyInclusion(leafIndex, size, proof.LeafHash(leaf), path, p.checkpoint.Root); err != nil {
		return nil, 0, nil, corrupt("tiles around leaf %d: %v", leafIndex, err)
	}
	return leaf, leafIndex, path, nil
}

// Consistency returns the path that proves the log of old leaves to be the beginning of that of size leaves, which may be one that
// is pending. Errors: [ErrUnproven] if size is beyond what is sealed; [proof.ErrInvalid] if old is above size.
func (s *Store) Consistency(old, size uint64) ([]proof.Hash, error) {
	if s.closed.Load() {
		return nil, ledger.ErrClosed
	}
	s.mu.RLock()
	committed := s.tip.edge.size
	end := committed
	if n := len(s.pending); n > 0 {
		end = s.pending[n-1].Checkpoint.Size
	}
	s.mu.RUnlock()
	if size > end {
		return nil, fmt.Errorf("%w: %d leaves, and the log has %d", ErrUnproven, size, end)
	}
	// The tiles of the log, or of that pending epoch, are there; those of a later one may be on their way.
	return proof.ConsistencyPath(s.hashes(max(size, committed)), old, size)
}

// proving returns the published checkpoint.
func (s *Store) proving() (*published, error) {
	if s.closed.Load() {
		return nil, ledger.ErrClosed
	}
	if p := s.current(); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%w: nothing is published yet", ErrUnproven)
}

// readEntry reads the leaf of an entry of the log of size leaves with so many epochs.
func (s *Store) readEntry(index, epochs, size uint64) (proof.EntryLeaf, error) {
	n, err := s.epochs.before(index, epochs)
	if err != nil {
		return proof.EntryLeaf{}, err
	}
	leaf, err := s.readLeaf(index+n, size)
	if err != nil {
		return proof.EntryLeaf{}, err
	}
	e, err := proof.ParseEntryLeaf(leaf)
	if err != nil || e.Index != index {
		return proof.EntryLeaf{}, corrupt("leaf %d is not entry %d", index+n, index)
	}
	return e, nil
}

// rest returns when nothing is being published.
func (s *Store) rest() {
	s.writing.Lock()
	defer s.writing.Unlock()
}
