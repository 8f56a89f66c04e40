package httpledger_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
)

func clientAt(tb testing.TB, p *port, opt *httpledger.ClientOptions) *httpledger.Client {
	tb.Helper()
	c, err := httpledger.NewClient(p.url(), opt)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { c.Close() })
	return c
}

func handlerOf(tb testing.TB, lg httpledger.Source, opt *httpledger.Options) *httpledger.Handler {
	tb.Helper()
	h, err := httpledger.NewHandler(lg, opt)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// TestLostAnswers: a server that stores and then hangs up without an answer, or in the middle of one, leaves the client with
// the entry, and the ledger with one of each.
func TestLostAnswers(t *testing.T) {
	lg := memledger.New(ledgertest.Reducer{}, nil)
	h := handlerOf(t, lg, &wide)
	var count atomic.Int64
	p := newPort(t)
	t.Cleanup(p.serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := count.Add(1)
		switch {
		case n%3 == 1: // nothing is heard
			h.ServeHTTP(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case n%3 == 2: // half of the answer
			h.ServeHTTP(discard{http.Header{}}, r)
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Header().Set("Content-Length", "16")
			_, _ = w.Write(make([]byte, 7))
			panic(http.ErrAbortHandler)
		}
		h.ServeHTTP(w, r)
	})))
	c := clientAt(t, p, &httpledger.ClientOptions{RetryTime: time.Minute})
	const entries = 5
	for i := range entries {
		e, err := c.Append(t.Context(), fmt.Sprint("key-", i), 0, []byte("new|x"))
		if err != nil || e.Anchor.Index != uint64(i) {
			t.Fatalf("Append: %+v, %v", e, err)
		}
	}
	if last, ok := lg.Last(); !ok || last.Index != entries-1 {
		t.Errorf("the last entry is %v, want number %d", last, entries-1)
	}
}

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// TestSlowClients: clients that send half of a head, or of a body, or take no answer, are let go, and do not keep others out.
func TestSlowClients(t *testing.T) {
	lg := memledger.New(nil, nil)
	for i := range 10 {
		if _, err := lg.Append(t.Context(), "long", uint64(i), make([]byte, ledger.MaxOpSize)); err != nil {
			t.Fatal(err)
		}
	}
	opt := wide
	opt.BodyTime, opt.AnswerTime, opt.MaxClientRequests = 200*time.Millisecond, 200*time.Millisecond, 8
	opt.QueueTime, opt.AppendTime, opt.ProofTime = time.Millisecond, time.Second, time.Millisecond
	opt.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	p := newPort(t)
	s := httpledger.NewServer(handlerOf(t, lg, &opt), nil)
	s.ReadHeaderTimeout, s.IdleTimeout = 200*time.Millisecond, 200*time.Millisecond
	ended := make(chan struct{}, 1000)
	changed := s.ConnState
	s.ConnState = func(conn net.Conn, state http.ConnState) {
		if changed(conn, state); state == http.StateClosed {
			ended <- struct{}{}
		}
	}
	t.Cleanup(p.start(s))

	var slow sync.WaitGroup
	var conns []net.Conn
	const clients = 60
	for i := range clients {
		client := 1 // they are one, except for those that take nothing
		if i%4 == 3 {
			client += i
		}
		forwarded := fmt.Sprintf("Host: x\r\nX-Forwarded-For: 192.0.2.%d\r\n", client)
		put := "PUT /ledger/v1/keys/slow/entries/0 HTTP/1.1\r\n" + forwarded
		get := "GET /ledger/v1/keys/long/entries/0 HTTP/1.1\r\n" + forwarded + "\r\n"
		sent := []string{
			put,
			put + "Content-Type: application/octet-stream\r\nContent-Length: 16384\r\n\r\nhalf",
			put + "Content-Type: text/plain\r\nContent-Length: 16384\r\n\r\nhalf",
			get,
		}[i%4]
		conn, err := net.Dial("tcp", p.listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, conn)
		slow.Go(func() {
			_, _ = io.WriteString(conn, sent)
			if i%4 == 3 { // it asks on and on and takes nothing
				for {
					if _, err := io.WriteString(conn, get); err != nil {
						return
					}
				}
			}
			_, _ = io.Copy(io.Discard, conn)
		})
	}
	good := clientAt(t, p, &httpledger.ClientOptions{RetryTime: time.Minute})
	for i := range 20 {
		if _, err := good.Append(t.Context(), "good", uint64(i), []byte("op")); err != nil {
			t.Fatalf("Append beside slow clients: %v", err)
		}
	}
	for range clients { // the server hangs up on each; a client that takes nothing does not learn of it
		<-ended
	}
	for _, conn := range conns {
		conn.Close()
	}
	slow.Wait()
	for e, err := range lg.History(t.Context(), "slow", 0) {
		t.Errorf("half of an operation was stored: %v, %v", e, err)
	}
}

