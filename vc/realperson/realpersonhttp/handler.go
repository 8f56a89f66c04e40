package realpersonhttp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"github.com/realdid/realdid/internal/strictjson"
)

// Options are what an authority's and a platform's handler have in common. nil is the zero value.
type Options struct {
	MaxBody       int64         // bytes of a request's body; default and most: MaxBody
	MaxConcurrent int           // requests that are worked on at once; default 32. More wait for a second, and are then told to come back.
	Timeout       time.Duration // for the work on one request; default 20 s
	// Logger hears of each request what was asked for and how it ended, as a code; and of what fails inside, why. It hears no name, no
	// identifier, no address, no pseudonym and no claim. nil: nothing is logged.
	Logger *slog.Logger
}

// MaxBody is how large a request's body may be, in bytes.
const MaxBody = 256 << 10

const (
	defaultConcurrent = 32
	defaultTimeout    = 20 * time.Second
	slotPatience      = time.Second
)

var bodyLimits = strictjson.Limits{Bytes: MaxBody, Depth: 16, Nodes: 4096}

// server is what answers requests on behalf of an authority or a platform.
type server struct {
	opt   Options
	mux   *http.ServeMux
	slots chan struct{}
}

func newServer(opt *Options) *server {
	s := &server{mux: http.NewServeMux()}
	if opt != nil {
		s.opt = *opt
	}
	if s.opt.MaxBody <= 0 || s.opt.MaxBody > MaxBody {
		s.opt.MaxBody = MaxBody
	}
	if s.opt.MaxConcurrent <= 0 {
		s.opt.MaxConcurrent = defaultConcurrent
	}
	if s.opt.Timeout <= 0 {
		s.opt.Timeout = defaultTimeout
	}
	if s.opt.Logger == nil {
		s.opt.Logger = slog.New(slog.DiscardHandler)
	}
	s.slots = make(chan struct{}, s.opt.MaxConcurrent)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		(&refusal{code: NotFound}).write(w)
	})
	return s
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// A call is a request whose body, if it has one, is in memory and is a strict JSON object.
type call struct {
	ctx     context.Context
	body    strictjson.Value
	writer  http.ResponseWriter
	request *http.Request
}

// get answers GET and HEAD at a path, post answers POST. serve returns what is written as JSON, or an error.
func (s *server) get(path string, serve func(*call) (any, error)) {
	s.route(path, http.MethodGet, http.StatusOK, serve)
}

func (s *server) post(path string, status int, serve func(*call) (any, error)) {
	s.route(path, http.MethodPost, status, serve)
}

func (s *server) route(path, method string, status int, serve func(*call) (any, error)) {
	allow := method
	if method == http.MethodGet {
		allow = "GET, HEAD"
	}
	s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != method && !(method == http.MethodGet && r.Method == http.MethodHead) {
			w.Header().Set("Allow", allow)
			(&refusal{code: MethodNotAllowed}).write(w)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), s.opt.Timeout)
		defer cancel()
		answer, err := s.serve(ctx, w, r, serve)
		if err == nil {
			s.opt.Logger.LogAttrs(ctx, slog.LevelDebug, "answered", slog.String("path", path))
			writeJSON(w, status, "application/json", answer)
			return
		}
		f := refusalOf(err)
		level := slog.LevelDebug
		attrs := []slog.Attr{slog.String("path", path), slog.String("code", string(f.code))}
		if f.code == Failed {
			level, attrs = slog.LevelError, append(attrs, slog.String("cause", f.cause))
		}
		s.opt.Logger.LogAttrs(ctx, level, "refused", attrs...)
		f.write(w)
	})
}

func (s *server) serve(ctx context.Context, w http.ResponseWriter, r *http.Request, serve func(*call) (any, error)) (any, error) {
	c := &call{ctx: ctx, writer: w, request: r}
	if r.Method == http.MethodPost { // before it takes a place, which a slow client would keep
		var err error
		if c.body, err = s.read(w, r); err != nil {
			return nil, err
		}
	}
	if err := s.slot(ctx); err != nil {
		return nil, err
	}
	defer func() { <-s.slots }()
	return serve(c)
}

// slot waits for a place among the requests that are worked on.
func (s *server) slot(ctx context.Context) error {
	select {
	case s.slots <- struct{}{}:
		return nil
	default:
	}
	t := time.NewTimer(slotPatience)
	defer t.Stop()
	select {
	case s.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
	case <-t.C:
	}
	return &refusal{code: Busy}
}

// read reads a body: strict JSON, an object, under its media type, not encoded.
func (s *server) read(w http.ResponseWriter, r *http.Request) (strictjson.Value, error) {
	var none strictjson.Value
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" {
		return none, &refusal{code: UnsupportedMediaType}
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return none, &refusal{code: UnsupportedMediaType}
	}
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.opt.MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return none, &refusal{code: TooLarge}
	}
	if err != nil {
		return none, malformed("the body could not be read")
	}
	v, err := strictjson.Parse(b, bodyLimits)
	if err != nil || v.Kind() != strictjson.Object {
		return none, malformed("the body is not a JSON object, or not a strict one")
	}
	return v, nil
}

// members takes the members of a body that are strings. Each name must be there, unless it ends in "?"; what others names may stand there
// besides, and nothing else.
func (c *call) members(names []string, others ...string) (map[string]string, error) {
	known := map[string]bool{}
	for _, o := range others {
		known[o] = true
	}
	out := make(map[string]string, len(names))
	for _, n := range names {
		name, optional := n, false
		if n[len(n)-1] == '?' {
			name, optional = n[:len(n)-1], true
		}
		known[name] = true
		v, ok := c.body.Get(name)
		if !ok && optional {
			continue
		}
		s, isText := v.Str()
		if !isText || s == "" {
			return nil, malformed("the member " + name + " is not a string, or missing, or empty")
		}
		out[name] = s
	}
	for _, m := range c.body.Members() {
		if !known[m.Name] {
			return nil, malformed("the body has a member that is not known")
		}
	}
	return out, nil
}

func writeJSON(w http.ResponseWriter, status int, mediaType string, body any) {
	b, err := json.Marshal(body)
	if err != nil { // what the answers are made of can be written
		status, mediaType, b = http.StatusInternalServerError, problemMediaType, []byte(`{"code":"failed","status":500}`)
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
