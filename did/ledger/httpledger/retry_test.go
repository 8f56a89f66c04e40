package httpledger

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// A script answers one request after the other, and the last one again and again.
type script struct {
	steps []any // *scripted or error
	asked int
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	step := s.steps[min(s.asked, len(s.steps)-1)]
	s.asked++
	switch step := step.(type) {
	case *scripted:
		return step.RoundTrip(r)
	case error:
		return nil, step
	}
	panic("no step")
}

// patient is a client whose pauses are noted and take no time.
func patient(t *testing.T, budget time.Duration, steps ...any) (*Client, *script, *[]time.Duration) {
	t.Helper()
	s := &script{steps: steps}
	c, err := NewClient("https://ledger.example", &ClientOptions{Transport: s, RetryTime: budget})
	if err != nil {
		t.Fatal(err)
	}
	pauses := new([]time.Duration)
	c.sleep = func(ctx context.Context, d time.Duration) error {
		*pauses = append(*pauses, d)
		return ctx.Err()
	}
	return c, s, pauses
}

func saying(code Code, retry string) *scripted {
	status := statuses[code][0]
	p := &refusal{code: code, status: status, now: example.Anchor.Time, last: example.Anchor.Time}
	s := answering(status, problem, p.appendJSON(nil))
	if retry != "" {
		s.header.Set("Retry-After", retry)
	}
	return s
}

var (
	refusedConn = &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	stands      = answering(200, media, appendAnchor(nil, example.Anchor))
)

