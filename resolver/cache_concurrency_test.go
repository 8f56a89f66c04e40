package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver"
)

func TestCacheCoalesces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, cache := newFake(resolver.CacheOptions{})
		f.gate = make(chan struct{})
		var wg sync.WaitGroup
		answers := make([]*did.Resolution, 50)
		for i := range answers {
			wg.Go(func() { answers[i], _ = cache.Resolve(ctx, alice, nil) })
		}
		synctest.Wait()
		if got := f.count(); got != 1 {
			t.Errorf("50 callers at once: got %d questions, want 1", got)
		}
		close(f.gate)
		wg.Wait()
		for i, a := range answers {
			if a == nil || a != answers[0] {
				t.Errorf("caller %d: got %p, want the answer of all, %p", i, a, answers[0])
			}
		}
	})
}

func TestCacheLeaderGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, cache := newFake(resolver.CacheOptions{})
		f.gate = make(chan struct{})
		leader, cancel := context.WithCancel(ctx)
		var leaderErr, followerErr error
		var wg sync.WaitGroup
		wg.Go(func() { _, leaderErr = cache.Resolve(leader, alice, nil) })
		synctest.Wait()
		wg.Go(func() { _, followerErr = cache.Resolve(ctx, alice, nil) })
		synctest.Wait()
		cancel()
		synctest.Wait()
		wantCode(t, "the leader that gave up", leaderErr, did.InternalError)
		if !errors.Is(leaderErr, context.Canceled) {
			t.Errorf("the leader: got error %v, want context.Canceled in it", leaderErr)
		}
		close(f.gate)
		wg.Wait()
		if followerErr != nil || f.count() != 1 {
			t.Errorf("the follower: got error %v after %d questions, want none after 1", followerErr, f.count())
		}
	})
}

func TestCacheAllGiveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, cache := newFake(resolver.CacheOptions{})
		if _, err := cache.Resolve(ctx, alice, nil); err != nil {
			t.Fatal(err)
		}
		f.advance(2 * time.Minute) // what is known is stale now
		f.gate = make(chan struct{})
		both, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				_, err := cache.Resolve(both, alice, nil)
				wantCode(t, "a caller that gave up", err, did.InternalError)
			})
		}
		synctest.Wait()
		cancel()
		wg.Wait() // and synctest fails the test if the look-up goes on for ever
		synctest.Wait()
		f.set(func(f *fakeSource) { f.gate = nil })
		if _, err := cache.Resolve(ctx, alice, nil); err != nil || f.count() != 3 {
			t.Errorf("the next caller: got error %v after %d questions, want none after 3: a cancelled look-up is no answer", err, f.count())
		}
	})
}

// What was asked before a Purge may be what the purge was about.
func TestCachePurgeDuringLookup(t *testing.T) {
	for name, opt := range map[string]*did.ResolveOptions{"look-up": nil, "refresh": {NoCache: true}} {
		synctest.Test(t, func(t *testing.T) {
			f, cache := newFake(resolver.CacheOptions{})
			f.gate = make(chan struct{})
			var wg sync.WaitGroup
			wg.Go(func() {
				if _, err := cache.Resolve(ctx, alice, opt); err != nil {
					t.Errorf("%s: got error %v, want none", name, err)
				}
			})
			synctest.Wait()
			cache.Purge(alice)
			wg.Go(func() { _, _ = cache.Resolve(ctx, alice, nil) })
			synctest.Wait()
			if got := f.count(); got != 2 {
				t.Errorf("%s: a caller after the purge: got %d questions, want 2: it may not wait for the older one", name, got)
			}
			cache.Purge(alice)
			close(f.gate)
			wg.Wait()
			if _, err := cache.Resolve(ctx, alice, nil); err != nil || f.count() != 3 {
				t.Errorf("%s: after the second purge: got error %v and %d questions, want none and 3", name, err, f.count())
			}
		})
	}
}

// An older question whose answer comes late does not replace the answer to a later one.
func TestCacheLateAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, cache := newFake(resolver.CacheOptions{})
		gate := make(chan struct{})
		f.gate = gate
		var wg sync.WaitGroup
		wg.Go(func() { _, _ = cache.Resolve(ctx, alice, nil) })
		synctest.Wait()
		f.set(func(f *fakeSource) { f.gate, f.now = nil, f.now.Add(time.Second) })
		fresh, err := cache.Resolve(ctx, alice, &did.ResolveOptions{NoCache: true})
		if err != nil {
			t.Fatal(err)
		}
		close(gate)
		wg.Wait()
		synctest.Wait()
		if res, err := cache.Resolve(ctx, alice, nil); err != nil || res != fresh {
			t.Errorf("got %v and error %v, want the later answer", res, err)
		}
	})
}

func TestCacheConcurrentUse(t *testing.T) {
	f, cache := newFake(resolver.CacheOptions{Entries: 8})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				id := did.MustParse(fmt.Sprintf("did:example:%d", (i*7+g)%20))
				opt := &did.ResolveOptions{NoCache: i%50 == 0}
				if res, err := cache.Resolve(ctx, id, opt); err != nil || res.Document.ID != id {
					t.Errorf("got error %v or the document of another DID", err)
				}
				if i%100 == 0 {
					cache.Purge(id)
					f.advance(time.Second)
				}
			}
		})
	}
	wg.Wait()
}
