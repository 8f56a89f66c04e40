package httpdriver_test

import (
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/resolver/httpdriver"
)

var update = flag.Bool("update", false, "write testdata/golden.txt from what is answered")

const (
	keyDID = "did:key:z6MkmM42vxfqZQsv4ehtTjFFxQ4sQKS2w6WR7emozFAn5cxu"
	ldType = `application/ld+json;profile="https://w3id.org/did-resolution"`
)

// golden is a request whose whole answer stands in testdata/golden.txt.
var golden = []struct{ name, method, path, accept, body string }{
	{"result", "GET", "did:example:123", "application/did-resolution", ""},
	{"json", "GET", "did:example:123", "application/json", ""},
	{"legacy result", "GET", "did:example:123", ldType, ""},
	{"document", "GET", "did:example:123", "application/did", ""},
	{"document as ld+json", "GET", "did:example:123", "application/did+ld+json", ""},
	{"did:key", "GET", keyDID, "application/did-resolution", ""},
	{"version as a dereferencing result", "GET", "did:example:123?versionId=2", "application/did-url-dereferencing", ""},
	{"no such media type", "GET", "did:example:123", "text/html", ""},
	{"not a DID", "GET", "not-a-did", "application/did-resolution", ""},
	{"not a DID, document", "GET", "not-a-did", "application/did", ""},
	{"not a DID, legacy", "GET", "not-a-did", ldType, ""},
	{"no DID", "GET", "", "", ""},
	{"not found", "GET", "did:example:none", "application/did-resolution", ""},
	{"method not supported", "GET", "did:unsupported:123", "application/did-resolution", ""},
	{"both version options", "GET", "did%3Aexample%3A123?versionId=1&versionTime=2026-03-01T12:00:00Z", "application/did-resolution", ""},
	{"unknown option", "GET", "did%3Aexample%3A123?colour=red", "application/did-resolution", ""},
	{"method in a DID URL, result", "GET", "did%3Aexample%3A123%23key-1", "application/did-url-dereferencing", ""},
	{"method in a DID URL, content", "GET", "did%3Aexample%3A123%23key-1", "application/did", ""},
	{"method for a purpose that it has not", "GET", "did%3Aexample%3A123%23key-1?verificationRelationship=assertionMethod", "application/did-url-dereferencing", ""},
	{"service by fragment", "GET", "did%3Aexample%3A123%23agent", "application/json", ""},
	{"service by parameter", "GET", "did:example:123?service=files&relativeRef=/resume.pdf", "application/did-url-dereferencing", ""},
	{"endpoint", "GET", "did:example:123?service=files&relativeRef=/resume.pdf", "text/uri-list", ""},
	{"endpoint that is no URI", "GET", "did:example:123?service=agent", "text/uri-list", ""},
	{"fragment of nothing", "GET", "did%3Aexample%3A123%23none", "application/did-url-dereferencing", ""},
	{"service that is not ASCII", "GET", "did:example:123?service=%E2%82%AC", "*/*", ""},
}

func TestGolden(t *testing.T) {
	f := newFake(t)
	f.proof = []byte("proof")
	clock := func() time.Time { return epoch }
	h := handler(t, resolver.Mux{"example": f, "key": didkey.Resolver{Now: clock}}, &httpdriver.Options{
		Provers: map[string]did.Prover{"example": f}, Now: clock, Fresh: 5 * time.Second,
	})
	var out strings.Builder
	for _, c := range golden {
		path := "/1.0/identifiers/" + c.path
		var rec *httptest.ResponseRecorder
		if c.method == "POST" {
			rec = post(h, path, c.accept, c.body)
		} else {
			rec = get(h, path, c.accept)
		}
		fmt.Fprintf(&out, "=== %s\n%s %s\nAccept: %s\n", c.name, c.method, path, c.accept)
		if c.body != "" {
			fmt.Fprintf(&out, "\n%s\n", c.body)
		}
		fmt.Fprintf(&out, "---\n%d\n", rec.Code)
		var lines []string
		for name, values := range rec.Header() {
			lines = append(lines, name+": "+strings.Join(values, " | ")+"\n")
		}
		slices.Sort(lines)
		fmt.Fprintf(&out, "%s\n%s\n\n", strings.Join(lines, ""), rec.Body)
	}
	file := filepath.Join("testdata", "golden.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(b), "=== ")
	got := strings.Split(out.String(), "=== ")
	if len(got) != len(want) {
		t.Fatalf("got %d answers, want %d: run with -update and look at what changed", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("got %s\nwant %s", got[i], want[i])
		}
	}
}
