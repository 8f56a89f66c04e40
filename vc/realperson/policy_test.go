package realperson

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
)

// TestWalletPolicy: a wallet shows what its policy allows to this platform, and names what it refuses.
func TestWalletPolicy(t *testing.T) {
	const age, home = subjectPointer + "ageOver18", subjectPointer + "residentOf"
	city := newTown(t)
	alice := city.wallet(t)
	p := city.platform(t, func(c *PlatformConfig) {
		c.Policy.Claims = []Requirement{{Claim: "residentOf"}, {Claim: "ageOver18", OneOf: []any{true}}}
		c.Policy.Generation = &GenerationPolicy{Max: 0}
	})
	r := city.ask(t, alice.wallet, p, ActionSignUp, nil)
	for name, c := range map[string]struct {
		policy  Policy
		refused []string
	}{
		"zero":             {Policy{}, []string{age, PointerGeneration, home}},
		"one to all":       {Policy{RevealToAll: []string{age}}, []string{PointerGeneration, home}},
		"one to this":      {Policy{Reveal: map[did.DID][]string{p.DID(): {age, home}}}, []string{PointerGeneration}},
		"all to another":   {Policy{Reveal: map[did.DID][]string{keyNamed("a"): {age, home, PointerGeneration}}}, []string{age, PointerGeneration, home}},
		"everything above": {Policy{RevealToAll: []string{"", "/credentialSubject", subjectPointer, "*"}}, []string{age, PointerGeneration, home}},
		"other case":       {Policy{RevealToAll: []string{subjectPointer + "ageover18", home, PointerGeneration}}, []string{age}},
		"both":             {Policy{Reveal: map[did.DID][]string{p.DID(): {age}}, RevealToAll: []string{home, PointerGeneration}}, nil},
	} {
		b, err := alice.wallet.SignUp(t.Context(), r, c.policy)
		if c.refused == nil {
			fatal(t, err)
			got := subject(credentialOf(payload(t, b)))
			if len(got) != 5 || got["ageOver18"] != true || got["residentOf"] != "FR" || fmt.Sprint(got["generation"]) != "0" {
				t.Errorf("%s: shows %d members", name, len(got))
			}
			continue
		}
		refusal, ok := errors.AsType[*RefusedError](err)
		if !ok || !errors.Is(err, ErrRefused) || !slices.Equal(refusal.Pointers, c.refused) || !strings.Contains(err.Error(), c.refused[0]) {
			t.Errorf("%s: got %v, want a refusal that names %v", name, err, c.refused)
		}
	}
	// What is about a theft shows when the credential was issued, and a platform gets nothing more on that way.
	s := newSite(t)
	for _, a := range []Action{ActionRebind, ActionReportTheft, ActionCompleteRebind, ActionVeto} {
		m := s.request(city, a)
		m["reveal"] = []any{age, PointerIssuedEpoch}
		r, err := alice.wallet.Authenticate(t.Context(), forge(t, requestType, s.key, s.method, m), city.keys)
		fatal(t, err)
		if _, err := respond(t.Context(), alice.wallet, r, Policy{RevealToAll: []string{age}}); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: got %v, want ErrRefused", a, err)
		}
	}
	m := s.request(city, ActionSignUp)
	m["reveal"] = []any{PointerIssuedEpoch}
	r, err := alice.wallet.Authenticate(t.Context(), forge(t, requestType, s.key, s.method, m), city.keys)
	fatal(t, err)
	_, err = alice.wallet.SignUp(t.Context(), r, Policy{})
	wantError(t, err, ErrRefused)
}

// TestAsks: what a person is told is what a response shows.
func TestAsks(t *testing.T) {
	city := newTown(t)
	alice := city.wallet(t)
	p := city.platform(t, func(c *PlatformConfig) {
		c.Policy.Claims = []Requirement{{Claim: "ageOver18"}}
		c.Policy.Generation = &GenerationPolicy{Max: -1}
	})
	s := Scope{Name: "vote", Limit: 2}
	for _, a := range actions {
		opt := &RequestOptions{}
		if a == ActionUseScope {
			opt.Scope = &s
		}
		r := city.ask(t, alice.wallet, p, a, opt)
		if got, ok := r.Scope(); r.Action() != a || ok != (a == ActionUseScope) || ok && got != s || !r.Expires().Equal(city.clock.Add(DefaultRequestAge)) {
			t.Errorf("%s: the request says something else", a)
		}
		b, err := respond(t.Context(), alice.wallet, r, Policy{RevealToAll: []string{subjectPointer + "ageOver18", PointerGeneration}})
		fatal(t, err)
		var told, shown []string
		for _, ask := range r.Asks() {
			if ask.Says == "" {
				t.Errorf("%s: nothing is said of %s", a, ask.Pointer)
			}
			if strings.HasPrefix(ask.Pointer, subjectPointer) {
				told = append(told, ask.Pointer)
				if optional := a == ActionSignUp || a == ActionUseScope; ask.Pointer != PointerOpeningMode && ask.Always == optional {
					t.Errorf("%s: whether %s is optional is wrong", a, ask.Pointer)
				}
			}
		}
		if a.provesPerson() {
			for name := range subject(credentialOf(payload(t, b))) {
				if name != "id" {
					shown = append(shown, subjectPointer+name)
				}
			}
		}
		slices.Sort(told)
		slices.Sort(shown)
		if !slices.Equal(told, shown) {
			t.Errorf("%s: told %v, shown %v", a, told, shown)
		}
	}
}

