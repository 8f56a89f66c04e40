package jsonld_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// nested repeats open and shut around a middle.
func nested(n int, open, middle, shut string) string {
	return strings.Repeat(open, n) + middle + strings.Repeat(shut, n)
}

// many joins what f says of 0 to n-1.
func many(n int, f func(i int) string) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = f(i)
	}
	return strings.Join(parts, ",")
}

// Documents that are made to cost much must end soon, in an error of the right kind.
func TestBombs(t *testing.T) {
	const p = `"https://ex.example/p"`
	long := strings.Repeat("a", 9000)
	for name, c := range map[string]struct {
		doc  string
		want error
	}{
		"deep nodes":        {nested(5000, `{`+p+`:`, `"x"`, `}`), jsonld.ErrSyntax},
		"deep arrays":       {`{` + p + `:` + nested(5000, `[`, `"x"`, `]`) + `}`, jsonld.ErrSyntax},
		"more than a MiB":   {`{` + p + `:"` + strings.Repeat("x", 1<<20) + `"}`, jsonld.ErrSyntax},
		"duplicate members": {`{` + p + `:"x",` + p + `:"y"}`, jsonld.ErrSyntax},
		"IRI from two long parts": {
			`{"@context":{"ex":"https://ex.example/` + long + `/"},"ex:p":"x"}`, jsonld.ErrLimit,
		},
		"term from two long parts": {
			`{"@context":{"ex":"https://ex.example/` + long + `/","ex:p":{"@type":"@id"}},` + p + `:"x"}`, jsonld.ErrLimit,
		},
		"long vocabulary": {`{"@context":{"@vocab":"https://ex.example/` + long + `/"},"p":"x"}`, jsonld.ErrLimit},
		"term in a long vocabulary": {
			`{"@context":{"@vocab":"https://ex.example/` + long + `/","p":{"@type":"@id"}},` + p + `:"x"}`, jsonld.ErrLimit,
		},
		"very many long IRIs": {
			`{"@context":{"@vocab":"https://ex.example/` + long[:8000] + `/"},` + many(2200, func(i int) string { return fmt.Sprintf(`"p%d":"x"`, i) }) + `}`,
			jsonld.ErrLimit,
		},
		"contexts in every node": {
			`{"@context":{"p":` + p + `,` + many(3000, func(i int) string { return fmt.Sprintf(`"t%d":"https://ex.example/t"`, i) }) + `},"p":[` +
				many(400, func(i int) string { return fmt.Sprintf(`{"@context":{"u%d":"https://ex.example/u"},"p":"x"}`, i) }) + `]}`,
			jsonld.ErrLimit,
		},
		"every set of types with contexts": {
			`{"@context":{"p":` + p + `,` + many(12, func(i int) string {
				return fmt.Sprintf(`"T%d":{"@id":"https://ex.example/T","@context":{"q%d":"https://ex.example/q"}}`, i, i)
			}) + `,` + many(500, func(i int) string { return fmt.Sprintf(`"t%d":"https://ex.example/t"`, i) }) + `},"p":[` +
				many(1<<12-1, func(i int) string {
					var types []string
					for b := range 12 {
						if (i+1)>>b&1 == 1 {
							types = append(types, fmt.Sprintf(`"T%d"`, b))
						}
					}
					return `{"@type":[` + strings.Join(types, ",") + `]}`
				}) + `]}`,
			jsonld.ErrLimit,
		},
	} {
		contexts, err := jsonld.NewContexts(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := contexts.ToRDF([]byte(c.doc)); !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", name, err, c.want)
		}
	}
}

// Convert is given values that were parsed with other limits.
func TestConvertLimitsDepth(t *testing.T) {
	for name, doc := range map[string]string{
		"nodes":  nested(600, `{"https://ex.example/p":`, `"x"`, `}`),
		"arrays": `{"https://ex.example/p":` + nested(600, `[`, `"x"`, `]`) + `}`,
		"lists":  `{"@context":{"p":{"@id":"https://ex.example/p","@container":"@list"}},"p":` + nested(600, `[`, ``, `]`) + `}`,
		"empty":  `{"https://ex.example/p":"x","@nest":` + nested(600, `{"@nest":`, `{}`, `}`) + `}`,
		"nests":  nested(600, `{"https://ex.example/p":"x","@nest":`, `{}`, `}`),
	} {
		v, err := strictjson.Parse([]byte(doc), strictjson.Limits{Depth: 900})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := jsonld.Embedded().Convert(v); !errors.Is(err, jsonld.ErrLimit) {
			t.Errorf("%s: got error %v, want %v", name, err, jsonld.ErrLimit)
		}
	}
	var b strings.Builder
	b.WriteString(`{"@type":["https://ex.example/T"`)
	for range 1<<17 + 1 {
		b.WriteString(`,"a:b"`)
	}
	b.WriteString(`]}`)
	v, err := strictjson.Parse([]byte(b.String()), strictjson.Limits{Nodes: 1 << 18})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := jsonld.Embedded().Convert(v); !errors.Is(err, jsonld.ErrLimit) {
		t.Errorf("very many statements: got error %v, want %v", err, jsonld.ErrLimit)
	}
}

// A context that is nested as deeply as JSON may be costs no more than its size.
func TestDeepContexts(t *testing.T) {
	doc := `{"@context":` + nested(14, `{"p":{"@id":"https://ex.example/p","@context":`, `{}`, `}}`) + `,"https://ex.example/q":"x"}`
	if _, err := jsonld.Embedded().ToRDF([]byte(doc)); err != nil {
		t.Errorf("got error %v, want none", err)
	}
	doc = `{"@context":` + nested(20, `{"p":{"@id":"https://ex.example/p","@context":`, `{}`, `}}`) + `,"https://ex.example/q":"x"}`
	if _, err := jsonld.Embedded().ToRDF([]byte(doc)); !errors.Is(err, jsonld.ErrLimit) {
		t.Errorf("got error %v, want %v", err, jsonld.ErrLimit)
	}
}

// A flood of documents with contexts of their own must not let the cache grow without end, nor change any answer.
func TestCacheIsBounded(t *testing.T) {
	contexts, err := jsonld.NewContexts(nil)
	if err != nil {
		t.Fatal(err)
	}
	terms := many(2500, func(i int) string { return fmt.Sprintf(`"t%d":"https://ex.example/t"`, i) })
	for i := range 80 {
		doc := fmt.Sprintf(`{"@context":["https://www.w3.org/ns/credentials/v2",{%s,"u":"https://ex.example/%d"}],"type":"VerifiableCredential","u":"x"}`, terms, i)
		d, err := contexts.ToRDF([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := d.Quads[1].Predicate.Value, fmt.Sprintf("https://ex.example/%d", i); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
		if size := jsonld.CacheSize(contexts); size > 1<<18 {
			t.Fatalf("after %d documents: got %d terms in the cache, want at most %d", i, size, 1<<18)
		}
	}
}
