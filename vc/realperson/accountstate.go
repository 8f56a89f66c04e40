package realperson

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
)

// The errors of accounts.
var (
	// ErrAccountExists says that this person has an account here already, under this generation of this authority.
	ErrAccountExists = errors.New("realperson: account: this person has one already")
	// ErrNoAccount says that there is none for this pseudonym.
	ErrNoAccount = errors.New("realperson: account: there is none")
	// ErrNotHolder says that the pairwise key that signed is not the one that the account is bound to.
	ErrNotHolder = errors.New("realperson: account: the key is not the account's")
	// ErrStaleCredential says that the account has seen a credential that was issued in a later epoch. Whoever shows an older one has
	// not renewed, as a thief cannot.
	ErrStaleCredential = errors.New("realperson: account: a later credential was shown before")
	// ErrVetoed says that the account's key vetoed, showing a credential that is not older than this one.
	ErrVetoed = errors.New("realperson: rebind: vetoed by the account's key")
	// ErrNoReport says that this key did not report a theft, or that the report was struck out by a veto or has lapsed.
	ErrNoReport = errors.New("realperson: rebind: no theft report of this key stands")
	// ErrTooEarly says that the delay after the report is not over; see TooEarlyError.
	ErrTooEarly = errors.New("realperson: rebind: the delay is not over")
	// ErrIssuedBefore says that the credential was not issued in an epoch that began after the report.
	ErrIssuedBefore = errors.New("realperson: rebind: the credential may have been issued before the theft report: renew in the next epoch")
	// ErrManyReports says that as many reports stand as can, and that none of them showed an older credential.
	ErrManyReports = errors.New("realperson: rebind: too many theft reports stand")
)

// TooEarlyError says when the delay is over. It is ErrTooEarly.
type TooEarlyError struct{ Until time.Time }

func (e *TooEarlyError) Error() string {
	return fmt.Sprintf("%s until %s", ErrTooEarly, e.Until.UTC().Format(time.RFC3339))
}

// Is implements errors.Is.
func (e *TooEarlyError) Is(target error) bool { return target == ErrTooEarly }

// MaxReports is how many theft reports of different keys one account keeps.
const MaxReports = 4

// theftReport is a key's claim to an account whose present key it calls lost.
type theftReport struct {
	holder did.DID   // pairwise: whom the account is to be bound to
	at     time.Time // by the platform's clock
	issued time.Time // issuedEpoch of the credential that was shown
}

// accountState is what a platform knows of an account, but for its history. It never changes: an event makes another.
type accountState struct {
	holder  did.DID       // pairwise, long form
	created time.Time     // of the account
	updated time.Time     // of the last event
	highest time.Time     // the latest issuedEpoch that was shown; zero if none was
	vetoed  time.Time     // the latest issuedEpoch that a veto showed; zero if there was none
	reports []theftReport // in the order of time, of different holders
}

// accountEvent is a message about an account that is verified on its own: the pseudonym is the account's, the signatures are good.
type accountEvent struct {
	action  Action
	holder  did.DID   // who signed the response
	consent did.DID   // who signed the consent, with ActionRebind
	issued  time.Time // issuedEpoch that was shown; zero if none
}

// accountRules are the times of a platform.
type accountRules struct {
	delay    time.Duration // from a report to its completion
	lifetime time.Duration // of a report
}

