package schema_test

import (
	"context"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm/schema"
)

const (
	emailURL = "https://example.com/schemas/email.json"
	draft    = `"$schema":"https://json-schema.org/draft/2020-12/schema"`
)

// email is the schema of the specification's first example.
const email = `{"$id":"https://example.com/schemas/email.json",` + draft + `,"type":"object","properties":{"credentialSubject":{
	"type":"object","properties":{"emailAddress":{"type":"string","format":"email"}},"required":["emailAddress"]}}}`

func claims(t testing.TB, text string) map[string]any {
	t.Helper()
	v, err := strictjson.Parse([]byte(text), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	m, ok := v.Interface().(map[string]any)
	if !ok {
		t.Fatal("claims are an object")
	}
	return m
}

func subject(t testing.TB, text string) map[string]any {
	return claims(t, `{"credentialSubject":`+text+`}`)
}

func schemas(t testing.TB, documents map[string]string) *schema.Schemas {
	t.Helper()
	b := map[string][]byte{}
	for u, d := range documents {
		b[u] = []byte(d)
	}
	s, err := schema.New(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ref(id string) []vc.SchemaReference { return []vc.SchemaReference{{ID: id, Type: "JsonSchema"}} }

func TestCheckSchema(t *testing.T) {
	sum := sha512.Sum384([]byte(email))
	good, bad := "sha384-"+base64.StdEncoding.EncodeToString(sum[:]), "sha384-"+base64.StdEncoding.EncodeToString(make([]byte, 48))
	s := schemas(t, map[string]string{
		emailURL: email, "did:example:schemas/1": `{` + draft + `,"required":["a"]}`, "urn:x:2": `{` + draft + `}`,
	})
	follows, breaks := `{"emailAddress":"subject@example.com"}`, `{"emailAddress":"not an email"}`
	for _, c := range []struct {
		name, subject, code string
		refs                []vc.SchemaReference
	}{
		{"followed", follows, "", ref(emailURL)},
		{"a wrong format", breaks, "vcdm.schema.mismatch", ref(emailURL)},
		{"a claim that is not there", `{"id":"x"}`, "vcdm.schema.mismatch", ref(emailURL)},
		{"a claim of another kind", `{"emailAddress":1}`, "vcdm.schema.mismatch", ref(emailURL)},
		{"no schema", breaks, "", nil},
		{"a schema that is not at hand", follows, "vcdm.schema.unavailable", ref("https://example.com/schemas/other.json")},
		{"another URL of the same", follows, "vcdm.schema.unavailable", ref(emailURL + "#")},
		{"its digest", follows, "", []vc.SchemaReference{{ID: emailURL, Type: "JsonSchema", Digest: good}}},
		{"another digest", follows, "vcdm.schema.digest", []vc.SchemaReference{{ID: emailURL, Type: "JsonSchema", Digest: bad}}},
		{"a digest of a kind that is not known", follows, "vcdm.schema.digest", []vc.SchemaReference{{ID: emailURL, Type: "JsonSchema", Digest: "md5-YQ=="}}},
		{"a digest counts before the schema", breaks, "vcdm.schema.digest", []vc.SchemaReference{{ID: emailURL, Type: "JsonSchema", Digest: bad}}},
		{"another type of schema", follows, "vcdm.schema.unsupported", []vc.SchemaReference{{ID: emailURL, Type: "ZkpExampleSchema2018"}}},
		{"the type of a signed schema", follows, "vcdm.schema.unavailable", []vc.SchemaReference{{ID: emailURL, Type: "JsonSchemaCredential"}}},
		{"two schemas", follows, "", append(ref(emailURL), ref("urn:x:2")...)},
		{"the second of two", follows, "vcdm.schema.mismatch", append(ref(emailURL), ref("did:example:schemas/1")...)},
		{"one not at hand, and one not followed", breaks, "vcdm.schema.mismatch", append(ref("urn:x:9"), ref(emailURL)...)},
		{"one not at hand after one followed", follows, "vcdm.schema.unavailable", append(ref("urn:x:9"), ref(emailURL)...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := s.CheckSchema(t.Context(), c.refs, subject(t, c.subject))
			if vc.Code(err) != c.code || (err == nil) != (c.code == "") {
				t.Fatalf("got %v, want %q", err, c.code)
			}
			unknown := c.code == "vcdm.schema.unavailable" || c.code == "vcdm.schema.unsupported"
			if err != nil && errors.Is(err, vc.ErrUnknown) != unknown {
				t.Errorf("got a fault that is final or not, wrongly: %v", err)
			}
		})
	}
}

// TestNothingDisclosed: a fault names the rule and nothing of the claims.
func TestNothingDisclosed(t *testing.T) {
	s := schemas(t, map[string]string{
		emailURL: email, "urn:x:1": `{` + draft + `,"additionalProperties":false}`, "urn:x:2": `{` + draft + `,"properties":{"credentialSubject":{"patternProperties":{".":{"const":1}}}}}`,
		"urn:x:3": `{` + draft + `,"properties":{"credentialSubject":{"propertyNames":{"maxLength":2}}}}`,
	})
	for _, id := range []string{emailURL, "urn:x:1", "urn:x:2", "urn:x:3"} {
		err := s.CheckSchema(t.Context(), ref(id), subject(t, `{"emailAddress":"secret-value","secret-name":"x"}`))
		if err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), id) {
			t.Errorf("got %v, want the rule alone", err)
		}
		for cause := err; cause != nil; cause = errors.Unwrap(cause) {
			if strings.Contains(fmt.Sprintf("%+v", cause), "secret") {
				t.Errorf("got %v", cause)
			}
		}
	}
}

// TestVersions: every version of the table, and no other.
func TestVersions(t *testing.T) {
	for version, ok := range map[string]bool{
		"https://json-schema.org/draft/2020-12/schema": true, "https://json-schema.org/draft/2019-09/schema": true,
		"http://json-schema.org/draft-07/schema#": true, "http://json-schema.org/draft-07/schema": true,
		"http://json-schema.org/draft-06/schema#": false, "http://json-schema.org/draft-04/schema#": false,
		"https://json-schema.org/schema": false, "": false, "https://example.org/meta": false,
	} {
		text, err := json.Marshal(map[string]any{"$schema": version, "properties": map[string]any{"a": map[string]any{"format": "date"}}})
		if err != nil {
			t.Fatal(err)
		}
		s, err := schema.New(map[string][]byte{"urn:x:1": text}, nil)
		if (err == nil) != ok {
			t.Errorf("%s: got %v", version, err)
		}
		if err != nil {
			continue
		}
		for date, want := range map[string]string{"2026-02-28": "", "2026-02-30": "vcdm.schema.mismatch"} {
			if err := s.CheckSchema(t.Context(), ref("urn:x:1"), map[string]any{"a": date}); vc.Code(err) != want {
				t.Errorf("%s: got %v for %s", version, err, date)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ name, url, text string }{
		{"no JSON", "urn:x:1", `{`},
		{"a member twice", "urn:x:1", `{` + draft + `,"type":"object","type":"array"}`},
		{"text after it", "urn:x:1", `{` + draft + `} {}`},
		{"not an object", "urn:x:1", `true`},
		{"no version", "urn:x:1", `{"type":"object"}`},
		{"version of another kind", "urn:x:1", `{"$schema":1}`},
		{"no schema", "urn:x:1", `{` + draft + `,"type":1}`},
		{"a pattern that RE2 does not have", "urn:x:1", `{` + draft + `,"pattern":"(?=a)"}`},
		{"a pattern of too many states", "urn:x:1", `{` + draft + `,"pattern":"((a{1000}){1000}){1000}"}`},
		{"a reference to the web", "urn:x:1", `{` + draft + `,"$ref":"https://example.org/x"}`},
		{"a reference to a file", "urn:x:1", `{` + draft + `,"$ref":"file:///etc/hosts"}`},
		{"a relative reference", "https://example.org/a/b", `{` + draft + `,"$ref":"c"}`},
		{"a reference to nothing", "urn:x:1", `{` + draft + `,"$ref":"#/$defs/x"}`},
		{"another version further down", "urn:x:1", `{` + draft + `,"$defs":{"a":{"$id":"urn:x:3","$schema":"https://example.org/meta"}}}`},
		{"a relative URL", "schemas/1", `{` + draft + `}`},
		{"a URL with a fragment", "https://example.org/1#a", `{` + draft + `}`},
		{"the URL of a version", "https://json-schema.org/draft/2020-12/schema", `{` + draft + `}`},
		{"nested too deeply", "urn:x:1", `{` + draft + `,"not":` + strings.Repeat(`{"not":`, 70) + `true` + strings.Repeat(`}`, 71)},
		{"a number with a great exponent", "urn:x:1", `{` + draft + `,"minimum":1e-999999}`},
		{"too large", "urn:x:1", `{` + draft + `,"$comment":"` + strings.Repeat("a", schema.MaxSize) + `"}`},
	} {
		if _, err := schema.New(map[string][]byte{c.url: []byte(c.text)}, nil); err == nil {
			t.Errorf("%s: got no error", c.name)
		}
	}
}

// TestReferences: schemas refer to others that are given, by URL and relative to their own.
func TestReferences(t *testing.T) {
	s := schemas(t, map[string]string{
		"https://example.org/a/b": `{` + draft + `,"properties":{"credentialSubject":{"allOf":[{"$ref":"c"},{"$ref":"urn:x:1#/$defs/d"}]}}}`,
		"https://example.org/a/c": `{` + draft + `,"required":["c"]}`,
		"urn:x:1":                 `{` + draft + `,"$defs":{"d":{"required":["d"]}}}`,
	})
	for text, want := range map[string]string{`{"c":1,"d":1}`: "", `{"c":1}`: "vcdm.schema.mismatch", `{"d":1}`: "vcdm.schema.mismatch"} {
		if err := s.CheckSchema(t.Context(), ref("https://example.org/a/b"), subject(t, text)); vc.Code(err) != want {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

// doubling is a schema that is followed in 2^n ways, each of more than a hundred steps.
func doubling(version string, n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"$schema":%q,"allOf":[{"$ref":"#/definitions/d0"}],"definitions":{`, version)
	for i := range n {
		fmt.Fprintf(&b, `"d%d":{"allOf":[{"$ref":"#/definitions/d%d"},{"$ref":"#/definitions/d%d"}],"examples":[0%s]},`, i, i+1, i+1, strings.Repeat(",0", 100))
	}
	fmt.Fprintf(&b, `"d%d":{}}}`, n)
	return b.String()
}

// TestSteps ends evaluations that double at every level, in every version, and lets others that are large end by themselves.
func TestSteps(t *testing.T) {
	for _, version := range []string{
		"https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/draft/2019-09/schema", "http://json-schema.org/draft-07/schema#",
	} {
		s := schemas(t, map[string]string{"urn:x:few": doubling(version, 8), "urn:x:many": doubling(version, 50)})
		if err := s.CheckSchema(t.Context(), ref("urn:x:few"), map[string]any{}); err != nil {
			t.Errorf("%s: got %v", version, err)
		}
		if err := s.CheckSchema(t.Context(), ref("urn:x:many"), map[string]any{}); vc.Code(err) != "vcdm.schema.steps" {
			t.Errorf("%s: got %v, want the limit", version, err)
		}
		if err := s.CheckSchema(t.Context(), ref("urn:x:few"), map[string]any{}); err != nil {
			t.Errorf("%s: got %v afterwards", version, err)
		}
	}
	list := make([]any, 20_000)
	for i := range list {
		list[i] = json.Number(fmt.Sprint(i))
	}
	s := schemas(t, map[string]string{"urn:x:1": `{` + draft + `,"properties":{"a":{"uniqueItems":true,"items":{"type":"integer","minimum":0}}}}`})
	if err := s.CheckSchema(t.Context(), ref("urn:x:1"), map[string]any{"a": list}); err != nil {
		t.Errorf("got %v for a long list", err)
	}
}

// TestEndlessReference: a schema that refers to itself without going anywhere is followed by nothing.
func TestEndlessReference(t *testing.T) {
	s := schemas(t, map[string]string{"urn:x:1": `{` + draft + `,"$ref":"#"}`})
	if err := s.CheckSchema(t.Context(), ref("urn:x:1"), map[string]any{}); !errors.Is(err, vc.ErrInvalid) {
		t.Errorf("got %v, want a refusal", err)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := schemas(t, map[string]string{emailURL: email})
	err := s.CheckSchema(ctx, ref(emailURL), subject(t, `{"emailAddress":"a@example.com"}`))
	if vc.Code(err) != "vcdm.schema.cancelled" || !errors.Is(err, vc.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestNumbers refuses numbers that would take long, and takes all that a double can hold.
func TestNumbers(t *testing.T) {
	s := schemas(t, map[string]string{"urn:x:1": `{` + draft + `,"properties":{"a":{"minimum":0}}}`})
	for n, want := range map[string]string{
		"1e308": "", "1e-308": "", "4.9E-324": "", "-1": "vcdm.schema.mismatch", "1e-999999999": "vcdm.schema.number", "1e999999999": "vcdm.schema.number",
		"1e401": "vcdm.schema.number", "1E-401": "vcdm.schema.number", "1e99999999999999999999": "vcdm.schema.number", "0." + strings.Repeat("1", 400): "vcdm.schema.number",
	} {
		for _, c := range []map[string]any{{"a": json.Number(n)}, {"a": json.Number("0"), "b": []any{map[string]any{"c": json.Number(n)}}}} {
			if err := s.CheckSchema(t.Context(), ref("urn:x:1"), c); vc.Code(err) != want && (want != "vcdm.schema.mismatch" || c["b"] == nil) {
				t.Errorf("%s: got %v, want %q", n, err, want)
			}
		}
	}
}

// TestConcurrent evaluates one schema from several goroutines.
func TestConcurrent(t *testing.T) {
	s := schemas(t, map[string]string{emailURL: email})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			address, want := "a@example.com", ""
			if i%2 == 1 {
				address, want = "a", "vcdm.schema.mismatch"
			}
			for range 50 {
				c := map[string]any{"credentialSubject": map[string]any{"emailAddress": address}}
				if err := s.CheckSchema(context.Background(), ref(emailURL), c); vc.Code(err) != want {
					t.Errorf("got %v, want %q", err, want)
				}
			}
		})
	}
	wg.Wait()
}
