package didwebvh

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/multiformats/go-multibase"
)

// forged is a log with what must become of it.
type forged struct {
	name  string
	fault Fault // none: it is valid
	did   string
	make  func(f *forger)
}

func set(name string, value any) func(e object) { return func(e object) { e[name] = value } }

func setProof(name string, value any) func(e object) {
	return func(e object) { e["proof"].([]any)[0].(object)[name] = value }
}

func one(s step) func(f *forger) { return func(f *forger) { f.add(s) } }

func two(s step) func(f *forger) { return func(f *forger) { f.add(step{}).add(s) } }

func parameters(name string, value any) func(f *forger) {
	return one(step{parameters: object{name: value}})
}

func later(name string, value any) func(f *forger) {
	return two(step{parameters: object{name: value}})
}

func at(s string) func(f *forger) { return one(step{before: set("versionTime", s)}) }

func replaced(from, to string) func(string) string {
	return func(s string) string { return strings.Replace(s, from, to, 1) }
}

func did2(scid string) string { return "did:webvh:" + scid + ":example.com" }

func witnesses(t testing.TB, threshold int, names ...string) object {
	list := []any{}
	for _, n := range names {
		list = append(list, object{"id": "did:key:" + multikey(t, n)})
	}
	return object{"threshold": threshold, "witnesses": list}
}

