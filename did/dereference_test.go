package did_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/vectors"
)

type dereferenceSetting struct{ Document json.RawMessage }

type dereferenceVector struct {
	Name, URL, Method, Service string
	Document                   bool
	Endpoint                   []string
}

func TestDereferenceVectors(t *testing.T) {
	good := vectors.Read[dereferenceSetting, dereferenceVector](t, "did/dereference")
	bad := vectors.Read[dereferenceSetting, struct{ Name, URL, Code string }](t, "did/bad-dereference")
	d, err := did.ParseDocument(good.Setting.Document)
	if err != nil || !bytes.Equal(good.Setting.Document, bad.Setting.Document) {
		t.Fatalf("no document, or not the same in both files: %v", err)
	}
	for _, c := range good.Vectors {
		u, err := did.ParseURL(c.URL)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		got, err := d.Dereference(u)
		if err != nil {
			t.Errorf("%s: got error %v, want none", c.Name, err)
			continue
		}
		var method, service string
		if got.Method != nil {
			method = got.Method.ID.String()
		}
		if got.Service != nil {
			service = got.Service.ID.String()
		}
		if method != c.Method || service != c.Service || (got.Document == d) != c.Document || !slices.Equal(got.Endpoint, c.Endpoint) {
			t.Errorf("%s: got method %q service %q document %v endpoints %q, want %q %q %v %q", c.Name, method, service, got.Document == d,
				got.Endpoint, c.Method, c.Service, c.Document, c.Endpoint)
		}
	}
	for _, c := range bad.Vectors {
		u, err := did.ParseURL(c.URL)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		_, err = d.Dereference(u)
		wantCode(t, c.Name, err, did.ErrorCode(c.Code))
	}
	if _, err := new(did.Document).Dereference(did.URL{}); err == nil {
		t.Error("an empty document and the zero URL: got no error")
	}
}

func TestResolveOptionsOfURL(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]*did.ResolveOptions{
		"did:example:1":                                   nil,
		"did:example:1?service=x#k":                       nil,
		"did:example:1?versionId=a%20b":                   {VersionID: "a b"},
		"did:example:1?versionTime=2026-03-01T12:00:00Z":  {VersionTime: at},
		"did:example:1?versionTime=2026-03-01T12:00:00Z#": {VersionTime: at},
	} {
		got, err := parseURL(t, in).ResolveOptions()
		switch {
		case err != nil:
			t.Errorf("%s: got error %v, want none", in, err)
		case (got == nil) != (want == nil):
			t.Errorf("%s: got %v, want %v", in, got, want)
		case got != nil && *got != *want:
			t.Errorf("%s: got %v, want %v", in, *got, *want)
		}
	}
	for in, code := range map[string]did.ErrorCode{
		"did:example:1?versionId=1&versionTime=2026-03-01T12:00:00Z": did.InvalidOptions,
		"did:example:1?versionId=1&versionId=1":                      did.InvalidDIDURL,
		"did:example:1?versionId=":                                   did.InvalidDIDURL,
		"did:example:1?versionTime=":                                 did.InvalidDIDURL,
		"did:example:1?versionTime=2026-03-01":                       did.InvalidDIDURL,
		"did:example:1?versionTime=2026-03-01T12:00:00.5Z":           did.InvalidDIDURL,
		"did:example:1?versionTime=2026-03-01T12:00:00%2B01:00":      did.InvalidDIDURL,
		"did:example:1?versionTime=2026-02-30T12:00:00Z":             did.InvalidDIDURL,
		"did:example:1?versionTime=0001-01-01T00:00:00Z":             did.InvalidDIDURL,
	} {
		_, err := parseURL(t, in).ResolveOptions()
		wantCode(t, in, err, code)
	}
}

func parseURL(tb testing.TB, s string) did.URL {
	tb.Helper()
	u, err := did.ParseURL(s)
	if err != nil {
		tb.Fatal(err)
	}
	return u
}
