package envelope_test

import (
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/internal/envelope"
	"github.com/realdid/realdid/vc/vcdm"
)

var codes = &envelope.PresentationCodes{Count: "t.count", Envelope: "t.envelope", Format: "t.format", Holder: "t.holder", Binding: "t.binding"}

// inner is a credential of a made-up format.
type inner struct {
	binding vc.Binding
	checked *int
}

func (p inner) Open() (vc.Parsed, error)                   { return p, nil }
func (inner) MediaType() string                            { return "vc+inner" }
func (inner) Origin() vc.Origin                            { return vc.Origin{} }
func (inner) CheckSignature(keys.PublicKey) error          { return nil }
func (inner) Disclose() (vc.Disclosed, error)              { return vc.Disclosed{}, nil }
func (p inner) Binding() vc.Binding                        { return p.binding }
func (inner) CheckBinding(keys.PublicKey) error            { return errors.New("not this one") }
func (inner) Signatures() []vc.Origin                      { return []vc.Origin{{KeyID: "a"}, {KeyID: "b"}} }
func (p inner) CheckSignatureOf(int, keys.PublicKey) error { *p.checked++; return nil }

func open(t *testing.T, p vc.Presentation, mediaType string) (vc.Parsed, error) {
	t.Helper()
	doc := &vcdm.Presentation{Credentials: []vcdm.Presented{{Envelope: &vcdm.Envelope{MediaType: mediaType}}}}
	f := envelope.Formats{"vc+inner": func([]byte) vc.Presentation { return p }, "vc+other": func([]byte) vc.Presentation { return p }}
	return envelope.Open(doc, 0, f, vc.Binding{Present: true, Nonce: "n"}, func(keys.PublicKey) error { return errors.New("the outer one") }, codes)
}

// TestOpen: the presentation's binding stands in the place of the credential's, and every signature of the issuer still counts.
func TestOpen(t *testing.T) {
	checked := 0
	got, err := open(t, inner{checked: &checked}, "vc+inner")
	if err != nil {
		t.Fatal(err)
	}
	if b := got.Binding(); !b.Present || b.Nonce != "n" {
		t.Errorf("got binding %v", b)
	}
	if err := got.CheckBinding(keys.PublicKey{}); err == nil || err.Error() != "the outer one" {
		t.Errorf("got %v", err)
	}
	s, ok := got.(vc.Signatures)
	if !ok || len(s.Signatures()) != 2 {
		t.Fatal("the second signature of the issuer is lost")
	}
	if s.CheckSignatureOf(1, keys.PublicKey{}); checked != 1 {
		t.Error("a signature was not checked")
	}
	if _, err := open(t, inner{}, "vc+other"); vc.Code(err) != "t.format" {
		t.Errorf("an envelope of another type: got %v", err)
	}
	if _, err := open(t, inner{}, "vc+unknown"); vc.Code(err) != "t.format" {
		t.Errorf("a format that is not known: got %v", err)
	}
	if _, err := open(t, inner{binding: vc.Binding{Present: true}}, "vc+inner"); vc.Code(err) != "t.binding" {
		t.Errorf("a binding of its own: got %v", err)
	}
}

// TestDisclosed: the latest beginning and the first end count.
func TestDisclosed(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	for _, c := range []struct{ from, until, nbf, exp, wantFrom, wantUntil time.Time }{
		{},
		{day(1), day(9), time.Time{}, time.Time{}, day(1), day(9)},
		{time.Time{}, time.Time{}, day(1), day(9), day(1), day(9)},
		{day(1), day(9), day(2), day(8), day(2), day(8)},
		{day(2), day(8), day(1), day(9), day(2), day(8)},
	} {
		claims := envelope.Claims{NotBefore: c.nbf, Expires: c.exp}
		d := claims.Disclosed(&vcdm.Credential{ValidFrom: c.from, ValidUntil: c.until})
		if !d.NotBefore.Equal(c.wantFrom) || !d.Expires.Equal(c.wantUntil) {
			t.Errorf("%v: got %v to %v", c, d.NotBefore, d.Expires)
		}
	}
	refs := make([]vc.StatusReference, 1, 8)
	cred := &vcdm.Credential{Status: refs}
	a := (&envelope.Claims{HasStatus: true, Status: []vc.StatusReference{{Index: 1}}}).Disclosed(cred)
	b := (&envelope.Claims{HasStatus: true, Status: []vc.StatusReference{{Index: 2}}}).Disclosed(cred)
	if a.Status[1].Index != 1 || b.Status[1].Index != 2 || !a.HasStatus {
		t.Errorf("got %v and %v", a.Status, b.Status)
	}
}

func TestWriter(t *testing.T) {
	parse := func(s string) strictjson.Value {
		v, err := strictjson.Parse([]byte(s), strictjson.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, name := range []string{"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "cnf", "vc", "vp"} {
		if _, err := envelope.NewWriter(parse(`{"` + name + `":1}`)); err == nil {
			t.Errorf("a document with %s was taken", name)
		}
	}
	w, err := envelope.NewWriter(parse(`{}`))
	if err != nil {
		t.Fatal(err)
	}
	w.Text("iss", "")
	w.Text("aud", "a\"b")
	if err := w.Dates(time.Unix(5, 0), time.Unix(6, 0)); err != nil {
		t.Fatal(err)
	}
	if err := w.Confirmation(did.MustParse("did:example:a").WithFragment("k"), keys.PublicKey{}); err != nil {
		t.Fatal(err)
	}
	const want = `{"aud":"a\"b","iat":5,"exp":6,"cnf":{"kid":"did:example:a#k"}}`
	if got := string(w.Bytes()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if err := w.Dates(time.Unix(5, 0), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil {
		t.Error("a date after the year 9999 was written")
	}
	u, err := did.ParseURL("did:example:a?x=y")
	if err != nil {
		t.Fatal(err)
	}
	if err := envelope.CheckBound(u, keys.PublicKey{}); err == nil {
		t.Error("a DID URL with a query was taken for a holder")
	}
}
