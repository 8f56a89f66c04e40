package realperson

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/realdid/realdid/did"
)

// The tests of accounts live in epochs of a week that begin at 0, with the default delay.
var (
	stateRules = accountRules{delay: DefaultRebindDelay, lifetime: DefaultRebindDelay + 2*defaultEpoch + reportSlack}
	stateStart = defaultAnchor
)

func week(n int) time.Time { return stateStart.Add(time.Duration(n) * defaultEpoch) }

func day(n int) time.Time                  { return stateStart.Add(time.Duration(n) * 24 * time.Hour) }
func epochOf(t time.Time) time.Time        { return Epochs{}.Start(t) }
func keyNamed[T string | int](n T) did.DID { return did.MustParse(fmt.Sprintf("did:example:%v", n)) }

// storyStep is an event, when, and what comes of it.
type storyStep struct {
	at      time.Time
	action  Action
	holder  string
	issued  int // week; -1: none
	consent string
	want    error
}

// accountStories are stories of one account each.
var accountStories = map[string][]storyStep{
	"an account is opened once": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(1), ActionSignUp, "old", -1, "", ErrAccountExists},
		{day(1), ActionSignUp, "new", -1, "", ErrAccountExists},
		{day(1), ActionLogIn, "old", -1, "", nil},
		{day(1), ActionLogIn, "new", -1, "", ErrNotHolder},
	},
	"nothing happens to an account that is not there": {
		{day(0), ActionLogIn, "old", -1, "", ErrNoAccount},
		{day(0), ActionRebind, "new", 0, "old", ErrNoAccount},
		{day(0), ActionReportTheft, "new", 0, "", ErrNoAccount},
		{day(0), ActionCompleteRebind, "new", 0, "", ErrNoAccount},
		{day(0), ActionVeto, "old", 0, "", ErrNoAccount},
	},
	"the present key consents to another": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(1), ActionRebind, "new", 0, "other", ErrNotHolder},
		{day(1), ActionRebind, "new", -1, "old", ErrMessage},
		{day(1), ActionRebind, "new", 0, "old", nil},
		{day(2), ActionLogIn, "old", -1, "", ErrNotHolder},
		{day(2), ActionLogIn, "new", -1, "", nil},
		{day(2), ActionRebind, "old", 0, "old", ErrNotHolder},
	},
	"a theft, the key lost": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(8), ActionCompleteRebind, "new", 1, "", ErrNoReport},
		{day(8), ActionReportTheft, "old", 1, "", ErrMessage},
		{day(8), ActionReportTheft, "new", 1, "", nil},
		{day(8), ActionCompleteRebind, "new", 1, "", ErrTooEarly},
		{day(11).Add(-time.Second), ActionCompleteRebind, "new", 1, "", ErrTooEarly},
		{day(11), ActionCompleteRebind, "new", 1, "", ErrIssuedBefore},
		{day(14), ActionCompleteRebind, "else", 2, "", ErrNoReport},
		{day(14), ActionCompleteRebind, "new", 2, "", nil},
		{day(14), ActionLogIn, "new", -1, "", nil},
		{day(14), ActionLogIn, "old", -1, "", ErrNotHolder},
		{day(14), ActionRebind, "old", 1, "new", ErrStaleCredential},
	},
	"a report at the very start of an epoch": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(7), ActionReportTheft, "new", 1, "", nil},
		{day(13), ActionCompleteRebind, "new", 1, "", ErrIssuedBefore},
		{day(14), ActionCompleteRebind, "new", 2, "", nil},
	},
	"a veto": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(8), ActionReportTheft, "thief", 1, "", nil},
		{day(9), ActionVeto, "thief", 1, "", ErrNotHolder},
		{day(9), ActionVeto, "old", 0, "", ErrStaleCredential},
		{day(9), ActionVeto, "old", 1, "", nil},
		{day(10), ActionReportTheft, "thief", 1, "", ErrVetoed},
		{day(14), ActionCompleteRebind, "thief", 1, "", ErrVetoed},
		{day(14), ActionCompleteRebind, "thief", 2, "", ErrNoReport},
	},
	"a thief vetoes with the stolen phone's credentials, the owner renews": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(8), ActionReportTheft, "new", 1, "", nil},
		{day(8), ActionVeto, "old", 1, "", nil},
		{day(14), ActionReportTheft, "new", 2, "", nil},
		{day(14), ActionVeto, "old", 1, "", ErrStaleCredential},
		{day(21), ActionCompleteRebind, "new", 3, "", nil},
	},
	"a veto that is older than the report strikes nothing": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(6), ActionVeto, "old", 0, "", nil},
		{day(8), ActionReportTheft, "new", 1, "", nil},
		{day(14), ActionCompleteRebind, "new", 2, "", nil},
	},
	"reports lapse": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(8), ActionReportTheft, "new", 1, "", nil},
		{day(8).Add(stateRules.lifetime), ActionCompleteRebind, "new", 6, "", ErrNoReport},
		{day(8).Add(stateRules.lifetime), ActionReportTheft, "new", 6, "", nil},
		{day(8).Add(stateRules.lifetime), ActionCompleteRebind, "new", 7, "", ErrTooEarly},
	},
	"a clock that goes back does not shorten the delay": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(20), ActionVeto, "old", 0, "", nil},
		{day(8), ActionReportTheft, "new", 1, "", nil},
		{day(14), ActionCompleteRebind, "new", 2, "", ErrTooEarly},
		{day(22), ActionCompleteRebind, "new", 3, "", ErrTooEarly},
		{day(28), ActionCompleteRebind, "new", 4, "", nil},
	},
	"reporting again changes nothing": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(8), ActionReportTheft, "new", 1, "", nil},
		{day(10), ActionReportTheft, "new", 1, "", nil},
		{day(15), ActionCompleteRebind, "new", 2, "", nil},
	},
	"a full list gives way to who can renew": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(8), ActionReportTheft, "a", 1, "", nil},
		{day(8), ActionReportTheft, "b", 1, "", nil},
		{day(8), ActionReportTheft, "c", 1, "", nil},
		{day(8), ActionReportTheft, "d", 1, "", nil},
		{day(9), ActionReportTheft, "new", 1, "", ErrManyReports},
		{day(14), ActionReportTheft, "new", 2, "", nil},
		{day(14), ActionReportTheft, "e", 1, "", ErrStaleCredential},
		{day(21), ActionCompleteRebind, "a", 3, "", ErrNoReport},
		{day(21), ActionCompleteRebind, "new", 3, "", nil},
		{day(22), ActionCompleteRebind, "b", 3, "", ErrNoReport},
	},
	"the new key's own report ends with its rebinding": {
		{day(0), ActionSignUp, "old", -1, "", nil},
		{day(8), ActionReportTheft, "new", 1, "", nil},
		{day(8), ActionReportTheft, "else", 1, "", nil},
		{day(9), ActionRebind, "new", 1, "old", nil},
		{day(10), ActionRebind, "third", 1, "new", nil},
		{day(14), ActionCompleteRebind, "new", 2, "", ErrNoReport},
		{day(14), ActionCompleteRebind, "else", 2, "", nil},
	},
}

