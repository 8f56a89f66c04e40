package jose_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/vectortest"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/vcdm"
)

// parties are an issuer and a holder, and the verifier who resolves both.
type parties struct {
	issuer   jose.Issuer
	holder   *keys.PrivateKey
	method   did.URL
	setting  vectortest.Setting
	verifier *vc.Verifier
}

func newParties(tb testing.TB, a keys.Algorithm) *parties {
	tb.Helper()
	url := func(s string) did.URL {
		u, err := did.ParseURL(s)
		if err != nil {
			tb.Fatal(err)
		}
		return u
	}
	p := &parties{setting: vectortest.NewSetting(tb), method: url(vectortest.HolderKey)}
	p.issuer = jose.Issuer{Signer: vectortest.Fixed(tb, a, "issuer"), Method: url(vectortest.IssuerKey)}
	p.holder = vectortest.Fixed(tb, a, "holder")
	for i := range p.setting.Keys {
		k := &p.setting.Keys[i]
		switch k.ID {
		case vectortest.IssuerKey:
			k.PublicKey = p.issuer.Signer.Public().Multikey()
		case vectortest.HolderKey:
			k.PublicKey = p.holder.Public().Multikey()
		}
	}
	p.verifier = p.setting.Verifier(tb)
	return p
}

func credential() map[string]any {
	return map[string]any{
		"@context": []any{vcdm.ContextV2}, "type": []any{"VerifiableCredential", vectortest.Type},
		"issuer": vectortest.Issuer, "validFrom": "2026-01-01T00:00:00Z", "validUntil": "2030-01-01T00:00:00Z",
		"credentialSubject": map[string]any{"id": vectortest.Holder, "name": "Ada", "age": 36},
	}
}

func (p *parties) issue(tb testing.TB, opt jose.IssueOptions) *jose.Credential {
	tb.Helper()
	if opt.IssuedAt.IsZero() {
		opt.IssuedAt = vectortest.Now.AddDate(0, 0, -1)
	}
	c, err := jose.Issue(tb.Context(), p.issuer, credential(), &opt)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func (p *parties) options() *jose.PresentOptions {
	return &jose.PresentOptions{Audience: vectortest.Audience, Nonce: vectortest.Nonce, Method: p.method, IssuedAt: vectortest.Now}
}

func (p *parties) verify(tb testing.TB, pres vc.Presentation) (*vc.Verified, error) {
	tb.Helper()
	got, _, err := p.verifier.Verify(tb.Context(), pres, p.setting.Expect.Policy(tb))
	return got, err
}

func TestRoundTrip(t *testing.T) {
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.P384, keys.Secp256k1} {
		p := newParties(t, a)
		c := p.issue(t, jose.IssueOptions{Expires: vectortest.Now.Add(time.Hour), Header: map[string]any{"example": 1}})
		pres, err := c.Present(t.Context(), p.holder, p.options())
		if err != nil {
			t.Fatal(a, err)
		}
		got, err := p.verify(t, jose.Received(pres.Bytes(), nil))
		if err != nil {
			t.Fatal(a, err)
		}
		if name, _ := got.Claim("/credentialSubject/name"); name != "Ada" {
			t.Errorf("%v: got name %v", a, name)
		}
		if !got.Expires.Equal(vectortest.Now.Add(time.Hour)) || got.MediaType != "vc+jwt" || got.Holder == nil || got.Holder.KeyID != vectortest.HolderKey {
			t.Errorf("%v: got %v until %v", a, got, got.Expires)
		}
		again, err := jose.ParseCredential(c.Bytes())
		if err != nil {
			t.Fatal(a, err)
		}
		bare, err := again.Present(t.Context(), nil, nil)
		if err != nil {
			t.Fatal(a, err)
		}
		if _, _, err := p.verifier.Verify(t.Context(), bare, vectortest.Bare().Policy(t)); err != nil {
			t.Errorf("%v: without a holder: %v", a, err)
		}
		claims, err := again.UnverifiedClaims()
		if err != nil || claims["issuer"] != vectortest.Issuer {
			t.Errorf("%v: got %v, %v", a, claims, err)
		}
	}
}

