package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/httpledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/httpdriver"
)

// A directory is what others create and resolve identities at over HTTP: durable entries, log and map, resolution with proofs.
type directory struct {
	ledger *provenLedger
	addr   string
	server *http.Server
}

const identifiersPath = "/1.0/identifiers/"

// openDirectory serves one on loopback, and returns what ends it. opt is for resolution.
func openDirectory(opt httpdriver.Options) (*directory, func() error, error) {
	p, closeLedger, err := tempProven()
	if err != nil {
		return nil, nil, err
	}
	m, err := p.method(64 << 20)
	if err != nil {
		return nil, closeLedger, err
	}
	writes, err := httpledger.NewHandler(p.log, &httpledger.Options{InsecureNoLimits: true, MaxClientRequests: maxThreads, MaxRequests: maxThreads})
	if err != nil {
		return nil, closeLedger, err
	}
	opt.Provers = map[string]did.Prover{"realdid": m}
	answers, err := httpdriver.New(resolver.Mux{"realdid": m}, &opt)
	if err != nil {
		return nil, closeLedger, err
	}
	mux := http.NewServeMux()
	mux.Handle("/ledger/v1/", writes)
	mux.Handle("/1.0/", answers)
	d, stop, err := serve(mux)
	if err != nil {
		return nil, closeLedger, err
	}
	d.ledger = p
	return d, func() error { return errors.Join(stop(), closeLedger()) }, nil
}

func serve(h http.Handler) (*directory, func() error, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	d := &directory{addr: ln.Addr().String(), server: httpledger.NewServer(h, &httpledger.ServerOptions{MaxClientConns: maxThreads + 1})}
	ended := make(chan error, 1)
	go func() { ended <- d.server.Serve(ln) }()
	return d, func() error {
		err := d.server.Close()
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) {
			err = errors.Join(err, e)
		}
		return err
	}, nil
}

// register puts n identities on the ledger, whose holder is h, and waits until they are proven.
func (d *directory) register(ctx context.Context, h *holder, n, operations int) ([]did.DID, error) {
	ids, errs := make([]did.DID, n), make([]error, n)
	turns := make(chan struct{}, 64)
	var work sync.WaitGroup
	for i := range ids {
		turns <- struct{}{}
		work.Go(func() {
			ids[i], errs[i] = h.register(ctx, d.ledger.entries, operations)
			<-turns
		})
	}
	work.Wait()
	return ids, errors.Join(append(errs, d.ledger.log.Seal(ctx))...)
}

// requests returns a function for each thread that asks for the paths, by chance, over a connection of its own.
func (d *directory) requests(paths []string, threads int) ([]func() error, error) {
	prepared := make([][]byte, len(paths))
	for i, path := range paths {
		prepared[i] = fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAccept: %s\r\n\r\n", path, d.addr, did.ResolutionMediaType)
	}
	fns := make([]func() error, threads)
	for i := range fns {
		c, err := dial(d.addr)
		if err != nil {
			return nil, err
		}
		fns[i] = func() error { return c.exchange(prepared[rand.IntN(len(prepared))]) }
	}
	return fns, nil
}

// resolves asks for identities of two operations each, as the peer's directory is asked.
func resolves(identities int, opt httpdriver.Options) func(plan) ([]func() error, func() error, error) {
	return func(p plan) ([]func() error, func() error, error) {
		d, stop, err := openDirectory(opt)
		if err != nil {
			return nil, stop, err
		}
		h, err := newHolder()
		if err != nil {
			return nil, stop, err
		}
		ids, err := d.register(context.Background(), h, identities, 2)
		if err != nil {
			return nil, stop, err
		}
		paths := make([]string, len(ids))
		for i, id := range ids {
			paths[i] = identifiersPath + id.String()
		}
		fns, err := d.requests(paths, p.threads)
		return fns, stop, err
	}
}

func directoryCases() []benchCase {
	ctx := context.Background()
	return []benchCase{
		{
			name: "directory-create", op: "directory over HTTP: create, durable, log and map beside, threads = connections", peer: peer, batch: 1, waits: true,
			setup: func(p plan) ([]func() error, func() error, error) {
				d, stop, err := openDirectory(httpdriver.Options{})
				if err != nil {
					return nil, stop, err
				}
				client, err := httpledger.NewClient("http://"+d.addr, nil)
				if err != nil {
					return nil, stop, err
				}
				fns, _, err := each(func() (func() error, error) {
					next, err := creates(ctx, p)
					return func() error {
						op, err := next()
						if err != nil {
							return err
						}
						e, err := client.Append(ctx, op.key, 0, op.bytes)
						if err != nil {
							return err
						}
						return right(e.Seq == 0)
					}, err
				})(p)
				return fns, func() error { return errors.Join(client.Close(), stop()) }, err
			},
		},
		{
			name: "directory-resolve", op: "directory over HTTP: resolve one identity (log of 2), proved, threads = connections", peer: peer, batch: 1, waits: true,
			setup: resolves(1, httpdriver.Options{}),
		},
		{
			name: "directory-resolve-any", op: "directory over HTTP: resolve any of 1,000 (log of 2), proved, no answer kept, threads = connections", peer: peer, batch: 1, waits: true,
			setup: resolves(1000, httpdriver.Options{Fresh: -1, CacheBytes: -1}),
		},
		{
			name: "floor-http", op: "floor: HTTP GET on loopback, 6,000 bytes, threads = connections", peer: std, batch: 1, waits: true,
			setup: func(p plan) ([]func() error, func() error, error) {
				body := make([]byte, 6000)
				d, stop, err := serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header()["Content-Type"] = []string{did.ResolutionMediaType}
					w.Header()["Content-Length"] = []string{"6000"}
					_, _ = w.Write(body)
				}))
				if err != nil {
					return nil, nil, err
				}
				fns, err := d.requests([]string{"/"}, p.threads)
				return fns, stop, err
			},
		},
		{
			name: "ledger-append-proven", op: "durable creates on the embedded ledger, log and map beside, threads = writers", peer: peer, batch: 1, waits: true,
			setup: func(p plan) ([]func() error, func() error, error) {
				l, stop, err := tempProven()
				if err != nil {
					return nil, nil, err
				}
				fns, _, err := each(func() (func() error, error) {
					next, err := creates(ctx, p)
					return func() error {
						op, err := next()
						if err != nil {
							return err
						}
						_, err = l.log.Append(ctx, op.key, 0, op.bytes)
						return err
					}, err
				})(p)
				return fns, stop, err
			},
		},
		{
			name: "resolve-proved", op: "did:realdid resolve from the embedded ledger, create + 3 operations, full replay and proof, 3 cosigners", peer: peer, batch: 1,
			setup: func(p plan) ([]func() error, func() error, error) {
				l, stop, err := tempProven()
				if err != nil {
					return nil, nil, err
				}
				fns, _, err := each(func() (func() error, error) { return resolveProved(ctx, l) })(p)
				return fns, stop, err
			},
		},
	}
}

func resolveProved(ctx context.Context, l *provenLedger) (func() error, error) {
	h, err := newHolder()
	if err != nil {
		return nil, err
	}
	id, err := h.register(ctx, l.entries, replayed)
	if err != nil {
		return nil, err
	}
	var m *realdid.Method
	if m, err = l.method(0); err != nil {
		return nil, err
	}
	return func() error {
		r, err := m.Resolve(ctx, id, nil)
		if err != nil {
			return err
		}
		return right(r.Evidence.Latest && r.Evidence.Replayed)
	}, l.log.Seal(ctx)
}
