package httpdriver_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/httpdriver"
)

// fakeRegistrar asks for the signature of one key over a text, and checks it. It keeps nothing between the two calls.
type fakeRegistrar struct {
	key     keys.PublicKey
	change  did.Change // the last one that was prepared
	err     error
	submits int
}

func (f *fakeRegistrar) Prepare(_ context.Context, c *did.Change) (*did.Preparation, error) {
	f.change = *c
	if f.err != nil {
		return nil, f.err
	}
	id := c.DID
	if id.IsZero() {
		id = did.MustParse("did:example:new")
	}
	k := f.key
	if k.IsZero() {
		k, _ = keys.ParseMultikey("z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu")
	}
	state := fmt.Sprintf("%s %s", c.Operation, id)
	return &did.Preparation{DID: id, State: []byte(state), Requests: []did.SigningRequest{{ID: "control", Key: k, Payload: []byte("sign " + state)}}}, nil
}

func (f *fakeRegistrar) Submit(_ context.Context, state []byte, signatures map[string][]byte) (*did.Registered, error) {
	f.submits++
	operation, name, ok := strings.Cut(string(state), " ")
	if !ok {
		return nil, &did.Error{Code: did.InvalidOptions, Detail: "the state is not one of this registrar"}
	}
	if err := f.key.VerifyLowS([]byte("sign "+string(state)), signatures["control"]); err != nil {
		return nil, &did.Error{Code: did.InvalidOptions, Detail: "a signature does not verify"}
	}
	id := did.MustParse(name)
	return &did.Registered{DID: id, Operation: operation, VersionID: "3", Document: &did.Document{ID: id}}, nil
}

// registrarState is the answer to a registration request.
type registrarState struct {
	JobID    *string `json:"jobId"`
	DIDState struct {
		State, Action, DID, Reason string
		SigningRequest             map[string]struct {
			Kid, Alg, Purpose, SerializedPayload string
			Payload                              map[string]any
		}
		DIDDocument map[string]any
		Secret      json.RawMessage
	}
	DIDRegistrationMetadata struct {
		Error *struct{ Type, Detail string }
	}
	DIDDocumentMetadata map[string]any
	OperationResult     []map[string]any
}

func readState(t *testing.T, rec *httptest.ResponseRecorder) registrarState {
	t.Helper()
	var s registrarState
	if err := json.Unmarshal(rec.Body.Bytes(), &s); err != nil {
		t.Fatalf("%v: %d %s", err, rec.Code, rec.Body)
	}
	if rec.Header().Get("Content-Type") != "application/json" || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("got headers %v", rec.Header())
	}
	return s
}

func TestRegistration(t *testing.T) {
	phone, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	f := newFake(t)
	f.id = did.MustParse("did:example:123")
	reg := &fakeRegistrar{key: phone.Public()}
	h := handler(t, f, &httpdriver.Options{Fresh: time.Hour, Registrars: map[string]did.Registrar{"example": reg}})
	for _, c := range []struct {
		name, path, body string
		change           did.Change
		status           int
		did              string
	}{
		{
			"create", "/1.0/create?method=example", `{"options":{"clientSecretMode":true,"network":"main"},"secret":{},"didDocument":{"service":[]}}`,
			did.Change{Operation: "create", Document: []byte(`{"service":[]}`), Options: []byte(`{"network":"main"}`)},
			201, "did:example:new",
		},
		{
			"update", "/1.0/update", `{"did":"did:example:123","didDocumentOperation":["setDidDocument"],"didDocument":[{"id":"did:example:123"}]}`,
			did.Change{Operation: "update", DID: f.id, Document: []byte(`{"id":"did:example:123"}`)},
			200, "did:example:123",
		},
		{"deactivate", "/1.0/deactivate", `{"jobId":null,"did":"did:example:123","options":{}}`, did.Change{Operation: "deactivate", DID: f.id}, 200, "did:example:123"},
		{
			"rotate", "/1.0/execute", `{"did":"did:example:123","operation":["rotate"],"operationData":[{"reveal":["z6Mk"]}]}`,
			did.Change{Operation: "rotate", DID: f.id, Options: []byte(`{"reveal":["z6Mk"]}`)},
			200, "did:example:123",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			get(h, example, "")
			asked := f.count()
			rec := post(h, c.path, "", c.body)
			s := readState(t, rec)
			if rec.Code != 200 || s.DIDState.State != "action" || s.DIDState.Action != "signPayload" || s.DIDState.DID != c.did || s.JobID == nil {
				t.Fatalf("got %d %s", rec.Code, rec.Body)
			}
			if g, w := reg.change, c.change; g.Operation != w.Operation || g.DID != w.DID || !bytes.Equal(g.Document, w.Document) || !bytes.Equal(g.Options, w.Options) {
				t.Errorf("change: got %+v %s %s, want %+v %s %s", g, g.Document, g.Options, w, w.Document, w.Options)
			}
			r, ok := s.DIDState.SigningRequest["control"]
			if !ok || r.Alg != "ES256" || r.Kid != phone.Public().DIDKeyURL() || r.Purpose != c.change.Operation || r.Payload["operation"] != c.change.Operation {
				t.Errorf("signing request: got %+v", r)
			}
			payload, err := base64.StdEncoding.DecodeString(r.SerializedPayload)
			if err != nil {
				t.Fatal(err)
			}
			sig, err := phone.Sign(t.Context(), payload)
			if err != nil {
				t.Fatal(err)
			}
			path, _, _ := strings.Cut(c.path, "?")
			answer := fmt.Sprintf(`{"jobId":%q,"secret":{"signingResponse":{"control":{"signature":%q,"alg":"ES256"}}}}`, *s.JobID, base64.StdEncoding.EncodeToString(sig))
			for range 2 { // submitting twice succeeds twice
				rec = post(h, path, "", answer)
				done := readState(t, rec)
				if rec.Code != c.status || done.DIDState.State != "finished" || done.DIDState.DID != c.did || done.JobID != nil || done.DIDState.DIDDocument["id"] != c.did {
					t.Fatalf("got %d %s", rec.Code, rec.Body)
				}
				if c.name == "rotate" && (len(done.OperationResult) != 1 || done.OperationResult[0]["operation"] != "rotate" || done.OperationResult[0]["versionId"] != "3") {
					t.Errorf("got %s, want an operationResult", rec.Body)
				}
			}
			if get(h, example, ""); c.did == "did:example:123" && f.count() == asked {
				t.Error("after the change an answer from before it was given")
			}
			// Another key's signature, and none, fail for good.
			thief, _ := keys.Generate(keys.P256)
			bad, _ := thief.Sign(t.Context(), payload)
			rec = post(h, path, "", fmt.Sprintf(`{"jobId":%q,"secret":{"signingResponse":{"control":{"signature":%q}}}}`, *s.JobID, base64.RawURLEncoding.EncodeToString(bad)))
			if s := readState(t, rec); rec.Code != 400 || s.DIDState.State != "failed" || s.DIDState.Reason != "invalidOptions" {
				t.Errorf("another key's signature: got %d %s", rec.Code, rec.Body)
			}
		})
	}
}

