package httpdriver_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/httpdriver"
)

func TestMethodsAndPaths(t *testing.T) {
	h := handler(t, newFake(t), nil)
	do := func(method, path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		return w
	}
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/", 404, ""},
		{"GET", "/1.0/identifiersx", 404, ""},
		{"GET", "/1.0/create", 404, ""},
		{"POST", "/1.0/create", 404, ""}, // there is no registrar
		{"DELETE", example, 405, "GET, HEAD, POST, OPTIONS"},
		{"OPTIONS", example, 204, "GET, HEAD, POST, OPTIONS"},
		{"POST", "/1.0/methods", 405, "GET, HEAD, OPTIONS"},
		{"POST", "/healthz", 405, "GET, HEAD, OPTIONS"},
		{"GET", "/1.0/identifiers", 400, ""},
		{"HEAD", "/1.0/methods", 200, ""},
	} {
		w := do(c.method, c.path)
		if w.Code != c.status || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: got %d, Allow %q, want %d, %q", c.method, c.path, w.Code, w.Header().Get("Allow"), c.status, c.allow)
		}
		if c.status == 404 || c.status == 405 {
			if w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"type":"about:blank"`) {
				t.Errorf("%s %s: got %s %s, want a problem object", c.method, c.path, w.Header().Get("Content-Type"), w.Body)
			}
		}
	}
}

func TestAbout(t *testing.T) {
	f := newFake(t)
	h := handler(t, resolver.Mux{"example": f, "other": f}, &httpdriver.Options{
		Provers: map[string]did.Prover{"example": f}, Traits: map[string]json.RawMessage{"example": json.RawMessage(`{"updatable":true}`)},
		TestIdentifiers: map[string][]string{"example": {"did:example:123"}},
	})
	for path, want := range map[string]string{
		"/1.0/methods":         `["example","other"]`,
		"/1.0/properties":      `{"example":{"proof":true,"registration":false},"other":{"proof":false,"registration":false}}`,
		"/1.0/traits":          `{"example":{"updatable":true}}`,
		"/1.0/testIdentifiers": `{"example":["did:example:123"],"other":[]}`,
	} {
		if rec := get(h, path, ""); rec.Code != 200 || rec.Body.String() != want || rec.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d %s, want %s", path, rec.Code, rec.Body, want)
		}
	}
	if _, err := httpdriver.New(f, &httpdriver.Options{Methods: []string{"example"}, Traits: map[string]json.RawMessage{"example": json.RawMessage(`[]`)}}); err == nil {
		t.Error("traits that are no object: got no error")
	}
	if _, err := httpdriver.New(nil, nil); err == nil {
		t.Error("no resolver: got no error")
	}
}

func TestHealth(t *testing.T) {
	var bad error
	h := handler(t, newFake(t), &httpdriver.Options{Health: func(context.Context) error { return bad }})
	if rec := get(h, "/healthz", ""); rec.Code != 200 || rec.Body.String() != "ok\n" {
		t.Errorf("got %d %q", rec.Code, rec.Body)
	}
	bad = errors.New("disk of the ledger")
	if rec := get(h, "/healthz", ""); rec.Code != 503 || strings.Contains(rec.Body.String(), "disk") {
		t.Errorf("got %d %q, want 503 and nothing of the insides", rec.Code, rec.Body)
	}
}

func TestOversizedRequests(t *testing.T) {
	f := newFake(t)
	h := handler(t, f, nil)
	if rec := get(h, "/1.0/identifiers/did:example:"+strings.Repeat("a", 20_000), ""); rec.Code != 414 {
		t.Errorf("path: got %d, want 414", rec.Code)
	}
	if rec := get(h, example+"?versionId="+strings.Repeat("a", 20_000), ""); rec.Code != 414 {
		t.Errorf("query: got %d, want 414", rec.Code)
	}
	if rec := post(h, example, "", `{"versionId":"`+strings.Repeat("a", 10_000)+`"}`); rec.Code != 413 {
		t.Errorf("body: got %d, want 413", rec.Code)
	}
	r := httptest.NewRequest("POST", example, io.MultiReader(strings.NewReader(`{"versionId":"`), &endless{}))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("body without length: got %d, want 413", w.Code)
	}
	r = httptest.NewRequest("POST", example, strings.NewReader("{}"))
	r.Header.Set("Content-Type", "text/plain")
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 415 {
		t.Errorf("another media type: got %d, want 415", w.Code)
	}
	r = httptest.NewRequest("POST", example, io.MultiReader(strings.NewReader(`{`), broken{}))
	w = httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 408 {
		t.Errorf("a body that breaks off: got %d, want 408", w.Code)
	}
	if f.count() != 0 {
		t.Errorf("got %d questions to the resolver, want none", f.count())
	}
}

