package dataintegrity

import (
	"testing"

	"github.com/realdid/realdid/vc"
)

// FuzzECDSASDProofValue reads proof values: what is accepted is written again in the same length, and every refusal has a code.
func FuzzECDSASDProofValue(f *testing.F) {
	base := &ecdsaSDBase{
		baseSignature: make([]byte, 64), publicKey: sdKey(f, "fuzz").pub.Multicodec(), hmacKey: make([]byte, 32),
		signatures: [][]byte{make([]byte, 64), make([]byte, 64)}, mandatoryPointers: []string{"/issuer", ""},
	}
	derived := &ecdsaSDDerived{
		baseSignature: base.baseSignature, publicKey: base.publicKey, signatures: base.signatures,
		labels: []string{"uVkUuBrlOaELGVQWJD4M_qW5bcKEHWGNbOrPA_qAOKKw", "u4YIOZn1MHES1Z4Ij2hWZG3R4dEYBqg5fHTyDEvYhC38"}, mandatory: []int{0, 4, 300},
	}
	value, err := derived.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(base.encode())
	f.Add(value)
	f.Add("u")
	f.Add("u2V0B")
	f.Fuzz(func(t *testing.T, s string) {
		_, err := ECDSASD2023{}.IsBase(s)
		if b, err := parseECDSASDBase(s); err == nil {
			if again := b.encode(); again != s {
				t.Errorf("a base proof value in another form: %s, %s", s, again)
			}
		} else if vc.Code(err) == "" {
			t.Errorf("an error without a code: %v", err)
		}
		d, _, derivedErr := parseECDSASDDerived(s)
		if derivedErr != nil {
			if vc.Code(derivedErr) == "" {
				t.Errorf("an error without a code: %v", derivedErr)
			}
			return
		}
		if err != nil {
			t.Errorf("IsBase does not know a proof value that is read: %v", err)
		}
		again, err := d.encode()
		if err != nil || len(again) != len(s) { // labels may come in any order
			t.Errorf("a derived proof value in another form: %s, %s, %v", s, again, err)
		}
	})
}

// FuzzECDSASDDocument gives documents with a proof of the suite to all that reads them.
func FuzzECDSASDDocument(f *testing.F) {
	f.Add([]byte(sdDegree))
	seed := func(document string, mandatory []string) {
		f.Add(sdSign(f, sdKey(f, "issuer"), []byte(document), mandatory))
	}
	seed(sdShape(`{"x": 1, "y": [{"z": 2}]}`), []string{"/issuer"})
	seed(sdShape(`{"id": "_:b", "steps": ["a", {"raw": 1}]}`), []string{"", "/type"})
	key := sdKey(f, "issuer").pub
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parseJSON(b)
		if err != nil {
			return
		}
		s, err := readSecured(v, false)
		if err != nil {
			return
		}
		for i := range s.proofs {
			in := s.input(i, (*Options)(nil).contexts())
			verr := ECDSASD2023{}.VerifyProof(in, key)
			if verr != nil && vc.Code(verr) == "" {
				t.Errorf("verify: an error without a code: %v", verr)
			}
			derived, err := ECDSASD2023{}.Derive(t.Context(), in, []string{"/type"})
			if err != nil {
				if vc.Code(err) == "" {
					t.Errorf("derive: an error without a code: %v", err)
				}
				continue
			}
			if verr == nil {
				t.Error("a proof is both derived and base")
			}
			in.Proof.appendWith(derived)
		}
	})
}
