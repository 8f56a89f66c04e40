package didcomm_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didcomm"
)

func TestProblem(t *testing.T) {
	alice, bob := did.MustParse("did:example:alice"), did.MustParse("did:example:bob")
	about := &didcomm.Message{ID: "m-1", Thread: "t-1", Type: didcomm.TypePing, From: alice, To: []did.DID{bob}}
	p := didcomm.Problem{
		Code: "e.p.xfer.cant-use-endpoint", Comment: "Unable to use the {1} endpoint for {2}.",
		Args: []string{"https://agents.r.us/inbox", "did:sov:C805sNYhMrjHiqZDTUASHg"}, EscalateTo: "mailto:admin@foo.org",
	}
	m := must[*didcomm.Message](t)(didcomm.NewProblem(about, bob, p))
	b := must[[]byte](t)(m.JSON())
	m = must[*didcomm.Message](t)(didcomm.ParseMessage(b))
	if m.ParentThread != "t-1" || len(m.Ack) != 1 || m.Ack[0] != "m-1" || m.From != bob || len(m.To) != 1 || m.To[0] != alice || m.Thread != "" {
		t.Errorf("got %+v", m)
	}
	got := must[*didcomm.Problem](t)(didcomm.ParseProblem(m))
	if got.Code != p.Code || got.EscalateTo != p.EscalateTo {
		t.Errorf("got %+v, want %+v", got, p)
	}
	if want := "Unable to use the https://agents.r.us/inbox endpoint for did:sov:C805sNYhMrjHiqZDTUASHg."; got.Text() != want {
		t.Errorf("got %q, want %q", got.Text(), want)
	}
	for kind, want := range map[string]bool{"xfer": true, "xfer.cant-use-endpoint": true, "xfer.cant": false, "": false, "p": false, "trust": false} {
		if got.Is(kind) != want {
			t.Errorf("Is(%q): got %v", kind, !want)
		}
	}
	for _, v := range []struct {
		comment string
		args    []string
		want    string
	}{
		{"{1} {2} {1}", []string{"a"}, "a ? a"},
		{"x", []string{"a", "b"}, "x, a, b"},
		{"{2}", []string{"a", "b"}, "b, a"},
		{"{0} {x} {-1} {+1} { {1", []string{"a"}, "{0} {x} {-1} {+1} { {1, a"},
		{"{1}", []string{"{2}", "b"}, "{2}, b"},
		{"", nil, ""},
	} {
		p := didcomm.Problem{Code: "e.p.x", Comment: v.comment, Args: v.args}
		if got := p.Text(); got != v.want {
			t.Errorf("%q %v: got %q, want %q", v.comment, v.args, got, v.want)
		}
	}
}

func TestBadProblem(t *testing.T) {
	const pthid = `"pthid":"t-1",`
	for _, v := range []struct{ name, parent, body, want string }{
		{"no pthid", ``, `{"code":"e.p.x"}`, "pthid"},
		{"no code", pthid, `{}`, "code"},
		{"code a number", pthid, `{"code":1}`, "code"},
		{"code without scope", pthid, `{"code":"e"}`, "code"},
		{"code of another sorter", pthid, `{"code":"x.p.y"}`, "code"},
		{"code in capitals", pthid, `{"code":"e.p.Xfer"}`, "code"},
		{"code with an empty token", pthid, `{"code":"e.p..x"}`, "code"},
		{"code with a blank", pthid, `{"code":"e.p.a b"}`, "code"},
		{"code too long", pthid, `{"code":"e.p.` + strings.Repeat("a", 300) + `"}`, "limits"},
		{"comment too long", pthid, `{"code":"e.p.x","comment":"` + strings.Repeat("a", 5000) + `"}`, "limits"},
		{"argument too long", pthid, `{"code":"e.p.x","args":["` + strings.Repeat("a", 2000) + `"]}`, "limits"},
		{"33 arguments", pthid, `{"code":"e.p.x","args":[1` + strings.Repeat(",1", 32) + `]}`, "args"},
		{"argument an object", pthid, `{"code":"e.p.x","args":[{}]}`, "args"},
		{"comment a number", pthid, `{"code":"e.p.x","comment":1}`, "comment"},
	} {
		t.Run(v.name, func(t *testing.T) {
			m := must[*didcomm.Message](t)(didcomm.ParseMessage([]byte(`{"id":"1",` + v.parent + `"type":"` + didcomm.TypeProblemReport + `","body":` + v.body + `}`)))
			_, err := didcomm.ParseProblem(m)
			wantInvalid(t, err, v.want)
		})
	}
	m := must[*didcomm.Message](t)(didcomm.ParseMessage([]byte(`{"id":"1",` + pthid + `"type":"` + didcomm.TypeProblemReport + `","body":{"code":"w.m.x","args":["a",null,2,true]}}`)))
	p := must[*didcomm.Problem](t)(didcomm.ParseProblem(m))
	if got := p.Text(); got != "a, ?, 2, true" || !p.IsWarning() {
		t.Errorf("got %q, warning %v", got, p.IsWarning())
	}
	m.Type = didcomm.TypePing
	_, err := didcomm.ParseProblem(m)
	wantInvalid(t, err, "type")
	for name, p := range map[string]didcomm.Problem{
		"code that is none": {Code: "oops"}, "33 arguments": {Code: "e.p.x", Args: make([]string, 33)},
		"comment not UTF-8": {Code: "e.p.x", Comment: "\xff"}, "argument not UTF-8": {Code: "e.p.x", Args: []string{"\xff"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := didcomm.NewProblem(m, did.DID{}, p)
			refused(t, err, true, nil)
		})
	}
}

func TestPing(t *testing.T) {
	alice, bob := did.MustParse("did:example:alice"), did.MustParse("did:example:bob")
	ping := didcomm.NewPing(alice, bob)
	r := ping.Reply(bob, didcomm.TypePingResponse, nil)
	if !didcomm.PingWantsResponse(ping) || r.ThreadID() != ping.ID || r.To[0] != alice || didcomm.PingWantsResponse(r) {
		t.Errorf("got %+v", r)
	}
	for body, want := range map[string]bool{`{}`: true, `{"response_requested":false}`: false, `{"response_requested":"true"}`: false} {
		if ping.Body = json.RawMessage(body); didcomm.PingWantsResponse(ping) != want {
			t.Errorf("%s: got %v", body, !want)
		}
	}
	if ping.Body = nil; !didcomm.PingWantsResponse(ping) {
		t.Error("no body: got false")
	}
}
