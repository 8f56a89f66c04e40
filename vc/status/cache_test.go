package status_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/status"
)

// TestRefresh walks the clock over ttl, exp and failures.
func TestRefresh(t *testing.T) {
	s := newScene(t)
	s.serveToken(nil) // ttl 10 minutes, exp in a day
	check := func(name string, fetches int64, code string, obtained time.Time) {
		t.Helper()
		e, err := s.askToken(0)
		if n := s.fetches.Load(); n != fetches {
			t.Errorf("%s: got %d fetches, want %d", name, n, fetches)
		}
		if code != "" {
			want(t, name, err, code)
		} else if err != nil || !e.Obtained.Equal(obtained) {
			t.Errorf("%s: got a list of %v, %v, want one of %v", name, e.Obtained, err, obtained)
		}
	}
	start := s.now
	check("first", 1, "", start)
	s.now = start.Add(10*time.Minute - time.Second)
	check("before ttl", 1, "", start)
	s.now = start.Add(10 * time.Minute)
	check("at ttl", 2, "", s.now)
	second := s.now

	delete(s.docs, listURI) // the server is gone
	s.now = second.Add(10 * time.Minute)
	check("ttl passed, no newer one", 3, "", second)
	s.now = s.now.Add(9 * time.Second)
	check("before the next try", 3, "", second)
	s.now = s.now.Add(time.Second)
	check("the next try", 4, "", second)
	s.now = start.Add(24*time.Hour - time.Second)
	check("just before exp", 5, "", second)
	s.now = start.Add(24 * time.Hour)
	check("at exp", 5, "status.list.expired", second)
	s.now = s.now.Add(time.Minute)
	check("after exp", 6, "status.list.expired", second)
	if _, err := s.askToken(0); err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v, want also why there is no newer one", err)
	}
	s.serveToken(nil)
	s.now = s.now.Add(time.Minute)
	check("back again", 7, "", s.now)
}

// TestTTLBounds: a ttl of a moment does not lead to a call for every credential, one of a century not to an old list.
func TestTTLBounds(t *testing.T) {
	for _, c := range []struct {
		ttl, before, at time.Duration
	}{
		{time.Second, status.DefaultMinRefresh - time.Second, status.DefaultMinRefresh},
		{0, status.DefaultRefresh - time.Second, status.DefaultRefresh},
		{100 * 365 * 24 * time.Hour, 24*time.Hour - time.Second, 24 * time.Hour},
	} {
		s := newScene(t)
		s.serveToken(func(l *status.TokenList) { l.TTL, l.Expires = c.ttl, now.AddDate(10, 0, 0) })
		for _, step := range []struct {
			after time.Duration
			want  int64
		}{{0, 1}, {c.before, 1}, {c.at, 2}} {
			s.now = now.Add(step.after)
			if _, err := s.askToken(0); err != nil {
				t.Fatal(err)
			}
			if n := s.fetches.Load(); n != step.want {
				t.Errorf("ttl %v, after %v: got %d fetches, want %d", c.ttl, step.after, n, step.want)
			}
		}
	}
}

// TestMaxAge: the policy's age counts from when the list was obtained, also if nobody can bring a newer one.
func TestMaxAge(t *testing.T) {
	s := newScene(t)
	s.serveToken(func(l *status.TokenList) { l.TTL, l.Expires = 24*time.Hour, now.AddDate(1, 0, 0) })
	q := vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.TokenStatusList}, MaxAge: 5 * time.Minute}
	for _, step := range []struct {
		after   time.Duration
		fetches int64
	}{{0, 1}, {5 * time.Minute, 1}, {5*time.Minute + time.Second, 2}} {
		s.now = now.Add(step.after)
		if _, err := s.ask(q); err != nil || s.fetches.Load() != step.fetches {
			t.Errorf("after %v: got %v and %d fetches, want %d", step.after, err, s.fetches.Load(), step.fetches)
		}
	}
	delete(s.docs, listURI)
	s.now = s.now.Add(6 * time.Minute)
	_, err := s.ask(q)
	want(t, "no newer one", err, "status.list.stale")
	q.MaxAge = time.Hour
	if _, err := s.ask(q); err != nil {
		t.Errorf("another policy: got %v", err)
	}
}

