package httpledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// A call is one thing asked of the server.
type call struct {
	what   string // for errors
	method string
	path   string // below prefix
	key    string // of an append
	seq    uint64
	op     []byte // of an append, its own copy
	limit  int    // bytes of the answer
	wait   bool   // go on asking while the answer is Pending
	once   bool   // do not try again
}

// Pauses between tries, if the server names none: up to firstPause, doubling up to lastPause.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 2 * time.Second

	longestPause = 30 * time.Second // while a proof is pending, whatever the server names
)

// do makes a call and appends the answer to dst. The error is the caller's to return.
func (c *Client) do(ctx context.Context, q *call, dst []byte) ([]byte, error) {
	budget, pause := c.retryTime, firstPause
	for {
		if c.closed.Load() {
			return nil, ledger.ErrClosed
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("httpledger: %s: %w", q.what, err)
		}
		b, err := c.try(ctx, q, dst)
		if err == nil {
			return b, nil
		}
		if ctx.Err() != nil {
			return nil, fmt.Errorf("httpledger: %s: not waited for the end: %w", q.what, ctx.Err())
		}
		gone, ok := errors.AsType[*UnavailableError](err)
		if !ok || q.once || !gone.passes() {
			return nil, err
		}
		next := gone.RetryAfter
		if next == 0 {
			next = pause/2 + rand.N(pause/2)
			pause = min(2*pause, lastPause)
		}
		if gone.Code == Pending && q.wait {
			next = min(next, longestPause)
		} else if budget -= next; budget < 0 {
			return nil, err
		}
		if end, ok := ctx.Deadline(); ok && time.Until(end) < next {
			return nil, err
		}
		if err := c.sleep(ctx, next); err != nil {
			return nil, fmt.Errorf("httpledger: %s: %w", q.what, err)
		}
	}
}

// passes tells whether it may help to try again soon.
func (e *UnavailableError) passes() bool {
	switch e.Code {
	case Limited, Busy, Stopping, Timeout, Pending:
		return true
	case "":
		return e.Status != 0 || passing(e.Err)
	}
	return false
}

// passing tells whether err is of a connection that was not made or broke, rather than of an address or certificate.
func passing(err error) bool {
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.IsTemporary || dns.IsTimeout
	}
	_, operation := errors.AsType[*net.OpError](err)
	return operation || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errTimeout)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Shared by all requests; transports do not change them.
var (
	getHeader = http.Header{}
	putHeader = http.Header{
		"Content-Type":    {media},
		"Idempotency-Key": {}, // not sent; tells net/http that it may repeat the request if a connection turns out to be dead
	}
)

// errTimeout is the end of the time for one try, which must not look like the end of the caller's context.
var errTimeout = errors.New("no answer in time")

// try makes a call once.
func (c *Client) try(ctx context.Context, q *call, dst []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errTimeout)
	defer cancel()
	u := *c.base
	u.Path += prefix + q.path
	r := (&http.Request{Method: q.method, URL: &u, Host: u.Host, Header: getHeader, ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	if q.op != nil {
		r.Header, r.ContentLength = putHeader, int64(len(q.op))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(q.op)), nil }
		r.Body, _ = r.GetBody()
	}
	resp, err := c.transport.RoundTrip(r)
	if err != nil {
		return nil, broken(ctx, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, c.refused(ctx, q, resp)
	}
	if !is(resp, media) {
		return nil, fmt.Errorf("%w: content type", ErrAnswer)
	}
	return read(ctx, resp, q.limit, dst)
}

// broken is the error of an exchange that did not come to its end.
func broken(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &UnavailableError{Err: errTimeout} // or the caller's end, which the caller of try looks at
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = errors.New(err.Error())
	}
	return &UnavailableError{Err: err}
}

// is tells whether an answer is of a type, and not encoded.
func is(resp *http.Response, media string) bool {
	t := resp.Header["Content-Type"]
	return len(t) == 1 && t[0] == media && len(resp.Header["Content-Encoding"]) == 0 && !resp.Uncompressed
}

// read appends a body of at most limit bytes to dst.
func read(ctx context.Context, resp *http.Response, limit int, dst []byte) ([]byte, error) {
	size := resp.ContentLength
	if size > int64(limit) {
		return nil, fmt.Errorf("%w: %d bytes, over %d", ErrAnswer, size, limit)
	}
	if size < 0 {
		size = 512
	}
	from := len(dst)
	if need := from + int(size) + 1; cap(dst) < need { // one more, so that the end is seen without growing
		dst = append(make([]byte, 0, need), dst...)
	}
	for {
		n, err := resp.Body.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if len(dst)-from > limit {
			return nil, fmt.Errorf("%w: over %d bytes", ErrAnswer, limit)
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return nil, broken(ctx, err)
		}
		if len(dst) == cap(dst) {
			dst = append(dst, 0)[:len(dst)]
		}
	}
}

// refused is the error that an answer other than 200 means.
func (c *Client) refused(ctx context.Context, q *call, resp *http.Response) error {
	gone := &UnavailableError{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	if !is(resp, problem) {
		switch resp.StatusCode {
		case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return gone // somebody between here and the ledger
		}
		return fmt.Errorf("%w: status %d", ErrAnswer, resp.StatusCode)
	}
	b, err := read(ctx, resp, maxProblem, nil)
	if err != nil {
		return err
	}
	p, err := parseRefusal(b, resp.StatusCode)
	if err != nil {
		return err
	}
	switch p.code {
	case Conflict:
		return p.conflict(q.key, q.seq, q.op)
	case Clock:
		return &ledger.ClockError{Now: p.now, Last: p.last}
	case Invalid:
		return c.remote(ledger.ErrInvalid, p)
	case TooLarge:
		return c.remote(ledger.ErrTooLarge, p)
	case Corrupt:
		return c.remote(ledger.ErrCorrupt, p)
	case NotSupported:
		return c.remote(errors.ErrUnsupported, p)
	case Malformed:
		return fmt.Errorf("%w: our request is malformed: %s", ErrAnswer, p.detail)
	}
	gone.Code, gone.Detail = p.code, p.detail
	if causes := c.known(p); len(causes) > 0 {
		gone.Err = errors.Join(causes...)
	}
	return gone
}

// retryAfter reads the header of that name, in seconds or as a date.
func retryAfter(s string, now time.Time) time.Duration {
	if n, ok := parseNumber(s); ok {
		return time.Duration(min(n, 1<<30)) * time.Second
	}
	if t, err := http.ParseTime(s); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// A remoteError is an error of the ledger at the other end, with its text.
type remoteError struct {
	text string
	is   []error
}

func (e *remoteError) Error() string   { return e.text }
func (e *remoteError) Unwrap() []error { return e.is }

func (c *Client) remote(class error, p *refusal) error {
	e := &remoteError{text: class.Error(), is: append([]error{class}, c.known(p)...)}
	if p.detail != "" {
		e.text += ": " + p.detail
	}
	return e
}

func (c *Client) known(p *refusal) (causes []error) {
	for _, name := range p.causes {
		if err, ok := c.causes[name]; ok {
			causes = append(causes, err)
		}
	}
	return causes
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }
