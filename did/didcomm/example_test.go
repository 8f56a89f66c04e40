package didcomm_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
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

// join makes a DID document with a key to encrypt to and a key to sign with, and returns the agent that holds both.
func (b addressBook) join(name string) (did.DID, *didcomm.Agent) {
	id := did.MustParse("did:example:" + name)
	doc, secrets := &did.Document{ID: id}, &didcomm.MemorySecrets{}
	for fragment, use := range map[string]struct {
		algorithm keys.Algorithm
		purpose   did.Purpose
	}{
		"agreement": {keys.X25519, did.KeyAgreement},
		"signature": {keys.Ed25519, did.Authentication},
	} {
		k, err := keys.Generate(use.algorithm)
		if err != nil {
			panic(err)
		}
		secrets.Add(id.WithFragment(fragment), k)
		doc.VerificationMethod = append(doc.VerificationMethod, did.VerificationMethod{
			ID: id.WithFragment(fragment), Controller: id, Type: did.TypeMultikey, Key: k.Public(), Purposes: use.purpose,
		})
	}
	b[id] = doc
	return id, didcomm.New(b, secrets, nil)
}

func Example() {
	book := addressBook{}
	aliceID, alice := book.join("alice")
	bobID, bob := book.join("bob")
	ctx := context.Background()

	packed, err := alice.Authcrypt(ctx, &didcomm.Message{
		ID: didcomm.NewID(), Type: "https://example.com/protocols/lets_do_lunch/1.0/proposal", From: aliceID, To: []did.DID{bobID},
		Body:        []byte(`{"when":"tomorrow"}`),
		Attachments: []didcomm.Attachment{{MediaType: "text/plain", Base64: []byte("the menu")}},
	}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	r, err := bob.Unpack(ctx, packed, &didcomm.Expect{Accept: didcomm.Authcrypt, From: aliceID})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Message.From, r.SenderKey.Fragment(), string(r.Message.Body), string(r.Message.Attachments[0].Base64))

	// What was meant for Bob alone is not for others, and what was not said to be enough is refused.
	_, carol := book.join("carol")
	_, err = carol.Unpack(ctx, packed, &didcomm.Expect{Accept: didcomm.Authcrypt})
	fmt.Println(errors.Is(err, didcomm.ErrNotRecipient))
	_, err = bob.Unpack(ctx, packed, &didcomm.Expect{Accept: didcomm.Signed})
	fmt.Println(errors.Is(err, didcomm.ErrRefused))
	// Output:
	// did:example:alice agreement {"when":"tomorrow"} the menu
	// true
	// true
}

func ExampleAgent_Wrap() {
	book := addressBook{}
	aliceID, alice := book.join("alice")
	bobID, bob := book.join("bob")
	mediatorID, mediator := book.join("mediator")
	ctx := context.Background()
	announce := func(id did.DID, uri string) {
		s, err := didcomm.NewService(id.WithFragment("didcomm"), didcomm.Endpoint{URI: uri})
		if err != nil {
			panic(err)
		}
		book[id].Service = []did.Service{s}
	}
	announce(mediatorID, "https://mediator.example/didcomm")
	announce(bobID, mediatorID.String())

	packed, err := alice.Authcrypt(ctx, didcomm.NewPing(aliceID, bobID), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	routes, err := alice.Routes(ctx, bobID, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	packed, err = alice.Wrap(ctx, packed, bobID.URL(), routes[0].Hops, nil)
	fmt.Println("to", routes[0].URI, err)

	forward, err := mediator.UnwrapForward(ctx, packed)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("for", forward.Next)

	r, err := bob.Unpack(ctx, forward.Payloads[0], &didcomm.Expect{Accept: didcomm.Authcrypt})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("from", r.Message.From, didcomm.PingWantsResponse(r.Message))
	// Output:
	// to https://mediator.example/didcomm <nil>
	// for did:example:bob
	// from did:example:alice true
}

func ExampleAgent_FromPrior() {
	book := addressBook{}
	publicID, public := book.join("alice-in-public")
	privateID, private := book.join("alice-for-bob")
	bobID, bob := book.join("bob")
	ctx := context.Background()

	m := didcomm.NewPing(privateID, bobID)
	var err error
	if m.FromPrior, err = public.FromPrior(ctx, publicID.WithFragment("signature"), privateID, time.Now()); err != nil {
		fmt.Println(err)
		return
	}
	packed, err := private.Authcrypt(ctx, m, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := bob.Unpack(ctx, packed, &didcomm.Expect{Accept: didcomm.Authcrypt})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Prior.From, "is now", r.Prior.To)
	// Output: did:example:alice-in-public is now did:example:alice-for-bob
}

func ExampleNewProblem() {
	alice, bob := did.MustParse("did:example:alice"), did.MustParse("did:example:bob")
	received := didcomm.NewPing(alice, bob)
	m, err := didcomm.NewProblem(received, bob, didcomm.Problem{
		Code: "w.m.me.res.storage", Comment: "Only {1} bytes are left.", Args: []string{"512"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := didcomm.ParseProblem(m)
	fmt.Println(p.Is("me.res"), p.IsWarning(), p.Text(), err)
	fmt.Println(m.ParentThread == received.ThreadID())
	// Output:
	// true true Only 512 bytes are left. <nil>
	// true
}
