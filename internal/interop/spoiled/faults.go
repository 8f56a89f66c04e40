package spoiled

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/realdid/realdid/internal/interop/claims"
	"github.com/realdid/realdid/resolver/didjwk"
)

// A Fault spoils a valid presentation.
type Fault struct {
	Name  string
	Spoil func(*Presentation)
}

func header(name string, v any) func(*Presentation) {
	return func(f *Presentation) { set(f.header, name, v) }
}

func payload(name string, v any) func(*Presentation) {
	return func(f *Presentation) { set(f.payload, name, v) }
}

func kbHeader(name string, v any) func(*Presentation) {
	return func(f *Presentation) { set(f.kbHeader, name, v) }
}

func kbPayload(name string, v any) func(*Presentation) {
	return func(f *Presentation) { set(f.kbPayload, name, v) }
}

// set sets a member, and removes it if v is nil.
func set(m map[string]any, name string, v any) {
	if v == nil {
		delete(m, name)
	} else {
		m[name] = v
	}
}

// claim adds a disclosure, with its digest, at the top.
func claim(d string) func(*Presentation) {
	return func(f *Presentation) {
		f.disclosures = append(f.disclosures, d)
		digests(digest(d))(f)
	}
}

// digests adds digests at the top.
func digests(ds ...any) func(*Presentation) {
	return func(f *Presentation) { f.payload["_sd"] = append(f.payload["_sd"].([]any), ds...) }
}

// elementOf adds a disclosure, with its digest, to the nationalities.
func elementOf(d string) func(*Presentation) {
	return func(f *Presentation) {
		f.disclosures = append(f.disclosures, d)
		f.payload["nationalities"] = append(f.payload["nationalities"].([]any), map[string]any{"...": digest(d)})
	}
}

func all(spoil ...func(*Presentation)) func(*Presentation) {
	return func(f *Presentation) {
		for _, s := range spoil {
			s(f)
		}
	}
}

// raw encodes a disclosure that is not what disclosure makes.
func raw(text string) string { return b64.EncodeToString([]byte(text)) }

