// Package claims makes random claims for the tests in the folders beside it: what an issuer says, which of it the holder may withhold, what
// the holder reveals, and what a verifier must then see. The same seed makes the same claims.
package claims

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Type is the type (vct) of all credentials.
const Type = "https://credentials.example/generated"

// Credential is what a credential is made of. Paths are JSON Pointers.
type Credential struct {
	Claims      map[string]any
	Disclosable []string
	Reveal      []string
	Paths       []string       // of all values, containers included
	Want        map[string]any // what is seen of Claims when Reveal is revealed
}

// A Generator makes credentials.
type Generator struct {
	*rand.Rand
	// Scalars are the values at the leaves; nil means a choice of every kind.
	Scalars func(r *rand.Rand) any

	disclosable, paths []string
}

// New returns a Generator.
func New(seed uint64) *Generator {
	return &Generator{Rand: rand.New(rand.NewPCG(seed, 9901))}
}

var names = []string{"name", "family_name", "address", "locality", "数量", "a b", "x-y", "Ünï", "age_over_18", "0", "degrees", "nationalities", "a.b", "a/b", "~1"}

// Next makes a credential of one to eight claims, three levels deep at most.
func (g *Generator) Next() Credential {
	g.disclosable, g.paths = nil, nil
	c := Credential{Claims: g.object("", 3, 1+g.IntN(8))}
	c.Claims["vct"] = Type
	c.Disclosable, c.Paths = slices.Clone(g.disclosable), slices.Clone(g.paths)
	for _, p := range c.Paths {
		if g.IntN(3) == 0 {
			c.Reveal = append(c.Reveal, p)
		}
	}
	c.Want = c.Seen(c.Reveal)
	return c
}

func (g *Generator) scalar() any {
	if g.Scalars != nil {
		return g.Scalars(g.Rand)
	}
	switch g.IntN(7) {
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
		return "tilde ~ dot . \"quote\" \\ \u2028 é 数 😀 </script>"
	}
	return fmt.Sprint("value ", g.IntN(1_000_000))
}

func (g *Generator) value(path string, depth int) any {
	g.paths = append(g.paths, path)
	switch k := g.IntN(10); {
	case depth > 0 && k < 3:
		return g.object(path, depth-1, 1+g.IntN(4))
	case depth > 0 && k < 5:
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

func (g *Generator) maybe(path string) {
	if g.IntN(2) == 0 {
		g.disclosable = append(g.disclosable, path)
	}
}

func (g *Generator) object(path string, depth, members int) map[string]any {
	m := make(map[string]any, members)
	for range members {
		name := names[g.IntN(len(names))]
		if _, ok := m[name]; ok {
			continue
		}
		p := path + "/" + Escape(name)
		m[name] = g.value(p, depth)
		g.maybe(p)
	}
	return m
}

// Escape writes a name as a token of a JSON Pointer.
func Escape(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "~", "~0"), "/", "~1")
}

// Tokens returns the tokens of a JSON Pointer.
func Tokens(path string) []string {
	tokens := strings.Split(path, "/")[1:]
	for i, t := range tokens {
		tokens[i] = strings.ReplaceAll(strings.ReplaceAll(t, "~1", "/"), "~0", "~")
	}
	return tokens
}

// At returns the value at a path, nil if there is none.
func (c *Credential) At(path string) any {
	var v any = c.Claims
	if path == "" {
		return v
	}
	for _, t := range Tokens(path) {
		switch at := v.(type) {
		case map[string]any:
			v = at[t]
		case []any:
			i, err := strconv.Atoi(t)
			if err != nil || i >= len(at) {
				return nil
			}
			v = at[i]
		default:
			return nil
		}
	}
	return v
}

// IsElement tells whether a path is that of an element of an array.
func (c *Credential) IsElement(path string) bool {
	_, ok := c.At(path[:strings.LastIndexByte(path, '/')]).([]any)
	return ok
}

// Shown tells whether somebody who is shown reveal sees the value at a path, if everything around it is seen: it cannot be withheld, or a
// revealed path leads to it, through it, or stands above it.
func (c *Credential) Shown(path string, reveal []string) bool {
	return !slices.Contains(c.Disclosable, path) || slices.ContainsFunc(reveal, func(r string) bool {
		return r == path || strings.HasPrefix(r, path+"/") || strings.HasPrefix(path, r+"/")
	})
}

// Seen returns what is seen of the claims.
func (c *Credential) Seen(reveal []string) map[string]any {
	return c.seen(c.Claims, "", reveal).(map[string]any)
}

func (c *Credential) seen(v any, path string, reveal []string) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, e := range v {
			if p := path + "/" + Escape(name); c.Shown(p, reveal) {
				out[name] = c.seen(e, p, reveal)
			}
		}
		return out
	case []any:
		out := []any{}
		for i, e := range v {
			if p := path + "/" + strconv.Itoa(i); c.Shown(p, reveal) {
				out = append(out, c.seen(e, p, reveal))
			}
		}
		return out
	}
	return v
}

// Pointer returns a path in the notation of DCQL: names as strings, elements of arrays as numbers.
func (c *Credential) Pointer(path string) []any {
	var out []any
	at := ""
	for i, t := range Tokens(path) {
		if _, array := c.At(at).([]any); array {
			n, _ := strconv.Atoi(t)
			out = append(out, n)
		} else {
			out = append(out, t)
		}
		at += "/" + strings.Split(path, "/")[i+1]
	}
	return out
}

// Without returns m without the claims that issuing adds.
func Without(m map[string]any) map[string]any {
	for _, name := range []string{"iss", "iat", "exp", "nbf", "cnf"} {
		delete(m, name)
	}
	return m
}

// Same compares two values as JSON: 1 and 1.0 are the same.
func Same(a, b any) bool {
	x, errX := plain(a)
	y, errY := plain(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// plain writes a value in the one form that encoding/json has for what it decodes itself.
func plain(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var out any
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}
