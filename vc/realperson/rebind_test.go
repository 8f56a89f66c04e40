package realperson

import (
	"context"
	"errors"
	"iter"
	"testing"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
)

// send makes a response and gives it to the platform.
func (t *town) send(tb testing.TB, c *citizen, p *Platform, a Action) (*VerifierRequest, *Account, error) {
	tb.Helper()
	r := t.ask(tb, c.wallet, p, a, nil)
	b, err := respond(tb.Context(), c.wallet, r, Policy{})
	fatal(tb, err)
	account, err := p.take(tb.Context(), a, b)
	return r, account, err
}

// take calls the platform's method of the action.
func (p *Platform) take(ctx context.Context, a Action, b []byte) (account *Account, err error) {
	switch a {
	case ActionSignUp:
		account, _, err = p.SignUp(ctx, b, nil)
	case ActionLogIn:
		account, err = p.LogIn(ctx, b, nil)
	case ActionRebind:
		account, _, err = p.Rebind(ctx, b, nil)
	case ActionReportTheft:
		account, _, err = p.ReportTheft(ctx, b, nil)
	case ActionCompleteRebind:
		account, _, err = p.CompleteRebind(ctx, b, nil)
	case ActionVeto:
		account, _, err = p.Veto(ctx, b, nil)
	}
	return account, err
}

// thief copies what a wallet has, but for the pairwise keys, which live in the phone's enclave, and what comes later.
func (c *citizen) thief(tb testing.TB) *citizen {
	tb.Helper()
	w := c.wallet
	stolen := &Wallet{
		authority: w.authority, now: w.now, prover: w.prover, blind: w.blind, commitment: w.commitment, entropy: w.entropy, nyms: w.nyms,
		generation: w.generation, credentials: append([]held(nil), w.credentials...), scopeSecret: w.scopeSecret, seed: realdid.NewSeed(),
	}
	return &citizen{wallet: stolen, claims: c.claims}
}

// TestRebind: the present key consents, and the new one logs in.
func TestRebind(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	before := city.signUp(t, alice, p)
	r, after, err := city.send(t, alice, p, ActionRebind)
	fatal(t, err)
	if after.ID != before.ID || after.Holder == before.Holder {
		t.Error("not the same account with another key")
	}
	if _, _, err := city.send(t, alice, p, ActionLogIn); !errors.Is(err, ErrNotHolder) {
		t.Errorf("got %v with the key of before, want ErrNotHolder", err)
	}
	alice.wallet.Rebound(r)
	alice.wallet.Rebound(r) // once more changes nothing
	if _, got, err := city.send(t, alice, p, ActionLogIn); err != nil || got.Holder != after.Holder {
		t.Errorf("got %v with the new key", err)
	}
	if h, err := alice.wallet.Holder(t.Context(), p.DID()); err != nil || h != after.Holder {
		t.Errorf("got another DID of the wallet (%v)", err)
	}
	city.later(1) // another nonce
	r, _, err = city.send(t, alice, p, ActionRebind)
	fatal(t, err)
	alice.wallet.Rebound(r)
	_, _, err = city.send(t, alice, p, ActionLogIn)
	fatal(t, err)
	alice.wallet.Rebound(city.ask(t, alice.wallet, p, ActionLogIn, nil)) // not a rebinding
	_, _, err = city.send(t, alice, p, ActionLogIn)
	fatal(t, err)
}

