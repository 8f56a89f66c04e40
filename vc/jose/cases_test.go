package jose_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/internal/vectortest"
)

var update = flag.Bool("update", false, "write the vectors of testdata/jose anew")

const vectorDir = "jose"

func TestOwnVectors(t *testing.T) { vectortest.Run(t, vectorDir, receive, 100) }

func TestVectorsAreCurrent(t *testing.T) {
	made := func(cases []vectorCase) vectortest.File {
		var list []vectortest.Case[*forgery]
		for _, c := range cases {
			list = append(list, vectortest.Case[*forgery]{Name: c.name, Rule: c.rule, Code: c.code, Change: c.change})
		}
		return vectortest.Make(t, list, func() *forgery { return newForgery(t) }, (*forgery).text, receive)
	}
	vectortest.Current(t, vectorDir, *update, map[string]vectortest.File{
		"credentials": made(credentialCases()), "presentations": made(presentationCases()),
	})
}

// vectorCase is a vectortest.Case.
type vectorCase struct {
	name, rule, code string
	change           func(*forgery, *vectortest.Vector)
}

// bare changes a credential that is shown alone.
func bare(change func(f *forged, v *vectortest.Vector)) func(*forgery, *vectortest.Vector) {
	return func(f *forgery, v *vectortest.Vector) {
		f.presentation = nil
		v.Expect = vectortest.Bare()
		if change != nil {
			change(&f.credential, v)
		}
	}
}

func part(n int, change func(string) string) func(string) string {
	return func(s string) string {
		p := strings.Split(s, ".")
		p[n] = change(p[n])
		return strings.Join(p, ".")
	}
}

