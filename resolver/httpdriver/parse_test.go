package httpdriver

import (
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
)

func TestNegotiate(t *testing.T) {
	for accept, want := range map[string]variant{
		"":                              variantResult,
		"*/*":                           variantResult,
		"application/*":                 variantResult,
		"application/did-resolution":    variantResult,
		"Application/DID-Resolution":    variantResult,
		"application/did":               variantDocument,
		"application/did;charset=utf-8": variantDocument,
		"application/did+json":          variantDIDJSON,
		"application/did+ld+json":       variantDIDLDJSON,
		"application/json":              variantJSON,
		"application/ld+json":           variantLegacy,
		typeLegacy:                      variantLegacy,
		`application/ld+json; profile="https://w3id.org/did-resolution"; charset=utf-8`: variantLegacy,
		`application/ld+json;profile="https://www.w3.org/ns/other"`:                     variantNone,
		"text/html":            variantNone,
		"text/html, */*;q=0.1": variantResult,
		"application/did;q=0.5, application/json;q=0.9":               variantJSON,
		"application/json, application/did-resolution":                variantResult,
		"application/*;q=0.5, application/did":                        variantDocument,
		"application/*, application/did-resolution;q=0":               variantDocument,
		"application/did-resolution;q=0":                              variantNone,
		"application/did;q=1.5, application/json":                     variantJSON,
		"application/did;q=x, application/json":                       variantJSON,
		"application/did;q=0.0001":                                    variantNone,
		"*/json":                                                      variantNone,
		"garbage":                                                     variantNone,
		",,;;=,/,application/":                                        variantNone,
		`text/plain;a="x,application/did",application/json`:           variantJSON,
		`text/plain;a="x\",application/did",application/json`:         variantJSON,
		strings.Repeat("text/html,", 200) + "application/did":         variantNone, // beyond what is looked at
		"application/did-url-dereferencing":                           variantNone,
		"application/ld+json;profile=https://w3id.org/did-resolution": variantLegacy,
	} {
		if got := negotiate(accept, resolutionOffers); got != want {
			t.Errorf("%q: got variant %d, want %d", accept, got, want)
		}
	}
	for accept, want := range map[string]variant{
		"*/*": variantDereferenced, "application/did-url-dereferencing": variantDereferenced, "application/did": variantDocument,
		"text/uri-list": variantURIList, "application/ld+json": variantLDJSON, "application/json": variantJSONContent,
		"application/did-resolution": variantNone,
	} {
		if got := negotiate(accept, dereferencingOffers); got != want {
			t.Errorf("%q: got variant %d, want %d", accept, got, want)
		}
	}
}

