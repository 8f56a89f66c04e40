package didwebvh

import (
	"fmt"

	"github.com/realdid/realdid/did"
)

// Fault names why a log was refused.
type Fault string

// The faults.
const (
	FaultSyntax      Fault = "syntax"       // not the JSON of an entry, or over a limit
	FaultParameters  Fault = "parameters"   // a parameter that is unknown, missing, or not allowed there
	FaultMethod      Fault = "method"       // the method parameter names a version that is not implemented
	FaultVersion     Fault = "version"      // versionId is malformed or out of sequence
	FaultTime        Fault = "time"         // versionTime is malformed, not after the one before, or in the future
	FaultSCID        Fault = "scid"         // the first entry does not hash to the SCID, or a document bears another
	FaultHash        Fault = "hash"         // an entry does not hash to its versionId
	FaultProof       Fault = "proof"        // a proof is malformed, of another suite or purpose, or does not verify
	FaultKey         Fault = "key"          // a proof is by a key that was not allowed to update
	FaultPreRotation Fault = "pre-rotation" // a key that the entry before did not commit to, or a parameter missing
	FaultPortability Fault = "portability"  // the identifier changed without being portable, or without naming the old one
	FaultDeactivated Fault = "deactivated"  // an entry after the deactivation
	FaultWitness     Fault = "witness"      // fewer witnesses than the threshold
	FaultName        Fault = "name"         // no entry bears the identifier that was asked for
)

// LogError says what is wrong with a log. It is the Err of an *did.Error.
type LogError struct {
	Fault  Fault
	Entry  int // version number of the entry, from 1; 0 if the fault is of no single entry
	Detail string
}

// Error returns "didwebvh: entry N: fault: detail".
func (e *LogError) Error() string {
	if e.Entry == 0 {
		return fmt.Sprintf("didwebvh: %s: %s", e.Fault, e.Detail)
	}
	return fmt.Sprintf("didwebvh: entry %d: %s: %s", e.Entry, e.Fault, e.Detail)
}

// MovedError says that the log is valid and that the version asked for bears another identifier of the same SCID, because
// the identifier was moved (did:webvh 1.0, section "DID Portability"). It is the Err of an *did.Error.
type MovedError struct{ To did.DID }

// Error names the other identifier.
func (e *MovedError) Error() string {
	return "didwebvh: the version bears the identifier " + e.To.String()
}

func fault(f Fault, detail string) *LogError { return &LogError{Fault: f, Detail: detail} }

// asError returns a fault as an error of resolution.
func (e *LogError) asError() error {
	code := did.InvalidDID // the one code that did:webvh 1.0 gives a log that is not valid
	if e.Fault == FaultMethod {
		code = did.FeatureNotSupported
	}
	return &did.Error{Code: code, Err: e}
}
