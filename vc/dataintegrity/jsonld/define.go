package jsonld

import (
	"slices"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
)

// definer adds the terms of one context object to a context that is being built (API, section 4.2).
type definer struct {
	p         *processor
	c         *context
	local     map[string]strictjson.Value
	state     map[string]state
	protected bool // @protected of the whole context
	override  bool
}

type state uint8

const (
	untouched state = iota
	begun
	defined
)

// term defines one term, and before it those that it is made of.
func (d *definer) term(name string) error {
	switch d.state[name] {
	case defined:
		return nil
	case begun:
		return refuse(ErrSyntax, "%s is defined by itself", printable(name))
	}
	d.state[name] = begun
	v := d.local[name]
	switch {
	case name == "":
		return refuse(ErrSyntax, "a term must not be empty")
	case name == "@type":
		return d.typeTerm(v)
	case toKeyword(name) != noKeyword:
		return refuse(ErrSyntax, "keyword %s cannot be defined", name)
	case likeKeyword(name):
		return refuse(ErrSyntax, "%s has the form of a keyword", name)
	}
	t := &term{name: name}
	simple := v.Kind() == strictjson.String || v.Kind() == strictjson.Null
	if !simple && v.Kind() != strictjson.Object {
		return refuse(ErrSyntax, "a term is defined by a string, an object or null")
	}
	old := d.c.terms[name]
	delete(d.c.terms, name)
	if err := d.describe(t, v, simple); err != nil {
		return err
	}
	if old != nil && old.protected && !d.override {
		if !t.same(old) {
			return refuse(ErrSyntax, "protected term %s is defined anew", printable(name))
		}
		t = old
	}
	d.c.terms[name] = t
	d.state[name] = defined
	return nil
}

// typeTerm allows @type to be made a set and to be protected, and nothing else.
func (d *definer) typeTerm(v strictjson.Value) error {
	t := &term{name: "@type", keyword: kwType, protected: d.protected}
	if v.Kind() != strictjson.Object || len(v.Members()) == 0 {
		return refuse(ErrSyntax, "keyword @type cannot be defined")
	}
	for _, m := range v.Members() {
		s, _ := m.Value.Str()
		b, isBool := m.Value.Bool()
		switch {
		case m.Name == "@container" && s == "@set":
			t.container = inSet
		case m.Name == "@protected" && isBool:
			t.protected = b
		default:
			return refuse(ErrSyntax, "keyword @type cannot be defined")
		}
	}
	if old := d.c.terms["@type"]; old.protected && !d.override {
		if !t.same(old) {
			return refuse(ErrSyntax, "protected @type is defined anew")
		}
		t = old
	}
	d.c.terms["@type"] = t
	d.state["@type"] = defined
	return nil
}

// describe fills t in from its definition, in the order of the specification.
func (d *definer) describe(t *term, v strictjson.Value, simple bool) error {
	t.protected = d.protected
	var id, reverse strictjson.Value
	if simple {
		id = v
	}
	for _, m := range v.Members() {
		switch toKeyword(m.Name) {
		case kwID:
			id = m.Value
		case kwReverse:
			reverse = m.Value
		case kwProtected:
			var ok bool
			if t.protected, ok = m.Value.Bool(); !ok {
				return refuse(ErrSyntax, "@protected must be true or false")
			}
		case kwContainer, kwContext, kwDirection, kwIndex, kwLanguage, kwNest, kwPrefix, kwType:
		default:
			return refuse(ErrSyntax, "%s cannot be part of a definition", printable(m.Name))
		}
	}
	if typ, ok := v.Get("@type"); ok {
		if err := d.coercion(t, typ); err != nil {
			return within(err, "@type")
		}
	}
	if reverse.Kind() != strictjson.Invalid {
		return d.reverse(t, v, reverse)
	}
	if err := d.meaning(t, id, simple); err != nil {
		return err
	}
	t.usable = isIRI(t.iri)
	d.state[t.name] = defined
	return d.rest(t, v)
}

