package realperson

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc"
)

// Which entries of a person may follow each other: those that a reader understands are those that a reducer admits.
func TestRegistryEntriesFollow(t *testing.T) {
	commitment, entropy := make([]byte, 48), bbs.NewNymEntropy()
	at := time.Date(2026, 11, 18, 0, 0, 0, 0, time.UTC)
	words := map[string]func(n int) *entry{
		"g": func(n int) *entry { // the next generation
			e := &entry{typ: entryGeneration, generation: n, citizen: did.MustParse("did:example:1"), commitment: commitment, entropy: entropy}
			if n > 0 {
				e.act, e.reason = make([]byte, actSize), ReasonLoss
			}
			return e
		},
		"a": func(int) *entry { return &entry{typ: entryActivated, pseudonym: make([]byte, pseudonymSize)} },
		"l": func(int) *entry { return &entry{typ: entryLogged, number: 3} },
		"r": func(int) *entry { return &entry{typ: entryRefused, act: make([]byte, actSize), reason: ReasonFraud} },
		"i": func(int) *entry {
			return &entry{typ: entryReinstated, act: make([]byte, actSize), reason: ReasonAppeal}
		},
	}
	words["0"] = func(int) *entry { return words["g"](0) } // the first again
	words["2"] = func(int) *entry { return words["g"](2) } // one is left out
	key := registryPrefix + strings.Repeat("0", 64)
	for sequence, good := range map[string]bool{
		"g": true, "ga": true, "ggl": true, "ggg": false, "gagla": true, "grl": true, "grlil": true, "garlilgl": true,
		"a": false, "l": false, "r": false, "i": false, "2": false, "g0": false, "g2": false, "gaa": false, "gga": false, "ggr": false, "gl": false,
		"gi": false, "grlr": false, "grlg": false, "gr0": false, "gra": false, "gri": false, "grlill": false, "grlili": false, "grla": true,
	} {
		var state []byte
		p := &person{}
		generations := 0
		var read, admitted error
		for i, w := range strings.Split(sequence, "") {
			e := words[w](generations)
			e.time = at
			b, err := e.encode()
			fatal(t, err)
			if w == "g" {
				generations++
			}
			parsed, err := parseEntry(b)
			fatal(t, err)
			read = p.apply(parsed)
			var r ledger.Reduced
			r, admitted = registryReducer{}.Reduce(key, state, b, ledger.Anchor{})
			state = r.State
			if (read == nil) != (admitted == nil) || read != nil && i != len(sequence)-1 {
				t.Fatalf("%s: at %d the reader says %v and the reducer %v", sequence, i, read, admitted)
			}
		}
		if (read == nil) != good {
			t.Errorf("%s: got %v, want taken %v", sequence, read, good)
		}
	}
	first, err := (&entry{typ: entryGeneration, time: at, citizen: did.MustParse("did:example:1"), commitment: commitment, entropy: entropy}).encode()
	fatal(t, err)
	for _, bad := range []string{"other:" + strings.Repeat("0", 64), registryPrefix + "0", strings.Repeat("0", 64)} {
		if _, err := (registryReducer{}).Reduce(bad, nil, first, ledger.Anchor{}); err == nil {
			t.Errorf("the key %q is admitted", bad)
		}
	}
	odd, err := (&entry{typ: entryRefused, time: at, act: make([]byte, actSize), reason: ReasonLoss}).encode()
	fatal(t, err)
	for _, op := range []string{"", "{}", string(first) + " x", string(odd)} {
		if _, err := (registryReducer{}).Reduce(key, nil, []byte(op), ledger.Anchor{}); err == nil {
			t.Errorf("the entry %q is admitted", op)
		}
	}
	if _, err := parseEntry(odd); err == nil {
		t.Error("a refusal because of a loss is read")
	}
	free := registry{memledger.New(nil, nil)} // which admits everything
	p := &person{key: strings.Repeat("0", 64)}
	if err := free.append(t.Context(), p, words["a"](0)); err == nil || p.length != 0 {
		t.Error("an activation of nobody is written")
	}
	if p, err = free.read(t.Context(), p.key); err != nil || p.length != 0 {
		t.Errorf("got %d entries, %v, want none", p.length, err)
	}
	if _, err := (registryReducer{}).Reduce(key, []byte{1}, first, ledger.Anchor{}); err == nil {
		t.Error("a state of another kind is admitted")
	}
	log, err := (&LogEntry{Decision: Refusal, Reason: ReasonDeath, Epoch: at, Act: make([]byte, actSize)}).encode()
	fatal(t, err)
	for _, bad := range []string{"realperson-log:0", "log:" + strings.Repeat("0", 64)} {
		if _, err := (logReducer{}).Reduce(bad, nil, log, ledger.Anchor{}); !errors.Is(err, ErrLog) {
			t.Errorf("the key %q: got %v, want ErrLog", bad, err)
		}
	}
	if _, err := (logReducer{}).Reduce(logPrefix+strings.Repeat("0", 64), nil, []byte("{}"), ledger.Anchor{}); !errors.Is(err, ErrLog) {
		t.Error("an entry that is none is admitted to the log")
	}
}

