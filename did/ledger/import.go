package ledger

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Import is the Import of [Importer]. Appends that come meanwhile wait, and get the anchors after it.
//
// Import looks at no clock: an anchor's time must be in whole seconds and not before the last one. An index or time that
// does not follow is [ErrInvalid], a seq that is not the length of its key a [*ConflictError].
func (s *Sequencer) Import(ctx context.Context, entries []Entry) error {
	for {
		n := min(len(entries), maxBatch)
		if err := s.takeOver(ctx, entries[:n]); err != nil {
			return err
		}
		if entries = entries[n:]; len(entries) == 0 {
			return nil
		}
	}
}

// takeOver imports entries, with their keys locked and while nothing else is admitted.
func (s *Sequencer) takeOver(ctx context.Context, entries []Entry) error {
	keys := make([]string, len(entries))
	for i := range entries {
		keys[i] = entries[i].Key
	}
	slices.Sort(keys) // so that two imports do not wait for each other
	for _, key := range slices.Compact(keys) {
		if err := s.keys.lock(ctx, key); err != nil {
			return fmt.Errorf("ledger: import: %w", err)
		}
		defer s.keys.unlock(key)
	}
	if err := s.pause(ctx); err != nil {
		return err
	}
	defer s.resume()
	for len(entries) > 0 {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("ledger: import: %w", err)
		}
		n := distinct(entries)
		batch, refused := s.follow(entries[:n])
		if len(batch) > 0 {
			if err := s.store.Commit(batch); err != nil {
				if err = s.outrunImport(err, batch[0].Entry.Anchor.Index); err == nil {
					continue // and be told which index comes next
				}
				return err
			}
			s.mu.Lock()
			s.durable = batch[len(batch)-1].Entry.Anchor
			s.stored += uint64(len(batch))
			s.next, s.last = s.stored, s.durable.Time
			s.mu.Unlock()
		}
		if refused != nil {
			return refused
		}
		entries = entries[n:]
	}
	return nil
}

// outrunImport is outrun for an import.
func (s *Sequencer) outrunImport(err error, first uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outrun(err, first)
}

// distinct returns how many of entries, from the front, are of different keys: what one Commit may hold.
func distinct(entries []Entry) int {
	seen := make(map[string]struct{}, len(entries))
	for i := range entries {
		if _, again := seen[entries[i].Key]; again {
			return i
		}
		seen[entries[i].Key] = struct{}{}
	}
	return len(entries)
}

// pause stops the admission of appends and returns when none is under way.
func (s *Sequencer) pause(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.idle.Broadcast()
	})
	defer stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.importing && !s.closed && ctx.Err() == nil {
		s.idle.Wait()
	}
	if s.closed {
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("ledger: import: %w", err)
	}
	s.importing = true
	s.running.Add(1)
	for s.admitting || s.committing {
		s.idle.Wait()
	}
	return nil
}

// resume ends what pause began.
func (s *Sequencer) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.importing = false
	s.catchUp()
	s.startAdmit()
	s.idle.Broadcast()
	s.running.Done()
}

// follow checks entries, which are of different keys, and reduces them. It returns those before the first that is
// refused, and why that one is.
func (s *Sequencer) follow(entries []Entry) ([]Admitted, error) {
	s.mu.Lock()
	next, last := s.next, s.last
	s.mu.Unlock()
	var refused error
	for i := range entries {
		e := &entries[i]
		if refused = successor(e, next+uint64(i), last); refused != nil {
			entries = entries[:i]
			break
		}
		last = e.Anchor.Time
	}
	batch := make([]*admission, len(entries))
	for i := range batch {
		batch[i] = &admission{Admitted: Admitted{Entry: entries[i]}}
	}
	heads, together, err := s.heads(batch)
	if err != nil {
		return nil, err
	}
	s.each(batch, func(i int) {
		a := batch[i]
		at := Anchor{Index: a.Entry.Anchor.Index, Time: time.Unix(a.Entry.Anchor.Time.Unix(), 0).UTC()}
		if together {
			a.head = heads[i]
		} else if a.head, a.err = s.store.Head(a.Entry.Key); a.err != nil {
			return
		}
		if a.head.Length != a.Entry.Seq {
			a.err = s.elsewhere(&a.Entry, a.head.Length)
			return
		}
		s.reduce(a, at)
	})
	admitted := make([]Admitted, 0, len(batch))
	for _, a := range batch {
		if a.err != nil {
			return admitted, a.err
		}
		admitted = append(admitted, a.Admitted)
	}
	return admitted, refused
}

// successor says why e cannot stand at index next after an entry of time last.
func successor(e *Entry, next uint64, last time.Time) error {
	if err := CheckKey(e.Key); err != nil {
		return err
	}
	if err := CheckOp(e.Op); err != nil {
		return err
	}
	if e.Anchor.Index != next {
		return fmt.Errorf("%w: import: index %d, and the next one is %d", ErrInvalid, e.Anchor.Index, next)
	}
	if at := e.Anchor.Time; at.Nanosecond() != 0 || at.Before(last) {
		return fmt.Errorf("%w: import: entry %d has the time %s, not in whole seconds or before the last one, %s",
			ErrInvalid, next, at.UTC().Format(time.RFC3339Nano), last.UTC().Format(time.RFC3339))
	}
	return nil
}

// elsewhere is the error for an entry whose seq is not length.
func (s *Sequencer) elsewhere(e *Entry, length uint64) error {
	conflict := &ConflictError{Seq: e.Seq, Length: length}
	if e.Seq < length {
		stands, err := s.store.Read(e.Key, e.Seq)
		if err != nil {
			return err
		}
		conflict.Entry = stands
	}
	return conflict
}
