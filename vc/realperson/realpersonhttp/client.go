package realpersonhttp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"github.com/realdid/realdid/internal/strictjson"
)

// ErrAnswer says that what came back is not an answer of this protocol.
var ErrAnswer = errors.New("realpersonhttp: not an answer of this protocol")

// ErrUnavailable says that no answer came back. What was asked for may or may not have been done.
var ErrUnavailable = errors.New("realpersonhttp: no answer")

// ClientOptions are those of both clients. nil is the zero value.
type ClientOptions struct {
	// HTTP sends the requests, and its Timeout counts. nil: a client without a proxy, that follows no redirect and keeps no cookie; how
	// long a request may take is then for the context.
	HTTP *http.Client
	// InsecureHTTP allows a URL that is plain HTTP and not on this machine.
	InsecureHTTP bool
}

const (
	maxAnswer  = 1 << 20
	maxProblem = 16 << 10
)

var answerLimits = strictjson.Limits{Bytes: maxAnswer, Depth: 32, Nodes: 65536}

// client asks one server.
type client struct {
	base string
	http *http.Client
}

func newClient(base string, opt *ClientOptions) (*client, error) {
	if opt == nil {
		opt = &ClientOptions{}
	}
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "":
		return nil, errors.New("realpersonhttp: the server's URL is not a plain URL")
	case u.Scheme == "http" && (opt.InsecureHTTP || isLoopback(u.Hostname())):
	case u.Scheme != "https":
		return nil, errors.New("realpersonhttp: the server's URL is not https")
	}
	c := &client{base: strings.TrimSuffix(u.String(), "/"), http: opt.HTTP}
	if c.http == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Proxy = nil
		c.http = &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return c, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost"
}

// call asks at a path below the base.
func (c *client) call(ctx context.Context, path string, body any, want int) (strictjson.Value, error) {
	return c.callURL(ctx, c.base+path, path, body, want)
}

// callURL sends body, or nothing for nil, and returns the answer: a strict JSON object. Errors name the path alone.
func (c *client) callURL(ctx context.Context, url, path string, body any, want int) (strictjson.Value, error) {
	var none strictjson.Value
	method, content := http.MethodGet, io.Reader(nil)
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return none, fmt.Errorf("realpersonhttp: %s: %w", path, err)
		}
		method, content = http.MethodPost, bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, content)
	if err != nil {
		return none, fmt.Errorf("realpersonhttp: %s: %w", path, err)
	}
	req.Header.Set("Accept", "application/json, "+problemMediaType)
	req.Header.Set("User-Agent", "realdid")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return none, fmt.Errorf("%w: %s: %w", ErrUnavailable, path, withoutURL(err))
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return none, fmt.Errorf("%w: %s: %w", ErrUnavailable, path, withoutURL(err))
	}
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	switch {
	case len(b) > maxAnswer:
		return none, fmt.Errorf("%w: %s: too large", ErrAnswer, path)
	case res.StatusCode == want && media == "application/json":
		v, err := strictjson.Parse(b, answerLimits)
		if err != nil || v.Kind() != strictjson.Object {
			return none, fmt.Errorf("%w: %s: not a JSON object", ErrAnswer, path)
		}
		return v, nil
	case res.StatusCode >= 400 && media == problemMediaType:
		p, err := parseProblem(b, res.StatusCode)
		if err != nil {
			return none, err
		}
		return none, p
	case res.StatusCode == http.StatusServiceUnavailable || res.StatusCode == http.StatusBadGateway || res.StatusCode == http.StatusGatewayTimeout:
		return none, fmt.Errorf("%w: %s: status %d", ErrUnavailable, path, res.StatusCode)
	}
	return none, fmt.Errorf("%w: %s: status %d", ErrAnswer, path, res.StatusCode)
}

// withoutURL leaves out where a request went: errors end up in logs.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	if o, ok := errors.AsType[*net.OpError](err); ok && o.Err != nil {
		return o.Err
	}
	return err
}

// plain makes text fit for one line of a terminal.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, s)
	if len(s) > 2*maxDetail {
		s = strings.ToValidUTF8(s[:2*maxDetail], "")
	}
	return s
}
