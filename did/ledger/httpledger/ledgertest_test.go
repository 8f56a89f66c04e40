package httpledger_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/ledger/memledger"
)

// A port is a loopback address that outlives the servers that listen on it, as the address of a host does.
type port struct {
	listener net.Listener
	conns    chan net.Conn
}

func newPort(tb testing.TB) *port {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	p := &port{l, make(chan net.Conn)}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(p.conns)
				return
			}
			p.conns <- c
		}
	}()
	tb.Cleanup(func() {
		l.Close()
		for c := range p.conns {
			c.Close()
		}
	})
	return p
}

func (p *port) url() string { return "http://" + p.listener.Addr().String() }

// serve starts a server and returns what kills it, with all its connections, and waits until it is gone.
func (p *port) serve(h http.Handler) (kill func()) { return p.start(httpledger.NewServer(h, nil)) }

func (p *port) start(s *http.Server) (kill func()) {
	v := &view{port: p, done: make(chan struct{})}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(v)
	}()
	return sync.OnceFunc(func() {
		s.Close()
		<-ended
	})
}

// view is the listener of one server.
type view struct {
	*port
	once sync.Once
	done chan struct{}
}

func (v *view) Accept() (net.Conn, error) {
	select {
	case <-v.done:
		return nil, net.ErrClosed
	default:
	}
	select {
	case c, ok := <-v.conns:
		if !ok {
			return nil, net.ErrClosed
		}
		return c, nil
	case <-v.done:
		return nil, net.ErrClosed
	}
}

func (v *view) Addr() net.Addr { return v.listener.Addr() }

func (v *view) Close() error {
	v.once.Do(func() { close(v.done) })
	return nil
}

// backend is a ledger that can be lost as by a crash.
type backend interface {
	open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) httpledger.Source
	restart(tb testing.TB) httpledger.Source
}

// harness puts a server and a client before a backend. The client is the same before and after a restart, and finds its
// connections dead.
type harness struct {
	backend
	options httpledger.Options
	port    *port
	client  *httpledger.Client
	kill    func()
	failing broken
}

// broken is the error of storage as it comes out at the far end: errors.Is finds in it what the test broke storage with.
type broken struct{ err atomic.Pointer[error] }

func (*broken) Error() string { return "storage is broken" }

func (b *broken) Is(target error) bool {
	err := b.err.Load()
	return err != nil && errors.Is(*err, target)
}

func (h *harness) Fail(err error) {
	if err == nil {
		h.failing.err.Store(nil)
		return
	}
	h.failing.err.Store(&err)
}

// faulty fails every append while storage is broken.
type faulty struct {
	httpledger.Source
	failing *broken
}

func (f faulty) Append(ctx context.Context, key string, seq uint64, op []byte) (ledger.Entry, error) {
	if f.failing.err.Load() != nil {
		return ledger.Entry{}, f.failing
	}
	return f.Source.Append(ctx, key, seq, op)
}

func (h *harness) causes() httpledger.Causes {
	return httpledger.Causes{"refused": ledgertest.ErrRefused, "storage": &h.failing}
}

func (h *harness) serve(tb testing.TB, lg httpledger.Source) {
	h.options.Causes = h.causes()
	handler, err := httpledger.NewHandler(faulty{lg, &h.failing}, &h.options)
	if err != nil {
		tb.Fatal(err)
	}
	h.kill = h.port.serve(handler)
	tb.Cleanup(h.kill)
}

