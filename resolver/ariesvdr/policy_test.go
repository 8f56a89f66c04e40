package ariesvdr_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	vdrapi "github.com/hyperledger/aries-framework-go/pkg/framework/aries/api/vdr"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

// What is final and what may be tried again is to be told from every error.
func TestErrorsHaveCodes(t *testing.T) {
	now := time.Now()
	read := func(e did.Evidence, p ariesvdr.Policy) error {
		r := fixed{&did.Resolution{Document: &did.Document{ID: did.MustParse("did:realdid:x")}, Evidence: e}, nil}
		_, err := must(ariesvdr.New(r, nil, nil, &ariesvdr.Options{Policy: p}))(t).Read("did:realdid:x")
		return err
	}
	closed := must(ariesvdr.New(hanging{}, nil, nil, nil))(t)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	_, noControl := ariesvdr.NewKeyring(nil).Begin(t.Context(), &did.Change{Operation: "update", DID: did.MustParse("did:realdid:x")})
	for name, c := range map[string]struct {
		err       error
		temporary bool
	}{
		"no evidence":    {read(did.Evidence{AsOf: now}, ariesvdr.Policy{}), false},
		"genesis only":   {read(did.Evidence{GenesisOnly: true, AsOf: now}, ariesvdr.Policy{}), false},
		"not the latest": {read(did.Evidence{Replayed: true, AsOf: now}, ariesvdr.Policy{Latest: true}), true},
		"old":            {read(did.Evidence{Replayed: true, AsOf: now.Add(-11 * time.Minute)}, ariesvdr.Policy{}), true},
		"of no age":      {read(did.Evidence{Replayed: true}, ariesvdr.Policy{}), true},
		"older than set": {read(did.Evidence{Replayed: true, AsOf: now.Add(-2 * time.Minute)}, ariesvdr.Policy{MaxAge: time.Minute}), true},
		"no control":     {noControl, false},
		"read only":      {closed.Deactivate("did:realdid:x"), false},
		"closed":         {errOf(closed.Read("did:realdid:x")), false},
	} {
		if e, ok := errors.AsType[*did.Error](c.err); !ok || e.Temporary() != c.temporary {
			t.Errorf("%s: got %v, want a *did.Error that is temporary %v", name, c.err, c.temporary)
		}
	}
	for name, err := range map[string]error{
		"young":                  read(did.Evidence{Replayed: true, AsOf: now.Add(-9 * time.Minute)}, ariesvdr.Policy{}),
		"as old as set":          read(did.Evidence{Replayed: true, AsOf: now.Add(-time.Hour)}, ariesvdr.Policy{MaxAge: 2 * time.Hour}),
		"of no age, insecurely":  read(did.Evidence{}, ariesvdr.Policy{InsecureNoEvidence: true}),
		"a clock that runs fast": read(did.Evidence{Replayed: true, AsOf: now.Add(time.Second)}, ariesvdr.Policy{}),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// outage is a source that can be down.
type outage struct {
	did.Resolver
	down bool
}

func (o *outage) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	if o.down {
		return nil, &did.Error{Code: did.InternalError, Detail: "down"}
	}
	return o.Resolver.Resolve(ctx, id, opt)
}

// A cache does not keep a key alive for longer than the policy allows, and its source is asked when it would.
func TestAgeBehindCache(t *testing.T) {
	w := newWorld(t)
	source := &outage{Resolver: w.m}
	v := must(ariesvdr.New(resolver.NewCache(source, &resolver.CacheOptions{Now: w.clock}), nil, nil, w.options()))(t)
	doc := w.simple(t, w.v)
	must(v.Read(doc.ID))(t)
	if err := w.v.Update(&diddoc.Doc{ID: doc.ID}, rotate, vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(`{"compromised":{"k":0}}`))); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(11 * time.Minute)
	source.down = true
	if _, err := v.Read(doc.ID); err == nil || !did.AsError(err).Temporary() {
		t.Errorf("the source is down: got %v, want a temporary error", err)
	}
	source.down = false
	if got := must(v.Read(doc.ID))(t).DIDDocument; len(got.VerificationMethod) != 0 {
		t.Error("the compromised key is shown")
	}
}

// A version of the past has no keys that were declared compromised since, and none if the identifier has ended.
func TestOldVersions(t *testing.T) {
	w := newWorld(t)
	made := must(w.v.Create(&diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{edMethod(t, "#k", 1), edMethod(t, "#l", 2)}}))(t)
	id, first := made.DIDDocument.ID, vdrapi.WithOption(ariesvdr.OptionVersionID, made.DocumentMetadata.VersionID)
	w.now = w.now.Add(time.Hour)
	doc := must(w.v.Read(id))(t).DIDDocument
	doc.VerificationMethod = doc.VerificationMethod[1:]
	doc.Authentication, doc.AssertionMethod = doc.Authentication[1:], doc.AssertionMethod[1:]
	if err := w.v.Update(doc, rotate, vdrapi.WithOption(ariesvdr.OptionRegistrar, json.RawMessage(`{"compromised":{"k":0}}`))); err != nil {
		t.Fatal(err)
	}
	got := must(w.v.Read(id, first))(t).DIDDocument
	if len(got.VerificationMethod) != 1 || len(got.AssertionMethod) != 1 || got.VerificationMethod[0].ID != id+"#l" || !strings.Contains(why(w.left), "compromised") {
		t.Errorf("compromised since: got %s, left out %s", text(t, got), why(w.left))
	}
	if err := w.v.Deactivate(id); err != nil {
		t.Fatal(err)
	}
	ended := must(w.v.Read(id, first))(t)
	if !ended.DocumentMetadata.Deactivated || len(ended.DIDDocument.VerificationMethod)+len(ended.DIDDocument.Authentication) != 0 || !strings.Contains(why(w.left), "deactivated") {
		t.Errorf("ended since: got %s, left out %s", text(t, ended.DIDDocument), why(w.left))
	}
	if err := w.v.Update(doc); err == nil || did.AsError(err).Temporary() {
		t.Errorf("update of what has ended: got %v, want a final error", err)
	}
}

// asked counts the questions that went past a cache.
type asked struct {
	did.Resolver
	past []bool
}

func (a *asked) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	a.past = append(a.past, opt != nil && opt.NoCache)
	return a.Resolver.Resolve(ctx, id, opt)
}

// An update is of the document as its source has it, not of one that a cache has.
func TestUpdateAsksTheSource(t *testing.T) {
	w := newWorld(t)
	doc := w.simple(t, w.v)
	r := &asked{Resolver: w.m}
	if err := must(ariesvdr.New(r, realdid.NewRegistrar(w.m), w.ring, w.options()))(t).Update(doc); err != nil {
		t.Fatal(err)
	}
	if len(r.past) == 0 || slices.Contains(r.past, false) {
		t.Errorf("got %v, want every question past the cache", r.past)
	}
}
