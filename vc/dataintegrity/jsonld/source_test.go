package jsonld_test

import (
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

func graph(t *testing.T, doc string) (strictjson.Value, *jsonld.Graph) {
	t.Helper()
	v, err := strictjson.Parse([]byte(doc), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := jsonld.Embedded().Convert(v)
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Sources) != len(g.Blanks) {
		t.Fatalf("got %d sources for %d blank nodes", len(g.Sources), len(g.Blanks))
	}
	return v, g
}

func TestSources(t *testing.T) {
	v, g := graph(t, `{"@context":{"g":{"@id":"https://ex.example/g","@container":"@graph"},"l":{"@id":"https://ex.example/l","@container":"@list"}},
		"g":{"https://ex.example/p":"x"}, "l":["a",{"https://ex.example/q":"y"},["b"]],
		"https://ex.example/e":{"@list":["c"]}, "https://ex.example/b":{"@id":"_:label","https://ex.example/p":"z"}}`)
	get := func(v strictjson.Value, name string) strictjson.Value {
		m, _ := v.Get(name)
		return m
	}
	inner, list, explicit := get(v, "g"), get(v, "l"), get(get(v, "https://ex.example/e"), "@list")
	want := []jsonld.Source{
		{Offset: v.Offset()},
		{Offset: inner.Offset(), Cell: jsonld.ImplicitGraph},
		{Offset: inner.Offset()},
		{Offset: list.Offset(), Cell: 1},
		{Offset: list.Elems()[1].Offset()},
		{Offset: list.Offset(), Cell: 2},
		{Offset: list.Elems()[2].Offset(), Cell: 1},
		{Offset: list.Offset(), Cell: 3},
		{Offset: explicit.Offset(), Cell: 1},
		{Offset: -1},
	}
	if !reflect.DeepEqual(g.Sources, want) {
		t.Errorf("got %v, want %v", g.Sources, want)
	}
	if got := g.Blanks[9]; got != "label" {
		t.Errorf("label: got %q", got)
	}
	_, again := graph(t, `{"https://ex.example/p":[{"@id":"_:a","https://ex.example/q":{"@id":"_:b"}},{"@id":"_:a"}]}`)
	if got, want := again.Blanks, []string{"", "a", "b"}; !reflect.DeepEqual(got, want) {
		t.Errorf("labels: got %q, want %q", got, want)
	}
}

// A view that leaves members out keeps the sources of what it has.
func TestSourcesOfViews(t *testing.T) {
	v, whole := graph(t, `{"https://ex.example/a":{"https://ex.example/p":"x"},"https://ex.example/b":{"https://ex.example/q":"y"}}`)
	part, err := jsonld.Embedded().Convert(v.WithMembers(v.Members()[1:]))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := part.Sources, []jsonld.Source{whole.Sources[0], whole.Sources[2]}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	withContext, _ := graph(t, `{"@context":{"p":"https://ex.example/p"},"p":"x","https://ex.example/q":"y"}`)
	c, _ := withContext.Get("@context")
	m := slices.Clone(withContext.Members())
	m[0].Value = c.WithMembers(c.Members())
	if _, err := jsonld.Embedded().Convert(withContext.WithMembers(m[:2])); err != nil {
		t.Errorf("a view of a context: got error %v, want none", err)
	}
}

func TestConcurrentUse(t *testing.T) {
	contexts := generatedContexts(t)
	doc := newGenerator(11, false).document()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for seed := range uint64(50) {
				contexts.ToRDF(newGenerator(seed, false).document())
				contexts.ToRDF(doc)
			}
			if _, err := contexts.ToRDF(credential(10, i%2 == 0)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
