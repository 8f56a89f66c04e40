package main

import (
	"context"
	"crypto/tls"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/vcalm"
)

const vcalmAddr = "127.0.0.1:8490"

type serveVCALMFlags struct {
	serveFlags
	tlsAddr, tlsCert, tlsKey string
	keys, contexts           []string
	status                   string
	strict                   bool
}

func newServeVCALM(a *app) *cobra.Command {
	var f serveVCALMFlags
	c := &cobra.Command{
		Use:   "vcalm",
		Short: "Serve issuing, deriving, verifying and status of W3C credentials over HTTP",
		Long: `Serves VCALM (once VC-API), the interface that the conformance suites of the W3C call: GET /issuers says where each
cryptosuite and key issues, /issuers/CRYPTOSUITE/KEY/credentials/issue; /credentials/verify, /credentials/derive, /credentials/status,
/presentations/verify, /status-lists/ and /healthz.

Issuers are did:key identifiers of fresh keys, one for each of Ed25519, P-256, P-384 and BLS12-381-G2 (bbs-2023), or of those that --key names. Issuers and holders are
resolved if they are did:key or did:jwk, or did:realdid where this home, --ledger or --domain has a ledger. Status lists live as long
as the server.

There is no authentication: whoever reaches the server issues in its issuers' names. It listens on this machine alone unless told otherwise.
Two things verify with a warning, because the suites of the W3C send them, and are refused with --strict: credentials whose issuer is a URL
and no DID, and documents with JSON-LD contexts of their own under proofs over RDF, which others can rewrite without breaking the proof.`,
		Example: `  realdid serve vcalm
  realdid serve vcalm --addr 127.0.0.1:8490 --tls-addr 127.0.0.1:8491
  realdid serve vcalm --key issuer --context https://example.org/v1=context.jsonld`,
	}
	f.register(c, vcalmAddr)
	fl := c.Flags()
	fl.StringVar(&f.tlsAddr, "tls-addr", "", "listen on `HOST:PORT` as well, with TLS; status lists then have https URLs there")
	fl.StringVar(&f.tlsCert, "tls-cert", "", "`FILE` with the certificate chain in PEM (default one that is made now and signs itself)")
	fl.StringVar(&f.tlsKey, "tls-key", "", "`FILE` with the certificate's private key in PEM")
	fl.StringArrayVar(&f.keys, "key", nil, "issue with the key `NAME` of this home instead of a fresh one of its algorithm; repeat")
	fl.StringArrayVar(&f.contexts, "context", nil, "`URL=FILE`: a JSON-LD context beside those that are built in; repeat")
	fl.StringVar(&f.status, "status", "bare", "which credentials get an entry in a status list unasked: `WHICH` of bare (no claims but the subject's id), always, never")
	fl.BoolVar(&f.strict, "strict", false, "refuse credentials whose issuer is not a DID, and documents with contexts of their own under proofs over RDF")
	_ = c.RegisterFlagCompletionFunc("status", cobra.FixedCompletions([]string{"bare", "always", "never"}, cobra.ShellCompDirectiveNoFileComp))
	return verb(c, func(c *cobra.Command, _ []string) error { return a.serveVCALM(c.Context(), &f) })
}

