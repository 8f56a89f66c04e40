package dataintegrity_test

import (
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc/dataintegrity"
)

func (f *forge) validCredentials() []vector {
	key := authority + "#key-1"
	spaced := f.replaced(f.replaced(f.plain(jcs), `"issuer":`, "\n  \"issuer\" : "), `"type":[`, "\t\"type\" : [ ")
	v1 := func(c map[string]any) {
		c["@context"] = []any{"https://www.w3.org/2018/credentials/v1", "https://www.w3.org/2018/credentials/examples/v1"}
		c["type"] = []any{"VerifiableCredential", "AlumniCredential"}
		c["issuanceDate"] = c["validFrom"]
		c["credentialSubject"] = map[string]any{"id": citizen, "alumniOf": "The School of Examples"}
		delete(c, "validFrom")
		delete(c, "validUntil")
	}
	return []vector{
		ok("over JSON", f.plain(jcs)),
		ok("over RDF", f.plain(rdfc)),
		ok("white space", spaced),
		ok("members in another order, over RDF", f.reordered(f.plain(rdfc))),
		ok("issuer as an object", f.sign(f.document(func(c map[string]any) {
			c["issuer"] = map[string]any{"id": authority, "name": "The Authority"}
		}), key, rdfc, dataintegrity.ProofOptions{})),
		ok("undated", f.sign(f.document(nil), key, jcs, dataintegrity.ProofOptions{Undated: true})),
		ok("proof with every member", f.sign(f.document(nil), key, rdfc, dataintegrity.ProofOptions{
			ID: "urn:uuid:1d6b2e3c-7a53-4f0e-9f7b-6a8f1f2c3d4e", Expires: f.setting.Now.AddDate(0, 1, 0), Domain: []string{"https://a.example", "https://b.example"},
			Challenge: "c", Nonce: "n",
		})),
		ok("version 1.1, over JSON", f.sign(f.document(v1), key, jcs, dataintegrity.ProofOptions{})),
		ok("version 1.1, over RDF", f.sign(f.document(v1), key, rdfc, dataintegrity.ProofOptions{})),
		ok("text with a language", f.sign(f.document(func(c map[string]any) {
			c["name"] = map[string]any{"@value": "Alumni", "@language": "en"}
		}), key, rdfc, dataintegrity.ProofOptions{})),
		ok("number written differently", f.replaced(f.sign(f.document(func(c map[string]any) {
			c["credentialSubject"].(map[string]any)["score"] = 100
		}), key, jcs, dataintegrity.ProofOptions{}), `"score":100`, `"score":1.00e2`)),
	}
}

// reordered moves the first member of the document to its end.
func (f *forge) reordered(b []byte) []byte {
	i := strings.Index(string(b), `],"`) + 1
	return []byte("{" + string(b[i+1:len(b)-1]) + "," + string(b[1:i]) + "}")
}

func (f *forge) validChains() []vector {
	first := dataintegrity.ProofOptions{ID: "urn:example:first"}
	second := dataintegrity.ProofOptions{ID: "urn:example:second", PreviousProof: []string{"urn:example:first"}}
	both := dataintegrity.ProofOptions{PreviousProof: []string{"urn:example:first", "urn:example:second"}}
	key1, key10 := authority+"#key-1", authority+"#key-10"
	var out []vector
	for _, s := range []struct {
		name     string
		one, two dataintegrity.Cryptosuite
	}{{"over JSON", jcs, jcs}, {"over RDF", rdfc, rdfc}, {"over JSON, then over RDF", jcs, rdfc}, {"over RDF, then over JSON", rdfc, jcs}} {
		one := f.sign(f.document(nil), key1, s.one, first)
		two := f.sign(one, key10, s.two, second)
		out = append(
			out,
			ok("proof set "+s.name, f.sign(f.plain(s.one), key10, s.two, dataintegrity.ProofOptions{})),
			ok("proof chain "+s.name, two),
			ok("proof after two others "+s.name, f.sign(two, key1, s.two, both)),
		)
	}
	return append(out, ok("list of one proof", f.replaced(f.replaced(f.plain(jcs), `"proof":{`, `"proof":[{`), `}}`, `}]}`)))
}

func (f *forge) validPresentations() []vector {
	rdf := f.presentation(dataintegrity.ProofOptions{}, nil, f.plain(rdfc))
	object := func(s string) string {
		return strings.Replace(s, `"holder":"`+citizen+`"`, `"holder":{"id":"`+citizen+`","name":"Ada"}`, 1)
	}
	single := func(s string) string { return strings.Replace(strings.Replace(s, `:[{`, `:{`, 1), `}]}`, `}}`, 1) }
	noHolder := func(s string) string { return strings.Replace(s, `"holder":"`+citizen+`",`, "", 1) }
	return []vector{
		ok("presentation", f.presentation(dataintegrity.ProofOptions{}, nil, f.plain(jcs))),
		ok("presentation of a credential over RDF", rdf),
		ok("holder as an object", f.presentation(dataintegrity.ProofOptions{}, object, f.plain(jcs))),
		ok("no holder named", f.presentation(dataintegrity.ProofOptions{}, noHolder, f.plain(jcs))),
		ok("credential not in a list", f.presentation(dataintegrity.ProofOptions{}, single, f.plain(jcs))),
		ok("presentation over RDF", f.sign([]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"`+citizen+
			`","verifiableCredential":[`+string(f.plain(rdfc))+`]}`), citizen+"#phone", rdfc, dataintegrity.ProofOptions{
			Purpose: did.Authentication, Domain: []string{audience}, Challenge: nonce, Created: f.setting.Now,
		})),
	}
}
