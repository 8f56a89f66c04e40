package bbs2023_test

import (
	"bytes"
	"context"
	"fmt"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

func exampleCredential(issuer did.DID) map[string]any {
	return map[string]any{
		"@context": []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"},
		"type":     []any{"VerifiableCredential", "ExampleAlumniCredential"}, "issuer": issuer.String(),
		"credentialSubject": map[string]any{"alumniOf": "The School of Examples", "year": 2021, "name": "Ada"},
	}
}

// A school issues, a graduate shows one claim to two verifiers, and what they get has no proof in common.
func Example() {
	ctx := context.Background()
	school, err := bbs.Generate()
	if err != nil {
		panic(err)
	}
	issuer := dataintegrity.Issuer{Signer: school, Method: didkey.URL(school.Public())}
	cred, err := dataintegrity.Issue(ctx, issuer, exampleCredential(issuer.Method.DID()), &dataintegrity.IssueOptions{Cryptosuite: bbs2023.Suite{}})
	if err != nil {
		panic(err)
	}

	first, err := cred.Derive(ctx, []string{"/credentialSubject/alumniOf"}, nil)
	if err != nil {
		panic(err)
	}
	second, err := cred.Derive(ctx, []string{"/credentialSubject/alumniOf"}, nil)
	if err != nil {
		panic(err)
	}
	fmt.Println("the same:", bytes.Equal(first.Bytes(), second.Bytes()))

	verifier := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{}}, nil)
	known := &dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{bbs2023.Suite{}}}
	got, _, err := verifier.Verify(ctx, dataintegrity.Received(second.Bytes(), known), &vc.Expect{
		Issuers: []did.DID{issuer.Method.DID()}, Types: []string{"ExampleAlumniCredential"}, InsecureNoHolderBinding: true,
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(got.Claims()["credentialSubject"])
	// Output:
	// the same: false
	// map[alumniOf:The School of Examples]
}

// A wallet commits to secrets, an issuer signs without seeing them, and a shop gets a pseudonym that is the wallet's there and nowhere else.
func Example_pseudonym() {
	ctx := context.Background()
	const count = 4 // of nym secrets: the issuer's rule, the same for everybody
	wallet, err := bbs.NewNymSecrets(count)
	if err != nil {
		panic(err)
	}
	commitment, blind, err := bbs.SHA256.NymCommit(nil, wallet)
	if err != nil {
		panic(err)
	}

	authority, err := bbs.Generate()
	if err != nil {
		panic(err)
	}
	issuer := dataintegrity.Issuer{Signer: authority, Method: didkey.URL(authority.Public())}
	cred, err := dataintegrity.Issue(ctx, issuer, exampleCredential(issuer.Method.DID()), &dataintegrity.IssueOptions{
		Cryptosuite: bbs2023.Suite{Commitment: &bbs2023.Commitment{WithProof: commitment, N: count}},
	})
	if err != nil {
		panic(err)
	}

	final, err := bbs2023.Finalize(cred, authority.Public(), wallet, blind)
	if err != nil {
		panic(err)
	}
	show := func(verifier, request string) []byte {
		d, err := cred.Derive(ctx, []string{"/credentialSubject/alumniOf"}, &dataintegrity.DeriveOptions{Cryptosuite: bbs2023.Suite{
			PresentationHeader: []byte(request), Holder: &bbs2023.Holder{Nyms: final, Blind: blind, ContextID: []byte(verifier)},
		}})
		if err != nil {
			panic(err)
		}
		return d.Bytes()
	}
	pseudonym := func(verifier, request string, shown []byte) []byte {
		pres := dataintegrity.Received(shown, &dataintegrity.Options{Cryptosuites: []dataintegrity.Cryptosuite{bbs2023.Suite{
			PresentationHeader: []byte(request), Verifier: &bbs2023.Verifier{ContextID: []byte(verifier), N: count},
		}}})
		_, _, err := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{}}, nil).Verify(ctx, pres, &vc.Expect{
			Issuers: []did.DID{issuer.Method.DID()}, Types: []string{"ExampleAlumniCredential"}, InsecureNoHolderBinding: true,
		})
		if err != nil {
			panic(err)
		}
		proofs, err := pres.Proofs()
		if err != nil {
			panic(err)
		}
		p, err := bbs2023.PseudonymOf(proofs[0].Value)
		if err != nil {
			panic(err)
		}
		return p
	}
	monday := pseudonym("https://shop.example", "monday", show("https://shop.example", "monday"))
	friday := pseudonym("https://shop.example", "friday", show("https://shop.example", "friday"))
	forum := pseudonym("https://forum.example", "monday", show("https://forum.example", "monday"))
	fmt.Println("the same at the shop:", bytes.Equal(monday, friday))
	fmt.Println("the same at the forum:", bytes.Equal(monday, forum))
	// Output:
	// the same at the shop: true
	// the same at the forum: false
}
