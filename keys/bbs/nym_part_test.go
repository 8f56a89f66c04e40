package bbs

import (
	"errors"
	"testing"
)

// TestNymPartRefuses gives points that the draft names and nobody meets by chance: the base point as a pseudonym, of which logarithms
// are not known, and answers without a random part, for which the commitment to the pseudonym is the identity.
func TestNymPartRefuses(t *testing.T) {
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		a, err := s.nym()
		if err != nil {
			t.Fatal(err)
		}
		contextID := []byte("ctx")
		v, tildes, c := randomScalars(2), randomScalars(2), randomScalars(1)[0]
		part, err := a.nymPart(contextID, v, tildes)
		if err != nil {
			t.Fatal(err)
		}
		answers := func(tildes []scalar) []scalar {
			out := make([]scalar, len(v))
			for i := range v {
				out[i].Mul(&v[i], &c)
				out[i].Add(&out[i], &tildes[i])
			}
			return out
		}
		got, err := a.nymVerifyPart(contextID, part.points[0][:], answers(tildes), &c)
		if err != nil || got.points[0] != part.points[0] || got.points[1] != part.points[1] {
			t.Errorf("%v: got %v, want the points of the prover", s, err)
		}
		if _, err := a.nymVerifyPart(contextID, baseBytes(), answers(tildes), &c); !errors.Is(err, errPseudonym) {
			t.Errorf("%v: the base point: got %v, want %v", s, err, errPseudonym)
		}
		if got, err := a.nymVerifyPart(contextID, part.points[0][:], answers(make([]scalar, 2)), &c); err == nil {
			t.Errorf("%v: no random part: got %x", s, got.points[1])
		}
		// Neither does a prover send them.
		if _, err := a.nymPart(contextID, v, make([]scalar, 2)); !errors.Is(err, errPseudonym) {
			t.Errorf("%v: random scalars of zero: got %v, want %v", s, err, errPseudonym)
		}
	}
}
