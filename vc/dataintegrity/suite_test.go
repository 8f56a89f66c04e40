package dataintegrity

import (
	"crypto/sha512"
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// smallInput is a document without a proof, and the proof that is being made.
func smallInput(t *testing.T, suite Cryptosuite) *Input {
	t.Helper()
	v, err := parseJSON([]byte(`{"@context":"https://www.w3.org/ns/credentials/v2","id":"urn:x","type":"VerifiableCredential","proof":{"type":"DataIntegrityProof","cryptosuite":"` +
		suite.Name() + `","verificationMethod":"did:example:a#b","proofPurpose":"assertionMethod"}}`))
	if err != nil {
		t.Fatal(err)
	}
	s, err := readSecured(v, true)
	if err != nil {
		t.Fatal(err)
	}
	return s.input(0, jsonld.Embedded())
}

// TestKeysOfOtherAlgorithms signs as a suite would with each key, and lets the suites decide.
func TestKeysOfOtherAlgorithms(t *testing.T) {
	for _, s := range []struct {
		suite Cryptosuite
		hash  hashData
		algs  []keys.Algorithm
	}{
		{EdDSAJCS2022{}, jcsHashData, edwards},
		{EdDSARDFC2022{}, rdfcHashData, edwards},
		{ECDSAJCS2019{}, jcsHashData, nist},
		{ECDSARDFC2019{}, rdfcHashData, nist},
	} {
		for _, a := range keys.Algorithms() {
			if !a.CanSign() {
				continue
			}
			k, err := keys.Generate(a)
			if err != nil {
				t.Fatal(err)
			}
			in := smallInput(t, s.suite)
			msg, err := s.hash(in, a)
			if err != nil {
				t.Fatal(err)
			}
			sig, err := k.Sign(t.Context(), msg)
			if err != nil {
				t.Fatal(err)
			}
			if in.Proof.Value, err = encodeSignature(sig); err != nil {
				t.Fatal(err)
			}
			want := "dataintegrity.proof.key"
			for _, b := range s.algs {
				if a == b {
					want = ""
				}
			}
			if err := s.suite.VerifyProof(in, k.Public()); vc.Code(err) != want {
				t.Errorf("%s with %v: got %v, want %q", s.suite.Name(), a, err, want)
			}
			if _, err := s.suite.CreateProof(t.Context(), in, k); (err == nil) != (want == "") {
				t.Errorf("%s signs with %v: got %v", s.suite.Name(), a, err)
			}
		}
	}
}

// TestHashOfP384 is of the ECDSA cryptosuites, section 3.3.4: SHA-384 of both parts.
func TestHashOfP384(t *testing.T) {
	in := smallInput(t, ECDSAJCS2019{})
	got, err := jcsHashData(in, keys.P384)
	if err != nil {
		t.Fatal(err)
	}
	options := sha512.Sum384([]byte(`{"cryptosuite":"ecdsa-jcs-2019","proofPurpose":"assertionMethod","type":"DataIntegrityProof","verificationMethod":"did:example:a#b"}`))
	document := sha512.Sum384([]byte(`{"@context":"https://www.w3.org/ns/credentials/v2","id":"urn:x","type":"VerifiableCredential"}`))
	if want := string(options[:]) + string(document[:]); string(got) != want {
		t.Errorf("got %x, want %x", got, want)
	}
}

// TestLongProofValue refuses what would take seconds to decode before it is decoded.
func TestLongProofValue(t *testing.T) {
	for n, want := range map[int]string{maxSignatureText - 1: "", maxSignatureText: "too long", 1 << 20: "too long"} {
		_, err := decodeSignature("z" + strings.Repeat("2", n))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d characters: got %v, want %q", n, err, want)
		}
	}
}

// TestFaultsOfRDF gives every kind of error a code of its own.
func TestFaultsOfRDF(t *testing.T) {
	for kind, want := range map[error]string{
		jsonld.ErrSyntax: "syntax", jsonld.ErrUnknownContext: "context", jsonld.ErrUndefinedTerm: "term", jsonld.ErrRelativeIRI: "iri", jsonld.ErrLimit: "limit",
	} {
		if got := jsonldFault(&jsonld.Error{Kind: kind}).Code; got != "dataintegrity.jsonld."+want {
			t.Errorf("%v: got %s", kind, got)
		}
	}
	for err, want := range map[error]string{fmt.Errorf("x: %w", rdf.ErrWork): "work", fmt.Errorf("x"): "dataset"} {
		if got := rdfFault(err).Code; got != "dataintegrity.rdf."+want {
			t.Errorf("%v: got %s", err, got)
		}
	}
}

func TestCheckBindingOfNobody(t *testing.T) {
	if err := (&opened{}).CheckBinding(keys.PublicKey{}); vc.Code(err) != "vc.holder.missing" {
		t.Errorf("got %v", err)
	}
}
