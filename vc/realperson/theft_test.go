package realperson

import (
	"errors"
	"testing"
	"time"
)

// heist is an account, an owner, and a thief, in days. Credentials are of the epoch in which they were renewed last.
type heist struct {
	state *accountState
	now   time.Time
	owner time.Time // issuedEpoch of the owner's credentials
	thief time.Time
	keys  int // of the thief: each report may be of another key
}

func newHeist(stolen time.Time) heist {
	s := &accountState{holder: keyNamed("old"), created: day(0), updated: day(0)}
	return heist{state: s, now: stolen, owner: epochOf(stolen), thief: epochOf(stolen)}
}

func (h *heist) do(a Action, holder string, issued time.Time) error {
	e := &accountEvent{action: a, holder: keyNamed(holder), issued: issued}
	if a == ActionRebind {
		e.consent = keyNamed("old")
	}
	next, err := h.state.after(e, h.now, stateRules)
	if err == nil {
		h.state = next
	}
	return err
}

// move is what somebody does.
type move struct {
	name string
	do   func(h *heist)
}

// interleavings runs check after every sequence of moves up to a length.
func interleavings(t *testing.T, start heist, moves []move, length int, check func(path []string, h *heist)) {
	t.Helper()
	if underRace {
		length -= 2 // there is nothing to race for
	}
	n := 0
	var walk func(h heist, path []string)
	walk = func(h heist, path []string) {
		n++
		check(path, &h)
		if len(path) == length || t.Failed() {
			return
		}
		for _, m := range moves {
			next := h // states never change, so that this is a copy
			m.do(&next)
			walk(next, append(path[:len(path):len(path)], m.name))
		}
	}
	walk(start, nil)
	t.Logf("%d sequences", n)
}

var (
	thiefReports   = move{"thief reports", func(h *heist) { _ = h.do(ActionReportTheft, "thief", h.thief) }}
	thiefCompletes = move{"thief completes", func(h *heist) { _ = h.do(ActionCompleteRebind, "thief", h.thief) }}
	thiefVetoes    = move{"thief vetoes", func(h *heist) { _ = h.do(ActionVeto, "old", h.thief) }}
	thiefRebinds   = move{"thief rebinds", func(h *heist) { _ = h.do(ActionRebind, "thief", h.thief) }}
	thiefFills     = move{"thief fills the list", func(h *heist) {
		for range MaxReports {
			h.keys++
			_ = h.do(ActionReportTheft, "thief"+string(rune('a'+h.keys%26)), h.thief)
		}
	}}
	ownerRenews    = move{"owner renews", func(h *heist) { h.owner = epochOf(h.now) }}
	ownerReports   = move{"owner reports", func(h *heist) { _ = h.do(ActionReportTheft, "new", h.owner) }}
	ownerCompletes = move{"owner completes", func(h *heist) { _ = h.do(ActionCompleteRebind, "new", h.owner) }}
	ownerVetoes    = move{"owner vetoes", func(h *heist) { _ = h.do(ActionVeto, "old", h.owner) }}
	threeDays      = move{"three days", func(h *heist) { h.now = h.now.Add(DefaultRebindDelay) }}
	newEpoch       = move{"next epoch", func(h *heist) { h.now = Epochs{}.End(h.now).Add(time.Hour) }}
)

// TestCopiedSecrets: somebody copied the BBS secrets and credentials, and has neither the pairwise key nor the keys of the owner's DID.
// Whatever the order of what both do and of time passing, and whether or not the owner ever notices, the account is never theirs.
func TestCopiedSecrets(t *testing.T) {
	moves := []move{thiefReports, thiefCompletes, thiefFills, ownerRenews, ownerReports, ownerCompletes, ownerVetoes, threeDays, newEpoch}
	interleavings(t, newHeist(day(10)), moves, 6, func(path []string, h *heist) {
		if got := h.state.holder; got != keyNamed("old") && got != keyNamed("new") {
			t.Errorf("after %v the account is the thief's", path)
		}
	})
}

// TestOwnerRecovers: after anything that a thief with the phone did - who copied the secrets, vetoes with the pairwise key, even rebinds
// with it - and whatever they go on to do in between, the owner who has lost everything but the keys of the DID gets the account back.
func TestOwnerRecovers(t *testing.T) {
	thief := []move{thiefReports, thiefCompletes, thiefFills, thiefVetoes, thiefRebinds}
	moves := append([]move{threeDays, newEpoch, ownerReports}, thief...)
	interleavings(t, newHeist(day(10)), moves, 4, func(path []string, h *heist) {
		for _, m := range []move{newEpoch, ownerRenews, ownerReports, newEpoch, ownerRenews, ownerCompletes} {
			m.do(h)
			for _, meddle := range thief {
				meddle.do(h)
			}
		}
		if h.state.holder != keyNamed("new") {
			t.Errorf("after %v the owner cannot get the account back", path)
		}
	})
}

// TestWatchfulOwner: a program on the phone copies each new batch of credentials, so that the thief renews whenever the owner does, but
// has no pairwise key. An owner who looks into every report before its delay is over, and vetoes, keeps the account.
func TestWatchfulOwner(t *testing.T) {
	renewed := move{"both renew", func(h *heist) { h.owner, h.thief = epochOf(h.now), epochOf(h.now) }}
	twoDays := move{"two days, and the owner looks", func(h *heist) {
		h.now = h.now.Add(48 * time.Hour)
		if len(h.state.reports) > 0 {
			h.owner, h.thief = epochOf(h.now), epochOf(h.now)
			if err := h.do(ActionVeto, "old", h.owner); err != nil {
				t.Errorf("a veto: got %v", err)
			}
		}
	}}
	interleavings(t, newHeist(day(10)), []move{thiefReports, thiefCompletes, thiefFills, renewed, twoDays}, 8, func(path []string, h *heist) {
		if h.state.holder != keyNamed("old") {
			t.Errorf("after %v the account is the thief's", path)
		}
	})
}

// TestDelayGuards is the control of the tests above: without the delay, or without the demand for a later credential, a thief wins.
func TestDelayGuards(t *testing.T) {
	h := newHeist(day(10))
	thiefReports.do(&h)
	h.now = h.now.Add(stateRules.delay - time.Second)
	if err := h.do(ActionCompleteRebind, "thief", week(2)); !errors.Is(err, ErrTooEarly) {
		t.Errorf("got %v before the delay is over, want ErrTooEarly", err)
	}
	h.now = h.now.Add(time.Second)
	if err := h.do(ActionCompleteRebind, "thief", h.thief); !errors.Is(err, ErrIssuedBefore) {
		t.Errorf("got %v with what was stolen, want ErrIssuedBefore", err)
	}
	if err := h.do(ActionCompleteRebind, "thief", week(2)); err != nil {
		t.Errorf("got %v with what only an owner can have", err)
	}
}