func (a *app) serveVCALM(ctx context.Context, f *serveVCALMFlags) (err error) {
	a.ticking()
	if f.addr == "" {
		f.addr = vcalmAddr
	}
	opt, err := a.vcalmOptions(f)
	if err != nil {
		return err
	}
	certificate, err := f.certificate(a.now())
	if err != nil {
		return err
	}
	ln, err := a.listen(f.addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	s := &service{ready: serviceJSON{Service: "vcalm"}}
	opt.Status.BaseURL = "http://" + ln.Addr().String()
	if f.tlsAddr != "" {
		secure, err := a.listen(f.tlsAddr)
		if err != nil {
			return err
		}
		s.tls = tls.NewListener(secure, &tls.Config{Certificates: []tls.Certificate{*certificate}, MinVersion: tls.VersionTLS12})
		defer s.tls.Close()
		s.ready.TLSURL = "https://" + secure.Addr().String()
		opt.Status.BaseURL = s.ready.TLSURL
	}
	known, done := a.resolvers()
	for _, fetched := range []string{"web", "webvh"} { // whoever asks would make this server ask others
		delete(known, fetched)
	}
	s.close = func() error { done(); return nil }
	opt.Keys = resolver.Keys{Resolver: known, Now: a.now}
	h, err := vcalm.New(opt)
	if err != nil {
		done()
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", healthy)
	mux.Handle("/", h)
	var names []string
	if certificate != nil && certificate.Leaf != nil {
		names = certificate.Leaf.DNSNames
	}
	s.handler = underOwnName(mux, names)
	return a.serve(ctx, ln, &f.serveFlags, s)
}

// vcalmOptions are what the flags say.
func (a *app) vcalmOptions(f *serveVCALMFlags) (*vcalm.Options, error) {
	opt := &vcalm.Options{
		InsecureUnresolvedIssuers: !f.strict, InsecureRewritable: !f.strict, Clock: a.now, Status: &vcalm.StatusOptions{},
		Cryptosuites: []dataintegrity.Cryptosuite{bbs2023.Suite{}},
	}
	switch f.status {
	case "bare":
		opt.Status.Entries = vcalm.EntriesForBare
	case "always":
		opt.Status.Entries = vcalm.EntriesAlways
	case "never":
	default:
		return nil, usage("one of bare, always, never", "--status: %.40q", f.status)
	}
	more := map[string][]byte{}
	files, err := byName(f.contexts, "--context", "https://example.org/v1=context.jsonld")
	if err != nil {
		return nil, err
	}
	for url, file := range files {
		if more[url], err = a.readInput(file, "the context"); err != nil {
			return nil, err
		}
	}
	if opt.Contexts, err = jsonld.NewContexts(more); err != nil {
		return nil, invalid("--context URL=FILE: a JSON-LD context, and none that is built in", "%s", withoutPackages(err.Error()))
	}
	opt.Issuers, err = a.vcalmIssuers(f.keys)
	return opt, err
}

// vcalmIssuers are every cryptosuite with every key that it signs with: the named keys, and fresh ones of the other algorithms.
func (a *app) vcalmIssuers(names []string) ([]vcalm.Issuer, error) {
	signers := map[keys.Algorithm]keys.Signer{}
	for _, name := range names {
		k, err := a.namedKey(name)
		if err != nil {
			return nil, err
		}
		algorithm := k.Public().Algorithm()
		if signers[algorithm] != nil {
			return nil, usage("one key for each algorithm", "--key: two keys of %v", algorithm)
		}
		signers[algorithm] = k
	}
	var out []vcalm.Issuer
	for _, s := range []struct {
		algorithm keys.Algorithm
		suites    []dataintegrity.Cryptosuite
	}{
		{keys.Ed25519, []dataintegrity.Cryptosuite{dataintegrity.EdDSARDFC2022{}, dataintegrity.EdDSAJCS2022{}}},
		{keys.P256, []dataintegrity.Cryptosuite{dataintegrity.ECDSARDFC2019{}, dataintegrity.ECDSAJCS2019{}, dataintegrity.ECDSASD2023{}}},
		{keys.P384, []dataintegrity.Cryptosuite{dataintegrity.ECDSARDFC2019{}, dataintegrity.ECDSAJCS2019{}}},
		{keys.BLS12381G2, []dataintegrity.Cryptosuite{bbs2023.Suite{}}},
	} {
		k := signers[s.algorithm]
		if k == nil {
			var err error
			if k, err = generateKey(s.algorithm); err != nil {
				return nil, err
			}
		}
		delete(signers, s.algorithm)
		for _, suite := range s.suites {
			out = append(out, vcalm.Issuer{Signer: k, Method: didkey.URL(k.Public()), Cryptosuite: suite})
		}
	}
	for algorithm := range signers {
		return nil, usage("Ed25519, P-256, P-384 and BLS12-381-G2 are issued with", "--key: no cryptosuite signs with %v", algorithm)
	}
	return out, nil
}
