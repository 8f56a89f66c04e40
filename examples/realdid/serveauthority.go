package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/keys/keyfile"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

const authorityAddr = "127.0.0.1:8481"

type serveAuthorityFlags struct {
	serveFlags
	people        string
	epoch         string
	requireLatest bool
}

func newServeAuthority(a *app) *cobra.Command {
	var f serveAuthorityFlags
	c := &cobra.Command{
		Use:   "authority",
		Short: "Serve an authority that enrols each real person once",
		Long: `Serves the authority --as NAME: enrolment, activation, renewal, and its public log. It signs with the newest BLS12-381-G2 key for assertions in its
document: did update --add-method assert-2,assertionMethod,BLS12-381-G2.

--people FILE is its register, a JSON list of {"country","document","number","code","claims"}: the code is what its counter gave the person, and
claims are what credentials state, the same names for everybody (ageOver18, residentOf, …). The state is in HOME/authority/NAME, or --dir: the registry of
who is enrolled (no names and no numbers, but keyed hashes), the public log, whose record is which, and secrets under the passphrase. **It must not be
lost or put back**: everybody could enrol again. This is a demonstration: what identifies people in earnest is the counter, not this file.`,
		Example: `  realdid serve authority --as authority --people people.json --create
  realdid serve authority --as authority --people people.json --addr 127.0.0.1:0`,
	}
	f.register(c, authorityAddr)
	fl := c.Flags()
	fl.StringVar(&f.people, "people", "", "`FILE` with the people whom the authority knows")
	fl.StringVar(&f.dir, "dir", "", "keep the state in `DIR` (default HOME/authority/NAME)")
	fl.BoolVar(&f.create, "create", false, "make the state: for the first start, and never after")
	fl.StringVar(&f.epoch, "epoch", "7d", "`SPAN` for which each credential is, with --create; longer ones make larger crowds")
	fl.BoolVar(&f.requireLatest, "require-latest", false, "want proof that what is known of a person's DID is the newest")
	return verb(c, func(c *cobra.Command, _ []string) error { return a.serveAuthority(c.Context(), &f) })
}

// authorityState is what an authority keeps.
type authorityState struct {
	dir                    string
	config                 authorityConfig
	pepper                 realperson.Pepper
	salt                   []byte
	registry, log, records *boltledger.Ledger
}

// authorityConfig is config.json in the state of an authority.
type authorityConfig struct {
	Version    int                     `json:"version"`
	Epoch      int64                   `json:"epochSeconds"`
	Parameters []realperson.Parameters `json:"parameters"` // in force one after the other; the last now
}

// Kinds of the entries in secrets.key.
const (
	pepperKind = "realperson-pepper"
	saltKind   = "realperson-salt"
)

