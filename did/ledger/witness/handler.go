package witness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// HandlerOptions of [NewHandler]; nil means the defaults.
type HandlerOptions struct {
	MaxBody     int64         // bytes of a request; default MaxRequestSize
	MaxInFlight int           // requests at once, others wait; default 64
	Timeout     time.Duration // for a request, from its first byte to the answer; default 30 s

	// OnError is told why a request got 500 or 503; those who asked are not.
	OnError func(error)
}

const (
	sizeType    = "text/x.tlog.size"
	readTimeout = 10 * time.Second // for a body
)

type handler struct {
	c        Cosigner
	maxBody  int64
	timeout  time.Duration
	onError  func(error)
	inFlight chan struct{}
	reading  chan struct{} // many more: whoever sends slowly must not keep others out
}

// NewHandler serves c as C2SP tlog-witness has it: POST /add-checkpoint and nothing else. Put it behind http.StripPrefix for a
// submission prefix with a path. Limits on headers are the http.Server's.
func NewHandler(c Cosigner, opt *HandlerOptions) http.Handler {
	if opt == nil {
		opt = &HandlerOptions{}
	}
	h := &handler{c: c, maxBody: opt.MaxBody, timeout: opt.Timeout, onError: opt.OnError}
	if h.onError == nil {
		h.onError = func(error) {}
	}
	if h.maxBody <= 0 {
		h.maxBody = MaxRequestSize
	}
	if h.timeout <= 0 {
		h.timeout = 30 * time.Second
	}
	n := opt.MaxInFlight
	if n <= 0 {
		n = 64
	}
	h.inFlight, h.reading = make(chan struct{}, n), make(chan struct{}, 16*n)
	mux := http.NewServeMux()
	mux.Handle("POST /add-checkpoint", h)
	return mux
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), h.timeout)
	defer cancel()
	body, err := h.read(w, r)
	if errors.Is(err, errBusy) {
		h.answer(w, nil, err)
		return
	}
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		http.Error(w, fmt.Sprintf("the request has more than %d bytes", h.maxBody), http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		http.Error(w, "the request was not received", http.StatusBadRequest)
		return
	}
	req, err := ParseRequest(body)
	if err != nil {
		h.answer(w, nil, err)
		return
	}
	select {
	case h.inFlight <- struct{}{}:
		defer func() { <-h.inFlight }()
	case <-ctx.Done():
		h.answer(w, nil, errBusy)
		return
	}
	lines, err := h.c.Cosign(ctx, req.OldSize, req.Consistency, req.Note)
	h.answer(w, lines, err)
}

// read reads the body, which has to come soon.
func (h *handler) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	select {
	case h.reading <- struct{}{}:
		defer func() { <-h.reading }()
	default:
		return nil, errBusy
	}
	// A server that knows no deadlines has its own limits.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(min(h.timeout, readTimeout)))
	return io.ReadAll(http.MaxBytesReader(w, r.Body, h.maxBody))
}

// classes of errors and what they are in HTTP.
var classes = []struct {
	err    error
	status int
}{
	{ErrMalformed, http.StatusBadRequest},
	{ErrSignature, http.StatusForbidden},
	{ErrUnknownLog, http.StatusNotFound},
	{ErrConflict, http.StatusConflict},
	{ErrRefused, http.StatusUnprocessableEntity},
	{ErrUnavailable, http.StatusServiceUnavailable},
}

// answer writes signature lines or the error. What goes wrong here, and not in the request, is not told to strangers.
func (h *handler) answer(w http.ResponseWriter, lines []byte, err error) {
	w.Header().Set("Cache-Control", "no-store")
	if err == nil {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(lines)
		return
	}
	if size := (*SizeError)(nil); errors.As(err, &size) {
		w.Header().Set("Content-Type", sizeType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusConflict)
		fmt.Fprintf(w, "%d\n", size.Size)
		return
	}
	for _, c := range classes {
		if errors.Is(err, c.err) {
			text := err.Error()
			if c.err == ErrUnavailable {
				h.onError(err)
				w.Header().Set("Retry-After", "1")
				text = c.err.Error()
			}
			http.Error(w, text, c.status)
			return
		}
	}
	h.onError(err)
	http.Error(w, "not possible at the moment", http.StatusInternalServerError)
}
