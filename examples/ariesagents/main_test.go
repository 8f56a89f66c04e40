package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/aries-framework-go/pkg/client/didexchange"
	"github.com/hyperledger/aries-framework-go/pkg/client/outofband"
	"github.com/hyperledger/aries-framework-go/pkg/didcomm/transport"

	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
)

func TestStory(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run(t.Context(), nil, &out, &errs); status != 0 {
		t.Fatalf("got status %d, %s", status, errs.String())
	}
	for _, want := range []string{
		"Alice and Bob are connected", "ECDH-1PU+A256KW, A256CBC-HS512, from key #agree-1 to key #agree-1",
		"Bob has changed", "from key #agree-1 to key #agree-2",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output lacks %q: %s", want, out.String())
		}
	}
}

func TestUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args   []string
		status int
	}{"help": {[]string{"-h"}, 0}, "unknown flag": {[]string{"-x"}, 3}, "argument": {[]string{"x"}, 3}, "no time": {[]string{"-timeout", "1ns"}, 1}} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), c.args, &out, &errs); status != c.status {
			t.Errorf("%s: got status %d, want %d: %s", name, status, c.status, errs.String())
		}
	}
}

// two starts agents on one ledger, each with a registered identifier.
func two(t *testing.T) (ctx context.Context, alice, bob *agent) {
	t.Helper()
	ctx, m := begin(t)
	return ctx, registered(t, "alice", m), registered(t, "bob", m)
}

func begin(t *testing.T) (context.Context, *realdid.Method) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	m, err := realdid.New(memledger.New(realdid.Reducer(), nil), nil)
	if err != nil {
		t.Fatal(err)
	}
	return ctx, m
}

func registered(t *testing.T, name string, m *realdid.Method) *agent {
	t.Helper()
	a, err := newAgent(name, m)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	if err := a.register(); err != nil {
		t.Fatal(err)
	}
	return a
}

// With an out-of-band invitation that names a registered identifier, Aries gives the one who accepts it a peer DID.
func TestOutOfBand(t *testing.T) {
	ctx, alice, bob := two(t)
	inviter, err := outofband.New(bob.context)
	if err != nil {
		t.Fatal(err)
	}
	invited, err := outofband.New(alice.context)
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inviter.CreateInvitation([]any{bob.did}, outofband.WithLabel("bob"))
	if err != nil {
		t.Fatal(err)
	}
	wire, err := json.Marshal(inv)
	if err != nil {
		t.Fatal(err)
	}
	var received outofband.Invitation
	if err := json.Unmarshal(wire, &received); err != nil {
		t.Fatal(err)
	}
	if _, err := invited.AcceptInvitation(&received, "alice"); err != nil {
		t.Fatal(err)
	}
	mine, err := alice.complete(ctx)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := bob.complete(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c, err := alice.exchange.GetConnection(mine)
	if err != nil {
		t.Fatal(err)
	}
	if c.TheirDID != bob.did || !strings.HasPrefix(c.MyDID, "did:peer:") {
		t.Errorf("got a connection of %s and %s, want a peer DID and %s", c.MyDID, c.TheirDID, bob.did)
	}
	for _, s := range []struct {
		from, to   *agent
		connection string
	}{{alice, bob, mine}, {bob, alice, theirs}} {
		if err := s.from.send(s.connection, "hello"); err != nil {
			t.Fatal(err)
		}
		if l, err := s.to.receive(ctx); err != nil || l.Message.Content != "hello" {
			t.Errorf("%s received %+v, %v", s.to.name, l, err)
		}
	}
}

// Nobody gets a connection with an identifier that is deactivated, or that does not exist.
func TestNoConnection(t *testing.T) {
	ctx, alice, bob := two(t)
	connection, err := alice.connect(ctx, bob.name, bob.did)
	if err != nil {
		t.Fatal(err)
	}
	if err := bob.context.VDRegistry().Deactivate(bob.did); err != nil {
		t.Fatal(err)
	}
	if err := alice.send(connection, "are you there?"); err == nil {
		t.Error("a message was sent to a deactivated identifier")
	}
	for name, theirs := range map[string]string{
		"deactivated": bob.did, "not registered": "did:realdid:q" + strings.Repeat("a", 52), "no DID": "did:realdid:", "of no method": "did:example:1",
	} {
		if _, err := alice.exchange.CreateImplicitInvitationWithDID(&didexchange.DIDInfo{DID: theirs}, &didexchange.DIDInfo{DID: alice.did}); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// What is sent to a key that is no longer in the document is refused, and does the agent no harm.
func TestRetiredKey(t *testing.T) {
	ctx, alice, bob := two(t)
	connection, err := alice.connect(ctx, bob.name, bob.did)
	if err != nil {
		t.Fatal(err)
	}
	envelope, err := alice.context.Packager().PackMessage(&transport.Envelope{
		MediaTypeProfile: transport.MediaTypeDIDCommV2Profile, Message: []byte(`{"@type":"` + messageType + `","@id":"1","content":"late"}`),
		FromKey: []byte(alice.did + "#agree-1"), ToKeys: []string{bob.did + "#agree-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := bob.rotate(); err != nil {
		t.Fatal(err)
	}
	for name, body := range map[string][]byte{"late": envelope, "too large": make([]byte, maxEnvelope+1), "no JSON": []byte("x.y.z"), "empty object": []byte("{}")} {
		res, err := http.Post(bob.context.ServiceEndpoint(), "application/didcomm-envelope-enc", bytes.NewReader(body))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		res.Body.Close()
		if res.StatusCode < 400 {
			t.Errorf("%s: got %s, want a refusal", name, res.Status)
		}
	}
	if err := alice.send(connection, "hello"); err != nil {
		t.Fatal(err)
	}
	if l, err := bob.receive(ctx); err != nil || l.Message.Content != "hello" || l.Theirs != alice.did {
		t.Errorf("got %+v, %v, want the message after the refused ones", l, err)
	}
}
