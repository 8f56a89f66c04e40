package dataintegrity_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// TestAddProofKeepsTheRest compares all bytes but those of proof and @context.
func TestAddProofKeepsTheRest(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	const di = `"https://w3id.org/security/data-integrity/v2"`
	for _, c := range []struct {
		name, before, after string // %: the proof
		suite               dataintegrity.Cryptosuite
	}{
		{"empty", `{}`, `{"proof":%}`, jcs},
		{"white space", " {\n  \"a\" : 1\n} \n", " {\n  \"a\" : 1,\"proof\":%} \n", jcs},
		{"escapes and numbers", `{"\u0061":1.50e0,"b":"\/"}`, `{"\u0061":1.50e0,"b":"\/","proof":%}`, jcs},
		{"context that explains proofs", `{"@context":"https://www.w3.org/ns/credentials/v2","id":"urn:x"}`, `{"@context":"https://www.w3.org/ns/credentials/v2","id":"urn:x","proof":%}`, jcs},
		{"context that does not", `{"@context":"https://www.w3.org/2018/credentials/v1","id":"urn:x"}`, `{"@context":["https://www.w3.org/2018/credentials/v1",` + di + `],"id":"urn:x","proof":%}`, jcs},
		{"list of contexts", `{"@context":[ "https://www.w3.org/2018/credentials/v1" ],"type":"VerifiableCredential"}`, `{"@context":[ "https://www.w3.org/2018/credentials/v1" ,` + di + `],"type":"VerifiableCredential","proof":%}`, rdfc},
		{"empty list of contexts", `{"@context":[]}`, `{"@context":[` + di + `],"proof":%}`, jcs},
		{"context as an object", `{"@context":{"@version":1.1,"p":"urn:p"},"p":"v"}`, `{"@context":[{"@version":1.1,"p":"urn:p"},` + di + `],"p":"v","proof":%}`, rdfc},
		{"no context, over RDF", `{"type":"DataIntegrityProof"}`, `{"@context":` + di + `,"type":"DataIntegrityProof","proof":%}`, rdfc},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := dataintegrity.AddProof(t.Context(), p.issuerKey, []byte(c.before), &dataintegrity.ProofOptions{
				Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: c.suite, Created: p.now,
			})
			if err != nil {
				t.Fatal(err)
			}
			head, tail, _ := strings.Cut(c.after, "%")
			if !strings.HasPrefix(string(got), head) || !strings.HasSuffix(string(got), tail) {
				t.Errorf("got %s, want %s", got, c.after)
			}
			policy := dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: p.now}
			if _, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), got, p.keys, &policy); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestAddProofRefuses(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	signed := string(p.authenticated(t, nil))
	for _, c := range []struct {
		name, document string
		change         func(*dataintegrity.ProofOptions)
		code           string // "" for an error without one
	}{
		{"no object", `[]`, nil, "dataintegrity.json.syntax"},
		{"a member twice", `{"a":1,"a":2}`, nil, "dataintegrity.json.duplicate"},
		{"too large", `{"a":"` + strings.Repeat("a", dataintegrity.MaxSize-20) + `"}`, nil, "dataintegrity.json.limit"},
		{"proof is no object", `{"proof":1}`, nil, ""},
		{"no proofs in the list", `{"proof":[]}`, nil, ""},
		{"malformed proof in the list", `{"proof":[{"type":"DataIntegrityProof"}]}`, nil, "dataintegrity.proof.malformed"},
		{"proof without a value", strings.Replace(signed, `"proofValue"`, `"value"`, 1), nil, "dataintegrity.proof.malformed"},
		{"method without a fragment", `{}`, func(o *dataintegrity.ProofOptions) { o.Method = p.issuer.Method.DID().URL() }, ""},
		{"no method", `{}`, func(o *dataintegrity.ProofOptions) { o.Method = did.URL{} }, ""},
		{"no purpose", `{}`, func(o *dataintegrity.ProofOptions) { o.Purpose = 0 }, ""},
		{"two purposes", `{}`, func(o *dataintegrity.ProofOptions) { o.Purpose = did.AssertionMethod | did.Authentication }, ""},
		{"id that is no URL", `{}`, func(o *dataintegrity.ProofOptions) { o.ID = "first" }, ""},
		{"id with a space", `{}`, func(o *dataintegrity.ProofOptions) { o.ID = "urn:first proof" }, ""},
		{"id of another proof", signed, func(o *dataintegrity.ProofOptions) {}, "dataintegrity.proof.id"},
		{"dated and undated", `{}`, func(o *dataintegrity.ProofOptions) { o.Undated = true }, ""},
		{"year 10000", `{}`, func(o *dataintegrity.ProofOptions) { o.Created = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, ""},
		{"end before the beginning", `{}`, func(o *dataintegrity.ProofOptions) { o.Expires = o.Created.Add(-time.Second) }, "dataintegrity.proof.malformed"},
		{"a domain twice", `{}`, func(o *dataintegrity.ProofOptions) { o.Domain = []string{"a", "a"} }, "dataintegrity.proof.malformed"},
		{"previousProof to nowhere", signed, func(o *dataintegrity.ProofOptions) { o.ID, o.PreviousProof = "", []string{"urn:other"} }, "dataintegrity.proof.previous"},
		{"previousProof to itself", signed, func(o *dataintegrity.ProofOptions) {
			o.ID = "urn:second"
			o.PreviousProof = []string{"urn:second"}
		}, "dataintegrity.proof.previous"},
		{"suite for other keys", `{}`, func(o *dataintegrity.ProofOptions) { o.Cryptosuite = dataintegrity.ECDSAJCS2019{} }, ""},
		{"undefined term", `{"@context":"https://www.w3.org/ns/credentials/v2","undefined":"x"}`, func(o *dataintegrity.ProofOptions) { o.Cryptosuite = rdfc }, "dataintegrity.jsonld.term"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opt := dataintegrity.ProofOptions{Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: jcs, Created: p.now, ID: "urn:first"}
			if c.change != nil {
				c.change(&opt)
			}
			if c.name == "id of another proof" {
				again, err := dataintegrity.AddProof(t.Context(), p.issuerKey, []byte(c.document), &opt)
				if err != nil {
					t.Fatal(err)
				}
				c.document = string(again)
			}
			got, err := dataintegrity.AddProof(t.Context(), p.issuerKey, []byte(c.document), &opt)
			if err == nil || c.code != "" && vc.Code(err) != c.code {
				t.Errorf("got %s, %v, want %s", got, err, c.code)
			}
		})
	}
	opt := dataintegrity.ProofOptions{Method: p.issuer.Method, Purpose: did.AssertionMethod}
	if _, err := dataintegrity.AddProof(t.Context(), nil, []byte(`{}`), &opt); err == nil {
		t.Error("no signer: got no error")
	}
	if _, err := dataintegrity.AddProof(t.Context(), p.issuerKey, []byte(`{}`), nil); err == nil {
		t.Error("no options: got no error")
	}
	if _, err := dataintegrity.AddProof(t.Context(), generate(t, keys.SM2), []byte(`{}`), &opt); !errors.Is(err, keys.ErrUnsupported) {
		t.Errorf("SM2: got %v", err)
	}
}