// TestRegistrationRefuses sends requests that are wrong in one way each.
func TestRegistrationRefuses(t *testing.T) {
	reg := &fakeRegistrar{}
	h := handler(t, newFake(t), &httpdriver.Options{Registrars: map[string]did.Registrar{"example": reg}})
	job := *readState(t, post(h, "/1.0/update", "", `{"did":"did:example:123"}`)).JobID
	reg.change = did.Change{}
	const secret = "c2VjcmV0LXRoYXQtaXMtbm90LXNhaWQtYWdhaW4"
	for name, c := range map[string]struct{ path, body, kind string }{
		"not JSON":                       {"update", `{`, "INVALID_OPTIONS"},
		"a list":                         {"update", `[]`, "INVALID_OPTIONS"},
		"a member twice":                 {"update", `{"did":"did:example:123","did":"did:example:123"}`, "INVALID_OPTIONS"},
		"an unknown field":               {"update", `{"did":"did:example:123","colour":"red"}`, "INVALID_OPTIONS"},
		"no DID":                         {"update", `{}`, "INVALID_OPTIONS"},
		"not a DID":                      {"update", `{"did":"example"}`, "INVALID_DID"},
		"no method":                      {"create", `{}`, "INVALID_OPTIONS"},
		"another method":                 {"create?method=other", `{}`, "METHOD_NOT_SUPPORTED"},
		"two methods":                    {"create?method=example&method=example", `{}`, "INVALID_OPTIONS"},
		"a query that is no method":      {"create?colour=red", `{}`, "INVALID_OPTIONS"},
		"two methods in two places":      {"create?method=example", `{"method":"other"}`, "INVALID_OPTIONS"},
		"a method that is not the DID's": {"update", `{"did":"did:example:123","method":"other"}`, "INVALID_OPTIONS"},
		"a private JWK":                  {"create?method=example", `{"didDocument":{"verificationMethod":[{"privateKeyJwk":{"d":"` + secret + `"}}]}}`, "INVALID_OPTIONS"},
		"a JWK with d":                   {"create?method=example", `{"options":{"key":{"kty":"OKP","crv":"Ed25519","x":"AA","d":"` + secret + `"}}}`, "INVALID_OPTIONS"},
		"a secret multikey":              {"create?method=example", `{"secret":{"verificationMethod":[{"secretKeyMultibase":"` + secret + `"}]}}`, "INVALID_OPTIONS"},
		"a seed":                         {"create?method=example", `{"secret":{"seed":"` + secret + `"}}`, "INVALID_OPTIONS"},
		"another secret":                 {"create?method=example", `{"secret":{"password":"` + secret + `"}}`, "INVALID_OPTIONS"},
		"verification methods":           {"create?method=example", `{"secret":{"verificationMethod":[{"id":"#a"}]}}`, "INVALID_OPTIONS"},
		"secret is a string":             {"create?method=example", `{"secret":"` + secret + `"}`, "INVALID_OPTIONS"},
		"keys made by the server":        {"create?method=example", `{"options":{"clientSecretMode":false}}`, "FEATURE_NOT_SUPPORTED"},
		"keys kept by the server":        {"create?method=example", `{"options":{"storeSecrets":true}}`, "FEATURE_NOT_SUPPORTED"},
		"keys told by the server":        {"create?method=example", `{"options":{"returnSecrets":true}}`, "FEATURE_NOT_SUPPORTED"},
		"options is a list":              {"create?method=example", `{"options":[]}`, "INVALID_OPTIONS"},
		"document is a list":             {"create?method=example", `{"didDocument":[{}]}`, "INVALID_OPTIONS"},
		"two documents":                  {"update", `{"did":"did:example:123","didDocument":[{},{}]}`, "INVALID_OPTIONS"},
		"a document for a deactivate":    {"deactivate", `{"did":"did:example:123","didDocument":{}}`, "INVALID_OPTIONS"},
		"an increment":                   {"update", `{"did":"did:example:123","didDocumentOperation":["addToDidDocument"],"didDocument":[{}]}`, "FEATURE_NOT_SUPPORTED"},
		"two increments":                 {"update", `{"did":"did:example:123","didDocumentOperation":["setDidDocument","setDidDocument"]}`, "INVALID_OPTIONS"},
		"an operation for an update":     {"update", `{"did":"did:example:123","operation":["rotate"]}`, "INVALID_OPTIONS"},
		"no operation":                   {"execute", `{"did":"did:example:123"}`, "INVALID_OPTIONS"},
		"two operations":                 {"execute", `{"did":"did:example:123","operation":["rotate","recover"]}`, "INVALID_OPTIONS"},
		"an operation with a path":       {"execute", `{"did":"did:example:123","operation":["update"]}`, "INVALID_OPTIONS"},
		"operationData is an object":     {"execute", `{"did":"did:example:123","operation":["rotate"],"operationData":{}}`, "INVALID_OPTIONS"},
		"options in two places":          {"execute", `{"did":"did:example:123","operation":["rotate"],"operationData":[{}],"options":{"a":1}}`, "INVALID_OPTIONS"},
		"signatures without a job":       {"update", `{"did":"did:example:123","secret":{"signingResponse":{}}}`, "INVALID_OPTIONS"},
		"a job without signatures":       {"update", `{"jobId":"` + job + `"}`, "INVALID_OPTIONS"},
		"a job of another path":          {"deactivate", `{"jobId":"` + job + `","secret":{"signingResponse":{}}}`, "INVALID_OPTIONS"},
		"a job of another DID":           {"update", `{"jobId":"` + job + `","did":"did:example:124","secret":{"signingResponse":{}}}`, "INVALID_OPTIONS"},
		"a job that is none":             {"update", `{"jobId":"AAAA","secret":{"signingResponse":{}}}`, "INVALID_OPTIONS"},
		"a signature that is no base64":  {"update", `{"jobId":"` + job + `","secret":{"signingResponse":{"control":{"signature":"*"}}}}`, "INVALID_OPTIONS"},
		"a signature that is missing":    {"update", `{"jobId":"` + job + `","secret":{"signingResponse":{"control":{}}}}`, "INVALID_OPTIONS"},
		"too long a signature":           {"update", `{"jobId":"` + job + `","secret":{"signingResponse":{"control":{"signature":"` + strings.Repeat("A", 12_000) + `"}}}}`, "INVALID_OPTIONS"},
	} {
		rec := post(h, "/1.0/"+c.path, "", c.body)
		s := readState(t, rec)
		if rec.Code != 400 || s.DIDState.State != "failed" || s.JobID != nil || s.DIDRegistrationMetadata.Error == nil ||
			s.DIDRegistrationMetadata.Error.Type != "https://www.w3.org/ns/did#"+c.kind || s.DIDState.Reason == "" {
			t.Errorf("%s: got %d %s, want 400 failed %s", name, rec.Code, rec.Body, c.kind)
		}
		if strings.Contains(rec.Body.String(), secret) {
			t.Errorf("%s: the answer repeats the secret", name)
		}
	}
	if reg.change.Operation != "" || reg.submits != 0 {
		t.Errorf("a request that was refused reached the registrar: %+v, %d submits", reg.change, reg.submits)
	}
	reg.err = &did.Error{Code: did.InternalError, Detail: "the ledger is away"}
	rec := post(h, "/1.0/update", "", `{"did":"did:example:123"}`)
	if s := readState(t, rec); rec.Code != 500 || s.DIDState.State != "failed" || s.DIDState.Reason != "internalError" || s.DIDState.DID != "did:example:123" {
		t.Errorf("a ledger that is away: got %d %s", rec.Code, rec.Body)
	}
	if rec := post(h, "/1.0/update", "", `{"did":"`+strings.Repeat("a", 300<<10)+`"}`); rec.Code != 413 {
		t.Errorf("too large: got %d, want 413", rec.Code)
	}
	if rec := get(h, "/1.0/create", ""); rec.Code != 405 || rec.Header().Get("Allow") != "POST, OPTIONS" {
		t.Errorf("GET: got %d", rec.Code)
	}
}
