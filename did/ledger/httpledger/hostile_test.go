package httpledger

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// scripted answers every request in the same way, as a server could that means harm.
type scripted struct {
	status  int
	header  http.Header
	body    io.Reader
	length  int64 // as told; -1: not told
	asked   int
	onAsked func(*http.Request)
}

func (s *scripted) RoundTrip(r *http.Request) (*http.Response, error) {
	s.asked++
	if s.onAsked != nil {
		s.onAsked(r)
	}
	if r.Body != nil {
		_, _ = io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	if seeker, ok := s.body.(io.Seeker); ok {
		_, _ = seeker.Seek(0, io.SeekStart)
	}
	return &http.Response{
		StatusCode: s.status, Header: s.header, Body: io.NopCloser(s.body), ContentLength: s.length,
		ProtoMajor: 1, ProtoMinor: 1, Request: r,
	}, nil
}

func answering(status int, contentType string, body []byte) *scripted {
	return &scripted{status: status, header: http.Header{"Content-Type": {contentType}}, body: bytes.NewReader(body), length: int64(len(body))}
}

func clientOf(tb testing.TB, transport http.RoundTripper) *Client {
	tb.Helper()
	c, err := NewClient("https://ledger.example", &ClientOptions{Transport: transport, RetryTime: -1})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// calls are all methods of a client, each reduced to its error.
var calls = map[string]func(ctx context.Context, c *Client) error{
	"Append": func(ctx context.Context, c *Client) error {
		_, err := c.Append(ctx, "abc", 1, []byte("mine"))
		return err
	},
	"History": func(ctx context.Context, c *Client) error {
		for _, err := range c.History(ctx, "abc", 1) {
			if err != nil {
				return err
			}
		}
		return nil
	},
	"Follow": func(ctx context.Context, c *Client) error {
		for _, err := range c.Follow(ctx, 258) {
			if err != nil {
				return err
			}
		}
		return nil
	},
	"State": func(ctx context.Context, c *Client) error {
		_, _, err := c.State(ctx, "abc")
		return err
	},
	"Prove": func(ctx context.Context, c *Client) error {
		_, err := c.Prove(ctx, "abc", 1)
		return err
	},
	"Last": func(ctx context.Context, c *Client) error {
		_, _, err := c.Last(ctx)
		return err
	},
	"Health": func(ctx context.Context, c *Client) error { return c.Health(ctx) },
}

func page(marker byte, entries ...ledger.Entry) []byte {
	b := []byte{marker}
	for i := range entries {
		b = appendEntry(b, &entries[i])
	}
	return b
}

// later returns the entry that may follow example in its key or in the ledger.
func later(seq, index uint64, after time.Duration) ledger.Entry {
	e := example
	e.Seq, e.Anchor.Index, e.Anchor.Time = seq, index, e.Anchor.Time.Add(after)
	return e
}

// TestHostileAnswers: an answer that breaks the protocol is ErrAnswer, never a verdict on the operation and never an entry.
func TestHostileAnswers(t *testing.T) {
	other := example
	other.Key = "abd"
	conflict := func(length string, e *ledger.Entry) []byte {
		entry := ""
		if e != nil {
			entry = `,"entry":"` + base64.StdEncoding.EncodeToString(appendEntry(nil, e)) + `"`
		}
		return []byte(`{"code":"conflict","length":"` + length + `"` + entry + `}`)
	}
	mine := later(1, 3, 0)
	mine.Op = []byte("mine")
	for name, test := range map[string]struct {
		answer *scripted
		calls  string
	}{
		"other content type":    {answering(200, "text/html", make([]byte, 16)), "Append History Follow State Prove Last Health"},
		"parameters on type":    {answering(200, media+"; x=y", make([]byte, 16)), "Append State Prove Last"},
		"no body":               {answering(200, media, nil), "Append History Follow State Prove"},
		"anchor of 15 bytes":    {answering(200, media, make([]byte, 15)), "Append Last"},
		"anchor of 17 bytes":    {answering(200, media, make([]byte, 17)), "Append Last"},
		"anchor before 1970":    {answering(200, media, bytes.Repeat([]byte{0xff}, 16)), "Append Last"},
		"health with a body":    {answering(200, media, []byte("ok")), "Health"},
		"state of 7 bytes":      {answering(200, media, make([]byte, 7)), "State"},
		"state of a new key":    {answering(200, media, make([]byte, 9)), "State"},
		"status 204":            {answering(204, media, nil), "Append History Follow State Prove Last Health"},
		"status 201":            {answering(201, media, make([]byte, 16)), "Append"},
		"status 206":            {answering(206, media, page(pageLast)), "History Follow"},
		"status 500, text":      {answering(500, "text/plain", []byte("oops")), "Append History Follow State Prove Last Health"},
		"status 404, text":      {answering(404, "text/plain", []byte("oops")), "Append History Follow State Prove Last Health"},
		"entry of another key":  {answering(200, media, page(pageLast, other)), "History"},
		"entry of another seq":  {answering(200, media, page(pageLast, later(2, 258, 0))), "History"},
		"entry of other index":  {answering(200, media, page(pageLast, later(1, 257, 0))), "Follow"},
		"gap in seq":            {answering(200, media, page(pageLast, example, later(3, 259, 0))), "History"},
		"gap in index":          {answering(200, media, page(pageLast, example, later(2, 260, 0))), "Follow"},
		"index that goes back":  {answering(200, media, page(pageLast, example, later(2, 258, 0))), "History Follow"},
		"time that goes back":   {answering(200, media, page(pageLast, example, later(2, 259, -time.Second))), "History Follow"},
		"the same page forever": {answering(200, media, page(pageMore, example)), "History Follow"},
		"empty pages forever":   {answering(200, media, []byte{pageMore}), "History Follow"},
		"malformed problem":     {answering(422, problem, []byte(`{"code":"invalid"`)), "Append History Follow State Prove Last Health"},
		"problem is no object":  {answering(422, problem, []byte(`["invalid"]`)), "Append"},
		"code twice":            {answering(422, problem, []byte(`{"code":"invalid","code":"invalid"}`)), "Append"},
		"no code":               {answering(422, problem, []byte(`{"detail":"x"}`)), "Append"},
		"code is no text":       {answering(422, problem, []byte(`{"code":1}`)), "Append"},
		"unknown code":          {answering(422, problem, []byte(`{"code":"unheard-of"}`)), "Append"},
		"code of other status":  {answering(503, problem, []byte(`{"code":"invalid"}`)), "Append"},
		"refusal with 200":      {answering(200, problem, []byte(`{"code":"invalid"}`)), "Append"},
		"terminal commands":     {answering(422, problem, []byte(`{"code":"invalid","detail":"\u001b[2J"}`)), "Append"},
		"detail is no text":     {answering(422, problem, []byte(`{"code":"invalid","detail":1}`)), "Append"},
		"long detail":           {answering(422, problem, []byte(`{"code":"invalid","detail":"`+strings.Repeat("x", 3000)+`"}`)), "Append"},
		"cause with spaces":     {answering(422, problem, []byte(`{"code":"invalid","causes":["a b"]}`)), "Append"},
		"causes no list":        {answering(422, problem, []byte(`{"code":"invalid","causes":"a"}`)), "Append"},
		"too many causes":       {answering(422, problem, []byte(`{"code":"invalid","causes":["a","a","a","a","a","a","a","a","a"]}`)), "Append"},
		"conflict, no length":   {answering(409, problem, []byte(`{"code":"conflict"}`)), "Append"},
		"conflict, no number":   {answering(409, problem, conflict("x", nil)), "Append"},
		"conflict, long entry":  {answering(409, problem, []byte(`{"code":"conflict","length":"2","entry":"`+base64.StdEncoding.EncodeToString(append(appendEntry(nil, &example), 0))+`"}`)), "Append"},
		"conflict at the end":   {answering(409, problem, conflict("1", nil)), "Append"},
		"conflict, no entry":    {answering(409, problem, conflict("2", nil)), "Append"},
		"conflict beyond":       {answering(409, problem, conflict("0", &example)), "Append"},
		"conflict elsewhere":    {answering(409, problem, conflict("9", &other)), "Append"},
		"conflict at other seq": {answering(409, problem, conflict("9", &ledger.Entry{Key: "abc", Seq: 2, Op: []byte("op"), Anchor: example.Anchor})), "Append"},
		"conflict with equal":   {answering(409, problem, conflict("2", &mine)), "Append"},
		"conflict on reading":   {answering(409, problem, conflict("2", &example)), "History Follow State Prove Last Health"},
		"conflict, bad base64":  {answering(409, problem, []byte(`{"code":"conflict","length":"2","entry":"A==="}`)), "Append"},
		"conflict, cut entry":   {answering(409, problem, []byte(`{"code":"conflict","length":"2","entry":"A2Fi"}`)), "Append"},
		"clock without times":   {answering(503, problem, []byte(`{"code":"clock"}`)), "Append"},
		"clock in local time":   {answering(503, problem, []byte(`{"code":"clock","now":"2026-05-01T12:00:00+08:00","last":"2026-05-01T12:00:00Z"}`)), "Append"},
		"our request malformed": {answering(404, problem, []byte(`{"code":"malformed"}`)), "Append History Follow State Prove Last Health"},
	} {
		for what := range strings.FieldsSeq(test.calls) {
			t.Run(name+"/"+what, func(t *testing.T) {
				err := calls[what](t.Context(), clientOf(t, test.answer))
				if !errors.Is(err, ErrAnswer) {
					t.Fatalf("got error %v, want %v", err, ErrAnswer)
				}
				for _, verdict := range []error{ledger.ErrInvalid, ledger.ErrConflict, ledger.ErrClock, ledger.ErrCorrupt, ledger.ErrClosed} {
					if errors.Is(err, verdict) {
						t.Errorf("error %v is also %v", err, verdict)
					}
				}
			})
		}
	}
}

// endless is a body that has no end, and counts what is taken of it.
type endless struct{ taken int }

func (e *endless) Read(b []byte) (int, error) {
	clear(b)
	e.taken += len(b)
	return len(b), nil
}

// TestOversized: of an answer that is too long no more is read than could be right.
func TestOversized(t *testing.T) {
	limits := map[string]int{
		"Append": anchorSize, "Last": anchorSize, "Health": 0, "History": maxPage, "Follow": maxPage, "State": maxState, "Prove": maxProof,
	}
	for what, limit := range limits {
		for name, length := range map[string]int64{"length not told": -1, "length told": int64(limit) + 1} {
			body := &endless{}
			err := calls[what](t.Context(), clientOf(t, &scripted{status: 200, header: http.Header{"Content-Type": {media}}, body: body, length: length}))
			if !errors.Is(err, ErrAnswer) {
				t.Errorf("%s, %s: got error %v, want %v", what, name, err, ErrAnswer)
			}
			if body.taken > 2*limit+2048 {
				t.Errorf("%s, %s: %d bytes were read, and %d could be right", what, name, body.taken, limit)
			}
			if length > 0 && body.taken > 0 {
				t.Errorf("%s, %s: %d bytes were read of an answer that was told to be too long", what, name, body.taken)
			}
		}
		body := &endless{}
		err := calls[what](t.Context(), clientOf(t, &scripted{status: 422, header: http.Header{"Content-Type": {problem}}, body: body, length: -1}))
		if !errors.Is(err, ErrAnswer) || body.taken > 2*maxProblem+2048 {
			t.Errorf("%s: endless problem object: got error %v after %d bytes", what, err, body.taken)
		}
	}
}

func TestEncodedAnswers(t *testing.T) {
	for what, call := range calls {
		s := answering(200, media, make([]byte, 16))
		s.header["Content-Encoding"] = []string{"gzip"}
		if err := call(t.Context(), clientOf(t, s)); !errors.Is(err, ErrAnswer) {
			t.Errorf("%s: got error %v, want %v", what, err, ErrAnswer)
		}
	}
}

// TestBelievedAnswers: the good answers that the faults above differ from.
func TestBelievedAnswers(t *testing.T) {
	for what, s := range map[string]*scripted{
		"Append":  answering(200, media, appendAnchor(nil, example.Anchor)),
		"History": answering(200, media, page(pageLast, example, later(2, 260, 0))),
		"Follow":  answering(200, media, page(pageLast, example, later(0, 259, time.Second))),
		"State":   answering(200, media, append(make([]byte, 7), 1, 'x')),
		"Prove":   answering(200, media, []byte("proof")),
		"Last":    answering(200, media, appendAnchor(nil, example.Anchor)),
		"Health":  answering(200, media, nil),
	} {
		if err := calls[what](t.Context(), clientOf(t, s)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err := clientOf(t, answering(409, problem, []byte(`{"code":"conflict","length":"0","later":true}`))).Append(t.Context(), "abc", 1, []byte("mine"))
	if conflict, ok := errors.AsType[*ledger.ConflictError](err); !ok || conflict.Length != 0 || conflict.Seq != 1 {
		t.Errorf("conflict beyond the end: got error %v", err)
	}
}

// FuzzAnswer: whatever a server answers, no method panics, and no error is a verdict that the answer did not give.
func FuzzAnswer(f *testing.F) {
	f.Add(200, media, appendAnchor(nil, example.Anchor), int64(-1), "")
	f.Add(200, media, page(pageLast, example), int64(-1), "")
	f.Add(409, problem, (&refusal{code: Conflict, status: 409, entry: &example, length: 2}).appendJSON(nil), int64(-1), "")
	f.Add(429, problem, (&refusal{code: Limited, status: 429}).appendJSON(nil), int64(-1), "3")
	f.Add(503, "text/html", []byte("busy"), int64(4), "Fri, 01 May 2026 12:00:00 GMT")
	f.Add(302, "", []byte{}, int64(0), "")
	f.Fuzz(func(t *testing.T, status int, contentType string, body []byte, length int64, retry string) {
		s := answering(status, contentType, body)
		s.length = max(length, -1)
		s.header.Set("Retry-After", retry)
		c := clientOf(t, s)
		for what, call := range calls {
			err := call(t.Context(), c)
			if err != nil && status == http.StatusOK && !errors.Is(err, ErrAnswer) {
				t.Errorf("%s: status 200: error %v is not %v", what, err, ErrAnswer)
			}
			if err == nil && status != http.StatusOK {
				t.Errorf("%s: status %d is taken as success", what, status)
			}
			if errors.Is(err, ledger.ErrInvalid) && !bytes.Contains(body, []byte("code")) {
				t.Errorf("%s: verdict %v of %q", what, err, body)
			}
		}
		if d := retryAfter(retry, time.Now()); d < 0 {
			t.Errorf("retry after %v", d)
		}
	})
}

// TestRedirects: no redirect is followed, not even to the same server.
func TestRedirects(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := answering(status, "", nil)
		s.header.Set("Location", "https://elsewhere.example/")
		s.onAsked = func(r *http.Request) {
			if r.URL.Host != "ledger.example" {
				t.Errorf("status %d: asked %s", status, r.URL.Host)
			}
		}
		c := clientOf(t, s)
		for what, call := range calls {
			s.asked = 0
			if err := call(t.Context(), c); !errors.Is(err, ErrAnswer) || s.asked != 1 {
				t.Errorf("%s: status %d: got error %v after %d requests, want %v after one", what, status, err, s.asked, ErrAnswer)
			}
		}
	}
}

// dripping is a body that never comes: it ends with the context of the request.
type dripping struct{ ctx context.Context }

func (d *dripping) Read([]byte) (int, error) {
	<-d.ctx.Done()
	return 0, fmt.Errorf("reading: %w", d.ctx.Err())
}

// TestDrippingServer: the time for one try ends an answer that does not come to its end, and that is not the end of the
// caller's context.
func TestDrippingServer(t *testing.T) {
	body := &dripping{}
	s := &scripted{status: 200, header: http.Header{"Content-Type": {media}}, body: body, length: 16}
	s.onAsked = func(r *http.Request) { body.ctx = r.Context() }
	c := clientOf(t, s)
	c.timeout = time.Millisecond
	for what, call := range calls {
		err := call(t.Context(), c)
		if what == "Health" {
			continue // 16 bytes are too many at once
		}
		if _, ok := errors.AsType[*UnavailableError](err); !ok || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
			t.Errorf("%s: got error %v, want an UnavailableError that is no context's", what, err)
		}
	}
	c.timeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	s.onAsked = func(r *http.Request) {
		body.ctx = r.Context()
		cancel()
	}
	if err := calls["State"](ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled while reading: got error %v, want %v", err, context.Canceled)
	}
}
