package realperson

import (
	"errors"
	"strings"
	"testing"

	"github.com/realdid/realdid/keys/jws"
)

// TestRequestMembers: every member of a request is needed or known, and within its limits.
func TestRequestMembers(t *testing.T) {
	city := newTown(t)
	s := newSite(t)
	ok := func(a Action) map[string]any {
		m := s.request(city, a)
		if a == ActionUseScope {
			m["scope"] = map[string]any{"name": "vote", "period": "", "limit": 1}
		}
		return m
	}
	check := func(name string, a Action, change func(m map[string]any)) {
		t.Helper()
		m := ok(a)
		change(m)
		if _, err := parseRequest(forge(t, requestType, s.key, s.method, m)); !errors.Is(err, ErrMessage) && !errors.Is(err, ErrScope) {
			t.Errorf("%s: got %v, want a fault", name, err)
		}
	}
	for _, a := range actions {
		if _, err := parseRequest(forge(t, requestType, s.key, s.method, ok(a))); err != nil {
			t.Errorf("%s: %v", a, err)
		}
	}
	for member := range ok(ActionSignUp) {
		check("without "+member, ActionSignUp, func(m map[string]any) { delete(m, member) })
		check(member+" null", ActionSignUp, func(m map[string]any) { m[member] = nil })
		check(member+" as an object", ActionSignUp, func(m map[string]any) { m[member] = map[string]any{} })
	}
	age := subjectPointer + "ageOver18"
	for name, change := range map[string]func(m map[string]any){
		"an unknown member":    func(m map[string]any) { m["x"] = 1 },
		"an action":            func(m map[string]any) { m["action"] = "SIGNUP" },
		"no life":              func(m map[string]any) { m["exp"] = m["iat"] },
		"a long life":          func(m map[string]any) { m["exp"] = m["iat"].(int64) + 3601 },
		"a fraction":           func(m map[string]any) { m["iat"] = 1.5 },
		"a long nonce":         func(m map[string]any) { m["nonce"] = strings.Repeat("a", maxNonce+1) },
		"an authority twice":   func(m map[string]any) { m["authorities"] = []any{"did:a:b", "did:a:b"} },
		"no authorities":       func(m map[string]any) { m["authorities"] = []any{} },
		"an authority's name":  func(m map[string]any) { m["authorities"] = []any{"x"} },
		"many authorities":     func(m map[string]any) { m["authorities"] = make([]any, maxAuthorities+1) },
		"nothing to reveal":    func(m map[string]any) { m["reveal"] = []any{} },
		"everything":           func(m map[string]any) { m["reveal"] = []any{""} },
		"the subject":          func(m map[string]any) { m["reveal"] = []any{"/credentialSubject"} },
		"all of the subject":   func(m map[string]any) { m["reveal"] = []any{subjectPointer} },
		"a part of a claim":    func(m map[string]any) { m["reveal"] = []any{age + "/0"} },
		"an escaped pointer":   func(m map[string]any) { m["reveal"] = []any{subjectPointer + "age~1x"} },
		"the proof":            func(m map[string]any) { m["reveal"] = []any{"/proof"} },
		"a claim twice":        func(m map[string]any) { m["reveal"] = []any{age, age} },
		"claims out of order":  func(m map[string]any) { m["reveal"] = []any{subjectPointer + "residentOf", age} },
		"a long claim":         func(m map[string]any) { m["reveal"] = []any{subjectPointer + strings.Repeat("a", 65)} },
		"a short session":      func(m map[string]any) { m["session"] = "AAAA" },
		"a session as itself":  func(m map[string]any) { m["session"] = "cookie" },
		"a scope":              func(m map[string]any) { m["scope"] = map[string]any{"name": "vote", "period": "", "limit": 1} },
		"a plain endpoint":     func(m map[string]any) { m["endpoint"] = "http://platform.example/" },
		"an endpoint's script": func(m map[string]any) { m["endpoint"] = "javascript:alert(1)" },
		"another signer":       func(m map[string]any) { m["iss"] = "did:example:a" },
	} {
		check(name, ActionSignUp, change)
	}
	check("a log-in that reveals", ActionLogIn, func(m map[string]any) { m["reveal"] = []any{age} })
	for name, scope := range map[string]any{
		"no scope": nil, "a text": "vote", "no limit": map[string]any{"name": "vote", "period": ""},
		"limit 0":   map[string]any{"name": "vote", "period": "", "limit": 0},
		"a limit":   map[string]any{"name": "vote", "period": "", "limit": MaxScopeLimit + 1},
		"a name":    map[string]any{"name": "Vote", "period": "", "limit": 1},
		"no period": map[string]any{"name": "vote", "limit": 1},
		"an index":  map[string]any{"name": "vote", "period": "", "limit": 1, "index": 0},
	} {
		check("scope: "+name, ActionUseScope, func(m map[string]any) {
			if m["scope"] = scope; scope == nil {
				delete(m, "scope")
			}
		})
	}
}

