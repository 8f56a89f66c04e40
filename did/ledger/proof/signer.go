package proof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"filippo.io/mldsa"
)

// SeedSize is the size of a signer's seed in bytes.
const SeedSize = 32

// A NoteSigner signs notes, or cosigns checkpoints, with a key in memory. It prints as its name and key ID only and
// refuses encoding/json; [NoteSigner.Seed] is the only way out. It is safe for concurrent use.
type NoteSigner struct {
	// state is a function because nothing prints what a function holds.
	state func() *signerState
}

type signerState struct {
	mu       sync.RWMutex
	verifier VerifierKey
	seed     []byte // nil once wiped
	ed       ed25519.PrivateKey
	lattice  *mldsa.PrivateKey
}

var errWiped = errors.New("proof: sign: no key, or wiped")

// NewNoteSigner makes the signer of a seed of [SeedSize] bytes, which it copies: the seed of RFC 8032 or of FIPS 204. One seed must serve one
// name and one type.
func NewNoteSigner(name string, t KeyType, seed []byte) (*NoteSigner, error) {
	if len(seed) != SeedSize {
		return nil, invalid("signer: seed of %d bytes, want %d", len(seed), SeedSize)
	}
	s := &signerState{seed: bytes.Clone(seed)}
	var public []byte
	switch t {
	case LogEd25519, CosignatureEd25519:
		s.ed = ed25519.NewKeyFromSeed(s.seed)
		public = s.ed[ed25519.SeedSize:]
	case CosignatureMLDSA44:
		k, err := mldsa.NewPrivateKey(mldsa.MLDSA44(), s.seed)
		if err != nil {
			return nil, invalid("signer: seed is refused")
		}
		s.lattice, public = k, k.PublicKey().Bytes()
	}
	var err error
	if s.verifier, err = NewVerifierKey(name, t, public); err != nil {
		return nil, err
	}
	return &NoteSigner{func() *signerState { return s }}, nil
}

// GenerateNoteSigner makes a signer with a new random seed.
func GenerateNoteSigner(name string, t KeyType) (*NoteSigner, error) {
	seed := make([]byte, SeedSize)
	defer clear(seed)
	rand.Read(seed) // never fails: it ends the program instead
	return NewNoteSigner(name, t, seed)
}

// open returns the state, locked for reading.
func (s *NoteSigner) open() (*signerState, error) {
	if s == nil || s.state == nil {
		return nil, errWiped
	}
	st := s.state()
	st.mu.RLock()
	if st.seed == nil {
		st.mu.RUnlock()
		return nil, errWiped
	}
	return st, nil
}

// Verifier returns the key that checks what s signs; the zero key if s is nil or the zero NoteSigner.
func (s *NoteSigner) Verifier() VerifierKey {
	if s == nil || s.state == nil {
		return VerifierKey{}
	}
	return s.state().verifier
}

// SignNote signs the text of a note, as a log does. s must be [LogEd25519], and the text one that [ParseNote] accepts and that does
// not begin like the message of a cosignature; or s is [CosignatureMLDSA44], and the text a checkpoint without extension lines.
func (s *NoteSigner) SignNote(text []byte) (NoteSignature, error) {
	st, err := s.open()
	if err != nil {
		return NoteSignature{}, err
	}
	defer st.mu.RUnlock()
	k := st.verifier
	switch k.typ {
	case LogEd25519:
		if len(text) == 0 || text[len(text)-1] != '\n' || bytes.HasPrefix(text, []byte("cosignature/v1\n")) {
			return NoteSignature{}, invalid("sign: not the text of a note")
		}
		if err := checkText(text); err != nil {
			return NoteSignature{}, err
		}
		return NoteSignature{k.name, k.id, ed25519.Sign(st.ed, text)}, nil
	case CosignatureMLDSA44:
		cp, err := ParseCheckpoint(text)
		if err != nil {
			return NoteSignature{}, err
		}
		if len(cp.Extensions) > 0 {
			return NoteSignature{}, invalid("sign: the signature would not cover the extension lines")
		}
		return st.cosign(&cp, text, 0)
	}
	return NoteSignature{}, invalid("sign: %v key signs for no log", k.typ)
}

// Cosign cosigns the checkpoint of that text at a time, of which whole seconds count, 1 to [MaxTime] seconds after 1970.
// s must be [CosignatureEd25519] or [CosignatureMLDSA44]. What it says depends on the role that verifiers give the key: at the
// least that no newer checkpoint of the log was cosigned before, and that all that were are consistent with this one.
func (s *NoteSigner) Cosign(text []byte, at time.Time) (NoteSignature, error) {
	st, err := s.open()
	if err != nil {
		return NoteSignature{}, err
	}
	defer st.mu.RUnlock()
	if t := st.verifier.typ; t == LogEd25519 {
		return NoteSignature{}, invalid("sign: %v key does not cosign", t)
	}
	cp, err := ParseCheckpoint(text)
	if err != nil {
		return NoteSignature{}, err
	}
	t := at.Unix()
	if t < 1 || t > MaxTime {
		return NoteSignature{}, invalid("sign: time is out of range")
	}
	return st.cosign(&cp, text, uint64(t))
}

func (st *signerState) cosign(cp *Checkpoint, text []byte, at uint64) (NoteSignature, error) {
	k := st.verifier
	raw := binary.BigEndian.AppendUint64(nil, at)
	msg := cosigned(k.typ, k.name, cp, text, at)
	if k.typ == CosignatureEd25519 {
		return NoteSignature{k.name, k.id, append(raw, ed25519.Sign(st.ed, msg)...)}, nil
	}
	sig, err := st.lattice.Sign(nil, msg, nil)
	if err != nil {
		return NoteSignature{}, fmt.Errorf("proof: sign: %w", err)
	}
	return NoteSignature{k.name, k.id, append(raw, sig...)}, nil
}

// Seed returns a copy of the secret seed; nil once wiped.
func (s *NoteSigner) Seed() []byte {
	st, err := s.open()
	if err != nil {
		return nil
	}
	defer st.mu.RUnlock()
	return bytes.Clone(st.seed)
}

// Wipe overwrites the seed and makes s sign no more. Copies that the libraries below made are beyond its reach.
func (s *NoteSigner) Wipe() {
	if s == nil || s.state == nil {
		return
	}
	st := s.state()
	st.mu.Lock()
	defer st.mu.Unlock()
	clear(st.seed)
	clear(st.ed)
	st.seed, st.ed, st.lattice = nil, nil, nil
}

// String returns name and key ID.
func (s *NoteSigner) String() string {
	k := s.Verifier()
	if k.IsZero() {
		return "proof.NoteSigner()"
	}
	return "proof.NoteSigner(" + k.name + "+" + k.idText() + ")"
}

// Format prints what String returns, for every verb.
func (s *NoteSigner) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// MarshalJSON refuses.
func (s *NoteSigner) MarshalJSON() ([]byte, error) {
	return nil, errors.New("proof: signer: a secret is not for JSON")
}
