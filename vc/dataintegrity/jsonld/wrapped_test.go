package jsonld_test

import (
	"reflect"
	"testing"

	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// TestWrappedContext reads {"@context": {…}} in the place of a context, as W3C's fixtures for proof chains have it.
func TestWrappedContext(t *testing.T) {
	quads := func(doc string) any {
		d, err := jsonld.Embedded().ToRDF([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		return d.Quads
	}
	plain := quads(`{"@context":["https://www.w3.org/ns/credentials/v2",{"p":"https://example.org/p"}],"id":"urn:x","p":"v"}`)
	wrapped := quads(`{"@context":["https://www.w3.org/ns/credentials/v2",{"@context":{"p":"https://example.org/p"}}],"id":"urn:x","p":"v"}`)
	if !reflect.DeepEqual(plain, wrapped) {
		t.Errorf("got %v, want %v", wrapped, plain)
	}
	for _, c := range []string{
		`{"@context":{"p":"https://example.org/p"},"q":"https://example.org/q"}`, `{"@context":{"@context":{"p":"https://example.org/p"}}}`,
		`{"@context":[{"p":"https://example.org/p"}]}`, `{"@context":null}`,
		`{"@context":{"p":"https://example.org/p","@propagate":false}}`,
	} {
		if _, err := jsonld.Embedded().ToRDF([]byte(`{"@context":` + c + `,"@id":"urn:x","p":"v"}`)); err == nil {
			t.Errorf("%s: got no error", c)
		}
	}
}