// TestResponseMembers: the same of responses.
func TestResponseMembers(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	h := stranger(t)
	good := map[Action]map[string]any{}
	for _, a := range actions {
		opt := &RequestOptions{}
		if a == ActionUseScope {
			opt.Scope = &Scope{Name: "vote", Limit: 2}
		}
		b, err := respond(t.Context(), alice.wallet, city.ask(t, alice.wallet, p, a, opt), Policy{})
		fatal(t, err)
		if _, err := parseResponse(b); err != nil {
			t.Errorf("%s: %v", a, err)
		}
		good[a] = payload(t, b)
	}
	check := func(name string, a Action, change func(m map[string]any)) {
		t.Helper()
		m := decodeJSON(t, encodeJSON(t, good[a]))
		change(m)
		if _, err := parseResponse(forgeAs(t, h, m)); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v, want ErrMessage", name, err)
		}
	}
	for _, a := range actions {
		for member := range good[a] {
			if member == "iss" {
				continue
			}
			check(string(a)+" without "+member, a, func(m map[string]any) { delete(m, member) })
			check(string(a)+": "+member+" null", a, func(m map[string]any) { m[member] = nil })
		}
		check(string(a)+" with a member more", a, func(m map[string]any) { m["x"] = 1 })
		check(string(a)+" as nothing", a, func(m map[string]any) { m["action"] = "x" })
		if a != ActionRebind {
			check(string(a)+" with a consent", a, func(m map[string]any) { m["consent"] = "x" })
		}
		if a != ActionLogIn {
			check(string(a)+" with an account", a, func(m map[string]any) { m["account"] = strings.Repeat("a", accountIDSize) })
		}
		if !a.provesPerson() {
			check(string(a)+" with a credential that is none", a, func(m map[string]any) { m["credential"] = "x" })
		}
		if a != ActionUseScope {
			check(string(a)+" with a scope", a, func(m map[string]any) {
				m["scope"], m["index"] = map[string]any{"name": "vote", "period": "", "limit": 1}, 0
			})
			check(string(a)+" with an index", a, func(m map[string]any) { m["index"] = 0 })
		}
	}
	check("a log-in with a credential", ActionLogIn, func(m map[string]any) { m["credential"] = good[ActionSignUp]["credential"] })
	check("a credential as a text", ActionSignUp, func(m map[string]any) { m["credential"] = "x" })
	check("an index below", ActionUseScope, func(m map[string]any) { m["index"] = -1 })
	check("an index above", ActionUseScope, func(m map[string]any) { m["index"] = 2 })
	check("a short session", ActionSignUp, func(m map[string]any) { m["session"] = "AAAA" })
	check("a long account", ActionLogIn, func(m map[string]any) { m["account"] = strings.Repeat("a", accountIDSize+1) })

	// What surrounds the payload.
	b := forgeAs(t, h, payload(t, city.answer(t, alice, p, ActionLogIn)))
	if _, err := parseResponse(b); err != nil {
		t.Fatal(err)
	}
	for name, message := range map[string][]byte{
		"nothing": nil, "no JWS": []byte("x"), "too long": []byte(strings.Repeat("a", MaxResponseSize+1)),
		"another type":  forge(t, requestType, h.Authentication, h.DID.WithFragment("auth"), payload(t, b)),
		"a type's case": forge(t, "realperson-response+JWT", h.Authentication, h.DID.WithFragment("auth"), payload(t, b)),
		"another's key": forge(t, responseType, h.Authentication, stranger(t).DID.WithFragment("auth"), payload(t, b)),
		"no key":        forge(t, responseType, h.Authentication, h.DID.URL(), payload(t, b)),
		"a duplicate":   duplicate(t, b),
	} {
		if _, err := parseResponse(message); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v, want ErrMessage", name, err)
		}
	}
}

// duplicate writes a member twice.
func duplicate(tb testing.TB, message []byte) []byte {
	tb.Helper()
	token, err := jws.Parse(message, nil)
	fatal(tb, err)
	text := strings.Replace(string(token.Payload), "{", `{"action":"login",`, 1)
	parts := strings.Split(string(message), ".")
	return []byte(parts[0] + "." + encode([]byte(text)) + "." + parts[2])
}

// TestErrorsTellNothing: errors and printed values hold no pseudonym, claim, nonce or DID of a person.
func TestErrorsTellNothing(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	a := city.signUp(t, alice, p)
	_, _, exists := p.SignUp(t.Context(), city.answer(t, alice, p, ActionSignUp), nil)
	mallory := city.wallet(t)
	_, _, nobody := city.send(t, mallory, p, ActionVeto)
	_, _, shape := p.SignUp(t.Context(), []byte("x"), nil)
	for _, text := range []string{exists.Error(), nobody.Error(), shape.Error(), a.String(), a.GoString()} {
		for name, secret := range map[string]string{"the account": a.ID, "the pairwise DID": a.Holder.String()} {
			if strings.Contains(text, secret) {
				t.Errorf("%q tells %s", text, name)
			}
		}
	}
}