func badEntries(t testing.TB) []forged {
	a, b := multikey(t, "a"), multikey(t, "b")
	options := func(o object) func(f *forger) {
		return func(f *forger) { f.add(step{after: f.resigned("a", o)}) }
	}
	return []forged{
		{"empty log", FaultSyntax, "", func(f *forger) { f.scid = KeyHash(testKey(t, "a").Public()) }},
		{"empty line between", FaultSyntax, "", func(f *forger) { f.add(step{line: func(s string) string { return s + "\n" }}).add(step{}) }},
		{"empty line at the end", FaultSyntax, "", one(step{line: func(s string) string { return s + "\n" }})},
		{"byte order mark", FaultSyntax, "", one(step{line: func(s string) string { return "\ufeff" + s }})},
		{"two entries on a line", FaultSyntax, "", one(step{line: func(s string) string { return s + s }})},
		{"duplicate member", FaultSyntax, "", one(step{line: replaced(`{"parameters"`, `{"proof":[],"parameters"`)})},
		{"duplicate parameter", FaultSyntax, "", one(step{line: replaced(`"method":`, `"method":"did:webvh:1.0","method":`)})},
		{"unknown member of an entry", FaultSyntax, "", one(step{before: set("note", "x")})},
		{"member in another case", FaultSyntax, "", one(step{line: replaced(`"versionTime"`, `"versiontime"`)})},
		{"no state", FaultSyntax, "", one(step{after: func(e object) { delete(e, "state") }})},
		{"document without id", FaultSyntax, "", two(step{state: object{"@context": "https://www.w3.org/ns/did/v1"}})},
		{"document of another method", FaultSCID, "", two(step{state: object{"id": "did:web:example.com"}})},

		{"no proof", FaultSyntax, "", one(step{after: func(e object) { delete(e, "proof") }})},
		{"empty list of proofs", FaultProof, "", one(step{after: set("proof", []any{})})},
		{"proof that is a text", FaultProof, "", one(step{after: set("proof", []any{"x"})})},
		{"another cryptosuite", FaultProof, "", options(object{"cryptosuite": "eddsa-rdfc-2022"})},
		{"another proof type", FaultProof, "", options(object{"type": "Ed25519Signature2020"})},
		{"another proof purpose", FaultProof, "", options(object{"proofPurpose": "authentication"})},
		{"no proof purpose", FaultProof, "", options(object{"proofPurpose": nil})},
		{"context in a proof", FaultProof, "", options(object{"@context": "https://w3id.org/security/data-integrity/v2"})},
		{"domain in a proof", FaultProof, "", options(object{"domain": "example.com"})},
		{"nonce that is a number", FaultProof, "", options(object{"nonce": 1})},
		{"expired proof", FaultProof, "", options(object{"expires": "2025-06-01T00:00:00Z"})},
		{"malformed created", FaultProof, "", options(object{"created": "yesterday"})},
		{"signature of another base", FaultProof, "", one(step{after: func(e object) {
			_, sig, err := multibase.Decode(e["proof"].([]any)[0].(object)["proofValue"].(string))
			if err != nil {
				t.Fatal(err)
			}
			setProof("proofValue", "f"+hex.EncodeToString(sig))(e)
		}})},
		{"signature without a base", FaultProof, "", one(step{after: setProof("proofValue", "")})},
		{"member added to a proof after signing", FaultProof, "", one(step{after: setProof("domain", "example.com")})},
		{"signature that is short", FaultProof, "", one(step{after: setProof("proofValue", "z1111")})},
		{"no signature", FaultProof, "", one(step{after: setProof("proofValue", nil)})},
		{"created changed after signing", FaultProof, "", one(step{after: setProof("created", "2024-01-01T00:00:00Z")})},
		{"body and fragment differ", FaultProof, "", one(step{after: setProof("verificationMethod", "did:key:"+b+"#"+a)})},
		{"no fragment", FaultProof, "", one(step{after: setProof("verificationMethod", "did:key:"+a)})},
		{"key of another method", FaultProof, "", one(step{after: setProof("verificationMethod", "did:web:example.com#"+a)})},
		{"one of two proofs does not verify", FaultProof, "", one(step{signers: []string{"a", "a"}, after: func(e object) {
			e["proof"].([]any)[1].(object)["created"] = "2024-01-01T00:00:00Z"
		}})},
		{"one of two proofs by another key", FaultKey, "", one(step{signers: []string{"a", "b"}})},
		{"proof by another key", FaultKey, "", one(step{signers: []string{"b"}})},
		{"new key signs its own entry", FaultKey, "", two(step{parameters: object{"updateKeys": []any{b}}, signers: []string{"b"}})},
		{"old key signs after a rotation", FaultKey, "", func(f *forger) {
			f.add(step{}).add(step{parameters: object{"updateKeys": []any{b}}}).add(step{})
		}},
		{"entry after the keys were taken away", FaultKey, "", func(f *forger) {
			f.add(step{}).add(step{parameters: object{"updateKeys": []any{}}}).add(step{})
		}},

		{"entry changed after hashing", FaultHash, "", func(f *forger) {
			f.add(step{}).add(step{after: func(e object) {
				e["state"].(object)["alsoKnownAs"] = []any{"https://example.com/"}
				f.resigned("a", nil)(e)
			}})
		}},
		{"entry that does not follow the one before", FaultHash, "", func(f *forger) {
			f.add(step{})
			f.previous = "1-" + f.scid
			f.add(step{})
		}},
		{"number skipped", FaultVersion, "", two(step{after: func(e object) { e["versionId"] = "3" + e["versionId"].(string)[1:] }})},
		{"number with a zero before it", FaultVersion, "", one(step{after: func(e object) { e["versionId"] = "0" + e["versionId"].(string) }})},
		{"number zero", FaultVersion, "", one(step{after: func(e object) { e["versionId"] = "0" + e["versionId"].(string)[1:] }})},
		{"no hash in versionId", FaultVersion, "", one(step{after: set("versionId", "1")})},
		{"hash of another algorithm", FaultVersion, "", one(step{after: set("versionId", "1-8"+strings.Repeat("V", 45))})},
		{"versionId is a number", FaultVersion, "", one(step{after: set("versionId", 1)})},
		{"first entry missing", FaultParameters, "", func(f *forger) {
			f.add(step{}).add(step{})
			f.lines = f.lines[1:]
		}},

		{"same time as before", FaultTime, "", two(step{before: set("versionTime", "2025-01-01T01:00:00Z")})},
		{"earlier than before", FaultTime, "", two(step{before: set("versionTime", "2025-01-01T00:59:59.999Z")})},
		{"time in the future", FaultTime, "", at("2026-01-01T00:00:01Z")},
		{"time of another zone", FaultTime, "", at("2025-01-01T00:00:00+02:00")},
		{"time without a zone", FaultTime, "", at("2025-01-01T00:00:00")},
		{"time with a small z", FaultTime, "", at("2025-01-01T00:00:00z")},
		{"hour of one digit", FaultTime, "", at("2025-01-01T1:00:00Z")},
		{"date alone", FaultTime, "", at("2025-01-01")},
		{"time with a comma", FaultTime, "", at("2025-01-01T00:00:00,5Z")},
		{"thirteenth month", FaultTime, "", at("2025-13-01T00:00:00Z")},
		{"time is a number", FaultTime, "", one(step{before: set("versionTime", 1735689600)})},
	}
}

