package webfetch_test

import (
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver/webfetch"
)

func mustURL(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// names answers look-ups: each call for a host takes the next answer, the last one stays.
type names struct {
	answers [][]netip.Addr
	calls   atomic.Int32
}

func (n *names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	i := int(n.calls.Add(1)) - 1
	if len(n.answers) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return n.answers[min(i, len(n.answers)-1)], nil
}

func addresses(list ...string) []netip.Addr {
	var a []netip.Addr
	for _, s := range list {
		a = append(a, netip.MustParseAddr(s))
	}
	return a
}

// server is a TLS server whose certificate is for example.com, and the options with which a client reaches it.
func server(t *testing.T, h http.HandlerFunc) (*httptest.Server, webfetch.Location, *webfetch.Options) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	l, err := webfetch.ParseLocation("example.com%3A" + mustURL(t, s.URL).Port())
	if err != nil {
		t.Fatal(err)
	}
	return s, l, &webfetch.Options{
		Lookup: &names{answers: [][]netip.Addr{addresses("127.0.0.1")}}, RootCAs: pool, Timeout: time.Minute,
		InsecureAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}
}

var jsonFile = webfetch.File{Name: "did.json", Types: []string{"application/did", "application/json"}, Max: 100}

func TestFetch(t *testing.T) {
	_, l, opt := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.well-known/did.json" || r.Method != http.MethodGet || r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("got %s %s, encoding %q", r.Method, r.URL, r.Header.Get("Accept-Encoding"))
		}
		if got := strings.Join(r.Header.Values("Accept"), ","); got != "application/did,application/json" {
			t.Errorf("Accept: got %s", got)
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		fmt.Fprint(w, `{"id":"did:example:1"}`)
	})
	b, err := webfetch.NewClient(opt).Fetch(context.Background(), l, jsonFile)
	if err != nil || string(b) != `{"id":"did:example:1"}` {
		t.Errorf("got %s, %v", b, err)
	}
	if _, err := webfetch.NewClient(opt).Fetch(context.Background(), webfetch.Location{}, jsonFile); err == nil {
		t.Error("the zero location: got no error, want one")
	}
}

func TestFetchRefusesAnswers(t *testing.T) {
	answer := func(status int, header map[string]string, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for k, v := range header {
				w.Header().Set(k, v)
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	none := errors.New("")
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		want    error // none: any other
		code    did.ErrorCode
	}{
		"not found":     {answer(404, nil, ""), webfetch.ErrNotFound, did.NotFound},
		"gone":          {answer(410, nil, ""), webfetch.ErrNotFound, did.NotFound},
		"forbidden":     {answer(403, nil, "{}"), none, did.InternalError},
		"unavailable":   {answer(503, nil, "{}"), none, did.InternalError},
		"created":       {answer(201, nil, "{}"), none, did.InternalError},
		"partial":       {answer(206, nil, "{}"), none, did.InternalError},
		"moved":         {answer(301, map[string]string{"Location": "/other"}, "{}"), none, did.InternalError},
		"found":         {answer(302, map[string]string{"Location": "http://127.0.0.1/"}, "{}"), none, did.InternalError},
		"permanent":     {answer(308, map[string]string{"Location": "https://example.org/"}, "{}"), none, did.InternalError},
		"HTML":          {answer(200, map[string]string{"Content-Type": "text/html"}, "{}"), webfetch.ErrContent, did.InvalidDIDDocument},
		"text":          {answer(200, map[string]string{"Content-Type": "text/plain"}, "{}"), webfetch.ErrContent, did.InvalidDIDDocument},
		"bad type":      {answer(200, map[string]string{"Content-Type": "application/json, text/html"}, "{}"), webfetch.ErrContent, did.InvalidDIDDocument},
		"empty type":    {answer(200, map[string]string{"Content-Type": ""}, "{}"), webfetch.ErrContent, did.InvalidDIDDocument},
		"stated length": {answer(200, map[string]string{"Content-Length": "101"}, strings.Repeat(" ", 101)), webfetch.ErrContent, did.InvalidDIDDocument},
		"two types": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{"application/json", "text/html"}
			fmt.Fprint(w, "{}")
		}, webfetch.ErrContent, did.InvalidDIDDocument},
		"endless": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for range 1000 {
				fmt.Fprint(w, strings.Repeat(" ", 1000))
			}
		}, webfetch.ErrContent, did.InvalidDIDDocument},
		"endless header": {func(w http.ResponseWriter, _ *http.Request) {
			for i := range 100 {
				w.Header().Set("X-"+strconv.Itoa(i), strings.Repeat("x", 1000))
			}
		}, none, did.InternalError},
		"cut short": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "50")
			fmt.Fprint(w, "{")
		}, none, did.InternalError},
		"compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			fmt.Fprint(z, strings.Repeat(" ", 1<<20))
			z.Close()
		}, webfetch.ErrContent, did.InvalidDIDDocument},
	} {
		_, l, opt := server(t, c.handler)
		b, err := webfetch.NewClient(opt).Fetch(context.Background(), l, jsonFile)
		if err == nil {
			t.Errorf("%s: got %s, want an error", name, b)
			continue
		}
		final := errors.Is(err, webfetch.ErrNotFound) || errors.Is(err, webfetch.ErrContent)
		if c.want == none && final || c.want != none && !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", name, err, c.want)
		}
		if e := did.AsError(webfetch.ResolutionError(err)); e.Code != c.code {
			t.Errorf("%s: got code %s, want %s", name, e.Code, c.code)
		}
	}
	if err := webfetch.ResolutionError(nil); err != nil {
		t.Errorf("no error: got %v", err)
	}
}

