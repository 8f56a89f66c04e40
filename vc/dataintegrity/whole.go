package dataintegrity

import (
	"errors"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// RDF does not say in which JSON object a statement about a node stands: of two with one id, and in the place of a mere reference, either
// will do. A credential that its own terms of use refer to could have its validUntil and its status there, where nobody looks for
// them, and of two objects about one subject each could lack a claim. So what the data model gives a meaning must stand in its own place.

// checkWhole refuses a document that says something of itself, or of an object that is a value of its members, in another place than there,
// with other names than the usual ones, or twice. issuer and holder may be described elsewhere: of them their id counts.
func checkWhole(document strictjson.Value, contexts *jsonld.Contexts) error {
	objects, err := contexts.Objects(document)
	switch {
	case errors.Is(err, jsonld.ErrLoss):
		return rewritable("a property has one value twice")
	case err != nil:
		return jsonldFault(err)
	}
	places := map[int]site{document.Offset(): {value: document}}
	for _, m := range document.Members() {
		if m.Name == "issuer" || m.Name == "holder" {
			continue
		}
		for _, e := range listOf(m.Value) {
			if e.Kind() == strictjson.Object {
				places[e.Offset()] = site{e, m.Name == "credentialSubject"}
			}
		}
	}
	said := make(map[place]int, len(objects))
	for i := range objects {
		if o := &objects[i]; o.Says {
			said[place{o.Node, o.Graph}]++
		}
	}
	for i := range objects {
		o := &objects[i]
		at, ok := places[o.Offset]
		n := said[place{o.Node, o.Graph}]
		switch {
		case !ok:
		case o.Renamed:
			return rewritable("a member has another name than the usual one")
		case !at.identifies(o.Node):
			return rewritable("an id does not stand for itself")
		case o.Says && n > 1, !o.Says && at.subject && n > 0:
			return rewritable("something is said of one node in two objects")
		}
	}
	return nil
}

// site is an object that has to be whole.
type site struct {
	value   strictjson.Value
	subject bool // a mere reference is not enough
}

// identifies tells whether the id of an object is that of its node: with a prefix that a context defines, "did:" too could mean
// something else.
func (s *site) identifies(node rdf.Term) bool {
	m, ok := s.value.Get("id")
	id, _ := m.Str()
	return !ok || node.Kind == rdf.IRI && node.Value == id
}

// place is a node in a graph.
type place struct{ node, graph rdf.Term }
