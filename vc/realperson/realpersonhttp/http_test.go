package realpersonhttp_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/realdid/realdid/vc/realperson"
	"github.com/realdid/realdid/vc/realperson/realpersonhttp"
)

// problem is the body of a refusal.
type problem struct {
	Type, Title, Code, Detail string
	Status                    int
}

// ask sends a request to a handler, which must answer with JSON that nobody keeps.
func ask(t testing.TB, h http.Handler, method, path, contentType, body string, more ...string) (int, problem) {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	for i := 0; i < len(more); i += 2 {
		r.Header.Set(more[i], more[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var p problem
	if method != http.MethodHead {
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatalf("%s %s: %v in %q", method, path, err, w.Body.String())
		}
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s %s: may be kept", method, path)
	}
	if w.Code >= 400 {
		if w.Header().Get("Content-Type") != "application/problem+json" || p.Status != w.Code || p.Title == "" || !strings.HasSuffix(p.Type, "#"+p.Code) {
			t.Errorf("%s %s: got %d %+v", method, path, w.Code, p)
		}
	}
	return w.Code, p
}

func TestRequests(t *testing.T) {
	c := newCity(t)
	const text, js = "text/plain", "application/json"
	for _, tt := range []struct {
		name, method, path, contentType, body string
		header                                []string
		status                                int
		code                                  realpersonhttp.Code
	}{
		{"nothing there", "GET", "/", js, "", nil, 404, realpersonhttp.NotFound},
		{"method", "GET", "/enrol", js, "", nil, 405, realpersonhttp.MethodNotAllowed},
		{"method", "POST", "/parameters", js, "{}", nil, 405, realpersonhttp.MethodNotAllowed},
		{"method", "DELETE", "/requests", js, "{}", nil, 405, realpersonhttp.MethodNotAllowed},
		{"media type", "POST", "/renew", text, `{"request":"x"}`, nil, 415, realpersonhttp.UnsupportedMediaType},
		{"no media type", "POST", "/renew", "", `{"request":"x"}`, nil, 415, realpersonhttp.UnsupportedMediaType},
		{"encoding", "POST", "/renew", js, `{"request":"x"}`, []string{"Content-Encoding", "gzip"}, 415, realpersonhttp.UnsupportedMediaType},
		{"too large", "POST", "/renew", js, `{"request":"` + strings.Repeat("x", realpersonhttp.MaxBody) + `"}`, nil, 413, realpersonhttp.TooLarge},
		{"not JSON", "POST", "/renew", js, `{`, nil, 400, realpersonhttp.Malformed},
		{"not an object", "POST", "/renew", js, `["x"]`, nil, 400, realpersonhttp.Malformed},
		{"twice", "POST", "/renew", js, `{"request":"x","request":"x"}`, nil, 400, realpersonhttp.Malformed},
		{"unknown member", "POST", "/renew", js, `{"request":"x","more":1}`, nil, 400, realpersonhttp.Malformed},
		{"other case", "POST", "/renew", js, `{"Request":"x"}`, nil, 400, realpersonhttp.Malformed},
		{"not a string", "POST", "/renew", js, `{"request":1}`, nil, 400, realpersonhttp.Malformed},
		{"empty", "POST", "/activate", js, `{"request":""}`, nil, 400, realpersonhttp.Malformed},
		{"missing", "POST", "/activate", js, `{}`, nil, 400, realpersonhttp.Malformed},
		{"no evidence", "POST", "/enrol", js, `{"request":"x"}`, nil, 400, realpersonhttp.Malformed},
		{"evidence is a text", "POST", "/enrol", js, `{"request":"x","evidence":"A1"}`, nil, 400, realpersonhttp.Malformed},
		{"evidence of nobody", "POST", "/enrol", js, `{"request":"x","evidence":{"number":"A1","code":"A1"}}`, nil, 403, realpersonhttp.NotIdentified},
		{"not a message", "POST", "/enrol", js, `{"request":"x","evidence":{"number":"A1","code":"code-A1"}}`, nil, 400, realpersonhttp.BadMessage},
		{"not a message", "POST", "/reenrol", js, `{"request":"x","evidence":{"number":"A1","code":"code-A1"}}`, nil, 400, realpersonhttp.BadMessage},
		{"not a message", "POST", "/renew", js, `{"request":"x"}`, nil, 400, realpersonhttp.BadMessage},
		{"not a message", "POST", "/activate", js, `{"request":"x"}`, nil, 400, realpersonhttp.BadMessage},
		{"from", "GET", "/log?from=-1", js, "", nil, 400, realpersonhttp.Malformed},
		{"from", "GET", "/log?from=01", js, "", nil, 400, realpersonhttp.Malformed},
		{"from", "GET", "/log?to=1", js, "", nil, 400, realpersonhttp.Malformed},
		{"the log", "GET", "/log?from=7", js, "", nil, 200, ""},
		{"the log", "GET", "/log", js, "", nil, 200, ""},
		{"parameters", "GET", "/parameters", js, "", nil, 200, ""},
		{"parameters", "HEAD", "/parameters", js, "", nil, 200, ""},

		{"no action", "POST", "/requests", js, `{}`, nil, 400, realpersonhttp.Malformed},
		{"session", "POST", "/requests", js, `{"action":"signup","session":"short"}`, nil, 400, realpersonhttp.Malformed},
		{"short session", "POST", "/requests", js, `{"action":"signup","session":"AAAAAAAA"}`, nil, 400, realpersonhttp.Malformed},
		{"long session", "POST", "/requests", js, `{"action":"signup","session":"` + strings.Repeat("AAAA", 86) + `"}`, nil, 400, realpersonhttp.Malformed},
		{"session", "POST", "/requests", js, `{"action":"signup","session":"AAAAAAAAAAAAAAAAAAAAAAAAAAAA=="}`, nil, 400, realpersonhttp.Malformed},
		{"no scope", "POST", "/requests", js, `{"action":"scope"}`, nil, 400, realpersonhttp.Malformed},
		{"a scope", "POST", "/requests", js, `{"action":"login","scope":"vote"}`, nil, 400, realpersonhttp.Malformed},
		{"no such scope", "POST", "/requests", js, `{"action":"scope","scope":"nosuch"}`, nil, 404, realpersonhttp.NoScope},
		{"a request", "POST", "/requests", js, `{"action":"signup"}`, nil, 201, ""},
		{"a request", "POST", "/requests", "application/json; charset=utf-8", `{"action":"scope","scope":"post"}`, nil, 201, ""},
		{"no action", "POST", "/responses", js, `{"response":"x"}`, nil, 400, realpersonhttp.Malformed},
		{"other action", "POST", "/responses", js, `{"action":"nosuch","response":"x"}`, nil, 400, realpersonhttp.Malformed},
		{"not a message", "POST", "/responses", js, `{"action":"login","response":"x"}`, nil, 400, realpersonhttp.BadMessage},
		{"not a message", "POST", "/responses", js, `{"action":"scope","scope":"vote","response":"x"}`, nil, 400, realpersonhttp.BadMessage},
	} {
		h := c.authorityHandler
		if strings.HasPrefix(tt.path, "/re") && tt.path != "/renew" && tt.path != "/reenrol" {
			h = c.platformHandler
		}
		status, p := ask(t, h, tt.method, tt.path, tt.contentType, tt.body, tt.header...)
		if status != tt.status || p.Code != string(tt.code) {
			t.Errorf("%s: %s %s %.60s: got %d %s, want %d %s", tt.name, tt.method, tt.path, tt.body, status, p.Code, tt.status, tt.code)
		}
	}
	if status, p := ask(t, c.platformHandler, "POST", "/requests", js, `{"action":"nosuch"}`); status < 400 || status >= 500 {
		t.Errorf("an action that does not exist: got %d %+v", status, p)
	}
}

// TestBusy fills the places with people who take their time.
func TestBusy(t *testing.T) {
	c := newCity(t)
	entered, leave := make(chan struct{}), make(chan struct{})
	c.people.wait = func() { entered <- struct{}{}; <-leave }
	h := c.newAuthorityHandler(&realpersonhttp.Options{MaxConcurrent: 1})
	const body = `{"request":"x","evidence":{"number":"A1","code":"code-A1"}}`
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := httptest.NewRequest("POST", "/enrol", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}()
	<-entered
	status, p := ask(t, h, "POST", "/renew", "application/json", `{"request":"x"}`)
	if status != 503 || p.Code != string(realpersonhttp.Busy) {
		t.Errorf("got %d %+v, want busy", status, p)
	}
	close(leave)
	<-done
	if status, p := ask(t, h, "POST", "/renew", "application/json", `{"request":"x"}`); status != 400 {
		t.Errorf("afterwards: got %d %+v", status, p)
	}
}

// TestCodes wants every code in the documentation, under its status.
func TestCodes(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]string{}
	for line := range strings.SplitSeq(string(doc), "\n") {
		if status, codes, ok := strings.Cut(strings.TrimPrefix(line, "//\t"), "  "); ok && len(status) == 3 {
			lines[status] = ", " + codes + ","
		}
	}
	n := 0
	for code, status := range realpersonhttp.Codes() {
		n++
		if !strings.Contains(lines[status], ", "+string(code)+",") {
			t.Errorf("doc.go does not have %s under %s", code, status)
		}
	}
	if n < 30 {
		t.Errorf("found %d codes: this test looks for the wrong thing", n)
	}
}

// TestClientErrors is what a client makes of servers that are no authority.
func TestClientErrors(t *testing.T) {
	const problemType = "application/problem+json"
	for _, tt := range []struct {
		name   string
		status int
		media  string
		body   string
		want   error
	}{
		{"a page", 200, "text/html", "<html>", realpersonhttp.ErrAnswer},
		{"JSON by another name", 200, "text/plain", `{"challenge":"x"}`, realpersonhttp.ErrAnswer},
		{"not JSON", 200, "application/json", "{", realpersonhttp.ErrAnswer},
		{"an array", 200, "application/json", "[]", realpersonhttp.ErrAnswer},
		{"no challenge", 200, "application/json", "{}", realpersonhttp.ErrAnswer},
		{"a long challenge", 200, "application/json", `{"challenge":"` + strings.Repeat("x", 300) + `"}`, realpersonhttp.ErrAnswer},
		{"too large", 200, "application/json", `{"challenge":"` + strings.Repeat("x", 2<<20) + `"}`, realpersonhttp.ErrAnswer},
		{"another status", 201, "application/json", `{"challenge":"x"}`, realpersonhttp.ErrAnswer},
		{"a redirection", 307, "application/json", `{"challenge":"x"}`, realpersonhttp.ErrAnswer},
		{"a gateway", 502, "text/html", "", realpersonhttp.ErrUnavailable},
		{"another problem", 403, problemType, `{"code":"teapot","status":403}`, realpersonhttp.ErrAnswer},
		{"another status than the code's", 400, problemType, `{"code":"enrolled","status":409}`, realpersonhttp.ErrAnswer},
		{"not a problem", 400, problemType, `x`, realpersonhttp.ErrAnswer},
		{"a problem", 409, problemType, `{"code":"enrolled","status":409,"detail":"a\u001b[2Jb"}`, realperson.ErrEnrolled},
	} {
		var elsewhere bool
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			elsewhere = elsewhere || r.URL.Path != "/challenge"
			w.Header().Set("Content-Type", tt.media)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}))
		client, err := realpersonhttp.NewAuthorityClient(s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, err = client.Challenge(t.Context())
		if !errors.Is(err, tt.want) || elsewhere {
			t.Errorf("%s: got %v (elsewhere: %v), want %v", tt.name, err, elsewhere, tt.want)
		}
		if strings.Contains(err.Error(), "\x1b") || strings.Contains(err.Error(), s.URL) {
			t.Errorf("%s: got the text %q", tt.name, err)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := client.Challenge(over); !errors.Is(err, realpersonhttp.ErrUnavailable) || !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), s.URL) {
			t.Errorf("%s: given up: got %v", tt.name, err)
		}
		s.Close()
		if _, err := client.Challenge(t.Context()); !errors.Is(err, realpersonhttp.ErrUnavailable) || strings.Contains(err.Error(), s.URL) {
			t.Errorf("%s: closed: got %v", tt.name, err)
		}
	}
	for _, url := range []string{"http://authority.example", "https://user@authority.example", "https://authority.example?x=1", "authority", "https://a.example#x", "ftp://a.example"} {
		if _, err := realpersonhttp.NewPlatformClient(url, nil); err == nil {
			t.Errorf("%s: no error", url)
		}
	}
	if _, err := realpersonhttp.NewAuthorityClient("http://authority.example", &realpersonhttp.ClientOptions{InsecureHTTP: true}); err != nil {
		t.Error(err)
	}
}

