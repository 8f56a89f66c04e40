package httpdriver_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver/httpdriver"
)

const example = "/1.0/identifiers/did:example:123"

// clock is a time that a test sets.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := new(clock)
	c.ns.Store(epoch.UnixNano())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) pass(d time.Duration) { c.ns.Add(int64(d)) }

func TestAnswersAreKeptForAMoment(t *testing.T) {
	f, c := newFake(t), newClock()
	h := handler(t, f, &httpdriver.Options{Fresh: 5 * time.Second, Now: c.now})
	check := func(step, cacheControl string, asked int) *httptest.ResponseRecorder {
		t.Helper()
		rec := get(h, example, "application/did-resolution")
		if rec.Code != 200 || rec.Header().Get("Cache-Control") != cacheControl || f.count() != asked {
			t.Errorf("%s: got %d, %q and %d questions, want 200, %q and %d", step, rec.Code, rec.Header().Get("Cache-Control"), f.count(), cacheControl, asked)
		}
		return rec
	}
	first := check("first", "max-age=5, must-revalidate", 1)
	c.pass(1500 * time.Millisecond)
	check("kept", "max-age=3, must-revalidate", 1)
	c.pass(3400 * time.Millisecond)
	check("kept to the end", "max-age=0, must-revalidate", 1)
	c.pass(100 * time.Millisecond)
	again := check("asked again", "max-age=5, must-revalidate", 2)
	if first.Header().Get("Etag") != again.Header().Get("Etag") {
		t.Error("the entity tag of the same bytes: got another one")
	}
	other := *f.res
	other.Evidence.AsOf = other.Evidence.AsOf.Add(time.Hour)
	f.set(func() { f.res = &other })
	h.Forget(f.id)
	if changed := check("after Forget", "max-age=5, must-revalidate", 3); changed.Header().Get("Etag") == first.Header().Get("Etag") {
		t.Error("the entity tag of other bytes: got the same one")
	}
	next := other
	next.Metadata.NextUpdate = c.now().Add(2 * time.Second)
	f.set(func() { f.res = &next })
	h.Forget(f.id)
	check("with a next update", "max-age=2, must-revalidate", 4)
	c.pass(2 * time.Second)
	check("at the next update", "max-age=0, must-revalidate", 5)
}

func TestNotModified(t *testing.T) {
	f := newFake(t)
	h := handler(t, f, nil)
	tags := map[string]string{}
	for _, accept := range []string{"application/did-resolution", "application/json", "application/did", "application/did+json", ldType} {
		rec := get(h, example, accept)
		tag := rec.Header().Get("Etag")
		if other, ok := tags[tag]; ok || tag == "" {
			t.Errorf("%s: got the entity tag %q of %q", accept, tag, other)
		}
		tags[tag] = accept
		rec = get(h, example, accept, "If-None-Match", `"other", W/`+tag)
		if rec.Code != 304 || rec.Body.Len() != 0 || rec.Header().Get("Etag") != tag || rec.Header().Get("Cache-Control") == "" || rec.Header().Get("Vary") != "Accept" {
			t.Errorf("%s: got %d %v", accept, rec.Code, rec.Header())
		}
		if rec = get(h, example, accept, "If-None-Match", `"other"`); rec.Code != 200 {
			t.Errorf("%s: another tag: got %d, want 200", accept, rec.Code)
		}
	}
	// A document that did not change keeps its tag from epoch to epoch; the whole answer, with its new time, does not.
	var document, result string
	for tag, accept := range tags {
		switch accept {
		case "application/did":
			document = tag
		case "application/did-resolution":
			result = tag
		}
	}
	later := *f.res
	later.Evidence.AsOf = later.Evidence.AsOf.Add(time.Minute)
	f.set(func() { f.res = &later })
	h.Forget(f.id)
	if rec := get(h, example, "application/did", "If-None-Match", document); rec.Code != 304 {
		t.Errorf("document in the next epoch: got %d, want 304", rec.Code)
	}
	if rec := get(h, example, "application/did-resolution", "If-None-Match", result); rec.Code != 200 {
		t.Errorf("result in the next epoch: got %d, want 200", rec.Code)
	}
	gone := later
	gone.Metadata.Deactivated = true
	f.set(func() { f.res = &gone })
	h.Forget(f.id)
	if rec := get(h, example, "application/did", "If-None-Match", "*"); rec.Code != 410 || rec.Body.Len() == 0 {
		t.Errorf("deactivated: got %d, want 410 with a body whatever the condition", rec.Code)
	}
}

