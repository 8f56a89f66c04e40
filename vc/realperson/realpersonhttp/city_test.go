package realpersonhttp_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

// A city is an authority and a platform behind HTTP, and the ledger on which people's DIDs stand.
type city struct {
	tb        testing.TB
	at        time.Time
	ids       *realdid.Method
	keys      resolver.Keys
	people    *people
	log       buffer
	logFails  error // what the public log says instead
	authority *httptest.Server
	platform  *httptest.Server

	authorityHandler, platformHandler http.Handler
	newAuthorityHandler               func(*realpersonhttp.Options) http.Handler
	newPlatformHandler                func(*realpersonhttp.PlatformOptions)
}

var scopes = []realperson.Scope{{Name: "vote", Period: "2026", Limit: 1}, {Name: "post", Limit: 3}}

func newCity(tb testing.TB) *city {
	tb.Helper()
	c := &city{tb: tb, at: time.Date(2026, 11, 18, 12, 0, 0, 0, time.UTC)}
	var err error
	if c.ids, err = realdid.New(memledger.New(realdid.Reducer(), &memledger.Options{Clock: c.now}), &realdid.Options{Clock: c.now}); err != nil {
		tb.Fatal(err)
	}
	c.keys = resolver.Keys{Resolver: resolver.Mux{realdid.MethodName: c.ids, "key": didkey.Resolver{Now: c.now}}, Now: c.now}
	c.people = &people{records: map[string]string{}}
	logger := slog.New(slog.NewJSONHandler(&c.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	parameters := c.openAuthority(logger)
	c.openPlatform(parameters, logger)
	return c
}

func (c *city) now() time.Time { return c.at }

func (c *city) store() ledger.Ledger { return memledger.New(nil, &memledger.Options{Clock: c.now}) }

func (c *city) openAuthority(logger *slog.Logger) realperson.Parameters {
	c.tb.Helper()
	signer, err := bbs.Generate()
	if err != nil {
		c.tb.Fatal(err)
	}
	pepper, err := realperson.NewPepper(random(32))
	if err != nil {
		c.tb.Fatal(err)
	}
	public := c.store()
	a, err := realperson.NewAuthority(&realperson.AuthorityConfig{
		Method: methodOf(signer.Public()), Signer: signer, Claims: []string{"ageOver18", "residentOf"}, Registry: c.store(), Log: public, Pepper: pepper,
		Salt: random(16), Keys: c.keys, Clock: c.now,
	})
	if err != nil {
		c.tb.Fatal(err)
	}
	c.newAuthorityHandler = func(opt *realpersonhttp.Options) http.Handler {
		h, err := realpersonhttp.NewAuthorityHandler(a, c.people, &realpersonhttp.AuthorityOptions{Options: *opt, Log: &failing{Ledger: public, city: c}})
		if err != nil {
			c.tb.Fatal(err)
		}
		return h
	}
	c.authorityHandler = c.newAuthorityHandler(&realpersonhttp.Options{Logger: logger})
	c.authority = httptest.NewServer(c.authorityHandler)
	c.tb.Cleanup(c.authority.Close)
	return a.Parameters()
}

func (c *city) openPlatform(authority realperson.Parameters, logger *slog.Logger) {
	c.tb.Helper()
	k := newKey(c.tb)
	c.platform = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.platformHandler.ServeHTTP(w, r) }))
	c.tb.Cleanup(c.platform.Close)
	p, err := realperson.NewPlatform(&realperson.PlatformConfig{
		Method: methodOf(k.Public()), Signer: k, Keys: c.keys, Authorities: []realperson.Parameters{authority}, Accounts: c.store(), Clock: c.now,
		Endpoint: c.platform.URL + realpersonhttp.PathResponses,
		Policy:   realperson.PlatformPolicy{Mode: realperson.Strict, Claims: []realperson.Requirement{{Claim: "ageOver18", OneOf: []any{true}}}},
	})
	if err != nil {
		c.tb.Fatal(err)
	}
	c.newPlatformHandler = func(opt *realpersonhttp.PlatformOptions) {
		if c.platformHandler, err = realpersonhttp.NewPlatformHandler(p, opt); err != nil {
			c.tb.Fatal(err)
		}
	}
	c.newPlatformHandler(&realpersonhttp.PlatformOptions{Options: realpersonhttp.Options{Logger: logger}, Scopes: scopes})
}

// failing is a ledger that fails when it is told to.
type failing struct {
	ledger.Ledger
	city *city
}

// History implements ledger.Ledger.
func (f *failing) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	if f.city.logFails == nil {
		return f.Ledger.History(ctx, key, from)
	}
	return func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, f.city.logFails) }
}

// people know two persons by their codes.
type people struct {
	mu      sync.Mutex
	records map[string]string // number by record
	fail    bool              // what follows an enrolment fails
	broken  bool              // nobody can be identified now
	told    error             // instead of claims
	wait    func()            // before somebody is identified
}

var claims = map[string]map[string]any{
	"A1": {"ageOver18": true, "residentOf": "FR"}, "B2": {"ageOver18": true, "residentOf": "CZ"}, "C3": {"ageOver18": false, "residentOf": "CZ"},
}

// Identify implements realpersonhttp.People.
func (p *people) Identify(_ context.Context, evidence json.RawMessage) (*realperson.Evidence, error) {
	var in struct{ Number, Code string }
	if p.wait != nil {
		p.wait()
	}
	if p.broken {
		return nil, context.DeadlineExceeded
	}
	if json.Unmarshal(evidence, &in) != nil || claims[in.Number] == nil || in.Code != "code-"+in.Number {
		return nil, realpersonhttp.ErrNotIdentified
	}
	return &realperson.Evidence{Country: "FR", Document: "id", Number: in.Number, Claims: claims[in.Number]}, nil
}

