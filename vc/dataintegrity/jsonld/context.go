package jsonld

import (
	"maps"
	"sync"

	"github.com/realdid/realdid/internal/strictjson"
)

// context is an active context (API, section 4.1): what each member name means at one place of a document. It does not
// change once it is built, apart from the contexts that were derived from it and are kept for the next document.
type context struct {
	terms     map[string]*term // the keywords among them
	vocab     string           // "" if there is none
	language  string           // default language, in lower case; "" if there is none
	direction string           // default base direction: "ltr", "rtl" or ""
	previous  *context         // what to go back to in the next node object, for contexts that do not propagate
	protected bool             // some term is protected

	home *generation
	mu   sync.RWMutex
	next map[scope]*context
}

// scope is the context that a term brings along, applied because of a property or of a type.
type scope struct {
	term   *term
	byType bool
}

// term is the definition of one term (API, section 4.2). It does not change once it is in a context, and contexts share it.
type term struct {
	name      string
	iri       string  // the IRI or blank node label that it stands for; "" for a keyword or if mapped to null
	keyword   keyword // the keyword that it is, or is an alias of
	usable    bool    // iri is an absolute IRI
	coerce    coercion
	datatype  string // if coerce is toDatatype
	container container
	language  string // if hasLanguage; "" means none at all
	direction string // if hasDirection; "" means none at all
	index     string // the property for the keys of an index map; "" if there is none
	nest      string
	prefix    bool // may be the prefix of a compact IRI
	protected bool
	reverse   bool
	scoped    strictjson.Value // its context; kind Invalid if it has none

	hasLanguage, hasDirection bool
}

type coercion uint8

const (
	noCoercion coercion = iota
	toID
	toVocab
	toJSON
	toNone
	toDatatype
)

type container uint8

const (
	inList container = 1 << iota
	inSet
	inIndex
	inLanguage
	inGraph
	inID
	inType
)

// same tells whether a term is defined anew just as it was (API, section 4.2.2, step 27): protection apart.
func (t *term) same(u *term) bool {
	return t.iri == u.iri && t.keyword == u.keyword && t.coerce == u.coerce && t.datatype == u.datatype &&
		t.container == u.container && t.hasLanguage == u.hasLanguage && t.language == u.language &&
		t.hasDirection == u.hasDirection && t.direction == u.direction && t.index == u.index && t.nest == u.nest &&
		t.prefix == u.prefix && t.reverse == u.reverse && sameScope(t, u)
}

// sameScope tells whether two terms bring along the same context.
func sameScope(t, u *term) bool {
	if t.scoped.Kind() != u.scoped.Kind() {
		return false
	}
	return t.scoped.Kind() == strictjson.Invalid ||
		string(strictjson.AppendCanonical(nil, t.scoped)) == string(strictjson.AppendCanonical(nil, u.scoped))
}

// hasScope tells whether the term brings a context along.
func (t *term) hasScope() bool { return t.scoped.Kind() != strictjson.Invalid }

// in returns the definition of the same name in another context; a term without any if it has none there.
func (t *term) in(c *context) *term {
	if u := c.terms[t.name]; u != nil {
		return u
	}
	return &term{name: t.name}
}

// newContext returns the initial context, which knows the keywords only.
func newContext(home *generation) *context {
	c := &context{terms: make(map[string]*term, keywordCount), home: home}
	for k := kwBase; k < keywordCount; k++ {
		c.terms[k.String()] = keywordTerms[k]
	}
	return c
}

var keywordTerms = func() (terms [keywordCount]*term) {
	for k := kwBase; k < keywordCount; k++ {
		terms[k] = &term{name: k.String(), keyword: k}
	}
	return terms
}()

func (c *context) clone(home *generation) *context {
	return &context{
		terms: maps.Clone(c.terms), vocab: c.vocab, language: c.language, direction: c.direction,
		previous: c.previous, protected: c.protected, home: home,
	}
}
