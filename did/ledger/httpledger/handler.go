package httpledger

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// A Source is what a [Handler] serves. If it also is a [ledger.Prover], or has the method of a [Laster], these are served as
// well.
type Source interface {
	ledger.Ledger
	ledger.Follower
	ledger.Stater
}

// A Laster knows the anchor of its last entry; ok is false while it has none.
type Laster interface {
	Last() (last ledger.Anchor, ok bool)
}

// Options of [NewHandler]; nil means the defaults.
type Options struct {
	Limits           Limits
	InsecureNoLimits bool // no Limits; the bounds below stay

	MaxRequests       int // that are served at once; default 512. More are told to come back.
	MaxClientRequests int // of them, for one client; default 64
	MaxAppends        int // that are handed to the ledger at once; default 256. Others wait for QueueTime.

	QueueTime   time.Duration // default 2 s
	BodyTime    time.Duration // within which a client must have sent an operation; default 10 s
	AnswerTime  time.Duration // within which a client must have taken an answer; default 30 s
	AppendTime  time.Duration // after which an append is answered with Timeout; default 30 s
	ProofTime   time.Duration // after which a proof that is not there yet is answered with Pending; default 20 s
	RefusedCost int           // further tokens of Limits.Appends that a client loses by an append that is refused as Invalid; default 4

	// Overrules tells of an operation whether it is of a kind that who holds lesser keys of the same key of the ledger cannot make.
	// Limits.Key neither stops nor counts these: else a thief of lesser keys could use it up, and so hold up the owner. What is
	// refused in the end costs the client as ever. It must be fast, and safe for concurrent use. Default: none is.
	Overrules func(op []byte) bool

	// TrustedProxies are the networks of proxies whose X-Forwarded-For is believed. Default: none, so that the other end of
	// the connection is the client.
	TrustedProxies []netip.Prefix

	Causes Causes       // errors that reach clients as themselves
	Logger *slog.Logger // hears what clients are not told: why the ledger failed. Neither keys nor addresses. Default: nothing
}

// A Handler serves a ledger. It keeps nothing that must outlive it.
//
// It admits what the ledger admits: a ledger that others can write to must have been opened with the method's Reducer.
// Memory is bounded by MaxRequests times some 300 KiB for requests, and by the connections that the http.Server lets in;
// see [NewServer].
type Handler struct {
	ledger  Source
	prover  ledger.Prover // or nil
	laster  Laster        // or nil
	opt     Options
	causes  []string // the names, sorted
	flights flights
	gate    gate

	requests *buckets[netip.Addr] // or nil
	appends  *buckets[netip.Addr] // or nil
	keys     *buckets[string]     // or nil
}

// NewHandler returns a handler for the paths below /ledger/v1/.
func NewHandler(lg Source, opt *Options) (*Handler, error) { return newHandler(lg, opt, time.Now) }

func newHandler(lg Source, opt *Options, now func() time.Time) (*Handler, error) {
	h := &Handler{ledger: lg}
	if opt != nil {
		h.opt = *opt
	}
	o := &h.opt
	h.prover, _ = lg.(ledger.Prover)
	h.laster, _ = lg.(Laster)
	for _, p := range o.TrustedProxies {
		if !p.IsValid() || p.Addr().Is4In6() {
			return nil, errors.New("httpledger: options: a trusted proxy is no network, or an IPv4 one in the form of IPv6")
		}
	}
	setDefault(&o.MaxRequests, 512)
	setDefault(&o.MaxClientRequests, maxConns)
	setDefault(&o.MaxAppends, 256)
	setDefault(&o.QueueTime, 2*time.Second)
	setDefault(&o.BodyTime, 10*time.Second)
	setDefault(&o.AnswerTime, 30*time.Second)
	setDefault(&o.AppendTime, 30*time.Second)
	setDefault(&o.ProofTime, 20*time.Second)
	setDefault(&o.RefusedCost, 4)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := o.Causes.check(); err != nil {
		return nil, err
	}
	h.causes = slices.Sorted(maps.Keys(o.Causes))
	h.flights = flights{most: o.MaxRequests, each: o.MaxClientRequests, per: make(map[netip.Addr]int)}
	h.gate = gate{slots: make(chan struct{}, o.MaxAppends), patient: o.QueueTime}
	if o.InsecureNoLimits {
		return h, nil
	}
	requests, err1 := o.Limits.Requests.or(Rate{PerSecond: 200, Burst: 1000})
	appends, err2 := o.Limits.Appends.or(Rate{PerSecond: 20, Burst: 200})
	keys, err3 := o.Limits.Key.or(Rate{PerSecond: 0.1, Burst: 20})
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	h.requests = newBuckets[netip.Addr](requests, now)
	h.appends = newBuckets[netip.Addr](appends, now)
	h.keys = newBuckets[string](keys, now)
	return h, nil
}

