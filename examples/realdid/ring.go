package main

import (
	"fmt"
	"slices"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// A ring is a sealed file of keys: NAME.key. Of an identity it holds what the daily device needs and nothing from which next or
// recovery keys could be computed, unless the identity was made with --single-secret, whose seed is in it.
type ring struct {
	path       string
	entries    []ringEntry
	passphrase []byte // that opened it
}

// A ringEntry is a key with its label: "key", "control" or "#fragment".
type ringEntry struct {
	label    string
	key      privateKey
	purposes did.Purpose // of a verification method; known only while it is new
}

func (r *ring) find(k keys.PublicKey) privateKey {
	for _, e := range r.entries {
		if e.key.Public().Equal(k) {
			return e.key
		}
	}
	return nil
}

func (r *ring) add(label string, k privateKey) {
	r.entries = append(r.entries, ringEntry{label: label, key: k})
}

// addMethod adds the key of a verification method.
func (r *ring) addMethod(fragment string, p did.Purpose, k privateKey) {
	r.entries = append(r.entries, ringEntry{"#" + fragment, k, p})
}

// recorded says of an entry what is public.
func (e ringEntry) recorded() recordedKey {
	out := recordedKey{Key: e.key.Public().Multikey(), Label: e.label}
	if e.purposes != 0 {
		out.For = e.purposes.String()
	}
	return out
}

// drop removes the entries of keys that are in ks, and tells whether there were any.
func (r *ring) drop(ks []keys.PublicKey) bool {
	n := len(r.entries)
	r.entries = slices.DeleteFunc(r.entries, func(e ringEntry) bool {
		gone := slices.ContainsFunc(ks, e.key.Public().Equal)
		if gone {
			e.key.Wipe()
		}
		return gone
	})
	return len(r.entries) != n
}

func (r *ring) wipe() {
	for _, e := range r.entries {
		e.key.Wipe()
	}
}

// A keychain finds the private keys of an identity: in its own ring, and in the files of imported keys that its record names.
type keychain struct {
	app  *app
	id   *identity
	ring *ring
	more map[string]*ring
}

func (a *app) openKeychain(id *identity) (*keychain, error) {
	r, err := a.openRing(a.home.sealed(id.Name))
	if err != nil {
		return nil, err
	}
	return &keychain{app: a, id: id, ring: r, more: map[string]*ring{}}, nil
}

func (c *keychain) wipe() {
	c.ring.wipe()
	for _, r := range c.more {
		r.wipe()
	}
}

// find returns the private key of k, nil if it is not here.
func (c *keychain) find(k keys.PublicKey) (privateKey, error) {
	if p := c.ring.find(k); p != nil {
		return p, nil
	}
	e := c.id.find(k)
	if e == nil || e.From == "" {
		return nil, nil
	}
	if c.more[e.From] == nil {
		r, err := c.app.openRing(c.app.home.sealed(e.From))
		if err != nil {
			return nil, err
		}
		c.more[e.From] = r
	}
	return c.more[e.From].find(k), nil
}

// signers returns those of ks that can sign here, as many as reach the threshold.
func (c *keychain) signers(set []keys.PublicKey, weights []int, threshold int) ([]keys.Signer, error) {
	var out []keys.Signer
	sum := 0
	for i, k := range set {
		p, err := c.find(k)
		if err != nil {
			return nil, err
		}
		if p == nil {
			continue
		}
		out = append(out, p)
		if weights == nil {
			sum++
		} else {
			sum += weights[i]
		}
		if sum >= threshold {
			return out, nil
		}
	}
	return nil, unknown(fmt.Sprintf("%s holds none of the keys that are in force, or too few: were they rotated elsewhere?", c.app.home.relative(c.ring.path)),
		"the control keys in this home have weight %d, and %d is needed", sum, threshold)
}
