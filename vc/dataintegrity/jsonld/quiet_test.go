package jsonld_test

import (
	"strings"
	"testing"

	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// TestErrorsQuoteNoValues puts a claim wherever it makes an error.
func TestErrorsQuoteNoValues(t *testing.T) {
	const context = `{"@version":1.1,"diagnosis":{"@id":"urn:x:diagnosis","@type":"@vocab"},"who":{"@id":"urn:x:who","@type":"@id"},` +
		`"by":{"@id":"urn:x:by","@container":"@id"},"in":{"@id":"urn:x:in","@container":"@language"},"at":{"@id":"urn:x:at","@container":"@index"},"name":"urn:x:name"}`
	for _, claim := range []string{
		`"diagnosis":"SECRET"`, `"diagnosis":"@SECRET"`, `"diagnosis":"SECRET:<"`, `"who":"SECRET"`, `"who":"@SECRET"`, `"who":{"@id":"@SECRET"}`, `"who":{"@id":"SECRET"}`,
		`"by":{"SECRET":{"name":"x"}}`, `"by":{"@SECRET":{"name":"x"}}`, `"by":{"urn:SECRET":{"name":null}}`, `"in":{"SECRETSECRET":"x"}`, `"in":{"SECRET":1}`, `"in":{"SECRET":null}`, `"in":{"SECRET":[]}`,
		`"at":{"SECRET":"x"}`, `"name":{"@value":"SECRET","@language":"SECRETSECRET"}`, `"name":{"@value":["SECRET"]}`,
	} {
		_, err := jsonld.Embedded().ToRDF([]byte(`{"@context":` + context + `,"@id":"urn:x:a",` + claim + `}`))
		if err == nil || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%s: got %v", claim, err)
		}
	}
}