func credentialCases() []vectorCase {
	set := func(name, value string) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) { f.set(name, value) })
	}
	header := func(h string) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) { f.header = h })
	}
	final := func(change func(string) string) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) { f.final = change })
	}
	payload := func(change func(string) string) func(*forgery, *vectortest.Vector) {
		return bare(func(f *forged, _ *vectortest.Vector) { f.payload = change(vectortest.Object(f.claims)) })
	}
	const (
		kid     = `"kid":"did:example:authority#key-1"`
		strict  = "RFC 7515, section 2: base64url without padding, in its one form"
		compact = "RFC 7515, section 7.1: three parts"
		typ     = "VC-JOSE-COSE, section 3.1.1: typ is vc+jwt"
		same    = "VC-JOSE-COSE, sections 3.1.3 and 4.1.2: claims do not contradict members"
		date    = "RFC 7519, section 2: NumericDate, here an integer, or a date and time with a zone"
		model   = "VCDM 2.0"
		pinned  = "https://issuer.example"
	)
	return []vectorCase{
		{"valid", "VC-JOSE-COSE, section 3.1.1", "", bare(nil)},
		{"valid-without-cty", "cty may be absent", "", header(`{"alg":"EdDSA","typ":"vc+jwt",` + kid + `}`)},
		{"valid-alg-ed25519", "RFC 9864: the fully specified name", "", header(`{"alg":"Ed25519","typ":"vc+jwt",` + kid + `}`)},
		{"valid-without-iat", "without a time of issuance the key must be in service now", "", set("iat", "")},
		{"valid-iat-as-date-time", "as the test suite of VC-JOSE-COSE has it", "", set("iat", `"2026-10-31T12:00:00Z"`)},
		{"valid-iss", "VC-JOSE-COSE, section 4.1.2", "", set("iss", `"did:example:authority"`)},
		{"valid-iss-in-header", "RFC 7519, section 5.3", "", header(`{"alg":"EdDSA","typ":"vc+jwt","iss":"did:example:authority",` + kid + `}`)},
		{"valid-issuer-object", model + ", section 4.7", "", set("issuer", `{"id":"did:example:authority","name":"Authority"}`)},
		{"valid-jti-and-sub", same, "", bare(func(f *forged, _ *vectortest.Vector) {
			f.set("id", `"urn:example:1"`)
			f.set("jti", `"urn:example:1"`)
			f.set("sub", `"did:example:citizen"`)
		})},
		{"valid-unknown-members", "VC-JOSE-COSE, section 3.1.3: what is not understood is ignored", "", bare(func(f *forged, _ *vectortest.Vector) {
			f.header = `{"alg":"EdDSA","typ":"vc+jwt","example":{"a":[1]},` + kid + `}`
			f.set("badExtension", `{"huh":"what?"}`)
		})},
		{
			"valid-embedded-jwk", "RFC 7515, section 4.1.3: a key that the token brings along is not the issuer's, and ignored", "",
			header(`{"alg":"EdDSA","typ":"vc+jwt","jwk":{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},` + kid + `}`),
		},
		{"valid-proof-inside", "a proof in the payload is not looked at, and is no claim", "", set("proof", `{"type":"DataIntegrityProof"}`)},
		{"valid-in-an-envelope", model + ", section 4.13.2", "", bare(func(f *forged, _ *vectortest.Vector) {
			f.final = func(s string) string { return enveloped("vc+jwt", s) }
		})},
		{"valid-pinned-key", "an issuer that is no DID, whose key the policy holds", "", bare(func(f *forged, v *vectortest.Vector) {
			f.header = `{"alg":"EdDSA","typ":"vc+jwt","kid":"key 1"}`
			f.set("issuer", `"`+pinned+`"`)
			k := vectortest.Fixed(f.tb, keys.Ed25519, f.key).Public().Multikey()
			v.Expect.PinnedKeys = []vectortest.Pin{{Issuer: pinned, KeyID: "key 1", PublicKey: k}}
		})},

		{"two-parts", compact, "jose.syntax", final(func(s string) string { return s[strings.IndexByte(s, '.')+1:] })},
		{"four-parts", compact, "jose.syntax", final(part(1, func(s string) string { return s + "." + s }))},
		{"empty-signature", compact, "jose.syntax", final(part(2, func(string) string { return "" }))},
		{"empty-payload", compact, "jose.syntax", final(part(1, func(string) string { return "" }))},
		{"json-serialization", "VC-JOSE-COSE, section 3.1.2: not recommended, and not read", "jose.syntax", final(func(s string) string {
			p := strings.Split(s, ".")
			return `{"payload":"` + p[1] + `","protected":"` + p[0] + `","signature":"` + p[2] + `"}`
		})},
		{"unsecured", "VC-JOSE-COSE, section 1.1.2.1: a credential without a signature is no credential", "jose.syntax", bare(func(f *forged, _ *vectortest.Vector) {
			f.final = func(string) string { return vectortest.Object(f.claims) }
		})},
		{"trailing-line-end", strict, "jose.base64", final(func(s string) string { return s + "\n" })},
		{"line-end-inside", strict, "jose.base64", final(part(1, func(s string) string { return s[:40] + "\n" + s[40:] }))},
		{"padding", strict, "jose.base64", final(part(2, func(s string) string { return s + "==" }))},
		{"spare-bits", strict, "jose.base64", final(part(2, func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]+1) }))},
		{"envelope-of-another-type", model + ", section 4.13.2", "jose.syntax", final(func(s string) string { return enveloped("vp+jwt", s) })},
		{"sd-jwt-tilde", "an SD-JWT is another format", "jose.base64", final(func(s string) string { return s + "~" })},

		{"alg-none", "RFC 8725, section 3.2", "jose.header.alg", header(`{"alg":"none","typ":"vc+jwt",` + kid + `}`)},
		{"alg-none-in-capitals", "RFC 8725, section 3.2", "jose.header.alg", header(`{"alg":"NONE","typ":"vc+jwt",` + kid + `}`)},
		{"alg-absent", "RFC 7515, section 4.1.1", "jose.header.alg", header(`{"typ":"vc+jwt",` + kid + `}`)},
		{"alg-hs256", "RFC 8725, section 3.1: no symmetric keys", "jose.header.alg", header(`{"alg":"HS256","typ":"vc+jwt",` + kid + `}`)},
		{"alg-es512", "an algorithm outside the table", "jose.header.alg", header(`{"alg":"ES512","typ":"vc+jwt",` + kid + `}`)},
		{"alg-of-another-key", "RFC 8725, section 3.1", "vc.issuer.key.algorithm", header(`{"alg":"ES256","typ":"vc+jwt",` + kid + `}`)},
		{"typ-absent", typ, "jose.header.typ", header(`{"alg":"EdDSA",` + kid + `}`)},
		{"typ-jwt-with-vc-claim", "the data model 1.1 as JWT is another format", "jose.header.typ", bare(func(f *forged, _ *vectortest.Vector) {
			f.header = `{"alg":"EdDSA","typ":"JWT",` + kid + `}`
			f.payload = `{"iss":"did:example:authority","vc":` + vectortest.Object(f.claims) + `}`
		})},
		{"typ-in-capitals", typ + ", exactly", "jose.header.typ", header(`{"alg":"EdDSA","typ":"VC+JWT",` + kid + `}`)},
		{"typ-of-early-drafts", typ, "jose.header.typ", header(`{"alg":"EdDSA","typ":"vc+ld+json+jwt",` + kid + `}`)},
		{"typ-of-sd-jwt", typ, "jose.header.typ", header(`{"alg":"EdDSA","typ":"vc+sd-jwt",` + kid + `}`)},
		{"typ-of-key-binding", "RFC 8725, section 3.11: no token stands for one of another kind", "jose.header.typ", header(`{"alg":"EdDSA","typ":"kb+jwt",` + kid + `}`)},
		{"typ-number", "RFC 7515, section 4.1.9", "jose.header.typ", header(`{"alg":"EdDSA","typ":1,` + kid + `}`)},
		{"cty-vp", "VC-JOSE-COSE, section 3.1.1", "jose.header.cty", header(`{"alg":"EdDSA","typ":"vc+jwt","cty":"vp",` + kid + `}`)},
		{"cty-number", "RFC 7515, section 4.1.10", "jose.header.cty", header(`{"alg":"EdDSA","typ":"vc+jwt","cty":1,` + kid + `}`)},
		{"cty-empty", "VC-JOSE-COSE, section 3.1.1", "jose.header.cty", header(`{"alg":"EdDSA","typ":"vc+jwt","cty":"",` + kid + `}`)},
		{"crit", "RFC 7515, section 4.1.11", "jose.header.crit", header(`{"alg":"EdDSA","typ":"vc+jwt","crit":["x"],"x":1,` + kid + `}`)},
		{"b64", "RFC 7797, section 6", "jose.header.crit", header(`{"alg":"EdDSA","typ":"vc+jwt","b64":true,` + kid + `}`)},
		{"x5c-empty", "RFC 7515, section 4.1.6", "jose.header.x5c", header(`{"alg":"EdDSA","typ":"vc+jwt","x5c":[],` + kid + `}`)},
		{"header-array", "RFC 7515, section 4", "jose.header.object", header(`["EdDSA"]`)},
		{"header-no-json", "RFC 7515, section 4", "jose.json.syntax", header(`{`)},
		{"header-duplicate-alg", "RFC 7515, section 4: names are unique", "jose.json.duplicate", header(`{"alg":"none","alg":"EdDSA","typ":"vc+jwt",` + kid + `}`)},
		{"header-iss-other", same, "jose.claim.conflict", header(`{"alg":"EdDSA","typ":"vc+jwt","iss":"did:example:other",` + kid + `}`)},
		{"header-iss-number", same, "jose.claim.conflict", header(`{"alg":"EdDSA","typ":"vc+jwt","iss":1,` + kid + `}`)},
		{"kid-absent", "VC-JOSE-COSE, section 4.1.1", "vc.issuer.kid.missing", header(`{"alg":"EdDSA","typ":"vc+jwt"}`)},
		{"kid-thumbprint", "an issuer that is a DID names its key as a DID URL", "vc.issuer.kid.invalid", header(`{"alg":"EdDSA","typ":"vc+jwt","kid":"73voMXFNmNlOEpuYCSJlh8eN0dscykoO6gBukgRS1uU"}`)},
		{"kid-fragment", "a fragment alone is a name that many share", "vc.issuer.kid.invalid", header(`{"alg":"EdDSA","typ":"vc+jwt","kid":"#key-1"}`)},
		{"kid-of-another-did", "the key is the issuer's", "vc.issuer.kid.foreign", header(`{"alg":"EdDSA","typ":"vc+jwt","kid":"did:example:citizen#papers"}`)},
		{"kid-of-another-key", "names are compared whole", "vc.issuer.key.notfound", header(`{"alg":"EdDSA","typ":"vc+jwt","kid":"did:example:authority#key-10"}`)},
		{"key-for-logging-in", "assertionMethod", "vc.issuer.key.purpose", bare(func(f *forged, _ *vectortest.Vector) {
			f.header, f.key = `{"alg":"EdDSA","typ":"vc+jwt","kid":"did:example:authority#login"}`, "did:example:authority#login"
		})},
		{"former-key", "the key was removed before iat", "vc.issuer.key.time", bare(func(f *forged, _ *vectortest.Vector) {
			f.header, f.key = `{"alg":"EdDSA","typ":"vc+jwt","kid":"did:example:authority#former"}`, "did:example:authority#former"
		})},
		{"former-key-without-iat", "undated, so that the key must be in service now", "vc.issuer.key.time", bare(func(f *forged, _ *vectortest.Vector) {
			f.header, f.key = `{"alg":"EdDSA","typ":"vc+jwt","kid":"did:example:authority#former"}`, "did:example:authority#former"
			f.set("iat", "")
		})},
		{"signature-of-another-key", "the signature", "vc.signature.invalid", bare(func(f *forged, _ *vectortest.Vector) { f.key = "other" })},
		{"signature-of-another-payload", "the signature", "vc.signature.invalid", final(part(1, func(s string) string {
			b, _ := unb64(s)
			return b64(strings.Replace(b, "Ada", "Eve", 1))
		}))},
		{"signature-of-another-header", "the signature", "vc.signature.invalid", final(part(0, func(string) string {
			return b64(`{"alg":"EdDSA","typ":"vc+jwt","cty":"vc",` + kid + `,"x":1}`)
		}))},
		{"signature-cut", "the signature", "vc.signature.invalid", final(part(2, func(s string) string { return s[:len(s)-2] }))},
		{"embedded-jwk-of-a-thief", "a key that the token brings along is not the issuer's", "vc.signature.invalid", bare(func(f *forged, _ *vectortest.Vector) {
			f.key = "thief"
			f.header = `{"alg":"EdDSA","typ":"vc+jwt",` + kid + `,"jwk":` + string(vectortest.Fixed(f.tb, keys.Ed25519, "thief").Public().JWK()) + `}`
		})},

		{"payload-array", "RFC 7519, section 7.2", "jose.payload", payload(func(s string) string { return "[" + s + "]" })},
		{"payload-no-json", "RFC 7519, section 7.2", "jose.json.syntax", payload(func(string) string { return "x" })},
		{"payload-trailing", "one JSON value", "jose.json.syntax", payload(func(s string) string { return s + "{}" })},
		{"payload-duplicate-issuer", "RFC 7519, section 4: names are unique", "jose.json.duplicate", payload(func(s string) string {
			return s[:len(s)-1] + `,"issuer":"did:example:other"}`
		})},
		{"payload-nested-too-deeply", "limits", "jose.json.limit", payload(func(s string) string {
			return s[:len(s)-1] + `,"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`
		})},
		{"vc-claim", "VC-JOSE-COSE, section 1.1.2.1", "jose.claim.forbidden", set("vc", "{}")},
		{"vp-claim", "VC-JOSE-COSE, section 1.1.2.1", "jose.claim.forbidden", set("vp", "{}")},
		{"iss-other", same, "jose.claim.conflict", set("iss", `"did:example:other"`)},
		{"iss-other-than-issuer-object", same, "jose.claim.conflict", bare(func(f *forged, _ *vectortest.Vector) {
			f.set("issuer", `{"id":"did:example:authority"}`)
			f.set("iss", `"did:example:other"`)
		})},
		{"jti-other", same, "jose.claim.conflict", bare(func(f *forged, _ *vectortest.Vector) {
			f.set("id", `"urn:example:1"`)
			f.set("jti", `"urn:example:2"`)
		})},
		{"sub-other", same, "jose.claim.conflict", set("sub", `"did:example:other"`)},
		{"iss-number", "RFC 7519, section 4.1.1", "jose.claim.text", set("iss", "1")},
		{"sub-array", "RFC 7519, section 4.1.2", "jose.claim.text", set("sub", `["did:example:citizen"]`)},
		{"jti-empty", "RFC 7519, section 4.1.7", "jose.claim.text", set("jti", `""`)},
		{"iat-fraction", date, "jose.claim.date", set("iat", "1793448000.5")},
		{"iat-negative", date, "jose.claim.date", set("iat", "-1")},
		{"iat-without-zone", date, "jose.claim.date", set("iat", `"2026-10-31T12:00:00"`)},
		{"iat-number-as-text", date, "jose.claim.date", set("iat", `"1793448000"`)},
		{"exp-milliseconds", date, "jose.claim.date", set("exp", "1893456000000")},
		{"nbf-true", date, "jose.claim.date", set("nbf", "true")},
		{"aud-number", "RFC 7519, section 4.1.3", "jose.claim.aud", set("aud", "1")},
		{"aud-empty", "RFC 7519, section 4.1.3", "jose.claim.aud", set("aud", "[]")},
		{"cnf-empty", "RFC 7800, section 3", "jose.claim.cnf", set("cnf", "{}")},
		{"cnf-off-curve", "RFC 7518, section 6.2", "jose.claim.cnf", set("cnf", `{"jwk":{"kty":"EC","crv":"P-256","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}}`)},
		{"cnf-x25519", "a key that does not sign", "jose.claim.cnf", set("cnf", `{"jwk":{"kty":"OKP","crv":"X25519","x":"hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo"}}`)},
		{"data-model-1-1", "VC-JOSE-COSE secures the data model 2.0", "jose.version", bare(func(f *forged, _ *vectortest.Vector) {
			f.set("@context", `["https://www.w3.org/2018/credentials/v1"]`)
			f.set("validFrom", "")
			f.set("issuanceDate", `"2026-01-01T00:00:00Z"`)
		})},
		{"no-context", model, "vcdm.context", set("@context", "")},
		{"no-type", model, "vcdm.type", set("type", "")},
		{"no-subject", model, "vcdm.subject", set("credentialSubject", "")},
		{"no-issuer", model, "vcdm.issuer", set("issuer", "")},
		{"issuer-not-accepted", "the policy's issuers", "vc.issuer.notaccepted", set("issuer", `"did:example:other"`)},
		{"of-another-type", "the policy's types", "vc.type.notaccepted", set("type", `["VerifiableCredential","OtherCredential"]`)},
		{"expired", model + ", section 4.9", "vc.time.expired", set("validUntil", `"2026-10-31T00:00:00Z"`)},
		{"exp-before-valid-until", "the end of the signature counts beside that of the credential", "vc.time.expired", bare(func(f *forged, _ *vectortest.Vector) {
			f.set("validUntil", `"2030-01-01T00:00:00Z"`)
			f.set("exp", "1793534400")
		})},
		{"valid-until-before-exp", "the end of the credential counts beside that of the signature", "vc.time.expired", bare(func(f *forged, _ *vectortest.Vector) {
			f.set("validUntil", `"2026-10-31T00:00:00Z"`)
			f.set("exp", "1893456000")
		})},
		{"valid-from-future", model + ", section 4.9", "vc.time.notyet", set("validFrom", `"2026-12-01T00:00:00Z"`)},
		{"nbf-after-valid-from", "the beginning of the signature counts beside that of the credential", "vc.time.notyet", set("nbf", "1796083200")},
		{"valid-from-after-nbf", "the beginning of the credential counts beside that of the signature", "vc.time.notyet", bare(func(f *forged, _ *vectortest.Vector) {
			f.set("validFrom", `"2026-12-01T00:00:00Z"`)
			f.set("nbf", "1793448000")
		})},
		{"issued-in-the-future", "iat", "vc.time.future", set("iat", "1793534461")},
		{"status-of-an-unknown-kind", model + ", section 4.10", "vc.status.unchecked", set("credentialStatus", `{"type":"ExampleStatus","id":"https://issuer.example/status/1"}`)},
		{"status-claim", "draft-ietf-oauth-status-list-20, section 6.2", "vc.status.unchecked", set("status", `{"status_list":{"idx":0,"uri":"https://issuer.example/status/1"}}`)},
	}
}