// TestMaxListAge: how old a list may be that the list's server shows.
func TestMaxListAge(t *testing.T) {
	for _, c := range []struct {
		name   string
		max    time.Duration
		issued time.Duration // ago
		ends   bool
		want   string
	}{
		{"an end", 0, 20 * 24 * time.Hour, true, ""},
		{"an end, and a bound", 24 * time.Hour, 25 * time.Hour, true, "status.list.stale"},
		{"no end", 0, 24 * time.Hour, false, ""},
		{"no end, too old", 0, 24*time.Hour + time.Second, false, "status.list.stale"},
		{"no end, and a bound", 48 * time.Hour, 47 * time.Hour, false, ""},
	} {
		s := newScene(t)
		s.opt.MaxListAge = c.max
		s.serveToken(func(l *status.TokenList) {
			l.IssuedAt = now.Add(-c.issued)
			if !c.ends {
				l.Expires = time.Time{}
			}
		})
		_, err := s.askToken(0)
		if vc.Code(err) != c.want {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// TestRollback: an older list in the place of a newer one does not undo a revocation.
func TestRollback(t *testing.T) {
	s := newScene(t)
	old := s.token(func(l *status.TokenList) { l.IssuedAt, l.Bits = now.Add(-2*time.Hour), bits(t, lsb, 2, 0) })
	s.serveToken(func(l *status.TokenList) { l.Bits = bits(t, lsb, 2, 1) })
	for i := range 3 {
		e, err := s.askToken(0)
		if err != nil || e.Meaning != vc.StatusRevoked {
			t.Errorf("got %v, %v, want revoked", e.Meaning, err)
		}
		if n := s.fetches.Load(); n != int64(i+1) {
			t.Errorf("got %d fetches, want %d", n, i+1)
		}
		s.docs[listURI] = status.Document{Bytes: old}
		s.now = s.now.Add(10 * time.Minute)
	}
}

// TestGrownList: an index after the end is looked for in a newer list before it is final.
func TestGrownList(t *testing.T) {
	s := newScene(t)
	s.serveToken(nil)
	if _, err := s.askToken(0); err != nil {
		t.Fatal(err)
	}
	s.serveToken(func(l *status.TokenList) { l.Bits = bits(t, lsb, 2, 0xe4, 0, 0, 0, 1) })
	_, err := s.askToken(16)
	want(t, "right after it was fetched", err, "status.index")
	s.now = now.Add(time.Minute)
	if e, err := s.askToken(16); err != nil || e.Meaning != vc.StatusRevoked {
		t.Errorf("got %v, %v, want revoked", e.Meaning, err)
	}
	if n := s.fetches.Load(); n != 2 {
		t.Errorf("got %d fetches, want 2", n)
	}
}

// TestSingleFlight: many who ask at once cause one fetch.
func TestSingleFlight(t *testing.T) {
	s := newScene(t)
	doc := status.Document{Bytes: s.token(nil)}
	const askers = 50
	release := make(chan struct{})
	s.fetch = func(context.Context, status.Request) (status.Document, error) {
		<-release
		return doc, nil
	}
	s.lists = status.NewLists(s.verifier(), s, &s.opt)
	var started, done sync.WaitGroup
	for i := range askers {
		started.Add(1)
		done.Go(func() {
			started.Done()
			if e, err := s.askToken(uint64(i % 3)); err != nil || e.Value != uint64(i%3) {
				t.Errorf("got %d, %v", e.Value, err)
			}
		})
	}
	started.Wait()
	close(release)
	done.Wait()
	if n := s.fetches.Load(); n != 1 {
		t.Errorf("got %d fetches, want 1", n)
	}
}

// TestOneFetch: who comes while a fetch ends does not begin another one.
func TestOneFetch(t *testing.T) {
	s := newScene(t)
	token := s.token(nil)
	s.fetch = func(context.Context, status.Request) (status.Document, error) {
		return status.Document{MediaType: "text/html", Bytes: token}, nil // refused at once
	}
	s.lists = status.NewLists(s.verifier(), s, &s.opt)
	const rounds = 300
	for n := range rounds {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				s.ask(vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: fmt.Sprint(listURI, "/", n)}})
			})
		}
		wg.Wait()
	}
	if n := s.fetches.Load(); n != rounds {
		t.Errorf("got %d fetches, want %d", n, rounds)
	}
	// The moment itself: the list is there now, and was not when it was looked for.
	status.AskAnew(t, s.lists, vc.StatusQuery{Issuer: authority.String(), Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: listURI + "/0"}, At: now})
	if n := s.fetches.Load(); n != rounds {
		t.Errorf("got %d fetches, want %d", n, rounds)
	}
}

// TestAskedForThePast: a list says nothing of a time before it was issued, or before it is valid.
func TestAskedForThePast(t *testing.T) {
	for name, change := range map[string]func(*status.TokenList){
		"issued later": func(l *status.TokenList) { l.IssuedAt = now.Add(time.Hour) },
		"valid later":  func(l *status.TokenList) { l.NotBefore = now.Add(time.Hour) },
	} {
		s := newScene(t)
		s.serveToken(change)
		s.lists = status.NewLists(vc.NewVerifier(s.keys, func() time.Time { return now.Add(2 * time.Hour) }), s, &s.opt)
		_, err := s.askToken(0)
		want(t, name, err, "status.list.future")
		s.now = now.Add(time.Hour - vc.DefaultClockSkew)
		if _, err := s.askToken(0); err != nil {
			t.Errorf("%s, within the skew: got %v", name, err)
		}
	}
}

