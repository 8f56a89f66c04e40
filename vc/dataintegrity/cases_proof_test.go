package dataintegrity_test

import (
	"fmt"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc/dataintegrity"
)

func (f *forge) badJSON() []vector {
	good := f.plain(jcs)
	deep := strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40)
	return []vector{
		bad("empty", "dataintegrity.json.syntax", nil),
		bad("not an object", "dataintegrity.json.syntax", []byte(`["VerifiableCredential"]`)),
		bad("bytes behind", "dataintegrity.json.syntax", append(good[:len(good):len(good)], "{}"...)),
		bad("nested too deeply", "dataintegrity.json.limit", f.replaced(good, `"alumniOf":"The School of Examples"`, `"alumniOf":`+deep)),
		bad("proof twice", "dataintegrity.json.duplicate", f.replaced(good, `"proof":`, `"proof":`+f.proofOf(f.plain(rdfc))+`,"proof":`)),
		bad("issuer twice", "dataintegrity.json.duplicate", f.replaced(good, `"issuer":`, `"issuer":"`+stranger+`","issuer":`)),
		bad("issuer twice, once escaped", "dataintegrity.json.duplicate", f.replaced(good, `"issuer":`, `"\u0069ssuer":"`+stranger+`","issuer":`)),
		bad("proofValue twice", "dataintegrity.json.duplicate", f.replaced(good, `"proofValue":`, `"proofValue":"z1","proofValue":`)),
		bad("claim twice", "dataintegrity.json.duplicate", f.replaced(good, `"alumniOf":`, `"alumniOf":"Another School","alumniOf":`)),
		bad("proof in another case", "dataintegrity.proof.missing", f.replaced(good, `"proof":`, `"Proof":`)),
		bad("second proof in another case", "vc.signature.invalid", f.replaced(good, `"proof":`, `"Proof":{},"proof":`)),
		bad("issuer in another case beside it", "vc.signature.invalid", f.replaced(good, `"issuer":`, `"Issuer":"`+stranger+`","issuer":`)),
		bad("proofValue in another case", "dataintegrity.proof.malformed", f.replaced(good, `"proofValue":`, `"proofvalue":`)),
	}
}

// without cuts a member with its comma out of a text.
func (f *forge) without(b []byte, member string) []byte { return f.replaced(b, member+",", "") }

