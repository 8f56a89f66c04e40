package resolver_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/didtest"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
)

var alice = did.MustParse("did:example:alice")

// fakeSource counts questions, answers with err or a document stamped with the time, and, if gate is set, only once it is
// closed or the caller's context is done.
type fakeSource struct {
	mu    sync.Mutex
	now   time.Time
	asked int
	err   error
	meta  did.DocumentMetadata
	gate  chan struct{}
	opts  []*did.ResolveOptions
}

func (f *fakeSource) Resolve(ctx context.Context, id did.DID, opt *did.ResolveOptions) (*did.Resolution, error) {
	f.mu.Lock()
	f.asked++
	f.opts = append(f.opts, opt)
	gate := f.gate
	res, err := document(id), f.err
	res.Evidence.AsOf, res.Metadata = f.now, f.meta
	f.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if err != nil {
		return nil, err
	}
	return res, nil
}

func (f *fakeSource) set(change func(*fakeSource)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

func (f *fakeSource) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func (f *fakeSource) clock() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func newFake(opt resolver.CacheOptions) (*fakeSource, *resolver.Cache) {
	f := &fakeSource{now: start}
	opt.Now = f.clock
	return f, resolver.NewCache(f, &opt)
}

func (f *fakeSource) advance(d time.Duration) { f.set(func(f *fakeSource) { f.now = f.now.Add(d) }) }

func TestCacheKit(t *testing.T) {
	didtest.Run(t, resolver.NewCache(didkey.Resolver{}, nil), didkey.Of(sampleKey(t, 1)), did.MustParse("did:key:z6Mk"))
}

func TestCacheLifetimes(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		life time.Duration
	}{
		{"document", nil, time.Minute},
		{"missing", &did.Error{Code: did.NotFound}, 10 * time.Second},
		{"final error", &did.Error{Code: did.InvalidDIDDocument}, 30 * time.Second},
		{"temporary error", &did.Error{Code: did.InternalError}, time.Second},
		{"error without a code", errors.New("disk"), time.Second},
	} {
		f, cache := newFake(resolver.CacheOptions{Found: time.Minute, Missing: 10 * time.Second, Final: 30 * time.Second, Failed: time.Second})
		f.err = c.err
		ask := func(when string, want int) {
			t.Helper()
			res, err := cache.Resolve(ctx, alice, nil)
			if (err == nil) != (c.err == nil) || (res == nil) != (c.err != nil) || c.err != nil && !errors.Is(err, c.err) {
				t.Errorf("%s, %s: got %v and error %v, want error %v", c.name, when, res, err, c.err)
			}
			if got := f.count(); got != want {
				t.Errorf("%s, %s: got %d questions to the source, want %d", c.name, when, got, want)
			}
		}
		ask("first", 1)
		ask("again", 1)
		f.advance(c.life - 1)
		ask("just before the end", 1)
		f.advance(1)
		ask("at the end", 2)
		ask("again", 2)
		f.advance(-time.Hour)
		ask("with the clock set back", 3)
	}
}

func TestCacheNever(t *testing.T) {
	f, cache := newFake(resolver.CacheOptions{Found: -1, Missing: -1, Stale: -1})
	for i := range 3 {
		if _, err := cache.Resolve(ctx, alice, nil); err != nil || f.count() != i+1 {
			t.Errorf("got error %v and %d questions, want none and %d", err, f.count(), i+1)
		}
	}
}

func TestCacheStopsAtNextUpdate(t *testing.T) {
	f, cache := newFake(resolver.CacheOptions{Found: time.Hour, Stale: time.Hour})
	f.meta.NextUpdate = start.Add(time.Minute)
	_, err := cache.Resolve(ctx, alice, nil)
	f.advance(time.Minute)
	f.set(func(f *fakeSource) { f.err = &did.Error{Code: did.InternalError} })
	if err != nil || f.count() != 1 {
		t.Fatalf("got error %v", err)
	}
	_, err = cache.Resolve(ctx, alice, nil)
	wantCode(t, "after the announced change, while the source fails", err, did.InternalError)
}

