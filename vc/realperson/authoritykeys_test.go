package realperson

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/vc"
)

// What a resolver answers about a person's DID is not believed as it comes.
func TestCitizenKeys(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	m, err := parseEnrolment(o.request(t, s))
	fatal(t, err)
	verify := func(change func(*did.ResolvedKey), policy CitizenPolicy) error {
		return verifyCitizen(t.Context(), changedKeys{o.resolver, change}, &policy, m.token, m.method, o.now)
	}
	fatal(t, verify(func(*did.ResolvedKey) {}, CitizenPolicy{}))
	for name, change := range map[string]func(*did.ResolvedKey){
		"another method":      func(r *did.ResolvedKey) { r.Method.ID = s.Method.DID().WithFragment("phone-10") },
		"another controller":  func(r *did.ResolvedKey) { r.Method.Controller = did.MustParse(somePlatform) },
		"another purpose":     func(r *did.ResolvedKey) { r.Method.Purposes = did.AssertionMethod },
		"retired":             func(r *did.ResolvedKey) { r.Status = did.KeyRetired },
		"removed":             func(r *did.ResolvedKey) { r.Removed = o.now },
		"deactivated":         func(r *did.ResolvedKey) { r.Deactivated = true },
		"expired":             func(r *did.ResolvedKey) { r.Method.Expires = o.now },
		"revoked":             func(r *did.ResolvedKey) { r.Method.Revoked = o.now },
		"only its beginning":  func(r *did.ResolvedKey) { r.Evidence.GenesisOnly = true },
		"absent":              func(r *did.ResolvedKey) { r.Evidence.Absent = true },
		"nothing was checked": func(r *did.ResolvedKey) { r.Evidence.Replayed = false },
		"auditors' word":      func(r *did.ResolvedKey) { r.Evidence.Replayed, r.Evidence.Latest = false, true },
	} {
		if err := verify(change, CitizenPolicy{}); !errors.Is(err, ErrCitizen) || errors.Is(err, vc.ErrUnknown) {
			t.Errorf("%s: got %v, want ErrCitizen", name, err)
		}
	}
	audited := func(r *did.ResolvedKey) { r.Evidence.Replayed, r.Evidence.Latest = false, true }
	fatal(t, verify(audited, CitizenPolicy{Evidence: vc.EvidenceNeeds{TrustAuditors: true}}))
	wantUnknown(t, verify(func(*did.ResolvedKey) {}, CitizenPolicy{Evidence: vc.EvidenceNeeds{Latest: true}}))
	wantUnknown(t, verify(func(r *did.ResolvedKey) { r.Evidence.OperatorTime = true }, CitizenPolicy{Evidence: vc.EvidenceNeeds{NoOperatorTime: true}}))
	old := func(r *did.ResolvedKey) { r.Evidence.AsOf = o.now.Add(-time.Minute) }
	fatal(t, verify(old, CitizenPolicy{MaxAge: time.Minute}))
	wantUnknown(t, verify(old, CitizenPolicy{MaxAge: time.Minute - 1}))
	wantUnknown(t, verify(func(r *did.ResolvedKey) { r.Evidence.AsOf = time.Time{} }, CitizenPolicy{}))
	wantUnknown(t, verifyCitizen(t.Context(), awayKeys{}, &CitizenPolicy{}, m.token, m.method, o.now))
	wantError(t, verifyCitizen(t.Context(), noKeys{}, &CitizenPolicy{}, m.token, m.method, o.now), ErrCitizen)
}

// noKeys finds nothing, and says so in no words.
type noKeys struct{}

func (noKeys) Key(context.Context, did.URL, did.Purpose, time.Time) (*did.ResolvedKey, error) {
	return nil, nil
}

// A DID that nobody registered does not enrol: a thief of its key could not be locked out. A registered one is the same person under
// both of its names.
func TestUnregisteredDID(t *testing.T) {
	o := newOffice(t)
	login, control, next := newEdwards(t), newEdwards(t), newEdwards(t)
	draft, err := realdid.DraftCreate(&realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()), Document: loginDocument("phone-1", login),
	})
	fatal(t, err)
	fatal(t, draft.Sign(t.Context(), control))
	op, err := draft.Operation()
	fatal(t, err)
	long, err := op.LongForm()
	fatal(t, err)
	s := o.somebody(t, "1")
	s.Citizen = &Citizen{Method: long.WithFragment("phone-1"), Signer: login}
	_, err = o.authority.Enrol(t.Context(), o.request(t, s), s.evidence)
	wantError(t, err, ErrCitizen)
	_, err = o.dids.Submit(t.Context(), op)
	fatal(t, err)
	o.enrol(t, s)
	short, err := canonicalDID(long)
	fatal(t, err)
	s.Citizen = &Citizen{Method: short.WithFragment("phone-1"), Signer: login}
	_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
	fatal(t, err)

	// An authority has one name as well: pseudonyms are computed from it.
	p := o.authority.Parameters()
	p.Authority, p.Method = long, long.WithFragment("phone-1")
	if p.Check() == nil {
		t.Error("an authority in its long form is taken")
	}
	p.Authority, p.Method = short, short.WithFragment("phone-1")
	fatal(t, p.Check())
}
