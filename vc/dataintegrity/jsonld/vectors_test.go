package jsonld_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/internal/vectors"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

func read(t testing.TB, path ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// convert returns the canonical form of a document under the embedded contexts.
func convert(t testing.TB, doc []byte) string {
	t.Helper()
	d, err := jsonld.Embedded().ToRDF(doc)
	if err != nil {
		t.Fatalf("got error %v, want none\n%s", err, doc)
	}
	return canonical(t, d)
}

func withoutProof(t *testing.T, doc []byte) []byte {
	t.Helper()
	var m map[string]json.RawMessage
	if err := json.Unmarshal(doc, &m); err != nil {
		t.Fatal(err)
	}
	delete(m, "proof")
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The canonical documents and proof options of the cryptosuites' specifications.
func TestCryptosuiteVectors(t *testing.T) {
	for _, c := range []struct{ topic, doc, canon string }{
		{"eddsa", "unsigned.json", "eddsa-rdfc-2022/canonDocDataInt.txt"},
		{"eddsa", "eddsa-rdfc-2022/proofConfigDataInt.json", "eddsa-rdfc-2022/proofCanonDataInt.txt"},
		{"eddsa", "unsigned.json", "Ed25519Signature2020/canonDocEdSig.txt"},
		{"eddsa", "Ed25519Signature2020/proofConfigEdSig.json", "Ed25519Signature2020/proofCanonEdSig.txt"},
		{"ecdsa", "unsigned.json", "ecdsa-rdfc-2019-p256/canonDocECDSAP256.txt"},
		{"ecdsa", "ecdsa-rdfc-2019-p256/proofConfigECDSAP256.json", "ecdsa-rdfc-2019-p256/proofCanonECDSAP256.txt"},
		{"ecdsa", "ecdsa-rdfc-2019-p384/proofConfigECDSAP384.json", "ecdsa-rdfc-2019-p384/proofCanonECDSAP384.txt"},
		{"ecdsa-sd-2023", "prc/addProofConfig.json", "prc/addProofConfigCanon.txt"},
		{"bbs-2023", "addProofConfig.json", "addProofConfigCanon.txt"},
	} {
		dir := vectors.Dir(t, c.topic)
		if got, want := convert(t, read(t, dir, c.doc)), string(read(t, dir, c.canon)); got != want {
			t.Errorf("%s %s: got\n%s\nwant\n%s", c.topic, c.doc, got, want)
		}
	}
	for topic, names := range map[string][2]string{
		"ecdsa-sd-2023": {"prc/addSignedSDBase.json", "prc/addBaseDocCanon.json"},
		"bbs-2023":      {"windDoc.json", "addBaseDocCanon.json"},
	} {
		dir := vectors.Dir(t, topic)
		var want []string
		if err := json.Unmarshal(read(t, dir, names[1]), &want); err != nil {
			t.Fatal(err)
		}
		if got := convert(t, withoutProof(t, read(t, dir, names[0]))); got != strings.Join(want, "") {
			t.Errorf("%s: got\n%s\nwant\n%s", topic, got, want)
		}
	}
}

// Every document of these collections that can be signed must convert, also with its proofs in it, and must mean the same
// to json-gold, where that has no fault of its own.
func TestCredentialsOfTheVectors(t *testing.T) {
	n := 0
	for topic, pattern := range map[string]string{
		"citizenship-examples": "*-signed.jsonld", "vcdm-2.0": "*-ok.json", "vcdm-2.0/names-and-descriptions": "*-ok.json",
		"vc-jose-cose": "*ntial-*.json", "ecdsa": "*.json", "ecdsa/ecdsa-rdfc-2019-p256": "signed*.json", "eddsa": "uns*.json",
		"eddsa/eddsa-rdfc-2022": "signed*.json", "bbs-2023": "*.json", "bbs-2023/FeatureInputs": "license.json",
		"ecdsa-sd-2023": "*.json", "ecdsa-sd-2023/prc": "*.json", "bbs-2023/Pseudonym": "*.json", "bbs-2023/HolderBinding": "*.json",
	} {
		top, sub, _ := strings.Cut(topic, "/")
		files, err := filepath.Glob(filepath.Join(vectors.Dir(t, top), sub, pattern))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: got %d files (%v), want some", topic, len(files), err)
		}
		for _, f := range files {
			b := read(t, f)
			v, err := strictjson.Parse(b, strictjson.Limits{})
			if _, ok := v.Get("@context"); err != nil || !ok || filepath.Base(f) == "credential-proof-ok.json" {
				continue // that proof is of a type that its contexts do not define
			}
			n++
			d, err := jsonld.Embedded().ToRDF(b)
			if err != nil {
				t.Errorf("%s: got error %v, want none", f, err)
				continue
			}
			if s := string(b); strings.Contains(s, "@direction") || strings.Contains(s, "verifiableCredential") ||
				strings.Contains(s, "driving_privileges") {
				continue // json-gold drops directions, a graph under a null context, and JSON literals that are arrays
			}
			want, err := oracle(jsonld.Embedded(), b)
			if err != nil {
				t.Errorf("%s: json-gold: %v", f, err)
				continue
			}
			if got, want := canonical(t, d), canonical(t, want); got != want {
				t.Errorf("%s: got\n%s\nwant\n%s", f, got, want)
			}
		}
	}
	if n < 75 {
		t.Errorf("got %d documents, want at least 75", n)
	}
}
