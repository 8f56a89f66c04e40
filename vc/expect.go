package vc

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
)

// Expect is the policy of a verifier: what it is ready to believe. It is required, and its zero value accepts nothing. A field
// whose name starts with Insecure removes a check.
type Expect struct {
	// Issuers are the DIDs whose credentials are accepted. At least one of Issuers, PinnedKeys, Certificates and
	// InsecureAnyIssuer must be set.
	Issuers []did.DID
	// PinnedKeys are issuers without a DID whose keys the verifier holds itself, for instance from metadata that it fetched. A pin
	// for a DID is never used: the DID's own keys count, and it belongs into Issuers.
	PinnedKeys []PinnedKey
	// Certificates accepts issuers by X.509 certificate (the x5c header).
	Certificates *CertificatePolicy
	// InsecureAnyIssuer accepts every DID as an issuer. A wallet may look at a credential with it; a decision must not rest on it.
	InsecureAnyIssuer bool

	// Types are the credential types that are accepted: vct of an SD-JWT VC, type of a W3C credential. A credential must have at
	// least one of them.
	Types []string
	// InsecureAnyType accepts every type, and none.
	InsecureAnyType bool

	// MediaTypes are the accepted media types without "application/". Empty means the credential formats of this library:
	// "dc+sd-jwt", "vc" (with Data Integrity), "vc+jwt" and "vc+cose". "vc+sd-jwt", which early drafts gave another meaning, has to be
	// named, and so have an SD-JWT that is no credential, by its own typ, and what says only that it is a JWT (sdjwt.JWTMediaType,
	// jwtvc.MediaType).
	MediaTypes []string

	// Audience and Nonce are what the holder must have signed: the verifier's identifier (with OpenID4VP the whole client
	// identifier with its prefix) and a value that this verifier made for this one presentation. Both are required; the caller sees to it
	// that a nonce is accepted once.
	Audience string
	Nonce    string
	// InsecureNoHolderBinding accepts a credential from anybody who has a copy. Audience and Nonce must be empty then, and a presentation
	// with a holder's signature is refused, so that nobody takes an unchecked one for checked. Whom the credential says it is for (aud)
	// is not looked at either: a wallet that takes it is somebody else.
	InsecureNoHolderBinding bool
	// InsecureUnrotatableHolderKey accepts a holder's key that stands in the credential (cnf.jwk). Who steals it can present for
	// as long as the credential lives.
	InsecureUnrotatableHolderKey bool
	// MaxPresentationAge is how long ago the holder may have signed; 0 means DefaultMaxPresentationAge.
	MaxPresentationAge time.Duration

	// MaxEvidenceAge is how old the knowledge of the holder's DID may be; 0 means DefaultMaxEvidenceAge. It bounds the time that a
	// thief has after a rotation.
	MaxEvidenceAge time.Duration
	// MaxIssuerEvidenceAge is the same for the issuer's DID; 0 means DefaultMaxIssuerEvidenceAge.
	MaxIssuerEvidenceAge time.Duration
	// HolderEvidence and IssuerEvidence say what must be known of the holder's and the issuer's DID beyond its replayed history.
	HolderEvidence EvidenceNeeds
	IssuerEvidence EvidenceNeeds
	// InsecureGenesisOnly accepts a DID of which only the first state is known (a long form that no ledger was asked about): a
	// rotation since then would go unnoticed. One that is proven absent from its ledger is accepted without.
	InsecureGenesisOnly bool

	// RetiredKeys says what a signature counts for whose key its issuer has since taken out of service.
	RetiredKeys RetiredKeys

	// StatusLists looks up the status of a credential that refers to a list. Without it such a credential has the result unknown.
	StatusLists StatusLists
	// MaxStatusAge is how long ago a status list may have been obtained; 0 means DefaultMaxStatusAge.
	MaxStatusAge time.Duration
	// InsecureIgnoreStatus accepts a credential that refers to a status list without looking at the list.
	InsecureIgnoreStatus bool

	// Schemas validates the claims of a credential that names a schema (credentialSchema). Without it schemas are not looked at.
	Schemas SchemaChecker

	// ClockSkew is by how much the clocks of issuer and holder may be ahead of the verifier's; 0 means DefaultClockSkew, a
	// negative value none. It never prolongs a credential.
	ClockSkew time.Duration
}