func badRules(t testing.TB) []forged {
	a, b := multikey(t, "a"), multikey(t, "b")
	hashB := KeyHash(testKey(t, "b").Public())
	committed := func(s step) func(f *forger) {
		return func(f *forger) { f.add(step{parameters: object{"nextKeyHashes": []any{hashB}}}).add(s) }
	}
	moved := func(first object, s step) func(f *forger) {
		return func(f *forger) { f.add(step{parameters: first}).add(s) }
	}
	elsewhere := object{"id": "did:webvh:{SCID}:example.org"}
	named := object{"id": "did:webvh:{SCID}:example.org", "alsoKnownAs": []any{"did:webvh:{SCID}:example.com"}}
	otherSCID := KeyHash(testKey(t, "other").Public())
	return []forged{
		{"log of another identifier", FaultSCID, did2(otherSCID), one(step{})},
		{"SCID that is no hash of the entry", FaultSCID, did2(otherSCID), func(f *forger) {
			f.add(step{parameters: object{"scid": otherSCID}, state: object{"id": did2(otherSCID)}})
		}},
		{"scid parameter that is not the SCID", FaultSCID, "", parameters("scid", otherSCID)},
		{"document with another SCID", FaultSCID, "", one(step{state: object{"id": did2(otherSCID)}})},
		{"later document with another SCID", FaultSCID, "", moved(object{"portable": true}, step{state: object{
			"id": did2(otherSCID), "alsoKnownAs": []any{"did:webvh:{SCID}:example.com"},
		}})},
		{"placeholder left in the first entry", FaultSCID, "", one(step{line: func(s string) string {
			return strings.Replace(s, `"https://www.w3.org/ns/did/v1"`, `"{SCID}"`, 1)
		}})},
		{"first entry changed and signed again", FaultSCID, "", func(f *forger) {
			f.add(step{after: func(e object) {
				e["state"].(object)["alsoKnownAs"] = []any{"https://example.com/"}
				f.resigned("a", nil)(e)
			}})
		}},

		{"unknown parameter", FaultParameters, "", parameters("prerotation", true)},
		{"parameters not an object", FaultParameters, "", two(step{before: set("parameters", []any{})})},
		{"no method", FaultParameters, "", parameters("method", "absent")},
		{"method null", FaultParameters, "", parameters("method", nil)},
		{"method of another kind", FaultParameters, "", parameters("method", "did:tdw:1.0")},
		{"older version", FaultMethod, "", parameters("method", "did:webvh:0.5")},
		{"newer version", FaultMethod, "", parameters("method", "did:webvh:99.0")},
		{"newer version later", FaultMethod, "", later("method", "did:webvh:1.1")},
		{"no scid", FaultParameters, "", parameters("scid", "absent")},
		{"scid again", FaultParameters, "", later("scid", Placeholder)},
		{"no update keys", FaultParameters, "", parameters("updateKeys", "absent")},
		{"empty update keys", FaultParameters, "", parameters("updateKeys", []any{})},
		{"update key twice", FaultParameters, "", parameters("updateKeys", []any{a, a})},
		{"update key that is a did:key", FaultParameters, "", parameters("updateKeys", []any{a, "did:key:" + b})},
		{"update key that is no text", FaultParameters, "", parameters("updateKeys", []any{a, 1})},
		{"update keys that are one text", FaultParameters, "", parameters("updateKeys", a)},
		{"next key hashes that are one text", FaultParameters, "", parameters("nextKeyHashes", hashB)},
		{"empty next key hash", FaultParameters, "", parameters("nextKeyHashes", []any{""})},
		{"next key hash that is long", FaultParameters, "", parameters("nextKeyHashes", []any{strings.Repeat("x", 1025)})},
		{"next key hash twice", FaultParameters, "", parameters("nextKeyHashes", []any{hashB, hashB})},
		{"portable later", FaultParameters, "", later("portable", true)},
		{"portable null", FaultParameters, "", parameters("portable", nil)},
		{"portable as a text", FaultParameters, "", parameters("portable", "true")},
		{"deactivated as a text", FaultParameters, "", parameters("deactivated", "false")},
		{"ttl below zero", FaultParameters, "", parameters("ttl", -1)},
		{"ttl over the limit", FaultParameters, "", parameters("ttl", 1<<31+1)},
		{"ttl as a text", FaultParameters, "", parameters("ttl", "3600")},
		{"ttl with a fraction", FaultParameters, "", parameters("ttl", 0.5)},
		{"watcher that is no URL", FaultParameters, "", parameters("watchers", []any{"example.com"})},
		{"watcher twice", FaultParameters, "", parameters("watchers", []any{"https://w.example/", "https://w.example/"})},
		{"too many watchers", FaultParameters, "", parameters("watchers", manyWatchers())},

		{"key that was not committed to", FaultPreRotation, "", committed(step{
			parameters: object{"updateKeys": []any{a}, "nextKeyHashes": []any{}},
		})},
		{"update keys left out that were committed to again", FaultPreRotation, "", func(f *forger) {
			f.add(step{parameters: object{"nextKeyHashes": []any{KeyHash(testKey(t, "a").Public())}}})
			f.add(step{parameters: object{"nextKeyHashes": []any{}}})
		}},
		{"one of two keys not committed to", FaultPreRotation, "", committed(step{
			parameters: object{"updateKeys": []any{b, a}, "nextKeyHashes": []any{}}, signers: []string{"b"},
		})},
		{"update keys left out while pre-rotation is active", FaultPreRotation, "", committed(step{
			parameters: object{"nextKeyHashes": []any{}},
		})},
		{"next key hashes left out while pre-rotation is active", FaultPreRotation, "", committed(step{
			parameters: object{"updateKeys": []any{b}}, signers: []string{"b"},
		})},
		{"empty update keys while pre-rotation is active", FaultPreRotation, "", committed(step{
			parameters: object{"updateKeys": []any{}, "nextKeyHashes": []any{}, "deactivated": true},
		})},
		{"old key signs while pre-rotation is active", FaultKey, "", committed(step{
			parameters: object{"updateKeys": []any{b}, "nextKeyHashes": []any{}},
		})},

		{"moved and not portable", FaultPortability, "", moved(nil, step{state: named})},
		{"moved and no longer portable", FaultPortability, "", moved(object{"portable": true}, step{
			state: named, parameters: object{"portable": false},
		})},
		{"moved without naming the old identifier", FaultPortability, "", moved(object{"portable": true}, step{state: elsewhere})},
		{"made for an address", FaultSyntax, "", one(step{state: object{"id": "did:webvh:{SCID}:127.0.0.1"}})},
		{"moved to an address", FaultSyntax, "", moved(object{"portable": true}, step{state: object{
			"id": "did:webvh:{SCID}:127.0.0.1", "alsoKnownAs": []any{"did:webvh:{SCID}:example.com"},
		}})},
		{"entry after the deactivation", FaultDeactivated, "", func(f *forger) {
			f.add(step{}).add(step{parameters: object{"deactivated": true}}).add(step{parameters: object{"deactivated": false}})
		}},
		{"no entry of this location", FaultName, "example.org", one(step{})},
		{"no entry of this path", FaultName, "example.com:path", one(step{})},
	}
}

