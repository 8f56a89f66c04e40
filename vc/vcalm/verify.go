package vcalm

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/vcdm"
)

// verification is what a request to verify asks.
type verification struct {
	checks
	purpose   did.Purpose
	domain    []string
	challenge string
	at        time.Time
	proofs    *int // how many more may be verified for the request
}

// maxProofs is how many proofs are verified for one request. Each can take some milliseconds, of documents that are made to be slow.
const maxProofs = 256

var verifyOptions = []string{"checks", "challenge", "domain", "expectedProofPurpose", "returnCredential", "returnProblemDetails"}

func (h *Handler) serveVerifyCredential(w http.ResponseWriter, r *http.Request) error {
	b, err := h.read(r)
	if err != nil {
		return err
	}
	q, err := h.readVerification(b, did.AssertionMethod)
	if err != nil {
		return err
	}
	back, err := b.flag("returnCredential")
	if err != nil {
		return err
	}
	o := newOutcome(q.names)
	v, err := b.document("verifiableCredential")
	if err != nil {
		o.Errors = err.(*failure).problems
		o.write(w)
		return nil
	}
	warnUnknown(o, b, verifyOptions)
	h.verifyCredential(r.Context(), v, q, o)
	if !back {
		o.Credential = nil
	}
	o.write(w)
	return nil
}

func (h *Handler) readVerification(b *body, purpose did.Purpose) (*verification, error) {
	c, err := readChecks(b)
	if err != nil {
		return nil, err
	}
	left := maxProofs
	q := &verification{checks: *c, purpose: purpose, at: h.opt.Clock(), proofs: &left}
	if q.domain, err = b.texts("domain", true); err != nil {
		return nil, err
	}
	if q.challenge, err = b.text("challenge"); err != nil {
		return nil, err
	}
	expected, err := b.text("expectedProofPurpose")
	if err != nil {
		return nil, err
	}
	if expected != "" {
		p, ok := did.ParsePurpose(expected)
		if !ok {
			return nil, refuse("options.expectedProofPurpose is no verification relationship")
		}
		q.purpose = p
	}
	return q, nil
}

func malformed() Problem { return problem(typesOfModel, "MALFORMED_VALUE_ERROR", "") }

// verifyCredential verifies a credential that has proofs of its own, and sets o.Credential to what the proofs protect.
func (h *Handler) verifyCredential(ctx context.Context, v strictjson.Value, q *verification, o *outcome) {
	if _, err := vcdm.ParseCredential(v); err != nil {
		o.fault(err, malformed())
		return
	}
	report := h.verifyProofs(ctx, v, q, o)
	if len(o.Errors) > 0 {
		return
	}
	// What the proofs protect can be less than what was received.
	c, err := vcdm.ParseCredentialJSON(report.Document)
	if err != nil {
		o.fault(err, malformed())
		return
	}
	o.Credential = report.Document
	h.verifyClaims(ctx, c, q, o)
	h.checkIssuer(c.Issuer, report, o)
}

// verifyProofs checks all proofs of a document, and that JSON-LD gives every term of it a meaning.
func (h *Handler) verifyProofs(ctx context.Context, v strictjson.Value, q *verification, o *outcome) *dataintegrity.ProofReport {
	proofs, _ := v.Get("proof")
	if *q.proofs -= max(len(proofs.Elems()), 1); *q.proofs < 0 {
		o.Errors = append(o.Errors, problem(typesOfIntegrity, "PROOF_VERIFICATION_ERROR", "more than 256 proofs in one request"))
		return &dataintegrity.ProofReport{}
	}
	report, err := dataintegrity.InsecureVerifyProofsOnly(ctx, v.Raw(), h.opt.Keys, &dataintegrity.ProofPolicy{
		Purpose: q.purpose, Domain: q.domain, Challenge: q.challenge, Now: q.at, Options: *h.integrity(),
	})
	if err == nil {
		_, err = h.opt.Contexts.ToRDF(v.Raw())
	}
	if err != nil {
		o.fault(err, problem(typesOfIntegrity, "PROOF_VERIFICATION_ERROR", ""))
		return report
	}
	h.checkPlain(v, report, o)
	return report
}

// overJSON are the cryptosuites that sign the text as it stands.
var overJSON = []string{dataintegrity.EdDSAJCS2022{}.Name(), dataintegrity.ECDSAJCS2019{}.Name()}

// checkPlain looks for what others can rewrite although the proofs are valid. Credentials in a presentation are looked at on their own.
func (h *Handler) checkPlain(v strictjson.Value, report *dataintegrity.ProofReport, o *outcome) {
	if allOverJSON(report.Proofs) {
		return
	}
	err := dataintegrity.CheckPlain(withoutMember(withoutMember(v, "proof"), "verifiableCredential"), h.opt.Contexts)
	switch {
	case err == nil:
	case h.opt.InsecureRewritable:
		o.warn(problemOf(err, problem(typesOfIntegrity, "PROOF_VERIFICATION_ERROR", "")))
	default:
		o.fault(err, problem(typesOfIntegrity, "PROOF_VERIFICATION_ERROR", ""))
	}
}

