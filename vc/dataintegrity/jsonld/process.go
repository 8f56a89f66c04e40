package jsonld

import (
	"slices"

	"github.com/realdid/realdid/internal/strictjson"
)

const (
	maxRemote = 16      // contexts that name each other, one inside the other
	maxWork   = 1 << 19 // terms defined and copied for one document
	maxIRI    = 8 << 10 // bytes of an IRI put together from two parts
)

// processor makes active contexts out of local ones (API, section 4.1).
type processor struct {
	set       *Contexts
	root      *context        // the initial context
	home      *generation     // of what it makes
	work      *int            // what is left of maxWork
	remote    []string        // URLs of the known contexts that are being processed, outermost first
	validated map[string]bool // URLs of scoped contexts that were looked at
}

// spend charges work for contexts: copying or defining n terms.
func (p *processor) spend(n int) error {
	if *p.work -= n; *p.work < 0 {
		return refuse(ErrLimit, "the contexts of this document take too much work")
	}
	return nil
}

// local applies the value of an @context member, or the context that a term brings along, to an active context.
// A context that does not propagate remembers the active one as the place to go back to. override allows protected
// terms to be defined anew, which is so for contexts of properties only.
func (p *processor) local(active *context, v strictjson.Value, propagate, override bool) (*context, error) {
	if v.Kind() == strictjson.Object {
		if b, ok := v.Get("@propagate"); ok {
			var isBool bool
			if propagate, isBool = b.Bool(); !isBool {
				return nil, refuse(ErrSyntax, "@propagate must be true or false")
			}
		}
	}
	result := active
	if !propagate && active.previous == nil {
		if err := p.spend(len(active.terms)); err != nil {
			return nil, err
		}
		result = active.clone(p.home)
		result.previous = active
	}
	if v.Kind() != strictjson.Array {
		return p.one(result, v, propagate, override)
	}
	for i, e := range v.Elems() {
		if _, ok := e.Get("@propagate"); ok {
			return nil, withinElem(refuse(ErrSyntax, "@propagate is only allowed in a context that stands alone"), i)
		}
		var err error
		if result, err = p.one(result, e, propagate, override); err != nil {
			return nil, withinElem(err, i)
		}
	}
	return result, nil
}

// one applies one local context that is not an array.
func (p *processor) one(active *context, v strictjson.Value, propagate, override bool) (*context, error) {
	switch v.Kind() {
	case strictjson.Null:
		if !override && active.protected {
			return nil, refuse(ErrSyntax, "a null context would undo protected terms")
		}
		if !propagate {
			return nil, refuse(ErrSyntax, "a null context that does not propagate: processors do not agree on it")
		}
		return p.root, nil
	case strictjson.String:
		url, _ := v.Str()
		return p.known(active, url, propagate, override)
	case strictjson.Object:
		// A context inside another one, as documents hold it: processors take it for itself, and W3C's fixtures of proof chains have it.
		if inner, ok := v.Get("@context"); ok && len(v.Members()) == 1 && inner.Kind() == strictjson.Object {
			if _, ok := inner.Get("@propagate"); ok {
				return nil, refuse(ErrSyntax, "@propagate is only allowed in a context that stands alone")
			}
			v = inner
		}
		return p.define(active, v, override)
	}
	return nil, refuse(ErrSyntax, "a context must be an object, a URL, null, or an array of these")
}

// known applies a context of the set.
func (p *processor) known(active *context, url string, propagate, override bool) (*context, error) {
	v, err := p.load(url)
	if err != nil {
		return nil, err
	}
	if _, ok := v.Get("@propagate"); ok {
		return nil, refuse(ErrSyntax, "context %s: @propagate is only allowed inside a document or a term", printable(url))
	}
	p.remote = append(p.remote, url)
	defer func() { p.remote = p.remote[:len(p.remote)-1] }()
	if v.Kind() != strictjson.Array {
		return p.one(active, v, propagate, override)
	}
	for _, e := range v.Elems() {
		if _, ok := e.Get("@propagate"); ok {
			return nil, refuse(ErrSyntax, "context %s: @propagate is only allowed inside a document or a term", printable(url))
		}
		if active, err = p.one(active, e, propagate, override); err != nil {
			return nil, err
		}
	}
	return active, nil
}

// load returns the value of a known context, unless it is being processed already.
func (p *processor) load(url string) (strictjson.Value, error) {
	d := p.set.docs[url]
	if d == nil {
		return strictjson.Value{}, refuse(ErrUnknownContext, "%s", printable(url))
	}
	if slices.Contains(p.remote, url) || len(p.remote) == maxRemote {
		return strictjson.Value{}, refuse(ErrLimit, "contexts include each other: %s", printable(url))
	}
	return d.context()
}

// imported returns the members of a context that has @import: those of the context that it names, and its own, which win
// (API, section 4.1.2, step 5.6).
func (p *processor) imported(v strictjson.Value) ([]strictjson.Member, error) {
	own := v.Members()
	name, ok := v.Get("@import")
	if !ok {
		return own, nil
	}
	url, ok := name.Str()
	if !ok {
		return nil, refuse(ErrSyntax, "@import must be a string")
	}
	base, err := p.load(url)
	if err != nil {
		return nil, err
	}
	if base.Kind() != strictjson.Object {
		return nil, refuse(ErrSyntax, "@import names a context that is not one object: %s", printable(url))
	}
	all := make([]strictjson.Member, 0, len(own)+len(base.Members()))
	for _, m := range base.Members() {
		if m.Name == "@import" || m.Name == "@propagate" {
			return nil, refuse(ErrSyntax, "%s in a context that is imported: %s", m.Name, printable(url))
		}
		if _, replaced := v.Get(m.Name); !replaced {
			all = append(all, m)
		}
	}
	return append(all, own...), nil
}

// define applies one context object.
func (p *processor) define(active *context, v strictjson.Value, override bool) (*context, error) {
	members, err := p.imported(v)
	if err != nil {
		return nil, err
	}
	if err := p.spend(len(active.terms) + len(members)); err != nil {
		return nil, err
	}
	d := &definer{p: p, c: active.clone(p.home), override: override, local: make(map[string]strictjson.Value, len(members))}
	for _, m := range members {
		d.local[m.Name] = m.Value
	}
	if err := d.settings(members); err != nil {
		return nil, err
	}
	d.state = make(map[string]state, len(members))
	for _, m := range members {
		if isSetting[toKeyword(m.Name)] {
			continue
		}
		if err := d.term(m.Name); err != nil {
			return nil, within(err, m.Name)
		}
	}
	d.c.protected = false
	for _, t := range d.c.terms {
		if t.protected {
			d.c.protected = true
			break
		}
	}
	return d.c, d.scopes(members)
}

// scopes looks at every context that a term of this context brings along, so that one that cannot be applied is refused even
// if no document uses it (API, section 4.2.2, step 21).
func (d *definer) scopes(members []strictjson.Member) error {
	for _, m := range members {
		t := d.c.terms[m.Name]
		if _, ok := m.Value.Get("@context"); !ok || t == nil || !t.hasScope() {
			continue
		}
		if url, ok := t.scoped.Str(); ok {
			if d.p.validated[url] || slices.Contains(d.p.remote, url) {
				continue
			}
			if d.p.validated == nil {
				d.p.validated = map[string]bool{}
			}
			d.p.validated[url] = true
		}
		if _, err := d.p.local(d.c, t.scoped, true, true); err != nil {
			return within(within(err, "@context"), m.Name)
		}
	}
	return nil
}
