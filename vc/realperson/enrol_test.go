package realperson

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
)

const somePlatform = "did:example:platform"

// A person enrols, activates, renews, and keeps the pseudonyms.
func TestEnrolAndRenew(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	issued := o.enrol(t, s)
	if issued.Generation != 0 || s.wallet.Generation() != 0 {
		t.Errorf("got generation %d, want 0", issued.Generation)
	}
	before := pseudonym(t, s.wallet, somePlatform)
	if got, want := s.wallet.Until(), time.Date(2026, 12, 14, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got credentials until %v, want %v", got, want)
	}
	o.nextEpoch()
	again, err := o.renew(t, s.wallet, s.Citizen, s.claims)
	fatal(t, err)
	fatal(t, s.wallet.FinishRenewal(t.Context(), again.Response))
	if pseudonym(t, s.wallet, somePlatform) != before {
		t.Error("the pseudonym has changed by renewal")
	}
	if got, want := s.wallet.Until(), time.Date(2026, 12, 21, 0, 0, 0, 0, time.UTC); !got.Equal(want) {
		t.Errorf("got credentials until %v, want %v", got, want)
	}
}

// The same papers enrol once, whatever DID and wallet they come with.
func TestSecondEnrolmentRefused(t *testing.T) {
	o := newOffice(t)
	first := o.somebody(t, "1")
	o.enrol(t, first)
	second := o.somebody(t, "1")
	_, err := o.authority.Enrol(t.Context(), o.request(t, second), second.evidence)
	wantError(t, err, ErrEnrolled)
	_, err = o.open(t).Enrol(t.Context(), o.request(t, second), second.evidence) // another process, which remembers nothing
	wantError(t, err, ErrNonce)
	other := o.somebody(t, "2")
	o.enrol(t, other)
	if pseudonym(t, first.wallet, somePlatform) == pseudonym(t, other.wallet, somePlatform) {
		t.Error("two persons have one pseudonym")
	}
}

// Of many enrolments that race for one person, with several authorities on one registry, one wins.
func TestEnrolmentsRace(t *testing.T) {
	for name, open := range registries {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, func(c *AuthorityConfig) { open(t, c) })
			const racers = 6
			var wins, losses int
			var mu sync.Mutex
			var wg sync.WaitGroup
			start := make(chan struct{})
			for range racers {
				s, a := o.somebody(t, "1"), o.open(t)
				request, err := s.wallet.EnrolmentRequest(t.Context(), s.Citizen, a.Challenge())
				fatal(t, err)
				wg.Go(func() {
					<-start
					issued, err := a.Enrol(context.Background(), request, s.evidence)
					mu.Lock()
					defer mu.Unlock()
					switch {
					case err == nil && s.wallet.FinishEnrolment(context.Background(), issued.Response) == nil:
						wins++
					case errors.Is(err, ErrEnrolled) && issued == nil:
						losses++
					default:
						t.Errorf("got %v, %v", issued, err)
					}
				})
			}
			close(start)
			wg.Wait()
			if wins != 1 || losses != racers-1 {
				t.Errorf("got %d enrolled and %d refused, want 1 and %d", wins, losses, racers-1)
			}
		})
	}
}

// slowLedger does something else before it writes, so that what was read is old, or fails.
type slowLedger struct {
	ledger.Ledger
	before func(key string, seq uint64)
	err    error // of every Append
}

func (l *slowLedger) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	if l.before != nil {
		l.before(key, seq)
	}
	if l.err != nil {
		return ledger.Entry{}, l.err
	}
	return l.Ledger.Append(ctx, key, seq, op)
}

// Between reading the registry and writing it, somebody else takes the person's place.
func TestEnrolmentOvertaken(t *testing.T) {
	slow := &slowLedger{}
	o := newOffice(t, func(c *AuthorityConfig) { slow.Ledger = c.Registry; c.Registry = slow })
	first, second := o.somebody(t, "1"), o.somebody(t, "1")
	slow.before = func(string, uint64) {
		slow.before = nil
		_, err := o.authority.Enrol(t.Context(), o.request(t, second), second.evidence)
		fatal(t, err)
	}
	_, err := o.authority.Enrol(t.Context(), o.request(t, first), first.evidence)
	wantError(t, err, ErrEnrolled)
}

// A wallet that did not hear the answer asks again, for the same secrets, until it has activated them.
func TestEnrolmentRepeated(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	_, err := o.authority.Enrol(t.Context(), o.request(t, s), s.evidence)
	fatal(t, err)
	issued, err := o.authority.Enrol(t.Context(), o.request(t, s), s.evidence)
	fatal(t, err)
	fatal(t, s.wallet.FinishEnrolment(t.Context(), issued.Response))
	repeated := o.somebody(t, "1") // the same DID and other secrets
	repeated.Citizen = s.Citizen
	_, err = o.authority.Enrol(t.Context(), o.request(t, repeated), s.evidence)
	wantError(t, err, ErrEnrolled)

	thief := o.somebody(t, "1") // another DID and the same secrets
	thief.wallet.prover, thief.wallet.commitment, thief.wallet.blind = s.wallet.prover, s.wallet.commitment, s.wallet.blind
	_, err = o.authority.Enrol(t.Context(), o.request(t, thief), s.evidence)
	wantError(t, err, ErrEnrolled)

	fatal(t, o.activate(t, s.wallet, s.Citizen))
	fatal(t, o.activate(t, s.wallet, s.Citizen)) // a repetition
	s.wallet.nyms = nil                          // so that it asks once more
	_, err = o.authority.Enrol(t.Context(), o.request(t, s), s.evidence)
	wantError(t, err, ErrEnrolled)
}

