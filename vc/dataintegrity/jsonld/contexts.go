package jsonld

import (
	"errors"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// Contexts is an immutable set of known contexts, by URL, with a bounded cache of what was made of them. It is safe for
// concurrent use.
type Contexts struct{}

// Embedded returns the contexts that are part of this module (folder contexts, with their sources and licences).
func Embedded() *Contexts { return nil }

// NewContexts returns the embedded contexts and more, by URL. Replacing an embedded one by other bytes is refused.
func NewContexts(more map[string][]byte) (*Contexts, error) {
	return nil, errors.New("jsonld: not built yet")
}

// Bytes returns the bytes of a known context, for digests over them. The caller must not change them.
func (c *Contexts) Bytes(url string) ([]byte, bool) { return nil, false }

// ToRDF returns the RDF dataset of a JSON-LD document. Blank nodes are numbered in the order in which the document
// first shows them.
func (c *Contexts) ToRDF(doc []byte) (*rdf.Dataset, error) {
	return nil, errors.New("jsonld: not built yet")
}

// Graph is a dataset that knows which JSON value each of its blank nodes was made from.
type Graph struct {
	rdf.Dataset
	Sources []Source // Sources[i] is that of blank node i
}

// Source is the JSON value that a blank node was made from.
type Source struct {
	Offset int // of the node object, or of the list's array or list object; -1 for a node with a label of its own ("_:x")
	Cell   int // 0 for a node; 1 + the index of the cell for a cell of a list
}

// Convert is ToRDF for a document that is parsed already, or a view of one (strictjson.Value.WithMembers): nodes that a
// view shares with its document have the same Source in both.
func (c *Contexts) Convert(v strictjson.Value) (*Graph, error) {
	return nil, errors.New("jsonld: not built yet")
}
