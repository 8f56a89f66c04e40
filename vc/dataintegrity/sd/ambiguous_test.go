package sd

import (
	"errors"
	"testing"

	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// Two nodes that one JSON value made cannot be told apart: neither can be chosen.
func TestAmbiguousNodes(t *testing.T) {
	graph := func(sources ...jsonld.Source) *jsonld.Graph {
		return &jsonld.Graph{Dataset: rdf.Dataset{Blanks: make([]string, len(sources))}, Sources: sources}
	}
	one, two := jsonld.Source{Offset: 1}, jsonld.Source{Offset: 2}
	for name, c := range map[string]struct {
		whole, part *jsonld.Graph
		ok          bool
	}{
		"each once":    {graph(one, two), graph(two), true},
		"twice":        {graph(one, one, two), graph(one), false},
		"three times":  {graph(one, one, one), graph(one), false},
		"the other":    {graph(one, one, two), graph(two), true},
		"not there":    {graph(one), graph(two), false},
		"another cell": {graph(one), graph(jsonld.Source{Offset: 1, Cell: 1}), false},
	} {
		s := &Selection{document: &Document{graph: c.whole}, graph: c.part}
		if err := s.join(); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrStatement) {
			t.Errorf("%s: got %v, want accepted %v", name, err, c.ok)
		}
	}
}
