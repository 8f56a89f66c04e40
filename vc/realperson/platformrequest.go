package realperson

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
)

// RequestOptions are for [Platform.Request]. nil is the zero value.
type RequestOptions struct {
	// Session is what only the user's browser or app and the platform know, such as the value of a session cookie; the response counts for
	// this session alone, so that nobody can answer in the place of another. Its hash is sent, never itself. Empty: no session, and
	// whoever brings the response is taken for who made it.
	Session []byte
	// Endpoint is where the wallet is to send this response, instead of PlatformConfig.Endpoint. Empty: there.
	Endpoint string
	Scope    *Scope // with ActionUseScope
}

// Request makes a signed request for a wallet, which can be answered once, for a short time. It names what the policy asks for. Nothing is
// remembered of it until it is answered.
func (p *Platform) Request(ctx context.Context, action Action, opt *RequestOptions) ([]byte, error) {
	b, err := p.request(ctx, action, opt)
	if err != nil {
		return nil, fmt.Errorf("realperson: request: %w", err)
	}
	return b, nil
}

func (p *Platform) request(ctx context.Context, action Action, opt *RequestOptions) ([]byte, error) {
	if opt == nil {
		opt = &RequestOptions{}
	}
	if !slices.Contains(actions, action) {
		return nil, errors.New("no such action")
	}
	if (action == ActionUseScope) != (opt.Scope != nil) {
		return nil, refuse(ErrScope, "a scope goes with the action scope, and with no other")
	}
	now := p.now()
	expires := now.Add(p.requestAge)
	about := asked{action: action, scope: opt.Scope, session: sessionHash(opt.Session)}
	m := map[string]any{
		"iss": p.method.DID().String(), "action": string(action), "iat": now.Unix(), "exp": expires.Unix(), "mode": string(p.policy.Mode),
		"nonce": p.nonces.make(about.hash(p.id), expires),
	}
	if opt.Scope != nil {
		if err := opt.Scope.Check(); err != nil {
			return nil, err
		}
		m["scope"] = opt.Scope.members()
	}
	if about.session != nil {
		m["session"] = encode(about.session)
	}
	m["endpoint"] = p.endpoint
	if opt.Endpoint != "" {
		if err := checkEndpoint(opt.Endpoint); err != nil {
			return nil, err
		}
		m["endpoint"] = opt.Endpoint
	}
	if action.provesPerson() {
		var all []string
		for _, d := range p.issuers {
			all = append(all, d.String())
		}
		m["authorities"] = all
	}
	if reveal := p.policy.reveal(action); reveal != nil {
		m["reveal"] = reveal
	}
	return signMessage(ctx, m, requestType, p.signer, p.method)
}

// asked is what a nonce is bound to.
type asked struct {
	action  Action
	scope   *Scope
	session []byte // hash
}

func (a *asked) hash(platform did.DID) [32]byte {
	var scope []byte
	if a.scope != nil {
		scope = appendPart(nil, []byte(a.scope.Name))
		scope = appendPart(scope, []byte(a.scope.Period))
		scope = appendPart(scope, uint64Bytes(uint64(a.scope.Limit)))
	}
	return hashOf("realperson/asked/v1", []byte(platform.String()), []byte(a.action), scope, a.session)
}

// received is what is true of a response once everything about the request that it answers is checked.
type received struct {
	*response
	now     time.Time
	expires time.Time // of the nonce
}

// receive reads a response to an action, and checks that it answers a request of this platform, for this session and just now. Nobody's
// signature is checked.
func (p *Platform) receive(b []byte, action Action, scope *Scope, session []byte) (*received, error) {
	r, err := parseResponse(b)
	if err != nil {
		return nil, err
	}
	now := p.now()
	switch {
	case r.platform != p.method.DID():
		return nil, refuse(ErrMessage, "made for another platform")
	case r.action != action:
		return nil, refuse(ErrMessage, "made for another action")
	case scope != nil && *r.scope != *scope:
		return nil, refuse(ErrMessage, "made for another scope")
	}
	// The hash of the session is that of this session, whatever the response says: the nonce was made for it.
	about := asked{action: action, scope: scope, session: sessionHash(session)}
	expires, err := p.nonces.check(r.nonce, about.hash(p.id), now)
	if err != nil {
		return nil, err
	}
	if !r.issued.Equal(expires.Add(-p.requestAge)) {
		return nil, refuse(ErrMessage, "another time than the request's, which a wallet's clock would be known by")
	}
	r.session = about.session
	return &received{response: r, now: now, expires: expires}, nil
}
