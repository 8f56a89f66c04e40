package main

import (
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/didcomm/common/service"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/protocol/decorator"
	protocol "github.com/hyperledger/aries-framework-go/pkg/didcomm/protocol/didexchange"
)

// Whoever asks Aries for a connection in the name of an identifier is believed without its key: Bob answers Alice, who never asked.
// Messages over a connection are not believed so: what Eve sends is Eve's.
func TestRequestIsNoProof(t *testing.T) {
	ctx, m := begin(t)
	alice, bob, eve := registered(t, "alice", m), registered(t, "bob", m), registered(t, "eve", m)
	dest, err := service.GetDestination(bob.did, eve.context.VDRegistry())
	if err != nil {
		t.Fatal(err)
	}
	forged := &protocol.Request{Type: protocol.RequestMsgType, ID: "forged", Label: "alice", DID: alice.did, Thread: &decorator.Thread{PID: bob.did}}
	if err := eve.context.OutboundDispatcher().Send(forged, eve.did+"#agree-1", dest); err != nil {
		t.Fatal(err)
	}
	select {
	case h := <-alice.envelopes:
		if h.Sender != bob.did+"#agree-1" || h.Recipient != alice.did+"#agree-1" {
			t.Errorf("got %+v, want the answer of Bob", h)
		}
	case <-ctx.Done():
		t.Fatal("Bob did not answer: a request is checked after all")
	}
	connection, err := eve.connect(ctx, bob.name, bob.did)
	if err != nil {
		t.Fatal(err)
	}
	if err := eve.send(connection, "I am Alice"); err != nil {
		t.Fatal(err)
	}
	if l, err := bob.receive(ctx); err != nil || l.Theirs != eve.did {
		t.Errorf("got %+v, %v, want a message of %s", l, err, eve.did)
	}
}
