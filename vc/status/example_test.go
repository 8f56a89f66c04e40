package status_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
	"github.com/realdid/realdid/vc/status"
)

func exampleNow() time.Time { return now }

func Example() {
	ctx := context.Background()
	const uri = "https://lists.example/2026"

	// The issuer has a list, and gives one of its entries to a credential.
	dir, _ := os.MkdirTemp("", "lists")
	defer os.RemoveAll(dir)
	list, err := status.CreateList(filepath.Join(dir, "2026"), status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 1 << 20, Size: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer list.Close()
	index, err := list.Allocate(1)
	if err != nil {
		fmt.Println(err)
		return
	}
	key, _ := keys.Generate(keys.P256)
	cred, err := sdjwt.Issue(ctx, sdjwt.Issuer{Signer: key, Method: didkey.URL(key.Public())},
		map[string]any{"vct": "https://id.example/ticket", "status": status.TokenStatus(uri, index[0])}, &sdjwt.IssueOptions{IssuedAt: now})
	if err != nil {
		fmt.Println(err)
		return
	}

	// It publishes the list now and then: to a file, an object store, an HTTP response.
	var published bytes.Buffer
	publish := func(at time.Time) {
		published.Reset()
		err := list.PublishToken(ctx, &published, status.Issuer{Signer: key, Method: didkey.URL(key.Public())},
			status.TokenList{URI: uri, IssuedAt: at, Expires: at.Add(24 * time.Hour), TTL: time.Hour})
		if err != nil {
			fmt.Println(err)
		}
	}
	publish(now)

	// A verifier fetches it once, for all credentials that refer to it.
	source := status.SourceFunc(func(ctx context.Context, r status.Request) (status.Document, error) {
		return status.Document{MediaType: "application/statuslist+jwt", Bytes: bytes.Clone(published.Bytes())}, nil
	})
	clock := now
	verifier := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{Now: exampleNow}, Now: exampleNow}, func() time.Time { return clock })
	lists := status.NewLists(verifier, source, nil)
	verify := func() {
		_, report, err := verifier.Verify(ctx, sdjwt.Received(cred.Bytes()), &vc.Expect{
			Issuers: []did.DID{didkey.Of(key.Public())}, Types: []string{"https://id.example/ticket"}, InsecureNoHolderBinding: true, StatusLists: lists,
		})
		fmt.Println(vc.Code(err), report.Status[0].Meaning, "by a list of", report.Status[0].ListIssuedAt.Format("15:04"))
	}
	verify()

	// The issuer revokes. The verifier notices when the ttl has passed.
	if err := list.Set(status.Invalid, index...); err != nil {
		fmt.Println(err)
	}
	publish(now.Add(30 * time.Minute))
	clock = now.Add(59 * time.Minute)
	verify()
	clock = now.Add(time.Hour)
	verify()
	// Output:
	//  valid by a list of 12:00
	//  valid by a list of 12:00
	// vc.status.revoked revoked by a list of 12:30
}

func ExampleLists_Add() {
	ctx := context.Background()
	key, _ := keys.Generate(keys.Ed25519)
	bits, _ := status.NewBits(status.LeastSignificantFirst, 1, 1<<17)
	bits.Set(4711, status.Invalid)
	token, _ := status.IssueToken(ctx, status.Issuer{Signer: key, Method: didkey.URL(key.Public())},
		&status.TokenList{URI: "https://lists.example/1", IssuedAt: now, Expires: now.Add(24 * time.Hour), Bits: bits})

	// A gate without a network is given the list every morning.
	verifier := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{Now: exampleNow}, Now: exampleNow}, exampleNow)
	lists := status.NewLists(verifier, nil, nil)
	err := lists.Add(ctx, status.Preloaded{
		Issuer: key.Public().DIDKey(), URI: "https://lists.example/1", Document: status.Document{Bytes: token}, Obtained: now,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := lists.Status(ctx, vc.StatusQuery{
		Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: "https://lists.example/1", Index: 4711},
		Issuer:    key.Public().DIDKey(), At: now, MaxAge: 24 * time.Hour,
	})
	fmt.Println(e.Meaning, err)
	// Output: revoked <nil>
}

func ExampleBitstringList_Credential() {
	bits, _ := status.NewBits(status.MostSignificantFirst, 1, status.MinEntries)
	list := &status.BitstringList{URL: "https://lists.example/3", Purposes: []string{status.Suspension}, Bits: bits, TTL: time.Hour}
	credential, err := list.Credential("did:example:authority")
	if err != nil {
		fmt.Println(err)
		return
	}
	subject := credential["credentialSubject"].(map[string]any)
	fmt.Println(credential["type"], subject["statusPurpose"], subject["ttl"])
	back, err := status.DecodeBitstring(subject["encodedList"].(string), 1, 0)
	fmt.Println(back.Len(), err)
	// Output:
	// [VerifiableCredential BitstringStatusListCredential] suspension 3600000
	// 131072 <nil>
}
