package httpledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
)

func handlerOf(tb testing.TB, lg Source, opt *Options) *Handler {
	tb.Helper()
	h, err := NewHandler(lg, opt)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

func memory() *memledger.Ledger { return memledger.New(ledgertest.Reducer{}, nil) }

// request makes one of a client at 192.0.2.1; body nil is none.
func request(method, path string, body []byte) *http.Request {
	var r *http.Request
	if body == nil {
		r = httptest.NewRequest(method, "http://ledger.example/", nil)
	} else {
		r = httptest.NewRequest(method, "http://ledger.example/", bytes.NewReader(body))
		r.Header.Set("Content-Type", media)
	}
	u, err := r.URL.Parse(path)
	if err != nil {
		panic(err)
	}
	r.URL = u
	return r
}

func put(key string, seq int, op []byte) *http.Request {
	return request("PUT", fmt.Sprintf("/ledger/v1/keys/%s/entries/%d", key, seq), op)
}

// ask returns what a handler answers; the refusal is nil if it is none.
func ask(tb testing.TB, h http.Handler, r *http.Request) (*httptest.ResponseRecorder, *refusal) {
	tb.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		tb.Errorf("%s %s: Cache-Control %q", r.Method, r.URL, got)
	}
	if w.Code == http.StatusOK {
		if got := w.Header().Get("Content-Type"); got != media {
			tb.Errorf("%s %s: Content-Type %q", r.Method, r.URL, got)
		}
		return w, nil
	}
	if got := w.Header().Get("Content-Type"); got != problem {
		tb.Errorf("%s %s: Content-Type %q", r.Method, r.URL, got)
	}
	p, err := parseRefusal(w.Body.Bytes(), w.Code)
	if err != nil {
		tb.Fatalf("%s %s: status %d: %v in %s", r.Method, r.URL, w.Code, err, w.Body)
	}
	return w, p
}

