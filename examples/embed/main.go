// Embed is the ten-line program of the README.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

func main() {
	dir, err := os.MkdirTemp("", "realdid-embed-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	claims, err := run(context.Background(), dir)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(claims["age_over_18"])
}

// run leaves out what a program should do about errors on its way, so that the README shows the verbs alone; Verify
// refuses whatever came of an earlier one.
func run(ctx context.Context, dir string) (map[string]any, error) {
	phone, _ := keys.Generate(keys.P256)
	paper, _ := keys.Generate(keys.P256)
	lg, _ := boltledger.Open(dir, realdid.Reducer(), nil)
	defer lg.Close()
	m, _ := realdid.New(lg, nil)
	me, _ := m.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(paper.Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{
			{Fragment: "phone", Key: phone.Public(), Purposes: did.Authentication | did.AssertionMethod},
		}},
	}, phone)
	key := me.DID.WithFragment("phone")
	cred, _ := sdjwt.Issue(ctx, sdjwt.Issuer{Signer: phone, Method: key}, map[string]any{"vct": "https://x.example/id", "age_over_18": true},
		&sdjwt.IssueOptions{Disclosable: []string{"/age_over_18"}, Holder: key})
	pres, _ := cred.Present(ctx, phone, &sdjwt.PresentOptions{Reveal: []string{"/age_over_18"}, Audience: "https://shop.example", Nonce: "n-1"})
	v := vc.NewVerifier(resolver.Keys{Resolver: m}, time.Now)
	got, _, err := v.Verify(ctx, pres, &vc.Expect{
		Issuers: []did.DID{me.DID}, Types: []string{"https://x.example/id"}, Audience: "https://shop.example", Nonce: "n-1",
	})
	return got.Claims(), err
}
