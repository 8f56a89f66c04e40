package prometheus_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/resolver/httpdriver"
	metrics "github.com/realdid/realdid/resolver/httpdriver/prometheus"
)

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m, err := metrics.New(reg)
	if err != nil {
		t.Fatal(err)
	}
	h, err := httpdriver.New(resolver.Mux{"key": didkey.Resolver{}}, &httpdriver.Options{Metrics: m, Fresh: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	const id = "did:key:z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu"
	for _, path := range []string{id, id, "did:unknown:1", "nonsense"} {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/1.0/identifiers/"+path, nil))
	}
	w := httptest.NewRecorder()
	promhttp.HandlerFor(reg, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`realdid_http_requests_total{code="",method="key",route="identifiers",status="200"} 2`,
		`realdid_http_requests_total{code="METHOD_NOT_SUPPORTED",method="other",route="identifiers",status="501"} 1`,
		`realdid_http_requests_total{code="INVALID_DID",method="",route="identifiers",status="400"} 1`,
		`realdid_http_request_duration_seconds_count{cached="false",route="identifiers"} 3`,
		`realdid_http_request_duration_seconds_count{cached="true",route="identifiers"} 1`,
		`realdid_http_response_bytes_total{route="identifiers"} `,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("got no line %s in\n%s", want, w.Body)
		}
	}
	if strings.Contains(w.Body.String(), "z6Mk") || strings.Contains(w.Body.String(), "unknown") {
		t.Errorf("a label comes from a request:\n%s", w.Body)
	}
}

func TestTwice(t *testing.T) {
	reg := prometheus.NewRegistry()
	if _, err := metrics.New(reg); err != nil {
		t.Fatal(err)
	}
	if _, err := metrics.New(reg); err == nil {
		t.Error("registered twice: got no error")
	}
}
