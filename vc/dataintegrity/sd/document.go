package sd

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// ErrStatement is in the error of a selection that says something else than its document: part of a list, of a value with
// a language, or of a JSON literal cannot be chosen without the rest.
var ErrStatement = errors.New("a selection with a statement that the document does not have")

// ErrLimit is in the error of a document with more than MaxStatements.
var ErrLimit = errors.New("too many statements")

// Document is a JSON-LD document as a list of statements.
type Document struct {
	// Lines are the statements in canonical N-Quads with replaced labels, sorted by code point, none twice. Statements are
	// numbered by their place here.
	Lines [][]byte

	contexts *jsonld.Contexts
	value    strictjson.Value
	graph    *jsonld.Graph
	labels   []string // by the number of the blank node in graph
	nodes    map[node]int
}

// node is what tells a blank node of a document in its selections: its source, or its own label.
type node struct {
	jsonld.Source
	label string
}

func nodeOf(g *jsonld.Graph, i int) node {
	if g.Sources[i].Offset < 0 {
		return node{g.Sources[i], g.Blanks[i]}
	}
	return node{g.Sources[i], ""}
}

// Canonicalize turns doc, which has no proof, into its statements (labelReplacementCanonicalizeJsonLd). Errors are those of
// packages jsonld and rdf and of labels, and more than MaxStatements.
func Canonicalize(contexts *jsonld.Contexts, doc strictjson.Value, labels Labels) (*Document, error) {
	g, err := contexts.Convert(doc)
	if err != nil {
		return nil, err
	}
	c, err := rdf.Canonicalize(&g.Dataset, nil)
	if err != nil {
		return nil, err
	}
	if len(c.Lines) > MaxStatements {
		return nil, fmt.Errorf("sd: %w: %d, at most %d", ErrLimit, len(c.Lines), MaxStatements)
	}
	d := &Document{contexts: contexts, value: doc, graph: g}
	if d.labels, err = labels(c.Labels); err != nil {
		return nil, err
	}
	d.Lines = make([][]byte, 0, len(c.Order))
	size := 0
	for _, line := range c.Lines {
		size += len(line) + 100 // labels of digests are longer than canonical ones, and a line has at most three
	}
	all := make([]byte, 0, size)
	for _, q := range c.Order {
		from := len(all)
		all = rdf.AppendQuad(all, &g.Quads[q], d.label)
		d.Lines = append(d.Lines, all[from:len(all):len(all)])
	}
	slices.SortFunc(d.Lines, bytes.Compare)
	return d, nil
}

func (d *Document) label(blank int) string { return d.labels[blank] }

// Selection is a part of a document.
type Selection struct {
	Value   strictjson.Value // the view that Select makes; the zero Value if nothing is chosen
	Indexes []int            // the statements of the part, in ascending order

	document *Document
	graph    *jsonld.Graph
	blanks   []int // number in the document of each blank node of graph
}

// Select chooses a part of d and finds its statements (canonicalizeAndGroup, for one group). Errors: ErrPointer; ErrStatement.
func (d *Document) Select(pointers []string) (*Selection, error) {
	view, err := Select(d.value, pointers)
	if err != nil {
		return nil, err
	}
	s := &Selection{Value: view, document: d}
	if len(pointers) == 0 {
		return s, nil
	}
	if s.graph, err = d.contexts.Convert(view); err != nil {
		return nil, err
	}
	if err := s.join(); err != nil {
		return nil, err
	}
	return s, s.match()
}

// join finds the blank nodes of the selection in the document.
func (s *Selection) join() error {
	if s.document.nodes == nil {
		s.document.index()
	}
	s.blanks = make([]int, len(s.graph.Blanks))
	for i := range s.blanks {
		n, ok := s.document.nodes[nodeOf(s.graph, i)]
		if !ok || n < 0 {
			return fmt.Errorf("sd: %w: a node of it is none of the document, or cannot be told from another", ErrStatement)
		}
		s.blanks[i] = n
	}
	return nil
}

const ambiguous = -1

func (d *Document) index() {
	d.nodes = make(map[node]int, len(d.graph.Blanks))
	for i := range d.graph.Blanks {
		n := nodeOf(d.graph, i)
		if _, taken := d.nodes[n]; taken {
			d.nodes[n] = ambiguous
			continue
		}
		d.nodes[n] = i
	}
}

// match finds the statements of the selection in the document.
func (s *Selection) match() error {
	label := func(blank int) string { return s.document.labels[s.blanks[blank]] }
	seen := make([]bool, len(s.document.Lines))
	n := 0
	var line []byte
	for i := range s.graph.Quads {
		line = rdf.AppendQuad(line[:0], &s.graph.Quads[i], label)
		at, ok := slices.BinarySearchFunc(s.document.Lines, line, bytes.Compare)
		if !ok {
			return fmt.Errorf("sd: %w", ErrStatement)
		}
		if !seen[at] {
			seen[at] = true
			n++
		}
	}
	s.Indexes = make([]int, 0, n)
	for i, ok := range seen {
		if ok {
			s.Indexes = append(s.Indexes, i)
		}
	}
	return nil
}

// LabelMap returns what a verifier of the selection needs: which label the node has in the document that gets a canonical
// label in the selection.
func (s *Selection) LabelMap() (LabelMap, error) {
	if s.graph == nil {
		return nil, nil
	}
	c, err := rdf.Canonicalize(&s.graph.Dataset, nil)
	if err != nil {
		return nil, err
	}
	m := make(LabelMap, len(c.Labels))
	used := 0
	for i, canonical := range c.Labels {
		if canonical == "" {
			continue
		}
		n, err := canonicalNumber(canonical)
		if err != nil || n >= len(m) {
			return nil, errors.New("sd: canonical labels are not numbered from 0")
		}
		m[n] = s.document.labels[s.blanks[i]]
		used++
	}
	return m[:used], nil
}

// Relative returns, of the statements in part, the places that they have among those in whole (RelativeIndexes of the
// specification). Both are in ascending order; what is not in whole is left out.
func Relative(part, whole []int) []int {
	out := make([]int, 0, len(part))
	for i, n := range whole {
		if _, ok := slices.BinarySearch(part, n); ok {
			out = append(out, i)
		}
	}
	return out
}

// Without returns the numbers from 0 to n-1 that are not in part, which is in ascending order.
func Without(part []int, n int) []int {
	out := make([]int, 0, max(0, n-len(part)))
	for i := range n {
		if len(part) > 0 && part[0] == i {
			part = part[1:]
			continue
		}
		out = append(out, i)
	}
	return out
}

// Hash returns the SHA-256 of the statements in part, joined in their order (hashMandatoryNQuads).
func (d *Document) Hash(part []int) [sha256.Size]byte {
	h := sha256.New()
	for _, i := range part {
		h.Write(d.Lines[i])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
