package didcommhttp

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did/didcomm"
)

func loopback() *Client { return NewClient(&Options{InsecureLoopbackHTTP: true}) }

func TestSend(t *testing.T) {
	var got, media, agent string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, media, agent = r.Method+" "+r.URL.RequestURI()+" "+string(b), r.Header.Get("Content-Type"), r.Header.Get("User-Agent")
		w.WriteHeader(http.StatusAccepted)
	}))
	defer s.Close()
	c := loopback()
	defer c.Close()
	if err := c.Send(t.Context(), s.URL+"/inbox?of=bob#here", didcomm.MediaTypeEncrypted, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if want := "POST /inbox?of=bob {}"; got != want || media != didcomm.MediaTypeEncrypted || agent != "realdid" {
		t.Errorf("got %q, %q, %q; want %q", got, media, agent, want)
	}
}

func TestSendStatus(t *testing.T) {
	status := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(status) }))
	defer s.Close()
	c := loopback()
	defer c.Close()
	for st, want := range map[int]error{
		200: nil, 202: nil, 204: nil, 304: ErrEndpoint, 400: ErrRefused, 404: ErrRefused, 413: ErrRefused, 415: ErrRefused,
		408: errAgain, 425: errAgain, 429: errAgain, 500: errAgain, 503: errAgain,
	} {
		status = st
		err := c.Send(t.Context(), s.URL, didcomm.MediaTypeEncrypted, []byte("{}"))
		if want == errAgain {
			if err == nil || errors.Is(err, ErrRefused) || errors.Is(err, ErrEndpoint) {
				t.Errorf("%d: got %v, want an error that is not final", st, err)
			}
		} else if !errors.Is(err, want) || want == nil && err != nil {
			t.Errorf("%d: got %v, want %v", st, err, want)
		}
	}
}

var errAgain = errors.New("an error after which another try may do better")

func TestSendRefusesEndpoints(t *testing.T) {
	for name, c := range map[string]struct {
		client   *Client
		endpoint string
	}{
		"plain HTTP":                           {NewClient(nil), "http://bob.example/"},
		"no scheme":                            {NewClient(nil), "bob.example/inbox"},
		"no host":                              {NewClient(nil), "https:///inbox"},
		"opaque":                               {NewClient(nil), "https:bob.example"},
		"with a user":                          {NewClient(nil), "https://u:p@bob.example/"},
		"websocket":                            {NewClient(nil), "wss://bob.example/"},
		"a DID":                                {NewClient(nil), "did:example:mediator"},
		"a file":                               {NewClient(nil), "file:///etc/passwd"},
		"too long":                             {NewClient(nil), "https://bob.example/" + strings.Repeat("x", maxEndpoint)},
		"malformed":                            {NewClient(nil), "https://bob.example:x/"},
		"HTTPS where plain HTTP was asked for": {loopback(), "https://127.0.0.1/"},
	} {
		if err := c.client.Send(t.Context(), c.endpoint, didcomm.MediaTypeEncrypted, []byte("{}")); !errors.Is(err, ErrEndpoint) {
			t.Errorf("%s: got %v, want ErrEndpoint", name, err)
		}
	}
}

func TestSendRefusesMessages(t *testing.T) {
	c := loopback()
	for name, b := range map[string][]byte{"empty": {}, "too large": make([]byte, didcomm.MaxMessage+1)} {
		if err := c.Send(t.Context(), "http://127.0.0.1:1/", didcomm.MediaTypeEncrypted, b); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: got %v, want ErrRefused", name, err)
		}
	}
	if err := c.Send(t.Context(), "http://127.0.0.1:1/", "application/json", []byte("{}")); err == nil || !strings.Contains(err.Error(), "media type") {
		t.Errorf("media type: got %v", err)
	}
}

