package schema_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm/schema"
)

// signed is a presentation whose signature is always valid, to make verified credentials with.
type signed struct {
	claims func() map[string]any
	key    keys.PublicKey
}

func (s signed) Open() (vc.Parsed, error) { return s, nil }
func (s signed) MediaType() string        { return "vc+jwt" }
func (s signed) Origin() vc.Origin {
	return vc.Origin{Issuer: "https://issuer.example", KeyID: "1", Algorithm: keys.Ed25519, IssuedAt: time.Unix(1e9, 0)}
}
func (s signed) CheckSignature(keys.PublicKey) error { return nil }
func (s signed) Disclose() (vc.Disclosed, error) {
	return vc.Disclosed{Types: []string{"JsonSchemaCredential"}, Claims: s.claims}, nil
}
func (s signed) Binding() vc.Binding               { return vc.Binding{} }
func (s signed) CheckBinding(keys.PublicKey) error { return nil }

func verified(t *testing.T, text string) *vc.Verified {
	t.Helper()
	key, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	v := vc.NewVerifier(nil, func() time.Time { return time.Unix(2e9, 0) })
	got, _, err := v.Verify(t.Context(), signed{claims: func() map[string]any { return claims(t, text) }, key: key.Public()}, &vc.Expect{
		PinnedKeys: []vc.PinnedKey{{Issuer: "https://issuer.example", KeyID: "1", Key: key.Public()}}, InsecureAnyType: true,
		InsecureNoHolderBinding: true, MediaTypes: []string{"vc+jwt"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

const (
	credentialURL = "https://example.com/credentials/3734"
	wrapped       = `{"id":"https://example.com/credentials/3734","type":["VerifiableCredential","JsonSchemaCredential"],"credentialSubject":{"id":"` + emailURL + `","type":"JsonSchema","jsonSchema":` + email + `}}`
)

func TestSchemaCredential(t *testing.T) {
	s, err := schema.New(nil, &schema.Options{Credentials: map[string]*vc.Verified{credentialURL: verified(t, wrapped)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, subject, code string
		ref                 vc.SchemaReference
	}{
		{"followed", `{"emailAddress":"a@example.com"}`, "", vc.SchemaReference{ID: credentialURL, Type: "JsonSchemaCredential"}},
		{"not followed", `{"emailAddress":"a"}`, "vcdm.schema.mismatch", vc.SchemaReference{ID: credentialURL, Type: "JsonSchemaCredential"}},
		{"of the other type", `{"emailAddress":"a@example.com"}`, "vcdm.schema.unavailable", vc.SchemaReference{ID: credentialURL, Type: "JsonSchema"}},
		{"with a digest", `{"emailAddress":"a@example.com"}`, "vcdm.schema.unsupported", vc.SchemaReference{ID: credentialURL, Type: "JsonSchemaCredential", Digest: "sha256-YQ=="}},
	} {
		if err := s.CheckSchema(t.Context(), []vc.SchemaReference{c.ref}, subject(t, c.subject)); vc.Code(err) != c.code {
			t.Errorf("%s: got %v, want %q", c.name, err, c.code)
		}
	}
}

func TestBadSchemaCredential(t *testing.T) {
	for name, text := range map[string]string{
		"of another id":        `{"id":"urn:x:1","type":["JsonSchemaCredential"],"credentialSubject":{"type":"JsonSchema","jsonSchema":` + email + `}}`,
		"of another type":      `{"id":"` + credentialURL + `","type":["VerifiableCredential"],"credentialSubject":{"type":"JsonSchema","jsonSchema":` + email + `}}`,
		"about something else": `{"id":"` + credentialURL + `","type":"JsonSchemaCredential","credentialSubject":{"type":["Person"],"jsonSchema":` + email + `}}`,
		"without a schema":     `{"id":"` + credentialURL + `","type":"JsonSchemaCredential","credentialSubject":{"type":"JsonSchema"}}`,
		"with no schema":       `{"id":"` + credentialURL + `","type":"JsonSchemaCredential","credentialSubject":{"type":"JsonSchema","jsonSchema":{"type":1}}}`,
	} {
		if _, err := schema.New(nil, &schema.Options{Credentials: map[string]*vc.Verified{credentialURL: verified(t, text)}}); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if _, err := schema.New(nil, &schema.Options{Credentials: map[string]*vc.Verified{credentialURL: nil}}); err == nil {
		t.Error("nil: got no error")
	}
}
