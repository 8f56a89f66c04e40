package jwtvc_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jwtvc"
)

var update = flag.Bool("update", false, "write the vectors of testdata/jwtvc anew")

const vectorDir = "jwtvc"

func TestOwnVectors(t *testing.T) { vectortest.Run(t, vectorDir, receive, 80) }

func TestVectorsAreCurrent(t *testing.T) {
	made := func(cases []vectorCase) vectortest.File {
		var list []vectortest.Case[*forgery]
		for _, c := range cases {
			list = append(list, vectortest.Case[*forgery]{Name: c.name, Rule: c.rule, Code: c.code, Change: func(f *forgery, v *vectortest.Vector) {
				e := vectortest.NewSetting(t).Expect
				v.Expect = &e
				if c.change != nil {
					c.change(f, v)
				}
				if c.name != "not-named-in-the-policy" {
					v.Expect.MediaTypes = []string{jwtvc.MediaType}
				}
			}})
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

// alone changes a credential that is shown alone.
func alone(change func(f *forged)) func(*forgery, *vectortest.Vector) {
	return func(f *forgery, v *vectortest.Vector) {
		f.around = nil
		v.Expect = vectortest.Bare()
		if change != nil {
			change(&f.credential)
		}
	}
}

const (
	claims11 = "VCDM 1.1, section 6.3.1"
	same     = claims11 + ": a claim and the member that it stands for do not contradict each other"
	limit    = "limits"
	digests  = "RFC 9901, section 9.11: an SD-JWT without its disclosures is no other kind of JWT, lest what it withholds go unread"
	names    = "RFC 7519, section 4: names are unique"
)

func credentialCases() []vectorCase {
	set := func(name, value string) func(*forgery, *vectortest.Vector) {
		return alone(func(f *forged) { f.set(name, value) })
	}
	in := func(name, value string) func(*forgery, *vectortest.Vector) {
		return alone(func(f *forged) { f.in(name, value) })
	}
	header := func(h string) func(*forgery, *vectortest.Vector) { return alone(func(f *forged) { f.header = h }) }
	payload := func(change func(string) string) func(*forgery, *vectortest.Vector) {
		return alone(func(f *forged) { f.final = change })
	}
	whole := func(change func(string) string) func(*forgery, *vectortest.Vector) {
		return alone(func(f *forged) { f.whole = change })
	}
	const kid = `"kid":"did:example:authority#key-1"`
	return []vectorCase{
		{"valid", claims11, "", alone(nil)},
		{"valid-without-typ", claims11 + ": typ, if present", "", header(`{"alg":"EdDSA",` + kid + `}`)},
		{"valid-members-left-out", claims11 + ": claims instead of members", "", alone(func(f *forged) {
			f.in("issuer", "")
			f.in("issuanceDate", "")
			f.in("credentialSubject", `{"name":"Ada","age":36}`)
			f.set("jti", `"urn:example:1"`)
			f.set("exp", "1924992000")
		})},
		{"valid-claims-left-out", "members by themselves", "", alone(func(f *forged) {
			f.claims = nil
		})},
		{"valid-issuer-object", "VCDM 1.1, section 4.5", "", in("issuer", `{"id":"did:example:authority","name":"Authority"}`)},
		{"valid-issuer-object-without-id", claims11, "", in("issuer", `{"name":"Authority"}`)},
		{"valid-issuer-empty-beside-iss", claims11 + ": an empty text says nothing, and iss takes its place", "", in("issuer", `""`)},
		{"valid-issuer-object-with-empty-id", claims11 + ": an empty text says nothing, and iss takes its place", "", in("issuer", `{"id":"","name":"Authority"}`)},
		{"valid-fraction-of-a-second", "a claim has whole seconds", "", in("issuanceDate", `"2026-10-31T12:00:00.75Z"`)},
		{"valid-issuance-date-in-a-zone", "the same time", "", in("issuanceDate", `"2026-10-31T14:00:00+02:00"`)},
		{"valid-subject-in-a-list", claims11, "", in("credentialSubject", `[{"id":"did:example:citizen","name":"Ada"}]`)},
		{"valid-two-subjects-without-sub", claims11, "", alone(func(f *forged) {
			f.set("sub", "")
			f.in("credentialSubject", `[{"id":"did:example:citizen","name":"Ada"},{"id":"did:example:other","name":"Eve"}]`)
		})},
		{"valid-without-iat", "the key must be in service now", "", set("iat", "")},
		{"not-named-in-the-policy", "RFC 8725, section 3.11", "vc.format.unexpected", alone(nil)},

		{"two-parts", "RFC 7515, section 7.1", "jwtvc.syntax", whole(func(s string) string { return s[strings.IndexByte(s, '.')+1:] })},
		{"unsecured", "RFC 8725, section 3.2", "jwtvc.syntax", whole(part(2, func(string) string { return "" }))},
		{"padding", "RFC 7515, section 2", "jwtvc.syntax", whole(func(s string) string { return s + "==" })},
		{"json", "a credential without a signature", "jwtvc.syntax", whole(func(string) string { return `{"vc":{}}` })},
		{"alg-none", "RFC 8725, section 3.2", "jwtvc.header.alg", header(`{"alg":"none",` + kid + `}`)},
		{"alg-hs256", "RFC 8725, section 3.1", "jwtvc.header.alg", header(`{"alg":"HS256",` + kid + `}`)},
		{"alg-of-another-key", "RFC 8725, section 3.1", "vc.issuer.key.algorithm", header(`{"alg":"ES256",` + kid + `}`)},
		{"typ-of-vc-jose-cose", "RFC 8725, section 3.11", "jwtvc.header.typ", header(`{"alg":"EdDSA","typ":"vc+jwt",` + kid + `}`)},
		{"typ-in-lower-case", "RFC 7519, section 5.1, exactly", "jwtvc.header.typ", header(`{"alg":"EdDSA","typ":"jwt",` + kid + `}`)},
		{"typ-empty", claims11, "jwtvc.header.typ", header(`{"alg":"EdDSA","typ":"",` + kid + `}`)},
		{"typ-number", "RFC 7515, section 4.1.9", "jwtvc.header", header(`{"alg":"EdDSA","typ":1,` + kid + `}`)},
		{"crit", "RFC 7515, section 4.1.11", "jwtvc.header", header(`{"alg":"EdDSA","crit":["x"],"x":1,` + kid + `}`)},
		{"header-array", "RFC 7515, section 4", "jwtvc.header", header(`[]`)},
		{"header-duplicate-kid", names, "jwtvc.json.duplicate", header(`{"alg":"EdDSA","kid":"did:example:other#key-1",` + kid + `}`)},
		{"x5c-empty", "RFC 7515, section 4.1.6", "jwtvc.header", header(`{"alg":"EdDSA","x5c":[],` + kid + `}`)},
		{"kid-absent", "the issuer is a DID", "vc.issuer.kid.missing", header(`{"alg":"EdDSA"}`)},
		{"kid-fragment", "a fragment alone is a name that many share", "vc.issuer.kid.invalid", header(`{"alg":"EdDSA","kid":"key-1"}`)},
		{"kid-part-of-a-name", "names are compared whole", "vc.issuer.key.notfound", header(`{"alg":"EdDSA","kid":"did:example:authority#key"}`)},
		{"kid-of-another-did", "the key is the issuer's", "vc.issuer.kid.foreign", header(`{"alg":"EdDSA","kid":"did:example:citizen#papers"}`)},
		{"key-for-logging-in", "assertionMethod", "vc.issuer.key.purpose", alone(func(f *forged) {
			f.header, f.key = `{"alg":"EdDSA","kid":"did:example:authority#login"}`, "did:example:authority#login"
		})},
		{"former-key-without-iat", "issuanceDate is no time of signing", "vc.issuer.key.time", alone(func(f *forged) {
			f.header, f.key = `{"alg":"EdDSA","kid":"did:example:authority#former"}`, "did:example:authority#former"
			f.set("iat", "")
			f.set("nbf", "")
			f.in("issuanceDate", `"2020-01-01T00:00:00Z"`)
		})},
		{"signature-of-another-key", "the signature", "vc.signature.invalid", alone(func(f *forged) { f.key = "other" })},
		{"signature-of-another-payload", "the signature", "vc.signature.invalid", whole(part(1, func(s string) string {
			return b64(strings.Replace(unb64(s), "Ada", "Eve", 1))
		}))},

		{"payload-array", "RFC 7519, section 7.2", "jwtvc.payload", payload(func(s string) string { return "[" + s + "]" })},
		{"payload-trailing", "one JSON value", "jwtvc.json.syntax", payload(func(s string) string { return s + "{}" })},
		{"payload-vc-twice", names, "jwtvc.json.duplicate", payload(func(s string) string { return s[:len(s)-1] + `,"vc":{}}` })},
		{"payload-issuer-twice", names, "jwtvc.json.duplicate", payload(func(s string) string {
			return strings.Replace(s, `"issuer":`, `"issuer":"did:example:other","issuer":`, 1)
		})},
		{"payload-nested-too-deeply", limit, "jwtvc.json.limit", set("x", strings.Repeat("[", 40)+strings.Repeat("]", 40))},
		{"claim-vc-absent", claims11, "jwtvc.claim.missing", alone(func(f *forged) { f.held = "" })},
		{"claim-vc-in-capitals", claims11, "jwtvc.claim.missing", alone(func(f *forged) { f.held = "VC" })},
		{"claim-vc-a-string", claims11, "jwtvc.claim.missing", alone(func(f *forged) {
			f.held = ""
			f.set("vc", `"{}"`)
		})},
		{"sd-jwt-without-its-disclosures", digests, "jwtvc.claim.forbidden", alone(func(f *forged) {
			f.in("_sd", `["2VAYpC0vUxHN5ZiQ4C0A6hbvAn3ICHTMJGoN4Zar0LE"]`) // of credentialStatus
			f.set("_sd_alg", `"sha-256"`)
		})},
		{"sd-alg", digests, "jwtvc.claim.forbidden", set("_sd_alg", `"sha-256"`)},
		{"sd-alg-in-vc", digests + "; older drafts had _sd_alg there", "jwtvc.claim.forbidden", in("_sd_alg", `"sha-256"`)},
		{"sd-in-vc", digests, "jwtvc.claim.forbidden", in("_sd", `[]`)},
		{"sd-in-subject", digests, "jwtvc.claim.forbidden", in("credentialSubject", `[{"id":"did:example:citizen","name":"Ada","home":{"_sd":[]}}]`)},
		{"digest-of-an-element", digests, "jwtvc.claim.forbidden", in("credentialStatus", `[{"...":"2VAYpC0vUxHN5ZiQ4C0A6hbvAn3ICHTMJGoN4Zar0LE"}]`)},
		{"claim-vp-beside", claims11, "jwtvc.claim.missing", set("vp", "{}")},
		{"data-model-2", "VCDM 2.0 has another form", "jwtvc.version", alone(func(f *forged) {
			f.in("@context", `["https://www.w3.org/ns/credentials/v2"]`)
			f.in("issuanceDate", "")
			f.set("nbf", "")
		})},
		{"context-absent", "VCDM 1.1, section 4.1", "vcdm.context", in("@context", "")},
		{"type-absent", "VCDM 1.1, section 4.3", "vcdm.type.missing", in("type", `["PersonCredential"]`)},
		{"issuer-nowhere", "VCDM 1.1, section 4.5", "vcdm.issuer", alone(func(f *forged) {
			f.set("iss", "")
			f.in("issuer", "")
		})},
		{"issuance-date-nowhere", "VCDM 1.1, section 4.6", "vcdm.time.missing", alone(func(f *forged) {
			f.set("nbf", "")
			f.in("issuanceDate", "")
		})},
		{"subject-nowhere", "VCDM 1.1, section 4.4", "vcdm.subject", alone(func(f *forged) {
			f.set("sub", "")
			f.in("credentialSubject", "")
		})},
		{"iss-other", same, "jwtvc.claim.conflict", set("iss", `"did:example:other"`)},
		{"iss-other-than-issuer-object", same, "jwtvc.claim.conflict", alone(func(f *forged) {
			f.in("issuer", `{"id":"did:example:authority"}`)
			f.set("iss", `"did:example:other"`)
		})},
		{"empty-issuer-without-iss", "VCDM 1.1, section 4.5", "vcdm.issuer", alone(func(f *forged) {
			f.set("iss", "")
			f.in("issuer", `""`)
		})},
		{"sub-other", same, "jwtvc.claim.conflict", set("sub", `"did:example:other"`)},
		{"sub-beside-two-subjects", claims11 + ": one subject", "jwtvc.claim.conflict", in("credentialSubject", `[{"id":"did:example:citizen"},{"id":"did:example:other"}]`)},
		{"sub-without-subject", claims11, "jwtvc.claim.conflict", in("credentialSubject", "")},
		{"sub-beside-a-string-in-a-list", claims11, "jwtvc.claim.conflict", in("credentialSubject", `["did:example:citizen"]`)},
		{"sub-beside-a-string", claims11, "jwtvc.claim.conflict", in("credentialSubject", `"did:example:citizen"`)},
		{"jti-other", same, "jwtvc.claim.conflict", alone(func(f *forged) {
			f.in("id", `"urn:example:1"`)
			f.set("jti", `"urn:example:2"`)
		})},
		{"nbf-other", same, "jwtvc.claim.conflict", set("nbf", "1793448001")},
		{"nbf-beside-no-date", same, "jwtvc.claim.conflict", in("issuanceDate", `"2026-10-31"`)},
		{"exp-other", same, "jwtvc.claim.conflict", alone(func(f *forged) {
			f.in("expirationDate", `"2030-01-01T00:00:00Z"`)
			f.set("exp", "1924992000")
		})},
		{"iss-number", "RFC 7519, section 4.1.1", "jwtvc.claim.text", set("iss", "1")},
		{"nbf-text", "RFC 7519, section 2", "jwtvc.claim.date", set("nbf", `"now"`)},
		{"aud-number", "RFC 7519, section 4.1.3", "jwtvc.claim.aud", set("aud", "1")},
		{"cnf-two-keys", "RFC 7800, section 3.1", "jwtvc.claim.cnf", set("cnf", `{"kid":"did:example:citizen","jwk":{}}`)},
		{"not-yet-valid", claims11 + ": nbf", "vc.time.notyet", alone(func(f *forged) {
			f.set("nbf", "1924992000")
			f.in("issuanceDate", "")
		})},
		{"expired-by-exp", claims11 + ": exp", "vc.time.expired", set("exp", "1793448001")},
		{"expired-by-member", "VCDM 1.1, section 4.6", "vc.time.expired", in("expirationDate", `"2026-10-31T13:00:00Z"`)},
		{"status-not-looked-at", "VCDM 1.1, section 4.9", "vc.status.unchecked", in("credentialStatus", `{"id":"https://lists.example/1#1","type":"ExampleStatus"}`)},
		{"another-type", "the policy", "vc.type.notaccepted", in("type", `["VerifiableCredential","OtherCredential"]`)},
	}
}

func presentationCases() []vectorCase {
	set := func(name, value string) func(*forgery, *vectortest.Vector) {
		return func(f *forgery, _ *vectortest.Vector) { f.around.set(name, value) }
	}
	in := func(name, value string) func(*forgery, *vectortest.Vector) {
		return func(f *forgery, _ *vectortest.Vector) { f.around.in(name, value) }
	}
	header := func(h string) func(*forgery, *vectortest.Vector) {
		return func(f *forgery, _ *vectortest.Vector) { f.around.header = h }
	}
	held := func(change func(string) string) func(*forgery, *vectortest.Vector) {
		return func(f *forgery, _ *vectortest.Vector) { f.held = change(f.credential.token()) }
	}
	const (
		who     = "the holder's key signs"
		binding = "the holder signs for one audience and one request"
	)
	return []vectorCase{
		{"valid", claims11, "", nil},
		{"valid-holder", "VCDM 1.1, section 4.10", "", in("holder", `"did:example:citizen"`)},
		{"valid-without-iss", "the key says who holds", "", set("iss", "")},
		{"valid-one-by-itself", "VCDM 1.1, section 4.10", "", held(func(s string) string { return `"` + s + `"` })},
		{"valid-aud-list-of-one", "RFC 7519, section 4.1.3", "", set("aud", `["https://verifier.example"]`)},
		{"credential-alone", binding, "vc.holder.missing", func(f *forgery, _ *vectortest.Vector) { f.around = nil }},
		{"not-asked-for", "a signature that the policy would not check", "vc.holder.unexpected", func(_ *forgery, v *vectortest.Vector) { v.Expect = vectortest.Bare() }},
		{"signature-of-another-key", who, "jwtvc.vp.signature", func(f *forgery, _ *vectortest.Vector) { f.around.key = "thief" }},
		{"signature-of-another-payload", who, "jwtvc.vp.signature", func(f *forgery, _ *vectortest.Vector) {
			f.around.whole = part(1, func(s string) string { return b64(strings.Replace(unb64(s), `"nonce-1"`, `"nonce-2"`, 1)) })
		}},
		{"credential-of-a-thief", "the issuer's signature inside", "vc.signature.invalid", func(f *forgery, _ *vectortest.Vector) { f.credential.key = "thief" }},
		{"kid-absent", who, "jwtvc.vp.holder", header(`{"alg":"EdDSA"}`)},
		{"kid-of-another-did", who, "jwtvc.vp.holder", header(`{"alg":"EdDSA","kid":"did:example:authority#login"}`)},
		{"key-for-assertions", "authentication", "vc.holder.key.purpose", func(f *forgery, _ *vectortest.Vector) {
			f.around.header, f.around.key = `{"alg":"EdDSA","kid":"did:example:citizen#papers"}`, "did:example:citizen#papers"
		}},
		{"presented-by-another-did", "the credential's holder presents", "vc.holder.kid.foreign", func(f *forgery, _ *vectortest.Vector) {
			f.around.set("iss", "")
			f.around.header, f.around.key = `{"alg":"EdDSA","kid":"did:example:authority#login"}`, "did:example:authority#login"
		}},
		{"holder-other", same, "jwtvc.claim.conflict", in("holder", `"did:example:other"`)},
		{"holder-alone-of-another-key", who, "jwtvc.vp.holder", func(f *forgery, _ *vectortest.Vector) {
			f.around.set("iss", "")
			f.around.in("holder", `"did:example:other"`)
		}},
		{"iss-other", who, "jwtvc.vp.holder", set("iss", `"did:example:other"`)},
		{"jti-other", same, "jwtvc.claim.conflict", func(f *forgery, _ *vectortest.Vector) {
			f.around.in("id", `"urn:example:1"`)
			f.around.set("jti", `"urn:example:2"`)
		}},
		{"data-model-2", "VCDM 2.0 has another form", "jwtvc.version", in("@context", `["https://www.w3.org/ns/credentials/v2"]`)},
		{"type-absent", "VCDM 1.1, section 4.10", "vcdm.type.missing", in("type", `["Other"]`)},
		{"aud-other", binding, "vc.holder.audience", set("aud", `"https://other.example"`)},
		{"aud-absent", binding, "vc.holder.audience", set("aud", "")},
		{"aud-two", "one of them could show it to the other", "jwtvc.claim.aud", set("aud", `["https://verifier.example","https://other.example"]`)},
		{"nonce-other", binding, "vc.holder.nonce", set("nonce", `"nonce-2"`)},
		{"nonce-absent", binding, "vc.holder.nonce", set("nonce", "")},
		{"iat-absent", binding, "vc.holder.time.missing", set("iat", "")},
		{"iat-old", binding, "vc.holder.time.old", set("iat", "1793534000")},
		{"exp-past", "RFC 7519, section 4.1.4", "vc.holder.time.expired", set("exp", "1793534400")},
		{"nbf-future", "RFC 7519, section 4.1.5", "vc.holder.time.notyet", set("nbf", "1793534500")},
		{"no-credential", "one credential is verified at a time", "jwtvc.vp.count", held(func(string) string { return "[]" })},
		{"no-credential-at-all", "one credential is verified at a time", "jwtvc.vp.count", held(func(string) string { return "none" })},
		{"two-credentials", "one credential is verified at a time", "jwtvc.vp.count", held(func(s string) string { return `["` + s + `","` + s + `"]` })},
		{"credential-an-object", "a credential of another format", "jwtvc.vp.format", held(func(string) string { return `[{"type":"VerifiableCredential"}]` })},
		{"presentation-inside", "a credential is no presentation", "jwtvc.claim.missing", func(f *forgery, _ *vectortest.Vector) {
			f.held = `["` + newForgery(f.credential.tb).text() + `"]`
		}},
		{"sd-jwt", digests, "jwtvc.claim.forbidden", set("_sd", `[]`)},
		{"vc-claim-beside", claims11, "jwtvc.claim.missing", set("vc", "{}")},
	}
}
