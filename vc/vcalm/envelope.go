package vcalm

import (
	"context"

	"github.com/realdid/realdid/keys/jws"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/jose"
	"github.com/realdid/realdid/vc/vcdm"
)

// verifyEnvelope verifies a credential that is a JSON Web Token. The issuer has to be a DID that owns the key, whatever the checks.
func (h *Handler) verifyEnvelope(ctx context.Context, e *vcdm.Envelope, q *verification, o *outcome) {
	if e.MediaType != jose.MediaType {
		o.Errors = append(o.Errors, problem(typesOfModel, "MALFORMED_VALUE_ERROR", "enveloped credentials of the type application/"+shorten(e.MediaType)+" are not verified here"))
		return
	}
	c, err := jose.ParseCredential(e.Data)
	if err != nil {
		o.fault(err, malformed())
		return
	}
	v := vc.NewVerifier(h.opt.Keys, h.opt.Clock)
	_, _, err = v.Verify(ctx, c, &vc.Expect{
		InsecureAnyIssuer: true, InsecureAnyType: true, InsecureNoHolderBinding: true, InsecureIgnoreStatus: true, MediaTypes: []string{jose.MediaType},
	})
	if err != nil {
		o.fault(err, problem(typesOfIntegrity, "PROOF_VERIFICATION_ERROR", ""))
		return
	}
	said, err := disclosed(c)
	if err != nil {
		o.fault(err, malformed())
		return
	}
	token, err := jws.Parse(e.Data, nil) // as jose did
	if err != nil {
		o.fault(err, malformed())
		return
	}
	credential, err := vcdm.ParseCredentialJSON(token.Payload)
	if err != nil {
		o.fault(err, malformed())
		return
	}
	credential.Status = said.Status // with that of the token, which stands in a claim beside the credential
	if said.HasStatus && len(said.Status) == 0 {
		credential.Status = []vc.StatusReference{{}}
	}
	h.verifyClaims(ctx, credential, q, o)
}

func disclosed(c *jose.Credential) (vc.Disclosed, error) {
	p, err := c.Open()
	if err != nil {
		return vc.Disclosed{}, err
	}
	return p.Disclose()
}
