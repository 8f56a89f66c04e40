package cometledger

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
)

// TestOneTransaction: appends at the same time share a transaction, and what the node refuses in it costs the others nothing.
func TestOneTransaction(t *testing.T) {
	chain := newFakeChain()
	n := newFakeNode(t, chain)
	n.judge = func(o operation) uint32 {
		if strings.Contains(string(o.Op), "bad") {
			return codeInvalid
		}
		return codeOK
	}
	chain.forever(t)
	for name, reducer := range map[string]ledger.Reducer{"text": nil, "reducer": refusing{}} {
		c := fakeClient(t, &ClientOptions{Reducer: reducer, Gather: 200 * time.Millisecond}, n)
		from := len(n.sent)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				op := fmt.Sprint("good ", i)
				if i%10 == 3 {
					op = fmt.Sprint("bad ", i)
				}
				key := fmt.Sprint(name, "-", i)
				e, err := c.Append(t.Context(), key, 0, []byte(op))
				switch {
				case i%10 != 3 && (err != nil || e.Seq != 0 || e.Anchor.Time.IsZero()):
					t.Errorf("%s: %v, %v", op, e, err)
				case i%10 == 3 && !errors.Is(err, ledger.ErrInvalid):
					t.Errorf("%s: %v, want ErrInvalid", op, err)
				case i%10 == 3 && errors.Is(err, ledgertest.ErrRefused) != (reducer != nil):
					t.Errorf("%s: %v", op, err)
				case i%10 == 3 && reducer == nil && !strings.Contains(err.Error(), "so judges the fake"):
					t.Errorf("%s: %v has not the node's text", op, err)
				}
			})
		}
		wg.Wait()
		n.set(func() {
			if sent := len(n.sent) - from; sent > 6 {
				t.Errorf("%d transactions for 100 appends at once", sent)
			}
		})
		c.Close()
	}
}

