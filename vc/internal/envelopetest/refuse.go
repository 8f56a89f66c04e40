package envelopetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/vcdm"
)

// TestIssueRefuses changes one thing each that makes a credential impossible.
func (f *Format) TestIssueRefuses(t *testing.T) {
	p := NewParties(t, keys.P256)
	url := p.Issuer.Method.DID().URL()
	for name, change := range map[string]func(c map[string]any, o *IssueOptions, i *envelope.Issuer){
		"another issuer":       func(c map[string]any, _ *IssueOptions, _ *envelope.Issuer) { c["issuer"] = "did:example:other" },
		"no context":           func(c map[string]any, _ *IssueOptions, _ *envelope.Issuer) { delete(c, "@context") },
		"no subject":           func(c map[string]any, _ *IssueOptions, _ *envelope.Issuer) { delete(c, "credentialSubject") },
		"a channel":            func(c map[string]any, _ *IssueOptions, _ *envelope.Issuer) { c["x"] = make(chan int) },
		"a method without key": func(_ map[string]any, _ *IssueOptions, i *envelope.Issuer) { i.Method = url },
		"a method and a name":  func(_ map[string]any, _ *IssueOptions, i *envelope.Issuer) { i.KeyID = "x" },
		"nobody":               func(_ map[string]any, _ *IssueOptions, i *envelope.Issuer) { i.Method = did.URL{} },
		"no signer":            func(_ map[string]any, _ *IssueOptions, i *envelope.Issuer) { i.Signer = nil },
		"a holder and a key": func(_ map[string]any, o *IssueOptions, _ *envelope.Issuer) {
			o.Holder, o.HolderKey = p.Method, p.Holder.Public()
		},
		"iat before 1970": func(_ map[string]any, o *IssueOptions, _ *envelope.Issuer) { o.IssuedAt = time.Unix(-1, 0) },
		"more than a megabyte": func(c map[string]any, _ *IssueOptions, _ *envelope.Issuer) {
			c["x"] = strings.Repeat("x", f.MaxSize-300)
		},
		"a key without a number": func(_ map[string]any, _ *IssueOptions, i *envelope.Issuer) {
			i.Signer = vectortest.Fixed(t, keys.SM2, "sm2")
		},
		"the data model 1.1": func(c map[string]any, _ *IssueOptions, _ *envelope.Issuer) {
			c["@context"], c["issuanceDate"] = []any{vcdm.ContextV1}, c["validFrom"]
			delete(c, "validFrom")
			delete(c, "validUntil")
		},
	} {
		c, o, i := Claims(), &IssueOptions{}, p.Issuer
		change(c, o, &i)
		if _, err := f.Issue(t.Context(), i, c, o); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
}

// TestPresentRefuses asks for presentations that nobody would accept.
func (f *Format) TestPresentRefuses(t *testing.T) {
	p := NewParties(t, keys.P256)
	c := f.issue(t, p, IssueOptions{})
	for name, opt := range map[string]*PresentOptions{
		"no audience": {Nonce: "n", Method: p.Method}, "no nonce": {Audience: "a", Method: p.Method}, "nothing": nil,
	} {
		if _, err := f.Present(t.Context(), c, p.Holder, opt); err == nil {
			t.Errorf("%s: presented", name)
		}
	}
	if _, err := f.Present(t.Context(), c, nil, p.Options()); err == nil {
		t.Error("an audience was accepted without a key to sign it")
	}
	if _, err := f.PresentAll(t.Context(), p.Holder, nil, p.Options()); err == nil {
		t.Error("a presentation of nothing was made")
	}
	const document = `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"did:example:other"}`
	if _, err := f.SignPresentation(t.Context(), p.Holder, []byte(document), &SignOptions{Method: p.Method}); vc.Code(err) != f.Name+".vp.holder" {
		t.Errorf("got %v for the presentation of another holder", err)
	}
	mine := []byte(strings.Replace(document, "did:example:other", vectortest.Holder, 1))
	if _, err := f.SignPresentation(t.Context(), p.Holder, mine, &SignOptions{Method: p.Method}); err != nil {
		t.Errorf("got %v for the holder's own presentation", err)
	}
	for name, opt := range map[string]*SignOptions{
		"two names":       {Method: p.Method, KeyID: "x"},
		"no key":          {Method: p.Method.DID().URL()},
		"a date too late": {Method: p.Method, Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := f.SignPresentation(t.Context(), p.Holder, mine, opt); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// brokenSigner fails.
type brokenSigner struct{ *keys.PrivateKey }

var errBroken = errors.New("the token is unplugged")

func (brokenSigner) Sign(context.Context, []byte) ([]byte, error) { return nil, errBroken }

// TestSignerError finds the signer's error in that of the format.
func (f *Format) TestSignerError(t *testing.T) {
	p := NewParties(t, keys.P256)
	i := p.Issuer
	i.Signer = brokenSigner{vectortest.Fixed(t, keys.P256, "x")}
	if _, err := f.Issue(t.Context(), i, Claims(), nil); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the signer's error", err)
	}
}