// after is all that ever happens to accounts: the state that follows from one state, one event and the time, or why the event is
// refused. s is nil for an account that does not exist. It returns s itself if nothing changes.
//
// Three people may be at work here, and the order in which they come is theirs: the owner, who can renew credentials with the keys of
// their registered DID and perhaps still has the pairwise key; somebody who copied the wallet's BBS secrets and credentials, and can
// neither renew nor sign with the pairwise key; somebody who can do that for as long as the theft goes unnoticed. A credential says
// which epoch it was issued in; who can show a later one than the others can renew.
func (s *accountState) after(e *accountEvent, now time.Time, rules accountRules) (*accountState, error) {
	if s == nil {
		if e.action != ActionSignUp {
			return nil, ErrNoAccount
		}
		return &accountState{holder: e.holder, created: now, updated: now, highest: e.issued}, nil
	}
	if now.Before(s.updated) {
		now = s.updated // a clock that went back does not shorten a delay
	}
	switch {
	case e.action == ActionSignUp:
		return nil, ErrAccountExists
	case e.action == ActionLogIn:
		if e.holder != s.holder {
			return nil, ErrNotHolder
		}
		return s, nil
	case !e.action.showsIssuedEpoch() || e.issued.IsZero():
		return nil, refuse(ErrMessage, "not an event of an account")
	case e.issued.Before(s.highest):
		return nil, ErrStaleCredential
	}
	next := *s
	next.updated, next.highest = now, e.issued
	next.reports = slices.DeleteFunc(slices.Clone(s.reports), func(r theftReport) bool { return !now.Before(r.at.Add(rules.lifetime)) })
	var err error
	switch e.action {
	case ActionRebind:
		err = next.rebind(e)
	case ActionVeto:
		err = next.veto(e)
	case ActionReportTheft:
		err = next.report(e, now)
	default:
		err = next.complete(e, now, rules)
	}
	if err != nil || next.same(s) {
		return s, err
	}
	return &next, nil
}

// same tells whether only the time differs, so that repeating a message does not make a history grow.
func (s *accountState) same(t *accountState) bool {
	return s.holder == t.holder && s.highest.Equal(t.highest) && s.vetoed.Equal(t.vetoed) && slices.Equal(s.reports, t.reports)
}

// rebind takes the consent of the present key. Reports stay: the present key may be in the hands of a thief.
func (s *accountState) rebind(e *accountEvent) error {
	if e.consent != s.holder {
		return ErrNotHolder
	}
	s.reports = slices.DeleteFunc(s.reports, func(r theftReport) bool { return r.holder == e.holder })
	s.holder = e.holder
	return nil
}

// veto strikes out the reports that showed no later credential, and keeps such from coming back.
func (s *accountState) veto(e *accountEvent) error {
	if e.holder != s.holder {
		return ErrNotHolder
	}
	s.vetoed = e.issued // not before the last one: it is not before highest
	s.reports = slices.DeleteFunc(s.reports, func(r theftReport) bool { return !r.issued.After(e.issued) })
	return nil
}

func (s *accountState) report(e *accountEvent, now time.Time) error {
	switch {
	case e.holder == s.holder:
		return refuse(ErrMessage, "the account is bound to this key already")
	case !e.issued.After(s.vetoed):
		return ErrVetoed
	case slices.ContainsFunc(s.reports, func(r theftReport) bool { return r.holder == e.holder }):
		return nil // its time stays: reporting again shortens and prolongs nothing
	}
	if len(s.reports) >= MaxReports {
		// A thief may fill the list; the owner, who can renew, is not kept out by that for longer than an epoch.
		oldest := 0
		for i, r := range s.reports {
			if r.issued.Before(s.reports[oldest].issued) {
				oldest = i
			}
		}
		if !s.reports[oldest].issued.Before(e.issued) {
			return ErrManyReports
		}
		s.reports = slices.Delete(s.reports, oldest, oldest+1)
	}
	s.reports = append(s.reports, theftReport{holder: e.holder, at: now, issued: e.issued})
	return nil
}

func (s *accountState) complete(e *accountEvent, now time.Time, rules accountRules) error {
	i := slices.IndexFunc(s.reports, func(r theftReport) bool { return r.holder == e.holder })
	switch {
	case !e.issued.After(s.vetoed):
		return ErrVetoed
	case i < 0:
		return ErrNoReport
	case now.Before(s.reports[i].at.Add(rules.delay)):
		return &TooEarlyError{Until: s.reports[i].at.Add(rules.delay)}
	case !e.issued.After(s.reports[i].at):
		return ErrIssuedBefore
	}
	s.holder, s.reports = e.holder, nil
	return nil
}
