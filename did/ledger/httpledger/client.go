package httpledger

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// ClientOptions of [NewClient]; nil means the defaults.
type ClientOptions struct {
	// Transport sends the requests; default: one of its own, with system roots. The client never follows a redirect,
	// whatever the transport.
	Transport http.RoundTripper

	// InsecureHTTP allows http to addresses that are not loopback: anybody on the way can then withhold and invent answers.
	InsecureHTTP bool

	// Timeout is for one try; default 60 s. It must be longer than the server takes for an append or a proof.
	Timeout time.Duration

	// RetryTime is how long a call may wait, in all, between tries; default 10 s, negative: no second try. Only what may be
	// repeated safely is: see [Client].
	RetryTime time.Duration

	Causes Causes // errors by the names that the handler gives them
}

// A Client is a ledger that a [Handler] elsewhere serves: a [ledger.Ledger], [ledger.Follower], [ledger.Stater] and
// [ledger.Prover], safe for concurrent use.
//
// A call is tried again, with growing pauses or after the time that the server names, if the server could not be reached, the
// connection broke, or the server says that it is too busy; an append as well, because equal bytes at the same seq are the
// same entry. It ends with the context, or when RetryTime is used up, or at once if the wait would be longer than either.
//
// Errors: those of the contract; [ErrAnswer]; and [*UnavailableError] for everything that may be otherwise later, the
// failures of the ledger included.
type Client struct {
	base      *url.URL
	transport http.RoundTripper
	own       *http.Transport // the transport, if made here
	timeout   time.Duration
	retryTime time.Duration
	causes    Causes
	closed    atomic.Bool
	sleep     func(context.Context, time.Duration) error
}

var (
	_ ledger.Ledger   = (*Client)(nil)
	_ ledger.Follower = (*Client)(nil)
	_ ledger.Stater   = (*Client)(nil)
	_ ledger.Prover   = (*Client)(nil)
)

// NewClient returns a client of the handler at base, an https URL, or http to loopback; its path, if any, is what precedes
// /ledger/v1/. It connects to nobody yet.
func NewClient(base string, opt *ClientOptions) (*Client, error) {
	var o ClientOptions
	if opt != nil {
		o = *opt
	}
	u, err := parseBase(base, o.InsecureHTTP)
	if err != nil {
		return nil, err
	}
	if err := o.Causes.check(); err != nil {
		return nil, err
	}
	setDefault(&o.Timeout, 60*time.Second)
	if o.RetryTime == 0 {
		o.RetryTime = 10 * time.Second
	}
	c := &Client{base: u, transport: o.Transport, timeout: o.Timeout, retryTime: o.RetryTime, causes: o.Causes, sleep: sleep}
	if c.transport == nil {
		c.own = newTransport(u.Scheme == "http" && !o.InsecureHTTP)
		c.transport = c.own
	}
	return c, nil
}

// parseBase checks the address of a server.
func parseBase(base string, insecure bool) (*url.URL, error) {
	u, err := url.Parse(base)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, errors.New("httpledger: client: not an http or https URL") // without the text: it may hold a password
	}
	if u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.RawPath != "" {
		return nil, errors.New("httpledger: client: a URL with a user, query, fragment or escaped path")
	}
	if u.Scheme == "http" && !insecure && !isLoopback(u.Hostname()) {
		return nil, fmt.Errorf("httpledger: client: http to %s, which is not loopback: use https", u.Hostname())
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return u, nil
}

func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true // and the dialer looks at what it resolves to
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// maxConns is how many connections a client opens; further calls wait for one. A handler serves as many of one client at once.
const maxConns = 64

// newTransport returns a transport that asks for no compression, and so unpacks nothing.
func newTransport(loopback bool) *http.Transport {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	t := &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    10 * time.Second,
		MaxIdleConnsPerHost:    maxConns,
		MaxConnsPerHost:        maxConns,
		IdleConnTimeout:        90 * time.Second, // less than the server's, so that it is rarely the server that hangs up
		MaxResponseHeaderBytes: 8 << 10,
		DisableCompression:     true,
	}
	if loopback {
		t.Proxy = nil
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().Unmap().IsLoopback() {
				return errors.New("httpledger: client: http to an address that is not loopback")
			}
			return nil
		}
	}
	return t
}

// Close ends the client: what is called afterwards returns [ledger.ErrClosed]. The ledger itself goes on.
func (c *Client) Close() error {
	c.closed.Store(true)
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
	return nil
}
