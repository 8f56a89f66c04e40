package dataintegrity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// attacked is what an issuer signs and somebody else rewrites.
const attacked = `{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],"id":"urn:example:c",` +
	`"type":["VerifiableCredential","ExampleAlumniCredential"],"issuer":"did:example:authority","validUntil":"2027-01-01T00:00:00Z",` +
	`"credentialSubject":{"id":"did:example:citizen","alumniOf":"Example"}}`

// rewrite is what an attacker does to a credential whose proof stays valid.
type rewrite struct {
	name   string
	issue  []string // old, new, …: what the issuer signs instead of attacked
	after  []string // old, new, …: what the attacker makes of it
	expiry bool     // the proof has expired
	code   string   // "" if it is harmless
}

const proofEnd = "2026-11-01T11:00:00Z"

var rewrites = []rewrite{
	{name: "nothing"},
	{
		name: "the end of a proof by its IRI", expiry: true, code: "dataintegrity.jsonld.rewritable",
		after: []string{`"expires":"` + proofEnd + `"`, `"https://w3id.org/security#expiration":{"@type":"http://www.w3.org/2001/XMLSchema#dateTime","@value":"` + proofEnd + `"}`},
	},
	{
		name: "the end of a proof by the word of another context", expiry: true, code: "dataintegrity.jsonld.rewritable",
		after: []string{`"expires":`, `"expiration":`, `examples/v2"`, `examples/v2","https://w3id.org/security/v1"`},
	},
	{
		name:  "the end of validity where the terms of use name the credential",
		issue: []string{`"Example"}`, `"Example"},"termsOfUse":{"type":"IssuerPolicy","target":{"id":"urn:example:c"}}`, "2027", "2026"},
		after: []string{
			`"validUntil":"2026-01-01T00:00:00Z",`, ``,
			`"target":{"id":"urn:example:c"}`, `"target":{"id":"urn:example:c","type":"VerifiableCredential","validUntil":"2026-01-01T00:00:00Z"}`,
		},
		code: "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "the status where the subject names the credential",
		issue: []string{`"Example"}`, `"Example","seeAlso":{"id":"urn:example:c"}},"credentialStatus":{"id":"urn:example:s","type":"ExampleStatus"}`},
		after: []string{
			`"credentialStatus":{"id":"urn:example:s","type":"ExampleStatus"},`, ``,
			`"seeAlso":{"id":"urn:example:c"}`, `"seeAlso":{"id":"urn:example:c","type":"VerifiableCredential","credentialStatus":{"id":"urn:example:s","type":"ExampleStatus"}}`,
		},
		code: "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "claims of a subject in two objects",
		issue: []string{`"Example"`, `"Example","banned":true`},
		after: []string{`{"id":"did:example:citizen","alumniOf":"Example","banned":true}`, `[{"id":"did:example:citizen","alumniOf":"Example"},{"id":"did:example:citizen","banned":true}]`},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "claims of a subject in the issuer's object",
		issue: []string{`"Example"`, `"Example","banned":true`, "did:example:citizen", "did:example:authority"},
		after: []string{
			`,"alumniOf":"Example","banned":true`, ``,
			`"issuer":"did:example:authority"`, `"issuer":{"id":"did:example:authority","alumniOf":"Example","banned":true}`,
		},
		code: "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "size of a status entry where the subject names the entry",
		issue: []string{`"Example"}`, `"Example","about":{"id":"urn:example:s"}},"credentialStatus":` + statusOfTwoBits},
		after: []string{statusOfTwoBits, statusStart + `}`, `"about":{"id":"urn:example:s"}`, `"about":{"id":"urn:example:s","type":"BitstringStatusListEntry"` + statusSize},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "a value twice",
		issue: []string{`"Example"`, `"Example","vouchers":[50]`},
		after: []string{`[50]`, `[50,50.0]`},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "a nested object in two halves",
		issue: []string{`"Example"`, `"Example","license":{"class":"B","limit":45}`},
		after: []string{`{"class":"B","limit":45}`, `[{"id":"_:x","class":"B"},{"id":"_:x","limit":45}]`},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "different values and lists",
		issue: []string{`"Example"`, `["Example","Other"],"vouchers":[50,51,{"@value":50,"@type":"https://a.example/t"}],"license":[{"class":"B"},{"class":"B","license":{"class":"B"}}]`},
	},
	{
		name:  "a subject's identifier by an alias of another context",
		after: []string{`examples/v2"`, `examples/v2","https://www.w3.org/ns/odrl.jsonld"`, `"id":"did:example:citizen"`, `"uid":"did:example:citizen"`},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "the end of validity in another term for it",
		after: []string{`examples/v2"`, `examples/v2","https://contexts.example/more"`, `"validUntil":"2027-01-01T00:00:00Z"`, `"endOfLife":"2027-01-01T00:00:00Z"`},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "the end of validity in a nest",
		after: []string{`examples/v2"`, `examples/v2","https://contexts.example/more"`, `"validUntil":"2027-01-01T00:00:00Z"`, `"details":{"validUntil":"2027-01-01T00:00:00Z"}`},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "the end of validity beside the credential",
		after: []string{`examples/v2"`, `examples/v2","https://contexts.example/more"`, `"validUntil":"2027-01-01T00:00:00Z"`, `"beside":{"id":"urn:example:c","type":"VerifiableCredential","validUntil":"2027-01-01T00:00:00Z"}`},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "a claim of the subject as a reverse property of its value",
		issue: []string{`examples/v2"`, `examples/v2","https://contexts.example/more"`, `"Example"`, `"Example","banned":{"id":"urn:example:b","alumniOf":"All"},"friend":{"id":"urn:example:b"}`},
		after: []string{`"banned":{"id":"urn:example:b","alumniOf":"All"}`, `"name":"x"`, `"friend":{"id":"urn:example:b"}`, `"friend":{"id":"urn:example:b","alumniOf":"All","bannedFrom":"did:example:citizen"}`, `"name":"x",`, ``},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "a whole number beyond a double",
		issue: []string{`"Example"`, `"Example","account":9007199254740992`},
		after: []string{`9007199254740992`, `9007199254740993`},
		code:  "dataintegrity.json.number",
	},
	{
		name:  "a very small number for none",
		issue: []string{`"Example"`, `"Example","account":0`},
		after: []string{`"account":0`, `"account":1e-400`},
		code:  "dataintegrity.json.number",
	},
	{
		name:  "more digits than a double has",
		issue: []string{`"Example"`, `"Example","account":4503599627370495.5`},
		after: []string{`4503599627370495.5`, `4503599627370495.6`},
		code:  "dataintegrity.json.number",
	},
	{
		name:  "the same number",
		issue: []string{`"Example"`, `"Example","account":-120.25`},
		after: []string{`-120.25`, `-1.20250E+02`},
	},
	{
		name:  "a subject's identifier with a prefix",
		issue: []string{`examples/v2"`, `examples/v2","https://contexts.example/more"`, `did:example:citizen`, `https://people.example/mallory`},
		after: []string{`https://people.example/mallory`, `people:mallory`},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "size of a status entry in other terms",
		issue: []string{`"Example"}`, `"Example"},"credentialStatus":` + statusOfTwoBits},
		after: []string{`examples/v2"`, `examples/v2","https://contexts.example/more"`, `"statusSize"`, `"bits"`, `"statusMessage"`, `"said"`},
		code:  "dataintegrity.jsonld.rewritable",
	},
	{
		name:  "a reference to the subject beside it",
		issue: []string{`"Example"}`, `"Example"},"about":{"id":"did:example:citizen"}`},
	},
	{
		name:  "issuer and others in several objects",
		issue: []string{`"did:example:authority"`, `{"id":"did:example:authority","name":"Authority"}`, `"Example"`, `"Example","creator":{"id":"did:example:authority","name":"Authority"},"self":{"id":"did:example:citizen"},"about":{"id":"urn:example:c"}`},
	},
}

