package bbs

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"

	"github.com/cloudflare/circl/ecc/bls12381"
)

const secretScalarSize = 32

var (
	errNoSecret    = errors.New("none, or wiped")
	errSecretRange = errors.New("a scalar is zero or not below the group's order")
)

// secretScalars is a list of scalars that must not leave by accident, 32 bytes each, big endian.
type secretScalars struct {
	mu    sync.RWMutex // held for reading while the scalars are in use
	bytes []byte       // nil once wiped
}

// newSecretScalars copies b and checks every scalar: 1 to r-1.
func newSecretScalars(b []byte) (*secretScalars, error) {
	if len(b) == 0 || len(b)%secretScalarSize != 0 {
		return nil, fmt.Errorf("got %d bytes, want scalars of %d", len(b), secretScalarSize)
	}
	s := &secretScalars{bytes: append([]byte(nil), b...)}
	if _, err := s.scalars(); err != nil {
		clear(s.bytes)
		return nil, err
	}
	return s, nil
}

// randomSecretScalars draws n uniform scalars from 1 to r-1.
func randomSecretScalars(n int) *secretScalars {
	b := make([]byte, n*secretScalarSize)
	for i := 0; i < n; {
		one := b[i*secretScalarSize : (i+1)*secretScalarSize]
		rand.Read(one) // never fails: it ends the program instead
		one[0] &= 0x7f // r has 255 bits
		// A uniform string that is a scalar in range is a uniform scalar; the others are drawn again.
		if checkSecretScalar(one) == nil {
			i++
		}
	}
	return &secretScalars{bytes: b}
}

func checkSecretScalar(b []byte) error {
	var x bls12381.Scalar
	if x.UnmarshalBinary(b) != nil || x.IsZero() == 1 {
		return errSecretRange
	}
	return nil
}

// scalars returns the scalars in the form that is computed with. Errors: errNoSecret, errSecretRange.
func (s *secretScalars) scalars() ([]bls12381.Scalar, error) {
	if s == nil {
		return nil, errNoSecret
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.bytes == nil {
		return nil, errNoSecret
	}
	out := make([]bls12381.Scalar, len(s.bytes)/secretScalarSize)
	for i := range out {
		if out[i].UnmarshalBinary(s.bytes[i*secretScalarSize:]) != nil || out[i].IsZero() == 1 {
			clear(out)
			return nil, errSecretRange
		}
	}
	return out, nil
}

func (s *secretScalars) copy() []byte {
	if s == nil {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return append([]byte(nil), s.bytes...)
}

func (s *secretScalars) count() int {
	if s == nil {
		return 0
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.bytes) / secretScalarSize
}

func (s *secretScalars) wipe() {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.bytes)
	s.bytes = nil
}

// Blind is the scalar that hides what a commitment commits to (secret_prover_blind of the draft). Whoever knows it and the
// commitment can try guesses of the committed values. It prints nothing and refuses encoding/json; [Blind.Secret] is the only way
// out. Copies share one scalar; all methods may be called by several goroutines at once. The zero value is none.
type Blind struct {
	// state returns the scalar. It is a function because nothing prints what a function holds.
	state func() *secretScalars
}

// BlindFromSecret makes a Blind of what [Blind.Secret] returned, which it copies: 32 bytes, big endian, 1 to r-1.
func BlindFromSecret(secret []byte) (*Blind, error) {
	if len(secret) != secretScalarSize {
		return nil, fmt.Errorf("bbs: blind: got %d bytes, want %d", len(secret), secretScalarSize)
	}
	s, err := newSecretScalars(secret)
	if err != nil {
		return nil, fmt.Errorf("bbs: blind: %w", err)
	}
	return newBlind(s), nil
}

func newBlind(s *secretScalars) *Blind { return &Blind{func() *secretScalars { return s }} }

func (b *Blind) get() *secretScalars {
	if b == nil || b.state == nil {
		return nil
	}
	return b.state()
}

// Secret returns a copy of the 32 bytes that [BlindFromSecret] takes, nil for none and after Wipe. The caller should clear it.
func (b *Blind) Secret() []byte { return b.get().copy() }

// Wipe overwrites the scalar. It is a best effort: the runtime may have copied memory.
func (b *Blind) Wipe() { b.get().wipe() }

// Format writes the name of the type, whatever the verb.
func (b Blind) Format(f fmt.State, _ rune) { fmt.Fprint(f, b.String()) }

// String returns the name of the type.
func (b Blind) String() string { return "bbs.Blind" }

// GoString is String.
func (b Blind) GoString() string { return b.String() }

// MarshalJSON always fails: a secret leaves the process by [Blind.Secret], never by accident.
func (b Blind) MarshalJSON() ([]byte, error) {
	return nil, errors.New("bbs: blind: not encoded as JSON; Secret does that by name")
}