func TestParseQuery(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]query{ // target?query|body
		"did:example:1":                                                       {},
		"did%3Aexample%3A1":                                                   {},
		"did%3aexample:1":                                                     {},
		"did:example:1?versionId=2":                                           {opt: did.ResolveOptions{VersionID: "2"}},
		"did:example:1?versionId=a%20b":                                       {opt: did.ResolveOptions{VersionID: "a b"}},
		"did%3Aexample%3A1%3FversionId%3D2":                                   {opt: did.ResolveOptions{VersionID: "2"}},
		"did%3Aexample%3A1%3FversionId%3D2?versionId=2":                       {opt: did.ResolveOptions{VersionID: "2"}},
		"did%3Aexample%3A1?versionTime=2026-03-01T12:00:00Z":                  {opt: did.ResolveOptions{VersionTime: noon}},
		"did%3Aexample%3A1?versionTime=2026-03-01T12%3A00%3A00Z&noCache=true": {opt: did.ResolveOptions{VersionTime: noon, NoCache: true}},
		"did:example:1?noCache=false&expandRelativeUrls=true":                 {},
		"did:example:1?accept=application%2Fdid":                              {accept: "application/did"},
		`did:example:1|{"versionId":"2","noCache":true}`:                      {opt: did.ResolveOptions{VersionID: "2", NoCache: true}},
		`did:example:1|{"noCache":"true"}`:                                    {opt: did.ResolveOptions{NoCache: true}},
		"did:example:1| \n":                                                   {},
		"did:example:1?&&noCache=true&":                                       {opt: did.ResolveOptions{NoCache: true}},
		"did:example:1%23key-1":                                               {url: mustURL("did:example:1#key-1")},
		"did%3Aexample%3A1%23key-1":                                           {url: mustURL("did:example:1#key-1")},
		"did:example:1%3Fservice%3Dfiles%23a":                                 {url: mustURL("did:example:1?service=files#a")},
		"did%3Aexample%3A1%3Fservice%3Dfiles%26relativeRef%3D%252Fa":          {url: mustURL("did:example:1?service=files&relativeRef=%2Fa")},
		"did:example:1?service=files&relativeRef=%2Fa":                        {url: mustURL("did:example:1?service=files&relativeRef=%2Fa")},
		"did:example:1?service=files&noCache=true&relativeRef=/a":             {url: mustURL("did:example:1?service=files&relativeRef=/a"), opt: did.ResolveOptions{NoCache: true}},
		"did:example:1/path/to":                                               {url: mustURL("did:example:1/path/to")},
		"did:example:1%23k?verificationRelationship=authentication":           {url: mustURL("did:example:1#k"), relationship: did.Authentication},
		"did%3Aexample%3A1%3FversionId%3D2%23k":                               {url: mustURL("did:example:1?versionId=2#k"), opt: did.ResolveOptions{VersionID: "2"}},
		"did:web:localhost%3A8080":                                            {id: did.MustParse("did:web:localhost%3A8080")},
		"did%3Aweb%3Alocalhost%253A8080":                                      {id: did.MustParse("did:web:localhost%3A8080")},
		"did:web:localhost%3A8080%23key-1":                                    {id: did.MustParse("did:web:localhost%3A8080"), url: mustURL("did:web:localhost%3A8080#key-1")},
	} {
		if want.id.IsZero() {
			want.id = did.MustParse("did:example:1")
		}
		request, body, _ := strings.Cut(in, "|")
		target, params, _ := strings.Cut(request, "?")
		var got query
		if err := got.parse(target, params, []byte(body)); err != nil {
			t.Errorf("%s: got error %v", in, err)
			continue
		}
		got.given = 0
		if got != want {
			t.Errorf("%s: got %+v, want %+v", in, got, want)
		}
	}
}