// TestConsent: a consent is to one rebinding, by the account's key.
func TestConsent(t *testing.T) {
	city := newTown(t)
	p, other, alice := city.platform(t), city.platform(t), city.wallet(t)
	city.signUp(t, alice, p)
	city.signUp(t, alice, other)
	mallory := alice.thief(t)
	next, err := mallory.wallet.holder(t.Context(), p.DID(), 1)
	fatal(t, err)
	genuine := func(from *Platform) map[string]any {
		return payload(t, []byte(payload(t, city.answer(t, alice, from, ActionRebind))["consent"].(string)))
	}
	own, err := alice.wallet.holder(t.Context(), p.DID(), 0)
	fatal(t, err)
	sign := func(h *realdid.Pairwise, m map[string]any) string {
		m["iss"] = h.DID.String()
		return string(forge(t, consentType, h.Authentication, h.DID.WithFragment(realdid.PairwiseFragment), m))
	}
	for name, c := range map[string]struct {
		consent func(m map[string]any) string
		want    error
	}{
		"to another key": {func(m map[string]any) string {
			return sign(own, map[string]any{"aud": m["aud"], "nonce": m["nonce"], "next": stranger(t).DID.String()})
		}, ErrMessage},
		"to another request": {func(m map[string]any) string {
			return sign(own, map[string]any{"aud": m["aud"], "nonce": genuine(p)["nonce"], "next": m["iss"]})
		}, ErrMessage},
		"at another platform": {func(m map[string]any) string {
			return sign(own, map[string]any{"aud": other.method.DID().String(), "nonce": m["nonce"], "next": m["iss"]})
		}, ErrMessage},
		"by the new key itself": {func(m map[string]any) string {
			return sign(next, map[string]any{"aud": m["aud"], "nonce": m["nonce"], "next": m["iss"]})
		}, ErrNotHolder},
		"in another's name": {func(m map[string]any) string {
			return string(forge(t, consentType, next.Authentication, own.DID.WithFragment(realdid.PairwiseFragment),
				map[string]any{"iss": own.DID.String(), "aud": m["aud"], "nonce": m["nonce"], "next": m["iss"]}))
		}, ErrSignature},
		"a response": {func(m map[string]any) string {
			return string(city.answer(t, alice, p, ActionLogIn))
		}, ErrMessage},
		"a member more": {func(m map[string]any) string {
			return sign(own, map[string]any{"aud": m["aud"], "nonce": m["nonce"], "next": m["iss"], "x": 1})
		}, ErrMessage},
		"nothing": {func(m map[string]any) string { return "x" }, ErrMessage},
	} {
		m := payload(t, city.answer(t, mallory, p, ActionRebind))
		m["consent"] = c.consent(m)
		_, _, err := p.Rebind(t.Context(), forgeAs(t, next, m), nil)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	m := payload(t, city.answer(t, mallory, p, ActionRebind))
	m["consent"] = sign(own, map[string]any{"aud": m["aud"], "nonce": m["nonce"], "next": m["iss"]})
	if _, _, err := p.Rebind(t.Context(), forgeAs(t, next, m), nil); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// TestTheft: somebody copied the secrets of alice's phone. They report, wait, and get nothing; she vetoes, and they cannot even report.
func TestTheft(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	city.signUp(t, alice, p)
	thief := alice.thief(t)
	step := func(c *citizen, a Action, want error) *Account {
		t.Helper()
		_, account, err := city.send(t, c, p, a)
		if !errors.Is(err, want) || (err == nil) != (want == nil) {
			t.Fatalf("%s: got %v, want %v", a, err, want)
		}
		return account
	}
	step(thief, ActionLogIn, ErrNotHolder)
	step(thief, ActionRebind, ErrNotHolder)
	step(thief, ActionVeto, ErrNotHolder)
	step(thief, ActionSignUp, ErrAccountExists)
	step(thief, ActionCompleteRebind, ErrNoReport)
	step(thief, ActionReportTheft, nil)
	if a := step(alice, ActionLogIn, nil); len(a.Reports) != 1 || !a.Reports[0].Equal(city.clock) {
		t.Errorf("got reports %v, want the one of now", a.Reports)
	}
	step(thief, ActionCompleteRebind, ErrTooEarly)
	city.later(DefaultRebindDelay)
	step(thief, ActionCompleteRebind, ErrIssuedBefore)
	city.nextEpoch()
	step(thief, ActionCompleteRebind, ErrIssuedBefore) // with the next credential of the stolen batch
	if a := step(alice, ActionVeto, nil); len(a.Reports) != 0 {
		t.Errorf("got reports %v after a veto", a.Reports)
	}
	step(thief, ActionReportTheft, ErrVetoed)
	step(thief, ActionCompleteRebind, ErrVetoed)
	city.renew(t, alice)
	step(alice, ActionVeto, nil)
	step(thief, ActionReportTheft, ErrStaleCredential)
	step(alice, ActionLogIn, nil)
}

// TestLostPhone: alice lost the phone with its pairwise keys; with her backup of the secrets, and the keys of her DID, the account comes back.
func TestLostPhone(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	before := city.signUp(t, alice, p)
	phone := alice.thief(t) // the same secrets, other pairwise keys
	_, _, err := city.send(t, phone, p, ActionReportTheft)
	fatal(t, err)
	city.nextEpoch()
	_, _, err = city.send(t, phone, p, ActionCompleteRebind)
	wantError(t, err, ErrIssuedBefore)
	city.renew(t, phone)
	r, after, err := city.send(t, phone, p, ActionCompleteRebind)
	fatal(t, err)
	phone.wallet.Rebound(r)
	if after.ID != before.ID || after.Holder == before.Holder || len(after.Reports) != 0 || !after.Created.Equal(before.Created) {
		t.Errorf("got account %+v", after)
	}
	_, _, err = city.send(t, phone, p, ActionLogIn)
	fatal(t, err)
	_, _, err = city.send(t, alice, p, ActionLogIn)
	wantError(t, err, ErrNotHolder)
	_, _, err = city.send(t, alice, p, ActionRebind)
	wantError(t, err, ErrStaleCredential)
}

// racingLedger lets somebody else come first.
type racingLedger struct {
	ledger.Ledger
	before func()
}

func (l *racingLedger) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	if f := l.before; f != nil {
		l.before = nil
		f()
	}
	return l.Ledger.Append(ctx, key, seq, op)
}

// TestRacingEvents: two events at one moment both happen, the second to what the first left.
func TestRacingEvents(t *testing.T) {
	city := newTown(t)
	lg := &racingLedger{}
	p, alice := city.platform(t, func(c *PlatformConfig) { lg.Ledger = c.Accounts; c.Accounts = lg }), city.wallet(t)
	city.signUp(t, alice, p)
	thief := alice.thief(t)
	lg.before = func() {
		_, _, err := city.send(t, thief, p, ActionReportTheft)
		fatal(t, err)
	}
	_, a, err := city.send(t, alice, p, ActionVeto)
	fatal(t, err)
	if len(a.Reports) != 0 {
		t.Error("a veto did not see the report that came before it")
	}
	_, a, err = city.send(t, alice, p, ActionLogIn)
	if err != nil || len(a.Reports) != 0 {
		t.Errorf("got %v and reports %v", err, a.Reports)
	}
	n := 0
	for range p.accounts.ledger.History(t.Context(), accountPrefix+a.ID, 0) {
		n++
	}
	if n != 3 {
		t.Errorf("got %d entries, want 3", n)
	}
}

// brokenAccounts fails, or shows what is no account.
type brokenAccounts struct {
	ledger.Ledger
	err error
	op  []byte
}

func (l *brokenAccounts) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	if l.err != nil {
		return ledger.Entry{}, l.err
	}
	return l.Ledger.Append(ctx, key, seq, op)
}