func TestHead(t *testing.T) {
	h := handler(t, newFake(t), nil)
	r := httptest.NewRequest(http.MethodHead, example, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") == "0" {
		t.Errorf("got %d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
}

func TestNoCache(t *testing.T) {
	f, c := newFake(t), newClock()
	h := handler(t, f, &httpdriver.Options{Fresh: time.Hour, Now: c.now})
	get(h, example, "")
	changed := *f.res
	changed.Metadata.VersionID = "3"
	f.set(func() { f.res = &changed })
	if rec := get(h, example, ""); strings.Contains(rec.Body.String(), `"versionId":"3"`) {
		t.Error("got a new answer from memory")
	}
	c.pass(time.Second)
	rec := get(h, example+"?noCache=true", "")
	if !strings.Contains(rec.Body.String(), `"versionId":"3"`) || rec.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("noCache: got %v %s", rec.Header(), rec.Body)
	}
	if n := len(f.asked); !f.asked[n-1].NoCache {
		t.Error("noCache was not passed on")
	}
	asked := f.count()
	if rec := get(h, example, ""); !strings.Contains(rec.Body.String(), `"versionId":"3"`) || f.count() != asked {
		t.Error("what noCache brought was not kept")
	}
	refusing := handler(t, f, &httpdriver.Options{RefuseNoCache: true})
	if rec := get(refusing, example+"?noCache=true", ""); rec.Code != 501 || !strings.Contains(rec.Body.String(), "#FEATURE_NOT_SUPPORTED") {
		t.Errorf("refused: got %d %s", rec.Code, rec.Body)
	}
}

func TestVersionsAndErrorsAreNotKept(t *testing.T) {
	f := newFake(t)
	h := handler(t, f, &httpdriver.Options{Fresh: time.Hour})
	for range 2 {
		get(h, example+"?versionId=2", "")
	}
	if f.count() != 2 {
		t.Errorf("a version: got %d questions, want 2", f.count())
	}
	for range 2 {
		if rec := get(h, "/1.0/identifiers/did:example:nobody", ""); rec.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("an error: got %q", rec.Header().Get("Cache-Control"))
		}
	}
	if f.count() != 4 {
		t.Errorf("an error: got %d questions, want 2 more", f.count())
	}
	off := handler(t, f, &httpdriver.Options{Fresh: -1})
	for range 2 {
		if rec := get(off, example, ""); rec.Header().Get("Cache-Control") != "max-age=0, must-revalidate" {
			t.Errorf("never fresh: got %q", rec.Header().Get("Cache-Control"))
		}
	}
	if f.count() != 6 {
		t.Errorf("never fresh: got %d questions, want 2 more", f.count()-4)
	}
}

func TestProofs(t *testing.T) {
	f := newFake(t)
	f.proof = []byte{1, 2, 3}
	h := handler(t, f, nil) // the resolver is a did.Prover itself
	if rec := get(h, example, ""); !strings.Contains(rec.Body.String(), `"proof":[{"method":"example","proofValue":"uAQID","type":"MethodProof"}]`) {
		t.Errorf("got %s", rec.Body)
	}
	if rec := get(h, example, "application/did"); rec.Code != 200 || f.proofs != 1 {
		t.Errorf("a document alone: got %d and %d proofs, want one in all", rec.Code, f.proofs)
	}
	f.set(func() { f.proofErr = &did.Error{Code: did.InternalError, Detail: "no epoch yet"} })
	h.Forget(f.id)
	asked := f.count()
	for range 2 {
		if rec := get(h, example, ""); rec.Code != 200 || strings.Contains(rec.Body.String(), "proof") {
			t.Errorf("without a proof: got %d %s", rec.Code, rec.Body)
		}
	}
	if f.count() != asked+2 {
		t.Error("an answer without the proof that it should have was kept")
	}
	f.set(func() { f.proofErr = &did.Error{Code: did.FeatureNotSupported} })
	for range 2 {
		get(h, example, "")
	}
	if f.count() != asked+3 {
		t.Error("an answer that can have no proof was not kept")
	}
	other := handler(t, f, &httpdriver.Options{Provers: map[string]did.Prover{"example": nil}})
	if rec := get(other, example, ""); rec.Code != 200 {
		t.Errorf("a method said to have no prover: got %d", rec.Code)
	}
}

