package jsonld

import (
	"slices"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

const (
	rdfNS   = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	rdfType = rdfNS + "type"
)

// object is a JSON object that is being converted, with the context that holds in it.
type object struct {
	v       strictjson.Value
	c       *context
	typed   *context // the context before those of its types, in which its types are looked up
	prop    *term    // the property that it is a value of, as defined in c; nil at the top and in graphs
	base    int      // words[base+i] is what member i means
	has     uint64   // keywords among the members, a bit each
	members []strictjson.Member
}

func (o *object) hasOnly(words ...keyword) bool {
	rest := o.has
	for _, k := range words {
		rest &^= 1 << k
	}
	return rest == 0
}

// object converts a JSON object: a node, a value, a list or a set (API, section 5.1.2, steps 7 to 19).
func (x *conversion) object(c *context, prop *term, v strictjson.Value, fromMap bool, at *place) error {
	o := object{v: v, prop: prop, base: len(x.words), members: v.Members()}
	defer func() { x.words = x.words[:o.base] }()
	var err error
	if o.c, err = x.enter(c, prop, v, fromMap); err != nil {
		return err
	}
	if err = x.look(&o); err != nil {
		return err
	}
	if prop != nil && o.c != c {
		o.prop = prop.in(o.c)
	}
	switch {
	case o.has&(1<<kwValue) != 0:
		return x.valueObject(&o, at)
	case o.has&(1<<kwList|1<<kwSet) != 0:
		return x.collection(&o, at)
	}
	return x.node(&o, at)
}

// enter finds the context that holds in an object, types apart.
func (x *conversion) enter(c *context, prop *term, v strictjson.Value, fromMap bool) (*context, error) {
	if c.previous != nil && !fromMap && !c.keeps(v.Members()) {
		c = c.previous
	}
	var err error
	if prop != nil && prop.hasScope() {
		if c, err = x.scoped(c, scope{term: prop}); err != nil {
			return nil, err
		}
	}
	local, ok := v.Get("@context")
	if !ok {
		return c, nil
	}
	if local.Kind() != strictjson.Array {
		c, err = x.apply(c, local)
		return c, wrapContext(err)
	}
	for i, e := range local.Elems() {
		if e.Kind() == strictjson.Array {
			return nil, wrapContext(withinElem(refuse(ErrSyntax, "a context must be an object, a URL or null"), i))
		}
		if _, ok := e.Get("@propagate"); ok {
			return nil, wrapContext(withinElem(refuse(ErrSyntax, "@propagate is only allowed in a context that stands alone"), i))
		}
		if c, err = x.apply(c, e); err != nil {
			return nil, wrapContext(withinElem(err, i))
		}
	}
	return c, nil
}

func wrapContext(err error) error {
	if err == nil {
		return nil
	}
	return within(err, "@context")
}

// keeps tells whether an object goes on with a context that does not propagate: values and references do.
func (c *context) keeps(members []strictjson.Member) bool {
	for _, m := range members {
		if t := c.terms[m.Name]; t != nil && (t.keyword == kwValue || t.keyword == kwID && len(members) == 1) {
			return true
		}
	}
	return false
}

// look finds what every member means, in the context that its types bring along.
func (x *conversion) look(o *object) error {
	o.typed = o.c
	types := -1
	for i := range o.members {
		t := o.c.terms[o.members[i].Name]
		if t != nil && t.keyword == kwType {
			types = i // a second one is refused below
		}
		x.words = append(x.words, t)
	}
	if types >= 0 {
		var err error
		if o.c, err = x.typeScopes(o.c, o.members[types].Value); err != nil {
			return within(err, o.members[types].Name)
		}
	}
	for i := range o.members {
		name := o.members[i].Name
		if name == "" { // of which one processor makes the vocabulary itself, and another nothing
			return refuse(ErrUndefinedTerm, "a member without a name")
		}
		t := x.words[o.base+i]
		if o.c != o.typed {
			t = o.c.terms[name]
		}
		if t == nil || t.keyword == noKeyword && t.iri == "" {
			var err error
			if t, err = x.word(o.c, name); err != nil {
				return within(err, name)
			}
		}
		x.words[o.base+i] = t
		if k := t.keyword; k != noKeyword {
			if o.has&(1<<k) != 0 && k != kwNest && k != kwIncluded {
				return within(refuse(ErrSyntax, "two members stand for %s", k), name)
			}
			o.has |= 1 << k
		}
	}
	return nil
}

// word is the meaning of a member name that is not a term: a compact or full IRI, or a word of the vocabulary.
func (x *conversion) word(c *context, name string) (*term, error) {
	e, err := x.expand(c, name, true)
	if err != nil {
		return nil, err
	}
	return &term{name: name, iri: e.iri, usable: isIRI(e.iri)}, nil
}

// typeScopes applies the contexts that the types of an object bring along, in the order of their names.
func (x *conversion) typeScopes(c *context, v strictjson.Value) (*context, error) {
	list := v.Elems()
	if v.Kind() == strictjson.String {
		list = []strictjson.Value{v}
	}
	var scopes []*term
	for _, e := range list {
		if s, ok := e.Str(); ok {
			if t := c.terms[s]; t != nil && t.hasScope() {
				scopes = append(scopes, t)
			}
		}
	}
	if len(scopes) > 1 {
		slices.SortFunc(scopes, func(a, b *term) int { return strings.Compare(a.name, b.name) })
		scopes = slices.Compact(scopes)
	}
	for _, t := range scopes {
		var err error
		if c, err = x.scoped(c, scope{term: t, byType: true}); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// collection converts a list object or a set object.
func (x *conversion) collection(o *object, at *place) error {
	if !o.hasOnly(kwContext, kwList) && !o.hasOnly(kwContext, kwSet) || len(o.members) > 1+int(o.has>>kwContext&1) {
		return refuse(ErrSyntax, "a list or set object must have no other members")
	}
	for i, m := range o.members {
		var err error
		switch x.words[o.base+i].keyword {
		case kwList:
			err = x.listObject(o, m.Value, at)
		case kwSet:
			err = x.setObject(o, m.Value, at)
		}
		if err != nil {
			return within(err, m.Name)
		}
	}
	return nil
}

// node converts a node object.
func (x *conversion) node(o *object, at *place) error {
	if at.top && o.hasOnly(kwContext, kwGraph) && len(o.members) == 1+int(o.has>>kwContext&1) && o.has&(1<<kwGraph) != 0 {
		return x.onlyGraph(o)
	}
	inner := *at
	if at.wrap == wrapAll || at.wrap == wrapUnlessGraph && !x.isGraph(o) {
		name, err := x.wrapped(o.v, at)
		if err != nil {
			return err
		}
		inner = place{kind: freely, graph: name}
	}
	before := len(x.graph.Quads)
	subject, err := x.subject(o, &inner)
	if err != nil {
		return err
	}
	x.record(o, subject, inner.graph)
	if err = x.link(&inner, subject); err != nil {
		return err
	}
	if err = x.contents(o, subject, inner.graph); err != nil {
		return err
	}
	if inner.kind == freely && len(x.graph.Quads) == before {
		return refuse(ErrLoss, "a node that nothing is said of")
	}
	return nil
}

// onlyGraph converts a document that has nothing but @graph: its nodes are in the default graph.
func (x *conversion) onlyGraph(o *object) error {
	for i, m := range o.members {
		if x.words[o.base+i].keyword == kwGraph {
			if err := x.inGraph(o.c, m.Value, rdf.Term{}); err != nil {
				return within(err, m.Name)
			}
		}
	}
	return nil
}

// isGraph tells whether a node object is a graph object: a graph and perhaps its name.
func (x *conversion) isGraph(o *object) bool {
	return o.has&(1<<kwGraph) != 0 && o.hasOnly(kwGraph, kwID, kwIndex, kwContext) &&
		!slices.ContainsFunc(x.words[o.base:o.base+len(o.members)], func(t *term) bool { return t.keyword == noKeyword })
}

// wrapped makes the graph that a graph container puts around a node, and links it.
func (x *conversion) wrapped(v strictjson.Value, at *place) (rdf.Term, error) {
	var name rdf.Term
	if at.extra != nil && at.extra.id != "" {
		name = x.resource(at.extra.id)
	} else {
		name = x.blank(Source{Offset: v.Offset(), Cell: ImplicitGraph})
	}
	return name, x.link(at, name)
}

// subject is the node that an object is about.
func (x *conversion) subject(o *object, at *place) (rdf.Term, error) {
	key := ""
	if at.extra != nil {
		key = at.extra.id
	}
	for i, m := range o.members {
		if o.has&(1<<kwID) == 0 || x.words[o.base+i].keyword != kwID {
			continue
		}
		s, ok := m.Value.Str()
		if !ok {
			return rdf.Term{}, within(refuse(ErrSyntax, "an identifier must be a string"), m.Name)
		}
		t, err := x.named(o.c, s, false)
		if err != nil {
			return t, within(err, m.Name)
		}
		if key != "" && x.resource(key) != t {
			return t, within(refuse(ErrLoss, "the key of an @id map, beside another identifier"), m.Name)
		}
		return t, nil
	}
	if key != "" {
		return x.resource(key), nil
	}
	return x.blank(Source{Offset: o.v.Offset()}), nil
}

// contents states what a node object says of its subject.
func (x *conversion) contents(o *object, subject, graph rdf.Term) error {
	for i := range o.members {
		m := &o.members[i]
		t := x.words[o.base+i]
		var err error
		switch t.keyword {
		case noKeyword:
			err = x.property(o.c, t, m.Value, subject, graph, false)
		case kwContext, kwID:
		case kwType:
			err = x.types(o.typed, m.Value, subject, graph)
		case kwGraph:
			err = x.inGraph(o.c, m.Value, subject)
		case kwIncluded:
			err = x.included(o, m.Value, graph)
		case kwReverse:
			err = x.reverseMap(o.c, m.Value, subject, graph)
		case kwNest:
			err = x.nested(o.c, t, m.Value, subject, graph)
		case kwIndex:
			err = refuse(ErrLoss, "@index")
		default:
			err = refuse(ErrSyntax, "%s cannot be part of a node object", t.keyword)
		}
		if err != nil {
			return within(err, m.Name)
		}
	}
	return nil
}

// types states the types of a node.
func (x *conversion) types(c *context, v strictjson.Value, subject, graph rdf.Term) error {
	if s, ok := v.Str(); ok {
		return x.typ(c, s, subject, graph)
	}
	if v.Kind() != strictjson.Array {
		return refuse(ErrSyntax, "a type must be a string")
	}
	if len(v.Elems()) == 0 {
		return refuse(ErrLoss, "an empty array")
	}
	for i, e := range v.Elems() {
		s, ok := e.Str()
		if !ok {
			return withinElem(refuse(ErrSyntax, "a type must be a string"), i)
		}
		if err := x.typ(c, s, subject, graph); err != nil {
			return withinElem(err, i)
		}
	}
	return nil
}

func (x *conversion) typ(c *context, s string, subject, graph rdf.Term) error {
	t, err := x.identifier(c, s, true)
	if err != nil {
		return err
	}
	return x.state(subject, rdfType, t, graph)
}

// inGraph converts the value of @graph: nodes in a graph of their own.
func (x *conversion) inGraph(c *context, v strictjson.Value, name rdf.Term) error {
	if k := v.Kind(); k != strictjson.Object && k != strictjson.Array {
		return refuse(ErrSyntax, "@graph must be an object or an array")
	}
	return x.value(c, nil, v, false, &place{kind: freely, graph: name})
}

// included converts the value of @included: more nodes beside this one.
func (x *conversion) included(o *object, v strictjson.Value, graph rdf.Term) error {
	return x.value(o.c, o.prop, v, false, &place{kind: freely, graph: graph})
}
