package tlogledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"time"

	"github.com/transparency-dev/tessera"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
)

// How long a commit waits before it offers leaves again that Tessera pushed back, at first and at most; and before it looks again
// whether they are integrated.
const (
	firstPause = 5 * time.Millisecond
	maxPause   = time.Second
	pushTries  = 12 // some seconds
	firstLook  = time.Millisecond
	maxLook    = 100 * time.Millisecond
)

var errUnanswered = errors.New("no answer by Tessera")

// current makes sure that the log ends where the index does. An append that failed may have put leaves into the log all the same:
// they are taken in, if they go on from there, and are somebody else's if they do not.
func (s *store) current() error {
	if s.failed != nil {
		return fmt.Errorf("tlogledger: the ledger has to be opened anew after an earlier failure: %w", s.failed)
	}
	size, err := s.log.next(s.ctx)
	if err != nil {
		return err
	}
	now := s.end()
	switch {
	case size == now.size:
		return nil
	case size < now.size:
		s.failed = corrupt("the log has %d leaves, and had %d", size, now.size)
		return s.failed
	}
	if err := s.integrated(size); err != nil {
		return err
	}
	if err := s.absorb(now.size, size); err != nil {
		if errors.Is(err, ledger.ErrCorrupt) {
			s.failed = err
		}
		return err
	}
	return nil
}

// absorb takes in the leaves from from on, up to size.
func (s *store) absorb(from, size uint64) error {
	for leaf, err := range s.log.leaves(s.ctx, from, size) {
		if err != nil {
			return err
		}
		if _, err := proof.ParseEpochLeaf(leaf); err == nil && !bytes.Equal(leaf, s.tried) {
			return corrupt("the log has an epoch that was not sealed here") // its map is not known
		}
	}
	keys, err := s.keys(s.ctx, from, size)
	if err != nil {
		return err
	}
	// Before they are taken in: that is done in pieces, and what comes after an interruption begins behind those that were.
	s.mu.Lock()
	maps.Copy(s.changed, keys)
	s.mu.Unlock()
	if err := s.catchUp(s.ctx, size); err != nil {
		return err
	}
	epoch, sealed, err := s.index.lastEpoch()
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.epoch, s.sealed = epoch, sealed
	now := s.now
	s.mu.Unlock()
	s.moved(now.entries, now.last)
	return nil
}

// addAll adds leaves, the first of which comes to stand at pos, and returns how many, from the front, are in the log and can be read.
// Of the others it is not known; current tells.
func (s *store) addAll(leaves [][]byte, pos uint64) (done int, err error) {
	for try, pause := 0, s.pause; ; try, pause = try+1, min(2*pause, maxPause) {
		var n int
		n, err = s.addOnce(leaves[done:], pos+uint64(done))
		done += n
		if err == nil || !errors.Is(err, tessera.ErrPushback) || s.failed != nil || try == pushTries {
			break
		}
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
			return 0, ledger.ErrClosed
		}
		if size, e := s.log.next(s.ctx); e != nil || size != pos+uint64(done) {
			break // it has taken more than it says
		}
	}
	if done == 0 {
		return 0, err
	}
	if e := s.integrated(pos + uint64(done)); e != nil {
		return 0, e
	}
	return done, err
}

// addOnce offers leaves to Tessera and waits until it has decided about each. Those that it took have their places one after the
// other from pos on, or the log is not this ledger's alone.
func (s *store) addOnce(leaves [][]byte, pos uint64) (n int, refused error) {
	type answer struct {
		at  tessera.Index
		err error
	}
	answers, done := make([]answer, len(leaves)), make(chan struct{})
	entries, futures := make([]*tessera.Entry, len(leaves)), make([]tessera.IndexFuture, len(leaves))
	for i, leaf := range leaves {
		entries[i] = tessera.NewEntry(leaf) // before the first is added, so that the batch is not cut by its age
	}
	go func() { // who was shut down takes nothing, and answers nothing
		defer close(done)
		for i, e := range entries {
			futures[i] = s.add(s.ctx, e)
		}
		for i, future := range futures {
			answers[i].at, answers[i].err = future()
		}
	}()
	select {
	case <-done:
	case <-s.ctx.Done():
		s.failed = unavailable("append", errUnanswered)
		return 0, s.failed
	}
	for i, a := range answers {
		switch {
		case a.err != nil:
			if refused == nil {
				refused = unavailable("append", a.err)
			}
		case a.at.Index != pos+uint64(i) || a.at.IsDup:
			s.failed = corrupt("a leaf came to stand at %d, and not at %d: somebody else writes to the log, or it refused a part of a batch", a.at.Index, pos+uint64(i))
			return n, s.failed
		case refused == nil:
			n++
		}
	}
	return n, refused
}

// integrated returns once the log of size leaves can be read. Drivers of databases answer before that.
func (s *store) integrated(size uint64) error {
	deadline := time.Now().Add(s.patience)
	for pause := firstLook; ; pause = min(2*pause, maxLook) {
		n, err := s.log.size(s.ctx)
		if err == nil && n >= size {
			return nil
		}
		if time.Now().After(deadline) {
			return unavailable("append", errors.Join(fmt.Errorf("the log of %d leaves cannot be read yet", size), err))
		}
		select {
		case <-time.After(pause):
		case <-s.ctx.Done():
			return ledger.ErrClosed
		}
	}
}

// next returns the place that the next leaf gets.
func (l log) next(ctx context.Context) (uint64, error) {
	n, err := l.NextIndex(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return n, unavailable("the end of the log", err)
}
