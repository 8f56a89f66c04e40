package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/ledger/mirror"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/realdid"
)

// Parts of the state of a ledger: the entries, which --ledger DIR reads while no server has them, and the log that is made of them.
const (
	entriesDir = "ledger"
	tlogDir    = "tlog"
)

type serveLedgerFlags struct {
	serveFlags
	key                 string
	cosignerURLs        []string
	interval, heartbeat time.Duration
	noLimits            bool
}

func newServeLedger(a *app) *cobra.Command {
	var f serveLedgerFlags
	c := &cobra.Command{
		Use:   "ledger",
		Short: "Serve a ledger that proves itself, with its log and a resolver",
		Long: `Serves the ledger of a trust domain over HTTP: appending and reading (/ledger/v1/), its log as C2SP tlog-tiles (/checkpoint,
/tile/), resolution and registration (/1.0/), /healthz. Each entry becomes a leaf of the log; epochs are sealed at intervals, and
published as soon as the cosigners that the descriptor demands have signed.

Prints one line when it answers. SIGTERM or an interrupt ends it: what is under way is finished, exit status 0. The log's key is
keys/log.key in the domain's folder, or --key. The state must not be lost: restore a copy rather than start anew.`,
		Example: `  realdid serve ledger --domain ./demo
  realdid serve ledger --domain ./demo --addr 127.0.0.1:0 --cosigner-url witness-1=http://127.0.0.1:9001`,
	}
	f.register(c, "that of the descriptor's URL, if it is on this machine")
	f.registerState(c)
	fl := c.Flags()
	fl.StringVar(&f.key, "key", "", "sealed `FILE` with the log's key (default keys/log.key in the domain's folder)")
	fl.StringArrayVar(&f.cosignerURLs, "cosigner-url", nil, "`NAME=URL`: ask this cosigner there, whatever the descriptor says; repeat")
	fl.DurationVar(&f.interval, "interval", tlog.DefaultInterval, "between epochs while the ledger grows")
	fl.DurationVar(&f.heartbeat, "heartbeat", tlog.DefaultHeartbeat, "between epochs while it does not, so that proofs do not grow old")
	fl.BoolVar(&f.noLimits, "insecure-no-limits", false, "let each client and each identity append as often as they want")
	return verb(c, func(c *cobra.Command, _ []string) error { return a.serveLedger(c.Context(), &f) })
}

// A provenLedger is a ledger on disk with the log that is made of it.
type provenLedger struct {
	entries *boltledger.Ledger
	log     *tlog.Log
}

// createLedger makes the state of a ledger that nobody has seen.
func createLedger(dir string, net realdid.Network, origin string) error {
	lg, err := boltledger.Open(filepath.Join(dir, entriesDir), net.Reducer(), nil)
	if err != nil {
		return err
	}
	s, err := tlog.OpenStore(filepath.Join(dir, tlogDir), &tlog.StoreOptions{Origin: origin})
	if err != nil {
		return errors.Join(err, lg.Close())
	}
	return errors.Join(s.Close(), lg.Close())
}

func (a *app) openProven(dir string, net realdid.Network, signer *proof.NoteSigner, trust *proof.Trust, opt *tlog.Options) (*provenLedger, error) {
	red, err := a.reducer(net)
	if err != nil {
		return nil, err
	}
	lg, err := boltledger.Open(filepath.Join(dir, entriesDir), red, &boltledger.Options{Clock: a.now, Wait: lockPatience})
	if err != nil {
		return nil, err
	}
	l, err := tlog.Open(lg, filepath.Join(dir, tlogDir), signer, trust, red, opt)
	if err != nil {
		return nil, errors.Join(err, lg.Close())
	}
	return &provenLedger{lg, l}, nil
}

func (p *provenLedger) drain()       { _ = p.log.Close() }
func (p *provenLedger) close() error { return errors.Join(p.log.Close(), p.entries.Close()) }

