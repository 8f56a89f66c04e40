package didweb_test

import (
	"context"
	"fmt"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver/didweb"
)

func ExampleResolver_Resolve() {
	// Without options, New fetches from the web. Here the one file of a web that is held in memory:
	r := didweb.New(&didweb.Options{Fetcher: web{
		"https://example.com/people/ann/did.json": document("did:web:example.com:people:ann"),
	}})
	res, err := r.Resolve(context.Background(), did.MustParse("did:web:example.com:people:ann"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(res.Document.VerificationMethod[0].ID)
	// Output: did:web:example.com:people:ann#key
}
