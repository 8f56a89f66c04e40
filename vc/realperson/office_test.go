package realperson

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
)

// office is where tests enrol: an authority with its stores, and a ledger of did:realdid, all with one clock.
type office struct {
	now       time.Time
	dids      *realdid.Method
	resolver  resolver.Keys
	signer    *bbs.PrivateKey
	registry  ledger.Ledger
	log       ledger.Ledger
	config    AuthorityConfig
	authority *Authority
}

var officeClaims = []string{"ageOver18", "residentOf"}

func newOffice(tb testing.TB, change ...func(*AuthorityConfig)) *office {
	tb.Helper()
	o := &office{now: time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)} // a Wednesday
	var err error
	o.dids, err = realdid.New(memledger.New(realdid.Reducer(), &memledger.Options{Clock: o.clock}), &realdid.Options{Clock: o.clock})
	fatal(tb, err)
	o.resolver = resolver.Keys{Resolver: resolver.Mux{"realdid": o.dids}, Now: o.clock}
	o.signer, err = bbs.Generate()
	fatal(tb, err)
	o.registry = memledger.New(RegistryReducer(), &memledger.Options{Clock: o.clock})
	o.log = memledger.New(LogReducer(), &memledger.Options{Clock: o.clock})
	pepper, err := NewPepper(bytes.Repeat([]byte{7}, minPepper))
	fatal(tb, err)
	o.config = AuthorityConfig{
		Method: did.MustParse("did:example:authority").WithFragment("bbs-1"), Signer: o.signer, Claims: officeClaims, Registry: o.registry,
		Log: o.log, Pepper: pepper, Salt: bytes.Repeat([]byte{9}, minSalt), Keys: o.resolver, Clock: o.clock,
	}
	for _, f := range change {
		f(&o.config)
	}
	o.authority = o.open(tb)
	return o
}

// open makes an authority of the office's parts, as another process would.
func (o *office) open(tb testing.TB) *Authority {
	tb.Helper()
	a, err := NewAuthority(&o.config)
	fatal(tb, err)
	return a
}

func (o *office) clock() time.Time { return o.now }

func (o *office) nextEpoch() { o.now = o.authority.public.Epochs.End(o.now).Add(time.Hour) }

func fatal(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// wantError fails unless err is want.
func wantError(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Fatalf("got error %v, want %v", err, want)
	}
}

// somebody is a person with papers, a DID and a wallet.
type somebody struct {
	*Citizen
	phone    *keys.PrivateKey // controls the DID
	paper    *keys.PrivateKey // rotates it
	wallet   *Wallet
	evidence *Evidence
}

// somebody makes a person with a registered DID and an empty wallet.
func (o *office) somebody(tb testing.TB, number string) *somebody {
	tb.Helper()
	s := &somebody{phone: newEdwards(tb), paper: newEdwards(tb), evidence: &Evidence{
		Country: "FR", Document: "register", Number: number, Claims: map[string]any{"ageOver18": true, "residentOf": "FR"},
	}}
	login := newEdwards(tb)
	me, err := o.dids.Create(tb.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(s.phone.Public()), Next: realdid.SHA256.Commit(s.paper.Public()), Document: loginDocument("phone-1", login),
	}, s.phone)
	fatal(tb, err)
	s.Citizen = &Citizen{Method: me.DID.WithFragment("phone-1"), Signer: login}
	s.wallet = o.wallet(tb)
	return s
}

func (o *office) wallet(tb testing.TB) *Wallet {
	tb.Helper()
	w, err := NewWallet(o.authority.Parameters(), &WalletOptions{Now: o.clock})
	fatal(tb, err)
	return w
}

func newEdwards(tb testing.TB) *keys.PrivateKey {
	tb.Helper()
	k, err := keys.Generate(keys.Ed25519)
	fatal(tb, err)
	return k
}

func loginDocument(fragment string, k *keys.PrivateKey) realdid.Content {
	return realdid.Content{VerificationMethods: []realdid.VerificationMethod{
		{Fragment: fragment, Key: k.Public(), Purposes: did.Authentication},
	}}
}

// rotate takes the phone's keys out of service and returns the person with new ones.
func (o *office) rotate(tb testing.TB, s *somebody) *Citizen {
	tb.Helper()
	login, next := newEdwards(tb), newEdwards(tb)
	doc := loginDocument("phone-2", login)
	_, err := o.dids.Rotate(tb.Context(), s.Method.DID(), &realdid.RotateRequest{
		Reveal: []keys.PublicKey{s.paper.Public()}, Next: realdid.SHA256.Commit(next.Public()), Document: &doc,
	}, s.paper)
	fatal(tb, err)
	s.paper = next
	return &Citizen{Method: s.Method.DID().WithFragment("phone-2"), Signer: login}
}

