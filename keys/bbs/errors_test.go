package bbs

import (
	"math"
	"testing"
)

// TestLimitsAreExact gives what is just allowed, and one more.
func TestLimitsAreExact(t *testing.T) {
	for _, c := range []struct {
		name                     string
		messages, message, bytes int
		ok                       bool
	}{
		{"at the limits", MaxMessages, MaxMessageSize, MaxHeaderSize, true},
		{"a message too many", MaxMessages + 1, 0, 0, false},
		{"a message too long", 1, MaxMessageSize + 1, 0, false},
		{"a header too long", 0, 0, MaxHeaderSize + 1, false},
	} {
		messages := make([][]byte, c.messages)
		if len(messages) > 0 {
			messages[len(messages)-1] = make([]byte, c.message)
		}
		if err := checkSizes(messages, nil, make([]byte, c.bytes)); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted %v", c.name, err, c.ok)
		}
	}
}

// TestLimitsOfEachStatement gives what only one limit refuses: a count whose sum with the rest overflows to one that a short proof would
// have, headers of blind proofs, and a nym more than there may be.
func TestLimitsOfEachStatement(t *testing.T) {
	s := SHA256
	c := newBlindCase(t, s, 0, 0)
	proof, _ := c.prove(t, s, &Disclose{})
	public := c.key.PublicKey()
	short := append(proof[:3*pointSize:3*pointSize], proof[len(proof)-4*scalarSize:]...)
	for name, says := range map[string]*BlindStatement{
		"MessageCount":   {MessageCount: math.MaxInt},
		"CommittedCount": {CommittedCount: math.MaxInt},
	} {
		if _, err := parseProof(short); err != nil || len(short) != ProofSize(math.MinInt) {
			t.Fatalf("a proof of %d bytes, %v: the test tests nothing", len(short), err)
		}
		wantText(t, name, s.BlindProofVerify(public, short, says), "want 0 to")
	}
	long := make([]byte, MaxHeaderSize+1)
	wantText(t, "header", s.BlindProofVerify(public, proof, &BlindStatement{Header: long}), "at most")
	wantText(t, "presentation header", s.BlindProofVerify(public, proof, &BlindStatement{PresentationHeader: long}), "at most")
	_, err := s.BlindProofGen(public, &c.held, long, nil)
	wantText(t, "making a proof, presentation header", err, "at most")
	for n, ok := range map[int]bool{math.MinInt: false, 0: false, 1: true, MaxNyms: true, MaxNyms + 1: false, math.MaxInt: false} {
		if err := checkNymCount(n); (err == nil) != ok {
			t.Errorf("%d nyms: got %v, want accepted %v", n, err, ok)
		}
	}
}
