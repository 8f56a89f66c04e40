package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlogledger"
)

const seedFile = "log.seed"

// openTessera opens a log in a folder, with a key beside it that is made at first. Nobody cosigns it here: a trust domain's servers,
// which do, are a program of their own.
func openTessera(ctx context.Context, dir string, red ledger.HeadReducer) (*opened, error) {
	signer, err := logKey(filepath.Join(dir, seedFile), "realdid-engines.example/"+filepath.Base(dir))
	if err != nil {
		return nil, err
	}
	trust := &proof.Trust{Origin: signer.Verifier().Name(), Log: signer.Verifier(), InsecureNoQuorum: true}
	l, err := tlogledger.OpenPOSIX(ctx, filepath.Join(dir, "log"), filepath.Join(dir, "ledger"), signer, trust, red, nil)
	return closing(l, err)
}

// logKey reads the seed of a log's key, or makes one.
func logKey(path, name string) (*proof.NoteSigner, error) {
	seed, err := os.ReadFile(path)
	if err == nil {
		return proof.NewNoteSigner(name, proof.LogEd25519, seed)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s, err := proof.GenerateNoteSigner(name, proof.LogEd25519)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return s, os.WriteFile(path, s.Seed(), 0o600)
}
