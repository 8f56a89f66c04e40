package httpledger

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// append serves PUT keys/{key}/entries/{seq}.
func (h *Handler) append(w http.ResponseWriter, r *http.Request, at resource, client netip.Addr) {
	if h.appends != nil {
		if wait := h.appends.take(client); wait > 0 {
			h.refuse(w, &refusal{code: Limited, retry: wait, detail: "too many appends of this client"})
			return
		}
	}
	op, p := readOperation(w, r)
	if p != nil {
		h.refuse(w, p)
		return
	}
	added, p, err := h.mayAdd(r.Context(), at, op)
	switch {
	case err != nil:
		h.fail(w, r, err)
		return
	case p != nil:
		h.refuse(w, p)
		return
	}
	retry, ok := h.gate.enter(r.Context())
	if !ok {
		h.refuse(w, &refusal{code: Busy, retry: retry, detail: "too many appends at once"})
		return
	}
	e, err := h.hand(r.Context(), at, op)
	if err != nil {
		if h.appends != nil && errors.Is(err, ledger.ErrInvalid) {
			h.appends.charge(client, h.opt.RefusedCost)
		}
		h.fail(w, r, err)
		return
	}
	if added && h.keys != nil {
		h.keys.charge(at.key, 1)
	}
	var buf [anchorSize]byte
	h.answer(w, appendAnchor(buf[:0], e.Anchor))
}

// hand gives an operation to the ledger, and the slot back.
func (h *Handler) hand(ctx context.Context, at resource, op []byte) (ledger.Entry, error) {
	defer h.gate.leave(time.Now())
	ctx, cancel := context.WithTimeout(ctx, h.opt.AppendTime)
	defer cancel()
	return h.ledger.Append(ctx, at.key, at.number, op)
}

// mayAdd looks whether an append would add an entry that counts, rather than repeat one or collide with it, and whether the key's
// limit allows that.
func (h *Handler) mayAdd(ctx context.Context, at resource, op []byte) (added bool, p *refusal, err error) {
	if h.keys == nil || h.opt.Overrules != nil && h.opt.Overrules(op) {
		return false, nil, nil
	}
	_, length, err := h.ledger.State(ctx, at.key)
	if err != nil || length != at.number {
		return false, nil, err
	}
	if wait := h.keys.wait(at.key); wait > 0 {
		return false, &refusal{code: Limited, retry: wait, detail: "too many entries for this key"}, nil
	}
	return true, nil, nil
}

// readOperation reads the body of a PUT, of which no more is taken into memory than an operation may have.
func readOperation(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	if t := r.Header["Content-Type"]; len(t) != 1 || t[0] != media {
		return nil, &refusal{code: Malformed, status: http.StatusUnsupportedMediaType, detail: "the body must be " + media}
	}
	if len(r.Header["Content-Encoding"]) > 0 {
		return nil, &refusal{code: Malformed, status: http.StatusUnsupportedMediaType, detail: "the body must not be encoded"}
	}
	switch size := r.ContentLength; {
	case size < 0:
		w.Header().Set("Connection", "close")
		return nil, &refusal{code: Malformed, status: http.StatusLengthRequired, detail: "no Content-Length"}
	case size == 0 || size > ledger.MaxOpSize:
		if size > 0 {
			w.Header().Set("Connection", "close")
		}
		return nil, &refusal{code: TooLarge, detail: strconv.FormatInt(size, 10) + " bytes"}
	}
	op := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, op); err != nil {
		w.Header().Set("Connection", "close")
		return nil, &refusal{code: Timeout, status: http.StatusRequestTimeout, retry: time.Second, detail: "the body did not arrive"}
	}
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // or the wait for the next request would end this one
	return op, nil
}

var pages = sync.Pool{New: func() any { return new([]byte) }}

// page serves what one answer holds of entries.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, entries iter.Seq2[ledger.Entry, error]) {
	buf := pages.Get().(*[]byte)
	defer pages.Put(buf)
	b := append((*buf)[:0], pageLast)
	var failed error
	for e, err := range entries {
		if err != nil {
			failed = err
			break
		}
		if b = appendEntry(b, &e); len(b) >= pageSize {
			b[0] = pageMore
			break
		}
	}
	*buf = b
	if failed != nil {
		h.fail(w, r, failed)
		return
	}
	h.answer(w, b)
}

// state serves GET keys/{key}/state.
func (h *Handler) state(w http.ResponseWriter, r *http.Request, key string) {
	state, seq, err := h.ledger.State(r.Context(), key)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	buf := pages.Get().(*[]byte)
	defer pages.Put(buf)
	*buf = append(binary.BigEndian.AppendUint64((*buf)[:0], seq), state...)
	h.answer(w, *buf)
}

// proof serves GET keys/{key}/proof/{entries}.
func (h *Handler) proof(w http.ResponseWriter, r *http.Request, at resource) {
	if h.prover == nil {
		h.refuse(w, &refusal{code: NotSupported, detail: "this ledger has no proofs"})
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), h.opt.ProofTime)
	defer cancel()
	b, err := h.prover.Prove(ctx, at.key, at.number)
	switch {
	case err != nil && errors.Is(err, context.DeadlineExceeded):
		h.refuse(w, &refusal{code: Pending, retry: time.Second, detail: "no proof covers so many entries yet"})
	case err != nil:
		h.fail(w, r, err)
	case len(b) == 0 || len(b) > maxProof:
		h.fail(w, r, errors.New("httpledger: the proof is empty or too large"))
	default:
		h.answer(w, b)
	}
}

// last serves GET last.
func (h *Handler) last(w http.ResponseWriter) {
	if h.laster == nil {
		h.refuse(w, &refusal{code: NotSupported, detail: "this ledger does not tell its last anchor"})
		return
	}
	var b []byte
	if last, ok := h.laster.Last(); ok {
		b = appendAnchor(nil, last)
	}
	h.answer(w, b)
}

// health serves GET health: whether the ledger can be read.
func (h *Handler) health(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), h.opt.QueueTime)
	defer cancel()
	if _, _, err := h.ledger.State(ctx, "health"); err != nil {
		h.fail(w, r, err)
		return
	}
	h.answer(w, nil)
}
