package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

func post(tb testing.TB, url string, body []byte) (int, string, string) {
	tb.Helper()
	res, err := http.Post(url, "text/plain", bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return res.StatusCode, res.Header.Get("Content-Type"), string(b)
}

// TestProtocol: statuses, types and bodies by C2SP tlog-witness.
func TestProtocol(t *testing.T) {
	l := newToyLog(t)
	l.grow(5)
	other := l.fork(4)
	other.add([]byte("another fifth leaf"))
	s := newTestServer(t, l, nil)
	web := httptest.NewServer(http.StripPrefix("/prefix", s))
	defer web.Close()
	url := web.URL + "/prefix/add-checkpoint"
	body := func(old uint64, path []proof.Hash, note []byte) []byte {
		r := Request{OldSize: old, Consistency: path, Note: note}
		return r.Append(nil)
	}
	const plain = "text/plain; charset=utf-8"
	for _, test := range []struct {
		name   string
		body   []byte
		status int
		kind   string
		text   string // beginning of it
	}{
		{"malformed", []byte("old x\n\n"), 400, plain, "witness: malformed"},
		{"old size over the size", body(6, nil, l.note(t)), 400, plain, "witness: malformed"},
		{"another origin", body(0, nil, bytes.Replace(l.note(t), []byte(origin), []byte("x"), 1)), 404, plain, "witness: unknown log"},
		{"another key", body(0, nil, newToyLog(t).note(t)), 403, plain, "witness: not signed"},
		{"old size of nothing known", body(3, l.path(t, 3), l.note(t)), 409, sizeType, "0\n"},
		{"first", body(0, nil, l.note(t)), 200, plain, "\u2014 witness.example/w1 "},
		{"again", body(5, nil, l.note(t)), 200, plain, "\u2014 witness.example/w1 "},
		{"old size too low", body(0, nil, l.note(t)), 409, sizeType, "5\n"},
		{"another root", body(5, nil, other.note(t)), 409, plain, "witness: another checkpoint"},
		{"no proof", body(5, nil, func() []byte { l.grow(3); return l.note(t) }()), 422, plain, "witness: refused"},
		{"next", body(5, l.path(t, 5), l.note(t)), 200, plain, "\u2014 witness.example/w1 "},
		{"too large", make([]byte, MaxRequestSize+1), 413, plain, "the request has more"},
	} {
		status, kind, text := post(t, url, test.body)
		if status != test.status || kind != test.kind || !strings.HasPrefix(text, test.text) || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s: got %d, %s, %q, want %d, %s, %q", test.name, status, kind, text, test.status, test.kind, test.text)
		}
	}
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", res.StatusCode)
	}
	s.Close()
	if status, _, text := post(t, url, body(8, nil, l.note(t))); status != 503 || text != ErrUnavailable.Error()+"\n" {
		t.Errorf("closed: %d, %q", status, text)
	}
}

