package main

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/ledger/mirror"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

type serveMirrorFlags struct {
	serveFlags
	key      string
	audit    bool
	unsigned bool
	interval time.Duration
}

func newServeMirror(a *app) *cobra.Command {
	var f serveMirrorFlags
	c := &cobra.Command{
		Use:   "mirror --as NAME",
		Short: "Serve a mirror of a log; with --audit, one that executes everything again",
		Long: `Follows the log of a trust domain by its tiles, from --ledger URL or where the descriptor says, keeps it durably, serves it (/checkpoint,
/tile/), and cosigns (/add-checkpoint) as NAME: "I hold the bytes".

With --audit it is a full replica: every operation is executed again and the map computed anew, before it cosigns "I found the same".
It then also answers and proves resolution (/1.0/) and lets others read the ledger (/ledger/v1/), while the ledger itself is away. With
--unsigned anybody can run such a replica, who is no cosigner of the domain.`,
		Example: `  realdid serve mirror --domain ./demo --as auditor-1 --audit
  realdid serve mirror --domain descriptor.json --as mirror.example --key mirror.key --dir ./copy --create
  realdid serve mirror --domain descriptor.json --audit --unsigned --dir ./replica --create`,
	}
	f.register(c, "that of the descriptor's URL, if it is on this machine")
	f.registerState(c)
	fl := c.Flags()
	fl.StringVar(&f.key, "key", "", "sealed `FILE` with the key (default keys/NAME.key in the domain's folder, or in this home)")
	fl.BoolVar(&f.audit, "audit", false, "execute every operation again, and serve resolution")
	fl.BoolVar(&f.unsigned, "unsigned", false, "follow and serve, and cosign nothing")
	fl.DurationVar(&f.interval, "interval", time.Second, "between looks at what is published")
	return verb(c, func(c *cobra.Command, _ []string) error { return a.serveMirror(c.Context(), &f) })
}

func (a *app) serveMirror(ctx context.Context, f *serveMirrorFlags) error {
	a.ticking()
	d, err := a.needDomain()
	if err != nil {
		return err
	}
	net, err := a.network()
	if err != nil {
		return err
	}
	log, err := d.ledger(net)
	if err != nil {
		return err
	}
	role := proof.Mirror
	if f.audit {
		role = proof.Auditor
	}
	name, place, signer := "replica", "", (*proof.NoteSigner)(nil)
	if !f.unsigned {
		entry, err := a.cosignerAs(d, role)
		if err != nil {
			return err
		}
		name, place = entry.Key.Name(), entry.URL
		if signer, err = a.signerKey(d, f.key, name, entry.Key); err != nil {
			return err
		}
		defer signer.Wipe()
	} else if !f.audit {
		return usage("serve mirror --audit --unsigned is a replica", "--unsigned without --audit")
	}
	f.place(d, name, place, "127.0.0.1:8473")
	url, err := a.ledgerURL(log)
	if err != nil {
		return err
	}
	src, err := a.logSource(url)
	if err != nil {
		return err
	}
	ln, err := a.listen(f.addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	open := a.openArchive
	if f.audit {
		open = a.openAuditor
	}
	s, err := open(d, net, src, signer, f)
	if err != nil {
		return stateFailure(f.dir, err)
	}
	s.ready.Domain, s.ready.Name, s.ready.Dir = d.Domain, name, f.dir
	return a.serve(ctx, ln, &f.serveFlags, s)
}

func (a *app) mirrorOptions(f *serveMirrorFlags) *mirror.Options {
	log := a.logger()
	return &mirror.Options{
		Cosigner: a.cosignerOptions(f.create), Clock: a.now, Interval: f.interval, OnError: troubles(log),
		OnGap: func(from, to time.Time) {
			log.Warn("two epochs are far apart: the times between are the operator's word", "from", from.UTC(), "to", to.UTC())
		},
	}
}

// openArchive opens a mirror that holds bytes.
func (a *app) openArchive(d *domainFolder, net realdid.Network, src mirror.Source, signer *proof.NoteSigner, f *serveMirrorFlags) (*service, error) {
	log, err := d.ledger(net)
	if err != nil {
		return nil, err
	}
	m, err := mirror.OpenArchive(f.dir, src, log.Log, log.Origin, signer, a.mirrorOptions(f))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", healthy)
	mux.Handle("/", m)
	return &service{ready: serviceJSON{Service: "mirror"}, handler: mux, run: m.Run, drain: func() { _ = m.Close() }, close: m.Close}, nil
}

// openAuditor opens a mirror that executes everything again.
func (a *app) openAuditor(d *domainFolder, net realdid.Network, src mirror.Source, signer *proof.NoteSigner, f *serveMirrorFlags) (_ *service, err error) {
	trust, err := d.trust(net)
	if err != nil {
		return nil, err
	}
	if !f.create {
		if err := a.missingState(f.dir, entriesDir, tlogDir); err != nil {
			return nil, err
		}
	}
	red, err := a.reducer(net)
	if err != nil {
		return nil, err
	}
	replica, err := boltledger.Open(filepath.Join(f.dir, entriesDir), red, &boltledger.Options{Clock: a.now, Wait: lockPatience})
	if err != nil {
		return nil, err
	}
	m, err := mirror.Open(f.dir, src, replica, red, trust, signer, a.mirrorOptions(f))
	if err != nil {
		return nil, errors.Join(err, replica.Close())
	}
	s := &service{
		ready: serviceJSON{Service: "auditor"}, run: m.Run, drain: func() { _ = m.Close() },
		close: func() error { return errors.Join(m.Close(), replica.Close()) },
	}
	if s.handler, err = a.auditorHandler(m, net, trust); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (a *app) auditorHandler(m *mirror.Mirror, net realdid.Network, trust *proof.Trust) (http.Handler, error) {
	preds, err := a.predecessors(net)
	if err != nil {
		return nil, err
	}
	method, err := realdid.New(m, &realdid.Options{Network: net, Clock: a.now, Trust: trust, KeepBytes: keepBytes, Predecessors: preds})
	if err != nil {
		return nil, err
	}
	reads, err := httpledger.NewHandler(m, &httpledger.Options{Causes: ledgerCauses(), Logger: a.logger()})
	if err != nil {
		return nil, err
	}
	resolution, err := a.resolution(method, true, false, readable(m), nil)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/ledger/v1/", reads)
	mux.Handle("/1.0/", resolution)
	mux.Handle("/healthz", resolution)
	mux.Handle("/", m)
	return mux, nil
}
