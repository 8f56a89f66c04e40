package realdid_test

import (
	"bytes"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did/realdid"
)

// roundTrip encodes a state, reads it back and compares.
func roundTrip(t testing.TB, s *realdid.State) *realdid.State {
	t.Helper()
	b, err := s.Bytes()
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	again, err := realdid.ParseState(b)
	if err != nil {
		t.Fatalf("decode: %v", err)
	}
	b2, err := again.Bytes()
	if err != nil || !bytes.Equal(b, b2) {
		t.Fatalf("a state encodes differently after a round trip (%v)", err)
	}
	return again
}

// alter changes an encoded state, by the numbers of SPEC.md section 8, and reads it back.
func alter(t testing.TB, s *realdid.State, change func(object)) (*realdid.State, error) {
	t.Helper()
	b, err := s.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	var o object
	if err := cbor.Unmarshal(b, &o); err != nil {
		t.Fatal(err)
	}
	change(o)
	return realdid.ParseState(cborBytes(t, o))
}
