package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// stepsFile is where a domain's folder has every descriptor after the first, each with the proof that it was logged.
const stepsFile = "descriptor.steps"

func (d *domainFolder) steps() string { return filepath.Join(d.dir, stepsFile) }

type domainRotateFlags struct {
	cosigners, drop, needs, moves []string
	key                           string
	newRoot                       bool
	maxAge, wait                  time.Duration
}

func newDomainRotate(a *app) *cobra.Command {
	var f domainRotateFlags
	c := &cobra.Command{
		Use:   "rotate",
		Short: "Put a new descriptor in place of a trust domain's present one",
		Long: `Makes the next descriptor of a trust domain: with other cosigners, places, quorums, or another root key. The present root key signs it, it
is put on the ledger, and the present cosigners' proof that it stands there is kept beside it, in descriptor.steps. So nobody can name
new cosigners in secret, who has stolen the root key. The servers need it at their next start; a cosigner that is new has to be one of them
before its word is needed.

Those who have pinned an earlier descriptor follow with "domain pin", which takes descriptor.steps from the same folder.`,
		Example: `  realdid domain rotate --domain ./demo --cosigner witness=witness.example/1+1f2e3d4c+BA…@https://witness.example --drop witness-2
  realdid domain rotate --domain ./demo --new-root`,
	}
	fl := c.Flags()
	fl.StringArrayVar(&f.cosigners, "cosigner", nil, "add this one: `ROLE=VKEY@URL`; repeat")
	fl.StringArrayVar(&f.drop, "drop", nil, "remove the cosigner of this `NAME`; repeat")
	fl.StringArrayVar(&f.needs, "need", nil, "`ROLE=N`: how many cosigners in this role are needed; repeat")
	fl.StringArrayVar(&f.moves, "move", nil, "`NAME=URL`: this cosigner, or the ledger of this home name, is there from now on; repeat")
	fl.StringVar(&f.key, "key", "", "sealed `FILE` with the root key (default keys/root.key in the domain's folder, or the newest there)")
	fl.BoolVar(&f.newRoot, "new-root", false, "make a new root key, which signs from now on")
	fl.DurationVar(&f.maxAge, "max-age", 0, "after which a proof should not count as fresh any more")
	fl.DurationVar(&f.wait, "wait", time.Minute, "how long to wait for the proof that it is logged")
	return verb(c, func(c *cobra.Command, _ []string) error { return a.domainRotate(c.Context(), &f) })
}

func (a *app) domainRotate(ctx context.Context, f *domainRotateFlags) error {
	d, err := a.needDomain()
	if err != nil {
		return err
	}
	body, err := f.change(d)
	if err != nil {
		return err
	}
	steps, err := readSteps(d.steps())
	if err != nil {
		return err
	}
	signers, err := a.rootSigners(d, body, f)
	if err != nil {
		return err
	}
	next, err := realdid.SignDescriptor(ctx, body, signers...)
	if err != nil {
		return invalid("see --need, --drop and --move", "%s", withoutPackages(err.Error()))
	}
	logged, err := a.logDescriptor(ctx, d, next, f.wait)
	if err != nil {
		return err
	}
	b, err := realdid.EncodeDescriptorSteps(append(steps, realdid.DescriptorStep{File: next.Bytes(), Logged: logged}))
	if err != nil {
		return err
	}
	if len(steps) == 0 && !a.home.exists(d.chainStart()) {
		if err := replaceFile(d.chainStart(), d.Bytes(), 0o644); err != nil {
			return err
		}
	}
	if err := replaceFile(d.steps(), b, 0o644); err != nil {
		return err
	}
	if err := replaceFile(d.path, next.Bytes(), 0o644); err != nil {
		return err
	}
	return a.showDomain(&domainFolder{Descriptor: next, path: d.path, dir: d.dir}, "rotated")
}

// change makes the body of the next descriptor.
func (f *domainRotateFlags) change(d *domainFolder) (*realdid.DescriptorBody, error) {
	body := d.Successor()
	for _, name := range f.drop {
		n := len(body.Cosigners)
		body.Cosigners = slices.DeleteFunc(body.Cosigners, func(c realdid.CosignerEntry) bool { return c.Key.Name() == name })
		if len(body.Cosigners) == n {
			_, err := d.cosigner(name)
			return nil, err
		}
	}
	for _, text := range f.cosigners {
		c, err := parseCosigner(text)
		if err != nil {
			return nil, err
		}
		body.Cosigners = append(body.Cosigners, c)
	}
	moves, err := byName(f.moves, "--move", "witness-1=https://witness.example")
	if err != nil {
		return nil, err
	}
	for name, url := range moves {
		i := slices.IndexFunc(body.Cosigners, func(c realdid.CosignerEntry) bool { return c.Key.Name() == name })
		j := slices.IndexFunc(body.Ledgers, func(l realdid.LedgerEntry) bool { return l.Home == name })
		switch {
		case i >= 0:
			body.Cosigners[i].URL = url
		case j >= 0:
			body.Ledgers[j].URLs = []string{url}
		default:
			return nil, usage("the name of a cosigner, or the home name of a ledger", "--move: %s names no %.80q", d.path, name)
		}
	}
	if f.maxAge != 0 {
		body.Limits.MaxAge = int64(f.maxAge / time.Second)
	}
	return body, setQuorum(body, f.needs, &d.DescriptorBody)
}

