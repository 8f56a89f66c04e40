package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger/httpledger"
)

// stopPatience is how long requests under way may take when a server is told to stop.
const stopPatience = 10 * time.Second

// A service is a server together with what works behind it.
type service struct {
	ready   serviceJSON
	handler http.Handler
	run     func(context.Context) error // works until its context ends; or nil
	drain   func()                      // ends what requests wait for, before they are waited for; or nil
	close   func() error                // lets go of files, at the very end
	tls     net.Listener                // a second place, with TLS on it; or nil
}

// serviceJSON is what a server prints when it answers.
type serviceJSON struct {
	Service string `json:"service"` // "ledger", "witness", "mirror", "auditor", "resolver", "vcalm", "authority" or "platform"
	URL     string `json:"url"`
	TLSURL  string `json:"tlsUrl,omitempty"`
	Domain  string `json:"domain,omitempty"`
	Name    string `json:"name,omitempty"` // of the key by which it signs, or of the identity
	DID     string `json:"did,omitempty"`
	Dir     string `json:"dir,omitempty"` // where it keeps its state
}

// serveFlags are those of every server.
type serveFlags struct {
	addr, dir string
	create    bool
	verbose   bool
}

func (f *serveFlags) register(c *cobra.Command, addr string) {
	fl := c.Flags()
	fl.StringVar(&f.addr, "addr", "", "listen on `HOST:PORT` (default "+addr+"); port 0 is any that is free")
	fl.BoolVar(&f.verbose, "verbose", false, "log each request, without saying who asked for what")
}

// registerState is for servers that keep something.
func (f *serveFlags) registerState(c *cobra.Command) {
	fl := c.Flags()
	fl.StringVar(&f.dir, "dir", "", "keep the state in `DIR` (default state/NAME in the domain's folder)")
	fl.BoolVar(&f.create, "create", false, "make the state: for the first start with a new key, and never after")
}

// ticking makes of the clock of --at one that goes on from there: a server outlives the moment at which it was started.
func (a *app) ticking() {
	if a.flags.at == "" {
		return
	}
	begun, at := time.Now(), a.now()
	a.now = func() time.Time { return at.Add(time.Since(begun)) }
}

// serve runs a service until somebody wants it to end: then it takes no more connections, finishes what is under way, and returns
// nil. The line on standard output appears when it answers.
func (a *app) serve(ctx context.Context, ln net.Listener, f *serveFlags, s *service) (err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() { err = errors.Join(err, s.close()) }()
	log := a.logger()
	server := newHTTPServer(f.logged(s.handler, log), log)
	if s.drain != nil {
		server.RegisterOnShutdown(s.drain)
	}
	ended := make(chan error, 3)
	var behind sync.WaitGroup
	for _, l := range []net.Listener{ln, s.tls} {
		if l == nil {
			continue
		}
		behind.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				ended <- err
			}
		})
	}
	if s.run != nil {
		behind.Go(func() {
			if err := s.run(ctx); err != nil && ctx.Err() == nil {
				ended <- err
			}
		})
	}
	s.ready.URL = "http://" + ln.Addr().String()
	if err = a.sayReady(&s.ready); err == nil {
		select {
		case <-ctx.Done():
		case err = <-ended:
		}
	}
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), stopPatience)
	defer done()
	cancel()
	if server.Shutdown(grace) != nil {
		_ = server.Close()
	}
	behind.Wait()
	return err
}

// newHTTPServer bounds connections, heads, and, where a handler does not do so itself, the time of a request.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	s := httpledger.NewServer(h, nil)
	s.ReadTimeout, s.WriteTimeout = time.Minute, 90*time.Second
	s.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug) // it names addresses
	return s
}

func (a *app) sayReady(s *serviceJSON) error {
	if !a.flags.json {
		also := ""
		if s.TLSURL != "" {
			also = " and " + s.TLSURL
		}
		_, err := fmt.Fprintf(a.stdout, "listening on %s%s\n", s.URL, also)
		return err
	}
	b, err := json.Marshal(s) // one line, because the stream goes on being open
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%s\n", b)
	return err
}

// logger writes for who runs a server: texts for people, JSON lines with --json.
func (a *app) logger() *slog.Logger {
	if a.flags.json {
		return slog.New(slog.NewJSONHandler(a.stderr, nil))
	}
	return slog.New(slog.NewTextHandler(a.stderr, nil))
}

// logged logs each request to h with the pattern that it fell under, which says neither who asked nor for what.
func (f *serveFlags) logged(h http.Handler, log *slog.Logger) http.Handler {
	if !f.verbose {
		return h
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun, s := time.Now(), &statusWriter{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(s, r)
		log.Info("request", "method", r.Method, "route", r.Pattern, "status", s.status, "duration", time.Since(begun))
	})
}

// A statusWriter remembers the status of an answer.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter.
func (s *statusWriter) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (s *statusWriter) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// repeatAfter is how often the same trouble is told again.
const repeatAfter = time.Minute

// identifiers are the keys by which ledgers know identities.
var identifiers = regexp.MustCompile(`\b[qs][a-z2-7]{52}\b`)

// troubles tells what goes wrong again and again when it begins, and from time to time while it lasts.
func troubles(log *slog.Logger) func(error) {
	var mu sync.Mutex
	told := map[string]time.Time{}
	return func(err error) {
		if err == nil || errors.Is(err, context.Canceled) {
			return
		}
		text := withoutPackages(strings.ReplaceAll(err.Error(), "\n", "; "))
		text = identifiers.ReplaceAllString(text, "(identifier)") // a ledger's trouble can name them
		mu.Lock()
		defer mu.Unlock()
		if at, ok := told[text]; ok && time.Since(at) < repeatAfter {
			return
		}
		if len(told) > 100 {
			clear(told)
		}
		told[text] = time.Now()
		log.Warn(text)
	}
}
