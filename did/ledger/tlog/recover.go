package tlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/did/ledger/proof"
)

// recover finishes or takes back what the last process left half done, and reads the rest.
func (s *Store) recover() error {
	if err := s.recoverLog(); err != nil {
		return err
	}
	if err := s.recoverCheckpoint(); err != nil {
		return err
	}
	var err error
	if s.clean, err = s.cleanFrom(); err != nil {
		return err
	}
	return s.deleteOutgrown()
}

// recoverLog brings log and map together: an epoch is part of the log as soon as the map is committed.
func (s *Store) recoverLog() error {
	size, err := s.sizeOf(s.epochs.n.Load())
	if err != nil {
		return err
	}
	base, chain, err := s.readPending()
	if err != nil {
		return err
	}
	version := s.m.Version()
	n := len(chain)
	switch {
	case n > 0 && base <= size && version == chain[n-1].Checkpoint.Size && version > size:
		// The map was committed, and of the records behind it some may be missing.
		var missing []epoch
		for _, p := range chain {
			if p.Checkpoint.Size > size {
				missing = append(missing, epoch{p.Epoch.Size, p.Epoch.Entries, p.Epoch.Time})
			}
		}
		if err := s.epochs.put(s.epochs.n.Load(), missing); err != nil {
			return err
		}
		size, chain = version, nil
	case version != size:
		return corrupt("the map is of a log of %d leaves, and the log has %d", version, size)
	case n > 0 && base > size:
		return corrupt("the log has %d leaves, and an epoch is pending on top of %d", size, base)
	case n > 0 && base < size: // it became part of the log
		chain = nil
	}
	if chain == nil {
		if err := s.removePending(); err != nil {
			return err
		}
	}
	s.pending = chain
	s.tip, err = s.loadTip(size)
	return err
}

// sizeOf returns how many leaves the log has at the end of the first n epochs.
func (s *Store) sizeOf(n uint64) (uint64, error) {
	if n == 0 {
		return 0, nil
	}
	r, err := s.epochs.read(n - 1)
	return r.size + 1, err
}

// loadTip reads the edge of the log and checks it against the records of epochs and the map.
func (s *Store) loadTip(size uint64) (tip, error) {
	e, err := readEdge(size, s.readTile)
	if err != nil {
		return tip{}, err
	}
	t := tip{edge: e, epochs: s.epochs.n.Load()}
	if size == 0 {
		return t, nil
	}
	leaf, err := s.readLeaf(size-1, size)
	if err != nil {
		return tip{}, err
	}
	if t.last, err = proof.ParseEpochLeaf(leaf); err != nil {
		return tip{}, corrupt("leaf %d is no epoch: %v", size-1, err)
	}
	r, err := s.epochs.read(t.epochs - 1)
	switch {
	case err != nil:
		return tip{}, err
	case r != epoch{t.last.Size, t.last.Entries, t.last.Time}:
		return tip{}, corrupt("leaf %d and record %d of epochs do not match", size-1, t.epochs-1)
	case t.last.MapRoot != s.m.Root():
		return tip{}, corrupt("the map's root is not the one in leaf %d", size-1)
	}
	if t.entries() > 0 {
		e, err := s.readEntry(t.entries()-1, t.epochs, size)
		if err != nil {
			return tip{}, err
		}
		t.entryTime = e.Time
	}
	return t, nil
}

// recoverCheckpoint loads the checkpoint, and publishes the one that was about to be if the log has come that far.
func (s *Store) recoverCheckpoint() error {
	p, err := s.loadCheckpoint(filepath.Join(logDir, checkpointFile))
	if err != nil {
		return err
	}
	s.published = p
	next := filepath.Join(s.dir, nextFile)
	if _, err := os.Stat(next); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if p, err = s.loadCheckpoint(nextFile); err == nil && (s.published == nil || s.published.checkpoint.Size < p.checkpoint.Size) {
		if err := s.moveCheckpoint(); err != nil {
			return err
		}
		s.published = p
		return nil
	}
	if err := os.Remove(next); err != nil { // it was not finished, or its epoch has to be sealed again
		return fmt.Errorf("tlog: open: %w", err)
	}
	return nil
}

// loadCheckpoint reads a checkpoint and checks it against the log; nil if there is none.
func (s *Store) loadCheckpoint(name string) (*published, error) {
	b, err := os.ReadFile(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("tlog: open: %w", err)
	}
	c, err := s.parseCheckpoint(b)
	if err != nil {
		return nil, corrupt("%s: %v", name, err)
	}
	if c.Size == 0 || c.Size > s.tip.edge.size {
		return nil, corrupt("%s is of %d leaves, and the log has %d", name, c.Size, s.tip.edge.size)
	}
	p, err := s.under(c, b)
	if err != nil {
		return nil, err
	}
	root, err := proof.Root(s.hashes(s.tip.edge.size), c.Size)
	if err != nil {
		return nil, err
	}
	if root != c.Root {
		return nil, corrupt("%s has another root than the log", name)
	}
	return p, nil
}

// parseCheckpoint takes a signed note apart, and leaves its signatures alone.
func (s *Store) parseCheckpoint(note []byte) (proof.Checkpoint, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return proof.Checkpoint{}, err
	}
	c, err := proof.ParseCheckpoint(n.Text)
	if err != nil {
		return proof.Checkpoint{}, err
	}
	if c.Origin != s.origin {
		return proof.Checkpoint{}, &MismatchError{"origin", c.Origin, s.origin}
	}
	return c, nil
}

// under returns what proofs under a checkpoint of the log have in common.
func (s *Store) under(c proof.Checkpoint, note []byte) (*published, error) {
	size := s.tip.edge.size
	number, ok, err := s.epochs.find(c.Size-1, s.tip.epochs)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, corrupt("the checkpoint of %d leaves does not end in an epoch", c.Size)
	}
	leaf, err := s.readLeaf(c.Size-1, size)
	if err != nil {
		return nil, err
	}
	p := &published{note: note, checkpoint: c, epochs: number + 1}
	if p.epoch, err = proof.ParseEpochLeaf(leaf); err != nil {
		return nil, corrupt("leaf %d is no epoch: %v", c.Size-1, err)
	}
	p.path, err = proof.InclusionPath(s.hashes(size), c.Size-1, c.Size)
	return p, err
}
