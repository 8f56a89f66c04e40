package didcommhttp

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/realdid/realdid/did/didcomm"
	"github.com/realdid/realdid/internal/publicaddress"
)

// Why a message was not delivered, where a caller acts differently. Every other error of Send means that nobody knows whether the
// message arrived, and that another try may do better.
var (
	// ErrAddress: the host has an address outside the public Internet, and nobody was connected to.
	ErrAddress = errors.New("address is not public")
	// ErrEndpoint: this is no endpoint that messages are sent to. Look the recipient up again later.
	ErrEndpoint = errors.New("not an endpoint for messages")
	// ErrRefused: the recipient does not take this message (an HTTP status of 4xx). The same bytes will not do better; the
	// recipient's keys may have changed.
	ErrRefused = errors.New("refused by the recipient")
)

// Options of a Client. A zero field means the default.
type Options struct {
	Lookup  Lookup         // default net.DefaultResolver
	RootCAs *x509.CertPool // default: those of the system
	Timeout time.Duration  // of one message, from look-up to answer; default 30 s

	// InsecureAllow lists addresses that are connected to although they are not public, for endpoints inside a network.
	InsecureAllow []netip.Prefix
	// InsecureLoopbackHTTP speaks plain HTTP instead of HTTPS, and only with loopback addresses. For tests.
	InsecureLoopbackHTTP bool
}

const (
	defaultTimeout = 30 * time.Second
	maxEndpoint    = 2048    // bytes of a URL
	maxAnswer      = 4 << 10 // bytes of an answer's body that are read, to use the connection again
	maxRedirects   = 3
)

// Lookup finds the addresses of a host name. *net.Resolver is one.
type Lookup interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Client sends messages. It is safe for concurrent use.
type Client struct {
	opt    Options
	scheme string
	http   http.Client
}

// NewClient returns a client. opt may be nil.
func NewClient(opt *Options) *Client {
	c := &Client{scheme: "https"}
	if opt != nil {
		c.opt = *opt
		c.opt.InsecureAllow = slices.Clone(opt.InsecureAllow)
	}
	if c.opt.Timeout <= 0 {
		c.opt.Timeout = defaultTimeout
	}
	if c.opt.InsecureLoopbackHTTP {
		c.scheme = "http"
	}
	dialer := publicaddress.Dialer{Allow: c.opt.InsecureAllow, Loopback: c.opt.InsecureLoopbackHTTP, Timeout: c.opt.Timeout, Refused: ErrAddress}
	if c.opt.Lookup != nil {
		dialer.Lookup = c.opt.Lookup
	}
	c.http = http.Client{
		Transport:     dialer.Transport(c.opt.RootCAs),
		CheckRedirect: c.checkRedirect,
	}
	return c
}

// Close closes connections that are kept for the next message. The client can be used afterwards.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Send posts a packed message to an endpoint, a URL with the scheme https, under its media type
// (didcomm.MediaTypeEncrypted or another). nil means that the recipient's server took the message, and nothing about what the
// recipient makes of it: an answer, if there is one, is a message of its own. Errors: ErrEndpoint and ErrRefused, which are final, and
// others, after which the message may be sent again.
func (c *Client) Send(ctx context.Context, endpoint, mediaType string, packed []byte) error {
	if !slices.Contains(mediaTypes, mediaType) {
		return fmt.Errorf("didcommhttp: send: media type %.64q is none of a message", mediaType)
	}
	if len(packed) == 0 || len(packed) > didcomm.MaxMessage {
		return fmt.Errorf("didcommhttp: send: %w: a message has 1 to %d bytes", ErrRefused, didcomm.MaxMessage)
	}
	u, err := url.Parse(endpoint)
	if err != nil || len(endpoint) > maxEndpoint || c.checkURL(u) != nil {
		return fmt.Errorf("didcommhttp: send: %w: %.128q", ErrEndpoint, endpoint)
	}
	u.Fragment, u.RawFragment = "", ""
	ctx, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(packed))
	if err != nil {
		return fmt.Errorf("didcommhttp: send: %w: %w", ErrEndpoint, err)
	}
	req.Header.Set("Content-Type", mediaType)
	req.Header.Set("User-Agent", "realdid")
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("didcommhttp: send: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer))
	return checkStatus(res.StatusCode)
}

func checkStatus(status int) error {
	switch {
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests:
	case status >= 400 && status < 500:
		return fmt.Errorf("didcommhttp: send: %w: status %d", ErrRefused, status)
	case status >= 300 && status < 400:
		return fmt.Errorf("didcommhttp: send: %w: status %d leads nowhere", ErrEndpoint, status)
	}
	return fmt.Errorf("didcommhttp: send: status %d", status)
}

func (c *Client) checkURL(u *url.URL) error {
	if u.Scheme != c.scheme || u.Hostname() == "" || u.User != nil || u.Opaque != "" {
		return ErrEndpoint
	}
	return nil
}

// checkRedirect follows status 307 alone, which keeps the method and moves nobody for good (DIDComm Messaging v2.1, section
// "HTTPS").
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	if req.Response == nil || req.Response.StatusCode != http.StatusTemporaryRedirect || len(via) > maxRedirects {
		return http.ErrUseLastResponse
	}
	if err := c.checkURL(req.URL); err != nil {
		return fmt.Errorf("%w: it redirects to another", err)
	}
	req.Header.Del("Referer")
	return nil
}