// A request counts once, at one authority, for a short time.
func TestEnrolmentReplayed(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	request := o.request(t, s)
	_, err := o.authority.Enrol(t.Context(), request, s.evidence)
	fatal(t, err)
	_, err = o.authority.Enrol(t.Context(), request, s.evidence)
	wantError(t, err, ErrReplayed)

	elsewhere := newOffice(t, func(c *AuthorityConfig) { c.Method = did.MustParse("did:example:elsewhere").WithFragment("bbs-1") })
	_, err = elsewhere.authority.Enrol(t.Context(), request, s.evidence)
	wantError(t, err, ErrMessage)
	elsewhere.authority.public.Authority = o.authority.public.Authority // whatever the audience, its challenge is another's
	_, err = elsewhere.authority.Enrol(t.Context(), request, s.evidence)
	wantError(t, err, ErrNonce)

	late := o.somebody(t, "2")
	request = o.request(t, late)
	o.now = o.now.Add(DefaultChallengeAge)
	_, err = o.authority.Enrol(t.Context(), request, late.evidence)
	wantError(t, err, ErrNonce)
	challenge := o.authority.Challenge()
	for _, shift := range []time.Duration{-citizenRequestAge - time.Second, clockSkew + time.Second} {
		now := o.now
		o.now = now.Add(shift)
		request, err = late.wallet.EnrolmentRequest(t.Context(), late.Citizen, challenge)
		fatal(t, err)
		o.now = now
		_, err = o.authority.Enrol(t.Context(), request, late.evidence)
		wantError(t, err, ErrMessage)
	}
	for _, challenge := range []string{"made-up", late.Method.String()[:40]} {
		request, err = late.wallet.EnrolmentRequest(t.Context(), late.Citizen, challenge)
		fatal(t, err)
		_, err = o.authority.Enrol(t.Context(), request, late.evidence)
		wantError(t, err, ErrNonce)
	}
}

// A nonce is not used up by a request that is refused before it counts, so that nobody loses it by a mistake.
func TestRefusedRequestKeepsNonce(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	request := o.request(t, s)
	_, err := o.authority.Enrol(t.Context(), request, &Evidence{})
	wantError(t, err, ErrEvidence)
	_, err = o.authority.Enrol(t.Context(), request, s.evidence)
	fatal(t, err)
}

// The request must be signed by a key that the person's DID has now for authentication.
func TestEnrolmentByOtherKeys(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	enrol := func(c *Citizen) error {
		b, err := s.wallet.EnrolmentRequest(t.Context(), c, o.authority.Challenge())
		fatal(t, err)
		_, err = o.authority.Enrol(t.Context(), b, s.evidence)
		return err
	}
	wantError(t, enrol(&Citizen{Method: s.Method, Signer: newEdwards(t)}), ErrSignature)
	wantError(t, enrol(&Citizen{Method: s.Method.DID().WithFragment("phone-9"), Signer: s.Signer}), ErrCitizen)
	wantError(t, enrol(&Citizen{Method: s.Method.DID().WithFragment("control-1"), Signer: s.phone}), ErrCitizen)

	stranger := o.somebody(t, "2")
	b, err := signMessage(t.Context(), s.wallet.members(s.Citizen, "x"), enrolmentType, stranger.Signer, stranger.Method)
	fatal(t, err)
	_, err = o.authority.Enrol(t.Context(), b, s.evidence)
	wantError(t, err, ErrMessage)

	fresh := o.rotate(t, s)
	wantError(t, enrol(s.Citizen), ErrCitizen)
	fatal(t, enrol(fresh))
}

func TestEvidenceLimits(t *testing.T) {
	good := Evidence{Country: "FR", Document: "register", Number: "131052-308T"}
	fatal(t, good.check())
	for name, change := range map[string]func(*Evidence){
		"no country":           func(e *Evidence) { e.Country = "" },
		"short country":        func(e *Evidence) { e.Country = "F" },
		"long country":         func(e *Evidence) { e.Country = "FRAN" },
		"lower-case country":   func(e *Evidence) { e.Country = "fr" },
		"no document":          func(e *Evidence) { e.Document = "" },
		"upper-case document":  func(e *Evidence) { e.Document = "Register" },
		"no number":            func(e *Evidence) { e.Number = "" },
		"number with a space":  func(e *Evidence) { e.Number = "1 2" },
		"lower-case number":    func(e *Evidence) { e.Number = "12a" },
		"number beyond ASCII":  func(e *Evidence) { e.Number = "１２" },
		"long number":          func(e *Evidence) { e.Number = string(slices.Repeat([]byte("1"), 65)) },
		"number with a letter": func(e *Evidence) { e.Number = "1É" },
	} {
		e := good
		change(&e)
		if err := e.check(); !errors.Is(err, ErrEvidence) {
			t.Errorf("%s: got %v, want ErrEvidence", name, err)
		}
	}
}

