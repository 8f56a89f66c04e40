package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc/realperson"
)

// newPerson is the group of the verbs of a real person.
func newPerson(a *app) *cobra.Command {
	return group("person", "Be one real person everywhere, and nobody's trail",
		newPersonEnrol(a), newPersonRenew(a), newPersonShow(a), newPersonSignUp(a), newPersonLogIn(a), newPersonUse(a), newPersonRebind(a),
		newPersonReportTheft(a), newPersonCompleteRebind(a), newPersonVeto(a), newPersonBackup(a), newPersonRestore(a))
}

func (h home) wallet(name string) string { return filepath.Join(h.keys(), name+".person") }

// A personWallet is the wallet of an identity in this home.
type personWallet struct {
	*realperson.Wallet
	app    *app
	id     *identity
	file   *sealedWallet
	url    string // of the authority
	create bool   // nothing is on disk yet
}

// walletContent is what a wallet file holds.
type walletContent struct {
	Version int             `json:"version"`
	URL     string          `json:"url"`
	Wallet  json.RawMessage `json:"wallet"`
}

func (a *app) walletOptions() *realperson.WalletOptions { return &realperson.WalletOptions{Now: a.now} }

// openPerson opens the wallet of --as, for this process alone.
func (a *app) openPerson() (*personWallet, error) {
	id, err := a.identity()
	if err != nil {
		return nil, err
	}
	path := a.home.wallet(id.Name)
	if !a.home.exists(path) {
		return nil, usage(`"realdid person enrol" makes one, "realdid person restore" takes one from another phone`, "%s has no wallet of a real person", id.Name)
	}
	return a.openWallet(id, path)
}

// openWallet opens a wallet file, to be kept as that of id.
func (a *app) openWallet(id *identity, path string) (_ *personWallet, err error) {
	lock := &sealedWallet{}
	if err := lock.hold(a.home.wallet(id.Name) + ".lock"); err != nil {
		return nil, err
	}
	w := &personWallet{app: a, id: id}
	defer func() {
		if err != nil {
			lock.wipe()
		}
	}()
	if w.file, err = a.openWalletFile(path); err != nil {
		return nil, err
	}
	w.file.lock = lock.lock
	var in walletContent
	if err := decodeStrict(w.file.content, &in); err != nil {
		return nil, fileFailure(path, errWalletFile)
	}
	if in.Version != 1 {
		return nil, unknown("a newer realdid wrote it", "%s: version %d is not known", path, in.Version)
	}
	if w.Wallet, err = realperson.RestoreWallet(in.Wallet, a.walletOptions()); err != nil {
		return nil, fileFailure(path, err)
	}
	w.url = in.URL
	return w, nil
}

// newPersonWallet makes the wallet of an identity; save writes it.
func (a *app) newPersonWallet(id *identity, p *realperson.Parameters, url string) (*personWallet, error) {
	w, err := realperson.NewWallet(*p, a.walletOptions())
	if err != nil {
		return nil, err
	}
	path := a.home.wallet(id.Name)
	file, err := a.newWalletKey(path, id.Name)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, unknown("", "%s", pathless(err))
	}
	if err := file.hold(path + ".lock"); err != nil {
		return nil, err
	}
	return &personWallet{Wallet: w, app: a, id: id, file: file, url: url, create: true}, nil
}

// save writes the wallet as it is now. It is called before anything leaves that the wallet must not forget.
func (w *personWallet) save() error {
	b, err := w.encode()
	if err != nil {
		return err
	}
	path := w.app.home.wallet(w.id.Name)
	if !w.create {
		return replaceFile(path, b, 0o600)
	}
	if err := createSealed(path, b); err != nil {
		return err
	}
	w.create = false
	return nil
}

func (w *personWallet) encode() ([]byte, error) {
	backup, err := w.Backup()
	if err != nil {
		return nil, err
	}
	defer clear(backup)
	clear(w.file.content)
	if w.file.content, err = json.Marshal(walletContent{1, w.url, backup}); err != nil {
		return nil, err
	}
	return w.file.encode()
}

func (w *personWallet) wipe() { w.file.wipe() }

