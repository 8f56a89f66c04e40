package ariesvdr_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hyperledger/aries-framework-go/pkg/common/model"
	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/framework/aries"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"
	ariescontext "github.com/hyperledger/aries-framework-go/pkg/framework/context"
	"github.com/hyperledger/aries-framework-go/pkg/kms"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// world is a ledger with a clock, and the VDR of one agent on it.
type world struct {
	now  time.Time
	m    *realdid.Method
	ring *ariesvdr.Keyring
	v    *ariesvdr.VDR
	left []ariesvdr.LeftOut
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), ring: ariesvdr.NewKeyring(nil)}
	lg := memledger.New(realdid.Reducer(), &memledger.Options{Clock: w.clock})
	w.m = must(realdid.New(lg, &realdid.Options{Clock: w.clock}))(t)
	w.v = must(ariesvdr.New(w.m, realdid.NewRegistrar(w.m), w.ring, w.options()))(t)
	return w
}

func (w *world) clock() time.Time { return w.now }

func (w *world) options() *ariesvdr.Options {
	return &ariesvdr.Options{Clock: w.clock, LeftOut: func(_ did.DID, left []ariesvdr.LeftOut) { w.left = left }}
}

// agent starts a real agent with the VDR.
func (w *world) agent(t testing.TB) *ariescontext.Provider {
	t.Helper()
	a := must(aries.New(aries.WithVDR(w.v)))(t)
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	return must(a.Context())(t)
}

// another starts a second agent, that only reads the same ledger.
func (w *world) another(t testing.TB) *ariescontext.Provider {
	t.Helper()
	reader := &world{now: w.now, m: w.m, v: must(ariesvdr.New(w.m, nil, nil, w.options()))(t)}
	return reader.agent(t)
}

// signing and agreement make a verification method of a key in the agent's key manager.
func signing(t testing.TB, ctx *ariescontext.Provider, id string) diddoc.VerificationMethod {
	t.Helper()
	_, raw, err := ctx.KMS().CreateAndExportPubKeyBytes(kms.ED25519Type)
	if err != nil {
		t.Fatal(err)
	}
	return *diddoc.NewVerificationMethodFromBytes(id, "Ed25519VerificationKey2018", "", raw)
}

func agreement(t testing.TB, ctx *ariescontext.Provider, id string) diddoc.VerificationMethod {
	t.Helper()
	_, raw, err := ctx.KMS().CreateAndExportPubKeyBytes(kms.X25519ECDHKWType)
	if err != nil {
		t.Fatal(err)
	}
	return *diddoc.NewVerificationMethodFromBytes(id, "X25519KeyAgreementKey2019", "", x25519(t, raw))
}

func documentOf(sign, agree diddoc.VerificationMethod, services ...diddoc.Service) *diddoc.Doc {
	return &diddoc.Doc{
		VerificationMethod: []diddoc.VerificationMethod{sign},
		Authentication:     []diddoc.Verification{*diddoc.NewReferencedVerification(&sign, diddoc.Authentication)},
		AssertionMethod:    []diddoc.Verification{*diddoc.NewReferencedVerification(&sign, diddoc.AssertionMethod)},
		KeyAgreement:       []diddoc.Verification{*diddoc.NewReferencedVerification(&agree, diddoc.KeyAgreement)},
		Service:            services,
	}
}

func messagesV2(uri string) diddoc.Service {
	return diddoc.Service{Type: vdrapi.DIDCommV2ServiceType, ServiceEndpoint: model.NewDIDCommV2Endpoint([]model.DIDCommV2Endpoint{{URI: uri, Accept: []string{"didcomm/v2"}}})}
}

