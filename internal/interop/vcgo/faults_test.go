package vcgo

import (
	"bytes"
	"strings"
	"testing"

	theirs "github.com/trustbloc/vc-go/dataintegrity"
	"github.com/trustbloc/vc-go/dataintegrity/models"
	"github.com/trustbloc/vc-go/dataintegrity/suite/ecdsa2019"
	"github.com/trustbloc/vc-go/verifiable"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/matrix"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// repeated is how often what they do otherwise is looked at.
const repeated = 24

// parse reads a credential as one of their programs does, with its proof.
func (p *peer) parse(document []byte) (*verifiable.Credential, error) {
	return verifiable.ParseCredential(document, verifiable.WithDataIntegrityVerifier(p.verifier), verifiable.WithJSONLDDocumentLoader(contexts{}))
}

// issue issues here, with a key of the suite of i.
func issue(t *testing.T, i int, credential func(issuer string) map[string]any, opt dataintegrity.IssueOptions) (*dataintegrity.Credential, *keys.PrivateKey) {
	t.Helper()
	k, err := keys.Generate(suites[i%len(suites)].ours)
	if err != nil {
		t.Fatal(err)
	}
	if opt.Created.IsZero() {
		opt.Created = created
	}
	cred, err := dataintegrity.Issue(t.Context(), dataintegrity.Issuer{Signer: k, Method: didkey.URL(k.Public())}, credential(k.Public().DIDKey()), &opt)
	if err != nil {
		t.Fatal(err)
	}
	return cred, k
}

// TestDirection: a text's base direction.
func TestDirection(t *testing.T) {
	r := differing(
		t, "eddsa-rdfc-2022, ecdsa-rdfc-2019: a text with a base direction", matrix.RefusedByTheirs,
		"vc-go leaves the direction out of what is signed and checked; realdid signs it, as the JavaScript suites do (rdfDirection i18n-datatype). All else in these credentials agrees.",
		"no paragraph decides: JSON-LD 1.1 API, section 8.2.2, leaves rdfDirection to the caller, and with its default a direction is not signed at all. Texts for vc-go should have none.",
	)
	p := newPeer(t)
	for i := range repeated {
		with := func(direction bool) []byte {
			cred, _ := issue(t, i, func(issuer string) map[string]any {
				m := graduate(i, issuer)
				name := map[string]any{"@value": "text", "@language": "ar"}
				if direction {
					name["@direction"] = "rtl"
				}
				m["name"] = name
				return m
			}, dataintegrity.IssueOptions{})
			return cred.Bytes()
		}
		if err := p.check(with(false)); err != nil {
			t.Fatal(err)
		}
		if p.check(with(true)) == nil {
			t.Fatal("it was read there")
		}
		r.Case()
	}
}

// TestProofSets: several proofs of one issuer.
func TestProofSets(t *testing.T) {
	r := differing(
		t, "Data Integrity: two proofs (Ed25519, P-256) of one credential", matrix.RefusedByTheirs,
		"vc-go checks the second proof with the key, the suite and the time of the first.",
		"realdid: Data Integrity 1.0, section 4.5: each proof of a set is verified by itself.",
	)
	p := newPeer(t)
	for i := range repeated {
		cred, _ := issue(t, 0, func(issuer string) map[string]any { return graduate(i, issuer) }, dataintegrity.IssueOptions{})
		second, err := keys.Generate(keys.P256)
		if err != nil {
			t.Fatal(err)
		}
		both, err := dataintegrity.AddProof(t.Context(), second, cred.Bytes(), &dataintegrity.ProofOptions{
			Method: didkey.URL(second.Public()), Purpose: did.AssertionMethod, Created: created.AddDate(0, 0, 1),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), both, allKeys, &dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: now}); err != nil {
			t.Fatal(err)
		}
		if p.check(both) == nil {
			t.Fatal("it was read there")
		}
		r.Case()
	}
}

