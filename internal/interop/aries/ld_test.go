package aries

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hyperledger/aries-framework-go/component/models/ld/documentloader"
	jsonld "github.com/hyperledger/aries-framework-go/component/models/ld/processor"
	"github.com/hyperledger/aries-framework-go/component/models/ld/testutil"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite"
	"github.com/hyperledger/aries-framework-go/pkg/doc/signature/suite/ed25519signature2020"
	theirs "github.com/hyperledger/aries-framework-go/pkg/doc/verifiable"

	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// graduate makes a credential of terms that a context defines.
func graduate(i int, issuer string) map[string]any {
	r := rand.New(rand.NewPCG(uint64(i), 3))
	subject := map[string]any{
		"id": fmt.Sprintf("did:example:graduate-%d", i), "name": text(r),
		"degree": map[string]any{"type": "BachelorDegree", "name": text(r)},
	}
	if i%2 == 0 {
		subject["alumniOf"] = map[string]any{"id": "did:example:school", "name": []any{text(r), text(r) + " as well"}}
	}
	m := map[string]any{
		"@context": []any{
			"https://www.w3.org/2018/credentials/v1", "https://www.w3.org/2018/credentials/examples/v1", "https://w3id.org/security/suites/ed25519-2020/v1",
		},
		"type": []any{"VerifiableCredential", "UniversityDegreeCredential"}, "issuer": issuer, "issuanceDate": issued, "credentialSubject": subject,
	}
	if i%3 == 0 {
		m["id"], m["expirationDate"] = fmt.Sprintf("urn:example:%d", i), "2030-01-01T00:00:00Z"
	}
	return m
}

// proofThere adds a proof there.
func proofThere(t *testing.T, i int, loader *documentloader.DocumentLoader, repeat int) ([]byte, keys.PublicKey, map[string]any) {
	t.Helper()
	signer, k := theirKey(t, 0)
	m := graduate(i, k.DIDKey())
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	c, err := theirs.ParseCredential(b, theirs.WithDisabledProofCheck(), theirs.WithJSONLDDocumentLoader(loader), theirs.WithCredDisableValidation())
	if err != nil {
		t.Fatal(err)
	}
	for range repeat {
		err := c.AddLinkedDataProof(&theirs.LinkedDataProofContext{
			SignatureType: ed25519signature2020.SignatureType, Suite: ed25519signature2020.New(suite.WithSigner(signer)),
			SignatureRepresentation: theirs.SignatureProofValue, Created: &issuedAt, VerificationMethod: k.DIDKeyURL(), Purpose: "assertionMethod",
		}, jsonld.WithDocumentLoader(loader))
		if err != nil {
			t.Fatal(err)
		}
	}
	if b, err = c.MarshalJSON(); err != nil {
		t.Fatal(err)
	}
	return b, k, m
}

func checkThere(b []byte, loader *documentloader.DocumentLoader) error {
	_, err := theirs.ParseCredential(b, theirs.WithPublicKeyFetcher(fetcher), theirs.WithJSONLDDocumentLoader(loader))
	return err
}

func TestEd25519Signature2020(t *testing.T) {
	r := matrix.Record(t, row(t, "data model 1.1 with Ed25519Signature2020, one and two proofs (Options.Ed25519Signature2020)", matrix.TheirsToOurs))
	loader := newLoader(t)
	opt := &dataintegrity.Options{Ed25519Signature2020: true}
	for i := range exchanged {
		signed, k, want := proofThere(t, i, loader, 1+i%2)
		got, err := verify(t, dataintegrity.Received(signed, opt), k, "vc")
		if err != nil {
			t.Fatalf("%d: %v in %s", i, err, signed)
		}
		seen := got.Claims()
		if delete(seen, "proof"); !claims.Same(seen, want) {
			t.Fatalf("%d: got %v, want %v", i, seen, want)
		}
		r.Case()
		bad := []byte(strings.Replace(string(signed), "did:example:graduate", "did:example:stranger", 1))
		if checkThere(bad, loader) == nil {
			t.Fatalf("%d: a changed one was read there", i)
		}
		if _, err := verify(t, dataintegrity.Received(bad, opt), k, "vc"); vc.Code(err) != "vc.signature.invalid" {
			t.Fatalf("%d: a changed one: got %v", i, err)
		}
		r.Tampered()
		if _, err := verify(t, dataintegrity.Received(signed, nil), k, "vc"); vc.Code(err) != "dataintegrity.proof.type" {
			t.Fatalf("%d: without the option: got %v", i, err)
		}
	}
}