// TestNoRedirect: the place that an answer names is never asked.
func TestNoRedirect(t *testing.T) {
	var asked atomic.Int32
	elsewhere, _, _ := server(t, func(http.ResponseWriter, *http.Request) { asked.Add(1) })
	_, l, opt := server(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+"/did.json", http.StatusFound)
	})
	if _, err := webfetch.NewClient(opt).Fetch(context.Background(), l, jsonFile); err == nil || asked.Load() != 0 {
		t.Errorf("got error %v and %d requests, want one and none", err, asked.Load())
	}
}

func TestRefusedAddresses(t *testing.T) {
	for _, a := range []string{
		"127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "169.254.169.254", "172.16.0.1",
		"172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
		"203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
		"::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
		"64:ff9b:1::1", "100::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2001::1", "2001:10::1",
		"2001:20::1", "2001:db8::1", "2002:7f00:1::", "3fff::1", "4000::1", "5f00::1", "2606:4700::1%eth0",
	} {
		lookup := &names{answers: [][]netip.Addr{addresses(a)}}
		fetchBlocked(t, a, lookup)
		mixed := &names{answers: [][]netip.Addr{append(addresses("93.184.215.14"), addresses(a)...)}}
		fetchBlocked(t, a+" after a public one", mixed)
	}
}

func TestInvalidAddress(t *testing.T) {
	fetchBlocked(t, "no address at all", &names{answers: [][]netip.Addr{{netip.Addr{}}}})
}

func fetchBlocked(t *testing.T, name string, lookup webfetch.Lookup) {
	t.Helper()
	l, err := webfetch.ParseLocation("rebind.example")
	if err != nil {
		t.Fatal(err)
	}
	_, err = webfetch.NewClient(&webfetch.Options{Lookup: lookup}).Fetch(context.Background(), l, jsonFile)
	if !errors.Is(err, webfetch.ErrAddress) {
		t.Errorf("%s: got error %v, want %v", name, err, webfetch.ErrAddress)
	}
	if e := did.AsError(webfetch.ResolutionError(err)); e == nil || !e.Temporary() {
		t.Errorf("%s: got error %v, want one that is not an answer", name, err)
	}
}

