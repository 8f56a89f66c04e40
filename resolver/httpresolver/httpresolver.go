// Package httpresolver resolves DIDs by asking a resolver over HTTP (W3C DID Resolution 1.0, section 12.1), such as package
// httpdriver serves, and checks the proof that comes with an answer. The server need not be trusted for what is proved, and
// is believed nothing about what is not: an answer without a proof has an empty Evidence, which no policy is content with.
package httpresolver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/realdid/realdid/did"
)

// Options of New. A field that is zero means the default.
type Options struct {
	Timeout   time.Duration     // of one question, all in all; default 10 seconds
	MaxBytes  int64             // of an answer; default and most: did.MaxResolution
	Transport http.RoundTripper // default: one of the resolver's own, with limits
	NoCache   bool              // every question has the option noCache

	// InsecureHTTP allows an endpoint that is plain HTTP and not on this machine: who stands between sees which DIDs are
	// asked for, and writes the answers that carry no proof.
	InsecureHTTP bool
}

// Resolver asks one server. It implements did.Resolver and is safe for concurrent use.
type Resolver struct {
	endpoint  string
	verifiers map[string]did.Verifier
	opt       Options
	client    *http.Client
}

// New returns a resolver that asks endpoint, such as "https://resolver.example/1.0/identifiers/"; a slash at its end is added
// if it is missing. verifiers check the proofs of the DID methods that they are named by; it may be nil. Errors: an endpoint
// that is no https URL, or one with user, query or fragment.
func New(endpoint string, verifiers map[string]did.Verifier, opt *Options) (*Resolver, error) {
	r := &Resolver{verifiers: verifiers}
	if opt != nil {
		r.opt = *opt
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || u.Opaque != "":
		return nil, errors.New("httpresolver: the endpoint is not a plain URL")
	case u.Scheme == "http" && (r.opt.InsecureHTTP || isLoopback(u.Hostname())):
	case u.Scheme != "https":
		return nil, errors.New("httpresolver: the endpoint is not https")
	}
	if r.endpoint = u.String(); !strings.HasSuffix(r.endpoint, "/") {
		r.endpoint += "/"
	}
	if r.opt.Timeout <= 0 {
		r.opt.Timeout = 10 * time.Second
	}
	if r.opt.MaxBytes <= 0 || r.opt.MaxBytes > did.MaxResolution {
		r.opt.MaxBytes = did.MaxResolution
	}
	if r.opt.Transport == nil {
		r.opt.Transport = newTransport()
	}
	r.client = &http.Client{
		Transport: r.opt.Transport,
		// Who answers is the one who was asked: a redirection would name DIDs to somebody else.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return r, nil
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback() || host == "localhost"
}

func newTransport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 16, MaxConnsPerHost: 64, IdleConnTimeout: time.Minute,
		MaxResponseHeaderBytes: 16 << 10,
		DisableCompression:     true, // a small answer that becomes a large one
	}
}

// CloseIdleConnections closes the connections that no question uses.
func (r *Resolver) CloseIdleConnections() { r.client.CloseIdleConnections() }

// Resolve asks the server. If the answer carries a proof of id's method, and there is a Verifier for it, the result is what
// the Verifier says, all of it: nothing that the server wrote beside the proof is in it. An answer that carries none, and
// one of a method without Verifier, is what the server says, with an empty Evidence.
//
// Errors keep their class: those that the server states as final are final, such as NOT_FOUND, and nobody proved them; those
// of the Verifier are its own; everything that is no answer (a connection that fails, a limit, a redirection, an answer of
// another form or about another DID, HTTP status 429 and 5xx without a stated error) is INTERNAL_ERROR, and may be tried again.
func (r *Resolver) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if err := opt.Check(); err != nil {
		return nil, err
	}
	if id.IsZero() {
		return nil, &did.Error{Code: did.InvalidDID, Detail: "the zero DID"}
	}
	body, gone, err := r.ask(ctx, id, opt)
	if err != nil {
		return nil, err
	}
	res, proofs, err := did.ParseResolution(body)
	if err == nil && res.Document.ID.IsZero() { // deactivated, and shown without a document
		res.Document.ID = id
	}
	switch {
	case err != nil:
		return nil, err
	case res.Document.ID != id:
		return nil, noAnswer("a document of another DID", nil)
	case res.Metadata.Deactivated != gone:
		return nil, noAnswer("the status and the metadata do not agree on whether the DID is deactivated", nil)
	}
	v := r.verifiers[id.Method()]
	if v == nil {
		return res, nil
	}
	for _, p := range proofs {
		if p.Method == id.Method() {
			return verify(ctx, v, id, p.Value, opt)
		}
	}
	return res, nil
}

