package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// createFlags are the flags of did create.
type createFlags struct {
	recoveryFlags
	algorithm, methodAlgorithm, suite string
	controlKeys                       []string
	threshold                         int
	authenticationKey, assertionKey   string
	seedOut                           string
	singleSecret                      bool
	services, aliases                 []string
	unregistered, register            bool
}

func newDIDCreate(a *app) *cobra.Command {
	var f createFlags
	c := &cobra.Command{
		Use:   "create",
		Short: "Make an identity and register it",
		Long: `Makes an identity called --as NAME (default "me") and registers it on the ledger.

Its document has two keys, each for one thing: #auth-1 to authenticate (present credentials) and #assert-1 to make assertions
(issue credentials). These and the control key, which signs updates, are sealed in keys/NAME.key: what a device needs every day.

The next control key and the own backup come from a seed, which is sealed in keys/NAME.seed: move that file off the device, or
write it elsewhere at once with --seed-out. Who has only the daily keys can neither rotate nor block a recovery.
--single-secret says that the seed stays on the device; that is recorded in the identity and shown to everybody.

With --guardian, people you trust can recover the identity together. Their names stay hidden behind salts, which are written to
keys/NAME.card: keep a copy off the device and give one to each guardian.`,
		Example: `  realdid did create --as authority
  realdid did create --as alice --seed-out /media/usb/alice.seed
  realdid did create --as alice --guardian z6Mkfriend… --guardian z6Mksister… --guardian bob.pem --guardian-threshold 2
  realdid did create --as alice --suite s --algorithm SM2 --service 'inbox,LinkedDomains,https://alice.example/'`,
	}
	fl := c.Flags()
	fl.StringVar(&f.algorithm, "algorithm", "Ed25519", "`NAME` of the control keys' algorithm: Ed25519, P-256, P-384, secp256k1 or SM2")
	fl.StringVar(&f.methodAlgorithm, "method-algorithm", "", "`NAME` of the algorithm of #auth-1 and #assert-1 (default: that of --algorithm; P-256 if credentials cannot use it)")
	fl.StringVar(&f.suite, "suite", "q", "hash of the identifier: q for SHA-256, s for SM3")
	fl.StringArrayVar(&f.controlKeys, "key", nil, "`NAME` of an imported key to control the identity; repeat for several")
	fl.IntVar(&f.threshold, "threshold", 0, "how many of the --key keys sign together (default: all)")
	fl.StringVar(&f.authenticationKey, "authentication-key", "", "`NAME` of an imported key for #auth-1")
	fl.StringVar(&f.assertionKey, "assertion-key", "", "`NAME` of an imported key for #assert-1")
	fl.StringVar(&f.seedOut, "seed-out", "", "write the sealed seed to a new `FILE` instead of keys/NAME.seed")
	fl.BoolVar(&f.singleSecret, "single-secret", false, "the seed stays on this device; recorded and shown")
	fl.StringArrayVar(&f.services, "service", nil, "service as `FRAGMENT,TYPE,URI`; repeat for several")
	fl.StringArrayVar(&f.aliases, "also-known-as", nil, "another `URI` of the subject; repeat for several")
	fl.BoolVar(&f.unregistered, "unregistered", false, "register nothing: the long form is the identity")
	fl.BoolVar(&f.register, "register", false, "put an identity on the ledger that was made before, with --unregistered or when the ledger failed")
	f.recoveryFlags.register(c)
	_ = c.RegisterFlagCompletionFunc("algorithm", cobra.FixedCompletions(algorithmNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("method-algorithm", cobra.FixedCompletions(algorithmNames(), cobra.ShellCompDirectiveNoFileComp))
	_ = c.RegisterFlagCompletionFunc("suite", cobra.FixedCompletions([]string{"q", "s"}, cobra.ShellCompDirectiveNoFileComp))
	return verb(c, func(c *cobra.Command, _ []string) error {
		if f.register {
			return a.didRegister(c.Context())
		}
		return a.didCreate(c.Context(), &f)
	})
}

// A newIdentity is what did create has made before anything is written.
type newIdentity struct {
	record *record
	ring   *ring
	seed   *realdid.Seed
	card   *card
	draft  *realdid.Draft
	suite  realdid.Suite
}

func (a *app) didCreate(ctx context.Context, f *createFlags) error {
	name := a.flags.as
	if name == "" {
		name = "me"
	}
	if err := checkName(name); err != nil {
		return err
	}
	if f.singleSecret && f.seedOut != "" {
		return usage("choose one", "--single-secret keeps the seed on the device, --seed-out takes it away")
	}
	seedPath, cardPath := f.seedOut, f.cardOut
	if seedPath == "" {
		seedPath = a.home.seed(name)
	}
	if cardPath == "" {
		cardPath = a.home.card(name)
	}
	for _, path := range []string{a.home.record(name), a.home.sealed(name), seedPath, cardPath} {
		if a.home.exists(path) {
			hint := "nothing is overwritten: choose another name with --as"
			if path == a.home.record(name) {
				hint += `, or put this one on the ledger with --register`
			}
			return invalid(hint, "%s exists", path)
		}
	}
	net, err := a.network()
	if err != nil {
		return err
	}
	n, err := a.prepare(ctx, name, net, f)
	if err != nil {
		return err
	}
	defer n.ring.wipe()
	defer n.seed.Wipe()
	op, err := n.draft.Operation()
	if err != nil {
		return err
	}
	n.record.setOperation(op)

	var o *openLedger
	if !f.unregistered { // a ledger that is in use is found out before anything is written
		if o, err = a.openLedger(true); err != nil {
			return err
		}
		defer o.Close()
	}
	if err := a.store(n, seedPath, cardPath); err != nil {
		return err
	}
	if err := a.home.note(op); err != nil {
		return err
	}
	if o != nil {
		if _, err := o.Submit(ctx, op); err != nil {
			f := explainLibrary(err)
			f.hint = strings.TrimPrefix(f.hint+"; the keys are kept, register the identity later with: realdid did create --register --as "+name, "; ")
			return f
		}
	}
	return a.showCreated(n, op, seedPath, cardPath, !f.unregistered)
}

// prepare makes keys and the signed genesis.
func (a *app) prepare(ctx context.Context, name string, net realdid.Network, f *createFlags) (*newIdentity, error) {
	if f.suite != "q" && f.suite != "s" {
		return nil, usage("q for SHA-256, s for SM3", "--suite: %.20q", f.suite)
	}
	algorithm, err := signingAlgorithm(f.algorithm)
	if err != nil {
		return nil, err
	}
	n := &newIdentity{
		record: &record{Name: name, Single: f.singleSecret, Unregistered: f.unregistered}, ring: &ring{path: a.home.sealed(name)}, seed: realdid.NewSeed(),
		suite: realdid.Suite(f.suite[0]),
	}
	control, signers, imported, err := a.importedControl(f.controlKeys, f.threshold)
	if err != nil {
		return nil, err
	}
	n.record.Keys = append(n.record.Keys, imported...)
	if len(control.Keys) == 0 {
		k, err := n.seed.Control(algorithm, 0)
		if err != nil {
			return nil, err
		}
		n.own(ringEntry{label: labelControl, key: k})
		control, signers = realdid.OneKey(k.Public()), []keys.Signer{k}
	}
	next, err := n.seed.Control(algorithm, 1)
	if err != nil {
		return nil, err
	}
	req := &realdid.CreateRequest{
		Network: net, Suite: n.suite, Control: control, Next: n.suite.Commit(next.Public()), SingleSecret: f.singleSecret,
	}
	if req.Recovery, err = a.tiers(n, f, algorithm); err != nil {
		return nil, err
	}
	if req.Document, err = a.firstDocument(n, f, algorithm); err != nil {
		return nil, err
	}
	if n.draft, err = realdid.DraftCreate(req); err != nil {
		return nil, err
	}
	return n, n.draft.Sign(ctx, signers...)
}

// importedControl makes the control set of the keys that --key names; it is empty without any.
func (a *app) importedControl(names []string, threshold int) (set realdid.KeySet, signers []keys.Signer, rec []recordedKey, err error) {
	if len(names) == 0 && threshold != 0 {
		return set, nil, nil, usage("name each key with --key NAME", "--threshold without --key")
	}
	if set.Threshold = threshold; threshold == 0 {
		set.Threshold = len(names)
	}
	for _, name := range names {
		k, err := a.importedKey(name)
		if err != nil {
			return set, nil, nil, err
		}
		rec = append(rec, recordedKey{Key: k.Public().Multikey(), Label: labelControl, From: name})
		set.Keys, signers = append(set.Keys, k.Public()), append(signers, k)
	}
	return set, signers, rec, nil
}

// own puts a new key into the ring and the record.
func (n *newIdentity) own(e ringEntry) {
	n.ring.entries = append(n.ring.entries, e)
	n.record.Keys = append(n.record.Keys, e.recorded())
}

// importedKey is namedKey for what signs single messages.
func (a *app) importedKey(name string) (*keys.PrivateKey, error) {
	k, err := a.namedKey(name)
	if err != nil {
		return nil, err
	}
	single, ok := k.(*keys.PrivateKey)
	if !ok {
		k.Wipe()
		return nil, usage("name a key of another algorithm", "%s is a key of %v", name, k.Public().Algorithm())
	}
	return single, nil
}

// namedKey opens the single key of a key file in this home.
func (a *app) namedKey(name string) (privateKey, error) {
	r, err := a.home.readRecord(name)
	if err != nil {
		return nil, err
	}
	public, err := r.public()
	if err != nil {
		return nil, err
	}
	if r.Keys[0].Known {
		return nil, usage("import the private key", "%s: only the public half is here", name)
	}
	sealed, err := a.openRing(a.home.sealed(name))
	if err != nil {
		return nil, err
	}
	k := sealed.find(public)
	if k == nil {
		return nil, unknown("", "%s does not hold the key of %s", a.home.sealed(name), a.home.record(name))
	}
	return k, nil
}

func (a *app) tiers(n *newIdentity, f *createFlags, algorithm keys.Algorithm) ([]realdid.Tier, error) {
	var out []realdid.Tier
	if !f.noOwnBackup {
		opt, err := f.ownOptions()
		if err != nil {
			return nil, err
		}
		t, err := ownTier(n.seed, n.suite, algorithm, 0, opt)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
	}
	var err error
	if n.card, err = a.guardianCard(&f.recoveryFlags, n.suite); err != nil || n.card == nil {
		return out, err
	}
	t, err := n.card.tier()
	return append(out, t), err
}

// firstDocument has one key to authenticate and one for assertions.
func (a *app) firstDocument(n *newIdentity, f *createFlags, algorithm keys.Algorithm) (realdid.Content, error) {
	c := realdid.Content{AlsoKnownAs: f.aliases}
	if f.methodAlgorithm != "" {
		var err error
		if algorithm, err = signingAlgorithm(f.methodAlgorithm); err != nil {
			return c, err
		}
	} else if _, ok := algorithm.JOSE(); !ok {
		algorithm = keys.P256
	}
	for _, m := range []struct {
		stem, imported string
		purpose        did.Purpose
	}{{authFragment, f.authenticationKey, did.Authentication}, {assertFragment, f.assertionKey, did.AssertionMethod}} {
		fragment := m.stem + "1"
		var k privateKey
		var err error
		if m.imported != "" {
			if k, err = a.namedKey(m.imported); err == nil {
				r := ringEntry{"#" + fragment, k, m.purpose}.recorded()
				r.From = m.imported
				n.record.Keys = append(n.record.Keys, r)
			}
		} else if k, err = keys.Generate(algorithm); err == nil {
			n.own(ringEntry{"#" + fragment, k, m.purpose})
		}
		if err != nil {
			return c, err
		}
		c.VerificationMethods = append(c.VerificationMethods, realdid.VerificationMethod{Fragment: fragment, Key: k.Public(), Purposes: m.purpose})
	}
	for _, s := range f.services {
		svc, err := parseService(s, "--service")
		if err != nil {
			return c, err
		}
		c.Services = append(c.Services, svc)
	}
	return c, nil
}

// store writes everything that a new identity needs, before the ledger hears of it. What cannot be written whole is taken back.
func (a *app) store(n *newIdentity, seedPath, cardPath string) (err error) {
	var written []string
	defer func() {
		if err != nil {
			for _, path := range slices.Backward(written) {
				err = errors.Join(err, os.Remove(path))
			}
		}
	}()
	if err = a.createSeed(seedPath, n.record.Name, n.seed); err != nil {
		return err
	}
	written = append(written, seedPath)
	if err = a.createRing(n.ring); err != nil {
		return err
	}
	written = append(written, n.ring.path)
	if n.card != nil {
		n.card.DID = n.record.DID
		b, err := n.card.encode()
		if err != nil {
			return err
		}
		if err := createFile(cardPath, b); err != nil {
			return err
		}
		written = append(written, cardPath)
	}
	if err = n.record.write(a.home, true); err != nil {
		return err
	}
	written = append(written, a.home.record(n.record.Name))
	return a.home.preferIdentity(n.record.Name)
}

// didRegister puts the genesis of an identity in this home on the ledger.
func (a *app) didRegister(ctx context.Context) error {
	id, err := a.identity()
	if err != nil {
		return err
	}
	op, err := id.operation()
	if err != nil {
		return err
	}
	o, err := a.openLedger(true)
	if err != nil {
		return err
	}
	defer o.Close()
	res, err := o.Submit(ctx, op)
	if err != nil {
		return err
	}
	if id.Unregistered {
		id.Unregistered = false
		if err := id.write(a.home, false); err != nil {
			return err
		}
	}
	return a.showOperation(id.Name, "registered", res, nil)
}
