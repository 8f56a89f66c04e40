package httpledger

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// ServerOptions of [NewServer]; nil means the defaults.
type ServerOptions struct {
	MaxConns       int // open at once; default 2,048. Further ones are closed as they come.
	MaxClientConns int // of them, from one address; default 256. Behind a proxy that is everybody.
}

// NewServer returns a server for a [Handler], alone or in a mux, that bounds what a handler has no hold on: the number of
// connections, and the time and size of a request's head. Starting it and shutting it down (http.Server.Shutdown lets
// appends under way come to their end) is the caller's.
func NewServer(h http.Handler, opt *ServerOptions) *http.Server {
	var o ServerOptions
	if opt != nil {
		o = *opt
	}
	setDefault(&o.MaxConns, 2048)
	setDefault(&o.MaxClientConns, 256)
	c := &connections{ServerOptions: o, open: make(map[net.Conn]netip.Addr), per: make(map[netip.Addr]int)}
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    8 << 10,
		ConnState:         c.changed,
	}
}

// connections closes those that are too many.
type connections struct {
	ServerOptions
	mu   sync.Mutex
	open map[net.Conn]netip.Addr
	per  map[netip.Addr]int
}

// changed is the ConnState of an http.Server.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		var client netip.Addr
		if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
			client = clientAddress(at.Addr())
		}
		if !c.add(conn, client) {
			_ = conn.Close()
		}
	case http.StateClosed, http.StateHijacked:
		c.remove(conn)
	}
}

func (c *connections) add(conn net.Conn, client netip.Addr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.MaxConns || c.per[client] >= c.MaxClientConns {
		return false
	}
	c.open[conn] = client
	c.per[client]++
	return true
}

func (c *connections) remove(conn net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	client, ok := c.open[conn]
	if !ok {
		return
	}
	delete(c.open, conn)
	if c.per[client]--; c.per[client] == 0 {
		delete(c.per, client)
	}
}
