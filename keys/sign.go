package keys

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"

	"github.com/emmansun/gmsm/sm2"
)

// Signer makes signatures with a key that may be out of reach: in memory ([PrivateKey]), a hardware module, a phone's
// enclave, another machine. Package keystest checks an implementation.
type Signer interface {
	// Public returns the key that verifies the signatures. It answers at once and always the same.
	Public() PublicKey
	// Sign returns a signature of msg for which Public().VerifyLowS succeeds, in a slice that the caller owns. It may
	// block, ends early when ctx does, and keeps neither msg nor a reference to it.
	Sign(ctx context.Context, msg []byte) ([]byte, error)
}

// Sign signs msg with the hash of the table; the form is that of [PublicKey.Verify], with the lower s for P-256, P-384 and
// secp256k1. Ed25519 and secp256k1 (RFC 6979) give the same signature each time, the others a new one. Errors: that of ctx when it
// has ended; final for an algorithm that does not sign and for a key that is wiped.
func (k *PrivateKey) Sign(ctx context.Context, msg []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("keys: sign: %w", err)
	}
	s := k.get()
	if s == nil {
		return nil, fmt.Errorf("keys: sign: %w", errNoKey)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.pub.p.alg
	sig, err := s.sign(a, msg)
	if err != nil {
		return nil, fmt.Errorf("keys: sign: %v: %w", a, err)
	}
	return sig, nil
}

func (s *secretState) sign(a Algorithm, msg []byte) ([]byte, error) {
	if s.secret == nil {
		return nil, errNoKey
	}
	switch a {
	case Ed25519:
		return ed25519.Sign(s.ed, msg), nil
	case P256:
		digest := sha256.Sum256(msg)
		return s.signECDSA(a, digest[:])
	case P384:
		digest := sha512.Sum384(msg)
		return s.signECDSA(a, digest[:])
	case Secp256k1:
		digest := sha256.Sum256(msg)
		var sig [64]byte
		if err := signSecp256k1(&sig, &s.secp.Key, digest[:]); err != nil {
			return nil, err
		}
		return sig[:], nil
	case SM2:
		digest := s.pub.p.sm2Digest(msg)
		der, err := sm2.SignASN1(rand.Reader, s.sm, digest[:], nil)
		if err != nil {
			return nil, err
		}
		return rawFromDER(der, a.SignatureSize())
	}
	return nil, errors.New("no signature algorithm")
}

func (s *secretState) signECDSA(a Algorithm, digest []byte) ([]byte, error) {
	der, err := ecdsa.SignASN1(rand.Reader, s.ec, digest)
	if err != nil {
		return nil, err
	}
	sig, err := rawFromDER(der, a.SignatureSize())
	if err != nil {
		return nil, err
	}
	a.order().makeLowS(sig)
	return sig, nil
}