// TestAccountEvents walks through the stories.
func TestAccountEvents(t *testing.T) {
	for name, story := range accountStories {
		t.Run(name, func(t *testing.T) {
			var s *accountState
			for i, e := range story {
				event := &accountEvent{action: e.action, holder: keyNamed(e.holder)}
				if e.issued >= 0 {
					event.issued = week(e.issued)
				}
				if e.consent != "" {
					event.consent = keyNamed(e.consent)
				}
				next, err := s.after(event, e.at, stateRules)
				if !errors.Is(err, e.want) || (err == nil) != (e.want == nil) {
					t.Fatalf("step %d, %s by %s: got %v, want %v", i, e.action, e.holder, err, e.want)
				}
				if err == nil {
					s = next
				}
			}
		})
	}
}

// ledgerModel tells what must come of an event by looking at the whole history of those that were accepted.
type ledgerModel struct {
	events []modelEvent
}

type modelEvent struct {
	accountEvent
	at     time.Time
	struck bool // a report that gave way to a later one, or came when one stood
}

func (m *ledgerModel) holder() (h did.DID, ok bool) {
	for _, e := range m.events {
		if e.action == ActionSignUp || e.action == ActionRebind || e.action == ActionCompleteRebind {
			h, ok = e.holder, true
		}
	}
	return h, ok
}

func (m *ledgerModel) latest(of ...Action) (t time.Time) {
	for _, e := range m.events {
		if (len(of) == 0 || slices.Contains(of, e.action)) && e.issued.After(t) {
			t = e.issued
		}
	}
	return t
}

// standing returns the indexes of the reports that count at a time.
func (m *ledgerModel) standing(now time.Time) (all []int) {
	for i, e := range m.events {
		if e.action != ActionReportTheft || e.struck || !now.Before(e.at.Add(stateRules.lifetime)) {
			continue
		}
		over := slices.ContainsFunc(all, func(j int) bool { return m.events[j].holder == e.holder })
		for _, later := range m.events[i+1:] {
			switch later.action {
			case ActionVeto:
				over = over || !e.issued.After(later.issued)
			case ActionCompleteRebind:
				over = true
			case ActionRebind:
				over = over || later.holder == e.holder
			}
		}
		if !over {
			all = append(all, i)
		}
	}
	return all
}

