package did_test

import (
	"fmt"

	"github.com/realdid/realdid/did"
)

func ExampleParse() {
	d, err := did.Parse("did:example:123:abc")
	fmt.Println(d.Method(), d.ID(), err)
	_, err = did.Parse("did:Example:123")
	fmt.Println(err)
	// Output:
	// example 123:abc <nil>
	// did: INVALID_DID: the method name is not lower-case letters and digits between colons
}

func ExampleParseDocument() {
	doc, err := did.ParseDocument([]byte(`{
		"id": "did:example:123",
		"verificationMethod": [{
			"id": "#key-1", "type": "Multikey", "controller": "did:example:123",
			"publicKeyMultibase": "z6MksKXdZmwcvxjzkpND1d5h24X4CKqn8vuAKb5bNFSM11XV"
		}],
		"assertionMethod": ["#key-1"]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	key := doc.VerificationMethod[0]
	fmt.Println(key.ID, key.Key.Algorithm(), key.Purposes)
	// Output: did:example:123#key-1 Ed25519 assertionMethod
}

func ExampleDocument_Dereference() {
	doc, err := did.ParseDocument([]byte(`{
		"id": "did:example:123",
		"service": [{"id": "#files", "type": "Files", "serviceEndpoint": "https://example.com/files/"}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	u, err := did.ParseURL("did:example:123?service=files&relativeRef=cv.pdf#page=2")
	if err != nil {
		fmt.Println(err)
		return
	}
	found, err := doc.Dereference(u)
	fmt.Println(found.Endpoint, err)
	// Output: [https://example.com/files/cv.pdf#page=2] <nil>
}
