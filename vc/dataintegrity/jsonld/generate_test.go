package jsonld_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// generator makes contexts and documents that use what this package supports. Much of what it makes is refused, because
// it does not know which context holds where; enough is not.
type generator struct {
	*rand.Rand
	terms   map[string]map[string]any // definitions in the outermost context, in long form
	aliases map[string]string         // of keywords
	plain   bool                      // leave out what json-gold gets wrong
}

func newGenerator(seed uint64, plain bool) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 4)), plain: plain}
}

func pick[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

var termNames = []string{"a", "b", "c", "d", "e", "f", "g", "h"}

// context returns a context object; depth bounds the contexts of its terms.
func (g *generator) context(depth int) map[string]any {
	c := map[string]any{"ex": "https://ex.example/ns#"}
	top := depth == 2
	if top {
		c["@version"] = 1.1
		c["id"], c["type"] = "@id", "@type"
		for _, pair := range [][2]string{
			{"value", "@value"},
			{"lang", "@language"},
			{"list", "@list"},
			{"set", "@set"},
			{"none", "@none"},
			{"more", "@included"},
			{"back", "@reverse"},
			{"group", "@nest"},
			{"graph", "@graph"},
		} {
			if g.chance(40) {
				c[pair[0]] = pair[1]
				g.aliases[pair[1]] = pair[0]
			}
		}
	}
	if g.chance(6) {
		c["@protected"] = true
	}
	if g.chance(30) {
		c["@vocab"] = pick(g, "https://ex.example/vocab#", "https://ex.example/v/", "ex:")
	}
	if g.chance(15) {
		c["@language"] = pick[any](g, "en", "de-AT", nil)
	}
	names := termNames
	if !top {
		names = []string{pick(g, termNames...), pick(g, termNames...), "x", "y"}
	}
	for _, name := range names {
		d := g.definition(name, depth)
		if top {
			g.terms[name] = d
		}
		if len(d) == 1 && d["@id"] != nil && g.chance(70) {
			c[name] = d["@id"]
		} else {
			c[name] = d
		}
	}
	for _, name := range []string{"P", "Q", "R"} {
		if !top && g.chance(70) {
			continue
		}
		d := map[string]any{"@id": "https://ex.example/" + name}
		if depth > 0 && g.chance(60) {
			d["@context"] = g.scope(depth-1, false)
		}
		c[name] = d
	}
	return c
}

// scope returns a context that a term brings along.
func (g *generator) scope(depth int, ofProperty bool) any {
	if ofProperty && !g.plain && g.chance(8) {
		return nil
	}
	c := g.context(depth)
	if g.chance(10) {
		c["@propagate"] = g.chance(50)
	}
	return c
}

func (g *generator) definition(name string, depth int) map[string]any {
	d := map[string]any{"@id": pick(g, "https://ex.example/"+name, "ex:"+name, "https://other.example/"+name+"#")}
	if g.chance(8) {
		d["@reverse"] = d["@id"]
		delete(d, "@id")
		return d
	}
	typ := pick[any](g, nil, nil, nil, "@id", "@vocab", "@json", "@none", "http://www.w3.org/2001/XMLSchema#dateTime",
		"http://www.w3.org/2001/XMLSchema#integer", "http://www.w3.org/2001/XMLSchema#double", "ex:dt")
	if typ == "@json" && g.plain {
		typ = nil
	}
	if typ != nil {
		d["@type"] = typ
	}
	if g.chance(45) {
		c := pick[any](g, "@list", "@set", "@language", "@id", "@type", "@graph", "@index", []any{"@graph", "@set"}, []any{"@graph", "@id"},
			[]any{"@set", "@type"}, []any{"@set", "@language"})
		if g.plain && strings.Contains(fmt.Sprint(c), "@type") {
			c = "@set"
		}
		if c == "@index" {
			d["@index"] = pick(g, "ex:index", "https://ex.example/index")
		}
		if strings.Contains(fmt.Sprint(c), "@type") && d["@type"] != "@vocab" {
			d["@type"] = "@id"
		}
		if s := fmt.Sprint(c); d["@type"] == "@json" && !strings.Contains(s, "@set") && !strings.Contains(s, "@list") {
			d["@type"] = "ex:dt"
		}
		d["@container"] = c
	}
	if strings.Contains(fmt.Sprint(d["@container"]), "@graph") {
		delete(d, "@type")
	}
	if d["@type"] == nil && g.chance(15) {
		d["@language"] = pick[any](g, "fr", nil)
	}
	if d["@type"] == nil && !g.plain && g.chance(10) {
		d["@direction"] = pick[any](g, "ltr", nil)
	}
	if g.chance(10) {
		d["@protected"] = g.chance(70)
	}
	if depth > 0 && g.chance(12) {
		d["@context"] = g.scope(depth-1, true)
	}
	if g.chance(5) {
		d["@prefix"] = true
	}
	return d
}

// document returns a document with its context.
func (g *generator) document() []byte {
	g.terms, g.aliases = map[string]map[string]any{}, map[string]string{}
	c := g.context(2)
	doc := g.node(3)
	switch {
	case g.chance(5):
		doc = map[string]any{"@graph": []any{doc, g.node(2)}}
	case g.chance(5):
		doc["@graph"] = []any{g.node(2)}
	}
	doc["@context"] = pick[any](g, c, []any{c}, []any{"https://ctx.example/1", c}, []any{c, map[string]any{"z": "ex:z"}})
	b, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return b
}

func (g *generator) iri() string {
	return pick(g, "https://ex.example/n/"+fmt.Sprint(g.IntN(4)), "did:example:"+fmt.Sprint(g.IntN(4)), "ex:n"+fmt.Sprint(g.IntN(4)),
		"_:n"+fmt.Sprint(g.IntN(3)), "urn:x:ä")
}

func (g *generator) text() string {
	return pick(g, "", "text", "ä€😀", "line\nbreak \"q\" \\", "P", "\u0000\u007f", "2020-01-01T00:00:00Z", "5")
}

func (g *generator) scalar() any {
	return pick[any](g, g.text(), g.text(), g.IntN(100), -g.IntN(3), true, false, json.Number("1.5"), json.Number("1e2"), json.Number("10.0"),
		json.Number("0.1"), json.Number("123456.789"), json.Number("1e21"), json.Number("-2.5e-9"), json.Number("0.30000000000000004"))
}

// word returns a keyword, or an alias of it.
func (g *generator) word(keyword string) string {
	if a := g.aliases[keyword]; a != "" && g.chance(60) {
		return a
	}
	return keyword
}

// node returns a node object.
func (g *generator) node(depth int) map[string]any {
	n := map[string]any{}
	if g.chance(40) {
		n[pick(g, "id", "@id")] = g.iri()
	}
	if g.chance(50) {
		n[pick(g, "type", "@type")] = pick[any](g, "P", "Q", "R", []any{"Q", "P"}, []any{"R"}, "https://ex.example/T", "ex:T")
	}
	for range 1 + g.IntN(3) {
		name := pick(g, termNames...)
		n[name] = g.value(name, depth-1)
	}
	if g.chance(10) {
		n[pick(g, "ex:p", "https://ex.example/full")] = g.scalar()
	}
	if depth > 0 && g.chance(5) {
		n[g.word("@included")] = []any{g.node(depth - 1)}
	}
	if depth > 0 && g.chance(5) {
		n[g.word("@reverse")] = map[string]any{pick(g, termNames...): g.node(depth - 1)}
	}
	if depth > 0 && g.chance(5) {
		name := pick(g, termNames...)
		n[g.word("@nest")] = map[string]any{name: g.value(name, depth-1)}
	}
	if g.chance(5) {
		n["@context"] = pick[any](g, map[string]any{"z": "ex:z"}, []any{"https://ctx.example/1"}, g.context(0))
	}
	return n
}

// value returns a value that suits the outermost definition of a term.
func (g *generator) value(name string, depth int) any {
	d := g.terms[name]
	container := fmt.Sprint(d["@container"])
	one := func() any { return g.item(d, depth) }
	m := func(keys ...string) any {
		out := map[string]any{}
		for _, k := range keys {
			out[k] = one()
			if g.chance(20) {
				out[k] = []any{one(), one()}
			}
		}
		return out
	}
	switch {
	case g.chance(15):
		return one()
	case strings.Contains(container, "@language"):
		return map[string]any{"en": "x", "de-AT": []any{"y", "z"}, pick(g, "@none", "fr"): g.text()}
	case strings.Contains(container, "@index"):
		return m("k1", pick(g, "k2", "@none"))
	case strings.Contains(container, "@id"):
		return m("https://ex.example/k1", pick(g, "ex:k2", "@none"))
	case strings.Contains(container, "@type"):
		return m(pick(g, "P", "ex:K"))
	case strings.Contains(container, "@list") && g.chance(30):
		return pick[any](g, []any{}, []any{[]any{one()}, one()}, []any{[]any{}}, map[string]any{"@list": []any{one()}})
	}
	switch g.IntN(6) {
	case 0:
		return []any{one(), one()}
	case 1:
		return map[string]any{g.word("@list"): []any{one(), one(), map[string]any{"@list": []any{one()}}}[:g.IntN(4)]}
	case 2:
		return map[string]any{g.word("@set"): []any{one(), one()}}
	}
	return one()
}

// item returns one value.
func (g *generator) item(d map[string]any, depth int) any {
	typ, _ := d["@type"].(string)
	if typ == "@json" {
		return pick[any](g, nil, []any{}, map[string]any{"b": []any{1.5, nil}, "a": "x"}, "s", 1)
	}
	needNode := strings.Contains(fmt.Sprint(d["@container"]), "@graph") || d["@reverse"] != nil || strings.Contains(fmt.Sprint(d["@container"]), "@type")
	if depth > 0 && (needNode || g.chance(40)) {
		return g.node(depth)
	}
	switch {
	case typ == "@id" || needNode:
		return g.iri()
	case typ == "@vocab":
		return pick(g, g.iri(), "P", "word")
	case g.chance(20):
		v := map[string]any{g.word("@value"): g.scalar()}
		switch g.IntN(3) {
		case 0:
			v["@type"] = pick(g, "ex:dt", "https://ex.example/dt", "P")
		case 1:
			v = map[string]any{"@value": g.text(), g.word("@language"): pick(g, "en", "de-AT")}
			if !g.plain && g.chance(40) {
				v["@direction"] = "rtl"
			}
		}
		return v
	}
	return g.scalar()
}
