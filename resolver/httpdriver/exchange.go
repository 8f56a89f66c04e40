package httpdriver

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// Metrics is told of every request after it was answered. It must not block.
type Metrics interface {
	Observe(Event)
}

// An Event is one request that was answered. It says nothing about who asked for what.
type Event struct {
	Route    string        // "identifiers", "create", "update", "deactivate", "execute", "about", "healthz", "unknown" or "busy"
	Method   string        // DID method; "other" for one that is not served, empty where there is none
	Status   int           // of HTTP
	Code     did.ErrorCode // empty if there was no error of resolution
	Cached   bool          // answered without asking the resolver
	Bytes    int           // of the body
	Duration time.Duration
}

// exchange is one request and what is said to it.
type exchange struct {
	h   *Handler
	w   http.ResponseWriter
	r   *http.Request
	now time.Time // when it came

	route  string
	method string // DID method
	code   did.ErrorCode
	status int
	bytes  int
	cached bool
}

var noStore = []string{"no-store"}

// send writes a whole response of one of the fixed kinds.
func (x *exchange) send(status int, contentType string, body []byte) {
	hd := x.w.Header()
	hd["Content-Type"] = []string{contentType}
	hd["Content-Length"] = []string{strconv.Itoa(len(body))}
	hd["X-Content-Type-Options"] = noSniff
	x.write(status, body)
}

func (x *exchange) write(status int, body []byte) {
	x.status = status
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		x.bytes, _ = x.w.Write(body) // nobody is left to tell of an error
	}
}

// problem answers with a problem object (RFC 9457) that is no error of DID resolution.
func (x *exchange) problem(status int, detail string) {
	b, _ := strictjson.Canonical(map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": detail})
	x.w.Header()["Cache-Control"] = noStore
	x.send(status, did.ProblemMediaType, b)
}

// fail answers with an error of resolution, in the form of the variant.
func (x *exchange) fail(err error, v variant) {
	e := did.AsError(err)
	x.code = e.Code
	var body []byte
	contentType := did.ProblemMediaType
	switch v {
	case variantResult, variantJSON:
		body, contentType = e.AppendJSON(nil), contentTypes[v][0]
	case variantLegacy:
		body, contentType = appendLegacyError(nil, e), contentTypes[v][0]
	case variantDereferenced:
		body, contentType = appendDereferencingError(nil, e), contentTypes[v][0]
	default:
		body = e.AppendProblem(nil)
	}
	hd := x.w.Header()
	hd["Cache-Control"] = noStore
	hd["Vary"] = varyAccept
	x.send(e.Status(), contentType, body)
}

func appendLegacyError(dst []byte, e *did.Error) []byte {
	dst = append(dst, `{"@context":"`+did.ResolutionContext+`","didDocument":null,"didDocumentMetadata":{},"didResolutionMetadata":{"error":"`...)
	dst = append(dst, e.Code.LegacyName()...)
	dst = append(dst, `","errorMessage":`...)
	dst = strictjson.AppendString(dst, e.Title())
	return append(dst, `}}`...)
}

var errBodyTooLarge = errors.New("httpdriver: body too large")

// body reads the body of a request, at most so many bytes, within the time that the handler gives a request.
func (x *exchange) body(limit int64) ([]byte, error) {
	if x.r.ContentLength > limit {
		return nil, errBodyTooLarge
	}
	c := http.NewResponseController(x.w)
	timed := c.SetReadDeadline(time.Now().Add(x.h.opt.Timeout)) == nil // the writer of another server may have no deadlines
	b, err := io.ReadAll(http.MaxBytesReader(x.w, x.r.Body, limit))
	if err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, errBodyTooLarge
		}
		return nil, err
	}
	if timed {
		err = c.SetReadDeadline(time.Time{})
	}
	return b, err
}

// readBody is body, with an answer to what can go wrong.
func (x *exchange) readBody(limit int64) ([]byte, bool) {
	b, err := x.body(limit)
	switch {
	case err == nil:
		return b, true
	case errors.Is(err, errBodyTooLarge):
		x.w.Header().Set("Connection", "close")
		x.problem(http.StatusRequestEntityTooLarge, "the body is larger than "+strconv.FormatInt(limit, 10)+" bytes")
	default:
		x.w.Header().Set("Connection", "close")
		x.problem(http.StatusRequestTimeout, "the body did not come, or not in time")
	}
	return nil, false
}

// observe tells logs and metrics.
func (x *exchange) observe() {
	o := &x.h.opt
	if o.Log == nil && o.Metrics == nil {
		return
	}
	method := x.method
	if method != "" && !slices.Contains(o.Methods, method) {
		method = "other" // what a stranger writes is neither a label nor for the log
	}
	e := Event{Route: x.route, Method: method, Status: x.status, Code: x.code, Cached: x.cached, Bytes: x.bytes, Duration: o.Now().Sub(x.now)}
	if o.Metrics != nil {
		o.Metrics.Observe(e)
	}
	if o.Log == nil {
		return
	}
	level := slog.LevelInfo
	if e.Status >= 500 && e.Status != http.StatusNotImplemented {
		level = slog.LevelWarn
	}
	o.Log.LogAttrs(x.r.Context(), level, "request",
		slog.String("route", e.Route), slog.String("didMethod", e.Method), slog.Int("status", e.Status), slog.String("code", string(e.Code)),
		slog.Bool("cached", e.Cached), slog.Int("bytes", e.Bytes), slog.Duration("duration", e.Duration))
}
