package realperson

import (
	"context"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/jws"
)

const (
	responseType = "realperson-response+jwt"
	consentType  = "realperson-consent+jwt"
)

// response is what a wallet says to a platform, well-formed and not verified.
type response struct {
	token      *jws.Token
	holder     did.DID // pairwise, long form
	method     did.URL // a key of holder
	platform   did.DID // aud, as the request named it
	nonce      string
	issued     time.Time
	action     Action
	session    []byte // hash; nil if there is none
	scope      *Scope
	index      int
	account    string // with ActionLogIn
	credential []byte // JSON as received; nil with ActionLogIn
	consent    []byte // JWS, with ActionRebind
}

// parseResponse reads a response strictly. Errors are ErrMessage.
func parseResponse(b []byte) (*response, error) {
	t, err := parseToken(b, MaxResponseSize, responseType)
	if err != nil {
		return nil, err
	}
	o, err := parseObject(t.Payload, messageLimits,
		"iss", "aud", "nonce", "iat", "action", "session?", "scope?", "index?", "account?", "credential?", "consent?")
	if err != nil {
		return nil, messageFault(err)
	}
	r := &response{
		token: t, holder: o.did("iss"), platform: o.did("aud"), nonce: o.text("nonce", maxNonce), issued: o.seconds("iat"),
		action: Action(o.text("action", 32)),
	}
	if r.method, err = methodOf(t, r.holder); err != nil {
		return nil, err
	}
	if o.has("session") {
		r.session = o.octets("session", sessionSize, sessionSize)
	}
	if v := o.get("scope"); v.Kind() != strictjson.Invalid {
		if r.scope, err = readScope(v); err != nil {
			return nil, err
		}
		r.index = int(o.integer("index", 0, int64(r.scope.Limit)-1))
	}
	if o.has("account") {
		r.account = o.text("account", accountIDSize)
	}
	if v := o.get("credential"); v.Kind() == strictjson.Object {
		r.credential = v.Raw()
	}
	if o.has("consent") {
		r.consent = []byte(o.text("consent", MaxResponseSize))
	}
	if o.err != nil {
		return nil, messageFault(o.err)
	}
	return r, r.check(o)
}

// check looks at which members an action has.
func (r *response) check(o *object) error {
	switch {
	case !slices.Contains(actions, r.action):
		return refuse(ErrMessage, "an action that does not exist")
	case (r.action == ActionUseScope) != o.has("scope") || o.has("scope") != o.has("index"):
		return refuse(ErrMessage, "a scope and another action, or the action and no scope or index")
	case r.action.provesPerson() != (r.credential != nil) || o.has("credential") != (r.credential != nil):
		return refuse(ErrMessage, "a credential where none belongs, or none where one does")
	case (r.action == ActionLogIn) != o.has("account"):
		return refuse(ErrMessage, "an account where none belongs, or none where one does")
	case (r.action == ActionRebind) != o.has("consent"):
		return refuse(ErrMessage, "a consent where none belongs, or none where one does")
	}
	return nil
}

// members returns the payload of a response, as parseResponse reads it.
func (r *response) members() map[string]any {
	m := map[string]any{
		"iss": r.holder.String(), "aud": r.platform.String(), "nonce": r.nonce, "iat": r.issued.Unix(), "action": string(r.action),
	}
	if r.session != nil {
		m["session"] = encode(r.session)
	}
	if r.scope != nil {
		m["scope"], m["index"] = r.scope.members(), r.index
	}
	if r.account != "" {
		m["account"] = r.account
	}
	if r.consent != nil {
		m["consent"] = string(r.consent)
	}
	return m
}

func (s *Scope) members() map[string]any {
	return map[string]any{"name": s.Name, "period": s.Period, "limit": s.Limit}
}

// sign makes the response's JWS. credential is JSON and may be nil.
func (r *response) sign(ctx context.Context, credential []byte, s keys.Signer, method did.URL) ([]byte, error) {
	m := r.members()
	if credential != nil {
		v, err := strictjson.Parse(credential, messageLimits)
		if err != nil {
			return nil, err
		}
		m["credential"] = v
	}
	return signMessage(ctx, m, responseType, s, method)
}

// signMessage makes a JWS over members in canonical form.
func signMessage(ctx context.Context, members map[string]any, typ string, s keys.Signer, method did.URL) ([]byte, error) {
	payload, err := strictjson.Canonical(members)
	if err != nil {
		return nil, err
	}
	return jws.Sign(ctx, s, &jws.Parameters{Type: typ, KeyID: method.String()}, payload)
}

// presentationHeader is what the proof of a response is bound to: who asks, for which request, when, for what, and who answers.
func (r *response) presentationHeader(platform did.DID) []byte {
	var scope []byte
	if r.scope != nil {
		scope = appendPart(nil, []byte(r.scope.Name))
		scope = appendPart(scope, []byte(r.scope.Period))
		scope = appendPart(scope, uint64Bytes(uint64(r.scope.Limit)))
		scope = appendPart(scope, uint64Bytes(uint64(r.index)))
	}
	h := hashOf("realperson/presentation/v1", []byte(platform.String()), []byte(r.nonce), uint64Bytes(uint64(r.issued.Unix())),
		[]byte(r.action), []byte(r.holder.String()), scope, r.session)
	return h[:]
}

// consent is the word of an account's present key that another takes its place, in answer to one request.
type consent struct {
	token    *jws.Token
	holder   did.DID // the present one
	method   did.URL
	platform did.DID
	nonce    string
	next     did.DID // who signs the response
}

func parseConsent(b []byte) (*consent, error) {
	t, err := parseToken(b, MaxResponseSize, consentType)
	if err != nil {
		return nil, err
	}
	o, err := parseObject(t.Payload, messageLimits, "iss", "aud", "nonce", "next")
	if err != nil {
		return nil, messageFault(err)
	}
	c := &consent{token: t, holder: o.did("iss"), platform: o.did("aud"), nonce: o.text("nonce", maxNonce), next: o.did("next")}
	if o.err != nil {
		return nil, messageFault(o.err)
	}
	c.method, err = methodOf(t, c.holder)
	return c, err
}

func (c *consent) members() map[string]any {
	return map[string]any{"iss": c.holder.String(), "aud": c.platform.String(), "nonce": c.nonce, "next": c.next.String()}
}

// sessionHash is what messages say of a session: nil for none.
func sessionHash(session []byte) []byte {
	if len(session) == 0 {
		return nil
	}
	h := hashOf("realperson/session/v1", session)
	return h[:]
}