func verify(ctx context.Context, v did.Verifier, id did.DID, proof []byte, opt *did.ResolveOptions) (*did.Resolution, error) {
	res, err := v.Verify(ctx, id, proof, opt)
	if err != nil {
		return nil, did.AsError(err)
	}
	if res == nil || res.Document == nil || res.Document.ID != id {
		return nil, &did.Error{Code: did.InvalidDIDDocument, Detail: "the proof is about another DID"}
	}
	return res, nil
}

func noAnswer(detail string, err error) error {
	return &did.Error{Code: did.InternalError, Detail: "the resolver gave no answer: " + detail, Err: err}
}

// ask returns the body of an answer, and whether the status says that the DID is deactivated.
func (r *Resolver) ask(ctx context.Context, id did.DID, opt *did.ResolveOptions) (body []byte, gone bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.opt.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.endpoint+escape(id.String())+r.query(opt), nil)
	if err != nil {
		return nil, false, noAnswer("the question cannot be put", nil)
	}
	req.Header.Set("Accept", did.ResolutionMediaType)
	req.Header.Set("User-Agent", "realdid")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, false, noAnswer("the connection failed", withoutURL(err))
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, r.opt.MaxBytes+1))
	switch {
	case err != nil:
		return nil, false, noAnswer("the connection failed", err)
	case int64(len(body)) > r.opt.MaxBytes:
		return nil, false, noAnswer("it is too large", nil)
	}
	mediaType, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	result := mediaType == did.ResolutionMediaType || mediaType == "application/json" || mediaType == "application/ld+json"
	switch {
	case (resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusGone) && result:
		return body, resp.StatusCode == http.StatusGone, nil
	case resp.StatusCode >= 400 && resp.StatusCode != http.StatusGone:
		return nil, false, stated(resp.StatusCode, mediaType, result, body)
	}
	return nil, false, noAnswer(fmt.Sprintf("HTTP status %d with media type %q", resp.StatusCode, clip(mediaType)), nil)
}

// stated returns the error that the server states, if its status agrees.
func stated(status int, mediaType string, result bool, body []byte) error {
	var e *did.Error
	switch {
	case result:
		_, _, err := did.ParseResolution(body)
		e = did.AsError(err)
	case mediaType == did.ProblemMediaType:
		e = did.ParseProblem(body)
	}
	if e == nil || e.Temporary() || e.Status() != status {
		return noAnswer(fmt.Sprintf("HTTP status %d", status), nil)
	}
	return e
}

func (r *Resolver) query(opt *did.ResolveOptions) string {
	var params []string
	if opt != nil && opt.VersionID != "" {
		params = append(params, "versionId="+escape(opt.VersionID))
	}
	if opt != nil && !opt.VersionTime.IsZero() {
		params = append(params, "versionTime="+escape(opt.VersionTime.UTC().Format("2006-01-02T15:04:05Z")))
	}
	if r.opt.NoCache || opt != nil && opt.NoCache {
		params = append(params, "noCache=true")
	}
	if params == nil {
		return ""
	}
	return "?" + strings.Join(params, "&")
}

// escape percent-encodes everything but the unreserved characters of RFC 3986, section 2.3.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+16)
	for i := range len(s) {
		c := s[i]
		if 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0 {
			b = append(b, c)
			continue
		}
		b = append(b, '%', hex[c>>4], hex[c&15])
	}
	return string(b)
}

// withoutURL leaves the URL, which has the DID in it, out of an error of package http.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}

func clip(s string) string { return s[:min(len(s), 64)] }
