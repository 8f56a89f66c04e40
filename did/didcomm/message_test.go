package didcomm_test

import (
	"encoding/json"
	"reflect"
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