// TestConnections: connections beyond the bound are closed, and make room when they end.
func TestConnections(t *testing.T) {
	h := handlerOf(t, memledger.New(nil, nil), &wide)
	for name, opt := range map[string]*httpledger.ServerOptions{"in all": {MaxConns: 3}, "of a client": {MaxClientConns: 3}} {
		t.Run(name, func(t *testing.T) {
			p := newPort(t)
			t.Cleanup(p.start(httpledger.NewServer(h, opt)))
			works := func() (net.Conn, bool) {
				conn, err := net.Dial("tcp", p.listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				_, _ = io.WriteString(conn, "GET /ledger/v1/health HTTP/1.1\r\nHost: x\r\n\r\n")
				line, _ := bufio.NewReader(conn).ReadString('\n')
				return conn, strings.HasPrefix(line, "HTTP/1.1 200 ")
			}
			var conns []net.Conn
			for i := range 3 {
				conn, ok := works()
				if !ok {
					t.Fatalf("connection %d does not work", i)
				}
				conns = append(conns, conn)
			}
			for range 3 {
				conn, ok := works()
				conn.Close()
				if ok {
					t.Error("a connection beyond the bound works")
				}
			}
			conns[0].Close()
			for { // until the server has noticed; the test's own deadline bounds it
				conn, ok := works()
				conn.Close()
				if ok {
					break
				}
			}
			for _, conn := range conns[1:] {
				conn.Close()
			}
		})
	}
}

// TestCloseClient: a client that is closed leaves no connection behind.
func TestCloseClient(t *testing.T) {
	p := newPort(t)
	s := httpledger.NewServer(handlerOf(t, memledger.New(nil, nil), &wide), nil)
	ended := make(chan struct{}, 10)
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed {
			ended <- struct{}{}
		}
	}
	t.Cleanup(p.start(s))
	c := clientAt(t, p, nil)
	if err := c.Health(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Close()
	<-ended
}

// TestShutdown: a server that is shut down lets an append under way come to its end.
func TestShutdown(t *testing.T) {
	inner := memledger.New(nil, nil)
	lg := &held{Ledger: inner, began: make(chan struct{}), release: make(chan struct{})}
	p := newPort(t)
	s := httpledger.NewServer(handlerOf(t, lg, &wide), nil)
	t.Cleanup(p.start(s))
	c := clientAt(t, p, &httpledger.ClientOptions{RetryTime: -1})
	result := make(chan error, 1)
	go func() {
		_, err := c.Append(t.Context(), "key", 0, []byte("op"))
		result <- err
	}()
	<-lg.began
	down := make(chan error, 1)
	go func() { down <- s.Shutdown(t.Context()) }()
	close(lg.release)
	if err := errors.Join(<-result, <-down); err != nil {
		t.Error(err)
	}
}

// held holds up appends.
type held struct {
	*memledger.Ledger
	began, release chan struct{}
}

func (h *held) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	close(h.began)
	<-h.release
	return h.Ledger.Append(ctx, key, seq, op)
}

// proving is a ledger that proves with the name of what is asked for, once it has so many entries.
type proving struct{ *memledger.Ledger }

func (p proving) Prove(ctx context.Context, key string, entries uint64) ([]byte, error) {
	for {
		if last, ok := p.Last(); entries == 0 || ok && last.Index+1 >= entries {
			return []byte("proof of " + key), nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("proving: %w", ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
}

// TestProve: proofs pass through as they are, and are waited for over as many requests as it takes.
func TestProve(t *testing.T) {
	opt := wide
	opt.ProofTime = time.Millisecond
	lg := proving{memledger.New(nil, nil)}
	p := newPort(t)
	t.Cleanup(p.serve(handlerOf(t, lg, &opt)))
	c := clientAt(t, p, nil)
	if b, err := c.Prove(t.Context(), "abc", 0); err != nil || string(b) != "proof of abc" {
		t.Errorf("Prove = %q, %v", b, err)
	}
	var appending sync.WaitGroup
	appending.Go(func() {
		for i := range uint64(3) {
			if _, err := c.Append(t.Context(), "abc", i, []byte("op")); err != nil {
				t.Error(err)
			}
		}
	})
	if b, err := c.Prove(t.Context(), "abc", 3); err != nil || string(b) != "proof of abc" {
		t.Errorf("Prove = %q, %v", b, err)
	}
	appending.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if b, err := c.Prove(ctx, "abc", 4); err == nil {
		t.Errorf("Prove of more entries than there are = %q", b)
	}
	if last, ok, err := c.Last(t.Context()); err != nil || !ok || last.Index != 2 {
		t.Errorf("Last = %v, %v, %v", last, ok, err)
	}
	if err := c.Health(t.Context()); err != nil {
		t.Error(err)
	}
}
