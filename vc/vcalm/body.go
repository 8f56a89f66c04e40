package vcalm

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
)

// maxStrings is how many pointers, domains or checks a request may list.
const maxStrings = 256

// body is the JSON object of a request and its options.
type body struct {
	object  strictjson.Value
	options strictjson.Value // an object; the zero Value without options
}

// receive puts the body of a request into memory.
func (h *Handler) receive(w http.ResponseWriter, r *http.Request) error {
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.opt.MaxBody))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fail(http.StatusRequestEntityTooLarge, problem(typesOfVCALM, "CONTENT_TOO_LARGE", "the body is too large"))
	}
	if err != nil {
		return refuse("the body could not be read")
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return nil
}

// read reads a request's body: strict JSON, an object, of a media type that says so.
func (h *Handler) read(r *http.Request) (*body, error) {
	if t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || t != "application/json" && t != "application/ld+json" {
		return nil, fail(http.StatusUnsupportedMediaType, problem(typesOfVCALM, "UNSUPPORTED_MEDIA_TYPE", "the body must be application/json or application/ld+json"))
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, fail(http.StatusUnsupportedMediaType, problem(typesOfVCALM, "UNSUPPORTED_MEDIA_TYPE", "the body must have no content encoding"))
	}
	b, err := io.ReadAll(r.Body) // see receive
	if err != nil {
		return nil, err
	}
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: int(h.opt.MaxBody)})
	if err != nil {
		return nil, refuse(err.Error())
	}
	if v.Kind() != strictjson.Object {
		return nil, refuse("the body is not a JSON object")
	}
	out := &body{object: v}
	switch o, ok := v.Get("options"); {
	case !ok || o.Kind() == strictjson.Null:
	case o.Kind() != strictjson.Object:
		return nil, refuse("options is not an object")
	default:
		out.options = o
	}
	return out, nil
}

// document returns a member that must be an object.
func (b *body) document(name string) (strictjson.Value, error) {
	v, ok := b.object.Get(name)
	if !ok {
		return v, refuse(name + " is missing")
	}
	if v.Kind() != strictjson.Object {
		return v, refuse(name + " is not an object")
	}
	return v, nil
}

// text returns a string among the options, "" if it is not there or null.
func (b *body) text(name string) (string, error) { return text(b.options, name, "options."+name) }

func text(object strictjson.Value, name, called string) (string, error) {
	v, ok := object.Get(name)
	if !ok || v.Kind() == strictjson.Null {
		return "", nil
	}
	s, ok := v.Str()
	if !ok {
		return "", refuse(called + " is not a string")
	}
	return s, nil
}

// texts returns a list of strings among the options, which one string may stand for if single is set; nil if it is not there.
func (b *body) texts(name string, single bool) ([]string, error) {
	v, ok := b.options.Get(name)
	if !ok || v.Kind() == strictjson.Null {
		return nil, nil
	}
	if s, ok := v.Str(); ok && single {
		return []string{s}, nil
	}
	if v.Kind() != strictjson.Array || len(v.Elems()) > maxStrings {
		return nil, refuse("options." + name + " is not a list of at most 256 strings")
	}
	out := make([]string, 0, len(v.Elems()))
	for _, e := range v.Elems() {
		s, ok := e.Str()
		if !ok {
			return nil, refuse("options." + name + " has a member that is not a string")
		}
		out = append(out, s)
	}
	return out, nil
}

// flag returns a boolean among the options, false if it is not there or null.
func (b *body) flag(name string) (bool, error) {
	v, ok := b.options.Get(name)
	if !ok || v.Kind() == strictjson.Null {
		return false, nil
	}
	f, ok := v.Bool()
	if !ok {
		return false, refuse("options." + name + " is not a boolean")
	}
	return f, nil
}

// unknown returns the first option that is none of known.
func (b *body) unknown(known []string) (string, bool) {
	for _, m := range b.options.Members() {
		if !slices.Contains(known, m.Name) {
			return m.Name, true
		}
	}
	return "", false
}