func (l *brokenAccounts) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		switch {
		case l.op != nil:
			yield(ledger.Entry{Key: key, Op: l.op}, nil)
		case l.err != nil:
			yield(ledger.Entry{}, l.err)
		default:
			l.Ledger.History(ctx, key, from)(yield)
		}
	}
}

// TestBrokenStore: an error of the store is told, and nothing is taken for an account that is not there.
func TestBrokenStore(t *testing.T) {
	city := newTown(t)
	lg := &brokenAccounts{}
	p, alice := city.platform(t, func(c *PlatformConfig) { lg.Ledger = c.Accounts; c.Accounts = lg }), city.wallet(t)
	lg.err = errors.New("disk")
	_, _, err := city.send(t, alice, p, ActionSignUp)
	wantError(t, err, lg.err)
	if _, _, err := city.use(t, alice, p, Scope{Name: "a", Limit: 1}); !errors.Is(err, lg.err) || errors.Is(err, ErrScopeUsed) {
		t.Errorf("got %v", err)
	}
	lg.err = nil
	city.signUp(t, alice, p)
	lg.err = errors.New("disk")
	_, _, err = city.send(t, alice, p, ActionLogIn)
	wantError(t, err, lg.err)
	lg.op = []byte(`{"v":1}`)
	_, _, err = city.send(t, alice, p, ActionLogIn)
	wantError(t, err, ledger.ErrCorrupt)
}

// TestAccountRecord: an entry reads as it was written, and nothing else reads.
func TestAccountRecord(t *testing.T) {
	s := &accountState{
		holder: keyNamed("a"), created: day(1), updated: day(2), highest: week(1), vetoed: week(0),
		reports: []theftReport{{keyNamed("b"), day(1), week(0)}, {keyNamed("c"), day(2), week(1)}},
	}
	b, err := s.encode(ActionVeto, "n")
	fatal(t, err)
	got, err := parseAccountState(b)
	fatal(t, err)
	if !got.same(s) || !got.created.Equal(s.created) || !got.updated.Equal(s.updated) {
		t.Error("another state")
	}
	other, err := s.encode(ActionVeto, "m")
	fatal(t, err)
	if string(other) == string(b) {
		t.Error("entries of two messages are equal: one could pass for the other")
	}
	for name, change := range map[string]func(m map[string]any){
		"version":      func(m map[string]any) { m["v"] = 2 },
		"no holder":    func(m map[string]any) { delete(m, "holder") },
		"not a DID":    func(m map[string]any) { m["holder"] = "x" },
		"a member":     func(m map[string]any) { m["x"] = 1 },
		"a date":       func(m map[string]any) { m["highest"] = "2026-11-18" },
		"no list":      func(m map[string]any) { m["reports"] = "x" },
		"five reports": func(m map[string]any) { r := m["reports"].([]any); m["reports"] = append(append(r, r...), r...) },
		"a report":     func(m map[string]any) { m["reports"] = []any{map[string]any{"holder": "did:a:b"}} },
		"a bad report": func(m map[string]any) {
			m["reports"] = []any{map[string]any{"holder": "x", "at": formatTime(day(1)), "issued": formatTime(day(1))}}
		},
		"a short nonce": func(m map[string]any) { m["nonce"] = "AAAA" },
	} {
		m := decodeJSON(t, b)
		change(m)
		if _, err := parseAccountState(encodeJSON(t, m)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