func TestOneQuestionForMany(t *testing.T) {
	f := newFake(t)
	release := make(chan struct{})
	f.wait = func(ctx context.Context) {
		select {
		case <-release:
		case <-ctx.Done():
		}
	}
	h := handler(t, f, &httpdriver.Options{Fresh: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	codes := make(chan int, 32)
	ask := func(ctx context.Context) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, example, nil).WithContext(ctx))
			codes <- w.Code
		}()
	}
	ask(ctx)
	eventually(t, "the first question", func() bool { return f.count() == 1 })
	for range 20 {
		ask(t.Context())
	}
	// The one who asked goes away: another asks, and all get the answer.
	cancel()
	eventually(t, "the second question", func() bool { return f.count() == 2 })
	close(release)
	wg.Wait()
	close(codes)
	got := map[int]int{}
	for code := range codes {
		got[code]++
	}
	if got[200] != 20 || got[500] != 1 || f.count() != 2 {
		t.Errorf("got %v and %d questions, want 20 answers, one that gave up, and 2 questions", got, f.count())
	}
}

func TestForgetWhileAsking(t *testing.T) {
	f := newFake(t)
	started, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f.wait = func(context.Context) { once.Do(func() { close(started); <-release }) }
	h := handler(t, f, &httpdriver.Options{Fresh: time.Hour})
	done := make(chan struct{})
	go func() {
		defer close(done)
		get(h, example, "")
	}()
	<-started
	h.Forget(f.id)
	close(release)
	<-done
	get(h, example, "")
	if f.count() != 2 {
		t.Errorf("got %d questions, want 2: the answer to the first was older than Forget", f.count())
	}
}

// TestKeptBytes asks for many identifiers with large documents and looks at what stays in memory.
func TestKeptBytes(t *testing.T) {
	big := func(id did.DID) *did.Resolution {
		return &did.Resolution{Document: &did.Document{ID: id, AlsoKnownAs: []string{"https://x.example/" + strings.Repeat("a", 10_000)}}}
	}
	h := handler(t, resolverFunc(func(id did.DID) (*did.Resolution, error) { return big(id), nil }), &httpdriver.Options{Fresh: time.Hour, CacheBytes: 2 << 20})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 3000 { // 30 MB of answers
		if rec := get(h, fmt.Sprintf("/1.0/identifiers/did:example:%d", i), ""); rec.Code != 200 {
			t.Fatalf("got %d", rec.Code)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 6<<20 {
		t.Errorf("got %d bytes more on the heap, want at most 6 MiB for a cache of 2 MiB", grown)
	}
	runtime.KeepAlive(h)
}

type resolverFunc func(did.DID) (*did.Resolution, error)

func (f resolverFunc) Resolve(_ context.Context, id did.DID, _ *did.ResolveOptions) (*did.Resolution, error) {
	return f(id)
}

func TestResolverThatMisbehaves(t *testing.T) {
	other := newFake(t).res
	for name, r := range map[string]resolverFunc{
		"nothing":     func(did.DID) (*did.Resolution, error) { return nil, nil },
		"no document": func(did.DID) (*did.Resolution, error) { return &did.Resolution{}, nil },
		"another DID": func(did.DID) (*did.Resolution, error) { return other, nil },
		"a strange fact": func(id did.DID) (*did.Resolution, error) {
			return &did.Resolution{Document: &did.Document{ID: id}, Metadata: did.DocumentMetadata{Extra: map[string]any{"f": func() {}}}}, nil
		},
		"a foreign error": func(did.DID) (*did.Resolution, error) { return nil, errors.New("secret path of the source") },
	} {
		rec := get(handler(t, r, nil), "/1.0/identifiers/did:example:1", "")
		if rec.Code != 500 || strings.Contains(rec.Body.String(), "secret") {
			t.Errorf("%s: got %d %s, want 500 and nothing of the insides", name, rec.Code, rec.Body)
		}
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: did not happen within 30 seconds", what)
		}
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
}