func (a *app) serveLedger(ctx context.Context, f *serveLedgerFlags) error {
	a.ticking()
	d, err := a.needDomain()
	if err != nil {
		return err
	}
	net, err := a.network()
	if err != nil {
		return err
	}
	entry, err := d.ledger(net)
	if err != nil {
		return err
	}
	trust, err := d.trust(net)
	if err != nil {
		return err
	}
	own := ""
	if len(entry.URLs) > 0 {
		own = entry.URLs[0]
	}
	f.place(d, logKeyName, own, "127.0.0.1:8470")
	log := a.logger()
	opt := &tlog.Options{Clock: a.now, Interval: f.interval, Heartbeat: f.heartbeat, OnError: troubles(log)}
	if opt.Cosigners, err = a.cosigners(d, f.cosignerURLs, log); err != nil {
		return err
	}
	signer, err := a.signerKey(d, f.key, logKeyName, entry.Log)
	if err != nil {
		return err
	}
	defer signer.Wipe()
	ln, err := a.listen(f.addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	if f.create {
		err = createLedger(f.dir, net, trust.Origin)
	} else {
		err = a.missingState(f.dir, entriesDir, tlogDir)
	}
	if err != nil {
		return stateFailure(f.dir, err)
	}
	p, err := a.openProven(f.dir, net, signer, trust, opt)
	if err != nil {
		return stateFailure(f.dir, err)
	}
	s := &service{
		ready: serviceJSON{Service: "ledger", Domain: d.Domain, Name: entry.Origin, Dir: f.dir}, drain: p.drain, close: p.close,
	}
	if s.handler, err = a.ledgerHandler(p, net, trust, f, log); err == nil {
		_, err = d.Publish(ctx, p.log) // so that the log says whom it was watched by
	}
	if err != nil {
		return errors.Join(err, p.close())
	}
	return a.serve(ctx, ln, &f.serveFlags, s)
}

// cosigners are those of the descriptor whose place is known.
func (a *app) cosigners(d *domainFolder, urls []string, log *slog.Logger) ([]tlog.Cosigner, error) {
	places, err := byName(urls, "--cosigner-url", "witness-1=http://127.0.0.1:8471")
	if err != nil {
		return nil, err
	}
	for name := range places {
		if _, err := d.cosigner(name); err != nil {
			return nil, err
		}
	}
	var out []tlog.Cosigner
	for _, c := range d.Cosigners {
		url := c.URL
		if u := places[c.Key.Name()]; u != "" {
			url = u
		}
		if url == "" {
			log.Warn("nobody knows where this cosigner is; it is not asked", "name", c.Key.Name())
			continue
		}
		client, err := a.cosignerClient(url, c.Key)
		if err != nil {
			return nil, err
		}
		out = append(out, client)
	}
	return out, nil
}

// ledgerHandler serves everything that a ledger has to say.
func (a *app) ledgerHandler(p *provenLedger, net realdid.Network, trust *proof.Trust, f *serveLedgerFlags, log *slog.Logger) (http.Handler, error) {
	preds, err := a.predecessors(net)
	if err != nil {
		return nil, err
	}
	m, err := realdid.New(p.log, &realdid.Options{Network: net, Clock: a.now, Trust: trust, KeepBytes: keepBytes, Predecessors: preds})
	if err != nil {
		return nil, err
	}
	writes, err := httpledger.NewHandler(p.log, &httpledger.Options{
		Causes: ledgerCauses(), Logger: log, InsecureNoLimits: f.noLimits, Overrules: realdid.Overrules,
	})
	if err != nil {
		return nil, err
	}
	resolution, err := a.resolution(m, true, true, readable(p.log), nil)
	if err != nil {
		return nil, err
	}
	files := mirror.NewFileHandler(p.log.Store().OpenFile)
	mux := http.NewServeMux()
	mux.Handle("/ledger/v1/", writes)
	mux.Handle("/checkpoint", files)
	mux.Handle("/tile/", files)
	mux.Handle("/1.0/", resolution)
	mux.Handle("/healthz", resolution)
	mux.Handle("/", resolution) // which says in its own way that there is nothing
	return mux, nil
}
