package did_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
)

type documentVector struct {
	Name, Text, Canonical string
	Usable                map[string][2]string // fragment to algorithm and purposes
	Unusable              []string
}

type faultyDocumentVector struct{ Name, Text, Code string }

func TestDocumentVectors(t *testing.T) {
	for _, c := range readVectors[documentVector](t, "documents") {
		d, err := did.ParseDocument([]byte(c.Text))
		if err != nil {
			t.Errorf("%s: got error %v, want none", c.Name, err)
			continue
		}
		if got := string(d.Canonical()); got != c.Canonical {
			t.Errorf("%s: got\n%s, want\n%s", c.Name, got, c.Canonical)
		}
		if marshalled, err := json.Marshal(d); err != nil || string(marshalled) != c.Canonical {
			t.Errorf("%s: MarshalJSON: got %s (%v)", c.Name, marshalled, err)
		}
		for fragment, want := range c.Usable {
			m := method(t, d, fragment)
			if got := [2]string{m.Key.Algorithm().String(), m.Purposes.String()}; got != want {
				t.Errorf("%s: %s: got %v, want %v", c.Name, fragment, got, want)
			}
		}
		for _, fragment := range c.Unusable {
			if m := method(t, d, fragment); !m.Key.IsZero() || m.UsableAt(time.Now()) {
				t.Errorf("%s: %s: got a usable key, want none", c.Name, fragment)
			}
		}
	}
	for _, c := range readVectors[faultyDocumentVector](t, "bad-documents") {
		d, err := did.ParseDocument([]byte(c.Text))
		wantCode(t, c.Name, err, did.ErrorCode(c.Code))
		if d != nil {
			t.Errorf("%s: an error and a document", c.Name)
		}
	}
}

func method(t *testing.T, d *did.Document, fragment string) *did.VerificationMethod {
	t.Helper()
	m, ok := d.Method(d.ID.WithFragment(strings.TrimPrefix(fragment, "#")))
	if !ok {
		t.Fatalf("no method %s in %s", fragment, d.ID)
	}
	return m
}

