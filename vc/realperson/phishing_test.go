package realperson

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
)

// site is a platform that signs what it likes.
type site struct {
	method did.URL
	key    *keys.PrivateKey
}

func newSite(tb testing.TB) *site {
	k := newKey(tb)
	return &site{method: methodOfKey(k.Public()), key: k}
}

// request returns the members of a request as a platform would make them.
func (s *site) request(t *town, a Action) map[string]any {
	m := map[string]any{
		"iss": s.method.DID().String(), "action": string(a), "iat": t.clock.Unix(), "exp": t.clock.Add(time.Minute).Unix(), "nonce": "n",
		"mode": "strict", "authorities": []any{t.public.Authority.String()}, "endpoint": "https://site.example/",
	}
	if a.showsIssuedEpoch() {
		m["reveal"] = []any{PointerIssuedEpoch}
	}
	return m
}

// pseudonymAt returns the pseudonym that a wallet shows who signs these members.
func (s *site) pseudonymAt(tb testing.TB, t *town, w *Wallet, members map[string]any) []byte {
	tb.Helper()
	r, err := w.Authenticate(tb.Context(), forge(tb, requestType, s.key, s.method, members), t.keys)
	fatal(tb, err)
	b, err := respond(tb.Context(), w, r, Policy{RevealToAll: []string{subjectPointer + "ageOver18", PointerGeneration}})
	fatal(tb, err)
	c := credentialOf(payload(tb, b))
	p, err := bbs2023.PseudonymOf(proofOf(c)["proofValue"].(string))
	fatal(tb, err)
	return p
}

// TestContextOfIdentity: of all that a request says, nothing but who signed it, and a declared scope, changes the pseudonym.
func TestContextOfIdentity(t *testing.T) {
	city := newTown(t)
	w := city.wallet(t).wallet
	mine := newSite(t)
	want := mine.pseudonymAt(t, city, w, mine.request(city, ActionSignUp))
	other := newSite(t)
	if bytes.Equal(want, other.pseudonymAt(t, city, w, other.request(city, ActionSignUp))) {
		t.Fatal("two platforms see one pseudonym")
	}
	victim := other.method.DID().String()
	for name, change := range map[string]func(m map[string]any){
		"nonce":       func(m map[string]any) { m["nonce"] = victim },
		"times":       func(m map[string]any) { m["iat"], m["exp"] = city.clock.Unix()-60, city.clock.Unix()+600 },
		"endpoint":    func(m map[string]any) { m["endpoint"] = "https://victim.example/" },
		"authorities": func(m map[string]any) { m["authorities"] = []any{victim, city.public.Authority.String()} },
		"reveal":      func(m map[string]any) { m["reveal"] = []any{subjectPointer + "ageOver18", PointerGeneration} },
		"session":     func(m map[string]any) { m["session"] = encode(bytes.Repeat([]byte{1}, 32)) },
		"report": func(m map[string]any) {
			m["action"], m["reveal"] = string(ActionReportTheft), []any{PointerIssuedEpoch}
		},
		"rebind": func(m map[string]any) { m["action"], m["reveal"] = string(ActionRebind), []any{PointerIssuedEpoch} },
		"complete": func(m map[string]any) {
			m["action"], m["reveal"] = string(ActionCompleteRebind), []any{PointerIssuedEpoch}
		},
		"veto": func(m map[string]any) { m["action"], m["reveal"] = string(ActionVeto), []any{PointerIssuedEpoch} },
	} {
		m := mine.request(city, ActionSignUp)
		change(m)
		if got := mine.pseudonymAt(t, city, w, m); !bytes.Equal(got, want) {
			t.Errorf("%s: another pseudonym", name)
		}
	}
	scoped := mine.request(city, ActionUseScope)
	for name, s := range map[string]map[string]any{
		"scope": {"name": "account", "period": "", "limit": 1}, "name": {"name": "vote", "period": "", "limit": 1},
		"period": {"name": "vote", "period": "2026", "limit": 1},
	} {
		scoped["scope"] = s
		if got := mine.pseudonymAt(t, city, w, scoped); bytes.Equal(got, want) {
			t.Errorf("%s: the account's pseudonym", name)
		}
	}
	// Members that would say more do not exist.
	for _, name := range []string{"context", "context_id", "aud", "client_id", "origin", "platform", "Iss"} {
		m := mine.request(city, ActionSignUp)
		m[name] = victim
		_, err := w.Authenticate(t.Context(), forge(t, requestType, mine.key, mine.method, m), city.keys)
		wantError(t, err, ErrMessage)
	}
}

