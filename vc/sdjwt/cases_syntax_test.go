package sdjwt_test

import (
	"strings"

	"github.com/realdid/realdid/keys"
)

func syntaxCases() []forgedCase {
	final := func(change func(f *forgery, s string) string) func(*forgery, *vector) {
		return func(f *forgery, _ *vector) {
			f.final = func(s string) string { return change(f, s) }
		}
	}
	part := func(n int, change func(string) string) func(*forgery, *vector) {
		return final(func(_ *forgery, s string) string {
			jwt, rest, _ := strings.Cut(s, "~")
			p := strings.Split(jwt, ".")
			p[n] = change(p[n])
			return strings.Join(p, ".") + "~" + rest
		})
	}
	disclosure := func(change func(string) string) func(*forgery, *vector) {
		return final(func(_ *forgery, s string) string {
			p := strings.Split(s, "~")
			p[1] = change(p[1])
			return strings.Join(p, "~")
		})
	}
	payload := func(change func(string) string) func(*forgery, *vector) {
		return func(f *forgery, _ *vector) { f.payload = change(object(f.claims)) }
	}
	const grammar = "RFC 9901, section 4"
	const strict = "RFC 7515, section 2: base64url without padding; RFC 4648, section 3.5"
	return []forgedCase{
		{"empty", grammar, "sdjwt.bare", func(_ *forgery, v *vector) { v.Input = "(empty)" }},
		{"bare-jwt", grammar, "sdjwt.bare", final(func(_ *forgery, s string) string { jwt, _, _ := strings.Cut(s, "~"); return jwt })},
		{"no-final-tilde", grammar, "sdjwt.kb.syntax", func(f *forgery, v *vector) {
			f.noBinding()
			f.final = func(s string) string { return strings.TrimSuffix(s, "~") }
			v.Expect = bare()
		}},
		{"empty-disclosure", grammar, "sdjwt.syntax", final(func(f *forgery, s string) string { return replaceOnce(f.tb, s, "~", "~~") })},
		{"leading-tilde", grammar, "sdjwt.syntax", final(func(_ *forgery, s string) string { return "~" + s })},
		{"two-parts", grammar, "sdjwt.syntax", final(func(f *forgery, s string) string { return s[strings.IndexByte(s, '.')+1:] })},
		{"four-parts", grammar, "sdjwt.syntax", part(1, func(s string) string { return s + "." + s })},
		{"empty-header", grammar, "sdjwt.syntax", part(0, func(string) string { return "" })},
		{"empty-payload", grammar, "sdjwt.syntax", part(1, func(string) string { return "" })},
		{"empty-signature", grammar, "sdjwt.syntax", part(2, func(string) string { return "" })},
		{"line-end-after", grammar, "sdjwt.base64", final(func(_ *forgery, s string) string { return s + "\n" })},
		{"line-end-inside", strict, "sdjwt.base64", part(1, func(s string) string { return s[:40] + "\n" + s[40:] })},
		{"carriage-return-inside", strict, "sdjwt.base64", part(1, func(s string) string { return s[:40] + "\r" + s[40:] })},
		{"space-before", grammar, "sdjwt.base64", final(func(_ *forgery, s string) string { return " " + s })},
		{"padding", strict, "sdjwt.base64", part(2, func(s string) string { return s + "==" })},
		{"padding-in-disclosure", strict, "sdjwt.base64", disclosure(func(s string) string { return s + "=" })},
		{"spare-bits-in-signature", strict + ": a second text of one signature", "sdjwt.base64", part(2, func(s string) string { return s[:len(s)-1] + bumped(s[len(s)-1]) })},
		{"standard-alphabet", strict, "sdjwt.base64", part(2, func(s string) string { return "+/" + s[2:] })},

		{"payload-array", "RFC 7519, section 7.2", "sdjwt.payload", payload(func(s string) string { return "[" + s + "]" })},
		{"payload-text", "RFC 7519, section 7.2", "sdjwt.json.syntax", payload(func(string) string { return "foo" })},
		{"data-after-payload", "RFC 8259", "sdjwt.json.syntax", payload(func(s string) string { return s + "{}" })},
		{"duplicate-member", "RFC 8259, section 4; RFC 7519, section 4", "sdjwt.json.duplicate", payload(func(s string) string {
			return strings.TrimSuffix(s, "}") + `,"iss":"did:example:mallory"}`
		})},
		{"duplicate-member-escaped", "RFC 8259, section 4: names are compared after unescaping", "sdjwt.json.duplicate", payload(func(s string) string {
			return strings.TrimSuffix(s, "}") + `,"\u0069ss":"did:example:mallory"}`
		})},
		{"duplicate-member-below", "RFC 8259, section 4", "sdjwt.json.duplicate", payload(func(s string) string {
			return strings.TrimSuffix(s, "}") + `,"a":{"b":1,"b":2}}`
		})},
		{"duplicate-in-disclosure", "RFC 8259, section 4", "sdjwt.json.duplicate", func(f *forgery, _ *vector) { f.disclose("a", `{"b":1,"b":2}`) }},
		{"invalid-utf-8", "RFC 8259, section 8.1", "sdjwt.json.syntax", payload(func(s string) string { return strings.TrimSuffix(s, "}") + ",\"a\":\"\xff\"}" })},
		{"lone-surrogate", "RFC 8259, section 8.2", "sdjwt.json.syntax", payload(func(s string) string { return strings.TrimSuffix(s, "}") + `,"a":"\ud800"}` })},
		{"number-out-of-range", "RFC 7493, section 2.2", "sdjwt.json.syntax", payload(func(s string) string { return strings.TrimSuffix(s, "}") + `,"a":1e400}` })},
		{"not-a-number", "RFC 8259, section 6", "sdjwt.json.syntax", payload(func(s string) string { return strings.TrimSuffix(s, "}") + `,"a":NaN}` })},
		{"comment", "RFC 8259", "sdjwt.json.syntax", payload(func(s string) string { return s + "//" })},
		{"deep-payload", "limits of sdjwt", "sdjwt.json.limit", payload(func(s string) string {
			return strings.TrimSuffix(s, "}") + `,"a":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + "}"
		})},
		{"deep-by-disclosures", "limits of sdjwt: depth counts through disclosures", "sdjwt.depth", func(f *forgery, _ *vector) {
			inner := `"x"`
			for range 12 {
				d := f.element(strings.Repeat("[", 3) + inner + strings.Repeat("]", 3))
				f.disclosures = append(f.disclosures, d)
				inner = `{"...":` + f.digestOf(d) + `}`
			}
			f.set("a", "["+inner+"]")
		}},
		{"signature-of-a-null-payload", "RFC 7519, section 7.2", "sdjwt.payload", payload(func(string) string { return "null" })},
	}
}

// bumped returns the base64url character after c: the same bytes if c carries spare bits.
func bumped(c byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, c)+1:][:1]
}

func headerCases() []forgedCase {
	header := func(h string) func(*forgery, *vector) {
		return func(f *forgery, _ *vector) { f.header = h }
	}
	const kid = `"kid":"did:example:authority#key-1"`
	const algorithms = "RFC 9901, section 7.1, step 2.1; RFC 8725, section 3.1"
	return []forgedCase{
		{"alg-none", algorithms, "sdjwt.header.alg", header(`{"alg":"none","typ":"dc+sd-jwt",` + kid + `}`)},
		{"alg-none-in-capitals", algorithms, "sdjwt.header.alg", header(`{"alg":"NONE","typ":"dc+sd-jwt",` + kid + `}`)},
		{"alg-absent", algorithms, "sdjwt.header.alg", header(`{"typ":"dc+sd-jwt",` + kid + `}`)},
		{"alg-number", algorithms, "sdjwt.header.alg", header(`{"alg":7,"typ":"dc+sd-jwt",` + kid + `}`)},
		{"alg-hs256", algorithms, "sdjwt.header.alg", header(`{"alg":"HS256","typ":"dc+sd-jwt",` + kid + `}`)},
		{"alg-rs256", algorithms, "sdjwt.header.alg", header(`{"alg":"RS256","typ":"dc+sd-jwt",` + kid + `}`)},
		{"alg-in-lower-case", algorithms, "sdjwt.header.alg", header(`{"alg":"eddsa","typ":"dc+sd-jwt",` + kid + `}`)},
		{"alg-sm2", "JOSE has no name for SM2", "sdjwt.header.alg", func(f *forgery, v *vector) {
			f.alg, f.header = keys.SM2, `{"alg":"SM2","typ":"dc+sd-jwt",`+kid+`}`
			f.noBinding()
			v.Expect, v.Keys = bare(), []vectorKey{f.keyFor(forgeIssuer+"#key-1", "assertionMethod")}
			v.Input = strings.TrimSuffix(unsignedText(f), "~") + "~"
		}},
		{"alg-of-another-key", algorithms, "vc.issuer.key.algorithm", header(`{"alg":"ES256","typ":"dc+sd-jwt",` + kid + `}`)},
		{"alg-other-case-beside", "RFC 7515, section 5.2: names are compared exactly", "sdjwt.header.alg", header(`{"Alg":"EdDSA","typ":"dc+sd-jwt",` + kid + `}`)},
		{"duplicate-alg", "RFC 7515, section 4", "sdjwt.json.duplicate", header(`{"alg":"none","alg":"EdDSA","typ":"dc+sd-jwt",` + kid + `}`)},
		{"typ-absent", "SD-JWT VC, section 2.2.1", "vc.format.unexpected", header(`{"alg":"EdDSA",` + kid + `}`)},
		{"typ-number", "RFC 7515, section 4.1.9", "sdjwt.header.typ", header(`{"alg":"EdDSA","typ":1,` + kid + `}`)},
		{"typ-jwt", "RFC 8725, section 3.11", "vc.format.unexpected", header(`{"alg":"EdDSA","typ":"JWT",` + kid + `}`)},
		{"typ-kb-jwt", "RFC 9901, section 9.11", "sdjwt.header.typ", header(`{"alg":"EdDSA","typ":"kb+jwt",` + kid + `}`)},
		{"typ-status-list", "RFC 8725, section 3.11", "sdjwt.header.typ", header(`{"alg":"EdDSA","typ":"statuslist+jwt",` + kid + `}`)},
		{"typ-of-early-drafts", "SD-JWT VC, section 2.2.1: vc+sd-jwt is another format", "vc.format.unexpected", header(`{"alg":"EdDSA","typ":"vc+sd-jwt",` + kid + `}`)},
		{"typ-in-capitals", "SD-JWT VC, section 2.2.1", "sdjwt.header.typ", header(`{"alg":"EdDSA","typ":"DC+SD-JWT",` + kid + `}`)},
		{"typ-with-prefix", "SD-JWT VC, section 2.2.1", "vc.format.unexpected", header(`{"alg":"EdDSA","typ":"application/dc+sd-jwt",` + kid + `}`)},
		{"crit", "RFC 7515, section 4.1.11", "sdjwt.header.crit", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","crit":["exp"],"exp":1,` + kid + `}`)},
		{"crit-empty", "RFC 7515, section 4.1.11", "sdjwt.header.crit", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","crit":[],` + kid + `}`)},
		{"b64-without-crit", "RFC 7797, section 6", "sdjwt.header.crit", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","b64":false,` + kid + `}`)},
		{"x5c-number", "RFC 7515, section 4.1.6", "sdjwt.header.x5c", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","x5c":[1],` + kid + `}`)},
		{"crit-b64", "RFC 7797", "sdjwt.header.crit", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","b64":false,"crit":["b64"],` + kid + `}`)},
		{"array", "RFC 7515, section 4", "sdjwt.header.object", header(`["alg","EdDSA"]`)},
		{"text", "RFC 7515, section 4", "sdjwt.json.syntax", header(`alg`)},
		{"deep", "limits of sdjwt", "sdjwt.json.limit", header(`{"alg":"EdDSA","x":` + strings.Repeat("[", 50) + strings.Repeat("]", 50) + "}")},
		{"x5c-empty", "RFC 7515, section 4.1.6", "sdjwt.header.x5c", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","x5c":[],` + kid + `}`)},
		{"x5c-text", "RFC 7515, section 4.1.6", "sdjwt.header.x5c", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","x5c":"AAAA",` + kid + `}`)},
		{"x5c-base64url", "RFC 7515, section 4.1.6", "sdjwt.header.x5c", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","x5c":["_-8"],` + kid + `}`)},
		{"x5c-line-end", "RFC 7515, section 4.1.6", "sdjwt.header.x5c", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","x5c":["AA\nAA"],` + kid + `}`)},
		{"x5c-beside-did", "two verifiers could choose differently", "vc.issuer.ambiguous", header(`{"alg":"EdDSA","typ":"dc+sd-jwt","x5c":["AAAA"],` + kid + `}`)},
		{"key-in-header", "the key comes from the policy, whatever jwk, jku and x5u say", "vc.signature.invalid", func(f *forgery, _ *vector) {
			f.issuerKey = "mallory"
			f.header = `{"alg":"EdDSA","typ":"dc+sd-jwt",` + kid + `,"jwk":` + jwkOf(f, "mallory") + `,"jku":"https://mallory.example/keys"}`
		}},
	}
}

// unsignedText writes a token whose signature is a constant: of SM2 no signature is the same twice.
func unsignedText(f *forgery) string {
	claims := append(append([]member{}, f.claims...), member{"_sd", `["` + strings.Join(f.digests, `","`) + `"]`})
	return b64(f.header) + "." + b64(object(claims)) + "." + b64(strings.Repeat("s", 64)) + "~" + joined(f.disclosures)
}