func setDefault[T int | time.Duration](v *T, fallback T) {
	if *v <= 0 {
		*v = fallback
	}
}

// A resource is what a path names.
type resource struct {
	kind   kind
	key    string
	number uint64
}

type kind uint8

const (
	noResource kind = iota
	keyEntries
	keyState
	keyProof
	allEntries
	lastAnchor
	health
)

// parsePath reads the path of a request.
func parsePath(path string) (r resource) {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return r
	}
	switch rest {
	case "last":
		return resource{kind: lastAnchor}
	case "health":
		return resource{kind: health}
	}
	r.kind = allEntries
	number, ok := strings.CutPrefix(rest, "entries/")
	if !ok {
		if rest, ok = strings.CutPrefix(rest, "keys/"); !ok {
			return resource{}
		}
		var name string
		r.key, rest, _ = strings.Cut(rest, "/")
		name, number, ok = strings.Cut(rest, "/")
		switch {
		case name == "state" && !ok:
			r.kind = keyState
			return r
		case name == "entries":
			r.kind = keyEntries
		case name == "proof":
			r.kind = keyProof
		default:
			return resource{}
		}
	}
	if r.number, ok = parseNumber(number); !ok {
		return resource{}
	}
	return r
}

// ServeHTTP implements [http.Handler].
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	at := parsePath(r.URL.Path)
	body := r.ContentLength != 0
	h.setDeadlines(w, at.kind, body)
	if at.kind == noResource || r.URL.RawPath != "" || r.URL.RawQuery != "" || r.URL.ForceQuery {
		h.refuse(w, &refusal{code: Malformed, status: http.StatusNotFound, detail: "no such resource"})
		return
	}
	writes := at.kind == keyEntries && r.Method == http.MethodPut
	if !writes && r.Method != http.MethodGet {
		allow := "GET"
		if at.kind == keyEntries {
			allow = "GET, PUT"
		}
		w.Header().Set("Allow", allow)
		h.refuse(w, &refusal{code: Malformed, status: http.StatusMethodNotAllowed, detail: "no such method here"})
		return
	}
	if body && !writes {
		w.Header().Set("Connection", "close")
		h.refuse(w, &refusal{code: Malformed, detail: "a body where there can be none"})
		return
	}
	client := h.client(r)
	if at.kind != health && !h.flights.enter(client) {
		h.refuse(w, &refusal{code: Busy, retry: time.Second, detail: "too many requests at once"})
		return
	}
	if at.kind != health {
		defer h.flights.leave(client)
	}
	if h.requests != nil {
		if wait := h.requests.take(client); wait > 0 {
			h.refuse(w, &refusal{code: Limited, retry: wait, detail: "too many requests of this client"})
			return
		}
	}
	if strings.HasPrefix(r.URL.Path, prefix+"keys/") {
		if err := ledger.CheckKey(at.key); err != nil {
			h.fail(w, r, err)
			return
		}
	}
	switch at.kind {
	case keyEntries:
		if writes {
			h.append(w, r, at, client)
		} else {
			h.page(w, r, h.ledger.History(r.Context(), at.key, at.number))
		}
	case allEntries:
		h.page(w, r, h.ledger.Follow(r.Context(), at.number))
	case keyState:
		h.state(w, r, at.key)
	case keyProof:
		h.proof(w, r, at)
	case lastAnchor:
		h.last(w)
	case health:
		h.health(w, r)
	}
}

