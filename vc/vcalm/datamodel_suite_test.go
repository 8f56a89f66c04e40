package vcalm_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/vc/dataintegrity"
)

const (
	nonce  = "u123"
	domain = "github.com/w3c/vc-data-model-2.0-test-suite"
)

// input reads one of the suite's.
func input(t *testing.T, name string) object {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors.Dir(t, "vcdm-2.0"), name))
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, b)
}

// TestDataModelSuite restates w3c/vc-data-model-2.0-test-suite for issuers: its inputs are issued and verify, or are refused.
func TestDataModelSuite(t *testing.T) {
	dir := vectors.Dir(t, "vcdm-2.0")
	files, _ := filepath.Glob(filepath.Join(dir, "credential-*.json"))
	more, _ := filepath.Glob(filepath.Join(dir, "*", "*.json"))
	if files = append(files, more...); len(files) < 45 {
		t.Errorf("got %d inputs", len(files))
	}
	for _, path := range []string{"eddsa-rdfc-2022/Ed25519", "ecdsa-jcs-2019/P-256", sdPath} {
		_, key := split(path)
		for _, file := range files {
			name, _ := filepath.Rel(dir, file)
			c := input(t, name)
			if o, ok := c["issuer"].(object); ok && o["id"] == nil {
				if _, null := o["id"]; !null {
					o["id"] = didOf(key)
				}
			}
			t.Run(path+" "+filepath.Base(file), func(t *testing.T) {
				s := newServer(t, nil)
				a := s.tryIssue(path, c, nil)
				issued, _ := a.body["verifiableCredential"].(object)
				switch {
				case filepath.Base(file) == "credential-proof-ok.json": // its issuer is another
					if a.status != 400 {
						t.Errorf("got %d %s", a.status, a.raw)
					}
				case strings.Contains(name, "-fail"):
					if a.status != 400 || a.header.Get("Content-Type") != "application/problem+json" {
						t.Errorf("got %d %s", a.status, a.raw)
					}
				case issued == nil:
					t.Errorf("got %d %s", a.status, a.raw)
				case path == sdPath:
					s.bad(issued)
				default:
					s.good(issued, object{"checks": []string{"proof"}})
					if a := s.verify(issued, nil); a.verified() == strings.Contains(name, "validuntil") { // those have expired
						t.Errorf("got %s", a.raw)
					}
				}
			})
		}
	}
}

