package realperson

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys/jws"
)

// Action is what a platform asks a wallet to do. A response to one action is never taken for another.
type Action string

// The actions.
const (
	ActionSignUp         Action = "signup"          // open the one account of this person
	ActionLogIn          Action = "login"           // show the account's pairwise key
	ActionUseScope       Action = "scope"           // use a Scope once
	ActionRebind         Action = "rebind"          // give the account another pairwise key, with consent of the present one
	ActionReportTheft    Action = "report-theft"    // say that the present key is lost, and propose another
	ActionCompleteRebind Action = "complete-rebind" // after the delay, with a credential issued since
	ActionVeto           Action = "veto"            // by the present key: strike reports out
)

var actions = []Action{
	ActionSignUp, ActionLogIn, ActionUseScope, ActionRebind, ActionReportTheft, ActionCompleteRebind, ActionVeto,
}

// provesPerson tells the actions whose response shows a credential.
func (a Action) provesPerson() bool { return a != ActionLogIn }

// showsIssuedEpoch tells the actions that need to know when the credential was really issued.
func (a Action) showsIssuedEpoch() bool {
	return a == ActionRebind || a == ActionReportTheft || a == ActionCompleteRebind || a == ActionVeto
}

// Limits of messages.
const (
	MaxRequestSize  = 32 << 10 // bytes of a request
	MaxResponseSize = 64 << 10 // bytes of a response

	maxReveal      = 32   // claims of a request
	maxAuthorities = 64   // of a request
	maxEndpoint    = 1024 // bytes of a URL
	maxNonce       = 128  // characters
	sessionSize    = 32   // bytes of the hash of a session
)

const requestType = "realperson-request+jwt"

// parsedRequest is a request that is well-formed, and of which it is not known yet who signed it.
type parsedRequest struct {
	token       *jws.Token
	method      did.URL
	platform    did.DID
	action      Action
	nonce       string
	issued      time.Time
	expires     time.Time
	authorities []did.DID
	mode        OpeningMode
	reveal      []string
	scope       *Scope
	session     []byte
	endpoint    string
}

var messageLimits = strictjson.Limits{Bytes: MaxResponseSize, Depth: 16, Nodes: 4096}

// parseRequest reads a request strictly. Errors are ErrMessage.
func parseRequest(b []byte) (*parsedRequest, error) {
	t, err := parseToken(b, MaxRequestSize, requestType)
	if err != nil {
		return nil, err
	}
	o, err := parseObject(t.Payload, messageLimits,
		"iss", "action", "nonce", "iat", "exp", "authorities?", "mode", "endpoint", "reveal?", "scope?", "session?")
	if err != nil {
		return nil, messageFault(err)
	}
	r := &parsedRequest{
		token: t, platform: o.did("iss"), action: Action(o.text("action", 32)), nonce: o.text("nonce", maxNonce),
		issued: o.seconds("iat"), expires: o.seconds("exp"), mode: OpeningMode(o.text("mode", 16)), endpoint: o.text("endpoint", maxEndpoint),
	}
	if r.method, err = methodOf(t, r.platform); err != nil {
		return nil, err
	}
	if o.has("session") {
		r.session = o.octets("session", sessionSize, sessionSize)
	}
	if r.authorities, err = readDIDs(o.get("authorities")); err != nil {
		return nil, err
	}
	if r.reveal, err = readReveal(o.get("reveal")); err != nil {
		return nil, err
	}
	if v := o.get("scope"); v.Kind() != strictjson.Invalid {
		if r.scope, err = readScope(v); err != nil {
			return nil, err
		}
	}
	if o.err != nil {
		return nil, messageFault(o.err)
	}
	if err := checkEndpoint(r.endpoint); err != nil {
		return nil, messageFault(err)
	}
	return r, r.check()
}

// checkEndpoint wants a URL that a response can be sent to without others reading it.
func checkEndpoint(s string) error {
	u, err := url.Parse(s)
	if err != nil || len(s) > maxEndpoint || u.Host == "" || u.User != nil || u.Fragment != "" || u.Opaque != "" {
		return errors.New("the endpoint is not a URL with a host, and without user and fragment, of at most 1,024 bytes")
	}
	if u.Scheme == "https" || u.Scheme == "http" && isLoopback(u.Hostname()) {
		return nil
	}
	return errors.New("the endpoint is neither https nor http to this machine")
}

