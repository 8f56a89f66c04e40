package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver/webfetch"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
	"github.com/realdid/realdid/vc/status"
)

// Everything of this program that uses the network gets its connections in this file, so that --offline has one place to be obeyed.

// offline refuses what needs the network where it is forbidden. A path is never refused.
func (a *app) offline(what string) error {
	if !a.flags.offline {
		return nil
	}
	return unknown("leave --offline out, or work from files: a bundle, a ledger's folder, a long-form DID", "--offline forbids the network, which %s needs", what)
}

// isURL tells a URL from a path.
func isURL(s string) bool { return strings.HasPrefix(s, "http://") || strings.HasPrefix(s, "https://") }

// ledgerCauses are the errors of the method that keep their meaning on the way from a ledger elsewhere.
func ledgerCauses() httpledger.Causes {
	return httpledger.Causes{"operation": realdid.ErrOperation, "predecessor": realdid.ErrPredecessor}
}

// ledgerPatience is how long a ledger that does not answer is tried again, unless the app says otherwise.
const ledgerPatience = 5 * time.Second

// ledgerClient is the ledger behind a URL.
func (a *app) ledgerClient(url string) (*httpledger.Client, error) {
	if err := a.offline("the ledger at " + url); err != nil {
		return nil, err
	}
	patience := a.patience
	if patience == 0 {
		patience = ledgerPatience
	}
	c, err := httpledger.NewClient(url, &httpledger.ClientOptions{RetryTime: patience, Causes: ledgerCauses()})
	if err != nil {
		return nil, usage("an https URL, or http for this machine: http://127.0.0.1:8470", "--ledger: %s", withoutPackages(err.Error()))
	}
	return c, nil
}

// client sends requests to the others of a trust domain. It follows no redirect: whom to ask stands in the descriptor and on the
// command line.
func (a *app) client(what string, timeout time.Duration) (*http.Client, error) {
	if err := a.offline(what); err != nil {
		return nil, err
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 16
	return &http.Client{Transport: t, Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}, nil
}

// authorityClient asks the authority at url.
func (a *app) authorityClient(url string) (*realpersonhttp.AuthorityClient, error) {
	c, err := a.client("the authority at "+url, 30*time.Second)
	if err != nil {
		return nil, err
	}
	out, err := realpersonhttp.NewAuthorityClient(url, &realpersonhttp.ClientOptions{HTTP: c})
	return out, urlFailure(err)
}

// platformClient asks the platform at url.
func (a *app) platformClient(url string) (*realpersonhttp.PlatformClient, error) {
	c, err := a.client("the platform at "+url, 30*time.Second)
	if err != nil {
		return nil, err
	}
	out, err := realpersonhttp.NewPlatformClient(url, &realpersonhttp.ClientOptions{HTTP: c})
	return out, urlFailure(err)
}

func urlFailure(err error) error {
	if err == nil {
		return nil
	}
	return usage("an https URL, or http for this machine: http://127.0.0.1:8481", "%s", withoutPackages(err.Error()))
}

// logSource reads the files of a log that is published at url.
func (a *app) logSource(url string) (witness.Source, error) {
	c, err := a.client("the log at "+url, 30*time.Second)
	if err != nil {
		return nil, err
	}
	return witness.NewHTTPSource(url, &witness.SourceOptions{HTTP: c})
}

// cosignerClient asks the cosigner at url.
func (a *app) cosignerClient(url string, key proof.VerifierKey) (*witness.Client, error) {
	c, err := a.client("the cosigner at "+url, 30*time.Second)
	if err != nil {
		return nil, err
	}
	return witness.NewClient(url, []proof.VerifierKey{key}, &witness.ClientOptions{HTTP: c})
}

// webFiles reads what did:web and did:webvh identifiers point to.
func (a *app) webFiles() webFetcher { return webFetcher{a, webfetch.NewClient(a.web)} }

type webFetcher struct {
	app    *app
	client *webfetch.Client
}

// Fetch implements didweb.Fetcher and didwebvh.Fetcher.
func (f webFetcher) Fetch(ctx context.Context, l webfetch.Location, file webfetch.File) ([]byte, error) {
	if err := f.app.offline(l.Host()); err != nil {
		return nil, err
	}
	return f.client.Fetch(ctx, l, file)
}

// generalTypes are media types under which web servers give out files that they know nothing of.
var generalTypes = []string{"application/json", "application/ld+json", "application/jwt", "application/cwt", "application/cbor", "application/octet-stream", "text/plain", ""}

// statusLists fetches status lists from where credentials say that they are.
func (a *app) statusLists() status.Source {
	client := webfetch.NewClient(a.web)
	return status.SourceFunc(func(ctx context.Context, r status.Request) (status.Document, error) {
		if err := a.offline("the status list at " + r.URI); err != nil {
			return status.Document{}, err
		}
		f := webfetch.File{Max: r.MaxBytes}
		for _, t := range r.MediaTypes {
			f.Types = append(f.Types, "application/"+t)
		}
		f.Types = append(f.Types, generalTypes...)
		b, media, err := client.FetchURL(ctx, r.URI, f)
		return status.Document{MediaType: media, Bytes: b}, err
	})
}

// listen opens addr, HOST:PORT; without a host it is loopback.
func (a *app) listen(addr string) (net.Listener, error) {
	if err := a.offline("a server"); err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, usage("for example --addr 127.0.0.1:8470; port 0 is any that is free", "--addr: not HOST:PORT")
	}
	if host == "" {
		host = "127.0.0.1"
	}
	addr = net.JoinHostPort(host, port)
	ln, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, unknown("another program listens there; --addr HOST:PORT names another place", "%s is in use", addr)
	}
	if err != nil {
		return nil, unknown("", "--addr: %v", err)
	}
	return ln, nil
}