func TestCacheStale(t *testing.T) {
	f, cache := newFake(resolver.CacheOptions{Found: time.Minute, Failed: time.Second, Stale: 10 * time.Minute})
	first, err := cache.Resolve(ctx, alice, nil)
	if err != nil {
		t.Fatal(err)
	}
	f.set(func(f *fakeSource) { f.err = errors.New("disk") })
	f.advance(2 * time.Minute)
	for i := range 3 {
		res, err := cache.Resolve(ctx, alice, nil)
		if err != nil || res != first || !res.Evidence.AsOf.Equal(start) {
			t.Fatalf("while the source fails: got %v and error %v, want the first answer with its own AsOf", res, err)
		}
		if got := f.count(); got != 2 {
			t.Errorf("question %d within the pause: got %d at the source, want 2", i, got)
		}
	}
	_, err = cache.Resolve(ctx, alice, &did.ResolveOptions{NoCache: true})
	wantCode(t, "NoCache while the source fails", err, did.InternalError)
	f.advance(time.Second)
	if res, err := cache.Resolve(ctx, alice, nil); err != nil || res != first || f.count() != 4 {
		t.Errorf("after the pause: got %v, error %v, %d questions, want the first answer and 4", res, err, f.count())
	}
	f.advance(10*time.Minute - 2*time.Minute - 2*time.Second)
	if _, err := cache.Resolve(ctx, alice, nil); err != nil {
		t.Errorf("just before the ceiling: got error %v, want none", err)
	}
	f.advance(time.Second)
	_, err = cache.Resolve(ctx, alice, nil)
	wantCode(t, "at the ceiling", err, did.InternalError)
	f.advance(time.Second)
	f.set(func(f *fakeSource) { f.err = nil })
	if res, err := cache.Resolve(ctx, alice, nil); err != nil || res == first {
		t.Errorf("when the source answers again: got %v and error %v, want a new answer", res, err)
	}
}

// A final answer is an answer: the document that it replaces does not come back when the source fails later.
func TestCacheFinalAnswerReplacesDocument(t *testing.T) {
	f, cache := newFake(resolver.CacheOptions{Found: time.Minute, Missing: -1, Stale: time.Hour})
	if _, err := cache.Resolve(ctx, alice, nil); err != nil {
		t.Fatal(err)
	}
	f.set(func(f *fakeSource) { f.err = &did.Error{Code: did.NotFound} })
	f.advance(time.Minute)
	_, err := cache.Resolve(ctx, alice, nil)
	wantCode(t, "gone", err, did.NotFound)
	f.set(func(f *fakeSource) { f.err = &did.Error{Code: did.InternalError} })
	_, err = cache.Resolve(ctx, alice, nil)
	wantCode(t, "gone, and the source fails", err, did.InternalError)
}

func TestCacheOptionsOfTheQuestion(t *testing.T) {
	f, cache := newFake(resolver.CacheOptions{})
	if _, err := cache.Resolve(ctx, alice, nil); err != nil {
		t.Fatal(err)
	}
	for i, opt := range []*did.ResolveOptions{{VersionID: "1"}, {VersionTime: start}, {VersionID: "1"}} {
		if _, err := cache.Resolve(ctx, alice, opt); err != nil || f.count() != i+2 || f.opts[i+1] != opt {
			t.Errorf("%+v: got error %v, %d questions, want it passed to the source", opt, err, f.count())
		}
	}
	f.advance(time.Second)
	fresh, err := cache.Resolve(ctx, alice, &did.ResolveOptions{NoCache: true})
	if err != nil || f.count() != 5 || !f.opts[4].NoCache {
		t.Fatalf("NoCache: got error %v, %d questions, want it passed to the source", err, f.count())
	}
	if res, err := cache.Resolve(ctx, alice, &did.ResolveOptions{}); err != nil || res != fresh || f.count() != 5 {
		t.Errorf("after NoCache: got %v, error %v, %d questions, want what it brought", res, err, f.count())
	}
	_, err = cache.Resolve(ctx, alice, &did.ResolveOptions{VersionID: "1", VersionTime: start})
	wantCode(t, "contradicting options", err, did.InvalidOptions)
}

