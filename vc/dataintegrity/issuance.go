package dataintegrity

import (
	"crypto/sha256"
	"errors"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// recognizable is a cryptosuite that can say again what the issuer signed, whatever a holder discloses of it: one whose
// proofs may have an issuance receipt (vc.Receipt). A suite whose showings cannot be linked must not be one.
type recognizable interface {
	// signedData returns the bytes that a key of this algorithm signed.
	signedData(in *Input, a keys.Algorithm) ([]byte, error)
}

func (EdDSAJCS2022) signedData(in *Input, a keys.Algorithm) ([]byte, error) {
	return jcsHashData(in, a)
}

func (ECDSAJCS2019) signedData(in *Input, a keys.Algorithm) ([]byte, error) {
	return jcsHashData(in, a)
}

func (EdDSARDFC2022) signedData(in *Input, a keys.Algorithm) ([]byte, error) {
	return rdfcHashData(in, a)
}

func (ECDSARDFC2019) signedData(in *Input, a keys.Algorithm) ([]byte, error) {
	return rdfcHashData(in, a)
}

func (ECDSASD2023) signedData(in *Input, _ keys.Algorithm) ([]byte, error) {
	d, _, err := parseECDSASDDerived(in.Proof.Value)
	if err != nil {
		return nil, err
	}
	doc, err := sd.Canonicalize(in.Contexts, in.Document, d.labels.Labels())
	if err != nil {
		return nil, SelectiveFault(err)
	}
	if n := len(d.mandatory); n > 0 && d.mandatory[n-1] >= len(doc.Lines) {
		return nil, errors.New("a mandatory statement that the document does not have")
	}
	return signedByBase(in, d.publicKey, doc.Hash(d.mandatory))
}

// issued is an opened credential that can have a receipt. It implements vc.Issuance.
type issued struct{ *opened }

// withIssuance returns o as an [issued] if its first proof may have a receipt. The first proof covers the whole credential, so
// that those which were added to it take nothing away.
func (o *opened) withIssuance() (issued, bool) {
	_, ok := o.signatures[0].suite.(recognizable)
	return issued{o}, ok
}

// IssuanceDigest implements vc.Issuance. It is that of nothing for a credential that cannot be canonicalized, and whose signature can
// therefore not be valid.
func (i issued) IssuanceDigest() [32]byte {
	s := &i.signatures[0]
	b, err := s.suite.(recognizable).signedData(s.in, s.algorithm)
	if err != nil {
		return [32]byte{}
	}
	return sha256.Sum256(b)
}

// ErrNoReceipts says that a credential is of a cryptosuite whose showings must not be linked, and so can have no receipt.
var ErrNoReceipts = errors.New("dataintegrity: credentials of this cryptosuite have no receipts")

// IssuanceDigest returns what an issuance receipt commits to (vc.Issuance), for vc.ReceiptBatch: the SHA-256 of what the issuer
// signed for the first proof. Errors: those of parsing, and ErrNoReceipts.
func (c *Credential) IssuanceDigest() ([32]byte, error) {
	o, err := c.load()
	if err != nil {
		return [32]byte{}, err
	}
	i, ok := o.withIssuance()
	if !ok {
		return [32]byte{}, ErrNoReceipts
	}
	return i.IssuanceDigest(), nil
}