// unreadLedger cannot be read.
type unreadLedger struct {
	ledger.Ledger
	err error
}

func (l *unreadLedger) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	if l.err == nil {
		return l.Ledger.History(ctx, key, from)
	}
	return func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, l.err) }
}

// When a store cannot be read, or holds what nobody wrote, nothing is given out.
func TestBrokenStores(t *testing.T) {
	broken := errors.New("broken")
	registry, log := &unreadLedger{}, &unreadLedger{}
	o := newOffice(t, func(c *AuthorityConfig) {
		registry.Ledger, c.Registry = memledger.New(nil, nil), registry
		log.Ledger, c.Log = c.Log, log
		c.MinGenerationInterval = time.Hour
	})
	s := o.somebody(t, "1")
	record := o.enrol(t, s).Record
	o.now = o.now.Add(time.Hour)
	all := func(want error) {
		t.Helper()
		_, err := o.authority.Enrol(t.Context(), o.request(t, o.somebody(t, "1")), s.evidence)
		wantError(t, err, want)
		_, err = o.reenrol(t, o.wallet(t), s)
		wantError(t, err, want)
		_, err = o.renew(t, s.wallet, s.Citizen, s.claims)
		wantError(t, err, want)
		wantError(t, o.activate(t, s.wallet, s.Citizen), want)
		_, err = o.authority.Refuse(t.Context(), record, ReasonFraud)
		wantError(t, err, want)
	}
	registry.err = broken
	all(broken)
	registry.err, log.err = nil, broken
	_, err := o.reenrol(t, o.wallet(t), s)
	wantError(t, err, broken)
	log.err = nil
	_, err = o.reenrol(t, o.wallet(t), s)
	wantError(t, err, ErrTooSoon) // the generation stands since the attempt before

	p, err := o.authority.registry.read(t.Context(), record)
	fatal(t, err)
	_, err = registry.Append(t.Context(), registryPrefix+record, p.length, []byte("garbage"))
	fatal(t, err)
	if _, err := o.authority.registry.read(t.Context(), record); err == nil {
		t.Error("garbage in the registry is read")
	}
	_, err = log.Ledger.(*memledger.Ledger).Append(t.Context(), LogKey(o.authority.public.Authority), 1, []byte("garbage"))
	if !errors.Is(err, ledger.ErrInvalid) {
		t.Errorf("garbage in the log: got %v, want ledger.ErrInvalid", err)
	}
}

// A conflict with the same wallet's other request is none: the same secrets are signed, and the challenge is not spent twice.
func TestEnrolmentOvertakenByItself(t *testing.T) {
	slow := &slowLedger{}
	o := newOffice(t, func(c *AuthorityConfig) { slow.Ledger = c.Registry; c.Registry = slow })
	s := o.somebody(t, "1")
	slow.before = func(string, uint64) {
		slow.before = nil
		_, err := o.authority.Enrol(t.Context(), o.request(t, s), s.evidence)
		fatal(t, err)
	}
	issued, err := o.authority.Enrol(t.Context(), o.request(t, s), s.evidence)
	fatal(t, err)
	fatal(t, s.wallet.FinishEnrolment(t.Context(), issued.Response))
}

