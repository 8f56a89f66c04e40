package realpersonhttp

import (
	"context"
	"encoding/base64"
	"net/http"

	"github.com/realdid/realdid/vc/realperson"
)

// A PlatformClient is a wallet's or browser's way to a PlatformHandler. It is safe for concurrent use.
type PlatformClient struct{ *client }

// NewPlatformClient returns a client of the platform at a URL, which the paths of the handler are appended to.
func NewPlatformClient(url string, opt *ClientOptions) (*PlatformClient, error) {
	c, err := newClient(url, opt)
	if err != nil {
		return nil, err
	}
	return &PlatformClient{c}, nil
}

// Asked says what a platform is asked for.
type Asked struct {
	Action  realperson.Action
	Scope   string // name, with ActionUseScope
	Session []byte // 16 to 256 secret bytes that bind the response to who asked for the request; nil: none
}

func (a *Asked) members() map[string]string {
	m := map[string]string{"action": string(a.Action)}
	if a.Scope != "" {
		m["scope"] = a.Scope
	}
	if a.Session != nil {
		m["session"] = base64.RawURLEncoding.EncodeToString(a.Session)
	}
	return m
}

// Request returns a request that the platform signed. It is for realperson.Wallet.Authenticate. Errors: a *ProblemError, ErrUnavailable,
// ErrAnswer.
func (c *PlatformClient) Request(ctx context.Context, a *Asked) ([]byte, error) {
	v, err := c.call(ctx, pathRequests, a.members(), http.StatusCreated)
	if err != nil {
		return nil, err
	}
	m, _ := v.Get("request")
	s, ok := m.Str()
	if !ok || len(s) > realperson.MaxRequestSize {
		return nil, ErrAnswer
	}
	return []byte(s), nil
}

// Respond sends a wallet's response to where the platform, which signed that, wants it: r is what the wallet authenticated, and says so.
// A request that another site passed on therefore takes the response to its platform, and to nobody else. Errors: a *ProblemError, which is
// the error of package realperson that the platform refused it with; ErrUnavailable, and then it may have been accepted; ErrAnswer.
func (c *PlatformClient) Respond(ctx context.Context, r *realperson.VerifierRequest, a *Asked, response []byte) (*Result, error) {
	m := a.members()
	m["response"] = string(response)
	v, err := c.callURL(ctx, r.Endpoint(), PathResponses, m, http.StatusOK)
	if err != nil {
		return nil, err
	}
	return parseResult(v)
}
