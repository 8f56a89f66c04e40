package realpersonhttp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/realperson"
)

// The paths of an authority's handler.
const (
	pathParameters = "/parameters"
	pathChallenge  = "/challenge"
	pathLog        = "/log"
	pathEnrol      = "/enrol"
	pathReenrol    = "/reenrol"
	pathActivate   = "/activate"
	pathRenew      = "/renew"
)

// People is what an authority knows of persons. It is where its counter, its officers, electronic identity documents and its register of
// residents come in; the protocol has no part in that. Implementations are safe for concurrent use.
type People interface {
	// Identify returns who sent a request, from the evidence that came with it: a JSON object that the authority and its people agree about,
	// such as a number and a code that was handed out at a counter, or what an identity document signed. It must be as sure that the
	// request is this person's as it is of the person, and it bounds how often somebody may guess. It is called before the request is
	// looked at. Errors: ErrNotIdentified, and others for "not now".
	Identify(ctx context.Context, evidence json.RawMessage) (*realperson.Evidence, error)
	// Enrolled hears which record a person has, before the wallet gets what was issued, each time that is answered: so that Claims can
	// answer later. After an error nothing is handed out, and the wallet may ask again.
	Enrolled(ctx context.Context, person *realperson.Evidence, record string) error
	// Claims is a realperson.ClaimsOf: what is true now of the person with a record.
	Claims(ctx context.Context, record string) (map[string]any, error)
}

// AuthorityOptions are for NewAuthorityHandler. nil is the zero value.
type AuthorityOptions struct {
	Options
	Log ledger.Ledger // the authority's public log, to be served at /log; nil: it is served elsewhere
}

// An AuthorityHandler is an authority's side of enrolment and renewal. It is safe for concurrent use.
type AuthorityHandler struct {
	*server
	authority *realperson.Authority
	people    People
	log       ledger.Ledger
}

// NewAuthorityHandler returns a handler for /parameters, /challenge, /enrol, /activate, /renew, /reenrol and, if it is given one, /log.
func NewAuthorityHandler(a *realperson.Authority, people People, opt *AuthorityOptions) (*AuthorityHandler, error) {
	if a == nil || people == nil {
		return nil, errors.New("realpersonhttp: no authority, or nobody who knows people")
	}
	if opt == nil {
		opt = &AuthorityOptions{}
	}
	h := &AuthorityHandler{server: newServer(&opt.Options), authority: a, people: people, log: opt.Log}
	h.get(pathParameters, func(*call) (any, error) { return a.Parameters(), nil })
	h.get(pathChallenge, func(*call) (any, error) { return map[string]string{"challenge": a.Challenge()}, nil })
	h.post(pathEnrol, http.StatusOK, func(c *call) (any, error) { return h.serveEnrolment(c, a.Enrol) })
	h.post(pathReenrol, http.StatusOK, func(c *call) (any, error) { return h.serveEnrolment(c, a.Reenrol) })
	h.post(pathActivate, http.StatusOK, h.serveActivation)
	h.post(pathRenew, http.StatusOK, h.serveRenewal)
	if h.log != nil {
		h.get(pathLog, h.serveLog)
	}
	return h, nil
}

func (h *AuthorityHandler) serveEnrolment(c *call, enrol func(context.Context, []byte, *realperson.Evidence) (*realperson.Issued, error)) (any, error) {
	m, err := c.members([]string{"request"}, "evidence")
	if err != nil {
		return nil, err
	}
	v, _ := c.body.Get("evidence")
	if v.Kind() != strictjson.Object {
		return nil, malformed("the member evidence is not an object, or missing")
	}
	evidence, err := h.people.Identify(c.ctx, json.RawMessage(v.Raw()))
	switch {
	case errors.Is(err, ErrNotIdentified):
		return nil, &refusal{code: NotIdentified} // and nothing of what the error may say beside it
	case err != nil:
		return nil, &refusal{code: Failed, cause: "nobody could be identified now"}
	}
	issued, err := enrol(c.ctx, []byte(m["request"]), evidence)
	if err != nil {
		return nil, err
	}
	if h.people.Enrolled(c.ctx, evidence, issued.Record) != nil {
		return nil, &refusal{code: Failed, cause: "whose record it is could not be noted"}
	}
	return issuedJSON(issued), nil
}

// issuedJSON is what a wallet gets, which is all that leaves.
func issuedJSON(i *realperson.Issued) map[string]any {
	return map[string]any{"issued": json.RawMessage(i.Response)}
}

func (h *AuthorityHandler) serveActivation(c *call) (any, error) {
	m, err := c.members([]string{"request"})
	if err != nil {
		return nil, err
	}
	if err := h.authority.Activate(c.ctx, []byte(m["request"])); err != nil {
		return nil, err
	}
	return map[string]bool{"activated": true}, nil
}

func (h *AuthorityHandler) serveRenewal(c *call) (any, error) {
	m, err := c.members([]string{"request"})
	if err != nil {
		return nil, err
	}
	issued, err := h.authority.Renew(c.ctx, []byte(m["request"]), h.claims)
	if err != nil {
		return nil, err
	}
	return issuedJSON(issued), nil
}

// claims is People.Claims without what its errors may say of somebody.
func (h *AuthorityHandler) claims(ctx context.Context, record string) (map[string]any, error) {
	claims, err := h.people.Claims(ctx, record)
	if err != nil {
		return nil, &refusal{code: Failed, cause: "what is true of a person could not be looked up"}
	}
	return claims, nil
}

// logPage is how many entries of the log one answer has at most.
const logPage = 256

// serveLog answers with entries of the public log from the number ?from= on. Who reads it is not asked.
func (h *AuthorityHandler) serveLog(c *call) (any, error) {
	from := uint64(0)
	if q := c.request.URL.RawQuery; q != "" {
		n, ok := parseFrom(q)
		if !ok {
			return nil, malformed("the query is not from= and a number")
		}
		from = n
	}
	entries := []json.RawMessage{}
	for e, err := range h.log.History(c.ctx, realperson.LogKey(h.authority.Parameters().Authority), from) {
		if err != nil {
			return nil, err
		}
		if _, err := realperson.ParseLogEntry(e.Op); err != nil {
			return nil, err
		}
		if entries = append(entries, json.RawMessage(e.Op)); len(entries) == logPage {
			break
		}
	}
	return map[string]any{"entries": entries}, nil
}

func parseFrom(query string) (uint64, bool) {
	const name = "from="
	if len(query) <= len(name) || query[:len(name)] != name {
		return 0, false
	}
	text := query[len(name):]
	n, err := strconv.ParseUint(text, 10, 53)
	return n, err == nil && strconv.FormatUint(n, 10) == text
}
