package dataintegrity

import (
	"context"
	"crypto"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// oneKey is a vc.Keys with one key that has every name.
type oneKey struct{ key keys.PublicKey }

func (k oneKey) Key(_ context.Context, u did.URL, _ did.Purpose, _ time.Time) (*did.ResolvedKey, error) {
	now := time.Now()
	return &did.ResolvedKey{
		Method: did.VerificationMethod{ID: u, Controller: u.DID(), Key: k.key, Purposes: did.AssertionMethod | did.Authentication}, Status: did.KeyActive,
		Evidence: did.Evidence{Replayed: true, AsOf: now},
	}, nil
}

// proofs2020 checks the proofs of a document by k.
func proofs2020(t *testing.T, document []byte, k keys.PublicKey, accept bool) error {
	t.Helper()
	_, err := InsecureVerifyProofsOnly(t.Context(), document, oneKey{k}, &ProofPolicy{Purpose: did.AssertionMethod, Options: Options{Ed25519Signature2020: accept}})
	return err
}

func TestW3CVectorEd25519Signature2020(t *testing.T) {
	v := vector{"eddsa", "Ed25519Signature2020", "EdSig", "keyPair.json", ed25519Signature2020{}, crypto.SHA256}
	_, pub := v.keys(t)
	signed, err := os.ReadFile(filepath.Join(vectors.Dir(t, "eddsa"), "Ed25519Signature2020", "signedEdSig.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := proofs2020(t, signed, pub, true); err != nil {
		t.Errorf("got %v", err)
	}
	if err := proofs2020(t, signed, pub, false); vc.Code(err) != "dataintegrity.proof.type" {
		t.Errorf("without the option: got %v", err)
	}
	doc, err := parseJSON(signed)
	if err != nil {
		t.Fatal(err)
	}
	s, err := readSecured(doc, false)
	if err != nil {
		t.Fatal(err)
	}
	in := s.input(0, jsonld.Embedded())
	c, err := in.Canonicalize(in.ProofConfiguration(), crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.TrimSpace(string(c.NQuads())), strings.TrimSpace(string(v.read(t, "proofCanon"))); got != want {
		t.Errorf("canonical proof configuration: got %s, want %s", got, want)
	}
}

// sign2020 makes what the package itself does not make.
func sign2020(t *testing.T, key *keys.PrivateKey, credential string) []byte {
	t.Helper()
	proof := `{"type":"Ed25519Signature2020","created":"2026-10-01T00:00:00Z","verificationMethod":"did:example:school#key-1","proofPurpose":"assertionMethod"`
	open := strings.TrimSuffix(credential, "}") + `,"proof":` + proof
	doc, err := parseJSON([]byte(open + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := readSecured(doc, true)
	if err != nil {
		t.Fatal(err)
	}
	data, err := rdfcHashData(s.input(0, jsonld.Embedded()), keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	sig, err := key.Sign(t.Context(), data)
	if err != nil {
		t.Fatal(err)
	}
	value, err := encodeSignature(sig)
	if err != nil {
		t.Fatal(err)
	}
	return append(strictjson.AppendString([]byte(open+`,"proofValue":`), value), "}}"...)
}

const credential2020 = `{"@context":["https://www.w3.org/2018/credentials/v1","https://w3id.org/security/suites/ed25519-2020/v1"],
"type":"VerifiableCredential","issuer":"did:example:school","issuanceDate":"2026-09-01T00:00:00Z","credentialSubject":{"id":"did:example:graduate"}}`

func TestEd25519Signature2020(t *testing.T) {
	key, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	signed := sign2020(t, key, credential2020)
	verify := func(b []byte, opt *Options) error {
		_, _, err := vc.NewVerifier(oneKey{key.Public()}, nil).Verify(t.Context(), Received(b, opt), &vc.Expect{
			Issuers: []did.DID{did.MustParse("did:example:school")}, Types: []string{"VerifiableCredential"}, InsecureNoHolderBinding: true,
		})
		return err
	}
	reads := &Options{Ed25519Signature2020: true}
	if err := verify(signed, reads); err != nil {
		t.Errorf("got %v", err)
	}
	for _, opt := range []*Options{nil, {}} {
		if err := verify(signed, opt); vc.Code(err) != "dataintegrity.proof.type" {
			t.Errorf("without the option: got %v", err)
		}
	}
	for _, c := range []struct{ name, old, new, code string }{
		{"subject", "did:example:graduate", "did:example:stranger", "vc.signature.invalid"},
		{"created", "2026-10-01", "2026-10-02", "vc.signature.invalid"},
		{"no created", `"created":"2026-10-01T00:00:00Z",`, "", "dataintegrity.proof.malformed"},
		{"purpose", `"assertionMethod"`, `"authentication"`, "dataintegrity.proof.purpose"},
		{"cryptosuite", `"created"`, `"cryptosuite":"eddsa-rdfc-2022","created"`, "dataintegrity.proof.malformed"},
		{"made the newer type", `"Ed25519Signature2020"`, `"DataIntegrityProof","cryptosuite":"eddsa-rdfc-2022"`, "dataintegrity.jsonld.term"},
		{"older type", "Ed25519Signature2020", "Ed25519Signature2018", "dataintegrity.proof.type"},
		{"unknown member", `"created"`, `"expiry":"2020-01-01T00:00:00Z","created"`, "dataintegrity.jsonld.rewritable"},
		{"jws for proofValue", `"proofValue"`, `"jws"`, "dataintegrity.proof.malformed"},
	} {
		changed := strings.Replace(string(signed), c.old, c.new, 1)
		if changed == string(signed) {
			t.Fatalf("%s: nothing changed", c.name)
		}
		if err := verify([]byte(changed), reads); vc.Code(err) != c.code {
			t.Errorf("%s: got %v, want %s", c.name, err, c.code)
		}
	}
	if _, err := (ed25519Signature2020{}).CreateProof(t.Context(), nil, key); !errors.Is(err, keys.ErrUnsupported) {
		t.Errorf("CreateProof: got %v", err)
	}
}
