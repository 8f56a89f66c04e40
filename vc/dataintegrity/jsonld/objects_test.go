package jsonld_test

import (
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// TestObjects tells which objects say something, of what, and under which names.
func TestObjects(t *testing.T) {
	const doc = `{"@context":{"@version":1.1,"id":"@id","type":"@type","uid":"@id","more":"@nest","kind":"@type","knows":{"@id":"https://a.example/knows","@type":"@id"},` +
		`"knownBy":{"@reverse":"https://a.example/knows","@type":"@id"},"until":"https://www.w3.org/2018/credentials#validUntil","name":"https://a.example/name"},` +
		`"id":"urn:a","knows":[{"id":"urn:b"},{"uid":"urn:c","name":"C"},{"id":"urn:d","more":{"name":"D"}},{"id":"urn:e","kind":"urn:K"},{"id":"urn:f","until":"U"},{"id":"urn:g","knownBy":"urn:h"},{"name":"I"}]}`
	want := map[string]struct{ says, renamed bool }{
		`{"@context"`: {says: true}, `{"id":"urn:b"`: {}, `{"uid":"urn:c"`: {true, true}, `{"id":"urn:d"`: {true, true}, `{"id":"urn:e"`: {true, true},
		`{"id":"urn:f"`: {true, true}, `{"id":"urn:g"`: {says: true}, `{"name":"I"`: {says: true}, "": {says: true},
	}
	v, err := strictjson.Parse([]byte(doc), strictjson.Limits{Bytes: 1 << 20, Depth: 32})
	if err != nil {
		t.Fatal(err)
	}
	objects, err := jsonld.Embedded().Objects(v)
	if err != nil {
		t.Fatal(err)
	}
	if len(objects) != len(want) {
		t.Errorf("got %d objects, want %d", len(objects), len(want))
	}
	for _, o := range objects {
		found := false
		for start, w := range want {
			if o.Offset >= 0 && start != "" && strings.HasPrefix(doc[o.Offset:], start) || o.Offset < 0 && start == "" {
				found = true
				if o.Says != w.says || o.Renamed != w.renamed {
					t.Errorf("%s: got %+v, want %+v", start, o, w)
				}
			}
		}
		if !found || o.Offset < 0 && o.Node.Value != "urn:h" {
			t.Errorf("got %+v", o)
		}
	}
	if _, err := jsonld.Embedded().Objects(strictjson.Value{}); err == nil {
		t.Error("nothing is no document")
	}
}
