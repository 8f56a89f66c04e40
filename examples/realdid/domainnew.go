package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/mirror"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/witness"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

type domainNewFlags struct {
	dir, name, origin            string
	witnesses, auditors, mirrors []string // URLs
	cosigners, needs             []string
	maxAge                       time.Duration
}

func newDomainNew(a *app) *cobra.Command {
	var f domainNewFlags
	c := &cobra.Command{
		Use:   "new --dir DIR",
		Short: "Make a trust domain: keys, and the signed descriptor that names them",
		Long: `Makes, in a new folder, a trust domain of one ledger: a root key, the log's key, a key for each --witness, --auditor and --mirror, the
state that they start from, and descriptor.json, signed by the root key, which tells everybody whom to trust. --ledger URL says where
the ledger will be. Without any of this it is a demonstration on this machine: ledger on port 8470, witnesses on 8471 and 8472,
an auditor on 8473.

All keys in one folder are for trying things out: whoever has them all can vouch for anything. In earnest every cosigner makes a key of their
own (realdid log key) and --cosigner names it; and keys/root.key goes off the machine.

The quorum of each role is the smallest that holds although a third of its cosigners, rounded down, are dishonest; --need changes it.`,
		Example: `  realdid domain new --dir ./demo
  realdid domain new --dir ./acme --name acme --ledger https://ledger.acme.example --cosigner witness=witness.example/1+1f2e3d4c+BA…@https://witness.example --auditor https://audit.acme.example`,
	}
	fl := c.Flags()
	fl.StringVar(&f.dir, "dir", "", "new `DIR`")
	fl.StringVar(&f.name, "name", "main", "`NAME` of the trust domain, which stands in its DIDs unless it is main")
	fl.StringVar(&f.origin, "origin", "", "`NAME` of the log, which no other log has: a domain name and a path, without a scheme (default: a random one)")
	fl.StringArrayVar(&f.witnesses, "witness", nil, "make a key for a witness at this `URL`; repeat")
	fl.StringArrayVar(&f.auditors, "auditor", nil, "make a key for an auditing mirror at this `URL`; repeat")
	fl.StringArrayVar(&f.mirrors, "mirror", nil, "make a key for a mirror at this `URL`; repeat")
	fl.StringArrayVar(&f.cosigners, "cosigner", nil, "`ROLE=VKEY@URL`: a cosigner whose key was made elsewhere; repeat")
	fl.StringArrayVar(&f.needs, "need", nil, "`ROLE=N`: how many cosigners in this role are needed; repeat")
	fl.DurationVar(&f.maxAge, "max-age", 24*time.Hour, "after which a proof should not count as fresh any more")
	return verb(c, func(c *cobra.Command, _ []string) error { return a.domainNew(c.Context(), &f) })
}

// A newDomain is a trust domain that is being made.
type newDomain struct {
	app     *app
	dir     string
	body    realdid.DescriptorBody
	root    *keys.PrivateKey
	signers map[string]*proof.NoteSigner // by the name of the key's file
}

func (a *app) domainNew(ctx context.Context, f *domainNewFlags) (err error) {
	switch {
	case f.dir == "":
		return usage("for example --dir ./demo", "no --dir")
	case a.home.exists(f.dir):
		return existsFailure(f.dir)
	case a.flags.ledger != "" && !isURL(a.flags.ledger):
		return usage("for example --ledger http://127.0.0.1:8470", "--ledger: a URL is needed here")
	}
	if len(f.witnesses)+len(f.auditors)+len(f.mirrors)+len(f.cosigners) == 0 {
		f.witnesses, f.auditors = []string{localURL(1), localURL(2)}, []string{localURL(3)}
	}
	if err := os.MkdirAll(filepath.Dir(f.dir), 0o700); err != nil {
		return unknown("", "%s", pathless(err))
	}
	n := &newDomain{app: a, signers: map[string]*proof.NoteSigner{}}
	if n.dir, err = os.MkdirTemp(filepath.Dir(f.dir), "."+filepath.Base(f.dir)+"-*"); err != nil {
		return unknown("", "%s", pathless(err))
	}
	defer os.RemoveAll(n.dir)
	defer n.wipe()
	if err := n.make(ctx, f); err != nil {
		return err
	}
	if err := os.Rename(n.dir, f.dir); err != nil { // the whole, or nothing
		return unknown("", "%v", err)
	}
	d, err := openDomain(f.dir)
	if err != nil {
		return err
	}
	return a.showDomain(d, "created")
}

// localURL is a place on this machine, so many ports after that of the ledger.
func localURL(n int) string {
	return "http://" + net.JoinHostPort(defaultHost, strconv.Itoa(defaultLedgerPort+n))
}

func (n *newDomain) wipe() {
	if n.root != nil {
		n.root.Wipe()
	}
	for _, s := range n.signers {
		s.Wipe()
	}
}

// make fills the folder.
func (n *newDomain) make(ctx context.Context, f *domainNewFlags) error {
	if err := n.describe(f); err != nil {
		return err
	}
	desc, err := realdid.SignDescriptor(ctx, &n.body, n.root)
	if err != nil {
		return invalid("see --need, --name and --origin", "%s", withoutPackages(err.Error()))
	}
	d := &domainFolder{Descriptor: desc, dir: n.dir}
	root := &ring{path: d.keyFile(rootKeyName)}
	root.add(rootKeyName, n.root)
	if err := n.app.createRing(root); err != nil {
		return err
	}
	for name, s := range n.signers {
		if err := n.app.createSigner(d.keyFile(name), s); err != nil {
			return err
		}
	}
	if err := n.states(d); err != nil {
		return err
	}
	return replaceFile(filepath.Join(n.dir, descriptorFile), desc.Bytes(), 0o644)
}

