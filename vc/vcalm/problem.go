package vcalm

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// Where the types of problems are defined: VCDM 2.0, section 7.2; Data Integrity 1.0, section 4.7; Bitstring Status List 1.0,
// section 3.3; VCALM.
const (
	typesOfModel     = "https://www.w3.org/TR/vc-data-model#"
	typesOfIntegrity = "https://w3id.org/security#"
	typesOfStatus    = "https://www.w3.org/ns/credentials/status-list#"
	typesOfVCALM     = "https://www.w3.org/TR/vcalm#"
)

// Problem is one of the problems in an answer (RFC 9457, VCALM section 3.8).
type Problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code,omitempty"` // of vc/CODES.md
}

// problem makes one whose title is the fragment of its type.
func problem(space, name, detail string) Problem {
	return Problem{Type: space + name, Title: name, Detail: detail}
}

// failure is a request that is not answered as asked.
type failure struct {
	status   int
	problems []Problem // at least one
}

// Error implements error.
func (f *failure) Error() string {
	return "vcalm: " + f.problems[0].Title + ": " + f.problems[0].Detail
}

func fail(status int, p ...Problem) *failure { return &failure{status, p} }

// refuse is a malformed request.
func refuse(detail string) *failure {
	return fail(http.StatusBadRequest, problem(typesOfModel, "PARSING_ERROR", detail))
}

// faultTypes are the types for faults of verifying, by the beginning of their codes; the first that matches counts.
var faultTypes = []struct{ prefix, space, name string }{
	{"dataintegrity.json.", typesOfModel, "PARSING_ERROR"},
	{"dataintegrity.proof.domain", typesOfIntegrity, "INVALID_DOMAIN_ERROR"},
	{"dataintegrity.proof.challenge", typesOfIntegrity, "INVALID_CHALLENGE_ERROR"},
	{"dataintegrity.method.", typesOfIntegrity, "INVALID_VERIFICATION_METHOD"},
	{"dataintegrity.", typesOfIntegrity, "PROOF_VERIFICATION_ERROR"},
	{"vcdm.json.", typesOfModel, "PARSING_ERROR"},
	{"vcdm.related.", typesOfModel, "INTEGRITY_PROTECTION_ERROR"},
	{"vcdm.", typesOfModel, "MALFORMED_VALUE_ERROR"},
	{"vc.schema.", typesOfModel, "MALFORMED_VALUE_ERROR"},
	{"status.list.unavailable", typesOfStatus, "STATUS_RETRIEVAL_ERROR"},
	{"status.list.short", typesOfStatus, "STATUS_LIST_LENGTH_ERROR"},
	{"status.index", typesOfModel, "RANGE_ERROR"},
	{"status.", typesOfStatus, "STATUS_VERIFICATION_ERROR"},
}

// problemOf tells what kind of problem an error is. Details come from packages whose errors hold no claim and no key.
func problemOf(err error, otherwise Problem) Problem {
	p := otherwise
	if ld, ok := errors.AsType[*jsonld.Error](err); ok {
		p = problem(typesOfIntegrity, "DATA_LOSS_DETECTION_ERROR", ld.Error())
	}
	f, ok := errors.AsType[*vc.Fault](err)
	if !ok {
		return p
	}
	for _, t := range faultTypes {
		if strings.HasPrefix(f.Code, t.prefix) && p.Type == otherwise.Type {
			p = problem(t.space, t.name, f.Detail)
			break
		}
	}
	p.Code = f.Code
	if p.Detail == "" {
		p.Detail = f.Detail
	}
	return p
}

// problemJSON is the body of a failure.
type problemJSON struct {
	Problem
	Status int `json:"status"`
	*outcome
}

// write answers with problem details. o adds what a verification found, or is nil.
func (f *failure) write(w http.ResponseWriter, o *outcome) {
	first := f.problems[0]
	writeJSON(w, f.status, "application/problem+json", problemJSON{first, f.status, o})
}

func writeJSON(w http.ResponseWriter, status int, mediaType string, body any) {
	b, err := json.Marshal(body)
	if err != nil { // what the answers are made of can be written
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", mediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
}
