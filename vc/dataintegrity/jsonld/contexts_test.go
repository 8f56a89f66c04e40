package jsonld_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// pinned are the SHA-256 digests of the embedded contexts.
var pinned = map[string]string{
	"https://www.w3.org/2018/credentials/v1":               "ab4ddd9a531758807a79a5b450510d61ae8d147eab966cc9a200c07095b0cdcc",
	"https://www.w3.org/2018/credentials/examples/v1":      "73bebae22e70ebb4466ac2e1f3e3b35c43436217623b51ff3e1b567e1aff4ba2",
	"https://www.w3.org/ns/credentials/v2":                 "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734",
	"https://www.w3.org/ns/credentials/examples/v2":        "57393fbc69d6efb9b9b5dc9cb6b9880b0944360abfe2eaf459c9e58cf2279d7c",
	"https://www.w3.org/ns/credentials/undefined-terms/v2": "82dab514ba44eb18f5d1b0f638c5e140c6a556fbfb5089601bdc0fa5eb8b2581",
	"https://www.w3.org/ns/credentials/status/v1":          "fda5add353231e6a6884a46b12e6c75464281900cb348284d9c360f62381d9f7",
	"https://www.w3.org/ns/cid/v1":                         "ea216ecc1cb02cd39b693dba2250141e270ba0bf95890be107dd9a9e8e43de85",
	"https://www.w3.org/ns/did/v1":                         "4f3eae5568c9c5f036a082088f9e192019ee06faa78973c87ff91d5421b88dad",
	"https://www.w3.org/ns/did/v1.1":                       "ea216ecc1cb02cd39b693dba2250141e270ba0bf95890be107dd9a9e8e43de85",
	"https://www.w3.org/ns/odrl.jsonld":                    "a83cb98005bce546531131d4042318d8267aff71b1451f53cc926587fcef42c6",
	"https://w3id.org/security/v1":                         "abaf97e107d1925503c433dcaf3ffd2831697cacc1ed2a293e1bc8030d5bcb47",
	"https://w3id.org/security/v2":                         "611bd81151d5efe53ec9aed78f5a813e577287bc9451ee26d6879b1b8b46bc3b",
	"https://w3id.org/security/data-integrity/v1":          "b5d829bd09aa7c42abc6efa0c8ed7635313b5487f37ccfce3ecd149ca9418554",
	"https://w3id.org/security/data-integrity/v2":          "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4",
	"https://w3id.org/security/multikey/v1":                "ba2c182de2d92f7e47184bcca8fcf0beaee6d3986c527bf664c195bbc7c58597",
	"https://w3id.org/security/jwk/v1":                     "0f14b62f6071aafe00df265770ea0c7508e118247d79b7d861a406d2aa00bece",
	"https://w3id.org/security/suites/ed25519-2018/v1":     "166c6abb9e08176cee5f6c87c9c1bbfefa5717da391bcac525e5437f93eab809",
	"https://w3id.org/security/suites/ed25519-2020/v1":     "b9e1ab971fd8bf2c7553e0c4a9438e0b9450afde1ea1ca5b2492368b9f549588",
	"https://w3id.org/security/suites/x25519-2020/v1":      "b234f84fe7cebb0efef37cad82667eeacb6d414f6c51ac37f5dc803a4a0c728a",
	"https://w3id.org/vc/status-list/2021/v1":              "634d71c159289f068c96012e4511c657fdf82ac4231900081bda3ba24e2e1160",
	"https://w3id.org/citizenship/v1":                      "4caf8d4d3a6a175f5e5ba6b91dc1fdd88a050630930a6478d8e4cb765c565f40",
	"https://w3id.org/citizenship/v2":                      "2241bdc574b37395311997b93bee26c8ab2672e5da62de5f2c1d564a00eae959",
	"https://w3id.org/citizenship/v3":                      "b8fa8872d5af1686f13c1d17a663a78334a93becba1407c41548f10b515ad7fa",
	"https://w3id.org/citizenship/v4rc1":                   "5038c7383afd7ab2158f1b997913a8f60978a0abcf96e0b0d08e29f146d2db1e",
	"https://w3id.org/vdl/v1":                              "b069d7ad1fab36cdc811d6bfa46d8d897277635258b9b9ccb130e3ed76df28d6",
	"https://w3id.org/vdl/v2":                              "4840b9b17608b05693abdd5f40bbacc2d39726129f62ccf18242b6838c9c9335",
	"https://w3id.org/vdl/aamva/v1":                        "7a6060ae97a4b780d9b71af5a1bb2a5a3f9b7b189208544c375a89d7d28460eb",
}

