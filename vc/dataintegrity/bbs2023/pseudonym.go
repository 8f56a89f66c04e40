package bbs2023

import (
	"crypto/rand"
	"errors"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/vc/dataintegrity"
)

var errSoon = errors.New("bbs2023: not there yet")

// newEntropy draws a scalar.
func newEntropy() ([]byte, error) {
	b := make([]byte, entropySize)
	rand.Read(b)
	b[0] &= 0x3f // below the order
	return b, nil
}

func (h *Holder) prove(pk *bbs.PublicKey, b *base, d *disclosure) error { return errSoon }

func (h *Holder) verifyBase(pk *bbs.PublicKey, b *base, messages [][]byte) error { return errSoon }

func (v *Verifier) verify(pk *bbs.PublicKey, d *derived, header []byte, messages [][]byte) error {
	return errSoon
}

// Finalize checks what an issuer signed for the holder of these secrets (the prover's part), and returns the final nym secrets, which hold
// the issuer's entropy: those of Holder. c has a base proof for pseudonyms, and key is the issuer's, as resolved. Errors are a *vc.Fault.
func Finalize(c *dataintegrity.Credential, key keys.PublicKey, prover *bbs.NymSecrets, blind *bbs.Blind) (*bbs.NymSecrets, error) {
	return nil, errSoon
}
