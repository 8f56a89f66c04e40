package did_test

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
)

type (
	didVector struct{ Name, Input, Method, ID string }
	urlVector struct {
		Name, Input, Path, Query, Fragment string
		Key                                bool
	}
	faultyVector struct{ Name, Input, Code string }
)

func readVectors[V any](t testing.TB, name string) []V {
	t.Helper()
	return vectors.Read[vectors.None, V](t, "did/"+name).Vectors
}

func wantCode(t *testing.T, what string, err error, code did.ErrorCode) {
	t.Helper()
	e, ok := errors.AsType[*did.Error](err)
	switch {
	case !ok:
		t.Errorf("%s: got error %v, want code %s", what, err, code)
	case e.Code != code:
		t.Errorf("%s: got code %s (%v), want %s", what, e.Code, err, code)
	}
}

func TestDIDSyntax(t *testing.T) {
	for _, c := range readVectors[didVector](t, "dids") {
		d, err := did.Parse(c.Input)
		if err != nil {
			t.Errorf("%s: got error %v, want none", c.Name, err)
			continue
		}
		if d.String() != c.Input || d.Method() != c.Method || d.ID() != c.ID {
			t.Errorf("%s: got %q %q %q, want %q %q %q", c.Name, d, d.Method(), d.ID(), c.Input, c.Method, c.ID)
		}
		if again, err := did.Parse(c.Input); err != nil || again != d {
			t.Errorf("%s: parsed twice, the two are not equal", c.Name)
		}
	}
	for _, c := range readVectors[faultyVector](t, "bad-dids") {
		_, err := did.Parse(c.Input)
		wantCode(t, c.Name, err, did.ErrorCode(c.Code))
	}
}

func TestURLSyntax(t *testing.T) {
	for _, c := range readVectors[urlVector](t, "urls") {
		u, err := did.ParseURL(c.Input)
		if err != nil {
			t.Errorf("%s: got error %v, want none", c.Name, err)
			continue
		}
		if u.String() != c.Input || u.Path() != c.Path || u.Query() != c.Query || u.Fragment() != c.Fragment || u.IsKeyReference() != c.Key {
			t.Errorf("%s: got %q path %q query %q fragment %q key %v, want %q %q %q %q %v", c.Name, u, u.Path(), u.Query(), u.Fragment(),
				u.IsKeyReference(), c.Input, c.Path, c.Query, c.Fragment, c.Key)
		}
		if !strings.HasPrefix(c.Input, u.DID().String()) || u.DID().Method() != "example" {
			t.Errorf("%s: got DID %q", c.Name, u.DID())
		}
	}
	for _, c := range readVectors[faultyVector](t, "bad-urls") {
		_, err := did.ParseURL(c.Input)
		wantCode(t, c.Name, err, did.ErrorCode(c.Code))
	}
}

func TestLengthLimits(t *testing.T) {
	longest := "did:example:" + strings.Repeat("a", did.MaxDID-len("did:example:"))
	if _, err := did.Parse(longest); err != nil {
		t.Errorf("DID of %d bytes: got error %v, want none", len(longest), err)
	}
	_, err := did.Parse(longest + "a")
	wantCode(t, "DID one byte too long", err, did.InvalidDID)
	_, err = did.ParseURL(longest + "a#b")
	wantCode(t, "DID URL whose DID is too long", err, did.InvalidDIDURL)
	url := longest + "#" + strings.Repeat("b", did.MaxURL-did.MaxDID-1)
	if _, err := did.ParseURL(url); err != nil {
		t.Errorf("DID URL of %d bytes: got error %v, want none", len(url), err)
	}
	_, err = did.ParseURL(url + "b")
	wantCode(t, "DID URL one byte too long", err, did.InvalidDIDURL)
	if u := did.MustParse(longest).WithFragment(strings.Repeat("b", did.MaxURL-did.MaxDID)); !u.IsZero() {
		t.Errorf("WithFragment over the limit: got %d bytes, want the zero URL", len(u.String()))
	}
}

func TestZeroValues(t *testing.T) {
	var d did.DID
	var u did.URL
	if d.Method() != "" || d.ID() != "" || d.String() != "" || !d.IsZero() || !d.URL().IsZero() || !d.WithFragment("a").IsZero() {
		t.Error("the zero DID has content")
	}
	if u.DID() != d || u.Path() != "" || u.Query() != "" || u.Fragment() != "" || u.IsKeyReference() || !u.IsZero() {
		t.Error("the zero URL has content")
	}
}

func TestWithFragment(t *testing.T) {
	d := did.MustParse("did:example:a")
	want, err := did.ParseURL("did:example:a#key-1")
	if err != nil {
		t.Fatal(err)
	}
	if got := d.WithFragment("key-1"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, err := did.ParseURL("did:example:a"); err != nil || got != d.URL() {
		t.Errorf("DID as URL: got %q, want %q", d.URL(), got)
	}
	for _, bad := range []string{"a#b", "a b", "%", "é"} {
		if got := d.WithFragment(bad); !got.IsZero() {
			t.Errorf("fragment %q: got %q, want the zero URL", bad, got)
		}
	}
}

func TestRelativeURL(t *testing.T) {
	base := did.MustParse("did:example:a")
	for in, want := range map[string]string{
		"#k": "did:example:a#k", "?service=x": "did:example:a?service=x", "/p": "did:example:a/p", "did:example:b#k": "did:example:b#k",
	} {
		if got, err := did.ParseURLRelative(base, in); err != nil || got.String() != want {
			t.Errorf("%s: got %q (%v), want %q", in, got, err, want)
		}
	}
	for _, bad := range []string{"", "k", "##", ":b", "https://example.com"} {
		_, err := did.ParseURLRelative(base, bad)
		wantCode(t, bad, err, did.InvalidDIDURL)
	}
	_, err := did.ParseURLRelative(did.DID{}, "#k")
	wantCode(t, "no base", err, did.InvalidDIDURL)
}

func TestParam(t *testing.T) {
	u, err := did.ParseURL("did:example:a?service=files&relativeRef=%2Fa%20b&empty=&bare&twice=1&twice=1&c=%0a&u=%c3%a9&S=x")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"service": "files", "relativeRef": "/a b", "empty": "", "S": "x"} {
		if got, ok, err := u.Param(name); err != nil || !ok || got != want {
			t.Errorf("%s: got %q %v %v, want %q", name, got, ok, err, want)
		}
	}
	for _, name := range []string{"bare", "absent", "Service", "ervice", ""} {
		if got, ok, err := u.Param(name); ok || err != nil {
			t.Errorf("%s: got %q %v %v, want nothing", name, got, ok, err)
		}
	}
	for _, name := range []string{"twice", "c", "u"} {
		_, _, err := u.Param(name)
		wantCode(t, name, err, did.InvalidDIDURL)
	}
}

