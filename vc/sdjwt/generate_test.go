package sdjwt_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/realdid/realdid/vc/sdjwt"
)

// generated is a random credential, what its holder reveals, and what a verifier must then see.
type generated struct {
	claims      map[string]any
	disclosable []string
	decoys      []sdjwt.Decoys
	reveal      []string
	want        map[string]any
}

// generator makes random credentials. Names and values avoid what interop tests explain elsewhere, unless wild is set.
type generator struct {
	*rand.Rand
	wild        bool
	disclosable []string
	containers  []string
	all         []string
}

func newGenerator(seed uint64) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 1))}
}

var (
	tameNames = []string{"name", "family_name", "address", "locality", "数量", "a b", "x-y", "Ünï", "age_over_18", "0", "degrees", "type"}
	wildNames = []string{"", "a.b", "a/b", "a~b", `q"uote`, "line\nbreak", "__proto__", "constructor", "😀", "~1", "-", "null"}
)

func (g *generator) name() string {
	if g.wild && g.IntN(3) == 0 {
		return wildNames[g.IntN(len(wildNames))]
	}
	return tameNames[g.IntN(len(tameNames))]
}

func (g *generator) scalar() any {
	switch g.IntN(8) {
	case 0:
		return nil
	case 1:
		return g.IntN(2) == 0
	case 2:
		return json.Number(strconv.Itoa(g.IntN(2_000_000) - 1_000_000))
	case 3:
		return json.Number(strconv.FormatFloat(float64(g.IntN(1000))/8, 'f', -1, 64))
	case 4:
		return ""
	case 5:
		return "tilde ~ dot . \"quote\" \\ \u2028 \u00e9 数 😀 </script>"
	}
	return fmt.Sprint("value ", g.IntN(1_000_000))
}

// value makes a value at path and decides what in it is disclosable.
func (g *generator) value(path string, depth int) any {
	g.all = append(g.all, path)
	switch k := g.IntN(10); {
	case depth > 0 && k < 3:
		g.containers = append(g.containers, path)
		return g.object(path, depth-1, 1+g.IntN(4))
	case depth > 0 && k < 5:
		g.containers = append(g.containers, path)
		list := make([]any, g.IntN(5))
		for i := range list {
			p := path + "/" + strconv.Itoa(i)
			list[i] = g.value(p, depth-1)
			g.maybe(p)
		}
		return list
	}
	return g.scalar()
}

func (g *generator) maybe(path string) {
	if g.IntN(2) == 0 {
		g.disclosable = append(g.disclosable, path)
	}
}

func (g *generator) object(path string, depth, members int) map[string]any {
	m := make(map[string]any, members)
	for range members {
		name := g.name()
		if _, ok := m[name]; ok {
			continue
		}
		p := path + "/" + escapePointer(name)
		m[name] = g.value(p, depth)
		g.maybe(p)
	}
	return m
}

func escapePointer(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}

func (g *generator) credential() generated {
	g.disclosable, g.containers, g.all = nil, nil, nil
	c := generated{claims: g.object("", 3, 1+g.IntN(8))}
	c.claims["vct"] = "https://credentials.example/generated"
	c.disclosable = slices.Clone(g.disclosable)
	if g.IntN(2) == 0 {
		c.decoys = append(c.decoys, sdjwt.Decoys{Count: 1 + g.IntN(4)})
		for _, p := range g.containers {
			if g.IntN(2) == 0 {
				c.decoys = append(c.decoys, sdjwt.Decoys{In: p, Count: 1 + g.IntN(3)})
			}
		}
	}
	for _, p := range g.all {
		if g.IntN(3) == 0 {
			c.reveal = append(c.reveal, p)
		}
	}
	c.want = visible(c.claims, "", c.disclosable, c.reveal).(map[string]any)
	return c
}

// visible is the obvious model of selective disclosure: a disclosable value is seen if a revealed path leads to it, through it
// or stands above it.
func visible(v any, path string, disclosable, reveal []string) any {
	shown := func(p string) bool {
		if !slices.Contains(disclosable, p) {
			return true
		}
		for _, r := range reveal {
			if r == p || strings.HasPrefix(r, p+"/") || strings.HasPrefix(p, r+"/") {
				return true
			}
		}
		return false
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, e := range v {
			if p := path + "/" + escapePointer(name); shown(p) {
				out[name] = visible(e, p, disclosable, reveal)
			}
		}
		return out
	case []any:
		out := []any{}
		for i, e := range v {
			if p := path + "/" + strconv.Itoa(i); shown(p) {
				out = append(out, visible(e, p, disclosable, reveal))
			}
		}
		return out
	}
	return v
}

// withoutRegistered removes the claims that issuing adds.
func withoutRegistered(m map[string]any) map[string]any {
	for _, name := range []string{"iss", "iat", "exp", "nbf", "cnf"} {
		delete(m, name)
	}
	return m
}
