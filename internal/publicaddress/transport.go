package publicaddress

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"time"
)

const maxHeader = 16 << 10 // bytes of an answer's header

// Transport returns a transport that connects by d, without proxies and compression, and trusts roots; nil for those of the system. d must not
// change afterwards.
func (d *Dialer) Transport(roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		DialContext:            d.DialContext,
		TLSClientConfig:        &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    d.Timeout,
		ResponseHeaderTimeout:  d.Timeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
		MaxConnsPerHost:        8,
		MaxIdleConnsPerHost:    2,
		MaxIdleConns:           64,
		IdleConnTimeout:        30 * time.Second,
	}
}