const (
	statusOfTwoBits = statusStart + statusSize
	statusStart     = `{"id":"urn:example:s","type":"BitstringStatusListEntry","statusPurpose":"message","statusListIndex":"7","statusListCredential":"https://authority.example/1"`
	statusSize      = `,"statusSize":2,"statusMessage":[{"status":"0x0","message":"a"},{"status":"0x1","message":"b"},{"status":"0x2","message":"c"},{"status":"0x3","message":"d"}]}`
)

// TestRewrittenByOthers changes what is read and not what RDF says.
func TestRewrittenByOthers(t *testing.T) {
	contexts, err := jsonld.NewContexts(map[string][]byte{"https://contexts.example/more": []byte(`{"@context":{"@version":1.1,"details":"@nest","people":"https://people.example/","beside":"@included",` +
		`"endOfLife":{"@id":"https://www.w3.org/2018/credentials#validUntil","@type":"http://www.w3.org/2001/XMLSchema#dateTime"},` +
		`"bits":{"@id":"https://www.w3.org/ns/credentials/status#statusSize","@type":"https://www.w3.org/2001/XMLSchema#integer"},"said":{"@id":"https://www.w3.org/ns/credentials/status#statusMessage",` +
		`"@context":{"status":"https://www.w3.org/ns/credentials/status#status","message":"https://www.w3.org/ns/credentials/status#message"}},` +
		`"bannedFrom":{"@reverse":"https://www.w3.org/ns/credentials/examples#banned","@type":"@id"}}}`)})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("eddsa-rdfc-2022", func(t *testing.T) {
		rewriteCredentials(t, contexts, dataintegrity.EdDSARDFC2022{}, keys.Ed25519)
	})
	for name, s := range selectives {
		t.Run(name, func(t *testing.T) { rewriteCredentials(t, contexts, s.suite, s.algorithm) })
	}
}