// The whole life of an identifier, as an agent sees it through its own registry.
func TestLifeInAnAgent(t *testing.T) {
	w := newWorld(t)
	agent := w.agent(t)
	registry := agent.VDRegistry()
	sign, agree := signing(t, agent, "#sign-1"), agreement(t, agent, "#agree-1")
	made := must(registry.Create("realdid", documentOf(sign, agree, messagesV2("http://127.0.0.1:7/"))))(t)
	id := made.DIDDocument.ID
	read := must(registry.Resolve(id))(t)
	if got, want := text(t, read.DIDDocument), text(t, made.DIDDocument); got != want {
		t.Errorf("resolved: got %s, want what was created, %s", got, want)
	}
	if read.DocumentMetadata.VersionID != made.DocumentMetadata.VersionID || !read.DocumentMetadata.Method.Published || read.DocumentMetadata.CanonicalID != id {
		t.Errorf("metadata: got %+v", read.DocumentMetadata)
	}
	doc := read.DIDDocument
	if len(doc.Authentication) != 1 || len(doc.AssertionMethod) != 1 || len(doc.KeyAgreement) != 1 || len(doc.VerificationMethod) != 2 {
		t.Fatalf("document: got %s", text(t, doc))
	}
	if got := doc.Authentication[0].VerificationMethod; string(got.Value) != string(sign.Value) || got.ID != id+"#sign-1" || got.Type != "JsonWebKey2020" || got.Controller != id {
		t.Errorf("authentication: got %+v", got)
	}
	if got := doc.KeyAgreement[0].VerificationMethod; string(got.Value) != string(agree.Value) || got.Type != "X25519KeyAgreementKey2019" {
		t.Errorf("keyAgreement: got %+v", got)
	}
	if s := doc.Service[0]; s.ID != id+"#didcomm" || s.Type != vdrapi.DIDCommV2ServiceType || len(s.RecipientKeys) != 1 || s.RecipientKeys[0] != id+"#agree-1" {
		t.Errorf("service: got %+v", s)
	}

	// An hour later the agreement key changes, and the control keys with it.
	w.now = w.now.Add(time.Hour)
	first, _, _ := w.ring.Held(did.MustParse(id))
	next := agreement(t, agent, id+"#agree-2")
	doc.KeyAgreement = []diddoc.Verification{*diddoc.NewReferencedVerification(&next, diddoc.KeyAgreement)}
	doc.VerificationMethod = doc.VerificationMethod[:1]
	doc.Service[0].RecipientKeys = []string{id + "#agree-2"}
	if err := registry.Update(doc, vdrapi.WithOption(ariesvdr.OptionRotate, true)); err != nil {
		t.Fatal(err)
	}
	if now, _, _ := w.ring.Held(did.MustParse(id)); now.Public().Equal(first.Public()) {
		t.Error("the control key is the one from before the rotation")
	}
	after := must(registry.Resolve(id))(t)
	if got := after.DIDDocument.KeyAgreement; len(got) != 1 || got[0].VerificationMethod.ID != id+"#agree-2" {
		t.Errorf("rotated: got %s", text(t, after.DIDDocument))
	}
	if facts := w.state(t, id); facts.Seq() != 1 {
		t.Errorf("a rotation with a document: got sequence %d, want one operation", facts.Seq())
	}
	w.now = w.now.Add(time.Hour)
	doc = after.DIDDocument
	doc.AlsoKnownAs = []string{"https://me.example/"}
	if err := registry.Update(doc); err != nil { // signed by the new control key
		t.Fatal(err)
	}
	for name, opt := range map[string]vdrapi.DIDMethodOption{
		"versionId":   vdrapi.WithOption(ariesvdr.OptionVersionID, made.DocumentMetadata.VersionID),
		"versionID":   vdrapi.WithOption("versionID", made.DocumentMetadata.VersionID),
		"versionTime": vdrapi.WithOption(ariesvdr.OptionVersionTime, "2026-03-01T12:30:00Z"),
		"time.Time":   vdrapi.WithOption(ariesvdr.OptionVersionTime, time.Date(2026, 3, 1, 12, 30, 0, 0, time.UTC)),
	} {
		old, err := registry.Resolve(id, opt)
		if err != nil || text(t, old.DIDDocument) != text(t, made.DIDDocument) {
			t.Errorf("%s: got %+v, %v, want the first document", name, old, err)
		}
	}

	if err := registry.Deactivate(id); err != nil {
		t.Fatal(err)
	}
	gone := must(registry.Resolve(id))(t)
	if !gone.DocumentMetadata.Deactivated || len(gone.DIDDocument.VerificationMethod) != 0 {
		t.Errorf("deactivated: got %+v %s", gone.DocumentMetadata, text(t, gone.DIDDocument))
	}
	if err := registry.Update(doc); err == nil {
		t.Error("a deactivated identifier was updated")
	}
}

func (w *world) state(t testing.TB, id string) *realdid.State {
	t.Helper()
	return must(w.m.State(context.Background(), did.MustParse(id)))(t)
}

