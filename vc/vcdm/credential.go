package vcdm

import (
	"errors"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
)

// Version is a version of the data model.
type Version uint8

// The versions.
const (
	V1 Version = iota + 1 // 1.1
	V2                    // 2.0
)

// The base contexts, which are the first of every @context.
const (
	ContextV1 = "https://www.w3.org/2018/credentials/v1"
	ContextV2 = "https://www.w3.org/ns/credentials/v2"
)

// Credential is a credential that follows the data model. It is not verified: it deserves no trust.
type Credential struct {
	Version    Version
	ID         string   // "" if there is none
	Contexts   []string // the URLs of @context in their order; contexts that stand in the credential itself are left out
	Types      []string // "VerifiableCredential" among them
	Issuer     string   // URL
	ValidFrom  time.Time
	ValidUntil time.Time // zero if it is not stated, like ValidFrom
	Subjects   []Subject
	Status     []vc.StatusReference // one of a type that is not known has Mechanism 0
	Schemas    []vc.SchemaReference
	Related    []RelatedResource
	Secured    bool             // there is a proof; which is not looked at
	Value      strictjson.Value // the whole, as received
}

// Subject is an object of credentialSubject.
type Subject struct {
	ID    string // URL; "" if there is none
	Value strictjson.Value
}

// RelatedResource is a resource whose bytes the issuer vouches for (VCDM 2.0, section 5.3).
type RelatedResource struct {
	ID              string
	MediaType       string // "" if it is not stated
	DigestSRI       string
	DigestMultibase []string
}

var errUnfinished = errors.New("vcdm: not made yet")

// ParseCredential reads a credential, secured or not, of either version. For packages of this module; others have
// [ParseCredentialJSON].
func ParseCredential(v strictjson.Value) (*Credential, error) { return nil, errUnfinished }

// ParseCredentialJSON reads a credential, secured or not, of either version. b must not change while the result is in use.
func ParseCredentialJSON(b []byte) (*Credential, error) { return nil, errUnfinished }

// Disclosed returns what a vc.Verifier wants to know. The credential's holder is its subject, if there is exactly one and its id is a
// DID. IssuedAt is left to the format: the data model knows no time of issuance.
func (c *Credential) Disclosed() vc.Disclosed { return vc.Disclosed{} }

// CheckRelated compares the resources that lookup has with their digests. One that lookup does not have is not used, and so needs no
// check.
func (c *Credential) CheckRelated(lookup func(url string) ([]byte, bool)) error { return errUnfinished }