// request makes an enrolment request of a person.
func (o *office) request(tb testing.TB, s *somebody) []byte {
	tb.Helper()
	b, err := s.wallet.EnrolmentRequest(tb.Context(), s.Citizen, o.authority.Challenge())
	fatal(tb, err)
	return b
}

// enrol enrols and activates.
func (o *office) enrol(tb testing.TB, s *somebody) *Issued {
	tb.Helper()
	issued, err := o.authority.Enrol(tb.Context(), o.request(tb, s), s.evidence)
	fatal(tb, err)
	fatal(tb, s.wallet.FinishEnrolment(tb.Context(), issued.Response))
	fatal(tb, o.activate(tb, s.wallet, s.Citizen))
	return issued
}

func (o *office) activate(tb testing.TB, w *Wallet, c *Citizen) error {
	tb.Helper()
	b, err := w.ActivationRequest(tb.Context(), c, o.authority.Challenge())
	fatal(tb, err)
	return o.authority.Activate(tb.Context(), b)
}

// claims looks up what a person's evidence says.
func (s *somebody) claims(context.Context, string) (map[string]any, error) {
	return s.evidence.Claims, nil
}

// renew makes a renewal request of a wallet under a DID.
func (o *office) renew(tb testing.TB, w *Wallet, c *Citizen, claims ClaimsOf) (*Issued, error) {
	tb.Helper()
	b, err := w.RenewalRequest(tb.Context(), c, o.authority.Challenge())
	fatal(tb, err)
	return o.authority.Renew(tb.Context(), b, claims)
}

// reenrol enrols a person anew with an empty wallet.
func (o *office) reenrol(tb testing.TB, w *Wallet, s *somebody) (*Issued, error) {
	tb.Helper()
	b, err := w.ReenrolmentRequest(tb.Context(), s.Citizen, o.authority.Challenge(), ReasonLoss)
	fatal(tb, err)
	return o.authority.Reenrol(tb.Context(), b, s.evidence)
}

// pseudonym is what a wallet shows at a platform that is made up.
func pseudonym(tb testing.TB, w *Wallet, platform string) string {
	tb.Helper()
	p, err := bbs.SHA256.Pseudonym(accountContext(w.authority.Authority, did.MustParse(platform)), w.nyms)
	fatal(tb, err)
	return string(p)
}

// evidenceOf is the evidence of another person.
func (s *somebody) evidenceOf(number string) *Evidence {
	e := *s.evidence
	e.Number = number
	return &e
}

// stranger gives a wallet to somebody whose DID is on another office's ledger.
func (o *office) stranger(tb testing.TB, home *office, w *Wallet, number string) *somebody {
	tb.Helper()
	s := home.somebody(tb, number)
	s.wallet = w
	return s
}

// staleKeys answers like the office's resolver did some time ago.
type staleKeys struct {
	o    *office
	asOf time.Time
}

func (k staleKeys) Key(ctx context.Context, u did.URL, p did.Purpose, at time.Time) (*did.ResolvedKey, error) {
	r, err := k.o.resolver.Key(ctx, u, p, at)
	if err != nil {
		return nil, err
	}
	old := *r
	old.Evidence.AsOf = k.asOf
	return &old, nil
}

// wantUnknown fails unless err says that something could not be checked.
func wantUnknown(tb testing.TB, err error) {
	tb.Helper()
	if !errors.Is(err, vc.ErrUnknown) || errors.Is(err, vc.ErrInvalid) {
		tb.Fatalf("got error %v, want one that is vc.ErrUnknown", err)
	}
}

// wantInvalid fails unless err says that a credential is not valid.
func wantInvalid(tb testing.TB, err error) {
	tb.Helper()
	if !errors.Is(err, vc.ErrInvalid) {
		tb.Fatalf("got error %v, want one that is vc.ErrInvalid", err)
	}
}

// payloadOf returns the members of a JWS.
func payloadOf(tb testing.TB, b []byte) map[string]any {
	tb.Helper()
	t, err := jws.Parse(b, nil)
	fatal(tb, err)
	v, err := strictjson.Parse(t.Payload, strictjson.Limits{})
	fatal(tb, err)
	m, _ := v.Interface().(map[string]any)
	return m
}

// resign changes a JWS and signs it again.
func resign(tb testing.TB, c *Citizen, b []byte, typ string, change func(m map[string]any)) []byte {
	tb.Helper()
	m := payloadOf(tb, b)
	change(m)
	out, err := signMessage(tb.Context(), m, typ, c.Signer, c.Method)
	fatal(tb, err)
	return out
}
