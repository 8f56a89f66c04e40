package main

import (
	"context"
	"errors"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// recoverFlags are the flags of did recover.
type recoverFlags struct {
	tier, did, seed, seedOut, card, cardOut string
	guardianKeys                            []string
	keep, compromised, cleared              []string
	requestOut, approve, out                string
	submit                                  []string
}

func newDIDRecover(a *app) *cobra.Command {
	var f recoverFlags
	c := &cobra.Command{
		Use:   "recover",
		Short: "Take an identity back with the own backup or through guardians, after a delay",
		Long: `Files a recovery: new daily keys in this home take control of the identity when the tier's delay is over, unless somebody entitled
cancels it first. Until then nothing but recover and cancel is possible. The old keys of the document are retired, all but those of --keep.

--tier own needs the seed. The home may be new: --did names the identity then, and --as what it is to be called here.
--tier guardians needs the recovery card, and guardians. Their keys stay with them: --request-out writes a request, each guardian signs it with
--approve, and --submit files what came back. Where their keys are at hand, --guardian-key does it at once. A new seed is made, because the old
one is lost; --seed uses one that exists.`,
		Example: `  realdid did recover --as alice --tier own --did did:realdid:qaaaa… --seed /media/usb/alice.seed
  realdid did recover --as alice --tier guardians --did did:realdid:qaaaa… --card alice.card --request-out alice.request
  realdid did recover --approve alice.request --guardian-key friend --out friend.request
  realdid did recover --as alice --submit friend.request --submit sister.request
  realdid did recover --as alice --tier own --compromised assert-1`,
	}
	fl := c.Flags()
	fl.StringVar(&f.tier, "tier", "own", "who recovers: own or guardians")
	fl.StringVar(&f.did, "did", "", "`DID` of an identity that this home does not know yet")
	fl.StringVar(&f.seed, "seed", "", "seed `FILE` (default: with own keys/NAME.seed, with guardians a new seed)")
	fl.StringVar(&f.seedOut, "seed-out", "", "with guardians: write the new sealed seed to a new `FILE` instead of keys/NAME.seed")
	fl.StringVar(&f.card, "card", "", "with guardians: recovery card `FILE` (default keys/NAME.card)")
	fl.StringVar(&f.cardOut, "card-out", "", "with guardians: write the new recovery card to `FILE` instead of keys/NAME.card")
	fl.StringArrayVar(&f.guardianKeys, "guardian-key", nil, "`NAME` in keys/ or sealed key FILE of a guardian; repeat for each")
	fl.StringArrayVar(&f.keep, "keep", nil, "keep the method with this `FRAGMENT`")
	fl.StringArrayVar(&f.compromised, "compromised", nil, "declare a removed method compromised: `FRAGMENT[@SEQUENCE]`")
	fl.StringArrayVar(&f.cleared, "cleared", nil, "take back that the method with this `FRAGMENT` was compromised")
	fl.StringVar(&f.requestOut, "request-out", "", "with guardians: write a request for their signatures to a new `FILE`")
	fl.StringVar(&f.approve, "approve", "", "as a guardian: sign the request in `FILE` with --guardian-key")
	fl.StringVar(&f.out, "out", "", "with --approve: write the signed request to a new `FILE`")
	fl.StringArrayVar(&f.submit, "submit", nil, "file the recovery of the signed request in `FILE`; repeat for each guardian's")
	_ = c.RegisterFlagCompletionFunc("tier", cobra.FixedCompletions([]string{"own", "guardians"}, cobra.ShellCompDirectiveNoFileComp))
	return verb(c, func(c *cobra.Command, _ []string) error {
		if f.tier != "own" && f.tier != "guardians" {
			return usage("own or guardians", "--tier: %.20q", f.tier)
		}
		switch {
		case f.approve != "":
			return a.approve(c.Context(), &f)
		case len(f.submit) > 0:
			return a.file(c.Context(), f.submit)
		}
		return a.didRecover(c.Context(), &f)
	})
}

// A recovery is what one tier brings to did recover.
type recovery struct {
	seed    *realdid.Seed // of the keys to come
	fresh   bool          // the seed is new and must be kept
	reveal  []realdid.RecoveryKey
	signers []keys.Signer // of these keys, those that are here
	tier    realdid.StandingTier
	rest    []realdid.Tier // in place of the tier and those below it
	card    *card          // new salts of the guardians
}

func (a *app) didRecover(ctx context.Context, f *recoverFlags) error {
	c, err := a.beginRecovery(ctx, f)
	if err != nil {
		return err
	}
	defer c.end()
	g, err := c.open.generations(ctx, c.id.id)
	if err != nil {
		return err
	}
	var r *recovery
	if f.tier == "own" {
		r, err = c.ownRecovery(f, g)
	} else {
		r, err = c.guardianRecovery(f)
	}
	if err != nil {
		return err
	}
	defer r.seed.Wipe()
	req, signers, fresh, err := c.recoverRequest(f, r, g)
	if err != nil {
		return err
	}
	draft, err := c.state.DraftRecover(req)
	if err != nil {
		return err
	}
	var seedPath, cardPath string
	if r.fresh {
		if seedPath = f.seedOut; seedPath == "" {
			seedPath = a.home.seed(c.id.Name)
		}
		if err := a.createSeed(seedPath, c.id.Name, r.seed); err != nil {
			return err
		}
		c.undo = append(c.undo, func() error { return os.Remove(seedPath) })
	}
	if cardPath, err = c.writeCard(r.card, f.cardOut); err != nil {
		return errors.Join(err, c.takeBack())
	}
	if f.requestOut != "" {
		err := c.ask(ctx, draft, signers, fresh, f.requestOut, requestJSON{SeedFile: seedPath, CardFile: cardPath})
		if err != nil {
			return errors.Join(err, c.takeBack())
		}
		return nil
	}
	res, err := c.commit(ctx, draft, signers, fresh)
	if err != nil {
		return err
	}
	if err := c.show("recovery filed", res, req.Document, func(out *operationJSON) { out.SeedFile, out.CardFile = seedPath, cardPath }); err != nil {
		return err
	}
	if r.fresh && r.tier.ID.Index > 0 && !a.flags.json {
		a.note("the lost seed can still recover; once this recovery has taken effect, did rotate --renew-recovery puts the new one in its place")
	}
	return nil
}

// beginRecovery is begin for an identity that this home may not know yet.
func (a *app) beginRecovery(ctx context.Context, f *recoverFlags) (*change, error) {
	if f.did == "" {
		return a.begin(ctx)
	}
	id, err := did.Parse(f.did)
	if err != nil {
		return nil, err
	}
	name := a.flags.as
	if name == "" {
		return nil, usage("what it is to be called in this home", "--did without --as NAME")
	}
	if err := checkName(name); err != nil {
		return nil, err
	}
	if a.home.exists(a.home.record(name)) {
		r, err := a.home.readRecord(name)
		if err == nil && r.DID != f.did {
			err = usage("choose another name with --as", "%s is %s in this home", name, r.DID)
		}
		if err != nil {
			return nil, err
		}
		return a.begin(ctx)
	}
	if a.home.exists(a.home.sealed(name)) {
		return nil, existsFailure(a.home.sealed(name))
	}
	o, err := a.openLedger(false)
	if err != nil {
		return nil, err
	}
	known := &identity{&record{Name: name, DID: f.did}, id}
	c := &change{
		app: a, open: o, id: known, created: true,
		chain: &keychain{app: a, id: known, ring: &ring{path: a.home.sealed(name)}, more: map[string]*ring{}},
	}
	if c.state, err = o.State(ctx, id); err == nil {
		c.before, err = o.Resolve(ctx, id, nil)
	}
	if err != nil {
		o.Close()
		return nil, err
	}
	known.DID = c.state.Identifier().Short().String()
	known.id = c.state.Identifier().Short()
	return c, nil
}

// ownRecovery brings the seed's own backup; a new generation of it takes its place, and what was set together with it stays.
func (c *change) ownRecovery(f *recoverFlags, g generations) (*recovery, error) {
	seed, err := c.app.loadSeed(c.id, f.seed)
	if err != nil {
		return nil, err
	}
	holder, tier, err := findOwnBackup(seed, c.state, g)
	if err != nil {
		return nil, err
	}
	own, err := ownTier(seed, c.suite(), holder.Key.Algorithm(), g.recovery, tierOptions{tier.Delay, tier.Vetoable})
	if err != nil {
		return nil, err
	}
	return &recovery{
		seed: seed, reveal: []realdid.RecoveryKey{holder.RecoveryKey}, signers: []keys.Signer{holder.signer}, tier: tier,
		rest: append([]realdid.Tier{own}, c.tiersBelow(tier)...),
	}, nil
}

// tiersBelow returns the tiers that were set together with t and stand below it: others may be what a thief set.
func (c *change) tiersBelow(t realdid.StandingTier) []realdid.Tier {
	var out []realdid.Tier
	for _, other := range c.state.Tiers() {
		if other.ID.Seq == t.ID.Seq && other.ID.Index > t.ID.Index && other.Until.IsZero() == t.Until.IsZero() {
			out = append(out, other.Tier)
		}
	}
	return out
}

// recoverRequest makes the new daily keys and the document with them.
func (c *change) recoverRequest(f *recoverFlags, r *recovery, g generations) (*realdid.RecoverRequest, []keys.Signer, *ring, error) {
	algorithm := c.state.Control().Keys[0].Algorithm()
	control, err := r.seed.Control(algorithm, g.control)
	if err != nil {
		return nil, nil, nil, err
	}
	next, err := r.seed.Control(algorithm, g.control+1)
	if err != nil {
		return nil, nil, nil, err
	}
	compromised, err := parseCompromised(f.compromised)
	if err != nil {
		return nil, nil, nil, err
	}
	req := &realdid.RecoverRequest{
		Control: realdid.OneKey(control.Public()), Next: c.suite().Commit(next.Public()), Recovery: r.rest, Compromised: compromised, Cleared: f.cleared,
	}
	signers := []keys.Signer{control}
	req.Reveal, signers = r.reveal, append(signers, r.signers...)
	fresh := &ring{}
	fresh.add(labelControl, control)
	req.Document, err = c.recoveredDocument(f.keep, fresh)
	return req, signers, fresh, err
}

// recoveredDocument keeps services, aliases and the methods named; every other method is replaced by a new one for the same purpose.
func (c *change) recoveredDocument(keep []string, fresh *ring) (realdid.Content, error) {
	doc := copyContent(c.state.Content())
	old := doc.VerificationMethods
	doc.VerificationMethods = nil
	for _, fragment := range keep {
		m, err := removeMethod(&realdid.Content{VerificationMethods: slices.Clone(old)}, fragment, "--keep")
		if err != nil {
			return doc, err
		}
		doc.VerificationMethods = append(doc.VerificationMethods, m)
	}
	algorithms := map[did.Purpose]keys.Algorithm{}
	lost := did.Authentication
	if len(old) == 0 {
		lost |= did.AssertionMethod
	}
	for _, m := range old {
		for p := range m.Purposes.Each() {
			lost, algorithms[p] = lost|p, m.Key.Algorithm()
		}
	}
	for p := range lost.Each() {
		if _, kept := methodWith(doc, p); kept {
			continue
		}
		if algorithms[p] == 0 {
			algorithms[p] = defaultMethodAlgorithm(c.state)
		}
		if err := c.addMethod(&doc, p, algorithms[p], fresh); err != nil {
			return doc, err
		}
	}
	return doc, nil
}
