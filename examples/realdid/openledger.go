package main

import (
	"context"
	"sync"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didjwk"
	"github.com/realdid/realdid/resolver/didkey"
)

// lockPatience is how long a command waits for another one to let go of the ledger, so that commands joined by a pipe do not
// trip over each other.
const lockPatience = 2 * time.Second

// An openLedger is the ledger of the command line together with the method on it.
type openLedger struct {
	*realdid.Method
	ledger *boltledger.Ledger
	net    realdid.Network
	dir    string
}

func (a *app) ledgerDir() string {
	if a.flags.ledger != "" {
		return a.flags.ledger
	}
	return a.home.ledger()
}

// openLedger opens the ledger; only to write is a missing one made.
func (a *app) openLedger(write bool) (*openLedger, error) {
	dir := a.ledgerDir()
	if !write && !a.home.exists(dir) {
		return nil, unknown(`--ledger DIR names another; the first "did create" makes one`, "there is no ledger at %s", dir)
	}
	net, err := a.home.network()
	if err != nil {
		return nil, err
	}
	lg, err := boltledger.Open(dir, net.Reducer(), &boltledger.Options{Clock: a.now, Wait: lockPatience})
	if err != nil {
		return nil, err
	}
	m, err := realdid.New(lg, &realdid.Options{Network: net, Clock: a.now})
	if err != nil {
		lg.Close()
		return nil, err
	}
	return &openLedger{Method: m, ledger: lg, net: net, dir: dir}, nil
}

func (o *openLedger) Close() error { return o.ledger.Close() }

// resolvers returns a resolver for every method that is built in. The ledger is opened when the first did:realdid is asked for, and
// closed by the function returned.
func (a *app) resolvers() (resolver.Mux, func()) {
	l := &lazyMethod{app: a}
	return resolver.Mux{"realdid": l, "key": &didkey.Resolver{Now: a.now}, "jwk": &didjwk.Resolver{Now: a.now}}, l.close
}

// keyFinder finds keys of DIDs at the clock of the command line.
func (a *app) keyFinder() (resolver.Keys, func()) {
	mux, done := a.resolvers()
	return resolver.Keys{Resolver: mux, Now: a.now}, done
}

type lazyMethod struct {
	app    *app
	once   sync.Once
	open   *openLedger
	failed error
}

func (l *lazyMethod) close() {
	if l.open != nil {
		l.open.Close()
	}
}

// Resolve implements did.Resolver. A long form is answered without a ledger where there is none.
func (l *lazyMethod) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	l.once.Do(func() { l.open, l.failed = l.app.openLedger(false) })
	if l.failed == nil {
		return l.open.Resolve(ctx, id, opt)
	}
	parsed, err := realdid.ParseIdentifier(id)
	if err != nil {
		return nil, &did.Error{Code: did.InvalidDID, Err: err}
	}
	if f := explainLibrary(l.failed); parsed.Genesis == nil || l.app.home.exists(l.app.ledgerDir()) {
		return nil, &did.Error{Code: did.InternalError, Detail: "the ledger", Err: f}
	}
	net, err := l.app.home.network()
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	alone, err := realdid.New(nil, &realdid.Options{Network: net, Clock: l.app.now})
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	return alone.Resolve(ctx, id, opt)
}
