package sdjwt_test

import (
	"fmt"
	"strings"
)

func disclosureCases() []forgedCase {
	const (
		step3  = "RFC 9901, section 7.1, step 3"
		step4  = "RFC 9901, section 7.1, step 4"
		step5  = "RFC 9901, section 7.1, step 5"
		format = "RFC 9901, sections 4.2.1 and 4.2.2"
		hash   = "RFC 9901, section 4.1.1"
	)
	send := func(json string) func(*forgery, *vector) {
		return func(f *forgery, _ *vector) { f.send(encoded(json), true) }
	}
	cases := []forgedCase{
		{"one-element", format, "sdjwt.disclosure.malformed", send(`["salt"]`)},
		{"four-elements", format, "sdjwt.disclosure.malformed", send(`["salt","a",1,2]`)},
		{"no-elements", format, "sdjwt.disclosure.malformed", send(`[]`)},
		{"object", format, "sdjwt.disclosure.malformed", send(`{"salt":"s","name":"a","value":1}`)},
		{"text", format, "sdjwt.disclosure.malformed", send(`"salt"`)},
		{"not-json", format, "sdjwt.json.syntax", send(`["salt","a",]`)},
		{"data-after", format, "sdjwt.json.syntax", send(`["salt","a",1]["b"]`)},
		{"salt-number", format, "sdjwt.disclosure.malformed", send(`[1,"a",1]`)},
		{"salt-null", format, "sdjwt.disclosure.malformed", send(`[null,"a",1]`)},
		{"name-number", format, "sdjwt.disclosure.malformed", send(`["salt",1,1]`)},
		{"name-null", format, "sdjwt.disclosure.malformed", send(`["salt",null,1]`)},
		{"name-sd", step3, "sdjwt.disclosure.reserved", send(`["salt","_sd",["x"]]`)},
		{"name-dots", step3, "sdjwt.disclosure.reserved", send(`["salt","...","x"]`)},
		{"name-sd-alg", hash, "sdjwt.disclosure.reserved", send(`["salt","_sd_alg","sha-256"]`)},
		{"name-sd-escaped", step3, "sdjwt.disclosure.reserved", send(`["salt","\u005fsd",["x"]]`)},
		{"same-disclosure-twice", step5, "sdjwt.disclosure.duplicate", func(f *forgery, _ *vector) { f.disclosures = append(f.disclosures, f.disclosures[0]) }},
		{"same-salt-twice", "RFC 9901, section 9.3: a salt is used once", "sdjwt.disclosure.salt", func(f *forgery, _ *vector) {
			f.send(encoded(`["one salt","a",1]`), true)
			f.send(encoded(`["one salt","b",2]`), true)
		}},
		{"unreferenced", step5, "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) { f.send(f.claim("admin", "true"), false) }},
		{"unreferenced-element", step5, "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) { f.send(f.element("true"), false) }},
		{"value-changed", step5, "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) {
			f.disclosures[0] = encoded(`["` + salt(0) + `","given_name","Eve"]`)
		}},
		{"written-differently", "RFC 9901, section 4.2.1: the digest is over the text as sent", "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) {
			f.disclosures[0] = encoded(`["` + salt(0) + `", "given_name", "Ada"]`)
		}},
		{"child-without-parent", "RFC 9901, section 4.2.6: the parent's disclosure is missing", "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) {
			inner := f.claim("locality", `"Zug"`)
			f.disclosures = append(f.disclosures, inner)
			f.hide("address", `{"_sd":[`+f.digestOf(inner)+`]}`)
		}},
		{"disclosure-of-another-credential", step5, "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) {
			f.disclosures[0] = encoded(`["salt of another one","given_name","Ada"]`)
		}},
		{"claim-in-an-array", step3, "sdjwt.disclosure.kind", func(f *forgery, _ *vector) {
			d := f.claim("a", "1")
			f.send(d, false)
			f.set("list", `[{"...":`+f.digestOf(d)+`}]`)
		}},
		{"element-in-an-object", step3, "sdjwt.disclosure.kind", func(f *forgery, _ *vector) { f.send(f.element("1"), true) }},
		{"name-of-a-plain-claim", step3, "sdjwt.disclosure.collision", func(f *forgery, _ *vector) {
			f.set("age", "17")
			f.disclose("age", "18")
		}},
		{"name-of-a-disclosed-claim", step3, "sdjwt.disclosure.collision", func(f *forgery, _ *vector) { f.disclose("given_name", `"Eve"`) }},
		{"name-of-a-plain-claim-below", step3, "sdjwt.disclosure.collision", func(f *forgery, _ *vector) {
			d := f.claim("age", "18")
			f.send(d, false)
			f.set("a", `{"age":17,"_sd":[`+f.digestOf(d)+`]}`)
		}},

		{"digest-twice", step4, "sdjwt.digest.duplicate", func(f *forgery, _ *vector) { f.digests = append(f.digests, f.digests[0]) }},
		{"digest-twice-undisclosed", step4, "sdjwt.digest.duplicate", func(f *forgery, _ *vector) { f.digests = append(f.digests, f.digests[1]) }},
		{"digest-twice-at-two-levels", step4, "sdjwt.digest.duplicate", func(f *forgery, _ *vector) { f.set("a", `{"_sd":["`+f.digests[1]+`"]}`) }},
		{"digest-twice-object-and-array", step4, "sdjwt.digest.duplicate", func(f *forgery, _ *vector) { f.set("a", `[{"...":"`+f.digests[1]+`"}]`) }},
		{"digest-twice-in-a-disclosure", step4, "sdjwt.digest.duplicate", func(f *forgery, _ *vector) { f.disclose("a", `{"_sd":["`+f.digests[1]+`"]}`) }},
		{"digest-truncated", hash, "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) { f.digests[0] = f.digests[0][:22] }},
		{"digest-padded", hash, "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) { f.digests[0] += "=" }},
		{"digest-number", step3, "sdjwt.digest.malformed", func(f *forgery, _ *vector) { f.set("a", `{"_sd":[1]}`) }},
		{"digest-null", step3, "sdjwt.digest.malformed", func(f *forgery, _ *vector) { f.set("a", `{"_sd":[null]}`) }},
		{"sd-text", step3, "sdjwt.digest.malformed", func(f *forgery, _ *vector) { f.set("a", `{"_sd":"`+f.digests[1]+`"}`) }},
		{"sd-object", step3, "sdjwt.digest.malformed", func(f *forgery, _ *vector) { f.set("a", `{"_sd":{}}`) }},
		{"element-digest-number", step3, "sdjwt.digest.malformed", func(f *forgery, _ *vector) { f.set("a", `[{"...":1}]`) }},
		{"beside-an-element-digest", "RFC 9901, section 4.2.4.2", "sdjwt.reserved", func(f *forgery, _ *vector) {
			f.set("a", `[{"...":"`+sha2("x")+`","admin":true}]`)
		}},
		{"dots-as-a-claim", "RFC 9901, section 4.2.4.2", "sdjwt.reserved", func(f *forgery, _ *vector) { f.set("...", `"x"`) }},
		{"dots-as-a-claim-below", "RFC 9901, section 4.2.4.2", "sdjwt.reserved", func(f *forgery, _ *vector) { f.set("a", `{"...":"`+sha2("x")+`"}`) }},
		{"dots-as-a-claim-in-a-disclosure", "RFC 9901, section 4.2.4.2", "sdjwt.reserved", func(f *forgery, _ *vector) { f.disclose("a", `{"...":"x"}`) }},

		{"hash-sha-1", hash, "sdjwt.hash", func(f *forgery, _ *vector) { f.set("_sd_alg", `"sha-1"`) }},
		{"hash-truncated", hash, "sdjwt.hash", func(f *forgery, _ *vector) { f.set("_sd_alg", `"sha-256-128"`) }},
		{"hash-in-capitals", hash, "sdjwt.hash", func(f *forgery, _ *vector) { f.set("_sd_alg", `"SHA-256"`) }},
		{"hash-unknown", hash, "sdjwt.hash", func(f *forgery, _ *vector) { f.set("_sd_alg", `"sm3"`) }},
		{"hash-number", hash, "sdjwt.hash", func(f *forgery, _ *vector) { f.set("_sd_alg", `256`) }},
		{"hash-of-another-length", hash, "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) { f.set("_sd_alg", `"sha-512"`) }},
		{"hash-nested", hash, "sdjwt.hash.nested", func(f *forgery, _ *vector) { f.set("a", `{"_sd_alg":"sha-256"}`) }},
		{"hash-nested-in-a-disclosure", hash, "sdjwt.hash.nested", func(f *forgery, _ *vector) { f.disclose("a", `{"_sd_alg":"sha-256"}`) }},
		{"hash-nested-in-an-array", hash, "sdjwt.hash.nested", func(f *forgery, _ *vector) { f.set("a", `[[{"_sd_alg":"sha-256"}]]`) }},

		{"duplicate-among-many", "RFC 9901, section 7.1, step 4: also where lists are long", "sdjwt.disclosure.duplicate", func(f *forgery, _ *vector) {
			many(f, 40)
			f.disclosures = append(f.disclosures, f.disclosures[30])
		}},
		{"salt-among-many", "RFC 9901, section 9.3", "sdjwt.disclosure.salt", func(f *forgery, _ *vector) {
			many(f, 40)
			f.send(encoded(`["salt of claim 30","again","x"]`), true)
		}},
		{"digest-twice-among-many", "RFC 9901, section 7.1, step 4", "sdjwt.digest.duplicate", func(f *forgery, _ *vector) {
			many(f, 40)
			f.set("list", `[{"...":"`+sha2("decoy")+`"},{"...":"`+sha2("decoy")+`"}]`)
		}},
		{"collision-among-many", "RFC 9901, section 7.1, step 3.c.ii", "sdjwt.disclosure.collision", func(f *forgery, _ *vector) {
			many(f, 40)
			f.disclose("claim 30", `"x"`)
		}},
		{"early-collision-among-many", "RFC 9901, section 7.1, step 3.c.ii", "sdjwt.disclosure.collision", func(f *forgery, _ *vector) {
			many(f, 40)
			f.disclose("claim 1", `"x"`)
		}},
		{"collision-with-the-clear-among-many", "RFC 9901, section 7.1, step 3.c.ii", "sdjwt.disclosure.collision", func(f *forgery, _ *vector) {
			many(f, 40)
			f.disclose("iat", `1`)
		}},
		{"unreferenced-among-many", "RFC 9901, section 7.1, step 5", "sdjwt.disclosure.unreferenced", func(f *forgery, _ *vector) {
			many(f, 40)
			f.send(f.claim("x", "1"), false)
		}},
		{"deep-objects-by-disclosures", "limits of sdjwt: depth counts through disclosures", "sdjwt.depth", func(f *forgery, _ *vector) {
			inner := `"x"`
			for range 40 {
				d := f.claim("a", inner)
				f.disclosures = append(f.disclosures, d)
				inner = `{"_sd":[` + f.digestOf(d) + `]}`
			}
			f.set("a", inner)
		}},

		{"too-many", "limits of sdjwt", "sdjwt.disclosure.limit", func(f *forgery, v *vector) {
			f.noBinding()
			f.final = func(s string) string { return s + strings.Repeat("W10~", 1024) }
			v.Expect = bare()
		}},
	}
	for _, r := range []member{
		{"iss", `"did:example:authority"`},
		{"nbf", "1"},
		{"exp", "1893456000"},
		{"cnf", `{"kid":"did:example:mallory#k"}`},
		{"vct", `"` + person + `"`},
		{"vct#integrity", `"sha256-x"`},
		{"status", "{}"},
	} {
		want := "sdjwt.disclosure.registered"
		if r.name == "iss" || r.name == "vct" || r.name == "cnf" {
			want = "sdjwt.disclosure.collision" // the same claim stands in the clear as well
		}
		cases = append(cases, forgedCase{"registered-" + strings.ReplaceAll(r.name, "#", "-"), "SD-JWT VC, section 2.2.2.2", want, func(f *forgery, _ *vector) { f.disclose(r.name, r.value) }})
	}
	return append(cases,
		forgedCase{"registered-vct-alone", "SD-JWT VC, section 2.2.2.2", "sdjwt.disclosure.registered", func(f *forgery, _ *vector) {
			f.set("vct", "")
			f.disclose("vct", `"`+person+`"`)
		}},
		forgedCase{"registered-cnf-alone", "SD-JWT VC, section 2.2.2.2", "sdjwt.disclosure.registered", func(f *forgery, _ *vector) {
			f.set("cnf", "")
			f.disclose("cnf", `{"kid":"did:example:citizen#phone"}`)
		}},
	)
}

// many discloses n claims with salts that can be told apart.
func many(f *forgery, n int) {
	for i := range n {
		f.send(encoded(fmt.Sprintf(`["salt of claim %d","claim %d",%d]`, i, i, i)), true)
	}
}
