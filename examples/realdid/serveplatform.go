package main

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

const platformAddr = "127.0.0.1:8482"

type servePlatformFlags struct {
	serveFlags
	authorities, require, scopes []string
	maxGeneration                int
	rebindDelay, publicURL       string
}

func newServePlatform(a *app) *cobra.Command {
	var f servePlatformFlags
	c := &cobra.Command{
		Use:   "platform",
		Short: "Serve a platform at which each real person has one account",
		Long: `Serves the platform --as NAME, which signs its requests with its key for authentication: sign-up, log-in, scopes, and moving an account to another key.
It accepts real persons of each --authority, the URL of one that runs or a FILE with its parameters, and wants to see each --require: the name of a
claim, or NAME=VALUE. --scope NAME=LIMIT, or NAME@PERIOD=LIMIT, is something that everybody may do so many times.

The accounts are in HOME/platform/NAME, or --dir: a pseudonym that exists nowhere else, a pairwise DID, and the epoch that was shown last. They must not
be lost: everybody could open another account.`,
		Example: `  realdid serve platform --as shop --authority http://127.0.0.1:8481 --require ageOver18=true --create
  realdid serve platform --as election --authority authority.json --scope vote@2026=1 --addr 127.0.0.1:8484 --create`,
	}
	f.register(c, platformAddr)
	fl := c.Flags()
	fl.StringArrayVar(&f.authorities, "authority", nil, "accept persons of the authority at `URL|FILE`; repeat")
	fl.StringArrayVar(&f.require, "require", nil, "want to see the `CLAIM[=VALUE]` at sign-up and for scopes; repeat")
	fl.StringArrayVar(&f.scopes, "scope", nil, "`NAME[@PERIOD]=LIMIT` of something that everybody may do so many times; repeat")
	fl.IntVar(&f.maxGeneration, "max-generation", -1, "accept persons who started anew at most `N` times, and learn how often; -1 does not ask")
	fl.StringVar(&f.rebindDelay, "rebind-delay", "72h", "`SPAN` from a theft report to its completion, in which the present key can veto")
	fl.StringVar(&f.publicURL, "public-url", "", "`URL` by which wallets reach the server, if it stands behind another")
	fl.StringVar(&f.dir, "dir", "", "keep the accounts in `DIR` (default HOME/platform/NAME)")
	fl.BoolVar(&f.create, "create", false, "make the state: for the first start, and never after")
	return verb(c, func(c *cobra.Command, _ []string) error { return a.servePlatform(c.Context(), &f) })
}

