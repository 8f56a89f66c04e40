package main

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// underOwnName refuses requests that come to this machine alone and ask for a host elsewhere: a page in a browser on this machine whose name
// was made to lead here after it was loaded (DNS rebinding) would else use a server that asks nobody who they are. names are those of
// the server's certificate.
func underOwnName(h http.Handler, names []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr); ok && local.IP.IsLoopback() && !isOwnName(r.Host, names) {
			http.Error(w, "this server has another name", http.StatusMisdirectedRequest)
			return
		}
		h.ServeHTTP(w, r)
	})
}

func isOwnName(host string, names []string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || slices.Contains(names, host) {
		return true
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}