// TestBinding: a credential is bound to its subject, to a DID, to one key of it, or to a key in itself.
func TestBinding(t *testing.T) {
	p := newParties(t, keys.Ed25519)
	other := vectortest.Fixed(t, keys.Ed25519, "other")
	for name, c := range map[string]*jose.Credential{
		"subject": p.issue(t, jose.IssueOptions{}),
		"did":     p.issue(t, jose.IssueOptions{Holder: p.method.DID().URL()}),
		"method":  p.issue(t, jose.IssueOptions{Holder: p.method}),
		"key":     p.issue(t, jose.IssueOptions{HolderKey: p.holder.Public()}),
	} {
		e := p.setting.Expect.Policy(t)
		e.InsecureUnrotatableHolderKey = true
		pres, err := c.Present(t.Context(), p.holder, p.options())
		if err != nil {
			t.Fatal(name, err)
		}
		if _, _, err := p.verifier.Verify(t.Context(), pres, e); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// A thief has the credential and another key.
		pres, err = jose.PresentAll(t.Context(), other, []jose.Enveloped{c}, p.options())
		if err != nil {
			t.Fatal(name, err)
		}
		if _, _, err := p.verifier.Verify(t.Context(), pres, e); vc.Code(err) != "jose.vp.signature" {
			t.Errorf("%s: a thief got %v", name, err)
		}
	}
	opt := p.options()
	opt.Method = did.URL{}
	if _, err := p.issue(t, jose.IssueOptions{}).Present(t.Context(), p.holder, opt); !errors.Is(err, jose.ErrHolder) {
		t.Errorf("got %v without a method of the subject, want ErrHolder", err)
	}
	if _, err := p.issue(t, jose.IssueOptions{HolderKey: other.Public()}).Present(t.Context(), p.holder, p.options()); !errors.Is(err, jose.ErrHolder) {
		t.Errorf("got %v for another's key, want ErrHolder", err)
	}
	elsewhere := did.MustParse("did:example:other")
	if _, err := p.issue(t, jose.IssueOptions{Holder: elsewhere.URL()}).Present(t.Context(), p.holder, p.options()); !errors.Is(err, jose.ErrHolder) {
		t.Errorf("got %v for another's DID, want ErrHolder", err)
	}
}

func TestIssueRefuses(t *testing.T) {
	p := newParties(t, keys.P256)
	url := p.issuer.Method.DID().URL()
	for name, change := range map[string]func(c map[string]any, o *jose.IssueOptions, i *jose.Issuer){
		"another issuer":       func(c map[string]any, _ *jose.IssueOptions, _ *jose.Issuer) { c["issuer"] = "did:example:other" },
		"no context":           func(c map[string]any, _ *jose.IssueOptions, _ *jose.Issuer) { delete(c, "@context") },
		"no subject":           func(c map[string]any, _ *jose.IssueOptions, _ *jose.Issuer) { delete(c, "credentialSubject") },
		"a claim vc":           func(c map[string]any, _ *jose.IssueOptions, _ *jose.Issuer) { c["vc"] = map[string]any{} },
		"a claim iss":          func(c map[string]any, _ *jose.IssueOptions, _ *jose.Issuer) { c["iss"] = vectortest.Issuer },
		"a claim cnf":          func(c map[string]any, _ *jose.IssueOptions, _ *jose.Issuer) { c["cnf"] = map[string]any{} },
		"a channel":            func(c map[string]any, _ *jose.IssueOptions, _ *jose.Issuer) { c["x"] = make(chan int) },
		"a header alg":         func(_ map[string]any, o *jose.IssueOptions, _ *jose.Issuer) { o.Header = map[string]any{"alg": "none"} },
		"a method without key": func(_ map[string]any, _ *jose.IssueOptions, i *jose.Issuer) { i.Method = url },
		"a method and a name":  func(_ map[string]any, _ *jose.IssueOptions, i *jose.Issuer) { i.KeyID = "x" },
		"nobody":               func(_ map[string]any, _ *jose.IssueOptions, i *jose.Issuer) { i.Method = did.URL{} },
		"no signer":            func(_ map[string]any, _ *jose.IssueOptions, i *jose.Issuer) { i.Signer = nil },
		"a holder and a key": func(_ map[string]any, o *jose.IssueOptions, _ *jose.Issuer) {
			o.Holder, o.HolderKey = p.method, p.holder.Public()
		},
		"iat before 1970": func(_ map[string]any, o *jose.IssueOptions, _ *jose.Issuer) { o.IssuedAt = time.Unix(-1, 0) },
		"more than a megabyte": func(c map[string]any, _ *jose.IssueOptions, _ *jose.Issuer) {
			c["x"] = strings.Repeat("x", jose.MaxSize*3/4)
		},
		"a key without a number": func(_ map[string]any, _ *jose.IssueOptions, i *jose.Issuer) {
			i.Signer = vectortest.Fixed(t, keys.SM2, "sm2")
		},
		"the data model 1.1": func(c map[string]any, _ *jose.IssueOptions, _ *jose.Issuer) {
			c["@context"], c["issuanceDate"] = []any{vcdm.ContextV1}, c["validFrom"]
			delete(c, "validFrom")
			delete(c, "validUntil")
		},
	} {
		c, o, i := credential(), &jose.IssueOptions{}, p.issuer
		change(c, o, &i)
		if _, err := jose.Issue(t.Context(), i, c, o); err == nil {
			t.Errorf("%s: issued", name)
		}
	}
}

