package sdjwt_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/sdjwt"
)

func TestReveal(t *testing.T) {
	p := newParties(t, keys.Ed25519, keys.Ed25519)
	claims := map[string]any{
		"vct":     vct,
		"address": map[string]any{"locality": "Zug", "country": "CH", "geo": map[string]any{"lat": 47}},
		"degrees": []any{map[string]any{"type": "BSc", "year": 1999}, map[string]any{"type": "MSc"}, "none"},
		"plain":   "p",
	}
	cred := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod, Disclosable: []string{
		"/address", "/address/locality", "/address/geo/lat", `["degrees",null]`, "/degrees/0/type", "/degrees/1/type", "/degrees/0/year",
	}})
	for _, c := range []struct{ reveal, want string }{
		{"", "map[degrees:[] plain:p]"},
		{"/plain", "map[degrees:[] plain:p]"},
		{"/address", "map[address:map[country:CH geo:map[lat:47] locality:Zug] degrees:[] plain:p]"},
		{"/address/country", "map[address:map[country:CH geo:map[]] degrees:[] plain:p]"},
		{`["address","locality"]`, "map[address:map[country:CH geo:map[] locality:Zug] degrees:[] plain:p]"},
		{"/address/geo", "map[address:map[country:CH geo:map[lat:47]] degrees:[] plain:p]"},
		{"/degrees/2", "map[degrees:[none] plain:p]"},
		{"/degrees/0/type", "map[degrees:[map[type:BSc]] plain:p]"},
		{`["degrees",1]`, "map[degrees:[map[type:MSc]] plain:p]"},
		{`["degrees",null]`, "map[degrees:[map[type:BSc year:1999] map[type:MSc] none] plain:p]"},
	} {
		var reveal []string
		if c.reveal != "" {
			reveal = []string{c.reveal}
		}
		got, err := p.verify(t, mustPresent(t, p, cred, &sdjwt.PresentOptions{Reveal: reveal}), p.expect())
		if err != nil {
			t.Errorf("%s: %v", c.reveal, err)
			continue
		}
		seen := withoutRegistered(got.Claims())
		delete(seen, "vct")
		if fmt.Sprint(seen) != c.want {
			t.Errorf("%s: got %v, want %v", c.reveal, seen, c.want)
		}
	}
	// An undisclosed element is an object to no path: what the holder cannot see it cannot reveal.
	partial, err := sdjwt.ParseCredential(mustUnbound(t, cred, "/degrees/1"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := partial.Disclosable(); err != nil || fmt.Sprint(got) != "[/degrees/0 /degrees/0/type]" {
		t.Errorf("got %v, %v, want the one element that is left", got, err)
	}
}

// mustUnbound presents without the holder.
func mustUnbound(t *testing.T, c *sdjwt.Credential, reveal ...string) []byte {
	t.Helper()
	pres, err := c.Present(t.Context(), nil, &sdjwt.PresentOptions{Reveal: reveal})
	if err != nil {
		t.Fatal(err)
	}
	return pres.Bytes()
}

func TestPresentRefuses(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	other, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	claims := map[string]any{"vct": vct, "a": "x", "list": []any{"y"}}
	toMethod := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod, Disclosable: []string{"/a"}})
	toDID := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod.DID().URL()})
	toKey := mustIssue(t, p, claims, &sdjwt.IssueOptions{HolderKey: p.holder.Public()})
	toNobody := mustIssue(t, p, claims, &sdjwt.IssueOptions{})
	ok := sdjwt.PresentOptions{Audience: "a", Nonce: "n"}
	with := func(change func(*sdjwt.PresentOptions)) *sdjwt.PresentOptions {
		o := ok
		change(&o)
		return &o
	}
	for _, c := range []struct {
		name   string
		cred   *sdjwt.Credential
		holder keys.Signer
		opt    *sdjwt.PresentOptions
		want   error // nil: any
	}{
		{"no audience", toMethod, p.holder, &sdjwt.PresentOptions{Nonce: "n"}, nil},
		{"no nonce", toMethod, p.holder, &sdjwt.PresentOptions{Audience: "a"}, nil},
		{"no options", toMethod, p.holder, nil, nil},
		{"audience without holder", toMethod, nil, &sdjwt.PresentOptions{Audience: "a"}, nil},
		{"nonce without holder", toMethod, nil, &sdjwt.PresentOptions{Nonce: "n"}, nil},
		{"unknown claim", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/b"} }), sdjwt.ErrNoSuchClaim},
		{"unknown element", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/list/1"} }), sdjwt.ErrNoSuchClaim},
		{"digests", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/_sd"} }), sdjwt.ErrNoSuchClaim},
		{"hash", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/_sd_alg"} }), sdjwt.ErrNoSuchClaim},
		{"through a string", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/a/b"} }), vc.ErrPathMismatch},
		{"name in an array", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"/list/x"} }), vc.ErrPathMismatch},
		{"index in an object", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"[0]"} }), vc.ErrPathMismatch},
		{"path that is none", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"a"} }), nil},
		{"bound to nobody", toNobody, p.holder, &ok, sdjwt.ErrHolder},
		{"bound to another key", toKey, other, &ok, sdjwt.ErrHolder},
		{"bound to another method", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Method = p.issuerMethod }), sdjwt.ErrHolder},
		{"bound to another method of the DID", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) {
			o.Method = p.holderMethod.DID().WithFragment("laptop")
		}), sdjwt.ErrHolder},
		{"the whole by an empty DCQL path", toMethod, p.holder, with(func(o *sdjwt.PresentOptions) { o.Reveal = []string{"[]"} }), nil},
		{"bound to a DID, no method", toDID, p.holder, &ok, sdjwt.ErrHolder},
		{"bound to a DID, method of another", toDID, p.holder, with(func(o *sdjwt.PresentOptions) { o.Method = p.issuerMethod }), sdjwt.ErrHolder},
		{"bound to a DID, no key", toDID, p.holder, with(func(o *sdjwt.PresentOptions) { o.Method = p.holderMethod.DID().URL() }), sdjwt.ErrHolder},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.cred.Present(t.Context(), c.holder, c.opt)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

