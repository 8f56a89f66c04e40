package httpresolver_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/resolver/httpdriver"
	"github.com/realdid/realdid/resolver/httpresolver"
)

const keyDID = "did:key:z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu"

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// method is a DID method whose proof is the word "proof" and the DID.
type method struct {
	meta  did.DocumentMetadata
	err   error
	proof []byte
	opts  []did.ResolveOptions
}

func (m *method) Resolve(_ context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if opt == nil {
		opt = new(did.ResolveOptions)
	}
	m.opts = append(m.opts, *opt)
	if m.err != nil {
		return nil, m.err
	}
	return &did.Resolution{Document: &did.Document{ID: id, AlsoKnownAs: []string{"https://server.example"}}, Metadata: m.meta, Evidence: did.Evidence{Replayed: true, Latest: true, AsOf: noon}}, nil
}

func (m *method) Prove(context.Context, did.DID, *did.ResolveOptions) ([]byte, error) {
	return m.proof, nil
}

// verifier is that of the method; an answer that it proves is alsoKnownAs proof.example.
type verifier struct {
	answer *did.Resolution
	err    error
	opts   []did.ResolveOptions
}

func (v *verifier) Verify(_ context.Context, id did.DID, proof []byte, opt *did.ResolveOptions) (*did.Resolution, error) {
	if opt != nil {
		v.opts = append(v.opts, *opt)
	}
	switch {
	case v.err != nil:
		return nil, v.err
	case string(proof) != "proof "+id.String():
		return nil, &did.Error{Code: did.InvalidDIDDocument, Detail: "the proof proves nothing"}
	case v.answer != nil:
		return v.answer, nil
	}
	return &did.Resolution{Document: &did.Document{ID: id, AlsoKnownAs: []string{"https://proof.example"}}, Evidence: did.Evidence{Replayed: true, Latest: true, AsOf: noon}}, nil
}

func serve(t *testing.T, h http.Handler, verifiers map[string]did.Verifier, opt *httpresolver.Options) *httpresolver.Resolver {
	t.Helper()
	srv := httptest.NewServer(h)
	r, err := httpresolver.New(srv.URL+"/1.0/identifiers", verifiers, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.CloseIdleConnections(); srv.Close() })
	return r
}

