package didcommhttp

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/realdid/realdid/did/didcomm"
)

var mediaTypes = []string{didcomm.MediaTypeEncrypted, didcomm.MediaTypeSigned, didcomm.MediaTypePlaintext}

// HandlerOptions are the limits of a Handler. A zero field means the default.
type HandlerOptions struct {
	MediaTypes []string      // that are taken; default didcomm.MediaTypeEncrypted alone
	MaxSize    int64         // bytes of a message; default, and at most, didcomm.MaxMessage
	MaxAtOnce  int           // messages that are worked on at the same time; default 8
	MaxBytes   int64         // of messages that come in or are worked on, together; default 8 times MaxSize, at least twice
	Timeout    time.Duration // for the whole of a message to come in; default 30 s
}

const defaultAtOnce = 8

// Handler takes messages that are posted to it. It is safe for concurrent use.
type Handler struct {
	receive func(ctx context.Context, packed []byte) error
	opt     HandlerOptions
	slots   chan struct{}
	held    atomic.Int64 // bytes of messages that come in or are worked on
}

// NewHandler returns a handler that gives every message to receive, which is called by several goroutines at once and answers for
// what a message says of itself: its media type was looked at, and its content was not. What receive returns decides the status:
// nil 202; an error that is didcomm.ErrInvalid or ErrRefused 400, which tells the sender not to send these bytes again; every other error
// 503, after which the sender may. No answer has a body. opt may be nil.
//
// The sender may be anybody, and a status that depends on what is in the message, or on who is said to have sent it, tells them what this
// side can open and whom it can resolve. DIDComm (section "Transports", "Delivery") has no such answer: towards strangers receive puts the
// message into a queue, returns nil, and what comes of it goes back as a message. Packed is receive's own.
func NewHandler(receive func(ctx context.Context, packed []byte) error, opt *HandlerOptions) *Handler {
	h := &Handler{receive: receive}
	if opt != nil {
		h.opt = *opt
		h.opt.MediaTypes = slices.Clone(opt.MediaTypes)
	}
	if h.opt.MediaTypes == nil {
		h.opt.MediaTypes = []string{didcomm.MediaTypeEncrypted}
	}
	if h.opt.MaxSize <= 0 || h.opt.MaxSize > didcomm.MaxMessage {
		h.opt.MaxSize = didcomm.MaxMessage
	}
	if h.opt.MaxAtOnce <= 0 {
		h.opt.MaxAtOnce = defaultAtOnce
	}
	if h.opt.Timeout <= 0 {
		h.opt.Timeout = defaultTimeout
	}
	if h.opt.MaxBytes <= 0 {
		h.opt.MaxBytes = defaultAtOnce * h.opt.MaxSize
	}
	h.opt.MaxBytes = max(h.opt.MaxBytes, 2*(h.opt.MaxSize+1))
	h.slots = make(chan struct{}, h.opt.MaxAtOnce)
	return h
}

// ServeHTTP implements http.Handler. Statuses besides those of NewHandler: 405 for another method than POST, 415 for another media type or a
// content encoding, 413 over the limit of size, 408 for a message that does not come in, 503 with Retry-After if too many come at once.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	status := h.status(w, r)
	switch status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
}

func (h *Handler) status(w http.ResponseWriter, r *http.Request) int {
	if r.Method != http.MethodPost {
		return http.StatusMethodNotAllowed
	}
	if !h.takes(r.Header) {
		return http.StatusUnsupportedMediaType
	}
	if r.ContentLength > h.opt.MaxSize {
		return http.StatusRequestEntityTooLarge
	}
	packed, status := h.read(w, r)
	defer h.held.Add(-int64(cap(packed)))
	if status != 0 {
		return status
	}
	select { // not before: who is slow to send takes nobody's place
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		return http.StatusServiceUnavailable
	}
	err := h.receive(r.Context(), packed)
	switch {
	case err == nil:
		return http.StatusAccepted
	case errors.Is(err, didcomm.ErrInvalid), errors.Is(err, ErrRefused):
		return http.StatusBadRequest
	}
	return http.StatusServiceUnavailable
}

// takes looks at the one media type; parameters, such as a charset, change nothing.
func (h *Handler) takes(header http.Header) bool {
	types := header.Values("Content-Type")
	if len(types) != 1 || header.Get("Content-Encoding") != "" {
		return false
	}
	media, _, err := mime.ParseMediaType(types[0])
	return err == nil && slices.Contains(h.opt.MediaTypes, media)
}

// read returns the message, or a status. The capacity of what it returns, in either case, was added to held.
func (h *Handler) read(w http.ResponseWriter, r *http.Request) ([]byte, int) {
	// A server without deadlines, as in tests, is a server that waits.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(h.opt.Timeout))
	body := http.MaxBytesReader(w, r.Body, h.opt.MaxSize)
	var b []byte
	for {
		if len(b) == cap(b) {
			grown := h.grow(b, r.ContentLength)
			if grown == nil {
				return b, http.StatusServiceUnavailable
			}
			b = grown
		}
		n, err := body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			if len(b) == 0 {
				return b, http.StatusBadRequest
			}
			_ = control.SetReadDeadline(time.Time{})
			return b, 0
		case errors.As(err, new(*http.MaxBytesError)):
			return b, http.StatusRequestEntityTooLarge
		default:
			return b, http.StatusRequestTimeout
		}
	}
}

const firstBuffer = 4 << 10

// grow returns b with more room, as it is known to need by now: what is announced is no reason to hold memory for it. It returns nil
// if all messages together would be too large.
func (h *Handler) grow(b []byte, announced int64) []byte {
	size := min(max(4*int64(cap(b)), firstBuffer), h.opt.MaxSize+1)
	if announced >= int64(len(b)) { // one byte more, to see the end
		size = min(size, announced+1)
	}
	if h.held.Add(size) > h.opt.MaxBytes {
		h.held.Add(-size)
		return nil
	}
	grown := make([]byte, len(b), size)
	copy(grown, b)
	h.held.Add(-int64(cap(b)))
	return grown
}
