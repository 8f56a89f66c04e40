package resolver_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
)

const day = 24 * time.Hour

// history is an identity in which keys came and went: key-1 stood from day 0 to 10, key-2 from day 10 to 20 and was
// compromised, key-3 stands since day 20, key-4 is for authentication, key-5 stood
// twice, and key-6 stood twice before it was compromised.
func history(t *testing.T) (*did.Resolution, did.DID) {
	id := did.MustParse("did:example:1")
	method := func(fragment string, p did.Purpose, added time.Duration) did.VerificationMethod {
		return did.VerificationMethod{
			ID: id.WithFragment(fragment), Controller: id, Type: did.TypeMultikey, Key: sampleKey(t, fragment[len(fragment)-1]),
			Purposes: p, Added: start.Add(added),
		}
	}
	foreign := method("foreign", did.AssertionMethod, 0)
	foreign.Controller = did.MustParse("did:example:2")
	unsupported := method("unsupported", did.AssertionMethod, 0)
	unsupported.Type, unsupported.Key = "FutureKey2099", keys.PublicKey{}
	expired := method("expired", did.AssertionMethod, 0)
	expired.Expires = start.Add(5 * day)
	untimed := method("untimed", did.AssertionMethod, 0)
	untimed.Added = time.Time{}
	stolen := method("key-2", did.AssertionMethod, 10*day)
	stolen.Expires = start.Add(12 * day)
	elsewhere := method("elsewhere", did.AssertionMethod, 0)
	elsewhere.ID = did.MustParse("did:example:2").WithFragment("elsewhere")
	return &did.Resolution{
		Document: &did.Document{ID: id, VerificationMethod: []did.VerificationMethod{
			method("key-3", did.AssertionMethod, 20*day), method("key-4", did.Authentication, 0), method("key-5", did.AssertionMethod, 20*day),
			foreign, unsupported, expired, untimed, elsewhere,
		}},
		Metadata: did.DocumentMetadata{VersionID: "7"},
		Removed: []did.RemovedMethod{
			{VerificationMethod: method("key-1", did.AssertionMethod, 0), Removed: start.Add(10 * day)},
			{
				VerificationMethod: stolen, Removed: start.Add(20 * day), Compromised: true, CompromisedSince: 4,
			},
			{VerificationMethod: method("key-6", did.AssertionMethod, 0), Removed: start.Add(10 * day)},
			{
				VerificationMethod: method("key-6", did.AssertionMethod, 15*day), Removed: start.Add(20 * day),
				Compromised: true, CompromisedSince: 4,
			},
			{VerificationMethod: method("key-5", did.AssertionMethod, 0), Removed: start.Add(10 * day)},
		},
		Evidence: did.Evidence{Replayed: true, AsOf: start.Add(30 * day)},
	}, id
}

