package realperson

import (
	"context"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// town is where tests live: a clock, a resolver, and the issuing half of an authority, which does without evidence.
type town struct {
	clock  time.Time
	issuer *bbs.PrivateKey
	public Parameters
	keys   resolver.Keys
}

var townClaims = []string{"ageOver18", "citizenOf", "residentOf"}

func newTown(tb testing.TB) *town {
	tb.Helper()
	t := &town{clock: time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)} // a Wednesday
	var err error
	if t.issuer, err = bbs.Generate(); err != nil {
		tb.Fatal(err)
	}
	t.keys = resolver.Keys{Resolver: didkey.Resolver{Now: t.now}, Now: t.now}
	method := methodOfKey(t.issuer.Public())
	t.public = Parameters{
		Authority: method.DID(), Method: method, Key: t.issuer.Public().Bytes(), NymCount: NymCount, Claims: townClaims,
	}
	if err := t.public.Check(); err != nil {
		tb.Fatal(err)
	}
	return t
}

func (t *town) now() time.Time { return t.clock }

// later moves the clock.
func (t *town) later(d time.Duration) { t.clock = t.clock.Add(d) }

// nextEpoch moves the clock to a little after the next boundary.
func (t *town) nextEpoch() { t.clock = t.public.Epochs.End(t.clock).Add(time.Hour) }

func methodOfKey(k keys.PublicKey) did.URL {
	return did.MustParse("did:key:" + k.Multikey()).WithFragment(k.Multikey())
}

func newKey(tb testing.TB) *keys.PrivateKey {
	tb.Helper()
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// platform makes a platform that asks for nothing.
func (t *town) platform(tb testing.TB, change ...func(*PlatformConfig)) *Platform {
	tb.Helper()
	k := newKey(tb)
	c := &PlatformConfig{
		Method: methodOfKey(k.Public()), Signer: k, Endpoint: "https://platform.example/responses", Keys: t.keys, Authorities: []Parameters{t.public},
		Accounts: memledger.New(nil, &memledger.Options{Clock: t.now}), Policy: PlatformPolicy{Mode: Strict}, Clock: t.now,
	}
	for _, f := range change {
		f(c)
	}
	p, err := NewPlatform(c)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// citizen is a person with a wallet.
type citizen struct {
	wallet *Wallet
	claims map[string]any
}

// wallet enrols a person.
func (t *town) wallet(tb testing.TB) *citizen {
	tb.Helper()
	w, err := NewWallet(t.public, &WalletOptions{Now: t.now})
	if err != nil {
		tb.Fatal(err)
	}
	c := &citizen{wallet: w, claims: map[string]any{"ageOver18": true, "citizenOf": "FR", "residentOf": "FR"}}
	commitment, blind, err := bbs.SHA256.NymCommit(nil, w.prover)
	if err != nil {
		tb.Fatal(err)
	}
	w.commitment, w.blind, w.entropy = commitment, blind, bbs.NewNymEntropy()
	t.renew(tb, c)
	return c
}

// renew gives a person a batch of the present epoch.
func (t *town) renew(tb testing.TB, c *citizen) {
	tb.Helper()
	w := c.wallet
	start := t.public.Epochs.Start(t.clock)
	s := &statement{start: start, issued: start, generation: w.generation, claims: c.claims}
	w.credentials = nil
	for range 2 { // this epoch's, and the next
		base := t.sign(tb, w, t.public.credential(s))
		w.credentials = append(w.credentials, held{start: s.start, base: base.Bytes(), blind: w.blind})
		s.start = t.public.Epochs.End(s.start)
	}
}

// sign issues any credential for the secrets of a wallet.
func (t *town) sign(tb testing.TB, w *Wallet, credential map[string]any) *dataintegrity.Credential {
	tb.Helper()
	base, err := dataintegrity.Issue(context.Background(), dataintegrity.Issuer{Signer: t.issuer, Method: t.public.Method}, credential,
		&dataintegrity.IssueOptions{
			Cryptosuite: bbs2023.Suite{Mandatory: mandatory(), Commitment: &bbs2023.Commitment{WithProof: w.commitment, N: NymCount, Entropy: w.entropy}},
			Undated:     true, Contexts: Contexts(),
		})
	if err != nil {
		tb.Fatal(err)
	}
	if w.nyms == nil {
		if w.nyms, err = bbs2023.Finalize(base, t.issuer.Public(), w.prover, w.blind); err != nil {
			tb.Fatal(err)
		}
	}
	return base
}

// ask makes a request and authenticates it.
func (t *town) ask(tb testing.TB, w *Wallet, p *Platform, a Action, opt *RequestOptions) *VerifierRequest {
	tb.Helper()
	b, err := p.Request(tb.Context(), a, opt)
	if err != nil {
		tb.Fatal(err)
	}
	r, err := w.Authenticate(tb.Context(), b, t.keys)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// answer makes the response of a wallet to a platform, which it must not refuse.
func (t *town) answer(tb testing.TB, c *citizen, p *Platform, a Action) []byte {
	tb.Helper()
	b, err := respond(tb.Context(), c.wallet, t.ask(tb, c.wallet, p, a, nil), Policy{})
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// respond calls the method of the action.
func respond(ctx context.Context, w *Wallet, r *VerifierRequest, p Policy) ([]byte, error) {
	switch r.Action() {
	case ActionSignUp:
		return w.SignUp(ctx, r, p)
	case ActionLogIn:
		return w.LogIn(ctx, r)
	case ActionUseScope:
		return w.UseScope(ctx, r, p)
	case ActionRebind:
		return w.Rebind(ctx, r)
	case ActionReportTheft:
		return w.ReportTheft(ctx, r)
	case ActionCompleteRebind:
		return w.CompleteRebind(ctx, r)
	}
	return w.Veto(ctx, r)
}

// signUp opens an account.
func (t *town) signUp(tb testing.TB, c *citizen, p *Platform) *Account {
	tb.Helper()
	a, _, err := p.SignUp(tb.Context(), t.answer(tb, c, p, ActionSignUp), nil)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}
