package bbs2023

import (
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// prove adds the proof and the pseudonym.
func (h *Holder) prove(pk *bbs.PublicKey, b *base, d *disclosure) error {
	if h.Nyms.Len() != b.n {
		return vc.Invalid("bbs2023.nyms", "the credential is for another number of nym secrets than the holder has")
	}
	signed := &bbs.NymSigned{Signature: b.signature, Header: b.header, Messages: d.all, Blind: h.Blind, Nyms: h.Nyms}
	var err error
	d.proof, d.pseudonym, err = ciphersuite.NymProofGen(pk, signed, h.ContextID, d.presentationHeader, &bbs.Disclose{Messages: d.selective})
	if err != nil {
		return vc.InvalidBecause("bbs2023.nyms", err)
	}
	return nil
}

// verify checks a proof with a pseudonym. Context and number of nym secrets are what the verifier says, never what the proof says.
func (v *Verifier) verify(pk *bbs.PublicKey, d *derived, header []byte, messages [][]byte) error {
	return ciphersuite.NymProofVerify(pk, d.proof, d.pseudonym, &bbs.NymStatement{
		Header: header, PresentationHeader: d.presentationHeader, ContextID: v.ContextID, NymCount: v.N, MessageCount: d.messages,
		Disclosed: d.selective, Messages: messages,
	})
}

// verifyBase checks a blind signature by proving it, because only the holder can: a proof that nobody sees, for a context of its own.
func (h *Holder) verifyBase(pk *bbs.PublicKey, b *base, messages [][]byte) error {
	d := &disclosure{all: messages}
	d.messages = len(messages)
	own := &Holder{Nyms: h.Nyms, Blind: h.Blind, ContextID: []byte("bbs2023/base")}
	if err := own.prove(pk, b, d); err != nil {
		return err
	}
	return (&Verifier{ContextID: own.ContextID, N: b.n}).verify(pk, &d.derived, b.header, nil)
}

// Finalize checks what an issuer signed for the holder of these secrets (the prover's part), and returns the final nym secrets, which hold
// the issuer's entropy: those of Holder. c has a base proof for pseudonyms, and key is the issuer's, as resolved; beside the signature of
// that proof nothing of c is checked. Errors: dataintegrity.ErrNotSelective; a *vc.Fault.
func Finalize(c *dataintegrity.Credential, key keys.PublicKey, prover *bbs.NymSecrets, blind *bbs.Blind) (*bbs.NymSecrets, error) {
	in, err := c.BaseInput(Suite{})
	if err != nil {
		return nil, err
	}
	b, err := parseBase(in.Proof.Value)
	if err != nil {
		return nil, err
	}
	defer clear(b.hmacKey)
	if err := b.option.expect(pseudonym); err != nil {
		return nil, err
	}
	if prover.Len() != b.n {
		return nil, vc.Invalid("bbs2023.nyms", "the credential is for another number of nym secrets than the holder has")
	}
	pk, messages, err := b.open(in, key)
	if err != nil {
		return nil, err
	}
	final, err := ciphersuite.NymFinalize(pk, b.signature, b.header, messages, nil, prover, b.entropy, blind)
	if err != nil {
		return nil, vc.InvalidBecause("vc.signature.invalid", err)
	}
	return final, nil
}
