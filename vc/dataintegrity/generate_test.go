package dataintegrity_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/realdid/realdid/internal/strictjson"
)

// generated is a random credential and what of it is mandatory and chosen.
type generated struct {
	credential map[string]any
	plain      bool // no context is written out in it, so that a verifier with a policy takes it
	mandatory  []string
	reveal     []string
}

// generator makes random credentials. Those for selective disclosure avoid what the peer of the interop tests cannot do: a pointer into
// an array of one element, lists, and nodes that consist of an id (it compacts the document before it follows pointers).
type generator struct {
	*rand.Rand
	selective bool
	nodes     int
	inline    map[string]any // terms that are defined in the credential
	ids       []string
	pointers  []string
}

func newGenerator(seed uint64, selective bool) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 7)), selective: selective, inline: map[string]any{}}
}

var (
	generatedNames = []string{"alpha", "beta", "gamma", "delta", "epsilon", "zeta", "Größe", "数量", "a-b", "x_y", "0", "name", "description", "degree"}
	generatedTexts = []string{
		"", "x", "Ada Lovelace", "数量 一", "Ünï\u0301", "😀🏳️‍🌈", `quote " and \ backslash`, "line\nbreak\r\ttab", "\u0000\u0001\u0008\u000c\u001f", "\u007f", "\u0080\u0085\u00a0",
		"\u2028\u2029", "<tag>&amp;", "_:c14n0", "_:b0 <urn:x> .", " leading and trailing ", "^^<http://www.w3.org/2001/XMLSchema#string>", "@en", "عربي", "c14n1",
	}
	generatedLanguages = []string{"en", "de-CH", "ar", "zh-Hans-CN"}
)

func (g *generator) pick(list []string) string { return list[g.IntN(len(list))] }

func (g *generator) scalar() any {
	switch g.IntN(7) {
	case 0:
		return g.IntN(2) == 0
	case 1:
		return json.Number(strconv.Itoa(g.IntN(2_000_000) - 1_000_000))
	case 2:
		return json.Number(g.pick([]string{"0", "-0", "1.5", "0.1", "-2.25e-7", "1e21", "123456789.125", "9007199254740991", "1E2", "3.0", "1.7976931348623157e308"}))
	default:
		return g.text()
	}
}

func (g *generator) text() string {
	if g.IntN(3) == 0 {
		return fmt.Sprint(g.literal(), g.IntN(100))
	}
	return g.literal()
}

// literal avoids, for selective disclosure, what the peer takes for a blank node inside a text.
func (g *generator) literal() string {
	for {
		if s := g.pick(generatedTexts); !g.selective || !strings.Contains(s, "_:") {
			return s
		}
	}
}

// languageText is a text that says its language and perhaps its direction.
func (g *generator) languageText() map[string]any {
	m := map[string]any{"@value": g.text()}
	if g.IntN(4) > 0 {
		m["@language"] = g.pick(generatedLanguages)
	}
	if g.IntN(3) == 0 {
		m["@direction"] = g.pick([]string{"ltr", "rtl"})
	}
	return m
}

// array has at most n elements, none twice: RDF would have it once.
func (g *generator) array(n int, element func() any) []any {
	out := make([]any, 0, n)
	seen := map[string]bool{}
	for range n {
		e := element()
		text, err := strictjson.Canonical(e)
		if m, ok := e.(map[string]any); ok && m["id"] != nil { // one node is one value, whatever is said of it
			text = []byte(m["id"].(string))
		}
		if err == nil && seen[string(text)] {
			continue
		}
		seen[string(text)] = true
		out = append(out, e)
	}
	return out
}

// value is the value of a claim.
func (g *generator) value(depth int) any {
	switch n := g.IntN(12); {
	case n < 5 || depth == 0 || g.nodes > 14:
		return g.scalar()
	case n == 5:
		return g.array(1+g.IntN(4), g.scalar)
	case n == 6:
		return g.languageText()
	case n == 7:
		return g.array(2, func() any { return g.languageText() })
	case n < 10:
		return g.node(depth - 1)
	case n == 10:
		return g.array(1+g.IntN(3), func() any { return g.node(depth - 1) })
	}
	return g.defined(depth)
}

// defined uses a term that the credential defines for it: a list, a JSON literal, an index, a reverse property.
func (g *generator) defined(depth int) any {
	term := fmt.Sprintf("t%d", len(g.inline))
	switch g.IntN(6) {
	case 0:
		g.inline[term] = map[string]any{"@id": "urn:example:json#" + term, "@type": "@json"}
		return map[string]any{term: map[string]any{"z": g.scalar(), "a": []any{json.Number("1.50"), nil, g.text()}}}
	case 1:
		g.inline[term] = map[string]any{"@id": "urn:example:language#" + term, "@container": "@language"}
		return map[string]any{term: map[string]any{"en": g.text(), "fr": g.array(2, func() any { return g.text() })}}
	case 2:
		g.inline[term] = map[string]any{"@id": "urn:example:date#" + term, "@type": "http://www.w3.org/2001/XMLSchema#date"}
		return map[string]any{term: "2020-02-29"}
	case 3:
		g.inline[term] = map[string]any{"@id": "urn:example:id#" + term, "@type": "@id"}
		return map[string]any{term: g.array(2, func() any { return "https://example.org/" + strconv.Itoa(g.IntN(9)) })}
	}
	if g.selective {
		return g.scalar()
	}
	if g.IntN(2) == 0 {
		g.inline[term] = map[string]any{"@id": "urn:example:list#" + term, "@container": "@list"}
		return map[string]any{term: g.array(g.IntN(4), func() any { return g.value(depth - 1) })}
	}
	g.inline[term] = map[string]any{"@reverse": "urn:example:reverse#" + term}
	return map[string]any{term: g.node(0)}
}

