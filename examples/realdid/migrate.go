package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

func newDIDMigrate(a *app) *cobra.Command {
	var to, seed string
	c := &cobra.Command{
		Use:   "migrate --to LEDGER",
		Short: "Move an identity to another ledger of its trust domain",
		Long: `Moves an identity to another ledger, by the name that it has in the trust domain's descriptor.

The first time it announces that, which takes the seed: the next key is spent. The identity stays as it is, and usable, until the notice is
over: a week, or twice the longest recovery delay, so that a thief of the seed cannot send it away unnoticed. Until then "did recover"
withdraws it, and so does "did cancel". Given again after that, the same command completes it, with the daily keys alone: this ledger takes
nothing more, and "did bundle" makes what "did import" brings to the other one. An identity without recovery tiers moves at once.`,
		Example: `  realdid did migrate --as alice --to second --seed /media/usb/alice.seed
  realdid did migrate --as alice --to second
  realdid did bundle alice --without-operations -o alice.bundle`,
	}
	c.Flags().StringVar(&to, "to", "", "`NAME` of the ledger")
	c.Flags().StringVar(&seed, "seed", "", "seed `FILE` (default keys/NAME.seed)")
	return verb(c, func(c *cobra.Command, _ []string) error {
		if to == "" {
			return usage("for example --to second", "no --to")
		}
		return a.didMigrate(c.Context(), to, seed)
	})
}

func (a *app) didMigrate(ctx context.Context, to, seedFile string) error {
	if d, err := a.domain(); err != nil {
		return err
	} else if d != nil {
		if _, err := d.ledger(realdid.Network{Domain: d.Domain, Home: to}); err != nil {
			return err
		}
	}
	c, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer c.end()
	if err := c.settled(); err != nil {
		return err
	}
	where, ready, _, announced := c.state.Migration()
	switch {
	case announced && where != to:
		return invalid(`"did cancel" withdraws that`, "a migration to %s is announced", where)
	case announced && a.now().Before(ready):
		return invalid("the same command completes it then", "the notice is not over before %s", when(ready))
	case announced:
		return c.depart(ctx, to)
	}
	return c.announce(ctx, to, seedFile)
}

func (c *change) announce(ctx context.Context, to, seedFile string) error {
	seed, err := c.app.loadSeed(c.id, seedFile)
	if err != nil {
		return err
	}
	defer seed.Wipe()
	g, err := c.open.generations(ctx, c.id.id)
	if err != nil {
		return err
	}
	revealed, public, err := c.nextKeys(seed, g)
	if err != nil {
		return err
	}
	next, err := seed.Control(public[0].Algorithm(), g.control)
	if err != nil {
		return err
	}
	draft, err := c.state.DraftMigrate(to, public, c.suite().Commit(next.Public()), c.state.SingleSecret())
	return c.moving(ctx, draft, err, revealed, "migration announced")
}

func (c *change) depart(ctx context.Context, to string) error {
	signers, err := c.controlSigners()
	if err != nil {
		return err
	}
	draft, err := c.state.DraftDepart(to)
	return c.moving(ctx, draft, err, signers, "departed")
}

func (c *change) moving(ctx context.Context, draft *realdid.Draft, err error, signers []keys.Signer, how string) error {
	if err != nil {
		return err
	}
	res, err := c.commit(ctx, draft, signers, nil)
	if err != nil {
		return err
	}
	return c.show(how, res, c.state.Content())
}

func newDIDImport(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "import BUNDLE",
		Short: "Bring an identity to this ledger that has departed to it",
		Long: `Takes over an identity from its former ledger, on which "did migrate" has completed the move to this one. BUNDLE is a file that
"did bundle --without-operations" made there afterwards, or - for standard input. Anybody can do this, and doing it again does no harm:
where the identity goes, its keys have decided.

--domain names whom to trust as the former ledger. If that one has ended, the descriptor says so, and who succeeds it: then a bundle
under its final checkpoint serves for identities that had not moved.`,
		Example: `  realdid did bundle alice --without-operations -o alice.bundle --ledger http://127.0.0.1:8470
  realdid did import alice.bundle --domain ./demo --ledger ./second`,
		Args: args(1, 1),
	}
	return verb(c, func(c *cobra.Command, args []string) error { return a.didImport(c.Context(), args[0]) })
}

func (a *app) didImport(ctx context.Context, file string) error {
	raw, err := a.readInputUpTo(file, "a bundle", realdid.MaxBundle)
	if err != nil {
		return err
	}
	b, err := realdid.ParseBundle(raw)
	if err != nil {
		return invalid(`a bundle is what "did bundle" wrote, unchanged`, "%s", withoutPackages(err.Error()))
	}
	o, err := a.openLedger(true)
	if err != nil {
		return err
	}
	defer o.Close()
	res, err := o.Import(ctx, b)
	if err != nil {
		return err
	}
	return a.showOperation(a.nameOf(res.DID.String()), "imported", res, func(out *operationJSON) {
		out.From, _, _ = res.State.Arrived()
	})
}

// nameOf is the name that an identity has in this home, if it is here.
func (a *app) nameOf(id string) string {
	for _, name := range a.home.names(true) {
		if r, err := a.home.readRecord(name); err == nil && r.DID == id {
			return name
		}
	}
	return "-"
}