func TestMalformedRequests(t *testing.T) {
	h := handlerOf(t, memory(), nil)
	op := []byte("new|x")
	with := func(r *http.Request, f func(*http.Request)) *http.Request {
		f(r)
		return r
	}
	for name, test := range map[string]struct {
		r      *http.Request
		status int
		code   Code
	}{
		"root":                {request("GET", "/", nil), 404, Malformed},
		"prefix":              {request("GET", "/ledger/v1/", nil), 404, Malformed},
		"other version":       {request("GET", "/ledger/v2/last", nil), 404, Malformed},
		"slash at the end":    {request("GET", "/ledger/v1/last/", nil), 404, Malformed},
		"two slashes":         {request("GET", "/ledger/v1//last", nil), 404, Malformed},
		"no number":           {request("GET", "/ledger/v1/entries/", nil), 404, Malformed},
		"leading zero":        {request("GET", "/ledger/v1/entries/00", nil), 404, Malformed},
		"sign":                {request("GET", "/ledger/v1/entries/+1", nil), 404, Malformed},
		"not decimal":         {request("GET", "/ledger/v1/entries/0x1", nil), 404, Malformed},
		"2^64":                {request("GET", "/ledger/v1/entries/18446744073709551616", nil), 404, Malformed},
		"more than a number":  {request("GET", "/ledger/v1/entries/1/2", nil), 404, Malformed},
		"key without part":    {request("GET", "/ledger/v1/keys/a", nil), 404, Malformed},
		"key without keys":    {request("GET", "/ledger/v1/abc/state", nil), 404, Malformed},
		"proof of a bad key":  {request("GET", "/ledger/v1/keys/A/proof/0", nil), 422, Invalid},
		"unknown part":        {request("GET", "/ledger/v1/keys/a/head", nil), 404, Malformed},
		"state with more":     {request("GET", "/ledger/v1/keys/a/state/", nil), 404, Malformed},
		"escaped key":         {request("GET", "/ledger/v1/keys/%61/state", nil), 404, Malformed},
		"escaped slash":       {request("GET", "/ledger/v1/keys/a%2fstate", nil), 404, Malformed},
		"query":               {request("GET", "/ledger/v1/last?x=1", nil), 404, Malformed},
		"empty query":         {request("GET", "/ledger/v1/last?", nil), 404, Malformed},
		"empty key":           {request("GET", "/ledger/v1/keys//state", nil), 422, Invalid},
		"upper case key":      {request("GET", "/ledger/v1/keys/A/state", nil), 422, Invalid},
		"key too long":        {request("GET", "/ledger/v1/keys/"+strings.Repeat("k", 97)+"/entries/0", nil), 422, Invalid},
		"append, bad key":     {request("PUT", "/ledger/v1/keys/A/entries/0", op), 422, Invalid},
		"POST":                {request("POST", "/ledger/v1/keys/a/entries/0", op), 405, Malformed},
		"HEAD":                {request("HEAD", "/ledger/v1/last", nil), 405, Malformed},
		"PUT to a state":      {request("PUT", "/ledger/v1/keys/a/state", op), 405, Malformed},
		"PUT to the feed":     {request("PUT", "/ledger/v1/entries/0", op), 405, Malformed},
		"body of a GET":       {request("GET", "/ledger/v1/last", op), 400, Malformed},
		"no content type":     {with(put("a", 0, op), func(r *http.Request) { r.Header.Del("Content-Type") }), 415, Malformed},
		"other content type":  {with(put("a", 0, op), func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), 415, Malformed},
		"two content types":   {with(put("a", 0, op), func(r *http.Request) { r.Header.Add("Content-Type", media) }), 415, Malformed},
		"encoded":             {with(put("a", 0, op), func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }), 415, Malformed},
		"no length":           {with(put("a", 0, op), func(r *http.Request) { r.ContentLength = -1 }), 411, Malformed},
		"cut short":           {with(put("a", 0, op), func(r *http.Request) { r.ContentLength++ }), 408, Timeout},
		"empty operation":     {put("a", 0, []byte{}), 413, TooLarge},
		"operation too large": {put("a", 0, make([]byte, ledger.MaxOpSize+1)), 413, TooLarge},
		"vast operation":      {with(put("a", 0, op), func(r *http.Request) { r.ContentLength = 1 << 62 }), 413, TooLarge},
		"refused":             {put("a", 0, []byte("new|refuse")), 422, Invalid},
		"conflict":            {put("a", 7, op), 409, Conflict},
		"no proofs":           {request("GET", "/ledger/v1/keys/a/proof/0", nil), 501, NotSupported},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "HEAD" {
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, test.r); w.Code != test.status {
					t.Errorf("got status %d, want %d", w.Code, test.status)
				}
				return
			}
			w, p := ask(t, h, test.r)
			if p == nil || w.Code != test.status || p.code != test.code {
				t.Errorf("got status %d, %s; want %d, %s", w.Code, w.Body, test.status, test.code)
			}
			if closes := strings.Contains("no length, cut short, operation too large, vast operation, body of a GET", name); closes != (w.Header().Get("Connection") == "close") {
				t.Errorf("Connection: %q", w.Header().Get("Connection"))
			}
			if allow, both := w.Header().Get("Allow"), strings.Contains(test.r.URL.Path, "/keys/a/entries/"); w.Code == http.StatusMethodNotAllowed && (allow == "GET, PUT") != both {
				t.Errorf("Allow: %s", allow)
			}
		})
	}
	for e, err := range h.ledger.Follow(t.Context(), 0) {
		t.Fatalf("something was stored: %v, %v", e, err)
	}
}

func TestAnswers(t *testing.T) {
	at := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	lg := memledger.New(nil, &memledger.Options{Clock: func() time.Time { return at }})
	h := handlerOf(t, lg, nil)
	for _, path := range []string{"last", "health"} {
		if w, p := ask(t, h, request("GET", prefix+path, nil)); p != nil || w.Body.Len() != 0 {
			t.Errorf("%s of an empty ledger: %d %x", path, w.Code, w.Body)
		}
	}
	anchor := ledger.Anchor{Index: 0, Time: at}
	for range 2 {
		if w, _ := ask(t, h, put("abc", 0, []byte("op"))); !bytes.Equal(w.Body.Bytes(), appendAnchor(nil, anchor)) {
			t.Errorf("append: %d %x", w.Code, w.Body)
		}
	}
	entry := appendEntry([]byte{pageLast}, &ledger.Entry{Key: "abc", Op: []byte("op"), Anchor: anchor})
	for path, want := range map[string][]byte{
		"last": appendAnchor(nil, anchor), "entries/0": entry, "keys/abc/entries/0": entry, "entries/1": {pageLast}, "keys/abc/entries/1": {pageLast},
		"keys/abc/state": {0, 0, 0, 0, 0, 0, 0, 1}, "keys/other/state": make([]byte, 8), "keys/other/entries/0": {pageLast},
	} {
		if w, _ := ask(t, h, request("GET", prefix+path, nil)); !bytes.Equal(w.Body.Bytes(), want) {
			t.Errorf("%s: got %x, want %x", path, w.Body, want)
		}
	}
	w, p := ask(t, h, put("abc", 0, []byte("other")))
	if p == nil || p.entry == nil || string(p.entry.Op) != "op" || p.length != 1 {
		t.Errorf("conflict: %d %s", w.Code, w.Body)
	}
}

