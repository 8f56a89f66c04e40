package vcalm_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// The assertions that the suites of all cryptosuites share (w3c-ccg/data-integrity-test-suite-assertion), in our words.

var modelVersions = map[string]object{
	"1.1": {
		"@context": []string{contextV1}, "type": []string{"VerifiableCredential"}, "issuanceDate": "2020-03-16T22:37:26.544Z",
		"credentialSubject": object{"id": "did:key:z6MktKwz7Ge1Yxzr4JHavN33wiwa8y81QdcMRLXQsrH9T53b"},
	},
	"2.0": {"@context": []string{contextV2}, "type": []string{"VerifiableCredential"}, "credentialSubject": object{"name": "Alice"}},
}

func split(path string) (suite, key string) {
	suite, key, _ = strings.Cut(path, "/")
	return suite, key
}

func suiteOf(path string) dataintegrity.Cryptosuite {
	name, key := split(path)
	for _, c := range suites[key] {
		if c.Name() == name {
			return c
		}
	}
	panic(path)
}

var (
	base58    = regexp.MustCompile(`^z[1-9A-HJ-NP-Za-km-z]+$`)
	base64url = regexp.MustCompile(`^u[A-Za-z0-9_-]+$`)
	seconds   = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$`)
)

// selective tells the suites of which a holder derives.
func selective(path string) bool {
	_, ok := suiteOf(path).(dataintegrity.Selective)
	return ok
}

// testIssuer restates what is asked of issuers.
func testIssuer(t *testing.T, path string) {
	suite, key := split(path)
	s := newServer(t, nil)
	for version, doc := range modelVersions {
		t.Run(path+" "+version, func(t *testing.T) {
			s.t = t
			c := s.issue(path, with(t, doc, object{"id": "urn:uuid:0d1ea1ad-8b1d-4a0c-9f4c-000000000001"}), nil)
			proof, values := proofOf(c), base58
			dates := seconds
			if selective(path) {
				values = base64url
			}
			if path == bbsPath { // a time would tell showings apart
				dates = regexp.MustCompile("^$")
			}
			value, _ := proof["proofValue"].(string)
			created, _ := proof["created"].(string)
			method, _ := proof["verificationMethod"].(string)
			if proof["type"] != "DataIntegrityProof" || proof["cryptosuite"] != suite || proof["proofPurpose"] != "assertionMethod" || !values.MatchString(value) ||
				!dates.MatchString(created) || method != didOf(key)+"#"+strings.TrimPrefix(didOf(key), "did:key:") {
				t.Errorf("got %v", proof)
			}
			if selective(path) {
				s.bad(c) // a base proof is for the holder
				c, _ = s.derive(c, "/credentialSubject").body["verifiableCredential"].(object)
			}
			s.good(c)
			for name, more := range map[string]object{
				"a type without a meaning":  {"type": []string{"VerifiableCredential", "InvalidType"}},
				"a claim without a meaning": {"credentialSubject": object{"id": "did:example:a", "invalidTerm": "x"}},
				"no subject":                {"credentialSubject": nil},
				"another issuer":            {"issuer": "did:example:somebody"},
			} {
				if a := s.tryIssue(path, with(t, doc, more), nil); a.status != http.StatusBadRequest {
					t.Errorf("%s: %d %s", name, a.status, a.raw)
				}
			}
		})
	}
}

// faultyProofs are what must not verify, and the reason.
var faultyProofs = []struct {
	name    string
	change  func(c, proof object)
	options object
	reason  string // a code, or the title of the problem
}{
	{"no proof", func(c, _ object) { delete(c, "proof") }, nil, "dataintegrity.proof.missing"},
	{"proof is null", func(c, _ object) { c["proof"] = nil }, nil, ""},
	{"proof is text", func(c, _ object) { c["proof"] = "uabc" }, nil, ""},
	{"no type", func(_, p object) { delete(p, "type") }, nil, "vcdm.proof"},
	{"another type", func(_, p object) { p["type"] = "UnknownProofType" }, nil, "dataintegrity.proof.type"},
	{"no cryptosuite", func(_, p object) { delete(p, "cryptosuite") }, nil, "dataintegrity.proof.malformed"},
	{"unknown cryptosuite", func(_, p object) { p["cryptosuite"] = "unknown-cryptosuite-2017" }, nil, "dataintegrity.proof.cryptosuite"},
	{"no method", func(_, p object) { delete(p, "verificationMethod") }, nil, "dataintegrity.proof.malformed"},
	{"malformed method", func(_, p object) { p["verificationMethod"] = "did:key:invalidVm" }, nil, "dataintegrity.method.url"},
	{"key of nobody", func(_, p object) { p["verificationMethod"] = "did:key:zzzz#zzzz" }, nil, ""},
	{"no purpose", func(_, p object) { delete(p, "proofPurpose") }, nil, "dataintegrity.proof.malformed"},
	{"another purpose", func(_, p object) { p["proofPurpose"] = "invalidPurpose" }, nil, "dataintegrity.proof.purpose"},
	{"a purpose that was not expected", func(_, _ object) {}, object{"expectedProofPurpose": "authentication"}, "dataintegrity.proof.purpose"},
	{"no value", func(_, p object) { delete(p, "proofValue") }, nil, "dataintegrity.proof.malformed"},
	{"value is null", func(_, p object) { p["proofValue"] = nil }, nil, "dataintegrity.proof.malformed"},
	{"value without its base", func(_, p object) { p["proofValue"] = p["proofValue"].(string)[1:] }, nil, ""},
	{"short value", func(_, p object) { p["proofValue"] = "z5nmMBw2u9TGKd9NxxHJtyZKgjN2Eh" }, nil, ""},
	{"created is no time", func(_, p object) { p["created"] = "invalidDate" }, nil, "dataintegrity.proof.malformed"},
	{"created without a zone", func(_, p object) { p["created"] = "2025-01-01T00:00:00" }, nil, "dataintegrity.proof.malformed"},
	{"expires is no time", func(_, p object) { p["expires"] = "invalidDate" }, nil, "dataintegrity.proof.malformed"},
	{"expired", func(_, p object) { p["expires"] = now.Add(-time.Minute).Format(time.RFC3339) }, nil, "dataintegrity.proof.expired"},
	{"another created", func(_, p object) { p["created"] = "2020-01-01T00:00:00Z" }, nil, "vc.signature.invalid"},
	{"domain", func(_, _ object) {}, object{"domain": "domain.example"}, "dataintegrity.proof.domain"},
	{"another domain", func(_, p object) { p["domain"] = "other.example" }, object{"domain": "domain.example"}, "dataintegrity.proof.domain"},
	{"challenge", func(_, _ object) {}, object{"challenge": "1235abcd6789"}, "dataintegrity.proof.challenge"},
	{"another subject", func(c, _ object) { c["credentialSubject"] = object{"id": "urn:invalid"} }, nil, ""},
	{"another issuer", func(c, _ object) { c["issuer"] = "did:key:z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj" }, nil, "vc.signature.invalid"},
	{"another id", func(c, _ object) { c["id"] = "urn:uuid:0d1ea1ad-8b1d-4a0c-9f4c-000000000002" }, nil, "vc.signature.invalid"},
	{"no id", func(c, _ object) { delete(c, "id") }, nil, ""},
	{"a claim without a meaning", func(c, _ object) { c["credentialSubject"].(object)["undefinedTerm"] = "IfDroppedWillVerify" }, nil, ""},
	{"a type without a meaning", func(c, _ object) { c["type"] = append(c["type"].([]any), "UndefinedType") }, nil, ""},
	{"a term that a context mapped to nothing", func(c, _ object) {
		c["@context"] = append(c["@context"].([]any), object{"lost": nil})
		c["lost"] = "x"
	}, nil, ""},
	{"base of IRIs is null", func(c, _ object) {
		c["@context"] = append(c["@context"].([]any), object{"@base": nil})
		c["credentialSubject"].(object)["id"] = "relative"
	}, nil, ""},
}

// testVerifier restates what is asked of verifiers. The proofs are made here, by a key that is an issuer's.
func testVerifier(t *testing.T, path string) {
	_, key := split(path)
	s := newServer(t, nil)
	for version, doc := range modelVersions {
		document := with(t, doc, object{"id": "urn:uuid:0d1ea1ad-8b1d-4a0c-9f4c-000000000001", "issuer": didOf(key)})
		if version == "1.1" {
			document["@context"] = []string{contextV1, dataintegrity.ContextV2}
		}
		secured := func(t *testing.T, opt dataintegrity.ProofOptions) object {
			t.Helper()
			opt.Cryptosuite = suiteOf(path)
			if !selective(path) {
				return signed(t, key, document, opt)
			}
			mandatory := []string{"/issuer"}
			if version == "1.1" {
				mandatory = append(mandatory, "/issuanceDate")
			}
			opt.Cryptosuite = suiteOf(path).(dataintegrity.MandatorySuite).WithMandatory(mandatory)
			return s.derive(signed(t, key, document, opt), "/credentialSubject").body["verifiableCredential"].(object)
		}
		t.Run(path+" "+version, func(t *testing.T) {
			s.t = t
			s.good(secured(t, dataintegrity.ProofOptions{}))
			s.good(secured(t, dataintegrity.ProofOptions{Created: now.AddDate(-1, 0, 0)}))
			s.good(secured(t, dataintegrity.ProofOptions{Undated: true}))
			s.good(secured(t, dataintegrity.ProofOptions{Expires: now.AddDate(1, 0, 0)}))
			s.good(secured(t, dataintegrity.ProofOptions{Domain: []string{"a.example", "b.example"}, Challenge: "c"}), object{"domain": []string{"b.example", "a.example"}, "challenge": "c"})
			s.bad(secured(t, dataintegrity.ProofOptions{Created: now.AddDate(0, 0, -2), Expires: now.AddDate(0, 0, -1)}))
			s.bad(secured(t, dataintegrity.ProofOptions{Created: now.AddDate(0, 0, 1)}))
			if !selective(path) { // from which nothing is derived then
				s.bad(secured(t, dataintegrity.ProofOptions{Purpose: did.Authentication}))
			}
			s.bad(secured(t, dataintegrity.ProofOptions{Domain: []string{"a.example"}, Challenge: "c"}), object{"domain": "b.example"}, object{"challenge": "d"})
			for _, not := range []any{string(marshal(t, document)), object{}, nil, 1, []any{}} {
				s.bad(not)
			}
			c := secured(t, dataintegrity.ProofOptions{})
			for _, f := range faultyProofs {
				x := changed(t, c, func(x object) { f.change(x, proofOf(x)) })
				a := s.verify(x, f.options)
				if a.verified() {
					t.Errorf("%s: verified", f.name)
				}
				if code, _ := a.list("errors")[0].(object)["code"].(string); f.reason != "" && !strings.HasPrefix(code, f.reason) {
					t.Errorf("%s: %s", f.name, a.raw)
				}
			}
			if !selective(path) {
				testSeveralProofs(t, s, path, document)
			}
		})
	}
}

// testSeveralProofs restates proof sets and proof chains. The last two are those that the JavaScript reference server accepts.
func testSeveralProofs(t *testing.T, s *server, path string, document object) {
	_, key := split(path)
	const first, second, nowhere = "urn:uuid:0d1ea1ad-8b1d-4a0c-9f4c-0000000000f1", "urn:uuid:0d1ea1ad-8b1d-4a0c-9f4c-0000000000f2", "urn:uuid:0d1ea1ad-8b1d-4a0c-9f4c-0000000000f3"
	suite := suiteOf(path)
	one := signed(t, key, document, dataintegrity.ProofOptions{Cryptosuite: suite, ID: first})
	set := signed(t, key, one, dataintegrity.ProofOptions{Cryptosuite: suite, ID: second})
	s.good(set)
	s.good(signed(t, "other", one, dataintegrity.ProofOptions{})) // one of the proofs is the issuer's
	proofs := func(c object) []any { return c["proof"].([]any) }
	s.bad(changed(t, set, func(c object) { proofs(c)[0].(object)["proofValue"] = proofs(c)[1].(object)["proofValue"] }))
	chain := signed(t, key, one, dataintegrity.ProofOptions{Cryptosuite: suite, PreviousProof: []string{first}})
	list := signed(t, key, set, dataintegrity.ProofOptions{Cryptosuite: suite, PreviousProof: []string{first, second}})
	s.good(chain)
	s.good(list)
	s.bad(changed(t, chain, func(c object) { delete(proofs(c)[0].(object), "id") }))
	s.bad(changed(t, chain, func(c object) { c["proof"] = proofs(c)[1] }))
	s.bad(changed(t, list, func(c object) { c["proof"] = proofs(c)[1:] }))
	s.bad(changed(t, chain, func(c object) { proofs(c)[1].(object)["previousProof"] = 456321 }))
	s.bad(changed(t, chain, func(c object) { delete(proofs(c)[1].(object), "previousProof") }))
	for _, missing := range []any{nowhere, []string{nowhere}, []string{first, nowhere}} {
		x := changed(t, chain, func(c object) { proofs(c)[1].(object)["previousProof"] = missing })
		a := s.verify(x, nil)
		if code, _ := a.list("errors")[0].(object)["code"].(string); a.verified() || !strings.HasPrefix(code, "dataintegrity.proof.previous") {
			t.Errorf("previousProof %v: %s", missing, a.raw)
		}
	}
}