func (a *app) servePlatform(ctx context.Context, f *servePlatformFlags) error {
	a.ticking()
	id, err := a.identity()
	if err != nil {
		return err
	}
	if f.dir == "" {
		f.dir = filepath.Join(string(a.home), "platform", id.Name)
	}
	if f.addr == "" {
		f.addr = platformAddr
	}
	config, scopes, err := a.platformConfig(ctx, id, f)
	if err != nil {
		return err
	}
	signer, method, wipe, err := a.authenticationKey(ctx, id, id.id, "")
	if err != nil {
		return err
	}
	defer wipe()
	ln, err := a.listen(f.addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	if !f.create {
		if err := a.missingState(f.dir, "accounts"); err != nil {
			return err
		}
	}
	accounts, err := boltledger.Open(filepath.Join(f.dir, "accounts"), nil, &boltledger.Options{Clock: a.now, Wait: lockPatience, InsecureNoReducer: true})
	if err != nil {
		return stateFailure(f.dir, err)
	}
	live := &liveResolver{app: a}
	s := &service{
		ready: serviceJSON{Service: "platform", Name: id.Name, DID: id.id.String(), Dir: f.dir},
		close: func() error { live.close(); return accounts.Close() },
	}
	if f.publicURL == "" {
		f.publicURL = "http://" + ln.Addr().String()
	}
	config.Method, config.Signer, config.Keys, config.Accounts = method, signer, resolver.Keys{Resolver: live, Now: a.now}, accounts
	config.Endpoint = strings.TrimSuffix(f.publicURL, "/") + realpersonhttp.PathResponses
	if s.handler, err = a.platformHandler(config, scopes); err != nil {
		return errors.Join(invalid("", "%s", withoutPackages(err.Error())), s.close())
	}
	return a.serve(ctx, ln, &f.serveFlags, s)
}

// platformConfig is what the flags say.
func (a *app) platformConfig(ctx context.Context, id *identity, f *servePlatformFlags) (*realperson.PlatformConfig, []realperson.Scope, error) {
	if len(f.authorities) == 0 {
		return nil, nil, usage("--authority URL|FILE; nobody is accepted by default", "no --authority")
	}
	c := &realperson.PlatformConfig{Policy: realperson.PlatformPolicy{Mode: realperson.Strict}, Clock: a.now}
	for _, s := range f.authorities {
		p, err := a.readAuthority(ctx, s)
		if err != nil {
			return nil, nil, err
		}
		c.Authorities = append(c.Authorities, *p)
	}
	for _, s := range f.require {
		name, value, ok := strings.Cut(s, "=")
		r := realperson.Requirement{Claim: name}
		if ok {
			r.OneOf = []any{value}
			if b, err := strconv.ParseBool(value); err == nil && (value == "true" || value == "false") {
				r.OneOf = []any{b}
			}
		}
		c.Policy.Claims = append(c.Policy.Claims, r)
	}
	if f.maxGeneration >= 0 {
		c.Policy.Generation = &realperson.GenerationPolicy{Max: f.maxGeneration}
	}
	var err error
	if c.RebindDelay, err = parseDelay(f.rebindDelay, "--rebind-delay"); err != nil {
		return nil, nil, err
	}
	var scopes []realperson.Scope
	for _, s := range f.scopes {
		scope, err := parseScope(s)
		if err != nil {
			return nil, nil, err
		}
		scopes = append(scopes, scope)
	}
	return c, scopes, nil
}

// parseScope reads NAME[@PERIOD]=LIMIT.
func parseScope(s string) (realperson.Scope, error) {
	about, limit, ok := strings.Cut(s, "=")
	name, period, _ := strings.Cut(about, "@")
	n, err := strconv.Atoi(limit)
	scope := realperson.Scope{Name: name, Period: period, Limit: n}
	if !ok || err != nil || scope.Check() != nil {
		return scope, usage("for example vote@2026=1: a-z, 0-9, - and ., and a limit from 1 to 4096", "--scope: %.80q", s)
	}
	return scope, nil
}

// readAuthority asks an authority for its parameters, or reads a file that has them.
func (a *app) readAuthority(ctx context.Context, s string) (*realperson.Parameters, error) {
	if isURL(s) {
		c, err := a.authorityClient(s)
		if err != nil {
			return nil, err
		}
		return c.Parameters(ctx)
	}
	b, err := a.readInput(s, "--authority")
	if err != nil {
		return nil, err
	}
	p, err := realperson.ParseParameters(b)
	if err != nil {
		return nil, invalid("what GET /parameters of an authority says", "--authority: %s", withoutPackages(err.Error()))
	}
	return p, nil
}

func (a *app) platformHandler(config *realperson.PlatformConfig, scopes []realperson.Scope) (http.Handler, error) {
	p, err := realperson.NewPlatform(config)
	if err != nil {
		return nil, err
	}
	h, err := realpersonhttp.NewPlatformHandler(p, &realpersonhttp.PlatformOptions{Options: realpersonhttp.Options{Logger: a.logger()}, Scopes: scopes})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", healthy)
	mux.Handle("/", h)
	return underOwnName(mux, nil), nil
}

// A liveResolver serves servers for as long as they run. A ledger in a folder is opened for each question, so that other commands can
// write to it meanwhile; what is elsewhere is kept open.
type liveResolver struct {
	app *app

	mu   sync.Mutex
	kept resolver.Mux
	done func()
}

// Resolve implements did.Resolver.
func (l *liveResolver) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	place, err := l.app.ledgerPlace()
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Detail: "the ledger", Err: err}
	}
	l.mu.Lock()
	if isURL(place) {
		if l.kept == nil {
			l.kept, l.done = l.app.resolvers()
		}
		l.mu.Unlock()
		return l.kept.Resolve(ctx, id, opt)
	}
	defer l.mu.Unlock()
	mux, done := l.app.resolvers()
	defer done()
	return mux.Resolve(ctx, id, opt)
}

func (l *liveResolver) close() {
	if l.done != nil {
		l.done()
	}
}
