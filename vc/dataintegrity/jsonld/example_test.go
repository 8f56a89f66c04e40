package jsonld_test

import (
	"errors"
	"fmt"

	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

func Example() {
	contexts, err := jsonld.NewContexts(map[string][]byte{
		"https://example.org/degrees/v1": []byte(`{"@context": {"degree": "https://example.org/terms#degree"}}`),
	})
	if err != nil {
		panic(err)
	}
	dataset, err := contexts.ToRDF([]byte(`{
		"@context": ["https://www.w3.org/ns/credentials/v2", "https://example.org/degrees/v1"],
		"type": "VerifiableCredential",
		"issuer": "did:example:university",
		"credentialSubject": {"id": "did:example:alice", "degree": "Bachelor of Science"}
	}`))
	if err != nil {
		panic(err)
	}
	canonical, err := rdf.Canonicalize(dataset, nil)
	if err != nil {
		panic(err)
	}
	fmt.Print(string(canonical.NQuads()))

	_, err = contexts.ToRDF([]byte(`{
		"@context": "https://www.w3.org/ns/credentials/v2",
		"type": "VerifiableCredential",
		"credentialSubject": {"id": "did:example:alice", "degree": "Bachelor of Science"}
	}`))
	fmt.Println(errors.Is(err, jsonld.ErrUndefinedTerm), err)
	// Output:
	// <did:example:alice> <https://example.org/terms#degree> "Bachelor of Science" .
	// _:c14n0 <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://www.w3.org/2018/credentials#VerifiableCredential> .
	// _:c14n0 <https://www.w3.org/2018/credentials#credentialSubject> <did:example:alice> .
	// _:c14n0 <https://www.w3.org/2018/credentials#issuer> <did:example:university> .
	// true jsonld: undefined term at /credentialSubject/degree: degree
}
