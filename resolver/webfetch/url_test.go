package webfetch_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/realdid/realdid/resolver/webfetch"
)

func TestFetchURL(t *testing.T) {
	s, _, opt := server(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.RequestURI; got != "/lists/%61?of=1" || r.Header.Get("Accept-Encoding") != "" {
			t.Errorf("got %s, encoding %q", got, r.Header.Get("Accept-Encoding"))
		}
		w.Header().Set("Content-Type", "application/JSON; charset=utf-8")
		_, _ = w.Write([]byte("{}"))
	})
	base := "https://example.com:" + mustURL(t, s.URL).Port()
	b, media, err := webfetch.NewClient(opt).FetchURL(context.Background(), base+"/lists/%61?of=1", jsonFile)
	if err != nil || string(b) != "{}" || media != "application/json" {
		t.Errorf("got %s, %q, %v", b, media, err)
	}
	html := webfetch.File{Types: []string{"text/html"}, Max: 100}
	if _, _, err := webfetch.NewClient(opt).FetchURL(context.Background(), base+"/lists/%61?of=1", html); !errors.Is(err, webfetch.ErrContent) {
		t.Errorf("another media type: got %v, want %v", err, webfetch.ErrContent)
	}
	opt.InsecureAllow = nil
	if _, _, err := webfetch.NewClient(opt).FetchURL(context.Background(), base+"/", jsonFile); !errors.Is(err, webfetch.ErrAddress) {
		t.Errorf("an address that is not public: got %v, want %v", err, webfetch.ErrAddress)
	}
}

// TestFetchURLRefuses: nothing is even looked up.
func TestFetchURLRefuses(t *testing.T) {
	for _, u := range []string{
		"", "http://example.com/", "file:///etc/passwd", "https:example.com", "https:///x", "//example.com/", "https://user@example.com/", "https://user:pw@example.com/",
		"https://example.com/#x", "https://127.0.0.1/", "https://[::1]/", "https://[fe80::1%25eth0]/", "https://2130706433/", "https://0x7f.1/", "https://127.1/",
		"https://localhost/", "https://example.com:0/", "https://example.com:99999/", "https://exa%6dple.com/", "https://example.com /", "https://example.com/\n",
		"https://example.com/ü", "https://example.com/" + strings.Repeat("a", 2048), "https://exam_ple.com/", "https://example.com./",
	} {
		lookup := &names{answers: [][]netip.Addr{addresses("93.184.215.14")}}
		if _, _, err := webfetch.NewClient(&webfetch.Options{Lookup: lookup}).FetchURL(context.Background(), u, jsonFile); err == nil || lookup.calls.Load() != 0 {
			t.Errorf("%.60q: got error %v after %d look-ups, want one after none", u, err, lookup.calls.Load())
		}
	}
}