type endless struct{ n int }

func (e *endless) Read(b []byte) (int, error) {
	if e.n += len(b); e.n > 1<<20 {
		return 0, errors.New("more was read than the limit")
	}
	for i := range b {
		b[i] = 'a'
	}
	return len(b), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("gone") }

func TestBusy(t *testing.T) {
	f := newFake(t)
	release := make(chan struct{})
	f.wait = func(context.Context) { <-release }
	h := handler(t, f, &httpdriver.Options{Concurrent: 2})
	var wg sync.WaitGroup
	for i := range 2 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			if rec := get(h, fmt.Sprintf("%s?versionId=%d", example, i), ""); rec.Code != 200 {
				t.Errorf("got %d, want 200", rec.Code)
			}
		}()
	}
	eventually(t, "two requests under way", func() bool { return f.count() == 2 })
	rec := get(h, example, "")
	if rec.Code != 503 || rec.Header().Get("Retry-After") != "1" || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %d %v, want 503 with Retry-After", rec.Code, rec.Header())
	}
	close(release)
	wg.Wait()
	if rec := get(h, example, ""); rec.Code != 200 {
		t.Errorf("after the others: got %d, want 200", rec.Code)
	}
}

func TestTimeout(t *testing.T) {
	f := newFake(t)
	f.wait = func(ctx context.Context) { <-ctx.Done() }
	h := handler(t, f, &httpdriver.Options{Timeout: 20 * time.Millisecond})
	for _, path := range []string{example, example + "?versionId=1", example + "%23key-1", example + "?noCache=true"} {
		if rec := get(h, path, ""); rec.Code != 500 || !strings.Contains(rec.Body.String(), "#INTERNAL_ERROR") {
			t.Errorf("%s: got %d %s, want 500", path, rec.Code, rec.Body)
		}
	}
}

