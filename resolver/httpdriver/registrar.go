package httpdriver

import (
	"context"
	"net/http"
	"strings"

	"github.com/realdid/realdid/did"
)

// maxChange is how many bytes the body of a registration request may have.
const maxChange = 256 << 10

// registrarOperation returns the operation of a registrar's path, or nothing.
func registrarOperation(path string) string {
	name, ok := strings.CutPrefix(path, "/1.0/")
	switch {
	case ok && (name == "create" || name == "update" || name == "deactivate" || name == "execute"):
		return name
	}
	return ""
}

// register answers a request of DID Registration 1.0 (DIF, section "HTTPS Binding"). The one mode is client-managed secret
// mode: the first request is answered with what has to be signed and a jobId, in which the whole state of the change is; the
// second brings the jobId and the signatures. A request that holds a private key, or asks the server to make or to keep one,
// is refused, and nothing of it is repeated or logged.
//
// Status: 201 for a DID that was created, 200 for a change that stands or waits for signatures, 400 for a request that will
// never succeed, 500 for one that may be tried again.
func (x *exchange) register(operation string) {
	if !isJSONBody(x.r.Header) {
		x.problem(http.StatusUnsupportedMediaType, "a registration request is a JSON object")
		return
	}
	body, ok := x.readBody(maxChange)
	if !ok {
		return
	}
	hd := x.w.Header()
	hd["Cache-Control"] = noStore
	req, err := parseRegistration(operation, x.r.URL.RawQuery, body)
	if err != nil {
		x.failRegistration(req, err)
		return
	}
	x.method = req.method
	registrar := x.h.opt.Registrars[req.method]
	if registrar == nil {
		x.failRegistration(req, &did.Error{Code: did.MethodNotSupported, Detail: "no registration of this DID method here"})
		return
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), x.h.opt.Timeout)
	defer cancel()
	if req.job == nil {
		x.prepare(ctx, registrar, req)
		return
	}
	done, err := registrar.Submit(ctx, req.job.state, req.signatures)
	switch {
	case err != nil:
		x.failRegistration(req, err)
		return
	case done == nil || done.DID.IsZero() || !req.did.IsZero() && done.DID != req.did:
		x.failRegistration(req, &did.Error{Code: did.InternalError, Detail: "the registrar answered with another DID, or none"})
		return
	}
	x.h.Forget(done.DID)
	b, err := finished(req, done)
	if err != nil {
		x.failRegistration(req, err)
		return
	}
	status := http.StatusOK
	if operation == "create" {
		status = http.StatusCreated
	}
	x.send(status, typeJSON, b)
}

func (x *exchange) prepare(ctx context.Context, registrar did.Registrar, req *registration) {
	p, err := registrar.Prepare(ctx, &did.Change{Operation: req.operation, DID: req.did, Document: req.document, Options: req.options})
	if err != nil {
		x.failRegistration(req, err)
		return
	}
	if p == nil || len(p.Requests) == 0 || !req.did.IsZero() && p.DID != req.did {
		x.failRegistration(req, &did.Error{Code: did.InternalError, Detail: "the registrar asked for no signature, or about another DID"})
		return
	}
	b, err := action(req, p)
	if err != nil {
		x.failRegistration(req, err)
		return
	}
	x.send(http.StatusOK, typeJSON, b)
}

// failRegistration answers with state "failed".
func (x *exchange) failRegistration(req *registration, err error) {
	e := did.AsError(err)
	x.code = e.Code
	status := http.StatusBadRequest
	if e.Temporary() {
		status = http.StatusInternalServerError
	}
	x.send(status, typeJSON, failed(req, e))
}
