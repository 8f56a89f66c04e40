package dataintegrity_test

import (
	"time"

	"github.com/realdid/realdid/vc/dataintegrity"
)

// moved are credentials in which RDF says what was signed and JSON does not: something stands where nobody looks for it, or is another
// number.
func (f *forge) moved() []vector {
	const code = "dataintegrity.jsonld.rewritable"
	key := authority + "#key-1"
	sign := func(change func(credential, subject map[string]any), suite dataintegrity.Cryptosuite, opt dataintegrity.ProofOptions) []byte {
		return f.sign(f.document(func(c map[string]any) { change(c, c["credentialSubject"].(map[string]any)) }), key, suite, opt)
	}
	nothing := func(_, _ map[string]any) {}
	end := f.setting.Now.Add(-time.Minute)
	ended := sign(nothing, rdfc, dataintegrity.ProofOptions{Expires: end})
	expires := `"expires":"` + end.Format(time.RFC3339) + `"`
	targeted := sign(func(c, _ map[string]any) {
		c["validUntil"] = "2026-10-01T00:00:00Z"
		c["termsOfUse"] = map[string]any{"type": "ExamplePolicy", "target": map[string]any{"id": c["id"]}}
	}, rdfc, dataintegrity.ProofOptions{})
	const validUntil = `"validUntil":"2026-10-01T00:00:00Z"`
	number := func(suite dataintegrity.Cryptosuite) []byte {
		return f.replaced(sign(func(_, s map[string]any) { s["credits"] = 7 }, suite, dataintegrity.ProofOptions{}), `"credits":7`, `"credits":7.0000000000000000001`)
	}
	return []vector{
		bad("end of a proof by its IRI", code, f.replaced(ended, expires, `"https://w3id.org/security#expiration":{"@type":"http://www.w3.org/2001/XMLSchema#dateTime","@value":"`+end.Format(time.RFC3339)+`"}`)),
		bad("end of a proof in the term of another context", code, f.replaced(f.replaced(ended, `"expires"`, `"expiration"`), contextExamples+`]`, contextExamples+`,"https://w3id.org/security/v1"]`)),
		bad("end of validity in the terms of use", code, f.replaced(f.replaced(targeted, ","+validUntil, ""), `"target":{`, `"target":{"type":"VerifiableCredential",`+validUntil+`,`)),
		bad("value of a claim twice", code, f.replaced(f.plain(rdfc), `"alumniOf":"The School of Examples"`, `"alumniOf":["The School of Examples","The School of Examples"]`)),
		bad("subject in two objects", code, f.replaced(f.replaced(f.plain(rdfc), `"credentialSubject":{"alumniOf":"The School of Examples",`, `"credentialSubject":[{"id":"`+citizen+`","alumniOf":"The School of Examples"},{`), `"id":"`+citizen+`"},`, `"id":"`+citizen+`"}],`)),
		bad("number with more digits, over RDF", "dataintegrity.json.number", number(rdfc)),
		bad("number with more digits, over JSON", "dataintegrity.json.number", number(jcs)),
	}
}
