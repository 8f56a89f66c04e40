package main

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strconv"
	"time"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/status"
)

// A statusFolder is a status list as its issuer keeps it:
//
//	config.json   what the list is, and how it is signed
//	entries       which entries are given to credentials, and their values (status.IssuerList)
//	list.*        the signed list, to be served at its URI
//
// The entries are on the disk before anybody hears of them, so a command that is killed loses at most the publication.
type statusFolder struct {
	dir  string
	conf statusConfig
	list *status.IssuerList
}

// A statusConfig is config.json of a statusFolder.
type statusConfig struct {
	Version  int               `json:"version"`
	Format   string            `json:"format"` // one of statusFormats
	URI      string            `json:"uri"`
	Issuer   string            `json:"issuer"` // DID
	As       string            `json:"as"`     // the issuer's name in the home that made the list
	Suite    string            `json:"suite,omitempty"`
	TTL      string            `json:"ttl,omitempty"`
	Expires  string            `json:"expires"` // how long after it was signed the list ends
	Messages map[string]string `json:"messages,omitempty"`
}

// The formats of status build.
const (
	tokenJWT  = "token-jwt"
	tokenCWT  = "token-cwt"
	bitstring = "bitstring"
)

var statusFormats = []string{tokenJWT, tokenCWT, bitstring}

func statusConfigFile(dir string) string  { return filepath.Join(dir, "config.json") }
func statusEntriesFile(dir string) string { return filepath.Join(dir, "entries") }

// published is the file that is to be served.
func (f *statusFolder) published() string {
	switch {
	case f.conf.Format == tokenCWT:
		return filepath.Join(f.dir, "list.cwt")
	case f.conf.Format == tokenJWT || f.conf.Suite == jose.MediaType:
		return filepath.Join(f.dir, "list.jwt")
	}
	return filepath.Join(f.dir, "list.json")
}

// mediaType is what the file is to be served as, without "application/".
func (f *statusFolder) mediaType() string {
	switch {
	case f.conf.Format == tokenCWT:
		return status.CWTMediaType
	case f.conf.Format == tokenJWT:
		return status.TokenMediaType
	case f.conf.Suite == jose.MediaType:
		return jose.MediaType
	}
	return "vc"
}

func (f *statusFolder) close() { f.list.Close() }

// mechanism is the kind of list.
func (c *statusConfig) mechanism() vc.StatusMechanism {
	if c.Format == bitstring {
		return vc.BitstringStatusList
	}
	return vc.TokenStatusList
}

// messages are what the values of entries are called.
func (c *statusConfig) messages() (map[uint64]string, error) {
	if len(c.Messages) == 0 {
		return nil, nil
	}
	out := make(map[uint64]string, len(c.Messages))
	for text, message := range c.Messages {
		v, err := strconv.ParseUint(text, 10, 8)
		if err != nil {
			return nil, unknown("it was changed by hand, or by a newer realdid", "config.json: %.20q is no value", text)
		}
		out[v] = message
	}
	return out, nil
}

// readStatusConfig reads config.json of a folder.
func (a *app) readStatusConfig(dir string) (c statusConfig, err error) {
	err = readJSONFile(statusConfigFile(dir), &c)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return c, unknown("realdid status build "+dir+" makes one", "%s is not the folder of a status list", dir)
	case err != nil:
		return c, err
	case c.Version != 1:
		return c, unknown("a newer realdid wrote it", "%s: version %d is not known", statusConfigFile(dir), c.Version)
	}
	return c, nil
}

// openStatusFolder opens a folder of status build. While another process has it, it waits a moment.
func (a *app) openStatusFolder(dir string) (*statusFolder, error) {
	f := &statusFolder{dir: dir}
	var err error
	if f.conf, err = a.readStatusConfig(dir); err != nil {
		return nil, err
	}
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		f.list, err = status.OpenList(statusEntriesFile(dir))
		if !errors.Is(err, status.ErrInUse) || time.Since(begun) > lockPatience {
			break
		}
	}
	if err != nil {
		return nil, statusListFailure(err)
	}
	if got := f.list.Options().Mechanism; got != f.conf.mechanism() {
		f.close()
		return nil, unknown("one of the two files is from another folder", "%s: config.json and entries are of different lists", dir)
	}
	return f, nil
}

// statusListFailure says what an error of an issuer's list means to a person.
func statusListFailure(err error) error {
	text := withoutPackages(err.Error())
	switch {
	case errors.Is(err, status.ErrInUse):
		return unknown("another process has this list open; wait for it to end", "%s", text)
	case errors.Is(err, status.ErrDamaged):
		return unknown("begin a new list: an old copy does not know what was given away and revoked since", "%s", text)
	case errors.Is(err, status.ErrFull):
		return invalid("realdid status build makes another list", "%s", text)
	case errors.Is(err, status.ErrRevoked):
		return invalid("what may come back is suspended, not revoked", "%s", text)
	case errors.Is(err, status.ErrUnallocated):
		return invalid("vc issue --status-list gives entries to credentials", "%s", text)
	case errors.Is(err, status.ErrRange):
		return invalid("", "%s", text)
	}
	return err
}
