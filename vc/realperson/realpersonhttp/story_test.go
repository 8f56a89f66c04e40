package realpersonhttp_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

// refused wants an error that is want and came over HTTP with a code and a status.
func refused(t *testing.T, err, want error, code realpersonhttp.Code, status int) {
	t.Helper()
	p, ok := errors.AsType[*realpersonhttp.ProblemError](err)
	if !ok || !errors.Is(err, want) || p.Code != code || p.Status != status {
		t.Errorf("got %v, want %d %s, which is %v", err, status, code, want)
	}
}

func TestStory(t *testing.T) {
	c := newCity(t)
	alice, bob := c.enrolled("A1"), c.enrolled("B2")

	// one person, one enrolment
	again := c.person("A1")
	refused(t, again.enrol(), realperson.ErrEnrolled, realpersonhttp.AlreadyEnrolled, http.StatusConflict)
	nobody := c.person("Z9")
	refused(t, nobody.enrol(), realpersonhttp.ErrNotIdentified, realpersonhttp.NotIdentified, http.StatusForbidden)

	// one person, one account
	a, err := alice.do(realperson.ActionSignUp, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := bob.do(realperson.ActionSignUp, "")
	if err != nil {
		t.Fatal(err)
	}
	if a.Account == b.Account || a.Action != realperson.ActionSignUp || !a.Created.Equal(c.at) {
		t.Errorf("got accounts %+v and %+v", a, b)
	}
	_, err = alice.do(realperson.ActionSignUp, "")
	refused(t, err, realperson.ErrAccountExists, realpersonhttp.AccountExists, http.StatusConflict)
	in, err := alice.do(realperson.ActionLogIn, "")
	if err != nil || in.Account != a.Account {
		t.Errorf("log-in: got %+v, %v, want account %s", in, err, a.Account)
	}
	minor := c.enrolled("C3")
	_, err = minor.do(realperson.ActionSignUp, "")
	refused(t, err, realperson.ErrPolicy, realpersonhttp.PolicyRefused, http.StatusForbidden)
	_, err = minor.do(realperson.ActionLogIn, "")
	refused(t, err, realperson.ErrNoAccount, realpersonhttp.NoAccount, http.StatusNotFound)

	// renewal, and the account is the same
	c.at = c.at.Add(7 * 24 * time.Hour)
	if err := alice.renew(); err != nil {
		t.Fatal(err)
	}
	_, err = alice.do(realperson.ActionSignUp, "")
	refused(t, err, realperson.ErrAccountExists, realpersonhttp.AccountExists, http.StatusConflict)
	if err := again.renew(); !errors.Is(err, realperson.ErrNotEnrolled) {
		t.Errorf("got %v, want ErrNotEnrolled", err)
	}
}

func TestScopes(t *testing.T) {
	c := newCity(t)
	alice := c.enrolled("A1")
	if r, err := alice.do(realperson.ActionUseScope, "vote"); err != nil || r.Scope != "vote" || r.Index != 0 || r.Account != "" {
		t.Fatalf("got %+v, %v", r, err)
	}
	if _, err := alice.do(realperson.ActionUseScope, "vote"); !errors.Is(err, realperson.ErrScopeExhausted) {
		t.Errorf("got %v, want ErrScopeExhausted", err)
	}
	seen := map[int]bool{}
	for range 3 {
		r, err := alice.do(realperson.ActionUseScope, "post")
		if err != nil {
			t.Fatal(err)
		}
		seen[r.Index] = true
	}
	if len(seen) != 3 {
		t.Errorf("got indexes %v, want 3", seen)
	}
	asked := &realpersonhttp.Asked{Action: realperson.ActionUseScope, Scope: "nosuch"}
	_, err := alice.platform.Request(t.Context(), asked)
	refused(t, err, realpersonhttp.ErrNoScope, realpersonhttp.NoScope, http.StatusNotFound)
	_, err = alice.platform.Request(t.Context(), &realpersonhttp.Asked{Action: realperson.ActionSignUp, Scope: "vote"})
	if p, ok := errors.AsType[*realpersonhttp.ProblemError](err); !ok || p.Code != realpersonhttp.Malformed {
		t.Errorf("got %v, want malformed", err)
	}
}

// TestReplay sends a response again, in another session, to another action, and to nobody.
func TestReplay(t *testing.T) {
	c := newCity(t)
	alice := c.enrolled("A1")
	asked := &realpersonhttp.Asked{Action: realperson.ActionSignUp, Session: random(32)}
	r, response, err := alice.ask(asked)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []*realpersonhttp.Asked{{Action: asked.Action, Session: random(32)}, {Action: asked.Action}} {
		_, err = alice.platform.Respond(t.Context(), r, wrong, response)
		refused(t, err, realperson.ErrNonce, realpersonhttp.BadNonce, http.StatusForbidden)
	}
	_, err = alice.platform.Respond(t.Context(), r, &realpersonhttp.Asked{Action: realperson.ActionVeto, Session: asked.Session}, response)
	if p, ok := errors.AsType[*realpersonhttp.ProblemError](err); !ok || p.Status >= 500 || p.Status < 400 {
		t.Errorf("another action: got %v", err)
	}
	if _, err := alice.platform.Respond(t.Context(), r, asked, response); err != nil {
		t.Fatal(err)
	}
	_, err = alice.platform.Respond(t.Context(), r, asked, response)
	refused(t, err, realperson.ErrReplayed, realpersonhttp.Replayed, http.StatusConflict)
}

// TestRebind moves an account to another key with consent, and reports a theft.
func TestRebind(t *testing.T) {
	c := newCity(t)
	alice := c.enrolled("A1")
	a, err := alice.do(realperson.ActionSignUp, "")
	if err != nil {
		t.Fatal(err)
	}
	if r, err := alice.do(realperson.ActionRebind, ""); err != nil || r.Account != a.Account {
		t.Fatalf("got %+v, %v", r, err)
	}
	if r, err := alice.do(realperson.ActionLogIn, ""); err != nil || r.Account != a.Account {
		t.Fatalf("got %+v, %v", r, err)
	}
	r, err := alice.do(realperson.ActionReportTheft, "")
	if err != nil || len(r.Reports) != 1 || !r.Reports[0].Equal(c.at) {
		t.Fatalf("got %+v, %v", r, err)
	}
	_, err = alice.do(realperson.ActionCompleteRebind, "")
	refused(t, err, realperson.ErrTooEarly, realpersonhttp.TooEarly, http.StatusConflict)
	if r, err := alice.do(realperson.ActionVeto, ""); err != nil || len(r.Reports) != 0 {
		t.Fatalf("got %+v, %v", r, err)
	}
	_, err = alice.do(realperson.ActionCompleteRebind, "")
	if err == nil {
		t.Error("completed after a veto")
	}
}

// TestReenrol starts a new generation, which the public log has.
func TestReenrol(t *testing.T) {
	c := newCity(t)
	c.enrolled("A1")
	lost := c.person("A1")
	reenrol := func() error {
		request, err := lost.wallet.ReenrolmentRequest(t.Context(), lost.citizen, lost.challenge(), realperson.ReasonLoss)
		if err != nil {
			t.Fatal(err)
		}
		issued, err := lost.authority.Reenrol(t.Context(), request, lost.evidence())
		if err != nil {
			return err
		}
		return lost.wallet.FinishEnrolment(t.Context(), issued)
	}
	refused(t, reenrol(), realperson.ErrTooSoon, realpersonhttp.TooSoon, http.StatusTooManyRequests)
	c.at = c.at.Add(366 * 24 * time.Hour)
	if err := reenrol(); err != nil {
		t.Fatal(err)
	}
	if got := lost.wallet.Generation(); got != 1 {
		t.Errorf("got generation %d, want 1", got)
	}
	if err := lost.wallet.CheckLog(t.Context(), lost.authority.PublicLog()); err != nil {
		t.Errorf("the public log: %v", err)
	}
	n := 0
	for e, err := range realperson.ReadLog(t.Context(), lost.authority.PublicLog(), lost.wallet.Authority().Authority, 0) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; e.Decision != realperson.NewGeneration || e.Generation != 1 {
			t.Errorf("got entry %+v", e)
		}
	}
	if n != 1 {
		t.Errorf("got %d entries, want 1", n)
	}
	if _, err := lost.authority.PublicLog().Append(t.Context(), "x", 0, []byte("x")); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("append: got %v", err)
	}
}