// TestWhatTheyAccept: documents that must be refused, which vc-go reads without an error. Who builds on it has to check these by himself.
func TestWhatTheyAccept(t *testing.T) {
	replaced := func(b []byte, old, new string) []byte {
		out := bytes.Replace(b, []byte(old), []byte(new), 1)
		if bytes.Equal(out, b) {
			t.Fatalf("no %s in %s", old, b)
		}
		return out
	}
	for _, c := range []struct {
		what, code, why, right string
		make                   func(t *testing.T, i int) (document []byte, issuer keys.PublicKey)
	}{
		{
			"Data Integrity: credential with a proof by somebody else's key", "vc.issuer.kid.foreign",
			"vc-go never compares the issuer with whose key the proof is by: anybody can issue in anybody's name.",
			"realdid: Controlled Identifiers 1.0, section 3.3: a method is that of its controller, and stands in the relationship that is asked for, or there is an error; so a proof by it is that of no other issuer. VCDM 2.0, appendix A.3, which is informative, says the same.",
			func(t *testing.T, i int) ([]byte, keys.PublicKey) {
				victim, err := keys.Generate(keys.Ed25519)
				if err != nil {
					t.Fatal(err)
				}
				thief, err := keys.Generate(suites[i%len(suites)].ours)
				if err != nil {
					t.Fatal(err)
				}
				return signAs(t, thief, graduate(i, victim.Public().DIDKey())), victim.Public()
			},
		},
		{
			"Data Integrity: proof that got an id on the way", "vc.signature.invalid",
			"vc-go makes the proof configuration of the members that it knows, so that id, nonce and previousProof are not signed: anybody can add, change or remove them.",
			"realdid: EdDSA Cryptosuites 1.0, section 3.2.5, and ECDSA Cryptosuites 1.0, section 3.2.5: the proof configuration is a clone of the proof options.",
			func(t *testing.T, i int) ([]byte, keys.PublicKey) {
				cred, k := issue(t, i, func(issuer string) map[string]any { return graduate(i, issuer) }, dataintegrity.IssueOptions{})
				return replaced(cred.Bytes(), `"proof":{`, `"proof":{"id":"urn:example:proof",`), k.Public()
			},
		},
		{
			"Data Integrity: claims that no context defines", "dataintegrity.jsonld.term",
			"vc-go drops such claims in silence when it checks: anybody can add and change them. Here they are an error.",
			"realdid: Data Integrity 1.0, \"Securing Data Losslessly\": where JSON-LD drops data, an error must be thrown (DATA_LOSS_DETECTION_ERROR).",
			func(t *testing.T, i int) ([]byte, keys.PublicKey) {
				cred, k := issue(t, i, func(issuer string) map[string]any {
					return map[string]any{ // the other context has a word for everything
						"@context": []any{"https://www.w3.org/ns/credentials/v2"}, "type": []any{"VerifiableCredential"}, "issuer": issuer,
						"credentialSubject": map[string]any{"id": "did:example:graduate", "name": "Ada"},
					}
				}, dataintegrity.IssueOptions{})
				return replaced(cred.Bytes(), `"name":`, `"grade":"excellent","name":`), k.Public()
			},
		},
		{
			"Data Integrity: credential after its validUntil", "vc.time.expired",
			"vc-go does not compare the times of a credential with the clock; that is left to its caller.",
			"both: VCDM 2.0, section 4.9, says what validUntil means, and appendix A, which is informative, that it is looked at; the caller of vc-go has to do that.",
			func(t *testing.T, i int) ([]byte, keys.PublicKey) {
				cred, k := issue(t, i, func(issuer string) map[string]any {
					m := graduate(i, issuer)
					m["validUntil"] = "2024-03-31T00:00:00Z"
					return m
				}, dataintegrity.IssueOptions{})
				return cred.Bytes(), k.Public()
			},
		},
	} {
		t.Run(c.what, func(t *testing.T) {
			r := differing(t, c.what, matrix.RefusedByUs, c.why, c.right)
			p := newPeer(t)
			for i := range repeated {
				document, issuer := c.make(t, i)
				if _, err := p.parse(document); err != nil {
					t.Fatalf("vc-go refuses it as well: %v", err)
				}
				if _, err := verify(t, dataintegrity.Received(document, nil), issuer, nil); vc.Code(err) != c.code {
					t.Fatalf("got %v, want %s", err, c.code)
				}
				r.Case()
			}
		})
	}
}

// signAs signs a document by a key that need not be its issuer's.
func signAs(t *testing.T, k *keys.PrivateKey, m map[string]any) []byte {
	t.Helper()
	signed, err := dataintegrity.AddProof(t.Context(), k, marshal(t, m), &dataintegrity.ProofOptions{
		Method: didkey.URL(k.Public()), Purpose: did.AssertionMethod, Created: created,
	})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// TestDraftNames: suites under the names that drafts gave them.
func TestDraftNames(t *testing.T) {
	r := differing(
		t, "Data Integrity: ecdsa-2019, as drafts called the suite", matrix.RefusedByUs,
		"vc-go writes and reads the name of drafts beside that of the Recommendation.",
		"realdid: ECDSA Cryptosuites 1.0, section 2.2.1, knows ecdsa-rdfc-2019, ecdsa-jcs-2019 and ecdsa-sd-2023 alone. Let vc-go sign with SuiteTypeNew.",
	)
	p := newPeer(t)
	for i := range repeated {
		j, k := p.newKey(t, 1+i%2)
		signed := p.signWith(t, marshal(t, graduate(i, k.DIDKey())), j, k, models.ProofOptions{SuiteType: ecdsa2019.SuiteType, Purpose: theirs.AssertionMethod, Created: created})
		if !strings.Contains(string(signed), `"ecdsa-2019"`) {
			t.Fatalf("got %s", signed)
		}
		if err := p.check(signed); err != nil {
			t.Fatal(err)
		}
		if _, err := verify(t, dataintegrity.Received(signed, nil), k, nil); vc.Code(err) != "dataintegrity.proof.cryptosuite" {
			t.Fatalf("got %v", err)
		}
		r.Case()
	}
}
