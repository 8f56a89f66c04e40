package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

func newPersonEnrol(a *app) *cobra.Command {
	var f enrolFlags
	c := &cobra.Command{
		Use:   "enrol",
		Short: "Enrol with an authority, once, and get credentials that say no more than what you show",
		Long: `Enrols the identity --as NAME, which must stand on the ledger, with the authority at --authority URL. --evidence is the JSON object by which
the authority knows you; serve authority wants {"country","document","number","code"}, with the code that was handed out at its counter. The
authority signs secrets that it does not see, once for each person, and what it learns links to nothing that platforms see.

The wallet is keys/NAME.person, under the passphrase. It is written before anything is sent: after an interruption, the same command goes on. Keep a
copy (person backup): without one all accounts are lost with the phone. --anew is for who has lost all copies: it starts a new generation, which
the authority logs in public, and allows once a year.`,
		Example: `  realdid person enrol --as alice --authority http://127.0.0.1:8481 --evidence letter.json
  realdid person enrol --as alice --authority http://127.0.0.1:8481 --evidence letter.json --anew loss`,
		Args: args(0, 0),
	}
	fl := c.Flags()
	fl.StringVar(&f.url, "authority", "", "`URL` of the authority")
	fl.StringVar(&f.expected, "authority-did", "", "`DID` or name that the authority must have; nothing is sent to another")
	fl.StringVar(&f.evidence, "evidence", "", "`FILE` with the JSON object by which the authority knows you")
	fl.StringVar(&f.anew, "anew", "", "start a new generation, for a `REASON`: loss, theft or error")
	_ = c.RegisterFlagCompletionFunc("anew", cobra.FixedCompletions([]string{"loss", "theft", "error"}, cobra.ShellCompDirectiveNoFileComp))
	return verb(c, func(c *cobra.Command, _ []string) error { return a.personEnrol(c.Context(), &f) })
}

type enrolFlags struct{ url, expected, evidence, anew string }

func (a *app) personEnrol(ctx context.Context, f *enrolFlags) error {
	if f.url == "" || f.evidence == "" {
		return usage("realdid person enrol --authority http://127.0.0.1:8481 --evidence letter.json", "--authority and --evidence are needed")
	}
	evidence, err := a.readEvidence(f.evidence)
	if err != nil {
		return err
	}
	defer clear(evidence)
	client, err := a.authorityClient(f.url)
	if err != nil {
		return err
	}
	w, err := a.walletToEnrol(ctx, client, f)
	if err != nil {
		return err
	}
	defer w.wipe()
	if err := w.enrol(ctx, client, evidence, f.anew); err != nil {
		return err
	}
	out, err := w.describe()
	if err != nil {
		return err
	}
	return w.show("enrolled", out)
}

// readEvidence reads a JSON object, which only the authority understands.
func (a *app) readEvidence(path string) (json.RawMessage, error) {
	b, err := a.readInput(path, "the evidence")
	if err != nil {
		return nil, err
	}
	v, err := strictjson.Parse(b, strictjson.Limits{})
	if err != nil || v.Kind() != strictjson.Object {
		return nil, invalid(`for example {"country":"FR","document":"id","number":"X1","code":"…"}`, "the evidence is not a JSON object")
	}
	return bytes.TrimSpace(b), nil
}

// walletToEnrol opens the wallet of an enrolment that did not come to its end, or makes one.
func (a *app) walletToEnrol(ctx context.Context, client *realpersonhttp.AuthorityClient, f *enrolFlags) (*personWallet, error) {
	id, err := a.identity()
	if err != nil {
		return nil, err
	}
	if path := a.home.wallet(id.Name); a.home.exists(path) {
		w, err := a.openWallet(id, path)
		if err != nil {
			return nil, err
		}
		switch {
		case w.Enrolled() && f.anew != "":
			err = invalid("--anew is for who has lost every copy of the wallet", "%s is here", path)
		case w.Enrolled():
			err = invalid(`"realdid person renew" gets new credentials`, "%s is enrolled", id.Name)
		case w.url != f.url:
			err = invalid("move "+path+" away to begin with another", "an enrolment with %s was begun", w.url)
		}
		if err != nil {
			w.wipe()
			return nil, err
		}
		return w, nil
	}
	p, err := client.Parameters(ctx)
	if err != nil {
		return nil, err
	}
	if err := a.checkAuthority(ctx, p, f.expected); err != nil {
		return nil, err
	}
	return a.newPersonWallet(id, p, f.url)
}

