package vcalm_test

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/keys/bbs"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/bbs2023"
	"github.com/realdid/realdid/vc/vcalm"
)

type (
	object    = map[string]any
	optionsOf = vcalm.Options
)

const (
	contextV2 = "https://www.w3.org/ns/credentials/v2"
	contextV1 = "https://www.w3.org/2018/credentials/v1"
	baseURL   = "https://issuer.example:8491/api"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// ring has one key of each algorithm, and one of somebody else.
var ring = sync.OnceValue(func() map[string]keys.Signer {
	out := map[string]keys.Signer{}
	for name, a := range map[string]keys.Algorithm{"Ed25519": keys.Ed25519, "P-256": keys.P256, "P-384": keys.P384, "other": keys.Ed25519} {
		k, err := keys.Generate(a)
		if err != nil {
			panic(err)
		}
		out[name] = k
	}
	k, err := bbs.Generate()
	if err != nil {
		panic(err)
	}
	out["BLS12-381"] = k
	return out
})

// didOf is the did:key of a key in the ring.
func didOf(name string) string { return didkey.Of(ring()[name].Public()).String() }

// suites are the cryptosuites that each key issues with.
var suites = map[string][]dataintegrity.Cryptosuite{
	"Ed25519": {dataintegrity.EdDSARDFC2022{}, dataintegrity.EdDSAJCS2022{}},
	"P-256":   {dataintegrity.ECDSARDFC2019{}, dataintegrity.ECDSAJCS2019{}, dataintegrity.ECDSASD2023{}},
	"P-384":   {dataintegrity.ECDSARDFC2019{}, dataintegrity.ECDSAJCS2019{}},

	"BLS12-381": {bbs2023.Suite{}},
}

// A server is a handler that issues with every suite.
type server struct {
	t *testing.T
	http.Handler
	opt vcalm.Options
}

// newServer makes one as lenient as conformance suites need it. change may make it another.
func newServer(t *testing.T, change func(*vcalm.Options)) *server {
	t.Helper()
	s := &server{t: t, opt: vcalm.Options{
		Keys:                      resolver.Keys{Resolver: didkey.Resolver{}, Now: func() time.Time { return now }},
		Status:                    &vcalm.StatusOptions{BaseURL: baseURL, Entries: vcalm.EntriesForBare},
		InsecureUnresolvedIssuers: true,
		InsecureRewritable:        true,
		Clock:                     func() time.Time { return now },
		Cryptosuites:              []dataintegrity.Cryptosuite{bbs2023.Suite{}},
	}}
	for name, all := range suites {
		k := ring()[name]
		for _, c := range all {
			s.opt.Issuers = append(s.opt.Issuers, vcalm.Issuer{Signer: k, Method: didkey.URL(k.Public()), Cryptosuite: c})
		}
	}
	if change != nil {
		change(&s.opt)
	}
	h, err := vcalm.New(&s.opt)
	if err != nil {
		t.Fatal(err)
	}
	s.Handler = h
	return s
}

// paths are those of the issuers, sorted.
func (s *server) paths() []string {
	var out []string
	for i := range s.opt.Issuers {
		out = append(out, s.opt.Issuers[i].Path())
	}
	slices.Sort(out)
	return out
}

// answer is what the server said.
type answer struct {
	status int
	header http.Header
	raw    []byte
	body   object
}

func (s *server) do(r *http.Request) *answer {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	a := &answer{status: w.Code, header: w.Header(), raw: w.Body.Bytes()}
	if len(a.raw) > 0 && r.Method != http.MethodHead {
		if err := json.Unmarshal(a.raw, &a.body); err != nil {
			s.t.Fatalf("%s: not a JSON object: %v\n%s", r.URL, err, a.raw)
		}
	}
	return a
}

func (s *server) get(path string) *answer {
	s.t.Helper()
	return s.do(httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, http.NoBody))
}

// post sends v as JSON, or as it is if it is a string.
func (s *server) post(path string, v any) *answer {
	s.t.Helper()
	text, ok := v.(string)
	if !ok {
		text = string(marshal(s.t, v))
	}
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, strings.NewReader(text))
	r.Header.Set("Content-Type", "application/json")
	return s.do(r)
}

// issue sends a credential to an issuer in its name, and wants it to be issued.
func (s *server) issue(path string, credential, options object) object {
	s.t.Helper()
	a := s.tryIssue(path, credential, options)
	c, ok := a.body["verifiableCredential"].(object)
	if a.status != http.StatusCreated || !ok {
		s.t.Fatalf("%s: %d %s", path, a.status, a.raw)
	}
	return c
}