// allOverJSON tells whether everybody who signed, signed the text: somebody else's proof, which anybody can add, says nothing of how
// the issuer wrote it.
func allOverJSON(proofs []dataintegrity.ProofResult) bool {
	signed := map[did.DID]bool{}
	for _, r := range proofs {
		if slices.Contains(overJSON, r.Proof.Cryptosuite) {
			signed[r.Key.Method.Controller] = true
		}
	}
	return !slices.ContainsFunc(proofs, func(r dataintegrity.ProofResult) bool { return !signed[r.Key.Method.Controller] })
}

// verifyClaims checks what does not depend on who signed.
func (h *Handler) verifyClaims(ctx context.Context, c *vcdm.Credential, q *verification, o *outcome) {
	if err := c.CheckRelated(h.opt.Contexts.Bytes); err != nil {
		o.fault(err, malformed())
	}
	h.checkValidity(c, q, o)
	if q.has(checkStatus) {
		h.checkStatus(ctx, c, q, o)
	}
	if q.has(checkSchema) {
		h.checkSchemas(ctx, c, q, o)
	}
}

func (h *Handler) checkValidity(c *vcdm.Credential, q *verification, o *outcome) {
	var p Problem
	switch {
	case !c.ValidUntil.IsZero() && !q.at.Before(c.ValidUntil):
		p = problem(typesOfModel, "CREDENTIAL_EXPIRED", "the credential is not valid any more")
	case q.at.Add(vc.DefaultClockSkew).Before(c.ValidFrom):
		p = problem(typesOfModel, "CREDENTIAL_NOT_YET_VALID", "the credential is not valid yet")
	default:
		return
	}
	if q.has(checkValidity) {
		o.Errors = append(o.Errors, p)
		return
	}
	o.warn(p)
}

// checkIssuer wants a key of the credential's issuer among those that signed. All proofs are valid by now.
func (h *Handler) checkIssuer(issuer string, report *dataintegrity.ProofReport, o *outcome) {
	id, err := did.Parse(issuer)
	for _, r := range report.Proofs {
		if err == nil && r.Key.Method.Controller == id {
			return
		}
	}
	switch {
	case err == nil:
		o.Errors = append(o.Errors, problem(typesOfIntegrity, "INVALID_VERIFICATION_METHOD", "no proof is by a key of the credential's issuer"))
	case h.opt.InsecureUnresolvedIssuers:
		o.warn(problem(typesOfIntegrity, "INVALID_VERIFICATION_METHOD", "the issuer is no DID: nothing says that the keys are its own"))
	default:
		o.Errors = append(o.Errors, problem(typesOfIntegrity, "INVALID_VERIFICATION_METHOD", "the issuer is no DID, so nothing says that the keys are its own"))
	}
}

func (h *Handler) checkStatus(ctx context.Context, c *vcdm.Credential, q *verification, o *outcome) {
	if len(c.Status) == 0 && !hasMember(c.Value, "credentialStatus") {
		return
	}
	if len(c.Status) == 0 {
		q.open(o, problem(typesOfStatus, "STATUS_RETRIEVAL_ERROR", "the kind of status is not known"))
		return
	}
	for _, ref := range c.Status {
		entry, err := h.entryStatus(ctx, vc.StatusQuery{Reference: ref, Issuer: c.Issuer, At: q.at, MaxAge: vc.DefaultMaxStatusAge})
		switch {
		case err != nil && couldNotCheck(err):
			q.open(o, problemOf(err, problem(typesOfStatus, "STATUS_RETRIEVAL_ERROR", "")))
		case err != nil:
			o.fault(err, problem(typesOfStatus, "STATUS_VERIFICATION_ERROR", ""))
		case entry.Meaning == vc.StatusValid:
		case entry.Meaning == vc.StatusMessage:
			o.warn(problem(typesOfStatus, "STATUS_MESSAGE", "the status list has a message about the credential"))
		default:
			o.Errors = append(o.Errors, problem(typesOfStatus, "STATUS_VERIFICATION_ERROR", "the credential is "+entry.Meaning.String()))
		}
	}
}

func (h *Handler) checkSchemas(ctx context.Context, c *vcdm.Credential, q *verification, o *outcome) {
	if len(c.Schemas) == 0 {
		return
	}
	if h.opt.Schemas == nil {
		q.open(o, problem(typesOfModel, "SCHEMA_NOT_CHECKED", "no schemas are known here"))
		return
	}
	claims, _ := c.Value.Interface().(map[string]any)
	switch err := h.opt.Schemas.CheckSchema(ctx, c.Schemas, claims); {
	case err == nil:
	case couldNotCheck(err):
		q.open(o, Problem{Type: typesOfModel + "SCHEMA_NOT_CHECKED", Title: "SCHEMA_NOT_CHECKED", Detail: "a schema is not at hand", Code: vc.Code(err)})
	default:
		o.fault(err, malformed())
	}
}