// TestDataModelSuiteTerms has the assertions for which the suite changes a credential itself.
func TestDataModelSuiteTerms(t *testing.T) {
	s := newServer(t, nil)
	const path = "eddsa-rdfc-2022/Ed25519"
	ok := input(t, "credential-ok.json")
	const digest = "sha384-l/HrjlBCNWyAX91hr6LFV2Y3heB5Tcr6IeE4/Tje8YyzYBM8IhqjHWiWpr8+ZbYU"
	const former = "sha384-NSOcNpmdIVUxIJGvGUoe22FjTWrXiaXlsZ8q6912LdnR3KraQO2n75Ica4wK4Qeg" // of a draft of the context
	const formerHash = "uJKGMkOmFbVJhEfKTduMC2XCyvRAYLjOVmZWwIH1wQ7k"
	const other = "sha384-H8BRh8j48O9oYatfu5AZzq6A9RINhZO5H16dQZngK7T62em8MUt1FLm52t+eX6xO"
	resource := object{"id": contextV2, "digestSRI": digest}
	typed := object{"id": "https://example.org/1", "type": "https://example.org/#ExampleTestSuite"}
	for name, f := range map[string]struct {
		more object
		want bool
	}{
		"a span":                 {object{"validFrom": "2025-11-22T00:00:00Z", "validUntil": "2027-11-22T00:00:00Z"}, true},
		"a span backwards":       {object{"validFrom": "2027-11-22T00:00:00Z", "validUntil": "2025-11-22T00:00:00Z"}, false},
		"a date":                 {object{"validFrom": "2022-01-01"}, false},
		"a word":                 {object{"validFrom": "yesterday"}, false},
		"a number":               {object{"validFrom": 1}, false},
		"resource":               {object{"relatedResource": resource}, true},
		"resource, multibase":    {object{"relatedResource": object{"id": contextV2, "digestMultibase": "uWZVc7WaX1h4D8rJVb-vlMIqxaEKEb1tYbX8fet7JJzQ"}}, true},
		"resources":              {object{"relatedResource": []any{with(t, resource, object{"mediaType": "application/ld+json"})}}, true},
		"resource twice":         {object{"relatedResource": []any{resource, resource}}, false},
		"resource without id":    {object{"relatedResource": object{"digestSRI": digest}}, false},
		"resource, no digest":    {object{"relatedResource": object{"id": contextV2}}, false},
		"resource as text":       {object{"relatedResource": "x"}, false},
		"resource, other digest": {object{"relatedResource": []any{object{"id": contextV2, "digestMultibase": "uM4RgWQc3RUDtjJCSgTJtTfvpZ7SPEg_LNO0ESlovQC0"}}}, false},
		"resource, other SRI":    {object{"relatedResource": []any{object{"id": contextV2, "digestSRI": other}}}, false},
		"resource, one former":   {object{"relatedResource": object{"id": contextV2, "digestSRI": former, "digestMultibase": "uM4RgWQc3RUDtjJCSgTJtTfvpZ7SPEg_LNO0ESlovQC0"}}, false},
		"resource, other former": {object{"relatedResource": object{"id": contextV2, "digestSRI": other, "digestMultibase": formerHash}}, false},
		"resource elsewhere":     {object{"relatedResource": object{"id": "https://example.org/1", "digestSRI": other}}, true},
		"former, elsewhere":      {object{"relatedResource": []any{resource, object{"id": contextV1, "digestSRI": former}}}, false},
		"status":                 {object{"credentialStatus": typed}, true},
		"status without id":      {object{"credentialStatus": with(t, typed, object{"id": nil})}, true},
		"status without type":    {object{"credentialStatus": with(t, typed, object{"type": nil})}, false},
		"status, no meaning":     {object{"credentialStatus": object{"type": "ExampleUnmapped"}}, false},
		"status with two ids":    {object{"credentialStatus": with(t, typed, object{"id": []string{"https://a.example", "https://b.example"}})}, false},
		"schema":                 {object{"credentialSchema": typed}, true},
		"schema without type":    {object{"credentialSchema": with(t, typed, object{"type": nil})}, false},
		"terms of use":           {object{"termsOfUse": []any{typed, typed}}, true},
		"terms without type":     {object{"termsOfUse": with(t, typed, object{"type": nil})}, false},
		"evidence":               {object{"evidence": typed}, true},
		"evidence without type":  {object{"evidence": with(t, typed, object{"type": nil})}, false},
		"refreshing":             {object{"refreshService": typed}, true},
		"refresh without type":   {object{"refreshService": with(t, typed, object{"type": nil})}, false},
		"a type that is defined": {object{"@context": []any{contextV2, object{"VerifiableCredential": "https://example.org/x"}}}, false},
	} {
		a := s.tryIssue(path, with(t, ok, f.more), nil)
		if c, issued := a.body["verifiableCredential"].(object); issued != f.want || a.status != map[bool]int{true: 201, false: 400}[f.want] {
			t.Errorf("%s: %d %s", name, a.status, a.raw)
		} else if issued {
			s.good(c, nil, object{})
		}
	}
	// That of a former text is issued, and compared where somebody relies on it.
	for _, r := range []object{{"digestSRI": former}, {"digestMultibase": formerHash}, {"digestSRI": former, "digestMultibase": formerHash}} {
		c := s.issue(path, with(t, ok, object{"relatedResource": with(t, r, object{"id": contextV2})}), nil)
		if a := s.verify(c, nil); a.titles("errors") != "INTEGRITY_PROTECTION_ERROR" {
			t.Errorf("got %s", a.raw)
		}
	}
	// What the request names is an error where it cannot be done, and else a warning.
	c := s.issue(path, with(t, ok, object{"credentialStatus": typed, "credentialSchema": with(t, typed, object{"id": "https://example.org/2", "type": "JsonSchema"})}), nil)
	if a := s.verify(c, nil); a.titles("warnings") != "STATUS_RETRIEVAL_ERROR SCHEMA_NOT_CHECKED" || !a.verified() {
		t.Errorf("got %s", a.raw)
	}
	s.bad(c, object{"checks": []string{"credentialStatus"}}, object{"checks": []string{"credentialSchema"}})
	s.good(c, object{"checks": []string{"proof", "issuer", "validity"}})
	// Temporal bounds bind when they are looked at.
	for _, more := range []object{{"validFrom": "2026-11-23T00:00:00Z"}, {"validUntil": "2026-11-22T12:00:00Z"}} {
		c := s.issue(path, with(t, ok, more), nil)
		s.bad(c, nil, object{}, object{"checks": []string{"validity"}})
		if a := s.verify(c, object{"checks": "proof"}); !a.verified() || len(a.list("warnings")) != 1 {
			t.Errorf("got %s", a.raw)
		}
	}
	s.bad(ok) // without a proof
	s.bad(object{"type": []string{"NonconformingDocument"}})
}

