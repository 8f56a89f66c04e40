package sdjwt_test

import "strings"

// newW3C turns a forgery into a credential of the W3C data model: subject and holder are did:example:citizen, and given_name of the
// subject is disclosed, family_name is not.
func newW3C(f *forgery, v *vector) {
	f.digests, f.disclosures = nil, nil
	f.header = `{"alg":"EdDSA","typ":"vc+sd-jwt","cty":"vc","kid":"did:example:authority#key-1"}`
	shown, hidden := f.claim("given_name", `"Ada"`), f.claim("family_name", `"Lovelace"`)
	f.claims = []member{
		{"@context", `["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"]`},
		{"type", `["VerifiableCredential","PersonCredential"]`},
		{"issuer", `"did:example:authority"`},
		{"validFrom", `"2026-01-01T00:00:00Z"`},
		{"credentialSubject", `{"id":"did:example:citizen","_sd":[` + f.digestOf(shown) + `,` + f.digestOf(hidden) + `]}`},
		{"iat", "1793448000"},
	}
	f.send(shown, false)
	f.kbHeader = `{"alg":"EdDSA","typ":"kb+jwt","kid":"did:example:citizen#phone"}`
	v.Expect = bound(func(e *vectorExpect) { e.Types, e.MediaTypes = []string{"PersonCredential"}, []string{"vc+sd-jwt"} })
}

