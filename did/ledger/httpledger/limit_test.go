package httpledger

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
)

// hand is a clock that a test moves.
type hand struct{ at time.Time }

func (h *hand) now() time.Time { return h.at }

func newHand() *hand { return &hand{time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)} }

func TestBuckets(t *testing.T) {
	clock := newHand()
	b := newBuckets[string](Rate{PerSecond: 2, Burst: 3}, clock.now)
	taken := func() (n int) {
		for b.take("name") == 0 {
			n++
		}
		return n
	}
	if n := taken(); n != 3 {
		t.Errorf("a full bucket gave %d tokens, want 3", n)
	}
	if wait := b.take("name"); wait != 500*time.Millisecond {
		t.Errorf("an empty bucket says to wait %v, want 500ms", wait)
	}
	clock.at = clock.at.Add(499 * time.Millisecond)
	if wait := b.wait("name"); wait != time.Millisecond {
		t.Errorf("wait of %v, want 1ms", wait)
	}
	clock.at = clock.at.Add(time.Millisecond)
	if n := taken(); n != 1 {
		t.Errorf("half a second gave %d tokens, want 1", n)
	}
	clock.at = clock.at.Add(time.Hour)
	for range 9 {
		if wait := b.wait("name"); wait != 0 {
			t.Fatalf("looking takes tokens: wait of %v", wait)
		}
	}
	if n := taken(); n != 3 {
		t.Errorf("an hour gave %d tokens, want 3", n)
	}
	b.charge("name", 1000)
	if wait := b.wait("name"); wait <= 500*time.Millisecond || wait > 2500*time.Millisecond {
		t.Errorf("after a large charge: wait of %v", wait)
	}
	if b.take("other") != 0 {
		t.Error("another name has to wait")
	}
}

// TestBucketsUnderFlood: however many names come by, a name that is out of tokens stays so, and few others have to wait.
func TestBucketsUnderFlood(t *testing.T) {
	clock := newHand()
	b := newBuckets[int](Rate{PerSecond: 1, Burst: 1}, clock.now)
	if b.take(-1) != 0 {
		t.Fatal("a full bucket is empty")
	}
	for i := range 4 * bucketSlots {
		b.take(i)
	}
	if b.take(-1) == 0 {
		t.Error("a flood of other names refilled a bucket")
	}
	clock.at = clock.at.Add(time.Hour)
	const busy = bucketSlots / 16
	for i := range busy {
		b.take(i)
	}
	late := 0
	for i := range busy {
		if b.wait(busy+i) > 0 {
			late++
		}
	}
	if late > busy/50 {
		t.Errorf("%d of %d names have to wait for others", late, busy)
	}
}

func TestBucketExtremes(t *testing.T) {
	for _, r := range []Rate{{PerSecond: 1e12, Burst: math.MaxInt}, {PerSecond: 1e-12, Burst: 1}, {PerSecond: 1, Burst: math.MaxInt}} {
		clock := newHand()
		b := newBuckets[string](r, clock.now)
		for range 2 {
			if b.take("x") != 0 && r.Burst > 1 {
				t.Errorf("%+v: no token", r)
			}
			b.charge("x", 1000)
			clock.at = clock.at.Add(100 * time.Hour)
		}
		if wait := b.wait("x"); wait < 0 || wait > 48*time.Hour {
			t.Errorf("%+v: wait of %v", r, wait)
		}
	}
}

// limited is a handler with narrow limits and a clock.
func limited(t *testing.T, lg Source, l Limits) (*Handler, *hand) {
	t.Helper()
	clock := newHand()
	h, err := newHandler(lg, &Options{Limits: l}, clock.now)
	if err != nil {
		t.Fatal(err)
	}
	return h, clock
}

// from makes r come from an address.
func from(addr string, r *http.Request) *http.Request {
	r.RemoteAddr = netip.AddrPortFrom(netip.MustParseAddr(addr), 1234).String()
	return r
}

func isLimited(t *testing.T, h *Handler, r *http.Request, retry string) bool {
	t.Helper()
	w, p := ask(t, h, r)
	if p == nil || p.code != Limited {
		return false
	}
	if got := w.Header().Get("Retry-After"); w.Code != 429 || got != retry {
		t.Errorf("status %d, Retry-After %q, want %q", w.Code, got, retry)
	}
	return true
}

