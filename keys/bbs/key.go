package bbs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	circl "github.com/cloudflare/circl/ecc/bls12381"
	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"

	"github.com/realdid/realdid/keys"
)

// PublicKeySize is the length of a public key, a compressed point of G2.
const PublicKeySize = bls12381.SizeOfG2AffineCompressed

// PublicKey is a checked public key: a point of G2 that is on the curve, in the subgroup, and not the identity. It is never
// changed after it was made, by verifying either, and may be used by several goroutines at once. Make it once for each key: what the
// pairing needs of it is computed then. The zero value and nil are no key: they verify nothing.
type PublicKey struct {
	encoded [PublicKeySize]byte
	lines   *lines
	key     keys.PublicKey
}

// lines is what a Miller loop needs of a point of G2, 24 KB.
type lines = [2][len(bls12381.LoopCounter) - 1]bls12381.LineEvaluationAff

// ParsePublicKey reads the 96 bytes of a public key. Errors are ErrInvalid.
func ParsePublicKey(b []byte) (*PublicKey, error) {
	if len(b) != PublicKeySize {
		return nil, fail("public key", fmt.Errorf("got %d bytes, want %d", len(b), PublicKeySize))
	}
	var p bls12381.G2Affine
	if _, err := p.SetBytes(b); err != nil {
		return nil, fail("public key", errors.New("not a canonical point of the subgroup"))
	}
	if p.IsInfinity() {
		return nil, fail("public key", errors.New("point is the identity"))
	}
	key, err := keys.NewPublicKey(keys.BLS12381G2, b)
	if err != nil {
		return nil, fail("public key", err)
	}
	l := bls12381.PrecomputeLines(p)
	return &PublicKey{encoded: [PublicKeySize]byte(b), lines: &l, key: key}, nil
}

// PublicKeyOf checks the point of k, of which package keys has looked at the form only. Errors are ErrInvalid.
func PublicKeyOf(k keys.PublicKey) (*PublicKey, error) {
	if k.Algorithm() != keys.BLS12381G2 {
		return nil, fail("public key", fmt.Errorf("a key of %v, want %v", k.Algorithm(), keys.BLS12381G2))
	}
	return ParsePublicKey(k.Bytes())
}

// Bytes returns a copy of the 96 bytes that [ParsePublicKey] takes, nil for no key.
func (k *PublicKey) Bytes() []byte {
	if k.isZero() {
		return nil
	}
	return append([]byte(nil), k.encoded[:]...)
}

// Key returns the key as package keys holds it, for Multikey, did:key and documents; its zero value for no key.
func (k *PublicKey) Key() keys.PublicKey {
	if k.isZero() {
		return keys.PublicKey{}
	}
	return k.key
}

// Equal reports whether k and other are the same key. No key equals no key.
func (k *PublicKey) Equal(other *PublicKey) bool {
	if k.isZero() || other.isZero() {
		return k.isZero() == other.isZero()
	}
	return k.encoded == other.encoded
}

// String returns the Multikey form, "" for no key.
func (k *PublicKey) String() string { return k.Key().Multikey() }

func (k *PublicKey) isZero() bool { return k == nil || k.lines == nil }

// SecretSize is the length of a private key, a scalar big endian.
const SecretSize = scalarSize

// PrivateKey signs lists of messages. It prints as its public key only and refuses encoding/json; [PrivateKey.Secret] is the only
// way out. Copies share one key; all methods may be called by several goroutines at once. The zero value is no key: its methods return
// errors or zero values. It is a [keys.Signer] so that code that chooses among keys can hold it; its Sign always fails.
type PrivateKey struct {
	// state returns the secret. It is a function because nothing prints what a function holds.
	state func() *secretState
}

type secretState struct {
	mu     sync.RWMutex // held for reading while the secret is in use
	public *PublicKey
	secret scalar
	wiped  bool
}

var _ keys.Signer = (*PrivateKey)(nil)

// Generate makes a new key from the operating system's random source. The error is always nil at present.
func Generate() (*PrivateKey, error) {
	var b [48]byte
	defer clear(b[:])
	for {
		rand.Read(b[:]) // never fails: it ends the program instead
		k := reduce(b[:])
		if k.IsZero() == 0 {
			return newPrivateKey(&k), nil
		}
	}
}