// TestPages: a page ends with the entry that fills it, and says that there is more.
func TestPages(t *testing.T) {
	lg := memledger.New(nil, nil)
	const entries = 20
	for i := range entries {
		if _, err := lg.Append(t.Context(), "abc", uint64(i), make([]byte, ledger.MaxOpSize)); err != nil {
			t.Fatal(err)
		}
	}
	h := handlerOf(t, lg, nil)
	for _, path := range []string{"entries/", "keys/abc/entries/"} {
		var got []ledger.Entry
		for pages, more := 0, true; more; pages++ {
			w, _ := ask(t, h, request("GET", prefix+path+strconv.Itoa(len(got)), nil))
			if w.Body.Len() > maxPage || pages > entries {
				t.Fatalf("%s: page %d of %d bytes", path, pages, w.Body.Len())
			}
			var err error
			if got, more, err = parsePage(got, w.Body.Bytes(), "abc"); err != nil {
				t.Fatal(err)
			}
			if more && w.Body.Len() < pageSize {
				t.Errorf("%s: page of %d bytes with more to follow", path, w.Body.Len())
			}
		}
		if len(got) != entries {
			t.Errorf("%s: %d entries, want %d", path, len(got), entries)
		}
	}
}

// failing is a ledger that answers with an error, or waits for the end of the context.
type failing struct {
	*memledger.Ledger
	err   error
	waits bool
	began chan struct{} // gets a value for each call that waits; or nil
}

func (f *failing) fail(ctx context.Context) error {
	if f.waits {
		if f.began != nil {
			f.began <- struct{}{}
		}
		<-ctx.Done()
		return fmt.Errorf("waited: %w", ctx.Err())
	}
	return f.err
}

func (f *failing) Append(ctx context.Context, _ string, _ uint64, _ []byte) (ledger.Entry, error) {
	return ledger.Entry{}, f.fail(ctx)
}

func (f *failing) History(ctx context.Context, _ string, _ uint64) iter.Seq2[ledger.Entry, error] {
	return f.Follow(ctx, 0)
}

func (f *failing) Follow(ctx context.Context, _ uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		if yield(ledger.Entry{Key: "abc", Op: []byte("op"), Anchor: example.Anchor}, nil) {
			yield(ledger.Entry{}, f.fail(ctx))
		}
	}
}

func (f *failing) State(ctx context.Context, _ string) ([]byte, uint64, error) {
	if f.waits {
		return nil, 0, nil
	}
	return nil, 0, f.fail(ctx)
}

func (f *failing) Prove(ctx context.Context, _ string, _ uint64) ([]byte, error) {
	return []byte("never seen"), f.fail(ctx)
}

var errDisk = errors.New("boltledger: /secret/path: no space left")