// TestRebinding: a name that is public when it is looked at first and private when it is connected to gains nothing,
// because there is one look-up for each connection, and its answer is what is checked and connected to.
func TestRebinding(t *testing.T) {
	var asked atomic.Int32
	_, l, opt := server(t, func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Connection", "close")
		fmt.Fprint(w, "{}")
	})
	// 127.0.0.1 is the address that is allowed here; 127.0.0.2 stands for one that is not.
	opt.InsecureAllow = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	lookup := &names{answers: [][]netip.Addr{addresses("127.0.0.1"), addresses("127.0.0.2")}}
	opt.Lookup = lookup
	c := webfetch.NewClient(opt)
	if _, err := c.Fetch(context.Background(), l, jsonFile); err != nil || lookup.calls.Load() != 1 {
		t.Fatalf("got error %v after %d look-ups, want none after one", err, lookup.calls.Load())
	}
	if _, err := c.Fetch(context.Background(), l, jsonFile); !errors.Is(err, webfetch.ErrAddress) {
		t.Errorf("second look-up: got error %v, want %v", err, webfetch.ErrAddress)
	}
	if asked.Load() != 1 {
		t.Errorf("got %d requests, want 1", asked.Load())
	}
}

func TestLookupFails(t *testing.T) {
	l, err := webfetch.ParseLocation("nowhere.example")
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]*names{"no such host": {}, "no address": {answers: [][]netip.Addr{nil}}} {
		_, err := webfetch.NewClient(&webfetch.Options{Lookup: n}).Fetch(context.Background(), l, jsonFile)
		if e := did.AsError(webfetch.ResolutionError(err)); e == nil || !e.Temporary() {
			t.Errorf("%s: got error %v, want one that is not an answer", name, err)
		}
	}
}

// TestNextAddress: an address that does not answer is not the end while there is another.
func TestNextAddress(t *testing.T) {
	_, l, opt := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "{}")
	})
	opt.Lookup = &names{answers: [][]netip.Addr{addresses("127.0.0.2", "::ffff:127.0.0.1")}}
	if _, err := webfetch.NewClient(opt).Fetch(context.Background(), l, jsonFile); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}

func TestLoopbackHTTP(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "{}")
	}))
	t.Cleanup(s.Close)
	l, err := webfetch.ParseLocation("example.com%3A" + mustURL(t, s.URL).Port())
	if err != nil {
		t.Fatal(err)
	}
	loopback := func() *names { return &names{answers: [][]netip.Addr{addresses("127.0.0.1")}} }
	c := webfetch.NewClient(&webfetch.Options{Lookup: loopback(), InsecureLoopbackHTTP: true})
	if _, err := c.Fetch(context.Background(), l, jsonFile); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	public := &names{answers: [][]netip.Addr{addresses("93.184.215.14")}}
	c = webfetch.NewClient(&webfetch.Options{Lookup: public, InsecureLoopbackHTTP: true})
	if _, err := c.Fetch(context.Background(), l, jsonFile); !errors.Is(err, webfetch.ErrAddress) {
		t.Errorf("plain HTTP to a public address: got error %v, want %v", err, webfetch.ErrAddress)
	}
	allow := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	c = webfetch.NewClient(&webfetch.Options{Lookup: loopback(), InsecureAllow: allow})
	if _, err := c.Fetch(context.Background(), l, jsonFile); err == nil {
		t.Error("HTTPS to a server without TLS: got no error, want one")
	}
}

func TestCertificate(t *testing.T) {
	s, _, opt := server(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came through") })
	l, err := webfetch.ParseLocation("other.example%3A" + mustURL(t, s.URL).Port())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := webfetch.NewClient(opt).Fetch(context.Background(), l, jsonFile); err == nil {
		t.Error("a certificate for another name: got no error, want one")
	}
}

func TestTimeLimits(t *testing.T) {
	hang := make(chan struct{})
	_, l, opt := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(hang) })
	opt.Timeout = 50 * time.Millisecond
	if _, err := webfetch.NewClient(opt).Fetch(context.Background(), l, jsonFile); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a body that does not come: got error %v, want %v", err, context.DeadlineExceeded)
	}
	opt.Timeout = time.Minute
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := webfetch.NewClient(opt).Fetch(ctx, l, jsonFile); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the caller's limit: got error %v, want %v", err, context.DeadlineExceeded)
	}
}

// TestNoProxy: a proxy of the environment would look names up itself.
func TestNoProxy(t *testing.T) {
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("https_proxy", "http://127.0.0.1:1")
	_, l, opt := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, "{}")
	})
	if _, err := webfetch.NewClient(opt).Fetch(context.Background(), l, jsonFile); err != nil {
		t.Errorf("got error %v, want none", err)
	}
}