// TestClient: an error is at one end what it was at the other, and what is no valid cosignature of the witness is dropped.
func TestClient(t *testing.T) {
	l := newToyLog(t)
	l.grow(5)
	s := newTestServer(t, l, nil)
	web := httptest.NewServer(s)
	defer web.Close()
	c, err := NewClient(web.URL, s.Verifiers(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name() != "witness.example/w1" {
		t.Errorf("Name: %s", c.Name())
	}
	if err := cosign(t, c, s.Verifiers(), l, 0); err != nil {
		t.Fatal(err)
	}
	l.grow(5)
	var size *SizeError
	if err := cosign(t, c, s.Verifiers(), l, 1); !errors.As(err, &size) || size.OldSize() != 5 {
		t.Errorf("another size: %v", err)
	}
	if err := cosign(t, c, s.Verifiers(), l, 5); err != nil {
		t.Error(err)
	}

	old := l.note(t)
	for _, want := range []error{ErrMalformed, ErrSignature, ErrUnknownLog, ErrConflict, ErrRefused, ErrUnavailable, errors.New("other")} {
		web := httptest.NewServer(NewHandler(failing{fmt.Errorf("%w: on purpose", want)}, nil))
		defer web.Close()
		c, _ := NewClient(web.URL, s.Verifiers(), nil)
		_, err := c.Cosign(t.Context(), 5, nil, old)
		class := want
		if want.Error() == "other" {
			class = ErrUnavailable // not final
		}
		if !errors.Is(err, class) || want == ErrConflict && err.Error() != want.Error()+": on purpose" {
			t.Errorf("%v: got %v", want, err)
		}
		if strings.Contains(err.Error(), "on purpose") != (class == want && class != ErrUnavailable) {
			t.Errorf("%v: got %q", want, err)
		}
	}

	stranger := newSigner(t, "witness.example/w1", proof.CosignatureEd25519)
	good, _ := CosignWith(s.signers, old, noon)
	bad, _ := CosignWith([]*proof.NoteSigner{stranger}, old, noon)
	other, _ := CosignWith(s.signers, func() []byte { l.grow(1); return l.note(t) }(), noon)
	for name, test := range map[string]struct{ answer, want []byte }{
		"one of its own among others": {append(append(append([]byte(nil), bad...), good...), other...), good},
		"another key's":               {bad, nil},
		"over another checkpoint":     {other, nil},
		"nothing":                     {nil, nil},
		"no signatures":               {[]byte("hello\n"), nil},
		"too much":                    {bytes.Repeat(good, 1+proof.MaxNoteSize/len(good)), nil},
	} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(test.answer) }))
		defer web.Close()
		c, _ := NewClient(web.URL, s.Verifiers(), nil)
		lines, err := c.Cosign(t.Context(), 0, nil, old)
		if !bytes.Equal(lines, test.want) || test.want == nil && !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: got %q, %v, want %q", name, lines, err, test.want)
		}
	}
}

type failing struct{ err error }

func (f failing) Name() string { return "failing" }

func (f failing) Cosign(context.Context, uint64, []proof.Hash, []byte) ([]byte, error) {
	return nil, f.err
}

// TestClientLoop: a size that is the one that was asked from is not taken for another one.
func TestClientLoop(t *testing.T) {
	l := newToyLog(t)
	l.grow(5)
	for _, text := range []string{"3\n", "x\n", ""} {
		web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", sizeType)
			w.WriteHeader(http.StatusConflict)
			io.WriteString(w, text)
		}))
		defer web.Close()
		c, _ := NewClient(web.URL, []proof.VerifierKey{newSigner(t, "w", proof.CosignatureEd25519).Verifier()}, nil)
		_, err := c.Cosign(t.Context(), 3, nil, l.note(t))
		var size *SizeError
		if err == nil || errors.As(err, &size) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}

func TestNewClient(t *testing.T) {
	key := newSigner(t, "w", proof.CosignatureEd25519).Verifier()
	logKey := newSigner(t, "l", proof.LogEd25519).Verifier()
	for _, url := range []string{"", "witness.example", "ftp://w.example", "http://", "https://w.example?q", "https://u:p@w.example", "https://w.example/#f", "http://[::1"} {
		if _, err := NewClient(url, []proof.VerifierKey{key}, nil); err == nil {
			t.Errorf("%q: accepted", url)
		}
	}
	for name, keys := range map[string][]proof.VerifierKey{"none": nil, "a log's": {logKey}, "zero": {{}}} {
		if _, err := NewClient("https://w.example/", keys, nil); err == nil {
			t.Errorf("key %s: accepted", name)
		}
	}
}