// TestCancelled: who leaves takes the answer from nobody, and says nothing about the list.
func TestCancelled(t *testing.T) {
	s := newScene(t)
	doc := status.Document{Bytes: s.token(nil)}
	release, fetching := make(chan struct{}), make(chan struct{}, 2)
	s.fetch = func(ctx context.Context, _ status.Request) (status.Document, error) {
		fetching <- struct{}{}
		select {
		case <-release:
			return doc, nil
		case <-ctx.Done():
			return status.Document{}, ctx.Err()
		}
	}
	s.lists = status.NewLists(s.verifier(), s, &s.opt)
	q := vc.StatusQuery{
		Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: listURI}, Issuer: authority.String(), At: now, MaxAge: time.Hour,
	}
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { _, err := s.lists.Status(ctx, q); first <- err }()
	<-fetching
	second := make(chan error)
	go func() { _, err := s.lists.Status(t.Context(), q); second <- err }()
	cancel()
	if err := <-first; !errors.Is(err, vc.ErrUnknown) || !errors.Is(err, context.Canceled) {
		t.Errorf("who left: got %v", err)
	}
	close(release)
	if err := <-second; err != nil {
		t.Errorf("who stayed: got %v", err)
	}

	// All leave: the fetch ends, and the next one who asks is not told of it.
	s.now = now.Add(time.Hour)
	q.At, q.Reference.URI = s.now, listURI+"0"
	release = make(chan struct{})
	ctx, cancel = context.WithCancel(t.Context())
	go func() { _, err := s.lists.Status(ctx, q); first <- err }()
	<-fetching
	cancel()
	<-first
	doc = status.Document{Bytes: s.token(func(l *status.TokenList) { l.URI = listURI + "0" })}
	close(release)
	if _, err := s.lists.Status(t.Context(), q); err != nil {
		t.Errorf("the next: got %v", err)
	}
}

// TestSourceFailures: errors that claim to be final are not, and panics are errors.
func TestSourceFailures(t *testing.T) {
	for name, fetch := range map[string]func(context.Context, status.Request) (status.Document, error){
		"final": func(context.Context, status.Request) (status.Document, error) {
			return status.Document{}, vc.Invalid("x.y", "z")
		},
		"panic": func(context.Context, status.Request) (status.Document, error) { panic("source") },
		"forever": func(ctx context.Context, _ status.Request) (status.Document, error) {
			<-ctx.Done()
			return status.Document{}, ctx.Err()
		},
	} {
		s := newScene(t)
		s.opt.Timeout = time.Millisecond
		if name != "forever" {
			s.opt.Timeout = time.Minute
		}
		s.fetch = fetch
		_, err := s.askToken(0)
		want(t, name, err, "status.list.unavailable")
	}
}