// TestPhishing: a site that shows what it got from a real platform, or says that it is one.
func TestPhishing(t *testing.T) {
	city := newTown(t)
	p, w := city.platform(t), city.wallet(t).wallet
	genuine, err := p.Request(t.Context(), ActionSignUp, nil)
	fatal(t, err)
	evil := newSite(t)
	members := func() map[string]any { return payload(t, genuine) }
	for name, c := range map[string]struct {
		request []byte
		want    error
	}{
		"says that it is the platform": {forge(t, requestType, evil.key, evil.method, members()), ErrMessage},
		"names the platform's key": {
			forge(t, requestType, evil.key, p.method, members()), ErrUnauthenticated,
		},
		"takes the platform's signature for another endpoint": {
			replacePayload(t, genuine, func(m map[string]any) { m["endpoint"] = "https://evil.example/" }), ErrUnauthenticated,
		},
		"takes the platform's signature for its own name": {
			replacePayload(t, genuine, func(m map[string]any) { m["iss"] = evil.method.DID().String() }), ErrMessage,
		},
		"takes the platform's signature for another action": {
			replacePayload(t, genuine, func(m map[string]any) { m["action"] = "login" }), ErrUnauthenticated,
		},
		"another type of message": {forge(t, responseType, evil.key, evil.method, evil.request(city, ActionSignUp)), ErrMessage},
		"a key of a longer name":  {forge(t, requestType, evil.key, did.MustParse(evil.method.DID().String()+"0").WithFragment("a"), evil.request(city, ActionSignUp)), ErrMessage},
	} {
		if _, err := w.Authenticate(t.Context(), c.request, city.keys); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	// Shown as it is, the request says whose it is and where the response goes, and the site can change neither.
	r, err := w.Authenticate(t.Context(), genuine, city.keys)
	fatal(t, err)
	if r.Platform() != p.DID() || r.Endpoint() != p.endpoint {
		t.Errorf("got %v and %s, want the real platform", r.Platform(), r.Endpoint())
	}
}

// replacePayload keeps header and signature.
func replacePayload(tb testing.TB, message []byte, change func(map[string]any)) []byte {
	m := payload(tb, message)
	change(m)
	parts := bytes.Split(message, []byte("."))
	parts[1] = []byte(encode(encodeJSON(tb, m)))
	return bytes.Join(parts, []byte("."))
}

// TestAuthenticateKey: what is known of a platform's key decides.
func TestAuthenticateKey(t *testing.T) {
	city := newTown(t)
	w := city.wallet(t).wallet
	s := newSite(t)
	request := forge(t, requestType, s.key, s.method, s.request(city, ActionSignUp))
	good := func() *fixedKeys {
		return &fixedKeys{answer: did.ResolvedKey{
			Method: did.VerificationMethod{ID: s.method, Controller: s.method.DID(), Key: s.key.Public(), Purposes: did.Authentication},
			Status: did.KeyActive, Evidence: did.Evidence{Replayed: true, AsOf: city.clock},
		}}
	}
	if _, err := w.Authenticate(t.Context(), request, good()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(k *fixedKeys)
		want   error
	}{
		"another key":         {func(k *fixedKeys) { k.answer.Method.Key = newKey(t).Public() }, ErrUnauthenticated},
		"another name":        {func(k *fixedKeys) { k.answer.Method.ID = s.method.DID().WithFragment("b") }, ErrUnauthenticated},
		"another controller":  {func(k *fixedKeys) { k.answer.Method.Controller = keyNamed("a") }, ErrUnauthenticated},
		"for assertions":      {func(k *fixedKeys) { k.answer.Method.Purposes = did.AssertionMethod }, ErrUnauthenticated},
		"retired":             {func(k *fixedKeys) { k.answer.Status = did.KeyRetired }, ErrUnauthenticated},
		"compromised":         {func(k *fixedKeys) { k.answer.Status = did.KeyCompromised }, ErrUnauthenticated},
		"deactivated":         {func(k *fixedKeys) { k.answer.Deactivated = true }, ErrUnauthenticated},
		"genesis only":        {func(k *fixedKeys) { k.answer.Evidence = did.Evidence{GenesisOnly: true, AsOf: city.clock} }, ErrUnauthenticated},
		"nothing was checked": {func(k *fixedKeys) { k.answer.Evidence = did.Evidence{AsOf: city.clock} }, ErrUnauthenticated},
		"old":                 {func(k *fixedKeys) { k.answer.Evidence.AsOf = city.clock.Add(-maxPlatformEvidence - time.Second) }, ErrUnavailable},
		"not found":           {func(k *fixedKeys) { k.err = &did.Error{Code: did.NotFound} }, ErrUnauthenticated},
		"the network is down": {func(k *fixedKeys) { k.err = &did.Error{Code: did.InternalError} }, ErrUnavailable},
		"proven not to be there": {func(k *fixedKeys) {
			k.answer.Evidence = did.Evidence{GenesisOnly: true, Absent: true, AsOf: city.clock}
		}, nil},
	} {
		k := good()
		c.change(k)
		if _, err := w.Authenticate(t.Context(), request, k); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := w.Authenticate(t.Context(), request, nil); err == nil {
		t.Error("authenticated without keys")
	}
}

// TestRequestLife: a request is answered while it lives, also if that ends between the two steps.
func TestRequestLife(t *testing.T) {
	city := newTown(t)
	p, alice := city.platform(t), city.wallet(t)
	b, err := p.Request(t.Context(), ActionSignUp, nil)
	fatal(t, err)
	r, err := alice.wallet.Authenticate(t.Context(), b, city.keys)
	fatal(t, err)
	start := city.clock
	city.clock = start.Add(-2 * time.Minute)
	_, err = alice.wallet.Authenticate(t.Context(), b, city.keys)
	wantError(t, err, ErrMessage)
	city.clock = start.Add(DefaultRequestAge)
	_, err = alice.wallet.Authenticate(t.Context(), b, city.keys)
	wantError(t, err, ErrMessage)
	_, err = alice.wallet.SignUp(t.Context(), r, Policy{})
	wantError(t, err, ErrMessage)
	city.clock = start.Add(DefaultRequestAge - time.Second)
	_, err = alice.wallet.LogIn(t.Context(), r)
	wantError(t, err, ErrMessage) // another action
	_, err = alice.wallet.SignUp(t.Context(), nil, Policy{})
	wantError(t, err, ErrMessage)
	_, err = alice.wallet.SignUp(t.Context(), &VerifierRequest{}, Policy{})
	wantError(t, err, ErrMessage)
	if _, err = alice.wallet.SignUp(t.Context(), r, Policy{}); err != nil {
		t.Error(err)
	}
}

// TestNoRequest: a value that nobody authenticated asks for nothing, and nothing comes of it.
func TestNoRequest(t *testing.T) {
	r := &VerifierRequest{}
	_, scoped := r.Scope()
	if r.Action() != "" || scoped || r.Endpoint() != "" || !r.Expires().IsZero() || r.Asks() != nil || !r.Platform().IsZero() {
		t.Error("the zero value says something")
	}
	w := newTown(t).wallet(t).wallet
	w.Rebound(r)
	w.ScopeUsed(r)
	for _, respond := range []func() ([]byte, error){
		func() ([]byte, error) { return w.SignUp(t.Context(), r, Policy{}) }, func() ([]byte, error) { return w.LogIn(t.Context(), r) },
		func() ([]byte, error) { return w.UseScope(t.Context(), r, Policy{}) }, func() ([]byte, error) { return w.Veto(t.Context(), r) },
	} {
		_, err := respond()
		wantError(t, err, ErrMessage)
	}
}

// TestPlatformSpelling: the short and the long form of a platform's DID are one platform, with one pseudonym of a person.
func TestPlatformSpelling(t *testing.T) {
	city := newTown(t)
	w := city.wallet(t).wallet
	lg := memledger.New(realdid.Reducer(), &memledger.Options{Clock: city.now})
	control, next, auth := newKey(t), newKey(t), newKey(t)
	dids, err := realdid.New(lg, &realdid.Options{Clock: city.now})
	fatal(t, err)
	created, err := dids.Create(t.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()), SingleSecret: true,
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: "auth", Key: auth.Public(), Purposes: did.Authentication}}},
	}, control)
	fatal(t, err)
	long, err := created.Operation.LongForm()
	fatal(t, err)
	city.keys = resolver.Keys{Resolver: resolver.Mux{"realdid": dids}, Now: city.now}
	var seen [][]byte
	for _, d := range []did.DID{created.DID, long} {
		s := &site{method: d.WithFragment("auth"), key: auth}
		r, err := w.Authenticate(t.Context(), forge(t, requestType, s.key, s.method, s.request(city, ActionSignUp)), city.keys)
		fatal(t, err)
		if r.Platform() != created.DID {
			t.Errorf("got platform %v, want the short form", r.Platform())
		}
		seen = append(seen, s.pseudonymAt(t, city, w, s.request(city, ActionSignUp)))
	}
	if !bytes.Equal(seen[0], seen[1]) {
		t.Error("two spellings of one platform see two pseudonyms")
	}
	p := city.platform(t, func(c *PlatformConfig) { c.Method, c.Signer = long.WithFragment("auth"), auth })
	if p.DID() != created.DID {
		t.Errorf("got %v, want the short form", p.DID())
	}
}