func TestKeyLookup(t *testing.T) {
	res, id := history(t)
	find := resolver.Keys{
		Resolver: source(func(context.Context, did.DID, *did.ResolveOptions) (*did.Resolution, error) { return res, nil }),
		Now:      func() time.Time { return start.Add(30 * day) },
	}
	now := time.Duration(-1)
	for _, c := range []struct {
		name, fragment string
		purpose        did.Purpose
		at             time.Duration // since start; now: the zero time
		status         did.KeyStatus
		err            error
	}{
		{"standing, now", "key-3", did.AssertionMethod, now, did.KeyActive, nil},
		{"standing, when added", "key-3", did.AssertionMethod, 20 * day, did.KeyActive, nil},
		{"standing, before it was added", "key-3", did.AssertionMethod, 20*day - 1, 0, did.ErrKeyTime},
		{"wrong purpose", "key-3", did.Authentication, now, 0, did.ErrKeyPurpose},
		{"one purpose of two", "key-3", did.AssertionMethod | did.Authentication, now, 0, did.ErrKeyPurpose},
		{"no purpose", "key-3", 0, now, 0, did.ErrKeyPurpose},
		{"retired, in its time", "key-1", did.AssertionMethod, 0, did.KeyRetired, nil},
		{"retired, at its last instant", "key-1", did.AssertionMethod, 10*day - 1, did.KeyRetired, nil},
		{"retired, when removed", "key-1", did.AssertionMethod, 10 * day, 0, did.ErrKeyTime},
		{"retired, before it was added", "key-1", did.AssertionMethod, -day, 0, did.ErrKeyTime},
		{"retired, now", "key-1", did.AssertionMethod, now, 0, did.ErrKeyTime},
		{"retired, wrong purpose", "key-1", did.Authentication, 0, 0, did.ErrKeyPurpose},
		{"compromised, in its time", "key-2", did.AssertionMethod, 15 * day, did.KeyCompromised, nil},
		{"compromised, long before", "key-2", did.AssertionMethod, 1 * day, did.KeyCompromised, nil},
		{"compromised, after", "key-2", did.AssertionMethod, 25 * day, did.KeyCompromised, nil},
		{"compromised, now", "key-2", did.AssertionMethod, now, 0, did.ErrKeyTime},
		{"compromised, wrong purpose", "key-2", did.Authentication, 15 * day, 0, did.ErrKeyPurpose},
		{"stood twice, first time", "key-5", did.AssertionMethod, 5 * day, did.KeyRetired, nil},
		{"stood twice, between", "key-5", did.AssertionMethod, 15 * day, 0, did.ErrKeyTime},
		{"stood twice, second time", "key-5", did.AssertionMethod, 25 * day, did.KeyActive, nil},
		{"stood twice, then compromised, first time", "key-6", did.AssertionMethod, 5 * day, did.KeyCompromised, nil},
		{"stood twice, then compromised, now", "key-6", did.AssertionMethod, now, 0, did.ErrKeyTime},
		{"method without dates", "untimed", did.AssertionMethod, -1000 * day, did.KeyActive, nil},
		{"expired, now", "expired", did.AssertionMethod, now, 0, did.ErrKeyTime},
		{"expired, before", "expired", did.AssertionMethod, 5*day - 1, did.KeyActive, nil},
		{"unknown", "key-", did.AssertionMethod, now, 0, did.ErrKeyNotFound},
		{"another case", "Key-3", did.AssertionMethod, now, 0, did.ErrKeyNotFound},
		{"controller is another DID", "foreign", did.AssertionMethod, now, 0, did.ErrKeyController},
		{"unsupported type", "unsupported", did.AssertionMethod, now, 0, did.ErrKeyUnsupported},
		{"method under another DID's name", "elsewhere", did.AssertionMethod, now, 0, did.ErrKeyNotFound},
	} {
		at := start.Add(c.at)
		if c.at == now {
			at = time.Time{}
		}
		k, err := find.Key(ctx, id.WithFragment(c.fragment), c.purpose, at)
		if c.err != nil {
			e, ok := errors.AsType[*did.Error](err)
			if !errors.Is(err, c.err) || !ok || e.Temporary() || k != nil {
				t.Errorf("%s: got %v and error %v, want a final error with %v", c.name, k, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: got error %v, want none", c.name, err)
			continue
		}
		if k.Status != c.status || k.Method.ID != id.WithFragment(c.fragment) || k.Key().IsZero() || k.VersionID != "7" ||
			!k.Evidence.Replayed || k.Added != k.Method.Added || k.Removed.IsZero() != (c.status == did.KeyActive) ||
			(k.CompromisedSince == 4) != (c.status == did.KeyCompromised) {
			t.Errorf("%s: got %+v, want status %v", c.name, k, c.status)
		}
	}
}

func TestKeyReferenceForm(t *testing.T) {
	find := resolver.Keys{Resolver: source(func(_ context.Context, id did.DID, _ *did.ResolveOptions) (*did.Resolution, error) {
		t.Errorf("the resolver was asked for %s", id)
		return document(id), nil
	})}
	for _, s := range []string{
		"did:example:1", "did:example:1#", "did:example:1?versionId=1#k", "did:example:1?#k", "did:example:1/p#k", "did:example:1/#k",
	} {
		u, err := did.ParseURL(s)
		if err != nil {
			t.Fatal(err)
		}
		_, err = find.Key(ctx, u, did.AssertionMethod, time.Time{})
		wantCode(t, s, err, did.InvalidDIDURL)
	}
	_, err := find.Key(ctx, did.URL{}, did.AssertionMethod, time.Time{})
	wantCode(t, "zero URL", err, did.InvalidDIDURL)
	_, err = resolver.Keys{}.Key(ctx, did.MustParse("did:example:1").WithFragment("k"), did.AssertionMethod, time.Time{})
	wantCode(t, "zero Keys", err, did.InternalError)
}

func TestKeyOfDeactivatedDID(t *testing.T) {
	res, id := history(t)
	res.Metadata.Deactivated = true
	find := resolver.Keys{
		Resolver: source(func(context.Context, did.DID, *did.ResolveOptions) (*did.Resolution, error) { return res, nil }),
		Now:      func() time.Time { return start.Add(30 * day) },
	}
	for _, at := range []time.Time{{}, start.Add(25 * day)} {
		if k, err := find.Key(ctx, id.WithFragment("key-3"), did.AssertionMethod, at); !errors.Is(err, did.ErrKeyTime) {
			t.Errorf("standing in the document at %v: got %v and error %v, want %v", at, k, err, did.ErrKeyTime)
		}
	}
	k, err := find.Key(ctx, id.WithFragment("key-1"), did.AssertionMethod, start.Add(day))
	if err != nil || k.Status != did.KeyRetired || !k.Deactivated {
		t.Errorf("removed before: got %+v and error %v, want it retired and the DID deactivated", k, err)
	}
}

func TestKeyOfForeignDocument(t *testing.T) {
	res, _ := history(t)
	find := resolver.Keys{Resolver: source(func(context.Context, did.DID, *did.ResolveOptions) (*did.Resolution, error) { return res, nil })}
	_, err := find.Key(ctx, did.MustParse("did:example:2").WithFragment("elsewhere"), did.AssertionMethod, time.Time{})
	wantCode(t, "the resolver answers with another DID's document", err, did.InvalidDIDDocument)
}

// A key that was added since the answer was remembered is found, and a key that does not exist does not let a stranger
// send every look-up to the source.
func TestKeyAddedSinceTheAnswer(t *testing.T) {
	res, id := history(t)
	old := &did.Resolution{Document: &did.Document{ID: id}, Evidence: did.Evidence{AsOf: start}}
	now, refreshed := start.Add(time.Second), 0
	var failure error
	current := old
	find := resolver.Keys{
		Now: func() time.Time { return now },
		Resolver: source(func(_ context.Context, _ did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
			if opt != nil && opt.NoCache {
				refreshed++
				if failure == nil {
					current = res
				}
				return res, failure
			}
			return current, nil
		}),
	}
	look := func(fragment string) error {
		_, err := find.Key(ctx, id.WithFragment(fragment), did.AssertionMethod, time.Time{})
		return err
	}
	if err := look("key-3"); !errors.Is(err, did.ErrKeyNotFound) || refreshed != 0 {
		t.Errorf("a young answer: got error %v after %d refreshes, want %v after none", err, refreshed, did.ErrKeyNotFound)
	}
	now = start.Add(time.Minute)
	failure = &did.Error{Code: did.InternalError}
	wantCode(t, "the source fails", look("key-3"), did.InternalError)
	failure = &did.Error{Code: did.FeatureNotSupported}
	if err := look("key-3"); !errors.Is(err, did.ErrKeyNotFound) {
		t.Errorf("a source that refuses NoCache: got error %v, want %v", err, did.ErrKeyNotFound)
	}
	failure = nil
	if err := look("key-3"); err != nil || refreshed != 3 {
		t.Errorf("an old answer: got error %v after %d refreshes, want none after 3", err, refreshed)
	}
	now = res.Evidence.AsOf.Add(time.Second)
	if err := look("absent"); !errors.Is(err, did.ErrKeyNotFound) || refreshed != 3 {
		t.Errorf("an absent key: got error %v after %d refreshes, want %v after 3", err, refreshed, did.ErrKeyNotFound)
	}
}

// A proof is about a time before the source was asked. Behind a Cache, alone or in a Mux, look-ups of absent keys reach the source
// seldom all the same, be it that it fails, and a proof of times to come does not keep it from being asked.
func TestAbsentKeysBehindACache(t *testing.T) {
	id := did.MustParse("did:example:1")
	for _, proven := range []time.Duration{-time.Hour, time.Hour} {
		for _, inMux := range []bool{false, true} {
			now, asked := start, 0
			var failure error
			cache := resolver.NewCache(source(func(context.Context, did.DID, *did.ResolveOptions) (*did.Resolution, error) {
				asked++
				if failure != nil {
					return nil, failure
				}
				return &did.Resolution{Document: &did.Document{ID: id}, Evidence: did.Evidence{AsOf: now.Add(proven)}}, nil
			}), &resolver.CacheOptions{Now: func() time.Time { return now }})
			find := resolver.Keys{Resolver: cache, Now: func() time.Time { return now }}
			if inMux {
				find.Resolver = resolver.Mux{"example": cache}
			}
			look := func(want int, code did.ErrorCode) {
				t.Helper()
				for range 3 {
					_, err := find.Key(ctx, id.WithFragment("absent"), did.AssertionMethod, time.Time{})
					wantCode(t, "an absent key", err, code)
				}
				if asked != want {
					t.Errorf("proof of %v, in a Mux %v: the source was asked %d times, want %d", proven, inMux, asked, want)
				}
			}
			look(1, did.NotFound)
			now = now.Add(6 * time.Second)
			look(2, did.NotFound)
			now = now.Add(7 * time.Second)
			failure = errors.New("the source does not answer")
			look(3, did.InternalError)
			now = now.Add(-time.Second) // set back
			look(4, did.InternalError)
			now = now.Add(50 * time.Second)
			look(5, did.InternalError)
			now = now.Add(5 * time.Second) // the answer is no longer fresh: the source is asked as for any look-up
			look(6, did.InternalError)
			failure = nil
			now = now.Add(time.Second)
			look(7, did.NotFound)
		}
	}
}

// A source that refuses NoCache has said nothing of the DID: what a Cache remembers of it goes on answering.
func TestCacheOutlivesRefusedNoCache(t *testing.T) {
	res, id := history(t)
	now := start.Add(30 * day)
	cache := resolver.NewCache(source(func(_ context.Context, _ did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
		if opt != nil && opt.NoCache {
			return nil, &did.Error{Code: did.FeatureNotSupported}
		}
		return res, nil
	}), &resolver.CacheOptions{Now: func() time.Time { return now }})
	find := resolver.Keys{Resolver: cache, Now: func() time.Time { return now }}
	for range 3 {
		if _, err := find.Key(ctx, id.WithFragment("key-3"), did.AssertionMethod, time.Time{}); err != nil {
			t.Fatal(err)
		}
		now = now.Add(6 * time.Second)
		for range 2 {
			_, err := find.Key(ctx, id.WithFragment("absent"), did.AssertionMethod, time.Time{})
			wantCode(t, "an absent key", err, did.NotFound)
		}
	}
}

func BenchmarkKeyLookup(b *testing.B) {
	k := sampleKey(b, 1)
	find := resolver.Keys{Resolver: resolver.NewCache(resolver.Mux{"key": didkey.Resolver{}}, nil)}
	u := didkey.URL(k)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := find.Key(ctx, u, did.AssertionMethod, start); err != nil {
			b.Fatal(err)
		}
	}
}
