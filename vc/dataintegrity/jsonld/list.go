package jsonld

import (
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

const (
	rdfFirst = rdfNS + "first"
	rdfRest  = rdfNS + "rest"
	rdfNil   = rdfNS + "nil"
)

// list is an RDF list that is being built, a cell for each item.
type list struct {
	offset     int // of the JSON value that stands for it
	outer      *place
	coerced    bool // the property makes lists of arrays, at any depth
	head, tail rdf.Term
	n          int
	replaced   bool // the value was a list object, which took the place of this list
}

// cell adds an item.
func (x *conversion) cell(l *list, item, graph rdf.Term) error {
	cell := x.blank(Source{Offset: l.offset, Cell: l.n + 1})
	if l.n == 0 {
		l.head = cell
	} else if err := x.state(l.tail, rdfRest, cell, graph); err != nil {
		return err
	}
	l.tail = cell
	l.n++
	return x.state(cell, rdfFirst, item, graph)
}

// finish closes the list and puts it where it belongs.
func (x *conversion) finish(l *list) error {
	if l.replaced {
		return nil
	}
	at := l.outer
	if at.kind == freely || at.wrap != noWrap || at.extra != nil {
		return refuse(ErrLoss, "a list that is no value of a property")
	}
	if at.kind == backward {
		return refuse(ErrSyntax, "a list cannot have a reverse property")
	}
	null := rdf.Term{Kind: rdf.IRI, Value: rdfNil}
	if l.n == 0 {
		return x.put(at, null)
	}
	if err := x.state(l.tail, rdfRest, null, at.graph); err != nil {
		return err
	}
	return x.put(at, l.head)
}

// list makes a list of a value: of the elements of an array, or of one item. coerced tells that the property says so.
func (x *conversion) list(c *context, prop *term, v strictjson.Value, coerced bool, outer *place) error {
	l := &list{offset: v.Offset(), outer: outer, coerced: coerced}
	at := place{kind: inListCell, graph: outer.graph, list: l, whole: coerced}
	if err := x.items(c, prop, v, &at); err != nil {
		return err
	}
	return x.finish(l)
}

// items adds the items that a value stands for.
func (x *conversion) items(c *context, prop *term, v strictjson.Value, at *place) error {
	if v.Kind() != strictjson.Array {
		return x.value(c, prop, v, false, at)
	}
	inside := *at
	inside.whole = false
	for i, e := range v.Elems() {
		if err := x.item(c, prop, e, &inside); err != nil {
			return withinElem(err, i)
		}
	}
	return nil
}

// item adds an element of an array in a list.
func (x *conversion) item(c *context, prop *term, v strictjson.Value, at *place) error {
	if v.Kind() != strictjson.Array {
		return x.value(c, prop, v, false, at)
	}
	if !at.list.coerced {
		return refuse(ErrSyntax, "an array in an array in @list: processors do not agree on it")
	}
	if prop != nil && prop.hasScope() {
		return refuse(ErrSyntax, "an array in a list under a context of the property: processors do not agree on it")
	}
	if x.depth++; x.depth > maxDepth {
		return refuse(ErrLimit, "nested too deeply")
	}
	defer func() { x.depth-- }()
	l := &list{offset: v.Offset(), outer: at, coerced: true}
	if err := x.items(c, prop, v, &place{kind: inListCell, graph: at.graph, list: l}); err != nil {
		return err
	}
	return x.finish(l)
}

// listObject converts the value of @list.
func (x *conversion) listObject(o *object, v strictjson.Value, at *place) error {
	coerced := o.prop != nil && o.prop.container&inList != 0
	l := &list{offset: v.Offset(), outer: at, coerced: coerced}
	if at.kind == inListCell && at.whole {
		at.list.replaced = true
		l.outer = at.list.outer
	}
	if err := x.items(o.c, o.prop, v, &place{kind: inListCell, graph: at.graph, list: l}); err != nil {
		return err
	}
	return x.finish(l)
}

// setObject converts the value of @set.
func (x *conversion) setObject(o *object, v strictjson.Value, at *place) error {
	if at.kind != inListCell {
		return x.value(o.c, o.prop, v, false, at)
	}
	if !at.whole {
		return refuse(ErrSyntax, "@set in a list: processors do not agree on it")
	}
	// Going back to the context outside a type's may change what the property says of arrays.
	at.list.coerced = o.prop != nil && o.prop.container&inList != 0
	return x.items(o.c, o.prop, v, at)
}
