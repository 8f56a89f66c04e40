package schema

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm"
)

// The limits of what is read and done.
const (
	MaxSize  = 1 << 20 // bytes of a schema
	MaxDepth = 64      // nested objects and arrays of a schema
	MaxSteps = 1 << 20 // of one evaluation: schemas, their keywords and the members and elements that they are applied to
)

// Schemas are JSON Schemas by URL. It is a vc.SchemaChecker, immutable and safe for concurrent use.
type Schemas struct {
	plain  map[string]*document // type JsonSchema
	signed map[string]*document // type JsonSchemaCredential
}

var _ vc.SchemaChecker = (*Schemas)(nil)

// Options are the optional arguments of [New].
type Options struct {
	// Credentials are verified credentials that hold a schema (type JsonSchemaCredential), by their id. Whom to believe as their issuer
	// is a matter of the policy that they were verified with.
	Credentials map[string]*vc.Verified
}

// New returns the schemas in documents, by URL. Each is compiled, and may refer to the others by their URLs. Errors name the document: one that
// is no JSON Schema of a known version, is over a limit, or refers to something that is not here.
func New(documents map[string][]byte, opt *Options) (*Schemas, error) {
	if opt == nil {
		opt = &Options{}
	}
	s := &Schemas{plain: make(map[string]*document, len(documents)), signed: make(map[string]*document, len(opt.Credentials))}
	shared := make(map[string]any, len(documents))
	for id, b := range documents {
		v, err := strictjson.Parse(b, strictjson.Limits{Bytes: MaxSize, Depth: MaxDepth})
		if err != nil {
			return nil, fmt.Errorf("schema: %s: %w", id, err)
		}
		shared[id] = v.Interface()
		s.plain[id] = &document{url: id, bytes: b, resources: shared}
	}
	for id, c := range opt.Credentials {
		d, err := fromCredential(id, c, shared)
		if err != nil {
			return nil, fmt.Errorf("schema: %s: %w", id, err)
		}
		s.signed[id] = d
	}
	for _, m := range []map[string]*document{s.plain, s.signed} {
		for id, d := range m {
			if err := d.check(); err != nil {
				return nil, fmt.Errorf("schema: %s: %w", id, err)
			}
		}
	}
	return s, nil
}

// fromCredential takes the schema out of a JsonSchemaCredential. It may refer to the plain schemas, and not they to it.
func fromCredential(id string, c *vc.Verified, shared map[string]any) (*document, error) {
	claims := c.Claims()
	subject, _ := claims["credentialSubject"].(map[string]any)
	switch {
	case claims["id"] != id:
		return nil, errors.New("the credential has another id")
	case !contains(claims["type"], "JsonSchemaCredential"):
		return nil, errors.New("the credential is no JsonSchemaCredential")
	case !contains(subject["type"], "JsonSchema"):
		return nil, errors.New("the credential's subject is no JsonSchema")
	}
	resources := make(map[string]any, len(shared)+1)
	for u, doc := range shared {
		resources[u] = doc
	}
	resources[id] = subject["jsonSchema"]
	return &document{url: id, resources: resources}, nil
}

// contains tells whether v is want or a list that holds it.
func contains(v any, want string) bool {
	if list, ok := v.([]any); ok {
		for _, e := range list {
			if e == want {
				return true
			}
		}
		return false
	}
	return v == want
}

// checkURL wants an absolute URL without a fragment.
func checkURL(s string) error {
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() || u.Fragment != "" {
		return errors.New("not an absolute URL without a fragment")
	}
	return nil
}

var (
	errUnavailable = errors.New("a schema of the credential is not at hand")
	errUnsupported = errors.New("a schema of the credential is of a type that is not known, or has a digest that cannot be compared")
)

// CheckSchema implements vc.SchemaChecker. claims must be made of map[string]any, []any, string, bool, nil and json.Number, as
// Claims of vc.Verified is. A schema that is not followed is final, whatever is not known of others.
func (s *Schemas) CheckSchema(ctx context.Context, refs []vc.SchemaReference, claims map[string]any) error {
	if err := checkNumbers(claims); err != nil {
		return err
	}
	var unknown error
	for i := range refs {
		switch err := s.checkOne(ctx, &refs[i], claims); {
		case err == nil:
		case errors.Is(err, vc.ErrUnknown):
			unknown = err
		default:
			return err
		}
	}
	return unknown
}

func (s *Schemas) checkOne(ctx context.Context, ref *vc.SchemaReference, claims map[string]any) error {
	var d *document
	switch ref.Type {
	case "JsonSchema":
		d = s.plain[ref.ID]
	case "JsonSchemaCredential":
		d = s.signed[ref.ID]
		if ref.Digest != "" {
			return vc.UnknownBecause("vcdm.schema.unsupported", errUnsupported)
		}
	default:
		return vc.UnknownBecause("vcdm.schema.unsupported", errUnsupported)
	}
	switch {
	case d == nil:
		return vc.UnknownBecause("vcdm.schema.unavailable", errUnavailable)
	case ref.Digest != "" && !vcdm.CheckSRI(ref.Digest, d.bytes):
		return vc.Invalid("vcdm.schema.digest", "a schema has not the digest that the credential states")
	}
	return d.evaluate(ctx, claims)
}
