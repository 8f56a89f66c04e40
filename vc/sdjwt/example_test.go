package sdjwt_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// known is a vc.Keys that knows two keys; a program uses resolver.Keys.
type known struct{ methods []did.VerificationMethod }

func (k known) Key(_ context.Context, u did.URL, p did.Purpose, _ time.Time) (*did.ResolvedKey, error) {
	for _, m := range k.methods {
		if m.ID == u && m.Purposes.Has(p) {
			return &did.ResolvedKey{Method: m, Status: did.KeyActive, Evidence: did.Evidence{Replayed: true, AsOf: exampleTime}}, nil
		}
	}
	return nil, &did.Error{Code: did.InvalidVerificationMethod, Err: did.ErrKeyNotFound}
}

var exampleTime = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func Example() {
	ctx := context.Background()
	authority, _ := keys.Generate(keys.P256)
	phone, _ := keys.Generate(keys.Ed25519)
	authorityKey := did.MustParse("did:example:authority").WithFragment("key-1")
	phoneKey := did.MustParse("did:example:citizen").WithFragment("phone")

	// The authority issues.
	claims := map[string]any{"vct": "https://id.example/person", "given_name": "Ada", "age_over_18": true}
	cred, err := sdjwt.Issue(ctx, sdjwt.Issuer{Signer: authority, Method: authorityKey}, claims, &sdjwt.IssueOptions{
		Disclosable: []string{"/given_name", "/age_over_18"}, Holder: phoneKey, IssuedAt: exampleTime,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// The citizen shows one claim to one platform.
	pres, err := cred.Present(ctx, phone, &sdjwt.PresentOptions{
		Reveal: []string{"/age_over_18"}, Audience: "https://shop.example", Nonce: "n-0S6_WzA2Mj", IssuedAt: exampleTime,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	// The platform verifies what it received.
	rs := known{[]did.VerificationMethod{
		{ID: authorityKey, Controller: authorityKey.DID(), Key: authority.Public(), Purposes: did.AssertionMethod},
		{ID: phoneKey, Controller: phoneKey.DID(), Key: phone.Public(), Purposes: did.Authentication},
	}}
	verifier := vc.NewVerifier(rs, func() time.Time { return exampleTime })
	got, _, err := verifier.Verify(ctx, sdjwt.Received(pres.Bytes()), &vc.Expect{
		Issuers: []did.DID{authorityKey.DID()}, Types: []string{"https://id.example/person"},
		Audience: "https://shop.example", Nonce: "n-0S6_WzA2Mj",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	over18, _ := got.Claim("/age_over_18")
	_, named := got.Claim("/given_name")
	fmt.Println(got.Issuer, over18, named)
	// Output: did:example:authority true false
}

func ExampleIssue() {
	authority, _ := keys.Generate(keys.Ed25519)
	claims := map[string]any{
		"vct":     "https://id.example/person",
		"address": map[string]any{"locality": "Zug", "country": "CH"},
		"degrees": []any{"BSc", "MSc"},
	}
	cred, err := sdjwt.Issue(context.Background(), sdjwt.Issuer{
		Signer: authority, Method: did.MustParse("did:example:authority").WithFragment("key-1"),
	}, claims, &sdjwt.IssueOptions{
		Disclosable: []string{"/address", "/address/locality", `["degrees",null]`},
		Decoys:      []sdjwt.Decoys{{Count: 3}},
		Holder:      did.MustParse("did:example:citizen").WithFragment("phone"),
		Expires:     time.Now().AddDate(1, 0, 0),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	list, _ := cred.Disclosable()
	fmt.Println(len(list), "disclosable")
	// Output: 4 disclosable
}

func ExampleCredential_Present() {
	ctx := context.Background()
	authority, _ := keys.Generate(keys.Ed25519)
	phone, _ := keys.Generate(keys.P256)
	claims := map[string]any{"vct": "https://id.example/person", "address": map[string]any{"locality": "Zug", "country": "CH"}}
	cred, err := sdjwt.Issue(ctx, sdjwt.Issuer{
		Signer: authority, Method: did.MustParse("did:example:authority").WithFragment("key-1"),
	}, claims, &sdjwt.IssueOptions{
		Disclosable: []string{"/address", "/address/locality", "/address/country"},
		Holder:      did.MustParse("did:example:citizen").WithFragment("phone"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pres, err := cred.Present(ctx, phone, &sdjwt.PresentOptions{
		Reveal: []string{"/address/country"}, Audience: "https://shop.example", Nonce: "n-0S6_WzA2Mj",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	shown, _ := pres.UnverifiedClaims()
	fmt.Println(shown["address"])

	_, err = cred.Present(ctx, phone, &sdjwt.PresentOptions{Reveal: []string{"/adress"}, Audience: "https://shop.example", Nonce: "n"})
	fmt.Println(errors.Is(err, sdjwt.ErrNoSuchClaim))
	// Output:
	// map[country:CH]
	// true
}

// An issuer whose key is later stolen keeps what its history had committed to before.
func ExampleCredential_IssuanceDigest() {
	authority, _ := keys.Generate(keys.P256)
	cred, err := sdjwt.Issue(context.Background(), sdjwt.Issuer{Signer: authority, Method: did.MustParse("did:example:authority").WithFragment("key-1")},
		map[string]any{"vct": "https://id.example/person"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	digest, err := cred.IssuanceDigest()
	if err != nil {
		fmt.Println(err)
		return
	}
	batch, _ := vc.NewReceiptBatch(0)
	place, _ := batch.Add(digest)
	root := batch.Root() // the issuer anchors it: realdid.Method.Anchor
	receipt, _ := batch.Receipt(place)

	// The holder keeps the receipt beside the credential, and shows both.
	pres := vc.WithReceipt(sdjwt.Received(cred.Bytes()), receipt)
	fmt.Println(receipt.Root(digest) == root, pres != nil)
	// Output: true true
}
