package didweb_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didtest"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/didweb"
	"github.com/realdid/realdid/resolver/webfetch"
)

// web holds files by URL.
type web map[string]string

func (w web) Fetch(_ context.Context, l webfetch.Location, f webfetch.File) ([]byte, error) {
	s, ok := w[l.URL(f.Name)]
	switch {
	case !ok:
		return nil, webfetch.ErrNotFound
	case s == "unreachable":
		return nil, errors.New("connection refused")
	case s == "page":
		return nil, webfetch.ErrContent
	}
	return []byte(s), nil
}

func document(id string) string {
	k, err := keys.NewPrivateKey(keys.Ed25519, make([]byte, 32))
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/multikey/v1"],"id":%q,`+
		`"verificationMethod":[{"id":"#key","type":"Multikey","controller":%q,"publicKeyMultibase":%q}],"authentication":["#key"]}`,
		id, id, k.Public().Multikey())
}

func TestResolver(t *testing.T) {
	r := didweb.New(&didweb.Options{Fetcher: web{
		"https://example.com/people/ann/did.json": document("did:web:example.com:people:ann"),
	}})
	didtest.Run(t, r, did.MustParse("did:web:example.com:people:ann"), did.MustParse("did:web:example.com:people:bob"))
}

func TestResolve(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	w := web{
		"https://example.com/.well-known/did.json": document("did:web:example.com"),
		"https://example.com:8443/a%20b/did.json":  document("did:web:example.com%3A8443:a%20b"),
		"https://example.com/other/did.json":       document("did:web:example.com"),
		"https://example.com/case/did.json":        document("did:web:EXAMPLE.com:case"),
		"https://example.com/text/did.json":        "hello",
		"https://example.com/twice/did.json":       `{"id":"did:web:example.com:twice","id":"did:web:example.com:twice"}`,
		"https://example.com/down/did.json":        "unreachable",
		"https://example.com/page/did.json":        "page",
	}
	r := didweb.New(&didweb.Options{Fetcher: w, Now: func() time.Time { return now }})
	for id, want := range map[string]did.ErrorCode{
		"did:web:example.com":              "",
		"did:web:example.com%3A8443:a%20b": "",
		"did:web:example.com:none":         did.NotFound,
		"did:web:example.com:other":        did.InvalidDIDDocument,
		"did:web:example.com:case":         did.InvalidDIDDocument,
		"did:web:example.com:text":         did.InvalidDIDDocument,
		"did:web:example.com:twice":        did.InvalidDIDDocument,
		"did:web:example.com:page":         did.InvalidDIDDocument,
		"did:web:example.com:down":         did.InternalError,
		"did:web:127.0.0.1":                did.InvalidDID,
		"did:web:localhost":                did.InvalidDID,
		"did:web:example.com:..:x":         did.InvalidDID,
		"did:web:example.com:%2e%2e:x":     did.InvalidDID,
		"did:webvh:example.com":            did.InvalidDID,
	} {
		res, err := r.Resolve(context.Background(), did.MustParse(id), nil)
		if want != "" {
			if e := did.AsError(err); e == nil || e.Code != want {
				t.Errorf("%s: got error %v, want %s", id, err, want)
			}
			continue
		}
		if err != nil || res.Document.ID.String() != id || len(res.Document.VerificationMethod) != 1 {
			t.Errorf("%s: got %v, %v", id, res, err)
			continue
		}
		e := res.Evidence
		if e.AsOf != now || e.Replayed || e.GenesisOnly || e.Included || e.Latest || e.Absent {
			t.Errorf("%s: got evidence %+v, want the time alone", id, e)
		}
	}
	for name, opt := range map[string]*did.ResolveOptions{
		"version": {VersionID: "1"}, "time": {VersionTime: now},
	} {
		_, err := r.Resolve(context.Background(), did.MustParse("did:web:example.com"), opt)
		if e := did.AsError(err); e == nil || e.Code != did.FeatureNotSupported {
			t.Errorf("%s: got error %v, want %s", name, err, did.FeatureNotSupported)
		}
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("did:web:example.com", document("did:web:example.com"))
	f.Add("did:web:example.com:%2e%2e", "{}")
	f.Fuzz(func(t *testing.T, text, body string) {
		id, err := did.Parse(text)
		if err != nil {
			return
		}
		l, err := didweb.Location(id)
		if err != nil {
			return
		}
		r := didweb.New(&didweb.Options{Fetcher: web{l.URL("did.json"): body}})
		if res, err := r.Resolve(context.Background(), id, nil); err == nil && res.Document.ID != id {
			t.Errorf("%s: got the document of %s", id, res.Document.ID)
		}
	})
}
