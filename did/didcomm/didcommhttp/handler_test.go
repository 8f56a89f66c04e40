package didcommhttp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/didcomm"
)

func TestHandlerStatus(t *testing.T) {
	const limit = 64
	for _, c := range []struct {
		name     string
		method   string
		media    []string
		encoding string
		body     string
		unsized  bool // no Content-Length
		receive  error
		want     int
		called   bool
	}{
		{name: "a message", media: []string{didcomm.MediaTypeEncrypted}, body: "{}", want: 202, called: true},
		{name: "a parameter", media: []string{didcomm.MediaTypeEncrypted + "; charset=utf-8"}, body: "{}", want: 202, called: true},
		{name: "other case", media: []string{"Application/DIDComm-Encrypted+JSON"}, body: "{}", want: 202, called: true},
		{name: "at the limit", media: []string{didcomm.MediaTypeEncrypted}, body: strings.Repeat("x", limit), want: 202, called: true},
		{name: "at the limit, of unknown size", media: []string{didcomm.MediaTypeEncrypted}, body: strings.Repeat("x", limit), unsized: true, want: 202, called: true},
		{name: "another method", method: http.MethodGet, media: []string{didcomm.MediaTypeEncrypted}, want: 405},
		{name: "put", method: http.MethodPut, media: []string{didcomm.MediaTypeEncrypted}, body: "{}", want: 405},
		{name: "no media type", body: "{}", want: 415},
		{name: "two media types", media: []string{didcomm.MediaTypeEncrypted, didcomm.MediaTypeEncrypted}, body: "{}", want: 415},
		{name: "a signed message, which is not taken", media: []string{didcomm.MediaTypeSigned}, body: "{}", want: 415},
		{name: "plaintext, which is not taken", media: []string{didcomm.MediaTypePlaintext}, body: "{}", want: 415},
		{name: "malformed media type", media: []string{didcomm.MediaTypeEncrypted + ";;"}, body: "{}", want: 415},
		{name: "compressed", media: []string{didcomm.MediaTypeEncrypted}, encoding: "gzip", body: "{}", want: 415},
		{name: "too large", media: []string{didcomm.MediaTypeEncrypted}, body: strings.Repeat("x", limit+1), want: 413},
		{name: "too large, of unknown size", media: []string{didcomm.MediaTypeEncrypted}, body: strings.Repeat("x", limit+1), unsized: true, want: 413},
		{name: "empty", media: []string{didcomm.MediaTypeEncrypted}, want: 400},
		{name: "invalid", media: []string{didcomm.MediaTypeEncrypted}, body: "{}", receive: fmt.Errorf("x: %w", didcomm.ErrInvalid), want: 400, called: true},
		{name: "refused", media: []string{didcomm.MediaTypeEncrypted}, body: "{}", receive: fmt.Errorf("x: %w", ErrRefused), want: 400, called: true},
		{name: "could not check", media: []string{didcomm.MediaTypeEncrypted}, body: "{}", receive: fmt.Errorf("x: %w", didcomm.ErrUnknown), want: 503, called: true},
		{name: "an error of no kind", media: []string{didcomm.MediaTypeEncrypted}, body: "{}", receive: errors.New("disk full"), want: 503, called: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			called := false
			h := NewHandler(func(_ context.Context, packed []byte) error {
				if called = true; string(packed) != c.body {
					t.Errorf("got %q, want %q", packed, c.body)
				}
				return c.receive
			}, &HandlerOptions{MaxSize: limit})
			method := c.method
			if method == "" {
				method = http.MethodPost
			}
			r := httptest.NewRequest(method, "/", strings.NewReader(c.body))
			if c.unsized {
				r.ContentLength = -1
			}
			for _, m := range c.media {
				r.Header.Add("Content-Type", m)
			}
			if c.encoding != "" {
				r.Header.Set("Content-Encoding", c.encoding)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != c.want || called != c.called {
				t.Errorf("got status %d, called %v; want %d, %v", w.Code, called, c.want, c.called)
			}
			if w.Body.Len() != 0 {
				t.Errorf("got a body %q, want none", w.Body)
			}
			if got := w.Header().Get("Allow"); (got == "POST") != (c.want == 405) {
				t.Errorf("Allow: got %q", got)
			}
		})
	}
}

