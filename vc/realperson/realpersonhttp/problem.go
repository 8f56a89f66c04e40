package realpersonhttp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
)

// A Code says why a request is not answered as asked. Codes are never renamed.
type Code string

// The codes that have no error of package realperson.
const (
	Malformed            Code = "malformed"              // 400: not a request of this protocol
	NotFound             Code = "not-found"              // 404: nothing is at this path
	MethodNotAllowed     Code = "method-not-allowed"     // 405
	TooLarge             Code = "too-large"              // 413
	UnsupportedMediaType Code = "unsupported-media-type" // 415
	Failed               Code = "failed"                 // 500: the server could not do it; it may be tried again
	Busy                 Code = "busy"                   // 503: too many requests are under way; nothing was done
)

const problemMediaType = "application/problem+json"

// problemSpace is before the code in the type of a problem. It is a name: nothing is there.
const problemSpace = "https://github.com/realdid/realdid/vc/realperson/realpersonhttp#"

// row is what goes with a code: the status, a title, and the error that it stands for on both sides.
type row struct {
	code   Code
	status int
	title  string
	err    error // nil: a *ProblemError alone
}

// rows are all codes. The first row whose error an error is decides, so that a special case stands above the general one.
var rows = append(errorRows,
	row{Malformed, http.StatusBadRequest, "not a request of this protocol", nil},
	row{NotFound, http.StatusNotFound, "nothing is at this path", nil},
	row{MethodNotAllowed, http.StatusMethodNotAllowed, "another method is needed", nil},
	row{TooLarge, http.StatusRequestEntityTooLarge, "the body is too large", nil},
	row{UnsupportedMediaType, http.StatusUnsupportedMediaType, "the body must be application/json without a content encoding", nil},
	row{Failed, http.StatusInternalServerError, "it could not be done now", nil},
	row{Busy, http.StatusServiceUnavailable, "too many requests are under way", nil},
)

func rowOf(code Code) *row {
	for i := range rows {
		if rows[i].code == code {
			return &rows[i]
		}
	}
	return nil
}

// A refusal is an answer that is an error.
type refusal struct {
	code   Code
	detail string // for people; "" is left out
	cause  string // for the log of the server alone
}

// Error implements error.
func (f *refusal) Error() string { return "realpersonhttp: " + string(f.code) }

func malformed(detail string) *refusal { return &refusal{code: Malformed, detail: detail} }

// refusalOf makes an answer of any error. Texts of package realperson hold no claim, secret or pseudonym; others stay here.
func refusalOf(err error) *refusal {
	if f, ok := errors.AsType[*refusal](err); ok {
		return f
	}
	for i := range rows {
		if rows[i].err != nil && errors.Is(err, rows[i].err) {
			return &refusal{code: rows[i].code, detail: detailOf(err)}
		}
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &refusal{code: Busy, cause: "the time for the request is over"}
	}
	return &refusal{code: Failed, cause: scrub(err.Error())}
}

// names are what could say who asked: DIDs, keys of ledgers, tokens.
var names = regexp.MustCompile(`did:\S+|[A-Za-z0-9+/_-]{24,}`)

// scrub leaves out of the text of an error what could name somebody.
func scrub(s string) string { return names.ReplaceAllString(plain(s), "…") }

// maxDetail bounds what an answer says for people.
const maxDetail = 300

func detailOf(err error) string {
	s := plain(strings.ReplaceAll(err.Error(), "\n", "; "))
	if len(s) > maxDetail {
		s = strings.ToValidUTF8(s[:maxDetail], "")
	}
	return s
}

// write answers with problem details (RFC 9457).
func (f *refusal) write(w http.ResponseWriter) {
	r := rowOf(f.code)
	body := map[string]any{"type": problemSpace + string(f.code), "title": r.title, "status": r.status, "code": string(f.code)}
	if f.detail != "" {
		body["detail"] = f.detail
	}
	if r.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, r.status, problemMediaType, body)
}

// A ProblemError is an answer that is a problem, as a client sees it. errors.Is tells which error of package realperson it stands for.
type ProblemError struct {
	Code   Code
	Status int
	Detail string // for people, as the server wrote it; control characters are gone
}

// Error implements error.
func (e *ProblemError) Error() string {
	detail := e.Detail
	if r := rowOf(e.Code); detail == "" && r != nil {
		detail = r.title
	}
	return fmt.Sprintf("realpersonhttp: refused: %s: %s", e.Code, detail)
}

// Unwrap returns the error of package realperson that the code stands for, if there is one.
func (e *ProblemError) Unwrap() error {
	if r := rowOf(e.Code); r != nil {
		return r.err
	}
	return nil
}

// Temporary reports whether the same request may be answered later.
func (e *ProblemError) Temporary() bool { return e.Status >= 500 }

// parseProblem reads the body of an answer with a status that is no success.
func parseProblem(b []byte, status int) (*ProblemError, error) {
	v, err := strictjson.Parse(b, strictjson.Limits{Bytes: maxProblem, Depth: 4, Nodes: 64})
	if err != nil {
		return nil, fmt.Errorf("%w: status %d without problem details", ErrAnswer, status)
	}
	code, _ := v.Get("code")
	text, _ := code.Str()
	r := rowOf(Code(text))
	if r == nil || r.status != status {
		return nil, fmt.Errorf("%w: status %d with a code that does not belong to it", ErrAnswer, status)
	}
	e := &ProblemError{Code: r.code, Status: status}
	if d, ok := v.Get("detail"); ok {
		s, _ := d.Str()
		e.Detail = plain(s)
	}
	return e, nil
}
