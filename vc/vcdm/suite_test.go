package vcdm_test

import (
	"fmt"
	"maps"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/vcdm"
)

// absent takes a member away in a variant.
type absent struct{}

// variant is the smallest credential or presentation that W3C's suite starts from, with other members.
type variant map[string]any

func (v variant) of(base variant) []byte {
	out := maps.Clone(base)
	for name, value := range v {
		if _, gone := value.(absent); gone {
			delete(out, name)
		} else {
			out[name] = value
		}
	}
	b, err := strictjson.Canonical(map[string]any(out))
	if err != nil {
		panic(err)
	}
	return b
}

type (
	list   = []any
	object = map[string]any
)

const examples = "https://www.w3.org/ns/credentials/examples/v2"

func smallest() (credential, presentation, enveloped, envelopedPresentation variant) {
	credential = variant{
		"@context": list{vcdm.ContextV2}, "type": list{"VerifiableCredential"}, "issuer": "did:example:issuer",
		"credentialSubject": object{"id": "did:example:subject"},
	}
	presentation = variant{"@context": list{vcdm.ContextV2}, "type": list{"VerifiablePresentation"}}
	enveloped = variant{"@context": vcdm.ContextV2, "type": "EnvelopedVerifiableCredential", "id": "data:application/jwt,e30.e30.c2ln"}
	envelopedPresentation = variant{"@context": vcdm.ContextV2, "type": "EnvelopedVerifiablePresentation", "id": "data:application/jwt,e30.e30.c2ln"}
	return credential, presentation, enveloped, envelopedPresentation
}

// suiteCase is one assertion of W3C's suite for VCDM 2.0 as far as it is about documents: which variants must be taken, and which
// refused. Sections are those of the specification. What the suite says of issuing, of proofs and of the meaning of terms is
// tested where those are.
type suiteCase struct {
	section, assertion string
	take, refuse       []variant
}

var language = object{"@value": "A", "@language": "en", "@direction": "ltr"}

