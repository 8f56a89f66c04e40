package irma

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didjwk"
)

// oneSided are the faults that one side does not mind.
func oneSided() []accepts {
	d := disclosure("salt-9", "x", "y")
	return []accepts{
		{disagreement{
			what:   "exp, nbf or status in a disclosure",
			differ: "irmago looks at the validity and the status of what stands in the clear alone: an expired or revoked credential whose issuer made that withholdable is valid.",
			right:  "realdid: draft-ietf-oauth-sd-jwt-vc-18, section 2.2.2.2 (they must not be selectively disclosed); RFC 9901, section 7.1, step 6 (validity is that of the processed payload).",
		}, false, []fault{
			{"exp disclosed, past", all(payload("exp", nil), claim(disclosure("salt-9", "exp", ago(time.Hour))))},
			{"nbf disclosed, in the future", claim(disclosure("salt-9", "nbf", ago(-time.Hour)))},
			{"status disclosed", claim(disclosure("salt-9", "status", map[string]any{"status_list": map[string]any{"idx": 1, "uri": "https://list.example"}}))},
		}},
		{disagreement{
			what:   "crit names what is not understood",
			differ: "irmago accepts a critical header parameter that it does not know, in the issuer's part and in key binding.",
			right:  "realdid: RFC 7515, section 4.1.11 (the JWS is invalid; names of the specification itself must not be in the list).",
		}, false, []fault{
			{"crit of an unknown extension", all(header("crit", []any{"ext"}), header("ext", 1))},
			{"crit of a registered name", header("crit", []any{"exp"})},
			{"key binding: crit of an unknown extension", all(kbHeader("crit", []any{"ext"}), kbHeader("ext", 1))},
			{"key binding: crit of a registered name", kbHeader("crit", []any{"exp"})},
		}},
		{disagreement{
			what:   "key binding that is old, expired or not yet valid",
			differ: "irmago limits iat of key binding to the future alone, and does not look at exp and nbf.",
			right:  "realdid: RFC 9901, section 7.3, steps 5.e (iat within an acceptable window) and 5.h (a valid JWT in all other respects); RFC 7519, sections 4.1.4 and 4.1.5.",
		}, false, []fault{
			{"key binding: a year old", kbPayload("iat", ago(365*24*time.Hour))},
			{"key binding: expired", kbPayload("exp", ago(time.Hour))},
			{"key binding: not yet valid", kbPayload("nbf", ago(-time.Hour))},
		}},
		{disagreement{
			what:   "digests and disclosures that must not be there",
			differ: "irmago accepts a digest twice if nothing discloses it, a disclosure sent twice, members beside an element's digest, `...` as a claim, and `_sd_alg` below the top or disclosed.",
			right: "realdid: RFC 9901, section 4 (a disclosure is sent once), 4.1 (rule 7; the same digest must not appear twice), 4.1.1, 4.2.4.2 (no other keys) " +
				"and 7.1, steps 3.b.ii and 4.",
		}, false, []fault{
			{"digest of nothing twice", digests(digest("x"), digest("x"))},
			{"digest of nothing at two levels", all(payload("in", map[string]any{"_sd": []any{digest("x")}}), digests(digest("x")))},
			{"disclosure sent twice", func(f *forged) { f.disclosures = append(f.disclosures, f.disclosures[0]) }},
			{"a member beside an element's digest", func(f *forged) { f.payload["nationalities"].([]any)[1].(map[string]any)["x"] = 1 }},
			{"... as a claim", payload("in", map[string]any{"...": digest("x")})},
			{"_sd_alg below the top", payload("in", map[string]any{"_sd_alg": "sha-256"})},
			{"_sd_alg disclosed", claim(disclosure("salt-9", "_sd_alg", "sha-256"))},
		}},
		{disagreement{
			what:   "text that is not base64url or not JSON",
			differ: "irmago passes over line ends in base64url, over what follows the payload's JSON, and over bytes that are not UTF-8.",
			right:  "realdid: RFC 7515, section 2 (no line breaks or other characters); RFC 7519, section 7.2, step 10 (a completely valid JSON object); RFC 8259, sections 2 and 8.1.",
		}, false, []fault{
			{"line end in a disclosure", claim(d[:8] + "\n" + d[8:])},
			{"line end behind", func(f *forged) { f.whole = func(s string) string { return s + "\n" } }},
			{"data behind the payload", func(f *forged) { f.payloadText = func(s string) string { return s + "{}" } }},
			{"not UTF-8", claim(raw("[\"salt-9\",\"x\",\"\xff\"]"))},
		}},
		{disagreement{
			what:   "names of claims in another case",
			differ: "irmago takes `Nonce` for `nonce` and `AUD` for `aud` in key binding.",
			right:  "realdid: RFC 7519, section 7.3, and RFC 7515, section 5.3 (names are compared code point by code point).",
		}, false, []fault{
			{"key binding: Nonce", all(kbPayload("nonce", nil), kbPayload("Nonce", nonce))},
			{"key binding: AUD", all(kbPayload("aud", nil), kbPayload("AUD", audience))},
		}},
		{disagreement{
			what:   "dates that are texts",
			differ: "irmago reads digits in a text as a date.",
			right:  "realdid: RFC 7519, section 2 (NumericDate is a JSON number).",
		}, false, []fault{
			{"exp in quotes", payload("exp", fmt.Sprint(ago(-time.Hour)))},
			{"iat in quotes", payload("iat", fmt.Sprint(ago(time.Hour)))},
		}},
		{disagreement{
			what:   "a private key in cnf.jwk",
			differ: "irmago accepts a credential that holds the holder's private key.",
			right:  "realdid: RFC 7800, section 3.2 (the jwk of an asymmetric key is the public key); RFC 7517, section 9.2.",
		}, false, []fault{
			{"d in cnf.jwk", func(f *forged) {
				f.payload["cnf"].(map[string]any)["jwk"].(map[string]any)["d"] = b64.EncodeToString(f.holder.Secret())
			}},
		}},
		{disagreement{
			what:   "a second text of the same content: duplicate members, spare bits of base64url",
			differ: "irmago takes the last of two members with one name, and ignores the spare bits; realdid refuses both, so that no two readers see two things.",
			right:  "both: RFC 7519, section 4 (reject, or take the last); RFC 4648, section 3.5 (may reject).",
		}, false, []fault{
			{"duplicate claim", func(f *forged) {
				f.payloadText = replace(`"age_over_18":true`, `"age_over_18":true,"age_over_18":false`)
			}},
			{"duplicate member in a disclosure", claim(raw(`["salt-9","x",{"a":1,"a":2}]`))},
			{"key binding: duplicate claim", func(f *forged) { f.kbText = replace(`"nonce":`, `"nonce":"old","nonce":`) }},
			{"spare bits", claim(spareBits(raw(`["salt-9","x",12345]`)))},
		}},
		{disagreement{
			what:   "what realdid's profile for issuers that are DIDs narrows",
			differ: "irmago accepts a credential without iat, a date with a fraction, a kid relative to iss, and exp for three minutes longer.",
			right: "irmago by the standards (draft-ietf-oauth-sd-jwt-vc-18, section 2.2.2.2: iat is optional; RFC 7519, section 2: a date may have a fraction; 4.1.4: some leeway); " +
				"realdid by vc/sdjwt/PROFILE.md, section 2: iat decides which of a DID's keys counts.",
		}, false, []fault{
			{"iat absent", payload("iat", nil)},
			{"exp with a fraction", payload("exp", json.Number(fmt.Sprint(ago(-time.Hour), ".5")))},
			{"kid relative", header("kid", "#0")},
			{"expired for a minute", payload("exp", ago(time.Minute))},
		}},
		{disagreement{
			what:   "typ vc+sd-jwt",
			differ: "irmago accepts the name that early drafts gave to SD-JWT VC; realdid reads it as a W3C credential, and only where a policy names it.",
			right: "both: draft-ietf-oauth-sd-jwt-vc-18, section 2.2.1, recommends to accept it for a time of transition (-19 takes that back); " +
				"Securing Verifiable Credentials using JOSE and COSE, section 3.2.1, gave it another meaning.",
		}, false, []fault{{"typ vc+sd-jwt", header("typ", "vc+sd-jwt")}}},
		{disagreement{
			what:   "an empty _sd",
			differ: "irmago refuses an object whose `_sd` is empty.",
			right:  "realdid: RFC 9901, section 4.2.4.1 (the array may be empty).",
		}, true, []fault{
			{"_sd empty", payload("in", map[string]any{"_sd": []any{}})},
			{"_sd empty beside a claim", payload("in", map[string]any{"a": 1, "_sd": []any{}})},
			{"_sd empty at the top", func(f *forged) { f.payload["_sd"], f.disclosures = []any{}, f.disclosures[2:] }},
		}},
		{disagreement{
			what:   "key binding by a DID URL (cnf.kid)",
			differ: "irmago's verifier knows cnf.jwk alone, though its wallet signs for a did:jwk or did:key in cnf.kid.",
			right:  "both: RFC 9901, section 4.1.2, suggests cnf.jwk and allows other methods; RFC 7800, section 3.4, has kid.",
		}, true, []fault{
			{"cnf.kid", func(f *forged) {
				f.payload["cnf"] = map[string]any{"kid": didjwk.Of(holderKey(f)).WithFragment("0").String()}
			}},
		}},
	}
}

func holderKey(f *forged) keys.PublicKey { return f.holder.Public() }

// spareBits sets a spare bit of the last character.
func spareBits(d string) string {
	if len(d)%4 == 0 {
		panic("no spare bits")
	}
	return d[:len(d)-1] + string(d[len(d)-1]+1)
}
