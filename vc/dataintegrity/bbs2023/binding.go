package bbs2023

import (
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc"
)

// prove adds a proof that the holder knows the secret, too.
func (h *HolderBinding) prove(pk *bbs.PublicKey, b *base, d *disclosure) error {
	var err error
	d.proof, err = ciphersuite.BlindProofGen(pk, &bbs.BlindSigned{
		Signature: b.signature, Header: b.header, Messages: d.all, Committed: [][]byte{h.Secret}, Blind: h.Blind,
	}, d.presentationHeader, &bbs.Disclose{Messages: d.selective})
	if err != nil {
		return vc.InvalidBecause("bbs2023.binding.secret", err)
	}
	return nil
}

// verifyBinding checks a proof with holder binding: one committed message, which is never disclosed.
func (d *derived) verifyBinding(pk *bbs.PublicKey, header []byte, messages [][]byte) error {
	return ciphersuite.BlindProofVerify(pk, d.proof, &bbs.BlindStatement{
		Header: header, PresentationHeader: d.presentationHeader, MessageCount: d.messages, CommittedCount: 1,
		Disclosed: d.selective, Messages: messages,
	})
}
