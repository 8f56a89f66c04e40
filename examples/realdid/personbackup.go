package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/vc/realperson"
)

// backedUpJSON is what person backup prints.
type backedUpJSON struct {
	Name  string `json:"name"`
	File  string `json:"file"`
	Bytes int    `json:"bytes"`
}

func newPersonBackup(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "backup FILE",
		Short: "Copy the wallet of a real person to a new file, sealed by the passphrase",
		Long: `Writes the wallet to a new FILE, sealed as it is in this home, so that another phone can be the same person at every platform. It holds also where you
have accounts. Whoever has it and the passphrase is you to every platform, until the next renewal, which needs your DID's keys.`,
		Example: `  realdid person backup /mnt/stick/alice.person --as alice`,
		Args:    args(1, 1),
	}
	return verb(c, func(_ *cobra.Command, args []string) error {
		w, err := a.openPerson()
		if err != nil {
			return err
		}
		defer w.wipe()
		b, err := w.encode()
		if err != nil {
			return err
		}
		if err := createFile(args[0], b); err != nil {
			return err
		}
		if a.flags.json {
			return a.printJSON(backedUpJSON{w.id.Name, args[0], len(b)})
		}
		fmt.Fprintf(a.stdout, "%s  %s  %s\n", a.paint.green("copied"), a.paint.bold(w.id.Name), args[0])
		return nil
	})
}

func newPersonRestore(a *app) *cobra.Command {
	var newKeys bool
	c := &cobra.Command{
		Use:   "restore FILE",
		Short: "Take the wallet of a real person from a backup",
		Long: `Puts the wallet in FILE, which person backup wrote, into this home, as that of --as NAME. The credentials in it are verified. Pseudonyms, accounts
and keys are those of the phone that it comes from; to renew, this home needs the identity's keys as well.

If somebody else may have the backup, or the phone, --new-keys takes other keys for platforms than the ones in it, which all derive from one
secret: accounts then come back by report-theft and complete-rebind. Until then a wallet restored without it vetoes.`,
		Example: `  realdid person restore /mnt/stick/alice.person --as alice
  realdid person restore /mnt/stick/alice.person --as alice --new-keys`,
		Args: args(1, 1),
	}
	c.Flags().BoolVar(&newKeys, "new-keys", false, "take new keys for platforms, because those in the backup may be stolen")
	return verb(c, func(_ *cobra.Command, args []string) error {
		id, err := a.identity()
		if err != nil {
			return err
		}
		path := a.home.wallet(id.Name)
		if a.home.exists(path) {
			return existsFailure(path)
		}
		if _, err := os.Stat(args[0]); err != nil {
			return readFailure("the backup", err)
		}
		w, err := a.openWallet(id, args[0])
		if err != nil {
			return err
		}
		defer w.wipe()
		if newKeys {
			if err := w.replaceKeys(); err != nil {
				return err
			}
		}
		w.create = true
		if err := w.save(); err != nil {
			return err
		}
		out, err := w.describe()
		if err != nil {
			return err
		}
		return w.show("restored", out)
	})
}

// replaceKeys gives a wallet another seed of pairwise keys.
func (w *personWallet) replaceKeys() error {
	b, err := w.Backup()
	if err != nil {
		return err
	}
	defer clear(b)
	opt := *w.app.walletOptions()
	opt.PairwiseSeed = realdid.NewSeed()
	w.Wallet, err = realperson.RestoreWallet(b, &opt)
	return err
}
