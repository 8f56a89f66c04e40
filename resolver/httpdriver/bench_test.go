package httpdriver_test

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver/httpdriver"
)

// trivial gives the same bytes as the handler, and does nothing else.
func trivial(body []byte) http.Handler {
	length := strconv.Itoa(len(body))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", did.ResolutionMediaType)
		w.Header().Set("Content-Length", length)
		_, _ = w.Write(body)
	})
}

// proved is an answer of the usual size with a proof of 5,000 bytes.
func proved(tb testing.TB) (*httpdriver.Handler, string, []byte) {
	tb.Helper()
	f := newFake(tb)
	f.proof = bytes.Repeat([]byte{7}, 5000)
	h := handler(tb, f, &httpdriver.Options{Provers: map[string]did.Prover{"example": f}, Fresh: time.Hour, CacheBytes: 64 << 20})
	path := "/1.0/identifiers/" + f.id.String()
	rec := get(h, path, did.ResolutionMediaType)
	if rec.Code != http.StatusOK || !bytes.Contains(rec.Body.Bytes(), []byte(`"proofValue"`)) {
		tb.Fatalf("got %d %s", rec.Code, rec.Body)
	}
	return h, path, rec.Body.Bytes()
}

// sink is a ResponseWriter that is used again and again, as that of a server costs the same for every handler.
type sink struct{ header http.Header }

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

// BenchmarkHandler is the handler alone, without a server.
func BenchmarkHandler(b *testing.B) {
	h, path, body := proved(b)
	for name, handler := range map[string]http.Handler{"resolution": h, "trivial": trivial(body)} {
		b.Run(name, func(b *testing.B) {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Accept", did.ResolutionMediaType)
			w := &sink{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				handler.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkServer is both behind net/http on loopback, one connection for each of GOMAXPROCS clients.
func BenchmarkServer(b *testing.B) {
	h, path, body := proved(b)
	for name, handler := range map[string]http.Handler{"resolution": h, "trivial": trivial(body)} {
		b.Run(name, func(b *testing.B) {
			srv := httptest.NewServer(handler)
			defer srv.Close()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := fetch(srv.Client(), srv.URL+path); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}

// TestThroughput compares both under wrk with 64 connections, in one run, each twice and in turn. It needs wrk and
// REALDID_WRK=1.
func TestThroughput(t *testing.T) {
	wrk, err := exec.LookPath("wrk")
	if os.Getenv("REALDID_WRK") == "" || err != nil {
		t.Skip("REALDID_WRK is not set, or wrk is not installed")
	}
	h, path, body := proved(t)
	rate := map[string]float64{}
	for range 2 {
		for name, handler := range map[string]http.Handler{"resolution": h, "trivial": trivial(body)} {
			srv := httptest.NewServer(handler)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			out, err := exec.CommandContext(ctx, wrk, "-t2", "-c64", "-d5s", "-H", "Accept: "+did.ResolutionMediaType, srv.URL+path).CombinedOutput()
			cancel()
			srv.Close()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for line := range strings.Lines(string(out)) {
				if text, ok := strings.CutPrefix(line, "Requests/sec:"); ok {
					n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
					if err != nil {
						t.Fatal(err)
					}
					rate[name] = max(rate[name], n)
				}
			}
		}
	}
	ratio := rate["resolution"] / rate["trivial"]
	t.Logf("%d bytes: resolution %.0f/s, trivial %.0f/s, ratio %.2f", len(body), rate["resolution"], rate["trivial"], ratio)
	if !(ratio >= 0.5) {
		t.Errorf("got a ratio of %.2f, want at least 0.5", ratio)
	}
}