func (h *harness) Open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) ledgertest.Ledger {
	h.port = newPort(tb)
	h.serve(tb, h.open(tb, reducer, clock))
	client, err := httpledger.NewClient(h.port.url(), &httpledger.ClientOptions{Causes: h.causes(), RetryTime: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	h.client = client
	tb.Cleanup(func() { client.Close() })
	return client
}

func (h *harness) Restart(tb testing.TB) ledgertest.Ledger {
	h.kill()
	h.serve(tb, h.restart(tb))
	return h.client
}

// memory is restarted by copying it: what Follow yields is all that there is.
type memory struct {
	last    *memledger.Ledger
	reducer ledger.Reducer
	clock   ledger.Clock
}

func (m *memory) open(_ testing.TB, reducer ledger.Reducer, clock ledger.Clock) httpledger.Source {
	m.reducer, m.clock = reducer, clock
	m.last = memledger.New(reducer, &memledger.Options{Clock: clock})
	return m.last
}

func (m *memory) restart(tb testing.TB) httpledger.Source {
	var at time.Time
	next := memledger.New(m.reducer, &memledger.Options{Clock: func() time.Time {
		if at.IsZero() {
			return m.clock()
		}
		return at
	}})
	for e, err := range m.last.Follow(tb.Context(), 0) {
		if err != nil {
			tb.Fatal(err)
		}
		at = e.Anchor.Time
		if got, err := next.Append(tb.Context(), e.Key, e.Seq, e.Op); err != nil || got.Anchor != e.Anchor {
			tb.Fatalf("copy of entry %d: anchor %v, %v; want %v", e.Anchor.Index, got.Anchor, err, e.Anchor)
		}
	}
	at = time.Time{}
	m.last = next
	return next
}

// durable is restarted from a copy of its files, taken while it is open and nothing is under way: so small a ledger has
// everything in its journal.
type durable struct {
	dir     string
	reducer ledger.Reducer
	clock   ledger.Clock
}

func (d *durable) open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) httpledger.Source {
	d.dir, d.reducer, d.clock = tb.TempDir(), reducer, clock
	return d.reopen(tb)
}

func (d *durable) reopen(tb testing.TB) httpledger.Source {
	l, err := boltledger.Open(d.dir, d.reducer, &boltledger.Options{Clock: d.clock})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	return l
}

func (d *durable) restart(tb testing.TB) httpledger.Source {
	old := d.dir
	d.dir = tb.TempDir()
	names, err := os.ReadDir(old)
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range names {
		if name.Name() != "LOCK" {
			copyFile(tb, filepath.Join(d.dir, name.Name()), filepath.Join(old, name.Name()))
		}
	}
	return d.reopen(tb)
}

func copyFile(tb testing.TB, to, from string) {
	tb.Helper()
	in, err := os.Open(from)
	if err != nil {
		tb.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		tb.Fatal(err)
	}
	if err := out.Close(); err != nil {
		tb.Fatal(err)
	}
}

// wide are limits that the kit does not reach, so that the code of the limits runs.
var wide = httpledger.Options{Limits: httpledger.Limits{
	Requests: httpledger.Rate{PerSecond: 1e6, Burst: 1e6},
	Appends:  httpledger.Rate{PerSecond: 1e6, Burst: 1e6},
	Key:      httpledger.Rate{PerSecond: 1e6, Burst: 1e6},
}}

func TestConformance(t *testing.T) {
	narrow := wide
	narrow.MaxAppends = 2
	for name, newHarness := range map[string]func() *harness{
		"memledger":  func() *harness { return &harness{backend: &memory{}, options: wide} },
		"boltledger": func() *harness { return &harness{backend: &durable{}, options: wide} },
		"relayed":    func() *harness { return &harness{backend: &relayed{}, options: narrow} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ledgertest.Run(t, func(testing.TB) ledgertest.Harness { return newHarness() })
		})
	}
}

// relayed is a client that is served in its turn, with few appends at once.
type relayed struct{ inner harness }

func (r *relayed) open(tb testing.TB, reducer ledger.Reducer, clock ledger.Clock) httpledger.Source {
	r.inner = harness{backend: &memory{}, options: wide}
	return r.inner.Open(tb, reducer, clock)
}

func (r *relayed) restart(tb testing.TB) httpledger.Source { return r.inner.Restart(tb) }
