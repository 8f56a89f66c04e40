package main

import (
	"fmt"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/keys/keyfile"
)

// A privateKey is a key that a sealed file holds: one of package keys, or one that signs lists of messages.
type privateKey interface {
	keys.Signer
	Secret() []byte
	Wipe()
}

// bbsKind is the kind of the entry that holds a key for BBS signatures in a sealed file.
const bbsKind = "bbs"

// generateKey makes a key of any algorithm.
func generateKey(a keys.Algorithm) (privateKey, error) {
	if a == keys.BLS12381G2 {
		return bbs.Generate()
	}
	return keys.Generate(a)
}

// newPrivateKey makes the key of a secret.
func newPrivateKey(a keys.Algorithm, secret []byte) (privateKey, error) {
	if a == keys.BLS12381G2 {
		return bbs.NewPrivateKey(secret)
	}
	return keys.NewPrivateKey(a, secret)
}

// sealKey makes the entry of a sealed file for a key. What tells public keys apart stands in the label, because two control keys stand in the
// file while one replaces the other; the long keys of BBS would not fit as a whole.
func sealKey(label string, k privateKey) (keyfile.Entry, error) {
	public := k.Public().Multikey()
	switch k := k.(type) {
	case *keys.PrivateKey:
		return keyfile.Entry{Kind: keyfile.KindKey, Label: label + " " + public, Key: k}, nil
	case *bbs.PrivateKey:
		secret := k.Secret()
		defer clear(secret)
		seed, err := keyfile.NewSeed(secret)
		return keyfile.Entry{Kind: bbsKind, Label: label + " " + public[:48], Seed: seed}, err
	}
	return keyfile.Entry{}, fmt.Errorf("a key of an unknown kind: %T", k)
}

// openKey reads what sealKey made, nil from an entry that is no key.
func openKey(e keyfile.Entry) (privateKey, error) {
	switch e.Kind {
	case keyfile.KindKey:
		return e.Key, nil
	case bbsKind:
		secret := e.Seed.Bytes()
		defer clear(secret)
		return bbs.NewPrivateKey(secret)
	}
	return nil, nil
}
