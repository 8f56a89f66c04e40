package sd_test

import (
	"fmt"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/sd"
)

// A part of a document, and which of its statements that part makes.
func ExampleDocument_Select() {
	text := `{
		"@context": "https://www.w3.org/ns/credentials/v2", "type": "VerifiableCredential",
		"issuer": {"id": "did:example:authority", "name": "An authority"}, "name": "A title"
	}`
	v, err := strictjson.Parse([]byte(text), strictjson.Limits{})
	if err != nil {
		fmt.Println(err)
		return
	}
	doc, err := sd.Canonicalize(jsonld.Embedded(), v, sd.ShuffledLabels(make([]byte, 32)))
	if err != nil {
		fmt.Println(err)
		return
	}
	part, err := doc.Select([]string{"/issuer/name"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", strictjson.AppendJSON(nil, part.Value))
	for _, i := range part.Indexes {
		fmt.Printf("%d of %d: %s", i, len(doc.Lines), doc.Lines[i])
	}
	// Output:
	// {"@context":"https://www.w3.org/ns/credentials/v2","type":"VerifiableCredential","issuer":{"id":"did:example:authority","name":"An authority"}}
	// 0 of 4: <did:example:authority> <https://schema.org/name> "An authority" .
	// 1 of 4: _:b0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .
	// 3 of 4: _:b0 <https://www.w3.org/2018/credentials#issuer> <did:example:authority> .
}
