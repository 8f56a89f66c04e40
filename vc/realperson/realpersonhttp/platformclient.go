package realpersonhttp

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"

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

// ErrOtherSite says that a site which knows the session passed on a request of another one.
var ErrOtherSite = errors.New("realpersonhttp: the site that knows the session passed on a request of another site")

// sameSite compares scheme, host and port.
func sameSite(a, b string) bool {
	x, err := url.Parse(a)
	y, err2 := url.Parse(b)
	return err == nil && err2 == nil && x.Scheme == y.Scheme && x.Host == y.Host
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
// the error of package realperson that the platform refused it with; ErrUnavailable, and then it may have been accepted; ErrAnswer;
// ErrOtherSite, before anything is sent, if there is a session and the client's site is not that of the endpoint: that site has been told the
// session, and would be let in by it where the response goes.
func (c *PlatformClient) Respond(ctx context.Context, r *realperson.VerifierRequest, a *Asked, response []byte) (*Result, error) {
	if a.Session != nil && !sameSite(c.base, r.Endpoint()) {
		return nil, ErrOtherSite
	}
	m := a.members()
	m["response"] = string(response)
	v, err := c.callURL(ctx, r.Endpoint(), PathResponses, m, http.StatusOK)
	if err != nil {
		return nil, err
	}
	return parseResult(v)
}