// TestPlatformPolicy: a platform checks itself what it asked for.
func TestPlatformPolicy(t *testing.T) {
	city := newTown(t)
	all := Policy{RevealToAll: []string{subjectPointer + "ageOver18", subjectPointer + "residentOf", PointerGeneration}}
	for name, c := range map[string]struct {
		policy PlatformPolicy
		want   error
	}{
		"a bool":              {PlatformPolicy{Claims: []Requirement{{"ageOver18", []any{true}}}}, nil},
		"another bool":        {PlatformPolicy{Claims: []Requirement{{"ageOver18", []any{false}}}}, ErrPolicy},
		"a text for a bool":   {PlatformPolicy{Claims: []Requirement{{"ageOver18", []any{"true"}}}}, ErrPolicy},
		"a number for a bool": {PlatformPolicy{Claims: []Requirement{{"ageOver18", []any{1}}}}, ErrPolicy},
		"one of several":      {PlatformPolicy{Claims: []Requirement{{"residentOf", []any{"BE", "FR"}}}}, nil},
		"none of several":     {PlatformPolicy{Claims: []Requirement{{"residentOf", []any{"BE", "fr"}}}}, ErrPolicy},
		"any value":           {PlatformPolicy{Claims: []Requirement{{"residentOf", nil}}}, nil},
		"generation":          {PlatformPolicy{Generation: &GenerationPolicy{Max: 2}}, nil},
		"generation too high": {PlatformPolicy{Generation: &GenerationPolicy{Max: 1}}, ErrPolicy},
		"any generation":      {PlatformPolicy{Generation: &GenerationPolicy{Max: -1}}, nil},
	} {
		c.policy.Mode = Strict
		p := city.platform(t, func(o *PlatformConfig) { o.Policy = c.policy })
		err := city.signUpWith(t, p, all, func(map[string]any) {}) // of generation 2
		if !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if e, ok := errors.AsType[*PolicyError](err); c.want != nil && (!ok || e.Missing || strings.Contains(err.Error(), "FR")) {
			t.Errorf("%s: got %v, want the claim's name and not its value", name, err)
		}
	}
}

// TestShownClaims: a response shows just what was asked for. A wallet that shows less or more, for whatever reason, is refused.
func TestShownClaims(t *testing.T) {
	city := newTown(t)
	alice := city.wallet(t)
	p := city.platform(t, func(c *PlatformConfig) { c.Policy.Claims = []Requirement{{"ageOver18", []any{true}}} })
	for name, reveal := range map[string][]any{
		"nothing": nil, "another": {subjectPointer + "residentOf"}, "more": {subjectPointer + "ageOver18", subjectPointer + "residentOf"},
	} {
		r, err := alice.wallet.Authenticate(t.Context(), forgeRequest(t, p, func(m map[string]any) {
			if delete(m, "reveal"); reveal != nil {
				m["reveal"] = reveal
			}
		}), city.keys)
		fatal(t, err)
		b, err := alice.wallet.SignUp(t.Context(), r, Policy{RevealToAll: []string{subjectPointer + "ageOver18", subjectPointer + "residentOf"}})
		fatal(t, err)
		if _, _, err := p.SignUp(t.Context(), b, nil); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: got %v, want ErrMessage", name, err)
		}
	}
	// The policy looks for itself, whatever was checked before.
	policy, err := PlatformPolicy{Mode: Strict, Claims: []Requirement{{"ageOver18", []any{true}}}, Generation: &GenerationPolicy{Max: 3}}.checked()
	fatal(t, err)
	err = policy.check(ActionSignUp, map[string]any{"generation": 1})
	if e, ok := errors.AsType[*PolicyError](err); !ok || !e.Missing || !strings.Contains(err.Error(), "ageOver18") {
		t.Errorf("got %v for a claim that is missing", err)
	}
	err = policy.check(ActionSignUp, map[string]any{"ageOver18": true})
	if e, ok := errors.AsType[*PolicyError](err); !ok || !e.Missing || e.Pointer != PointerGeneration {
		t.Errorf("got %v for a generation that is missing", err)
	}
}

