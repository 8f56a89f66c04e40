package vcalm

import (
	"context"
	"net/http"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/vcdm"
)

var presentationOptions = []string{"checks", "challenge", "domain", "expectedProofPurpose", "returnPresentation", "returnProblemDetails"}

func (h *Handler) serveVerifyPresentation(w http.ResponseWriter, r *http.Request) error {
	b, err := h.read(r)
	if err != nil {
		return err
	}
	q, err := h.readVerification(b, did.Authentication)
	if err != nil {
		return err
	}
	back, err := b.flag("returnPresentation")
	if err != nil {
		return err
	}
	o := newOutcome(q.names)
	v, err := b.document("verifiablePresentation")
	if err != nil {
		o.Errors = err.(*failure).problems
		o.write(w)
		return nil
	}
	warnUnknown(o, b, presentationOptions)
	p, err := vcdm.ParsePresentation(v)
	if err != nil {
		o.fault(err, malformed())
		o.write(w)
		return nil
	}
	h.verifyPresentation(r.Context(), p, q, o)
	if r.Context().Err() != nil {
		return fail(http.StatusServiceUnavailable, problem(typesOfVCALM, "BUSY", "the time for one request is over"))
	}
	if back {
		o.Presentation = v.Raw()
	}
	o.write(w)
	return nil
}

// verifyPresentation verifies a presentation and every credential in it.
func (h *Handler) verifyPresentation(ctx context.Context, p *vcdm.Presentation, q *verification, o *outcome) {
	var report *dataintegrity.ProofReport
	switch {
	case p.Secured:
		report = h.verifyProofs(ctx, p.Value, q, o)
		if len(o.Errors) > 0 {
			return
		}
		checkHolder(p, report, o)
	case !q.unsigned:
		o.Errors = append(o.Errors, problem(typesOfIntegrity, "PROOF_VERIFICATION_ERROR", "the presentation has no proof"))
		return
	case len(q.domain) > 0 || q.challenge != "":
		o.Errors = append(o.Errors, problem(typesOfIntegrity, "INVALID_CHALLENGE_ERROR", "a presentation without a proof answers no challenge and names no domain"))
		return
	default:
		if _, err := h.opt.Contexts.ToRDF(p.Value.Raw()); err != nil {
			o.fault(err, malformed())
			return
		}
		o.warn(problem(typesOfIntegrity, "PROOF_VERIFICATION_ERROR", "the presentation has no proof: anybody can have made it"))
	}
	inside := *q // what the holder signed for says nothing of issuers' proofs
	inside.purpose, inside.domain, inside.challenge = did.AssertionMethod, nil, ""
	for _, c := range p.Credentials {
		if ctx.Err() != nil {
			return
		}
		result := newOutcome(q.names)
		o.Credentials = append(o.Credentials, result)
		h.verifyPresented(ctx, p, report, c, &inside, result)
	}
}

// checkHolder wants the key of every proof to be the holder's, if there is one.
func checkHolder(p *vcdm.Presentation, report *dataintegrity.ProofReport, o *outcome) {
	if p.Holder == "" {
		return
	}
	holder, err := did.Parse(p.Holder)
	for _, r := range report.Proofs {
		if err != nil || r.Key.Method.Controller != holder {
			o.Errors = append(o.Errors, problem(typesOfIntegrity, "INVALID_VERIFICATION_METHOD", "the presentation is not signed by its holder"))
			return
		}
	}
}

func (h *Handler) verifyPresented(ctx context.Context, p *vcdm.Presentation, report *dataintegrity.ProofReport, c vcdm.Presented, q *verification, o *outcome) {
	if c.Envelope != nil {
		h.verifyEnvelope(ctx, c.Envelope, q, o)
		return
	}
	if _, secured := c.Value.Get("proof"); secured || !p.Secured {
		h.verifyCredential(ctx, c.Value, q, o)
		return
	}
	// What the holder says of itself is secured by the presentation's proof, which is valid by now.
	credential, err := vcdm.ParseCredential(c.Value)
	if err == nil {
		err = p.CheckSelfAsserted(credential)
	}
	if err != nil {
		o.fault(err, malformed())
		return
	}
	h.checkPlain(c.Value, report, o)
	o.Credential = c.Value.Raw()
	h.verifyClaims(ctx, credential, q, o)
}
