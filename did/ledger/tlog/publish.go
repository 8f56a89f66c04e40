package tlog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// Publish makes note the checkpoint that everybody sees and ends the batch. note is a signed note over the last checkpoint that was
// sealed; its signatures are the caller's business. After an error that is not final it may be called again.
func (b *Batch) Publish(note []byte) error {
	last, err := b.publishable()
	if err != nil {
		return err
	}
	s := b.s
	n, err := proof.ParseNote(note)
	if err != nil {
		return err
	}
	if !bytes.Equal(n.Text, last.Checkpoint.Append(nil)) {
		return fmt.Errorf("%w: tlog: publish: the note is not over the checkpoint that was sealed", ledger.ErrInvalid)
	}
	p := &published{note: bytes.Clone(note), checkpoint: last.Checkpoint, epoch: last.Epoch}
	if p.path, err = proof.InclusionPath(s.hashes(b.edge.size), b.edge.size-1, b.edge.size); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.writeCheckpoint(p.note); err != nil {
		return err
	}
	if err := b.commit(p); err != nil {
		return err
	}
	if err := s.inject("publishing"); err != nil {
		return err
	}
	if err := s.moveCheckpoint(); err != nil {
		return err
	}
	return b.finish()
}

// Settle makes the batch part of the log without a checkpoint and ends it: for those who follow a log that has published a later
// one. Until the next Publish nothing can be proven.
func (b *Batch) Settle() error {
	if _, err := b.publishable(); err != nil {
		return err
	}
	b.s.writing.Lock()
	defer b.s.writing.Unlock()
	if err := b.commit(nil); err != nil {
		return err
	}
	return b.finish()
}

// publishable returns the last epoch of the batch, behind which there must be nothing.
func (b *Batch) publishable() (*Sealed, error) {
	if b.err != nil {
		return nil, b.err
	}
	if err := b.s.usable(); err != nil {
		return nil, err
	}
	n := len(b.chain)
	if n == 0 || b.chain[n-1].Checkpoint.Size != b.edge.size || !b.written {
		return nil, errors.New("tlog: publish: the batch does not end in an epoch")
	}
	if n < len(b.onDisk) {
		return nil, fmt.Errorf("%w: one of %d leaves", ErrPending, b.onDisk[len(b.onDisk)-1].Checkpoint.Size)
	}
	return &b.chain[n-1], nil
}

// commit commits the map and appends to epochs. From the first on the epochs are part of the log, and p, if there is one, is
// what proofs are made under.
func (b *Batch) commit(p *published) error {
	s := b.s
	first := b.base - b.baseEntries // number of the first new epoch
	if !b.committed {
		if err := s.inject("map"); err != nil {
			return err
		}
		if err := b.staged.Commit(b.edge.size); err != nil {
			b.err = mapError(err) // it has to be staged again
			return b.err
		}
		b.committed = true
		t := tip{edge: b.edge, epochs: first + uint64(len(b.chain)), last: b.chain[len(b.chain)-1].Epoch, entryTime: b.last}
		s.mu.Lock()
		s.tip = t
		if p != nil {
			p.epochs = t.epochs
			s.published = p
		}
		s.mu.Unlock()
	}
	if err := s.inject("epochs"); err != nil {
		return err
	}
	records := make([]epoch, len(b.chain))
	for i, c := range b.chain {
		records[i] = epoch{c.Epoch.Size, c.Epoch.Entries, c.Epoch.Time}
	}
	return s.epochs.put(first, records)
}

// finish ends a batch that is part of the log.
func (b *Batch) finish() error {
	s := b.s
	err := s.inject("finish")
	if err == nil {
		err = s.removePending()
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.pending = nil
	s.mu.Unlock()
	b.done()
	return s.deleteOutgrown()
}

// Amend replaces the published checkpoint by one with the same text and other signatures. Errors: [ledger.ErrInvalid] if another
// checkpoint is the published one.
func (s *Store) Amend(note []byte) error {
	n, err := proof.ParseNote(note)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.usable(); err != nil {
		return err
	}
	p := s.current()
	if p == nil || !bytes.Equal(n.Text, p.checkpoint.Append(nil)) {
		return fmt.Errorf("%w: tlog: amend: the note is not over the published checkpoint", ledger.ErrInvalid)
	}
	if err := s.writeCheckpoint(note); err != nil {
		return err
	}
	if err := s.moveCheckpoint(); err != nil {
		return err
	}
	next := *p
	next.note = bytes.Clone(note)
	s.mu.Lock()
	s.published = &next
	s.mu.Unlock()
	return nil
}

// writeCheckpoint makes a checkpoint durable that is not published yet.
func (s *Store) writeCheckpoint(note []byte) error {
	if err := s.inject("checkpoint"); err != nil {
		return err
	}
	if err := s.disk.writeFile(filepath.Join(s.dir, nextFile), note); err != nil {
		return err
	}
	return s.disk.syncDir(s.dir)
}

// moveCheckpoint publishes it.
func (s *Store) moveCheckpoint() error {
	root := s.logRoot()
	if err := os.Rename(filepath.Join(s.dir, nextFile), filepath.Join(root, checkpointFile)); err != nil {
		return fmt.Errorf("tlog: publish: %w", err)
	}
	return s.disk.syncDir(root)
}

func (s *Store) logRoot() string { return filepath.Join(s.dir, logDir) }

func (s *Store) removePending() error {
	if err := os.Remove(filepath.Join(s.dir, pendingFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("tlog: %w", err)
	}
	return nil
}

// deleteOutgrown deletes the partial tiles of tiles that were full before the last epoch began.
func (s *Store) deleteOutgrown() error {
	s.mu.RLock()
	t, from := s.tip, s.clean
	s.mu.RUnlock()
	if t.epochs < 2 {
		return nil
	}
	to, err := s.sizeOf(t.epochs - 1)
	if err != nil {
		return err
	}
	for level := uint8(0); to>>(8*(uint64(level)+1)) > 0; level++ {
		shift := 8 * (uint64(level) + 1)
		for index := from >> shift; index < to>>shift; index++ {
			dir := filepath.Dir(s.path(proof.Tile{Level: level, Index: index, Width: 1}))
			err := os.RemoveAll(dir)
			if level == 0 {
				err = errors.Join(err, os.RemoveAll(filepath.Dir(s.path(proof.Tile{Entries: true, Index: index, Width: 1}))))
			}
			if err != nil {
				return fmt.Errorf("tlog: %w", err)
			}
		}
	}
	s.mu.Lock()
	s.clean = to
	s.mu.Unlock()
	return nil
}

// cleanFrom returns a size below which an earlier process has deleted what was outgrown, even if it was interrupted.
func (s *Store) cleanFrom() (uint64, error) {
	if s.tip.epochs < 4 {
		return 0, nil
	}
	return s.sizeOf(s.tip.epochs - 3)
}
