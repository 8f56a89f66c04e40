package didcomm_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

func TestWrap(t *testing.T) {
	town := newTown()
	alice := town.person(t, "alice", "x-1")
	bob := town.person(t, "bob", "x-1")
	first := town.person(t, "first", "p-1", "p-2")
	second := town.person(t, "second", "x-1", "x-2")
	m := letter(alice, bob)
	packed := must[[]byte](t)(alice.Authcrypt(t.Context(), m, nil))
	expires := town.now.Add(time.Hour)
	hops := []did.URL{first.url("p-2"), second.id.URL()}
	b := must[[]byte](t)(alice.Wrap(t.Context(), packed, bob.id.URL(), hops, &didcomm.WrapOptions{Expires: expires, ContentEncryption: didcomm.XC20P}))

	if _, err := bob.UnwrapForward(t.Context(), b); err == nil {
		t.Error("bob opens what is for the first mediator")
	}
	f := must[*didcomm.Forward](t)(first.UnwrapForward(t.Context(), b))
	if f.Next != hops[1] || !f.Expires.Equal(expires) || len(f.Payloads) != 1 {
		t.Fatalf("got %+v", f)
	}
	f = must[*didcomm.Forward](t)(second.UnwrapForward(t.Context(), f.Payloads[0]))
	if f.Next != bob.id.URL() || string(f.Payloads[0]) != string(packed) {
		t.Fatalf("got %+v", f)
	}
	r := must[*didcomm.Received](t)(bob.Unpack(t.Context(), f.Payloads[0], &didcomm.Expect{Accept: didcomm.Authcrypt}))
	sameMessage(t, r.Message, m)

	// The same envelope for one key opens with that key alone, and one for a DID names all its keys.
	r = must[*didcomm.Received](t)(first.Unpack(t.Context(), b, &didcomm.Expect{Accept: didcomm.Anoncrypt}))
	if len(r.RecipientKeys) != 1 || r.RecipientKey != first.url("p-2") || !r.Message.From.IsZero() || r.ContentEncryption != didcomm.XC20P {
		t.Errorf("got %+v", r)
	}

	if same := must[[]byte](t)(alice.Wrap(t.Context(), packed, bob.id.URL(), nil, nil)); string(same) != string(packed) {
		t.Error("without hops the message is changed")
	}
	town.now = expires
	_, err := first.UnwrapForward(t.Context(), b)
	refused(t, err, true, didcomm.ErrExpired)
}

// A mediator that has rotated its key since the cached answer is found by the new key's name, and by its DID with NoCache.
func TestWrapAsksAgain(t *testing.T) {
	town := newTown()
	alice, bob, mediator := town.person(t, "alice", "x-1"), town.person(t, "bob", "x-1"), town.person(t, "mediator", "x-1", "x-2")
	packed := must[[]byte](t)(alice.Authcrypt(t.Context(), letter(alice, bob), nil))
	mediator.publish(t, "x-1")
	stale := *mediator.resolution()
	mediator.publish(t, "x-2")
	stale.Evidence.AsOf = town.now.Add(-time.Hour)
	town.cached[mediator.id] = &stale
	at := didcomm.New(past{town}, mediator.secrets, town.clock)
	for _, v := range []struct {
		name string
		hop  did.URL
		opt  *didcomm.WrapOptions
	}{
		{"the new key", mediator.url("x-2"), nil},
		{"the new key, past caches", mediator.url("x-2"), &didcomm.WrapOptions{NoCache: true}},
		{"the DID, past caches", mediator.id.URL(), &didcomm.WrapOptions{NoCache: true}},
	} {
		b := must[[]byte](t)(alice.Wrap(t.Context(), packed, bob.id.URL(), []did.URL{v.hop}, v.opt))
		if _, err := at.UnwrapForward(t.Context(), b); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
	}
	town.asked = nil
	if _, err := alice.Wrap(t.Context(), packed, bob.id.URL(), []did.URL{mediator.url("x-3")}, nil); err == nil {
		t.Error("a key that nobody has: no error")
	}
	if n := len(town.asked); n > 2 {
		t.Errorf("a key that nobody has: its document was asked for %d times", n)
	}
}

// past asks past caches.
type past struct{ *town }

func (p past) Resolve(ctx context.Context, id did.DID, _ *did.ResolveOptions) (*did.Resolution, error) {
	return p.town.Resolve(ctx, id, &did.ResolveOptions{NoCache: true})
}