// Enrolled implements realpersonhttp.People.
func (p *people) Enrolled(_ context.Context, e *realperson.Evidence, record string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fail {
		return context.DeadlineExceeded
	}
	p.records[record] = e.Number
	return nil
}

// Claims implements realpersonhttp.People.
func (p *people) Claims(_ context.Context, record string) (map[string]any, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.told != nil {
		return nil, p.told
	}
	return claims[p.records[record]], nil
}

// A person has a registered DID and, once enrolled, a wallet.
type person struct {
	*city
	number    string
	citizen   *realperson.Citizen
	wallet    *realperson.Wallet
	authority *realpersonhttp.AuthorityClient
	platform  *realpersonhttp.PlatformClient
}

func (c *city) person(number string) *person {
	c.tb.Helper()
	control, next, auth := newKey(c.tb), newKey(c.tb), newKey(c.tb)
	res, err := c.ids.Create(c.tb.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: "auth-1", Key: auth.Public(), Purposes: did.Authentication}}},
	}, control)
	if err != nil {
		c.tb.Fatal(err)
	}
	p := &person{city: c, number: number, citizen: &realperson.Citizen{Method: res.DID.WithFragment("auth-1"), Signer: auth}}
	if p.authority, err = realpersonhttp.NewAuthorityClient(c.authority.URL, nil); err != nil {
		c.tb.Fatal(err)
	}
	if p.platform, err = realpersonhttp.NewPlatformClient(c.platform.URL+"/", nil); err != nil {
		c.tb.Fatal(err)
	}
	parameters, err := p.authority.Parameters(c.tb.Context())
	if err != nil {
		c.tb.Fatal(err)
	}
	if p.wallet, err = realperson.NewWallet(*parameters, &realperson.WalletOptions{Now: c.now}); err != nil {
		c.tb.Fatal(err)
	}
	return p
}

func (p *person) challenge() string {
	p.tb.Helper()
	s, err := p.authority.Challenge(p.tb.Context())
	if err != nil {
		p.tb.Fatal(err)
	}
	return s
}

func (p *person) evidence() json.RawMessage {
	b, _ := json.Marshal(map[string]string{"number": p.number, "code": "code-" + p.number})
	return b
}

func (p *person) enrol() error {
	ctx := p.tb.Context()
	request, err := p.wallet.EnrolmentRequest(ctx, p.citizen, p.challenge())
	if err != nil {
		return err
	}
	issued, err := p.authority.Enrol(ctx, request, p.evidence())
	if err != nil {
		return err
	}
	if err := p.wallet.FinishEnrolment(ctx, issued); err != nil {
		return err
	}
	request, err = p.wallet.ActivationRequest(ctx, p.citizen, p.challenge())
	if err != nil {
		return err
	}
	return p.authority.Activate(ctx, request)
}

func (p *person) renew() error {
	ctx := p.tb.Context()
	request, err := p.wallet.RenewalRequest(ctx, p.citizen, p.challenge())
	if err != nil {
		return err
	}
	issued, err := p.authority.Renew(ctx, request)
	if err != nil {
		return err
	}
	return p.wallet.FinishRenewal(ctx, issued)
}

func (c *city) enrolled(number string) *person {
	c.tb.Helper()
	p := c.person(number)
	if err := p.enrol(); err != nil {
		c.tb.Fatal(err)
	}
	return p
}

var adult = realperson.Policy{RevealToAll: []string{"/credentialSubject/ageOver18"}}

// ask gets a request and answers it, without sending the answer.
func (p *person) ask(a *realpersonhttp.Asked) (*realperson.VerifierRequest, []byte, error) {
	ctx := p.tb.Context()
	b, err := p.platform.Request(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	r, err := p.wallet.Authenticate(ctx, b, p.keys)
	if err != nil {
		return nil, nil, err
	}
	var response []byte
	switch r.Action() {
	case realperson.ActionSignUp:
		response, err = p.wallet.SignUp(ctx, r, adult)
	case realperson.ActionLogIn:
		response, err = p.wallet.LogIn(ctx, r)
	case realperson.ActionUseScope:
		response, err = p.wallet.UseScope(ctx, r, adult)
	case realperson.ActionRebind:
		response, err = p.wallet.Rebind(ctx, r)
	case realperson.ActionReportTheft:
		response, err = p.wallet.ReportTheft(ctx, r)
	case realperson.ActionCompleteRebind:
		response, err = p.wallet.CompleteRebind(ctx, r)
	case realperson.ActionVeto:
		response, err = p.wallet.Veto(ctx, r)
	}
	return r, response, err
}

// do asks, answers and sends.
func (p *person) do(a realperson.Action, scope string) (*realpersonhttp.Result, error) {
	asked := &realpersonhttp.Asked{Action: a, Scope: scope, Session: random(32)}
	r, response, err := p.ask(asked)
	if err != nil {
		return nil, err
	}
	result, err := p.platform.Respond(p.tb.Context(), r, asked, response)
	if err == nil {
		p.wallet.Rebound(r)
		p.wallet.ScopeUsed(r)
	}
	return result, err
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

func newKey(tb testing.TB) *keys.PrivateKey {
	tb.Helper()
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

func methodOf(k keys.PublicKey) did.URL { return didkey.URL(k) }

// A buffer is written by several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