// Somebody else logs an act meanwhile: it stands once.
func TestSettledMeanwhile(t *testing.T) {
	slow := &slowLedger{}
	o := newOffice(t, func(c *AuthorityConfig) {
		slow.Ledger = c.Registry
		c.Registry = slow
		c.MinGenerationInterval = time.Hour
	})
	s := o.somebody(t, "1")
	o.enrol(t, s)
	o.now = o.now.Add(time.Hour)
	record := s.wallet.record
	appends := 0
	slow.before = func(key string, seq uint64) {
		if appends++; appends != 2 { // the second is the one that says where the log has it
			return
		}
		slow.before = nil
		_, err := o.open(t).open(t.Context(), record)
		fatal(t, err)
	}
	w := o.wallet(t)
	issued, err := o.reenrol(t, w, s)
	fatal(t, err)
	fatal(t, w.FinishEnrolment(t.Context(), issued.Response))
	fatal(t, w.CheckLog(t.Context(), o.log))
	if n := len(o.entries(t)); n != 1 {
		t.Errorf("%d entries in the log, want 1", n)
	}
}

// Several processes share challenges and what was spent of them.
func TestSharedChallenges(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.ChallengeSecret = make([]byte, nonceSecretSize) }, func(c *AuthorityConfig) {
		c.Spent = newSpentSet(10, c.Clock)
	})
	first, second := o.open(t), o.open(t)
	s := o.somebody(t, "1")
	b, err := s.wallet.EnrolmentRequest(t.Context(), s.Citizen, first.Challenge())
	fatal(t, err)
	_, err = second.Enrol(t.Context(), b, s.evidence)
	fatal(t, err)
	_, err = first.Enrol(t.Context(), b, s.evidence)
	wantError(t, err, ErrReplayed)
}

func TestEnrolRefuses(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	_, err := o.authority.Enrol(t.Context(), o.request(t, s), nil)
	wantError(t, err, ErrEvidence)
	bad := s.evidenceOf("not a number")
	_, err = o.authority.Enrol(t.Context(), o.request(t, s), bad)
	wantError(t, err, ErrEvidence)
	_, err = o.authority.Enrol(t.Context(), []byte("x"), s.evidence)
	wantError(t, err, ErrMessage)

	request := o.request(t, s)
	change := func(f func(commitment []byte) []byte) error {
		b := resign(t, s.Citizen, request, enrolmentType, func(m map[string]any) {
			m["commitment"], m["nonce"] = encode(f(append([]byte(nil), s.wallet.commitment...))), o.authority.Challenge()
		})
		_, err := o.authority.Enrol(t.Context(), b, s.evidence)
		return err
	}
	wantError(t, change(func(c []byte) []byte { c[len(c)-1] ^= 1; return c }), ErrCommitment)
	fewer, err := bbs.NewNymSecrets(NymCount - 1)
	fatal(t, err)
	small, _, err := bbs.SHA256.NymCommit(nil, fewer)
	fatal(t, err)
	wantError(t, change(func([]byte) []byte { return small }), ErrMessage)
	wantError(t, change(func(c []byte) []byte { return c[:len(c)-1] }), ErrMessage)
	fatal(t, change(func(c []byte) []byte { return c }))

	o.config.Pepper = shortPepper{}
	_, err = o.open(t).Enrol(t.Context(), o.request(t, s), s.evidence)
	if err == nil {
		t.Error("a broken pepper enrols")
	}
}