func TestEmbeddedContextsArePinned(t *testing.T) {
	for url, want := range pinned {
		b, ok := jsonld.Embedded().Bytes(url)
		if got := sha256.Sum256(b); !ok || hex.EncodeToString(got[:]) != want {
			t.Errorf("%s: got %x, want %s", url, got, want)
		}
		doc := `{"@context":"` + url + `","https://ex.example/p":"x"}`
		if _, err := jsonld.Embedded().ToRDF([]byte(doc)); err != nil {
			t.Errorf("%s: got error %v, want none", url, err)
		}
	}
	files, err := filepath.Glob("contexts/*.jsonld")
	if err != nil || len(files) != len(pinned) {
		t.Errorf("got %d files and %d digests (%v), want as many", len(files), len(pinned), err)
	}
	source := string(read(t, "contexts", "SOURCE.md"))
	for _, f := range files {
		if !strings.Contains(source, "`"+filepath.Base(f)+"`") {
			t.Errorf("SOURCE.md says nothing of %s", f)
		}
	}
}

// The bytes are those that the publishers have, where they are at hand.
func TestEmbeddedContextsArePublished(t *testing.T) {
	dir := vectors.Dir(t, "contexts")
	for url, name := range map[string]string{
		"https://www.w3.org/2018/credentials/v1": "vc-data-model/credentials/v1", "https://www.w3.org/ns/credentials/v2": "vc-data-model/credentials/v2",
		"https://www.w3.org/ns/credentials/examples/v2":        "vc-data-model/credentials/examples/v2",
		"https://www.w3.org/ns/credentials/undefined-terms/v2": "vc-data-model/credentials/undefined-terms/v2",
		"https://w3id.org/security/data-integrity/v1":          "vc-data-integrity/data-integrity/v1",
		"https://w3id.org/security/data-integrity/v2":          "vc-data-integrity/data-integrity/v2",
		"https://w3id.org/security/multikey/v1":                "vc-data-integrity/multikey/v1",
		"https://w3id.org/security/jwk/v1":                     "vc-data-integrity/jwk/v1", "https://www.w3.org/ns/cid/v1": "cid/v1.jsonld",
		"https://www.w3.org/ns/did/v1": "did/v1", "https://www.w3.org/ns/did/v1.1": "did/v1.1rc1",
		"https://www.w3.org/ns/credentials/status/v1": "vc-bitstring-status-list/v1.jsonld",
		"https://w3id.org/citizenship/v3":             "citizenship-vocab/citizenship-v3.jsonld",
		"https://w3id.org/citizenship/v4rc1":          "citizenship-vocab/citizenship-v4rc1.jsonld",
		"https://w3id.org/vdl/v1":                     "vdl-vocab/v1.jsonld", "https://w3id.org/vdl/v2": "vdl-vocab/v2.jsonld",
		"https://w3id.org/vdl/aamva/v1": "vdl-vocab/aamva/v1.jsonld",
	} {
		want, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := jsonld.Embedded().Bytes(url); !bytes.Equal(got, want) {
			t.Errorf("%s: the bytes differ from those of the publisher", url)
		}
	}
}