var credentialSuite = []suiteCase{
	{
		"1.3", "errors for documents that do not conform", nil,
		[]variant{{"@context": absent{}, "type": list{"NonconformingDocument"}, "issuer": absent{}, "credentialSubject": absent{}}},
	},
	{"4.3", "a credential has a context", []variant{{}}, []variant{{"@context": absent{}}}},
	{"4.3", "the base context is first", []variant{{}}, []variant{{"@context": list{examples}}, {"@context": list{examples, vcdm.ContextV2}}}},
	{
		"4.3", "the other contexts are URLs and objects",
		[]variant{{"@context": list{vcdm.ContextV2, examples}}, {"@context": list{vcdm.ContextV2, object{"T": "https://example.org/#T"}}}},
		[]variant{{"@context": list{vcdm.ContextV2, "https ://not-a-url/contexts/example/v1"}}, {"@context": list{vcdm.ContextV2, 123192875}}},
	},
	{
		"4.4", "an id is one URL",
		[]variant{{"id": "https://example.org/1"}, {"credentialSubject": object{"id": "https://example.org/2"}}, {"credentialSubject": object{"a": "b"}}},
		[]variant{
			{"id": nil},
			{"id": list{"https://example.org/1", "https://example.net/1"}},
			{"id": "not-a-url"},
			{"credentialSubject": object{"id": list{"did:example:a", "did:example:b"}}},
		},
	},
	{"4.5", "a credential has a type", []variant{{}}, []variant{{"type": absent{}}}},
	{
		"4.5", "types are terms or URLs in any order",
		[]variant{
			{"type": list{"VerifiableCredential", "https://example.org/#A"}},
			{"type": list{"VerifiableCredential", "ExampleCredential"}},
			{"type": list{"https://example.org/#A", "https://example.org/#B", "VerifiableCredential"}},
			{"type": list{"https://example.org/#B", "VerifiableCredential", "https://example.org/#A"}},
		},
		[]variant{{"type": list{"RelationshipCredential"}}},
	},
	{
		"4.6", "name and description are texts or language value objects", texts(func(v any) variant { return variant{"name": v} }, func(v any) variant { return variant{"description": v} }),
		[]variant{
			{"name": object{"@value": "A", "@language": "en", "url": "did:example:a"}},
			{"description": object{"@value": "A", "@language": "en", "url": "did:example:a"}},
		},
	},
	{
		"4.6", "and so are those of the issuer",
		texts(
			func(v any) variant { return variant{"issuer": object{"id": "did:example:issuer", "name": v}} },
			func(v any) variant { return variant{"issuer": object{"id": "did:example:issuer", "description": v}} },
		),
		[]variant{
			{"issuer": object{"id": "did:example:issuer", "name": object{"@value": "A", "@language": "en", "url": "did:example:a"}}},
			{"issuer": object{"id": "did:example:issuer", "description": object{"@value": "A", "@language": "en", "url": "did:example:a"}}},
		},
	},
	{"4.7", "a credential has an issuer", []variant{{}}, []variant{{"issuer": absent{}}}},
	{
		"4.7", "it is a URL or has an id that is one",
		[]variant{{"issuer": object{"id": "did:example:issuer"}}},
		[]variant{{"issuer": "fake-issuer"}, {"issuer": nil}, {"issuer": object{"id": nil}}, {"issuer": object{"id": "fake-issuer"}}},
	},
	{"4.8", "a credential has a subject", nil, []variant{{"credentialSubject": absent{}}}},
	{
		"4.8", "every subject has a claim",
		[]variant{{"credentialSubject": list{object{"id": "did:example:a"}, object{"id": "did:example:b"}}}},
		[]variant{{"credentialSubject": object{}}, {"credentialSubject": list{object{"id": "did:example:a"}, object{}}}},
	},
	{
		"4.9", "validFrom is a time with a zone",
		[]variant{{"validFrom": "2023-02-26T01:02:58.447Z"}, {"validFrom": "2023-02-25T19:10:39-06:00"}, {"validFrom": "9999-12-31T23:59:59Z"}},
		[]variant{{"validFrom": "Sat 25 Feb 2023 07:16:31 PM CST"}},
	},
	{
		"4.9", "and so is validUntil",
		[]variant{{"validUntil": "2023-02-26T01:19:20Z"}, {"validUntil": "2023-02-26T01:20:18.477Z"}, {"validUntil": "2023-02-25T19:21:29-06:00"}},
		[]variant{{"validUntil": "Sun, 26 Feb 2023 01:22:14 +0000"}},
	},
	{
		"4.9", "it is not before validFrom",
		[]variant{
			{"validFrom": "2025-01-01T00:00:00Z", "validUntil": "2027-01-01T00:00:00Z"},
			{"validFrom": "2025-01-01T00:00:00Z", "validUntil": "2025-01-01T00:00:00Z"},
		},
		[]variant{{"validFrom": "2027-01-01T00:00:00Z", "validUntil": "2025-01-01T00:00:00Z"}},
	},
	{
		"4.10", "a status has a type and may have an id",
		[]variant{{"credentialStatus": object{"id": "did:example:status", "type": "CredentialStatusList2017"}}, {"credentialStatus": object{"type": "S"}}},
		[]variant{
			{"credentialStatus": object{"id": "did:example:status"}},
			{"credentialStatus": object{"id": "did:example:status", "type": 2}},
			{"credentialStatus": object{"id": list{"did:example:status:1", "did:example:status:2"}, "type": "S"}},
			{"credentialStatus": object{"id": "https ://not-a-url/statusList/4", "type": "S"}},
		},
	},
	{
		"4.11", "a schema has a type and an id; there may be several",
		[]variant{
			{"credentialSchema": object{"type": "https://example.org/#S", "id": "did:example:schemas/1"}},
			{"credentialSchema": list{object{"type": "S", "id": "did:example:schemas/1"}, object{"type": "S", "id": "did:example:schemas/2"}}},
		},
		[]variant{
			{"credentialSchema": object{"id": "did:example:schemas/1"}},
			{"credentialSchema": object{"type": "S"}},
			{"credentialSchema": object{"type": "S", "id": "https ://not-a-url.org/1"}},
		},
	},
	{
		"5.3", "related resources are objects with different ids and a digest",
		[]variant{
			{"relatedResource": list{object{"id": "https://example.org/1", "digestSRI": "sha256-MIwhzJyufmsjiGS1qP0waCmFb0gKa5ZGBI0ZZtfQo9Ls="}}},
			{"relatedResource": list{object{"id": "https://example.org/1", "digestMultibase": "uEiAjCHMnK5-ayOIZLWo_TBoKYVvSAprlkYEjRlm19Cj0uw"}}},
			{"relatedResource": list{object{"id": "https://example.org/1", "digestSRI": "sha256-YQ==", "mediaType": "application/json"}}},
		},
		[]variant{
			{"relatedResource": list{"https://example.org/1", "https://example.org/2"}},
			{"relatedResource": list{object{"digestSRI": "sha256-YQ=="}}},
			{"relatedResource": list{object{"id": "https://example.org/1", "digestSRI": "sha256-YQ=="}, object{"id": "https://example.org/1", "digestMultibase": "uYQ"}}},
			{"relatedResource": list{object{"id": "https://example.org/1", "mediaType": "application/json"}}},
		},
	},
	{"5.4", "a refresh service has a type", typed("refreshService"), untyped("refreshService")},
	{"5.5", "terms of use have a type", typed("termsOfUse"), untyped("termsOfUse")},
	{"5.6", "evidence has a type", typed("evidence"), untyped("evidence")},
	{"5.10", "what stands in reserved extension points has a type", append(typed("confidenceMethod"), typed("renderMethod")...), append(untyped("confidenceMethod"), untyped("renderMethod")...)},
}

