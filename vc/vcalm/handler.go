package vcalm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Handler serves the endpoints of this package. It is safe for concurrent use.
type Handler struct {
	opt     Options
	mux     *http.ServeMux
	issuers map[string]*Issuer // by path
	lists   *lists             // nil: the issuers keep none
	slots   chan struct{}
}

// New returns a handler.
func New(opt *Options) (*Handler, error) {
	o, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Handler{opt: o, mux: http.NewServeMux(), issuers: map[string]*Issuer{}, slots: make(chan struct{}, o.MaxConcurrent)}
	for i := range o.Issuers {
		issuer := &o.Issuers[i]
		if h.issuers[issuer.Path()] != nil {
			return nil, fmt.Errorf("vcalm: two issuers have the path %s", issuer.Path())
		}
		h.issuers[issuer.Path()] = issuer
	}
	if o.Status != nil {
		h.lists = newLists(o.Status.BaseURL, o.Contexts, o.Clock)
	}
	h.route("/issuers", http.MethodGet, h.serveIssuers)
	h.route("/issuers/{cryptosuite}/{key}/credentials/issue", http.MethodPost, h.serveIssue)
	h.route("/issuers/{cryptosuite}/{key}/credentials/status", http.MethodPost, h.serveStatus)
	h.route("/credentials/derive", http.MethodPost, h.serveDerive)
	h.route("/credentials/verify", http.MethodPost, h.serveVerifyCredential)
	h.route("/credentials/status", http.MethodPost, h.serveStatus)
	h.route("/presentations/verify", http.MethodPost, h.serveVerifyPresentation)
	h.route("/status-lists/{id}", http.MethodGet, h.serveList)
	h.route("/status-lists/{id}/publish", http.MethodPost, h.servePublish)
	h.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { notFound("there is nothing at this path").write(w, nil) })
	return h, nil
}

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.mux.ServeHTTP(w, r) }

func notFound(detail string) *failure {
	return fail(http.StatusNotFound, problem(typesOfVCALM, "NOT_FOUND", detail))
}

// slotPatience is how long a request waits while too many others are worked on.
const slotPatience = time.Second

// route serves a path by one method: GET, which HEAD goes with, or POST. serve answers, or returns why it did not: a *failure, or an error
// that is this handler's own.
func (h *Handler) route(path, method string, serve func(http.ResponseWriter, *http.Request) error) {
	allow := method
	if method == http.MethodGet {
		allow = "GET, HEAD"
	}
	h.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method && !(method == http.MethodGet && r.Method == http.MethodHead) {
			w.Header().Set("Allow", allow)
			fail(http.StatusMethodNotAllowed, problem(typesOfVCALM, "METHOD_NOT_ALLOWED", "the method is not "+allow)).write(w, nil)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), h.opt.Timeout)
		defer cancel()
		err := h.receive(w, r) // before it takes a place, which a slow client would keep
		if err == nil {
			err = h.slot(ctx)
		}
		if err == nil {
			defer func() { <-h.slots }()
			err = serve(w, r.WithContext(ctx))
		}
		switch f, ok := errors.AsType[*failure](err); {
		case err == nil:
		case ok:
			f.write(w, nil)
		default:
			fail(http.StatusInternalServerError, problem(typesOfVCALM, "INTERNAL_ERROR", "")).write(w, nil)
		}
	})
}

// slot waits for a place among those that are worked on.
func (h *Handler) slot(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(slotPatience)
	defer t.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
	case <-t.C:
	}
	return fail(http.StatusServiceUnavailable, problem(typesOfVCALM, "BUSY", "too many requests are under way"))
}

// issuer returns the issuer that the path names.
func (h *Handler) issuer(r *http.Request) (*Issuer, error) {
	if i := h.issuers[r.PathValue("cryptosuite")+"/"+r.PathValue("key")]; i != nil {
		return i, nil
	}
	return nil, notFound("there is no such issuer; GET /issuers lists them")
}

func (h *Handler) serveIssuers(w http.ResponseWriter, _ *http.Request) error {
	dids := make(map[string]string, len(h.issuers))
	for path, i := range h.issuers {
		dids[path] = i.Method.DID().String()
	}
	writeJSON(w, http.StatusOK, "application/json", dids)
	return nil
}
