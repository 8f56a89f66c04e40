package jws_test

import (
	"context"
	"fmt"
	"log"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

func Example() {
	key, err := keys.Generate(keys.Ed25519)
	if err != nil {
		log.Fatal(err)
	}
	token, err := jws.Sign(context.Background(), key, &jws.Parameters{Type: "example+jwt", KeyID: "did:example:a#key-1"}, []byte(`{"hello":"world"}`))
	if err != nil {
		log.Fatal(err)
	}

	t, err := jws.Parse(token, nil)
	if err != nil {
		log.Fatal(err)
	}
	if t.Header.Type != "example+jwt" { // a token for something else
		log.Fatal(t.Header.Type)
	}
	if err := t.Verify(key.Public()); err != nil { // by the key that t.Header.KeyID names
		log.Fatal(err)
	}
	fmt.Println(t.Header.KeyID, string(t.Payload))
	// Output: did:example:a#key-1 {"hello":"world"}
}
