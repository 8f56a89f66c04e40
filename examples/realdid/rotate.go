package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// rotateFlags are the flags of did rotate.
type rotateFlags struct {
	recoveryFlags
	seed                            string
	newAuthentication, newAssertion bool
	compromised, controlKeys        []string
	threshold                       int
	renewRecovery, singleSecret     bool
}

func newDIDRotate(a *app) *cobra.Command {
	var f rotateFlags
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Replace the control key by the next one, and the keys of the document if asked",
		Long: `Reveals the next control key, which only the seed knows, and commits to another. --new-authentication and --new-assertion retire
those keys of the document and put new ones in their place: do the first when a device is lost, the second to renew the key that credentials
are signed with. What a retired key signed before still counts.

--compromised FRAGMENT[@SEQUENCE] declares that a key was stolen: nothing that it signed counts, whatever date it bears, except what was
anchored before operation SEQUENCE. If it still stands in the document, a new key takes its place.

Giving --guardian, --own-delay, --guardian-delay or --renew-recovery replaces all recovery tiers; the old ones stay usable for a while, so
that a thief cannot rotate them away.`,
		Example: `  realdid did rotate --as alice --seed /media/usb/alice.seed --new-authentication
  realdid did rotate --as authority --new-assertion
  realdid did rotate --as authority --compromised assert-1
  realdid did rotate --as alice --guardian z6Mkfriend… --guardian z6Mksister…`,
	}
	fl := c.Flags()
	fl.StringVar(&f.seed, "seed", "", "seed `FILE` (default keys/NAME.seed)")
	fl.BoolVar(&f.newAuthentication, "new-authentication", false, "retire the keys for authentication that this home holds, for a new one")
	fl.BoolVar(&f.newAssertion, "new-assertion", false, "retire the keys for assertions that this home holds, for a new one")
	fl.StringArrayVar(&f.compromised, "compromised", nil, "declare a method compromised: `FRAGMENT[@SEQUENCE]`")
	fl.StringArrayVar(&f.controlKeys, "key", nil, "`NAME` of an imported key to control the identity from now on, instead of the next key; repeat for several")
	fl.IntVar(&f.threshold, "threshold", 0, "how many of the --key keys sign together (default: all)")
	fl.BoolVar(&f.renewRecovery, "renew-recovery", false, "set the recovery tiers anew: own backup by this seed, guardians of the card")
	fl.BoolVar(&f.singleSecret, "single-secret", false, "record whether the seed stays on this device (default: as before)")
	f.recoveryFlags.register(c)
	return verb(c, func(c *cobra.Command, _ []string) error {
		fl := c.Flags()
		renew := f.renewRecovery
		for _, name := range []string{
			"guardian", "guardian-threshold", "guardian-delay", "guardian-unvetoable", "own-delay", "own-vetoable", "no-own-backup", "card-out",
		} {
			renew = renew || fl.Changed(name)
		}
		return a.didRotate(c.Context(), &f, renew, fl.Changed("single-secret"))
	})
}

func (a *app) didRotate(ctx context.Context, f *rotateFlags, renew, single bool) error {
	compromised, err := parseCompromised(f.compromised)
	if err != nil {
		return err
	}
	c, err := a.begin(ctx)
	if err != nil {
		return err
	}
	defer c.end()
	if err := c.settled(); err != nil {
		return err
	}
	seed, err := a.loadSeed(c.id, f.seed)
	if err != nil {
		return err
	}
	defer seed.Wipe()
	g, err := c.open.generations(ctx, c.id.id)
	if err != nil {
		return err
	}
	revealed, err := findNext(seed, c.state, g)
	if err != nil {
		return err
	}
	next, err := seed.Control(revealed[0].Algorithm(), g.control)
	if err != nil {
		return err
	}
	req := &realdid.RotateRequest{Next: c.suite().Commit(next.Public()), Compromised: compromised, SingleSecret: c.state.SingleSecret()}
	if single {
		req.SingleSecret = f.singleSecret
	}
	fresh := &ring{}
	control, signers, imported, err := a.importedControl(f.controlKeys, f.threshold)
	if err != nil {
		return err
	}
	req.Control = control
	for _, k := range revealed {
		req.Reveal = append(req.Reveal, k.Public())
		signers = append(signers, k)
		if len(imported) == 0 {
			fresh.add(labelControl, k)
		}
	}
	doc := copyContent(c.state.Content())
	if err := c.renewMethods(&doc, f, compromised, fresh); err != nil {
		return err
	}
	if added, removed := compare(c.state.Content(), doc); len(added)+len(removed) > 0 {
		req.Document = &doc
	}
	newCard := (*card)(nil)
	if renew {
		if req.Recovery, newCard, err = c.renewTiers(seed, revealed[0].Algorithm(), g, f); err != nil {
			return err
		}
	}
	draft, err := c.state.DraftRotate(req)
	if err != nil {
		return err
	}
	cardPath, err := c.writeCard(newCard, f.cardOut)
	if err != nil {
		return err
	}
	res, err := c.commit(ctx, draft, signers, fresh)
	if err != nil {
		return err
	}
	if c.id.Single != req.SingleSecret || len(imported) > 0 {
		c.id.Single, c.id.Keys = req.SingleSecret, append(c.id.Keys, imported...)
		if err := c.id.write(a.home, false); err != nil {
			return err
		}
	}
	return c.show("rotated", res, doc, func(out *operationJSON) { out.CardFile = cardPath })
}

