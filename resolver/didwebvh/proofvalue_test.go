package didwebvh

import (
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
)

// TestLongProofValue refuses what would take seconds to decode before it is decoded.
func TestLongProofValue(t *testing.T) {
	for n, want := range map[int]string{maxProofValue - 1: "verificationMethod", maxProofValue: "too long", 100_000: "too long"} {
		v, err := strictjson.Parse([]byte(`{"type":"DataIntegrityProof","cryptosuite":"eddsa-jcs-2022","proofPurpose":"assertionMethod","proofValue":"z`+
			strings.Repeat("2", n)+`"}`), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseProof(v, time.Time{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d characters: got %v, want %s", n, err, want)
		}
	}
}
