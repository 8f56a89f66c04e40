package realdid_test

import (
	"context"
	"crypto/sha256"
	"testing"

	"github.com/emmansun/gmsm/sm3"
	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// This file writes and reads operations by SPEC.md section 4 with a general CBOR library and without the package under
// test, so that tests can build what the package refuses to build, and so that the format is written down twice.

type ctxType = context.Context

// The members of a payload.
const (
	memberVersion = uint64(iota)
	memberType
	memberDomain
	memberHome
	memberSuite
	memberSCID
	memberSeq
	memberPrev
	memberSalt
	memberControl
	memberNext
	memberTiers
	memberDocument
	memberCompromised
	memberReveal
	memberRevealRecovery
	memberTier
	memberSingleSecret
	memberRoot
	memberCleared
	memberTo
	memberFrom
	memberState
	memberProof
)

// object is a CBOR map with the numbers of section 4 as keys.
type object = map[uint64]any

// rawOp is an operation taken apart.
type rawOp struct {
	payload    object
	signatures []any // of [signer, signature]
}

func cborBytes(t fails, v any) []byte {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	b, err := mode.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decodeOp(t testing.TB, b []byte) rawOp {
	t.Helper()
	var env struct {
		_          struct{} `cbor:",toarray"`
		Payload    []byte
		Signatures []any
	}
	if err := cbor.Unmarshal(b, &env); err != nil {
		t.Fatal(err)
	}
	var p object
	if err := cbor.Unmarshal(env.Payload, &p); err != nil {
		t.Fatal(err)
	}
	return rawOp{p, env.Signatures}
}

// seal signs a payload with keys 0, 1, … as signers 0, 1, …; a nil key does not sign.
func seal(t testing.TB, p object, ks ...*keys.PrivateKey) []byte {
	t.Helper()
	return sealBytes(t, cborBytes(t, p), ks...)
}

func sealBytes(t fails, payload []byte, ks ...*keys.PrivateKey) []byte {
	msg := append([]byte("realdid/op/v1\x00"), payload...)
	sigs := []any{}
	for i, k := range ks {
		if k == nil {
			continue
		}
		sig, err := k.Sign(context.Background(), msg)
		if err != nil {
			t.Fatal(err)
		}
		sigs = append(sigs, []any{uint64(i), sig})
	}
	return cborBytes(t, []any{payload, sigs})
}

func mustParse(t testing.TB, b []byte) *realdid.Operation {
	t.Helper()
	op, err := realdid.ParseOperation(b)
	if err != nil {
		t.Fatal(err)
	}
	return op
}

// hash is H of SPEC.md section 3.
func hash(suite byte, label string, parts ...[]byte) []byte {
	msg := append([]byte(label), 0)
	for _, p := range parts {
		msg = append(msg, p...)
	}
	if suite == 's' {
		d := sm3.Sum(msg)
		return d[:]
	}
	d := sha256.Sum256(msg)
	return d[:]
}

func commitNext(suite byte, k *keys.PrivateKey) []byte {
	return hash(suite, "realdid/next/v1", k.Public().Multicodec())
}

func commitRecovery(suite byte, salt []byte, k *keys.PrivateKey) []byte {
	return hash(suite, "realdid/recovery/v1", salt, k.Public().Multicodec())
}

// keySet is a set without weights.
func keySet(threshold int, members ...[]byte) object {
	return object{0: uint64(threshold), 1: members}
}

// rawCreate is the smallest genesis: control key 0, next key 1, no document.
func rawCreate(suite byte) object {
	return object{
		memberVersion: uint64(1), memberType: uint64(1), memberSuite: string(rune(suite)), memberSalt: make([]byte, 16),
		memberControl: keySet(1, ed(0).Public().Multicodec()), memberNext: keySet(1, commitNext(suite, ed(1))),
	}
}