func driver(t *testing.T, r did.Resolver) http.Handler {
	t.Helper()
	h, err := httpdriver.New(r, &httpdriver.Options{Fresh: -1})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var example = did.MustParse("did:example:1")

func TestProofs(t *testing.T) {
	m := &method{proof: []byte("proof did:example:1")}
	v := &verifier{}
	r := serve(t, driver(t, m), map[string]did.Verifier{"example": v}, nil)
	res, err := r.Resolve(t.Context(), example, nil)
	if err != nil || !res.Evidence.Latest || res.Document.AlsoKnownAs[0] != "https://proof.example" {
		t.Fatalf("with a proof: got %+v, %v, want what the proof says", res, err)
	}

	m.proof = nil
	if res, err = r.Resolve(t.Context(), example, nil); err != nil || !reflect.DeepEqual(res.Evidence, did.Evidence{}) || res.Document.AlsoKnownAs[0] != "https://server.example" {
		t.Errorf("without a proof: got %+v, %v, want an empty evidence, whatever the server says of its own", res, err)
	}
	m.proof = []byte("proof did:example:2")
	_, err = r.Resolve(t.Context(), example, nil)
	wantCode(t, "a proof of another DID", err, did.InvalidDIDDocument)

	m.proof = []byte("proof did:example:1")
	v.answer = &did.Resolution{Document: &did.Document{ID: did.MustParse("did:example:2")}}
	_, err = r.Resolve(t.Context(), example, nil)
	wantCode(t, "a verifier that answers about another DID", err, did.InvalidDIDDocument)

	v.err = &did.Error{Code: did.InternalError, Detail: "the checkpoint is too old"}
	_, err = r.Resolve(t.Context(), example, nil)
	wantCode(t, "a verifier that cannot tell", err, did.InternalError)

	// A method without verifier has no evidence, even if there is a proof.
	unverified := serve(t, driver(t, m), map[string]did.Verifier{"other": v}, nil)
	if res, err = unverified.Resolve(t.Context(), example, nil); err != nil || !reflect.DeepEqual(res.Evidence, did.Evidence{}) {
		t.Errorf("no verifier: got %+v, %v", res, err)
	}
}

// TestPolicyRefusesUnproved looks up a key as credentials do: the key is found, and its evidence is empty.
func TestPolicyRefusesUnproved(t *testing.T) {
	r := serve(t, driver(t, resolver.Mux{"key": didkey.Resolver{}}), nil, nil)
	u, err := did.ParseURL(keyDID + "#" + strings.TrimPrefix(keyDID, "did:key:"))
	if err != nil {
		t.Fatal(err)
	}
	k, err := resolver.Keys{Resolver: r}.Key(t.Context(), u, did.AssertionMethod, time.Time{})
	if err != nil || k.Key().IsZero() || !reflect.DeepEqual(k.Evidence, did.Evidence{}) {
		t.Errorf("got %+v, %v, want the key with an empty evidence", k, err)
	}
	if k.Key().Algorithm() != keys.Ed25519 {
		t.Errorf("got %v", k.Key().Algorithm())
	}
}

func TestOptionsAndMetadata(t *testing.T) {
	m := &method{meta: did.DocumentMetadata{Created: noon, VersionID: "a b&c", Deactivated: true, CanonicalID: "did:example:1"}}
	v := &verifier{}
	r := serve(t, driver(t, m), map[string]did.Verifier{"example": v}, nil)
	for _, opt := range []did.ResolveOptions{{VersionID: "a b&c=%"}, {VersionTime: noon}, {NoCache: true}, {}} {
		m.proof = nil
		res, err := r.Resolve(t.Context(), example, &opt)
		if err != nil || !reflect.DeepEqual(res.Metadata, m.meta) {
			t.Errorf("%+v: got %+v, %v", opt, res, err)
		}
		if got := m.opts[len(m.opts)-1]; got != opt {
			t.Errorf("got %+v at the source, want %+v", got, opt)
		}
		m.proof = []byte("proof did:example:1")
		if _, err := r.Resolve(t.Context(), example, &opt); err != nil || v.opts[len(v.opts)-1] != opt {
			t.Errorf("got %+v at the verifier, %v, want %+v", v.opts, err, opt)
		}
	}
	_, err := r.Resolve(t.Context(), example, &did.ResolveOptions{VersionID: "1", VersionTime: noon})
	wantCode(t, "contradicting options", err, did.InvalidOptions)
	_, err = r.Resolve(t.Context(), did.DID{}, nil)
	wantCode(t, "the zero DID", err, did.InvalidDID)
	// A DID with an escape in it arrives as it is.
	m.proof, m.meta = nil, did.DocumentMetadata{}
	port := did.MustParse("did:web:localhost%3A8080:a")
	if res, err := r.Resolve(t.Context(), port, nil); err != nil || res.Document.ID != port {
		t.Errorf("got %+v, %v", res, err)
	}
}

// TestErrorsKeepTheirClass sends every code over the wire.
func TestErrorsKeepTheirClass(t *testing.T) {
	m := &method{}
	r := serve(t, driver(t, m), nil, nil)
	for _, code := range []did.ErrorCode{
		did.InvalidDID, did.InvalidDIDURL, did.InvalidOptions, did.NotFound, did.RepresentationNotSupported, did.MethodNotSupported,
		did.FeatureNotSupported, did.InvalidDIDDocument, did.InternalError,
	} {
		m.err = &did.Error{Code: code, Detail: "for a reason"}
		_, err := r.Resolve(t.Context(), example, nil)
		wantCode(t, string(code), err, code)
	}
	m.err = errors.New("something else")
	_, err := r.Resolve(t.Context(), example, nil)
	wantCode(t, "an error without code", err, did.InternalError)
}

// TestNoAnswer has servers that give no answer, each in another way: all of it may be tried again.
func TestNoAnswer(t *testing.T) {
	const good = `{"didDocument":{"id":"did:example:1"},"didDocumentMetadata":{},"didResolutionMetadata":{}}`
	const notFound = `{"didDocument":null,"didDocumentMetadata":{},"didResolutionMetadata":{"error":{"type":"https://www.w3.org/ns/did#NOT_FOUND"}}}`
	answer := func(status int, mediaType, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", mediaType)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	const result = "application/did-resolution"
	for name, h := range map[string]http.Handler{
		"a page":                   answer(200, "text/html", "<html>"),
		"a document":               answer(200, "application/did", `{"id":"did:example:1"}`),
		"no media type":            answer(200, "", good),
		"another DID":              answer(200, result, strings.Replace(good, "example:1", "example:2", 1)),
		"not JSON":                 answer(200, result, good[:20]),
		"nothing":                  answer(200, result, ""),
		"204":                      answer(204, result, ""),
		"deactivated with 200":     answer(200, result, strings.Replace(good, `Metadata":{}`, `Metadata":{"deactivated":true}`, 1)),
		"not deactivated with 410": answer(410, result, good),
		"410 with a page":          answer(410, "text/html", "gone"),
		"404 with a page":          answer(404, "text/html", "not here"),
		"404 of another error":     answer(404, result, strings.Replace(notFound, "NOT_FOUND", "INVALID_DID", 1)),
		"404 without an error":     answer(404, result, good),
		"404 of no DID error":      answer(404, "application/problem+json", `{"type":"about:blank","status":404}`),
		"429":                      answer(429, "application/problem+json", `{"type":"https://www.w3.org/ns/did#NOT_FOUND"}`),
		"502":                      answer(502, result, notFound),
		"503":                      answer(503, result, ""),
		"too large":                answer(200, result, good+strings.Repeat(" ", did.MaxResolution)),
		"breaks off": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", result)
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, good)
		}),
		"closes":   http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
		"a header": http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("a", 64<<10)) }),
	} {
		r := serve(t, h, nil, nil)
		_, err := r.Resolve(t.Context(), example, nil)
		wantCode(t, name, err, did.InternalError)
		if err != nil && strings.Contains(err.Error(), "did:example:1") {
			t.Errorf("%s: the error names the DID: %v", name, err)
		}
	}
	// What a server of another make says rightly is taken.
	for name, h := range map[string]http.Handler{
		"legacy":                answer(200, `application/ld+json;profile="https://w3id.org/did-resolution"`, good),
		"json":                  answer(200, "application/json; charset=utf-8", good),
		"gone without document": answer(410, result, `{"didDocument":null,"didDocumentMetadata":{"deactivated":true},"didResolutionMetadata":{}}`),
	} {
		if res, err := serve(t, h, nil, nil).Resolve(t.Context(), example, nil); err != nil || res.Document.ID != example {
			t.Errorf("%s: got %+v, %v", name, res, err)
		}
	}
	_, err := serve(t, answer(404, "application/problem+json", `{"type":"https://www.w3.org/ns/did#NOT_FOUND"}`), nil, nil).Resolve(t.Context(), example, nil)
	wantCode(t, "a problem object", err, did.NotFound)
}

