package realperson

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// The errors of generations and decisions.
var (
	// ErrTooSoon says that a person's generation has not lasted long enough for another; see TooSoonError.
	ErrTooSoon = errors.New("realperson: generation: too soon")
	// ErrDecided says that the authority decided to give this person no more credentials; see DecisionError.
	ErrDecided = errors.New("realperson: refused by decision of the authority")
)

// TooSoonError says when a person may enrol anew. It is ErrTooSoon.
type TooSoonError struct{ Until time.Time }

func (e *TooSoonError) Error() string {
	return fmt.Sprintf("%v, not before %s", ErrTooSoon, formatTime(e.Until))
}

// Is implements errors.Is.
func (e *TooSoonError) Is(target error) bool { return target == ErrTooSoon }

// DecisionError says where the public log has the decision. It is ErrDecided.
type DecisionError struct {
	Number uint64
	Reason Reason
}

func (e *DecisionError) Error() string {
	return fmt.Sprintf("%v: entry %d of its log, reason %q", ErrDecided, e.Number, string(e.Reason))
}

// Is implements errors.Is.
func (e *DecisionError) Is(target error) bool { return target == ErrDecided }

// Reenrol gives a person who lost all secrets new ones: a new generation, whose number platforms can ask for, under which the person can
// have another account everywhere. The wallet's request is one of [Wallet.ReenrolmentRequest], under the DID that the person has now,
// which may be another one. The public log has the act before credentials leave. The generation before can renew no more; what it
// holds ends with its epochs. Errors: those of Enrol but for ErrEnrolled; ErrNoRecord, ErrTooSoon, ErrDecided.
func (a *Authority) Reenrol(ctx context.Context, request []byte, evidence *Evidence) (*Issued, error) {
	return a.enrol(ctx, request, evidence, enrolAnew)
}

// admitAnew completes the entry of a new generation.
func (a *Authority) admitAnew(p *person, r *enrolmentRequest, e *entry) error {
	if p.current == nil {
		return ErrNoRecord
	}
	if err := p.check(); err != nil {
		return err
	}
	if until := p.current.time.Add(a.config.MinGenerationInterval); e.time.Before(until) {
		return &TooSoonError{Until: until}
	}
	if e.generation = p.current.generation + 1; e.generation > MaxGeneration {
		return errors.New("realperson: generation: there are no more")
	}
	a.act(e, r.reason)
	return nil
}

// act makes an entry one that the public log must have.
func (a *Authority) act(e *entry, reason Reason) {
	e.reason, e.from = reason, a.log.seen.Load()
	e.act = make([]byte, actSize)
	rand.Read(e.act)
}

// check says whether the authority decided against a person.
func (p *person) check() error {
	if p.refused != nil {
		return &DecisionError{Number: p.logged, Reason: p.refused.reason}
	}
	return nil
}

// Refuse is the decision to give a person no more credentials: the public log has it before it counts, so that nobody is refused in
// silence. What the person holds ends with its epochs. record is that of Issued. It returns the number of the log's entry.
// Errors: ErrNoRecord; ErrDecided if that was decided before; others for a reason that is none of a refusal.
func (a *Authority) Refuse(ctx context.Context, record string, reason Reason) (uint64, error) {
	return a.decide(ctx, record, entryRefused, reason, func(p *person) error { return p.check() })
}

// Reinstate takes back a refusal, in the public log as well. Errors: ErrNoRecord; others if there is no refusal, or for a reason that is
// none of a reinstatement.
func (a *Authority) Reinstate(ctx context.Context, record string, reason Reason) (uint64, error) {
	return a.decide(ctx, record, entryReinstated, reason, func(p *person) error {
		if p.refused == nil {
			return errors.New("realperson: generation: there is no refusal")
		}
		return nil
	})
}

func (a *Authority) decide(ctx context.Context, record, typ string, reason Reason, check func(*person) error) (uint64, error) {
	if !isPersonKey(record) {
		return 0, ErrNoRecord
	}
	if !reason.fits(typ) {
		return 0, errors.New("realperson: generation: not a reason for this")
	}
	p, err := a.open(ctx, record)
	switch {
	case err != nil:
		return 0, err
	case p.current == nil:
		return 0, ErrNoRecord
	}
	if err := check(p); err != nil {
		return 0, err
	}
	e := &entry{typ: typ, time: a.now()}
	a.act(e, reason)
	if err := a.registry.append(ctx, p, e); err != nil {
		return 0, err
	}
	number, err := a.record(ctx, e)
	if err != nil {
		return 0, err
	}
	return number, a.settle(ctx, p)
}

// record makes sure that the public log has an act, and returns its number there.
func (a *Authority) record(ctx context.Context, e *entry) (uint64, error) {
	act := LogEntry{Reason: e.reason, Epoch: a.public.Epochs.Start(e.time), Act: e.act, Generation: e.generation}
	for decision, typ := range entryTypes {
		if typ == e.typ {
			act.Decision = decision
		}
	}
	return a.log.record(ctx, act, e.from)
}

// settle makes sure that the public log has the newest act of a person, whoever began it. p may then be newer than it was.
func (a *Authority) settle(ctx context.Context, p *person) error {
	for p.pending != nil {
		number, err := a.record(ctx, p.pending)
		if err != nil {
			return err
		}
		err = a.registry.append(ctx, p, &entry{typ: entryLogged, time: a.now(), number: number})
		if errors.Is(err, ledger.ErrConflict) { // somebody else was at it
			var now *person
			if now, err = a.registry.read(ctx, p.key); err == nil {
				*p = *now
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
