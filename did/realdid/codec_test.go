package realdid_test

import (
	"bytes"
	"testing"

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