func (f *forge) badProofs() []vector {
	good := f.plain(jcs)
	other := f.sign(f.document(func(c map[string]any) { c["id"] = "urn:uuid:00000000-0000-4000-8000-000000000000" }), authority+"#key-1", jcs, dataintegrity.ProofOptions{})
	with := func(proof string) []byte { return f.replaced(good, f.proofOf(good), proof) }
	beside := func(second string) []byte { return with("[" + f.proofOf(good) + "," + second + "]") }
	changed := func(old, new string) []byte { return f.replaced(good, old, new) }
	foreign := f.sign(good, stranger+"#key-1", jcs, dataintegrity.ProofOptions{})
	created := `"created":"` + f.member(good, "created") + `"`
	var many []string
	for i := range dataintegrity.MaxProofs + 1 {
		many = append(many, f.replacedText(f.proofOf(good), `{`, fmt.Sprintf(`{"id":"urn:example:%d",`, i)))
	}
	return []vector{
		bad("no proof", "dataintegrity.proof.missing", f.document(nil)),
		bad("proof is null", "dataintegrity.proof.malformed", with("null")),
		bad("proof is a string", "dataintegrity.proof.malformed", with(`"`+f.member(good, "proofValue")+`"`)),
		bad("list of proofs is empty", "dataintegrity.proof.empty", with("[]")),
		bad("list in a list", "dataintegrity.proof.malformed", with("[["+f.proofOf(good)+"]]")),
		bad("seventeen proofs", "dataintegrity.proof.limit", with("["+strings.Join(many, ",")+"]")),
		bad("unknown type", "dataintegrity.proof.type", changed("DataIntegrityProof", "ExampleProof")),
		bad("no type", "dataintegrity.proof.type", f.without(good, `"type":"DataIntegrityProof"`)),
		bad("list of types", "dataintegrity.proof.type", changed(`"DataIntegrityProof"`, `["DataIntegrityProof"]`)),
		bad("unknown type beside a good proof", "dataintegrity.proof.type", beside(f.replacedText(f.proofOf(good), "DataIntegrityProof", "ExampleProof"))),
		bad("unknown cryptosuite", "dataintegrity.proof.cryptosuite", changed("eddsa-jcs-2022", "example-2022")),
		bad("unknown cryptosuite beside a good proof", "dataintegrity.proof.cryptosuite", beside(f.replacedText(f.proofOf(good), "eddsa-jcs-2022", "example-2022"))),
		bad("cryptosuite in another case", "dataintegrity.proof.cryptosuite", changed("eddsa-jcs-2022", "EdDSA-JCS-2022")),
		bad("no cryptosuite", "dataintegrity.proof.malformed", f.without(good, `"cryptosuite":"eddsa-jcs-2022"`)),
		bad("another cryptosuite of the same keys", "vc.signature.invalid", f.replaced(f.plain(rdfc), "eddsa-rdfc-2022", "eddsa-jcs-2022")),
		bad("no purpose", "dataintegrity.proof.malformed", f.without(good, `"proofPurpose":"assertionMethod"`)),
		bad("another purpose", "dataintegrity.proof.purpose", f.sign(f.document(nil), authority+"#login", jcs, dataintegrity.ProofOptions{Purpose: did.Authentication})),
		bad("purpose exchanged", "vc.signature.invalid", f.replaced(f.sign(f.document(nil), authority+"#key-1", jcs, dataintegrity.ProofOptions{Purpose: did.Authentication}), `"authentication"`, `"assertionMethod"`)),
		bad("no verification method", "dataintegrity.proof.malformed", f.without(good, `"verificationMethod":"`+authority+`#key-1"`)),
		bad("verification method is an object", "dataintegrity.proof.malformed", changed(`"`+authority+`#key-1"`, `{"id":"`+authority+`#key-1"}`)),
		bad("id is no URL", "dataintegrity.proof.malformed", changed(`"proof":{`, `"proof":{"id":"first",`)),
		bad("created without a zone", "dataintegrity.proof.malformed", changed(created, strings.Replace(created, "Z", "", 1))),
		bad("created is a day", "dataintegrity.proof.malformed", changed(created, `"created":"2026-11-01"`)),
		bad("created exchanged", "vc.signature.invalid", changed(created, `"created":"2026-11-01T11:30:00Z"`)),
		bad("created taken out", "vc.signature.invalid", f.without(good, created)),
		bad("created in the future", "vc.time.future", f.sign(f.document(nil), authority+"#key-1", jcs, dataintegrity.ProofOptions{Created: f.setting.Now.Add(time.Hour)})),
		bad("expired", "vc.time.expired", f.sign(f.document(nil), authority+"#key-1", jcs, dataintegrity.ProofOptions{Expires: f.setting.Now})),
		bad("expires before it was created", "dataintegrity.proof.malformed", changed(created, created+`,"expires":"2020-01-01T00:00:00Z"`)),
		bad("end of the proof taken out", "vc.signature.invalid", f.without(f.sign(f.document(nil), authority+"#key-1", jcs, dataintegrity.ProofOptions{Expires: f.setting.Now}), `"expires":"2026-11-01T12:00:00Z"`)),
		bad("domain is an empty list", "dataintegrity.proof.malformed", changed(created, created+`,"domain":[]`)),
		bad("domain is a number", "dataintegrity.proof.malformed", changed(created, created+`,"domain":1`)),
		bad("challenge is a list", "dataintegrity.proof.malformed", changed(created, created+`,"challenge":["c"]`)),
		bad("proof of another credential", "vc.signature.invalid", with(f.proofOf(other))),
		bad("claim changed", "vc.signature.invalid", changed("The School of Examples", "The School of Counterexamples")),
		bad("claim changed, over RDF", "vc.signature.invalid", f.replaced(f.plain(rdfc), "The School of Examples", "The School of Counterexamples")),
		bad("end of validity taken out", "vc.signature.invalid", f.without(good, `"validUntil":"2027-01-01T00:00:00Z"`)),
		bad("proof of a stranger", "vc.issuer.kid.foreign", f.sign(f.document(nil), stranger+"#key-1", jcs, dataintegrity.ProofOptions{})),
		bad("proof of a stranger beside a good one", "vc.issuer.kid.foreign", foreign),
		bad("proof that is not valid beside a good one", "vc.signature.invalid", beside(f.replacedText(f.proofOf(good), f.member(good, "proofValue"), f.member(other, "proofValue")))),
		bad("issuer is a stranger", "vc.issuer.notaccepted", f.sign(f.document(func(c map[string]any) { c["issuer"] = stranger }), stranger+"#key-1", jcs, dataintegrity.ProofOptions{})),
		bad("no issuer", "dataintegrity.issuer", f.sign(f.document(func(c map[string]any) { delete(c, "issuer") }), authority+"#key-1", jcs, dataintegrity.ProofOptions{})),
		bad("issuer is an object without id", "dataintegrity.issuer", f.sign(f.document(func(c map[string]any) { c["issuer"] = map[string]any{"name": "The Authority"} }), authority+"#key-1", jcs, dataintegrity.ProofOptions{})),
		bad("no credential", "vcdm.type.missing", f.sign(f.document(func(c map[string]any) { c["type"] = []any{"ExampleAlumniCredential"} }), authority+"#key-1", jcs, dataintegrity.ProofOptions{})),
	}
}