func (m *ledgerModel) verdict(e *accountEvent, now time.Time) error {
	holder, exists := m.holder()
	if !exists {
		if e.action == ActionSignUp {
			return nil
		}
		return ErrNoAccount
	}
	var mine *modelEvent
	standing := m.standing(now)
	for _, i := range standing {
		if m.events[i].holder == e.holder {
			mine = &m.events[i]
		}
	}
	stale := e.issued.Before(m.latest())
	vetoed := !m.latest(ActionVeto).IsZero() && !e.issued.After(m.latest(ActionVeto))
	switch e.action {
	case ActionSignUp:
		return ErrAccountExists
	case ActionLogIn:
		if e.holder != holder {
			return ErrNotHolder
		}
	case ActionRebind:
		if stale {
			return ErrStaleCredential
		}
		if e.consent != holder {
			return ErrNotHolder
		}
	case ActionVeto:
		if stale {
			return ErrStaleCredential
		}
		if e.holder != holder {
			return ErrNotHolder
		}
	case ActionReportTheft:
		oldest := e.issued
		for _, i := range standing {
			if m.events[i].issued.Before(oldest) {
				oldest = m.events[i].issued
			}
		}
		switch {
		case stale:
			return ErrStaleCredential
		case e.holder == holder:
			return ErrMessage
		case vetoed:
			return ErrVetoed
		case mine == nil && len(standing) >= MaxReports && !oldest.Before(e.issued):
			return ErrManyReports
		}
	case ActionCompleteRebind:
		switch {
		case stale:
			return ErrStaleCredential
		case vetoed:
			return ErrVetoed
		case mine == nil:
			return ErrNoReport
		case now.Sub(mine.at) < stateRules.delay:
			return ErrTooEarly
		case !e.issued.After(mine.at):
			return ErrIssuedBefore
		}
	}
	return nil
}

// accept adds an event that the model accepted. A report of a key whose report stands already does not count as one.
func (m *ledgerModel) accept(e *accountEvent, now time.Time) {
	known := false
	if e.action == ActionReportTheft {
		standing := m.standing(now)
		known = slices.ContainsFunc(standing, func(i int) bool { return m.events[i].holder == e.holder })
		if !known && len(standing) >= MaxReports {
			oldest := standing[0]
			for _, i := range standing {
				if m.events[i].issued.Before(m.events[oldest].issued) {
					oldest = i
				}
			}
			m.events[oldest].struck = true
		}
	}
	m.events = append(m.events, modelEvent{accountEvent: *e, at: now, struck: known})
}

// TestAccountModel runs random histories through the one function and through the model.
func TestAccountModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s *accountState
		m := &ledgerModel{}
		now := day(8)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 24, 71, 72, 24 * 7, 24 * 30}).Draw(t, "hours")) * time.Hour)
			e := &accountEvent{
				action: rapid.SampledFrom(actions).Draw(t, "action"), holder: keyNamed(rapid.IntRange(0, 6).Draw(t, "holder")),
			}
			if e.action == ActionUseScope {
				continue
			}
			if e.action.showsIssuedEpoch() {
				e.issued = epochOf(now).Add(-time.Duration(rapid.IntRange(0, 2).Draw(t, "old")) * defaultEpoch)
			}
			if e.action == ActionRebind {
				e.consent = keyNamed(rapid.IntRange(0, 6).Draw(t, "consent"))
			}
			want := m.verdict(e, now)
			next, err := s.after(e, now, stateRules)
			if !errors.Is(err, want) || (err == nil) != (want == nil) {
				t.Fatalf("%s: got %v, want %v", e.action, err, want)
			}
			if err != nil {
				continue
			}
			m.accept(e, now)
			s = next
			if holder, _ := m.holder(); s.holder != holder || !s.highest.Equal(m.latest()) || !s.vetoed.Equal(m.latest(ActionVeto)) {
				t.Fatalf("after %s: another holder, highest or veto than the model's", e.action)
			}
		}
	})
}

// TestAccountStateStays: an event makes another state, and one that is refused or changes nothing makes none.
func TestAccountStateStays(t *testing.T) {
	s := &accountState{holder: keyNamed("old"), created: day(0), updated: day(0)}
	report := &accountEvent{action: ActionReportTheft, holder: keyNamed("a"), issued: week(1)}
	with, err := s.after(report, day(8), stateRules)
	if err != nil || len(s.reports) != 0 || len(with.reports) != 1 {
		t.Fatalf("got %v, %d and %d reports, want the first state as it was", err, len(s.reports), len(with.reports))
	}
	again, err := with.after(report, day(9), stateRules)
	if err != nil || again != with {
		t.Errorf("got another state for an event that changes nothing (%v)", err)
	}
	two, err := with.after(&accountEvent{action: ActionReportTheft, holder: keyNamed("b"), issued: week(1)}, day(9), stateRules)
	if err != nil || len(with.reports) != 1 || len(two.reports) != 2 {
		t.Errorf("got %v, want the state before as it was", err)
	}
	if gone, err := two.after(&accountEvent{action: ActionVeto, holder: keyNamed("old"), issued: week(1)}, day(9), stateRules); err != nil ||
		len(gone.reports) != 0 || len(two.reports) != 2 || two.reports[0].holder != keyNamed("a") {
		t.Errorf("got %v, want the state before as it was", err)
	}
}
