package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// A home is a folder:
//
//	config.json           the identity that is meant without --as, and the network
//	keys/NAME.json        what is public of a key or an identity
//	keys/NAME.key         its secrets, sealed; of an identity the daily keys alone
//	keys/NAME.seed        the seed of an identity, sealed; to be moved off the device
//	keys/NAME.card        who the guardians are, with the salts that hide them
//	credentials/NAME      credentials as received
//	ledger/               the ledger
//	keys/made             the operations that were made here
//	monitor.json          how far log monitor has looked
//	memory                the checkpoints that this home has verified
//	domain.json           the descriptor of the trust domain that was pinned
//	descriptor.first.json, descriptor.steps    those before it, as far as they are known
type home string

func (h home) config() string              { return filepath.Join(string(h), "config.json") }
func (h home) keys() string                { return filepath.Join(string(h), "keys") }
func (h home) record(name string) string   { return filepath.Join(h.keys(), name+".json") }
func (h home) sealed(name string) string   { return filepath.Join(h.keys(), name+".key") }
func (h home) seed(name string) string     { return filepath.Join(h.keys(), name+".seed") }
func (h home) card(name string) string     { return filepath.Join(h.keys(), name+".card") }
func (h home) ledger() string              { return filepath.Join(string(h), "ledger") }
func (h home) credentials() string         { return filepath.Join(string(h), "credentials") }
func (h home) credential(n string) string  { return filepath.Join(h.credentials(), n) }
func (h home) memory() string              { return filepath.Join(string(h), "memory") }
func (h home) pinned() string              { return filepath.Join(string(h), pinnedFile) }
func (h home) exists(path string) bool     { _, err := os.Lstat(path); return err == nil }
func (h home) relative(path string) string { return shorten(string(h), path) }

// shorten writes a path below base as it is known from there.
func shorten(base, path string) string {
	if r, err := filepath.Rel(base, path); err == nil && !strings.HasPrefix(r, "..") {
		return filepath.Join(filepath.Base(base), r)
	}
	return path
}

// userDataFolder is where programs keep a user's data: XDG_DATA_HOME on Unix, Application Support on macOS, LocalAppData on
// Windows.
func userDataFolder() (string, error) {
	switch runtime.GOOS {
	case "windows", "darwin", "ios", "plan9":
		dir, err := os.UserConfigDir()
		if local := os.Getenv("LocalAppData"); runtime.GOOS == "windows" && local != "" {
			dir, err = local, nil
		}
		return filepath.Join(dir, "realdid"), err
	}
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "realdid"), nil
	}
	dir, err := os.UserHomeDir()
	return filepath.Join(dir, ".local", "share", "realdid"), err
}

// A config is config.json.
type config struct {
	Version int    `json:"version"`
	As      string `json:"as,omitempty"`     // the identity that is meant without --as
	Domain  string `json:"domain,omitempty"` // trust domain; "" is main
	Home    string `json:"home,omitempty"`   // home ledger within it; "" is main

	Descriptor string `json:"descriptor,omitempty"` // of the trust domain that is meant without --domain; relative to the home
}

func (h home) readConfig() (config, error) {
	c := config{Version: 1}
	err := readJSONFile(h.config(), &c)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil && c.Version != 1 {
		err = unknown("a newer realdid wrote it", "%s: version %d is not known", h.relative(h.config()), c.Version)
	}
	return c, err
}

// preferIdentity makes name what is meant without --as, unless another is already.
func (h home) preferIdentity(name string) error {
	c, err := h.readConfig()
	if err != nil || c.As != "" {
		return err
	}
	c.As = name
	return h.writeConfig(c)
}

func (h home) writeConfig(c config) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return replaceFile(h.config(), append(b, '\n'), 0o644)
}

// checkName keeps names usable as file names everywhere, and apart from DIDs and paths.
func checkName(name string) error {
	ok := name != "" && len(name) <= 64 && name == strings.Trim(name, "-_")
	for _, c := range []byte(name) {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '_')
	}
	if !ok {
		return usage(`a name has 1 to 64 of a-z, 0-9, "-" and "_", and starts and ends with a letter or digit`, "not a name: %.80q", name)
	}
	return nil
}

// names lists the records in keys/, those of identities only or all.
func (h home) names(identities bool) []string {
	entries, _ := os.ReadDir(h.keys()) // a home without keys has no names
	var out []string
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if !ok || checkName(name) != nil {
			continue
		}
		if r, err := h.readRecord(name); err == nil && (r.DID != "" || !identities) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// identityName settles whom a verb acts as.
func (a *app) identityName() (string, error) {
	if a.flags.as != "" {
		return a.flags.as, checkName(a.flags.as)
	}
	c, err := a.home.readConfig()
	if err != nil {
		return "", err
	}
	if c.As != "" {
		return c.As, nil
	}
	switch names := a.home.names(true); len(names) {
	case 0:
		return "", usage(`"realdid did create --as NAME" makes one`, "there is no identity in %s", string(a.home))
	case 1:
		return names[0], nil
	default:
		return "", usage("give --as NAME, one of "+strings.Join(names, ", "), "several identities, and no --as")
	}
}

func (a *app) completeIdentities(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	if a.setUp() != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.home.names(true), cobra.ShellCompDirectiveNoFileComp
}
