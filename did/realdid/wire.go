package realdid

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

// The wire structs mirror the CDDL of SPEC.md section 4. Absent means nil, empty or zero, so that an explicit empty list,
// zero or null re-encodes to other bytes and is refused.

type wireOperation struct {
	_          struct{} `cbor:",toarray"`
	Payload    []byte
	Signatures []wireSignature
}

type wireSignature struct {
	_         struct{} `cbor:",toarray"`
	Signer    uint64
	Signature []byte
}

type wirePayload struct {
	Version        uint64            `cbor:"0,keyasint"`
	Type           uint64            `cbor:"1,keyasint"`
	Domain         string            `cbor:"2,keyasint,omitempty"`
	Home           string            `cbor:"3,keyasint,omitempty"`
	Suite          string            `cbor:"4,keyasint,omitempty"`
	SCID           []byte            `cbor:"5,keyasint,omitempty"`
	Seq            uint64            `cbor:"6,keyasint,omitempty"`
	Prev           []byte            `cbor:"7,keyasint,omitempty"`
	Salt           []byte            `cbor:"8,keyasint,omitempty"`
	Control        *wireSet          `cbor:"9,keyasint,omitempty"`
	Next           *wireSet          `cbor:"10,keyasint,omitempty"`
	Tiers          []wireTier        `cbor:"11,keyasint,omitempty"`
	Document       *wireDocument     `cbor:"12,keyasint,omitempty"`
	Compromised    map[string]uint64 `cbor:"13,keyasint,omitempty"`
	Reveal         []wireReveal      `cbor:"14,keyasint,omitempty"`
	RevealRecovery []wireRecovery    `cbor:"15,keyasint,omitempty"`
	Tier           *wireTierID       `cbor:"16,keyasint,omitempty"`
	SingleSecret   bool              `cbor:"17,keyasint,omitempty"`
	Root           []byte            `cbor:"18,keyasint,omitempty"`
	Cleared        []string          `cbor:"19,keyasint,omitempty"`
	To             string            `cbor:"20,keyasint,omitempty"`
	From           string            `cbor:"21,keyasint,omitempty"`
	State          []byte            `cbor:"22,keyasint,omitempty"`
	Proof          []byte            `cbor:"23,keyasint,omitempty"`
}

// wireSet is a weighted threshold over public keys (multicodec bytes) or over digests of keys.
type wireSet struct {
	Threshold uint64   `cbor:"0,keyasint"`
	Members   [][]byte `cbor:"1,keyasint,omitempty"`
	Weights   []uint64 `cbor:"2,keyasint,omitempty"`
}

type wireTier struct {
	Delay    uint64  `cbor:"0,keyasint"`
	Vetoable bool    `cbor:"1,keyasint,omitempty"`
	Keys     wireSet `cbor:"2,keyasint"`
}

type wireTierID struct {
	_     struct{} `cbor:",toarray"`
	Seq   uint64
	Index uint64
}

type wireReveal struct {
	_     struct{} `cbor:",toarray"`
	Index uint64
	Key   []byte
}

type wireRecovery struct {
	_     struct{} `cbor:",toarray"`
	Index uint64
	Salt  []byte
	Key   []byte
}

type wireDocument struct {
	Methods     []wireMethod  `cbor:"0,keyasint,omitempty"`
	Services    []wireService `cbor:"1,keyasint,omitempty"`
	AlsoKnownAs []string      `cbor:"2,keyasint,omitempty"`
}

type wireMethod struct {
	_        struct{} `cbor:",toarray"`
	Fragment string
	Key      []byte
	Purposes uint64
}

type wireService struct {
	_         struct{} `cbor:",toarray"`
	Fragment  string
	Types     []string
	Endpoints []any // string, or map[string]any of strings and lists of strings
}

type codec struct {
	enc cbor.EncMode
	dec cbor.DecMode
}

// wireCodec is deterministic CBOR (RFC 8949 section 4.2.1) without tags, floats or indefinite lengths.
var wireCodec = sync.OnceValue(func() codec {
	enc, err := cbor.EncOptions{
		Sort: cbor.SortCoreDeterministic, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
	}.EncMode()
	if err != nil {
		panic("realdid: cbor options: " + err.Error())
	}
	dec, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField, MaxNestedLevels: 8, MaxArrayElements: 1 << 20, MaxMapPairs: 1 << 20,
		DefaultMapType: reflect.TypeFor[map[string]any](), UTF8: cbor.UTF8RejectInvalid, FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
	}.DecMode()
	if err != nil {
		panic("realdid: cbor options: " + err.Error())
	}
	return codec{enc, dec}
})

var errNotCanonical = errors.New("not deterministic CBOR")

func encode(v any) ([]byte, error) { return wireCodec().enc.Marshal(v) }

// decode is strict: what it accepts encodes to the same bytes again.
func decode(b []byte, v any) error {
	if err := wireCodec().dec.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%w: %w", errNotCanonical, err)
	}
	again, err := encode(v)
	if err != nil || !bytes.Equal(again, b) {
		return errNotCanonical
	}
	return nil
}
