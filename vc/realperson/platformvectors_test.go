package realperson

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
)

var updatePlatforms = flag.Bool("update-platforms", false, "write the vectors of platforms and accounts in testdata/realperson anew")

// The vectors of what wallets and platforms say to each other: each list is a file. Requests and responses have the setting.
type (
	platformVectors struct {
		platformSetting
		Contexts     []platformContext
		Headers      []platformHeader
		Permutations []scopeOrder
		Requests     []platformRequest
		Responses    []platformResponse
	}
	platformSetting struct {
		Time        string          `json:"time"`
		Parameters  json.RawMessage `json:"parameters"` // of the authority, whose DID is a did:key
		Method      string          `json:"method"`     // of the platform, whose DID is a did:key
		NonceSecret string          `json:"nonceSecret"`
		Claims      []string        `json:"claims"` // that the platform asks for
	}
	platformContext struct {
		Name      string `json:"name"`
		Authority string `json:"authority"`
		Platform  string `json:"platform"`
		Scope     *Scope `json:"scope,omitempty"`
		Index     int    `json:"index"`
		ContextID string `json:"contextID"`
		Pseudonym string `json:"pseudonym"` // any
		Account   string `json:"account"`   // its name
	}
	platformHeader struct {
		Name     string `json:"name"`
		Platform string `json:"platform"`
		Nonce    string `json:"nonce"`
		Issued   int64  `json:"issued"`
		Action   string `json:"action"`
		Holder   string `json:"holder"`
		Scope    *Scope `json:"scope,omitempty"`
		Index    int    `json:"index"`
		Session  string `json:"session"` // as itself
		Header   string `json:"header"`
	}
	scopeOrder struct {
		Name     string `json:"name"`
		Secret   string `json:"secret"`
		Platform string `json:"platform"`
		Scope    Scope  `json:"scope"`
		Order    []int  `json:"order"`
	}
	platformRequest struct {
		Name  string `json:"name"`
		Valid bool   `json:"valid"`
		JWS   string `json:"jws"`
	}
	platformResponse struct {
		Name    string `json:"name"`
		Valid   bool   `json:"valid"`
		Action  string `json:"action"` // that the platform expects
		Session string `json:"session"`
		JWS     string `json:"jws"`
		Account string `json:"account,omitempty"` // its name
	}

	accountVector struct {
		Name  string        `json:"name"`
		Steps []accountStep `json:"steps"`
	}
	accountStep struct {
		Time    string `json:"time"`
		Action  string `json:"action"`
		Holder  string `json:"holder"`
		Issued  string `json:"issued,omitempty"`
		Consent string `json:"consent,omitempty"`
		Result  string `json:"result"`
	}
)

// results are the names of errors in accounts.json.
var results = map[string]error{
	"exists": ErrAccountExists, "no account": ErrNoAccount, "not the holder": ErrNotHolder, "stale": ErrStaleCredential, "vetoed": ErrVetoed,
	"no report": ErrNoReport, "too early": ErrTooEarly, "issued before": ErrIssuedBefore, "many reports": ErrManyReports, "malformed": ErrMessage,
}

func TestAccountVectors(t *testing.T) {
	if *updatePlatforms {
		writeVectors(t, "accounts", vectors.None{}, accountVectors())
	}
	all := readVectors[accountVector](t, "accounts")
	if len(all) != len(accountStories) {
		t.Errorf("got %d stories, want %d", len(all), len(accountStories))
	}
	date := func(s string) time.Time {
		at, ok := parseTime(s)
		if !ok && s != "" {
			t.Fatalf("%q is no date", s)
		}
		return at
	}
	for _, v := range all {
		var s *accountState
		for i, step := range v.Steps {
			e := &accountEvent{action: Action(step.Action), holder: did.MustParse(step.Holder), issued: date(step.Issued)}
			if step.Consent != "" {
				e.consent = did.MustParse(step.Consent)
			}
			next, err := s.after(e, date(step.Time), stateRules)
			if want := results[step.Result]; (err == nil) != (step.Result == "ok") || err != nil && !errors.Is(err, want) {
				t.Errorf("%s, step %d: got %v, want %s", v.Name, i, err, step.Result)
			}
			if err == nil {
				s = next
			}
		}
	}
}

func accountVectors() (all []accountVector) {
	for _, name := range slices.Sorted(maps.Keys(accountStories)) {
		v := accountVector{Name: name}
		for _, e := range accountStories[name] {
			step := accountStep{Time: formatTime(e.at), Action: string(e.action), Holder: keyNamed(e.holder).String(), Result: "ok"}
			if e.issued >= 0 {
				step.Issued = formatTime(week(e.issued))
			}
			if e.consent != "" {
				step.Consent = keyNamed(e.consent).String()
			}
			for name, err := range results {
				if e.want != nil && errors.Is(e.want, err) {
					step.Result = name
				}
			}
			v.Steps = append(v.Steps, step)
		}
		all = append(all, v)
	}
	return all
}

