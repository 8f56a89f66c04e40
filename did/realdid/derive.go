package realdid

import (
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"

	"github.com/realdid/realdid/keys"
)

// SeedSize is the size of a seed in bytes.
const SeedSize = 32

const deriveLabel = "realdid/derive/v1"

// A Seed is a secret from which keys and further seeds derive by HKDF-SHA256 (RFC 5869) with the salt "realdid/derive/v1"
// and a path as info. Every step is one-way: what derives from a seed tells nothing about the seed or about anything else
// that derives from it, so a device can hold one branch alone. SPEC.md section 9 gives the paths.
//
// Keep the holder's seed off the daily device: the device gets its control key and its Device seed, and nothing from
// which next or recovery keys could be computed.
type Seed struct {
	secret func() *[SeedSize]byte // a function, because no verb of fmt prints what one holds
}

// NewSeed makes a random seed.
func NewSeed() *Seed {
	b := new([SeedSize]byte)
	rand.Read(b[:]) // never fails (crypto/rand)
	return &Seed{func() *[SeedSize]byte { return b }}
}

// SeedFromBytes takes a copy of a seed that Secret gave; it must have SeedSize bytes, not all of them zero.
func SeedFromBytes(b []byte) (*Seed, error) {
	if len(b) != SeedSize {
		return nil, fmt.Errorf("realdid: seed: want %d bytes", SeedSize)
	}
	held := [SeedSize]byte(b)
	s := &Seed{func() *[SeedSize]byte { return &held }}
	if s.empty() {
		return nil, errors.New("realdid: seed: all zero")
	}
	return s, nil
}

func (s *Seed) empty() bool { return s.secret == nil || *s.secret() == [SeedSize]byte{} }

// Secret returns a copy of the seed, to be written down or sealed; of an empty seed, nil.
func (s *Seed) Secret() []byte {
	if s.empty() {
		return nil
	}
	return bytes.Clone(s.secret()[:])
}

// Wipe overwrites the seed. Copies that the runtime or the caller made stay.
func (s *Seed) Wipe() {
	if s.secret != nil {
		clear(s.secret()[:])
	}
}

// String and MarshalText keep a seed out of logs and files.
func (s Seed) String() string               { return "seed" }
func (s Seed) GoString() string             { return "seed" }
func (s Seed) MarshalText() ([]byte, error) { return nil, errors.New("realdid: seed: not for text") }

// Control derives the control key of a generation: 0 at creation, one more with each rotation. The key of generation n+1
// is the next key that generation n commits to.
func (s *Seed) Control(a keys.Algorithm, generation uint32) (*keys.PrivateKey, error) {
	return s.key(a, "control/"+strconv.FormatUint(uint64(generation), 10))
}

// Recovery derives the holder's own recovery key of one generation of tiers.
func (s *Seed) Recovery(a keys.Algorithm, generation uint32) (*keys.PrivateKey, error) {
	return s.key(a, "recovery/"+strconv.FormatUint(uint64(generation), 10))
}

// RecoverySalt derives the salt that goes with the Recovery key of a generation, so that paper needs to hold only the seed.
func (s *Seed) RecoverySalt(generation uint32) (RecoverySalt, error) {
	b, err := s.expand("recovery-salt/"+strconv.FormatUint(uint64(generation), 10), len(RecoverySalt{}))
	if err != nil {
		return RecoverySalt{}, err
	}
	return RecoverySalt(b), nil
}

// Device derives the seed of the holder's n-th device. It yields the device's own keys and its pairwise identities, and
// neither the holder's seed nor any control, next or recovery key.
func (s *Seed) Device(n uint32) (*Seed, error) {
	b, err := s.expand("device/"+strconv.FormatUint(uint64(n), 10), SeedSize)
	if err != nil {
		return nil, err
	}
	return SeedFromBytes(b)
}

// Authentication derives a device's authentication key.
func (s *Seed) Authentication(a keys.Algorithm) (*keys.PrivateKey, error) {
	return s.key(a, "authentication")
}

// Agreement derives a device's key agreement key (X25519).
func (s *Seed) Agreement() (*keys.PrivateKey, error) { return s.key(keys.X25519, "agreement") }

// key derives the key of a at path. For curves whose order is not a power of two, candidates outside 1 to n-1 are passed
// over by a counter, which leaves the keys uniform.
func (s *Seed) key(a keys.Algorithm, path string) (*keys.PrivateKey, error) {
	size := 32
	if a == keys.P384 {
		size = 48
	}
	for counter := range 16 {
		b, err := s.expand(path+"/"+a.String()+"/"+strconv.Itoa(counter), size)
		if err != nil {
			return nil, err
		}
		k, err := keys.NewPrivateKey(a, b)
		clear(b)
		if err == nil {
			return k, nil
		}
	}
	return nil, fmt.Errorf("realdid: derive: %v: no key", a)
}

func (s *Seed) expand(path string, size int) ([]byte, error) {
	if s.empty() {
		return nil, errors.New("realdid: derive: the seed is empty or wiped")
	}
	b, err := hkdf.Key(sha256.New, s.secret()[:], []byte(deriveLabel), path, size)
	if err != nil {
		return nil, fmt.Errorf("realdid: derive: %w", err)
	}
	return b, nil
}
