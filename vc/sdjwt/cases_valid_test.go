package sdjwt_test

import (
	"crypto/sha512"
	"fmt"

	"github.com/realdid/realdid/keys"
)

const person = "https://credentials.example/person"

func useAlgorithm(f *forgery, v *vector, a keys.Algorithm, name string) {
	f.alg = a
	f.header = fmt.Sprintf(`{"alg":%q,"typ":"dc+sd-jwt","kid":"did:example:authority#key-1"}`, name)
	f.kbHeader = fmt.Sprintf(`{"alg":%q,"typ":"kb+jwt"}`, name)
	v.Keys = []vectorKey{f.keyFor(forgeIssuer+"#key-1", "assertionMethod"), f.keyFor(forgeHolder, "authentication")}
}

// withHash makes the forgery anew with another hash.
func withHash(f *forgery, name string, h func(string) string) {
	f.hash, f.digests, f.disclosures = h, nil, nil
	f.set("_sd_alg", fmt.Sprintf("%q", name))
	f.disclose("given_name", `"Ada"`)
}

func validCases() []forgedCase {
	return []forgedCase{
		{"cnf-kid", "RFC 9901, section 4; PROFILE.md", "", nil},
		{"no-binding", "RFC 9901, section 4.1: an SD-JWT without key binding, where the policy asks for none", "", func(f *forgery, v *vector) {
			f.noBinding()
			v.Expect = bare()
		}},
		{"cnf-jwk", "RFC 7800, section 3.2, where the policy takes a key that cannot be rotated", "", func(f *forgery, v *vector) {
			f.set("cnf", `{"jwk":`+jwkOf(f, forgeHolder)+`}`)
			v.Expect = bound(func(e *vectorExpect) { e.Unrotatable = true })
		}},
		{"cnf-did", "PROFILE.md: bound to a DID, the presentation names the key", "", func(f *forgery, _ *vector) {
			f.set("cnf", `{"kid":"did:example:citizen"}`)
			f.kbHeader = `{"alg":"EdDSA","typ":"kb+jwt","kid":"did:example:citizen#phone"}`
		}},
		{"iat-point-zero", "RFC 7519, section 2: a NumericDate is a number, however it is written", "", func(f *forgery, _ *vector) { f.set("iat", "1793448000.0") }},
		{"iat-exponent", "RFC 7519, section 2: a NumericDate is a number, however it is written", "", func(f *forgery, _ *vector) { f.set("iat", "1.793448e9") }},
		{"es256", "RFC 7518, section 3.4", "", func(f *forgery, v *vector) { useAlgorithm(f, v, keys.P256, "ES256") }},
		{"es384", "RFC 7518, section 3.4", "", func(f *forgery, v *vector) { useAlgorithm(f, v, keys.P384, "ES384") }},
		{"es256k", "RFC 8812, section 3.2", "", func(f *forgery, v *vector) { useAlgorithm(f, v, keys.Secp256k1, "ES256K") }},
		{"ed25519-by-its-full-name", "RFC 9864, section 2.2", "", func(f *forgery, v *vector) { useAlgorithm(f, v, keys.Ed25519, "Ed25519") }},
		{"sha-384", "RFC 9901, section 4.1.1", "", func(f *forgery, _ *vector) {
			withHash(f, "sha-384", func(s string) string { d := sha512.Sum384([]byte(s)); return b64(d[:]) })
		}},
		{"sha-512", "RFC 9901, section 4.1.1", "", func(f *forgery, _ *vector) {
			withHash(f, "sha-512", func(s string) string { d := sha512.Sum512([]byte(s)); return b64(d[:]) })
		}},
		{"recursive", "RFC 9901, section 4.2.6: a disclosed claim with digests of its own", "", func(f *forgery, _ *vector) {
			inner := f.claim("locality", `"Zug"`)
			hidden := f.claim("street", `"Bahnhofstrasse"`)
			f.disclosures = append(f.disclosures, inner)
			f.disclose("address", `{"country":"CH","_sd":[`+f.digestOf(inner)+`,`+f.digestOf(hidden)+`]}`)
		}},
		{"nested", "RFC 9901, section 4.2.4.1: digests in an object that is in the clear", "", func(f *forgery, _ *vector) {
			d := f.claim("locality", `"Zug"`)
			f.disclosures = append(f.disclosures, d)
			f.set("address", `{"country":"CH","_sd":[`+f.digestOf(d)+`]}`)
		}},
		{"array", "RFC 9901, section 4.2.4.2: elements that are not disclosed are gone", "", func(f *forgery, _ *vector) {
			shown, hidden := f.element(`"CH"`), f.element(`"DE"`)
			f.disclosures = append(f.disclosures, shown)
			f.set("nationalities", `["FR",{"...":`+f.digestOf(hidden)+`},{"...":`+f.digestOf(shown)+`}]`)
		}},
		{"array-in-array", "RFC 9901, section 4.2.6", "", func(f *forgery, _ *vector) {
			inner := f.element(`"x"`)
			f.disclosures = append(f.disclosures, inner)
			outer := f.element(`["y",{"...":` + f.digestOf(inner) + `}]`)
			f.disclosures = append(f.disclosures, outer)
			f.set("list", `[{"...":`+f.digestOf(outer)+`}]`)
		}},
		{"null-element", "RFC 9901, section 4.2.2: a disclosed null is a null", "", func(f *forgery, _ *vector) {
			d := f.element(`null`)
			f.disclosures = append(f.disclosures, d)
			f.set("list", `[null,{"...":`+f.digestOf(d)+`}]`)
		}},
		{"decoys", "RFC 9901, section 4.2.5", "", func(f *forgery, _ *vector) {
			f.digests = append(f.digests, sha2("decoy 1"), sha2("decoy 2"))
			f.set("list", `[{"...":"`+sha2("decoy 3")+`"}]`)
		}},
		{"empty-sd", "RFC 9901, section 4.2.4.1: _sd may be empty", "", func(f *forgery, _ *vector) { f.set("address", `{"_sd":[]}`) }},
		{"names-with-dots", "a claim name is one name, whatever is in it", "", func(f *forgery, _ *vector) {
			f.disclose("a.b", `"dotted"`)
			f.disclose("a/b~c", `"slashed"`)
			f.disclose("", `"nameless"`)
			f.set("a", `{"b":"nested"}`)
		}},
		{"white-space-in-disclosure", "RFC 9901, section 4.2.1: the digest is over the text as sent", "", func(f *forgery, _ *vector) {
			f.send(encoded("[ \"salt with spaces 123\" ,\n\"note\" , { \"x\" : 1.0e2 } ]"), true)
		}},
		{"escaped-salt", "RFC 8259, section 7: the same text in another writing", "", func(f *forgery, _ *vector) {
			f.send(encoded(`["\u0073alt with escapes 1","n\u006fte","\ud83d\ude00"]`), true)
		}},
		{"sd-jwt-of-another-type", "RFC 9901, section 10.1: an SD-JWT that is no credential, accepted by its own type", "", func(f *forgery, v *vector) {
			f.header = `{"alg":"EdDSA","typ":"example+sd-jwt","kid":"did:example:authority#key-1"}`
			f.set("vct", "")
			f.disclose("exp", "1793534401")
			v.Expect = bound(func(e *vectorExpect) { e.Types, e.AnyType, e.MediaTypes = nil, true, []string{"example+sd-jwt"} })
		}},
		{"sd-jwt-by-its-name", "RFC 9901, section 10.1: any type that the policy names, with a type and a status of its own kind", "", func(f *forgery, v *vector) {
			f.header = `{"alg":"EdDSA","typ":"sd-jwt","kid":"did:example:authority#key-1"}`
			f.set("status", `{"_sd":["`+sha2("status")+`"]}`)
			v.Expect = bound(func(e *vectorExpect) { e.MediaTypes, e.IgnoreStatus = []string{"sd-jwt"}, true })
		}},
		{"sd-jwt-without-typ", "RFC 9901, section 9.11: the policy names what it takes", "", func(f *forgery, v *vector) {
			f.header = `{"alg":"EdDSA","kid":"did:example:authority#key-1"}`
			v.Expect = bound(func(e *vectorExpect) { e.MediaTypes = []string{"sd-jwt"} })
		}},
		{"pinned-key", "an issuer without a DID whose key the verifier holds; a kid that is no string names no key", "", func(f *forgery, v *vector) {
			f.header = `{"alg":"EdDSA","typ":"dc+sd-jwt","kid":42}`
			pinned(f, v)
		}},
		{"issuer-key-retired", "PROFILE.md: what a retired key signed before counts", "", func(f *forgery, v *vector) {
			k := f.keyFor(forgeIssuer+"#key-1", "assertionMethod")
			k.Status, k.Removed = "retired", forgeTime
			v.Keys = []vectorKey{k}
		}},
		{"aud", "RFC 7519, section 4.1.3: the verifier is one of the audience", "", func(f *forgery, _ *vector) {
			f.set("aud", `["https://other.example","https://verifier.example"]`)
		}},
		{"aud-without-binding", "a wallet is not the audience of what it stores", "", func(f *forgery, v *vector) {
			f.set("aud", `"https://other.example"`)
			f.noBinding()
			v.Expect = bare()
		}},
		{"registered-names-below", "SD-JWT VC, section 2.2.2.2: only the top level is meant", "", func(f *forgery, _ *vector) {
			d := f.claim("exp", "1")
			f.disclosures = append(f.disclosures, d)
			f.set("licence", `{"_sd":[`+f.digestOf(d)+`],"status":{"since":1,"_sd":["`+sha2("note")+`"]}}`)
			e := f.claim("iat", `"long ago"`)
			f.disclosures = append(f.disclosures, e)
			f.disclose("permit", `{"_sd":[`+f.digestOf(e)+`]}`)
		}},
		{"not-expired-for-a-second", "RFC 7519, section 4.1.4", "", func(f *forgery, _ *vector) { f.set("exp", "1793534401") }},
		{"valid-from-now", "RFC 7519, section 4.1.5", "", func(f *forgery, _ *vector) { f.set("nbf", "1793534400") }},
		{"binding-five-minutes-old", "RFC 9901, section 7.3: an age that the default policy takes", "", func(f *forgery, _ *vector) { f.setKB("iat", "1793534100") }},
		{"binding-with-more-claims", "SD-JWT VC, section 3.2: claims that are not understood are ignored", "", func(f *forgery, _ *vector) {
			f.setKB("transaction_data_hashes", `["x"]`)
		}},
		{"status-ignored", "PROFILE.md: where the policy says so", "", func(f *forgery, v *vector) {
			f.set("status", `{"status_list":{"idx":0,"uri":"https://issuer.example/status/1"}}`)
			v.Expect = bound(func(e *vectorExpect) { e.IgnoreStatus = true })
		}},
		{"flattened", "RFC 9901, section 8", "", func(f *forgery, v *vector) { v.Input = f.flattened("", "") }},
		{"flattened-with-other-members", "RFC 7515, section 7.2: members that are not understood are ignored", "", func(f *forgery, v *vector) {
			v.Input = f.flattened(`,"comment":"x"`, `,"x-note":"elsewhere"`)
		}},
		{"general", "RFC 9901, section 8: the first signature is the issuer's", "", func(f *forgery, v *vector) { v.Input = f.general(`{"kid":"other"}`) }},
	}
}
