package jsonld

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/realdid/realdid/internal/strictjson"
)

// maxCached is the size, in terms, at which a generation of contexts is thrown away.
const maxCached = 1 << 17

// generation holds active contexts for later documents. There are two at a time: one for contexts made from known ones alone,
// and one for what documents define themselves, so that a flood of the latter cannot drive out the former.
type generation struct {
	root *context // the initial context; nil in the generation of documents' own contexts
	size atomic.Int64

	mu   sync.RWMutex
	next map[step]*context
}

// step is a local context in a document, as written, applied to an active context.
type step struct {
	from *context
	text string
}

func newGeneration(root bool) *generation {
	g := &generation{next: map[step]*context{}}
	if root {
		g.root = newContext(g)
	}
	return g
}

// apply applies a local context of a document that is not an array, from the cache if it is there.
func (x *conversion) apply(from *context, v strictjson.Value) (*context, error) {
	raw := v.Raw()
	if raw == nil {
		raw = strictjson.AppendJSON(nil, v)
	}
	g := x.own
	if v.Kind() == strictjson.String && from.home == x.shared {
		g = x.shared
	}
	g.mu.RLock()
	c := g.next[step{from, string(raw)}]
	g.mu.RUnlock()
	if c != nil {
		return c, nil
	}
	// Contexts outlive the document: they must not keep its text.
	raw = bytes.Clone(raw)
	v, err := strictjson.Parse(raw, contextLimits)
	if err != nil {
		return nil, refuse(ErrLimit, "a context that is too large or nested too deeply")
	}
	p := processor{set: x.set, root: x.shared.root, home: g, work: &x.work}
	if c, err = p.local(from, v, true, false); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if known := g.next[step{from, string(raw)}]; known != nil {
		return known, nil
	}
	g.next[step{from, string(raw)}] = c
	g.size.Add(int64(len(c.terms) + len(raw)/32))
	return c, nil
}

// scoped applies the context that a term brings along.
func (x *conversion) scoped(from *context, s scope) (*context, error) {
	from.mu.RLock()
	c := from.next[s]
	from.mu.RUnlock()
	if c != nil {
		return c, nil
	}
	p := processor{set: x.set, root: x.shared.root, home: from.home, work: &x.work}
	c, err := p.local(from, s.term.scoped, !s.byType, !s.byType)
	if err != nil {
		return nil, err
	}
	if !s.byType {
		if again := c.terms[s.term.name]; again != nil && !again.same(s.term) {
			return nil, refuse(ErrSyntax, "the context of %s defines it anew: processors do not agree on it", printable(s.term.name))
		}
	}
	from.mu.Lock()
	defer from.mu.Unlock()
	if known := from.next[s]; known != nil {
		return known, nil
	}
	if from.next == nil {
		from.next = map[scope]*context{}
	}
	from.next[s] = c
	from.home.size.Add(int64(len(c.terms)))
	return c, nil
}

// trim throws a generation away that has grown too large. Conversions that are under way keep what they have.
func trim(p *atomic.Pointer[generation], root bool) *generation {
	g := p.Load()
	if g.size.Load() <= maxCached {
		return g
	}
	p.CompareAndSwap(g, newGeneration(root))
	return p.Load()
}