// coercion reads @type.
func (d *definer) coercion(t *term, v strictjson.Value) error {
	s, ok := v.Str()
	if !ok {
		return refuse(ErrSyntax, "the type of a term must be a string")
	}
	e, err := d.expand(s)
	if err != nil {
		return err
	}
	switch {
	case e.keyword == kwID:
		t.coerce = toID
	case e.keyword == kwVocab:
		t.coerce = toVocab
	case e.keyword == kwJSON:
		t.coerce = toJSON
	case e.keyword == kwNone:
		t.coerce = toNone
	case isIRI(e.iri):
		t.coerce, t.datatype = toDatatype, e.iri
	default:
		return refuse(ErrSyntax, "the type of a term must be an absolute IRI, @id, @vocab, @json or @none")
	}
	return nil
}

// reverse reads the definition of a reverse property, which may say little else.
func (d *definer) reverse(t *term, v, reverse strictjson.Value) error {
	for _, m := range v.Members() {
		switch toKeyword(m.Name) {
		case kwReverse, kwType, kwProtected:
		case kwContainer:
			s, ok := m.Value.Str()
			switch {
			case ok && s == "@set":
				t.container = inSet
			case ok && s == "@index":
				t.container = inIndex
			case m.Value.Kind() != strictjson.Null:
				return refuse(ErrSyntax, "the container of a reverse property must be @set or @index")
			}
		default:
			return refuse(ErrSyntax, "%s cannot be part of a reverse property", m.Name)
		}
	}
	s, ok := reverse.Str()
	if !ok {
		return refuse(ErrSyntax, "@reverse must be a string")
	}
	e, err := d.expand(s)
	if err != nil {
		return err
	}
	if !e.absolute() {
		return refuse(ErrSyntax, "@reverse must be an absolute IRI")
	}
	t.iri, t.reverse, t.usable = e.iri, true, isIRI(e.iri)
	return nil
}

// meaning reads @id, or does without one (API, section 4.2.2, steps 14 to 18).
func (d *definer) meaning(t *term, id strictjson.Value, simple bool) error {
	s, isString := id.Str()
	switch {
	case id.Kind() == strictjson.Null:
		return nil
	case id.Kind() == strictjson.Invalid || isString && s == t.name:
		return d.byItself(t)
	case !isString:
		return refuse(ErrSyntax, "the @id of a term must be a string or null")
	}
	e, err := d.expand(s)
	if err != nil {
		return err
	}
	if e.keyword == kwContext {
		return refuse(ErrSyntax, "@context cannot have an alias")
	}
	if e.keyword == noKeyword && !e.absolute() {
		return refuse(ErrSyntax, "the @id of a term must be an absolute IRI or a keyword")
	}
	t.iri, t.keyword = e.iri, e.keyword
	inside := strings.Contains(t.name, "/")
	if colon := strings.IndexByte(t.name[1:], ':'); colon >= 0 && colon+2 < len(t.name) {
		inside = true
	}
	if inside {
		d.state[t.name] = defined
		if again, err := d.expand(t.name); err != nil || again != e {
			return refuse(ErrSyntax, "a term in the form of an IRI must stand for that IRI")
		}
	}
	t.prefix = simple && t.iri != "" && !strings.ContainsAny(t.name, ":/") &&
		(strings.IndexByte(":/?#[]@", t.iri[len(t.iri)-1]) >= 0 || isBlank(t.iri))
	return nil
}

// byItself finds what a term without an @id of its own stands for.
func (d *definer) byItself(t *term) error {
	if colon := strings.IndexByte(t.name, ':'); colon > 0 {
		prefix := t.name[:colon]
		if err := d.need(prefix); err != nil {
			return err
		}
		t.iri = t.name
		if p := d.c.terms[prefix]; p != nil {
			if p.iri == "" {
				return refuse(ErrSyntax, "prefix %s stands for no IRI", printable(prefix))
			}
			var err error
			if t.iri, err = join(p.iri, t.name[colon+1:]); err != nil {
				return err
			}
		}
		if !(expanded{iri: t.iri}).absolute() {
			return refuse(ErrSyntax, "%s is not an IRI", printable(t.name))
		}
		return nil
	}
	if d.c.vocab == "" {
		return refuse(ErrSyntax, "%s has no @id, and there is no @vocab", printable(t.name))
	}
	var err error
	t.iri, err = join(d.c.vocab, t.name)
	return err
}

// need defines the term that another one is made of, if this context has it.
func (d *definer) need(name string) error {
	if _, ok := d.local[name]; ok && d.state[name] != defined && toKeyword(name) == noKeyword {
		return d.term(name)
	}
	return nil
}

