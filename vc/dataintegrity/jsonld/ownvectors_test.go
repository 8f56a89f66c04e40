package jsonld_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// ownVector is one of testdata/jsonld.
type ownVector struct {
	Name, Error string
	Contexts    map[string]json.RawMessage
	Document    json.RawMessage
	NQuads      []string
}

func ownVectors(t testing.TB, name string) []ownVector {
	t.Helper()
	return vectors.Read[vectors.None, ownVector](t, "jsonld/"+name).Vectors
}

func (v ownVector) convert(t testing.TB) (string, error) {
	t.Helper()
	contexts := jsonld.Embedded()
	if v.Contexts != nil {
		more := map[string][]byte{}
		for url, b := range v.Contexts {
			more[url] = b
		}
		var err error
		if contexts, err = jsonld.NewContexts(more); err != nil {
			t.Fatal(err)
		}
	}
	d, err := contexts.ToRDF(v.Document)
	if err != nil {
		return "", err
	}
	return canonical(t, d), nil
}

var kinds = map[string]error{
	"syntax": jsonld.ErrSyntax, "unknown-context": jsonld.ErrUnknownContext, "undefined-term": jsonld.ErrUndefinedTerm,
	"relative-iri": jsonld.ErrRelativeIRI, "loss": jsonld.ErrLoss, "limit": jsonld.ErrLimit,
}

func TestRefused(t *testing.T) {
	for _, v := range ownVectors(t, "refused") {
		got, err := v.convert(t)
		if err == nil {
			t.Errorf("%s: got\n%swant an error\n%s", v.Name, got, v.Document)
		} else if kind := kinds[v.Error]; kind == nil || !errors.Is(err, kind) {
			t.Errorf("%s: got error %v, want kind %s", v.Name, err, v.Error)
		}
	}
}

func TestAccepted(t *testing.T) {
	for _, v := range ownVectors(t, "accepted") {
		got, err := v.convert(t)
		if want := strings.Join(v.NQuads, "\n") + "\n"; err != nil || got != want {
			t.Errorf("%s: got %v\n%swant\n%s", v.Name, err, got, want)
		}
	}
}