// Faults returns faults, each by a name of its own. other has keys of the same algorithms, and is not to be trusted. What they are about and
// which specification forbids it stands where the tests say who does not mind.
func Faults(other Setting) []Fault {
	d, audience, nonce := disclosure("salt-9", "x", "y"), other.Audience, other.Nonce
	ago := func(d time.Duration) int64 { return other.Now.Add(-d).Unix() }
	return []Fault{
		{"typ absent", header("typ", nil)},
		{"typ JWT", header("typ", "JWT")},
		{"typ with a prefix", header("typ", "application/dc+sd-jwt")},
		{"typ in capitals", header("typ", "DC+SD-JWT")},
		{"alg none", all(header("alg", "none"), func(f *Presentation) { f.issuer = nil })},
		{"alg of another key", header("alg", "ES384")},
		{"kid absent", header("kid", nil)},
		{"kid of another DID, which signs", all(header("kid", other.Method.String()), func(f *Presentation) { f.issuer = other.Issuer })},
		{"kid of a method that is not there", func(f *Presentation) { f.header["kid"] = f.payload["iss"].(string) + "#1" }},
		{"kid without a fragment", func(f *Presentation) { f.header["kid"] = f.payload["iss"] }},
		{"a key in the header, which signs", all(header("jwk", json.RawMessage(other.Issuer.Public().JWK())), func(f *Presentation) { f.issuer = other.Issuer })},
		{"iss absent", payload("iss", nil)},
		{"iss of another", payload("iss", other.Method.DID().String())},
		{"vct absent", payload("vct", nil)},
		{"vct a number", payload("vct", 1)},
		{"expired", payload("exp", ago(time.Hour))},
		{"exp a word", payload("exp", "tomorrow")},
		{"not yet valid", payload("nbf", ago(-time.Hour))},
		{"issued in the future", payload("iat", ago(-time.Hour))},
		{"hash md5", payload("_sd_alg", "md5")},
		{"hash of 32 bits", payload("_sd_alg", "sha-256-32")},
		{"hash in capitals", payload("_sd_alg", "SHA-256")},
		{"hash a number", payload("_sd_alg", 256)},
		{"digest of a disclosure twice", func(f *Presentation) { digests(digest(f.disclosures[0]))(f) }},
		{"disclosure without a digest", func(f *Presentation) { f.disclosures = append(f.disclosures, d) }},
		{"disclosure called _sd", claim(disclosure("salt-9", "_sd", []any{}))},
		{"disclosure called ...", claim(disclosure("salt-9", "...", "y"))},
		{"disclosure called like a claim in the clear", claim(disclosure("salt-9", "age_over_18", false))},
		{"disclosure called like another", claim(disclosure("salt-9", "given_name", "Eve"))},
		{"cnf disclosed", func(f *Presentation) {
			cnf := f.payload["cnf"]
			delete(f.payload, "cnf")
			claim(disclosure("salt-9", "cnf", cnf))(f)
		}},
		{"vct disclosed", all(payload("vct", nil), claim(disclosure("salt-9", "vct", claims.Type)))},
		{"disclosure of an element among claims", claim(disclosure("salt-9", "y"))},
		{"disclosure of a claim among elements", elementOf(d)},
		{"disclosure of four", claim(disclosure("salt-9", "x", "y", "z"))},
		{"disclosure of one", claim(disclosure("salt-9"))},
		{"disclosure that is an object", claim(raw(`{"salt-9":"x"}`))},
		{"disclosure with data behind", claim(raw(`["salt-9","x","y"] true`))},
		{"salt a number", claim(disclosure(9, "x", "y"))},
		{"name a number", claim(disclosure("salt-9", 1, "y"))},
		{"_sd a text", payload("in", map[string]any{"_sd": "x"})},
		{"digest a number", payload("in", map[string]any{"_sd": []any{1}})},
		{"digest of an element a number", payload("nationalities", []any{map[string]any{"...": 1}})},
		{"disclosure padded", func(f *Presentation) { f.disclosures[0] += "=" }},
		{"disclosure in base64", claim(base64.RawStdEncoding.EncodeToString([]byte("[\"salt-9\",\"x\",\"~~~???\"]")))},
		{"disclosure empty", func(f *Presentation) { f.disclosures = append(f.disclosures, "") }},
		{"bare JWT", func(f *Presentation) { f.disclosures, f.noBinding, f.whole = nil, true, replace("~", "") }},
		{"JWT of four parts", func(f *Presentation) { f.signed = func(s string) string { return s + ".x" } }},
		{"blank before", func(f *Presentation) { f.whole = func(s string) string { return " " + s } }},
		{"blank behind", func(f *Presentation) { f.whole = func(s string) string { return s + " " } }},
		{"no key binding", func(f *Presentation) { f.noBinding = true }},
		{"cnf absent", payload("cnf", nil)},
		{"key binding: typ absent", kbHeader("typ", nil)},
		{"key binding: typ JWT", kbHeader("typ", "JWT")},
		{"key binding: alg none", all(kbHeader("alg", "none"), func(f *Presentation) { f.holder = nil })},
		{"key binding: alg absent", kbHeader("alg", nil)},
		{"key binding: alg of another key", kbHeader("alg", "ES384")},
		{"key binding: alg HS256", kbHeader("alg", "HS256")},
		{"key binding: another key signs", func(f *Presentation) { f.holder = other.Holder }},
		{"key binding: for another", kbPayload("aud", "https://other.example")},
		{"key binding: aud without the prefix", kbPayload("aud", audience[strings.IndexByte(audience, ':')+1:])},
		{"key binding: aud a list", kbPayload("aud", []any{audience})},
		{"key binding: aud absent", kbPayload("aud", nil)},
		{"key binding: another nonce", kbPayload("nonce", "other")},
		{"key binding: nonce a number", kbPayload("nonce", 1)},
		{"key binding: nonce absent", kbPayload("nonce", nil)},
		{"key binding: another sd_hash", kbPayload("sd_hash", digest("x"))},
		{"key binding: sd_hash empty", kbPayload("sd_hash", "")},
		{"key binding: a disclosure removed", func(f *Presentation) { f.whole = replace(f.disclosures[1]+"~", "") }},
		{"key binding: disclosures in another order", func(f *Presentation) {
			f.whole = replace(f.disclosures[0]+"~"+f.disclosures[1], f.disclosures[1]+"~"+f.disclosures[0])
		}},
		{"key binding: iat absent", kbPayload("iat", nil)},
		{"key binding: iat a word", kbPayload("iat", "now")},
		{"key binding: from the future", kbPayload("iat", ago(-time.Hour))},
		{"exp disclosed, past", all(payload("exp", nil), claim(disclosure("salt-9", "exp", ago(time.Hour))))},
		{"nbf disclosed, in the future", claim(disclosure("salt-9", "nbf", ago(-time.Hour)))},
		{"status disclosed", claim(disclosure("salt-9", "status", map[string]any{"status_list": map[string]any{"idx": 1, "uri": "https://list.example"}}))},
		{"crit of an unknown extension", all(header("crit", []any{"ext"}), header("ext", 1))},
		{"crit of a registered name", header("crit", []any{"exp"})},
		{"key binding: crit of an unknown extension", all(kbHeader("crit", []any{"ext"}), kbHeader("ext", 1))},
		{"key binding: crit of a registered name", kbHeader("crit", []any{"exp"})},
		{"key binding: a year old", kbPayload("iat", ago(365*24*time.Hour))},
		{"key binding: expired", kbPayload("exp", ago(time.Hour))},
		{"key binding: not yet valid", kbPayload("nbf", ago(-time.Hour))},
		{"digest of nothing twice", digests(digest("x"), digest("x"))},
		{"digest of nothing at two levels", all(payload("in", map[string]any{"_sd": []any{digest("x")}}), digests(digest("x")))},
		{"disclosure sent twice", func(f *Presentation) { f.disclosures = append(f.disclosures, f.disclosures[0]) }},
		{"a member beside an element's digest", func(f *Presentation) { f.payload["nationalities"].([]any)[1].(map[string]any)["x"] = 1 }},
		{"... as a claim", payload("in", map[string]any{"...": digest("x")})},
		{"_sd_alg below the top", payload("in", map[string]any{"_sd_alg": "sha-256"})},
		{"_sd_alg disclosed", claim(disclosure("salt-9", "_sd_alg", "sha-256"))},
		{"line end in a disclosure", claim(d[:8] + "\n" + d[8:])},
		{"line end behind", func(f *Presentation) { f.whole = func(s string) string { return s + "\n" } }},
		{"data behind the payload", func(f *Presentation) { f.payloadText = func(s string) string { return s + "{}" } }},
		{"not UTF-8", claim(raw("[\"salt-9\",\"x\",\"\xff\"]"))},
		{"key binding: Nonce", all(kbPayload("nonce", nil), kbPayload("Nonce", nonce))},
		{"key binding: AUD", all(kbPayload("aud", nil), kbPayload("AUD", audience))},
		{"exp in quotes", payload("exp", fmt.Sprint(ago(-time.Hour)))},
		{"iat in quotes", payload("iat", fmt.Sprint(ago(time.Hour)))},
		{"d in cnf.jwk", func(f *Presentation) {
			f.payload["cnf"].(map[string]any)["jwk"].(map[string]any)["d"] = b64.EncodeToString(f.holder.Secret())
		}},
		{"duplicate claim", func(f *Presentation) {
			f.payloadText = replace(`"age_over_18":true`, `"age_over_18":true,"age_over_18":false`)
		}},
		{"duplicate member in a disclosure", claim(raw(`["salt-9","x",{"a":1,"a":2}]`))},
		{"key binding: duplicate claim", func(f *Presentation) { f.kbText = replace(`"nonce":`, `"nonce":"old","nonce":`) }},
		{"spare bits", claim(spareBits(raw(`["salt-9","x",12345]`)))},
		{"iat absent", payload("iat", nil)},
		{"exp with a fraction", payload("exp", json.Number(fmt.Sprint(ago(-time.Hour), ".5")))},
		{"kid relative", header("kid", "#0")},
		{"expired for a minute", payload("exp", ago(time.Minute))},
		{"typ vc+sd-jwt", header("typ", "vc+sd-jwt")},
		{"_sd empty", payload("in", map[string]any{"_sd": []any{}})},
		{"_sd empty beside a claim", payload("in", map[string]any{"a": 1, "_sd": []any{}})},
		{"_sd empty at the top", func(f *Presentation) { f.payload["_sd"], f.disclosures = []any{}, f.disclosures[2:] }},
		{"cnf.kid", func(f *Presentation) {
			f.payload["cnf"] = map[string]any{"kid": didjwk.Of(f.holder.Public()).WithFragment("0").String()}
		}},
	}
}

// spareBits sets a spare bit of the last character.
func spareBits(d string) string {
	if len(d)%4 == 0 {
		panic("no spare bits")
	}
	return d[:len(d)-1] + string(d[len(d)-1]+1)
}