func TestWrapRefuses(t *testing.T) {
	town := newTown()
	alice := town.person(t, "alice", "x-1", "ed-1")
	packed := must[[]byte](t)(alice.Anoncrypt(t.Context(), letter(nil, alice), nil))
	next := alice.id.URL()
	for name, hops := range map[string][]did.URL{
		"zero hop":         {{}},
		"key for signing":  {alice.url("ed-1")},
		"unknown key":      {alice.url("x-")},
		"unknown DID":      {did.MustParse("did:example:nobody").URL()},
		"DID with a query": {must[did.URL](t)(did.ParseURL("did:example:alice?x=1"))},
		"18 hops":          slices.Repeat([]did.URL{next}, 18),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := alice.Wrap(t.Context(), packed, next, hops, nil)
			refused(t, err, true, nil)
		})
	}
	_, err := alice.Wrap(t.Context(), packed, did.URL{}, []did.URL{next}, nil)
	refused(t, err, true, nil)
	_, err = alice.Wrap(t.Context(), []byte("x"), next, []did.URL{next}, nil)
	refused(t, err, true, nil)
	town.down[alice.id] = true
	_, err = alice.Wrap(t.Context(), packed, next, []did.URL{next}, nil)
	refused(t, err, false, nil)
	town.down[alice.id] = false
	for name, f := range map[string]*didcomm.Forward{
		"no next": {Payloads: [][]byte{packed}}, "no payload": {Next: next}, "17 payloads": {Next: next, Payloads: make([][]byte, 17)},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.Message(alice.id)
			refused(t, err, true, nil)
		})
	}
	_, err = alice.UnwrapForward(t.Context(), packed)
	wantInvalid(t, err, "not of type")
	_, err = alice.UnwrapForward(t.Context(), must[[]byte](t)(letter(nil, alice).JSON()))
	refused(t, err, true, didcomm.ErrRefused)
}

// A mediator's work does not depend on a rotation, which is nothing to it: the document of nobody else is asked for.
func TestUnwrapForwardIgnoresPrior(t *testing.T) {
	town := newTown()
	alice, mediator := town.person(t, "alice", "x-1"), town.person(t, "mediator", "x-1")
	m := must[*didcomm.Message](t)((&didcomm.Forward{Next: alice.id.URL(), Payloads: [][]byte{[]byte("{}")}}).Message(mediator.id))
	m.FromPrior = "x.y.z"
	b := must[[]byte](t)(alice.Anoncrypt(t.Context(), m, nil))
	if _, err := mediator.UnwrapForward(t.Context(), b); err != nil {
		t.Error(err)
	}
}

// What is done to payloads does not change the message that they came in.
func TestForwardPayloadsAreOwn(t *testing.T) {
	next := did.MustParse("did:example:bob").URL()
	m := must[*didcomm.Message](t)((&didcomm.Forward{Next: next, Payloads: [][]byte{[]byte(`{"a":1}`)}}).Message(did.MustParse("did:example:m")))
	m.Attachments = append(m.Attachments, didcomm.Attachment{Base64: []byte(`{"b":2}`)})
	for _, p := range must[*didcomm.Forward](t)(didcomm.ParseForward(m)).Payloads {
		clear(p)
	}
	if a, b := string(m.Attachments[0].JSON), string(m.Attachments[1].Base64); a != `{"a":1}` || b != `{"b":2}` {
		t.Errorf("got %q and %q", a, b)
	}
}

func TestParseForward(t *testing.T) {
	next := did.MustParse("did:example:bob").URL()
	m := must[*didcomm.Message](t)((&didcomm.Forward{Next: next, Payloads: [][]byte{[]byte(`{"a": 1}`)}}).Message(did.MustParse("did:example:m")))
	m.Attachments = append(m.Attachments, didcomm.Attachment{Base64: []byte(`{"b":2}`)})
	f := must[*didcomm.Forward](t)(didcomm.ParseForward(m))
	if f.Next != next || len(f.Payloads) != 2 || string(f.Payloads[0]) != `{"a": 1}` || string(f.Payloads[1]) != `{"b":2}` {
		t.Errorf("got %+v", f)
	}
	for _, v := range []struct {
		name   string
		change func(m *didcomm.Message)
		want   string
	}{
		{"another type", func(m *didcomm.Message) { m.Type = "https://didcomm.org/routing/1.0/forward" }, "type"},
		{"no body", func(m *didcomm.Message) { m.Body = nil }, "next"},
		{"no next", func(m *didcomm.Message) { m.Body = json.RawMessage(`{}`) }, "next"},
		{"next a number", func(m *didcomm.Message) { m.Body = json.RawMessage(`{"next":1}`) }, "next"},
		{"next no DID", func(m *didcomm.Message) { m.Body = json.RawMessage(`{"next":"https://example.com"}`) }, "next"},
		{"next relative", func(m *didcomm.Message) { m.Body = json.RawMessage(`{"next":"#k"}`) }, "next"},
		{"next with a path", func(m *didcomm.Message) { m.Body = json.RawMessage(`{"next":"did:example:bob/x"}`) }, "next"},
		{"body no JSON", func(m *didcomm.Message) { m.Body = json.RawMessage(`{`) }, "body"},
		{"no attachment", func(m *didcomm.Message) { m.Attachments = nil }, "attachments"},
		{"17 attachments", func(m *didcomm.Message) { m.Attachments = make([]didcomm.Attachment, 17) }, "attachments"},
		{"attachment linked", func(m *didcomm.Message) {
			m.Attachments = []didcomm.Attachment{{Links: []string{"https://example.com"}, Hash: "z"}}
		}, "links"},
		{"attachment empty", func(m *didcomm.Message) { m.Attachments = []didcomm.Attachment{{Base64: []byte{}}} }, "empty"},
		{"attachment of both forms", func(m *didcomm.Message) { m.Attachments[0].Base64 = []byte("{}") }, "both"},
	} {
		t.Run(v.name, func(t *testing.T) {
			changed := *m
			changed.Attachments = append([]didcomm.Attachment{}, m.Attachments...)
			v.change(&changed)
			_, err := didcomm.ParseForward(&changed)
			wantInvalid(t, err, v.want)
		})
	}
}
