package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didjwk"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/resolver/didweb"
	"github.com/realdid/realdid/resolver/didwebvh"
)

// lockPatience is how long a command waits for another one to let go of the ledger, so that commands joined by a pipe do not
// trip over each other.
const lockPatience = 2 * time.Second

// A source is a ledger as the verbs use it, here or elsewhere.
type source interface {
	ledger.Ledger
	ledger.Follower
	ledger.Stater
}

// An openLedger is the ledger of the command line together with the method on it.
type openLedger struct {
	*realdid.Method
	ledger source
	local  *boltledger.Ledger // the same, if it is in a folder; else nil
	net    realdid.Network
	place  string // folder or URL
	close  func() error
}

// ledgerPlace is the folder or the URL of the ledger: --ledger, else that of the trust domain, else the one in this home.
func (a *app) ledgerPlace() (string, error) {
	if a.flags.ledger != "" {
		return a.flags.ledger, nil
	}
	d, err := a.domain()
	if err != nil {
		return "", err
	}
	if d != nil {
		net, err := a.network()
		if err != nil {
			return "", err
		}
		e, err := d.ledger(net)
		if err != nil {
			return "", err
		}
		if len(e.URLs) > 0 {
			return e.URLs[0], nil
		}
	}
	return a.home.ledger(), nil
}

// ledgerDir is the ledger's folder, for verbs that can do nothing with a URL.
func (a *app) ledgerDir() (string, error) {
	place, err := a.ledgerPlace()
	if err == nil && isURL(place) {
		err = usage("--ledger DIR names the folder, on the machine where the ledger is kept", "the ledger is at %s, and this needs its folder", place)
	}
	return place, err
}

// hasLedger tells whether there is a ledger to ask: one elsewhere is there unless the network is forbidden.
func (a *app) hasLedger() bool {
	place, err := a.ledgerPlace()
	switch {
	case err != nil:
		return true // and opening it says why
	case isURL(place):
		return !a.flags.offline
	}
	return a.home.exists(place)
}

// openLedger opens the ledger; only to write is a missing one made.
func (a *app) openLedger(write bool) (*openLedger, error) {
	place, err := a.ledgerPlace()
	if err != nil {
		return nil, err
	}
	net, err := a.network()
	if err != nil {
		return nil, err
	}
	o := &openLedger{net: net, place: place}
	opt := &realdid.Options{Network: net, Clock: a.now}
	if opt.Predecessors, err = a.predecessors(net); err != nil {
		return nil, err
	}
	if d, err := a.domain(); err == nil && d != nil {
		opt.Final = d.Final(net.Home)
	}
	if isURL(place) {
		err = a.openRemote(o, opt)
	} else {
		err = a.openLocal(o, write)
	}
	if err != nil {
		return nil, err
	}
	if o.Method, err = realdid.New(o.ledger, opt); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

func (a *app) openLocal(o *openLedger, write bool) (err error) {
	if !write && !a.home.exists(o.place) {
		return unknown(`--ledger DIR|URL names another; the first "did create" makes one`, "there is no ledger at %s", o.place)
	}
	red, err := a.reducer(o.net)
	if err != nil {
		return err
	}
	o.local, err = boltledger.Open(o.place, red, &boltledger.Options{Clock: a.now, Wait: lockPatience})
	if err == nil {
		o.ledger, o.close = o.local, o.local.Close
	}
	return err
}

// openRemote opens a ledger elsewhere. In a trust domain, what it proves is checked and remembered.
func (a *app) openRemote(o *openLedger, opt *realdid.Options) error {
	c, err := a.ledgerClient(o.place)
	if err != nil {
		return err
	}
	o.ledger, o.close = c, c.Close
	d, err := a.domain()
	if d == nil || err != nil {
		return err
	}
	if opt.Trust, err = d.trust(o.net); err != nil {
		return err
	}
	opt.Memory, err = a.memory()
	return err
}

// Close lets go of the ledger.
func (o *openLedger) Close() error { return o.close() }

// resolvers returns a resolver for every method that is built in. The ledger is opened when the first did:realdid is asked for, and
// closed by the function returned.
func (a *app) resolvers() (resolver.Mux, func()) {
	l := &lazyMethod{app: a}
	files := a.webFiles()
	return resolver.Mux{
		realdid.MethodName: l, "key": &didkey.Resolver{Now: a.now}, "jwk": &didjwk.Resolver{Now: a.now},
		"web":   didweb.New(&didweb.Options{Fetcher: files, Now: a.now}),
		"webvh": didwebvh.New(&didwebvh.Options{Fetcher: files, Now: a.now}),
	}, l.close
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
	if f := explainLibrary(l.failed); parsed.Genesis == nil || l.app.hasLedger() {
		return nil, &did.Error{Code: did.InternalError, Detail: "the ledger", Err: f}
	}
	net, err := l.app.network()
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	alone, err := realdid.New(nil, &realdid.Options{Network: net, Clock: l.app.now})
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Err: err}
	}
	return alone.Resolve(ctx, id, opt)
}
