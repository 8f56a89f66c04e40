package main

import (
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// pinnedFile is where a home keeps the descriptor that it has pinned.
const pinnedFile = "domain.json"

// domainJSON is what the domain verbs print.
type domainJSON struct {
	Domain    string                `json:"domain"`
	Digest    string                `json:"digest"` // of the descriptor, which others can compare
	Sequence  uint64                `json:"sequence"`
	File      string                `json:"file"`
	Roots     realdid.RootKeys      `json:"roots"`
	Ledgers   []realdid.LedgerEntry `json:"ledgers"`
	Cosigners []cosignerJSON        `json:"cosigners"`
	Quorum    realdid.DomainQuorum  `json:"quorum"`
	Limits    realdid.DomainLimits  `json:"limits"`
}

type cosignerJSON struct {
	Name    string `json:"name"`
	Role    string `json:"role"`
	VKey    string `json:"vkey"`
	URL     string `json:"url,omitempty"`
	KeyFile string `json:"keyFile,omitempty"` // if the key is here
}

func newDomainShow(a *app) *cobra.Command {
	c := &cobra.Command{
		Use:   "show [DIR|FILE]",
		Short: "Show whom a trust domain's descriptor tells to trust",
		Long: `Checks the descriptor of a trust domain and shows what it says: its ledgers, who cosigns them in which role, and how many must. The
digest names the descriptor: compare it with what others have.`,
		Example: `  realdid domain show ./demo
  realdid domain show descriptor.json --json`,
		Args: args(0, 1),
	}
	return verb(c, func(_ *cobra.Command, args []string) error {
		d, err := a.domainArgument(args)
		if err != nil {
			return err
		}
		return a.showDomain(d, "trust domain")
	})
}

func newDomainPin(a *app) *cobra.Command {
	var digest, steps string
	c := &cobra.Command{
		Use:   "pin DIR|FILE",
		Short: "Trust a descriptor in this home from now on, without --domain",
		Long: `Keeps a copy of the descriptor in this home, as domain.json. From then on its ledger is the one that verbs use without --ledger, and
its cosigners are those whose word counts. --digest is what somebody you trust says that it is.

A home that has pinned one descriptor takes another in its place only if it follows: each one in between signed by the root keys before it,
and proven to be on the ledger by the cosigners before it (domain rotate keeps all that in descriptor.steps).`,
		Example: `  realdid domain pin ./demo
  realdid domain pin descriptor.json --digest qzyx4…`,
		Args: args(1, 1),
	}
	c.Flags().StringVar(&digest, "digest", "", "refuse a descriptor of another `DIGEST`")
	c.Flags().StringVar(&steps, "steps", "", "`FILE` that leads from the pinned descriptor to this one (default descriptor.steps beside it)")
	return verb(c, func(_ *cobra.Command, args []string) error { return a.domainPin(args[0], digest, steps) })
}

func (a *app) domainArgument(args []string) (*domainFolder, error) {
	if len(args) == 0 {
		return a.needDomain()
	}
	return openDomain(args[0])
}

var digestEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func digestText(d realdid.Digest) string { return digestEncoding.EncodeToString(d[:]) }

func (a *app) domainPin(path, digest, steps string) error {
	d, err := openDomain(path)
	if err != nil {
		return err
	}
	if got := digestText(d.Digest()); digest != "" && digest != got {
		return invalid("ask again for descriptor and digest, each on a way of its own", "%s has the digest %s", d.path, got)
	}
	c, err := a.home.readConfig()
	if err != nil {
		return err
	}
	if c.Domain != "" && c.Domain != d.Domain {
		return invalid("identities belong to one trust domain: choose another --home", "this home belongs to the trust domain %s", c.Domain)
	}
	old, went, err := a.follows(d, steps)
	if err != nil {
		return err
	}
	pinned := &domainFolder{Descriptor: d.Descriptor, path: a.home.pinned(), dir: string(a.home)}
	if err := pinned.keepChain(d, old, went, a.now()); err != nil {
		return err
	}
	if err := replaceFile(a.home.pinned(), d.Bytes(), 0o644); err != nil {
		return err
	}
	c.Domain, c.Descriptor = d.Domain, pinnedFile
	if err := a.home.writeConfig(c); err != nil {
		return err
	}
	return a.showDomain(pinned, "pinned")
}

// follows refuses to put a descriptor in the place of another one, unless the steps from that one to it were logged. It returns that one
// and the steps, nil if there is none.
func (a *app) follows(d *domainFolder, steps string) (*domainFolder, []realdid.DescriptorStep, error) {
	if !a.home.exists(a.home.pinned()) {
		return nil, nil, nil
	}
	old, err := openDomain(a.home.pinned())
	if err != nil || old.Digest() == d.Digest() {
		return nil, nil, err
	}
	if steps == "" {
		steps = d.steps()
	}
	list, err := readSteps(steps)
	if err != nil {
		return nil, nil, err
	}
	last, err := old.Follow(list, a.now())
	if err == nil && last.Digest() != d.Digest() {
		err = errors.New("the steps do not lead to it")
	}
	if err != nil {
		return nil, nil, invalid("--steps FILE are the ones from the pinned descriptor; if you want to trust somebody else from now on, remove "+a.home.pinned()+" by hand",
			"this home has pinned another descriptor, %s: %s", digestText(old.Digest()), withoutPackages(err.Error()))
	}
	return old, list, nil
}

func (a *app) showDomain(d *domainFolder, how string) error {
	out := domainJSON{
		Domain: d.Domain, Digest: digestText(d.Digest()), Sequence: d.Sequence, File: d.path, Roots: d.Roots, Ledgers: d.Ledgers,
		Cosigners: []cosignerJSON{}, Quorum: d.Quorum, Limits: d.Limits,
	}
	for _, c := range d.Cosigners {
		j := cosignerJSON{Name: c.Key.Name(), Role: c.Role, VKey: c.Key.String(), URL: c.URL}
		if path := d.keyFile(j.Name); a.home.exists(path) {
			j.KeyFile = path
		}
		out.Cosigners = append(out.Cosigners, j)
	}
	if a.flags.json {
		return a.printJSON(out)
	}
	fmt.Fprintf(a.stdout, "%s  %s\n", a.paint.green(how), a.paint.bold(clean(d.Domain)))
	s := sheet{p: a.paint}
	s.add("descriptor", out.File)
	s.add("digest", out.Digest)
	s.add("sequence", fmt.Sprint(out.Sequence))
	for i, l := range out.Ledgers {
		s.add(first(i, "ledger"), l.Home, l.Origin, strings.Join(l.URLs, " "))
	}
	for i, c := range out.Cosigners {
		where := c.URL
		if where == "" {
			where = "nobody knows where"
		}
		s.add(first(i, "cosigner"), c.Name, c.Role, where)
	}
	for i, q := range []struct {
		role proof.Role
		realdid.RoleQuorum
	}{{proof.Witness, d.Quorum.Witnesses}, {proof.Auditor, d.Quorum.Auditors}, {proof.Mirror, d.Quorum.Mirrors}} {
		if q.Need > 0 {
			s.add(first(i, "needed"), fmt.Sprintf("%d of %d", q.Need, len(d.byRole(q.role))), q.role.String(), fmt.Sprintf("holds with %d dishonest", q.Faulty))
		}
	}
	s.add("fresh for", (time.Duration(d.Limits.MaxAge) * time.Second).String())
	s.write(a.stdout)
	return nil
}