func TestRequestLimit(t *testing.T) {
	h, clock := limited(t, memory(), Limits{Requests: Rate{PerSecond: 0.5, Burst: 2}})
	get := func(addr string) *http.Request { return from(addr, request("GET", prefix+"last", nil)) }
	for i, want := range []bool{false, false, true, true} {
		if got := isLimited(t, h, get("192.0.2.1"), "2"); got != want {
			t.Errorf("request %d: limited: %v", i, got)
		}
	}
	if isLimited(t, h, get("192.0.2.2"), "") {
		t.Error("one client limits another")
	}
	clock.at = clock.at.Add(1500 * time.Millisecond)
	if !isLimited(t, h, get("192.0.2.1"), "1") {
		t.Error("not limited half a second before the time")
	}
	clock.at = clock.at.Add(500 * time.Millisecond)
	if isLimited(t, h, get("192.0.2.1"), "") {
		t.Error("limited after the time that Retry-After named")
	}
	// Addresses of one IPv6 network are one client.
	for i, want := range []bool{false, false, true} {
		if got := isLimited(t, h, get(fmt.Sprintf("2001:db8:0:1::%d", i)), "2"); got != want {
			t.Errorf("address %d of a network: limited: %v", i, got)
		}
	}
	if isLimited(t, h, get("2001:db8:0:2::1"), "") {
		t.Error("one network limits another")
	}
}

func TestAppendLimit(t *testing.T) {
	h, clock := limited(t, memory(), Limits{Appends: Rate{PerSecond: 1, Burst: 5}})
	for i := range 6 {
		if got := isLimited(t, h, put(fmt.Sprint("key-", i), 0, []byte("new|x")), "1"); got != (i == 5) {
			t.Errorf("append %d: limited: %v", i, got)
		}
	}
	if _, p := ask(t, h, request("GET", prefix+"keys/key-0/state", nil)); p != nil {
		t.Errorf("reading is limited by appends: %+v", p)
	}
	// What the reducer refuses costs more.
	clock.at = clock.at.Add(time.Hour)
	if _, p := ask(t, h, put("bad", 0, []byte("garbage"))); p == nil || p.code != Invalid {
		t.Errorf("garbage: %+v", p)
	}
	if !isLimited(t, h, put("bad", 0, []byte("new|x")), "1") {
		t.Error("an append after one that was refused is not limited")
	}
}

func TestNoLimits(t *testing.T) {
	narrow := Rate{PerSecond: 0.001, Burst: 1}
	h := handlerOf(t, memledger.New(nil, nil), &Options{Limits: Limits{narrow, narrow, narrow}, InsecureNoLimits: true})
	for seq := range 5 {
		if _, p := ask(t, h, put("key", seq, []byte("op"))); p != nil {
			t.Fatalf("append %d: %+v", seq, p)
		}
	}
}

// TestKeyLimit: the limit of a key counts the entries that were accepted, and nobody else's tries.
func TestKeyLimit(t *testing.T) {
	lg := memory()
	h, clock := limited(t, lg, Limits{
		Requests: Rate{PerSecond: 1e6, Burst: 1e6}, Appends: Rate{PerSecond: 1e6, Burst: 1e6}, Key: Rate{PerSecond: 0.1, Burst: 2},
	})
	next := func() *http.Request {
		state, seq, err := lg.State(t.Context(), "key")
		if err != nil {
			t.Fatal(err)
		}
		return put("key", int(seq), ledgertest.Op(state, "x"))
	}
	nobodyElses := func() {
		t.Helper()
		for range 50 {
			if _, p := ask(t, h, put("key", 0, []byte("new|other"))); p == nil || p.code != Conflict {
				t.Fatalf("conflict: %+v", p)
			}
			if _, p := ask(t, h, put("key", 0, []byte("new|x"))); p != nil {
				t.Fatalf("repetition: %+v", p)
			}
			if _, p := ask(t, h, put("key", 9, []byte("new|x"))); p == nil || p.code != Conflict {
				t.Fatalf("beyond the end: %+v", p)
			}
		}
	}
	if isLimited(t, h, next(), "") {
		t.Fatal("the first entry is limited")
	}
	nobodyElses()
	for range 50 {
		if _, p := ask(t, h, put("key", 1, []byte("garbage"))); p == nil || p.code != Invalid {
			t.Fatalf("garbage: %+v", p)
		}
	}
	if isLimited(t, h, next(), "") {
		t.Error("others' tries used up the limit of a key")
	}
	r := next()
	if !isLimited(t, h, r, "10") {
		t.Error("the third entry is not limited")
	}
	nobodyElses() // what stands can be asked for while the key is limited
	clock.at = clock.at.Add(10 * time.Second)
	if isLimited(t, h, next(), "") {
		t.Error("limited after the time that Retry-After named")
	}
	if isLimited(t, h, put("another", 0, []byte("new|x")), "") {
		t.Error("one key limits another")
	}
}