func (a *app) serveAuthority(ctx context.Context, f *serveAuthorityFlags) (err error) {
	a.ticking()
	if f.people == "" {
		return usage("--people FILE", "no people")
	}
	if _, err := f.epochSpan(); err != nil {
		return err
	}
	people, err := a.readPeople(f.people)
	if err != nil {
		return err
	}
	id, err := a.identity()
	if err != nil {
		return err
	}
	if f.dir == "" {
		f.dir = filepath.Join(string(a.home), "authority", id.Name)
	}
	if f.addr == "" {
		f.addr = authorityAddr
	}
	signer, method, wipe, err := a.blsKey(ctx, id)
	if err != nil {
		return err
	}
	defer wipe()
	ln, err := a.listen(f.addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	state, err := a.openAuthorityState(f)
	if err != nil {
		return err
	}
	live := &liveResolver{app: a}
	s := &service{
		ready: serviceJSON{Service: "authority", Name: id.Name, DID: method.DID().String(), Dir: f.dir},
		close: func() error { live.close(); return state.close() },
	}
	people.records = state.records
	s.handler, err = a.authorityHandler(state, people, signer, method, resolver.Keys{Resolver: live, Now: a.now}, f)
	if err != nil {
		return errors.Join(explainLibrary(err), s.close())
	}
	return a.serve(ctx, ln, &f.serveFlags, s)
}

// blsKey finds the key by which an authority issues. The ledger is let go of: others need it while the server runs.
func (a *app) blsKey(ctx context.Context, id *identity) (*bbs.PrivateKey, did.URL, func(), error) {
	mux, done := a.resolvers()
	defer done()
	m, k, wipe, err := a.signingMethodThat(ctx, mux, id, id.id, did.AssertionMethod, "", func(m did.VerificationMethod) bool {
		return m.Key.Algorithm() == keys.BLS12381G2
	})
	if err != nil {
		return nil, did.URL{}, nil, formatHint(err, formatBBS, id.Name)
	}
	return k.(*bbs.PrivateKey), m.ID, wipe, nil
}

func (a *app) authorityHandler(s *authorityState, people *register, signer *bbs.PrivateKey, method did.URL, k vc.Keys, f *serveAuthorityFlags) (http.Handler, error) {
	config := &realperson.AuthorityConfig{
		Method: method, Signer: signer, Claims: people.claims, Epochs: realperson.Epochs{Length: time.Duration(s.config.Epoch) * time.Second},
		Registry: s.registry, Log: s.log, Pepper: s.pepper, Salt: s.salt, Keys: k, Clock: a.now,
		Citizen: realperson.CitizenPolicy{Evidence: vc.EvidenceNeeds{Latest: f.requireLatest}},
	}
	authority, err := realperson.NewAuthority(config)
	if err != nil {
		return nil, err
	}
	if err := s.succeed(authority.Parameters()); err != nil {
		return nil, err
	}
	config.Former = s.config.Parameters[:len(s.config.Parameters)-1]
	if authority, err = realperson.NewAuthority(config); err != nil {
		return nil, err
	}
	h, err := realpersonhttp.NewAuthorityHandler(authority, people, &realpersonhttp.AuthorityOptions{
		Options: realpersonhttp.Options{Logger: a.logger()}, Log: s.log,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", healthy)
	mux.Handle("/", h)
	return underOwnName(mux, nil), nil
}

func (f *serveAuthorityFlags) epochSpan() (time.Duration, error) {
	epoch, err := parseDelay(f.epoch, "--epoch")
	if err == nil && (epoch < time.Minute || epoch > 366*24*time.Hour || epoch%time.Minute != 0) {
		err = usage("whole minutes, up to 366d", "--epoch: %s", f.epoch)
	}
	return epoch, err
}

// openAuthorityState opens the state, or makes it.
func (a *app) openAuthorityState(f *serveAuthorityFlags) (*authorityState, error) {
	s := &authorityState{dir: f.dir}
	if f.create {
		epoch, err := f.epochSpan()
		if err != nil {
			return nil, err
		}
		s.config = authorityConfig{Version: 1, Epoch: int64(epoch / time.Second)}
		if err := a.createAuthoritySecrets(s); err != nil {
			return nil, err
		}
	} else if err := a.missingState(f.dir, "config.json", "secrets.key", "registry", "log", "records"); err != nil {
		return nil, err
	}
	if err := readJSONFile(filepath.Join(s.dir, "config.json"), &s.config); err != nil {
		return nil, err
	}
	if s.config.Version != 1 {
		return nil, unknown("a newer realdid wrote it", "%s: version %d is not known", s.dir, s.config.Version)
	}
	if err := a.openAuthoritySecrets(s); err != nil {
		return nil, err
	}
	for _, l := range []struct {
		name    string
		to      **boltledger.Ledger
		reducer ledger.Reducer
	}{{"registry", &s.registry, realperson.RegistryReducer()}, {"log", &s.log, realperson.LogReducer()}, {"records", &s.records, nil}} {
		var err error
		opt := &boltledger.Options{Clock: a.now, Wait: lockPatience, InsecureNoReducer: l.reducer == nil}
		if *l.to, err = boltledger.Open(filepath.Join(s.dir, l.name), l.reducer, opt); err != nil {
			return nil, errors.Join(stateFailure(s.dir, err), s.close())
		}
	}
	return s, nil
}

// createAuthoritySecrets writes what is there before anything else, and never again.
func (a *app) createAuthoritySecrets(s *authorityState) error {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return unknown("", "%s", pathless(err))
	}
	var entries []keyfile.Entry
	for _, kind := range []string{pepperKind, saltKind} {
		secret := make([]byte, keyfile.SeedSize)
		rand.Read(secret)
		seed, err := keyfile.NewSeed(secret)
		clear(secret)
		if err != nil {
			return err
		}
		entries = append(entries, keyfile.Entry{Kind: kind, Seed: seed})
	}
	file, err := a.seal(entries)
	if err != nil {
		return err
	}
	if err := createSealed(filepath.Join(s.dir, "secrets.key"), file); err != nil {
		return err
	}
	return s.writeConfig()
}

func (s *authorityState) writeConfig() error {
	b, err := json.MarshalIndent(s.config, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(s.dir, "config.json"), append(b, '\n'), 0o600)
}

func (a *app) openAuthoritySecrets(s *authorityState) error {
	entries, _, err := a.openSealed(filepath.Join(s.dir, "secrets.key"))
	if err != nil {
		return err
	}
	for _, e := range entries {
		switch e.Kind {
		case pepperKind:
			secret := e.Seed.Bytes()
			defer clear(secret)
			if s.pepper, err = realperson.NewPepper(secret); err != nil {
				return err
			}
		case saltKind:
			s.salt = e.Seed.Bytes()
		}
	}
	if s.pepper == nil || s.salt == nil {
		return invalid("restore it from a copy", "%s holds no secrets of an authority", filepath.Join(s.dir, "secrets.key"))
	}
	return nil
}

// succeed notes the parameters if they are new: who holds credentials of the ones before can renew.
func (s *authorityState) succeed(now realperson.Parameters) error {
	list := s.config.Parameters
	if n := len(list); n > 0 && list[n-1].Equal(&now) {
		return nil
	}
	s.config.Parameters = append(slices.DeleteFunc(slices.Clone(list), func(p realperson.Parameters) bool { return p.Equal(&now) }), now)
	return s.writeConfig()
}

func (s *authorityState) close() (err error) {
	for _, l := range []*boltledger.Ledger{s.registry, s.log, s.records} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return err
}