func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback() || host == "localhost"
}

// check looks at what members say together.
func (r *parsedRequest) check() error {
	switch {
	case !slices.Contains(actions, r.action):
		return refuse(ErrMessage, "the request wants an action that does not exist")
	case !r.expires.After(r.issued) || r.expires.Sub(r.issued) > maxRequestAge:
		return refuse(ErrMessage, "the request lives for no time, or for too long")
	case (r.action == ActionUseScope) != (r.scope != nil):
		return refuse(ErrMessage, "the request has a scope and another action, or the action and no scope")
	case len(r.reveal) > 0 && !r.action.provesPerson():
		return refuse(ErrMessage, "a log-in shows no claims")
	case r.action.provesPerson() && len(r.authorities) == 0:
		return refuse(ErrMessage, "the request accepts no authority")
	}
	return nil
}

// maxRequestAge bounds how long a request lives.
const maxRequestAge = time.Hour

func readDIDs(v strictjson.Value) ([]did.DID, error) {
	if v.Kind() == strictjson.Invalid {
		return nil, nil
	}
	if v.Kind() != strictjson.Array || len(v.Elems()) == 0 || len(v.Elems()) > maxAuthorities {
		return nil, refuse(ErrMessage, "the authorities are not a list of 1 to 64")
	}
	var all []did.DID
	for _, e := range v.Elems() {
		s, _ := e.Str()
		d, err := did.Parse(s)
		if err != nil || slices.Contains(all, d) {
			return nil, refuse(ErrMessage, "an authority is not a DID, or stands twice")
		}
		all = append(all, d)
	}
	return all, nil
}

// readReveal reads the pointers that a platform wants to see: each to one claim, in ascending order, so that none stands twice.
func readReveal(v strictjson.Value) ([]string, error) {
	if v.Kind() == strictjson.Invalid {
		return nil, nil
	}
	if v.Kind() != strictjson.Array || len(v.Elems()) == 0 || len(v.Elems()) > maxReveal {
		return nil, refuse(ErrMessage, "what to reveal is not a list of 1 to 32")
	}
	var all []string
	for i, e := range v.Elems() {
		s, _ := e.Str()
		if _, ok := claimOf(s); !ok || i > 0 && all[i-1] >= s {
			return nil, refuse(ErrMessage, "what to reveal are not pointers to single claims in ascending order")
		}
		all = append(all, s)
	}
	return all, nil
}

func readScope(v strictjson.Value) (*Scope, error) {
	o, err := readObject(v, "name", "period", "limit")
	if err != nil {
		return nil, messageFault(err)
	}
	name, _ := o.get("name").Str()
	period, ok := o.get("period").Str()
	if !ok {
		return nil, refuse(ErrMessage, "the period of a scope is not a string")
	}
	s := &Scope{Name: name, Period: period, Limit: int(o.integer("limit", 1, MaxScopeLimit))}
	if o.err != nil {
		return nil, messageFault(o.err)
	}
	return s, s.Check()
}

// parseToken reads a compact JWS of one type.
func parseToken(b []byte, limit int, typ string) (*jws.Token, error) {
	t, err := jws.Parse(b, &jws.Options{MaxSize: limit})
	if err != nil {
		return nil, messageFault(err)
	}
	if t.Header.Type != typ {
		return nil, refuse(ErrMessage, "another type than "+typ)
	}
	return t, nil
}

// methodOf returns the key that a token names, which must be one of signer.
func methodOf(t *jws.Token, signer did.DID) (did.URL, error) {
	u, err := did.ParseURL(t.Header.KeyID)
	if err != nil || !u.IsKeyReference() || u.DID() != signer {
		return did.URL{}, refuse(ErrMessage, "the key that signs is not one of the issuer of the message")
	}
	return u, nil
}

func messageFault(err error) error {
	if errors.Is(err, ErrMessage) {
		return err
	}
	return fmt.Errorf("%w: not well-formed: %w", ErrMessage, err)
}