func texts(name, description func(any) variant) (out []variant) {
	for _, v := range []any{"A", language, object{"@value": "A", "@language": "en"}, list{object{"@value": "Dog", "@language": "en"}, object{"@value": "Chien", "@language": "fr"}}} {
		out = append(out, name(v), description(v))
	}
	return out
}

func typed(property string) []variant {
	return []variant{
		{property: object{"type": "https://example.org/#T"}},
		{property: object{"type": "T", "id": "did:example:t/1"}},
		{property: list{object{"type": "T"}, object{"type": "T"}}},
	}
}

func untyped(property string) []variant {
	return []variant{{property: object{"id": "did:example:t/1"}}}
}

var presentationSuite = []suiteCase{
	{"1.3", "errors for documents that do not conform", nil, []variant{{"@context": absent{}, "type": list{"NonconformingDocument"}}}},
	{"4.3", "a presentation has a context", []variant{{}}, []variant{{"@context": absent{}}}},
	{
		"4.3", "the base context is first",
		[]variant{{}},
		[]variant{{"@context": list{object{"T": "https://example.org/#T"}, vcdm.ContextV2}}, {"@context": list{examples, vcdm.ContextV2}}, {"@context": list{examples}}},
	},
	{
		"4.3", "the other contexts are URLs and objects",
		[]variant{{"@context": list{vcdm.ContextV2, examples}}, {"@context": list{vcdm.ContextV2, object{"T": "https://example.org/#T"}}, "type": list{"VerifiablePresentation", "T"}}},
		[]variant{{"@context": list{vcdm.ContextV2, "https ://not-a-url/contexts/example/v1"}}, {"@context": list{vcdm.ContextV2, 123192875}}},
	},
	{"4.13", "an id is a URL", []variant{{"id": "urn:uuid:9c9a36f8-518f-4976-a934-6649502d0008"}}, []variant{{"id": "9c9a36f8"}}},
	{
		"4.13", "VerifiablePresentation is among the types",
		[]variant{{}, {"type": list{"VerifiablePresentation", "T"}}},
		[]variant{{"type": absent{}}, {"type": list{"CredentialManagerPresentation"}}},
	},
	{
		"4.13", "credentials are objects",
		[]variant{{"verifiableCredential": list{embedded("did:example:subject"), embedded("did:example:other")}}},
		[]variant{
			{"verifiableCredential": list{"eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}},
			{"verifiableCredential": list{1}},
			{"verifiableCredential": list{"https://example.org/1"}},
			{"verifiableCredential": list{nil}},
		},
	},
	{
		"4.13", "a holder is a URL or has an id",
		[]variant{{"holder": "did:example:holder"}, {"holder": object{"id": "did:example:holder"}}},
		[]variant{{"holder": object{"name": "Acme"}}},
	},
}

func embedded(subject string) object {
	c, _, _, _ := smallest()
	c["credentialSubject"] = object{"id": subject}
	return object(c)
}

// envelopeSuite is the same for enveloped credentials and presentations.
func envelopeSuite(otherType any) []suiteCase {
	return []suiteCase{
		{"4.13.2", "the base context is there", []variant{{}}, []variant{{"@context": list{}}, {"@context": examples}, {"@context": list{examples}}, {"@context": absent{}}}},
		{"4.13.2", "the id is a data: URL", []variant{{"id": "data:application/vc+jwt,e30.e30.c2ln"}}, []variant{{"id": "e30.e30.c2ln"}, {"id": absent{}}}},
		{"4.13.2", "the type is that of an envelope", []variant{{}}, []variant{{"type": absent{}}, {"type": otherType}}},
	}
}

func TestSuite(t *testing.T) {
	credentialBase, presentationBase, enveloped, envelopedVP := smallest()
	run := func(what string, suite []suiteCase, base variant, read func([]byte) error) {
		for _, c := range suite {
			t.Run(what+" "+c.section+" "+c.assertion, func(t *testing.T) {
				for i, v := range c.take {
					if err := read(v.of(base)); err != nil {
						t.Errorf("got %v for the %s", err, fmt.Sprintf("%d. to be taken", i+1))
					}
				}
				for i, v := range c.refuse {
					if err := read(v.of(base)); err == nil {
						t.Errorf("got none for the %d. to be refused", i+1)
					}
				}
			})
		}
	}
	run("credential", credentialSuite, credentialBase, credential)
	run("presentation", presentationSuite, presentationBase, presentation)
	run("enveloped credential", envelopeSuite("VerifiableCredential"), enveloped, func(b []byte) error {
		_, err := vcdm.ParseEnvelopedCredentialJSON(b)
		return err
	})
	run("enveloped presentation", envelopeSuite(list{"VerifiablePresentation"}), envelopedVP, func(b []byte) error {
		_, err := vcdm.ParseEnvelopedPresentationJSON(b)
		return err
	})
}

// TestSuiteSelfAsserted restates the assertions of section 4.13.4.
func TestSuiteSelfAsserted(t *testing.T) {
	credentialBase, presentationBase, _, _ := smallest()
	for _, c := range []struct {
		name               string
		holder, issuer     any
		proof, wantRefusal bool
	}{
		{"the same", "did:example:a", "did:example:a", false, false},
		{"the same, as objects", object{"id": "did:example:a"}, object{"id": "did:example:a"}, false, false},
		{"no holder", absent{}, "did:example:a", false, true},
		{"another holder", "did:example:b", "did:example:a", false, true},
		{"a longer one", "did:example:ab", "did:example:a", false, true},
		{"a proof of its own", absent{}, "did:example:a", true, false},
	} {
		cv := variant{"issuer": c.issuer}
		if c.proof {
			cv["proof"] = object{"type": "DataIntegrityProof"}
		}
		cred, err := vcdm.ParseCredentialJSON(cv.of(credentialBase))
		if err != nil {
			t.Fatal(err)
		}
		p, err := vcdm.ParsePresentationJSON(variant{"holder": c.holder}.of(presentationBase))
		if err != nil {
			t.Fatal(err)
		}
		if err := p.CheckSelfAsserted(cred); (err != nil) != c.wantRefusal {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}
