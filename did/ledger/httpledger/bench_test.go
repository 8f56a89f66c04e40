package httpledger_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// The load of a directory: connections is how many clients ask at once, each one thing after the other.
const connections = 16

// signed makes so many create operations, ready to be sent.
func signed(b *testing.B, n int) []*realdid.Operation {
	b.Helper()
	ops := make([]*realdid.Operation, n)
	each(len(ops), 2, func(i int) {
		op, err := signedCreate(b)
		if err != nil {
			b.Error(err)
		}
		ops[i] = op
	})
	if b.Failed() {
		b.FailNow()
	}
	return ops
}

func signedCreate(tb testing.TB) (*realdid.Operation, error) {
	var made [3]*keys.PrivateKey
	for i := range made {
		k, err := keys.Generate(keys.Ed25519)
		if err != nil {
			return nil, err
		}
		made[i] = k
	}
	control, next, assertion := made[0], made[1].Public(), made[2].Public()
	d, err := realdid.DraftCreate(&realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{
			{Fragment: "key-1", Key: assertion, Purposes: did.AssertionMethod},
		}},
	})
	if err != nil {
		return nil, err
	}
	if err := d.Sign(tb.Context(), control); err != nil {
		return nil, err
	}
	return d.Operation()
}

// each calls f for 0 to n-1 from so many goroutines and returns how many calls a second there were.
func each(n, goroutines int, f func(i int)) float64 {
	var taken atomic.Int64
	var wg sync.WaitGroup
	begun := time.Now()
	for range goroutines {
		wg.Go(func() {
			for i := int(taken.Add(1)) - 1; i < n; i = int(taken.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
	return float64(n) / time.Since(begun).Seconds()
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

// directory is a durable ledger of identities behind a server, and a client.
type directory struct {
	port   *port
	client *httpledger.Client
}

func newDirectory(b *testing.B) *directory {
	b.Helper()
	lg, err := boltledger.Open(filepath.Join(b.TempDir(), "ledger"), realdid.Reducer(), nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { lg.Close() })
	handler, err := httpledger.NewHandler(lg, &wide)
	if err != nil {
		b.Fatal(err)
	}
	d := &directory{port: newPort(b)}
	b.Cleanup(d.port.serve(handler))
	if d.client, err = httpledger.NewClient(d.port.url(), nil); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { d.client.Close() })
	return d
}

func (d *directory) create(b *testing.B, ops []*realdid.Operation) float64 {
	return each(len(ops), connections, func(i int) {
		if _, err := d.client.Append(b.Context(), ops[i].Identifier().Key(), 0, ops[i].Bytes()); err != nil {
			b.Error(err)
		}
	})
}

// BenchmarkCreate registers identities, signed beforehand: the server checks every signature and syncs every entry. Client
// and server share the processors.
func BenchmarkCreate(b *testing.B) {
	d := newDirectory(b)
	d.create(b, signed(b, 256)) // connections are made
	var rates []float64
	for b.Loop() {
		b.StopTimer()
		ops := signed(b, 2048)
		b.StartTimer()
		rates = append(rates, d.create(b, ops))
	}
	b.ReportMetric(median(rates), "creates/s")
}

// BenchmarkRead reads histories of one entry, and states, by random key: with this package's client, and with one that sends
// bytes prepared beforehand and looks only for the end of the answer, which leaves the processors to the server.
func BenchmarkRead(b *testing.B) {
	d := newDirectory(b)
	ops := signed(b, 4096)
	d.create(b, ops)
	key := func(i int) string { return ops[i*2654435761%len(ops)].Identifier().Key() }
	const calls = 20_000
	for name, read := range map[string]func(i int){
		"History": func(i int) {
			n := 0
			for _, err := range d.client.History(b.Context(), key(i), 0) {
				if n++; err != nil {
					b.Error(err)
				}
			}
			if n != 1 {
				b.Errorf("%d entries", n)
			}
		},
		"State": func(i int) {
			if _, seq, err := d.client.State(b.Context(), key(i)); err != nil || seq != 1 {
				b.Errorf("seq %d, %v", seq, err)
			}
		},
	} {
		b.Run(name+"/client", func(b *testing.B) {
			var rates []float64
			for b.Loop() {
				rates = append(rates, each(calls, connections, read))
			}
			b.ReportMetric(median(rates), "resolves/s")
		})
	}
	for name, path := range map[string]string{"History": "/entries/0", "State": "/state"} {
		b.Run(name+"/bytes", func(b *testing.B) {
			requests := make([][]byte, len(ops))
			for i := range requests {
				requests[i] = []byte("GET /ledger/v1/keys/" + key(i) + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n")
			}
			conns := make(chan *rawConn, connections)
			for range connections {
				conns <- dialRaw(b, d.port)
			}
			var rates []float64
			for b.Loop() {
				rates = append(rates, each(calls, connections, func(i int) {
					c := <-conns
					defer func() { conns <- c }()
					if err := c.exchange(requests[i%len(requests)]); err != nil {
						b.Error(err)
					}
				}))
			}
			b.ReportMetric(median(rates), "resolves/s")
		})
	}
}

// BenchmarkWrk has wrk, if it is installed, read the history of one key for some seconds, as the peers are measured.
func BenchmarkWrk(b *testing.B) {
	wrk, err := exec.LookPath("wrk")
	if err != nil {
		b.Skip("wrk is not installed")
	}
	d := newDirectory(b)
	ops := signed(b, 4096)
	d.create(b, ops)
	for name, path := range map[string]string{"History": "/entries/0", "State": "/state"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				out, err := exec.CommandContext(b.Context(), wrk, "-t1", fmt.Sprint("-c", connections), "-d3s",
					d.port.url()+"/ledger/v1/keys/"+ops[0].Identifier().Key()+path).CombinedOutput()
				found := regexp.MustCompile(`Requests/sec: +([0-9.]+)`).FindSubmatch(out)
				if err != nil || found == nil || strings.Contains(string(out), "Non-2xx") {
					b.Fatalf("%v: %s", err, out)
				}
				rate, _ := strconv.ParseFloat(string(found[1]), 64)
				b.ReportMetric(rate, "resolves/s")
			}
		})
	}
}

// BenchmarkFloor is what net/http does with a handler that answers 300 constant bytes.
func BenchmarkFloor(b *testing.B) {
	p := newPort(b)
	body := make([]byte, 300)
	b.Cleanup(p.serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Content-Type"] = []string{"application/octet-stream"}
		_, _ = w.Write(body)
	})))
	conns := make(chan *rawConn, connections)
	for range connections {
		conns <- dialRaw(b, p)
	}
	var rates []float64
	for b.Loop() {
		rates = append(rates, each(20_000, connections, func(int) {
			c := <-conns
			defer func() { conns <- c }()
			if err := c.exchange([]byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")); err != nil {
				b.Error(err)
			}
		}))
	}
	b.ReportMetric(median(rates), "requests/s")
}

// rawConn is a connection of a client that costs little.
type rawConn struct {
	conn net.Conn
	r    *bufio.Reader
}

func dialRaw(b *testing.B, p *port) *rawConn {
	b.Helper()
	c, err := net.Dial("tcp", p.listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { c.Close() })
	return &rawConn{c, bufio.NewReader(c)}
}

// exchange sends a request and reads the answer, which must be 200 and have a Content-Length.
func (c *rawConn) exchange(request []byte) error {
	if _, err := c.conn.Write(request); err != nil {
		return err
	}
	length := -1
	for first := true; ; first = false {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if first && !strings.HasPrefix(string(line), "HTTP/1.1 200 ") {
			return fmt.Errorf("answer %q", line)
		}
		if len(line) == 2 {
			break
		}
		if name, value, ok := strings.Cut(textproto.TrimString(string(line)), ": "); ok && name == "Content-Length" {
			if length, err = strconv.Atoi(value); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return fmt.Errorf("no length")
	}
	_, err := io.CopyN(io.Discard, c.r, int64(length))
	return err
}
