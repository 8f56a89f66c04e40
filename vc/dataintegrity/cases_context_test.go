package dataintegrity_test

import (
	"fmt"
	"strings"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity"
)

const ecdsaKey = keys.P256

const (
	contextV2       = `"https://www.w3.org/ns/credentials/v2"`
	contextExamples = `"https://www.w3.org/ns/credentials/examples/v2"`
	vocabExamples   = "https://www.w3.org/ns/credentials/examples#"
)

func (f *forge) badContexts() []vector {
	json, rdf := f.plain(jcs), f.plain(rdfc)
	documentContext := `{"@context":[` + contextV2 + `,` + contextExamples + `]`
	withDocumentContext := func(b []byte, c string) []byte {
		return f.replaced(b, documentContext, `{"@context":`+c)
	}
	blanks := func(n int) string {
		var nodes []string
		for i := range n {
			var links []string
			for j := range n {
				if j != i {
					links = append(links, fmt.Sprintf(`{"id":"_:b%d"}`, j))
				}
			}
			nodes = append(nodes, fmt.Sprintf(`{"id":"_:b%d","knows":[%s]}`, i, strings.Join(links, ",")))
		}
		return "[" + strings.Join(nodes, ",") + "]"
	}
	claim := `"alumniOf":"The School of Examples"`
	return []vector{
		bad("context added behind the signed ones", "dataintegrity.proof.context", withDocumentContext(json, `[`+contextV2+`,`+contextExamples+`,{"alumniOf":"https://evil.example#expelledFrom"}]`)),
		bad("context exchanged", "dataintegrity.proof.context", withDocumentContext(json, `[`+contextV2+`,"https://w3id.org/citizenship/v4rc1"]`)),
		bad("context exchanged in document and proof", "vc.signature.invalid", f.replacedAll(json, contextExamples, `"https://w3id.org/citizenship/v4rc1"`)),
		bad("contexts in another order", "dataintegrity.proof.context", withDocumentContext(json, `[`+contextExamples+`,`+contextV2+`]`)),
		bad("context of a proof over RDF that is not the document's", "dataintegrity.proof.context", f.replaced(rdf, `"proof":{`, `"proof":{"@context":`+contextV2+`,`)),
		bad("context of nothing", "dataintegrity.proof.context", f.replaced(f.sign(f.document(func(c map[string]any) { delete(c, "@context") }), authority+"#key-1", jcs, dataintegrity.ProofOptions{}), `"proof":{`, `"proof":{"@context":null,`)),
		bad("unknown context", "dataintegrity.jsonld.context", withDocumentContext(rdf, `[`+contextV2+`,"https://unknown.example/v1"]`)),
		bad("context that redefines a protected term", "dataintegrity.jsonld.rewritable", withDocumentContext(rdf, `[`+contextV2+`,`+contextExamples+`,{"issuer":"https://evil.example#issuer"}]`)),
		bad("context left out, so that terms are not defined", "dataintegrity.jsonld.term", withDocumentContext(rdf, `[`+contextV2+`]`)),
		bad("claim added whose term is not defined", "dataintegrity.jsonld.term", withDocumentContext(f.replaced(rdf, claim, claim+`,"honours":"all"`), `[`+contextV2+`]`)),
		bad("claim added whose term is defined by @vocab", "vc.signature.invalid", f.replaced(rdf, claim, claim+`,"honours":"all"`)),
		bad("relative IRI", "dataintegrity.jsonld.iri", f.replaced(rdf, `"id":"`+citizen+`"`, `"id":"citizen"`)),
		bad("blank nodes, each linked to each", "dataintegrity.rdf.work", f.replaced(rdf, claim, claim+`,"knows":`+blanks(12))),
	}
}

func (f *forge) replacedAll(b []byte, old, new string) []byte {
	f.replaced(b, old, new)
	return []byte(strings.ReplaceAll(string(b), old, new))
}

