package httpdriver_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver/httpdriver"
)

// FuzzRequest sends requests with any path, query, Accept header and body: the answer is one that the API has, and an error
// never has a document.
func FuzzRequest(f *testing.F) {
	for _, c := range golden {
		path, query, _ := strings.Cut(c.path, "?")
		f.Add(c.method, identifiersPath+path, query, c.accept, c.body)
	}
	f.Add("POST", "/1.0/create", "method=example", "", `{"options":{"clientSecretMode":true},"didDocument":{}}`)
	f.Add("POST", "/1.0/update", "", "", `{"jobId":"AQAGdXBkYXRl","secret":{"signingResponse":{"a":{"signature":"AA"}}}}`)
	f.Add("GET", "/1.0/methods", "", "", "")
	h := handler(f, newFake(f), &httpdriver.Options{Registrars: map[string]did.Registrar{"example": new(fakeRegistrar)}})
	f.Fuzz(func(t *testing.T, method, path, query, accept, body string) {
		u := &url.URL{Path: unescapePath(path), RawPath: path, RawQuery: query}
		r := &http.Request{Method: method, URL: u, Header: http.Header{"Accept": {accept}}, Body: http.NoBody, ContentLength: int64(len(body))}
		if body != "" {
			r.Body = readCloser{strings.NewReader(body)}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		switch w.Code {
		case 200, 201, 204, 303, 304, 400, 404, 405, 406, 408, 410, 413, 414, 415, 500, 501:
		default:
			t.Fatalf("got status %d", w.Code)
		}
		if w.Body.Len() > 0 && w.Header().Get("Content-Type") != "text/plain; charset=utf-8" && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("got a body that is no JSON: %q", w.Body)
		}
		var answer struct{ DIDDocument, Content json.RawMessage }
		if json.Unmarshal(w.Body.Bytes(), &answer) == nil && w.Code >= 400 && w.Code != 410 {
			if len(answer.DIDDocument) > 0 && string(answer.DIDDocument) != "null" || len(answer.Content) > 0 && string(answer.Content) != "null" {
				t.Fatalf("got status %d with %s", w.Code, w.Body)
			}
		}
	})
}

const identifiersPath = "/1.0/identifiers/"

func unescapePath(s string) string {
	if p, err := url.PathUnescape(s); err == nil {
		return p
	}
	return s
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }
