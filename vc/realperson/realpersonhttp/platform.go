package realpersonhttp

import (
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/realperson"
)

// The paths of a platform's handler. PathResponses, behind the handler's own URL, is what realperson.PlatformConfig.Endpoint is to name.
const (
	pathRequests  = "/requests"
	PathResponses = "/responses"
)

// Sizes of the value of a session in bytes.
const (
	MinSession = 16
	MaxSession = 256
)

// PlatformOptions are for NewPlatformHandler. nil is the zero value.
type PlatformOptions struct {
	Options
	// Scopes are what wallets may be asked to use once, each name once. Without one of that name a request for it is refused.
	Scopes []realperson.Scope
	// Endpoint is where wallets are told to send responses, and nowhere else; it is signed. "": PlatformConfig.Endpoint.
	Endpoint string
	// Session returns the value of the session that a request belongs to, such as that of a cookie which was set before. nil: the body says
	// it, and whoever sends the body then keeps it.
	Session func(*http.Request) ([]byte, error)
	// Accepted hears of every response that was accepted, before the answer is written: it may set a cookie. use is nil but for
	// ActionUseScope, and account is nil for that. If it returns an error, the answer is Failed; what was accepted stays so.
	Accepted func(w http.ResponseWriter, r *http.Request, a realperson.Action, account *realperson.Account, use *realperson.Use) error
}

// A PlatformHandler makes a platform's requests and takes wallets' responses. It is safe for concurrent use.
type PlatformHandler struct {
	*server
	platform *realperson.Platform
	opt      PlatformOptions
	scopes   map[string]realperson.Scope
}

// NewPlatformHandler returns a handler for /requests and /responses.
func NewPlatformHandler(p *realperson.Platform, opt *PlatformOptions) (*PlatformHandler, error) {
	if p == nil {
		return nil, errors.New("realpersonhttp: no platform")
	}
	h := &PlatformHandler{platform: p, scopes: map[string]realperson.Scope{}}
	if opt != nil {
		h.opt = *opt
	}
	for _, s := range h.opt.Scopes {
		if err := s.Check(); err != nil {
			return nil, err
		}
		if _, twice := h.scopes[s.Name]; twice {
			return nil, errors.New("realpersonhttp: two scopes have one name")
		}
		h.scopes[s.Name] = s
	}
	h.server = newServer(&h.opt.Options)
	h.post(pathRequests, http.StatusCreated, h.serveRequest)
	h.post(PathResponses, http.StatusOK, h.serveResponse)
	return h, nil
}

var actions = []realperson.Action{
	realperson.ActionSignUp, realperson.ActionLogIn, realperson.ActionUseScope, realperson.ActionRebind, realperson.ActionReportTheft,
	realperson.ActionCompleteRebind, realperson.ActionVeto,
}

// serveRequest makes a request for a wallet.
func (h *PlatformHandler) serveRequest(c *call) (any, error) {
	m, err := c.members([]string{"action", "scope?", "session?"})
	if err != nil {
		return nil, err
	}
	action := realperson.Action(m["action"])
	if !slices.Contains(actions, action) {
		return nil, malformed("the action does not exist")
	}
	opt := &realperson.RequestOptions{}
	if opt.Scope, err = h.scope(action, m["scope"]); err != nil {
		return nil, err
	}
	if opt.Session, err = h.session(c, m["session"]); err != nil {
		return nil, err
	}
	b, err := h.platform.Request(c.ctx, action, opt)
	if err != nil {
		return nil, err
	}
	return map[string]string{"request": string(b)}, nil
}

// scope finds the scope of a name, which goes with one action and no other.
func (h *PlatformHandler) scope(a realperson.Action, name string) (*realperson.Scope, error) {
	if (a == realperson.ActionUseScope) != (name != "") {
		return nil, malformed("a scope goes with the action scope, and with no other")
	}
	if name == "" {
		return nil, nil
	}
	s, ok := h.scopes[name]
	if !ok {
		return nil, &refusal{code: NoScope}
	}
	return &s, nil
}

func (h *PlatformHandler) session(c *call, text string) ([]byte, error) {
	if h.opt.Session != nil {
		if text != "" {
			return nil, malformed("the session is not for the body to say here")
		}
		return h.opt.Session(c.request)
	}
	if text == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < MinSession || len(b) > MaxSession {
		return nil, malformed("the session is not 16 to 256 bytes in base64url")
	}
	return b, nil
}