func TestHandlerTakesOtherMediaTypesIfTold(t *testing.T) {
	h := NewHandler(func(context.Context, []byte) error { return nil }, &HandlerOptions{MediaTypes: []string{didcomm.MediaTypeSigned}})
	for media, want := range map[string]int{didcomm.MediaTypeSigned: 202, didcomm.MediaTypeEncrypted: 415} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
		r.Header.Set("Content-Type", media)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("%s: got %d, want %d", media, w.Code, want)
		}
	}
}

// TestHandlerTooManyAtOnce: while one message is worked on, another is put off, and is taken afterwards.
func TestHandlerTooManyAtOnce(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	h := NewHandler(func(context.Context, []byte) error {
		entered <- struct{}{}
		<-leave
		return nil
	}, &HandlerOptions{MaxAtOnce: 1})
	post := func() *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
		r.Header.Set("Content-Type", didcomm.MediaTypeEncrypted)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	first := make(chan int)
	go func() { first <- post().Code }()
	<-entered
	if w := post(); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("second: got %d, want 503 with Retry-After", w.Code)
	}
	leave <- struct{}{}
	if got := <-first; got != 202 {
		t.Errorf("first: got %d, want 202", got)
	}
	go func() { <-entered; leave <- struct{}{} }()
	if w := post(); w.Code != 202 {
		t.Errorf("third: got %d, want 202", w.Code)
	}
}

// TestHandlerStopsWaiting: who announces a message and does not send it is not waited for.
func TestHandlerStopsWaiting(t *testing.T) {
	s := httptest.NewServer(NewHandler(func(context.Context, []byte) error {
		t.Error("a message that did not come was received")
		return nil
	}, &HandlerOptions{Timeout: 20 * time.Millisecond}))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: 10\r\n\r\n{", didcomm.MediaTypeEncrypted)
	answer, err := io.ReadAll(conn) // ends because the server closes the connection
	if err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 408")) {
		t.Errorf("got %q, %v; want status 408", answer, err)
	}
}

// TestHandlerSlowSenders: who announces messages and does not send them holds next to nothing, and keeps nobody out.
func TestHandlerSlowSenders(t *testing.T) {
	h := NewHandler(func(context.Context, []byte) error { return nil }, &HandlerOptions{MaxAtOnce: 1, Timeout: time.Hour})
	s := httptest.NewServer(h)
	defer s.Close()
	for range 50 {
		conn, err := net.Dial("tcp", s.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n{", didcomm.MediaTypeEncrypted, didcomm.MaxMessage)
	}
	for h.held.Load() < 50*firstBuffer { // all of them are being read
		runtime.Gosched()
	}
	if got := h.held.Load(); got != 50*firstBuffer {
		t.Errorf("got %d bytes held for 50 senders of one byte each", got)
	}
	answer, err := http.Post(s.URL, didcomm.MediaTypeEncrypted, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != 202 {
		t.Errorf("somebody else: got status %d, want 202", answer.StatusCode)
	}
}

// TestHandlerBytes: messages together take no more than they may, and give back what they took.
func TestHandlerBytes(t *testing.T) {
	const size = 100 << 10
	entered, leave := make(chan struct{}), make(chan struct{})
	h := NewHandler(func(_ context.Context, packed []byte) error {
		if want := bytes.Repeat([]byte("0123456789"), size/10); !bytes.Equal(packed, want) {
			t.Errorf("got %d other bytes", len(packed))
		}
		entered <- struct{}{}
		<-leave
		return nil
	}, &HandlerOptions{MaxSize: size, MaxBytes: 1})
	post := func(sized bool) int {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(strings.Repeat("0123456789", size/10)))
		r.Header.Set("Content-Type", didcomm.MediaTypeEncrypted)
		if !sized {
			r.ContentLength = -1
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	first := make(chan int)
	go func() { first <- post(true) }()
	<-entered
	for _, sized := range []bool{true, false} {
		if got := post(sized); got != 503 {
			t.Errorf("a second one, whose length is known %v: got %d, want 503", sized, got)
		}
	}
	leave <- struct{}{}
	if got := <-first; got != 202 {
		t.Errorf("first: got %d, want 202", got)
	}
	if got := h.held.Load(); got != 0 {
		t.Errorf("%d bytes are held by nobody", got)
	}
}

// TestHandlerAnnouncedTooLarge: no memory is taken for what is announced.
func TestHandlerAnnouncedTooLarge(t *testing.T) {
	h := NewHandler(func(context.Context, []byte) error { return nil }, nil)
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader("{}"))
	r.Header.Set("Content-Type", didcomm.MediaTypeEncrypted)
	r.ContentLength = 1 << 62
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 413 {
		t.Errorf("got %d, want 413", w.Code)
	}
}
