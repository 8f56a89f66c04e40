package dataintegrity

import (
	"crypto"
	"crypto/sha256"
	"errors"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// What the suites over statements have in common, beside package sd.

// HashOptions returns the SHA-256 of the proof configuration in canonical form (hash of proofConfig). Errors are a *vc.Fault. For
// packages of this module.
func (in *Input) HashOptions() (sum [sha256.Size]byte, err error) {
	if err := in.checkContext(); err != nil {
		return sum, err
	}
	c, err := in.Canonicalize(in.ProofConfiguration(), crypto.SHA256)
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	for _, line := range c.Lines {
		h.Write(line)
	}
	h.Sum(sum[:0])
	return sum, nil
}

// RefuseChain refuses a document that contains proofs: a derived one would not contain them. For packages of this module.
func (in *Input) RefuseChain() error {
	if _, ok := in.Document.Get(memberProof); ok {
		return vc.Invalid("dataintegrity.sd.chain", "a proof of "+in.Proof.Cryptosuite+" with a previousProof")
	}
	return nil
}

// SelectiveFault gives an error of package sd in deriving or checking its code. For packages of this module.
func SelectiveFault(err error) *vc.Fault {
	switch {
	case errors.Is(err, sd.ErrPointer):
		return vc.InvalidBecause("dataintegrity.sd.pointer", err)
	case errors.Is(err, sd.ErrStatement):
		return vc.InvalidBecause("dataintegrity.sd.selection", err)
	case errors.Is(err, sd.ErrLabels):
		return vc.InvalidBecause("dataintegrity.sd.labels", err)
	case errors.Is(err, sd.ErrLimit):
		return vc.InvalidBecause("dataintegrity.sd.limit", err)
	}
	if _, ok := errors.AsType[*jsonld.Error](err); ok {
		return jsonldFault(err)
	}
	return rdfFault(err)
}