func TestDocumentLimits(t *testing.T) {
	list := func(n int, item func(i int) string) string {
		items := make([]string, n)
		for i := range items {
			items[i] = item(i)
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	methods := func(n int) string {
		return list(n, func(i int) string {
			return fmt.Sprintf(`{"id":"#%d","type":"X","controller":"did:a:b"}`, i)
		})
	}
	services := func(n int) string {
		return list(n, func(i int) string {
			return fmt.Sprintf(`{"id":"#%d","type":"X","serviceEndpoint":"a:b"}`, i)
		})
	}
	aliases := func(n int) string { return list(n, func(i int) string { return fmt.Sprintf(`"urn:x:%d"`, i) }) }
	padded := func(n int) string {
		head, tail := `{"id":"did:a:b","pad":"`, `"}`
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	for _, c := range []struct {
		name, text string
		ok         bool
	}{
		{"64 KiB", padded(did.MaxDocument), true},
		{"over 64 KiB", padded(did.MaxDocument + 1), false},
		{"depth 16", `{"id":"did:a:b","x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15) + `}`, true},
		{"depth 17", `{"id":"did:a:b","x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`, false},
		{"256 methods", `{"id":"did:a:b","verificationMethod":` + methods(256) + `}`, true},
		{"257 methods", `{"id":"did:a:b","verificationMethod":` + methods(257) + `}`, false},
		{"256 methods and one embedded", `{"id":"did:a:b","verificationMethod":` + methods(256) +
			`,"authentication":[{"id":"#e","type":"X","controller":"did:a:b"}]}`, false},
		{"256 services", `{"id":"did:a:b","service":` + services(256) + `}`, true},
		{"257 services", `{"id":"did:a:b","service":` + services(257) + `}`, false},
		{"256 aliases", `{"id":"did:a:b","alsoKnownAs":` + aliases(256) + `}`, true},
		{"257 aliases", `{"id":"did:a:b","alsoKnownAs":` + aliases(257) + `}`, false},
		{"257 contexts", `{"id":"did:a:b","@context":` + aliases(257) + `}`, false},
	} {
		if _, err := did.ParseDocument([]byte(c.text)); (err == nil) != c.ok {
			t.Errorf("%s: got error %v, want accepted %v", c.name, err, c.ok)
		}
	}
}

func TestErrorsNameNoKeys(t *testing.T) {
	const secret = "vyzoDX8CdeYX5E9DMHJvDkWyzdpgTk5cEhPL4_QHjsg"
	_, err := did.ParseDocument([]byte(`{"id":"did:a:b","verificationMethod":[{"id":"#k","type":"JsonWebKey","controller":"did:a:b",` +
		`"publicKeyJwk":{"crv":"Ed25519","kty":"OKP","x":"` + secret + `","d":"` + secret + `"}}]}`))
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("got error %v, want one without key material", err)
	}
}

// A document that is built in Go must be the one that its canonical form reads back as.
func TestBuiltDocument(t *testing.T) {
	d := sampleDocument(t)
	b := d.Canonical()
	again, err := did.ParseDocument(b)
	if err != nil {
		t.Fatalf("got error %v, want none: %s", err, b)
	}
	if got := again.Canonical(); !bytes.Equal(got, b) {
		t.Errorf("got\n%s, want\n%s", got, b)
	}
	for i := range d.VerificationMethod {
		want := &d.VerificationMethod[i]
		got, ok := again.Method(want.ID)
		if !ok || !got.Key.Equal(want.Key) || got.Purposes != want.Purposes || got.Controller != want.Controller || got.Type != want.Type {
			t.Errorf("method %s: got %+v, want %+v", want.ID, got, want)
		}
	}
	m, s := again.VerificationMethod[0], again.Service[0]
	if !bytes.Contains(b, m.Canonical()) || !bytes.Contains(b, s.Canonical()) {
		t.Error("method and service alone are written otherwise than in the document")
	}
}

func sampleDocument(tb testing.TB) *did.Document {
	id := did.MustParse("did:example:sample")
	d := &did.Document{
		Context: []string{did.ContextV11}, ID: id, Controller: []did.DID{did.MustParse("did:example:other")},
		AlsoKnownAs: []string{"https://example.com/sample"},
		Service: []did.Service{{
			ID: id.WithFragment("files"), Type: []string{"LinkedDomains"}, Endpoint: []did.Endpoint{{URI: "https://example.com/files/"}},
		}},
		Extra: []did.Member{{Name: "z", JSON: "1"}, {Name: "a", JSON: "null"}},
	}
	for i, a := range []keys.Algorithm{keys.Ed25519, keys.P256, keys.X25519} {
		k, err := keys.NewPrivateKey(a, bytes.Repeat([]byte{byte(i + 1)}, a.SecretSize()))
		if err != nil {
			tb.Fatal(err)
		}
		purpose := did.Authentication | did.AssertionMethod
		if !a.CanSign() {
			purpose = did.KeyAgreement
		}
		d.VerificationMethod = append(d.VerificationMethod, did.VerificationMethod{
			ID: id.WithFragment(fmt.Sprintf("key-%d", i)), Controller: id, Type: did.TypeMultikey, Key: k.Public(), Purposes: purpose,
		})
	}
	return d
}

func TestMethodAllowsAndUsable(t *testing.T) {
	d, err := did.ParseDocument([]byte(`{"id":"did:a:b","verificationMethod":[
		{"id":"#enc","type":"JsonWebKey","controller":"did:a:b","publicKeyJwk":{"kty":"EC","crv":"P-256","use":"enc",
		"x":"-ptVY3ZHpZn2FMTv1uq4nSIXJV5M6eH6ykyUS8xKkpg","y":"WviV0ypo1GUEhjhJ9c7Ja7GmMauMyAJPijuKAF2YHQM"}},
		{"id":"#old","type":"Multikey","controller":"did:a:b","publicKeyMultibase":"z6MksKXdZmwcvxjzkpND1d5h24X4CKqn8vuAKb5bNFSM11XV",
		"expires":"2025-01-01T00:00:00Z","revoked":"2026-01-01T00:00:00Z"}],
		"authentication":["#enc","#old"],"keyAgreement":["#enc"]}`))
	if err != nil {
		t.Fatal(err)
	}
	enc, old := method(t, d, "enc"), method(t, d, "old")
	if enc.Allows(did.Authentication) || !enc.Allows(did.KeyAgreement) {
		t.Error("a JWK for encryption: got authentication allowed or key agreement not")
	}
	if !old.Allows(did.Authentication) || old.Allows(did.AssertionMethod) || old.Allows(0) {
		t.Error("a key for authentication: got something else allowed, or not that")
	}
	expires := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	if !old.UsableAt(expires.Add(-time.Second)) || old.UsableAt(expires) {
		t.Error("expiry: got usable at the instant, or unusable before")
	}
	old.Expires = time.Time{}
	if revoked := expires.AddDate(1, 0, 0); !old.UsableAt(revoked.Add(-1)) || old.UsableAt(revoked) {
		t.Error("revocation: got usable at the instant, or unusable before")
	}
}

func TestMethodLookupIsExact(t *testing.T) {
	d := sampleDocument(t)
	for _, u := range []string{"did:example:sample#key-", "did:example:sample#KEY-1", "did:example:samplf#key-1", "did:example:sample", "did:example:sample?#key-1"} {
		parsed, err := did.ParseURL(u)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := d.Method(parsed); ok {
			t.Errorf("%s: got a method, want none", u)
		}
	}
	if _, ok := d.Method(did.URL{}); ok {
		t.Error("zero URL: got a method")
	}
}

func FuzzDocument(f *testing.F) {
	for _, c := range readVectors[documentVector](f, "documents") {
		f.Add([]byte(c.Text))
	}
	for _, c := range readVectors[faultyDocumentVector](f, "bad-documents") {
		f.Add([]byte(c.Text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := did.ParseDocument(b)
		if err != nil {
			return
		}
		c := d.Canonical()
		if len(c) > did.MaxDocument {
			return // relative ids became absolute
		}
		again, err := did.ParseDocument(c)
		if err != nil {
			t.Fatalf("canonical form refused: %v: %s", err, c)
		}
		if c2 := again.Canonical(); !bytes.Equal(c, c2) {
			t.Fatalf("canonical form is not stable:\n%s\n%s", c, c2)
		}
		jcs, err := strictjson.Parse(c, strictjson.Limits{})
		if err != nil || !bytes.Equal(strictjson.AppendCanonical(nil, jcs), c) {
			t.Fatalf("not the form of RFC 8785 (%v): %s", err, c)
		}
		if len(d.VerificationMethod) != len(again.VerificationMethod) || len(d.Service) != len(again.Service) {
			t.Fatal("methods or services were lost")
		}
		for i := range d.VerificationMethod {
			x, y := &d.VerificationMethod[i], &again.VerificationMethod[i]
			if x.ID != y.ID || x.Purposes != y.Purposes || !x.Key.Equal(y.Key) || x.Allows(did.KeyAgreement) != y.Allows(did.KeyAgreement) {
				t.Fatalf("method %d changed: %+v, %+v", i, x, y)
			}
		}
	})
}

func BenchmarkParseDocument(b *testing.B) {
	in := sampleDocument(b).Canonical()
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := did.ParseDocument(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonicalDocument(b *testing.B) {
	d := sampleDocument(b)
	b.ReportAllocs()
	for b.Loop() {
		d.Canonical()
	}
}
