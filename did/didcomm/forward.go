package didcomm

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// TypeForward is the type of the one message of the Routing Protocol 2.0, with which a sender asks a mediator to pass
// something on.
const TypeForward = "https://didcomm.org/routing/2.0/forward"

// Limits of forwarding.
const (
	MaxHops     = 2*MaxRoutingKeys + 1 // of one message: the routing keys of two endpoints and a mediator
	maxPayloads = 16                   // messages that one forward message may carry
)

// Forward is what a mediator is asked to do: to pass Payloads on to Next.
type Forward struct {
	Next     did.URL   // a DID, or a key on the last hop of a route
	Payloads [][]byte  // packed messages, as received
	Expires  time.Time // when the sender gives up; zero: not said
}

// ParseForward reads a forward message. Payloads may be embedded as JSON or as base64url; a payload that is only linked is
// not fetched, and refused. The result shares no memory with m.
func ParseForward(m *Message) (*Forward, error) {
	const what = "forward"
	if m.Type != TypeForward {
		return nil, invalid(what, "the message is not of type %s", TypeForward)
	}
	v, err := strictjson.Parse(bodyOf(m), messageLimits)
	if err != nil {
		return nil, invalidBecause(what, "body", err)
	}
	f := &Forward{Expires: m.Expires}
	next, ok := v.Get("next")
	if !ok {
		return nil, invalid(what, "next is missing")
	}
	if f.Next, err = hopOf(next); err != nil {
		return nil, invalidBecause(what, "next", err)
	}
	if n := len(m.Attachments); n == 0 || n > maxPayloads {
		return nil, invalid(what, "%d attachments instead of 1 to %d", n, maxPayloads)
	}
	for i := range m.Attachments {
		p, err := payload(&m.Attachments[i])
		if err != nil {
			return nil, invalidBecause(what, fmt.Sprintf("attachment %d", i), err)
		}
		f.Payloads = append(f.Payloads, p)
	}
	return f, nil
}

func payload(a *Attachment) ([]byte, error) {
	switch {
	case a.JSON != nil && a.Base64 != nil:
		return nil, errors.New("both json and base64")
	case a.JSON != nil:
		return bytes.Clone(a.JSON), nil
	case len(a.Base64) > 0:
		return bytes.Clone(a.Base64), nil
	}
	return nil, errors.New("nothing but links, or empty")
}

func bodyOf(m *Message) json.RawMessage {
	if m.Body == nil {
		return json.RawMessage("{}")
	}
	return m.Body
}

// Message returns the forward message to a mediator, with a fresh id. The payloads must be JSON, as packed messages are, which
// Message.JSON checks. An error is ErrInvalid.
func (f *Forward) Message(mediator did.DID) (*Message, error) {
	const what = "forward"
	if !isHop(f.Next) {
		return nil, invalid(what, "next is neither a DID nor a key")
	}
	if n := len(f.Payloads); n == 0 || n > maxPayloads {
		return nil, invalid(what, "%d payloads instead of 1 to %d", n, maxPayloads)
	}
	w := writer{}
	w.open()
	w.text("next", f.Next.String())
	m := &Message{ID: NewID(), Type: TypeForward, To: []did.DID{mediator}, Expires: f.Expires, Body: append(w.b, '}')}
	for _, p := range f.Payloads {
		m.Attachments = append(m.Attachments, Attachment{JSON: p})
	}
	return m, nil
}

// WrapOptions are the choices of Agent.Wrap; nil means the defaults.
type WrapOptions struct {
	ContentEncryption ContentEncryption
	Expires           time.Time // expires_time of the forward messages: that of the message inside, if it has one
	NoCache           bool      // asks the source for the documents, past caches: for when a mediator did not know the key
}

// Wrap puts a packed message into one forward message for each hop, the last hop's the innermost, each of them encrypted to
// its hop without a sender (section "Sender Process to Enable Forwarding"). Hops and the last next are of a Route: for
// Routes of a recipient, next is route.To.URL(). A hop that is a key is encrypted to that key; one that is a DID to all
// keyAgreement keys of the DID on one curve. The document of a hop whose key it lacks is asked for again at the source. Without
// hops the message is returned as it is. There can be up to MaxHops. Errors are those of Anoncrypt.
func (a *Agent) Wrap(ctx context.Context, packed []byte, next did.URL, hops []did.URL, opt *WrapOptions) ([]byte, error) {
	if opt == nil {
		opt = &WrapOptions{}
	}
	if len(hops) > MaxHops {
		return nil, invalid("forward", "%d hops, at most %d", len(hops), MaxHops)
	}
	for i := len(hops) - 1; i >= 0; i-- {
		if !isHop(hops[i]) {
			return nil, invalid("forward", "a hop is neither a DID nor a key")
		}
		m, err := (&Forward{Next: next, Payloads: [][]byte{packed}, Expires: opt.Expires}).Message(hops[i].DID())
		if err != nil {
			return nil, err
		}
		e := &EncryptOptions{ContentEncryption: opt.ContentEncryption, NoCache: opt.NoCache}
		if hops[i].IsKeyReference() {
			e.RecipientKeys = []did.URL{hops[i]}
		}
		if packed, err = a.Anoncrypt(ctx, m, e); err != nil {
			return nil, fmt.Errorf("didcomm: forward: hop %d: %w", i, err)
		}
		next = hops[i]
	}
	return packed, nil
}

// UnwrapForward is a mediator's side: it opens a message that is encrypted to a key held here and must be a forward
// message. What it asks for is not trusted: whom to pass messages on to is between the mediator and its customers, and nothing
// about the sender is proven; from_prior is not looked at. A receiver whose mediator wraps messages again unwraps its own forward messages so. Errors are
// those of Unpack; a message that is no forward message is ErrInvalid.
func (a *Agent) UnwrapForward(ctx context.Context, b []byte) (*Forward, error) {
	r, err := a.Unpack(ctx, b, &Expect{Accept: Anoncrypt | SignedAnoncrypt | Authcrypt, IgnorePrior: true})
	if err != nil {
		return nil, err
	}
	return ParseForward(r.Message)
}