func TestRedirectionIsNotFollowed(t *testing.T) {
	var followed atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Store(true) }))
	defer other.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		r := serve(t, http.RedirectHandler(other.URL, status), nil, nil)
		_, err := r.Resolve(t.Context(), example, nil)
		wantCode(t, http.StatusText(status), err, did.InternalError)
	}
	if followed.Load() {
		t.Error("a redirection was followed")
	}
}

// TestSlowServer asks a server that sends a byte now and then.
func TestSlowServer(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("ask", func(t *testing.T) {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/did-resolution")
			w.WriteHeader(200)
			tick := time.NewTicker(5 * time.Millisecond)
			defer tick.Stop()
			for {
				select {
				case <-r.Context().Done():
					return
				case <-tick.C:
				}
				if _, err := io.WriteString(w, " "); err != nil {
					return
				}
				_ = http.NewResponseController(w).Flush()
			}
		})
		r := serve(t, h, nil, &httpresolver.Options{Timeout: 100 * time.Millisecond})
		_, err := r.Resolve(t.Context(), example, nil)
		wantCode(t, "too slow", err, did.InternalError)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = r.Resolve(ctx, example, nil)
		wantCode(t, "given up", err, did.InternalError)
	})
	deadline := time.Now().Add(30 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			t.Fatalf("got %d goroutines, want %d as before", runtime.NumGoroutine(), before)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestNew(t *testing.T) {
	for endpoint, ok := range map[string]bool{
		"https://resolver.example/1.0/identifiers/": true, "https://resolver.example": true, "http://127.0.0.1:8080/": true, "http://[::1]/": true,
		"http://localhost:80/": true, "http://resolver.example/": false, "http://192.168.1.1/": false, "ftp://resolver.example/": false, "resolver.example": false,
		"https://": false, "https://user@resolver.example/": false, "https://resolver.example/?a=b": false, "https://resolver.example/?": false,
		"https://resolver.example/#a": false, "": false, "https://resolver.example/\x00": false, "http://localhost.example/": false,
	} {
		if _, err := httpresolver.New(endpoint, nil, nil); (err == nil) != ok {
			t.Errorf("%q: got error %v, want accepted %v", endpoint, err, ok)
		}
	}
	if _, err := httpresolver.New("http://resolver.example/", nil, &httpresolver.Options{InsecureHTTP: true}); err != nil {
		t.Errorf("plain HTTP that is allowed: got %v", err)
	}
}

func wantCode(t *testing.T, what string, err error, code did.ErrorCode) {
	t.Helper()
	e, ok := errors.AsType[*did.Error](err)
	if !ok || e.Code != code {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func Example() {
	h, err := httpdriver.New(resolver.Mux{"key": didkey.Resolver{}}, nil)
	if err != nil {
		panic(err)
	}
	srv := httptest.NewServer(h)
	defer srv.Close()

	r, err := httpresolver.New(srv.URL+"/1.0/identifiers/", nil, nil)
	if err != nil {
		panic(err)
	}
	res, err := r.Resolve(context.Background(), did.MustParse(keyDID), nil)
	if err != nil {
		panic(err)
	}
	fmt.Println("answered:", res.Document.ID.String() == keyDID, "proved:", res.Evidence.Replayed)
	// Output: answered: true proved: false
}
