package rdf

import "strconv"

// AppendNQuads appends the quads in their order, one line each, in canonical N-Quads (RDFC-1.0 appendix A: one space
// between terms, and only the characters escaped that must be). label gives the label of a blank node without "_:"; nil
// means "b" and the node's number. What is written need not be sorted, and equal quads give equal lines.
func (d *Dataset) AppendNQuads(dst []byte, label func(blank int) string) []byte {
	for i := range d.Quads {
		dst = AppendQuad(dst, &d.Quads[i], label)
	}
	return dst
}

// AppendQuad appends one quad as AppendNQuads does, with the newline.
func AppendQuad(dst []byte, q *Quad, label func(blank int) string) []byte {
	dst = AppendTerm(dst, &q.Subject, label)
	dst = append(dst, ' ')
	dst = AppendTerm(dst, &q.Predicate, label)
	dst = append(dst, ' ')
	dst = AppendTerm(dst, &q.Object, label)
	if q.Graph.Kind != DefaultGraph {
		dst = append(dst, ' ')
		dst = AppendTerm(dst, &q.Graph, label)
	}
	return append(dst, ' ', '.', '\n')
}

// AppendTerm appends one term in canonical N-Quads; nothing for DefaultGraph.
func AppendTerm(dst []byte, t *Term, label func(blank int) string) []byte {
	switch t.Kind {
	case IRI:
		dst = append(dst, '<')
		dst = append(dst, t.Value...)
		return append(dst, '>')
	case Blank:
		dst = append(dst, '_', ':')
		if label == nil {
			return strconv.AppendInt(append(dst, 'b'), int64(t.Blank), 10)
		}
		return append(dst, label(t.Blank)...)
	case Literal:
		return appendLiteral(dst, t)
	}
	return dst
}

func appendLiteral(dst []byte, t *Term) []byte {
	dst = append(dst, '"')
	dst = appendEscaped(dst, t.Value)
	dst = append(dst, '"')
	switch {
	case t.Language != "":
		dst = append(dst, '@')
		dst = append(dst, t.Language...)
	case t.Datatype != XSDString && t.Datatype != "":
		dst = append(dst, '^', '^', '<')
		dst = append(dst, t.Datatype...)
		dst = append(dst, '>')
	}
	return dst
}

// escapeOf[c] is 0 for a byte that is written as it is, 'u' for one that becomes \u00XX, else the letter after the backslash.
var escapeOf = [256]byte{
	0x00: 'u', 0x01: 'u', 0x02: 'u', 0x03: 'u', 0x04: 'u', 0x05: 'u', 0x06: 'u', 0x07: 'u',
	'\b': 'b', '\t': 't', '\n': 'n', 0x0B: 'u', '\f': 'f', '\r': 'r', 0x0E: 'u', 0x0F: 'u',
	0x10: 'u', 0x11: 'u', 0x12: 'u', 0x13: 'u', 0x14: 'u', 0x15: 'u', 0x16: 'u', 0x17: 'u',
	0x18: 'u', 0x19: 'u', 0x1A: 'u', 0x1B: 'u', 0x1C: 'u', 0x1D: 'u', 0x1E: 'u', 0x1F: 'u',
	'"': '"', '\\': '\\', 0x7F: 'u',
}

func appendEscaped(dst []byte, s string) []byte {
	const hex = "0123456789ABCDEF"
	from := 0
	for i := 0; i < len(s); i++ {
		e := escapeOf[s[i]]
		if e == 0 {
			continue
		}
		dst = append(dst, s[from:i]...)
		if e == 'u' {
			dst = append(dst, '\\', 'u', '0', '0', hex[s[i]>>4], hex[s[i]&15])
		} else {
			dst = append(dst, '\\', e)
		}
		from = i + 1
	}
	return append(dst, s[from:]...)
}
