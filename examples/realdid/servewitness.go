package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
	"github.com/realdid/realdid/did/realdid"
)

func newServeWitness(a *app) *cobra.Command {
	var f serveFlags
	var key string
	c := &cobra.Command{
		Use:   "witness --as NAME",
		Short: "Serve a witness, which cosigns only what extends what it cosigned before",
		Long: `Serves C2SP tlog-witness (/add-checkpoint, /healthz) for the logs of a trust domain, as the cosigner that the descriptor calls NAME.
It cosigns a checkpoint only if it extends the last one and ends in an epoch leaf, and remembers it, durably, before the cosignature
leaves. Where the log is published says --ledger URL, or else the descriptor.

What it remembers must not be lost: restored from an old copy, it could be made to cosign a second history.`,
		Example: `  realdid serve witness --domain ./demo --as witness-1
  realdid serve witness --domain descriptor.json --as witness.example/1 --key witness.key --dir ./state --create`,
	}
	f.register(c, "that of the descriptor's URL, if it is on this machine")
	f.registerState(c)
	c.Flags().StringVar(&key, "key", "", "sealed `FILE` with the key (default keys/NAME.key in the domain's folder, or in this home)")
	return verb(c, func(c *cobra.Command, _ []string) error { return a.serveWitness(c.Context(), &f, key) })
}

// cosignerAs finds whom a server acts as, and refuses a role that is not its own: one key says one thing.
func (a *app) cosignerAs(d *domainFolder, role proof.Role) (*realdid.CosignerEntry, error) {
	if a.flags.as == "" {
		names := d.byRole(role)
		if len(names) != 1 {
			return nil, usage("cosigners in this role: "+strings.Join(names, ", "), "no --as NAME")
		}
		a.flags.as = names[0]
	}
	c, err := d.cosigner(a.flags.as)
	if err == nil && c.Role != role.String() {
		err = usage("serve witness, serve mirror, and serve mirror --audit are for one role each", "%s is a cosigner in the role %s, not %s", a.flags.as, c.Role, role)
	}
	return c, err
}

func (a *app) serveWitness(ctx context.Context, f *serveFlags, key string) error {
	a.ticking()
	d, err := a.needDomain()
	if err != nil {
		return err
	}
	entry, err := a.cosignerAs(d, proof.Witness)
	if err != nil {
		return err
	}
	name := entry.Key.Name()
	f.place(d, name, entry.URL, "127.0.0.1:8471")
	logs, err := a.watchedLogs(d)
	if err != nil {
		return err
	}
	signer, err := a.signerKey(d, key, name, entry.Key)
	if err != nil {
		return err
	}
	defer signer.Wipe()
	ln, err := a.listen(f.addr)
	if err != nil {
		return err
	}
	defer ln.Close()
	s, err := witness.NewServer(f.dir, signer, logs, a.cosignerOptions(f.create))
	if err != nil {
		return stateFailure(f.dir, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", healthy)
	mux.Handle("/", s)
	return a.serve(ctx, ln, f, &service{
		ready:   serviceJSON{Service: "witness", Domain: d.Domain, Name: name, Dir: f.dir},
		handler: mux, close: s.Close,
	})
}

// watchedLogs are the logs of the domain, with where they are published.
func (a *app) watchedLogs(d *domainFolder) ([]witness.Log, error) {
	var out []witness.Log
	for i := range d.Ledgers {
		l := &d.Ledgers[i]
		url, err := a.ledgerURL(l)
		if err != nil {
			return nil, err
		}
		src, err := a.logSource(url)
		if err != nil {
			return nil, err
		}
		out = append(out, witness.Log{Key: l.Log, Origin: l.Origin, Source: src})
	}
	return out, nil
}

func (a *app) cosignerOptions(create bool) *witness.Options {
	log := a.logger()
	return &witness.Options{
		Create: create, Clock: a.now, Handler: &witness.HandlerOptions{OnError: troubles(log)},
		OnAccusation: func(origin string, _ *proof.Accusation) {
			log.Error("the log signed two histories; the evidence is in the state's folder", "origin", origin)
		},
	}
}