// TestErrors: every error of a ledger arrives as what it is, with its details, and what only the operator may read stays.
func TestErrors(t *testing.T) {
	now := example.Anchor.Time
	for name, test := range map[string]struct {
		err    error
		is     []error
		text   string // in what arrives
		retry  string // Retry-After
		logged bool
	}{
		"invalid":   {fmt.Errorf("%w: %w: because", ledger.ErrInvalid, errDisk), []error{ledger.ErrInvalid, errDisk}, "ledger: invalid: boltledger: /secret/path: no space left: because", "", false},
		"too large": {fmt.Errorf("%w: 9 bytes", ledger.ErrTooLarge), []error{ledger.ErrTooLarge, ledger.ErrInvalid}, ledger.ErrTooLarge.Error() + ": 9 bytes", "", false},
		"conflict":  {&ledger.ConflictError{Seq: 1, Length: 2, Entry: example}, []error{ledger.ErrConflict}, "another entry stands at seq 1 of 2", "", false},
		"clock":     {&ledger.ClockError{Now: now, Last: now.Add(time.Minute)}, []error{ledger.ErrClock}, "2026-05-01T12:01:00Z", "60", false},
		"closed":    {ledger.ErrClosed, nil, "the ledger is closed", "5", false},
		"corrupt":   {fmt.Errorf("%w: entry 5: %w", ledger.ErrCorrupt, errDisk), []error{ledger.ErrCorrupt, errDisk}, "damaged", "", true},
		"failed":    {fmt.Errorf("storing: %w", errDisk), []error{errDisk}, "the ledger failed", "", true},
		"unheard":   {errors.New("storing: secret"), nil, "the ledger failed", "", true},
		"missing":   {errors.ErrUnsupported, []error{errors.ErrUnsupported}, "no such feature", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			lg := &failing{Ledger: memory(), err: test.err}
			h := handlerOf(t, lg, &Options{
				Causes: Causes{"disk": errDisk, "unrelated": io.EOF}, Logger: slog.New(slog.NewTextHandler(&log, nil)), InsecureNoLimits: true,
			})
			recorder := &recording{handler: h}
			c, err := NewClient("https://ledger.example", &ClientOptions{Transport: recorder, RetryTime: -1, Causes: Causes{"disk": errDisk}})
			if err != nil {
				t.Fatal(err)
			}
			for what, call := range calls {
				if (what != "Append" && errors.Is(test.err, ledger.ErrConflict)) || what == "Last" {
					continue
				}
				log.Reset()
				err := call(t.Context(), c)
				if err == nil || !strings.Contains(err.Error(), test.text) {
					t.Errorf("%s: got error %v, want %q in it", what, err, test.text)
				}
				for _, class := range []error{ledger.ErrInvalid, ledger.ErrTooLarge, ledger.ErrConflict, ledger.ErrClock, ledger.ErrCorrupt, ledger.ErrClosed, errors.ErrUnsupported, errDisk, ErrAnswer} {
					want := false
					for _, is := range test.is {
						want = want || is == class
					}
					if errors.Is(err, class) != want {
						t.Errorf("%s: error %v is %v: got %v, want %v", what, err, class, !want, want)
					}
				}
				if gone, ok := errors.AsType[*UnavailableError](err); ok != (len(test.is) == 0 || name == "failed") {
					t.Errorf("%s: error %v is an UnavailableError: %v", what, err, ok)
				} else if ok && gone.RetryAfter != 0 && test.retry == "" {
					t.Errorf("%s: retry after %v", what, gone.RetryAfter)
				}
				if name != "invalid" && strings.Contains(recorder.body, "secret") {
					t.Errorf("%s: the answer tells %s", what, recorder.body)
				}
				if got := recorder.header.Get("Retry-After"); got != test.retry {
					t.Errorf("%s: Retry-After %q, want %q", what, got, test.retry)
				}
				if got := strings.Contains(log.String(), "secret"); got != test.logged {
					t.Errorf("%s: logged %q", what, log.String())
				}
				if strings.Contains(log.String(), "abc") || strings.Contains(log.String(), "192.0.2.1") {
					t.Errorf("%s: the log names a key or a client: %s", what, log.String())
				}
			}
		})
	}
	conflict := &failing{Ledger: memory(), err: &ledger.ConflictError{Seq: 1, Length: 2, Entry: example}}
	_, err := clientOf(t, &recording{handler: handlerOf(t, conflict, &Options{InsecureNoLimits: true})}).Append(t.Context(), "abc", 1, []byte("mine"))
	if got, ok := errors.AsType[*ledger.ConflictError](err); !ok || got.Seq != 1 || got.Length != 2 || string(got.Entry.Op) != "op" || got.Entry.Anchor != example.Anchor {
		t.Errorf("conflict arrives as %#v", err)
	}
}

// recording is a transport to a handler that keeps the last answer.
type recording struct {
	handler http.Handler
	header  http.Header
	body    string
}

func (c *recording) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	r = r.Clone(r.Context())
	r.RemoteAddr = "192.0.2.1:1234"
	if r.Body == nil {
		r.Body = http.NoBody
	}
	c.handler.ServeHTTP(w, r)
	c.header, c.body = w.Header(), w.Body.String()
	return w.Result(), nil
}