// renewMethods takes compromised and retired methods out of doc, and puts a new one in place of each purpose that is asked for or would
// be lost.
func (c *change) renewMethods(doc *realdid.Content, f *rotateFlags, compromised map[string]uint64, fresh *ring) error {
	for fragment := range compromised {
		_, stands := methodNamed(*doc, fragment)
		if !stands && !slices.ContainsFunc(c.before.Removed, func(r did.RemovedMethod) bool { return r.ID.Fragment() == fragment }) {
			return usage("did resolve lists the methods", "--compromised: there never was a method #%.40s", fragment)
		}
	}
	var asked did.Purpose
	if f.newAuthentication {
		asked |= did.Authentication
	}
	if f.newAssertion {
		asked |= did.AssertionMethod
	}
	algorithms := map[did.Purpose]keys.Algorithm{}
	wanted := asked
	doc.VerificationMethods = slices.DeleteFunc(doc.VerificationMethods, func(m realdid.VerificationMethod) bool {
		_, gone := compromised[m.Fragment]
		if gone = gone || m.Purposes&asked != 0 && c.id.find(m.Key) != nil; gone {
			for p := range m.Purposes.Each() {
				wanted, algorithms[p] = wanted|p, m.Key.Algorithm()
			}
		}
		return gone
	})
	for p := range wanted.Each() {
		if _, stands := methodWith(*doc, p); stands && !asked.Has(p) {
			continue
		}
		if algorithms[p] == 0 {
			algorithms[p] = defaultMethodAlgorithm(c.state)
		}
		if err := c.addMethod(doc, p, algorithms[p], fresh); err != nil {
			return err
		}
	}
	return nil
}

// addMethod makes a key and puts its method into doc.
func (c *change) addMethod(doc *realdid.Content, p did.Purpose, a keys.Algorithm, fresh *ring) error {
	k, err := generateKey(a)
	if err != nil {
		return err
	}
	m := realdid.VerificationMethod{Fragment: freeFragment(stem(p), c.before), Key: k.Public(), Purposes: p}
	fresh.addMethod(m.Fragment, p, k)
	doc.VerificationMethods = append(doc.VerificationMethods, m)
	return nil
}

// stem opens the fragment of a method that is for p.
func stem(p did.Purpose) string {
	switch p {
	case did.Authentication:
		return authFragment
	case did.AssertionMethod:
		return assertFragment
	case did.KeyAgreement:
		return "agree-"
	case did.CapabilityInvocation:
		return "invoke-"
	}
	return "delegate-"
}

func defaultMethodAlgorithm(s *realdid.State) keys.Algorithm {
	a := s.Control().Keys[0].Algorithm()
	if _, ok := a.JOSE(); !ok {
		return keys.P256
	}
	return a
}

func methodNamed(c realdid.Content, fragment string) (realdid.VerificationMethod, bool) {
	i := slices.IndexFunc(c.VerificationMethods, func(m realdid.VerificationMethod) bool { return m.Fragment == fragment })
	if i < 0 {
		return realdid.VerificationMethod{}, false
	}
	return c.VerificationMethods[i], true
}