func (f *forge) replacedText(s, old, new string) string {
	return string(f.replaced([]byte(s), old, new))
}

func (f *forge) badValues() []vector {
	good := f.plain(jcs)
	value := f.member(good, "proofValue")
	with := func(v string) []byte { return f.replaced(good, `"`+value+`"`, v) }
	return []vector{
		bad("no proofValue", "dataintegrity.proof.malformed", f.replaced(good, `,"proofValue":"`+value+`"`, "")),
		bad("proofValue is null", "dataintegrity.proof.malformed", with("null")),
		bad("proofValue is empty", "dataintegrity.proof.malformed", with(`""`)),
		bad("Multibase prefix missing", "dataintegrity.proof.value", with(`"`+value[1:]+`"`)),
		bad("Multibase prefix alone", "dataintegrity.proof.value", with(`"z"`)),
		bad("Multibase prefix of base64url", "dataintegrity.proof.value", with(`"u`+value[1:]+`"`)),
		bad("Multibase prefix of base58flickr", "dataintegrity.proof.value", with(`"Z`+value[1:]+`"`)),
		bad("in hexadecimal, with its prefix", "dataintegrity.proof.value", with(`"f`+strings.Repeat("00", 64)+`"`)),
		bad("a character that is not in the alphabet", "dataintegrity.proof.value", with(`"z0`+value[2:]+`"`)),
		bad("signature too short", "dataintegrity.proof.value", with(`"z`+value[4:]+`"`)),
		bad("signature too long", "dataintegrity.proof.value", with(`"z1`+value[1:]+`"`)),
		bad("signature of another algorithm's length", "dataintegrity.proof.value", with(`"z`+strings.Repeat("1", 96)+`"`)),
		bad("very long proofValue", "dataintegrity.proof.value", with(`"z`+strings.Repeat("2", 5000)+`"`)),
		bad("signature of zeros", "vc.signature.invalid", with(`"z`+strings.Repeat("1", 64)+`"`)),
		bad("suite for keys of another algorithm", "vc.issuer.key.algorithm", f.replaced(good, "eddsa-jcs-2022", "ecdsa-jcs-2019")),
		bad("neither base nor derived proof", "dataintegrity.proof.value", f.replaced(with(`"uAAAA"`), "eddsa-jcs-2022", "ecdsa-sd-2023")),
		bad("base proof", "dataintegrity.proof.base", f.baseProof()),
	}
}