// KeyGen derives a key from secret material (section 3.4.1): at least 32 bytes of good randomness; info (at most 65,535 bytes)
// tells keys of the same material apart; dst, at most 255 bytes, is the draft's default for s when empty.
func KeyGen(s Ciphersuite, material, info, dst []byte) (*PrivateKey, error) {
	if s.ID() == "" {
		return nil, fmt.Errorf("bbs: key: %w", errSuite)
	}
	if len(material) < 32 || len(material) > MaxMessageSize {
		return nil, fmt.Errorf("bbs: key: material of %d bytes, want 32 to %d", len(material), MaxMessageSize)
	}
	if len(info) > 65_535 {
		return nil, fmt.Errorf("bbs: key: info of %d bytes, want at most 65535", len(info))
	}
	if len(dst) > 255 {
		return nil, fmt.Errorf("bbs: key: a domain separation tag of %d bytes, want at most 255", len(dst))
	}
	tag := string(dst)
	if tag == "" {
		tag = s.ID() + "KEYGEN_DST_"
	}
	k := s.hashToScalar(tag, material, []byte{byte(len(info) >> 8), byte(len(info))}, info)
	if k.IsZero() == 1 {
		return nil, errors.New("bbs: key: derived key is zero")
	}
	return newPrivateKey(&k), nil
}

// NewPrivateKey makes the key of secret, which it copies: 32 bytes big endian, 1 to r-1.
func NewPrivateKey(secret []byte) (*PrivateKey, error) {
	if len(secret) != SecretSize {
		return nil, fmt.Errorf("bbs: private key: got %d bytes, want %d", len(secret), SecretSize)
	}
	k, err := parseNonzeroScalar(secret)
	if err != nil {
		return nil, errors.New("bbs: private key: scalar is out of range")
	}
	return newPrivateKey(&k), nil
}

// newPrivateKey takes k, which is not zero, and overwrites it.
func newPrivateKey(k *scalar) *PrivateKey {
	var w circl.G2
	w.ScalarMult(k, circl.G2Generator())
	public, err := ParsePublicKey(w.BytesCompressed())
	if err != nil {
		panic("bbs: a multiple of the generator is not a public key")
	}
	s := &secretState{public: public, secret: *k}
	*k = scalar{}
	return &PrivateKey{func() *secretState { return s }}
}

func (k *PrivateKey) get() *secretState {
	if k == nil || k.state == nil {
		return nil
	}
	return k.state()
}

// use calls f with the secret, which f must not keep. The error is that of f, or that there is no key.
func (k *PrivateKey) use(f func(secret *scalar, public *PublicKey) error) error {
	s := k.get()
	if s == nil {
		return errNoKey
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.wiped {
		return errNoKey
	}
	return f(&s.secret, s.public)
}

// PublicKey returns the public key, nil for no key. It stays after Wipe.
func (k *PrivateKey) PublicKey() *PublicKey {
	s := k.get()
	if s == nil {
		return nil
	}
	return s.public
}

// Public returns the public key as package keys holds it.
func (k *PrivateKey) Public() keys.PublicKey { return k.PublicKey().Key() }

// Sign always fails: BBS signs lists of messages, with [PrivateKey.SignMessages].
func (k *PrivateKey) Sign(ctx context.Context, _ []byte) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("bbs: sign: %w", err)
	}
	return nil, errors.New("bbs: sign: a BBS key signs lists of messages (SignMessages), not bytes")
}

// Secret returns a copy of the bytes that [NewPrivateKey] takes, nil for no key and after Wipe. The caller should clear it.
func (k *PrivateKey) Secret() (secret []byte) {
	// The only error is that there is no key.
	_ = k.use(func(s *scalar, _ *PublicKey) error {
		secret = appendScalar(nil, s)
		return nil
	})
	return secret
}

// Wipe overwrites the secret, after every use under way has ended. From then on the key signs nothing. It is a best effort: the
// runtime may have copied memory.
func (k *PrivateKey) Wipe() {
	s := k.get()
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secret, s.wiped = scalar{}, true
}

// Format writes the public key, whatever the verb.
func (k PrivateKey) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.String()) }

// String returns the public key.
func (k PrivateKey) String() string {
	public := k.PublicKey()
	if public == nil {
		return "bbs.PrivateKey(none)"
	}
	return "bbs.PrivateKey(" + public.String() + ")"
}

// GoString is String.
func (k PrivateKey) GoString() string { return k.String() }

// MarshalJSON always fails: a private key leaves the process by [PrivateKey.Secret], never by accident.
func (k PrivateKey) MarshalJSON() ([]byte, error) {
	return nil, errors.New("bbs: private key: not encoded as JSON")
}

// MarshalText always fails, as MarshalJSON does.
func (k PrivateKey) MarshalText() ([]byte, error) {
	return nil, errors.New("bbs: private key: not encoded as text")
}
