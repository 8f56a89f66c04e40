package sdjwt_test

import (
	"strings"

	"github.com/realdid/realdid/keys"
)

func bindingCases() []forgedCase {
	header := func(h string) func(*forgery, *vector) {
		return func(f *forgery, _ *vector) { f.kbHeader = h }
	}
	set := func(name, value string) func(*forgery, *vector) {
		return func(f *forgery, _ *vector) { f.setKB(name, value) }
	}
	holder := func(change func(*vectorKey)) func(*forgery, *vector) {
		return func(f *forgery, v *vector) {
			k := f.keyFor(forgeHolder, "authentication")
			change(&k)
			v.Keys = []vectorKey{k}
		}
	}
	toDID := func(kid string) func(*forgery, *vector) {
		return func(f *forgery, _ *vector) {
			f.set("cnf", `{"kid":"did:example:citizen"}`)
			f.kbHeader = `{"alg":"EdDSA","typ":"kb+jwt"` + kid + `}`
		}
	}
	const (
		format  = "RFC 9901, section 4.3"
		step    = "RFC 9901, section 7.3, step 5"
		profile = "PROFILE.md, the holder's key"
		date    = "RFC 7519, section 2: NumericDate, here an integer"
	)
	return []forgedCase{
		{"absent", "RFC 9901, section 7.3, step 1", "vc.holder.missing", func(f *forgery, _ *vector) { f.noBinding() }},
		{"unexpected", "RFC 9901, section 7.3: SD-JWT+KB where an SD-JWT is expected", "vc.holder.unexpected", func(_ *forgery, v *vector) { v.Expect = bare() }},
		{"unbound", "RFC 9901, section 7.3, step 2", "vc.holder.unbound", func(f *forgery, _ *vector) { f.set("cnf", "") }},
		{"two-parts", format, "sdjwt.kb.syntax", func(f *forgery, _ *vector) {
			f.final = func(s string) string { return s[:lastDot(s)] }
		}},
		{"typ-jwt", format, "sdjwt.kb.typ", header(`{"alg":"EdDSA","typ":"JWT"}`)},
		{"typ-absent", format, "sdjwt.kb.typ", header(`{"alg":"EdDSA"}`)},
		{"typ-number", format, "sdjwt.kb.typ", header(`{"alg":"EdDSA","typ":1}`)},
		{"typ-in-capitals", format, "sdjwt.kb.typ", header(`{"alg":"EdDSA","typ":"KB+JWT"}`)},
		{"alg-none", format, "sdjwt.kb.alg", header(`{"alg":"none","typ":"kb+jwt"}`)},
		{"alg-absent", format, "sdjwt.kb.alg", header(`{"typ":"kb+jwt"}`)},
		{"alg-hs256", format, "sdjwt.kb.alg", header(`{"alg":"HS256","typ":"kb+jwt"}`)},
		{"alg-sm2", "JOSE has no name for SM2", "sdjwt.kb.alg", header(`{"alg":"SM2","typ":"kb+jwt"}`)},
		{"alg-of-another-key", step, "vc.holder.key.algorithm", header(`{"alg":"ES256","typ":"kb+jwt"}`)},
		{"crit", "RFC 7515, section 4.1.11", "sdjwt.kb.crit", header(`{"alg":"EdDSA","typ":"kb+jwt","crit":["x"],"x":1}`)},
		{"header-array", "RFC 7515, section 4", "sdjwt.kb.header", header(`[]`)},
		{"duplicate-typ", "RFC 7515, section 4", "sdjwt.json.duplicate", header(`{"alg":"EdDSA","typ":"JWT","typ":"kb+jwt"}`)},
		{"key-in-header", "the key comes from the credential, whatever jwk says", "sdjwt.kb.signature", func(f *forgery, _ *vector) {
			f.kbKey = "mallory"
			f.kbHeader = `{"alg":"EdDSA","typ":"kb+jwt","jwk":` + jwkOf(f, "mallory") + `}`
		}},
		{"payload-array", format, "sdjwt.kb.claim", func(f *forgery, _ *vector) {
			f.final = func(s string) string {
				input := b64(f.kbHeader) + "." + b64("[]")
				return s[:strings.LastIndexByte(s, '~')+1] + input + "." + sign(f.tb, fixedKey(f.tb, f.alg, f.kbKey), input)
			}
		}},
		{"aud-of-another-verifier", step, "vc.holder.audience", set("aud", `"https://mallory.example"`)},
		{"aud-with-slash", step + ": compared whole", "vc.holder.audience", set("aud", `"https://verifier.example/"`)},
		{"aud-without-client-id-prefix", "OpenID4VP 1.0, section 5.9: the whole client identifier", "vc.holder.audience", func(f *forgery, v *vector) {
			f.setKB("aud", `"verifier.example"`)
			v.Expect = bound(func(e *vectorExpect) { e.Audience = "x509_san_dns:verifier.example" })
		}},
		{"aud-array", format + ": one string", "sdjwt.kb.claim", set("aud", `["https://verifier.example"]`)},
		{"aud-absent", format, "sdjwt.kb.claim", set("aud", "")},
		{"aud-empty", format, "sdjwt.kb.claim", set("aud", `""`)},
		{"exp-text", date, "sdjwt.kb.claim", set("exp", `"1893456000"`)},
		{"exp-null", date, "sdjwt.kb.claim", set("exp", "null")},
		{"nbf-fraction", date, "sdjwt.kb.claim", set("nbf", "1.5")},
		{"sd-hash-empty", format, "sdjwt.kb.claim", set("sd_hash", `""`)},
		{"sd-hash-null", format, "sdjwt.kb.claim", set("sd_hash", "null")},
		{"payload-text", format, "sdjwt.json.syntax", func(f *forgery, _ *vector) {
			f.final = func(s string) string {
				return s[:strings.LastIndexByte(s, '~')+1] + b64(f.kbHeader) + "." + b64("foo") + ".AA"
			}
		}},
		{"header-text", format, "sdjwt.json.syntax", header("foo")},
		{"nonce-of-another-request", step, "vc.holder.nonce", set("nonce", `"nonce-2"`)},
		{"nonce-absent", format, "sdjwt.kb.claim", set("nonce", "")},
		{"nonce-number", format, "sdjwt.kb.claim", set("nonce", "1")},
		{"iat-absent", format, "sdjwt.kb.claim", set("iat", "")},
		{"iat-text", format, "sdjwt.kb.claim", set("iat", `"1793534400"`)},
		{"iat-fraction", format, "sdjwt.kb.claim", set("iat", "1793534400.25")},
		{"iat-too-old", step, "vc.holder.time.old", set("iat", "1793534099")},
		{"iat-in-the-future", step, "vc.holder.time.future", set("iat", "1793534461")},
		{"expired", "RFC 7519, section 4.1.4", "vc.holder.time.expired", set("exp", "1793534400")},
		{"not-yet-valid", "RFC 7519, section 4.1.5", "vc.holder.time.notyet", set("nbf", "1793534461")},
		{"duplicate-claim", "RFC 8259, section 4", "sdjwt.json.duplicate", func(f *forgery, _ *vector) {
			f.kbClaims = append(f.kbClaims, member{"aud", `"https://mallory.example"`})
		}},
		{"sd-hash-absent", format, "sdjwt.kb.claim", func(f *forgery, _ *vector) { f.kbClaims = append(f.kbClaims, member{"sd_hash", ""}) }},
		{"sd-hash-truncated", step, "sdjwt.kb.hash", func(f *forgery, _ *vector) {
			f.setKB("sd_hash", `"`+f.hash(f.jwt() + "~" + joined(f.disclosures))[:22]+`"`)
		}},
		{"sd-hash-without-the-last-tilde", step, "sdjwt.kb.hash", func(f *forgery, _ *vector) {
			f.setKB("sd_hash", `"`+f.hash(strings.TrimSuffix(f.jwt()+"~"+joined(f.disclosures), "~"))+`"`)
		}},
		{"sd-hash-over-the-jwt-alone", step, "sdjwt.kb.hash", func(f *forgery, _ *vector) { f.setKB("sd_hash", `"`+f.hash(f.jwt())+`"`) }},
		{"disclosure-removed", step, "sdjwt.kb.hash", func(f *forgery, _ *vector) { f.afterKB = func(f *forgery) { f.disclosures = nil } }},
		{"disclosures-reordered", step, "sdjwt.kb.hash", func(f *forgery, _ *vector) {
			f.disclose("age", "36")
			f.afterKB = func(f *forgery) { f.disclosures = []string{f.disclosures[1], f.disclosures[0]} }
		}},
		{"of-another-presentation", step, "sdjwt.kb.hash", func(f *forgery, _ *vector) {
			other := newForgery(f.tb)
			other.disclosures = nil
			_, kb := other.parts()
			f.final = func(s string) string { return s[:strings.LastIndexByte(s, '~')+1] + kb }
		}},
		{"signed-by-another-key", step, "sdjwt.kb.signature", func(f *forgery, _ *vector) { f.kbKey = "mallory" }},
		{"signed-by-the-issuer", step, "sdjwt.kb.signature", func(f *forgery, _ *vector) { f.kbKey = f.issuerKey }},
		{"signature-changed", step, "sdjwt.kb.signature", func(f *forgery, _ *vector) {
			f.final = func(s string) string {
				return changed(s, lastDot(s)+3)
			}
		}},
		{"signature-truncated", step, "sdjwt.kb.signature", func(f *forgery, _ *vector) {
			f.final = func(s string) string { return s[:len(s)-2] } // 63 bytes
		}},
		{"key-that-cannot-be-rotated", profile, "vc.holder.unrotatable", func(f *forgery, _ *vector) { f.set("cnf", `{"jwk":`+jwkOf(f, forgeHolder)+`}`) }},
		{"did-key-that-cannot-be-rotated", profile, "vc.holder.unrotatable", func(f *forgery, v *vector) {
			k := fixedKey(f.tb, keys.Ed25519, forgeHolder).Public()
			id := "did:key:" + k.Multikey() + "#" + k.Multikey()
			f.set("cnf", note(`{"kid":%q}`, id))
			v.Keys = []vectorKey{{ID: id, PublicKey: k.Multikey(), Purpose: "authentication"}}
		}},
		{"cnf-kid-relative", profile, "vc.holder.kid.invalid", func(f *forgery, _ *vector) { f.set("cnf", `{"kid":"#phone"}`) }},
		{"cnf-kid-with-query", profile, "vc.holder.kid.invalid", func(f *forgery, _ *vector) { f.set("cnf", `{"kid":"did:example:citizen?versionId=1#phone"}`) }},
		{"cnf-did-and-no-kid", profile, "vc.holder.kid.missing", toDID("")},
		{"cnf-did-and-relative-kid", profile, "vc.holder.kid.invalid", toDID(`,"kid":"#phone"`)},
		{"cnf-did-and-foreign-kid", profile, "vc.holder.kid.foreign", toDID(`,"kid":"did:example:mallory#phone"`)},
		{"cnf-did-and-unknown-kid", profile, "vc.holder.key.notfound", toDID(`,"kid":"did:example:citizen#phone-2"`)},
		{"cnf-kid-and-other-kid", profile, "vc.holder.kid.foreign", header(`{"alg":"EdDSA","typ":"kb+jwt","kid":"did:example:citizen#papers"}`)},
		{"key-for-assertions", profile, "vc.holder.key.purpose", func(f *forgery, _ *vector) {
			f.set("cnf", `{"kid":"did:example:citizen#papers"}`)
			f.kbKey = "did:example:citizen#papers"
		}},
		{"key-rotated", profile + ": resolved when presenting", "vc.holder.key.time", holder(func(k *vectorKey) { k.Status, k.Removed = "retired", forgeTime })},
		{"key-compromised", profile, "vc.holder.key.time", holder(func(k *vectorKey) { k.Status = "compromised" })},
		{"evidence-old", profile, "vc.holder.evidence.stale", holder(func(k *vectorKey) { k.AsOf = forgeTime.Add(-11 * 60e9) })},
		{"evidence-none", profile, "vc.holder.evidence.none", holder(func(k *vectorKey) { k.Evidence = "none" })},
		{"evidence-genesis-only", profile, "vc.holder.evidence.genesis", holder(func(k *vectorKey) { k.Evidence = "genesisOnly" })},
	}
}