// There is an end to generations.
func TestLastGeneration(t *testing.T) {
	o := newOffice(t, func(c *AuthorityConfig) { c.MinGenerationInterval = time.Hour })
	r := &enrolmentRequest{kind: enrolAnew, reason: ReasonLoss, message: &message{}, commitment: []byte{1}}
	p := &person{current: &entry{generation: MaxGeneration - 1, time: o.now.Add(-time.Hour)}}
	_, err := o.authority.admit(p, r, o.now)
	fatal(t, err)
	p.current.generation++
	if _, err := o.authority.admit(p, r, o.now); err == nil {
		t.Error("a generation after the last")
	}
}

// A wallet asks for nothing without a key of its citizen.
func TestNoCitizen(t *testing.T) {
	o := newOffice(t)
	s := o.somebody(t, "1")
	for name, c := range map[string]*Citizen{
		"none": nil, "no signer": {Method: s.Method}, "no key of a DID": {Method: s.Method.DID().URL(), Signer: s.Signer},
	} {
		if _, err := s.wallet.EnrolmentRequest(t.Context(), c, "x"); err == nil {
			t.Errorf("%s: enrols", name)
		}
	}
	wantNotEnrolled := func(_ []byte, err error) { t.Helper(); wantError(t, err, ErrNotEnrolled) }
	wantNotEnrolled(s.wallet.ActivationRequest(t.Context(), s.Citizen, "x"))
	wantNotEnrolled(s.wallet.RenewalRequest(t.Context(), s.Citizen, "x"))
	wantError(t, s.wallet.FinishRenewal(t.Context(), nil), ErrBatch)
	_, err := s.wallet.Statements()
	wantError(t, err, ErrNotEnrolled)
	o.enrol(t, s)
	for name, c := range map[string]*Citizen{"none": nil, "no signer": {Method: s.Method}} {
		if _, err := s.wallet.ActivationRequest(t.Context(), c, "x"); err == nil {
			t.Errorf("%s: activates", name)
		}
		if _, err := s.wallet.RenewalRequest(t.Context(), c, "x"); err == nil {
			t.Errorf("%s: renews", name)
		}
	}
	_, err = s.wallet.EnrolmentRequest(t.Context(), s.Citizen, "x")
	wantError(t, err, ErrWalletEnrolled)
	wantError(t, s.wallet.FinishEnrolment(t.Context(), o.batch(t, s.wallet, s.wallet.commitment, &marker{})), ErrWalletEnrolled)
	states, err := s.wallet.Statements()
	fatal(t, err)
	if states["residentOf"] != "FR" || len(states) != len(officeClaims) {
		t.Errorf("got statements %v", states)
	}
	other := o.authority.Parameters()
	other.Authority = did.MustParse("did:example:other")
	other.Method = other.Authority.WithFragment("bbs-1")
	wantError(t, s.wallet.FinishRenewalUnder(t.Context(), nil, other), ErrBatch)
	if s.wallet.FinishRenewalUnder(t.Context(), nil, Parameters{}) == nil {
		t.Error("no parameters are taken")
	}
}

// The policies about a person's DID accept what they should.
func TestCitizenPolicyAccepts(t *testing.T) {
	o := newOffice(t)
	for _, c := range []struct {
		evidence did.Evidence
		policy   CitizenPolicy
	}{
		{did.Evidence{Replayed: true, AsOf: o.now.Add(-DefaultCitizenAge)}, CitizenPolicy{}},
		{did.Evidence{Replayed: true, Latest: true, AsOf: o.now}, CitizenPolicy{Evidence: vc.EvidenceNeeds{Latest: true}}},
		{did.Evidence{Replayed: true, AsOf: o.now}, CitizenPolicy{Evidence: vc.EvidenceNeeds{NoOperatorTime: true}}},
		{did.Evidence{Replayed: true, OperatorTime: true, AsOf: o.now}, CitizenPolicy{}},
	} {
		if err := c.policy.check(c.evidence, o.now); err != nil {
			t.Errorf("%+v under %+v: %v", c.evidence, c.policy, err)
		}
	}
	wantUnknown(t, (&CitizenPolicy{}).check(did.Evidence{Replayed: true, AsOf: o.now.Add(-DefaultCitizenAge - 1)}, o.now))
}
