package vcalm

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/realdid/realdid/vc"
)

// outcome is what a verification found.
type outcome struct {
	Verified       bool            `json:"verified"`
	Checks         []string        `json:"checks"`
	Errors         []Problem       `json:"errors"`
	Warnings       []Problem       `json:"warnings"`
	ProblemDetails []Problem       `json:"problemDetails"` // both, as VCALM has it
	Credential     json.RawMessage `json:"credential,omitempty"`
	Presentation   json.RawMessage `json:"verifiablePresentation,omitempty"`
	Credentials    []*outcome      `json:"credentialResults,omitempty"`
}

func newOutcome(checks []string) *outcome {
	return &outcome{Checks: checks, Errors: []Problem{}, Warnings: []Problem{}}
}

func (o *outcome) fault(err error, otherwise Problem) {
	o.Errors = append(o.Errors, problemOf(err, otherwise))
}

func (o *outcome) warn(p Problem) { o.Warnings = append(o.Warnings, p) }

// finish settles the result. Problems of credentials in a presentation become its own.
func (o *outcome) finish() {
	for _, c := range o.Credentials {
		c.finish()
		o.Errors = append(o.Errors, c.Errors...)
		o.Warnings = append(o.Warnings, c.Warnings...)
	}
	o.Verified = len(o.Errors) == 0
	o.ProblemDetails = slices.Concat(o.Errors, o.Warnings)
	if o.ProblemDetails == nil {
		o.ProblemDetails = []Problem{}
	}
	if !o.Verified { // nothing that did not verify is given back as if it had
		o.Credential, o.Presentation = nil, nil
	}
}

// write answers with the outcome: 200, or 400 with the first error as the problem.
func (o *outcome) write(w http.ResponseWriter) {
	o.finish()
	if o.Verified {
		writeJSON(w, http.StatusOK, "application/json", o)
		return
	}
	fail(http.StatusBadRequest, o.Errors...).write(w, o)
}

// The names that options.checks may have.
const (
	checkProof    = "proof"
	checkIssuer   = "issuer"
	checkValidity = "validity"
	checkStatus   = "credentialStatus"
	checkSchema   = "credentialSchema"
)

var allChecks = []string{checkProof, checkIssuer, checkValidity, checkStatus, checkSchema}

// checks are what a request wants to be looked at.
type checks struct {
	names    []string // proof and issuer among them
	explicit bool     // the request named them: what cannot be done is an error
	unsigned bool     // a presentation may come without a proof
}

// readChecks reads options.checks. A list that is empty is like none for credentials, and allows a presentation without a proof,
// as clients of VC-API know it; so does one without "proof".
func readChecks(b *body) (*checks, error) {
	list, err := b.texts("checks", true)
	if err != nil {
		return nil, err
	}
	c := &checks{unsigned: list != nil && !slices.Contains(list, checkProof)}
	if len(list) == 0 {
		c.names = allChecks
		return c, nil
	}
	c.explicit = true
	c.names = []string{checkProof, checkIssuer}
	for _, name := range list {
		if !slices.Contains(allChecks, name) {
			return nil, fail(http.StatusBadRequest, problem(typesOfVCALM, "UNKNOWN_OPTION_PROVIDED", "options.checks has a check that is not known: "+shorten(name)))
		}
		if !slices.Contains(c.names, name) {
			c.names = append(c.names, name)
		}
	}
	return c, nil
}

func (c *checks) has(name string) bool { return slices.Contains(c.names, name) }

// open is for what could not be checked: an error if the request asked for it by name, else a warning.
func (c *checks) open(o *outcome, p Problem) {
	if c.explicit {
		o.Errors = append(o.Errors, p)
		return
	}
	o.warn(p)
}

// warnUnknown says which option was not looked at.
func warnUnknown(o *outcome, b *body, known []string) {
	if name, ok := b.unknown(known); ok {
		o.warn(problem(typesOfVCALM, "UNKNOWN_OPTION_PROVIDED", "an option that is not known was not used: "+shorten(name)))
	}
}

// couldNotCheck tells a fault that may go away from a final one.
func couldNotCheck(err error) bool { return errors.Is(err, vc.ErrUnknown) }
