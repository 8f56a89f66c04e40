package boltledger

import (
	"errors"
	"fmt"

	"github.com/realdid/realdid/did/ledger"
)

// How much may wait in the journal: with so many bytes of records a fold begins, and with so many times as much a
// commit waits for its end.
const (
	foldAt  = 2 << 20
	waitFor = 4
)

// Commit implements ledger.Store: it writes batch to the journal.
func (s *store) Commit(batch []ledger.Admitted) error {
	if s.current().bytes >= waitFor*s.foldAt {
		if err := s.fold(); err != nil {
			return err
		}
	}
	records := make([]record, len(batch))
	for i, a := range batch {
		e := &a.Entry
		r := &records[i]
		*r = record{index: e.Anchor.Index, seq: e.Seq, time: e.Anchor.Time.Unix(), key: []byte(e.Key), op: e.Op, state: a.State}
		if e.Seq == 0 {
			continue
		}
		err := s.settle(func() (err error) {
			var ok bool
			if r.prev, ok, _, err = s.locate(r.key); err == nil && (!ok || r.prev.seq != uint32(e.Seq-1)) {
				err = corrupt("the key index does not lead to entry %d of %s", e.Seq-1, e.Key)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return s.log(records)
}

// log writes records, which go on from the end, to the journal, and makes them visible.
func (s *store) log(records []record) error {
	s.committing.Lock()
	defer s.committing.Unlock()
	if err := s.broken(); err != nil {
		return err
	}
	v := s.current()
	next := v
	next.pending = append(v.pending, make([][]byte, len(records))...)
	var frames []byte
	for i := range records {
		r := &records[i]
		if r.index != next.next {
			return fmt.Errorf("boltledger: append: entry %d after %d entries", r.index, next.next)
		}
		r.before = next.last
		stored := r.encode()
		frames = appendFrame(frames, r.index, stored)
		next.pending[len(v.pending)+i] = stored
		next.bytes += len(stored)
		next.next, next.last = r.index+1, r.sum
	}
	err := s.inject("begun")
	if err == nil {
		err = s.journal.append(v.next, frames)
	}
	if err == nil && s.inject("synced") != nil {
		err = fmt.Errorf("%w: %w", errUnknown, s.inject("synced"))
	}
	if err != nil {
		if errors.Is(err, errUnknown) {
			s.fail(err)
		}
		return err
	}
	s.mu.Lock()
	// A fold may have come to its end meanwhile, and taken records from the front.
	next.drop(s.view.snap)
	s.view = next
	for i := range records {
		s.heads.recent[s.salt.fingerprint(records[i].key)] = records[i].head()
	}
	s.mu.Unlock()
	if next.bytes >= s.foldAt && s.foldWanted.CompareAndSwap(false, true) {
		s.background.Go(func() {
			_ = s.fold() // a failure that lasts comes back in Commit
			s.foldWanted.Store(false)
		})
	}
	return nil
}

// drop makes v one of snap, which holds more of the records than v's.
func (v *view) drop(snap *snapshot) {
	n := snap.next - v.snap.next
	for _, stored := range v.pending[:n] {
		v.bytes -= len(stored)
	}
	v.snap, v.pending = snap, v.pending[n:]
}

// fail ends writing for good: what is on the disk is not known.
func (s *store) fail(err error) { s.failed.CompareAndSwap(nil, &err) }

func (s *store) broken() error {
	if err := s.failed.Load(); err != nil {
		return fmt.Errorf("boltledger: append: the ledger has to be opened anew after an earlier failure: %w", *err)
	}
	return nil
}

func (s *store) inject(stage string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(stage)
}
