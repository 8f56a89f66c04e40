package httpdriver_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didjwk"
	"github.com/realdid/realdid/resolver/didkey"
)

// reply is what a client gets that follows no redirections.
type reply struct {
	status      int
	contentType string
	header      http.Header
	text        string
	body        map[string]any
}

func ask(t *testing.T, address, accept string) reply {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if accept != "" {
		req.Header.Set("Accept", accept)
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	r := reply{status: resp.StatusCode, contentType: resp.Header.Get("Content-Type"), header: resp.Header, text: string(b)}
	_ = json.Unmarshal(b, &r.body)
	return r
}

func (r reply) object(name string) map[string]any {
	m, _ := r.body[name].(map[string]any)
	return m
}

// identities are resolvers of several methods, with an identifier of each.
func identities(t *testing.T) (did.Resolver, map[string]string) {
	t.Helper()
	gone := newFake(t)
	gone.res.Metadata.Deactivated = true
	short, long, method := realIdentity(t)
	const jwk = "did:jwk:eyJjcnYiOiJQLTI1NiIsImt0eSI6IkVDIiwieCI6ImFjYklRaXVNczNpOF91c3pFakoydHBUdFJNNEVVM3l6OTFQSDZDZEgyVjAiLCJ5IjoiX0tjeUxqOXZXTXB0bm1LdG00NkdxRHo4d2Y3NEk1TEtncmwyR3pIM25TRSJ9"
	return resolver.Mux{"key": didkey.Resolver{}, "jwk": didjwk.Resolver{}, "realdid": method, "example": gone},
		map[string]string{"key": keyDID, "jwk": jwk, "realdid": short, "long form": long}
}

// TestConformance is what the W3C's test suite of DID Resolution asserts of the HTTP(S) binding, said again: what conforming
// resolvers answer to good and bad identifiers, in every form.
func TestConformance(t *testing.T) {
	r, valid := identities(t)
	srv := httptest.NewServer(handler(t, r, nil))
	defer srv.Close()
	endpoint := srv.URL + "/1.0/identifiers"
	for name, id := range valid {
		t.Run(name, func(t *testing.T) {
			for _, address := range []string{endpoint + "/" + id, endpoint + "/" + url.QueryEscape(id), endpoint + "/" + url.QueryEscape(id) + "?noCache=true"} {
				for _, accept := range []string{"application/did-resolution", "", "*/*"} {
					got := ask(t, address, accept)
					if got.status != 200 || got.contentType != "application/did-resolution" {
						t.Fatalf("%s: got %d %s %s", address, got.status, got.contentType, got.text)
					}
					if got.object("didDocument")["id"] != id || got.object("didDocumentMetadata") == nil {
						t.Errorf("%s: got %s", address, got.text)
					}
					if c, _ := got.object("didResolutionMetadata")["contentType"].(string); c == "" || !strings.Contains(got.contentType, c) {
						t.Errorf("contentType: got %q, want part of %q", c, got.contentType)
					}
				}
			}
			for _, accept := range []string{"application/did", "application/did+json", "application/did+ld+json"} {
				got := ask(t, endpoint+"/"+id, accept)
				if got.status != 200 || got.contentType != accept || got.body["id"] != id || got.body["didResolutionMetadata"] != nil {
					t.Errorf("%s: got %d %s %s", accept, got.status, got.contentType, got.text)
				}
			}
			doc := ask(t, endpoint+"/"+id, "application/did").body
			list, _ := doc["verificationMethod"].([]any)
			if len(list) == 0 {
				t.Fatal("no verification method")
			}
			vm, _ := list[0].(map[string]any)["id"].(string)
			got := ask(t, endpoint+"/"+url.QueryEscape(vm), "application/did-url-dereferencing")
			stream, _ := got.body["contentStream"].(map[string]any)
			if got.status != 200 || stream["id"] != vm || got.object("contentMetadata") == nil || got.object("content")["id"] != vm {
				t.Errorf("%s: got %d %s", vm, got.status, got.text)
			}
			if c, _ := got.object("dereferencingMetadata")["contentType"].(string); c == "" || !strings.Contains(got.contentType, c) {
				t.Errorf("contentType: got %q, want part of %q", c, got.contentType)
			}
			if got := ask(t, endpoint+"/"+url.QueryEscape(vm), "application/json"); got.status != 200 || got.body["dereferencingMetadata"] != nil {
				t.Errorf("content alone: got %d %s", got.status, got.text)
			}
			if got := ask(t, endpoint+"/"+id, "application/x-unsupported-did-representation-99999"); got.status != 406 {
				t.Errorf("unsupported representation: got %d, want 406", got.status)
			}
		})
	}
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"/":                                   {400, "INVALID_DID"},
		"/not-a-did":                          {400, "INVALID_DID"},
		"/did:example":                        {400, "INVALID_DID"},
		"/did:unsupported:123456789abcdefghi": {501, "METHOD_NOT_SUPPORTED"},
		"/did:example:nobody":                 {404, "NOT_FOUND"},
		"/did:realdid:q" + strings.Repeat("a", 52): {404, "NOT_FOUND"},
	} {
		got := ask(t, endpoint+path, "")
		e, _ := got.object("didResolutionMetadata")["error"].(map[string]any)
		doc, has := got.body["didDocument"]
		if got.status != want.status || e["type"] != "https://www.w3.org/ns/did#"+want.code || !has || doc != nil {
			t.Errorf("%s: got %d %s, want %d %s", path, got.status, got.text, want.status, want.code)
		}
		if m := got.object("didDocumentMetadata"); m == nil || len(m) != 0 {
			t.Errorf("%s: didDocumentMetadata: got %v, want an empty object", path, m)
		}
	}
	gone := ask(t, endpoint+"/did:example:123", "application/did-resolution")
	if gone.status != 410 || gone.object("didDocumentMetadata")["deactivated"] != true || gone.object("didDocument")["id"] != "did:example:123" {
		t.Errorf("deactivated: got %d %s, want 410 with a document", gone.status, gone.text)
	}
	if got := ask(t, endpoint+"/did:example:123", "application/did"); got.status != 410 || got.body["id"] != "did:example:123" {
		t.Errorf("deactivated, document: got %d %s", got.status, got.text)
	}
	got := ask(t, endpoint+"/"+url.QueryEscape("did:example:123?service=files&relativeRef=/a"), "text/uri-list")
	if got.status != 303 || got.header.Get("Location") != "https://files.example/a" || got.text != "" {
		t.Errorf("endpoint: got %d %v %q", got.status, got.header, got.text)
	}
}