func TestReadErrors(t *testing.T) {
	w := newWorld(t)
	id := w.create(t, realdid.Content{})
	absent := "did:realdid:q" + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	if _, err := w.v.Read(absent); !errors.Is(err, vdrapi.ErrNotFound) {
		t.Errorf("absent: got %v, want vdr.ErrNotFound", err)
	}
	if _, err := w.v.Read(id, vdrapi.WithOption(ariesvdr.OptionVersionID, "nothing")); !errors.Is(err, vdrapi.ErrNotFound) {
		t.Errorf("no such version: got %v, want vdr.ErrNotFound", err)
	}
	for name, c := range map[string]struct {
		id   string
		opts []vdrapi.DIDMethodOption
		code did.ErrorCode
	}{
		"no DID":            {"realdid", nil, did.InvalidDID},
		"empty":             {"", nil, did.InvalidDID},
		"a DID URL":         {id + "#key-1", nil, did.InvalidDID},
		"another method":    {"did:example:1", nil, did.MethodNotSupported},
		"malformed realdid": {"did:realdid:q123", nil, did.InvalidDID},
		"unknown option":    {id, []vdrapi.DIDMethodOption{vdrapi.WithOption("versionid", "1")}, did.InvalidOptions},
		"version no text":   {id, []vdrapi.DIDMethodOption{vdrapi.WithOption(ariesvdr.OptionVersionID, 7)}, did.InvalidOptions},
		"time no text":      {id, []vdrapi.DIDMethodOption{vdrapi.WithOption(ariesvdr.OptionVersionTime, 7)}, did.InvalidOptions},
		"time malformed":    {id, []vdrapi.DIDMethodOption{vdrapi.WithOption(ariesvdr.OptionVersionTime, "noon")}, did.InvalidOptions},
		"both spellings":    {id, []vdrapi.DIDMethodOption{vdrapi.WithOption("versionId", "1"), vdrapi.WithOption("versionID", "1")}, did.InvalidOptions},
		"id and time":       {id, []vdrapi.DIDMethodOption{vdrapi.WithOption("versionId", "1"), vdrapi.WithOption("versionTime", "2026-03-01T12:30:00Z")}, did.InvalidOptions},
		"noCache no bool":   {id, []vdrapi.DIDMethodOption{vdrapi.WithOption(ariesvdr.OptionNoCache, "yes")}, did.InvalidOptions},
	} {
		_, err := w.v.Read(c.id, c.opts...)
		e, ok := errors.AsType[*did.Error](err)
		if !ok || e.Code != c.code || errors.Is(err, vdrapi.ErrNotFound) {
			t.Errorf("%s: got %v, want %s", name, err, c.code)
		}
	}
}

// create registers a document without Aries.
func (w *world) create(t testing.TB, doc realdid.Content) string {
	t.Helper()
	control, next := must(keys.Generate(keys.Ed25519))(t), must(keys.Generate(keys.Ed25519))(t)
	r := must(w.m.Create(context.Background(), &realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()), Document: doc,
	}, control))(t)
	w.ring.Hold(r.DID, control, next)
	return r.DID.String()
}

func TestPolicy(t *testing.T) {
	for name, c := range map[string]struct {
		evidence did.Evidence
		policy   ariesvdr.Policy
		ok       bool
	}{
		"nothing":                       {did.Evidence{}, ariesvdr.Policy{}, false},
		"nothing, taken":                {did.Evidence{}, ariesvdr.Policy{InsecureNoEvidence: true}, true},
		"replayed":                      {did.Evidence{Replayed: true}, ariesvdr.Policy{}, true},
		"replayed, latest wanted":       {did.Evidence{Replayed: true}, ariesvdr.Policy{Latest: true}, false},
		"latest":                        {did.Evidence{Replayed: true, Latest: true}, ariesvdr.Policy{Latest: true}, true},
		"latest by auditors":            {did.Evidence{Latest: true}, ariesvdr.Policy{}, false},
		"latest by auditors, taken":     {did.Evidence{Latest: true}, ariesvdr.Policy{TrustAuditors: true}, true},
		"genesis":                       {did.Evidence{Replayed: true, GenesisOnly: true}, ariesvdr.Policy{}, false},
		"genesis, taken":                {did.Evidence{Replayed: true, GenesisOnly: true}, ariesvdr.Policy{InsecureGenesisOnly: true}, true},
		"genesis, nothing on the log":   {did.Evidence{Replayed: true, GenesisOnly: true, Absent: true}, ariesvdr.Policy{Latest: true}, true},
		"genesis, no evidence is taken": {did.Evidence{GenesisOnly: true}, ariesvdr.Policy{InsecureNoEvidence: true}, false},
	} {
		id := did.MustParse("did:realdid:x")
		c.evidence.AsOf = time.Now()
		r := fixed{&did.Resolution{Document: &did.Document{ID: id}, Evidence: c.evidence}, nil}
		v := must(ariesvdr.New(r, nil, nil, &ariesvdr.Options{Policy: c.policy}))(t)
		if _, err := v.Read(id.String()); (err == nil) != c.ok {
			t.Errorf("%s: got %v, want accepted %v", name, err, c.ok)
		}
	}
}

