package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/keys/keyfile"
	"github.com/realdid/realdid/resolver/webfetch"
	"github.com/realdid/realdid/vc/status"
)

// addressOf answers every look-up with one address.
type addressOf netip.Addr

func (a addressOf) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return []netip.Addr{netip.Addr(a)}, nil
}

// TestStatusFetch looks status lists up where credentials say that they are: over https, once for each list, never inside a network,
// and never where an answer leads to.
func TestStatusFetch(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("REALDID_PASSPHRASE", "correct horse")
	var asked atomic.Int64
	var answer atomic.Pointer[http.HandlerFunc]
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		(*answer.Load())(w, r)
	}))
	defer server.Close()
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	loopback := netip.MustParseAddr("127.0.0.1")
	web := &webfetch.Options{Lookup: addressOf(loopback), RootCAs: pool, Timeout: patience, InsecureAllow: []netip.Prefix{netip.PrefixFrom(loopback, 8)}}
	var out, errs bytes.Buffer
	run := func(args ...string) int {
		out.Reset()
		errs.Reset()
		a := newApp(strings.NewReader(""), &out, &errs)
		a.cost, a.web = keyfile.Cost{Passes: 2, MemoryKiB: 19 << 10, Lanes: 1}, web
		return a.run(context.Background(), append(args, "--home", filepath.Join(dir, "home")))
	}
	want := func(status int, text string, args ...string) {
		t.Helper()
		if got := run(args...); got != status || !strings.Contains(out.String()+errs.String(), text) {
			t.Errorf("realdid %s: got exit status %d, want %d and %q\n%s%s", strings.Join(args, " "), got, status, text, out.String(), errs.String())
		}
	}
	path := func(name string) string { return filepath.Join(dir, name) }
	uri := "https://example.com:" + server.URL[strings.LastIndex(server.URL, ":")+1:] + "/lists/1?of=2026"
	list, cred := path("list"), path("one.sdjwt")
	if err := os.WriteFile(path("claims.json"), []byte(`{"a":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	want(statusDone, "", "did", "create", "--as", "authority", "--single-secret")
	want(statusDone, "", "status", "build", list, "--format", "token-jwt", "--entries", "100", "--uri", uri, "--as", "authority")
	want(statusDone, "", "vc", "issue", "--as", "authority", "--type", "t", "--claims", path("claims.json"), "--status-list", list, "--out", cred)
	want(statusDone, "", "vc", "issue", "--as", "authority", "--type", "t", "--claims", path("claims.json"), "--status-list", list, "--out", path("two.sdjwt"))

	published := func(mediaType string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.RequestURI != "/lists/1?of=2026" || r.Header.Get("Cookie") != "" || !strings.HasPrefix(r.Header.Get("Accept"), "application/statuslist+jwt") {
				t.Errorf("asked for %s, accepting %v", r.RequestURI, r.Header.Values("Accept"))
			}
			b, err := os.ReadFile(filepath.Join(list, "list.jwt"))
			if err != nil {
				t.Error(err)
			}
			w.Header().Set("Content-Type", mediaType)
			_, _ = w.Write(b)
		}
	}
	serve := func(h http.HandlerFunc) { answer.Store(&h) }
	verify := []string{"vc", "verify", cred, "--issuer", "authority", "--type", "t", "--insecure-no-holder-binding"}
	for _, mediaType := range []string{"application/statuslist+jwt", "application/octet-stream", "text/plain; charset=utf-8"} {
		serve(published(mediaType))
		want(statusDone, "valid", "status", "check", cred)
		want(statusDone, "valid", verify...)
	}
	if got := asked.Swap(0); got != 6 {
		t.Errorf("the list was asked for %d times, want 6", got)
	}
	want(statusDone, "revoked", "status", "set", list, cred, "revoked")
	want(statusInvalid, "vc.status.revoked", "status", "check", cred)
	want(statusInvalid, "vc.status.revoked", verify...)
	want(statusDone, "valid", "status", "check", path("two.sdjwt"))

	asked.Store(0)
	want(statusUnknown, "--offline forbids the network", "status", "check", cred, "--offline")
	want(statusUnknown, "--offline forbids the network", append(verify, "--offline")...)
	want(statusInvalid, "vc.status.revoked", "status", "check", cred, "--status-file", filepath.Join(list, "list.jwt"))
	if got := asked.Load(); got != 0 {
		t.Errorf("asked %d times, want none", got)
	}
	for name, h := range map[string]http.HandlerFunc{
		"not found": http.NotFound,
		"elsewhere": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, server.URL+"/other", http.StatusFound)
		},
		"a page": published("text/html"),
		"no list": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/statuslist+jwt")
			fmt.Fprint(w, "a.b.c")
		},
		"endless": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/statuslist+jwt")
			_, _ = w.Write(make([]byte, status.DefaultMaxDocument+1))
		},
	} {
		serve(h)
		asked.Store(0)
		if got := run("status", "check", cred); got != statusUnknown || asked.Load() != 1 {
			t.Errorf("%s: got exit status %d after %d requests, want %d after one\n%s", name, got, asked.Load(), statusUnknown, errs.String())
		}
	}
	serve(published("application/statuslist+jwt"))
	web = &webfetch.Options{Lookup: addressOf(loopback), RootCAs: pool}
	asked.Store(0)
	want(statusUnknown, "address is not public", "status", "check", cred)
	if got := asked.Load(); got != 0 {
		t.Errorf("an address inside the network was asked %d times", got)
	}
}

// TestKillStatus kills whoever gives entries away and sets them at random instants. No two credentials have one entry, what was answered as
// revoked stays revoked, and the next publication says so.
func TestKillStatus(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := newStation(t)
	command := func(args ...string) *exec.Cmd {
		c := exec.CommandContext(context.Background(), "realdid", args...)
		c.Env = s.env
		return c
	}
	if err := os.WriteFile(s.path("claims.json"), []byte(`{"a":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	list := s.path("list")
	s.must("did", "create", "--as", "authority")
	s.must("status", "build", list, "--format", "token-jwt", "--entries", "64", "--uri", "https://lists.example/1", "--as", "authority")
	issue := []string{"vc", "issue", "--type", "t", "--claims", s.path("claims.json"), "--status-list", list}
	entry := func(credential string) uint64 {
		t.Helper()
		file := s.path("looked-at")
		if err := os.WriteFile(file, []byte(credential), 0o600); err != nil {
			t.Fatal(err)
		}
		var in struct {
			Claims struct {
				Status struct {
					List struct {
						Index uint64 `json:"idx"`
					} `json:"status_list"`
				} `json:"status"`
			} `json:"claims"`
		}
		s.json(&in, "vc", "inspect", file)
		return in.Claims.Status.List.Index
	}
	taken := map[uint64]bool{}
	take := func(credential string) uint64 {
		t.Helper()
		i := entry(credential)
		if taken[i] {
			t.Errorf("entry %d was given twice", i)
		}
		taken[i] = true
		return i
	}
	begun := time.Now()
	first := take(s.must(issue...))
	s.must("status", "set", list, strconv.FormatUint(first, 10), "revoked")
	whole := time.Since(begun) / 2
	revoked := uint64(1)
	killed := 0
	for range 8 {
		var out bytes.Buffer
		c := command(issue...)
		c.Stdout = &out
		if runKilled(t, c, whole) {
			killed++
		}
		if text := out.String(); strings.HasSuffix(text, "~\n") { // somebody has it
			take(text)
		}
		next := take(s.must(issue...))
		if runKilled(t, command("status", "set", list, strconv.FormatUint(next, 10), "revoked"), whole) {
			killed++
		}
		s.must("status", "set", list, strconv.FormatUint(next, 10), "revoked")
		revoked++
		var shown statusListJSON
		s.json(&shown, "status", "show", list)
		if shown.Values["1"] != revoked || !*shown.Published || *shown.Allocated < uint64(len(taken)) {
			t.Fatalf("got %v revoked, published %v, %d given away; want %d, true, at least %d", shown.Values, *shown.Published, *shown.Allocated, revoked, len(taken))
		}
	}
	t.Logf("killed %d of 16", killed)
}

// runKilled runs a command and kills it at some instant, and tells whether that was before its end.
func runKilled(t *testing.T, c *exec.Cmd, whole time.Duration) bool {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(time.Duration(rand.Int64N(int64(whole)*6/5)), func() { _ = c.Process.Kill() })
	defer timer.Stop()
	err := c.Wait()
	if err != nil && c.ProcessState.Exited() {
		t.Errorf("%v: %v", c.Args, err)
	}
	return err != nil
}