// TestVersions asks for the past of an identity, in each way in which the options can be given.
func TestVersions(t *testing.T) {
	r, valid := identities(t)
	srv := httptest.NewServer(handler(t, r, nil))
	defer srv.Close()
	id := valid["realdid"]
	first := ask(t, srv.URL+"/1.0/identifiers/"+id, "application/did-resolution").object("didDocumentMetadata")
	version, _ := first["versionId"].(string)
	if version == "" {
		t.Fatalf("got %v, want a versionId", first)
	}
	for _, address := range []string{
		"/1.0/identifiers/" + id + "?versionId=" + version,
		"/1.0/identifiers/" + url.QueryEscape(id) + "?versionId=" + version,
		"/1.0/identifiers/" + url.QueryEscape(id+"?versionId="+version),
		"/1.0/identifiers/" + url.QueryEscape(id+"?versionTime=2026-03-01T12:00:00Z"),
	} {
		got := ask(t, srv.URL+address, "application/did-resolution")
		if got.status != 200 || got.object("didDocumentMetadata")["versionId"] != version {
			t.Errorf("%s: got %d %s", address, got.status, got.text)
		}
	}
	for _, address := range []string{"?versionId=nothing", "?versionTime=2020-01-01T00:00:00Z"} {
		if got := ask(t, srv.URL+"/1.0/identifiers/"+url.QueryEscape(id)+address, ""); got.status != 404 {
			t.Errorf("%s: got %d %s, want 404", address, got.status, got.text)
		}
	}
}

// realIdentity registers an identity of did:realdid on a ledger in memory, and returns its two forms, the long one being of an
// identity that is not registered.
func realIdentity(t *testing.T) (short, long string, method did.Resolver) {
	t.Helper()
	clock := func() time.Time { return epoch }
	m, err := realdid.New(memledger.New(realdid.Reducer(), &memledger.Options{Clock: clock}), &realdid.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	key := func() *keys.PrivateKey {
		k, err := keys.Generate(keys.Ed25519)
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	request := func(phone *keys.PrivateKey) *realdid.CreateRequest {
		return &realdid.CreateRequest{
			Control: realdid.OneKey(phone.Public()), Next: realdid.SHA256.Commit(key().Public()),
			Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: "k1", Key: key().Public(), Purposes: did.Authentication}}},
		}
	}
	phone, other := key(), key()
	res, err := m.Create(t.Context(), request(phone), phone)
	if err != nil {
		t.Fatal(err)
	}
	draft, err := realdid.DraftCreate(request(other))
	if err != nil {
		t.Fatal(err)
	}
	if err := draft.Sign(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	op, err := draft.Operation()
	if err != nil {
		t.Fatal(err)
	}
	unregistered, err := op.LongForm()
	if err != nil {
		t.Fatal(err)
	}
	return res.DID.String(), unregistered.String(), m
}
