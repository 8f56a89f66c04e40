package main

import (
	"strings"
	"testing"

	"github.com/hyperledger/aries-framework-go/pkg/didcomm/common/service"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/protocol/decorator"
	protocol "github.com/hyperledger/aries-framework-go/pkg/didcomm/protocol/didexchange"
)

// Whoever asks Aries for a connection in the name of an identifier is believed without its key: the connection that Bob then has
// says nothing of Alice. A message does: what Eve sends is never taken for one of Alice's.
func TestConnectionIsNoProof(t *testing.T) {
	ctx, m := begin(t)
	alice, bob, eve := registered(t, "alice", m), registered(t, "bob", m), registered(t, "eve", m)
	dest, err := service.GetDestination(bob.did, eve.context.VDRegistry())
	if err != nil {
		t.Fatal(err)
	}
	send := func(msg any) {
		t.Helper()
		if err := eve.context.OutboundDispatcher().Send(msg, eve.did+"#agree-1", dest); err != nil {
			t.Fatal(err)
		}
	}
	send(&protocol.Request{Type: protocol.RequestMsgType, ID: "forged", Label: "alice", DID: alice.did, Thread: &decorator.Thread{PID: bob.did}})
	send(&protocol.Complete{Type: protocol.CompleteMsgType, ID: "forged-2", Thread: &decorator.Thread{ID: "forged", PID: bob.did}})
	forged, err := bob.complete(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := bob.exchange.GetConnection(forged)
	if err != nil {
		t.Fatal(err)
	}
	if c.TheirDID != alice.did {
		t.Errorf("got a connection with %s, want one in the name of %s", c.TheirDID, alice.did)
	}

	honest, err := eve.connect(ctx, bob.name, bob.did)
	if err != nil {
		t.Fatal(err)
	}
	if err := eve.send(honest, "I am Alice"); err != nil {
		t.Fatal(err)
	}
	l, err := bob.receive(ctx)
	if err != nil || l.Theirs != eve.did {
		t.Errorf("got %+v, %v, want a message of %s", l, err, eve.did)
	}
	if err := bob.send(forged, "for Alice alone"); err != nil {
		t.Fatal(err)
	}
	if l, err := alice.receive(ctx); err != nil || !strings.HasPrefix(l.Message.Content, "for Alice") || l.Theirs != bob.did {
		t.Errorf("got %+v, %v, want the message where the document of Alice says", l, err)
	}
}
