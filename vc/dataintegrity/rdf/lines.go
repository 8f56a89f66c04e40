package rdf

import (
	"bytes"
	"fmt"
	"slices"
)

// template is the dataset as text, each quad written once with "z" for the label of every blank node. All that follows
// (first-degree hashes, final lines) patches or copies this text; no term is escaped twice.
type template struct {
	text  []byte
	lines []templateLine
}

// templateLine is one quad in the text. Components are in the order subject, object, graph.
type templateLine struct {
	from, to int
	blank    [3]int32 // number of the blank node in the component, -1 if it is none
	at       [3]int   // where its label stands in the text
}

// Components of a quad that may be blank nodes; also the index in "sog", the letters that RDFC-1.0 gives them.
const (
	inSubject = iota
	inObject
	inGraph
)

// maxNumber bounds the numbers of quads and of blank nodes, which are kept in 30 bits.
const maxNumber = 1 << 28

// write fills the template; the buffers that it has are used again.
func (t *template) write(d *Dataset) error {
	if len(d.Quads) > maxNumber || len(d.Blanks) > maxNumber {
		return fmt.Errorf("%w: a dataset of %d quads and %d blank nodes", ErrLimit, len(d.Quads), len(d.Blanks))
	}
	t.text, t.lines = t.text[:0], slices.Grow(t.lines[:0], len(d.Quads))
	for i := range d.Quads {
		q := &d.Quads[i]
		if err := q.check(len(d.Blanks)); err != nil {
			return fmt.Errorf("%w (quad %d)", err, i)
		}
		l := templateLine{from: len(t.text), blank: [3]int32{-1, -1, -1}}
		t.term(&l, &q.Subject, inSubject)
		t.text = append(t.text, ' ', '<')
		t.text = append(t.text, q.Predicate.Value...)
		t.text = append(t.text, '>', ' ')
		t.term(&l, &q.Object, inObject)
		if q.Graph.Kind != DefaultGraph {
			t.text = append(t.text, ' ')
			t.term(&l, &q.Graph, inGraph)
		}
		t.text = append(t.text, ' ', '.', '\n')
		l.to = len(t.text)
		t.lines = append(t.lines, l)
	}
	return nil
}

func (t *template) term(l *templateLine, term *Term, component int) {
	if term.Kind == Blank {
		l.blank[component], l.at[component] = int32(term.Blank), len(t.text)+2
		t.text = append(t.text, '_', ':', 'z')
		return
	}
	t.text = AppendTerm(t.text, term, nil)
}

// appendLine appends the line with labels in the places of its blank nodes.
func (t *template) appendLine(dst []byte, l *templateLine, labels []string) []byte {
	from := l.from
	for c, b := range l.blank {
		if b >= 0 {
			dst = append(dst, t.text[from:l.at[c]]...)
			dst = append(dst, labels[b]...)
			from = l.at[c] + 1
		}
	}
	return append(dst, t.text[from:l.to]...)
}

// span is a line in a buffer, and the quad that it came from.
type span struct{ from, to, quad int }

// sorted writes all lines with their labels, sorts them by code point (which is the order of UTF-8 bytes) and leaves out
// what was there before. The result owns its memory.
func (t *template) sorted(labels []string, scratch *sortScratch) *Canonical {
	buf, spans := scratch.buf[:0], slices.Grow(scratch.spans[:0], len(t.lines))
	for i := range t.lines {
		from := len(buf)
		buf = t.appendLine(buf, &t.lines[i], labels)
		spans = append(spans, span{from, len(buf), i})
	}
	scratch.buf, scratch.spans = buf, spans
	slices.SortFunc(spans, func(a, b span) int {
		if c := bytes.Compare(buf[a.from:a.to], buf[b.from:b.to]); c != 0 {
			return c
		}
		return a.quad - b.quad
	})
	numbers := make([]int, 2*len(spans))
	c := &Canonical{
		Lines:  make([][]byte, 0, len(spans)),
		Labels: labels,
		Order:  numbers[:0:len(spans)],
		LineOf: numbers[len(spans):],
		text:   make([]byte, 0, len(buf)),
	}
	for i, s := range spans {
		line := buf[s.from:s.to]
		if i == 0 || !bytes.Equal(line, c.Lines[len(c.Lines)-1]) {
			at := len(c.text)
			c.text = append(c.text, line...)
			c.Lines = append(c.Lines, c.text[at:len(c.text):len(c.text)])
			c.Order = append(c.Order, s.quad)
		}
		c.LineOf[s.quad] = len(c.Lines) - 1
	}
	return c
}

type sortScratch struct {
	buf   []byte
	spans []span
}