func TestPresentRefuses(t *testing.T) {
	p := newParties(t, keys.P256)
	c := p.issue(t, jose.IssueOptions{})
	for name, opt := range map[string]*jose.PresentOptions{
		"no audience": {Nonce: "n", Method: p.method}, "no nonce": {Audience: "a", Method: p.method}, "nothing": nil,
	} {
		if _, err := c.Present(t.Context(), p.holder, opt); err == nil {
			t.Errorf("%s: presented", name)
		}
	}
	if _, err := c.Present(t.Context(), nil, p.options()); err == nil {
		t.Error("an audience was accepted without a key to sign it")
	}
	if _, err := jose.PresentAll(t.Context(), p.holder, nil, p.options()); err == nil {
		t.Error("a presentation of nothing was made")
	}
	const document = `{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"],"holder":"did:example:other"}`
	if _, err := jose.SignPresentation(t.Context(), p.holder, []byte(document), &jose.SignOptions{Method: p.method}); vc.Code(err) != "jose.vp.holder" {
		t.Errorf("got %v for the presentation of another holder", err)
	}
	mine := []byte(strings.Replace(document, "did:example:other", vectortest.Holder, 1))
	if _, err := jose.SignPresentation(t.Context(), p.holder, mine, &jose.SignOptions{Method: p.method}); err != nil {
		t.Errorf("got %v for the holder's own presentation", err)
	}
	for name, opt := range map[string]*jose.SignOptions{
		"two names":       {Method: p.method, KeyID: "x"},
		"no key":          {Method: p.method.DID().URL()},
		"a date too late": {Method: p.method, Expires: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := jose.SignPresentation(t.Context(), p.holder, mine, opt); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

// TestSplit verifies each of several credentials, one of them of a format that another package reads.
func TestSplit(t *testing.T) {
	p := newParties(t, keys.P256)
	first, second := p.issue(t, jose.IssueOptions{}), p.issue(t, jose.IssueOptions{Holder: p.method})
	all := []jose.Enveloped{first, second, other{"vc+other", second.Bytes()}}
	pres, err := jose.PresentAll(t.Context(), p.holder, all, p.options())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.verify(t, pres); vc.Code(err) != "jose.vp.count" {
		t.Errorf("three at once: got %v", err)
	}
	opt := &jose.Options{Formats: map[string]func([]byte) vc.Presentation{"vc+other": func(b []byte) vc.Presentation { return other{"vc+other", b} }}}
	parts, err := jose.Split(pres.Bytes(), opt)
	if err != nil || len(parts) != 3 {
		t.Fatalf("got %d, %v", len(parts), err)
	}
	e := p.setting.Expect.Policy(t)
	e.MediaTypes = []string{"vc+jwt", "vc+other"}
	for i, part := range parts {
		got, _, err := p.verifier.Verify(t.Context(), part, e)
		if err != nil {
			t.Errorf("credential %d: %v", i, err)
		} else if (i == 2) != (got.MediaType == "vc+other") {
			t.Errorf("credential %d: got media type %s", i, got.MediaType)
		}
	}
	if parts, err = jose.Split(pres.Bytes(), nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := p.verifier.Verify(t.Context(), parts[2], e); vc.Code(err) != "jose.vp.format" {
		t.Errorf("a format that is not known: got %v", err)
	}
	none, err := jose.SignPresentation(t.Context(), p.holder,
		[]byte(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiablePresentation"]}`), &jose.SignOptions{Method: p.method})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jose.Split(none.Bytes(), nil); vc.Code(err) != "jose.vp.count" {
		t.Errorf("no credential: got %v", err)
	}
	if _, err := jose.Split(first.Bytes(), nil); vc.Code(err) != "jose.header.typ" {
		t.Errorf("a credential alone: got %v", err)
	}
}

// other is a credential of another format: a vc+jwt with another name.
type other struct {
	mediaType string
	token     []byte
}

func (o other) Envelope() *vcdm.Envelope {
	return &vcdm.Envelope{MediaType: o.mediaType, Data: o.token}
}

func (o other) Open() (vc.Parsed, error) {
	p, err := jose.Received(o.token, nil).Open()
	return renamed{p, o.mediaType}, err
}

type renamed struct {
	vc.Parsed
	mediaType string
}

func (r renamed) MediaType() string { return r.mediaType }

// TestIssuance: a receipt fits the credential alone and presented.
func TestIssuance(t *testing.T) {
	p := newParties(t, keys.P256)
	c := p.issue(t, jose.IssueOptions{})
	want, err := c.IssuanceDigest()
	if err != nil {
		t.Fatal(err)
	}
	pres, err := c.Present(t.Context(), p.holder, p.options())
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := pres.Open()
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := parsed.(vc.Issuance); !ok || got.IssuanceDigest() != want {
		t.Error("a presentation has not the digest of its credential")
	}
}

// brokenSigner fails.
type brokenSigner struct{ *keys.PrivateKey }

var errBroken = errors.New("the token is unplugged")

func (brokenSigner) Sign(context.Context, []byte) ([]byte, error) { return nil, errBroken }

func TestSignerError(t *testing.T) {
	p := newParties(t, keys.P256)
	i := p.issuer
	i.Signer = brokenSigner{vectortest.Fixed(t, keys.P256, "x")}
	if _, err := jose.Issue(t.Context(), i, credential(), nil); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want the signer's error", err)
	}
}

func TestNothingIsPrinted(t *testing.T) {
	p := newParties(t, keys.P256)
	c := p.issue(t, jose.IssueOptions{})
	pres, _ := c.Present(t.Context(), p.holder, p.options())
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%#v", c), fmt.Sprint(pres), fmt.Sprintf("%#v", pres)} {
		if strings.Contains(s, "eyJ") || !strings.HasPrefix(s, "jose(") {
			t.Errorf("printed %q", s)
		}
	}
}

func TestReadAll(t *testing.T) {
	if b, err := jose.ReadAll(strings.NewReader("abc")); err != nil || string(b) != "abc" {
		t.Errorf("got %q, %v", b, err)
	}
	if _, err := jose.ReadAll(strings.NewReader(strings.Repeat("x", jose.MaxSize+1))); vc.Code(err) != "jose.size" {
		t.Errorf("got %v, want jose.size", err)
	}
	if _, err := jose.Parse([]byte(strings.Repeat("{", jose.MaxSize+1)), nil); vc.Code(err) != "jose.size" {
		t.Errorf("got %v, want jose.size", err)
	}
	if _, err := jose.ParseCredential(make([]byte, jose.MaxSize+1)); vc.Code(err) != "jose.size" {
		t.Errorf("got %v, want jose.size", err)
	}
	if _, err := jose.Parse(nil, nil); vc.Code(err) != "jose.syntax" {
		t.Errorf("got %v, want jose.syntax", err)
	}
}
