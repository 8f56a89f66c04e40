package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys/keyfile"
)

// seedKind is the kind of the entry that holds a seed in a sealed file.
const seedKind = "realdid-seed"

// openSealed asks for the passphrase and opens a file.
func (a *app) openSealed(path string) ([]keyfile.Entry, error) {
	file, err := keyfile.Read(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, unknown("check the path", "there is no key file at %s", path)
		}
		return nil, err
	}
	pass, err := a.askPassphrase(false)
	if err != nil {
		return nil, err
	}
	entries, err := keyfile.Open(pass, file)
	if errors.Is(err, keyfile.ErrPassphrase) {
		a.passphrase = nil
		return nil, unknown("each key file can have its own passphrase: --passphrase-file FILE or REALDID_PASSPHRASE", "the passphrase does not open %s", path)
	}
	if err != nil {
		return nil, unknown("", "%s: %s", path, strings.TrimPrefix(err.Error(), "keyfile: open: "))
	}
	return entries, nil
}

func (a *app) seal(entries []keyfile.Entry, fresh bool) ([]byte, error) {
	pass, err := a.askPassphrase(fresh)
	if err != nil {
		return nil, err
	}
	return keyfile.Seal(pass, entries, &keyfile.Options{Cost: a.cost})
}

// createSealed writes a new sealed file, and none in the place of another.
func createSealed(path string, file []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unknown("", "%s", pathless(err))
	}
	return createFile(path, file)
}

func (a *app) openRing(path string) (*ring, error) {
	entries, err := a.openSealed(path)
	if err != nil {
		return nil, err
	}
	r := &ring{path: path}
	for _, e := range entries {
		if e.Kind == keyfile.KindKey {
			label, _, _ := strings.Cut(e.Label, " ")
			r.add(label, e.Key)
		}
	}
	return r, nil
}

// encode writes the public key behind each label, because two control keys stand in the file while one replaces the other.
func (r *ring) encode() []keyfile.Entry {
	var out []keyfile.Entry
	for _, e := range r.entries {
		out = append(out, keyfile.Entry{Kind: keyfile.KindKey, Label: e.label + " " + e.key.Public().Multikey(), Key: e.key})
	}
	return out
}

func (a *app) createRing(r *ring) error {
	file, err := a.seal(r.encode(), true)
	if err != nil {
		return err
	}
	return createSealed(r.path, file)
}

func (a *app) replaceRing(r *ring) error {
	file, err := a.seal(r.encode(), false)
	if err != nil {
		return err
	}
	return keyfile.Write(r.path, file)
}

func (a *app) createSeed(path, name string, s *realdid.Seed) error {
	secret := s.Secret()
	defer clear(secret)
	sealed, err := keyfile.NewSeed(secret)
	if err != nil {
		return err
	}
	file, err := a.seal([]keyfile.Entry{{Kind: seedKind, Label: name, Seed: sealed}}, true)
	if err != nil {
		return err
	}
	return createSealed(path, file)
}

func (a *app) openSeed(path string) (*realdid.Seed, error) {
	entries, err := a.openSealed(path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		if e.Kind == seedKind {
			secret := e.Seed.Bytes()
			defer clear(secret)
			return realdid.SeedFromBytes(secret)
		}
	}
	return nil, invalid("a seed file is what did create wrote as keys/NAME.seed or to --seed-out", "%s holds no seed", path)
}