// tryIssue is issue for what may fail. A credential without an issuer gets the issuer's.
func (s *server) tryIssue(path string, credential, options object) *answer {
	s.t.Helper()
	c := clone(s.t, credential)
	if _, ok := c["issuer"]; !ok {
		c["issuer"] = didOf(path[strings.Index(path, "/")+1:])
	}
	request := object{"credential": c}
	if options != nil {
		request["options"] = options
	}
	return s.post("/issuers/"+path+"/credentials/issue", request)
}

// verify asks whether a credential verifies.
func (s *server) verify(credential any, options object) *answer {
	s.t.Helper()
	return s.check("/credentials/verify", "verifiableCredential", credential, options)
}

// present asks whether a presentation verifies.
func (s *server) present(presentation any, options object) *answer {
	s.t.Helper()
	return s.check("/presentations/verify", "verifiablePresentation", presentation, options)
}

// check verifies and looks at what every answer has.
func (s *server) check(path, member string, document any, options object) *answer {
	s.t.Helper()
	request := object{member: document}
	if options != nil {
		request["options"] = options
	}
	a := s.post(path, request)
	verified, ok := a.body["verified"].(bool)
	if want := map[int]bool{200: true, 400: false}; !ok || verified != want[a.status] {
		s.t.Fatalf("%s: %d %s", path, a.status, a.raw)
	}
	if errs := a.list("errors"); verified != (len(errs) == 0) || len(a.list("problemDetails")) != len(errs)+len(a.list("warnings")) {
		s.t.Fatalf("%s: %s", path, a.raw)
	}
	if wantType := map[bool]string{true: "application/json", false: "application/problem+json"}[verified]; a.header.Get("Content-Type") != wantType {
		s.t.Fatalf("%s: content type %s", path, a.header.Get("Content-Type"))
	}
	return a
}

func (a *answer) verified() bool { return a.body["verified"] == true }

func (a *answer) list(name string) []any {
	l, _ := a.body[name].([]any)
	return l
}

// titles are those of the errors or warnings.
func (a *answer) titles(name string) string {
	var out []string
	for _, p := range a.list(name) {
		out = append(out, p.(object)["title"].(string))
	}
	return strings.Join(out, " ")
}

func (s *server) derive(credential object, pointers ...string) *answer {
	s.t.Helper()
	return s.post("/credentials/derive", object{"verifiableCredential": credential, "options": object{"selectivePointers": append([]string{}, pointers...)}})
}

// good wants a credential to verify with the options that suites send, or only with those given.
func (s *server) good(credential object, options ...object) {
	s.t.Helper()
	for _, o := range orUsual(options) {
		if a := s.verify(credential, o); !a.verified() {
			s.t.Errorf("options %v: %s", o, a.raw)
		}
	}
}

// bad wants a credential not to.
func (s *server) bad(credential any, options ...object) {
	s.t.Helper()
	for _, o := range orUsual(options) {
		if a := s.verify(credential, o); a.verified() {
			s.t.Errorf("options %v: verified: %s", o, marshal(s.t, credential))
		}
	}
}

func orUsual(options []object) []object {
	if len(options) > 0 {
		return options
	}
	return []object{nil, {}, {"checks": []string{"proof"}}}
}

// signed adds a proof by a key of the ring.
func signed(t *testing.T, key string, document object, opt dataintegrity.ProofOptions) object {
	t.Helper()
	k := ring()[key]
	opt.Method = didkey.URL(k.Public())
	if opt.Purpose == 0 {
		opt.Purpose = did.AssertionMethod
	}
	if opt.Created.IsZero() && !opt.Undated {
		opt.Created = now.Add(-time.Hour)
	}
	b, err := dataintegrity.AddProof(context.Background(), k, marshal(t, document), &opt)
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, b)
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t *testing.T, b []byte) object {
	t.Helper()
	var out object
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func clone(t *testing.T, v object) object {
	t.Helper()
	return parse(t, marshal(t, v))
}

// with returns a copy of v with other members; nil takes one away.
func with(t *testing.T, v, more object) object {
	t.Helper()
	out := clone(t, v)
	for name, value := range maps.All(more) {
		if value == nil {
			delete(out, name)
			continue
		}
		out[name] = value
	}
	return out
}

// changed returns a copy of v that f changed.
func changed(t *testing.T, v object, f func(object)) object {
	t.Helper()
	out := clone(t, v)
	f(out)
	return out
}

func proofOf(v object) object { return v["proof"].(object) }

type statusEntries = vcalm.StatusEntries

const (
	onRequest = vcalm.EntriesOnRequest
	forBare   = vcalm.EntriesForBare
	always    = vcalm.EntriesAlways
)

func newRequest(t *testing.T, method, path string) *http.Request {
	return httptest.NewRequestWithContext(t.Context(), method, path, http.NoBody)
}
