package schema_test

import (
	"context"
	"fmt"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm/schema"
)

func parse(text []byte) (map[string]any, bool) {
	v, err := strictjson.Parse(text, strictjson.Limits{})
	if err != nil {
		return nil, false
	}
	m, ok := v.Interface().(map[string]any)
	return m, ok
}

// The schemas are part of a verifier's policy: vc.Expect{Schemas: schemas}.
func ExampleSchemas_CheckSchema() {
	schemas, err := schema.New(map[string][]byte{"https://example.com/age.json": []byte(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"properties": {"credentialSubject": {"required": ["age_over_18"]}}
	}`)}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	refs := []vc.SchemaReference{{ID: "https://example.com/age.json", Type: "JsonSchema"}}
	fmt.Println(schemas.CheckSchema(context.Background(), refs, map[string]any{"credentialSubject": map[string]any{"age_over_18": true}}))
	fmt.Println(schemas.CheckSchema(context.Background(), refs, map[string]any{"credentialSubject": map[string]any{}}))
	// Output:
	// <nil>
	// vc: vcdm.schema.mismatch: the claims do not follow https://example.com/age.json#/properties/credentialSubject/required
}