// badSigner returns signatures of another length.
type badSigner struct{ keys.Signer }

func (badSigner) Sign(context.Context, []byte) ([]byte, error) { return make([]byte, 63), nil }

func TestAddProofDefaultsAndEdges(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	opt := dataintegrity.ProofOptions{Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: jcs}
	add := func(doc string, opt dataintegrity.ProofOptions) ([]byte, error) {
		return dataintegrity.AddProof(t.Context(), p.issuerKey, []byte(doc), &opt)
	}
	small, err := add(`{"a":""}`, opt)
	if err != nil || !strings.Contains(string(small), `"created":"20`) {
		t.Errorf("without a time it is now: got %s, %v", small, err)
	}
	// Ed25519 signatures have up to one character more or less in base58btc.
	overhead := len(small) - len(`{"a":""}`) - 4
	if _, err := add(`{"a":"`+strings.Repeat("a", dataintegrity.MaxSize-overhead)+`"}`, opt); err == nil {
		t.Error("larger than allowed by its proofValue alone: got no error")
	}
	if _, err := dataintegrity.AddProof(t.Context(), badSigner{p.issuerKey}, []byte(`{}`), &opt); err == nil {
		t.Error("signature of 63 bytes: got no error")
	}
	// A context would break the proof that is there.
	secured, err := add(`{"type":"DataIntegrityProof"}`, opt)
	if err != nil {
		t.Fatal(err)
	}
	opt.Cryptosuite = rdfc
	if got, err := add(string(secured), opt); err == nil {
		t.Errorf("over RDF, beside a proof over JSON without a context: got %s", got)
	}
}

func TestTooManyProofs(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	opt := dataintegrity.ProofOptions{Method: p.issuer.Method, Purpose: did.AssertionMethod, Cryptosuite: jcs, Created: p.now}
	b, err := []byte(`{}`), error(nil)
	for i := range dataintegrity.MaxProofs + 1 {
		if b, err = dataintegrity.AddProof(t.Context(), p.issuerKey, b, &opt); err != nil {
			if i < dataintegrity.MaxProofs || vc.Code(err) != "dataintegrity.proof.limit" {
				t.Errorf("proof %d: got %v", i+1, err)
			}
			return
		}
	}
	t.Errorf("got %d proofs and no error", dataintegrity.MaxProofs+1)
}

func TestIssueRefuses(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	for name, change := range map[string]func(map[string]any){
		"another issuer":    func(c map[string]any) { c["issuer"] = "did:example:stranger" },
		"issuer as a key":   func(c map[string]any) { c["issuer"] = p.issuer.Method.String() },
		"no issuer":         func(c map[string]any) { delete(c, "issuer") },
		"no context":        func(c map[string]any) { delete(c, "@context") },
		"no subject":        func(c map[string]any) { delete(c, "credentialSubject") },
		"no credential":     func(c map[string]any) { c["type"] = []any{"ExampleAlumniCredential"} },
		"unknown context":   func(c map[string]any) { c["@context"] = append(c["@context"].([]any), "https://unknown.example/v1") },
		"Go value":          func(c map[string]any) { c["name"] = struct{}{} },
		"end before start":  func(c map[string]any) { c["validUntil"] = "2020-01-01T00:00:00Z" },
		"relative IRI":      func(c map[string]any) { c["id"] = "credential/1" },
		"redefined keyword": func(c map[string]any) { c["@id"] = "urn:x" },
	} {
		doc := p.credential()
		change(doc)
		if c, err := dataintegrity.Issue(t.Context(), p.issuer, doc, nil); err == nil {
			t.Errorf("%s: got %s", name, c.Bytes())
		}
	}
	if _, err := dataintegrity.Issue(t.Context(), dataintegrity.Issuer{Method: p.issuer.Method}, p.credential(), nil); err == nil {
		t.Error("no signer: got no error")
	}
	if _, err := dataintegrity.IssueJSON(t.Context(), p.issuer, []byte(`{`), nil); vc.Code(err) != "dataintegrity.json.syntax" {
		t.Errorf("no JSON: got %v", err)
	}
}
