// Package didtest is the conformance kit of did.Resolver, for implementations of DID methods.
package didtest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
)

// Run checks what every resolver owes its callers. known must resolve; unknown is well-formed, of the same method, and does
// not resolve.
func Run(t *testing.T, r did.Resolver, known, unknown did.DID) {
	ctx := context.Background()
	t.Run("known", func(t *testing.T) {
		first := resolve(t, r, known, nil)
		b := string(first.Document.Canonical())
		if _, err := did.ParseDocument([]byte(b)); err != nil {
			t.Errorf("the document is not one: %v: %s", err, b)
		}
		for name, opt := range map[string]*did.ResolveOptions{"again": {}, "without cache": {NoCache: true}} {
			if got := string(resolve(t, r, known, opt).Document.Canonical()); got != b {
				t.Errorf("%s: got %s, want %s", name, got, b)
			}
		}
		if first.Evidence.AsOf.IsZero() {
			t.Error("Evidence.AsOf: got the zero time, want when the source was asked")
		}
		for i := range first.Document.VerificationMethod {
			m := &first.Document.VerificationMethod[i]
			if got, ok := first.Document.Method(m.ID); !ok || got != m {
				t.Errorf("method %d: its id %q does not find it", i, m.ID)
			}
		}
	})
	t.Run("unknown", func(t *testing.T) {
		for name, id := range map[string]did.DID{
			"unknown": unknown, "another method": did.MustParse("did:example0:1"), "zero": {},
		} {
			res, err := r.Resolve(ctx, id, nil)
			e, ok := errors.AsType[*did.Error](err)
			switch {
			case err == nil || res != nil:
				t.Errorf("%s: got an answer (%v), want none and an error", name, err)
			case !ok:
				t.Errorf("%s: got error %v, want a *did.Error", name, err)
			case e.Temporary():
				t.Errorf("%s: got error %v, want a final one", name, err)
			}
		}
	})
	t.Run("contradicting options", func(t *testing.T) {
		_, err := r.Resolve(ctx, known, &did.ResolveOptions{VersionID: "1", VersionTime: time.Unix(1e9, 0)})
		if e, ok := errors.AsType[*did.Error](err); !ok || e.Code != did.InvalidOptions {
			t.Errorf("got error %v, want code %s", err, did.InvalidOptions)
		}
	})
}

func resolve(t *testing.T, r did.Resolver, id did.DID, opt *did.ResolveOptions) *did.Resolution {
	t.Helper()
	res, err := r.Resolve(context.Background(), id, opt)
	switch {
	case err != nil:
		t.Fatalf("got error %v, want none", err)
	case res == nil || res.Document == nil:
		t.Fatal("got neither an error nor a document")
	case res.Document.ID != id:
		t.Fatalf("got the document of %s, want %s", res.Document.ID, id)
	}
	return res
}