func TestMode(t *testing.T) {
	city := newTown(t)
	alice := city.wallet(t)
	for mode, want := range map[OpeningMode]error{Strict: nil, Escrowed: ErrEscrowUnavailable, "": nil, "both": nil} {
		err := mode.Check()
		if want != nil && !errors.Is(err, want) || (err == nil) != (mode == Strict) {
			t.Errorf("%q: got %v", mode, err)
		}
		_, err = PlatformPolicy{Mode: mode}.checked()
		if want != nil && !errors.Is(err, want) || (err == nil) != (mode == Strict) {
			t.Errorf("policy with %q: got %v", mode, err)
		}
		if mode == "" {
			continue
		}
		s := newSite(t)
		m := s.request(city, ActionSignUp)
		m["mode"] = string(mode)
		_, err = alice.wallet.Authenticate(t.Context(), forge(t, requestType, s.key, s.method, m), city.keys)
		if want != nil && !errors.Is(err, want) || (err == nil) != (mode == Strict) {
			t.Errorf("request with %q: got %v", mode, err)
		}
	}
}

func TestNewPlatform(t *testing.T) {
	city := newTown(t)
	for name, change := range map[string]func(c *PlatformConfig){
		"no method":             func(c *PlatformConfig) { c.Method = did.URL{} },
		"no signer":             func(c *PlatformConfig) { c.Signer = nil },
		"no keys":               func(c *PlatformConfig) { c.Keys = nil },
		"no accounts":           func(c *PlatformConfig) { c.Accounts = nil },
		"no authority":          func(c *PlatformConfig) { c.Authorities = nil },
		"an authority twice":    func(c *PlatformConfig) { c.Authorities = append(c.Authorities, c.Authorities[0]) },
		"an authority's fault":  func(c *PlatformConfig) { c.Authorities = []Parameters{{}} },
		"no mode":               func(c *PlatformConfig) { c.Policy.Mode = "" },
		"escrowed":              func(c *PlatformConfig) { c.Policy.Mode = Escrowed },
		"no endpoint":           func(c *PlatformConfig) { c.Endpoint = "" },
		"plain http":            func(c *PlatformConfig) { c.Endpoint = "http://platform.example/" },
		"no URL":                func(c *PlatformConfig) { c.Endpoint = "platform.example" },
		"a user":                func(c *PlatformConfig) { c.Endpoint = "https://bank@platform.example/" },
		"a fragment":            func(c *PlatformConfig) { c.Endpoint = "https://platform.example/#a" },
		"a long endpoint":       func(c *PlatformConfig) { c.Endpoint = "https://platform.example/" + strings.Repeat("a", maxEndpoint) },
		"an unknown claim":      func(c *PlatformConfig) { c.Policy.Claims = []Requirement{{Claim: "height"}} },
		"not a claim":           func(c *PlatformConfig) { c.Policy.Claims = []Requirement{{Claim: "issuedEpoch"}} },
		"a generation":          func(c *PlatformConfig) { c.Policy.Claims = []Requirement{{Claim: "generation"}} },
		"a mode as a claim":     func(c *PlatformConfig) { c.Policy.Claims = []Requirement{{Claim: "openingMode"}} },
		"a pointer":             func(c *PlatformConfig) { c.Policy.Claims = []Requirement{{Claim: "/credentialSubject/ageOver18"}} },
		"a claim twice":         func(c *PlatformConfig) { c.Policy.Claims = []Requirement{{Claim: "ageOver18"}, {Claim: "ageOver18"}} },
		"a value of no kind":    func(c *PlatformConfig) { c.Policy.Claims = []Requirement{{"ageOver18", []any{1.5}}} },
		"a negative delay":      func(c *PlatformConfig) { c.RebindDelay = -1 },
		"a negative age":        func(c *PlatformConfig) { c.RequestAge = -1 },
		"a long age":            func(c *PlatformConfig) { c.RequestAge = maxRequestAge + 1 },
		"a short secret":        func(c *PlatformConfig) { c.NonceSecret = make([]byte, 16) },
		"a secret that lasts":   func(c *PlatformConfig) { c.NonceSecret = make([]byte, 32) },
		"a DID that is altered": func(c *PlatformConfig) { c.Method = did.MustParse("did:realdid:main:x").WithFragment("a") },
	} {
		c := &PlatformConfig{
			Method: methodOfKey(newKey(t).Public()), Signer: newKey(t), Endpoint: "http://127.0.0.1:80/", Keys: city.keys,
			Authorities: []Parameters{city.public}, Accounts: city.platform(t).accounts.ledger, Policy: PlatformPolicy{Mode: Strict},
		}
		if _, err := NewPlatform(c); err != nil {
			t.Fatal(err)
		}
		change(c)
		if _, err := NewPlatform(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := NewPlatform(nil); err == nil {
		t.Error("a platform of nothing")
	}
}

// TestPlatformKeepsPolicy: what a caller changes later changes nothing.
func TestPlatformKeepsPolicy(t *testing.T) {
	city := newTown(t)
	g, values := &GenerationPolicy{Max: 0}, []any{true}
	claims := []Requirement{{"ageOver18", values}}
	p := city.platform(t, func(c *PlatformConfig) { c.Policy.Generation, c.Policy.Claims = g, claims })
	g.Max, values[0], claims[0].Claim = 9, false, "citizenOf"
	if q := p.policy; q.Generation.Max != 0 || q.Claims[0].Claim != "ageOver18" || q.Claims[0].OneOf[0] != true {
		t.Error("the policy changed")
	}
}

func TestRequestRefuses(t *testing.T) {
	city := newTown(t)
	p := city.platform(t)
	for name, c := range map[string]struct {
		action Action
		opt    *RequestOptions
	}{
		"no action":         {"", nil},
		"a scope":           {ActionUseScope, nil},
		"another action":    {ActionSignUp, &RequestOptions{Scope: &Scope{Name: "a", Limit: 1}}},
		"a scope's fault":   {ActionUseScope, &RequestOptions{Scope: &Scope{Name: "a"}}},
		"another endpoint":  {ActionSignUp, &RequestOptions{Endpoint: "http://platform.example"}},
		"no action's name ": {"SignUp", nil},
	} {
		if _, err := p.Request(t.Context(), c.action, c.opt); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	b, err := p.Request(t.Context(), ActionSignUp, &RequestOptions{Endpoint: "https://other.example/"})
	fatal(t, err)
	if m := payload(t, b); m["endpoint"] != "https://other.example/" || m["session"] != nil {
		t.Error("the request says something else")
	}
}

// TestUnavailable: an authority whose key cannot be had now is not one that is refused.
func TestUnavailable(t *testing.T) {
	city := newTown(t)
	k := &fixedKeys{err: &did.Error{Code: did.InternalError}}
	p, alice := city.platform(t, func(c *PlatformConfig) { c.Keys = k }), city.wallet(t)
	_, report, err := p.SignUp(t.Context(), city.answer(t, alice, p, ActionSignUp), nil)
	if !errors.Is(err, vc.ErrUnknown) || report == nil || report.Result != vc.Unknown {
		t.Errorf("got %v, want ErrUnknown", err)
	}
	k.err = &did.Error{Code: did.NotFound}
	_, _, err = p.SignUp(t.Context(), city.answer(t, alice, p, ActionSignUp), nil)
	wantError(t, err, vc.ErrInvalid)
	k.err = nil
	k.answer = did.ResolvedKey{
		Method: did.VerificationMethod{ID: city.public.Method, Controller: city.public.Authority, Key: city.issuer.Public(), Purposes: did.Authentication},
		Status: did.KeyActive, Evidence: did.Evidence{Replayed: true, AsOf: city.clock},
	}
	_, _, err = p.SignUp(t.Context(), city.answer(t, alice, p, ActionSignUp), nil)
	if vc.Code(err) != "vc.issuer.key.purpose" {
		t.Errorf("got %v for a key that is not for assertions", err)
	}
	k.answer.Method.Purposes = did.AssertionMethod
	k.answer.Evidence = did.Evidence{GenesisOnly: true, AsOf: city.clock}
	_, _, err = p.SignUp(t.Context(), city.answer(t, alice, p, ActionSignUp), nil)
	if vc.Code(err) != "vc.issuer.evidence.genesis" {
		t.Errorf("got %v for an authority of which only the beginning is known", err)
	}
	p.policy.InsecureGenesisOnly = true
	if _, _, err = p.SignUp(t.Context(), city.answer(t, alice, p, ActionSignUp), nil); err != nil {
		t.Error(err)
	}
	k.answer.Evidence, p.policy.IssuerEvidence.Latest = did.Evidence{Replayed: true, AsOf: city.clock}, true
	_, _, err = p.SignUp(t.Context(), city.answer(t, alice, p, ActionSignUp), nil)
	if vc.Code(err) != "vc.issuer.evidence.notlatest" {
		t.Errorf("got %v without the proof that the policy wants", err)
	}
}