// rootSigners opens the present root key, and makes the new one if that is asked for, which is on disk before anybody hears of it.
func (a *app) rootSigners(d *domainFolder, body *realdid.DescriptorBody, f *domainRotateFlags) ([]keys.Signer, error) {
	if d.Roots.Threshold != 1 {
		return nil, usage("use the library: AssembleDescriptor joins signatures that were made apart", "%d root keys have to sign, and this signs with one", d.Roots.Threshold)
	}
	root, err := a.openRoot(d, f.key)
	if err != nil || !f.newRoot {
		return []keys.Signer{root}, err
	}
	fresh, err := a.freshRoot(d.keyFile(fmt.Sprintf("%s-%d", rootKeyName, body.Sequence)))
	if err != nil {
		return nil, err
	}
	body.Roots = realdid.RootKeys{Threshold: 1, Keys: []string{fresh.Public().Multikey()}}
	return []keys.Signer{root, fresh}, nil
}

// freshRoot makes a root key, or takes the one that an earlier run made, which did not come to its end.
func (a *app) freshRoot(path string) (privateKey, error) {
	if a.home.exists(path) {
		r, err := a.openRing(path)
		if err != nil {
			return nil, err
		}
		if len(r.entries) != 1 {
			return nil, invalid("move it away", "%s is not a root key", path)
		}
		return r.entries[0].key, nil
	}
	fresh, err := keys.Generate(keys.Ed25519)
	if err != nil {
		return nil, err
	}
	r := &ring{path: path}
	r.add(rootKeyName, fresh)
	return fresh, a.createRing(r)
}

// openRoot finds the root key that the descriptor names.
func (a *app) openRoot(d *domainFolder, file string) (privateKey, error) {
	files := []string{file}
	if file == "" {
		files, _ = filepath.Glob(filepath.Join(filepath.Dir(d.keyFile(rootKeyName)), rootKeyName+"*.key")) // the pattern is well-formed
		if len(files) == 0 {
			files = []string{d.keyFile(rootKeyName)}
		}
	}
	for _, path := range slices.Backward(files) {
		r, err := a.openRing(path)
		if err != nil {
			return nil, err
		}
		for _, e := range r.entries {
			if slices.Contains(d.Roots.Keys, e.key.Public().Multikey()) {
				return e.key, nil
			}
		}
		r.wipe()
	}
	return nil, invalid("--key FILE names another", "%s holds no root key that the descriptor names", strings.Join(files, ", "))
}

// logDescriptor puts next on the ledger and returns the proof, under the cosigners of d, that it stands there.
func (a *app) logDescriptor(ctx context.Context, d *domainFolder, next *realdid.Descriptor, wait time.Duration) ([]byte, error) {
	o, err := a.openLedger(false)
	if err != nil {
		return nil, err
	}
	defer o.Close()
	p, ok := o.ledger.(ledger.Prover)
	if !ok {
		return nil, usage("serve it, and give its URL", "the ledger in %s proves nothing by itself", o.place)
	}
	at, err := next.Publish(ctx, o.ledger)
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	logged, err := next.Logged(limited, p, at)
	if err != nil {
		f := explainLibrary(err)
		f.hint = "it is on the ledger, and its cosigners have not signed yet: once they do, the same command finishes it"
		return nil, f
	}
	if _, err := d.Next(next.Bytes(), logged, a.now()); err != nil {
		f := explainLibrary(err)
		f.hint = "the servers have to run with the present descriptor, whose cosigners must prove this; then the same command finishes it"
		return nil, f
	}
	return logged, nil
}

func readSteps(path string) ([]realdid.DescriptorStep, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unknown("check the path", "%s", pathless(err))
	}
	steps, err := realdid.ParseDescriptorSteps(b)
	if err != nil {
		return nil, invalid("descriptor.steps is what domain rotate wrote, unchanged", "%s: %s", path, withoutPackages(err.Error()))
	}
	return steps, nil
}