// TestRotation: a credential that is bound to a DID outlives the device, one that is bound to a method does not, and in neither
// case does the old key present.
func TestRotation(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	claims := map[string]any{"vct": vct}
	toMethod := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod})
	toDID := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod.DID().URL()})
	oldPhone, old := p.holder, p.holderMethod
	show := func(c *sdjwt.Credential, method did.URL) string {
		_, err := p.verify(t, mustPresent(t, p, c, &sdjwt.PresentOptions{Method: method}), p.expect())
		return code(err)
	}
	if got := show(toMethod, did.URL{}) + " " + show(toMethod, old) + " " + show(toDID, old); got != "valid valid valid" {
		t.Fatalf("before: got %s", got)
	}
	// The phone is replaced; the old method is retired and a new one stands in its place.
	var err error
	if p.holder, err = keys.Generate(keys.P256); err != nil {
		t.Fatal(err)
	}
	fresh := old.DID().WithFragment("phone-2")
	p.keys[old].Status = did.KeyRetired
	p.keys[fresh] = entry(fresh, p.holder.Public(), did.Authentication, p.now)
	if got := show(toDID, fresh); got != "valid" {
		t.Errorf("new phone: got %s", got)
	}
	if got := show(toMethod, did.URL{}); got != "vc.holder.key.time" {
		t.Errorf("bound to the old method: got %s", got)
	}
	p.holder = oldPhone
	if got := show(toDID, old); got != "vc.holder.key.time" {
		t.Errorf("thief with the old key: got %s", got)
	}
	if got := show(toDID, fresh); got != "sdjwt.kb.signature" {
		t.Errorf("thief who names the new key: got %s", got)
	}
}

// TestIssuerRotation: what a retired key signed before still counts, and nothing that a compromised one signed.
func TestIssuerRotation(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	old := p.keys[p.issuerMethod]
	cred := mustIssue(t, p, map[string]any{"vct": vct}, &sdjwt.IssueOptions{Holder: p.holderMethod, IssuedAt: p.now.Add(-48 * time.Hour)})
	late := mustIssue(t, p, map[string]any{"vct": vct}, &sdjwt.IssueOptions{Holder: p.holderMethod})
	show := func(c *sdjwt.Credential) string {
		_, err := p.verify(t, mustPresent(t, p, c, &sdjwt.PresentOptions{}), p.expect())
		return code(err)
	}
	old.Status, old.Removed = did.KeyRetired, p.now.Add(-24*time.Hour)
	if got := show(cred) + " " + show(late); got != "valid vc.issuer.key.time" {
		t.Errorf("retired: got %s", got)
	}
	old.Status = did.KeyCompromised
	if got := show(cred) + " " + show(late); got != "vc.issuer.key.compromised vc.issuer.key.compromised" {
		t.Errorf("compromised: got %s", got)
	}
}

// brokenSigner returns what it is told to.
type brokenSigner struct {
	*keys.PrivateKey
	sig []byte
	err error
}

func (s brokenSigner) Sign(context.Context, []byte) ([]byte, error) { return s.sig, s.err }

func TestSignerFails(t *testing.T) {
	p := newParties(t, keys.P256, keys.P256)
	claims := map[string]any{"vct": vct}
	cred := mustIssue(t, p, claims, &sdjwt.IssueOptions{Holder: p.holderMethod})
	boom := errors.New("boom")
	for _, s := range []brokenSigner{{p.holder, nil, boom}, {p.holder, make([]byte, 63), nil}} {
		if _, err := sdjwt.Issue(t.Context(), sdjwt.Issuer{Signer: s, Method: p.issuerMethod}, claims, nil); err == nil || s.err != nil && !errors.Is(err, boom) {
			t.Errorf("issue: got %v, want the signer's fault", err)
		}
		if _, err := cred.Present(t.Context(), s, &sdjwt.PresentOptions{Audience: "a", Nonce: "n"}); err == nil || s.err != nil && !errors.Is(err, boom) {
			t.Errorf("present: got %v, want the signer's fault", err)
		}
	}
}
