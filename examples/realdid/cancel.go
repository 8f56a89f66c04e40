package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

func newDIDCancel(a *app) *cobra.Command {
	var by, seed string
	c := &cobra.Command{
		Use:   "cancel",
		Short: "Cancel a recovery that is pending",
		Long: `Cancels the recovery that waits for its delay, if you did not ask for it. It takes the seed: the next key cancels what is vetoable, and
spends itself by it; the own backup cancels whatever stands below it. The tier that was cancelled has to wait its delay again.

Where no recovery is pending, the next key withdraws a migration that "did migrate" has announced.`,
		Example: `  realdid did cancel --as alice --seed /media/usb/alice.seed
  realdid did cancel --as alice --by own`,
	}
	c.Flags().StringVar(&by, "by", "", "`KEY` that cancels: next or own (default: next if the recovery is vetoable, else own)")
	c.Flags().StringVar(&seed, "seed", "", "seed `FILE` (default keys/NAME.seed)")
	_ = c.RegisterFlagCompletionFunc("by", cobra.FixedCompletions([]string{"next", "own"}, cobra.ShellCompDirectiveNoFileComp))
	return verb(c, func(c *cobra.Command, _ []string) error {
		if by != "" && by != "next" && by != "own" {
			return usage("next or own", "--by: %.20q", by)
		}
		return a.didCancel(c.Context(), by, seed)
	})
}

func (a *app) didCancel(ctx context.Context, by, seedFile string) error {
	c, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer c.end()
	pending, ok := c.state.Pending()
	_, _, departed, announced := c.state.Migration()
	if withdraws := !ok && announced && !departed; withdraws && by != "own" {
		by = "next"
	} else if !ok {
		return invalid("did history shows what happened", "no recovery of %s is pending", c.id.Name)
	}
	if by == "" {
		by = "own"
		if pending.Vetoable {
			by = "next"
		}
	}
	seed, err := a.loadSeed(c.id, seedFile)
	if err != nil {
		return err
	}
	defer seed.Wipe()
	g, err := c.open.generations(ctx, c.id.id)
	if err != nil {
		return err
	}
	var draft *realdid.Draft
	var signers []keys.Signer
	if by == "next" {
		draft, signers, err = c.cancelByNext(seed, g)
	} else {
		var own recoveryHolder
		if own, _, err = findOwnBackup(seed, c.state, g); err == nil {
			signers = []keys.Signer{own.signer}
			draft, err = c.state.DraftCancelByTier([]realdid.RecoveryKey{own.RecoveryKey})
		}
	}
	if err != nil {
		return err
	}
	res, err := c.commit(ctx, draft, signers, nil)
	if err != nil {
		return err
	}
	how := "recovery cancelled"
	if !ok {
		how = "migration withdrawn"
	}
	return c.show(how, res, c.state.Content())
}

// cancelByNext spends the next key and commits to another.
func (c *change) cancelByNext(seed *realdid.Seed, g generations) (*realdid.Draft, []keys.Signer, error) {
	revealed, public, err := c.nextKeys(seed, g)
	if err != nil {
		return nil, nil, err
	}
	next, err := seed.Control(public[0].Algorithm(), g.control)
	if err != nil {
		return nil, nil, err
	}
	d, err := c.state.DraftCancelByNext(public, c.suite().Commit(next.Public()), c.state.SingleSecret())
	return d, revealed, err
}

// nextKeys finds the keys that the identity commits to as next.
func (c *change) nextKeys(seed *realdid.Seed, g generations) ([]keys.Signer, []keys.PublicKey, error) {
	found, err := findNext(seed, c.state, g)
	var signers []keys.Signer
	var public []keys.PublicKey
	for _, k := range found {
		signers, public = append(signers, k), append(public, k.Public())
	}
	return signers, public, err
}

func newDIDDeactivate(a *app) *cobra.Command {
	var seed string
	var yes bool
	c := &cobra.Command{
		Use:   "deactivate",
		Short: "End an identity",
		Long: `Ends the identity: it resolves as deactivated, with an empty document. It takes the seed. Within the grace (30 days, or twice the longest
recovery delay) a recovery can revive it; after that nothing can.`,
		Example: `  realdid did deactivate --as alice
  realdid did deactivate --as alice --seed /media/usb/alice.seed --yes`,
	}
	c.Flags().StringVar(&seed, "seed", "", "seed `FILE` (default keys/NAME.seed)")
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return verb(c, func(c *cobra.Command, _ []string) error { return a.didDeactivate(c.Context(), seed, yes) })
}

func (a *app) didDeactivate(ctx context.Context, seedFile string, yes bool) error {
	id, err := a.identity()
	if err != nil {
		return err
	}
	if !yes {
		sure, err := a.confirm(fmt.Sprintf("This ends %s (%s) for everybody.", id.Name, id.DID), id.Name)
		if err != nil {
			return err
		}
		if !sure {
			return usage("--yes does it without asking", "not confirmed; nothing was done")
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
	seed, err := a.loadSeed(c.id, seedFile)
	if err != nil {
		return err
	}
	defer seed.Wipe()
	g, err := c.open.generations(ctx, c.id.id)
	if err != nil {
		return err
	}
	signers, public, err := c.nextKeys(seed, g)
	if err != nil {
		return err
	}
	draft, err := c.state.DraftDeactivate(public)
	if err != nil {
		return err
	}
	res, err := c.commit(ctx, draft, signers, nil)
	if err != nil {
		return err
	}
	return c.show("deactivated", res, realdid.Content{})
}
