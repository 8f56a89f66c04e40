package vc

import (
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// Verified is a credential that passed every check of one [Expect]. It holds only what is signed and disclosed.
type Verified struct {
	MediaType string
	Types     []string
	Issuer    string // as the policy names it
	IssuerKey Basis
	Holder    *Basis // nil if the policy did not ask for a holder
	IssuedAt  time.Time
	NotBefore time.Time
	Expires   time.Time

	claims func() map[string]any
}

// Claims returns the signed and disclosed claims: strings, bools, json.Number, nil, []any and map[string]any. Each call makes
// a new map.
func (v *Verified) Claims() map[string]any {
	if v == nil || v.claims == nil {
		return nil
	}
	return v.claims()
}

// Claim returns the one claim at path, a JSON Pointer ("/address/locality") or a DCQL path (["address","locality"]); see
// [ParsePath]. It is false if nothing stands there or the path selects more than one value.
func (v *Verified) Claim(path string) (any, bool) {
	p, err := ParsePath(path)
	if err != nil || v == nil || v.claims == nil {
		return nil, false
	}
	found, err := p.Select(v.claims())
	if err != nil || len(found) != 1 {
		return nil, false
	}
	return found[0], true
}

// String names the issuer's key and no claim.
func (v *Verified) String() string {
	if v == nil {
		return "vc.Verified(nil)"
	}
	return fmt.Sprintf("vc.Verified(%s, %s)", v.MediaType, v.IssuerKey.KeyID)
}

// GoString is String, so that %#v prints no claim either.
func (v *Verified) GoString() string { return v.String() }

// Basis is the key that a verification rested on, and how that key was known.
type Basis struct {
	Kind      KeySource
	KeyID     string // a DID URL, the subject of a certificate, or what the policy calls the key; "" for a key inside the credential
	Key       keys.PublicKey
	Status    did.KeyStatus // of a DID's key; the other kinds are always active
	VersionID string        // of the DID document that had the key
	Evidence  did.Evidence  // for a DID's key
	Rotatable bool          // its owner can replace the key while the credential lives
}

// KeySource says where a key came from.
type KeySource uint8

// The sources of keys.
const (
	FromDID         KeySource = iota + 1 // resolved from a DID
	FromCertificate                      // x5c, up to a root that the policy pins
	FromPolicy                           // pinned by the policy itself
	FromCredential                       // cnf.jwk of the credential
)

// String returns "did", "x5c", "pinned" or "cnf.jwk".
func (s KeySource) String() string {
	switch s {
	case FromDID:
		return "did"
	case FromCertificate:
		return "x5c"
	case FromPolicy:
		return "pinned"
	case FromCredential:
		return "cnf.jwk"
	}
	return "none"
}
