package keys

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	secpecdsa "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/emmansun/gmsm/sm2"
	"github.com/emmansun/gmsm/sm3"
)

// ErrSignature is in every error of [PublicKey.Verify] and [PublicKey.VerifyLowS]: the signature does not count. It is final.
var ErrSignature = errors.New("signature is not valid")

// Verify checks that sig is a signature of msg by k, with the hash of the table. A signature has exactly
// [Algorithm.SignatureSize] bytes; of ECDSA and SM2 it is r‖s, both in [1, n-1]. Every error is ErrSignature, also that of the
// zero value and of a key that does not sign.
func (k PublicKey) Verify(msg, sig []byte) error { return k.verify(msg, sig, false) }

// VerifyLowS is Verify, and for P-256, P-384 and secp256k1 s must be at most half the order, so that a signature has
// no second form. For Ed25519 and SM2 it is Verify.
func (k PublicKey) VerifyLowS(msg, sig []byte) error { return k.verify(msg, sig, true) }

func (k PublicKey) verify(msg, sig []byte, lowS bool) error {
	if k.p == nil {
		return fmt.Errorf("keys: verify: no key: %w", ErrSignature)
	}
	a := k.p.alg
	if !a.CanSign() {
		return fmt.Errorf("keys: verify: %v: no signature algorithm: %w", a, ErrSignature)
	}
	if len(sig) != a.SignatureSize() {
		return fmt.Errorf("keys: verify: %v: got %d bytes, want %d: %w", a, len(sig), a.SignatureSize(), ErrSignature)
	}
	if o := a.order(); o != nil {
		if err := o.check(sig, lowS); err != nil {
			return fmt.Errorf("keys: verify: %v: %w: %w", a, err, ErrSignature)
		}
	}
	if !k.p.verifies(msg, sig) {
		return fmt.Errorf("keys: verify: %v: %w", a, ErrSignature)
	}
	return nil
}

// verifies does the arithmetic; length and range of sig are checked.
func (p *point) verifies(msg, sig []byte) bool {
	switch p.alg {
	case Ed25519:
		return ed25519.Verify(p.raw[:ed25519.PublicKeySize], msg, sig)
	case P256:
		digest := sha256.Sum256(msg)
		var der [maxDER]byte
		return ecdsa.VerifyASN1(p.ec, digest[:], appendDER(der[:0], sig))
	case P384:
		digest := sha512.Sum384(msg)
		var der [maxDER]byte
		return ecdsa.VerifyASN1(p.ec, digest[:], appendDER(der[:0], sig))
	case Secp256k1:
		digest := sha256.Sum256(msg)
		var r, s secp256k1.ModNScalar
		r.SetByteSlice(sig[:32])
		s.SetByteSlice(sig[32:])
		return secpecdsa.NewSignature(&r, &s).Verify(digest[:], p.secp)
	case SM2:
		digest := p.sm2Digest(msg)
		var der [maxDER]byte
		return sm2.VerifyASN1(p.ec, digest[:], appendDER(der[:0], sig))
	}
	return false
}

// sm2Digest is SM3(ZA ‖ msg), GB/T 32918.2-2016, 6.1 steps A1 and A2.
func (p *point) sm2Digest(msg []byte) (digest [sm3.Size]byte) {
	h := sm3.New()
	h.Write(p.za[:])
	h.Write(msg)
	h.Sum(digest[:0])
	return digest
}

// check refuses r and s outside [1, n-1] and, with lowS, s above n/2 where that rule exists.
func (o *order) check(sig []byte, lowS bool) error {
	r, s := sig[:len(sig)/2], sig[len(sig)/2:]
	if isZero(r) || isZero(s) || bytes.Compare(r, o.n) >= 0 || bytes.Compare(s, o.n) >= 0 {
		return errors.New("r or s is out of range")
	}
	if lowS && o.half != nil && bytes.Compare(s, o.half) > 0 {
		return errors.New("s is above half the order")
	}
	return nil
}