// TestRetries: what passes is tried again, with the pauses that the server names or with growing ones.
func TestRetries(t *testing.T) {
	truncated := answering(200, media, appendAnchor(nil, example.Anchor)[:9])
	truncated.body = io.MultiReader(bytes.NewReader(make([]byte, 9)), failingReader{io.ErrUnexpectedEOF})
	for name, step := range map[string]any{
		"no connection": refusedConn, "connection lost": io.EOF, "answer cut short": truncated,
		"limited": saying(Limited, "3"), "busy": saying(Busy, "3"), "stopping": saying(Stopping, "3"), "timeout": saying(Timeout, "3"),
		"proxy 429": answering(429, "text/html", []byte("slow down")), "proxy 502": answering(502, "", nil),
		"proxy 503": answering(503, "text/html", nil), "proxy 504": answering(504, "text/html", nil),
	} {
		t.Run(name, func(t *testing.T) {
			c, s, pauses := patient(t, time.Minute, step, step, step, stands)
			op := []byte("op")
			e, err := c.Append(t.Context(), "abc", 1, op)
			if err != nil || e.Anchor != example.Anchor || string(e.Op) != "op" || e.Key != "abc" || e.Seq != 1 {
				t.Fatalf("got %v, %v", e, err)
			}
			if s.asked != 4 || len(*pauses) != 3 {
				t.Errorf("%d requests with the pauses %v, want 4 with 3", s.asked, *pauses)
			}
			for i, d := range *pauses {
				if named := strings.Contains("limited busy stopping timeout", name); named && d != 3*time.Second {
					t.Errorf("pause of %v, want the 3 s of Retry-After", d)
				} else if most := firstPause << i; !named && (d < most/2 || d > most) {
					t.Errorf("pause %d of %v, want at most %v", i, d, most)
				}
			}
		})
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// TestNoRetries: what will not pass, or is the caller's to decide, is asked once.
func TestNoRetries(t *testing.T) {
	for name, step := range map[string]any{
		"invalid": saying(Invalid, ""), "invalid with a time": saying(Invalid, "1"), "too large": saying(TooLarge, ""), "clock": saying(Clock, "1"),
		"failed": saying(Failed, ""), "corrupt": saying(Corrupt, ""), "not supported": saying(NotSupported, ""),
		"malformed": answering(200, media, []byte("x")), "certificate": x509.UnknownAuthorityError{},
		"no such host": &net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}, "unknown": errors.New("anything"),
	} {
		c, s, _ := patient(t, time.Minute, step)
		if _, err := c.Append(t.Context(), "abc", 1, []byte("op")); err == nil || s.asked != 1 {
			t.Errorf("%s: got error %v after %d requests, want one", name, err, s.asked)
		}
	}
}

// TestRetryBounds: waiting ends with the time given for it, before the context does, and at once if it would be too long.
func TestRetryBounds(t *testing.T) {
	c, s, pauses := patient(t, 10*time.Second, saying(Busy, "4"))
	_, err := c.Append(t.Context(), "abc", 1, []byte("op"))
	if gone, ok := errors.AsType[*UnavailableError](err); !ok || !errors.Is(err, ledger.ErrUnavailable) || gone.Code != Busy || gone.RetryAfter != 4*time.Second || gone.Status != 503 {
		t.Errorf("got error %#v", err)
	}
	if s.asked != 3 || len(*pauses) != 2 {
		t.Errorf("%d requests, pauses %v; want 3 with 2 of 4 s in 10 s", s.asked, *pauses)
	}

	c, s, _ = patient(t, -1, refusedConn)
	if _, err := c.Append(t.Context(), "abc", 1, []byte("op")); !errors.Is(err, syscall.ECONNREFUSED) || s.asked != 1 {
		t.Errorf("without retries: got error %v after %d requests", err, s.asked)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, s, pauses = patient(t, time.Hour, saying(Busy, "61"))
	_, err = c.Append(ctx, "abc", 1, []byte("op"))
	if _, ok := errors.AsType[*UnavailableError](err); !ok || s.asked != 1 || len(*pauses) != 0 {
		t.Errorf("a wait beyond the context: got error %v after %d requests, pauses %v", err, s.asked, *pauses)
	}

	c, s, _ = patient(t, time.Hour, saying(Busy, "1000000000000"))
	if _, err := c.Append(t.Context(), "abc", 1, []byte("op")); err == nil || s.asked != 1 {
		t.Errorf("a wait of ages: got error %v after %d requests", err, s.asked)
	}

	ctx, cancel = context.WithCancel(t.Context())
	c, s, _ = patient(t, time.Hour, refusedConn)
	c.sleep = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}
	if _, err := c.Append(ctx, "abc", 1, []byte("op")); !errors.Is(err, context.Canceled) || s.asked != 1 {
		t.Errorf("canceled in a pause: got error %v after %d requests", err, s.asked)
	}
}

// TestProveWaits: a proof that is not there yet is waited for until the context ends, however long.
func TestProveWaits(t *testing.T) {
	steps := make([]any, 0, 101)
	for range 100 {
		steps = append(steps, saying(Pending, "5"))
	}
	c, s, _ := patient(t, time.Second, append(steps, answering(200, media, []byte("proof")))...)
	if b, err := c.Prove(t.Context(), "abc", 7); err != nil || string(b) != "proof" || s.asked != 101 {
		t.Errorf("got %q, %v after %d requests", b, err, s.asked)
	}
	c, _, pauses := patient(t, time.Second, saying(Pending, "99999999"), answering(200, media, []byte("proof")))
	if _, err := c.Prove(t.Context(), "abc", 7); err != nil || (*pauses)[0] > longestPause {
		t.Errorf("a server that names ages: %v, pauses %v", err, *pauses)
	}
	c, s, _ = patient(t, time.Second, saying(Pending, "5"))
	if _, err := c.Append(t.Context(), "abc", 1, []byte("op")); err == nil || s.asked != 1 {
		t.Errorf("pending for an append: got error %v after %d requests", err, s.asked)
	}
	if err := calls["Prove"](t.Context(), clientOf(t, saying(NotSupported, ""))); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("no proofs: got error %v, want %v", err, errors.ErrUnsupported)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	for in, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "007": 0, "-1": 0, "1.5": 0, "soon": 0, "18446744073709551616": 0,
		"18446744073709551615": 1 << 30 * time.Second, "Fri, 01 May 2026 12:00:09 GMT": 9 * time.Second, "Fri, 01 May 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(in, now); got != want {
			t.Errorf("%q: got %v, want %v", in, got, want)
		}
	}
}

