package bbs

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the vectors of testdata/bbs anew")

// ownDir holds our vectors for this and other implementations.
var ownDir = filepath.Join("..", "..", "testdata", "bbs")

// keyVector is an entry of public-keys.json.
type keyVector struct {
	Fault     string   `json:"fault"` // "none…" for a valid one
	PublicKey hexBytes `json:"publicKey"`
}

// signatureVector is an entry of signatures.json.
type signatureVector struct {
	Fault     string     `json:"fault"`
	Suite     string     `json:"ciphersuite"`
	PublicKey hexBytes   `json:"publicKey"`
	Header    hexBytes   `json:"header"`
	Messages  []hexBytes `json:"messages"`
	Signature hexBytes   `json:"signature"`
}

// proofVector is an entry of proofs.json. Messages are the disclosed ones.
type proofVector struct {
	Fault              string     `json:"fault"`
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

func own[T any](t testing.TB, name string) []T {
	t.Helper()
	var v []T
	readJSON(t, filepath.Join(ownDir, name), &v)
	if len(v) == 0 {
		t.Fatalf("%s is empty", name)
	}
	return v
}

func writeOwn(t *testing.T, name string, v any) {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(ownDir, name), append(b, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// wantFault checks an answer: no error for "none", else ErrInvalid with a text of ours.
func wantFault(t *testing.T, fault string, err error) {
	t.Helper()
	switch valid := strings.HasPrefix(fault, "none"); {
	case valid && err != nil:
		t.Errorf("got %v, want no error", err)
	case !valid && !errors.Is(err, ErrInvalid):
		t.Errorf("got %v, want ErrInvalid", err)
	case !valid && !strings.HasPrefix(err.Error(), "bbs: "):
		t.Errorf("got the text %q, want one that begins with bbs: ", err)
	}
}

func TestPublicKeyFaults(t *testing.T) {
	for _, v := range own[keyVector](t, "public-keys.json") {
		t.Run(v.Fault, func(t *testing.T) {
			k, err := ParsePublicKey(v.PublicKey)
			wantFault(t, v.Fault, err)
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
	for _, v := range own[signatureVector](t, "signatures.json") {
		t.Run(v.Fault, func(t *testing.T) {
			k, err := ParsePublicKey(v.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			wantFault(t, v.Fault, suiteNamed(t, v.Suite).Verify(k, v.Signature, v.Header, lists(v.Messages)))
		})
	}
}

func TestProofFaults(t *testing.T) {
	for _, v := range own[proofVector](t, "proofs.json") {
		t.Run(v.Fault, func(t *testing.T) {
			k, err := ParsePublicKey(v.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			err = suiteNamed(t, v.Suite).ProofVerify(k, v.Proof, v.Header, v.PresentationHeader, v.Disclosed, lists(v.Messages))
			wantFault(t, v.Fault, err)
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
	if err := os.MkdirAll(ownDir, 0o755); err != nil {
		t.Fatal(err)
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
	writeOwn(t, "public-keys.json", keys)
	writeOwn(t, "signatures.json", signatures)
	writeOwn(t, "proofs.json", proofs)
}

// named prefixes the name of the ciphersuite after the word that says whether there is a fault.
func (f *faults) named(fault string) string { return fmt.Sprintf("%s, %v", fault, f.s) }
