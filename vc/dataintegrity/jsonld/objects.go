package jsonld

import (
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// Object is a node object of a document: what a program that reads the JSON and not the RDF finds in one place.
type Object struct {
	Offset int      // strictjson.Value.Offset; -1 for a reverse property, which says something of a node from elsewhere
	Node   rdf.Term // the node that it is about
	Graph  rdf.Term // the graph in which that is said
	Says   bool     // it says something, and is no mere reference
	// Renamed tells that a member has another name than the usual one: another alias of a keyword than "id" and "type", or another term
	// than its own for a property of credentials or of their status.
	Renamed bool
}

// Objects returns the node objects of a document, in no stated order. Errors are those of [Contexts.Convert], and [ErrLoss] for a property
// that has one value twice, which RDF has once: whoever counts or adds up would not find what RDF says.
func (c *Contexts) Objects(v strictjson.Value) ([]Object, error) {
	x := c.conversion(v)
	x.objects = []Object{}
	if err := x.document(v); err != nil {
		return nil, err
	}
	return x.objects, nil
}

// record keeps a node object if somebody wants to know.
func (x *conversion) record(o *object, node, graph rdf.Term) {
	if x.objects == nil {
		return
	}
	found := Object{Offset: o.v.Offset(), Node: node, Graph: graph}
	for i, m := range o.members {
		t := x.words[o.base+i]
		found.Says = found.Says || t.keyword != kwID && t.keyword != kwContext
		found.Renamed = found.Renamed || renamed(m.Name, t)
	}
	x.objects = append(x.objects, found)
}

// recordReverse keeps that something is said of a node in the object of another one.
func (x *conversion) recordReverse(node, graph rdf.Term) {
	if x.objects != nil {
		x.objects = append(x.objects, Object{Offset: -1, Node: node, Graph: graph, Says: true})
	}
}

// repeated tells whether a property of subject got one value twice with the statements that were made since from.
func (x *conversion) repeated(subject rdf.Term, property string, graph rdf.Term, from int) bool {
	if x.objects == nil || len(x.graph.Quads)-from < 2 {
		return false
	}
	var values map[rdf.Term]bool
	for i := range x.graph.Quads[from:] {
		q := &x.graph.Quads[from+i]
		if q.Predicate.Value != property || q.Subject != subject || q.Graph != graph {
			continue
		}
		if values[q.Object] {
			return true
		}
		if values == nil {
			values = make(map[rdf.Term]bool, 2)
		}
		values[q.Object] = true
	}
	return false
}

// named are the vocabularies whose terms have one name each.
var named = [...]string{"https://www.w3.org/2018/credentials#", "https://www.w3.org/ns/credentials/status#"}

func renamed(name string, t *term) bool {
	switch t.keyword {
	case noKeyword:
		for _, vocabulary := range named {
			if local, ok := strings.CutPrefix(t.iri, vocabulary); ok && local != name {
				return true
			}
		}
		return false
	case kwID:
		return name != "id"
	case kwType:
		return name != "type"
	case kwContext:
		return false
	}
	return true
}
