package jsonld_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/piprate/json-gold/ld"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// FuzzToRDF holds every accepted document against itself in canonical JSON and, with REALDID_DIFFERENTIAL=1, against json-gold: a long
// run finds faults of json-gold too, which are then named in goldIsRight. TestAgreesWithJSONGold compares without being asked.
func FuzzToRDF(f *testing.F) {
	for _, v := range ownVectors(f, "refused") {
		f.Add([]byte(v.Document))
	}
	for _, v := range ownVectors(f, "accepted") {
		f.Add([]byte(v.Document))
	}
	for seed := range uint64(50) {
		f.Add(newGenerator(seed, true).document())
	}
	contexts, differential := generatedContexts(f), os.Getenv("REALDID_DIFFERENTIAL") == "1"
	f.Fuzz(func(t *testing.T, doc []byte) {
		got, err := contexts.ToRDF(doc)
		if err != nil || len(got.Quads) > 60 || len(got.Blanks) > 8 {
			return
		}
		v, err := strictjson.Parse(doc, strictjson.Limits{Depth: 64})
		if err != nil {
			t.Fatal(err)
		}
		text := strictjson.AppendCanonical(nil, v)
		again, err := contexts.ToRDF(text)
		if err != nil {
			t.Fatalf("the canonical form of an accepted document: %v\n%s", err, doc)
		}
		if canonical(t, got) != canonical(t, again) {
			t.Fatalf("the canonical form of a document means something else\n%s", doc)
		}
		if !differential || !goldIsRight(text, got) {
			return
		}
		want, err := oracle(contexts, text)
		if err != nil {
			if !strings.Contains(err.Error(), "IRI") { // of those it asks for more than RDF does
				t.Fatalf("json-gold refuses: %v\n%s", err, text)
			}
			return
		}
		if g, w := canonical(t, got), canonical(t, want); g != w {
			t.Fatalf("%s\ngot\n%swant\n%s", text, g, w)
		}
	})
}

var longNumber = regexp.MustCompile(`[0-9]{17}`)

// goldIsRight tells whether a document has nothing that json-gold gets wrong: it drops statements with web addresses that it
// finds odd.
func goldIsRight(text []byte, d *rdf.Dataset) bool {
	for _, s := range []string{
		"@json", "@direction", `"@container":"@type"`, `"@context":null`, "verifiableCredential", "@propagate",
	} {
		if strings.Contains(string(text), s) {
			return false
		}
	}
	if longNumber.Match(text) {
		return false
	}
	web := func(t rdf.Term) bool {
		s := t.Value
		if t.Kind == rdf.Literal {
			s = t.Datatype
		}
		return !strings.HasPrefix(s, "http") || ld.IsURL(s)
	}
	for _, q := range d.Quads {
		if !web(q.Subject) || !web(q.Predicate) || !web(q.Object) || !web(q.Graph) {
			return false
		}
	}
	return true
}