func TestTextRoundTrip(t *testing.T) {
	type pair struct {
		D did.DID
		U did.URL
	}
	in := pair{did.MustParse("did:example:a"), did.MustParse("did:example:a").WithFragment("k")}
	b, err := json.Marshal(in)
	if want := `{"D":"did:example:a","U":"did:example:a#k"}`; err != nil || string(b) != want {
		t.Fatalf("got %s (%v), want %s", b, err, want)
	}
	var out pair
	if err := json.Unmarshal(b, &out); err != nil || out != in {
		t.Errorf("got %v (%v), want %v", out, err, in)
	}
	if err := json.Unmarshal([]byte(`{"D":"did:example:a#k"}`), &out); err == nil {
		t.Error("a DID URL read as a DID: got no error")
	}
}

func TestPurpose(t *testing.T) {
	for p, term := range did.AllPurposes.Each() {
		got, ok := did.ParsePurpose(term)
		if !ok || got != p || p.String() != term {
			t.Errorf("%s: got %v %v", term, got, ok)
		}
	}
	both := did.Authentication | did.KeyAgreement
	if got, want := both.String(), "authentication,keyAgreement"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !both.Has(did.KeyAgreement) || both.Has(did.AssertionMethod) || both.Has(0) || did.Purpose(0).Has(did.Authentication) {
		t.Error("Has is wrong")
	}
	if _, ok := did.ParsePurpose("Authentication"); ok {
		t.Error("a term in another case: accepted")
	}
}

func TestErrorCodes(t *testing.T) {
	for code, status := range map[did.ErrorCode]int{
		did.InvalidDID: 400, did.InvalidDIDURL: 400, did.InvalidOptions: 400, did.NotFound: 404, did.RepresentationNotSupported: 406,
		did.MethodNotSupported: 501, did.FeatureNotSupported: 501, did.InvalidDIDDocument: 500, did.InternalError: 500,
	} {
		e := &did.Error{Code: code, Err: did.ErrKeyTime}
		if e.Status() != status || e.Type() != "https://www.w3.org/ns/did#"+string(code) || e.Temporary() != (code == did.InternalError) {
			t.Errorf("%s: got %d %s temporary %v", code, e.Status(), e.Type(), e.Temporary())
		}
		if !errors.Is(e, did.ErrKeyTime) {
			t.Errorf("%s: the cause is lost", code)
		}
	}
	if got := did.AsError(os.ErrDeadlineExceeded); got.Code != did.InternalError || !errors.Is(got, os.ErrDeadlineExceeded) {
		t.Errorf("a plain error: got %v, want INTERNAL_ERROR around it", got)
	}
	if did.AsError(nil) != nil {
		t.Error("no error became one")
	}
}

func FuzzDID(f *testing.F) {
	for _, c := range readVectors[didVector](f, "dids") {
		f.Add(c.Input)
	}
	for _, c := range readVectors[faultyVector](f, "bad-dids") {
		f.Add(c.Input)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := did.Parse(s)
		if err != nil {
			if !d.IsZero() {
				t.Fatal("an error and a DID")
			}
			return
		}
		if d.String() != s || "did:"+d.Method()+":"+d.ID() != s {
			t.Fatalf("got %q %q %q", d, d.Method(), d.ID())
		}
		if u, err := did.ParseURL(s); err != nil || u != d.URL() {
			t.Fatalf("as a DID URL: got %q (%v)", u, err)
		}
	})
}

func FuzzDIDURL(f *testing.F) {
	for _, c := range readVectors[urlVector](f, "urls") {
		f.Add(c.Input)
	}
	for _, c := range readVectors[faultyVector](f, "bad-urls") {
		f.Add(c.Input)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := did.ParseURL(s)
		if err != nil {
			return
		}
		d, err := did.Parse(u.DID().String())
		if err != nil || d != u.DID() {
			t.Fatalf("the DID part %q is none: %v", u.DID(), err)
		}
		built := d.String() + u.Path()
		if u.Query() != "" || strings.HasPrefix(s[len(built):], "?") {
			built += "?" + u.Query()
		}
		if u.Fragment() != "" || strings.HasPrefix(s[len(built):], "#") {
			built += "#" + u.Fragment()
		}
		if built != s || u.String() != s {
			t.Fatalf("parts make %q, want %q", built, s)
		}
		if u.IsKeyReference() && d.WithFragment(u.Fragment()) != u {
			t.Fatalf("%q is not its DID with its fragment", u)
		}
		_, _, _ = u.Param("service")
	})
}