// TestPeopleFail hands nothing out when nobody can be identified now, or when it cannot be noted whose record it is; and a wallet may ask again.
func TestPeopleFail(t *testing.T) {
	c := newCity(t)
	alice := c.person("A1")
	failed := func(err error) {
		t.Helper()
		if p, ok := errors.AsType[*realpersonhttp.ProblemError](err); !ok || p.Code != realpersonhttp.Failed || !p.Temporary() {
			t.Errorf("got %v, want failed", err)
		}
	}
	c.people.broken = true
	failed(alice.enrol())
	c.people.broken, c.people.fail = false, true
	failed(alice.enrol())
	if alice.wallet.Enrolled() {
		t.Error("enrolled all the same")
	}
	c.people.fail = false
	if err := alice.enrol(); err != nil {
		t.Error(err)
	}
}

// TestLogNamesNobody looks for everything that names somebody in what the handlers logged.
func TestLogNamesNobody(t *testing.T) {
	c := newCity(t)
	alice := c.enrolled("A1")
	again := c.person("A1")
	_ = again.enrol()
	a, err := alice.do(realperson.ActionSignUp, "")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = alice.do(realperson.ActionSignUp, "")
	_, _ = alice.do(realperson.ActionUseScope, "vote")
	c.people.broken = true
	_ = again.enrol()
	got := c.log.String()
	for _, want := range []string{`"path":"/enrol"`, `"code":"enrolled"`, `"code":"account-exists"`, `"code":"failed"`, `"level":"ERROR"`} {
		if !strings.Contains(got, want) {
			t.Errorf("the log lacks %s", want)
		}
	}
	holder, err := alice.wallet.Holder(t.Context(), alice.wallet.Authority().Authority)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"A1", "did:", "FR", a.Account, holder.String(), "127.0.0.1", alice.citizen.Method.DID().String()[12:40], "ageOver18"} {
		if strings.Contains(got, name) {
			t.Errorf("the log has %q", name)
		}
	}
}

