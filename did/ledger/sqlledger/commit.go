package sqlledger

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// Commit implements ledger.Store.
func (s *store) Commit(batch []ledger.Admitted) error {
	if err := s.inject("begun"); err != nil {
		return unavailable("commit", err)
	}
	first := batch[0].Entry.Anchor.Index
	stored, err := s.commit(first, batch)
	if err == nil {
		err = s.inject("committed")
	}
	if err != nil {
		return failure(context.Background(), "commit", err)
	}
	last := batch[len(batch)-1].Entry.Anchor
	if stored {
		s.cover(tip{next: last.Index + 1, last: last.Time})
		select {
		case s.grown <- struct{}{}:
		default:
		}
		return nil
	}
	end, err := s.reserve()
	if err != nil {
		return failure(context.Background(), "commit", err)
	}
	if end.next == first { // it did not fail because of others
		s.turns.drop()
		err := s.try(context.Background(), "commit", true, s.engine.durable)
		if err == nil {
			err = unavailable("commit", errors.New("the database did not store it"))
		}
		return err
	}
	return &ledger.MovedError{Next: end.next, Last: end.last}
}

// commit stores batch in this store's turn, if it has one, or as it comes.
func (s *store) commit(first uint64, batch []ledger.Admitted) (stored bool, err error) {
	if t := s.turns.take(); t != nil {
		if t.next == first {
			ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
			defer cancel()
			defer t.cancel()
			return s.engine.reserved(ctx, t.session, batch)
		}
		t.end()
	}
	err = s.try(context.Background(), "commit", false, func(ctx context.Context) (err error) {
		stored, err = s.engine.swap(ctx, batch)
		return err
	})
	return stored, err
}

func (s *store) inject(stage string) error {
	if s.fault == nil {
		return nil
	}
	return s.fault(stage)
}

// Who finds that others were faster has to decide anew, and by then they may have been faster again: the one who reads waits
// for nobody, but never wins. So the loser takes the lock for which every commit waits, in the order of asking, before it
// looks at the end of the ledger, and keeps it until its next Commit or for turnTime.
const turnTime = 250 * time.Millisecond

type turns struct {
	off  bool          // there is but one connection, which reading needs
	time time.Duration // turnTime, but in tests
	mu   sync.Mutex
	turn *turn
}

// A turn is a transaction that keeps others from appending.
type turn struct {
	session session
	cancel  context.CancelFunc
	next    uint64 // the length of the ledger meanwhile
	timer   *time.Timer
}

func (t *turn) end() {
	t.timer.Stop()
	_ = t.session.Rollback() // nothing was done in it
	t.cancel()
}

// take returns the turn, if there is one; the caller ends it.
func (t *turns) take() *turn {
	t.mu.Lock()
	defer t.mu.Unlock()
	taken := t.turn
	t.turn = nil
	if taken != nil {
		taken.timer.Stop()
	}
	return taken
}

// drop ends the turn.
func (t *turns) drop() {
	if taken := t.take(); taken != nil {
		taken.end()
	}
}

// reserve gets this store the next turn and returns the end of the ledger.
func (s *store) reserve() (end tip, err error) {
	if s.turns.off {
		err = s.try(context.Background(), "commit", true, func(ctx context.Context) (err error) {
			end, err = s.engine.tip(ctx)
			return err
		})
		return end, err
	}
	var t *turn
	err = s.try(context.Background(), "commit", true, func(bounded context.Context) error {
		// The transaction lives longer than this call, and not longer than two timeouts.
		ctx, cancel := context.WithTimeout(context.Background(), 2*s.timeout)
		stop := context.AfterFunc(bounded, cancel)
		session, at, err := s.engine.reserve(ctx)
		if !stop() && err == nil {
			err = context.DeadlineExceeded
		}
		if err != nil {
			if session != nil {
				_ = session.Rollback()
			}
			cancel()
			return err
		}
		end, t = at, &turn{session: session, cancel: cancel, next: at.next}
		return nil
	})
	if err != nil {
		return tip{}, err
	}
	s.turns.mu.Lock()
	defer s.turns.mu.Unlock()
	s.turns.turn = t
	t.timer = time.AfterFunc(s.turns.time, func() {
		s.turns.mu.Lock()
		mine := s.turns.turn == t
		if mine {
			s.turns.turn = nil
		}
		s.turns.mu.Unlock()
		if mine {
			t.end()
		}
	})
	return end, nil
}
