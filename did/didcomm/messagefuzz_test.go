package didcomm_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/internal/vectors"
)

// FuzzParseMessage: what is read is written and read again to the same; what is not is ErrMessage.
func FuzzParseMessage(f *testing.F) {
	for _, v := range vectors.Read[vectors.None, messageVector](f, "didcomm/messages").Vectors {
		f.Add([]byte(v.Text))
	}
	for _, v := range vectors.Read[vectors.None, badMessageVector](f, "didcomm/bad-messages").Vectors {
		f.Add([]byte(v.Text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := didcomm.ParseMessage(b)
		if err != nil {
			if !errors.Is(err, didcomm.ErrMessage) || !errors.Is(err, didcomm.ErrInvalid) {
				t.Errorf("got %v, want ErrMessage", err)
			}
			return
		}
		text, err := m.JSON()
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again, err := didcomm.ParseMessage(text)
		if err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if m.Body == nil {
			m.Body = again.Body // {} is written for no body
		}
		if len(m.Attachments) == 0 {
			m.Attachments = again.Attachments // an empty list is not written
		}
		if !reflect.DeepEqual(m, again) {
			t.Errorf("got  %+v\nwant %+v", again, m)
		}
	})
}

// FuzzParseForward reads messages as forward messages and as problem reports.
func FuzzParseForward(f *testing.F) {
	f.Add([]byte(`{"id":"1","type":"https://didcomm.org/routing/2.0/forward","body":{"next":"did:example:bob#k"},"attachments":[{"data":{"json":{}}},{"data":{"base64":"e30"}}]}`))
	f.Add([]byte(`{"id":"1","pthid":"t","type":"https://didcomm.org/report-problem/2.0/problem-report","body":{"code":"e.p.xfer","comment":"{1} {2}","args":["a",null,1]}}`))
	f.Add([]byte(`{"id":"1","type":"https://didcomm.org/trust-ping/2.0/ping","body":{"response_requested":false}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := didcomm.ParseMessage(b)
		if err != nil {
			return
		}
		if fw, err := didcomm.ParseForward(m); err == nil {
			if _, err := fw.Message(did.MustParse("did:example:m")); err != nil {
				t.Errorf("a forward message that was read cannot be written: %v", err)
			}
		} else if !errors.Is(err, didcomm.ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
		if p, err := didcomm.ParseProblem(m); err == nil {
			if _, err := didcomm.NewProblem(m, m.From, *p); err != nil {
				t.Errorf("a problem that was read cannot be written: %v", err)
			}
			if n := len(p.Text()); n > 4<<20 {
				t.Errorf("a text of %d bytes", n)
			}
		} else if !errors.Is(err, didcomm.ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
		didcomm.PingWantsResponse(m)
	})
}

// FuzzEndpoints reads documents' services; what is read can be announced again.
func FuzzEndpoints(f *testing.F) {
	for _, s := range []string{
		`{"uri":"https://example.com/a","accept":["didcomm/v2"],"routingKeys":["did:example:mediator#k","did:example:m"]}`,
		`[{"uri":"did:example:mediator"},{"uri":"x","routing_keys":[]}]`, `"https://example.com"`,
	} {
		f.Add(s)
	}
	id := did.MustParse("did:example:bob").WithFragment("a")
	f.Fuzz(func(t *testing.T, s string) {
		doc, err := did.ParseDocument([]byte(`{"id":"did:example:bob","service":[{"id":"#a","type":"DIDCommMessaging","serviceEndpoint":` + s + `}]}`))
		if err != nil {
			return
		}
		es, err := didcomm.Endpoints(doc)
		if err != nil {
			if !errors.Is(err, didcomm.ErrNoEndpoint) {
				t.Errorf("got %v, want ErrNoEndpoint", err)
			}
			return
		}
		if _, err := didcomm.NewService(id, es...); err != nil {
			t.Errorf("what was read cannot be announced: %v", err)
		}
	})
}

// FuzzFromPrior puts any token into a message: it is refused, and the message with it, unless it is the good one.
func FuzzFromPrior(f *testing.F) {
	town := newTown()
	alice := town.person(f, "alice", "ed-1")
	alice2 := town.person(f, "alice2", "x-1")
	bob := town.person(f, "bob", "x-1")
	good := must[string](f)(alice.FromPrior(f.Context(), alice.url("ed-1"), alice2.id, town.now))
	f.Add(good)
	f.Add("e30.e30.AA")
	f.Add(good[:40] + good)
	f.Fuzz(func(t *testing.T, token string) {
		m := letter(alice2, bob)
		m.FromPrior = token
		b, err := alice2.Authcrypt(t.Context(), m, nil)
		if err != nil || token == "" {
			return
		}
		r, err := bob.Unpack(t.Context(), b, all)
		if err == nil && token != good {
			t.Errorf("read: %+v", r.Prior)
		}
		if err != nil && !errors.Is(err, didcomm.ErrInvalid) {
			t.Errorf("got %v, want ErrInvalid", err)
		}
	})
}