// TestKeyLimitOverruled: a thief of lesser keys cannot hold up the owner by using up the limit of a key.
func TestKeyLimitOverruled(t *testing.T) {
	h, err := newHandler(memory(), &Options{
		Limits:    Limits{Key: Rate{PerSecond: 0.1, Burst: 2}},
		Overrules: func(op []byte) bool { return bytes.Contains(op, []byte("owner")) },
	}, newHand().now)
	if err != nil {
		t.Fatal(err)
	}
	next := func(by string) *http.Request {
		state, seq, err := h.ledger.State(t.Context(), "key")
		if err != nil {
			t.Fatal(err)
		}
		return put("key", int(seq), ledgertest.Op(state, by))
	}
	for range 2 {
		if isLimited(t, h, next("thief"), "") {
			t.Fatal("limited too early")
		}
	}
	if !isLimited(t, h, next("thief"), "10") {
		t.Error("the thief is not limited")
	}
	for range 3 {
		if isLimited(t, h, next("owner"), "10") {
			t.Error("the owner is held up")
		}
	}
	if !isLimited(t, h, next("thief"), "10") {
		t.Error("what the owner added gave the thief room")
	}
}

func TestForwardedFor(t *testing.T) {
	const proxy, proxy2 = "10.0.0.1", "10.0.0.2"
	trusting := handlerOf(t, memory(), &Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}})
	plain := handlerOf(t, memory(), nil)
	for name, test := range map[string]struct {
		h     *Handler
		peer  string
		lines []string
		want  string
	}{
		"nobody is trusted":      {plain, proxy, []string{"192.0.2.9"}, proxy},
		"not by others":          {trusting, "192.0.2.1", []string{"192.0.2.9"}, "192.0.2.1"},
		"by a proxy":             {trusting, proxy, []string{"192.0.2.9"}, "192.0.2.9"},
		"by a proxy of IPv6":     {trusting, "fd00::1", []string{"192.0.2.9"}, "192.0.2.9"},
		"mapped":                 {trusting, "::ffff:10.0.0.1", []string{"::ffff:192.0.2.9"}, "192.0.2.9"},
		"the last that is none":  {trusting, proxy, []string{"192.0.2.7, 192.0.2.8 ,192.0.2.9 , " + proxy2}, "192.0.2.9"},
		"over several lines":     {trusting, proxy, []string{"192.0.2.8", "192.0.2.9", proxy2 + "," + proxy2}, "192.0.2.9"},
		"no header":              {trusting, proxy, nil, proxy},
		"nonsense":               {trusting, proxy, []string{"192.0.2.9, unknown"}, proxy},
		"nonsense after a proxy": {trusting, proxy, []string{"x, " + proxy2}, proxy2},
		"IPv6 network":           {trusting, proxy, []string{"2001:db8::5"}, "2001:db8::"},
		"only proxies":           {trusting, proxy, []string{proxy2 + "," + proxy}, proxy2},
	} {
		r := from(test.peer, request("GET", prefix+"last", nil))
		r.Header["X-Forwarded-For"] = test.lines
		if got := test.h.client(r); got != netip.MustParseAddr(test.want) {
			t.Errorf("%s: got %v, want %s", name, got, test.want)
		}
	}
	r := request("GET", prefix+"last", nil)
	r.RemoteAddr = "@"
	if got := plain.client(r); got.IsValid() {
		t.Errorf("a peer without an address: %v", got)
	}
	r = from(proxy, r)
	for range 100_000 {
		r.Header.Add("X-Forwarded-For", proxy2)
	}
	if got := trusting.client(r); got != netip.MustParseAddr(proxy2) {
		t.Errorf("many proxies: %v", got)
	}
}