func TestCachePurge(t *testing.T) {
	f, cache := newFake(resolver.CacheOptions{})
	bob := did.MustParse("did:example:bob")
	ask := func(id did.DID, want int) {
		t.Helper()
		if _, err := cache.Resolve(ctx, id, nil); err != nil || f.count() != want {
			t.Errorf("got error %v, %d questions, want %d", err, f.count(), want)
		}
	}
	ask(alice, 1)
	ask(bob, 2)
	cache.Purge(alice)
	ask(bob, 2)
	ask(alice, 3)
	cache.PurgeAll()
	ask(alice, 4)
	ask(bob, 5)
}

func TestCacheBounds(t *testing.T) {
	f, cache := newFake(resolver.CacheOptions{Entries: 3})
	id := func(i int) did.DID { return did.MustParse(fmt.Sprintf("did:example:%d", i)) }
	for i := range 100 {
		if _, err := cache.Resolve(ctx, id(i), nil); err != nil {
			t.Fatal(err)
		}
		if _, err := cache.Resolve(ctx, id(0), nil); err != nil { // used between all others, so it stays
			t.Fatal(err)
		}
	}
	if got := f.count(); got != 100 {
		t.Errorf("an entry in use among 100 others: got %d questions, want 100", got)
	}
	for i := 99; i >= 90; i-- {
		if _, err := cache.Resolve(ctx, id(i), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.count(); got < 107 {
		t.Errorf("10 of 100 DIDs with room for 3: got %d questions, want at least 107", got)
	}

	f, cache = newFake(resolver.CacheOptions{Bytes: 4096})
	for range 2 {
		for i := range 20 { // about 800 bytes each
			if _, err := cache.Resolve(ctx, id(i), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := f.count()
	if before < 30 {
		t.Errorf("20 documents twice with room for 5: got %d questions, want 30 to 40", before)
	}
	for range 3 {
		for i := range 3 {
			if _, err := cache.Resolve(ctx, id(i), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got := f.count() - before; got > 3 {
		t.Errorf("3 documents three times with room for 5: got %d questions, want at most 3", got)
	}

	f, cache = newFake(resolver.CacheOptions{Bytes: 100})
	for range 2 {
		if _, err := cache.Resolve(ctx, alice, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.count(); got != 2 {
		t.Errorf("a document over the whole bound: got %d questions, want 2", got)
	}
}

func TestCacheRefusesForeignDocuments(t *testing.T) {
	cache := resolver.NewCache(source(func(context.Context, did.DID, *did.ResolveOptions) (*did.Resolution, error) {
		return document(did.MustParse("did:example:mallory")), nil
	}), nil)
	_, err := cache.Resolve(ctx, alice, nil)
	wantCode(t, "document of another DID", err, did.InvalidDIDDocument)
}

func TestCachedHitAllocatesNothing(t *testing.T) {
	for name, opt := range map[string]*resolver.CacheOptions{"one shard": {Entries: 10}, "many shards": nil} {
		cache := resolver.NewCache(didkey.Resolver{}, opt)
		id := didkey.Of(sampleKey(t, 1))
		if _, err := cache.Resolve(ctx, id, nil); err != nil {
			t.Fatal(err)
		}
		if got := testing.AllocsPerRun(100, func() { _, _ = cache.Resolve(ctx, id, nil) }); got != 0 {
			t.Errorf("%s: got %v allocations for a remembered answer, want 0", name, got)
		}
	}
}

func ExampleCache() {
	cache := resolver.NewCache(didkey.Resolver{}, &resolver.CacheOptions{Found: 5 * time.Minute})
	id := did.MustParse("did:key:z6MksKXdZmwcvxjzkpND1d5h24X4CKqn8vuAKb5bNFSM11XV")
	first, err := cache.Resolve(context.Background(), id, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	second, err := cache.Resolve(context.Background(), id, nil)
	fmt.Println(first == second, err)
	// Output: true <nil>
}

func BenchmarkCachedResolve(b *testing.B) {
	cache := resolver.NewCache(didkey.Resolver{}, nil)
	id := didkey.Of(sampleKey(b, 1))
	if _, err := cache.Resolve(ctx, id, nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := cache.Resolve(ctx, id, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCachedResolveParallel(b *testing.B) {
	cache := resolver.NewCache(didkey.Resolver{}, &resolver.CacheOptions{Found: time.Hour})
	id := didkey.Of(sampleKey(b, 1))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := cache.Resolve(ctx, id, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}