func rewriteCredentials(t *testing.T, contexts *jsonld.Contexts, suite dataintegrity.Cryptosuite, algorithm keys.Algorithm) {
	known := &dataintegrity.Options{Contexts: contexts, Cryptosuites: understood().Cryptosuites}
	for _, v := range rewrites {
		t.Run(v.name, func(t *testing.T) {
			p := newParties(t, algorithm, keys.Ed25519)
			opt := dataintegrity.IssueOptions{Cryptosuite: suite, Created: p.now.Add(-2 * time.Hour), Contexts: contexts}
			if v.expiry {
				opt.Expires = p.now.Add(-time.Hour)
			}
			cred, err := dataintegrity.IssueJSON(t.Context(), p.issuer, []byte(strings.NewReplacer(v.issue...).Replace(attacked)), &opt)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := suite.(dataintegrity.Selective); ok { // from which the holder derives all
				if cred, err = cred.Derive(t.Context(), []string{""}, nil); err != nil {
					t.Fatal(err)
				}
			}
			b := cred.Bytes()
			for i := 0; i < len(v.after); i += 2 {
				b = replaced(t, b, v.after[i], v.after[i+1])
			}
			policy := p.expectBearer()
			policy.InsecureIgnoreStatus = true
			if _, err := p.verify(t, dataintegrity.Received(b, known), policy); vc.Code(err) != v.code {
				t.Errorf("got %v, want %q: %s", err, v.code, b)
			}
			if v.code != "dataintegrity.jsonld.rewritable" {
				return
			}
			known := &dataintegrity.Options{Contexts: contexts, Cryptosuites: known.Cryptosuites, InsecureRewritable: true}
			if _, err := p.verify(t, dataintegrity.Received(b, known), policy); err != nil {
				t.Errorf("RDF says the same, and with InsecureRewritable: got %v", err)
			}
			if !v.expiry {
				return
			}
			_, err = dataintegrity.InsecureVerifyProofsOnly(t.Context(), b, p.keys, &dataintegrity.ProofPolicy{
				Purpose: did.AssertionMethod, Now: p.now, Options: dataintegrity.Options{Cryptosuites: known.Cryptosuites},
			})
			if vc.Code(err) != v.code {
				t.Errorf("InsecureVerifyProofsOnly: got %v, want %s", err, v.code)
			}
		})
	}
}

// TestNumberBeyondADoubleOverJSON shows that canonical JSON knows no more digits than RDF does.
func TestNumberBeyondADoubleOverJSON(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	signed := strings.Replace(attacked, `"Example"`, `"Example","account":9007199254740992`, 1)
	cred, err := dataintegrity.IssueJSON(t.Context(), p.issuer, []byte(signed), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.EdDSAJCS2022{}, Created: p.now})
	if err != nil {
		t.Fatal(err)
	}
	b := replaced(t, cred.Bytes(), `9007199254740992`, `9007199254740993`)
	if got, err := p.verify(t, dataintegrity.Received(b, nil), p.expectBearer()); vc.Code(err) != "dataintegrity.json.number" {
		t.Errorf("got %v, %v", got, err)
	}
}

// TestExactNumbers tells decimals that are doubles from those that are not.
func TestExactNumbers(t *testing.T) {
	for s, ok := range map[string]bool{
		"0": true, "-0": true, "0.0": true, "0e99999999": true, "10": true, "1e1": true, "0.1": true, "0.10": true, "1E-1": true, "100e-3": true,
		"0.30000000000000004": true, "9007199254740991": true, "9007199254740992": true, "1e21": true, "1000000000000000000000": true,
		"1.7976931348623157e308": true, "5e-324": true, "123456789012345": true, "0.00000000000000000001": true, "-12.5e0000000001": true,
		"9007199254740993": false, "-9007199254740993": false, "1e-400": false, "1e-99999999999": false, "0.10000000000000000999": false,
		"3.14159265358979323846": false, "1180591620717411303424": false, "2.2250738585072011e-3080": false,
	} {
		doc := `{"@context":"https://www.w3.org/ns/credentials/v2","a":[{"n":` + s + `}]}`
		_, err := dataintegrity.Parse([]byte(doc), nil)
		if got := vc.Code(err) != "dataintegrity.json.number"; got != ok {
			t.Errorf("%s: exact is %v, want %v", s, got, ok)
		}
	}
}
