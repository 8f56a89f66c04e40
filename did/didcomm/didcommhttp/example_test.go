package didcommhttp_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/did/didcomm/didcommhttp"
	"github.com/realdid/realdid/keys"
)

// addressBook resolves the DIDs that were put into it. Real ones are resolved by package resolver.
type addressBook map[did.DID]*did.Document

func (b addressBook) Resolve(_ context.Context, id did.DID, _ *did.ResolveOptions) (*did.Resolution, error) {
	if doc, ok := b[id]; ok {
		return &did.Resolution{Document: doc}, nil
	}
	return nil, &did.Error{Code: did.NotFound}
}

// join makes a DID document with a key and, if it is not empty, an endpoint.
func (b addressBook) join(name, endpoint string) (did.DID, *didcomm.Agent) {
	id := did.MustParse("did:example:" + name)
	k, err := keys.Generate(keys.X25519)
	if err != nil {
		panic(err)
	}
	secrets := &didcomm.MemorySecrets{}
	secrets.Add(id.WithFragment("key-1"), k)
	doc := &did.Document{ID: id, VerificationMethod: []did.VerificationMethod{{
		ID: id.WithFragment("key-1"), Controller: id, Type: did.TypeMultikey, Key: k.Public(), Purposes: did.KeyAgreement,
	}}}
	if endpoint != "" {
		inbox, err := didcomm.NewService(id.WithFragment("inbox"), didcomm.Endpoint{URI: endpoint})
		if err != nil {
			panic(err)
		}
		doc.Service = []did.Service{inbox}
	}
	b[id] = doc
	return id, didcomm.New(b, secrets, nil)
}

func Example() {
	ctx, book := context.Background(), addressBook{}

	// Bob's server takes whatever comes, and says nothing of what becomes of it.
	inbox := make(chan []byte, 16)
	server := httptest.NewServer(didcommhttp.NewHandler(func(_ context.Context, packed []byte) error {
		select {
		case inbox <- packed:
			return nil
		default:
			return errors.New("the queue is full") // 503: try again
		}
	}, nil))
	defer server.Close()
	bobID, bob := book.join("bob", server.URL)

	// Alice has his DID, and sends to where his document says.
	aliceID, alice := book.join("alice", "")
	packed, err := alice.Authcrypt(ctx, &didcomm.Message{
		ID: didcomm.NewID(), Type: "https://didcomm.org/basicmessage/2.0/message", From: aliceID, To: []did.DID{bobID},
		Body: []byte(`{"content":"hello"}`),
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	routes, err := alice.Routes(ctx, bobID, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	client := didcommhttp.NewClient(&didcommhttp.Options{InsecureLoopbackHTTP: true})
	defer client.Close()
	fmt.Println(client.Send(ctx, routes[0].URI, didcomm.MediaTypeEncrypted, packed))
	fmt.Println(client.Send(ctx, routes[0].URI, didcomm.MediaTypeEncrypted, []byte("{}")))

	for range 2 {
		r, err := bob.Unpack(ctx, <-inbox, &didcomm.Expect{Accept: didcomm.Authcrypt})
		if err != nil {
			fmt.Println("passed over")
			continue
		}
		fmt.Println(r.Message.From, "writes", string(r.Message.Body))
	}
	// Output:
	// <nil>
	// <nil>
	// did:example:alice writes {"content":"hello"}
	// passed over
}
