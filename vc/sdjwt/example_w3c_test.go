package sdjwt_test

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
	"github.com/realdid/realdid/vc/sdjwt"
)

// A credential of the W3C data model, of which the holder shows one claim. Both parties have a did:key, which resolves without a
// network.
func ExampleIssue_w3c() {
	ctx := context.Background()
	authority, _ := keys.Generate(keys.P256)
	phone, _ := keys.Generate(keys.Ed25519)
	method := func(k *keys.PrivateKey) did.URL {
		u, err := did.ParseURL(k.Public().DIDKeyURL())
		if err != nil {
			log.Fatal(err)
		}
		return u
	}
	issuer := sdjwt.Issuer{Signer: authority, Method: method(authority)}

	cred, err := sdjwt.Issue(ctx, issuer, map[string]any{
		"@context":          []string{"https://www.w3.org/ns/credentials/v2"},
		"type":              []string{"VerifiableCredential", "PersonCredential"},
		"issuer":            issuer.Method.DID().String(),
		"credentialSubject": map[string]any{"id": method(phone).DID().String(), "name": "Ada", "birthDate": "1815-12-10"},
	}, &sdjwt.IssueOptions{
		MediaType: sdjwt.W3CMediaType, Disclosable: []string{"/credentialSubject/name", "/credentialSubject/birthDate"},
	})
	if err != nil {
		log.Fatal(err)
	}

	pres, err := cred.Present(ctx, phone, &sdjwt.PresentOptions{
		Reveal: []string{"/credentialSubject/name"}, Audience: "https://verifier.example", Nonce: "n-0S6_WzA2Mj", Method: method(phone),
	})
	if err != nil {
		log.Fatal(err)
	}

	verifier := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{}}, time.Now)
	got, _, err := verifier.Verify(ctx, sdjwt.Received(pres.Bytes()), &vc.Expect{
		Issuers: []did.DID{issuer.Method.DID()}, Types: []string{"PersonCredential"}, MediaTypes: []string{sdjwt.W3CMediaType},
		Audience: "https://verifier.example", Nonce: "n-0S6_WzA2Mj",
		InsecureUnrotatableHolderKey: true, // a did:key is its key
	})
	if err != nil {
		log.Fatal(err)
	}
	name, _ := got.Claim("/credentialSubject/name")
	_, birth := got.Claim("/credentialSubject/birthDate")
	fmt.Println(name, birth)
	// Output: Ada false
}
