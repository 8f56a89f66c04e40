package main

import (
	"context"
	"crypto/rand"
	"errors"
	"log"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc/realperson"
)

// A town is everybody of this program, in memory: a public ledger with everybody's DIDs, an authority with its register, and platforms.
type town struct {
	now       time.Time
	ids       *memledger.Ledger // public
	method    *realdid.Method
	keys      resolver.Keys
	authority *realperson.Authority
	registry  *memledger.Ledger // the authority's own
	public    *memledger.Ledger // the authority's public log
	register  map[string]*realperson.Evidence
	records   map[string]string    // whose record is which: the authority's own, as well
	platforms map[string]*platform // by where responses go
	wire      []message
	owners    map[string]string // of entries in the stores of platforms
}

// A message is something that one party received from one person. The name is what this program knows; the party does not.
type message struct {
	party, person string
	bytes         []byte
}

// A platform is one with what it stores.
type platform struct {
	*realperson.Platform
	name     string
	accounts *memledger.Ledger
}

// A person has a DID that the authority knows, and a wallet.
type person struct {
	name    string
	citizen *realperson.Citizen
	wallet  *realperson.Wallet
}

func (t *town) clock() time.Time { return t.now }

func (t *town) later(d time.Duration) { t.now = t.now.Add(d) }

func (t *town) store() *memledger.Ledger {
	return memledger.New(nil, &memledger.Options{Clock: t.clock})
}

func newTown(ctx context.Context) *town {
	t := &town{
		now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), records: map[string]string{}, platforms: map[string]*platform{}, owners: map[string]string{},
		register: map[string]*realperson.Evidence{
			"alice": {Country: "FR", Document: "id", Number: "A1", Claims: map[string]any{"ageOver18": true, "residentOf": "FR"}},
			"bob":   {Country: "FR", Document: "id", Number: "B2", Claims: map[string]any{"ageOver18": true, "residentOf": "CZ"}},
		},
	}
	t.ids = memledger.New(realdid.Reducer(), &memledger.Options{Clock: t.clock})
	t.method = ok(realdid.New(t.ids, &realdid.Options{Clock: t.clock}))
	t.keys = resolver.Keys{Resolver: t.method, Now: t.clock}
	t.registry = memledger.New(realperson.RegistryReducer(), &memledger.Options{Clock: t.clock})
	t.public = memledger.New(realperson.LogReducer(), &memledger.Options{Clock: t.clock})
	signer := ok(bbs.Generate())
	pepper, salt := make([]byte, 32), make([]byte, 16)
	rand.Read(pepper)
	rand.Read(salt)
	t.authority = ok(realperson.NewAuthority(&realperson.AuthorityConfig{
		Method: t.did(ctx, signer.Public(), did.AssertionMethod), Signer: signer, Claims: []string{"ageOver18", "residentOf"}, Registry: t.registry,
		Log: t.public, Pepper: ok(realperson.NewPepper(pepper)), Salt: salt, Keys: t.keys, Clock: t.clock,
	}))
	return t
}

// did registers an identity with one key.
func (t *town) did(ctx context.Context, k keys.PublicKey, p did.Purpose) did.URL {
	control, next := ok(keys.Generate(keys.Ed25519)), ok(keys.Generate(keys.Ed25519))
	res := ok(t.method.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: "key-1", Key: k, Purposes: p}}},
	}, control))
	return res.DID.WithFragment("key-1")
}

// open makes a platform, which wants to see claims.
func (t *town) open(ctx context.Context, name string, claims ...realperson.Requirement) *platform {
	k := ok(keys.Generate(keys.Ed25519))
	p := &platform{name: name, accounts: t.store()}
	p.Platform = ok(realperson.NewPlatform(&realperson.PlatformConfig{
		Method: t.did(ctx, k.Public(), did.Authentication), Signer: k, Keys: t.keys, Authorities: []realperson.Parameters{t.authority.Parameters()},
		Endpoint: "https://" + name + ".example/responses", Accounts: p.accounts, Clock: t.clock,
		Policy: realperson.PlatformPolicy{Mode: realperson.Strict, Claims: claims},
	}))
	t.platforms["https://"+name+".example/responses"] = p
	return p
}

