package proof

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"filippo.io/mldsa"
)

// A KeyType is the signature type byte of C2SP signed-note: what is signed, and how.
type KeyType uint8

// The key types.
const (
	LogEd25519         KeyType = 0x01 // Ed25519 over the text of the note: how a log signs
	CosignatureEd25519 KeyType = 0x04 // C2SP tlog-cosignature, cosignature/v1
	CosignatureMLDSA44 KeyType = 0x06 // C2SP tlog-cosignature, subtree/v1 for the whole tree; logs may sign so too
)

// String returns the name of the type.
func (t KeyType) String() string {
	switch t {
	case LogEd25519:
		return "Ed25519"
	case CosignatureEd25519:
		return "Ed25519 cosignature"
	case CosignatureMLDSA44:
		return "ML-DSA-44 cosignature"
	}
	return fmt.Sprintf("KeyType(%#02x)", uint8(t))
}

// A VerifierKey checks the signatures of one key on notes. It is immutable; the zero VerifierKey checks none.
type VerifierKey struct {
	name    string
	typ     KeyType
	id      uint32
	public  []byte
	lattice *mldsa.PublicKey // of CosignatureMLDSA44, expanded
}

// NewVerifierKey makes a verifier key. name is 1 to [MaxOriginLen] bytes of UTF-8 with neither spaces nor plus; public is the 32-byte
// Ed25519 key, which must be the canonical encoding of a point that is not of small order, or the 1312-byte ML-DSA-44 key. It is copied.
func NewVerifierKey(name string, t KeyType, public []byte) (VerifierKey, error) {
	if !validName(name) || len(name) > MaxOriginLen {
		return VerifierKey{}, invalid("key: malformed name")
	}
	k := VerifierKey{name: name, typ: t, public: bytes.Clone(public)}
	switch t {
	case LogEd25519, CosignatureEd25519:
		if err := checkEdwards(public); err != nil {
			return VerifierKey{}, err
		}
	case CosignatureMLDSA44:
		var err error
		if k.lattice, err = mldsa.NewPublicKey(mldsa.MLDSA44(), public); err != nil {
			return VerifierKey{}, invalid("key: %v: %d bytes are no public key", t, len(public))
		}
	default:
		return VerifierKey{}, invalid("key: type %#02x", uint8(t))
	}
	h := sha256.New()
	h.Write([]byte(name))
	h.Write([]byte{'\n', byte(t)})
	h.Write(public)
	k.id = binary.BigEndian.Uint32(h.Sum(nil))
	return k, nil
}

// ParseVerifierKey reads the text form of C2SP signed-note, name "+" key ID in hexadecimal "+" base64 of type and key.
// It is strict: a key has exactly one text.
func ParseVerifierKey(s string) (VerifierKey, error) {
	name, rest, ok := strings.Cut(s, "+")
	id, text, ok2 := strings.Cut(rest, "+")
	if !ok || !ok2 || len(text) > 4096 {
		return VerifierKey{}, invalid("key: not name+id+key")
	}
	raw, err := decodeBase64(text)
	if err != nil || len(raw) < 1 {
		return VerifierKey{}, invalid("key: malformed base64")
	}
	k, err := NewVerifierKey(name, KeyType(raw[0]), raw[1:])
	if err != nil {
		return VerifierKey{}, err
	}
	if id != k.idText() {
		return VerifierKey{}, invalid("key: the ID is not that of the key")
	}
	return k, nil
}

func (k VerifierKey) idText() string {
	return hex.EncodeToString(binary.BigEndian.AppendUint32(nil, k.id))
}

// String returns the text form that [ParseVerifierKey] reads; empty for the zero key.
func (k VerifierKey) String() string {
	if k.IsZero() {
		return ""
	}
	raw := append([]byte{byte(k.typ)}, k.public...)
	return k.name + "+" + k.idText() + "+" + base64.StdEncoding.EncodeToString(raw)
}

// MarshalText returns what String does.
func (k VerifierKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what [ParseVerifierKey] does, and nothing as the zero key.
func (k *VerifierKey) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*k = VerifierKey{}
		return nil
	}
	p, err := ParseVerifierKey(string(b))
	if err == nil {
		*k = p
	}
	return err
}

// Name returns the name of the key.
func (k VerifierKey) Name() string { return k.name }

// Type returns the type.
func (k VerifierKey) Type() KeyType { return k.typ }

// ID returns the key ID, by which signature lines refer to the key, together with its name. It is no secure hash.
func (k VerifierKey) ID() uint32 { return k.id }

// Public returns a copy of the public key.
func (k VerifierKey) Public() []byte { return bytes.Clone(k.public) }

// IsZero reports whether k is the zero key.
func (k VerifierKey) IsZero() bool { return k.typ == 0 }

