// Package prometheus tells Prometheus what an httpdriver.Handler answers. It is a module of its own, so that a program that
// measures otherwise does not link the client library.
//
//	realdid_http_requests_total{route,method,status,code}   requests that were answered
//	realdid_http_request_duration_seconds{route,cached}      how long they took
//	realdid_http_response_bytes_total{route}                 bytes of their bodies
//
// No label comes from what a stranger wrote: DID methods that are not served are "other".
package prometheus

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/realdid/realdid/resolver/httpdriver"
)

// Metrics are the collectors. They implement httpdriver.Metrics.
type Metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	bytes    *prometheus.CounterVec
}

var _ httpdriver.Metrics = (*Metrics)(nil)

// New makes the collectors and registers them. Errors are those of Register, such as names that are taken; nothing is then
// left registered.
func New(r prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realdid_http_requests_total", Help: "Requests that were answered, by route, DID method, HTTP status and error of DID resolution.",
		}, []string{"route", "method", "status", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "realdid_http_request_duration_seconds", Help: "How long requests took, by route and whether the answer was kept from before.",
			Buckets: []float64{0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
		}, []string{"route", "cached"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "realdid_http_response_bytes_total", Help: "Bytes of answers' bodies, by route.",
		}, []string{"route"}),
	}
	all := []prometheus.Collector{m.requests, m.duration, m.bytes}
	for i, c := range all {
		if err := r.Register(c); err != nil {
			for _, done := range all[:i] {
				r.Unregister(done)
			}
			return nil, err
		}
	}
	return m, nil
}

// Observe counts one request.
func (m *Metrics) Observe(e httpdriver.Event) {
	m.requests.WithLabelValues(e.Route, e.Method, strconv.Itoa(e.Status), string(e.Code)).Inc()
	m.duration.WithLabelValues(e.Route, strconv.FormatBool(e.Cached)).Observe(e.Duration.Seconds())
	m.bytes.WithLabelValues(e.Route).Add(float64(e.Bytes))
}
