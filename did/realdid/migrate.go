package realdid

import (
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// A migration is announced by the next keys and completed, when its notice is over, by the control keys.
type migration struct {
	to       string // home ledger as on the wire
	ready    int64  // end of the notice
	departed bool
}

// An arrival says how the identifier came to this ledger.
type arrival struct {
	from  string
	at    int64
	ended int64 // the last epoch of from, if it ended and the identifier had not departed; else, and in a state that was parsed, 0
}

func (s *State) departed() bool { return s.migration != nil && s.migration.departed }

// homeName writes main out.
func homeName(home string) string {
	if home == "" {
		return defaultLabel
	}
	return home
}

// Migration says to which ledger a migration was announced, from when on it can be completed, and whether it is: then the identifier has
// departed, and nothing follows on this ledger. main is written.
func (s *State) Migration() (to string, ready time.Time, departed, ok bool) {
	if s.migration == nil {
		return "", time.Time{}, false, false
	}
	return homeName(s.migration.to), unixTime(s.migration.ready), s.migration.departed, true
}

// Arrived says from which ledger the identifier came to this one last, and when; ok is false if it never lived elsewhere. What it did
// before, the history on this ledger does not tell. main is written.
func (s *State) Arrived() (from string, at time.Time, ok bool) {
	if s.arrived == nil {
		return "", time.Time{}, false
	}
	return homeName(s.arrived.from), unixTime(s.arrived.at), true
}

// A MovedError says that an identifier has departed to another ledger, which alone knows its keys now.
type MovedError struct {
	DID did.DID
	To  string // home ledger; main is written; empty if its ledger has ended without a successor
}

func (e *MovedError) Error() string {
	return fmt.Sprintf("realdid: %v has moved to the ledger %q", e.DID, e.To)
}

// moved returns the error for a state that has departed.
func (s *State) moved() *MovedError {
	if !s.departed() {
		return nil
	}
	return &MovedError{s.Identifier().Short(), homeName(s.migration.to)}
}

// notice is how long a migration must be announced. The next keys can set everything else aside as well, but only so that who has more
// authority still can act (deactivation, replaced tiers): a tier that was cancelled a moment ago can file again within twice its delay.
func (s *State) notice() time.Duration {
	var d time.Duration
	for _, t := range slices.Concat(s.tiers, s.retiring) {
		d = max(d, minRetirement, 2*t.Delay)
	}
	return d
}

func (s *State) applyMigrate(op *Operation, now int64) error {
	if op.departs() {
		return s.applyDeparture(op, now)
	}
	if s.migration != nil {
		return refuse("migrate: one is announced already")
	}
	if err := s.spendNext(op); err != nil {
		return err
	}
	s.migration = &migration{to: op.wire.To, ready: max(now+int64(s.notice()/time.Second), 1)} // 0 would not be written
	return nil
}

func (s *State) applyDeparture(op *Operation, now int64) error {
	m := s.migration
	switch {
	case m == nil || m.to != op.wire.To:
		return refuse("migrate: it was not announced")
	case now < m.ready:
		return refuse("migrate: its notice is not over")
	}
	if err := op.verify(s.control.Keys, s.control.role(nil)); err != nil {
		return err
	}
	s.migration = &migration{m.to, m.ready, true}
	return nil
}

// DraftMigrate announces that the identifier moves to another ledger of its trust domain, signed by the revealed next keys, which are
// spent by it; next commits to new ones. When the notice is over, DraftDepart completes it (State.Migration says when).
func (s *State) DraftMigrate(to string, reveal []keys.PublicKey, next Commitments, singleSecret bool) (*Draft, error) {
	p, err := s.moving(to)
	if err != nil {
		return nil, err
	}
	p.SingleSecret = singleSecret
	if p.Reveal, err = s.revealNext(reveal); err != nil {
		return nil, err
	}
	if p.Next, err = next.wire(); err != nil {
		return nil, refuse("next: %v", err)
	}
	if len(p.Reveal) == 0 { // it would be a departure
		return nil, refuse("reveal: no key")
	}
	return newDraft(p, nil)
}

// DraftDepart completes the migration to that ledger, signed by the control keys: nothing follows on this one, and anybody can import the
// identifier there.
func (s *State) DraftDepart(to string) (*Draft, error) {
	p, err := s.moving(to)
	if err != nil {
		return nil, err
	}
	return newDraft(p, s.control.Keys)
}

func (s *State) moving(to string) (*wirePayload, error) {
	net, err := Network{Home: to}.canonical()
	if err != nil {
		return nil, err
	}
	p := s.linked(Migrate, false)
	p.To = net.Home
	return p, nil
}
