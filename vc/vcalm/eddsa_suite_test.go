package vcalm_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/multiformats/go-multibase"

	"github.com/realdid/realdid/internal/vectors"
)

// TestEddsaSuite restates w3c/vc-di-eddsa-test-suite.
func TestEddsaSuite(t *testing.T) {
	for _, path := range []string{"eddsa-rdfc-2022/Ed25519", "eddsa-jcs-2022/Ed25519"} {
		testIssuer(t, path)
		testVerifier(t, path)
		testSignature(t, path, 64, 0xed, 0x01)
	}
}

// TestEcdsaSuite restates w3c/vc-di-ecdsa-test-suite for what discloses everything.
func TestEcdsaSuite(t *testing.T) {
	for _, suite := range []string{"ecdsa-rdfc-2019", "ecdsa-jcs-2019"} {
		for _, path := range []string{suite + "/P-256", suite + "/P-384"} {
			testIssuer(t, path)
			testVerifier(t, path)
		}
		testSignature(t, suite+"/P-256", 64, 0x80, 0x24)
		testSignature(t, suite+"/P-384", 96, 0x81, 0x24)
	}
}

// testSignature wants a signature of the right size by a key with the right prefix, and no other under a proof of that suite.
func testSignature(t *testing.T, path string, size int, prefix ...byte) {
	t.Run(path+" signature", func(t *testing.T) {
		s := newServer(t, nil)
		c := s.issue(path, modelVersions["2.0"], nil)
		decode := func(text string) []byte {
			_, b, err := multibase.Decode(text)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
		value := decode(proofOf(c)["proofValue"].(string))
		_, key, _ := strings.Cut(proofOf(c)["verificationMethod"].(string), "#")
		if got := decode(key); len(value) != size || got[0] != prefix[0] || got[1] != prefix[1] {
			t.Errorf("got %v", c)
		}
		for _, wrong := range [][]byte{append(value[:size:size], make([]byte, 32)...), value[:size-1], nil, make([]byte, size)} {
			text, err := multibase.Encode(multibase.Base58BTC, wrong)
			if err != nil {
				t.Fatal(err)
			}
			s.bad(changed(t, c, func(c object) { proofOf(c)["proofValue"] = text }))
		}
		own, _ := split(path)
		for _, other := range []string{"eddsa-rdfc-2022", "eddsa-jcs-2022", "ecdsa-rdfc-2019", "ecdsa-jcs-2019", "ecdsa-sd-2023", "bbs-2023"} {
			if other != own {
				s.bad(changed(t, c, func(c object) { proofOf(c)["cryptosuite"] = other }))
			}
		}
	})
}

// TestW3CVectors verifies every credential among W3C's vectors as the suites send them: without options, or with empty ones.
func TestW3CVectors(t *testing.T) {
	s := newServer(t, nil)
	n := 0
	for _, of := range []struct{ topic, folders string }{{"eddsa", "*-2022"}, {"ecdsa", "*-2019-*"}, {"ecdsa-sd-2023", "."}, {"ecdsa-sd-2023", "prc"}, {"bbs-2023", "."}} {
		files, err := filepath.Glob(filepath.Join(vectors.Dir(t, of.topic), of.folders, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c object
			if json.Unmarshal(b, &c) != nil || c["type"] == nil || c["proof"] == nil {
				continue
			}
			proof, _ := c["proof"].(object)
			value, _ := proof["proofValue"].(string)
			if value == "" {
				continue
			}
			n++
			t.Run(of.topic+" "+filepath.Base(file), func(t *testing.T) {
				s.t = t
				switch {
				case strings.HasPrefix(value, "u2V0A"), strings.HasPrefix(value, "u2V0C"): // a base proof
					s.bad(c)
				case of.folders == "prc": // names an issuer whose key it does not use, and has expired
					if a := s.verify(c, nil); a.titles("errors") != "CREDENTIAL_EXPIRED INVALID_VERIFICATION_METHOD" {
						t.Errorf("got %s", a.raw)
					}
				default:
					s.good(c)
				}
			})
		}
	}
	if n < 9 {
		t.Errorf("got %d credentials", n)
	}
}

// publishedChain is a credential of W3C's suites with two proofs, of which the second follows the first.
func publishedChain(version string, previous any, issuer, first, second string) object {
	c := object{
		"@context": []any{contextV2, object{"@context": object{"AlumniCredential": "https://www.example.org/AlumniCredential", "alumniOf": "https://www.example.org/alumniOf"}}},
		"id":       "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33", "type": []any{"VerifiableCredential", "AlumniCredential"}, "name": "Alumni Credential",
		"description": "A minimum viable example of a VC " + version + " Alumni Credential.", "issuer": issuer, "validFrom": "2023-01-01T00:00:00Z",
		"credentialSubject": object{"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
	}
	if version == "1.1" {
		c["@context"] = []any{contextV1, "https://w3id.org/security/data-integrity/v2", object{"@context": object{
			"AlumniCredential": "https://www.example.org/AlumniCredential", "alumniOf": "https://www.example.org/alumniOf",
			"description": "https://schema.org/description", "name": "https://schema.org/name",
		}}}
		c["issuanceDate"] = c["validFrom"]
		delete(c, "validFrom")
	}
	const a, b = "z6MktgKTsu1QhX6QPbyqG6geXdw6FQCZBPq7uQpieWbiQiG7", "z6MkhWqdDBPojHA7cprTGTt5yHv5yUi1B8cnXn8ReLumkw6E"
	c["proof"] = []any{
		object{
			"type": "DataIntegrityProof", "id": "urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544", "cryptosuite": "eddsa-rdfc-2022", "created": "2023-02-26T22:06:38Z",
			"verificationMethod": "did:key:" + a + "#" + a, "proofPurpose": "assertionMethod", "proofValue": first,
		},
		object{
			"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": "2023-02-26T22:16:38Z", "previousProof": previous,
			"verificationMethod": "did:key:" + b + "#" + b, "proofPurpose": "assertionMethod", "proofValue": second,
		},
	}
	return c
}

// TestEddsaSuiteChains has the credentials that W3C's suites keep as files because the JavaScript libraries make no chains.
func TestEddsaSuiteChains(t *testing.T) {
	const (
		id, nowhere = "urn:uuid:26329423-bec9-4b2e-88cb-a7c7d9dc4544", "urn:uuid:38329423-2179-4b2e-88cb-a7c7d9dc4544"
		byURL       = "https://vc.example/issuers/5678"
		byDID       = "did:key:z6MkhWqdDBPojHA7cprTGTt5yHv5yUi1B8cnXn8ReLumkw6E"
		a2          = "z3MPPHM5VFhWw2teqGvjXDzsrqPcJoruJryZKCfhjpfpMjqgJq2D3whcG23BKnonAyT8c45VK4SfiQfkShFWPGmsi"
		b2          = "z4eFuUYchGeBhRgAqupyQko8GB7JDF6Ws5Sfnrqx799ERJgDLxoJC2NyjEmfTqcpRukbdEGZX7wnhkya9sQzNF7rp"
		lost        = "z5pV8tTyZ5jyKpxFULw4LvGNE74rL4EbQ8mF4HvDWGdxk9A9ULvqEPSuHg3QezpY4ee4h9teDGBgTFKe3hmJEE64q"
		a1          = "z5MKYvaw7LwLXrwNDK45nTK45E29iRmRgenQxEmPL78kNSJaqeL6uFP6yCUEji51hqLDYzzXXELN9YkEnpd63JLTF"
		b1          = "z293mtdKJ88wgAgT2vJskq9PJKZJDGKdztbVcgXarJTr88JXEYuWxjp1M2pk8CM47q2foPH5APWh5qeYQz7onSy44"
		a1DID       = "z5gL4Hy8N4B6zr9mQAGqpsry1iTdxEAp4zjqPNQv7iTvgdkMcHKnMALvPwU3YAKZhYn3k3Jmut2TAMxSaHaggFtf4"
		b1DID       = "z2ENoYDUK8cMMJMvwRGyHVX23pPeHaZfCgpbDFs15FXGaeFseeqzZf5nWXF14JPoBcqdr39vVPgrAUbWT2VYYacrG"
	)
	s := newServer(t, nil)
	s.good(publishedChain("2.0", id, byURL, a2, b2))
	s.good(publishedChain("2.0", []any{id}, byURL, a2, b2))
	s.good(publishedChain("1.1", id, byURL, a1, b1))
	s.good(publishedChain("1.1", id, byDID, a1DID, b1DID))
	for name, c := range map[string]object{
		"a proof that is not there":             publishedChain("2.0", nowhere, byURL, a2, b2),
		"a list with a proof that is not there": publishedChain("2.0", []any{nowhere}, byURL, a2, lost),
	} {
		a := s.verify(c, nil)
		if code, _ := a.list("errors")[0].(object)["code"].(string); !strings.HasPrefix(code, "dataintegrity.proof.previous") {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	s.bad(publishedChain("2.0", 456321, byURL, a2, b2))
	s.bad(publishedChain("1.1", id, byDID, a1, b1))
}
