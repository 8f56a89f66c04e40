package strictjson

// Offset returns where v starts in the text that was parsed, in bytes. No two values of one text share it, so that it tells
// them apart, also in views that [Value.WithMembers] and [Value.WithElems] make. It is 0 for the zero Value.
func (v Value) Offset() int { return int(v.start) }

// WithMembers returns a view of an Object that has the members ms instead of its own and keeps its Offset. Names must differ,
// as they do in a selection of v's members; the slice must not change while the view is in use. Another kind gives the zero
// Value.
func (v Value) WithMembers(ms []Member) Value {
	if v.kind != Object {
		return Value{}
	}
	v.doc, v.first, v.n = &text{members: ms}, 0, uint32(len(ms))
	return v
}

// WithElems returns a view of an Array that has the elements es instead of its own and keeps its Offset. The slice must not
// change while the view is in use. Another kind gives the zero Value.
func (v Value) WithElems(es []Value) Value {
	if v.kind != Array {
		return Value{}
	}
	v.doc, v.first, v.n = &text{elems: es}, 0, uint32(len(es))
	return v
}

// AppendJSON appends v without white space between its tokens: members in their order, strings and numbers as they were
// written, member names escaped as [AppendString] does. The zero Value is written as null.
func AppendJSON(dst []byte, v Value) []byte {
	switch v.kind {
	case Array:
		dst = append(dst, '[')
		for i, e := range v.Elems() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSON(dst, e)
		}
		return append(dst, ']')
	case Object:
		dst = append(dst, '{')
		for i, m := range v.Members() {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendString(dst, m.Name)
			dst = append(dst, ':')
			dst = AppendJSON(dst, m.Value)
		}
		return append(dst, '}')
	case Invalid:
		return append(dst, "null"...)
	}
	return append(dst, v.Raw()...)
}
