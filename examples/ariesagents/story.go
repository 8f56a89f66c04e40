package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
)

// story runs both agents on one ledger in memory.
func story(ctx context.Context, out io.Writer) (err error) {
	m, err := realdid.New(memledger.New(realdid.Reducer(), nil), nil)
	if err != nil {
		return err
	}
	var parties [2]*agent
	for i, name := range []string{"Alice", "Bob"} {
		a, err := newAgent(name, m)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, a.close()) }()
		if err := a.register(); err != nil {
			return err
		}
		fmt.Fprintf(out, "%-5s is %s\n      at %s\n", name, a.did, a.context.ServiceEndpoint())
		parties[i] = a
	}
	alice, bob := parties[0], parties[1]

	connection, err := alice.connect(ctx, bob.name, bob.did)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, "\nAlice and Bob are connected.")
	back, err := bob.complete(ctx)
	if err != nil {
		return err
	}
	if err := exchange(ctx, out, alice, bob, connection, "Hello Bob, your DID is all I know of you."); err != nil {
		return err
	}
	if err := exchange(ctx, out, bob, alice, back, "Hello Alice, the same here."); err != nil {
		return err
	}
	if err := bob.rotate(); err != nil {
		return err
	}
	fmt.Fprintln(out, "\nBob has changed his agreement key and his control keys, in one operation.")
	return exchange(ctx, out, alice, bob, connection, "Your new key works.")
}

// exchange sends a message and shows how it arrived.
func exchange(ctx context.Context, out io.Writer, from, to *agent, connection, text string) error {
	to.forget()
	if err := from.send(connection, text); err != nil {
		return err
	}
	l, err := to.receive(ctx)
	if err != nil {
		return err
	}
	if l.Message.Content != text || l.Theirs != from.did || l.Mine != to.did {
		return fmt.Errorf("ariesagents: %s received another message, or from somebody else: %+v", to.name, l)
	}
	h := to.lastEnvelope()
	fmt.Fprintf(out, "\n%s to %s: %s\n      %s, %s, from key #%s to key #%s\n", from.name, to.name, text, h.Algorithm, h.Encryption, fragment(h.Sender), fragment(h.Recipient))
	if !strings.HasPrefix(h.Sender, from.did+"#") || !strings.HasPrefix(h.Recipient, to.did+"#") {
		return fmt.Errorf("ariesagents: the envelope names keys of others: %+v", h)
	}
	return nil
}

func fragment(u string) string {
	_, f, _ := strings.Cut(u, "#")
	return f
}
