package keys

import (
	"crypto/ecdh"
	"crypto/sha512"
	"errors"
	"fmt"

	"filippo.io/edwards25519"
)

// ECDH returns the shared secret of k and peer, which must have the same algorithm: 32 bytes for X25519 (RFC 7748, section 6.1)
// and P-256, 48 for P-384 (the x coordinate, SEC 1, 3.3.1). It is not uniform: derive keys from it with a KDF. Errors are final:
// ErrUnsupported for other algorithms.
func (k *PrivateKey) ECDH(peer PublicKey) ([]byte, error) {
	s := k.get()
	if s == nil {
		return nil, fmt.Errorf("keys: ECDH: %w", errNoKey)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	a := s.pub.p.alg
	if s.secret == nil {
		return nil, fmt.Errorf("keys: ECDH: %w", errNoKey)
	}
	if peer.Algorithm() != a {
		return nil, fmt.Errorf("keys: ECDH: own key is %v, peer's is %v", a, peer.Algorithm())
	}
	var (
		own   *ecdh.PrivateKey
		other *ecdh.PublicKey
		err   error
	)
	switch a {
	case X25519:
		own = s.dh
		other, err = ecdh.X25519().NewPublicKey(peer.bytes())
	case P256, P384:
		if own, err = s.ec.ECDH(); err == nil {
			other, err = peer.p.ec.ECDH()
		}
	default:
		return nil, fmt.Errorf("keys: ECDH: %w: %v", ErrUnsupported, a)
	}
	if err != nil {
		return nil, fmt.Errorf("keys: ECDH: %v: %w", a, err)
	}
	shared, err := own.ECDH(other)
	if err != nil {
		return nil, fmt.Errorf("keys: ECDH: %v: %w", a, err)
	}
	return shared, nil
}

var errNotEd25519 = errors.New("not an Ed25519 key")

// ToX25519 returns the X25519 key of an Ed25519 key: the same point in Montgomery form (RFC 7748, section 4.1), which is the key
// agreement key that did:key derives. One key for two purposes is a compromise; a key of its own is better. Errors are
// final.
func (k PublicKey) ToX25519() (PublicKey, error) {
	if k.Algorithm() != Ed25519 {
		return PublicKey{}, fmt.Errorf("keys: to X25519: %w", errNotEd25519)
	}
	e, err := new(edwards25519.Point).SetBytes(k.bytes())
	if err != nil {
		return PublicKey{}, fmt.Errorf("keys: to X25519: %w", errOffCurve)
	}
	return NewPublicKey(X25519, e.BytesMontgomery())
}

// ToX25519 returns the X25519 key whose public half is that of Public().ToX25519(): the first half of SHA-512 of the seed (RFC 8032,
// 5.1.5). Errors are final.
func (k *PrivateKey) ToX25519() (*PrivateKey, error) {
	if k.Algorithm() != Ed25519 {
		return nil, fmt.Errorf("keys: to X25519: %w", errNotEd25519)
	}
	seed := k.Secret()
	defer clear(seed)
	if seed == nil {
		return nil, fmt.Errorf("keys: to X25519: %w", errNoKey)
	}
	h := sha512.Sum512(seed)
	defer clear(h[:])
	return NewPrivateKey(X25519, h[:32])
}
