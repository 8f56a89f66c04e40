package jsonld

import (
	"bytes"
	"errors"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

const (
	maxDepth = 256      // values inside each other, through arrays, maps and lists
	maxQuads = 1 << 17  // statements of one document
	maxText  = 16 << 20 // bytes of the IRIs that a document has put together from two parts
)

// documentLimits bounds a document that ToRDF reads. Convert leaves them to whoever parsed it.
var documentLimits = strictjson.Limits{Bytes: 1 << 20, Depth: 64, Nodes: 1 << 16}

// Graph is a dataset that knows which JSON value each of its blank nodes was made from.
type Graph struct {
	rdf.Dataset
	Sources []Source // Sources[i] is that of blank node i
}

// Source is the JSON value that a blank node was made from.
type Source struct {
	Offset int // strictjson.Value.Offset of that value; -1 for a node with a label of its own ("_:x"), which Blanks has
	Cell   int // Node, ImplicitGraph, or 1 + the index of a cell in a list
}

// Cell of a Source that is not a cell of a list. For a cell, Offset is that of the array, or of the value that stands for a
// list of one.
const (
	Node          = 0  // a node object
	ImplicitGraph = -1 // the graph that a graph container puts around a node object
)

// ToRDF returns the RDF dataset of a JSON-LD document of at most 1 MiB, nested at most 64 deep. Blank nodes are numbered in
// the order in which the document first shows them. Equal statements may occur twice.
func (c *Contexts) ToRDF(doc []byte) (*rdf.Dataset, error) {
	v, err := strictjson.Parse(doc, documentLimits)
	if err != nil {
		return nil, refuse(ErrSyntax, "%v", err)
	}
	g, err := c.Convert(v)
	if err != nil {
		return nil, err
	}
	return &g.Dataset, nil
}

// Convert is ToRDF for a document that is parsed already, or a view of one (strictjson.Value.WithMembers): nodes that a
// view shares with its document have the same Source in both.
func (c *Contexts) Convert(v strictjson.Value) (*Graph, error) {
	x := c.conversion(v)
	if err := x.document(v); err != nil {
		return nil, err
	}
	return x.graph, nil
}

func (c *Contexts) conversion(v strictjson.Value) *conversion {
	x := &conversion{
		set: c, shared: trim(&c.known, true), own: trim(&c.own, false), graph: new(Graph), work: maxWork, made: maxText,
	}
	x.graph.Quads = make([]rdf.Quad, 0, min(bytes.Count(v.Raw(), []byte{':'})+8, 1<<12)) // about one a member
	return x
}

// conversion is the work on one document.
type conversion struct {
	set         *Contexts
	shared, own *generation
	graph       *Graph
	labels      map[string]int // the blank nodes with labels of their own
	words       []*term        // what the members of the objects being processed mean; a stack
	objects     []Object       // nil if nobody wants to know
	depth       int
	work, made  int // what is left of the limits
}

// document converts the whole document: one object, or an array of them.
func (x *conversion) document(v strictjson.Value) error {
	root := x.shared.root
	free := place{kind: freely, top: true}
	switch v.Kind() {
	case strictjson.Object:
		return x.object(root, nil, v, false, &free)
	case strictjson.Array:
		free.top = false
		return x.value(root, nil, v, false, &free)
	}
	return refuse(ErrSyntax, "a document must be an object or an array")
}

// place is where the RDF terms that values stand for go.
type place struct {
	kind     placeKind
	subject  rdf.Term
	property string
	graph    rdf.Term
	list     *list  // of inListCell
	whole    bool   // of inListCell: the value stands for the whole list, not for an item
	wrap     wrap   // put a graph around each node
	extra    *extra // what a map says of each node in it
	top      bool   // the document itself
}

// wrap is what a graph container does.
type wrap uint8

const (
	noWrap wrap = iota
	wrapAll
	wrapUnlessGraph // in a map of graphs, which may hold graph objects
)

// extra is what the key of a map says of a node (API, section 5.1.2, step 13.8.3.7).
type extra struct {
	id       string // from an @id map: an IRI or a blank node label
	property string // from a property-valued index, with the key as value; or rdf:type
	value    rdf.Term
}

type placeKind uint8

const (
	freely     placeKind = iota // nowhere: nodes at the top, in a graph or included
	forward                     // objects of a property
	backward                    // subjects of a property
	inListCell                  // items of a list
)

// put states what the place wants of a term.
func (x *conversion) put(at *place, t rdf.Term) error {
	switch at.kind {
	case forward:
		return x.state(at.subject, at.property, t, at.graph)
	case backward:
		if t.Kind == rdf.Literal {
			return refuse(ErrSyntax, "a literal cannot have a reverse property")
		}
		x.recordReverse(t, at.graph)
		return x.state(t, at.property, at.subject, at.graph)
	case inListCell:
		return x.cell(at.list, t, at.graph)
	}
	return nil
}

// link puts a node where it belongs, with what a map says of it.
func (x *conversion) link(at *place, node rdf.Term) error {
	if err := x.put(at, node); err != nil || at.extra == nil || at.extra.property == "" {
		return err
	}
	return x.state(node, at.extra.property, at.extra.value, at.graph)
}

func (x *conversion) state(s rdf.Term, p string, o, g rdf.Term) error {
	if len(x.graph.Quads) >= maxQuads {
		return refuse(ErrLimit, "more than %d statements", maxQuads)
	}
	x.graph.Quads = append(x.graph.Quads, rdf.Quad{Subject: s, Predicate: rdf.Term{Kind: rdf.IRI, Value: p}, Object: o, Graph: g})
	return nil
}

func (x *conversion) blank(s Source) rdf.Term {
	x.graph.Sources = append(x.graph.Sources, s)
	return x.graph.AddBlank("")
}

// resource is the node that an IRI or a blank node label names.
func (x *conversion) resource(name string) rdf.Term {
	if !strings.HasPrefix(name, "_:") {
		return rdf.Term{Kind: rdf.IRI, Value: name}
	}
	label := name[2:]
	if n, ok := x.labels[label]; ok {
		return rdf.NewBlank(n)
	}
	if x.labels == nil {
		x.labels = map[string]int{}
	}
	t := x.graph.AddBlank(label)
	x.graph.Sources = append(x.graph.Sources, Source{Offset: -1})
	x.labels[label] = t.Blank
	return t
}

// identifier expands an identifier: the value of @id, or of a property whose values are identifiers. vocab means that it may
// be a word of the vocabulary.
func (x *conversion) identifier(c *context, s string, vocab bool) (rdf.Term, error) {
	e, err := x.expand(c, s, vocab)
	if err != nil {
		return rdf.Term{}, err
	}
	if e.keyword != noKeyword || !e.absolute() {
		return rdf.Term{}, refuse(ErrRelativeIRI, "not an absolute IRI")
	}
	return x.resource(e.iri), nil
}

// named is identifier for what may be a claim, which no error quotes.
func (x *conversion) named(c *context, s string, vocab bool) (rdf.Term, error) {
	t, err := x.identifier(c, s, vocab)
	return t, unquoted(err)
}

// unquoted takes the identifier out of the error that it caused.
func unquoted(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Kind != ErrLimit {
		e.Detail = "an identifier that is no absolute IRI"
	}
	return err
}

// expand is context.expand within the limit on text.
func (x *conversion) expand(c *context, s string, vocab bool) (expanded, error) {
	e, err := c.expand(s, vocab)
	if err == nil && len(e.iri) > len(s) {
		if x.made -= len(e.iri); x.made < 0 {
			return e, refuse(ErrLimit, "the IRIs of this document are too long")
		}
	}
	return e, err
}

// value converts a value of property prop (nil at the top), which may be an array. fromMap tells that it stands in a map that
// is indexed.
func (x *conversion) value(c *context, prop *term, v strictjson.Value, fromMap bool, at *place) error {
	if x.depth++; x.depth > maxDepth {
		return refuse(ErrLimit, "nested too deeply")
	}
	defer func() { x.depth-- }()
	switch v.Kind() {
	case strictjson.Array:
		return x.array(c, prop, v, fromMap, at)
	case strictjson.Object:
		return x.object(c, prop, v, fromMap, at)
	case strictjson.Null:
		return refuse(ErrLoss, "null")
	}
	return x.scalar(c, prop, v, at)
}

func (x *conversion) array(c *context, prop *term, v strictjson.Value, fromMap bool, at *place) error {
	elems := v.Elems()
	if len(elems) == 0 {
		return refuse(ErrLoss, "an empty array")
	}
	for i, e := range elems {
		if err := x.value(c, prop, e, fromMap, at); err != nil {
			return withinElem(err, i)
		}
	}
	return nil
}