func manyWatchers() []any {
	list := []any{}
	for i := range MaxWatchers + 1 {
		list = append(list, "https://w.example/"+strings.Repeat("x", i))
	}
	return list
}

func manyNames() []string {
	var list []string
	for i := range MaxWitnesses + 1 {
		list = append(list, strings.Repeat("w", i+1))
	}
	return list
}

func badWitnesses(t testing.TB) []forged {
	w := func(threshold int, names ...string) step {
		return step{parameters: object{"witness": witnesses(t, threshold, names...)}}
	}
	config := func(v any) func(f *forger) { return parameters("witness", v) }
	item := func(o object) func(f *forger) { return config(object{"threshold": 1, "witnesses": []any{o}}) }
	id := "did:key:" + multikey(t, "w1")
	return []forged{
		{"threshold of zero", FaultParameters, "", config(witnesses(t, 0, "w1"))},
		{"threshold below zero", FaultParameters, "", config(witnesses(t, -1, "w1"))},
		{"threshold over the number of witnesses", FaultParameters, "", config(witnesses(t, 2, "w1"))},
		{"threshold as a text", FaultParameters, "", config(object{"threshold": "1", "witnesses": []any{object{"id": id}}})},
		{"threshold with a fraction", FaultParameters, "", config(object{"threshold": 1.5, "witnesses": []any{object{"id": id}}})},
		{"witnesses that are one text", FaultParameters, "", config(object{"threshold": 1, "witnesses": id})},
		{"unknown member of the witness parameter", FaultParameters, "", config(object{
			"threshold": 1, "witnesses": []any{object{"id": id}}, "selfWeight": 1,
		})},
		{"threshold alone", FaultParameters, "", config(object{"threshold": 1})},
		{"witnesses alone", FaultParameters, "", config(object{"witnesses": []any{object{"id": id}}})},
		{"empty list of witnesses", FaultParameters, "", config(object{"threshold": 0, "witnesses": []any{}})},
		{"witness twice", FaultParameters, "", config(witnesses(t, 2, "w1", "w1"))},
		{"witness without did:key", FaultParameters, "", item(object{"id": multikey(t, "w1")})},
		{"witness with a weight", FaultParameters, "", item(object{"id": id, "weight": 1})},
		{"witness with a key of another algorithm", FaultParameters, "", item(object{"id": "did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169"})},
		{"witness of another method", FaultParameters, "", item(object{"id": "did:web:example.com"})},
		{"too many witnesses", FaultParameters, "", config(witnesses(t, 1, manyNames()...))},
		{"witness as a list", FaultParameters, "", config([]any{})},

		{"no witness file", FaultWitness, "", one(w(1, "w1"))},
		{"empty witness file", FaultWitness, "", func(f *forger) { f.add(w(1, "w1")); f.witness = []byte("[]") }},
		{"witness file that is no list", FaultWitness, "", func(f *forger) { f.add(w(1, "w1")); f.witness = []byte("{}") }},
		{"witness file with an unknown member", FaultWitness, "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1")
			f.witness = []byte(strings.Replace(string(f.witness), `{"proof"`, `{"note":1,"proof"`, 1))
		}},
		{"witness file with one proof instead of a list", FaultWitness, "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1")
			f.witness = append(f.witness[:len(f.witness)-1], `,{"proof":{},"versionId":"x"}]`...)
		}},
		{"witness file with a note instead of proofs", FaultWitness, "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1")
			f.witness = append(f.witness[:len(f.witness)-1], `,{"note":[],"versionId":"x"}]`...)
		}},
		{"one approval of two", FaultWitness, "", func(f *forger) { f.add(w(2, "w1", "w2", "w3")).approve("w3") }},
		{"the same witness twice", FaultWitness, "", func(f *forger) { f.add(w(2, "w1", "w2")).approve("w1", "w1") }},
		{"approval by somebody else", FaultWitness, "", func(f *forger) { f.add(w(1, "w1")).approve("x") }},
		{"approval by the controller", FaultWitness, "", func(f *forger) { f.add(w(1, "w1")).approve("a") }},
		{"approval of another version under this one's name", FaultWitness, "", func(f *forger) {
			f.add(w(1, "w1"))
			published := f.previous
			f.previous = "1-" + KeyHash(testKey(t, "x").Public())
			f.approve("w1")
			f.witness = []byte(strings.Replace(string(f.witness), f.previous, published, 1))
		}},
		{"approval of a version that is not published", FaultWitness, "", func(f *forger) {
			f.add(w(1, "w1")).add(step{}).approve("w1")
			f.lines = f.lines[:1]
		}},
		{"approval of the version before", FaultWitness, "", func(f *forger) { f.add(w(1, "w1")).approve("w1").add(step{}) }},
		{"witnesses set later are not asked", FaultWitness, "", func(f *forger) { f.add(step{}).add(w(1, "w1")) }},
		{"new witnesses approve their own appointment", FaultWitness, "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1").add(w(1, "w2")).approve("w2")
		}},
		{"witnesses switched off without their approval", FaultWitness, "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1").add(step{parameters: object{"witness": object{}}})
		}},
		{"witnesses switched off by null", FaultWitness, "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1").add(step{parameters: object{"witness": nil}})
		}},
		{"proof for another purpose", FaultWitness, "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1")
			f.witness = []byte(strings.Replace(string(f.witness), "assertionMethod", "authentication", 1))
		}},
	}
}