// TestSlowClients opens many connections that send a little and then nothing, or never read, beside clients that behave: all
// of these are served, the others are cut off, and no goroutine is left.
func TestSlowClients(t *testing.T) {
	before := runtime.NumGoroutine()
	f := newFake(t)
	h := handler(t, f, &httpdriver.Options{Timeout: time.Second})
	srv := httpdriver.NewServer("", h)
	srv.ReadHeaderTimeout, srv.ReadTimeout, srv.WriteTimeout, srv.IdleTimeout = time.Second, 2*time.Second, 10*time.Second, 10*time.Second
	srv.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()

	var conns []net.Conn
	for i := range 60 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		text := [...]string{
			"GET " + example + " HTTP/1.1\r\nHost: x\r\n",                                                                // a header that does not end
			"POST " + example + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", // a body that does not come
			"GET " + example + " HTTP/1.1\r\nHost: x\r\nAccept: " + strings.Repeat("a", 40<<10),                          // a header without bound
			"", // nothing at all
		}[i%4]
		_ = c.SetWriteDeadline(time.Now().Add(10 * time.Second))
		_, _ = io.WriteString(c, text)
	}
	client := &http.Client{Transport: &http.Transport{}}
	for range 20 {
		if err := fetch(client, "http://"+l.Addr().String()+example); err != nil {
			t.Error(err)
		}
	}
	client.CloseIdleConnections()
	for i, c := range conns {
		_ = c.SetReadDeadline(time.Now().Add(20 * time.Second))
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		switch {
		case errors.Is(err, context.DeadlineExceeded) || isTimeout(err):
			t.Errorf("connection %d: was left open", i)
		case err == nil && i%4 == 1 && resp.StatusCode != 408:
			t.Errorf("a body that does not come: got %d, want 408", resp.StatusCode)
		case err == nil && i%4 == 2 && resp.StatusCode != 431:
			t.Errorf("a header without bound: got %d, want 431", resp.StatusCode)
		}
		if err == nil {
			resp.Body.Close()
		}
		c.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
	eventually(t, "goroutines are gone", func() bool { return runtime.NumGoroutine() <= before })
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// TestHostileLoop sends what is malformed in many ways, again and again: every answer is an error with a body, and memory
// does not grow.
func TestHostileLoop(t *testing.T) {
	f := newFake(t)
	h := handler(t, f, &httpdriver.Options{CacheBytes: 1 << 20, Registrars: map[string]did.Registrar{"example": new(fakeRegistrar)}})
	requests := []func() *http.Request{
		func() *http.Request { return httptest.NewRequest("GET", "/1.0/identifiers/%00%ff%fe", nil) },
		func() *http.Request { return httptest.NewRequest("GET", example+"?noCache=maybe", nil) },
		func() *http.Request { return httptest.NewRequest("GET", example+"%23"+strings.Repeat("a", 3000), nil) },
		func() *http.Request {
			return httptest.NewRequest("POST", example, strings.NewReader(strings.Repeat("[", 8000)))
		},
		func() *http.Request {
			return httptest.NewRequest("POST", example, bytes.NewReader(make([]byte, 100<<10)))
		},
		func() *http.Request {
			return httptest.NewRequest("POST", "/1.0/create", strings.NewReader(`{"jobId":"`+strings.Repeat("A", 100_000)+`"}`))
		},
		func() *http.Request {
			return httptest.NewRequest("POST", "/1.0/update", strings.NewReader(strings.Repeat(`{"a":`, 5000)))
		},
		func() *http.Request {
			r := httptest.NewRequest("GET", example, nil)
			r.Header.Set("Accept", strings.Repeat("a/b;q=0.5,", 5000))
			return r
		},
	}
	round := func() {
		for i, request := range requests {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, request())
			if w.Code < 400 || w.Body.Len() == 0 || !json.Valid(w.Body.Bytes()) {
				t.Fatalf("request %d: got %d %.100s", i, w.Code, w.Body)
			}
		}
	}
	round()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 100 {
		round()
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 4<<20 {
		t.Errorf("got %d bytes more on the heap after 100 rounds", grown)
	}
}

// TestLogsNameNobody looks for what was asked in everything that is logged and measured.
func TestLogsNameNobody(t *testing.T) {
	var out bytes.Buffer
	m := new(recorder)
	h := handler(t, newFake(t), &httpdriver.Options{
		Methods: []string{"example"}, Log: slog.New(slog.NewJSONHandler(&out, nil)), Metrics: m, Registrars: map[string]did.Registrar{"example": new(fakeRegistrar)},
	})
	get(h, example, "")
	get(h, example, "")
	get(h, example+"?versionId=hidden", "", "User-Agent", "hidden", "X-Forwarded-For", "203.0.113.7")
	get(h, "/1.0/identifiers/did:hidden:123", "")
	get(h, "/1.0/identifiers/hidden", "")
	get(h, "/hidden", "")
	post(h, "/1.0/update", "", `{"did":"did:example:123","options":{"hidden":1}}`)
	post(h, "/1.0/update", "", `{"did":"did:example:123","secret":{"seed":"hidden"}}`)
	for _, word := range []string{"hidden", "example:123", "203.0.113.7", "192.0.2.1"} { // the last is the address of httptest's requests
		if strings.Contains(out.String(), word) {
			t.Errorf("the log holds %q:\n%s", word, out.String())
		}
	}
	if n := strings.Count(out.String(), "\n"); n != 8 {
		t.Errorf("got %d records, want 8", n)
	}
	type row struct {
		route, method string
		status        int
		code          did.ErrorCode
		cached        bool
	}
	want := []row{
		{"identifiers", "example", 200, "", false},
		{"identifiers", "example", 200, "", true},
		{"identifiers", "example", 200, "", false},
		{"identifiers", "other", 501, did.MethodNotSupported, false},
		{"identifiers", "", 400, did.InvalidDID, false},
		{"unknown", "", 404, "", false},
		{"update", "example", 200, "", false},
		{"update", "", 400, did.InvalidOptions, false},
	}
	for i, e := range m.events {
		if got := (row{e.Route, e.Method, e.Status, e.Code, e.Cached}); i >= len(want) || got != want[i] {
			t.Errorf("event %d: got %+v, want %+v", i, got, want[min(i, len(want)-1)])
		}
		if e.Bytes == 0 {
			t.Errorf("event %d: got no bytes", i)
		}
	}
}

type recorder struct{ events []httpdriver.Event }

func (r *recorder) Observe(e httpdriver.Event) { r.events = append(r.events, e) }