// Equal reports whether the keys have the same name, type and public key.
func (k VerifierKey) Equal(o VerifierKey) bool {
	return k.name == o.name && k.typ == o.typ && bytes.Equal(k.public, o.public)
}

// Made reports whether a signature line says that it is by k; whether it is, only verifying tells.
func (k VerifierKey) Made(sig NoteSignature) bool {
	return !k.IsZero() && sig.KeyID == k.id && sig.Name == k.name
}

// VerifyNote returns nil if sig is k's signature over the text of a note, as a log signs it. k must be [LogEd25519], or
// [CosignatureMLDSA44], by which C2SP tlog-checkpoint lets logs sign as well; the text must then be a checkpoint without extension lines,
// because such a signature does not cover them, and its time, which may be zero, says nothing.
func (k VerifierKey) VerifyNote(text []byte, sig NoteSignature) error {
	switch {
	case !k.Made(sig) || k.typ == CosignatureEd25519:
		return invalid("signature: not by a log's key of that name and ID")
	case k.typ == LogEd25519:
		if !ed25519.Verify(k.public, text, sig.Bytes) {
			return invalid("signature: of the log: does not verify")
		}
		return nil
	}
	cp, err := ParseCheckpoint(text)
	if err != nil {
		return err
	}
	if len(cp.Extensions) > 0 {
		return invalid("signature: of the log: does not cover the extension lines")
	}
	_, err = k.verifyTimed(&cp, text, sig)
	return err
}

// VerifyCosignature returns the time of sig, in UTC, if it is k's cosignature over the checkpoint of that text. k must be
// [CosignatureEd25519] or [CosignatureMLDSA44]. A time of zero, by which a cosigner does not say that the checkpoint is the newest it saw, is
// refused, and so is one after [MaxTime]. Of extension lines a cosigner says nothing.
func (k VerifierKey) VerifyCosignature(text []byte, sig NoteSignature) (time.Time, error) {
	cp, err := ParseCheckpoint(text)
	if err != nil {
		return time.Time{}, err
	}
	return k.verifyCosignature(&cp, text, sig)
}

func (k VerifierKey) verifyCosignature(cp *Checkpoint, text []byte, sig NoteSignature) (time.Time, error) {
	if k.typ == LogEd25519 || !k.Made(sig) {
		return time.Time{}, invalid("signature: not by a cosigner's key of that name and ID")
	}
	at, err := k.verifyTimed(cp, text, sig)
	if err != nil {
		return time.Time{}, err
	}
	if at == 0 {
		return time.Time{}, invalid("signature: cosignature without a time")
	}
	return time.Unix(at, 0).UTC(), nil
}

// verifyTimed checks a timestamped_signature of C2SP tlog-cosignature and returns its time.
func (k VerifierKey) verifyTimed(cp *Checkpoint, text []byte, sig NoteSignature) (int64, error) {
	if len(sig.Bytes) < 8 {
		return 0, invalid("signature: cosignature of %d bytes", len(sig.Bytes))
	}
	at, raw := binary.BigEndian.Uint64(sig.Bytes), sig.Bytes[8:]
	if at > MaxTime {
		return 0, invalid("signature: time of the cosignature is out of range")
	}
	msg := cosigned(k.typ, k.name, cp, text, at)
	ok := false
	switch k.typ {
	case CosignatureEd25519:
		ok = ed25519.Verify(k.public, msg, raw)
	case CosignatureMLDSA44:
		ok = mldsa.Verify(k.lattice, msg, raw, nil) == nil
	}
	if !ok {
		return 0, invalid("signature: cosignature does not verify")
	}
	return int64(at), nil
}

// timeOf returns the time that a cosignature of at least 8 bytes claims.
func timeOf(sig NoteSignature) time.Time {
	return time.Unix(int64(binary.BigEndian.Uint64(sig.Bytes)), 0).UTC()
}

// cosigned returns the message that a cosigner signs. C2SP tlog-cosignature.
func cosigned(t KeyType, name string, cp *Checkpoint, text []byte, at uint64) []byte {
	msg := make([]byte, 0, 128+len(text)+len(name))
	if t == CosignatureEd25519 {
		msg = fmt.Appendf(msg, "cosignature/v1\ntime %d\n", at)
		return append(msg, text...)
	}
	msg = append(msg, "subtree/v1\n\x00"...)
	msg = append(msg, byte(len(name)))
	msg = append(msg, name...)
	msg = binary.BigEndian.AppendUint64(msg, at)
	msg = append(msg, byte(len(cp.Origin)))
	msg = append(msg, cp.Origin...)
	msg = binary.BigEndian.AppendUint64(msg, 0)
	msg = binary.BigEndian.AppendUint64(msg, cp.Size)
	return append(msg, cp.Root[:]...)
}
