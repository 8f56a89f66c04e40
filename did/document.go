package did

import (
	"time"

	"github.com/realdid/realdid/keys"
)

// JSON-LD contexts of documents.
const (
	ContextV1       = "https://www.w3.org/ns/did/v1"
	ContextV11      = "https://www.w3.org/ns/did/v1.1"
	ContextMultikey = "https://w3id.org/security/multikey/v1"
	ContextJWK      = "https://w3id.org/security/jwk/v1"
)

// Types of verification methods. The last three are read and kept, and not chosen for new documents.
const (
	TypeMultikey    = "Multikey"                   // Controlled Identifiers 1.0, section 2.2.2
	TypeJSONWebKey  = "JsonWebKey"                 // Controlled Identifiers 1.0, section 2.2.3
	TypeJWK2020     = "JsonWebKey2020"             // publicKeyJwk
	TypeEd25519In20 = "Ed25519VerificationKey2020" // publicKeyMultibase
	TypeEd25519In18 = "Ed25519VerificationKey2018" // publicKeyBase58
)

// Document is a DID document (DID 1.1, section 5).
type Document struct {
	Context            []string // of "@context": URLs, or objects as canonical JSON, which start with "{"
	ID                 DID
	AlsoKnownAs        []string // URIs
	Controller         []DID
	VerificationMethod []VerificationMethod // those of "verificationMethod", then those embedded in relationships
	Service            []Service
	Extra              []Member // members that this package does not interpret
}

// VerificationMethod is a public key with what it is for.
type VerificationMethod struct {
	ID         URL
	Controller DID
	Type       string
	Key        keys.PublicKey // zero if type or algorithm is not supported: never to be used
	Purposes   Purpose        // the relationships that name the method
	Embedded   bool           // written inside its one relationship, not in "verificationMethod"
	Added      time.Time      // since when it stands in the document; zero if the DID method cannot tell
	Expires    time.Time      // Controlled Identifiers 1.0: not used from then on; zero if not stated
	Revoked    time.Time      // Controlled Identifiers 1.0: revoked then; zero if not stated
	Extra      []Member

	jwk string   // publicKeyJwk as canonical JSON, if it says more than the key does
	use keys.Use // what the JWK allows; 0 if the key is not one
}

// Service is a way to reach or learn about the subject (DID 1.1, section 5.4).
type Service struct {
	ID       URL // zero if the id is a URI of another scheme, which then stands in Extra
	Type     []string
	Endpoint []Endpoint
	Extra    []Member
}

// Endpoint is a service endpoint: a URI, or an object as canonical JSON. One of the two is empty.
type Endpoint struct {
	URI    string
	Object string
}

// Member is a member of a JSON object, with its value as canonical JSON (RFC 8785).
type Member struct {
	Name string
	JSON string
}

// Method returns the verification method with exactly this id. It points into the document.
func (d *Document) Method(u URL) (*VerificationMethod, bool) {
	if u.IsZero() {
		return nil, false
	}
	for i := range d.VerificationMethod {
		if d.VerificationMethod[i].ID == u {
			return &d.VerificationMethod[i], true
		}
	}
	return nil, false
}

// ServiceByID returns the service with exactly this id. It points into the document.
func (d *Document) ServiceByID(u URL) (*Service, bool) {
	if u.IsZero() {
		return nil, false
	}
	for i := range d.Service {
		if d.Service[i].ID == u {
			return &d.Service[i], true
		}
	}
	return nil, false
}