func TestClaimsAreEverybodys(t *testing.T) {
	p := &Parameters{Claims: officeClaims}
	_, err := p.checkClaims(map[string]any{"ageOver18": false, "residentOf": "FR"})
	fatal(t, err)
	for name, claims := range map[string]map[string]any{
		"none":          nil,
		"one missing":   {"ageOver18": true},
		"one more":      {"ageOver18": true, "residentOf": "FR", "citizenOf": "FR"},
		"another":       {"ageOver18": true, "citizenOf": "FR"},
		"a number":      {"ageOver18": 1, "residentOf": "FR"},
		"empty text":    {"ageOver18": true, "residentOf": ""},
		"free text":     {"ageOver18": true, "residentOf": "FR, Lyon"},
		"long text":     {"ageOver18": true, "residentOf": string(slices.Repeat([]byte("F"), 65))},
		"nothing known": {"ageOver18": nil, "residentOf": "FR"},
	} {
		if _, err := p.checkClaims(claims); !errors.Is(err, ErrEvidence) {
			t.Errorf("%s: got %v, want ErrEvidence", name, err)
		}
	}
}

func TestNewAuthorityRefuses(t *testing.T) {
	o := newOffice(t)
	edwards := newEdwards(t)
	for name, change := range map[string]func(*AuthorityConfig){
		"no signer":           func(c *AuthorityConfig) { c.Signer = nil },
		"another key":         func(c *AuthorityConfig) { c.Signer = wrongSigner{o.signer, edwards} },
		"no registry":         func(c *AuthorityConfig) { c.Registry = nil },
		"no log":              func(c *AuthorityConfig) { c.Log = nil },
		"no pepper":           func(c *AuthorityConfig) { c.Pepper = nil },
		"no keys":             func(c *AuthorityConfig) { c.Keys = nil },
		"short salt":          func(c *AuthorityConfig) { c.Salt = c.Salt[:minSalt-1] },
		"unknown claim":       func(c *AuthorityConfig) { c.Claims = []string{"shoeSize"} },
		"claims not in order": func(c *AuthorityConfig) { c.Claims = []string{"residentOf", "ageOver18"} },
		"claim twice":         func(c *AuthorityConfig) { c.Claims = []string{"ageOver18", "ageOver18"} },
		"odd epochs":          func(c *AuthorityConfig) { c.Epochs.Length = time.Second },
		"long salt":           func(c *AuthorityConfig) { c.Salt = make([]byte, maxSalt+1) },
		"negative batch":      func(c *AuthorityConfig) { c.Batch = -1 },
		"negative interval":   func(c *AuthorityConfig) { c.MinGenerationInterval = -1 },
		"negative age":        func(c *AuthorityConfig) { c.ChallengeAge = -1 },
		"high age":            func(c *AuthorityConfig) { c.ChallengeAge = maxChallengeAge + 1 },
		"negative evidence":   func(c *AuthorityConfig) { c.Citizen.MaxAge = -1 },
		"short secret": func(c *AuthorityConfig) {
			c.ChallengeSecret, c.Spent = make([]byte, nonceSecretSize-1), newSpentSet(1, time.Now)
		},
		"another as former": func(c *AuthorityConfig) {
			p := o.authority.Parameters()
			p.Authority = did.MustParse("did:example:other")
			p.Method = p.Authority.WithFragment("bbs-1")
			c.Former = []Parameters{p}
		},
		"former without key": func(c *AuthorityConfig) {
			p := o.authority.Parameters()
			p.Method, p.Key = p.Authority.WithFragment("bbs-0"), nil
			c.Former = []Parameters{p}
		},
		"large batch":       func(c *AuthorityConfig) { c.Batch = MaxBatch + 1 },
		"shared challenges": func(c *AuthorityConfig) { c.ChallengeSecret = make([]byte, nonceSecretSize) },
		"relative method":   func(c *AuthorityConfig) { c.Method = did.URL{} },
		"itself as former":  func(c *AuthorityConfig) { c.Former = []Parameters{o.authority.Parameters()} },
	} {
		c := o.config
		change(&c)
		if _, err := NewAuthority(&c); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := NewPepper(make([]byte, minPepper-1)); err == nil {
		t.Error("short pepper: got no error")
	}
}

type wrongSigner struct {
	*bbs.PrivateKey
	key *keys.PrivateKey
}

func (s wrongSigner) Public() keys.PublicKey { return s.key.Public() }
