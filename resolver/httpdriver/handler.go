// Package httpdriver serves DID resolution over HTTP: the HTTP(S) binding of W3C DID Resolution 1.0 (Candidate Recommendation
// Snapshot 2026-07-23, section 12.1), the older contract of the Universal Resolver's drivers by content negotiation, and DID
// Registration 1.0 (DIF) in client-managed secret mode.
//
//	GET, POST /1.0/identifiers/{DID or DID URL}   resolution, and dereferencing (dereference.go)
//	POST      /1.0/create, /1.0/update, /1.0/deactivate, /1.0/execute   registration (registrar.go)
//	GET       /1.0/methods, /1.0/properties, /1.0/traits, /1.0/testIdentifiers   what the Universal Resolver asks
//	GET       /healthz
//
// The media type that the Accept header wants most decides the form of the answer:
//
//	application/did-resolution, application/json, */*    the resolution result; errors in its didResolutionMetadata.error
//	application/did, application/did+json, +ld+json      the document alone; errors as application/problem+json
//	application/ld+json, with or without the profile https://w3id.org/did-resolution   the result as it was before
//	                                                     DID Resolution 1.0: with @context, errors as names such as "notFound"
//
// A deactivated DID is answered with 410 and its document, whatever version was asked for. An answer carries the proof of
// the method's did.Prover, if it has one, in didDocumentMetadata.proof.
//
// Nothing that an answer says needs to be believed by a client that checks the proof; package httpresolver is that client.
package httpdriver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/resolver"
)

// Options of New. A field that is zero means the default.
type Options struct {
	// Methods are the names of the DID methods that are served, for /1.0/methods, logs and metrics. Default: those of the
	// resolver, if it is a resolver.Mux, and of Provers and Registrars.
	Methods    []string
	Provers    map[string]did.Prover    // by method; a resolver that is a did.Prover serves every other method
	Registrars map[string]did.Registrar // by method; none: there is no registration

	Traits          map[string]json.RawMessage // of each method: DID Traits (DIF), a JSON object
	TestIdentifiers map[string][]string        // of each method

	// Fresh is how old an answer about the newest state may be when it is given again, by the handler or by caches between it
	// and the client; what a client gets is never older. Default 1 second, the usual interval between epochs of a ledger;
	// negative: every request asks the resolver. An answer is also never given beyond its NextUpdate.
	Fresh      time.Duration
	CacheBytes int           // of answers that are kept; default 64 MiB; negative: none
	Concurrent int           // requests at one time, beyond which the answer is 503; default 1,024
	Timeout    time.Duration // for one request: reading its body, and what is behind the handler; default 10 seconds

	// RefuseNoCache answers the option noCache with FEATURE_NOT_SUPPORTED, because each such request asks the source.
	RefuseNoCache bool

	Health  func(context.Context) error // of what is behind the handler, for /healthz; nil: healthy
	Log     *slog.Logger                // one record a request, without DID, address or query; nil: none
	Metrics Metrics                     // nil: none
	Now     func() time.Time            // nil: time.Now
}

// A Handler serves resolution and, if it is given Registrars, registration. It is safe for concurrent use.
type Handler struct {
	resolver did.Resolver
	opt      Options
	prover   did.Prover // for methods without one of their own
	answers  *cache
	inflight atomic.Int64
	ages     [][]string // Cache-Control by whole seconds that an answer may still be given
	static   map[string][]byte
}

