package mirror

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/ledger/proof"
	"github.com/realdid/realdid/did/ledger/tlog"
	"github.com/realdid/realdid/did/ledger/witness"
)

// live is a real log with a static file server, and cosigners on the loopback.
type live struct {
	t       *testing.T
	lg      *memledger.Ledger
	log     *tlog.Log
	trust   *proof.Trust
	mirror  *Mirror
	archive *Archive
	dir     string // what the file server shows
	n       int
}

// newLive starts a log that is published by the web server that publish makes of a folder, followed by an auditing mirror and an archive,
// and cosigned by them and two witnesses over HTTP.
func newLive(t *testing.T, publish func(dir string) string) *live {
	t.Helper()
	dir := t.TempDir()
	l := &live{t: t, lg: memledger.New(toyReducer{}, nil), dir: filepath.Join(dir, "log")}
	signer := newSigner(t, origin, proof.LogEd25519)
	l.trust = &proof.Trust{Origin: origin, Log: signer.Verifier(), Quorum: proof.Quorum{Witnesses: 2, Mirrors: 1, Auditors: 1}}
	key := func(name string, role proof.Role, kind proof.KeyType) *proof.NoteSigner {
		s := newSigner(t, name, kind)
		l.trust.Cosigners = append(l.trust.Cosigners, proof.Cosigner{Key: s.Verifier(), Role: role})
		return s
	}
	var signers []*proof.NoteSigner
	for i, kind := range []proof.KeyType{proof.CosignatureEd25519, proof.CosignatureMLDSA44} {
		signers = append(signers, key(fmt.Sprint("witness-", i), proof.Witness, kind))
	}
	audit, hold := key("auditor", proof.Auditor, proof.CosignatureEd25519), key("archive", proof.Mirror, proof.CosignatureEd25519)

	url := publish(l.dir)
	src, err := witness.NewHTTPSource(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	create := &Options{Cosigner: &witness.Options{Create: true}, OnError: func(err error) { t.Log(err) }, Interval: 10 * time.Millisecond}
	if l.mirror, err = Open(t.TempDir(), src, memledger.New(toyReducer{}, nil), toyReducer{}, l.trust, audit, create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.mirror.Close() })
	if l.archive, err = OpenArchive(t.TempDir(), src, l.trust.Log, origin, hold, create); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.archive.Close() })

	var cosigners []tlog.Cosigner
	ask := func(h http.Handler, s *proof.NoteSigner) {
		web := httptest.NewServer(h)
		t.Cleanup(web.Close)
		c, err := witness.NewClient(web.URL, []proof.VerifierKey{s.Verifier()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		cosigners = append(cosigners, c)
	}
	for _, s := range signers {
		w, err := witness.NewServer(t.TempDir(), s, []witness.Log{{Key: l.trust.Log, Source: src}}, &witness.Options{Create: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		ask(w, s)
	}
	ask(l.mirror, audit)
	ask(l.archive, hold)

	l.log, err = tlog.Open(l.lg, dir, signer, l.trust, toyReducer{}, &tlog.Options{
		Interval: time.Hour, Heartbeat: time.Hour, Cosigners: cosigners, Timeout: time.Minute, OnError: func(err error) { t.Log(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.log.Close() })
	return l
}

// grow appends entries of a few keys, and seals them.
func (l *live) grow(entries int) {
	l.t.Helper()
	for range entries {
		key := fmt.Sprintf("key-%d", l.n*l.n%11)
		_, seq, err := l.log.State(l.t.Context(), key)
		if err == nil {
			_, err = l.log.Append(l.t.Context(), key, seq, fmt.Append(nil, "op ", l.n))
		}
		if err != nil {
			l.t.Fatal(err)
		}
		l.n++
	}
	ctx, cancel := context.WithTimeout(l.t.Context(), 2*time.Minute)
	defer cancel()
	if err := l.log.Seal(ctx); err != nil {
		l.t.Fatal(err)
	}
}

// proves fails the test unless p proves to a reader with the whole policy what the log's own ledger says.
func (l *live) proves(p ledger.Prover, key string) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), time.Minute)
	defer cancel()
	b, err := p.Prove(ctx, key, uint64(l.n))
	if err != nil {
		l.t.Fatal(err)
	}
	latest, err := proof.ParseLatest(b)
	if err != nil {
		l.t.Fatal(err)
	}
	state, _, err := l.lg.State(ctx, key)
	if err != nil {
		l.t.Fatal(err)
	}
	v, err := latest.Verify(l.trust, key, time.Now())
	if err != nil || !bytes.Equal(v.Head, state) || v.Latest == v.Absent || v.Latest != (state != nil) {
		l.t.Fatalf("%s: got %+v, %v, want the head %q", key, v, err, state)
	}
}

// TestStaticFileServer: a plain net/http file server is all that a log needs for mirrors, witnesses and an auditor to follow it, and
// what they serve is what it serves.
func TestStaticFileServer(t *testing.T) {
	t.Parallel()
	testStaticServer(t, func(dir string) string {
		web := httptest.NewServer(http.FileServer(http.Dir(dir)))
		t.Cleanup(web.Close)
		return web.URL
	})
}

// TestPythonFileServer: the same with Python's. It runs alone, as TestKill does.
func TestPythonFileServer(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	testStaticServer(t, func(dir string) string {
		cmd := exec.Command(python, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", filepath.Dir(dir))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			cmd.Process.Kill()
			cmd.Wait()
		})
		line, err := bufio.NewReader(out).ReadString('\n')
		url := regexp.MustCompile(`http://[0-9.:]+/`).FindString(line)
		if url == "" {
			t.Skipf("python3 -m http.server says %q, %v", line, err)
		}
		go io.Copy(io.Discard, out)
		return url + filepath.Base(dir)
	})
}

func testStaticServer(t *testing.T, publish func(string) string) {
	l := newLive(t, publish)
	for _, entries := range []int{0, 1, 254, 300, 3} {
		l.grow(entries)
		if err := l.mirror.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"key-0", "key-5", "nobody"} {
			l.proves(l.log, key)
			l.proves(l.mirror, key)
		}
	}
	if err := l.archive.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.log.Store().Fsck(t.Context(), func(f tlog.Fault) { t.Errorf("log: %v", f) }); err != nil {
		t.Error(err)
	}
	if err := l.mirror.Store().Fsck(t.Context(), func(f tlog.Fault) { t.Errorf("mirror: %v", f) }); err != nil {
		t.Error(err)
	}

	// What mirrors serve is what the log serves, and a mirror can be followed like a log.
	original := witness.NewDirSource(l.dir)
	for name, h := range map[string]http.Handler{"mirror": l.mirror, "archive": l.archive} {
		web := httptest.NewServer(h)
		defer web.Close()
		copied, err := witness.NewHTTPSource(web.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		sameLog(t, name, l, original, copied)
		second := &proof.Trust{Origin: origin, Log: l.trust.Log, InsecureNoQuorum: true}
		m, err := Open(t.TempDir(), copied, memledger.New(toyReducer{}, nil), toyReducer{}, second, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if err := m.Sync(t.Context()); err != nil {
			t.Errorf("a mirror of the %s: %v", name, err)
		}
		if last, _ := m.Last(); last.Index+1 != uint64(l.n) {
			t.Errorf("a mirror of the %s holds entries up to %d of %d", name, last.Index, l.n)
		}
	}
}

// sameLog compares all files of two copies of a log.
func sameLog(t *testing.T, name string, l *live, want, got Source) {
	t.Helper()
	size := l.log.Store().Size()
	for level := uint8(0); size>>(8*uint64(level)) > 0; level++ {
		for index := uint64(0); proof.WidthAt(level, index, size) > 0; index++ {
			tiles := []proof.Tile{{Level: level, Index: index, Width: proof.WidthAt(level, index, size)}}
			if level == 0 {
				tiles = append(tiles, proof.Tile{Entries: true, Index: index, Width: proof.WidthAt(level, index, size)})
			}
			for _, tile := range tiles {
				a, err := want.ReadFile(t.Context(), tile.Path())
				if err != nil {
					t.Fatal(err)
				}
				b, err := got.ReadFile(t.Context(), tile.Path())
				if err != nil || !bytes.Equal(a, b) {
					t.Errorf("%s: %s differs: %v", name, tile.Path(), err)
				}
			}
		}
	}
	note, err := got.ReadFile(t.Context(), "checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	v, err := l.trust.VerifyCheckpoint(note, time.Now())
	if err != nil || v.Size != size {
		t.Errorf("%s: checkpoint: %+v, %v", name, v, err)
	}
}

// TestRun: a mirror that runs brings what Prove waits for, and ends with its context or with Close.
func TestRun(t *testing.T) {
	t.Parallel()
	l := newLive(t, func(dir string) string {
		web := httptest.NewServer(http.FileServer(http.Dir(dir)))
		t.Cleanup(web.Close)
		return web.URL
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 3)
	go func() { ended <- l.mirror.Run(ctx) }()
	go func() { ended <- l.archive.Run(ctx) }()
	for range 3 {
		l.grow(5)
		l.proves(l.mirror, "key-1")
	}
	cancel()
	for range 2 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
	}
	go func() { ended <- l.mirror.Run(context.Background()) }()
	if err := l.mirror.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Run after Close: %v", err)
	}
	if _, err := l.mirror.Prove(t.Context(), "key-1", 0); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Prove after Close: %v", err)
	}
	if err := l.mirror.Sync(t.Context()); !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("Sync after Close: %v", err)
	}
	if _, err := l.mirror.Append(t.Context(), "key-1", 0, []byte("x")); !errors.Is(err, ErrReadOnly) {
		t.Errorf("Append: %v", err)
	}
}

