package httpdriver

import (
	"net/http"
	"time"
)

// NewServer returns a server for handler on addr with limits that slow and oversized clients run into: the header of a
// request within 5 seconds and 16 KiB, the whole request within 15 seconds, the answer within 30 seconds after that, and a
// connection without request for a minute. The caller listens, and stops it with Shutdown, which lets requests under way end.
func NewServer(addr string, handler http.Handler) *http.Server {
	return &http.Server{
		Addr: addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second, WriteTimeout: 45 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
}