// describe makes the keys, and the body that names them.
func (n *newDomain) describe(f *domainNewFlags) (err error) {
	if _, err := realdid.New(nil, &realdid.Options{Network: realdid.Network{Domain: f.name}}); err != nil {
		return usage("1 to 31 of a-z, 0-9 and \"-\"", "--name: not the name of a trust domain: %.80q", f.name)
	}
	if f.origin == "" {
		f.origin = "realdid/" + f.name + "/" + randomName()
	}
	url := n.app.flags.ledger
	if url == "" {
		url = localURL(0)
	}
	if n.root, err = keys.Generate(keys.Ed25519); err != nil {
		return err
	}
	log, err := newSigner(f.origin, proof.LogEd25519)
	if err != nil {
		return err
	}
	n.signers[logKeyName] = log
	n.body = realdid.DescriptorBody{
		Version: 1, Domain: f.name, Roots: realdid.RootKeys{Threshold: 1, Keys: []string{n.root.Public().Multikey()}},
		Ledgers:   []realdid.LedgerEntry{{Home: "main", Origin: f.origin, Log: log.Verifier(), URLs: []string{url}}},
		Cosigners: []realdid.CosignerEntry{},
		Limits:    realdid.DomainLimits{ClockSkew: 300, MaxAge: int64(f.maxAge / time.Second)},
	}
	for _, r := range []struct {
		role proof.Role
		urls []string
	}{{proof.Witness, f.witnesses}, {proof.Auditor, f.auditors}, {proof.Mirror, f.mirrors}} {
		for i, url := range r.urls {
			name := fmt.Sprintf("%s-%d", r.role, i+1)
			s, err := newSigner(name, proof.CosignatureEd25519)
			if err != nil {
				return err
			}
			n.signers[name] = s
			n.body.Cosigners = append(n.body.Cosigners, realdid.CosignerEntry{Key: s.Verifier(), Role: r.role.String(), URL: url})
		}
	}
	for _, text := range f.cosigners {
		c, err := parseCosigner(text)
		if err != nil {
			return err
		}
		n.body.Cosigners = append(n.body.Cosigners, c)
	}
	return setQuorum(&n.body, f.needs, nil)
}

// randomName tells one demonstration from another.
func randomName() string {
	b := make([]byte, 5)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// parseCosigner reads ROLE=VKEY@URL; without @URL nobody is told where it is.
func parseCosigner(text string) (realdid.CosignerEntry, error) {
	const hint = "for example --cosigner witness=witness.example/1+1f2e3d4c+BA…@https://witness.example"
	role, rest, ok := strings.Cut(text, "=")
	if _, err := proof.ParseRole(role); err != nil || !ok {
		return realdid.CosignerEntry{}, usage(hint, "--cosigner: not ROLE=VKEY@URL, ROLE being witness, mirror or auditor")
	}
	vkey, url := rest, ""
	if i := strings.LastIndex(rest, "@http"); i >= 0 {
		vkey, url = rest[:i], rest[i+1:]
	}
	k, err := proof.ParseVerifierKey(vkey)
	if err != nil {
		return realdid.CosignerEntry{}, usage(hint, "--cosigner: not a verifier key: %.80q", vkey)
	}
	return realdid.CosignerEntry{Key: k, Role: role, URL: url}, nil
}

// nowhere is where a log is published that has not begun.
type nowhere struct{}

// ReadFile implements witness.Source.
func (nowhere) ReadFile(context.Context, string) ([]byte, error) { return nil, fs.ErrNotExist }

// states makes the state of everybody whose key is new. Later starts find it, or refuse to start: so a lost state is noticed.
func (n *newDomain) states(d *domainFolder) error {
	a, l := n.app, &d.Ledgers[0]
	net := realdid.Network{Domain: d.Domain, Home: l.Home}
	if err := createLedger(d.stateDir(logKeyName), net, l.Origin); err != nil {
		return err
	}
	for _, c := range d.Cosigners {
		s := n.signers[c.Key.Name()]
		if s == nil {
			continue
		}
		if err := a.createCosignerState(d, net, c.Role, s); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) createCosignerState(d *domainFolder, net realdid.Network, role string, s *proof.NoteSigner) error {
	dir := d.stateDir(s.Verifier().Name())
	f := &serveMirrorFlags{serveFlags: serveFlags{dir: dir, create: true}}
	var made *service
	var err error
	switch role {
	case proof.Witness.String():
		l := &d.Ledgers[0]
		w, err := witness.NewServer(dir, s, []witness.Log{{Key: l.Log, Origin: l.Origin}}, a.cosignerOptions(true))
		if err != nil {
			return err
		}
		return w.Close()
	case proof.Auditor.String():
		made, err = a.openAuditor(d, net, mirror.Source(nowhere{}), s, f)
	default:
		made, err = a.openArchive(d, net, mirror.Source(nowhere{}), s, f)
	}
	if err != nil {
		return err
	}
	return errors.Join(made.close())
}
