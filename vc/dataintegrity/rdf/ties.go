package rdf

import (
	"bytes"
	"slices"
)

// RDFC-1.0 relates a node to its neighbours by position and predicate alone, not by graph, nor by the other terms of a quad
// whose graph is the node. In a dataset of one graph nothing is lost by that: nodes of equal N-degree hashes may be exchanged
// without changing the dataset. In others they may not, as the two graphs here:
//
//	_:a <urn:p> "1" _:g .    _:b <urn:p> "2" _:g .    _:a <urn:q> "x" .
//	_:a <urn:p> "2" _:h .    _:b <urn:p> "1" _:h .
//
// The algorithm then leaves open which comes first, and the canonical form hangs on the order in which nodes are looked at. The
// form given here is one of those that it allows, and always the same: equal hashes are told apart by the lines around the nodes.

// severalGraphs tells whether equal hashes may belong to nodes that cannot be exchanged.
func severalGraphs(d *Dataset) bool {
	for i := range d.Quads {
		if d.Quads[i].Graph != d.Quads[0].Graph {
			return true
		}
	}
	return false
}

// appendSurroundings appends the sorted lines that mention the nodes along with others, under the labels that all of them
// have by now: canonical or temporary. Whoever exchanges the nodes for others with the same surroundings changes nothing.
func (s *nDegree) appendSurroundings(dst []byte, nodes []int32) []byte {
	scratch := &s.c.sort
	scratch.buf, scratch.spans = scratch.buf[:0], scratch.spans[:0]
	t := &s.c.template
	for _, n := range nodes {
		for _, q := range s.c.mentions.of(n) {
			from, l := len(scratch.buf), &t.lines[q]
			at := l.from
			for c, b := range l.blank {
				if b >= 0 {
					scratch.buf = append(scratch.buf, t.text[at:l.at[c]-len("_:")]...)
					scratch.buf = s.appendIdentifier(scratch.buf, b)
					at = l.at[c] + 1
				}
			}
			scratch.buf = append(scratch.buf, t.text[at:l.to]...)
			scratch.spans = append(scratch.spans, span{from: from, to: len(scratch.buf)})
		}
	}
	buf := scratch.buf
	slices.SortFunc(scratch.spans, func(a, b span) int { return bytes.Compare(buf[a.from:a.to], buf[b.from:b.to]) })
	for _, l := range scratch.spans {
		dst = append(dst, buf[l.from:l.to]...)
	}
	s.spend(len(scratch.spans) + len(buf)/64)
	return dst
}

// firstOfTie tells whether what the issuer issued after its first count identifiers comes before what is chosen instead, on
// paths that are equal.
func (s *nDegree) firstOfTie(count int, chosen []int32) bool {
	tried := slices.Clone(s.issued[count:])
	a := s.appendSurroundings(nil, tried)
	s.undo(count)
	for _, n := range chosen {
		s.issue(n)
	}
	b := s.appendSurroundings(nil, chosen)
	s.undo(count)
	for _, n := range tried {
		s.issue(n)
	}
	return bytes.Compare(a, b) < 0
}

// orderTies orders outcomes of equal hash by the surroundings of whom they issued.
func (s *nDegree) orderTies() {
	for i, j := 0, 0; i < len(s.outcomes); i = j {
		for j = i + 1; j < len(s.outcomes) && s.outcomes[j].hash == s.outcomes[i].hash; j++ {
		}
		if j-i == 1 {
			continue
		}
		for k := i; k < j; k++ {
			o := &s.outcomes[k]
			nodes := s.outcome[o.from:o.to]
			for _, n := range nodes {
				s.issue(n)
			}
			o.surroundings = s.appendSurroundings(nil, nodes)
			s.undo(0)
		}
		slices.SortStableFunc(s.outcomes[i:j], func(a, b outcome) int { return bytes.Compare(a.surroundings, b.surroundings) })
	}
}
