package schema

import (
	"context"
	"errors"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/realdid/realdid/vc"
)

// evaluator is a compiled schema that counts its steps. It serves one evaluation at a time.
type evaluator struct {
	schema *jsonschema.Schema
	ctx    context.Context
	left   int
}

// stop is what ends an evaluation from inside: the library has no other way out.
type stop struct{ err error }

// evaluate tells whether claims follow the schema. The fault names the rule, and nothing of the claims.
func (e *evaluator) evaluate(ctx context.Context, claims map[string]any) (err error) {
	e.ctx, e.left = ctx, MaxSteps
	defer func() {
		e.ctx = nil
		switch r := recover().(type) {
		case nil:
		case stop:
			err = r.err
		default:
			panic(r)
		}
	}()
	e.step(0)
	err = e.schema.Validate(claims)
	if err == nil {
		return nil
	}
	broken, ok := errors.AsType[*jsonschema.ValidationError](err)
	if !ok {
		return vc.Invalid("vcdm.schema.mismatch", "the claims do not follow the schema")
	}
	for len(broken.Causes) > 0 {
		broken = broken.Causes[0]
	}
	rule := broken.SchemaURL
	if path := broken.ErrorKind.KeywordPath(); len(path) > 0 {
		rule += "/" + path[0]
	}
	return vc.Invalid("vcdm.schema.mismatch", "the claims do not follow "+strings.ToValidUTF8(rule, "?"))
}

// step takes n steps.
func (e *evaluator) step(n int) {
	if e.ctx == nil { // while compiling
		return
	}
	e.left -= n + 1
	if e.left < 0 {
		panic(stop{vc.Invalid("vcdm.schema.steps", "following the schema takes too many steps")})
	}
	if err := e.ctx.Err(); err != nil {
		panic(stop{vc.UnknownBecause("vcdm.schema.cancelled", err)})
	}
}

// vocabulary has no keywords: it is there to be asked at every schema that is applied.
func (e *evaluator) vocabulary() *jsonschema.Vocabulary {
	return &jsonschema.Vocabulary{
		URL: "urn:realdid:steps",
		Compile: func(_ *jsonschema.CompilerContext, schema map[string]any) (jsonschema.SchemaExt, error) {
			n := len(schema)
			for _, keyword := range schema {
				n += size(keyword)
			}
			return counter{e, n}, nil
		},
	}
}

// counter stands in one schema, which has n keywords and subschemas.
type counter struct {
	e *evaluator
	n int
}

// Validate implements jsonschema.SchemaExt.
func (c counter) Validate(_ *jsonschema.ValidatorContext, v any) { c.e.step(c.n + size(v)) }

// size is the number of members or elements of v.
func size(v any) int {
	switch v := v.(type) {
	case map[string]any:
		return len(v)
	case []any:
		return len(v)
	}
	return 0
}