// TestTimeouts: a ledger that does not answer is no reason to wait forever, and says so.
func TestTimeouts(t *testing.T) {
	h := handlerOf(t, &failing{Ledger: memory(), waits: true}, &Options{AppendTime: 1, ProofTime: 1, InsecureNoLimits: true})
	for code, r := range map[Code]*http.Request{Timeout: put("abc", 0, []byte("op")), Pending: request("GET", prefix+"keys/abc/proof/5", nil)} {
		w, p := ask(t, h, r)
		if p == nil || p.code != code || w.Code != 503 || w.Header().Get("Retry-After") != "1" {
			t.Errorf("%s: got %d %s %v", code, w.Code, w.Body, w.Header())
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, p := ask(t, h, put("abc", 0, []byte("op")).WithContext(ctx)); p == nil || p.code != Stopping {
		t.Errorf("request that was ended: %+v", p)
	}
}

// bare has only the methods of a Source, and a proof.
type bare struct {
	Source
	proof []byte
}

func (b *bare) Prove(context.Context, string, uint64) ([]byte, error) { return b.proof, nil }

func TestFeatures(t *testing.T) {
	lg := &bare{Source: memory()}
	h := handlerOf(t, lg, nil)
	if _, p := ask(t, h, request("GET", prefix+"last", nil)); p == nil || p.code != NotSupported {
		t.Errorf("last of a ledger that does not tell it: %+v", p)
	}
	for size, fits := range map[int]bool{0: false, 1: true, maxProof: true, maxProof + 1: false} {
		lg.proof = make([]byte, size)
		w, p := ask(t, h, request("GET", prefix+"keys/abc/proof/0", nil))
		if fits != (p == nil) || fits && w.Body.Len() != size || !fits && p.code != Failed {
			t.Errorf("proof of %d bytes: %d, %+v", size, w.Code, p)
		}
	}
}

// deadlines notes those that a handler sets.
type deadlines struct {
	http.ResponseWriter
	read, write time.Time
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.read = t
	return nil
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.write = t
	return nil
}

// TestDeadlines: an answer has its time after all that may precede it, and reading is bounded only while there is a body.
func TestDeadlines(t *testing.T) {
	h := handlerOf(t, memory(), &Options{BodyTime: time.Hour, QueueTime: 10 * time.Hour, AppendTime: 100 * time.Hour, ProofTime: 1000 * time.Hour, AnswerTime: 10_000 * time.Hour})
	slow := put("a", 0, []byte("op"))
	slow.Header.Set("Content-Type", "other") // refused without reading
	for name, test := range map[string]struct {
		r           *http.Request
		read, write time.Duration
	}{
		"read":      {request("GET", prefix+"last", nil), 0, 10_000 * time.Hour},
		"proof":     {request("GET", prefix+"keys/a/proof/0", nil), 0, 11_000 * time.Hour},
		"append":    {put("a", 0, []byte("new|x")), 0, 10_111 * time.Hour},
		"left body": {slow, time.Hour, 10_111 * time.Hour},
	} {
		d := &deadlines{ResponseWriter: httptest.NewRecorder()}
		begun := time.Now()
		h.ServeHTTP(d, test.r)
		took := time.Since(begun)
		if got := d.write.Sub(begun) - test.write; got < 0 || got > took {
			t.Errorf("%s: time to write is off by %v", name, got)
		}
		if got := d.read.Sub(begun) - test.read; test.read == 0 && !d.read.IsZero() || test.read > 0 && (got < 0 || got > took) {
			t.Errorf("%s: to be read until %v", name, d.read)
		}
	}
}

func TestOptions(t *testing.T) {
	for name, opt := range map[string]*Options{
		"negative rate":       {Limits: Limits{Requests: Rate{PerSecond: -1, Burst: 1}}},
		"no burst":            {Limits: Limits{Appends: Rate{PerSecond: 1}}},
		"no rate":             {Limits: Limits{Key: Rate{Burst: 1}}},
		"name of a cause":     {Causes: Causes{"Upper": io.EOF}},
		"cause is nil":        {Causes: Causes{"name": nil}},
		"proxy is no network": {TrustedProxies: []netip.Prefix{{}}},
		"proxy in two forms":  {TrustedProxies: []netip.Prefix{netip.MustParsePrefix("::ffff:10.0.0.0/104")}},
	} {
		if _, err := NewHandler(memory(), opt); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