// TestProofMembers: what Aries leaves out of what is signed.
func TestProofMembers(t *testing.T) {
	r := refused(
		t, "Ed25519Signature2020 whose proof got an id on the way", matrix.RefusedByUs,
		"Aries leaves id and nonce of a proof out of what is signed and checked, so that anybody can add, change or remove them.",
		"both: EdDSA Cryptosuites 1.0, Ed25519Signature2020, takes all proof options into the proof configuration; the drafts from which Aries is named type, created, verificationMethod and proofPurpose alone.",
	)
	loader := newLoader(t)
	for i := range repeated {
		signed, k, _ := proofThere(t, i, loader, 1)
		added := []byte(strings.Replace(string(signed), `"proofPurpose"`, `"id":"urn:example:proof","proofPurpose"`, 1))
		if string(added) == string(signed) {
			t.Fatal("nothing changed")
		}
		if err := checkThere(added, loader); err != nil {
			t.Fatalf("Aries refuses it as well: %v", err)
		}
		if _, err := verify(t, dataintegrity.Received(added, &dataintegrity.Options{Ed25519Signature2020: true}), k, "vc"); vc.Code(err) != "vc.signature.invalid" {
			t.Fatalf("got %v", err)
		}
		r.Case()
	}
}

// TestUndefinedTerms: what is in no context is in no RDF either, and so not signed.
func TestUndefinedTerms(t *testing.T) {
	r := refused(
		t, "Ed25519Signature2020 over claims that no context defines", matrix.RefusedByUs,
		"Aries drops such claims in silence when it signs and when it checks, unless it is asked for strict validation: anybody can change them. Here they are an error.",
		"both: JSON-LD 1.1 API, section 5.1.2, drops them; that this is an error for whoever signs or checks, Data Integrity 1.0, \"Securing Data Losslessly\", wants, which is younger than this type of proof and Aries.",
	)
	loader := newLoader(t)
	for i := range repeated {
		signed, k, _ := proofThere(t, i, loader, 1)
		changed := []byte(strings.Replace(string(signed), `"degree":{`, `"degree":{"grade":"excellent",`, 1))
		if err := checkThere(changed, loader); err != nil {
			t.Fatalf("Aries refuses it as well: %v", err)
		}
		if _, err := verify(t, dataintegrity.Received(changed, &dataintegrity.Options{Ed25519Signature2020: true}), k, "vc"); vc.Code(err) != "dataintegrity.jsonld.term" {
			t.Fatalf("got %v", err)
		}
		r.Case()
	}
}

func TestDataIntegrityProof(t *testing.T) {
	r := refused(
		t, "DataIntegrityProof (eddsa-rdfc-2022, ecdsa-rdfc-2019, the jcs suites)", matrix.RefusedByTheirs,
		"Aries is older than DataIntegrityProof and knows types of proofs by their names alone.",
		"both: VCDM 1.1, section 4.7, leaves types of proofs open, and Data Integrity 1.0 (2025), section 2.1, is what is in force.",
	)
	loader := newLoader(t)
	suites := []dataintegrity.Cryptosuite{
		dataintegrity.EdDSARDFC2022{}, dataintegrity.ECDSARDFC2019{}, dataintegrity.ECDSARDFC2019{}, dataintegrity.EdDSAJCS2022{}, dataintegrity.ECDSAJCS2019{}, dataintegrity.ECDSAJCS2019{},
	}
	for i := range repeated {
		k, s := ourKey(t, i), suites[i%len(suites)]
		cred, err := dataintegrity.Issue(t.Context(), dataintegrity.Issuer{Signer: k, Method: didkey.URL(k.Public())}, graduate(i, k.Public().DIDKey()),
			&dataintegrity.IssueOptions{Cryptosuite: s, Created: issuedAt})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := verify(t, dataintegrity.Received(cred.Bytes(), nil), k.Public(), "vc"); err != nil {
			t.Fatal(err)
		}
		if err := checkThere(cred.Bytes(), loader); err == nil || !strings.Contains(err.Error(), "unsupported proof type") {
			t.Fatalf("got %v", err)
		}
		r.Case()
	}
}

// newLoader is their document loader with the contexts that they come with.
func newLoader(t *testing.T) *documentloader.DocumentLoader {
	t.Helper()
	l, err := testutil.DocumentLoader()
	if err != nil {
		t.Fatal(err)
	}
	return l
}