// citizen is the person under the DID that the authority knows.
func (w *personWallet) citizen(ctx context.Context) (*realperson.Citizen, func(), error) {
	signer, method, wipe, err := w.app.authenticationKey(ctx, w.id, w.id.id, "")
	if err != nil {
		return nil, nil, err
	}
	return &realperson.Citizen{Method: method, Signer: signer}, wipe, nil
}

// personJSON is what person enrol, renew, show and restore print.
type personJSON struct {
	Name       string         `json:"name"`
	Citizen    string         `json:"citizen"` // the DID that the authority knows
	Authority  string         `json:"authority"`
	URL        string         `json:"url"`
	Parameters string         `json:"parameters"` // their fingerprint, which is the same for everybody
	Enrolled   bool           `json:"enrolled"`
	Generation int            `json:"generation"`
	Until      string         `json:"validUntil,omitempty"` // when the last credential ends: by then it must be renewed
	Claims     map[string]any `json:"claims,omitempty"`     // that platforms can be shown
	Platform   string         `json:"platform,omitempty"`
	Holder     string         `json:"holder,omitempty"` // the pairwise DID there
	File       string         `json:"file"`
}

func (w *personWallet) describe() (*personJSON, error) {
	out := &personJSON{
		Name: w.id.Name, Citizen: w.id.id.String(), Authority: w.Authority().Authority.String(), URL: w.url, Enrolled: w.Enrolled(),
		Generation: w.Generation(), File: w.app.home.wallet(w.id.Name),
	}
	parameters := w.Authority()
	var err error
	if out.Parameters, err = parameters.Fingerprint(); err != nil || !out.Enrolled {
		return out, err
	}
	out.Until = timeText(w.Until())
	out.Claims, err = w.Statements()
	return out, err
}

// show prints a wallet. It asks nobody.
func (w *personWallet) show(how string, p *personJSON) error {
	a := w.app
	if a.flags.json {
		return a.printJSON(p)
	}
	if how != "" {
		fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green(how), a.paint.bold(p.Name))
	}
	s := sheet{p: a.paint}
	s.add("citizen", p.Citizen)
	s.add("authority", p.Authority, p.URL)
	s.add("parameters", p.Parameters)
	if p.Enrolled {
		s.add("generation", strconv.Itoa(p.Generation))
		s.add("valid until", p.Until)
		for _, name := range slices.Sorted(maps.Keys(p.Claims)) {
			s.add(name, fmt.Sprint(p.Claims[name]))
		}
	} else {
		s.add("enrolled", "no")
	}
	if p.Holder != "" {
		s.add("platform", p.Platform)
		s.add("there", p.Holder)
	}
	s.add("wallet", p.File)
	s.write(a.stdout)
	if until := w.Until(); p.Enrolled && !until.After(a.now().Add(w.margin())) {
		a.note("the credentials end soon: realdid person renew --as %s", p.Name)
	}
	return nil
}

// margin is how long before the end of the last credential a person is told to renew: an epoch.
func (w *personWallet) margin() time.Duration {
	e, now := w.Authority().Epochs, w.app.now()
	return e.End(now).Sub(e.Start(now))
}

func newPersonShow(a *app) *cobra.Command {
	var platform string
	c := &cobra.Command{
		Use:   "show",
		Short: "Show what the wallet of a real person holds",
		Long: `Shows with which authority the person is enrolled, until when, and what the credentials state. It needs the passphrase, asks nobody, and
prints no secret. --platform shows under which pairwise DID the person is known there, which exists nowhere else.`,
		Example: `  realdid person show --as alice
  realdid person show --as alice --platform shop --json`,
		Args: args(0, 0),
	}
	c.Flags().StringVar(&platform, "platform", "", "`DID` or name of a platform")
	return verb(c, func(c *cobra.Command, _ []string) error {
		w, err := a.openPerson()
		if err != nil {
			return err
		}
		defer w.wipe()
		out, err := w.describe()
		if err != nil {
			return err
		}
		if platform != "" {
			var id, holder did.DID
			if id, err = a.parseDID(platform); err != nil {
				return err
			}
			if holder, err = w.Holder(c.Context(), id); err != nil {
				return err
			}
			out.Platform, out.Holder = id.String(), holder.String()
		}
		return w.show("", out)
	})
}