// checkAuthority makes sure that the key of parameters is one by which the DID issues, and whose DID that is.
func (a *app) checkAuthority(ctx context.Context, p *realperson.Parameters, expected string) error {
	if expected != "" {
		id, err := a.parseDID(expected)
		if err != nil {
			return err
		}
		if !sameIdentity(p.Authority, id) {
			return invalid("another URL, or another DID?", "the authority is %s, not %s", p.Authority, id)
		}
	}
	finder, done := a.keyFinder()
	defer done()
	return p.CheckMethod(ctx, finder)
}

// enrol goes through enrolment and activation.
func (w *personWallet) enrol(ctx context.Context, client *realpersonhttp.AuthorityClient, evidence json.RawMessage, anew string) error {
	citizen, wipe, err := w.citizen(ctx)
	if err != nil {
		return err
	}
	defer wipe()
	challenge, err := client.Challenge(ctx)
	if err != nil {
		return err
	}
	var request, issued []byte
	if anew == "" {
		request, err = w.EnrolmentRequest(ctx, citizen, challenge)
	} else {
		request, err = w.ReenrolmentRequest(ctx, citizen, challenge, realperson.Reason(anew))
	}
	if err != nil {
		return invalid("--anew loss, theft or error", "%s", withoutPackages(err.Error()))
	}
	if err := w.save(); err != nil { // the authority will not sign other secrets for this person
		return err
	}
	if anew == "" {
		issued, err = client.Enrol(ctx, request, evidence)
	} else {
		issued, err = client.Reenrol(ctx, request, evidence)
	}
	if err != nil {
		return err
	}
	if err := w.FinishEnrolment(ctx, issued); err != nil {
		return err
	}
	if err := w.save(); err != nil {
		return err
	}
	if err := w.CheckLog(ctx, client.PublicLog()); err != nil {
		return err
	}
	return w.activate(ctx, client, citizen)
}

// activate shows the authority the pseudonym that the person has there.
func (w *personWallet) activate(ctx context.Context, client *realpersonhttp.AuthorityClient, c *realperson.Citizen) error {
	challenge, err := client.Challenge(ctx)
	if err != nil {
		return err
	}
	request, err := w.ActivationRequest(ctx, c, challenge)
	if err != nil {
		return err
	}
	return client.Activate(ctx, request)
}

func newPersonRenew(a *app) *cobra.Command {
	var url string
	c := &cobra.Command{
		Use:   "renew",
		Short: "Get the credentials of the next epochs, for the same secrets",
		Long: `Asks the authority for new credentials: with the key that the identity's DID has now, and a proof that the secrets are those that were
enrolled, which shows neither them nor what any platform sees. Pseudonyms and accounts stay as they are. After the phone was stolen, rotate
the DID's keys first (did rotate): from then on the thief cannot renew.`,
		Example: `  realdid person renew --as alice
  realdid person renew --as alice --authority https://new.example`,
		Args: args(0, 0),
	}
	c.Flags().StringVar(&url, "authority", "", "`URL` of the authority, if it has moved")
	return verb(c, func(c *cobra.Command, _ []string) error { return a.personRenew(c.Context(), url) })
}

func (a *app) personRenew(ctx context.Context, url string) error {
	if err := a.offline("the authority"); err != nil {
		return err
	}
	w, err := a.openPerson()
	if err != nil {
		return err
	}
	defer w.wipe()
	if url != "" {
		w.url = url
	}
	client, err := a.authorityClient(w.url)
	if err != nil {
		return err
	}
	citizen, wipe, err := w.citizen(ctx)
	if err != nil {
		return err
	}
	defer wipe()
	err = w.renew(ctx, client, citizen)
	if errors.Is(err, realperson.ErrNotActivated) { // the enrolment was interrupted before its last step
		if err = w.activate(ctx, client, citizen); err == nil {
			err = w.renew(ctx, client, citizen)
		}
	}
	if err != nil {
		return err
	}
	out, err := w.describe()
	if err != nil {
		return err
	}
	return w.show("renewed", out)
}

func (w *personWallet) renew(ctx context.Context, client *realpersonhttp.AuthorityClient, c *realperson.Citizen) error {
	challenge, err := client.Challenge(ctx)
	if err != nil {
		return err
	}
	request, err := w.RenewalRequest(ctx, c, challenge)
	if err != nil {
		return err
	}
	issued, err := client.Renew(ctx, request)
	if err != nil {
		return err
	}
	p, err := client.Parameters(ctx)
	if err != nil {
		return err
	}
	if now := w.Authority(); p.Equal(&now) {
		err = w.FinishRenewal(ctx, issued)
	} else if err = w.app.checkAuthority(ctx, p, now.Authority.String()); err == nil { // it has another key by now
		err = w.FinishRenewalUnder(ctx, issued, *p)
	}
	if err != nil {
		return err
	}
	return w.save()
}