func TestNewContexts(t *testing.T) {
	const v2, own = "https://www.w3.org/ns/credentials/v2", "https://ctx.example/own"
	b, _ := jsonld.Embedded().Bytes(v2)
	given := []byte(`{"@context":{"p":"https://ex.example/p"}}`)
	c, err := jsonld.NewContexts(map[string][]byte{v2: b, own: given})
	if err != nil {
		t.Fatal(err)
	}
	copy(given, "garbage")
	doc := []byte(`{"@context":"` + own + `","p":"x"}`)
	if _, err := c.ToRDF(doc); err != nil {
		t.Errorf("a context that was given: got error %v, want none", err)
	}
	if _, err := jsonld.Embedded().ToRDF(doc); !errors.Is(err, jsonld.ErrUnknownContext) {
		t.Errorf("a context given to another set: got error %v, want %v", err, jsonld.ErrUnknownContext)
	}
	got, ok := c.Bytes(own)
	if !ok || string(got) != `{"@context":{"p":"https://ex.example/p"}}` {
		t.Errorf("bytes: got %s, %v", got, ok)
	}
	got[0] = '!'
	if again, _ := c.Bytes(own); again[0] == '!' {
		t.Error("changing what Bytes returned changed the context")
	}
	if _, ok := c.Bytes("https://ctx.example/other"); ok {
		t.Error("bytes of an unknown context")
	}
	for name, more := range map[string]map[string][]byte{
		"replacing an embedded one": {v2: given}, "no JSON": {own: []byte(`{`)}, "no context": {own: []byte(`{"@id":"x"}`)},
		"an array": {own: []byte(`[]`)}, "no URL": {"own": []byte(`{"@context":{}}`)}, "no bytes": {own: nil},
		"duplicate members": {own: []byte(`{"@context":{"p":"a:b","p":"a:c"}}`)},
		"too large":         {own: append([]byte(`{"@context":{}}`), bytes.Repeat([]byte{' '}, 1<<20)...)},
	} {
		if _, err := jsonld.NewContexts(more); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}

// A context swapped for one that redefines a term changes what is signed, or is refused.
func TestSwappedContext(t *testing.T) {
	const doc = `{"@context":["https://ctx.example/terms"],"id":"did:example:a","degree":"x"}`
	terms := func(iri string) string {
		c, err := jsonld.NewContexts(map[string][]byte{"https://ctx.example/terms": []byte(`{"@context":{"id":"@id","degree":"` + iri + `"}}`)})
		if err != nil {
			t.Fatal(err)
		}
		d, err := c.ToRDF([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		return canonical(t, d)
	}
	if terms("https://ex.example/degree") == terms("https://ex.example/other") {
		t.Error("two contexts that define a term differently: got the same statements")
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	for doc, want := range map[string]string{
		`{"@context":"https://www.w3.org/ns/credentials/v2","type":"VerifiableCredential","credentialSubject":[{"id":"did:example:s"},{"a/b~":1}]}`: "/credentialSubject/1/a~1b~0",
		`{"@context":["https://www.w3.org/ns/credentials/v2",{"p":{"@id":1}}]}`:                                                                     "/@context/1/p",
		`{"@graph":[{"https://ex.example/p":{"@list":["x",{"@id":"y"}]}}]}`:                                                                         "/@graph/0/https:~1~1ex.example~1p/@list/1/@id",
	} {
		_, err := jsonld.Embedded().ToRDF([]byte(doc))
		var e *jsonld.Error
		if !errors.As(err, &e) || e.Path != want {
			t.Errorf("%s: got %v, want the place %s", doc, err, want)
		}
	}
	_, err := jsonld.Embedded().ToRDF([]byte("{\"@context\":{\"p\":\"https://ex.example/p\"},\"a\\u001b[31m\\n" + strings.Repeat("x", 5000) + "\":\"the value\",\"p\":\"the value\"}"))
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\n") || len(err.Error()) > 1000 || strings.Contains(err.Error(), "the value") {
		t.Errorf("got error %v, want one short line without control characters and values", err)
	}
}
