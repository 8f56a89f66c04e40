package jsonld

import (
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// property converts the value of one property of a node. inReverse tells that the member stands in the value of @reverse.
func (x *conversion) property(c *context, t *term, v strictjson.Value, subject, graph rdf.Term, inReverse bool) error {
	from := len(x.graph.Quads)
	err := x.values(c, t, v, subject, graph, inReverse)
	if err == nil && x.repeated(subject, t.iri, graph, from) {
		err = refuse(ErrLoss, "one value twice")
	}
	return err
}

func (x *conversion) values(c *context, t *term, v strictjson.Value, subject, graph rdf.Term, inReverse bool) error {
	if !t.usable {
		return refuse(ErrLoss, "a property that is no IRI")
	}
	at := place{kind: forward, subject: subject, property: t.iri, graph: graph}
	if t.reverse != inReverse {
		at.kind = backward
	}
	if t.coerce == toJSON {
		return x.jsonProperty(v, t, &at)
	}
	if v.Kind() == strictjson.Object {
		switch {
		case t.container&inLanguage != 0:
			return x.languageMap(c, t, v, &at)
		case t.container&(inIndex|inID|inType) != 0:
			return x.indexMap(c, t, v, &at)
		}
	}
	switch {
	case t.container&inList != 0:
		return x.list(c, t, v, true, &at)
	case t.container&(inGraph|inID|inIndex) == inGraph:
		at.wrap = wrapAll
	}
	return x.value(c, t, v, false, &at)
}

// jsonProperty converts a value that is kept as JSON.
func (x *conversion) jsonProperty(v strictjson.Value, t *term, at *place) error {
	lit := jsonLiteral(v)
	if t.container&inList == 0 {
		return x.put(at, lit)
	}
	l := list{offset: v.Offset(), outer: at}
	if err := x.cell(&l, lit, at.graph); err != nil {
		return err
	}
	return x.finish(&l)
}

// reverseMap converts the value of @reverse.
func (x *conversion) reverseMap(c *context, v strictjson.Value, subject, graph rdf.Term) error {
	if v.Kind() != strictjson.Object {
		return refuse(ErrSyntax, "@reverse must be an object")
	}
	if len(v.Members()) == 0 {
		return refuse(ErrLoss, "an empty object")
	}
	if c.previous != nil && !c.keeps(v.Members()) {
		c = c.previous
	}
	return x.plainMembers(c, v, func(t *term, v strictjson.Value) error {
		if t.keyword != noKeyword {
			return refuse(ErrSyntax, "a keyword cannot be a reverse property")
		}
		return x.property(c, t, v, subject, graph, true)
	})
}

// nested converts the value of @nest: members that belong to the node around it.
func (x *conversion) nested(c *context, t *term, v strictjson.Value, subject, graph rdf.Term) error {
	if t.hasScope() {
		return refuse(ErrSyntax, "@nest with a context of its own: processors do not agree on it")
	}
	if x.depth++; x.depth > maxDepth {
		return refuse(ErrLimit, "nested too deeply")
	}
	defer func() { x.depth-- }()
	list := []strictjson.Value{v}
	if v.Kind() == strictjson.Array {
		list = v.Elems()
	}
	empty := len(list) == 0
	for _, e := range list {
		if e.Kind() != strictjson.Object {
			return refuse(ErrSyntax, "@nest must hold objects")
		}
		empty = empty || len(e.Members()) == 0
		if err := x.plainMembers(c, e, func(t *term, v strictjson.Value) error {
			switch t.keyword {
			case noKeyword:
				return x.property(c, t, v, subject, graph, false)
			case kwNest:
				return x.nested(c, t, v, subject, graph)
			}
			return refuse(ErrSyntax, "keywords are not supported inside @nest")
		}); err != nil {
			return err
		}
	}
	if empty {
		return refuse(ErrLoss, "an empty @nest")
	}
	return nil
}

// plainMembers calls f for each member of an object that is not a node of its own.
func (x *conversion) plainMembers(c *context, v strictjson.Value, f func(*term, strictjson.Value) error) error {
	for _, m := range v.Members() {
		t := c.terms[m.Name]
		var err error
		if t == nil || t.keyword == noKeyword && t.iri == "" {
			t, err = x.word(c, m.Name)
		}
		if err == nil {
			err = f(t, m.Value)
		}
		if err != nil {
			return within(err, m.Name)
		}
	}
	return nil
}

// anyKey stands in the place of an error for the key of a map, which may be a claim.
const anyKey = "*"

// languageMap converts texts by language.
func (x *conversion) languageMap(c *context, t *term, v strictjson.Value, at *place) error {
	if t.hasScope() {
		return refuse(ErrSyntax, "a language map with a context of its own: processors do not agree on it")
	}
	if len(v.Members()) == 0 {
		return refuse(ErrLoss, "an empty object")
	}
	direction := c.direction
	if t.hasDirection {
		direction = t.direction
	}
	for _, m := range v.Members() {
		tag := ""
		if !c.isNone(m.Name) {
			if !isLanguageTag(m.Name) {
				return within(refuse(ErrSyntax, "not a language tag (BCP 47)"), anyKey)
			}
			tag = strings.ToLower(m.Name)
		}
		texts := []strictjson.Value{m.Value}
		if m.Value.Kind() == strictjson.Array {
			texts = m.Value.Elems()
		}
		if len(texts) == 0 {
			return within(refuse(ErrLoss, "an empty array"), anyKey)
		}
		for _, e := range texts {
			s, ok := e.Str()
			if e.Kind() == strictjson.Null {
				return within(refuse(ErrLoss, "null"), anyKey)
			}
			if !ok {
				return within(refuse(ErrSyntax, "a language map must hold strings"), anyKey)
			}
			if err := x.put(at, textLiteral(s, tag, direction)); err != nil {
				return within(err, anyKey)
			}
		}
	}
	return nil
}

// indexMap converts a map by index, identifier or type, or a map of graphs.
func (x *conversion) indexMap(c *context, t *term, v strictjson.Value, at *place) error {
	members := v.Members()
	if len(members) == 0 {
		return refuse(ErrLoss, "an empty object")
	}
	if t.hasScope() && (t.index != "" || t.container&(inID|inType) != 0) || t.container&inID != 0 && c.previous != nil {
		return refuse(ErrSyntax, "a map like this under a context of a term: processors do not agree on it")
	}
	inside := c
	if t.container&inType != 0 && c.previous != nil {
		inside = c.previous
	}
	if t.container&inGraph != 0 {
		at.wrap = wrapUnlessGraph
	}
	for _, m := range members {
		if err := x.indexed(c, inside, t, m.Name, m.Value, len(members) == 1, *at); err != nil {
			return within(err, anyKey)
		}
	}
	return nil
}

// indexed converts the values under one key of a map.
func (x *conversion) indexed(c, inside *context, t *term, key string, v strictjson.Value, alone bool, at place) error {
	if t.container&inType != 0 {
		if k := inside.terms[key]; k != nil && k.hasScope() {
			if !alone {
				return refuse(ErrSyntax, "a map of several types with a context of a type: processors do not agree on it")
			}
			var err error
			if inside, err = x.scoped(inside, scope{term: k, byType: true}); err != nil {
				return err
			}
		}
	}
	isNone := c.isNone(key)
	if isNone != inside.isNone(key) {
		return refuse(ErrSyntax, "a key that means something else inside: processors do not agree on it")
	}
	if !isNone {
		var err error
		if at.extra, err = x.keyed(c, inside, t, key); err != nil {
			return err
		}
	} else if t.container&inID != 0 || t.index != "" {
		at.extra = &extra{} // says nothing, and refuses literals as another key does
	}
	if inside != c {
		t = t.in(inside)
	}
	return x.value(inside, t, v, true, &at)
}

// isNone tells whether the key of a map says nothing.
func (c *context) isNone(key string) bool {
	t := c.terms[key]
	return t != nil && t.keyword == kwNone
}

// keyed is what a key says of the nodes under it.
func (x *conversion) keyed(c, inside *context, t *term, key string) (*extra, error) {
	switch {
	case t.container&inID != 0:
		e, err := x.expand(c, key, false)
		return &extra{id: e.iri}, unquoted(err)
	case t.container&inType != 0:
		typ, err := x.identifier(c, key, true)
		if again, _ := x.identifier(inside, key, true); err == nil && again != typ {
			err = refuse(ErrSyntax, "a type that means something else inside: processors do not agree on it")
		}
		return &extra{property: rdfType, value: typ}, err
	case t.index == "":
		return nil, refuse(ErrLoss, "the key of an index map")
	}
	p := c.terms[t.index]
	if p == nil {
		var err error
		if p, err = x.word(c, t.index); err != nil {
			return nil, err
		}
	}
	if !p.usable {
		return nil, refuse(ErrLoss, "an index that is no property")
	}
	value, err := x.text(c, p, key)
	return &extra{property: p.iri, value: value}, err
}
