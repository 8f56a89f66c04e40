package sdjwt_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

// endless never ends.
type endless struct{ pattern string }

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = e.pattern[i%len(e.pattern)]
	}
	return len(b), nil
}

func TestReadAll(t *testing.T) {
	for _, pattern := range []string{"~", "A", "{", `{"payload":"`} {
		if _, err := sdjwt.ReadAll(endless{pattern}); vc.Code(err) != "sdjwt.size" || !errors.Is(err, vc.ErrInvalid) {
			t.Errorf("endless %q: got %v, want sdjwt.size", pattern, err)
		}
	}
	if b, err := sdjwt.ReadAll(strings.NewReader("abc")); err != nil || string(b) != "abc" {
		t.Errorf("got %s, %v, want abc", b, err)
	}
	if b, err := sdjwt.ReadAll(io.LimitReader(endless{"A"}, sdjwt.MaxSize)); err != nil || len(b) != sdjwt.MaxSize {
		t.Errorf("at the limit: got %d bytes, %v", len(b), err)
	}
	boom := errors.New("boom")
	if _, err := sdjwt.ReadAll(io.MultiReader(strings.NewReader("a"), failing{boom})); !errors.Is(err, boom) {
		t.Errorf("got %v, want the reader's error", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// TestHostileInput gives the parser what is made to cost: all is refused, fast and in bounded memory.
func TestHostileInput(t *testing.T) {
	f := newForgery(t)
	f.noBinding()
	valid := f.compact()
	jwt, _, _ := strings.Cut(valid, "~")
	payloadOf := func(payload string) string {
		f := newForgery(t)
		f.noBinding()
		f.payload = payload
		return f.compact()
	}
	bigHeader := newForgery(t)
	bigHeader.header = `{"alg":"EdDSA","x":"` + strings.Repeat("x", 50_000) + `"}`
	for _, c := range []struct{ name, input, want string }{
		{"size", jwt + "~" + strings.Repeat("A", sdjwt.MaxSize), "sdjwt.size"},
		{"tildes", jwt + strings.Repeat("~", 1_000_000), "sdjwt.disclosure.limit"},
		{"dots", strings.Repeat(".", 1_000_000) + "~", "sdjwt.syntax"},
		{"one-character disclosures", jwt + strings.Repeat("~A", 400_000) + "~", "sdjwt.disclosure.limit"},
		{"header", bigHeader.compact(), "sdjwt.header.size"},
		{"brackets", payloadOf(strings.Repeat("[", 700_000)), "sdjwt.json.limit"},
		{"braces", payloadOf(strings.Repeat(`{"a":`, 140_000)), "sdjwt.json.limit"},
		{"zeros", payloadOf("[" + strings.Repeat("0,", 350_000) + "0]"), "sdjwt.json.limit"},
		{"digits", payloadOf(`{"a":` + strings.Repeat("9", 700_000) + "}"), "sdjwt.json.syntax"},
		{"exponent", payloadOf(`{"a":1e` + strings.Repeat("9", 700_000) + "}"), "sdjwt.json.syntax"},
		{"json brackets", "{" + strings.Repeat("[", 1_000_000), "sdjwt.json.syntax"},
		{"json depth", `{"a":` + strings.Repeat("[", 1_000_000), "sdjwt.json.limit"},
		{"json values", `{"a":[` + strings.Repeat("1,", 500_000) + "1]}", "sdjwt.json.limit"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			start := time.Now()
			_, err := sdjwt.Parse([]byte(c.input))
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if vc.Code(err) != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if took > time.Second { // the slowest takes a few milliseconds
				t.Errorf("took %v", took)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
				t.Errorf("allocated %d bytes", grown)
			}
		})
	}
}

// TestWorkIsLinear: an issuer that puts as many digests, disclosures and names as fit in one object costs no square.
func TestWorkIsLinear(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	claims := map[string]any{"vct": vct}
	opt := &sdjwt.IssueOptions{Decoys: []sdjwt.Decoys{{Count: 1000}}}
	for i := range sdjwt.MaxDisclosures - 1000 {
		name := string(rune('a'+i)) + "claim"
		claims[name] = i
		opt.Disclosable = append(opt.Disclosable, "/"+name)
	}
	for i := range 20_000 {
		claims["plain"+time.Duration(i).String()] = i
	}
	raw := mustIssue(t, p, claims, opt).Bytes()
	start := time.Now()
	if _, err := sdjwt.ParseCredential(raw); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > time.Second { // about 10 ms
		t.Errorf("took %v", took)
	}
}

// TestNoNetwork verifies with every way out closed: nothing dials, nothing looks a name up, although credential and
// policy are full of URLs (P6).
func TestNoNetwork(t *testing.T) {
	fail := func(context.Context, string, string) (net.Conn, error) {
		t.Error("something used the network")
		return nil, errors.New("no network")
	}
	transport, resolver := http.DefaultTransport, net.DefaultResolver
	t.Cleanup(func() { http.DefaultTransport, net.DefaultResolver = transport, resolver })
	http.DefaultTransport = &http.Transport{DialContext: fail}
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: fail}

	p := newParties(t, keys.P256, keys.P256)
	cred := mustIssue(t, p, map[string]any{
		"vct": vct, "vct#integrity": "sha256-x", "picture": "https://issuer.example/me.png",
		"status": map[string]any{"status_list": map[string]any{"idx": 1, "uri": "https://issuer.example/status"}},
	}, &sdjwt.IssueOptions{Holder: p.holderMethod, Header: map[string]any{"vctm": []any{"https://issuer.example/type"}}})
	pres := mustPresent(t, p, cred, &sdjwt.PresentOptions{})
	if _, err := p.verify(t, pres, p.expect()); vc.Code(err) != "vc.status.unchecked" {
		t.Errorf("got %v, want vc.status.unchecked", err)
	}
	e := p.expect()
	e.InsecureIgnoreStatus = true
	if _, err := p.verify(t, pres, e); err != nil {
		t.Errorf("got %v, want valid", err)
	}
	f := newForgery(t)
	f.header = `{"alg":"EdDSA","typ":"dc+sd-jwt","jku":"https://issuer.example/jwks","x5u":"https://issuer.example/x5u"}`
	f.set("iss", `"https://issuer.example"`)
	if _, err := p.verify(t, []byte(f.compact()), e); vc.Code(err) != "vc.issuer.metadata" {
		t.Errorf("got %v, want vc.issuer.metadata", err)
	}
}
