package realperson

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// entries returns the whole public log.
func (o *office) entries(tb testing.TB) (all []*LogEntry) {
	tb.Helper()
	for e, err := range ReadLog(tb.Context(), o.log, o.authority.public.Authority, 0) {
		fatal(tb, err)
		all = append(all, e)
	}
	return all
}

// Whoever lost everything gets new secrets: visibly, not often, and with the old ones at their end.
func TestNewGeneration(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	first := o.enrol(t, s)
	old := s.wallet
	if n := len(o.entries(t)); n != 0 {
		t.Errorf("%d entries in the log after a first enrolment, want none", n)
	}

	fresh := o.wallet(t)
	_, err := o.reenrol(t, fresh, s)
	var soon *TooSoonError
	if !errors.As(err, &soon) || !errors.Is(err, ErrTooSoon) || !soon.Until.Equal(o.now.Add(DefaultGenerationInterval)) {
		t.Fatalf("got %v, want ErrTooSoon until a year from now", err)
	}
	o.now = soon.Until
	issued, err := o.reenrol(t, fresh, s)
	fatal(t, err)
	fatal(t, fresh.FinishEnrolment(t.Context(), issued.Response))
	fatal(t, fresh.CheckLog(t.Context(), o.log))
	fatal(t, o.activate(t, fresh, s.Citizen))
	if issued.Generation != 1 || fresh.Generation() != 1 || issued.Record != first.Record {
		t.Errorf("got generation %d of record %s, want 1 of %s", issued.Generation, issued.Record, first.Record)
	}
	if pseudonym(t, old, somePlatform) == pseudonym(t, fresh, somePlatform) {
		t.Error("the new generation has the old one's pseudonym")
	}

	log := o.entries(t)
	if len(log) != 1 || log[0].Decision != NewGeneration || log[0].Generation != 1 || log[0].Reason != ReasonLoss || !log[0].Epoch.Equal(o.authority.public.Epochs.Start(o.now)) {
		t.Errorf("got log %+v, want one new generation of this epoch", log)
	}
	_, err = o.renew(t, old, s.Citizen, s.claims)
	wantError(t, err, ErrOtherSecrets)
	_, err = o.renew(t, fresh, s.Citizen, s.claims)
	fatal(t, err)
	_, err = o.reenrol(t, o.wallet(t), s)
	wantError(t, err, ErrTooSoon)
}

// The number of the generation is a claim that a wallet can show, signed.
func TestGenerationIsProvable(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.MinGenerationInterval = time.Hour })
	s := o.somebody(t, "1")
	o.enrol(t, s)
	o.now = o.now.Add(time.Hour)
	w := o.wallet(t)
	issued, err := o.reenrol(t, w, s)
	fatal(t, err)
	fatal(t, w.FinishEnrolment(t.Context(), issued.Response))
	about := accountContext(w.authority.Authority, did.MustParse(somePlatform))
	b, err := derive(t.Context(), w.credentials[0].base, bbs2023.Suite{
		Holder: &bbs2023.Holder{Nyms: w.nyms, Blind: w.credentials[0].blind, ContextID: about},
	}, []string{PointerGeneration})
	fatal(t, err)
	if !strings.Contains(string(b), `"generation":1`) {
		t.Errorf("the derived credential does not show the generation: %s", b)
	}
	suite := bbs2023.Suite{Verifier: &bbs2023.Verifier{ContextID: about, N: NymCount}}
	check := func(b string) error {
		return w.authority.verify(t.Context(), dataintegrity.Received([]byte(b), suiteOptions(suite)), w.credentials[0].start)
	}
	fatal(t, check(string(b)))
	wantInvalid(t, check(strings.Replace(string(b), `"generation":1`, `"generation":0`, 1)))
}