// baseProof is a credential as only its holder should see it.
func (f *forge) baseProof() []byte {
	p := newParties(f.t, ecdsaKey, ecdsaKey)
	suite := dataintegrity.ECDSASD2023{Mandatory: []string{"/issuer"}}
	b, err := dataintegrity.AddProof(f.t.Context(), p.issuerKey, f.document(nil), &dataintegrity.ProofOptions{
		Method: did.MustParse(authority).WithFragment("key-1"), Purpose: did.AssertionMethod, Created: f.setting.Now, Cryptosuite: suite,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return b
}

func (f *forge) badChains() []vector {
	good := f.sign(f.document(nil), authority+"#key-1", jcs, dataintegrity.ProofOptions{ID: "urn:example:first"})
	second := dataintegrity.ProofOptions{ID: "urn:example:second", PreviousProof: []string{"urn:example:first"}}
	chain := f.sign(good, authority+"#key-10", jcs, second)
	other := f.sign(f.document(nil), authority+"#key-10", jcs, dataintegrity.ProofOptions{ID: "urn:example:first"})
	rdf := f.sign(f.sign(f.document(nil), authority+"#key-1", rdfc, dataintegrity.ProofOptions{ID: "urn:example:first"}), authority+"#key-10", rdfc, second)
	otherRDF := f.sign(f.document(nil), authority+"#key-10", rdfc, dataintegrity.ProofOptions{ID: "urn:example:first"})
	previous := `"previousProof":"urn:example:first"`
	return []vector{
		bad("previousProof to nowhere", "dataintegrity.proof.previous", f.replaced(chain, previous, `"previousProof":"urn:example:third"`)),
		bad("previousProof of a single proof to nowhere", "dataintegrity.proof.previous", f.replaced(good, `"proof":{`, `"proof":{"previousProof":"urn:example:zero",`)),
		bad("previousProof to itself", "dataintegrity.proof.previous", f.replaced(chain, previous, `"previousProof":"urn:example:second"`)),
		bad("previousProof of a single proof to itself", "dataintegrity.proof.previous", f.replaced(good, `"proof":{`, `"proof":{"previousProof":"urn:example:first",`)),
		bad("previousProof in a circle", "dataintegrity.proof.previous", f.replaced(chain, `"id":"urn:example:first"`, `"id":"urn:example:first","previousProof":"urn:example:second"`)),
		bad("one of several previousProof to nowhere", "dataintegrity.proof.previous", f.replaced(chain, previous, `"previousProof":["urn:example:first","urn:example:third"]`)),
		bad("previousProof is an object", "dataintegrity.proof.malformed", f.replaced(chain, previous, `"previousProof":{"id":"urn:example:first"}`)),
		bad("previousProof is an empty list", "dataintegrity.proof.malformed", f.replaced(chain, previous, `"previousProof":[]`)),
		bad("previousProof in a list instead", "vc.signature.invalid", f.replaced(chain, previous, `"previousProof":["urn:example:first"]`)),
		bad("previousProof taken out", "vc.signature.invalid", f.replaced(chain, previous+",", "")),
		bad("previousProof taken out, over RDF", "vc.signature.invalid", f.replaced(rdf, previous+",", "")),
		bad("two proofs of one id", "dataintegrity.proof.id", f.replaced(chain, `"id":"urn:example:second"`, `"id":"urn:example:first"`)),
		bad("first proof of a chain exchanged for another valid one", "vc.signature.invalid", f.replaced(chain, f.proofOf(good), f.proofOf(other))),
		bad("first proof of a chain exchanged for another valid one, over RDF", "vc.signature.invalid", f.replaced(rdf, f.firstProof(rdf), f.proofOf(otherRDF))),
		bad("first proof of a chain not valid", "vc.signature.invalid", f.replaced(chain, f.member(good, "proofValue"), f.member(other, "proofValue"))),
	}
}

// firstProof cuts the first of a list of proofs out of a document.
func (f *forge) firstProof(b []byte) string {
	_, rest, ok := strings.Cut(string(b), `"proof":[`)
	if !ok {
		f.t.Fatal("no list of proofs")
	}
	return rest[:strings.Index(rest, "},{")+1]
}

func (f *forge) badKeys() []vector {
	method := func(u string) did.URL {
		parsed, err := did.ParseURL(u)
		if err != nil {
			f.t.Fatal(err)
		}
		return parsed
	}
	as := func(key, claimed string) []byte {
		return f.sign(f.document(nil), key, jcs, dataintegrity.ProofOptions{Method: method(claimed)})
	}
	exchanged := func(new string) []byte { return f.replaced(f.plain(jcs), `"`+authority+`#key-1"`, `"`+new+`"`) }
	return []vector{
		bad("key-10 signs and key-1 is named", "vc.signature.invalid", as(authority+"#key-10", authority+"#key-1")),
		bad("key-1 signs and key-10 is named", "vc.signature.invalid", as(authority+"#key-1", authority+"#key-10")),
		bad("the name of a key cut short", "vc.issuer.key.notfound", exchanged(authority+"#key")),
		bad("the name of a key with more behind it", "vc.issuer.key.notfound", exchanged(authority+"#key-1a")),
		bad("the name of a key in another case", "vc.issuer.key.notfound", exchanged(authority+"#Key-1")),
		bad("a DID without a fragment", "vc.issuer.kid.invalid", exchanged(authority)),
		bad("a DID with an empty fragment", "vc.issuer.kid.invalid", exchanged(authority+"#")),
		bad("a fragment alone", "vc.issuer.kid.invalid", exchanged("#key-1")),
		bad("a DID with a query", "vc.issuer.kid.invalid", exchanged(authority+"?a=b#key-1")),
		bad("a web address", "vc.issuer.kid.invalid", exchanged("https://authority.example/#key-1")),
		bad("key for another purpose", "vc.issuer.key.purpose", f.sign(f.document(nil), authority+"#login", jcs, dataintegrity.ProofOptions{})),
		bad("key under the control of another", "vc.issuer.key.refused", f.sign(f.document(nil), authority+"#lent", jcs, dataintegrity.ProofOptions{})),
		bad("key of the subject", "vc.issuer.kid.foreign", f.sign(f.document(nil), citizen+"#assertions", jcs, dataintegrity.ProofOptions{})),
	}
}