// suitePresentation signs a presentation as the suite does; credentials in it are signed by another issuer, unless the holder itself
// issues them.
func suitePresentation(t *testing.T, p object) object {
	t.Helper()
	list, ok := p["verifiableCredential"].([]any)
	if c, one := p["verifiableCredential"].(object); one {
		list, ok = []any{c}, true
	}
	for i := range list {
		c, isObject := list[i].(object)
		if !isObject || c["proof"] != nil || c["type"] == "EnvelopedVerifiableCredential" {
			continue
		}
		if c["issuer"] == "did:key:z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj" { // the suite's own key
			c["issuer"] = didOf("other")
			continue
		}
		c["issuer"] = didOf("P-256")
		list[i] = signed(t, "P-256", c, dataintegrity.ProofOptions{})
	}
	if ok {
		p["verifiableCredential"] = list
	}
	if p["holder"] == "did:key:z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj" {
		p["holder"] = didOf("other")
	}
	if h, isObject := p["holder"].(object); isObject && h["id"] == "did:key:z6MkpJySvETLnxhQG9DzEdmKJtysBDjuuTeDfUj1uNNCUqcj" {
		h["id"] = didOf("other")
	}
	return signed(t, "other", p, dataintegrity.ProofOptions{Purpose: did.Authentication, Challenge: nonce, Domain: []string{domain}})
}

// TestDataModelSuitePresentations restates it for verifiers of presentations.
func TestDataModelSuitePresentations(t *testing.T) {
	s := newServer(t, nil)
	asked := object{"challenge": nonce, "domain": domain}
	for _, name := range []string{
		"presentation-ok.json", "presentation-context-combo2-ok.json", "presentation-holder-ok.json", "presentation-holder-object-ok.json",
		"presentation-optional-type-ok.json", "presentation-vc-ok.json", "presentation-self-asserted-vc-ok.json",
	} {
		p := suitePresentation(t, input(t, name))
		for _, o := range []object{nil, {}, {"checks": []string{}}, {"checks": []string{"proof"}}, asked} {
			if a := s.present(p, o); !a.verified() {
				t.Errorf("%s, %v: %s", name, o, a.raw)
			}
		}
		for _, o := range []object{with(t, asked, object{"challenge": "x"}), with(t, asked, object{"domain": "x"}), {"expectedProofPurpose": "assertionMethod"}} {
			if a := s.present(p, o); a.verified() {
				t.Errorf("%s, %v: %s", name, o, a.raw)
			}
		}
	}
	for _, name := range []string{
		"presentation-no-type-fail.json", "presentation-missing-base-context-fail.json", "presentation-context-order-fail.json",
		"presentation-enveloped-vc-missing-type-fail.json", "presentation-vc-as-string-fail.json", "presentation-holder-name-fail.json",
	} {
		if a := s.present(input(t, name), object{"checks": []string{}}); a.verified() {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	for _, name := range []string{"presentation-self-asserted-vc-no-holder.json", "presentation-self-asserted-vc-holder-mismatch.json"} {
		if a := s.present(suitePresentation(t, input(t, name)), object{"checks": []string{}}); a.verified() {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
}