// TestAppendsInFlight: no more appends reach the ledger at once than MaxAppends; the others are told when to come back.
func TestAppendsInFlight(t *testing.T) {
	lg := &failing{Ledger: memory(), waits: true, began: make(chan struct{}, 10)}
	h := handlerOf(t, lg, &Options{MaxAppends: 2, QueueTime: time.Millisecond, InsecureNoLimits: true})
	ctx, cancel := context.WithCancel(t.Context())
	var under sync.WaitGroup
	for i := range 2 {
		under.Go(func() { ask(t, h, put(fmt.Sprint("key-", i), 0, []byte("op")).WithContext(ctx)) })
		<-lg.began
	}
	for range 3 {
		w, p := ask(t, h, put("another", 0, []byte("op")))
		if p == nil || p.code != Busy || w.Code != 503 || w.Header().Get("Retry-After") != "1" {
			t.Errorf("a third append: %d %s %v", w.Code, w.Body, w.Header())
		}
	}
	if _, p := ask(t, h, request("GET", prefix+"keys/abc/state", nil)); p != nil {
		t.Errorf("reading waits for appends: %+v", p)
	}
	if len(lg.began) > 0 {
		t.Error("more appends than allowed reached the ledger")
	}
	cancel()
	under.Wait()
	if n := len(h.gate.slots); n != 0 {
		t.Errorf("%d slots are still taken", n)
	}
	// The longer appends take, the later the others are asked back.
	h.gate.took.Store(int64(7 * time.Second))
	for range 2 {
		h.gate.slots <- struct{}{}
	}
	if w, _ := ask(t, h, put("another", 0, []byte("op"))); w.Header().Get("Retry-After") != "4" {
		t.Errorf("Retry-After %q, want 4", w.Header().Get("Retry-After"))
	}
}

// TestRequestsInFlight: a client that holds on to requests is told to come back, and others are not until all places are
// taken.
func TestRequestsInFlight(t *testing.T) {
	lg := &failing{Ledger: memory(), waits: true, began: make(chan struct{}, 10)}
	h := handlerOf(t, lg, &Options{MaxRequests: 3, MaxClientRequests: 2, InsecureNoLimits: true})
	ctx, cancel := context.WithCancel(t.Context())
	var under sync.WaitGroup
	hold := func(addr string) {
		under.Go(func() { ask(t, h, from(addr, request("GET", prefix+"keys/abc/proof/0", nil)).WithContext(ctx)) })
		<-lg.began
	}
	state := func(addr string) *http.Request { return from(addr, request("GET", prefix+"keys/abc/state", nil)) }
	busy := func(addr string, want bool) {
		t.Helper()
		if w, p := ask(t, h, state(addr)); (p != nil && p.code == Busy && w.Header().Get("Retry-After") == "1") != want {
			t.Errorf("%s: %d %s, want it busy: %v", addr, w.Code, w.Body, want)
		}
	}
	hold("192.0.2.1")
	busy("192.0.2.1", false)
	hold("192.0.2.1")
	busy("192.0.2.1", true)
	busy("192.0.2.2", false)
	hold("192.0.2.2")
	busy("192.0.2.3", true)
	if _, p := ask(t, h, from("192.0.2.3", request("GET", prefix+"health", nil))); p != nil {
		t.Errorf("health while busy: %+v", p)
	}
	cancel()
	under.Wait()
	busy("192.0.2.1", false)
	if h.flights.all != 0 || len(h.flights.per) != 0 {
		t.Errorf("%d requests are still counted, of %d clients", h.flights.all, len(h.flights.per))
	}
}

var _ Source = (*failing)(nil)

var _ ledger.Prover = (*failing)(nil)

// fakeConn is a connection from an address.
type fakeConn struct {
	net.Conn
	from   string
	closed bool
}

func (c *fakeConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.from))
}

func (c *fakeConn) Close() error {
	c.closed = true
	return nil
}

// TestConnectionCounts: connections are counted by address, those that were refused are not, and nothing is left of those that
// ended.
func TestConnectionCounts(t *testing.T) {
	changed := NewServer(nil, &ServerOptions{MaxConns: 3, MaxClientConns: 2}).ConnState
	begin := func(from string, want bool) *fakeConn {
		t.Helper()
		c := &fakeConn{from: from}
		if changed(c, http.StateNew); c.closed == want {
			t.Errorf("%s: let in: %v", from, !c.closed)
		}
		return c
	}
	first := begin("192.0.2.1:1", true)
	begin("192.0.2.1:2", true)
	refused := begin("192.0.2.1:3", false)
	for range 5 {
		changed(refused, http.StateClosed)
	}
	begin("192.0.2.1:4", false)
	begin("192.0.2.2:1", true)
	begin("192.0.2.3:1", false)
	changed(first, http.StateActive)
	begin("192.0.2.3:1", false)
	changed(first, http.StateClosed)
	begin("192.0.2.1:5", true)

	c := &connections{ServerOptions: ServerOptions{MaxConns: 9, MaxClientConns: 9}, open: map[net.Conn]netip.Addr{}, per: map[netip.Addr]int{}}
	c.changed(first, http.StateNew)
	c.changed(first, http.StateHijacked)
	if len(c.open) != 0 || len(c.per) != 0 {
		t.Errorf("left of a connection that ended: %v, %v", c.open, c.per)
	}
}