// TestNoRedirect: whoever answers does not choose whom we ask next.
func TestNoRedirect(t *testing.T) {
	asked := false
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	defer outside.Close()
	l := newToyLog(t)
	c, _ := NewClient(outside.URL, []proof.VerifierKey{newSigner(t, "w", proof.CosignatureEd25519).Verifier()}, nil)
	if _, err := c.Cosign(t.Context(), 0, nil, l.note(t)); !errors.Is(err, ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	src, _ := NewHTTPSource(outside.URL, nil)
	if _, err := src.ReadFile(t.Context(), "checkpoint"); err == nil {
		t.Error("a redirect was read")
	}
	if asked {
		t.Error("a redirect was followed")
	}
}

// TestSlowAndStuck: those who send slowly, or whose request takes long, keep nobody else out for good, and nothing is left behind.
func TestSlowAndStuck(t *testing.T) {
	before := runtime.NumGoroutine()
	l := newToyLog(t)
	l.grow(5)
	s := newTestServer(t, l, &Options{Create: true, Handler: &HandlerOptions{MaxInFlight: 2, Timeout: 200 * time.Millisecond}})
	web := httptest.NewServer(s)
	for range 8 { // slow: they never send the rest
		conn, err := net.Dial("tcp", web.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 1000\r\n\r\nold 0\n")
	}
	hold, err := s.take(t.Context(), origin) // the log is busy
	if err != nil {
		t.Fatal(err)
	}
	c, _ := NewClient(web.URL, s.Verifiers(), nil)
	for range 4 {
		if err := cosign(t, c, s.Verifiers(), l, 0); !errors.Is(err, ErrUnavailable) {
			t.Errorf("while it is busy: %v", err)
		}
	}
	hold.release()
	for {
		err := cosign(t, c, s.Verifiers(), l, 0)
		if err == nil {
			break
		}
		if !errors.Is(err, ErrUnavailable) {
			t.Fatal(err)
		}
	}
	web.CloseClientConnections()
	web.Close()
	s.Close()
	defaultHTTP.CloseIdleConnections()
	deadline := time.Now().Add(30 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > before {
		buf := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before:\n%s", n, before, buf[:runtime.Stack(buf, true)])
	}
}

func TestSources(t *testing.T) {
	l := newToyLog(t)
	l.grow(300)
	dir := t.TempDir()
	put := func(path string, b []byte) {
		name := filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, name, b)
	}
	put("checkpoint", l.note(t))
	for _, path := range []string{"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"} {
		b, err := l.ReadFile(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		put(path, b)
	}
	put("secret", []byte("secret"))
	put("tile/2/000", make([]byte, tileSize+1))
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer web.Close()
	fromWeb, err := NewHTTPSource(web.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]Source{"web": fromWeb, "folder": NewDirSource(dir)} {
		if b, err := src.ReadFile(t.Context(), "checkpoint"); err != nil || !bytes.Equal(b, l.note(t)) {
			t.Errorf("%s: checkpoint: %q, %v", name, b, err)
		}
		c, _ := readCheckpoint(l.note(t))
		if e, err := LastEpoch(t.Context(), src, c); err != nil || e.Size != 299 {
			t.Errorf("%s: LastEpoch: %+v, %v", name, e, err)
		}
		for _, path := range []string{"secret", "../secret", "tile/../secret", "tile", "tile/0/0", "tile/entries/000.p/256", ""} {
			if b, err := src.ReadFile(t.Context(), path); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %q: %q, %v", name, path, b, err)
			}
		}
		for _, path := range []string{"tile/0/002", "tile/0/001", "tile/0/001.p/43", "tile/entries/x001/000"} {
			if _, err := src.ReadFile(t.Context(), path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%s: %s: %v, want fs.ErrNotExist", name, path, err)
			}
		}
		if _, err := src.ReadFile(t.Context(), "tile/2/000"); err == nil {
			t.Errorf("%s: a file over the limit was read", name)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := src.ReadFile(ctx, "checkpoint"); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: canceled: %v", name, err)
		}
		// A partial tile that was outgrown is cut from the full one.
		b, err := ReadTile(t.Context(), src, proof.Tile{Width: 7})
		if err != nil || len(b) != 7*proof.HashSize {
			t.Errorf("%s: cut tile: %d bytes, %v", name, len(b), err)
		}
		leaves, err := ReadEntries(t.Context(), src, 0, 9)
		if err != nil || len(leaves) != 9 || !bytes.Equal(leaves[8], l.leaves[8]) {
			t.Errorf("%s: cut bundle: %d leaves, %v", name, len(leaves), err)
		}
	}
	put("tile/0/001.p/44", make([]byte, 44*proof.HashSize-1))
	if _, err := ReadTile(t.Context(), NewDirSource(dir), proof.Tile{Index: 1, Width: 44}); err == nil {
		t.Error("a tile that is too short was read")
	}
	put("tile/entries/001.p/44", []byte{0})
	if _, err := ReadEntries(t.Context(), NewDirSource(dir), 1, 44); err == nil {
		t.Error("a bundle that is malformed was read")
	}
}
