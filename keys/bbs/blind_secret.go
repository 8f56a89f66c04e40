package bbs

import (
	"errors"
	"fmt"
	"sync"
)

var (
	errNoSecret    = errors.New("no secret, or wiped")
	errSecretRange = errors.New("a scalar is zero or not below the order of the group")
)

// secretScalars is a list of scalars that must not leave by accident, 32 bytes each, big endian, 1 to r-1.
type secretScalars struct {
	mu    sync.RWMutex // held for reading while the scalars are in use
	bytes []byte       // nil once wiped
}

// newSecretScalars copies b and checks every scalar.
func newSecretScalars(b []byte) (*secretScalars, error) {
	if len(b) == 0 || len(b)%scalarSize != 0 {
		return nil, fmt.Errorf("got %d bytes, want scalars of %d", len(b), scalarSize)
	}
	for i := 0; i < len(b); i += scalarSize {
		if _, err := parseNonzeroScalar(b[i : i+scalarSize]); err != nil {
			return nil, errSecretRange
		}
	}
	return &secretScalars{bytes: append([]byte(nil), b...)}, nil
}

// randomSecretScalars draws n uniform scalars.
func randomSecretScalars(n int) (*secretScalars, error) {
	ks := randomScalars(n)
	defer wipe(ks)
	b := make([]byte, 0, n*scalarSize)
	for i := range ks {
		b = appendScalar(b, &ks[i])
	}
	defer clear(b)
	return newSecretScalars(b) // an error is one in 2^255
}

// scalars returns the scalars in the form that is computed with, which the caller wipes. Errors: errNoSecret.
func (s *secretScalars) scalars() ([]scalar, error) {
	if s == nil {
		return nil, errNoSecret
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.bytes == nil {
		return nil, errNoSecret
	}
	out := make([]scalar, len(s.bytes)/scalarSize)
	for i := range out {
		out[i] = reduce(s.bytes[i*scalarSize : (i+1)*scalarSize])
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
	return len(s.bytes) / scalarSize
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
	if len(secret) != scalarSize {
		return nil, fmt.Errorf("bbs: blind: got %d bytes, want %d", len(secret), scalarSize)
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
