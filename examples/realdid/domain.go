package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/realdid"
)

// A domainFolder is what --domain names: the descriptor of a trust domain, or a folder with
//
//	descriptor.json    the signed descriptor, which is all that anybody needs who only verifies
//	descriptor.first.json, descriptor.steps    the one with which it began, and those since, once it was rotated
//	keys/NAME.key      sealed keys: root, log, and those of cosigners, as far as they were made here
//	state/NAME/        what the ledger and the cosigners keep, unless --dir puts it elsewhere
type domainFolder struct {
	*realdid.Descriptor
	path string // of the descriptor
	dir  string
}

const descriptorFile = "descriptor.json"

func (d *domainFolder) keyFile(name string) string  { return filepath.Join(d.dir, "keys", name+".key") }
func (d *domainFolder) stateDir(name string) string { return filepath.Join(d.dir, "state", name) }

// Names of keys in a domain's folder that are not those of cosigners.
const (
	rootKeyName = "root"
	logKeyName  = "log"
)

// openDomain reads the descriptor at path, which may be the folder that holds it.
func openDomain(path string) (*domainFolder, error) {
	d := &domainFolder{path: path, dir: filepath.Dir(path)}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		d.path, d.dir = filepath.Join(path, descriptorFile), path
	}
	b, err := os.ReadFile(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, unknown(`"realdid domain new --dir DIR" makes one`, "there is no descriptor at %s", d.path)
	}
	if err != nil {
		return nil, unknown("check the path", "%s", pathless(err))
	}
	if d.Descriptor, err = realdid.ParseDescriptor(b); err != nil {
		return nil, invalid("a descriptor is what domain new wrote, unchanged", "%s: %s", d.path, withoutPackages(err.Error()))
	}
	return d, nil
}

// domain is the trust domain that --domain or config.json names; nil if neither does.
func (a *app) domain() (*domainFolder, error) {
	path := a.flags.domain
	if path == "" {
		c, err := a.home.readConfig()
		if err != nil || c.Descriptor == "" {
			return nil, err
		}
		if path = c.Descriptor; !filepath.IsAbs(path) {
			path = filepath.Join(string(a.home), path)
		}
	}
	if a.opened == nil || a.openedFrom != path {
		d, err := openDomain(path)
		if err != nil {
			return nil, err
		}
		a.opened, a.openedFrom = d, path
	}
	return a.opened, nil
}

// needDomain is domain for verbs that make no sense without one.
func (a *app) needDomain() (*domainFolder, error) {
	d, err := a.domain()
	if err == nil && d == nil {
		err = usage("--domain DIR names the folder of a trust domain, or its descriptor", "no --domain")
	}
	return d, err
}

// network returns where operations belong: what config.json says, and in a trust domain what its descriptor says.
func (a *app) network() (realdid.Network, error) {
	c, err := a.home.readConfig()
	net := realdid.Network{Domain: c.Domain, Home: c.Home}
	if err != nil {
		return net, err
	}
	d, err := a.domain()
	if d == nil || err != nil {
		return net, err
	}
	if net.Domain != "" && net.Domain != d.Domain {
		return net, usage("identities belong to one trust domain: choose another --home", "this home belongs to the trust domain %s, and %s is the descriptor of %s", net.Domain, d.path, d.Domain)
	}
	net.Domain = d.Domain
	if net.Home == "" && len(d.Ledgers) == 1 {
		net.Home = d.Ledgers[0].Home
	}
	if _, err := d.ledger(net); err != nil {
		return net, err
	}
	return net, nil
}

// ledger returns the entry of a ledger of the domain.
func (d *domainFolder) ledger(net realdid.Network) (*realdid.LedgerEntry, error) {
	name := net.Home
	if name == "" {
		name = "main"
	}
	var names []string
	for i := range d.Ledgers {
		if d.Ledgers[i].Home == name {
			return &d.Ledgers[i], nil
		}
		names = append(names, d.Ledgers[i].Home)
	}
	return nil, usage("its ledgers: "+strings.Join(names, ", "), "%s names no ledger %q", d.path, name)
}

// trust is the policy for answers about a network.
func (d *domainFolder) trust(net realdid.Network) (*proof.Trust, error) {
	if _, err := d.ledger(net); err != nil {
		return nil, err
	}
	return d.Trust(net.Home)
}

// predecessors are the ledgers of the trust domain from which identities may have come to this one; none without a domain.
func (a *app) predecessors(net realdid.Network) (realdid.Predecessors, error) {
	d, err := a.domain()
	if d == nil || err != nil {
		return nil, err
	}
	return d.predecessorsOf(net.Home, a.now())
}

// reducer admits operations of a network, and what comes from the other ledgers of its domain.
func (a *app) reducer(net realdid.Network) (ledger.HeadReducer, error) {
	preds, err := a.predecessors(net)
	return net.ReducerFrom(preds), err
}

// cosigner finds an entry by the name of its key.
func (d *domainFolder) cosigner(name string) (*realdid.CosignerEntry, error) {
	var names []string
	for i := range d.Cosigners {
		if d.Cosigners[i].Key.Name() == name {
			return &d.Cosigners[i], nil
		}
		names = append(names, d.Cosigners[i].Key.Name())
	}
	return nil, usage("its cosigners: "+strings.Join(names, ", "), "%s names no cosigner %q", d.path, name)
}

// memory is what this home remembers of the checkpoints that it has verified.
func (a *app) memory() (*realdid.Memory, error) {
	path := a.home.memory()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, unknown("", "%s", pathless(err))
	}
	return realdid.OpenMemory(path)
}

// byRole returns the names of the cosigners in one role.
func (d *domainFolder) byRole(role proof.Role) []string {
	var out []string
	for _, c := range d.Cosigners {
		if c.Role == role.String() {
			out = append(out, c.Key.Name())
		}
	}
	slices.Sort(out)
	return out
}