// node is an object with claims.
func (g *generator) node(depth int) map[string]any {
	g.nodes++
	m := map[string]any{}
	switch g.IntN(5) {
	case 0:
		m["id"] = fmt.Sprintf("urn:example:node:%d", g.Uint32())
		g.ids = append(g.ids, m["id"].(string))
	case 1:
		if !g.selective && g.IntN(2) == 0 {
			m["id"] = fmt.Sprintf("_:%s%d", g.pick([]string{"b", "c14n", "node-"}), g.IntN(3))
		}
	case 2:
		if len(g.ids) > 0 && g.IntN(3) == 0 {
			m["id"] = g.pick(g.ids) // the same node in two places
		}
	}
	switch g.IntN(4) {
	case 0:
		m["type"] = "ExampleType" + strconv.Itoa(g.IntN(3))
	case 1:
		m["type"] = []any{"ExampleTypeB", "ExampleTypeA"}[:1+g.IntN(2)]
	}
	for range 1 + g.IntN(4) {
		name := g.pick(generatedNames)
		if name == "name" || name == "description" {
			if m[name] = g.text(); g.IntN(2) == 0 {
				m[name] = g.languageText()
			}
			continue
		}
		m[name] = g.value(depth)
	}
	return m
}

// generate returns a credential of issuer.
func (g *generator) generate(issuer string) *generated {
	c := map[string]any{"type": []any{"VerifiableCredential", "ExampleCredential"}}
	switch g.IntN(4) {
	case 0:
		c["issuer"] = issuer
	default:
		c["issuer"] = map[string]any{"id": issuer, "name": g.text(), "alpha": g.scalar()}
	}
	if g.IntN(2) == 0 {
		c["id"] = fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012x", g.Uint32())
	}
	if g.IntN(2) == 0 {
		c["type"] = "VerifiableCredential"
	}
	for _, name := range []string{"name", "description"} {
		switch g.IntN(4) {
		case 0:
			c[name] = g.text()
		case 1:
			c[name] = g.languageText()
		case 2:
			c[name] = []any{map[string]any{"@value": "Titel", "@language": "de"}, map[string]any{"@value": "title", "@language": "en", "@direction": "ltr"}}
		}
	}
	if g.IntN(3) > 0 {
		c["validFrom"] = "2020-01-01T00:00:00Z"
		c["validUntil"] = "2099-12-31T23:59:59+01:00"
	}
	switch g.IntN(4) {
	case 0:
		c["evidence"] = g.array(1+g.IntN(2), func() any { return map[string]any{"type": "ExampleEvidence", "beta": g.scalar()} })
	case 1:
		c["termsOfUse"] = map[string]any{"type": "ExampleTerms", "id": "urn:example:terms"}
	}
	subject := func() any {
		m := g.node(3)
		delete(m, "id")
		if g.IntN(3) > 0 {
			m["id"] = fmt.Sprintf("did:example:%d", g.Uint32())
		}
		m["omega"] = g.scalar()
		return m
	}
	if c["credentialSubject"] = subject(); g.IntN(4) == 0 {
		c["credentialSubject"] = g.array(2+g.IntN(2), subject)
	}
	contexts := []any{"https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"}
	if len(g.inline) > 0 {
		contexts = append(contexts, g.inline)
	}
	c["@context"] = contexts
	out := &generated{credential: c, plain: len(g.inline) == 0}
	g.choose(out)
	return out
}

// choose fills the pointers: a verifier needs the issuer and something of the subject.
func (g *generator) choose(out *generated) {
	for _, name := range sortedNames(out.credential) {
		if name != "@context" {
			g.collect(out.credential[name], "/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
		}
	}
	out.mandatory = []string{"/issuer"}
	for range g.IntN(5) {
		out.mandatory = append(out.mandatory, g.pick(g.pointers))
	}
	for range g.IntN(6) {
		out.reveal = append(out.reveal, g.pick(g.pointers))
	}
	var subject []string
	for _, p := range g.pointers {
		if strings.HasPrefix(p, "/credentialSubject") {
			subject = append(subject, p)
		}
	}
	out.reveal = append(out.reveal, g.pick(subject))
}

func (g *generator) collect(v any, pointer string) {
	g.pointers = append(g.pointers, pointer)
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["@value"]; ok {
			return
		}
		for _, name := range sortedNames(v) {
			if _, special := g.inline[name]; special {
				g.pointers = append(g.pointers, pointer+"/"+name)
				continue
			}
			g.collect(v[name], pointer+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name))
		}
	case []any:
		if len(v) < 2 {
			return
		}
		for i, e := range v {
			g.collect(e, pointer+"/"+strconv.Itoa(i))
		}
	}
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
