package httpdriver

import (
	"encoding/base64"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
)

// output is what DID Registration 1.0 calls the output fields.
type output struct {
	jobID    string // empty: null
	state    map[string]any
	metadata map[string]any // didRegistrationMetadata
	document map[string]any // didDocumentMetadata
	result   []any          // operationResult; nil: absent
}

func (o *output) json() ([]byte, error) {
	out := map[string]any{"jobId": nil, "didState": o.state, "didRegistrationMetadata": o.metadata, "didDocumentMetadata": o.document}
	for _, name := range []string{"didRegistrationMetadata", "didDocumentMetadata"} {
		if m, _ := out[name].(map[string]any); m == nil {
			out[name] = map[string]any{}
		}
	}
	if o.jobID != "" {
		out["jobId"] = o.jobID
	}
	if o.result != nil {
		out["operationResult"] = o.result
	}
	b, err := strictjson.Canonical(out)
	if err != nil {
		return nil, &did.Error{Code: did.InternalError, Detail: "the answer of the registrar cannot be written", Err: err}
	}
	return b, nil
}

// action writes state "action": what has to be signed.
func action(req *registration, p *did.Preparation) ([]byte, error) {
	if len(p.State) > maxState {
		return nil, &did.Error{Code: did.InternalError, Detail: "the registrar's state is too large"}
	}
	requests := make(map[string]any, len(p.Requests))
	for _, r := range p.Requests {
		if _, twice := requests[r.ID]; twice || r.ID == "" || r.Key.IsZero() {
			return nil, &did.Error{Code: did.InternalError, Detail: "the registrar asks for a signature without a name or a key"}
		}
		alg, ok := r.Key.Algorithm().JOSE()
		if !ok {
			alg = r.Key.Algorithm().String() // SM2 has no name in JOSE
		}
		payload := map[string]any{"operation": req.operation}
		if !p.DID.IsZero() {
			payload["did"] = p.DID.String()
		}
		requests[r.ID] = map[string]any{
			"alg": alg, "kid": r.Key.DIDKeyURL(), "purpose": req.operation, "payload": payload,
			"serializedPayload": base64.StdEncoding.EncodeToString(r.Payload),
		}
	}
	o := output{state: map[string]any{"state": "action", "action": "signPayload", "signingRequest": requests}}
	if !p.DID.IsZero() {
		o.state["did"] = p.DID.String()
	}
	j := job{path: req.path, method: req.method, did: req.did, state: p.State}
	o.jobID = j.id()
	return o.json()
}

// finished writes state "finished".
func finished(req *registration, done *did.Registered) ([]byte, error) {
	o := output{state: map[string]any{"state": "finished", "did": done.DID.String()}}
	if done.VersionID != "" {
		o.document = map[string]any{"versionId": done.VersionID}
	}
	if done.Document != nil {
		doc, err := strictjson.Parse(done.Document.Canonical(), strictjson.Limits{})
		if err != nil {
			return nil, &did.Error{Code: did.InternalError, Detail: "the answer of the registrar cannot be written", Err: err}
		}
		o.state["didDocument"] = doc.Interface()
	}
	if req.path == "execute" {
		o.result = []any{map[string]any{"operation": done.Operation, "versionId": done.VersionID}}
	}
	return o.json()
}

// failed writes state "failed"; the error stands in didRegistrationMetadata as a problem object.
func failed(req *registration, e *did.Error) []byte {
	o := output{state: map[string]any{"state": "failed", "reason": e.Code.LegacyName()}}
	if !req.did.IsZero() {
		o.state["did"] = req.did.String()
	}
	if p, err := strictjson.Parse(e.AppendProblem(nil), strictjson.Limits{}); err == nil {
		o.metadata = map[string]any{"error": p.Interface()}
	}
	b, err := o.json()
	if err != nil {
		return []byte(`{"didState":{"reason":"internalError","state":"failed"}}`)
	}
	return b
}