// TestFailuresNameNobody has what is behind the handlers fail with names, which go neither to who asks nor into the log.
func TestFailuresNameNobody(t *testing.T) {
	c := newCity(t)
	alice := c.enrolled("A1")
	const street, id, key = "7 Example Street", "did:example:alice", "person:0123456789abcdef0123456789abcdef"
	failed := func(err error) {
		t.Helper()
		p, ok := errors.AsType[*realpersonhttp.ProblemError](err)
		if !ok || p.Code != realpersonhttp.Failed || p.Detail != "" {
			t.Errorf("got %v, want failed and no more", err)
		}
	}
	c.people.told = errors.New("no claims of " + street + " " + id)
	failed(alice.renew())
	c.logFails = errors.New("the disk of " + id + " is full at " + key)
	for _, err := range realperson.ReadLog(t.Context(), alice.authority.PublicLog(), alice.wallet.Authority().Authority, 0) {
		failed(err)
	}
	got := c.log.String()
	if !strings.Contains(got, "is full at") || !strings.Contains(got, "could not be looked up") {
		t.Errorf("the log does not say why:\n%s", got)
	}
	for _, name := range []string{street, id, key[7:]} {
		if strings.Contains(got, name) {
			t.Errorf("the log has %q", name)
		}
	}
}
