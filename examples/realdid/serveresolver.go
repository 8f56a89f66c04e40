package main

import (
	"context"
	"errors"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didweb"
	"github.com/realdid/realdid/resolver/didwebvh"
)

func newServeResolver(a *app) *cobra.Command {
	var f serveFlags
	c := &cobra.Command{
		Use:   "resolver",
		Short: "Serve resolution over HTTP for every method that is built in",
		Long: `Serves DID Resolution and DID Registration (/1.0/, /healthz) for did:realdid on the ledger that --ledger, the trust domain or this home
names, and resolution for did:key, did:jwk, did:web and did:webvh. Where the ledger proves what it says, answers carry the proof, so that
whoever asks need not trust this server. Keys are never sent here: registration returns what the holder has to sign.

Only public addresses are asked for did:web and did:webvh.`,
		Example: `  realdid serve resolver --domain ./demo
  realdid serve resolver --ledger http://127.0.0.1:8470 --addr 127.0.0.1:0`,
	}
	f.register(c, resolverAddr)
	return verb(c, func(c *cobra.Command, _ []string) error { return a.serveResolver(c.Context(), &f) })
}

func (a *app) serveResolver(ctx context.Context, f *serveFlags) error {
	a.ticking()
	if f.addr == "" {
		f.addr = resolverAddr
	}
	ln, err := a.listen(f.addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	o, err := a.openLedger(false)
	if err != nil {
		return err
	}
	files := a.webFiles()
	more := resolver.Mux{
		"web":   didweb.New(&didweb.Options{Fetcher: files, Now: a.now}),
		"webvh": didwebvh.New(&didwebvh.Options{Fetcher: files, Now: a.now}),
	}
	_, proves := o.ledger.(ledger.Prover)
	s := &service{ready: serviceJSON{Service: "resolver"}, close: o.Close}
	if d, _ := a.domain(); d != nil {
		s.ready.Domain = d.Domain
	}
	resolution, err := a.resolution(o.Method, proves, true, readable(o.ledger), more)
	if err != nil {
		return errors.Join(err, o.Close())
	}
	mux := http.NewServeMux()
	mux.Handle("/1.0/", resolution)
	mux.Handle("/", resolution)
	s.handler = mux
	return a.serve(ctx, ln, f, s)
}
