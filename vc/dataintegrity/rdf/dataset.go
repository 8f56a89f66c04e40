// Package rdf holds RDF datasets and gives them their canonical form: it reads and writes N-Quads (RDF 1.1 N-Quads) and
// canonicalizes by RDFC-1.0 (W3C Recommendation of 2024-05-21, with SHA-256 or SHA-384).
//
// A blank node is a number in its dataset, not a text, so that canonicalization works on index arrays and never on maps of
// labels. Nothing in here reads a network, and work is bounded: see [Limits] and [Options].
package rdf

// Names of datatypes that every reader of RDF needs.
const (
	XSDString  = "http://www.w3.org/2001/XMLSchema#string"
	LangString = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"
)

// Kind is what a term is. The zero Kind stands for the default graph and occurs only as the graph of a quad.
type Kind uint8

// The kinds of terms.
const (
	DefaultGraph Kind = iota
	IRI
	Blank
	Literal
)

// Term is a node, a property or a value. Two terms are equal if the structs are (==), within one dataset.
type Term struct {
	Kind     Kind
	Value    string // the IRI, or the lexical form of a literal; "" for a blank node
	Datatype string // of a literal: its IRI, never ""; LangString if it has a language
	Language string // of a literal: its language tag as written, "" if none
	Blank    int    // of a blank node: its number in the dataset, dense from 0
}

// NewIRI returns the term of an IRI.
func NewIRI(iri string) Term { return Term{Kind: IRI, Value: iri} }

// NewBlank returns the term of blank node n of a dataset.
func NewBlank(n int) Term { return Term{Kind: Blank, Blank: n} }

// NewLiteral returns a literal; datatype "" means XSDString.
func NewLiteral(lexical, datatype string) Term {
	if datatype == "" {
		datatype = XSDString
	}
	return Term{Kind: Literal, Value: lexical, Datatype: datatype}
}

// NewLangLiteral returns a literal in a language.
func NewLangLiteral(lexical, language string) Term {
	return Term{Kind: Literal, Value: lexical, Datatype: LangString, Language: language}
}

// Quad is a statement in a graph: the subject is an IRI or a blank node, the predicate an IRI, the object any term but
// DefaultGraph, and the graph an IRI, a blank node or DefaultGraph.
type Quad struct{ Subject, Predicate, Object, Graph Term }

// Dataset is a list of quads over len(Blanks) blank nodes. As a set it may say the same thing twice; Canonicalize counts
// equal quads once.
type Dataset struct {
	Quads  []Quad
	Blanks []string // Blanks[i] is the label of blank node i in its source without "_:", "" if it had none
}

// AddBlank adds a blank node and returns its term; label may be "".
func (d *Dataset) AddBlank(label string) Term {
	d.Blanks = append(d.Blanks, label)
	return NewBlank(len(d.Blanks) - 1)
}
