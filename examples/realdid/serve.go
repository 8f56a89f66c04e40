package main

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didjwk"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/resolver/httpdriver"
)

// Places where servers listen unless the descriptor or --addr says otherwise.
const (
	defaultHost       = "127.0.0.1"
	defaultLedgerPort = 8470 // its cosigners have the ports after it
	resolverAddr      = "127.0.0.1:8480"
)

// addrOf returns where a server of a URL listens: there, if it is plain HTTP on this machine, and else at fallback, behind whatever
// serves the URL.
func addrOf(u, fallback string) string {
	parsed, err := url.Parse(u)
	if err != nil || parsed.Scheme != "http" || parsed.Port() == "" {
		return fallback
	}
	if host := parsed.Hostname(); host != "localhost" {
		if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
			return fallback
		}
	}
	return parsed.Host
}

// place settles where a server listens and where its state is.
func (f *serveFlags) place(d *domainFolder, name, u, fallback string) {
	if f.addr == "" {
		f.addr = addrOf(u, fallback)
	}
	if f.dir == "" {
		f.dir = d.stateDir(name)
	}
}

// ledgerURL is where the ledger of a trust domain is: --ledger, or the first place that the descriptor names.
func (a *app) ledgerURL(e *realdid.LedgerEntry) (string, error) {
	switch {
	case isURL(a.flags.ledger):
		return a.flags.ledger, nil
	case a.flags.ledger != "":
		return "", usage("for example --ledger http://127.0.0.1:8470", "--ledger: a URL is needed here")
	case len(e.URLs) > 0:
		return e.URLs[0], nil
	}
	return "", usage("--ledger URL says where it is", "the descriptor does not say where the ledger %s is", e.Home)
}

// signerKey opens the key of a server and checks that it is the one that the descriptor names.
func (a *app) signerKey(d *domainFolder, file, name string, want proof.VerifierKey) (*proof.NoteSigner, error) {
	if file == "" {
		if file = d.keyFile(name); !a.home.exists(file) && checkName(name) == nil && a.home.exists(a.home.sealed(name)) {
			file = a.home.sealed(name)
		}
	}
	s, err := a.openSigner(file)
	if err != nil {
		return nil, err
	}
	if !s.Verifier().Equal(want) {
		s.Wipe()
		return nil, invalid("--key FILE names another", "%s is not the key that the descriptor names for %s", file, want.Name())
	}
	return s, nil
}

// missingState refuses to start without the state that an earlier start left: a log or a cosigner that forgets can be made to sign
// two histories.
func (a *app) missingState(dir string, files ...string) error {
	for _, f := range files {
		if !a.home.exists(filepath.Join(dir, f)) {
			return unknown("restore it from a copy; --create makes it anew, for a key that has never signed", "there is no state in %s", dir)
		}
	}
	return nil
}

// stateFailure adds what a person can do about a state that does not open.
func stateFailure(dir string, err error) error {
	f := explainLibrary(err)
	switch {
	case errors.Is(err, witness.ErrState), errors.Is(err, fs.ErrNotExist):
		f.detail = dir + ": " + f.detail
		f.hint = "restore it from a copy; --create makes it anew, for a key that has never signed"
	case errors.Is(err, witness.ErrLocked), errors.Is(err, ledger.ErrLocked):
		f.detail, f.hint = dir+" is in use", "another server keeps its state there; wait for it to end"
	case errors.Is(err, ledger.ErrCorrupt):
		f.detail = dir + ": " + f.detail
		f.hint = "restore it from a copy"
	}
	return f
}

// keepBytes is how much memory a server gives to histories that it has checked.
const keepBytes = 64 << 20

// resolution is a handler for /1.0/ and /healthz. m answers for did:realdid, and proves what it says if proves is set; other methods
// that ask nobody are answered as well, and those in more.
func (a *app) resolution(m *realdid.Method, proves, writes bool, health func(context.Context) error, more resolver.Mux) (http.Handler, error) {
	mux := resolver.Mux{realdid.MethodName: m, "key": &didkey.Resolver{Now: a.now}, "jwk": &didjwk.Resolver{Now: a.now}}
	for name, r := range more {
		mux[name] = r
	}
	opt := &httpdriver.Options{Health: health, Now: a.now}
	if proves {
		opt.Provers = map[string]did.Prover{realdid.MethodName: m}
	}
	if writes {
		opt.Registrars = map[string]did.Registrar{realdid.MethodName: realdid.NewRegistrar(m)}
	}
	return httpdriver.New(mux, opt)
}

// readable tells for /healthz whether a ledger can be read.
func readable(lg ledger.Stater) func(context.Context) error {
	return func(ctx context.Context) error {
		_, _, err := lg.State(ctx, "health")
		return err
	}
}

// healthy serves /healthz for servers that have nothing behind them.
func healthy(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// byName splits NAME=VALUE flags.
func byName(list []string, flag, example string) (map[string]string, error) {
	out := map[string]string{}
	for _, s := range list {
		name, value, ok := strings.Cut(s, "=")
		if !ok || name == "" || value == "" || out[name] != "" {
			return nil, usage("for example "+flag+" "+example, "%s: not NAME=VALUE, or twice: %.80q", flag, s)
		}
		out[name] = value
	}
	return out, nil
}
