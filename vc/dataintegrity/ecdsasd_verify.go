package dataintegrity

import (
	"fmt"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// VerifyProof checks a derived proof (section 3.6.7, Verify Derived Proof): every statement of the document is either
// among the mandatory ones, which key signed together, or has its own signature by the proof's key, which key signed too.
func (ECDSASD2023) VerifyProof(in *Input, key keys.PublicKey) error {
	d, proofKey, err := parseECDSASDDerived(in.Proof.Value)
	if err != nil {
		return err
	}
	if key.Algorithm() != keys.P256 {
		return vc.Invalid("dataintegrity.proof.key", "the cryptosuite is for keys of P-256 alone")
	}
	if err := in.RefuseChain(); err != nil {
		return err
	}
	doc, err := sd.Canonicalize(in.Contexts, in.Document, d.labels.Labels())
	if err != nil {
		return SelectiveFault(err)
	}
	if n := len(d.mandatory); n > 0 && d.mandatory[n-1] >= len(doc.Lines) {
		return vc.Invalid("dataintegrity.sd.index", "a mandatory statement that the document does not have")
	}
	optional := sd.Without(d.mandatory, len(doc.Lines))
	if len(d.signatures) != len(optional) {
		return vc.Invalid("dataintegrity.sd.count",
			fmt.Sprintf("%d signatures for %d statements that are not mandatory", len(d.signatures), len(optional)))
	}
	signed, err := signedByBase(in, d.publicKey, doc.Hash(d.mandatory))
	if err != nil {
		return err
	}
	if err := key.Verify(signed, d.baseSignature); err != nil {
		return vc.InvalidBecause("vc.signature.invalid", err)
	}
	for i, line := range optional {
		if proofKey.Verify(doc.Lines[line], d.signatures[i]) != nil {
			return vc.Invalid("dataintegrity.sd.statement", fmt.Sprintf("signature %d is not of its statement", i))
		}
	}
	return nil
}
