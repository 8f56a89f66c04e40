package witness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/realdid/realdid/did/ledger/proof"
)

// ClientOptions of [NewClient]; nil means the defaults.
type ClientOptions struct {
	// HTTP sends the requests. The default has timeouts and follows no redirect.
	HTTP *http.Client
}

// A Client asks a witness, or a mirror that speaks the same protocol, for cosignatures. It is safe for concurrent use.
type Client struct {
	url  string
	keys []proof.VerifierKey
	http *http.Client
}

var _ Cosigner = (*Client)(nil)

// NewClient makes the client of the witness at the submission prefix, an http or https URL, whose keys are known to be keys:
// one or more, of which each answer must hold at least one signature.
func NewClient(prefix string, keys []proof.VerifierKey, opt *ClientOptions) (*Client, error) {
	base, err := parsePrefix(prefix)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("witness: client: no key")
	}
	for _, k := range keys {
		if t := k.Type(); t != proof.CosignatureEd25519 && t != proof.CosignatureMLDSA44 {
			return nil, fmt.Errorf("witness: client: %v is no key of a cosigner", t)
		}
	}
	c := &Client{url: base + "add-checkpoint", keys: append([]proof.VerifierKey(nil), keys...), http: defaultHTTP}
	if opt != nil && opt.HTTP != nil {
		c.http = opt.HTTP
	}
	return c, nil
}

// parsePrefix checks an http or https URL and returns it with a slash at the end.
func parsePrefix(prefix string) (string, error) {
	u, err := url.Parse(prefix)
	if err != nil {
		return "", errors.New("witness: malformed URL")
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return "", errors.New("witness: not an http or https URL without query, fragment and user")
	}
	return strings.TrimSuffix(u.String(), "/") + "/", nil
}

// defaultHTTP follows no redirect, so that whoever answers cannot choose whom we ask next.
var defaultHTTP = newHTTP()

func newHTTP() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.ResponseHeaderTimeout = 30 * time.Second
	return &http.Client{
		Transport: t, Timeout: 2 * time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// Name returns the name of the first key.
func (c *Client) Name() string { return c.keys[0].Name() }

// Cosign implements [Cosigner]. Of what the witness answers it returns the lines that are valid cosignatures of its keys.
func (c *Client) Cosign(ctx context.Context, oldSize uint64, consistency []proof.Hash, note []byte) ([]byte, error) {
	n, err := proof.ParseNote(note)
	if err != nil {
		return nil, because(ErrMalformed, "%v", err)
	}
	req := Request{OldSize: oldSize, Consistency: consistency, Note: note}
	hr, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(req.Append(nil)))
	if err != nil {
		return nil, because(ErrUnavailable, "%v", err)
	}
	hr.Header.Set("Content-Type", "text/plain; charset=utf-8")
	res, err := c.http.Do(hr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	defer res.Body.Close()
	body, err := readLimited(res.Body, proof.MaxNoteSize)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, failure(res, body, oldSize)
	}
	sigs, err := proof.ParseSignatures(body)
	if err != nil {
		return nil, because(ErrUnavailable, "the answer of %s: %v", c.Name(), err)
	}
	var lines []byte
	for _, sig := range sigs {
		for _, k := range c.keys {
			if !k.Made(sig) {
				continue
			}
			if _, err := k.VerifyCosignature(n.Text, sig); err == nil {
				lines = sig.Append(lines)
			}
		}
	}
	if len(lines) == 0 {
		return nil, because(ErrUnavailable, "the answer of %s holds no valid cosignature", c.Name())
	}
	return lines, nil
}

// failure makes of an answer the error that it was at the other end.
func failure(res *http.Response, body []byte, oldSize uint64) error {
	if res.StatusCode == http.StatusConflict && res.Header.Get("Content-Type") == sizeType {
		size, err := parseSize(bytes.TrimSuffix(body, []byte("\n")))
		if err != nil {
			return because(ErrUnavailable, "409 with a malformed size")
		}
		if size != oldSize {
			return &SizeError{size}
		}
	}
	for _, c := range classes {
		if res.StatusCode == c.status {
			return because(c.err, "%s", strings.TrimPrefix(printable(body), c.err.Error()+": "))
		}
	}
	return because(ErrUnavailable, "status %d: %s", res.StatusCode, printable(body))
}

// printable is the beginning of what a server says, fit for a log.
func printable(body []byte) string {
	text := strings.TrimSpace(string(body[:min(len(body), 200)]))
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '?'
		}
		return r
	}, text)
}

// readLimited reads all of r, at most limit bytes.
func readLimited(r io.Reader, limit int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("more than %d bytes", limit)
	}
	return b, nil
}