func goodLogs(t testing.TB) []forged {
	b, c := multikey(t, "b"), multikey(t, "c")
	hashB, hashC := KeyHash(testKey(t, "b").Public()), KeyHash(testKey(t, "c").Public())
	w := func(threshold int, names ...string) step {
		return step{parameters: object{"witness": witnesses(t, threshold, names...)}}
	}
	return []forged{
		{"one entry", "", "", one(step{})},
		{"no line feed at the end, white space and escapes", "", "", one(step{line: func(s string) string {
			return strings.NewReplacer(`"state":`, "\t\"st\\u0061te\" : ", `","`, "\" , \"").Replace(s)
		}})},
		{"proof that is an object", "", "", one(step{after: func(e object) { e["proof"] = e["proof"].([]any)[0] }})},
		{"proof without created and with a nonce", "", "", func(f *forger) {
			f.add(step{after: f.resigned("a", object{"nonce": "x", "expires": "2026-06-01T00:00:00Z"})})
		}},
		{"two proofs by two keys", "", "", one(step{
			parameters: object{"updateKeys": []any{multikey(t, "a"), b}}, signers: []string{"a", "b"},
		})},
		{"fractions of seconds and +00:00", "", "", func(f *forger) {
			f.add(step{before: set("versionTime", "2025-01-01T00:00:00.123456Z")})
			f.add(step{before: set("versionTime", "2025-01-01T00:00:00.2+00:00")})
		}},
		{"null where early writers used it", "", "", one(step{parameters: object{
			"nextKeyHashes": nil, "witness": nil, "watchers": nil, "ttl": nil,
		}})},
		{"SCID in the names of members", "", "", one(step{state: document(object{
			"zz{SCID}": 1, "z{SCID}": object{"{SCID}": "{SCID}", "R": 1, "|": 2},
		})})},
		{"SCID in the names of members of a list", "", "", one(step{state: document(object{
			"list": []any{object{"more": object{"{SCID}": 1, "R": 1, "|": 2}}},
		})})},
		{"SCID in the path", "", "example.com:people:{SCID}", one(step{state: object{"id": "did:webvh:{SCID}:example.com:people:{SCID}"}})},
		{"update key of an algorithm that is not supported", "", "", parameters("updateKeys", []any{
			multikey(t, "a"), "zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169",
		})},
		{"rotation", "", "", func(f *forger) {
			f.add(step{}).add(step{parameters: object{"updateKeys": []any{b}}}).add(step{signers: []string{"b"}})
		}},
		{"pre-rotation on, used, off, and plain again", "", "", func(f *forger) {
			f.add(step{parameters: object{"nextKeyHashes": []any{hashB, "anything"}}})
			f.add(step{parameters: object{"updateKeys": []any{b}, "nextKeyHashes": []any{hashC}}, signers: []string{"b"}})
			f.add(step{parameters: object{"updateKeys": []any{c}, "nextKeyHashes": []any{}}, signers: []string{"c"}})
			f.add(step{parameters: object{"updateKeys": []any{}, "deactivated": true}, signers: []string{"c"}})
		}},
		{"moved", "", "example.org", func(f *forger) {
			f.add(step{parameters: object{"portable": true}}).add(step{state: object{
				"id": "did:webvh:{SCID}:example.org", "alsoKnownAs": []any{"did:webvh:{SCID}:example.com"},
			}})
		}},
		{"deactivated", "", "", func(f *forger) { f.add(step{}).add(step{parameters: object{"deactivated": true}}) }},
		{"two of three witnesses", "", "", func(f *forger) { f.add(w(2, "w1", "w2", "w3")).approve("w3", "x", "w1") }},
		{"a later approval covers earlier versions", "", "", func(f *forger) {
			f.add(w(1, "w1")).add(step{}).add(step{}).approve("w1")
		}},
		{"different witnesses for different versions", "", "", func(f *forger) {
			f.add(w(2, "w1", "w2")).approve("w1").add(step{}).approve("w2", "w1")
		}},
		{"witness file with an item that lost its proofs", "", "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1")
			f.witness = append(f.witness[:len(f.witness)-1], `,{"versionId":"x"}]`...)
		}},
		{"witnesses replaced", "", "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1").add(w(1, "w2")).approve("w1").add(step{}).approve("w2")
		}},
		{"witnesses switched off", "", "", func(f *forger) {
			f.add(w(1, "w1")).add(step{parameters: object{"witness": object{}}}).approve("w1").add(step{})
		}},
		{"witnesses switched on later", "", "", func(f *forger) { f.add(step{}).add(w(1, "w1")).approve("w1") }},
		{"approval of a version that is not published yet, beside the one that counts", "", "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1").add(step{}).approve("w1")
			f.lines = f.lines[:1]
		}},
		{"a proof that does not verify beside one that does", "", "", func(f *forger) {
			f.add(w(1, "w1")).approve("w1").add(step{}).approve("w1").add(step{}).approve("w1")
			last := strings.LastIndex(string(f.witness), `"created":"2025`)
			f.witness = []byte(string(f.witness[:last]) + `"created":"2024` + string(f.witness[last+15:]))
			f.lines = f.lines[:2]
		}},
	}
}