func TestOffline(t *testing.T) {
	s := newScene(t)
	s.lists = status.NewLists(s.verifier(), nil, &s.opt)
	_, err := s.askToken(1)
	want(t, "nothing there", err, "status.list.unavailable")
	add := status.Preloaded{Issuer: authority.String(), URI: listURI, Document: status.Document{Bytes: s.token(nil)}, Obtained: now.Add(-time.Hour)}
	if err := s.lists.Add(t.Context(), add); err != nil {
		t.Fatal(err)
	}
	e, err := s.askToken(1)
	if err != nil || e.Meaning != vc.StatusRevoked || !e.Obtained.Equal(now.Add(-time.Hour)) {
		t.Errorf("got %+v, %v", e, err)
	}
	if held := s.lists.Held(); len(held) != 1 || !held[0].Added || held[0].URI != listURI || held[0].Bytes != 4 || held[0].Issuer != authority.String() {
		t.Errorf("got %+v", held)
	}
	s.now = now.Add(23*time.Hour + time.Second)
	_, err = s.askToken(1)
	want(t, "obtained too long ago", err, "status.list.stale")
	s.now = now

	for name, change := range map[string]func(*status.Preloaded){
		"another URI":    func(p *status.Preloaded) { p.URI += "0" },
		"no URI":         func(p *status.Preloaded) { p.URI = "" },
		"another issuer": func(p *status.Preloaded) { p.Issuer = other.String() },
		"damaged":        func(p *status.Preloaded) { p.Document.Bytes = p.Document.Bytes[1:] },
	} {
		p := add
		change(&p)
		if err := s.lists.Add(t.Context(), p); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestMemory: what was used last stays, what was added stays, and nothing grows without end.
func TestMemory(t *testing.T) {
	s := newScene(t)
	big := func(uri string) []byte {
		return s.token(func(l *status.TokenList) { l.URI, l.Bits = uri, bits(t, lsb, 8, make([]byte, 100<<10)...) })
	}
	s.opt.MaxMemory, s.opt.Limits.Bytes = 500<<10, 200<<10
	s.lists = status.NewLists(s.verifier(), s, &s.opt)
	pinned := status.Preloaded{Issuer: authority.String(), URI: listURI, Document: status.Document{Bytes: big(listURI)}, Obtained: now}
	if err := s.lists.Add(t.Context(), pinned); err != nil {
		t.Fatal(err)
	}
	ask := func(n int) {
		uri := fmt.Sprint(listURI, "/", n)
		s.docs[uri] = status.Document{Bytes: big(uri)}
		if _, err := s.ask(vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: uri}}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range 20 {
		ask(n)
		ask(0)
		total, first, added := 0, false, false
		for _, h := range s.lists.Held() {
			total += h.Bytes
			first = first || h.URI == listURI+"/0"
			added = added || h.Added
		}
		if total > 500<<10 || !first || !added {
			t.Errorf("after %d: got %d bytes; the one in use %v, the added one %v", n, total, first, added)
		}
	}
	if n := s.fetches.Load(); n != 20 {
		t.Errorf("got %d fetches, want 20", n)
	}
	for i := range 10 {
		p := pinned
		p.URI = fmt.Sprint(listURI, "/more/", i)
		p.Document.Bytes = big(p.URI)
		err := s.lists.Add(t.Context(), p)
		if i >= 4 && err == nil {
			t.Error("more lists were added than there is room for")
		} else if i < 3 && err != nil {
			t.Errorf("list %d: %v", i, err)
		}
	}

	s = newScene(t)
	s.opt.MaxLists = 3
	for n := range 10 { // also of lists that cannot be had
		s.ask(vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: fmt.Sprint(listURI, "/", n)}})
	}
	for _, c := range []struct {
		n    int
		want int64
	}{{9, 10}, {8, 10}, {0, 11}} { // number 0 went long ago, so that it may be asked for again
		s.ask(vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: fmt.Sprint(listURI, "/", c.n)}})
		if n := s.fetches.Load(); n != c.want {
			t.Errorf("list %d: got %d fetches, want %d", c.n, n, c.want)
		}
	}
}

// TestAddTooMany: lists that are added do not grow without end either.
func TestAddTooMany(t *testing.T) {
	s := newScene(t)
	s.opt.MaxLists = 2
	s.lists = status.NewLists(s.verifier(), nil, &s.opt)
	add := func(n int) error {
		uri := fmt.Sprint(listURI, "/", n)
		doc := status.Document{Bytes: s.token(func(l *status.TokenList) { l.URI = uri })}
		return s.lists.Add(t.Context(), status.Preloaded{Issuer: authority.String(), URI: uri, Document: doc, Obtained: now})
	}
	for n, room := range map[int]bool{0: true, 1: true} {
		if err := add(n); (err == nil) != room {
			t.Errorf("list %d: got %v", n, err)
		}
	}
	if err := add(2); err == nil {
		t.Error("a third list of two was added")
	}
	if err := add(1); err != nil {
		t.Errorf("a list in the place of itself: got %v", err)
	}
}

// TestInsecureUnnamedLists accepts a list that does not say which it is, and no list that says it is another.
func TestInsecureUnnamedLists(t *testing.T) {
	s := newScene(t)
	s.opt.InsecureUnnamedLists = true
	s.serveBitstring(nil, func(m map[string]any) { delete(m, "id") })
	if e, err := s.askBitstring(7, status.Revocation); err != nil || e.Meaning != vc.StatusRevoked {
		t.Errorf("got %v, %v", e.Meaning, err)
	}
	s.lists = nil
	s.serveBitstring(func(l *status.BitstringList) { l.URL += "0" }, nil)
	_, err := s.askBitstring(7, status.Revocation)
	want(t, "another list", err, "status.list.foreign")
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	s := newScene(t)
	s.opt.MaxLists = 2
	for n := range 4 {
		uri := fmt.Sprint(listURI, "/", n)
		s.docs[uri] = status.Document{Bytes: s.token(func(l *status.TokenList) { l.URI = uri })}
	}
	s.lists = status.NewLists(s.verifier(), s, &s.opt)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				q := vc.StatusQuery{Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: fmt.Sprint(listURI, "/", (g+i)%4), Index: 1}}
				if e, err := s.ask(q); err != nil || e.Meaning != vc.StatusRevoked {
					t.Errorf("got %v, %v", e.Meaning, err)
				}
				s.lists.Held()
			}
		})
	}
	wg.Wait()
}
