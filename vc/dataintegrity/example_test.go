package dataintegrity_test

import (
	"context"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

var (
	exampleTime     = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	exampleVerifier = vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{Now: exampleNow}, Now: exampleNow}, exampleNow)
)

func exampleNow() time.Time { return exampleTime }

// exampleCredential is about the holder of a key.
func exampleCredential(issuer, holder *keys.PrivateKey) map[string]any {
	return map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"},
		"type":     []any{"VerifiableCredential", "ExampleAlumniCredential"},
		"issuer":   issuer.Public().DIDKey(),
		"credentialSubject": map[string]any{
			"id": holder.Public().DIDKey(), "alumniOf": "The School of Examples", "year": 2021,
		},
	}
}

func Example() {
	ctx := context.Background()
	school, _ := keys.Generate(keys.Ed25519)
	phone, _ := keys.Generate(keys.P256)

	// The school issues.
	cred, err := dataintegrity.Issue(ctx, dataintegrity.Issuer{Signer: school, Method: didkey.URL(school.Public())},
		exampleCredential(school, phone), &dataintegrity.IssueOptions{Created: exampleTime})
	if err != nil {
		fmt.Println(err)
		return
	}

	// The graduate shows it to one platform.
	pres, err := cred.Present(ctx, phone, &dataintegrity.PresentOptions{Audience: "https://shop.example", Nonce: "n-0S6_WzA2Mj", Created: exampleTime})
	if err != nil {
		fmt.Println(err)
		return
	}

	// The platform verifies what it received.
	got, _, err := exampleVerifier.Verify(ctx, dataintegrity.Received(pres.Bytes(), nil), &vc.Expect{
		Issuers: []did.DID{didkey.Of(school.Public())}, Types: []string{"ExampleAlumniCredential"},
		Audience: "https://shop.example", Nonce: "n-0S6_WzA2Mj", InsecureUnrotatableHolderKey: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	alumniOf, _ := got.Claim("/credentialSubject/alumniOf")
	fmt.Println(alumniOf)
	// Output: The School of Examples
}

// A holder shows one claim and keeps the others.
func ExampleCredential_Present() {
	ctx := context.Background()
	school, _ := keys.Generate(keys.P256)
	phone, _ := keys.Generate(keys.Ed25519)
	cred, err := dataintegrity.Issue(ctx, dataintegrity.Issuer{Signer: school, Method: didkey.URL(school.Public())},
		exampleCredential(school, phone), &dataintegrity.IssueOptions{
			Cryptosuite: dataintegrity.ECDSASD2023{Mandatory: []string{"/issuer"}}, Created: exampleTime,
		})
	if err != nil {
		fmt.Println(err)
		return
	}
	pres, err := cred.Present(ctx, phone, &dataintegrity.PresentOptions{
		Reveal: []string{"/credentialSubject/year"}, Audience: "https://shop.example", Nonce: "n-0S6_WzA2Mj", Created: exampleTime,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	got, _, err := exampleVerifier.Verify(ctx, dataintegrity.Received(pres.Bytes(), nil), &vc.Expect{
		Issuers: []did.DID{didkey.Of(school.Public())}, Types: []string{"ExampleAlumniCredential"},
		Audience: "https://shop.example", Nonce: "n-0S6_WzA2Mj", InsecureUnrotatableHolderKey: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	year, _ := got.Claim("/credentialSubject/year")
	_, shown := got.Claim("/credentialSubject/alumniOf")
	fmt.Println(year, shown)
	// Output: 2021 false
}

// Two departments sign one after the other.
func ExampleIssueJSON() {
	ctx := context.Background()
	school, _ := keys.Generate(keys.Ed25519)
	issuer := dataintegrity.Issuer{Signer: school, Method: didkey.URL(school.Public())}
	first, err := dataintegrity.IssueJSON(ctx, issuer, []byte(`{
  "@context": "https://www.w3.org/ns/credentials/v2",
  "type": "VerifiableCredential",
  "issuer": "`+school.Public().DIDKey()+`",
  "credentialSubject": {"id": "did:example:graduate"}
}`), &dataintegrity.IssueOptions{ID: "urn:example:faculty", Created: exampleTime})
	if err != nil {
		fmt.Println(err)
		return
	}
	second, err := dataintegrity.IssueJSON(ctx, issuer, first.Bytes(), &dataintegrity.IssueOptions{
		Cryptosuite: dataintegrity.EdDSAJCS2022{}, PreviousProof: []string{"urn:example:faculty"}, Created: exampleTime,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	proofs, _ := second.Proofs()
	for _, p := range proofs {
		fmt.Println(p.Cryptosuite, p.PreviousProof)
	}
	// Output:
	// eddsa-rdfc-2022 []
	// eddsa-jcs-2022 [urn:example:faculty]
}

// A document that is no credential.
func ExampleAddProof() {
	ctx := context.Background()
	key, _ := keys.Generate(keys.Ed25519)
	signed, err := dataintegrity.AddProof(ctx, key, []byte(`{"hello":"world"}`), &dataintegrity.ProofOptions{
		Method: didkey.URL(key.Public()), Purpose: did.AssertionMethod, Cryptosuite: dataintegrity.EdDSAJCS2022{},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	report, err := dataintegrity.InsecureVerifyProofsOnly(ctx, signed, resolver.Keys{Resolver: didkey.Resolver{}}, &dataintegrity.ProofPolicy{
		Purpose: did.AssertionMethod, Controller: didkey.Of(key.Public()),
	})
	fmt.Println(string(report.Document), err)
	// Output: {"hello":"world"} <nil>
}
