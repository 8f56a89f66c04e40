package resolver_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didtest"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didjwk"
	"github.com/realdid/realdid/resolver/didkey"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

// source is a resolver that the test answers for.
type source func(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error)

func (s source) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	return s(ctx, id, opt)
}

func document(id did.DID) *did.Resolution {
	return &did.Resolution{Document: &did.Document{ID: id}}
}

func wantCode(t *testing.T, what string, err error, code did.ErrorCode) {
	t.Helper()
	if e, ok := errors.AsType[*did.Error](err); !ok || e.Code != code {
		t.Errorf("%s: got error %v, want code %s", what, err, code)
	}
}

func sampleKey(tb testing.TB, seed byte) keys.PublicKey {
	tb.Helper()
	k, err := keys.NewPrivateKey(keys.Ed25519, bytes.Repeat([]byte{seed}, 32))
	if err != nil {
		tb.Fatal(err)
	}
	return k.Public()
}

func TestMuxKit(t *testing.T) {
	mux := resolver.Mux{"key": didkey.Resolver{}, "jwk": didjwk.Resolver{}}
	didtest.Run(t, mux, didkey.Of(sampleKey(t, 1)), did.MustParse("did:key:z6Mk"))
	didtest.Run(t, mux, didjwk.Of(sampleKey(t, 1)), did.MustParse("did:jwk:e30"))
}

func TestMuxChoosesByWholeMethod(t *testing.T) {
	var asked string
	named := func(name string) did.Resolver {
		return source(func(_ context.Context, id did.DID, _ *did.ResolveOptions) (*did.Resolution, error) {
			asked = name
			return document(id), nil
		})
	}
	mux := resolver.Mux{"key": named("key"), "keys": named("keys"), "none": nil}
	if _, err := mux.Resolve(ctx, did.MustParse("did:keys:1"), nil); err != nil || asked != "keys" {
		t.Errorf("did:keys: got resolver %q (%v), want keys", asked, err)
	}
	for _, id := range []string{"did:ke:1", "did:none:1"} {
		_, err := mux.Resolve(ctx, did.MustParse(id), nil)
		wantCode(t, id, err, did.MethodNotSupported)
	}
	_, err := resolver.Mux(nil).Resolve(ctx, did.MustParse("did:key:1"), nil)
	wantCode(t, "empty Mux", err, did.MethodNotSupported)
}

func TestMuxRefusesForeignDocuments(t *testing.T) {
	answer := document(did.MustParse("did:a:2"))
	mux := resolver.Mux{"a": source(func(context.Context, did.DID, *did.ResolveOptions) (*did.Resolution, error) { return answer, nil })}
	_, err := mux.Resolve(ctx, did.MustParse("did:a:1"), nil)
	wantCode(t, "document of another DID", err, did.InvalidDIDDocument)
	answer = nil
	_, err = mux.Resolve(ctx, did.MustParse("did:a:1"), nil)
	wantCode(t, "no document", err, did.InvalidDIDDocument)
	mux["a"] = source(func(context.Context, did.DID, *did.ResolveOptions) (*did.Resolution, error) {
		return nil, errors.New("disk")
	})
	_, err = mux.Resolve(ctx, did.MustParse("did:a:1"), nil)
	wantCode(t, "an error without a code", err, did.InternalError)
}

func ExampleMux() {
	mux := resolver.Mux{"key": didkey.Resolver{}, "jwk": didjwk.Resolver{}}
	res, err := mux.Resolve(context.Background(), did.MustParse("did:key:z6MksKXdZmwcvxjzkpND1d5h24X4CKqn8vuAKb5bNFSM11XV"), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(res.Document.VerificationMethod), "verification method")
	_, err = mux.Resolve(context.Background(), did.MustParse("did:web:example.com"), nil)
	fmt.Println(err)
	// Output:
	// 1 verification method
	// did: METHOD_NOT_SUPPORTED: web
}

func ExampleKeys() {
	find := resolver.Keys{Resolver: didkey.Resolver{}}
	u, err := did.ParseURL("did:key:z6MksKXdZmwcvxjzkpND1d5h24X4CKqn8vuAKb5bNFSM11XV#z6MksKXdZmwcvxjzkpND1d5h24X4CKqn8vuAKb5bNFSM11XV")
	if err != nil {
		fmt.Println(err)
		return
	}
	key, err := find.Key(context.Background(), u, did.AssertionMethod, time.Time{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key.Key().Algorithm(), key.Status)
	_, err = find.Key(context.Background(), u, did.KeyAgreement, time.Time{})
	fmt.Println(errors.Is(err, did.ErrKeyPurpose))
	// Output:
	// Ed25519 active
	// true
}
