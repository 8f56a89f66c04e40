package vcdm_test

import (
	"fmt"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

func ExampleParseCredentialJSON() {
	c, err := vcdm.ParseCredentialJSON([]byte(`{
		"@context": ["https://www.w3.org/ns/credentials/v2"],
		"type": ["VerifiableCredential"],
		"issuer": {"id": "did:example:university", "name": {"@value": "大学", "@language": "zh"}},
		"validUntil": "2030-06-30T24:00:00+08:00",
		"credentialSubject": {"id": "did:example:student"}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Issuer, c.Subjects[0].ID, c.ValidUntil)

	_, err = vcdm.ParseCredentialJSON([]byte(`{"@context": ["https://www.w3.org/ns/credentials/v2"], "type": []}`))
	fmt.Println(vc.Code(err))
	// Output:
	// did:example:university did:example:student 2030-06-30 16:00:00 +0000 UTC
	// vcdm.type
}
