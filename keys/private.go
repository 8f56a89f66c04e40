package keys

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/emmansun/gmsm/sm2"
)

// PrivateKey is a key in the memory of this process. It implements [Signer]. It prints as its public key only, and refuses
// encoding/json; [PrivateKey.Secret], [PrivateKey.PrivateJWK] and [PrivateKey.MarshalPEM] are the only ways out. Copies share
// one key; all methods may be called by several goroutines at once. The zero value is no key: its methods return errors or
// zero values.
type PrivateKey struct {
	// state returns the secrets. It is a function because nothing prints what a function holds, while fmt follows a pointer in
	// an unexported field when the verb does not fit, and debuggers' printers follow all of them.
	state func() *secretState
}

type secretState struct {
	mu     sync.RWMutex // held for reading while the secret is in use
	pub    PublicKey
	secret []byte // nil once wiped
	ed     ed25519.PrivateKey
	ec     *ecdsa.PrivateKey // P-256, P-384
	secp   *secp256k1.PrivateKey
	sm     *sm2.PrivateKey
	dh     *ecdh.PrivateKey // X25519
}

var (
	errNoKey = errors.New("no key, or wiped")
	errRange = errors.New("scalar is out of range")
)

// Generate makes a new key of a from the operating system's random source. Errors: ErrUnsupported if a is not in the table.
func Generate(a Algorithm) (*PrivateKey, error) {
	if a.SecretSize() == 0 {
		return nil, fmt.Errorf("keys: generate: %w", ErrUnsupported)
	}
	secret := make([]byte, a.SecretSize())
	defer clear(secret)
	for {
		rand.Read(secret) // never fails: it ends the program instead
		// A uniform string that is a scalar in range is a uniform scalar; the others are drawn again.
		k, err := NewPrivateKey(a, secret)
		if err == nil || !errors.Is(err, errRange) {
			return k, err
		}
	}
}

// NewPrivateKey makes the key of secret, which it copies: the 32-byte seed of Ed25519 (RFC 8032, 5.1.5), 32 bytes for X25519
// (clamped when used), a scalar big endian for the other curves, 32 bytes or 48 for P-384, in [1, n-1], for SM2 in [1, n-2]. Errors
// are final; ErrUnsupported if a is not in the table.
func NewPrivateKey(a Algorithm, secret []byte) (*PrivateKey, error) {
	if a.SecretSize() == 0 {
		return nil, fmt.Errorf("keys: private key: %w", ErrUnsupported)
	}
	if len(secret) != a.SecretSize() {
		return nil, fmt.Errorf("keys: private key: %v: got %d bytes, want %d", a, len(secret), a.SecretSize())
	}
	s := &secretState{secret: append([]byte(nil), secret...)}
	var err error
	if s.pub, err = s.expand(a); err != nil {
		clear(s.secret)
		return nil, fmt.Errorf("keys: private key: %v: %w", a, err)
	}
	return &PrivateKey{func() *secretState { return s }}, nil
}

// expand fills the library's form of the secret and returns the public key.
func (s *secretState) expand(a Algorithm) (PublicKey, error) {
	switch a {
	case Ed25519:
		s.ed = ed25519.NewKeyFromSeed(s.secret)
		return NewPublicKey(a, s.ed[ed25519.SeedSize:])
	case X25519:
		k, err := ecdh.X25519().NewPrivateKey(s.secret)
		if err != nil {
			return PublicKey{}, errRange
		}
		s.dh = k
		return NewPublicKey(a, k.PublicKey().Bytes())
	case P256, P384:
		k, err := ecdsa.ParseRawPrivateKey(a.curve(), s.secret)
		if err != nil {
			return PublicKey{}, errRange
		}
		s.ec = k
		full, err := k.PublicKey.Bytes()
		if err != nil {
			return PublicKey{}, errRange
		}
		return newAffine(a, full)
	case Secp256k1:
		var d secp256k1.ModNScalar
		defer d.Zero()
		if overflow := d.SetByteSlice(s.secret); overflow || d.IsZero() {
			return PublicKey{}, errRange
		}
		s.secp = secp256k1.NewPrivateKey(&d)
		return newAffine(a, publicSecp256k1(&d))
	case SM2:
		k, err := sm2.NewPrivateKey(s.secret)
		if err != nil {
			return PublicKey{}, errRange
		}
		s.sm = k
		full := make([]byte, 65)
		full[0] = 4
		k.X.FillBytes(full[1:33])
		k.Y.FillBytes(full[33:])
		return newAffine(a, full)
	}
	return PublicKey{}, ErrUnsupported
}

// get returns the secrets of k, nil for no key.
func (k *PrivateKey) get() *secretState {
	if k == nil || k.state == nil {
		return nil
	}
	return k.state()
}

// Public returns the public key, the zero value for no key. It stays after Wipe.
func (k *PrivateKey) Public() PublicKey {
	s := k.get()
	if s == nil {
		return PublicKey{}
	}
	return s.pub
}

// Algorithm returns the algorithm of the key, 0 for no key.
func (k *PrivateKey) Algorithm() Algorithm { return k.Public().Algorithm() }

// Secret returns a copy of the bytes that [NewPrivateKey] takes, nil for no key and after Wipe. The caller should clear it.
func (k *PrivateKey) Secret() []byte {
	s := k.get()
	if s == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]byte(nil), s.secret...)
}

// Wipe overwrites the secret, after every use under way has ended. From then on the key signs nothing and agrees on nothing.
// It is a best effort: the runtime may have copied memory, and the libraries keep derived values until they are collected.
func (k *PrivateKey) Wipe() {
	s := k.get()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.secret)
	clear(s.ed)
	if s.ec != nil {
		//lint:ignore SA1019 no other way reaches the words that hold the scalar
		clear(s.ec.D.Bits())
	}
	if s.secp != nil {
		s.secp.Zero()
	}
	if s.sm != nil {
		clear(s.sm.D.Bits())
	}
	s.secret, s.ed, s.ec, s.secp, s.sm, s.dh = nil, nil, nil, nil, nil, nil
}

// Format writes the algorithm and the public key, whatever the verb.
func (k PrivateKey) Format(f fmt.State, _ rune) {
	fmt.Fprint(f, k.String())
}

// String returns the algorithm and the public key.
func (k PrivateKey) String() string {
	pub := k.Public()
	if pub.IsZero() {
		return "keys.PrivateKey(none)"
	}
	return "keys.PrivateKey(" + pub.Algorithm().String() + " " + pub.Multikey() + ")"
}

// GoString is String.
func (k PrivateKey) GoString() string { return k.String() }

// MarshalJSON always fails: a private key leaves the process by [PrivateKey.PrivateJWK], never by accident.
func (k PrivateKey) MarshalJSON() ([]byte, error) {
	return nil, errors.New("keys: private key: not encoded as JSON; PrivateJWK does that by name")
}