// rewritten are credentials whose statements are the signed ones in other words: the proofs over RDF are valid, and the JSON lies.
func (f *forge) rewritten() []vector {
	rdf := f.plain(rdfc)
	const code = "dataintegrity.jsonld.rewritable"
	inline := func(b []byte, definitions string) []byte {
		return f.replaced(b, contextExamples+`]`, contextExamples+`,{`+definitions+`}]`)
	}
	claim := `"alumniOf":"The School of Examples"`
	end := `"validUntil":"2027-01-01T00:00:00Z"`
	status := f.sign(f.document(func(c map[string]any) {
		c["credentialStatus"] = map[string]any{
			"type": "BitstringStatusListEntry", "statusPurpose": "revocation", "statusListIndex": "94567", "statusListCredential": "https://status.example/3",
		}
	}), authority+"#key-1", rdfc, dataintegrity.ProofOptions{})
	return []vector{
		bad("claim under another name by a context", code, inline(f.replaced(rdf, claim, `"graduateOf":"The School of Examples"`), `"graduateOf":"`+vocabExamples+`alumniOf"`)),
		bad("type under another name by a context", code, inline(f.replaced(rdf, `"ExampleAlumniCredential"`, `"ExamplePassport"`), `"ExamplePassport":"`+vocabExamples+`ExampleAlumniCredential"`)),
		bad("@vocab that makes another name of a claim", code, inline(rdf, `"@vocab":"`+vocabExamples+`"`)),
		bad("end of validity under another name", code, inline(f.replaced(rdf, end, `"sometime":"2027-01-01T00:00:00Z"`), `"sometime":{"@id":"https://www.w3.org/2018/credentials#validUntil","@type":"http://www.w3.org/2001/XMLSchema#dateTime"}`)),
		bad("end of validity under its IRI", code, f.replaced(rdf, end, `"https://www.w3.org/2018/credentials#validUntil":{"@type":"http://www.w3.org/2001/XMLSchema#dateTime","@value":"2027-01-01T00:00:00Z"}`)),
		bad("status under its IRI", code, f.replaced(status, `"credentialStatus"`, `"https://www.w3.org/2018/credentials#credentialStatus"`)),
		bad("end of validity in another node of the same id", code, f.replaced(rdf, end, `"@included":[{"id":"urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33","type":"VerifiableCredential",`+end+`}]`)),
		bad("claim under its IRI", code, f.replaced(rdf, claim, `"`+vocabExamples+`alumniOf":"The School of Examples"`)),
		bad("context inside the subject", code, f.replaced(rdf, claim, `"@context":{"graduateOf":"`+vocabExamples+`alumniOf"},"graduateOf":"The School of Examples"`)),
		bad("known context inside the subject", code, f.replaced(rdf, claim, `"@context":`+contextExamples+`,`+claim)),
		bad("keyword alone in the place of a term", code, f.replaced(f.sign(f.document(func(c map[string]any) {
			c["credentialSubject"].(map[string]any)["degree"] = map[string]any{"type": "ExampleBachelorDegree"}
		}), authority+"#key-1", rdfc, dataintegrity.ProofOptions{}), `"degree":{"type":`, `"degree":{"@type":`)),
		bad("keyword in the place of a term", code, f.replaced(rdf, `"degree":{"name":"Bachelor of Science","type":`, `"degree":{"name":"Bachelor of Science","@type":`)),
	}
}