// expand is context.expand for words of the context that is being built: a relative result is returned as it is.
func (d *definer) expand(s string) (expanded, error) {
	if k := toKeyword(s); k != noKeyword {
		return expanded{keyword: k}, nil
	}
	if likeKeyword(s) {
		return expanded{}, refuse(ErrSyntax, "%s has the form of a keyword", s)
	}
	if err := d.need(s); err != nil {
		return expanded{}, err
	}
	if t := d.c.terms[s]; t != nil {
		return expanded{iri: t.iri, keyword: t.keyword}, nil
	}
	if colon := strings.IndexByte(s, ':'); colon > 0 {
		if s[:colon] != "_" && !strings.HasPrefix(s[colon+1:], "//") {
			if err := d.need(s[:colon]); err != nil {
				return expanded{}, err
			}
		}
		e, err := d.c.compact(s, colon)
		if err != nil || e.absolute() {
			return e, err
		}
	}
	if d.c.vocab == "" {
		return expanded{iri: s}, nil
	}
	iri, err := join(d.c.vocab, s)
	return expanded{iri: iri}, err
}

// rest reads what a definition may say beside its meaning (API, section 4.2.2, steps 19 to 25).
func (d *definer) rest(t *term, v strictjson.Value) error {
	_, typed := v.Get("@type")
	if c, ok := v.Get("@container"); ok { // before @index, which depends on it
		if err := t.containers(c); err != nil {
			return within(err, "@container")
		}
	}
	for _, m := range v.Members() {
		var err error
		switch s, isString := m.Value.Str(); toKeyword(m.Name) {
		case kwIndex:
			e, wrong := d.expand(s)
			if t.container&inIndex == 0 || !isString || wrong != nil || !isIRI(e.iri) {
				err = refuse(ErrSyntax, "@index must name a property, in a container with @index")
			}
			t.index = s
		case kwContext:
			t.scoped = m.Value
		case kwLanguage:
			if !typed {
				t.language, err = language(m.Value)
				t.hasLanguage = true
			}
		case kwDirection:
			if !typed {
				t.direction, err = direction(m.Value)
				t.hasDirection = true
			}
		case kwNest:
			t.nest = s
			if k := toKeyword(s); !isString || k != noKeyword && k != kwNest || k == noKeyword && likeKeyword(s) {
				err = refuse(ErrSyntax, "@nest must be @nest or a term")
			}
		case kwPrefix:
			var ok bool
			t.prefix, ok = m.Value.Bool()
			if !ok || strings.ContainsAny(t.name, ":/") || t.prefix && t.iri == "" {
				err = refuse(ErrSyntax, "@prefix must be true or false, of a term that stands for an IRI")
			}
		}
		if err != nil {
			return within(err, m.Name)
		}
	}
	return nil
}

var containerKeywords = [keywordCount]container{
	kwList: inList, kwSet: inSet, kwIndex: inIndex, kwLanguage: inLanguage, kwGraph: inGraph, kwID: inID, kwType: inType,
}

// allowedContainers are the containers apart from @set, which goes with all of them but @list.
var allowedContainers = []container{
	0, inIndex, inLanguage, inGraph, inID, inType, inGraph | inID, inGraph | inIndex,
}

// containers reads @container.
func (t *term) containers(v strictjson.Value) error {
	list := v.Elems()
	if v.Kind() == strictjson.String {
		list = []strictjson.Value{v}
	}
	for _, e := range list {
		s, _ := e.Str()
		c := containerKeywords[toKeyword(s)]
		if c == 0 || t.container&c != 0 {
			return refuse(ErrSyntax, "unknown container")
		}
		t.container |= c
	}
	if t.container == 0 || t.container != inList && !slices.Contains(allowedContainers, t.container&^inSet) {
		return refuse(ErrSyntax, "containers that do not go together")
	}
	if t.container&inType != 0 {
		if t.coerce == noCoercion {
			t.coerce = toID
		}
		if t.coerce != toID && t.coerce != toVocab {
			return refuse(ErrSyntax, "a type map needs @id or @vocab as the type of its values")
		}
	}
	if t.coerce == toJSON && t.container&(inIndex|inLanguage|inGraph|inID) != 0 {
		return refuse(ErrSyntax, "a map or graph of JSON literals: processors do not agree on it")
	}
	return nil
}