// serveResponse takes a wallet's response. The action and the scope are those that the sender believes to answer; the response and the nonce in it
// must agree.
func (h *PlatformHandler) serveResponse(c *call) (any, error) {
	m, err := c.members([]string{"action", "response", "scope?", "session?"})
	if err != nil {
		return nil, err
	}
	action := realperson.Action(m["action"])
	scope, err := h.scope(action, m["scope"])
	if err != nil {
		return nil, err
	}
	session, err := h.session(c, m["session"])
	if err != nil {
		return nil, err
	}
	account, use, err := h.take(c, action, scope, []byte(m["response"]), session)
	if err != nil {
		return nil, err
	}
	if h.opt.Accepted != nil {
		if err := h.opt.Accepted(c.writer, c.request, action, account, use); err != nil {
			return nil, &refusal{code: Failed, cause: "what follows an accepted response failed"}
		}
	}
	return resultOf(action, account, use), nil
}

func (h *PlatformHandler) take(c *call, a realperson.Action, s *realperson.Scope, response, session []byte) (account *realperson.Account, use *realperson.Use, err error) {
	switch a {
	case realperson.ActionLogIn:
		account, err = h.platform.LogIn(c.ctx, response, session)
	case realperson.ActionUseScope:
		use, _, err = h.platform.UseScope(c.ctx, response, *s, session)
	case realperson.ActionSignUp:
		account, _, err = h.platform.SignUp(c.ctx, response, session)
	case realperson.ActionRebind:
		account, _, err = h.platform.Rebind(c.ctx, response, session)
	case realperson.ActionReportTheft:
		account, _, err = h.platform.ReportTheft(c.ctx, response, session)
	case realperson.ActionCompleteRebind:
		account, _, err = h.platform.CompleteRebind(c.ctx, response, session)
	case realperson.ActionVeto:
		account, _, err = h.platform.Veto(c.ctx, response, session)
	default:
		err = malformed("the action does not exist")
	}
	return account, use, err
}

// A Result is what a platform answers to a response that it accepted.
type Result struct {
	Action  realperson.Action
	Account string      // the account's name; "" for ActionUseScope
	Created time.Time   // of the account
	Reports []time.Time // theft reports that stand: the holder should know of them
	Scope   string      // with ActionUseScope: its name
	Index   int         // with ActionUseScope
}

// resultJSON is a Result on the wire.
type resultJSON struct {
	Action  string   `json:"action"`
	Account string   `json:"account,omitempty"`
	Created string   `json:"created,omitempty"`
	Reports []string `json:"reports,omitempty"`
	Scope   string   `json:"scope,omitempty"`
	Index   *int     `json:"index,omitempty"`
}

func resultOf(a realperson.Action, account *realperson.Account, use *realperson.Use) *resultJSON {
	out := &resultJSON{Action: string(a)}
	if use != nil {
		out.Scope, out.Index = use.Scope.Name, &use.Index
		return out
	}
	out.Account, out.Created = account.ID, account.Created.UTC().Format(time.RFC3339)
	for _, t := range account.Reports {
		out.Reports = append(out.Reports, t.UTC().Format(time.RFC3339))
	}
	return out
}

// parseResult reads what resultOf made.
func parseResult(v strictjson.Value) (*Result, error) {
	r := &Result{}
	text := func(name string) string {
		m, _ := v.Get(name)
		s, _ := m.Str()
		return s
	}
	r.Action, r.Account, r.Scope = realperson.Action(text("action")), text("account"), text("scope")
	if i, ok := v.Get("index"); ok {
		n, whole := i.Int64()
		if !whole || n < 0 || n >= realperson.MaxScopeLimit {
			return nil, ErrAnswer
		}
		r.Index = int(n)
	}
	var err error
	if s := text("created"); s != "" {
		if r.Created, err = time.Parse(time.RFC3339, s); err != nil {
			return nil, ErrAnswer
		}
	}
	list, _ := v.Get("reports")
	for _, e := range list.Elems() {
		s, _ := e.Str()
		t, err := time.Parse(time.RFC3339, s)
		if err != nil || len(r.Reports) >= realperson.MaxReports {
			return nil, ErrAnswer
		}
		r.Reports = append(r.Reports, t)
	}
	if (r.Account == "") == (r.Scope == "") || plain(r.Account) != r.Account || plain(r.Scope) != r.Scope {
		return nil, ErrAnswer
	}
	return r, nil
}