// TestRedirects: 307 alone is followed, with the message, and only so far.
func TestRedirects(t *testing.T) {
	var posts []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		posts = append(posts, r.Method+" "+r.URL.Path+" "+string(b)+r.Header.Get("Referer"))
		switch r.URL.Path {
		case "/307":
			http.Redirect(w, r, "/inbox", http.StatusTemporaryRedirect)
		case "/301", "/302", "/303", "/308":
			code := map[string]int{"/301": 301, "/302": 302, "/303": 303, "/308": 308}[r.URL.Path]
			http.Redirect(w, r, "/inbox", code)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusTemporaryRedirect)
		case "/away":
			w.Header().Set("Location", "https://elsewhere.example/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	}))
	defer s.Close()
	c := loopback()
	defer c.Close()
	for path, want := range map[string]struct {
		err   error
		posts string
	}{
		"/307":  {nil, "POST /307 {},POST /inbox {}"},
		"/301":  {ErrEndpoint, "POST /301 {}"},
		"/302":  {ErrEndpoint, "POST /302 {}"},
		"/303":  {ErrEndpoint, "POST /303 {}"},
		"/308":  {ErrEndpoint, "POST /308 {}"},
		"/loop": {ErrEndpoint, strings.TrimSuffix(strings.Repeat("POST /loop {},", 1+maxRedirects), ",")},
		"/away": {ErrEndpoint, "POST /away {}"},
	} {
		posts = nil
		err := c.Send(t.Context(), s.URL+path, didcomm.MediaTypeEncrypted, []byte("{}"))
		if !errors.Is(err, want.err) || want.err == nil && err != nil {
			t.Errorf("%s: got %v, want %v", path, err, want.err)
		}
		if got := strings.Join(posts, ","); got != want.posts {
			t.Errorf("%s: got %s, want %s", path, got, want.posts)
		}
	}
}

type names map[string][]netip.Addr

func (n names) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	if a, ok := n[host]; ok {
		return a, nil
	}
	return nil, errors.New("no such host")
}

// TestAddresses: a message goes to no address that is not public unless that was allowed, and then under the certificate of the name.
func TestAddresses(t *testing.T) {
	reached := 0
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reached++ }))
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	u, _ := url.Parse(s.URL)
	here := netip.MustParseAddr("127.0.0.1")
	lookup := names{"example.com": {here}, "mixed.example": {netip.MustParseAddr("93.184.215.14"), here}, "other.example": {here}, "none.example": nil}
	lookup["last.example"] = append(slices.Repeat([]netip.Addr{netip.MustParseAddr("93.184.215.14")}, 64), here)
	send := func(host string, opt Options) error {
		opt.Lookup, opt.RootCAs = lookup, pool
		c := NewClient(&opt)
		defer c.Close()
		return c.Send(t.Context(), "https://"+host+":"+u.Port()+"/", didcomm.MediaTypeEncrypted, []byte("{}"))
	}
	for _, host := range []string{"example.com", "mixed.example", "last.example"} {
		if err := send(host, Options{}); !errors.Is(err, ErrAddress) || errors.Is(err, ErrEndpoint) {
			t.Errorf("%s: got %v, want ErrAddress, which is not final", host, err)
		}
	}
	if err := send("none.example", Options{}); err == nil {
		t.Error("a host without addresses: got no error")
	}
	if reached != 0 {
		t.Fatalf("got %d connections to an address that is not public", reached)
	}
	inside := Options{InsecureAllow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	if err := send("example.com", inside); err != nil || reached != 1 { // a name of the test certificate
		t.Errorf("allowed: got %v, %d requests", err, reached)
	}
	if err := send("other.example", inside); err == nil || reached != 1 {
		t.Errorf("another name than that of the certificate: got %v, %d requests", err, reached)
	}
	public := NewClient(&Options{InsecureLoopbackHTTP: true, Lookup: names{"bob.example": {netip.MustParseAddr("93.184.215.14")}}})
	if err := public.Send(t.Context(), "http://bob.example/", didcomm.MediaTypeEncrypted, []byte("{}")); !errors.Is(err, ErrAddress) {
		t.Errorf("plain HTTP to a public address: got %v, want ErrAddress", err)
	}
}

// TestSendEnds: a recipient that does not answer is not waited for longer than the caller wants.
func TestSendEnds(t *testing.T) {
	entered := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(entered)
		<-r.Context().Done()
	}))
	defer s.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-entered; cancel() }()
	c := loopback()
	defer c.Close()
	if err := c.Send(ctx, s.URL, didcomm.MediaTypeEncrypted, []byte("{}")); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}
