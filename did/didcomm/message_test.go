package didcomm_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

// fullMessage has every field set.
func fullMessage() *didcomm.Message {
	return &didcomm.Message{
		ID: "1234567890", Type: "https://example.com/protocols/lets_do_lunch/1.0/proposal",
		From: did.MustParse("did:example:alice"), To: []did.DID{did.MustParse("did:example:bob"), did.MustParse("did:example:carol")},
		Thread: "thread-1", ParentThread: "parent.1",
		Created: time.Unix(1516269022, 0).UTC(), Expires: time.Unix(1516385931, 0).UTC(),
		Body: json.RawMessage(`{"messagespecificattribute": "and its value"}`),
		Attachments: []didcomm.Attachment{
			{
				ID: "a1", Description: "a picture", Filename: "x.png", MediaType: "image/png", Format: "some/format@1.0",
				LastModified: time.Unix(1516269000, 0).UTC(), ByteCount: 4, Base64: []byte{0, 0xff, 0xfe, 'x'},
				JWS: json.RawMessage(`{"signatures":[]}`),
			},
			{JSON: json.RawMessage(`[1, 2]`)},
			{Links: []string{"https://example.com/x"}, Hash: "zQmSomething"},
			{ID: "a4", Base64: []byte{}},
		},
		FromPrior: "a.b.c", PleaseAck: []string{"", "m-2"}, Ack: []string{"m-1"}, Lang: "fr",
		Headers: map[string]json.RawMessage{"accept-lang": json.RawMessage(`["fr", "en"]`), "x": json.RawMessage(`1`)},
	}
}

