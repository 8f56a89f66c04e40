package main

import (
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/keyfile"
)

// A privateKey is a key that a sealed file holds.
type privateKey interface {
	keys.Signer
	Secret() []byte
	Wipe()
}

// generateKey makes a key of any algorithm.
func generateKey(a keys.Algorithm) (privateKey, error) {
	return keys.Generate(a)
}

// sealKey makes the entry of a sealed file for a key. The public key stands in the label, because of two keys with one label the one may
// take the place of the other.
func sealKey(label string, k privateKey) (keyfile.Entry, error) {
	return keyfile.Entry{Kind: keyfile.KindKey, Label: label + " " + k.Public().Multikey(), Key: k.(*keys.PrivateKey)}, nil
}

// openKey reads what sealKey made, nil from an entry that is no key.
func openKey(e keyfile.Entry) (privateKey, error) {
	if e.Kind == keyfile.KindKey {
		return e.Key, nil
	}
	return nil, nil
}
