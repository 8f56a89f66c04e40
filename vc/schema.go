package vc

import "context"

// SchemaReference is a schema that a credential says it follows (credentialSchema of VCDM).
type SchemaReference struct {
	ID     string // URL
	Type   string // "JsonSchema", "JsonSchemaCredential"
	Digest string // digestSRI; "" if there is none
}

// SchemaChecker validates claims. vc/vcdm/schema.Schemas is one.
type SchemaChecker interface {
	// CheckSchema tells whether claims follow every one of refs. Errors are a *Fault: ErrInvalid if they do not, ErrUnknown if a schema is
	// not at hand.
	CheckSchema(ctx context.Context, refs []SchemaReference, claims map[string]any) error
}

// checkSchema asks the policy's schemas. What is withheld cannot be checked, so a schema that wants it fails.
func (r *run) checkSchema() (string, error) {
	refs := r.disclosed.Schemas
	switch {
	case len(refs) == 0:
		return "", nil
	case r.expect.Schemas == nil:
		return "the credential names a schema, which the policy does not ask for", nil
	}
	return "the claims follow the schema", r.expect.Schemas.CheckSchema(r.ctx, refs, r.disclosed.Claims())
}