func writeVectors[S, V any](t *testing.T, name string, setting S, list []V) {
	t.Helper()
	vectors.Write(t, "realperson/"+name, vectors.File[S, V]{Kind: "realperson." + name, Setting: setting, Vectors: list})
}

func (all *platformVectors) write(t *testing.T) {
	t.Helper()
	writeVectors(t, "account-contexts", vectors.None{}, all.Contexts)
	writeVectors(t, "response-headers", vectors.None{}, all.Headers)
	writeVectors(t, "permutations", vectors.None{}, all.Permutations)
	writeVectors(t, "platform-requests", all.platformSetting, all.Requests)
	writeVectors(t, "platform-responses", all.platformSetting, all.Responses)
}

func readPlatformVectors(t *testing.T) *platformVectors {
	t.Helper()
	requests := vectors.Read[platformSetting, platformRequest](t, "realperson/platform-requests")
	responses := vectors.Read[platformSetting, platformResponse](t, "realperson/platform-responses")
	if !reflect.DeepEqual(requests.Setting, responses.Setting) {
		t.Fatal("requests and responses have different settings")
	}
	return &platformVectors{
		requests.Setting, readVectors[platformContext](t, "account-contexts"), readVectors[platformHeader](t, "response-headers"),
		readVectors[scopeOrder](t, "permutations"), requests.Vectors, responses.Vectors,
	}
}

func TestPlatformVectors(t *testing.T) {
	if *updatePlatforms {
		makePlatformVectors(t).write(t)
	}
	all := readPlatformVectors(t)
	all.checkValues(t)
	now, ok := parseTime(all.Time)
	params, err := ParseParameters(all.Parameters)
	if fatal(t, err); !ok {
		t.Fatal("no time")
	}
	clock := func() time.Time { return now }
	k := resolver.Keys{Resolver: didkey.Resolver{Now: clock}, Now: clock}
	w, err := NewWallet(*params, &WalletOptions{Now: clock})
	fatal(t, err)
	for _, v := range all.Requests {
		_, err := w.Authenticate(t.Context(), []byte(v.JWS), k)
		wantValid(t, "request", v.Name, v.Valid, err)
	}
	for _, v := range all.Responses {
		p := all.platform(t, k, params, clock)
		a, _, err := p.event(t.Context(), Action(v.Action), []byte(v.JWS), []byte(v.Session))
		wantValid(t, "response", v.Name, v.Valid, err)
		if errors.Is(err, vc.ErrUnknown) {
			t.Errorf("response %q: could not be checked: %v", v.Name, err)
		}
		if err == nil {
			wantText(t, "account", a.ID, v.Account)
		}
	}
}

func (all *platformVectors) checkValues(t *testing.T) {
	for _, v := range all.Contexts {
		authority, platform := did.MustParse(v.Authority), did.MustParse(v.Platform)
		got := accountContext(authority, platform)
		if v.Scope != nil {
			got = scopeContext(authority, platform, v.Scope, v.Index)
		}
		wantText(t, "context", hex.EncodeToString(got), v.ContextID)
		wantText(t, "account", accountID(authority, unhex(t, v.Pseudonym)), v.Account)
	}
	for _, v := range all.Headers {
		r := &response{
			nonce: v.Nonce, issued: time.Unix(v.Issued, 0), action: Action(v.Action), holder: did.MustParse(v.Holder), scope: v.Scope, index: v.Index,
			session: sessionHash([]byte(v.Session)),
		}
		wantText(t, "header", hex.EncodeToString(r.presentationHeader(did.MustParse(v.Platform))), v.Header)
	}
	for _, v := range all.Permutations {
		secret := [scopeSecretSize]byte(unhex(t, v.Secret))
		if got := v.Scope.permutation(&secret, did.MustParse(v.Platform)); !slices.Equal(got, v.Order) {
			t.Errorf("permutation: got %v, want %v", got, v.Order)
		}
	}
}

// platform is the one that the responses are for, with no accounts. It cannot sign: only its name is known.
func (all *platformVectors) platform(tb testing.TB, k vc.Keys, params *Parameters, clock func() time.Time) *Platform {
	tb.Helper()
	method, err := did.ParseURL(all.Method)
	fatal(tb, err)
	var claims []Requirement
	for _, c := range all.Claims {
		claims = append(claims, Requirement{Claim: c, OneOf: []any{true}})
	}
	signer, err := keys.Generate(keys.Ed25519)
	fatal(tb, err)
	p, err := NewPlatform(&PlatformConfig{
		Method: method, Signer: signer, Endpoint: "https://platform.example/", Keys: k, Authorities: []Parameters{*params},
		Accounts: memledger.New(nil, nil), Policy: PlatformPolicy{Mode: Strict, Claims: claims}, Clock: clock,
		NonceSecret: unhex(tb, all.NonceSecret), Spent: newSpentSet(16, clock),
	})
	fatal(tb, err)
	return p
}