// New returns a handler that answers with what r answers. Errors: traits that are no JSON objects.
func New(r did.Resolver, opt *Options) (*Handler, error) {
	if r == nil {
		return nil, errors.New("httpdriver: no resolver")
	}
	h := &Handler{resolver: r}
	if opt != nil {
		h.opt = *opt
	}
	o := &h.opt
	setDefault(&o.Fresh, time.Second)
	setDefault(&o.CacheBytes, 64<<20)
	setDefault(&o.Concurrent, 1024)
	setDefault(&o.Timeout, 10*time.Second)
	if o.Fresh < 0 {
		o.Fresh, o.CacheBytes = 0, 0
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	h.answers = newCache(max(o.CacheBytes, 0))
	h.prover, _ = r.(did.Prover)
	for s := range min(o.Fresh/time.Second, 3600) + 1 {
		h.ages = append(h.ages, []string{fmt.Sprintf("max-age=%d, must-revalidate", s)})
	}
	h.setMethods()
	return h, h.setStatic()
}

func setDefault[T int | time.Duration](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}

func (h *Handler) setMethods() {
	o := &h.opt
	if o.Methods == nil {
		set := map[string]bool{}
		if m, ok := h.resolver.(resolver.Mux); ok {
			for name := range m {
				set[name] = true
			}
		}
		for name := range o.Provers {
			set[name] = true
		}
		for name := range o.Registrars {
			set[name] = true
		}
		o.Methods = []string{}
		for name := range set {
			o.Methods = append(o.Methods, name)
		}
	}
	o.Methods = slices.Sorted(slices.Values(o.Methods))
}

// setStatic writes what the Universal Resolver asks of a resolver, once.
func (h *Handler) setStatic() error {
	traits, properties, test := map[string]any{}, map[string]any{}, map[string]any{}
	names := make([]any, 0, len(h.opt.Methods))
	for _, name := range h.opt.Methods {
		names = append(names, name)
		properties[name] = map[string]any{"proof": h.proverOf(name) != nil, "registration": h.opt.Registrars[name] != nil}
		ids := []any{}
		for _, id := range h.opt.TestIdentifiers[name] {
			ids = append(ids, id)
		}
		test[name] = ids
		if t := h.opt.Traits[name]; t != nil {
			v, err := strictjson.Parse(t, strictjson.Limits{})
			if err != nil || v.Kind() != strictjson.Object {
				return fmt.Errorf("httpdriver: traits of %s: not a JSON object", name)
			}
			traits[name] = v.Interface()
		}
	}
	h.static = map[string][]byte{}
	for path, v := range map[string]any{
		"/1.0/methods": names, "/1.0/properties": properties, "/1.0/traits": traits, "/1.0/testIdentifiers": test,
	} {
		b, err := strictjson.Canonical(v)
		if err != nil {
			return fmt.Errorf("httpdriver: %s: %w", path, err)
		}
		h.static[path] = b
	}
	return nil
}

func (h *Handler) proverOf(method string) did.Prover {
	if p, ok := h.opt.Provers[method]; ok {
		return p
	}
	return h.prover
}

// Forget drops the answers that are kept about id, for those who know that it has changed.
func (h *Handler) Forget(id did.DID) { h.answers.forget(id) }

const identifiers = "/1.0/identifiers/"

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := exchange{h: h, w: w, r: r, now: h.opt.Now()}
	defer h.inflight.Add(-1)
	if h.inflight.Add(1) > int64(h.opt.Concurrent) {
		x.route = "busy"
		w.Header().Set("Retry-After", "1")
		x.problem(http.StatusServiceUnavailable, "too many requests at one time")
	} else {
		x.serve()
	}
	x.observe()
}

func (x *exchange) serve() {
	h, path := x.h, x.r.URL.EscapedPath()
	switch {
	case strings.HasPrefix(path, identifiers):
		x.route = "identifiers"
		x.identifiers(path[len(identifiers):])
	case path == strings.TrimSuffix(identifiers, "/"):
		x.route = "identifiers"
		x.identifiers("")
	case path == "/healthz":
		x.route = "healthz"
		x.health()
	case h.static[path] != nil:
		x.route = "about"
		if x.allow(http.MethodGet, http.MethodHead) {
			x.send(http.StatusOK, typeJSON, h.static[path])
		}
	case len(h.opt.Registrars) > 0 && registrarOperation(path) != "":
		x.route = registrarOperation(path)
		if x.allow(http.MethodPost) {
			x.register(x.route)
		}
	default:
		x.route = "unknown"
		x.problem(http.StatusNotFound, "no such path")
	}
}

// allow refuses other methods than these.
func (x *exchange) allow(methods ...string) bool {
	if slices.Contains(methods, x.r.Method) {
		return true
	}
	x.w.Header().Set("Allow", strings.Join(append(methods, http.MethodOptions), ", "))
	if x.r.Method == http.MethodOptions {
		x.status = http.StatusNoContent
		x.w.WriteHeader(x.status)
		return false
	}
	x.problem(http.StatusMethodNotAllowed, "method not allowed here")
	return false
}

func (x *exchange) health() {
	if !x.allow(http.MethodGet, http.MethodHead) {
		return
	}
	x.w.Header().Set("Cache-Control", "no-store")
	if check := x.h.opt.Health; check != nil {
		ctx, cancel := context.WithTimeout(x.r.Context(), x.h.opt.Timeout)
		defer cancel()
		if check(ctx) != nil {
			x.send(http.StatusServiceUnavailable, typeText, []byte("unhealthy\n"))
			return
		}
	}
	x.send(http.StatusOK, typeText, []byte("ok\n"))
}
