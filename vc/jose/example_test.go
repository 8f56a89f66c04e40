package jose_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/jose"
)

// Example issues a credential to a holder, who presents it to a verifier. Both have a did:key, which resolves without a network.
func Example() {
	ctx := context.Background()
	authority, _ := keys.Generate(keys.P256)
	phone, _ := keys.Generate(keys.Ed25519)
	issuer := jose.Issuer{Signer: authority, Method: didkey.URL(authority.Public())}

	cred, err := jose.Issue(ctx, issuer, map[string]any{
		"@context":          []string{"https://www.w3.org/ns/credentials/v2"},
		"type":              []string{"VerifiableCredential", "LibraryCard"},
		"issuer":            issuer.Method.DID().String(),
		"credentialSubject": map[string]any{"id": phone.Public().DIDKey(), "reads": "novels"},
	}, nil)
	if err != nil {
		log.Fatal(err)
	}

	pres, err := cred.Present(ctx, phone, &jose.PresentOptions{Audience: "https://library.example", Nonce: "n-0S6_WzA2Mj", Method: didkey.URL(phone.Public())})
	if err != nil {
		log.Fatal(err)
	}

	verifier := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{}}, time.Now)
	got, _, err := verifier.Verify(ctx, jose.Received(pres.Bytes(), nil), &vc.Expect{
		Issuers: []did.DID{issuer.Method.DID()}, Types: []string{"LibraryCard"}, Audience: "https://library.example", Nonce: "n-0S6_WzA2Mj",
		InsecureUnrotatableHolderKey: true, // a did:key is its key
	})
	if err != nil {
		log.Fatal(err)
	}
	reads, _ := got.Claim("/credentialSubject/reads")
	fmt.Println(got.Types, reads)
	// Output: [VerifiableCredential LibraryCard] novels
}