// TestSameKeyAtOnce: two operations for one place are not put into one transaction; one stands and the other is told.
func TestSameKeyAtOnce(t *testing.T) {
	chain := newFakeChain()
	n := newFakeNode(t, chain)
	chain.forever(t)
	c := fakeClient(t, &ClientOptions{Gather: 50 * time.Millisecond}, n)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for i := range 5 {
		wg.Go(func() {
			_, err := c.Append(t.Context(), "key", 0, fmt.Append(nil, i))
			mu.Lock()
			defer mu.Unlock()
			conflict, ok := errors.AsType[*ledger.ConflictError](err)
			switch {
			case err == nil:
				won++
			case !ok || conflict.Entry.Key != "key" || conflict.Length != 1:
				t.Errorf("%d: %v", i, err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Errorf("%d operations won", won)
	}
	for _, ops := range n.sent {
		keys := make(map[string]bool)
		for _, o := range ops {
			if keys[o.Key] {
				t.Error("one key twice in a transaction")
			}
			keys[o.Key] = true
		}
	}
}

// TestOtherNode: whatever is wrong with a node, the next one is asked, and then stays the one that is asked.
func TestOtherNode(t *testing.T) {
	for name, garble := range map[string]func(method string, w http.ResponseWriter) bool{
		"server error": func(_ string, w http.ResponseWriter) bool { http.Error(w, "broken", 500); return true },
		"no JSON":      func(_ string, w http.ResponseWriter) bool { fmt.Fprint(w, "<html>"); return true },
		"no result":    func(_ string, w http.ResponseWriter) bool { fmt.Fprint(w, `{"jsonrpc":"2.0","id":1}`); return true },
		"RPC error": func(_ string, w http.ResponseWriter) bool {
			fmt.Fprint(w, `{"error":{"code":-32603,"message":"Internal error","data":"mempool is full"}}`)
			return true
		},
		"malformed value": func(_ string, w http.ResponseWriter) bool {
			fmt.Fprint(w, `{"result":{"response":{"code":0,"value":"AAAA"}}}`)
			return true
		},
		"closes the connection": func(_ string, w http.ResponseWriter) bool {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				conn.Close()
			}
			return true
		},
		"redirects": func(_ string, w http.ResponseWriter) bool {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(http.StatusTemporaryRedirect)
			return true
		},
		"says too much": func(_ string, w http.ResponseWriter) bool {
			_, _ = w.Write(make([]byte, maxResponse+1))
			return true
		},
		"another list of places": func(method string, w http.ResponseWriter) bool {
			if method != "abci_query" {
				return false
			}
			fmt.Fprintf(w, `{"result":{"response":{"code":0,"value":%s}}}`, mustJSON(mustEncode(&standsAnswer{Height: 5, Places: []standing{}})))
			return true
		},
	} {
		t.Run(name, func(t *testing.T) {
			chain := newFakeChain()
			bad, good := newFakeNode(t, chain), newFakeNode(t, chain)
			bad.garble = garble
			chain.forever(t)
			c := fakeClient(t, nil, bad, good)
			mustAppend(t, c, "key", 0, "x")
			if _, seq, err := c.State(t.Context(), "key"); seq != 1 || err != nil {
				t.Errorf("State: %d, %v", seq, err)
			}
			n := bad.count("abci_query") + bad.count("broadcast_tx_sync")
			for i := range 2 {
				mustAppend(t, c, "key", uint64(i+1), "x")
			}
			if again := bad.count("abci_query") + bad.count("broadcast_tx_sync"); again != n && name != "another list of places" {
				t.Errorf("the bad node was asked %d times more", again-n)
			}
		})
	}
}

// TestLost: a transaction of which nothing comes is sent again through another node, and stands once.
func TestLost(t *testing.T) {
	chain := newFakeChain()
	bad, good := newFakeNode(t, chain), newFakeNode(t, chain)
	bad.send = func([]operation) (string, bool, bool) { return "", true, false }
	chain.forever(t)
	c := fakeClient(t, nil, bad, good)
	mustAppend(t, c, "key", 0, "x")
	if len(good.sent) != 1 || len(bad.sent) == 0 {
		t.Errorf("sent %d times to the one node and %d to the other", len(bad.sent), len(good.sent))
	}
	if len(chain.entries) != 1 {
		t.Errorf("%d entries", len(chain.entries))
	}
}

// TestKnown: a node that has the transaction already says so, and that is no fault.
func TestKnown(t *testing.T) {
	chain := newFakeChain()
	n := newFakeNode(t, chain)
	n.send = func(ops []operation) (string, bool, bool) {
		chain.pool = append(chain.pool, ops...)
		return "tx already exists in cache", false, true
	}
	chain.forever(t)
	c := fakeClient(t, nil, n)
	mustAppend(t, c, "key", 0, "x")
	if len(n.sent) != 1 {
		t.Errorf("sent %d times", len(n.sent))
	}
}

// TestRepeated: what stands is told to whoever sends it again, and what stands in the place of another.
func TestRepeated(t *testing.T) {
	chain := newFakeChain()
	n := newFakeNode(t, chain)
	chain.forever(t)
	c := fakeClient(t, nil, n)
	first := mustAppend(t, c, "key", 0, "x")
	mustAppend(t, c, "key", 1, "y")
	if again := mustAppend(t, c, "key", 0, "x"); again.Anchor != first.Anchor {
		t.Errorf("again: %v, want %v", again.Anchor, first.Anchor)
	}
	_, err := c.Append(t.Context(), "key", 0, []byte("z"))
	conflict, ok := errors.AsType[*ledger.ConflictError](err)
	if !ok || string(conflict.Entry.Op) != "x" || conflict.Length != 2 || conflict.Seq != 0 {
		t.Errorf("another in its place: %v", err)
	}
	_, err = c.Append(t.Context(), "key", 9, []byte("z"))
	conflict, ok = errors.AsType[*ledger.ConflictError](err)
	if !ok || conflict.Entry.Op != nil || conflict.Length != 2 || conflict.Seq != 9 {
		t.Errorf("beyond the end: %v", err)
	}
}

// TestWaiting: an operation whose place another one waits for is neither refused nor accepted before a block tells.
func TestWaiting(t *testing.T) {
	chain := newFakeChain()
	n := newFakeNode(t, chain)
	waits := make(chan struct{}, 100)
	n.judge = func(operation) uint32 { waits <- struct{}{}; return codeWaiting }
	c := fakeClient(t, nil, n)
	result := make(chan error, 2)
	for _, op := range []string{"lost", "won"} {
		go func() {
			_, err := c.Append(t.Context(), op, 0, []byte(op))
			result <- err
		}()
	}
	<-waits
	<-waits
	select {
	case err := <-result:
		t.Fatalf("answered before a block: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	chain.mu.Lock() // the other one of key lost stands; of key won nothing does
	chain.pool = append(chain.pool, operation{Key: "lost", Op: []byte("another")})
	chain.mu.Unlock()
	chain.commit()
	if err := <-result; !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("its place was taken: %v", err)
	}
	n.set(func() { n.judge = nil })
	chain.forever(t)
	if err := <-result; err != nil {
		t.Errorf("its place was not taken: %v", err)
	}
}

// TestBehind: a node that is behind what the client has seen is not believed: neither what it has, nor what it lacks, nor what it refuses.
func TestBehind(t *testing.T) {
	chain := newFakeChain()
	late, good := newFakeNode(t, chain), newFakeNode(t, chain)
	chain.forever(t)
	c := fakeClient(t, nil, good, late)
	mustAppend(t, c, "key", 0, "x")
	late.set(func() { late.behind = 1 << 40 })
	for range 5 {
		c.leave(c.at.Load()) // to the other one, whichever that is
		if _, seq, err := c.State(t.Context(), "key"); seq != 1 || err != nil {
			t.Errorf("State: %d, %v", seq, err)
		}
	}
	c.at.Store(1)
	mustAppend(t, c, "key", 1, "y")
	alone := fakeClient(t, &ClientOptions{Patience: 300 * time.Millisecond}, late)
	alone.heights.note("elsewhere", 1)
	if _, _, err := alone.State(t.Context(), "key"); !errors.Is(err, ledger.ErrUnavailable) {
		t.Errorf("with nobody else to ask: %v", err)
	}
}

// TestBeyondByOneBehind: that a place is beyond the end is not taken from a node that is behind, although the client has seen nothing yet.
func TestBeyondByOneBehind(t *testing.T) {
	chain := newFakeChain()
	late, good := newFakeNode(t, chain), newFakeNode(t, chain)
	chain.forever(t)
	mustAppend(t, fakeClient(t, nil, good), "key", 0, "x")
	chain.mu.Lock()
	height := chain.height
	chain.mu.Unlock()
	late.set(func() { late.behind, late.catching = height-1, true })
	mustAppend(t, fakeClient(t, nil, late, good), "key", 1, "y")
	_, err := fakeClient(t, &ClientOptions{Patience: 300 * time.Millisecond}, late).Append(t.Context(), "key", 2, []byte("z"))
	if !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrConflict) {
		t.Errorf("a node that says itself that it is catching up: %v", err)
	}
}

// TestUnconfirmed: without blocks an append is unavailable after the patience, and the same call settles it.
func TestUnconfirmed(t *testing.T) {
	chain := newFakeChain()
	n := newFakeNode(t, chain)
	c := fakeClient(t, &ClientOptions{Patience: 300 * time.Millisecond}, n)
	_, err := c.Append(t.Context(), "key", 0, []byte("x"))
	if !errors.Is(err, ledger.ErrUnavailable) || errors.Is(err, ledger.ErrConflict) || errors.Is(err, ledger.ErrInvalid) {
		t.Fatalf("without blocks: %v", err)
	}
	chain.commit()
	c.patience.Store(int64(20 * time.Second))
	mustAppend(t, c, "key", 0, "x")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.Append(ctx, "key", 1, []byte("y")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("when the context ends: %v", err)
	}
	done := make(chan error)
	go func() {
		_, err := c.Append(t.Context(), "key", 1, []byte("z"))
		done <- err
	}()
	eventually(t, "an append", func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.waiting) > 0 })
	c.Close()
	if err := <-done; !errors.Is(err, ledger.ErrClosed) {
		t.Errorf("when the client closes: %v", err)
	}
}