// A new generation needs a person who is enrolled, the person's papers, and a DID of the person.
func TestReenrolRefused(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.MinGenerationInterval = time.Hour })
	s := o.somebody(t, "1")
	_, err := o.reenrol(t, o.wallet(t), s)
	wantError(t, err, ErrNoRecord)
	o.enrol(t, s)
	o.now = o.now.Add(time.Hour)
	_, err = o.wallet(t).ReenrolmentRequest(t.Context(), s.Citizen, o.authority.Challenge(), ReasonFraud)
	if err == nil {
		t.Error("a wallet asks for a new generation because of fraud")
	}
	b, err := o.wallet(t).ReenrolmentRequest(t.Context(), s.Citizen, o.authority.Challenge(), ReasonTheft)
	fatal(t, err)
	_, err = o.authority.Enrol(t.Context(), b, s.evidence)
	wantError(t, err, ErrMessage)
	_, err = o.authority.Reenrol(t.Context(), o.request(t, o.somebody(t, "1")), s.evidence)
	wantError(t, err, ErrMessage)
	if n := len(o.entries(t)); n != 0 {
		t.Errorf("%d entries in the log, want none", n)
	}
	moved := o.somebody(t, "1") // lost the DID as well
	_, err = o.reenrol(t, moved.wallet, moved)
	fatal(t, err)
}

// The log has the act before credentials leave: when it cannot be written, they do not, and when the authority dies after each step,
// what comes next finds one entry and no second.
func TestLogBeforeCredentials(t *testing.T) {
	broken := errors.New("broken")
	fail := &slowLedger{}
	registry := &slowLedger{}
	o := newOffice(t, func(c *AuthorityConfig) {
		c.MinGenerationInterval = time.Hour
		fail.Ledger, c.Log = c.Log, fail
		registry.Ledger, c.Registry = c.Registry, registry
	})
	s := o.somebody(t, "1")
	o.enrol(t, s)
	o.now = o.now.Add(time.Hour)
	w := o.wallet(t)
	fail.err = broken
	issued, err := o.reenrol(t, w, s)
	wantError(t, err, broken)
	if issued != nil {
		t.Error("credentials left before the log had the act")
	}
	_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
	wantError(t, err, broken) // nothing goes on before the log is whole

	fail.err, registry.err = nil, broken
	_, err = o.reenrol(t, w, s)
	wantError(t, err, broken)
	if n := len(o.entries(t)); n != 1 {
		t.Fatalf("%d entries in the log, want 1", n)
	}
	registry.err = nil
	o.authority = o.open(t) // and remembers nothing
	issued, err = o.reenrol(t, w, s)
	fatal(t, err)
	fatal(t, w.FinishEnrolment(t.Context(), issued.Response))
	fatal(t, w.CheckLog(t.Context(), o.log))
	if n := len(o.entries(t)); n != 1 || issued.Generation != 1 {
		t.Errorf("%d entries in the log and generation %d, want 1 and 1", n, issued.Generation)
	}
}

// Many authorities on one registry and one log: the log has every act once, numbered without gaps.
func TestLogRace(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.MinGenerationInterval = time.Hour })
	const persons, offices = 3, 3
	var all []*somebody
	for i := range persons {
		s := o.somebody(t, string(rune('1'+i)))
		o.enrol(t, s)
		all = append(all, s)
	}
	o.now = o.now.Add(time.Hour)
	var wg sync.WaitGroup
	var mu sync.Mutex
	wins := map[*somebody]int{}
	for _, s := range all {
		for range offices {
			a, w := o.open(t), o.wallet(t)
			b, err := w.ReenrolmentRequest(t.Context(), s.Citizen, a.Challenge(), ReasonLoss)
			fatal(t, err)
			wg.Go(func() {
				issued, err := a.Reenrol(context.Background(), b, s.evidence)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && w.FinishEnrolment(context.Background(), issued.Response) == nil && w.CheckLog(context.Background(), o.log) == nil:
					wins[s]++
				case errors.Is(err, ErrTooSoon) || errors.Is(err, ErrEnrolled):
				default:
					t.Errorf("got %v", err)
				}
			})
		}
	}
	wg.Wait()
	for _, s := range all {
		if wins[s] != 1 {
			t.Errorf("a person got %d new generations, want 1", wins[s])
		}
	}
	if n := len(o.entries(t)); n != persons {
		t.Errorf("%d entries in the log, want %d", n, persons)
	}
}

