package jsonld_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
	"github.com/realdid/realdid/vc/dataintegrity/rdf"
)

// suiteDir is the folder of the W3C's test suite for JSON-LD processors, which json-gold's module has in it.
func suiteDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/piprate/json-gold").Output()
	dir := filepath.Join(strings.TrimSpace(string(out)), "ld", "testdata")
	if _, statErr := os.Stat(filepath.Join(dir, "toRdf-manifest.jsonld")); err != nil || statErr != nil {
		t.Skipf("no test suite in the module cache (%v, %v)", err, statErr)
	}
	return dir
}

// canonical is the canonical form of a dataset, with the dataset's statements counted once.
func canonical(t testing.TB, d *rdf.Dataset) string {
	t.Helper()
	c, err := rdf.Canonicalize(d, nil)
	if err != nil {
		t.Fatalf("canonicalize: %v", err)
	}
	return string(c.NQuads())
}

func TestOfficialSuite(t *testing.T) {
	dir := suiteDir(t)
	var manifest struct {
		Sequence []struct {
			ID     string   `json:"@id"`
			Type   []string `json:"@type"`
			Name   string
			Input  string
			Expect string
			Option struct {
				ProcessingMode, SpecVersion, RDFDirection, ExpandContext, Base string
				ProduceGeneralizedRdf                                          bool
			}
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "toRdf-manifest.jsonld"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &manifest); err != nil {
		t.Fatal(err)
	}
	known := map[string][]byte{}
	paths, _ := filepath.Glob(filepath.Join(dir, "toRdf", "*-context*.jsonld"))
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		if json.Valid(b) && bytes.Contains(b, []byte("@context")) {
			known["https://w3c.github.io/json-ld-api/tests/toRdf/"+filepath.Base(p)] = b
		}
	}
	for url, b := range known {
		for name := range known {
			known[url] = bytes.ReplaceAll(known[url], []byte(`"`+path.Base(name)+`"`), []byte(`"`+name+`"`))
		}
		_ = b
	}
	contexts, err := jsonld.NewContexts(known)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, c := range manifest.Sequence {
		o := c.Option
		if o.ProcessingMode == "json-ld-1.0" || o.SpecVersion == "json-ld-1.0" || o.RDFDirection == "compound-literal" ||
			o.ExpandContext != "" || o.ProduceGeneralizedRdf {
			counts["skipped"]++
			continue
		}
		in, err := os.ReadFile(filepath.Join(dir, c.Input))
		if err != nil {
			t.Fatal(err)
		}
		if o.RDFDirection == "" && bytes.Contains(in, []byte("@direction")) && !strings.Contains(c.Type[0], "Negative") {
			counts["skipped"]++ // the suite drops directions here; this package never does
			continue
		}
		for name := range known {
			in = bytes.ReplaceAll(in, []byte(`"`+path.Base(name)+`"`), []byte(`"`+name+`"`))
		}
		got, err := contexts.ToRDF(in)
		if c.Expect == "" || strings.Contains(c.Type[0], "Negative") {
			if strings.Contains(c.Type[0], "Negative") && err == nil {
				t.Errorf("%s %s: accepted, want an error", c.ID, c.Name)
			}
			counts["negative"]++
			continue
		}
		if err != nil {
			counts["refused"]++
			var e *jsonld.Error
			if !errors.As(err, &e) {
				t.Errorf("%s: got error %v, want an *Error", c.ID, err)
			}
			t.Logf("%s %s: %v", c.ID, c.Name, err)
			continue
		}
		out, err := os.ReadFile(filepath.Join(dir, c.Expect))
		if err != nil {
			t.Fatal(err)
		}
		want, err := rdf.ParseNQuads(out, rdf.Limits{})
		if err != nil {
			t.Errorf("%s: N-Quads of the suite: %v", c.ID, err)
			continue
		}
		if g, w := canonical(t, got), canonical(t, want); g != w {
			t.Errorf("%s %s\n%s\ngot:\n%swant:\n%s", c.ID, c.Name, in, g, w)
		}
		counts["same"]++
	}
	t.Logf("%v", counts)
}
