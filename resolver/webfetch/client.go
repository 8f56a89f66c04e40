// Package webfetch reads files from the web that somebody else names, and lets nobody use the reader as a way into a network: those
// that did:web and did:webvh identifiers point to, and those at a URL that stands in a credential. The URL follows from the identifier or
// the credential alone: a fetch never goes where an answer says.
//
// Only HTTPS is spoken, without redirects, proxies, cookies and compression. A host name is looked up once per
// connection, every address that it has must be public, and the connection goes to one of the addresses that were
// checked, so that a name which answers otherwise the second time (DNS rebinding) gains nothing.
package webfetch

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/publicaddress"
)

// Why a fetch failed for good. Every other error of Fetch means that there was no answer, and that another try may get one.
var (
	ErrNotFound = errors.New("not found")                                  // status 404 or 410
	ErrContent  = errors.New("not content of the kind that was asked for") // media type, or over the limit of size
)

// ErrAddress is in the error of a fetch that was refused because the host has an address outside the public Internet.
var ErrAddress = errors.New("address is not public")

// Lookup finds the addresses of a host name. *net.Resolver is one.
type Lookup interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// Options of a Client. A zero field means the default.
type Options struct {
	Lookup  Lookup         // default net.DefaultResolver
	RootCAs *x509.CertPool // default: those of the system
	Timeout time.Duration  // of one fetch, from look-up to the last byte; default 10 s

	// InsecureAllow lists addresses that are connected to although they are not public, for services inside a network.
	InsecureAllow []netip.Prefix
	// InsecureLoopbackHTTP speaks plain HTTP instead of HTTPS, and only with loopback addresses. For tests.
	InsecureLoopbackHTTP bool
}

const (
	defaultTimeout = 10 * time.Second
)

// Client fetches files. It is safe for concurrent use.
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
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

// File says what is fetched.
type File struct {
	Name  string   // "did.json"
	Types []string // media types that are accepted, the preferred one first; "" among them accepts an answer that states none
	Max   int      // bytes
}

// Fetch returns the content of a file of l. It ends early when ctx does.
func (c *Client) Fetch(ctx context.Context, l Location, f File) ([]byte, error) {
	b, _, err := c.fetch(ctx, l.fileURL(c.scheme, f.Name), f)
	return b, err
}

// fetch also returns the media type that the answer states.
func (c *Client) fetch(ctx context.Context, url string, f File) ([]byte, string, error) {
	ctx, cancel := context.WithTimeout(ctx, c.opt.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, "", fmt.Errorf("webfetch: %w", err)
	}
	for _, t := range f.Types {
		if t != "" {
			req.Header.Add("Accept", t)
		}
	}
	req.Header.Set("User-Agent", "realdid")
	res, err := c.http.Do(req)
	if err != nil {
		return nil, "", fmt.Errorf("webfetch: %w", err)
	}
	defer res.Body.Close()
	media, err := checkHeader(res, f)
	if err != nil {
		return nil, "", err
	}
	b, err := io.ReadAll(io.LimitReader(res.Body, int64(f.Max)+1))
	if err == nil {
		err = ctx.Err() // a server that notices that we give up may end the body in good order
	}
	if err != nil {
		return nil, "", fmt.Errorf("webfetch: %w", err)
	}
	if len(b) > f.Max {
		return nil, "", fmt.Errorf("webfetch: %w: over %d bytes", ErrContent, f.Max)
	}
	return b, media, nil
}

// checkHeader returns the media type, "" if none is stated.
func checkHeader(res *http.Response, f File) (media string, err error) {
	switch {
	case res.StatusCode == http.StatusNotFound, res.StatusCode == http.StatusGone:
		return "", fmt.Errorf("webfetch: %w: status %d", ErrNotFound, res.StatusCode)
	case res.StatusCode >= 300 && res.StatusCode < 400:
		return "", fmt.Errorf("webfetch: status %d: redirects are not followed", res.StatusCode)
	case res.StatusCode != http.StatusOK:
		return "", fmt.Errorf("webfetch: status %d", res.StatusCode)
	}
	if h := res.Header.Values("Content-Type"); len(h) > 0 {
		if media, _, err = mime.ParseMediaType(h[0]); err != nil || len(h) > 1 {
			return "", fmt.Errorf("webfetch: %w: malformed content type", ErrContent)
		}
	}
	if !slices.Contains(f.Types, media) {
		return "", fmt.Errorf("webfetch: %w: media type", ErrContent)
	}
	return media, nil
}

// ResolutionError returns the error of a Fetch as one of resolution: NOT_FOUND and INVALID_DID_DOCUMENT are final, INTERNAL_ERROR is
// all that was not an answer.
func ResolutionError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return &did.Error{Code: did.NotFound, Err: err}
	case errors.Is(err, ErrContent):
		return &did.Error{Code: did.InvalidDIDDocument, Err: err}
	}
	return &did.Error{Code: did.InternalError, Err: err}
}
