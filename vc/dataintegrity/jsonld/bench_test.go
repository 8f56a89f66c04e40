package jsonld_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// credential is one with n claims: texts, or objects of their own.
func credential(n int, nested bool) []byte {
	var b strings.Builder
	b.WriteString(`{"@context":["https://www.w3.org/ns/credentials/v2",{"@vocab":"https://vocab.example/#"}],"id":"urn:uuid:7a5a5a5a-0001-4000-8000-000000000001",` +
		`"type":["VerifiableCredential"],"issuer":"did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2","validFrom":"2025-01-01T00:00:00Z",` +
		`"credentialSubject":{"id":"did:example:subject"`)
	for i := range n {
		if nested {
			fmt.Fprintf(&b, `,"claim%d":{"value":"value number %d"}`, i, i)
		} else {
			fmt.Fprintf(&b, `,"claim%d":"value number %d"`, i, i)
		}
	}
	b.WriteString(`}}`)
	return []byte(b.String())
}

func forEachSize(b *testing.B, f func(b *testing.B, doc []byte)) {
	for _, n := range []int{10, 100} {
		b.Run(fmt.Sprintf("%d claims", n), func(b *testing.B) {
			b.ReportAllocs()
			f(b, credential(n, false))
		})
	}
	b.Run("100 nodes", func(b *testing.B) {
		b.ReportAllocs()
		f(b, credential(100, true))
	})
}

// BenchmarkToRDF reads a document and converts it, with its contexts in the cache.
func BenchmarkToRDF(b *testing.B) {
	forEachSize(b, func(b *testing.B, doc []byte) {
		for b.Loop() {
			if _, err := jsonld.Embedded().ToRDF(doc); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkConvert is the same without reading the JSON.
func BenchmarkConvert(b *testing.B) {
	forEachSize(b, func(b *testing.B, doc []byte) {
		v, err := strictjson.Parse(doc, strictjson.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := jsonld.Embedded().Convert(v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCanonical goes from JSON to canonical N-Quads.
func BenchmarkCanonical(b *testing.B) {
	forEachSize(b, func(b *testing.B, doc []byte) {
		for b.Loop() {
			d, err := jsonld.Embedded().ToRDF(doc)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := rdf.Canonicalize(d, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkCold converts with nothing in the cache.
func BenchmarkCold(b *testing.B) {
	doc := credential(10, false)
	b.ReportAllocs()
	for b.Loop() {
		c, err := jsonld.NewContexts(nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.ToRDF(doc); err != nil {
			b.Fatal(err)
		}
	}
}