func (f *forge) badPresentations() []vector {
	credential := f.plain(jcs)
	good := f.presentation(dataintegrity.ProofOptions{}, nil, credential)
	signed := func(opt dataintegrity.ProofOptions) []byte { return f.presentation(opt, nil, credential) }
	method := func(d, fragment string) did.URL { return did.MustParse(d).WithFragment(fragment) }
	holder := func(new string) func(string) string {
		return func(s string) string { return f.replacedText(s, `"holder":"`+citizen+`"`, new) }
	}
	strangers := f.sign(f.document(func(c map[string]any) {
		c["credentialSubject"].(map[string]any)["id"] = stranger
	}), authority+"#key-1", jcs, dataintegrity.ProofOptions{})
	several := f.sign(f.document(func(c map[string]any) {
		c["credentialSubject"] = []any{c["credentialSubject"], map[string]any{"id": stranger, "alumniOf": "Another School"}}
	}), authority+"#key-1", jcs, dataintegrity.ProofOptions{})
	nobody := f.sign(f.document(func(c map[string]any) {
		delete(c["credentialSubject"].(map[string]any), "id")
	}), authority+"#key-1", jcs, dataintegrity.ProofOptions{})
	enveloped := []byte(`{"@context":` + contextV2 + `,"type":"EnvelopedVerifiableCredential","id":"data:application/vc+jwt,eyJhbGciOiJFZERTQSJ9.e30.AA"}`)
	unsigned := []byte(`{"@context":[` + contextV2 + `],"type":["VerifiablePresentation"],"holder":"` + citizen + `","verifiableCredential":[` + string(credential) + `]}`)
	twice := f.sign(good, citizen+"#phone", jcs, dataintegrity.ProofOptions{Purpose: did.Authentication, Domain: []string{audience}, Challenge: nonce, Created: f.setting.Now})
	return []vector{
		bad("credential alone", "vc.holder.missing", credential),
		bad("presentation without a proof", "vc.holder.missing", unsigned),
		bad("another challenge", "vc.holder.nonce", signed(dataintegrity.ProofOptions{Challenge: "another"})),
		bad("another domain", "vc.holder.audience", signed(dataintegrity.ProofOptions{Domain: []string{"https://shop.example.evil.example"}})),
		bad("domain with a slash behind it", "vc.holder.audience", signed(dataintegrity.ProofOptions{Domain: []string{audience + "/"}})),
		bad("several domains", "dataintegrity.presentation.domain", signed(dataintegrity.ProofOptions{Domain: []string{audience, "https://other.example"}})),
		bad("domain exchanged", "dataintegrity.presentation.signature", f.replaced(signed(dataintegrity.ProofOptions{Domain: []string{"https://other.example"}}), `"https://other.example"`, `"`+audience+`"`)),
		bad("no challenge", "dataintegrity.presentation.signature", f.replaced(good, `"challenge":"`+nonce+`",`, "")),
		bad("proof for assertions", "dataintegrity.presentation.proof", signed(dataintegrity.ProofOptions{Purpose: did.AssertionMethod})),
		bad("key for assertions", "vc.holder.key.purpose", signed(dataintegrity.ProofOptions{Method: method(citizen, "assertions")})),
		bad("signed by a stranger, who is named holder", "vc.holder.kid.foreign", f.presentation(dataintegrity.ProofOptions{Method: method(stranger, "phone")}, holder(`"holder":"`+stranger+`"`), credential)),
		bad("signed by a stranger, with the citizen as holder", "dataintegrity.presentation.holder", signed(dataintegrity.ProofOptions{Method: method(stranger, "phone")})),
		bad("credential about a stranger", "vc.holder.kid.foreign", f.presentation(dataintegrity.ProofOptions{}, nil, strangers)),
		bad("credential about several", "vc.holder.unbound", f.presentation(dataintegrity.ProofOptions{}, nil, several)),
		bad("credential about nobody", "vc.holder.unbound", f.presentation(dataintegrity.ProofOptions{}, nil, nobody)),
		bad("two proofs", "dataintegrity.presentation.proof", twice),
		bad("two credentials", "dataintegrity.presentation.credentials", f.presentation(dataintegrity.ProofOptions{}, nil, credential, strangers)),
		bad("presentation of no credential", "dataintegrity.presentation.credentials", f.presentation(dataintegrity.ProofOptions{}, func(s string) string { return f.replacedText(s, `,"verifiableCredential":[]`, "") })),
		bad("credential of another format", "dataintegrity.presentation.enveloped", f.presentation(dataintegrity.ProofOptions{}, nil, enveloped)),
		bad("credential in the presentation exchanged", "dataintegrity.presentation.signature", f.replaced(good, string(credential), string(f.sign(f.document(nil), authority+"#key-10", jcs, dataintegrity.ProofOptions{})))),
		bad("proof of the credential used for the presentation", "dataintegrity.presentation.proof", f.replaced(unsigned, `,"verifiableCredential"`, `,"proof":`+f.proofOf(credential)+`,"verifiableCredential"`)),
		bad("undated presentation", "vc.holder.time.missing", signed(dataintegrity.ProofOptions{Undated: true})),
		bad("old", "vc.holder.time.old", signed(dataintegrity.ProofOptions{Created: f.setting.Now.AddDate(0, 0, -1)})),
		bad("credential that was changed, in a presentation", "vc.signature.invalid", f.presentation(dataintegrity.ProofOptions{}, nil, f.replaced(credential, "The School of Examples", "Another School"))),
		bad("context inside a presentation over RDF", "dataintegrity.jsonld.rewritable", f.sign(f.replaced(unsigned, contextV2+`]`, contextV2+`,{"@version":1.1}]`), citizen+"#phone", rdfc, dataintegrity.ProofOptions{
			Purpose: did.Authentication, Domain: []string{audience}, Challenge: nonce, Created: f.setting.Now,
		})),
		bad("credential for another audience", "vc.audience", f.presentation(dataintegrity.ProofOptions{}, nil, f.sign(f.document(nil), authority+"#key-1", jcs, dataintegrity.ProofOptions{Domain: []string{"https://other.example"}}))),
	}
}
