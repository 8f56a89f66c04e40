package bbs

import (
	"errors"
	"fmt"
)

// MaxNyms is the highest number of scalars in one vector of nym secrets.
const MaxNyms = 256

// NymSecrets is a vector of secret scalars that pseudonyms are computed from: the prover's own part (prover_nyms of the draft)
// when [NewNymSecrets] made it, the whole (nym_secrets) when [Ciphersuite.NymFinalize] returned it; the two differ by the signer's
// entropy in the last scalar. Whoever has the whole computes all pseudonyms of its holder.
//
// With N scalars, pseudonyms at up to N contexts are independent of each other, whatever an observer can compute: they are values of a
// polynomial of degree N-1. Whoever pools more than N of them can link those that belong together by solving the decisional
// Diffie-Hellman problem in G1, which a quantum computer does.
//
// It prints nothing and refuses encoding/json; [NymSecrets.Secret] is the only way out. Copies share one vector; all methods may be
// called by several goroutines at once. The zero value is none.
type NymSecrets struct {
	// state returns the scalars. It is a function because nothing prints what a function holds.
	state func() *secretScalars
}

// NewNymSecrets draws n scalars, 1 to MaxNyms, from the operating system's random source.
func NewNymSecrets(n int) (*NymSecrets, error) {
	if n < 1 || n > MaxNyms {
		return nil, fmt.Errorf("bbs: nym secrets: got a count of %d, want 1 to %d", n, MaxNyms)
	}
	s, err := randomSecretScalars(n)
	if err != nil {
		return nil, fmt.Errorf("bbs: nym secrets: %w", err)
	}
	return newNymSecrets(s), nil
}

// NymSecretsFromSecret makes the vector of what [NymSecrets.Secret] returned, which it copies: 32 bytes for each scalar, big endian,
// 1 to r-1.
func NymSecretsFromSecret(secret []byte) (*NymSecrets, error) {
	if len(secret) > MaxNyms*scalarSize {
		return nil, fmt.Errorf("bbs: nym secrets: got %d bytes, want at most %d", len(secret), MaxNyms*scalarSize)
	}
	s, err := newSecretScalars(secret)
	if err != nil {
		return nil, fmt.Errorf("bbs: nym secrets: %w", err)
	}
	return newNymSecrets(s), nil
}

func newNymSecrets(s *secretScalars) *NymSecrets {
	return &NymSecrets{func() *secretScalars { return s }}
}

func (n *NymSecrets) get() *secretScalars {
	if n == nil || n.state == nil {
		return nil
	}
	return n.state()
}

// Len returns the number of scalars, 0 for none and after Wipe.
func (n *NymSecrets) Len() int { return n.get().count() }

// Secret returns a copy of the bytes that [NymSecretsFromSecret] takes, nil for none and after Wipe. The caller should clear it.
func (n *NymSecrets) Secret() []byte { return n.get().copy() }

// Wipe overwrites the scalars. It is a best effort: the runtime may have copied memory.
func (n *NymSecrets) Wipe() { n.get().wipe() }

// Format writes the name of the type, whatever the verb.
func (n NymSecrets) Format(f fmt.State, _ rune) { fmt.Fprint(f, n.String()) }

// String returns the name of the type.
func (n NymSecrets) String() string { return "bbs.NymSecrets" }

// GoString is String.
func (n NymSecrets) GoString() string { return n.String() }

// MarshalJSON always fails: a secret leaves the process by [NymSecrets.Secret], never by accident.
func (n NymSecrets) MarshalJSON() ([]byte, error) {
	return nil, errors.New("bbs: nym secrets: not encoded as JSON; Secret does that by name")
}
