package bbs

import (
	"errors"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
)

var update = flag.Bool("update", false, "write the vectors of testdata/bbs anew")

// keyVector is an entry of public-keys.json.
type keyVector struct {
	Fault     string   `json:"name"`
	Valid     bool     `json:"valid"`
	PublicKey hexBytes `json:"publicKey"`
}

// signatureVector is an entry of signatures.json.
type signatureVector struct {
	Fault     string     `json:"name"`
	Valid     bool       `json:"valid"`
	Suite     string     `json:"ciphersuite"`
	PublicKey hexBytes   `json:"publicKey"`
	Header    hexBytes   `json:"header"`
	Messages  []hexBytes `json:"messages"`
	Signature hexBytes   `json:"signature"`
}

// proofVector is an entry of proofs.json. Messages are the disclosed ones.
type proofVector struct {
	Fault              string     `json:"name"`
	Valid              bool       `json:"valid"`
	Suite              string     `json:"ciphersuite"`
	PublicKey          hexBytes   `json:"publicKey"`
	Header             hexBytes   `json:"header"`
	PresentationHeader hexBytes   `json:"presentationHeader"`
	Disclosed          []int      `json:"disclosed"`
	Messages           []hexBytes `json:"messages"`
	Proof              hexBytes   `json:"proof"`
}

func suiteNamed(t testing.TB, name string) Ciphersuite {
	t.Helper()
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		if s.String() == name {
			return s
		}
	}
	t.Fatalf("no ciphersuite %q", name)
	return 0
}

func own[V any](t testing.TB, name string) []V {
	t.Helper()
	return vectors.Read[vectors.None, V](t, "bbs/"+name).Vectors
}

func writeOwn[V any](t *testing.T, name, kind string, list []V) {
	t.Helper()
	vectors.Write(t, "bbs/"+name, vectors.File[vectors.None, V]{Kind: "bbs." + kind, Vectors: list})
}

// isValid says whether the name of a vector is of a valid one.
func isValid(name string) bool { return strings.HasPrefix(name, "none") }

// wantValid checks an answer: no error for a valid vector, else ErrInvalid with a text of ours.
func wantValid(t *testing.T, valid bool, err error) {
	t.Helper()
	switch {
	case valid && err != nil:
		t.Errorf("got %v, want no error", err)
	case !valid && !errors.Is(err, ErrInvalid):
		t.Errorf("got %v, want ErrInvalid", err)
	case !valid && !strings.HasPrefix(err.Error(), "bbs: "):
		t.Errorf("got the text %q, want one that begins with bbs: ", err)
	}
}

func TestPublicKeyFaults(t *testing.T) {
	for _, v := range own[keyVector](t, "public-keys") {
		t.Run(v.Fault, func(t *testing.T) {
			k, err := ParsePublicKey(v.PublicKey)
			wantValid(t, v.Valid, err)
			if err != nil {
				if k != nil {
					t.Error("got a key beside the error")
				}
				return
			}
			wantHex(t, "key", k.Bytes(), v.PublicKey)
			if again, err := PublicKeyOf(k.Key()); err != nil || !again.Equal(k) {
				t.Errorf("by package keys: got %v, %v, want %v", again, err, k)
			}
		})
	}
}

func TestSignatureFaults(t *testing.T) {
	for _, v := range own[signatureVector](t, "signatures") {
		t.Run(v.Fault, func(t *testing.T) {
			k, err := ParsePublicKey(v.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			wantValid(t, v.Valid, suiteNamed(t, v.Suite).Verify(k, v.Signature, v.Header, lists(v.Messages)))
		})
	}
}

func TestProofFaults(t *testing.T) {
	for _, v := range own[proofVector](t, "proofs") {
		t.Run(v.Fault, func(t *testing.T) {
			k, err := ParsePublicKey(v.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			err = suiteNamed(t, v.Suite).ProofVerify(k, v.Proof, v.Header, v.PresentationHeader, v.Disclosed, lists(v.Messages))
			wantValid(t, v.Valid, err)
			if strings.HasPrefix(v.Fault, "form: ") {
				if _, err := parseProof(v.Proof); err == nil {
					t.Error("the proof parses")
				}
			}
		})
	}
}

// TestWriteVectors writes the vectors when asked to; they then differ in their random parts only.
func TestWriteVectors(t *testing.T) {
	if !*update {
		t.Skip("without -update")
	}
	var keys []keyVector
	var signatures []signatureVector
	var proofs []proofVector
	for _, s := range []Ciphersuite{SHA256, SHAKE256} {
		f := newFaults(t, s)
		signatures = append(signatures, f.signatures(t)...)
		proofs = append(proofs, f.proofs(t)...)
		if s == SHA256 {
			keys = f.publicKeys(t)
		}
	}
	writeOwn(t, "public-keys", "public-keys", keys)
	writeOwn(t, "signatures", "signatures", signatures)
	writeOwn(t, "proofs", "proofs", proofs)
}

// named prefixes the name of the ciphersuite after the word that says whether there is a fault.
func (f *faults) named(fault string) string { return fmt.Sprintf("%s, %v", fault, f.s) }