func w3cCases() []forgedCase {
	with := func(change func(*forgery, *vector)) func(*forgery, *vector) {
		return func(f *forgery, v *vector) {
			newW3C(f, v)
			change(f, v)
		}
	}
	set := func(name, value string) func(*forgery, *vector) {
		return with(func(f *forgery, _ *vector) { f.set(name, value) })
	}
	header := func(h string) func(*forgery, *vector) { return with(func(f *forgery, _ *vector) { f.header = h }) }
	// closed discloses a member that must stand in the clear.
	closed := func(name string) func(*forgery, *vector) {
		return with(func(f *forgery, _ *vector) {
			for _, m := range f.claims {
				if m.name == name {
					f.disclose(name, m.value)
				}
			}
			f.set(name, "")
		})
	}
	const (
		kid   = `"kid":"did:example:authority#key-1"`
		clear = "VC-JOSE-COSE, section 3.2.1: what verification needs is not selectively disclosable"
		same  = "VC-JOSE-COSE, sections 3.1.3 and 4.1.2: claims do not contradict members"
		model = "VCDM 2.0"
	)
	return []forgedCase{
		{"valid", "VC-JOSE-COSE, section 3.2.1", "", newW3C},
		{"valid-without-cty", "cty may be absent", "", header(`{"alg":"EdDSA","typ":"vc+sd-jwt",` + kid + `}`)},
		{"valid-without-iat", "the data model knows no time of issuance; the key must be in service now", "", set("iat", "")},
		{"valid-issuer-object", "VCDM 2.0, section 4.7", "", set("issuer", `{"id":"did:example:authority","name":"Authority"}`)},
		{"valid-cnf", "VC-JOSE-COSE, section 4.1.3: cnf stands above the subject", "", with(func(f *forgery, _ *vector) {
			f.set("cnf", `{"kid":"did:example:citizen#phone"}`)
			f.set("credentialSubject", `{"id":"did:example:child","name":"Byron"}`)
			f.disclosures = nil
		})},
		{"valid-vct-beside-context", "a claim that is not understood is ignored", "", set("vct", `"https://credentials.example/person"`)},
		{"valid-iat-as-date-time", "as the test suite of VC-JOSE-COSE has it", "", set("iat", `"2026-10-31T12:00:00Z"`)},
		{"not-named-by-the-policy", "a policy names vc+sd-jwt, which meant something else once", "vc.format.unexpected", with(func(_ *forgery, v *vector) {
			v.Expect = bound(func(e *vectorExpect) { e.Types = []string{"PersonCredential"} })
		})},
		{"old-name-of-dc-sd-jwt", "vct and no @context: SD-JWT VC of an early draft", "sdjwt.header.typ", func(f *forgery, v *vector) {
			f.header = `{"alg":"EdDSA","typ":"vc+sd-jwt",` + kid + `}`
			v.Expect = bound(func(e *vectorExpect) { e.MediaTypes = []string{"vc+sd-jwt"} })
		}},
		{"context-disclosed", clear, "sdjwt.disclosure.registered", closed("@context")},
		{"type-disclosed", clear, "sdjwt.disclosure.registered", closed("type")},
		{"issuer-disclosed", "the issuer must be known before anything is believed", "vc.issuer.missing", with(func(f *forgery, _ *vector) {
			f.disclose("issuer", `"did:example:authority"`)
			f.set("issuer", "")
		})},
		{"issuer-disclosed-beside-iss", clear, "sdjwt.disclosure.registered", with(func(f *forgery, _ *vector) {
			f.disclose("issuer", `"did:example:authority"`)
			f.set("issuer", "")
			f.set("iss", `"did:example:authority"`)
		})},
		{"valid-from-disclosed", clear, "sdjwt.disclosure.registered", closed("validFrom")},
		{"valid-until-disclosed", clear, "sdjwt.disclosure.registered", with(func(f *forgery, _ *vector) { f.disclose("validUntil", `"2030-01-01T00:00:00Z"`) })},
		{"status-disclosed", clear, "sdjwt.disclosure.registered", with(func(f *forgery, _ *vector) {
			f.disclose("credentialStatus", `{"type":"ExampleStatus","id":"https://issuer.example/status/1"}`)
		})},
		{"status-hidden-inside", clear, "sdjwt.disclosure.registered", set("credentialStatus", `{"type":"ExampleStatus","_sd":["`+sha2("x")+`"]}`)},
		{"schema-disclosed", clear, "sdjwt.disclosure.registered", with(func(f *forgery, _ *vector) {
			f.disclose("credentialSchema", `{"type":"JsonSchema","id":"https://issuer.example/schema"}`)
		})},
		{"related-resource-disclosed", clear, "sdjwt.disclosure.registered", with(func(f *forgery, _ *vector) { f.disclose("relatedResource", `[]`) })},
		{"terms-of-use-disclosed", clear, "sdjwt.disclosure.registered", with(func(f *forgery, _ *vector) { f.disclose("termsOfUse", `{"type":"ExampleTerms"}`) })},
		{"subject-disclosed", clear, "sdjwt.disclosure.registered", closed("credentialSubject")},
		{"exp-disclosed", clear, "sdjwt.disclosure.registered", with(func(f *forgery, _ *vector) { f.disclose("exp", "1893456000") })},
		{"iat-disclosed", clear, "sdjwt.disclosure.registered", closed("iat")},
		{"cnf-disclosed", clear, "sdjwt.disclosure.registered", with(func(f *forgery, _ *vector) { f.disclose("cnf", `{"kid":"did:example:thief"}`) })},
		{"vc-claim", "VC-JOSE-COSE, section 1.1.2.1", "sdjwt.w3c.forbidden", set("vc", `{}`)},
		{"vp-claim", "VC-JOSE-COSE, section 1.1.2.1", "sdjwt.w3c.forbidden", set("vp", `{}`)},
		{"cty-other", "VC-JOSE-COSE, section 3.2.1", "sdjwt.w3c.cty", header(`{"alg":"EdDSA","typ":"vc+sd-jwt","cty":"vp",` + kid + `}`)},
		{"cty-number", "RFC 7515, section 4.1.10", "sdjwt.w3c.cty", header(`{"alg":"EdDSA","typ":"vc+sd-jwt","cty":1,` + kid + `}`)},
		{"iss-other", same, "sdjwt.w3c.conflict", set("iss", `"did:example:other"`)},
		{"jti-other", same, "sdjwt.w3c.conflict", with(func(f *forgery, _ *vector) {
			f.set("id", `"urn:example:1"`)
			f.set("jti", `"urn:example:2"`)
		})},
		{"sub-other", same, "sdjwt.w3c.conflict", set("sub", `"did:example:other"`)},
		{"iss-number", "RFC 7519, section 4.1.1", "sdjwt.claim.text", set("iss", "1")},
		{"exp-fraction", "RFC 7519, section 2", "sdjwt.claim.date", set("exp", "1893456000.5")},
		{"iat-without-zone", "a time without a zone is many times", "sdjwt.claim.date", set("iat", `"2026-10-31T12:00:00"`)},
		{"aud-number", "RFC 7519, section 4.1.3", "sdjwt.claim.aud", set("aud", "1")},
		{"aud-other", "RFC 7519, section 4.1.3", "vc.audience", set("aud", `"https://other.example"`)},
		{"cnf-empty", "RFC 7800, section 3", "sdjwt.claim.cnf", set("cnf", "{}")},
		{"data-model-1-1", "VC-JOSE-COSE secures the data model 2.0", "sdjwt.w3c.version", with(func(f *forgery, _ *vector) {
			f.set("@context", `["https://www.w3.org/2018/credentials/v1"]`)
			f.set("validFrom", "")
			f.set("issuanceDate", `"2026-01-01T00:00:00Z"`)
		})},
		{"no-subject", model, "vcdm.subject", with(func(f *forgery, _ *vector) {
			f.set("credentialSubject", "")
			f.disclosures = nil
		})},
		{"no-type", model, "vcdm.type", set("type", "")},
		{"valid-until-past", model + ", section 4.9", "vc.time.expired", set("validUntil", `"2026-10-31T00:00:00Z"`)},
		{"exp-past", "VC-JOSE-COSE, section 3.1.3: the end of the signature", "vc.time.expired", with(func(f *forgery, _ *vector) {
			f.set("validUntil", `"2030-01-01T00:00:00Z"`)
			f.set("exp", "1793534400")
		})},
		{"valid-from-future", model + ", section 4.9", "vc.time.notyet", set("validFrom", `"2026-12-01T00:00:00Z"`)},
		{"of-another-type", "the policy's types", "vc.type.notaccepted", set("type", `["VerifiableCredential","OtherCredential"]`)},
		{"kid-of-another-did", "the key is the issuer's", "vc.issuer.kid.foreign", header(`{"alg":"EdDSA","typ":"vc+sd-jwt","kid":"did:example:citizen#papers"}`)},
		{"kid-thumbprint", "an issuer that is a DID names its key as a DID URL", "vc.issuer.kid.invalid", header(`{"alg":"EdDSA","typ":"vc+sd-jwt","kid":"73voMXFNmNlOEpuYCSJlh8eN0dscykoO6gBukgRS1uU"}`)},
		{"holder-is-another-did", "the subject is the holder", "vc.holder.kid.foreign", with(func(f *forgery, _ *vector) {
			f.set("credentialSubject", strings.Replace(f.claims[4].value, "did:example:citizen", "did:example:other", 1))
		})},
		{"subject-id-withheld", "bound to nobody that the verifier can see", "vc.holder.unbound", with(func(f *forgery, _ *vector) {
			f.set("credentialSubject", `{"name":"x","_sd":["`+sha2("id")+`"]}`)
			f.disclosures = nil
		})},
	}
}