func TestParseQueryRefuses(t *testing.T) {
	for in, want := range map[string]did.ErrorCode{
		"":                                       did.InvalidDID,
		"x":                                      did.InvalidDID,
		"did:example":                            did.InvalidDID,
		"did%3Aexample":                          did.InvalidDID,
		"did:example:1:":                         did.InvalidDID,
		"did%3Aexample%3A%E2%82%AC":              did.InvalidDID,
		"DID:example:1":                          did.InvalidDID,
		"did:example:1%":                         did.InvalidDID,
		"did:" + strings.Repeat("a", did.MaxDID): did.InvalidDID,
		"did:example:1%23k%23k":                  did.InvalidDIDURL,
		"did:example:1%23%E2%82%AC":              did.InvalidDIDURL,
		"did:example:1%23k?service=x":            did.InvalidDIDURL,
		"did:example:1?service=a b":              did.InvalidDIDURL,
		"x?service=a":                            did.InvalidDID,
		"did:example:1/%2":                       did.InvalidDIDURL,
		"did:example:1?versionId=1&versionId=1":  did.InvalidOptions,
		"did:example:1?versionId=":               did.InvalidOptions,
		"did:example:1?versionId=%00":            did.InvalidOptions,
		"did:example:1?versionId=%E2%82%AC":      did.InvalidOptions,
		"did:example:1?versionTime=yesterday":    did.InvalidOptions,
		"did:example:1?versionTime=2026-03-01T12:00:00.5Z":                   did.InvalidOptions,
		"did:example:1?versionTime=2026-03-01T12:00:00%2B01:00":              did.InvalidOptions,
		"did:example:1?versionTime=0001-01-01T00:00:00Z":                     did.InvalidOptions,
		"did:example:1?versionId=1&versionTime=2026-03-01T12:00:00Z":         did.InvalidOptions,
		"did%3Aexample%3A1%3FversionId%3D1?versionId=2":                      did.InvalidOptions,
		"did%3Aexample%3A1%3FversionId%3D1?versionTime=2026-03-01T12:00:00Z": did.InvalidOptions,
		"did%3Aexample%3A1%3FversionId%3D1%26versionId%3D1":                  did.InvalidDIDURL,
		"did:example:1?noCache=1":                                            did.InvalidOptions,
		"did:example:1?expandRelativeUrls=TRUE":                              did.InvalidOptions,
		"did:example:1?accept=":                                              did.InvalidOptions,
		"did%3Aexample%3A1?service=files":                                    did.FeatureNotSupported,
		"did%3Aexample%3A1?NoCache=true":                                     did.FeatureNotSupported,
		`did:example:1|{"colour":"red"}`:                                     did.FeatureNotSupported,
		`did:example:1|{"noCache":1}`:                                        did.InvalidOptions,
		`did:example:1|{"versionId":null}`:                                   did.InvalidOptions,
		`did:example:1|{"versionId":"1","versionId":"2"}`:                    did.InvalidOptions,
		`did:example:1|[]`:                                                   did.InvalidOptions,
		`did:example:1|{`:                                                    did.InvalidOptions,
		`did:example:1?versionId=1|{"versionId":"1"}`:                        did.InvalidOptions,
		"did:example:1?verificationRelationship=authentication":              did.InvalidVerificationMethod,
		"did:example:1%23k?verificationRelationship=anything":                did.InvalidRelationship,
	} {
		request, body, _ := strings.Cut(in, "|")
		target, params, _ := strings.Cut(request, "?")
		var q query
		err := q.parse(target, params, []byte(body))
		if err == nil || did.AsError(err).Code != want {
			t.Errorf("%.100s: got %v, want %s", in, err, want)
		}
	}
}

func TestMatches(t *testing.T) {
	for header, want := range map[string]bool{
		`"a"`: true, `W/"a"`: true, `*`: true, `"b", "a"`: true, `"b",W/"a"`: true, `"b"`: false, `a`: false, ``: false, `"a`: false,
	} {
		if got := matches([]string{header}, `"a"`); got != want {
			t.Errorf("%s: got %v, want %v", header, got, want)
		}
	}
	if !matches([]string{`"b"`, `"a"`}, `"a"`) {
		t.Error("the second header line was not looked at")
	}
}

func TestJobs(t *testing.T) {
	for _, j := range []job{
		{path: "create", method: "example", state: []byte{1}},
		{path: "execute", method: "example", did: did.MustParse("did:example:1"), state: []byte{}},
	} {
		got, err := parseJob(j.id())
		if err != nil || got.path != j.path || got.method != j.method || got.did != j.did || string(got.state) != string(j.state) {
			t.Errorf("got %+v, %v, want %+v", got, err, j)
		}
	}
	good := (&job{path: "update", method: "example", did: did.MustParse("did:example:1")}).id()
	for _, bad := range []string{"", "AA", "AQ", "AQAB", good[:8], good + "=", "B" + good[1:], good[:10] + "____" + good[14:]} {
		if j, err := parseJob(bad); err == nil && (j.path == "update" && j.method == "example" && j.did.String() == "did:example:1") {
			t.Errorf("%q: got %+v, want an error", bad, j)
		}
	}
}

func mustURL(s string) did.URL {
	u, err := did.ParseURL(s)
	if err != nil {
		panic(err)
	}
	return u
}
