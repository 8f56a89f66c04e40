package vc

import (
	"time"

	"github.com/realdid/realdid/keys"
)

// Presentation is what a format hands to a [Verifier]: something received, or something just made by the holder.
type Presentation interface {
	// Open parses strictly and within stated limits. It may be called any number of times and from several goroutines. Errors
	// are a *Fault.
	Open() (Parsed, error)
}

// Parsed is a presentation that is parsed and not yet verified: it deserves no trust. A Verifier calls its methods in the order
// written here, each only after everything before was accepted. All errors are a *Fault. A Parsed never changes.
type Parsed interface {
	// MediaType is the type of the whole, without "application/": "dc+sd-jwt".
	MediaType() string
	// Origin is what the presentation says of its issuer.
	Origin() Origin
	// CheckSignature checks the issuer's signature over the bytes as received.
	CheckSignature(key keys.PublicKey) error
	// Disclose matches what is disclosed to what is signed.
	Disclose() (Disclosed, error)
	// Binding is what the holder added to show possession of a key; Present is false if there is nothing.
	Binding() Binding
	// CheckBinding checks the holder's signature, and that it covers exactly this presentation.
	CheckBinding(key keys.PublicKey) error
}

// Origin is what a presentation says of its issuer.
type Origin struct {
	Issuer    string         // a DID or another URI; "" if the presentation names none
	KeyID     string         // "" if there is none
	Chain     [][]byte       // X.509 certificates in DER, the issuer's own first (x5c, RFC 7515, section 4.1.6)
	Algorithm keys.Algorithm // of the signature
	IssuedAt  time.Time      // zero if it is not stated in the clear
	// Undated says that the format need not state a time of issuance, and that this presentation does not: the key must then be in
	// service now.
	Undated bool
}

// Signatures is implemented by a [Parsed] that carries several signatures of its issuer, as a set of Data Integrity proofs. Every
// one must name an accepted key of the issuer and be valid; Origin is then the first, and CheckSignature is not called.
type Signatures interface {
	// Signatures returns what each says of its issuer, at least one.
	Signatures() []Origin
	// CheckSignatureOf checks the i-th of them over the bytes as received.
	CheckSignatureOf(i int, key keys.PublicKey) error
}

// Disclosed is what a presentation says, once disclosures are matched to what is signed. A zero time is not stated.
type Disclosed struct {
	Types     []string
	IssuedAt  time.Time
	NotBefore time.Time
	Expires   time.Time
	HasStatus bool              // the credential has a status; always, if Status is not empty
	Status    []StatusReference // where it stands; one of an unknown kind has Mechanism 0, or is left out
	Schemas   []SchemaReference // the schemas that the credential names
	Audience  []string          // whom the credential is meant for; empty if it does not say

	// Claims makes the processed payload, a new one at each call: strings, bools, json.Number, nil, []any, map[string]any.
	Claims func() map[string]any

	// The credential's holder, by one of the two: a DID URL (one key of a DID, or a DID and with it every key that it has for
	// authentication), or a key in the credential itself.
	HolderKeyID string
	HolderKey   keys.PublicKey
}

// Binding is what the holder says when presenting. A zero time is not stated.
type Binding struct {
	Present   bool
	KeyID     string // of the key that signed, a DID URL; "" if it is not named
	Algorithm keys.Algorithm
	Audience  string
	Nonce     string
	IssuedAt  time.Time
	NotBefore time.Time
	Expires   time.Time
}