// TestHeaders: types and cache times of what is served, and nothing else is.
func TestHeaders(t *testing.T) {
	t.Parallel()
	n := newNetwork(t, 0, 1, proof.Quorum{Auditors: 1})
	n.grow(300)
	n.honest()
	m := n.auditors[0]
	if err := m.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	hash := "/e5f0e4b4b3ea2a9b6a8c1e0d4a1f7d2f/" // of another origin
	for path, want := range map[string]struct {
		status      int
		kind, cache string
	}{
		"/checkpoint":               {200, "text/plain; charset=utf-8", "no-cache"},
		"/tile/0/000":               {200, "application/octet-stream", "public, max-age=31536000, immutable"},
		"/tile/entries/001.p/45":    {200, "application/octet-stream", "public, max-age=31536000, immutable"},
		"/tile/0/001":               {404, "text/plain; charset=utf-8", "no-store"},
		"/tile/0/0":                 {404, "text/plain; charset=utf-8", "no-store"},
		"/tile/../FORMAT":           {307, "", ""},
		"/FORMAT":                   {404, "text/plain; charset=utf-8", ""},
		"/":                         {404, "text/plain; charset=utf-8", ""},
		hash + "checkpoint":         {404, "text/plain; charset=utf-8", ""},
		originPath() + "checkpoint": {200, "text/plain; charset=utf-8", "no-cache"},
		originPath() + "tile/0/000": {200, "application/octet-stream", "public, max-age=31536000, immutable"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			w := httptest.NewRecorder()
			m.ServeHTTP(w, httptest.NewRequest(method, path, nil))
			got := w.Result().Header
			if w.Code != want.status || want.kind != "" && got.Get("Content-Type") != want.kind || got.Get("Cache-Control") != want.cache {
				t.Errorf("%s %s: got %d, %v, want %+v", method, path, w.Code, got, want)
			}
			if w.Code == 200 && (method == http.MethodGet) != (w.Body.Len() > 0) {
				t.Errorf("%s %s: body of %d bytes", method, path, w.Body.Len())
			}
		}
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/checkpoint", strings.NewReader("x")))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("PUT: %d", w.Code)
	}
}

func originPath() string { return "/" + hashOf(origin) + "/" }