// person makes somebody with a wallet that is not enrolled.
func (t *town) person(ctx context.Context, name string) *person {
	k := ok(keys.Generate(keys.Ed25519))
	return &person{
		name: name, citizen: &realperson.Citizen{Method: t.did(ctx, k.Public(), did.Authentication), Signer: k},
		wallet: ok(realperson.NewWallet(t.authority.Parameters(), &realperson.WalletOptions{Now: t.clock})),
	}
}

// enrol goes to the counter of the authority: evidence is what the officer there saw.
func (t *town) enrol(ctx context.Context, p *person) error {
	request := ok(p.wallet.EnrolmentRequest(ctx, p.citizen, t.authority.Challenge()))
	issued, err := t.authority.Enrol(ctx, request, t.register[p.name])
	if err != nil {
		return err
	}
	t.records[issued.Record] = p.name
	if err := p.wallet.FinishEnrolment(ctx, issued.Response); err != nil {
		return err
	}
	activation := ok(p.wallet.ActivationRequest(ctx, p.citizen, t.authority.Challenge()))
	t.wire = append(t.wire, message{"authority", p.name, request}, message{"authority", p.name, activation}, message{"authority", p.name, issued.Response})
	return t.authority.Activate(ctx, activation)
}

// renew gets credentials for the next weeks.
func (t *town) renew(ctx context.Context, p *person) error {
	request := ok(p.wallet.RenewalRequest(ctx, p.citizen, t.authority.Challenge()))
	issued, err := t.authority.Renew(ctx, request, func(_ context.Context, record string) (map[string]any, error) {
		return t.register[t.records[record]].Claims, nil
	})
	if err != nil {
		return err
	}
	t.wire = append(t.wire, message{"authority", p.name, request}, message{"authority", p.name, issued.Response})
	return p.wallet.FinishRenewal(ctx, issued.Response)
}

var adult = realperson.Policy{RevealToAll: []string{"/credentialSubject/ageOver18"}}

// ask has a wallet find out who wants what, and answer.
func (t *town) ask(ctx context.Context, p *person, request []byte) (*realperson.VerifierRequest, []byte, error) {
	r, err := p.wallet.Authenticate(ctx, request, t.keys)
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
	default:
		err = errors.New("this town knows no such action")
	}
	return r, response, err
}

// send takes a response to where its request says, and to nobody else.
func (t *town) send(ctx context.Context, p *person, r *realperson.VerifierRequest, response []byte) (string, error) {
	at := t.platforms[r.Endpoint()]
	t.wire = append(t.wire, message{at.name, p.name, response})
	defer func() {
		for key := range all(at.accounts) {
			if t.owners[at.name+key] == "" { // what is new is of who came
				t.owners[at.name+key] = p.name
			}
		}
	}()
	switch r.Action() {
	case realperson.ActionLogIn:
		a, err := at.LogIn(ctx, response, nil)
		return idOf(a), err
	case realperson.ActionUseScope:
		s, _ := r.Scope()
		u, _, err := at.UseScope(ctx, response, s, nil)
		if err != nil {
			return "", err
		}
		p.wallet.ScopeUsed(r)
		return string(u.Pseudonym), nil
	}
	a, _, err := at.SignUp(ctx, response, nil)
	return idOf(a), err
}

// visit is a whole visit to a platform.
func (t *town) visit(ctx context.Context, p *person, at *platform, a realperson.Action, s *realperson.Scope) (string, error) {
	t.later(7 * time.Minute)
	request := ok(at.Request(ctx, a, &realperson.RequestOptions{Scope: s}))
	r, response, err := t.ask(ctx, p, request)
	if err != nil {
		return "", err
	}
	return t.send(ctx, p, r, response)
}

func idOf(a *realperson.Account) string {
	if a == nil {
		return ""
	}
	return a.ID
}

func ok[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
