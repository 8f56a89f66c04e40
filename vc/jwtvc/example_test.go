package jwtvc_test

import (
	"context"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/jwtvc"
)

// Example issues a credential that an agent of the data model 1.1 can read, and verifies one.
func Example() {
	ctx := context.Background()
	library, _ := keys.Generate(keys.Ed25519)
	cred, err := jwtvc.Issue(ctx, jwtvc.Issuer{Signer: library, Method: didkey.URL(library.Public())}, map[string]any{
		"@context":          []string{"https://www.w3.org/2018/credentials/v1"},
		"type":              []string{"VerifiableCredential", "LibraryCard"},
		"issuer":            library.Public().DIDKey(),
		"issuanceDate":      "2026-01-01T00:00:00Z",
		"credentialSubject": map[string]any{"reads": "novels"},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{}}, time.Now)
	got, _, err := verifier.Verify(ctx, jwtvc.Received(cred.Bytes()), &vc.Expect{
		Issuers: []did.DID{didkey.Of(library.Public())}, Types: []string{"LibraryCard"}, MediaTypes: []string{jwtvc.MediaType}, InsecureNoHolderBinding: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	reads, _ := got.Claim("/credentialSubject/reads")
	fmt.Println(got.MediaType, reads)
	// Output: jwt_vc_json novels
}