// setDeadlines bounds how long a client may take to send and to receive.
func (h *Handler) setDeadlines(w http.ResponseWriter, at kind, body bool) {
	now, control := time.Now(), http.NewResponseController(w)
	answer := now.Add(h.opt.AnswerTime)
	switch {
	case body:
		// What is not read here of a body, the server reads: that must not last longer either.
		_ = control.SetReadDeadline(now.Add(h.opt.BodyTime))
		answer = answer.Add(h.opt.BodyTime + h.opt.QueueTime + h.opt.AppendTime)
	case at == keyProof:
		answer = answer.Add(h.opt.ProofTime)
	}
	_ = control.SetWriteDeadline(answer)
}

var (
	octets  = []string{media}
	noStore = []string{"no-store"}
)

// answer sends what was asked for.
func (h *Handler) answer(w http.ResponseWriter, body []byte) {
	head := w.Header()
	head["Content-Type"] = octets
	head["Cache-Control"] = noStore
	if len(body) == 0 || len(body) > 1024 { // net/http counts shorter ones itself
		head["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	_, _ = w.Write(body)
}

// refuse sends a problem object.
func (h *Handler) refuse(w http.ResponseWriter, p *refusal) {
	if p.status == 0 {
		p.status = statuses[p.code][0]
	}
	body := p.appendJSON(nil)
	head := w.Header()
	head["Content-Type"] = []string{problem}
	head["Cache-Control"] = noStore
	head["X-Content-Type-Options"] = []string{"nosniff"}
	head["Content-Length"] = []string{strconv.Itoa(len(body))}
	if p.retry > 0 {
		head["Retry-After"] = []string{strconv.FormatInt(seconds(p.retry), 10)}
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(body)
}

// fail sends the refusal that an error of the ledger is. The texts of failures stay here: they may name files.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := &refusal{}
	for _, name := range h.causes {
		if len(p.causes) < maxCauses && errors.Is(err, h.opt.Causes[name]) {
			p.causes = append(p.causes, name)
		}
	}
	conflict, isConflict := errors.AsType[*ledger.ConflictError](err)
	clock, isClock := errors.AsType[*ledger.ClockError](err)
	switch {
	case isConflict:
		p.code, p.length = Conflict, conflict.Length
		if conflict.Seq < conflict.Length {
			p.entry = &conflict.Entry
		}
	case errors.Is(err, ledger.ErrTooLarge):
		p.code, p.detail = TooLarge, reason(err, ledger.ErrTooLarge)
	case errors.Is(err, ledger.ErrInvalid):
		p.code, p.detail = Invalid, reason(err, ledger.ErrInvalid)
	case isClock:
		p.code, p.now, p.last = Clock, clock.Now, clock.Last
		p.retry = min(max(clock.Last.Sub(clock.Now), time.Second), time.Hour)
	case errors.Is(err, ledger.ErrClosed):
		p.code, p.detail, p.retry = Stopping, "the ledger is closed", 5*time.Second
	case r.Context().Err() != nil:
		// Mostly nobody hears this: either the client has gone, or the server is being shut down.
		p.code, p.detail, p.retry = Stopping, "the request was ended", time.Second
	case errors.Is(err, context.DeadlineExceeded):
		p.code, p.detail, p.retry = Timeout, "the ledger took too long", time.Second
	case errors.Is(err, errors.ErrUnsupported):
		p.code, p.detail = NotSupported, "this ledger has no such feature"
	case errors.Is(err, ledger.ErrCorrupt):
		p.code, p.detail = Corrupt, "what the ledger has stored is damaged"
	default:
		p.code, p.detail = Failed, "the ledger failed"
	}
	if p.code == Corrupt || p.code == Failed || p.code == Timeout {
		h.opt.Logger.LogAttrs(r.Context(), slog.LevelError, "ledger", slog.String("method", r.Method), slog.String("code", string(p.code)), slog.Any("error", err))
	}
	h.refuse(w, p)
}

// reason is the text of err without that of its class, which the client puts there again.
func reason(err, class error) string {
	text := strings.TrimPrefix(err.Error(), class.Error())
	return plain(strings.TrimPrefix(text, ": "))
}