func TestMessageRoundTrip(t *testing.T) {
	want := fullMessage()
	b, err := want.JSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := didcomm.ParseMessage(b)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestMessageJSONRefuses(t *testing.T) {
	for name, change := range map[string]func(m *didcomm.Message){
		"id missing":               func(m *didcomm.Message) { m.ID = "" },
		"type missing":             func(m *didcomm.Message) { m.Type = "" },
		"to the zero DID":          func(m *didcomm.Message) { m.To = append(m.To, did.DID{}) },
		"65 addressees":            func(m *didcomm.Message) { m.To = slices.Repeat(m.To[:1], 65) },
		"parts of seconds":         func(m *didcomm.Message) { m.Created = m.Created.Add(1) },
		"before 1970":              func(m *didcomm.Message) { m.Expires = time.Unix(-1, 0) },
		"body no object":           func(m *didcomm.Message) { m.Body = json.RawMessage(`[]`) },
		"body no JSON":             func(m *didcomm.Message) { m.Body = json.RawMessage(`{"a":}`) },
		"body empty":               func(m *didcomm.Message) { m.Body = json.RawMessage{} },
		"body of two values":       func(m *didcomm.Message) { m.Body = json.RawMessage(`{},"x":{}`) },
		"duplicate in the body":    func(m *didcomm.Message) { m.Body = json.RawMessage(`{"a":1,"a":2}`) },
		"header with a field":      func(m *didcomm.Message) { m.Headers["from"] = json.RawMessage(`"did:example:x"`) },
		"header no JSON":           func(m *didcomm.Message) { m.Headers["x"] = json.RawMessage(`1,"y":2`) },
		"attachment with nothing":  func(m *didcomm.Message) { m.Attachments[0].Base64 = nil },
		"attachment JSON no JSON":  func(m *didcomm.Message) { m.Attachments[1].JSON = json.RawMessage(`x`) },
		"attachment jws no object": func(m *didcomm.Message) { m.Attachments[0].JWS = json.RawMessage(`"a..b"`) },
		"links without hash":       func(m *didcomm.Message) { m.Attachments[2].Hash = "" },
		"byte count negative":      func(m *didcomm.Message) { m.Attachments[0].ByteCount = -1 },
		"please_ack of 257":        func(m *didcomm.Message) { m.PleaseAck = make([]string, 257) },
		"over the size":            func(m *didcomm.Message) { m.Attachments[0].Base64 = make([]byte, didcomm.MaxPlaintext) },
	} {
		m := fullMessage()
		change(m)
		if b, err := m.JSON(); err == nil {
			t.Errorf("%s: got %.200s", name, b)
		} else if !errors.Is(err, didcomm.ErrMessage) {
			t.Errorf("%s: got %v, want ErrMessage", name, err)
		}
	}
}

// What is written is read: nesting and the number of values count for the message as a whole, and texts are UTF-8.
func TestMessageJSONIsRead(t *testing.T) {
	nested := func(n int) json.RawMessage {
		return json.RawMessage(`{"a":` + strings.Repeat("[", n-1) + strings.Repeat("]", n-1) + `}`)
	}
	values := func(n int) json.RawMessage { // itself, a list, and what is in it
		return json.RawMessage(`{"a":[1` + strings.Repeat(",1", n-3) + `]}`)
	}
	attached := func(a didcomm.Attachment) func(m *didcomm.Message) {
		return func(m *didcomm.Message) { m.Attachments = []didcomm.Attachment{a} }
	}
	const most = didcomm.MaxValues
	for _, v := range []struct {
		name   string
		change func(m *didcomm.Message)
		ok     bool
	}{
		{"body at the limit of nesting", func(m *didcomm.Message) { m.Body = nested(didcomm.MaxDepth - 1) }, true},
		{"body over the limit of nesting", func(m *didcomm.Message) { m.Body = nested(didcomm.MaxDepth) }, false},
		{"header at the limit of nesting", func(m *didcomm.Message) { m.Headers["x"] = nested(didcomm.MaxDepth - 1) }, true},
		{"header over the limit of nesting", func(m *didcomm.Message) { m.Headers["x"] = nested(didcomm.MaxDepth) }, false},
		{"attachment at the limit of nesting", attached(didcomm.Attachment{JSON: nested(didcomm.MaxDepth - 4)}), true},
		{"attachment over the limit of nesting", attached(didcomm.Attachment{JSON: nested(didcomm.MaxDepth - 3)}), false},
		{"jws at the limit of nesting", attached(didcomm.Attachment{Base64: []byte{0}, JWS: nested(didcomm.MaxDepth - 4)}), true},
		{"jws over the limit of nesting", attached(didcomm.Attachment{Base64: []byte{0}, JWS: nested(didcomm.MaxDepth - 3)}), false},
		// The full message without its attachments has 23 values beside the body's, and one attachment of JSON four more.
		{"values at the limit", func(m *didcomm.Message) { m.Attachments, m.Body = nil, values(most-23) }, true},
		{"one value too many", func(m *didcomm.Message) { m.Attachments, m.Body = nil, values(most-22) }, false},
		{"values at the limit, in two parts", func(m *didcomm.Message) {
			m.Body, m.Attachments = values(most/2), []didcomm.Attachment{{JSON: values(most/2 - 26)}}
		}, true},
		{"one value too many, in two parts", func(m *didcomm.Message) {
			m.Body, m.Attachments = values(most/2), []didcomm.Attachment{{JSON: values(most/2 - 25)}}
		}, false},
		{"empty link", attached(didcomm.Attachment{Links: []string{""}, Hash: "z"}), false},
		{"description not UTF-8", attached(didcomm.Attachment{Description: "\xff", Base64: []byte{0}}), false},
		{"link not UTF-8", attached(didcomm.Attachment{Links: []string{"\xff"}, Hash: "z"}), false},
		{"lang not UTF-8", func(m *didcomm.Message) { m.Lang = "\xff" }, false},
		{"header name not UTF-8", func(m *didcomm.Message) { m.Headers["\xff"] = json.RawMessage("1") }, false},
	} {
		t.Run(v.name, func(t *testing.T) {
			m := fullMessage()
			v.change(m)
			b, err := m.JSON()
			if !v.ok {
				refused(t, err, true, didcomm.ErrMessage)
				return
			}
			if _, err := didcomm.ParseMessage(must[[]byte](t)(b, err)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestParsedMessageIsOwn(t *testing.T) {
	b := must[[]byte](t)(fullMessage().JSON())
	m := must[*didcomm.Message](t)(didcomm.ParseMessage(b))
	clear(b)
	if again := must[[]byte](t)(m.JSON()); !bytes.Contains(again, []byte("and its value")) {
		t.Errorf("the message changed with the text that it was read from: %s", again)
	}
}

func TestParseType(t *testing.T) {
	got := must[didcomm.MessageType](t)(didcomm.ParseType("https://didcomm.org/routing/2.0/forward"))
	if want := (didcomm.MessageType{Doc: "https://didcomm.org/", Protocol: "routing", Version: "2.0", Name: "forward"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	got = must[didcomm.MessageType](t)(didcomm.ParseType("did:example:1;spec/lets_do_lunch/1.0/proposal"))
	if want := (didcomm.MessageType{Doc: "did:example:1;spec/", Protocol: "lets_do_lunch", Version: "1.0", Name: "proposal"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestIDs(t *testing.T) {
	a, b := didcomm.NewID(), didcomm.NewID()
	if len(a) != 32 || a == b {
		t.Errorf("got %s and %s", a, b)
	}
	if !didcomm.SameID("Abc-1", "aBC-1") || didcomm.SameID("a", "b") || didcomm.SameID("k", "\u212a") {
		t.Error("SameID: letter case alone does not count")
	}
	m := &didcomm.Message{ID: "1", From: did.MustParse("did:example:a"), Type: didcomm.TypePing}
	if r := m.Reply(did.MustParse("did:example:b"), didcomm.TypePingResponse, nil); r.Thread != "1" || len(r.To) != 1 || r.To[0] != m.From || r.ID == "1" {
		t.Errorf("got %+v", r)
	}
	m.Thread, m.From = "t", did.DID{}
	if r := m.Reply(did.DID{}, didcomm.TypePingResponse, nil); r.Thread != "t" || r.To != nil {
		t.Errorf("got %+v", r)
	}
}

// TestThreadCase: ids of threads are compared without regard to letter case.
func TestThreadCase(t *testing.T) {
	bob := newTown().person(t, "bob")
	b := []byte(`{"id":"1","thid":"Abc-1","type":"` + didcomm.TypePing + `"}`)
	must[*didcomm.Received](t)(bob.Unpack(t.Context(), b, &didcomm.Expect{Accept: didcomm.InsecurePlaintext, Thread: "aBC-1"}))
	_, err := bob.Unpack(t.Context(), b, &didcomm.Expect{Accept: didcomm.InsecurePlaintext, Thread: "aBC-2"})
	refused(t, err, true, didcomm.ErrRefused)
}
