package vcdm_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/vc/vcdm"
)

// beyondTheModel are the inputs of W3C's suite that are wrong for what their terms mean, which JSON-LD processing finds.
var beyondTheModel = map[string]bool{"credential-type-unmapped-fail.json": true}

// TestW3CInputs reads the inputs of W3C's suite for VCDM 2.0. They are sent to an issuer, which the suite names in them first,
// or to a verifier of presentations.
func TestW3CInputs(t *testing.T) {
	dir := vectors.Dir(t, "vcdm-2.0")
	n := 0
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".json" {
			return err
		}
		name := filepath.Base(path)
		if beyondTheModel[name] {
			return nil
		}
		n++
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		t.Run(name, func(t *testing.T) {
			if strings.HasPrefix(name, "presentation-") {
				err = presentation(b)
			} else {
				err = credential(withIssuer(t, b))
			}
			if fail := strings.Contains(name, "-fail"); fail != (err != nil) {
				t.Errorf("got %v", err)
			}
		})
		return nil
	})
	if err != nil || n < 60 {
		t.Errorf("got %d inputs and %v, want all", n, err)
	}
}

// withIssuer names an issuer where there is none, as the suite does before it sends a credential.
func withIssuer(t *testing.T, b []byte) []byte {
	t.Helper()
	var c map[string]any
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	switch issuer, ok := c["issuer"]; {
	case !ok || issuer == "":
		c["issuer"] = "did:example:issuer"
	default:
		if o, isObject := issuer.(map[string]any); isObject {
			if _, ok := o["id"]; !ok {
				o["id"] = "did:example:issuer"
			}
		}
	}
	return marshal(t, c)
}

func marshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestW3CSelfAsserted reads the presentations with credentials that have no proof of their own.
func TestW3CSelfAsserted(t *testing.T) {
	dir := vectors.Dir(t, "vcdm-2.0")
	for name, ok := range map[string]bool{
		"presentation-self-asserted-vc-ok.json": true, "presentation-self-asserted-vc-no-holder.json": false,
		"presentation-self-asserted-vc-holder-mismatch.json": false,
	} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := vcdm.ParsePresentationJSON(b)
		if err != nil || len(p.Credentials) != 1 {
			t.Fatalf("%s: got %v", name, err)
		}
		c, err := vcdm.ParseCredential(p.Credentials[0].Value)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.CheckSelfAsserted(c); (err == nil) != ok {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestJOSEInputs reads the credentials and presentations of W3C's suite for VC-JOSE-COSE.
func TestJOSEInputs(t *testing.T) {
	dir := vectors.Dir(t, "vc-jose-cose")
	want := map[string]int{"presentation-single.json": 1, "presentation-selective.json": 1, "presentation-multiple.json": 3}
	for name, n := range want {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		p, err := vcdm.ParsePresentationJSON(b)
		if err != nil || len(p.Credentials) != n {
			t.Fatalf("%s: got %v, want %d credentials", name, err, n)
		}
		for _, c := range p.Credentials {
			if c.Envelope == nil || !strings.HasPrefix(c.Envelope.MediaType, "vc+") || len(c.Envelope.Data) == 0 {
				t.Errorf("%s: got envelope %v", name, c.Envelope)
			}
		}
	}
	for _, name := range []string{"credential-minimal.json", "credential-full.json", "credential-selective.json", "credential-nested-selective.json"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := credential(b); err != nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestSignedExamples reads credentials of other W3C folders, with their proofs.
func TestSignedExamples(t *testing.T) {
	dir := vectors.Dir(t, "citizenship-examples")
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonld"))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %v and %v", files, err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		c, err := vcdm.ParseCredentialJSON(withIssuer(t, b))
		if err != nil {
			t.Errorf("%s: got %v", filepath.Base(f), err)
			continue
		}
		if c.Secured != strings.Contains(f, "-signed") || c.Version != vcdm.V2 {
			t.Errorf("%s: got secured %v, version %d", filepath.Base(f), c.Secured, c.Version)
		}
	}
}
