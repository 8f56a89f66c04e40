package realpersonhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/vc/realperson"
)

// An AuthorityClient is a wallet's way to an AuthorityHandler. It is safe for concurrent use.
type AuthorityClient struct{ *client }

// NewAuthorityClient returns a client of the authority at a URL, which the paths of the handler are appended to.
func NewAuthorityClient(url string, opt *ClientOptions) (*AuthorityClient, error) {
	c, err := newClient(url, opt)
	if err != nil {
		return nil, err
	}
	return &AuthorityClient{c}, nil
}

// Parameters returns what the authority publishes. That the server is the authority's is for the caller to know, who should pin what it
// says the first time. Errors of all methods: a *ProblemError, which is the error of package realperson that the authority refused with;
// ErrUnavailable, ErrAnswer.
func (c *AuthorityClient) Parameters(ctx context.Context) (*realperson.Parameters, error) {
	v, err := c.call(ctx, pathParameters, nil, http.StatusOK)
	if err != nil {
		return nil, err
	}
	p, err := realperson.ParseParameters(v.Raw())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	return p, nil
}

// Challenge returns a nonce for one request.
func (c *AuthorityClient) Challenge(ctx context.Context) (string, error) {
	v, err := c.call(ctx, pathChallenge, nil, http.StatusOK)
	if err != nil {
		return "", err
	}
	m, _ := v.Get("challenge")
	s, ok := m.Str()
	if !ok || s == "" || len(s) > maxChallenge {
		return "", ErrAnswer
	}
	return s, nil
}

const maxChallenge = 256

// Enrol sends a wallet's enrolment request with evidence, a JSON object that the authority understands. It returns what
// realperson.Wallet.FinishEnrolment takes.
func (c *AuthorityClient) Enrol(ctx context.Context, request []byte, evidence json.RawMessage) ([]byte, error) {
	return c.issued(ctx, pathEnrol, map[string]any{"request": string(request), "evidence": evidence})
}

// Reenrol is Enrol for a new generation.
func (c *AuthorityClient) Reenrol(ctx context.Context, request []byte, evidence json.RawMessage) ([]byte, error) {
	return c.issued(ctx, pathReenrol, map[string]any{"request": string(request), "evidence": evidence})
}

// Activate sends a wallet's activation request.
func (c *AuthorityClient) Activate(ctx context.Context, request []byte) error {
	_, err := c.call(ctx, pathActivate, map[string]any{"request": string(request)}, http.StatusOK)
	return err
}

// Renew sends a wallet's renewal request. It returns what realperson.Wallet.FinishRenewal takes.
func (c *AuthorityClient) Renew(ctx context.Context, request []byte) ([]byte, error) {
	return c.issued(ctx, pathRenew, map[string]any{"request": string(request)})
}

func (c *AuthorityClient) issued(ctx context.Context, path string, body any) ([]byte, error) {
	v, err := c.call(ctx, path, body, http.StatusOK)
	if err != nil {
		return nil, err
	}
	m, ok := v.Get("issued")
	if !ok || len(m.Raw()) > realperson.MaxBatchSize {
		return nil, ErrAnswer
	}
	return m.Raw(), nil
}

// PublicLog returns the authority's public log, as far as it serves it, for realperson.ReadLog and Wallet.CheckLog. It cannot be appended to.
func (c *AuthorityClient) PublicLog() ledger.Ledger { return publicLog{c.client} }

// publicLog reads /log.
type publicLog struct{ *client }

// Append implements ledger.Ledger, and always fails.
func (l publicLog) Append(context.Context, string, uint64, []byte) (ledger.Entry, error) {
	return ledger.Entry{}, fmt.Errorf("realpersonhttp: %s: %w", pathLog, errors.ErrUnsupported)
}

// History implements ledger.Ledger. The server has one log, so that the key is its own word; realperson.ReadLog looks at what entries say.
func (l publicLog) History(ctx context.Context, key string, from uint64) iter.Seq2[ledger.Entry, error] {
	return func(yield func(ledger.Entry, error) bool) {
		for {
			v, err := l.call(ctx, pathLog+"?from="+strconv.FormatUint(from, 10), nil, http.StatusOK)
			if err != nil {
				yield(ledger.Entry{}, err)
				return
			}
			list, _ := v.Get("entries")
			if len(list.Elems()) == 0 {
				return
			}
			for _, e := range list.Elems() {
				if !yield(ledger.Entry{Key: key, Seq: from, Op: e.Raw()}, nil) {
					return
				}
				from++
			}
		}
	}
}
