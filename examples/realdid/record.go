package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// A record is keys/NAME.json: what is public of a key or an identity, so that showing it and resolving by name ask for no
// passphrase.
type record struct {
	Version      int           `json:"version"`
	Name         string        `json:"name"`
	DID          string        `json:"did,omitempty"`          // of an identity
	Genesis      string        `json:"genesis,omitempty"`      // its first operation, base64url: what the long form carries
	Single       bool          `json:"singleSecret,omitempty"` // the seed is meant to stay on the device
	Unregistered bool          `json:"unregistered,omitempty"` // no ledger has it, as far as this home knows
	Keys         []recordedKey `json:"keys"`
}

// A recordedKey says where the secret of a public key is: in NAME.key, in that of another name, or not here.
type recordedKey struct {
	Key   string `json:"key"` // Multikey
	Label string `json:"label,omitempty"`
	For   string `json:"purposes,omitempty"`   // of a verification method: its relationships, joined by commas
	From  string `json:"from,omitempty"`       // an imported key of this name
	Known bool   `json:"publicOnly,omitempty"` // the secret is somebody else's
}

// Labels of keys. Those of verification methods are their fragments with a number sign.
const (
	labelKey     = "key"
	labelControl = "control"
)

func (h home) readRecord(name string) (*record, error) {
	var r record
	err := readJSONFile(h.record(name), &r)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, usage(h.knownNames(), "nothing is called %q in %s", name, h.relative(h.keys()))
	case err != nil:
		return nil, err
	case r.Version != 1:
		return nil, unknown("a newer realdid wrote it", "%s: version %d is not known", h.relative(h.record(name)), r.Version)
	}
	return &r, nil
}

func (h home) knownNames() string {
	if names := h.names(false); len(names) > 0 {
		return "known names: " + strings.Join(names, ", ")
	}
	return `"realdid did create --as NAME" makes an identity, "realdid key new NAME" a key`
}

// write creates the record, or replaces it.
func (r *record) write(h home, create bool) error {
	r.Version = 1
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	b = append(b, '\n')
	if create {
		return createFile(h.record(r.Name), b)
	}
	return replaceFile(h.record(r.Name), b, 0o600)
}

// operation returns the genesis.
func (r *record) operation() (*realdid.Operation, error) {
	b, err := base64.RawURLEncoding.DecodeString(r.Genesis)
	if err != nil {
		return nil, unknown("", "%s: the genesis is damaged", r.Name)
	}
	return realdid.ParseOperation(b)
}

func (r *record) setOperation(op *realdid.Operation) {
	r.DID, r.Genesis = op.Identifier().Short().String(), base64.RawURLEncoding.EncodeToString(op.Bytes())
}

// public returns the one key of a record that is not an identity.
func (r *record) public() (keys.PublicKey, error) {
	if r.DID != "" || len(r.Keys) != 1 {
		return keys.PublicKey{}, usage("name a single key, made by key new or key import", "%s is an identity, not a key", r.Name)
	}
	return keys.ParseMultikey(r.Keys[0].Key)
}

// find returns the entry of a key.
func (r *record) find(k keys.PublicKey) *recordedKey {
	text := k.Multikey()
	for i := range r.Keys {
		if r.Keys[i].Key == text {
			return &r.Keys[i]
		}
	}
	return nil
}

// An identity is a record of one, with its DID.
type identity struct {
	*record
	id did.DID
}

// identity reads the one that the command line acts as.
func (a *app) identity() (*identity, error) {
	name, err := a.identityName()
	if err != nil {
		return nil, err
	}
	r, err := a.home.readRecord(name)
	if err != nil {
		return nil, err
	}
	if r.DID == "" {
		return nil, usage(`"did create" makes an identity`, "%s is a key, not an identity", name)
	}
	id, err := did.Parse(r.DID)
	if err != nil {
		return nil, err
	}
	return &identity{r, id}, nil
}

// parseDID reads a DID or the name of an identity in this home.
func (a *app) parseDID(s string) (did.DID, error) {
	if !strings.HasPrefix(s, "did:") && checkName(s) == nil {
		r, err := a.home.readRecord(s)
		if err != nil {
			return did.DID{}, err
		}
		s = r.DID
		if s == "" {
			return did.DID{}, usage(a.home.knownNames(), "%s is a key, not an identity", r.Name)
		}
	}
	return did.Parse(s)
}
