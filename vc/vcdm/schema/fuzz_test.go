package schema_test

import (
	"testing"

	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/vcdm/schema"
)

// FuzzSchema compiles any document and applies it: there is an answer, and a fault has a code.
func FuzzSchema(f *testing.F) {
	f.Add([]byte(email), []byte(`{"credentialSubject":{"emailAddress":"a@example.com"}}`))
	f.Add([]byte(doubling("http://json-schema.org/draft-07/schema#", 3)), []byte(`{}`))
	f.Add([]byte(`{`+draft+`,"$dynamicRef":"#a","$dynamicAnchor":"a","unevaluatedProperties":false}`), []byte(`{"a":[1,2.5,null]}`))
	f.Add([]byte(`{"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveRef":"#","contains":{"multipleOf":0.01}}`), []byte(`{"a":1e-300}`))
	f.Add([]byte(`{`+draft+`,"patternProperties":{"^a":{"enum":[1,{"b":2}]}},"if":{"required":["a"]},"then":{"maxProperties":1}}`), []byte(`{"a":1}`))
	f.Fuzz(func(t *testing.T, document, text []byte) {
		s, err := schema.New(map[string][]byte{"urn:x:1": document}, nil)
		if err != nil {
			return
		}
		v, ok := parse(text)
		if !ok {
			return
		}
		if err := s.CheckSchema(t.Context(), ref("urn:x:1"), v); err != nil && vc.Code(err) == "" {
			t.Fatalf("got %v, want a fault with a code", err)
		}
	})
}