// TestResults reads answers that no platform gives.
func TestResults(t *testing.T) {
	for name, text := range map[string]string{
		"of nothing":        `{"action":"login"}`,
		"of two things":     `{"action":"login","account":"a","scope":"vote","index":0}`,
		"with an escape":    `{"action":"login","account":"a\u001b"}`,
		"without time":      `{"action":"login","account":"a","created":"today"}`,
		"a negative index":  `{"action":"scope","scope":"vote","index":-1}`,
		"a large index":     `{"action":"scope","scope":"vote","index":4096}`,
		"a report too many": `{"action":"veto","account":"a","reports":["` + strings.Repeat(`2026-01-01T00:00:00Z","`, 4) + `2026-01-01T00:00:00Z"]}`,
		"a report untimely": `{"action":"veto","account":"a","reports":["yesterday"]}`,
	} {
		if r, err := realpersonhttp.ParseResult([]byte(text)); !errors.Is(err, realpersonhttp.ErrAnswer) {
			t.Errorf("%s: got %+v, %v", name, r, err)
		}
	}
}

// TestLargeBatch is more than any wallet takes.
func TestLargeBatch(t *testing.T) {
	size := realperson.MaxBatchSize - 16
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"issued":{"x":"`+strings.Repeat("x", size)+`"}}`)
	}))
	defer s.Close()
	client, err := realpersonhttp.NewAuthorityClient(s.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := client.Renew(t.Context(), []byte("x")); err != nil || len(b) < size {
		t.Errorf("got %d bytes, %v", len(b), err)
	}
	size += 32
	if _, err := client.Renew(t.Context(), []byte("x")); !errors.Is(err, realpersonhttp.ErrAnswer) {
		t.Errorf("got %v, want ErrAnswer", err)
	}
}

// FuzzRequests sends any body anywhere: it is answered in order, and never as an error of the server.
func FuzzRequests(f *testing.F) {
	c := newCity(f)
	paths := []string{"/enrol", "/reenrol", "/activate", "/renew", "/requests", "/responses"}
	for i, body := range []string{
		`{"request":"x","evidence":{"number":"A1","code":"code-A1"}}`, `{"request":"a.b.c","evidence":{}}`, `{"request":"e30.e30.e30"}`, `{"request":"x"}`,
		`{"action":"scope","scope":"vote","session":"AAAAAAAAAAAAAAAAAAAAAA"}`, `{"action":"signup","response":"e30.e30.AA"}`,
	} {
		f.Add(uint8(i), []byte(body))
	}
	f.Fuzz(func(t *testing.T, n uint8, body []byte) {
		path := paths[int(n)%len(paths)]
		h := c.authorityHandler
		if strings.HasPrefix(path, "/requests") || strings.HasPrefix(path, "/responses") {
			h = c.platformHandler
		}
		if status, p := ask(t, h, "POST", path, "application/json", string(body)); status >= 500 {
			t.Errorf("%s: got %d %+v", path, status, p)
		}
	})
}

// FuzzAnswers reads any answer of a server.
func FuzzAnswers(f *testing.F) {
	for _, s := range []string{`{"action":"signup","account":"a","created":"2026-01-01T00:00:00Z","reports":["2026-01-01T00:00:00Z"]}`, `{"action":"scope","scope":"vote","index":0}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := realpersonhttp.ParseResult(b)
		if err == nil && (r.Account == "") == (r.Scope == "") {
			t.Errorf("got %+v of %q", r, b)
		}
	})
}