// What the zero values of the durations in Expect mean.
const (
	DefaultMaxPresentationAge   = 5 * time.Minute
	DefaultMaxEvidenceAge       = 10 * time.Minute
	DefaultMaxIssuerEvidenceAge = 24 * time.Hour
	DefaultMaxStatusAge         = 24 * time.Hour
	DefaultClockSkew            = time.Minute
)

// EvidenceNeeds are demands on how the state of a DID is known. The zero value wants a history replayed from the genesis.
type EvidenceNeeds struct {
	// Latest wants proof that no newer state existed at the time of the evidence (or, for a DID that its ledger does not
	// hold, that there is none). Without it, whoever answers can leave out the newest operations.
	Latest bool
	// NoOperatorTime refuses an answer whose times are the word of the ledger's operator alone.
	NoOperatorTime bool
	// TrustAuditors accepts a state that auditors replayed in the place of this verifier: proven to be the latest, without the
	// operations that led to it.
	TrustAuditors bool
}

// RetiredKeys is a policy for signatures by keys that were valid at the time that the signature states, and are no longer. That
// time is the signer's word: whoever holds a retired key can write an earlier one. What was signed with a key that its owner
// declared compromised never counts without an issuance receipt ([WithReceipt]) from before that.
type RetiredKeys uint8

// The policies for retired keys.
const (
	AcceptRetiredKeys RetiredKeys = iota // accepted, and the report says on whose word
	RefuseRetiredKeys
	RetiredKeysWithReceipt // accepted with an issuance receipt from before the key was retired, so that nobody's word is needed
)

// PinnedKey is an issuer that the verifier knows by key.
type PinnedKey struct {
	Issuer string         // equal to the credential's issuer
	KeyID  string         // equal to the credential's kid, if not empty
	Key    keys.PublicKey // of an algorithm that signs
}

// CertificatePolicy accepts issuers by certificate. Chains are built from the certificates that the credential carries to Roots
// and nothing else, at the verifier's time; the issuer must be one of Issuers, and the leaf must name it in its subject
// alternative name: as URI, or as the DNS name of an https URI. Extended key usages are not looked at, and neither is
// revocation, which would need the network: Roots should be those of an authority for credentials, not for web servers, which would
// let whoever holds a server's key issue in its name.
type CertificatePolicy struct {
	Roots   *x509.CertPool
	Issuers []string
}

// check refuses a policy that says less than a verifier must say.
func (e *Expect) check(k Keys) error {
	switch {
	case e == nil:
		return Invalid("vc.policy.missing", "no policy was given")
	case len(e.Issuers) == 0 && len(e.PinnedKeys) == 0 && e.Certificates == nil && !e.InsecureAnyIssuer:
		return Invalid("vc.policy.issuers", "the policy accepts no issuer")
	case e.Certificates != nil && (e.Certificates.Roots == nil || len(e.Certificates.Issuers) == 0):
		return Invalid("vc.policy.certificates", "the policy accepts certificates and lacks roots or issuers")
	case len(e.Types) == 0 && !e.InsecureAnyType:
		return Invalid("vc.policy.types", "the policy accepts no credential type")
	case !e.InsecureNoHolderBinding && (e.Audience == "" || e.Nonce == ""):
		return Invalid("vc.policy.holder", "the policy names no audience or no nonce")
	case e.InsecureNoHolderBinding && (e.Audience != "" || e.Nonce != ""):
		return Invalid("vc.policy.holder", "the policy names an audience or a nonce and gives up holder binding")
	case k == nil && (len(e.Issuers) > 0 || e.InsecureAnyIssuer):
		return Invalid("vc.policy.keys", "the policy accepts DIDs and the verifier has no Keys")
	}
	return nil
}

// credentialTypes are the media types that an empty Expect.MediaTypes stands for.
var credentialTypes = [...]string{"dc+sd-jwt", "vc", "vc+jwt", "vc+cose"}

func (e *Expect) acceptsMediaType(t string) bool {
	if len(e.MediaTypes) > 0 {
		return slices.Contains(e.MediaTypes, t)
	}
	return slices.Contains(credentialTypes[:], t)
}

func (e *Expect) skew() time.Duration { return max(orDefault(e.ClockSkew, DefaultClockSkew), 0) }

func orDefault(d, def time.Duration) time.Duration {
	if d == 0 {
		return def
	}
	return d
}
