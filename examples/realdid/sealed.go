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

// openSealed reads a sealed file and opens it. It returns the passphrase as well.
func (a *app) openSealed(path string) ([]keyfile.Entry, []byte, error) {
	file, err := keyfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, unknown("check the path", "there is no key file at %s", path)
	}
	if err != nil {
		return nil, nil, err
	}
	entries, pass, err := a.unseal(path, file)
	if err != nil {
		return nil, nil, fileFailure(path, err)
	}
	return entries, pass, nil
}

// fileFailure names the file in an error of package keyfile.
func fileFailure(path string, err error) error {
	if _, ok := errors.AsType[*failure](err); ok {
		return err
	}
	return unknown("", "%s: %s", path, strings.TrimPrefix(err.Error(), "keyfile: open: "))
}

// seal seals entries for a new file.
func (a *app) seal(entries []keyfile.Entry) ([]byte, error) {
	pass, err := a.newPassphrase()
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
	entries, pass, err := a.openSealed(path)
	if err != nil {
		return nil, err
	}
	r := &ring{path: path, passphrase: pass}
	for _, e := range entries {
		k, err := openKey(e)
		if err != nil {
			return nil, fileFailure(path, err)
		}
		if k != nil {
			label, _, _ := strings.Cut(e.Label, " ")
			r.add(label, k)
		}
	}
	return r, nil
}

// encode writes the keys as entries of a sealed file.
func (r *ring) encode() ([]keyfile.Entry, error) {
	var out []keyfile.Entry
	for _, e := range r.entries {
		sealed, err := sealKey(e.label, e.key)
		if err != nil {
			return nil, err
		}
		out = append(out, sealed)
	}
	return out, nil
}

func (a *app) createRing(r *ring) error {
	entries, err := r.encode()
	if err != nil {
		return err
	}
	file, err := a.seal(entries)
	if err != nil {
		return err
	}
	r.passphrase = a.passphrases.list[0]
	return createSealed(r.path, file)
}

func (a *app) replaceRing(r *ring) error {
	entries, err := r.encode()
	if err != nil {
		return err
	}
	file, err := keyfile.Seal(r.passphrase, entries, &keyfile.Options{Cost: a.cost})
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
	file, err := a.seal([]keyfile.Entry{{Kind: seedKind, Label: name, Seed: sealed}})
	if err != nil {
		return err
	}
	return createSealed(path, file)
}

func (a *app) openSeed(path string) (*realdid.Seed, error) {
	entries, _, err := a.openSealed(path)
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