// A long form is read without a ledger that knows it, under a policy that takes it, and keeps its own id.
func TestLongForm(t *testing.T) {
	w := newWorld(t)
	control, next := must(keys.Generate(keys.Ed25519))(t), must(keys.Generate(keys.Ed25519))(t)
	draft := must(realdid.DraftCreate(&realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{{Fragment: "k", Key: key(t, keys.Ed25519, 1), Purposes: did.Authentication}}},
	}))(t)
	if err := draft.Sign(t.Context(), control); err != nil {
		t.Fatal(err)
	}
	long := must(must(draft.Operation())(t).LongForm())(t).String()
	if _, err := w.v.Read(long); err == nil {
		t.Error("the zero policy took a genesis")
	}
	v := must(ariesvdr.New(w.m, nil, nil, &ariesvdr.Options{Clock: w.clock, Policy: ariesvdr.Policy{InsecureGenesisOnly: true}}))(t)
	got := must(v.Read(long))(t)
	if got.DIDDocument.ID != long || got.DIDDocument.Authentication[0].VerificationMethod.ID != long+"#k" || got.DocumentMetadata.Method.Published || len(got.DocumentMetadata.EquivalentID) != 1 || !strings.HasPrefix(long, got.DocumentMetadata.CanonicalID+":") {
		t.Errorf("got %+v", got.DocumentMetadata)
	}
	if _, err := diddoc.Parse(long); err != nil {
		t.Errorf("Aries does not take it for a DID: %v", err)
	}
	readBack(t, got.DIDDocument)
}

// fixed answers every question in the same way.
type fixed struct {
	res *did.Resolution
	err error
}

func (f fixed) Resolve(ctx context.Context, _ did.DID, _ *did.ResolveOptions) (*did.Resolution, error) {
	return f.res, errors.Join(f.err, ctx.Err())
}

func TestNewCloseAccept(t *testing.T) {
	w := newWorld(t)
	for name, err := range map[string]error{
		"no resolver":  errOf(ariesvdr.New(nil, nil, nil, nil)),
		"no signers":   errOf(ariesvdr.New(w.m, realdid.NewRegistrar(w.m), nil, nil)),
		"no registrar": errOf(ariesvdr.New(w.m, nil, w.ring, nil)),
	} {
		if err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	for method, want := range map[string]bool{"realdid": true, "peer": false, "": false, "realdid2": false, "REALDID": false} {
		if w.v.Accept(method) != want {
			t.Errorf("Accept(%q): got %v", method, !want)
		}
	}
	id := w.create(t, realdid.Content{})
	reader := must(ariesvdr.New(w.m, nil, nil, w.options()))(t)
	doc := must(reader.Read(id))(t).DIDDocument
	if _, err := reader.Create(&diddoc.Doc{}); !errors.Is(err, ariesvdr.ErrReadOnly) {
		t.Errorf("create: got %v, want ErrReadOnly", err)
	}
	if err := reader.Update(doc); !errors.Is(err, ariesvdr.ErrReadOnly) {
		t.Errorf("update: got %v, want ErrReadOnly", err)
	}
	if err := reader.Deactivate(id); !errors.Is(err, ariesvdr.ErrReadOnly) {
		t.Errorf("deactivate: got %v, want ErrReadOnly", err)
	}
	if err := w.v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.v.Read(id); err == nil {
		t.Error("read after Close: got no error")
	}
	if err := w.v.Update(doc); err == nil {
		t.Error("update after Close: got no error")
	}
	if _, err := reader.Read(id); err != nil {
		t.Errorf("another VDR on the same ledger was closed: %v", err)
	}
}

func errOf[T any](_ T, err error) error { return err }