// A refusal is a logged act; it ends renewals and new generations, until it is taken back.
func TestRefuse(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.MinGenerationInterval = time.Hour })
	s := o.somebody(t, "1")
	record := o.enrol(t, s).Record
	o.now = o.now.Add(time.Hour)
	_, err := o.authority.Refuse(t.Context(), record, ReasonLoss)
	if err == nil {
		t.Error("a loss is no reason to refuse")
	}
	_, err = o.authority.Refuse(t.Context(), strings.Repeat("0", 64), ReasonFraud)
	wantError(t, err, ErrNoRecord)
	_, err = o.authority.Refuse(t.Context(), "0", ReasonFraud)
	wantError(t, err, ErrNoRecord)
	_, err = o.authority.Reinstate(t.Context(), record, ReasonAppeal)
	if err == nil {
		t.Error("nothing was refused")
	}
	number, err := o.authority.Refuse(t.Context(), record, ReasonFraud)
	fatal(t, err)
	_, err = o.authority.Refuse(t.Context(), record, ReasonFraud)
	wantError(t, err, ErrDecided)
	_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
	var decided *DecisionError
	if !errors.As(err, &decided) || decided.Number != number || decided.Reason != ReasonFraud {
		t.Fatalf("got %v, want the decision %d", err, number)
	}
	_, err = o.reenrol(t, o.wallet(t), s)
	wantError(t, err, ErrDecided)
	_, err = o.authority.Enrol(t.Context(), o.request(t, o.somebody(t, "1")), s.evidence)
	wantError(t, err, ErrEnrolled)
	_, err = o.authority.Reinstate(t.Context(), record, ReasonAppeal)
	fatal(t, err)
	_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
	fatal(t, err)
	log := o.entries(t)
	if len(log) != 2 || log[0].Decision != Refusal || log[1].Decision != Reinstatement || log[0].Number != number {
		t.Errorf("got log %+v, want a refusal and a reinstatement", log)
	}
}

// A wallet notices an authority that did not log its generation, or another one.
func TestCheckLogRefuses(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.MinGenerationInterval = time.Hour })
	s := o.somebody(t, "1")
	o.enrol(t, s)
	fatal(t, s.wallet.CheckLog(t.Context(), o.log))
	wantError(t, o.wallet(t).CheckLog(t.Context(), o.log), ErrNotEnrolled)
	o.now = o.now.Add(time.Hour)
	w := o.wallet(t)
	issued, err := o.reenrol(t, w, s)
	fatal(t, err)
	fatal(t, w.FinishEnrolment(t.Context(), issued.Response))
	wantError(t, w.CheckLog(t.Context(), memledger.New(LogReducer(), nil)), ErrLog)
	number, act := w.number, w.act
	w.number++
	wantError(t, w.CheckLog(t.Context(), o.log), ErrLog)
	w.number, w.act = number, make([]byte, actSize)
	wantError(t, w.CheckLog(t.Context(), o.log), ErrLog)
	w.act, w.generation = act, 2
	wantError(t, w.CheckLog(t.Context(), o.log), ErrLog)
}

// ReadLog notices numbers that do not follow each other.
func TestReadLogGap(t *testing.T) {
	o := newOffice(t)
	free := memledger.New(nil, nil)
	e := LogEntry{Number: 1, Decision: Refusal, Reason: ReasonDeath, Epoch: o.now, Act: make([]byte, actSize)}
	b, err := e.encode()
	fatal(t, err)
	_, err = free.Append(t.Context(), LogKey(o.authority.public.Authority), 0, b)
	fatal(t, err)
	for _, err := range ReadLog(t.Context(), free, o.authority.public.Authority, 0) {
		wantError(t, err, ErrLog)
	}
	if _, err := o.log.Append(t.Context(), LogKey(o.authority.public.Authority), 0, b); !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("got %v, want ledger.ErrInvalid", err)
	}
}
