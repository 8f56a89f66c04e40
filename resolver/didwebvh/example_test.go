package didwebvh_test

import (
	"context"
	"fmt"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didwebvh"
)

// A key that is public by being here.
func exampleKey(n byte) *keys.PrivateKey {
	k, err := keys.NewPrivateKey(keys.Ed25519, append(make([]byte, 31), n))
	if err != nil {
		panic(err)
	}
	return k
}

// An identifier is made, its key replaced by one that was committed to, and the log verified as a resolver does.
func Example() {
	ctx := context.Background()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	today, tomorrow := exampleKey(1), exampleKey(2)

	chain, err := didwebvh.Create(ctx, "example.com:people:ann", &didwebvh.Change{
		Time: now, UpdateKeys: []keys.PublicKey{today.Public()}, NextKeyHashes: []string{didwebvh.KeyHash(tomorrow.Public())},
	}, today)
	if err != nil {
		fmt.Println(err)
		return
	}
	chain, err = chain.Append(ctx, &didwebvh.Change{
		Time: now.Add(time.Hour), UpdateKeys: []keys.PublicKey{tomorrow.Public()}, NextKeyHashes: []string{},
	}, tomorrow)
	if err != nil {
		fmt.Println(err)
		return
	}
	// chain.Bytes() is published at Parse(id).Location.URL("did.jsonl").
	id := chain.Newest().DID
	log, err := didwebvh.Verify(id, chain.Bytes(), nil, now.Add(2*time.Hour))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(id)
	fmt.Println(len(log.Versions()), "versions")
	// Output:
	// did:webvh:Qmf38Bq5EQxWjuUrsasHU9UXSrt4ohyj9iiNrWKTeMPU2V:example.com:people:ann
	// 2 versions
}
