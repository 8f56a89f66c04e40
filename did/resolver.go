package did

import (
	"context"
	"time"

	"github.com/realdid/realdid/keys"
)

// Resolver turns a DID into its document. The error is an *Error; one that is not Temporary is the final answer. A result
// is shared: nobody changes it, neither the caller nor, later, the resolver. opt may be nil (the newest state). A resolver
// that cannot answer for a VersionID or VersionTime says FEATURE_NOT_SUPPORTED. Implementations are safe for concurrent use.
type Resolver interface {
	Resolve(ctx context.Context, id DID, opt *ResolveOptions) (*Resolution, error)
}

// ResolveOptions are the options of DID Resolution 1.0 that change the answer. VersionID and VersionTime exclude each other.
type ResolveOptions struct {
	VersionID   string
	VersionTime time.Time // zero: the newest state
	NoCache     bool      // ask the source, even if a cache knows
}

// Check returns an *Error with code INVALID_OPTIONS if the options contradict each other. o may be nil.
func (o *ResolveOptions) Check() error {
	if o != nil && o.VersionID != "" && !o.VersionTime.IsZero() {
		return &Error{Code: InvalidOptions, Detail: "versionId and versionTime exclude each other"}
	}
	return nil
}

// Newest tells whether the options ask for the newest state. o may be nil.
func (o *ResolveOptions) Newest() bool {
	return o == nil || o.VersionID == "" && o.VersionTime.IsZero()
}

// Resolution is the answer to a resolution that did not fail.
type Resolution struct {
	Document *Document // never nil; of a deactivated DID the newest document is its id alone
	Metadata DocumentMetadata
	Removed  []RemovedMethod // every verification method that once stood in the document and no longer does
	Anchored []Anchored      // every root that the history commits to, in its order; nil if the method has no such thing
	Evidence Evidence
}

// Anchored is a root to which the holder's history commits: what is below it existed before operation number Seq.
type Anchored struct {
	Root [32]byte
	Seq  uint64
	Time time.Time // of the operation, by its ledger
}

// DocumentMetadata describes the document (DID Resolution 1.0, section "DID Document Metadata"). A zero field is absent.
// Times are UTC, whole seconds.
type DocumentMetadata struct {
	Created, Updated, NextUpdate time.Time
	Deactivated                  bool
	VersionID, NextVersionID     string
	CanonicalID                  string
	EquivalentID                 []string
	Extra                        map[string]any // facts of the method; values that encoding/json writes
}

// RemovedMethod is a verification method that no longer stands in the document. From Removed on nothing new is signed with
// it. If it is Compromised, nothing counts that it signed, except what the method's history committed to before operation
// number CompromisedSince.
type RemovedMethod struct {
	VerificationMethod
	Removed          time.Time
	Compromised      bool
	CompromisedSince uint64
}

// Evidence says what an answer rests on. It is a set of separate facts and not a scale: a policy names each that it needs,
// and one that names none is satisfied by none.
type Evidence struct {
	Replayed     bool      // every operation since the genesis that the DID itself names was checked here
	GenesisOnly  bool      // only the genesis was seen: later operations may exist
	Included     bool      // the operations are proven to stand in a log that others watch
	Latest       bool      // proven to be the newest state at AsOf
	Absent       bool      // proven to have no operation on the ledger at AsOf
	AsOf         time.Time // of a proof: the time that it is about; else when the source was asked; zero if unknown; a cached answer keeps it
	OperatorTime bool      // the times of operations are the word of the ledger's operator alone

	// Cosigners are those who signed the checkpoint that Included, Latest and Absent rest on, and count under the trust that
	// it was checked with.
	Cosigners []Cosigner
}

// A Cosigner is somebody other than the ledger's operator who signed a checkpoint, for one role.
type Cosigner struct {
	Name string
	Role string    // "witness", "mirror" or "auditor"
	Time time.Time // when, by the cosigner's clock
}

// KeyStatus says how a key that was looked up stands now.
type KeyStatus uint8

// The statuses. The zero KeyStatus is none of them.
const (
	_              KeyStatus = iota
	KeyActive                // stands in the newest document
	KeyRetired               // was removed in good order: what it signed before counts
	KeyCompromised           // was declared compromised: what it signed does not count
)

// String returns the status in lower case.
func (s KeyStatus) String() string {
	switch s {
	case KeyActive:
		return "active"
	case KeyRetired:
		return "retired"
	case KeyCompromised:
		return "compromised"
	}
	return "unknown"
}

// ResolvedKey is a verification method that was found for a DID URL, a purpose and a time.
type ResolvedKey struct {
	Method           VerificationMethod
	Status           KeyStatus
	Added, Removed   time.Time // zero if the DID method cannot tell, and if it was not removed
	CompromisedSince uint64    // with KeyCompromised: see RemovedMethod
	VersionID        string    // of the document that was looked at
	Deactivated      bool      // the DID is deactivated now
	Anchored         []Anchored
	Evidence         Evidence
}

// Key returns the public key.
func (k *ResolvedKey) Key() keys.PublicKey { return k.Method.Key }