func serializationCases() []forgedCase {
	const section = "RFC 9901, section 8; RFC 7515, section 7.2"
	text := func(make func(*forgery) string) func(*forgery, *vector) {
		return func(f *forgery, v *vector) { v.Input = make(f) }
	}
	return []forgedCase{
		{"disclosures-in-the-second-header", section, "sdjwt.serialization", text(func(f *forgery) string { return f.general(`{"disclosures":[]}`) })},
		{"kb-jwt-in-the-second-header", section, "sdjwt.serialization", text(func(f *forgery) string { return f.general(`{"kb_jwt":"x"}`) })},
		{"disclosures-in-the-protected-header", section, "sdjwt.serialization", text(func(f *forgery) string {
			f.header = `{"alg":"EdDSA","typ":"dc+sd-jwt","disclosures":[]}`
			return f.flattened("", "")
		})},
		{"kb-jwt-in-the-protected-header", section, "sdjwt.serialization", text(func(f *forgery) string {
			f.header = `{"alg":"EdDSA","typ":"dc+sd-jwt","kb_jwt":"x"}`
			return f.flattened("", "")
		})},
		{"disclosures-at-the-top", section + ": the place of early drafts", "sdjwt.serialization", text(func(f *forgery) string {
			s := f.flattened("", "")
			_, rest, _ := strings.Cut(s, `},"payload"`)
			return `{"disclosures":["x"],"kb_jwt":"x","payload"` + rest
		})},
		{"disclosures-in-the-protected-header-alone", section, "sdjwt.serialization", func(f *forgery, v *vector) {
			f.header = `{"alg":"EdDSA","typ":"dc+sd-jwt","kid":"did:example:authority#key-1","disclosures":[]}`
			p := strings.Split(f.jwt(), ".")
			v.Input, v.Expect = note(`{"payload":%q,"protected":%q,"signature":%q}`, p[1], p[0], p[2]), bare()
		}},
		{"kb-jwt-at-the-top", section + ": the place of early drafts", "sdjwt.serialization", func(f *forgery, v *vector) {
			v.Input, v.Expect = f.flattened(`,"kb_jwt":"x"`, ""), bare()
		}},
		{"disclosures-beside-a-signature", section, "sdjwt.serialization", text(func(f *forgery) string {
			return replaceOnce(f.tb, f.general("{}"), `"signatures":[{`, `"signatures":[{"disclosures":[],`)
		})},
		{"disclosures-beside-the-second-signature", section, "sdjwt.serialization", text(func(f *forgery) string {
			return replaceOnce(f.tb, f.general("{}"), `{"header":{},`, `{"disclosures":[],"header":{},`)
		})},
		{"parameter-in-both-headers", "RFC 7515, section 7.2.1", "sdjwt.serialization", text(func(f *forgery) string { return f.flattened("", `,"kid":"elsewhere"`) })},
		{"crit-unprotected", "RFC 7515, section 4.1.11", "sdjwt.header.crit", text(func(f *forgery) string { return f.flattened("", `,"crit":["x"],"x":1`) })},
		{"b64-unprotected", "RFC 7797, section 3", "sdjwt.header.crit", text(func(f *forgery) string { return f.flattened("", `,"b64":false`) })},
		{"general-and-protected", section, "sdjwt.serialization", text(func(f *forgery) string {
			return strings.TrimSuffix(f.general("{}"), "}") + `,"protected":"e30"}`
		})},
		{"general-and-header", section, "sdjwt.serialization", text(func(f *forgery) string {
			return strings.TrimSuffix(f.general("{}"), "}") + `,"header":{}}`
		})},
		{"second-signature-absent", section, "sdjwt.serialization", text(func(f *forgery) string {
			return strings.TrimSuffix(f.general("{}"), "]}") + `,{"protected":"e30"}]}`
		})},
		{"second-protected-absent", section, "sdjwt.serialization", text(func(f *forgery) string {
			return strings.TrimSuffix(f.general("{}"), "]}") + `,{"signature":"AA"}]}`
		})},
		{"too-many-disclosures", "limits of sdjwt", "sdjwt.disclosure.limit", text(func(f *forgery) string {
			return replaceOnce(f.tb, f.flattened("", ""), `"disclosures":[`, `"disclosures":[`+strings.Repeat(`"W10",`, 1024))
		})},
		{"no-signatures", "a list of length zero proves nothing", "sdjwt.serialization", text(func(f *forgery) string {
			return `{"payload":"` + strings.Split(f.jwt(), ".")[1] + `","signatures":[]}`
		})},
		{"signatures-object", section, "sdjwt.serialization", text(func(f *forgery) string { return `{"payload":"e30","signatures":{}}` })},
		{"signatures-null", section, "sdjwt.serialization", text(func(f *forgery) string { return `{"payload":"e30","signatures":null}` })},
		{"too-many-signatures", "limits of sdjwt", "sdjwt.serialization", text(func(f *forgery) string {
			return `{"payload":"e30","signatures":[` + strings.Repeat(`{"protected":"e30","signature":"AA"},`, 8) + `{"protected":"e30","signature":"AA"}]}`
		})},
		{"flattened-and-general", section, "sdjwt.serialization", text(func(f *forgery) string { return f.flattened(`,"signatures":[]`, "") })},
		{"payload-absent", section, "sdjwt.serialization", text(func(f *forgery) string { return replaceOnce(f.tb, f.flattened("", ""), `"payload"`, `"Payload"`) })},
		{"payload-object", section, "sdjwt.serialization", text(func(f *forgery) string { return `{"payload":{},"protected":"e30","signature":"AA"}` })},
		{"signature-absent", section, "sdjwt.serialization", text(func(f *forgery) string { return `{"payload":"e30","protected":"e30"}` })},
		{"protected-absent", section + ": alg in the unprotected header does not count", "sdjwt.serialization", text(func(f *forgery) string {
			return `{"payload":"e30","header":{"alg":"EdDSA"},"signature":"AA"}`
		})},
		{"protected-with-a-dot", section, "sdjwt.base64", text(func(f *forgery) string {
			return replaceOnce(f.tb, f.flattened("", ""), `"protected":"`, `"protected":"e30.`)
		})},
		{"header-array", section, "sdjwt.serialization", text(func(f *forgery) string {
			return `{"payload":"e30","protected":"e30","signature":"AA","header":[]}`
		})},
		{"disclosures-text", section, "sdjwt.serialization", text(func(f *forgery) string {
			return `{"payload":"e30","protected":"e30","signature":"AA","header":{"disclosures":"x"}}`
		})},
		{"disclosure-number", section, "sdjwt.serialization", text(func(f *forgery) string {
			return `{"payload":"e30","protected":"e30","signature":"AA","header":{"disclosures":[1]}}`
		})},
		{"disclosure-with-a-tilde", section, "sdjwt.base64", text(func(f *forgery) string {
			return replaceOnce(f.tb, f.flattened("", ""), `"disclosures":["`, `"disclosures":["a~`)
		})},
		{"kb-jwt-object", section, "sdjwt.serialization", text(func(f *forgery) string {
			return `{"payload":"e30","protected":"e30","signature":"AA","header":{"kb_jwt":{}}}`
		})},
		{"kb-jwt-empty", section, "sdjwt.serialization", text(func(f *forgery) string {
			return `{"payload":"e30","protected":"e30","signature":"AA","header":{"kb_jwt":""}}`
		})},
		{"duplicate-payload", "RFC 8259, section 4", "sdjwt.json.duplicate", text(func(f *forgery) string { return f.flattened(`,"payload":"e30"`, "") })},
		{"data-after", "RFC 8259", "sdjwt.json.syntax", text(func(f *forgery) string { return f.flattened("", "") + "~" })},
		{"byte-order-mark", "RFC 8259, section 8.1", "sdjwt.bare", text(func(f *forgery) string { return "\ufeff" + f.flattened("", "") })},
		{"array", section, "sdjwt.bare", text(func(f *forgery) string { return "[" + f.flattened("", "") + "]" })},
		{"disclosure-removed", "RFC 9901, section 7.3, step 5", "sdjwt.kb.hash", text(func(f *forgery) string {
			f.afterKB = func(f *forgery) { f.disclosures = nil }
			return strings.Replace(f.flattened("", ""), `"disclosures":[""]`, `"disclosures":[]`, 1)
		})},
	}
}
