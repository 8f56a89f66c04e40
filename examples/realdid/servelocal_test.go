package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
)

// TestRebinding asks a server of this machine alone under the names of others.
func TestRebinding(t *testing.T) {
	h := underOwnName(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), []string{"issuer.test"})
	ask := func(host, at string) int {
		r := httptest.NewRequestWithContext(context.WithValue(t.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.ParseIP(at), Port: 8490}), http.MethodPost, "/credentials/status", http.NoBody)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Code
	}
	for _, host := range []string{"127.0.0.1:8490", "127.0.0.1", "[::1]:8490", "localhost:8490", "LOCALHOST", "a.localhost:1", "issuer.test:8491", "192.0.2.1"} {
		if got := ask(host, "127.0.0.1"); got != http.StatusOK {
			t.Errorf("%s: got %d", host, got)
		}
	}
	for _, host := range []string{"evil.example:8490", "evil.example", "127.0.0.1.evil.example:8490", "localhost.evil.example", "", "evil.example.", "[evil.example]:8490"} {
		for _, at := range []string{"127.0.0.1", "::1"} {
			if got := ask(host, at); got != http.StatusMisdirectedRequest {
				t.Errorf("%q: got %d, want %d", host, got, http.StatusMisdirectedRequest)
			}
		}
		if got := ask(host, "192.0.2.1"); got != http.StatusOK { // who listens for others is reached under names of all kinds
			t.Errorf("%q from elsewhere: got %d", host, got)
		}
	}
}

// TestServeVCALMRebinding is TestRebinding with the server.
func TestServeVCALMRebinding(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if runtime.GOOS == "windows" {
		t.Skip("there are no signals to end a server by")
	}
	t.Parallel()
	n := newStation(t)
	p := n.start("serve", "vcalm", "--addr", "127.0.0.1:0")
	for host, want := range map[string]int{"evil.example:8490": http.StatusMisdirectedRequest, "localhost": http.StatusOK} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.ready.URL+"/issuers", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			t.Errorf("%s: got %d, want %d", host, res.StatusCode, want)
		}
	}
	p.stop()
}