// TestOperationIsCopied: a transport may read the body after it has returned.
func TestOperationIsCopied(t *testing.T) {
	var late io.ReadCloser
	s := answering(200, media, appendAnchor(nil, example.Anchor))
	c := clientOf(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		late, _ = r.GetBody()
		r.Body.Close()
		return s.RoundTrip(&http.Request{})
	}))
	op := []byte("original")
	e, err := c.Append(t.Context(), "abc", 1, op)
	if err != nil {
		t.Fatal(err)
	}
	clear(op)
	clear(e.Op)
	if b, _ := io.ReadAll(late); string(b) != "original" {
		t.Errorf("the body has become %q", b)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestChecksBeforeAsking: what can be refused without asking is.
func TestChecksBeforeAsking(t *testing.T) {
	c, s, _ := patient(t, time.Minute, errors.New("asked"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		err  error
		want error
	}{
		"key":       {second(c.Append(t.Context(), "a/b", 0, []byte("x"))), ledger.ErrInvalid},
		"operation": {second(c.Append(t.Context(), "ab", 0, make([]byte, ledger.MaxOpSize+1))), ledger.ErrTooLarge},
		"proof":     {second(c.Prove(t.Context(), "../last", 0)), ledger.ErrInvalid},
		"context":   {second(c.Append(ctx, "ab", 0, []byte("x"))), context.Canceled},
	} {
		if !errors.Is(test.err, test.want) {
			t.Errorf("%s: got error %v, want %v", name, test.err, test.want)
		}
	}
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	for what, call := range calls {
		if err := call(t.Context(), c); !errors.Is(err, ledger.ErrClosed) {
			t.Errorf("%s after Close: got error %v", what, err)
		}
	}
	if s.asked != 0 {
		t.Errorf("%d requests", s.asked)
	}
}

func second[T any](_ T, err error) error { return err }

func TestNewClient(t *testing.T) {
	for _, base := range []string{
		"https://ledger.example", "https://ledger.example/", "https://ledger.example:8443/a/b/", "http://127.0.0.1:80", "http://[::1]:80", "http://localhost/x", "http://127.9.9.9",
	} {
		if _, err := NewClient(base, nil); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
	for _, base := range []string{
		"", "ledger.example", "//ledger.example", "ftp://ledger.example", "file:///ledger", "https:", "https://", "https:ledger.example", "https://user:secret@ledger.example",
		"https://ledger.example?x", "https://ledger.example/?", "https://ledger.example#x", "https://ledger.example/a%2fb", "http://ledger.example",
		"http://10.0.0.1", "http://localhost.example", "http://0.0.0.0", "http://[2001:db8::1]", "https://ledger.example:port", "http://2130706433",
	} {
		_, err := NewClient(base, nil)
		if err == nil {
			t.Errorf("%s: accepted", base)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells the password: %v", base, err)
		}
	}
	if c, err := NewClient("http://10.0.0.1", &ClientOptions{InsecureHTTP: true}); err != nil || c.retryTime != 10*time.Second || c.timeout != time.Minute {
		t.Errorf("default times: %+v, %v", c, err)
	}
	if _, err := NewClient("https://ledger.example", &ClientOptions{Causes: Causes{"": io.EOF}}); err == nil {
		t.Error("a cause without a name is accepted")
	}
	c, err := NewClient("https://ledger.example/a/", &ClientOptions{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if got, want := r.URL.String(), "https://ledger.example/a/ledger/v1/health"; got != want {
			t.Errorf("asked %s, want %s", got, want)
		}
		return answering(200, media, nil).RoundTrip(r)
	})})
	if err != nil || c.Health(t.Context()) != nil {
		t.Error(err)
	}
}

// TestLoopbackOnly: a name for loopback that leads elsewhere is refused before anything is sent.
func TestLoopbackOnly(t *testing.T) {
	c, err := NewClient("http://localhost", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"192.0.2.1:80", "[2001:db8::1]:80", "0.0.0.0:80"} {
		conn, err := c.own.DialContext(t.Context(), "tcp", address)
		if err == nil {
			conn.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "not loopback") {
			t.Errorf("%s: got error %v", address, err)
		}
	}
	if c.own.Proxy != nil {
		t.Error("http to loopback may go through a proxy")
	}
}
