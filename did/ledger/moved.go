package ledger

import (
	"errors"
	"fmt"
	"time"
)

// A MovedError is what Commit of a [Store] that others write to as well returns when they were faster: nothing of the batch is
// stored, and the ledger goes on from Next. It says nothing about an operation, so a [Sequencer] keeps it to itself and
// decides the batch anew.
type MovedError struct {
	Next uint64    // number of entries that the ledger has
	Last time.Time // time of the last of them
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("ledger: append: others have appended: the ledger has %d entries", e.Next)
}

// Is tells that repeating the call settles it.
func (e *MovedError) Is(target error) bool { return target == ErrUnavailable }

// Moved tells the Sequencer that its store has next entries, the last of which has the time last: others have appended.
// What waits is decided anew, and [Sequencer.Last] returns the new end. What the Sequencer knows already is ignored, its
// own entries included.
func (s *Sequencer) Moved(next uint64, last time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if next > s.told.Next {
		s.told = MovedError{Next: next, Last: last}
	}
	if !s.storing && !s.importing { // else the end of that may be what is being told
		s.catchUp()
	}
}

// known returns how often others were found to have appended. Whoever reads a Head afterwards sees at least those entries.
func (s *Sequencer) known() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.moves
}

// catchUp takes note of what Moved was told. It and the next three run with s.mu held.
func (s *Sequencer) catchUp() {
	if s.told.Next > s.stored {
		s.move(s.told)
	}
}

// move goes on from the end that others made.
func (s *Sequencer) move(to MovedError) {
	at := to.Last.UTC().Truncate(time.Second)
	s.failures++
	s.moves++
	s.stored, s.durable = to.Next, Anchor{Index: to.Next - 1, Time: at}
	s.next, s.last = s.stored, at
	s.requeue()
}

// requeue takes back what was decided and is not being stored.
func (s *Sequencer) requeue() {
	s.queued = append(s.ready, s.queued...)
	s.ready = nil
	s.startAdmit()
}

// outrun moves on if err, of a commit from first on, says that others were faster; else it returns the error for those who
// wait. A store that has fewer entries than were durable has lost some.
func (s *Sequencer) outrun(err error, first uint64) error {
	moved, ok := errors.AsType[*MovedError](err)
	switch {
	case !ok || moved.Next == first:
		return err
	case moved.Next < s.stored:
		return fmt.Errorf("%w: the store has %d entries, and had %d", ErrCorrupt, moved.Next, s.stored)
	}
	s.move(*moved)
	return nil
}

// lookAllAgain reads the heads of those keys anew that were read before others appended, and settles the admissions whose
// place is taken.
func (s *Sequencer) lookAllAgain(batch []*admission, moves int) {
	var stale []*admission
	for _, a := range batch {
		if a.err = nil; a.settled || a.moves != moves {
			stale = append(stale, a)
		}
	}
	heads, together, err := s.heads(stale)
	s.each(stale, func(i int) {
		a := stale[i]
		switch {
		case err != nil:
			a.err = err
			return
		case together:
			a.head = heads[i]
		default:
			if a.head, a.err = s.store.Head(a.Entry.Key); a.err != nil {
				return
			}
		}
		a.moves, a.settled = moves, a.head.Length != a.Entry.Seq
		if !a.settled {
			return
		}
		var stands Entry
		if stands, a.err = s.occupied(a.Entry.Key, a.Entry.Seq, a.Entry.Op, a.head.Length); a.err == nil {
			a.Entry = stands
		}
	})
}
