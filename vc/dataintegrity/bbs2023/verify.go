package bbs2023

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// VerifyProof checks a derived proof (section 3.4.7, Verify Derived Proof): every statement of the document is one of those that key signed,
// and none of the mandatory ones is left out. Without s.Verifier it refuses proofs with a pseudonym, with it all others.
func (s Suite) VerifyProof(in *dataintegrity.Input, key keys.PublicKey) error {
	d, err := parseDerived(in.Proof.Value)
	if err != nil {
		return err
	}
	if err := s.accepts(d.option); err != nil {
		return err
	}
	if (d.option == pseudonym || s.PresentationHeader != nil) && !bytes.Equal(d.presentationHeader, s.PresentationHeader) {
		return vc.Invalid("bbs2023.presentation", "the proof was made with another presentation header")
	}
	pk, err := publicKey(key)
	if err != nil {
		return err
	}
	if err := in.RefuseChain(); err != nil {
		return err
	}
	doc, err := sd.Canonicalize(in.Contexts, in.Document, d.labels.Labels())
	if err != nil {
		return dataintegrity.SelectiveFault(err)
	}
	if n := len(d.mandatory); n > 0 && d.mandatory[n-1] >= len(doc.Lines) {
		return vc.Invalid("dataintegrity.sd.index", "a mandatory statement that the document does not have")
	}
	optional := sd.Without(d.mandatory, len(doc.Lines))
	if len(d.selective) != len(optional) {
		return vc.Invalid("dataintegrity.sd.count",
			fmt.Sprintf("%d indexes for %d statements that are not mandatory", len(d.selective), len(optional)))
	}
	header, err := bbsHeader(in, doc.Hash(d.mandatory))
	if err != nil {
		return err
	}
	messages := pick(doc, optional)
	switch d.option {
	case holderBinding:
		err = d.verifyBinding(pk, header, messages)
	case pseudonym:
		err = s.Verifier.verify(pk, d, header, messages)
	default:
		err = ciphersuite.ProofVerify(pk, d.proof, header, d.presentationHeader, d.selective, messages)
	}
	return signatureFault(err)
}

// signatureFault gives an error of package bbs its code.
func signatureFault(err error) error {
	if _, ok := errors.AsType[*vc.Fault](err); err == nil || ok {
		return err
	}
	return vc.InvalidBecause("vc.signature.invalid", err)
}

func publicKey(key keys.PublicKey) (*bbs.PublicKey, error) {
	if key.Algorithm() != keys.BLS12381G2 {
		return nil, vc.Invalid("dataintegrity.proof.key", "the cryptosuite is for keys of BLS12-381 G2 alone")
	}
	pk, err := bbs.PublicKeyOf(key)
	if err != nil {
		return nil, vc.InvalidBecause("dataintegrity.proof.key", err)
	}
	return pk, nil
}

// VerifyBase checks a base proof, for the holder who received it: that key signed every statement of the document, with the mandatory ones
// that the proof names. What the holder committed to is a part of what is signed: s.HolderBinding or s.Holder must have it.
func (s Suite) VerifyBase(in *dataintegrity.Input, key keys.PublicKey) error {
	b, err := parseBase(in.Proof.Value)
	if err != nil {
		return err
	}
	defer clear(b.hmacKey)
	if err := b.option.expect(s.holding()); err != nil {
		return err
	}
	pk, messages, err := b.open(in, key)
	if err != nil {
		return err
	}
	switch b.option {
	case holderBinding:
		err = ciphersuite.BlindVerify(pk, b.signature, b.header, messages, [][]byte{s.HolderBinding.Secret}, s.HolderBinding.Blind)
	case pseudonym:
		err = s.Holder.verifyBase(pk, b, messages)
	default:
		err = ciphersuite.Verify(pk, b.signature, b.header, messages)
	}
	return signatureFault(err)
}

// open checks what a base proof says of itself, on which Derive relies, and returns what was signed.
func (b *base) open(in *dataintegrity.Input, key keys.PublicKey) (*bbs.PublicKey, [][]byte, error) {
	pk, err := publicKey(key)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(b.publicKey, pk.Bytes()) {
		return nil, nil, vc.Invalid("bbs2023.base", "the base proof names another key than the issuer's")
	}
	if err := in.RefuseChain(); err != nil {
		return nil, nil, err
	}
	doc, err := sd.Canonicalize(in.Contexts, in.Document, b.newLabels())
	if err != nil {
		return nil, nil, dataintegrity.SelectiveFault(err)
	}
	mandatory, err := doc.Select(b.mandatoryPointers)
	if err != nil {
		return nil, nil, dataintegrity.SelectiveFault(err)
	}
	header, err := bbsHeader(in, doc.Hash(mandatory.Indexes))
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(header, b.header) {
		return nil, nil, vc.Invalid("bbs2023.base", "the base proof has another header than its document gives")
	}
	return pk, pick(doc, sd.Without(mandatory.Indexes, len(doc.Lines))), nil
}
