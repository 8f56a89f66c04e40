package keyfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/realdid/realdid/keys"
)

// Limits of a file. One over them is neither written nor read.
const (
	MaxEntries = 1024
	MaxLabel   = 128     // bytes
	MaxKind    = 32      // bytes
	MaxFile    = 1 << 20 // bytes
)

// KindKey is the kind of an entry that holds a key.
const KindKey = "key"

// SeedSize is the length of a seed in bytes.
const SeedSize = 32

// Entry is one secret of a file: a key, or a seed whose kind says what it is for.
type Entry struct {
	Kind  string           // KindKey, or the kind of a seed: 1 to MaxKind of a-z, 0-9 and "-"
	Label string           // at most MaxLabel bytes of UTF-8 without control characters; one kind has each label once
	Key   *keys.PrivateKey // set exactly for KindKey
	Seed  Seed             // set exactly for the other kinds
}

// Seed is 32 secret bytes. It prints as "keyfile.Seed", and refuses encoding/json. The zero value is no seed.
type Seed struct {
	bytes func() *[SeedSize]byte // a function, because nothing prints what one holds
}

// NewSeed makes the seed of b, which it copies. It refuses any length but SeedSize.
func NewSeed(b []byte) (Seed, error) {
	if len(b) != SeedSize {
		return Seed{}, fmt.Errorf("keyfile: seed: got %d bytes, want %d", len(b), SeedSize)
	}
	v := [SeedSize]byte(b)
	return Seed{func() *[SeedSize]byte { return &v }}, nil
}

// IsZero reports whether s is no seed.
func (s Seed) IsZero() bool { return s.bytes == nil }

// Bytes returns a copy of the seed, nil for the zero value. The caller should clear it.
func (s Seed) Bytes() []byte {
	if s.bytes == nil {
		return nil
	}
	return append([]byte(nil), s.bytes()[:]...)
}

// Format writes "keyfile.Seed", whatever the verb.
func (s Seed) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// String returns "keyfile.Seed".
func (s Seed) String() string { return "keyfile.Seed" }

// GoString is String.
func (s Seed) GoString() string { return s.String() }

// MarshalJSON always fails.
func (s Seed) MarshalJSON() ([]byte, error) {
	return nil, errors.New("keyfile: seed: not encoded as JSON")
}

// check returns what is wrong with e as an entry to write.
func (e *Entry) check() error {
	if err := checkKind(e.Kind); err != nil {
		return err
	}
	if err := checkLabel(e.Label); err != nil {
		return err
	}
	isKey := e.Kind == KindKey
	if isKey == e.Key.Public().IsZero() || isKey != e.Seed.IsZero() {
		return errors.New("an entry of kind key holds a key and nothing else, any other a seed and nothing else")
	}
	return nil
}

func checkKind(s string) error {
	if len(s) == 0 || len(s) > MaxKind {
		return fmt.Errorf("kind: got %d bytes, want 1 to %d", len(s), MaxKind)
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return errors.New("kind: a character other than a-z, 0-9 and -")
		}
	}
	return nil
}

func checkLabel(s string) error {
	if len(s) > MaxLabel {
		return fmt.Errorf("label: got %d bytes, at most %d", len(s), MaxLabel)
	}
	if !utf8.ValidString(s) {
		return errors.New("label: not UTF-8")
	}
	for _, c := range s {
		if c < 0x20 || c >= 0x7f && c < 0xa0 {
			return errors.New("label: a control character")
		}
	}
	return nil
}

// encodeEntries returns the plaintext of a file. The caller clears it.
func encodeEntries(entries []Entry) ([]byte, error) {
	if len(entries) > MaxEntries {
		return nil, fmt.Errorf("got %d entries, at most %d", len(entries), MaxEntries)
	}
	type name struct{ kind, label string }
	seen := map[name]bool{}
	size := 2
	for i := range entries {
		e := &entries[i]
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		if seen[name{e.Kind, e.Label}] {
			return nil, fmt.Errorf("entry %d: kind and label of an entry before it", i)
		}
		seen[name{e.Kind, e.Label}] = true
		size += 4 + len(e.Kind) + len(e.Label) + 16 + 64
	}
	b := binary.BigEndian.AppendUint16(make([]byte, 0, size), uint16(len(entries))) // never grows: no copy is left behind
	for i := range entries {
		e := &entries[i]
		alg, secret := "", e.Seed.Bytes()
		if e.Kind == KindKey {
			alg, secret = e.Key.Algorithm().String(), e.Key.Secret()
			if secret == nil {
				clear(b)
				return nil, fmt.Errorf("entry %d: the key is wiped", i)
			}
		}
		b = appendField(b, e.Kind)
		b = appendField(b, e.Label)
		b = appendField(b, alg)
		b = appendField(b, secret)
		clear(secret)
	}
	return b, nil
}

func appendField[T string | []byte](b []byte, s T) []byte {
	return append(append(b, byte(len(s))), s...)
}

var errPlaintext = errors.New("malformed content")

// decodeEntries is the inverse of encodeEntries. It refuses what encodeEntries would not write.
func decodeEntries(b []byte) ([]Entry, error) {
	if len(b) < 2 {
		return nil, errPlaintext
	}
	n := int(binary.BigEndian.Uint16(b))
	if n > MaxEntries {
		return nil, fmt.Errorf("%d entries, at most %d", n, MaxEntries)
	}
	b = b[2:]
	var entries []Entry
	for i := range n {
		var fields [4][]byte
		for j := range fields {
			if len(b) == 0 || len(b)-1 < int(b[0]) {
				return nil, errPlaintext
			}
			fields[j], b = b[1:1+int(b[0])], b[1+int(b[0]):]
		}
		e, err := newEntry(fields)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		for j := range entries {
			if entries[j].Kind == e.Kind && entries[j].Label == e.Label {
				return nil, fmt.Errorf("entry %d: kind and label of an entry before it", i)
			}
		}
		entries = append(entries, e)
	}
	if len(b) > 0 {
		return nil, errPlaintext
	}
	return entries, nil
}

func newEntry(fields [4][]byte) (Entry, error) {
	e := Entry{Kind: string(fields[0]), Label: string(fields[1])}
	if err := checkKind(e.Kind); err != nil {
		return e, err
	}
	if err := checkLabel(e.Label); err != nil {
		return e, err
	}
	if e.Kind != KindKey {
		if len(fields[2]) > 0 {
			return e, errors.New("a seed with an algorithm")
		}
		s, err := NewSeed(fields[3])
		e.Seed = s
		return e, err
	}
	a, err := keys.ParseAlgorithm(string(fields[2]))
	if err != nil {
		return e, err
	}
	e.Key, err = keys.NewPrivateKey(a, fields[3])
	return e, err
}
