package dataintegrity_test

import (
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// TestRewrittenProofsAreValid shows that the vectors of rewritten credentials are refused for how they are written and for nothing
// else.
func TestRewrittenProofsAreValid(t *testing.T) {
	f := newForge(t)
	table := f.setting.known(t)
	for _, v := range f.rewritten() {
		t.Run(v.Name, func(t *testing.T) {
			policy := dataintegrity.ProofPolicy{Purpose: did.AssertionMethod, Now: f.setting.Now}
			_, err := dataintegrity.InsecureVerifyProofsOnly(t.Context(), []byte(v.Input), table, &policy)
			if err != nil {
				t.Errorf("the proof: %v", err)
			}
			pres := dataintegrity.Received([]byte(v.Input), &dataintegrity.Options{InsecureRewritable: true})
			if _, err := pres.Open(); err != nil {
				t.Errorf("with InsecureRewritable: %v", err)
			}
			if _, err := dataintegrity.Received([]byte(v.Input), nil).Open(); vc.Code(err) != v.Code {
				t.Errorf("without: got %v, want %s", err, v.Code)
			}
		})
	}
}

// TestRewritableOverJSON accepts what a proof over JSON protects as it is written.
func TestRewritableOverJSON(t *testing.T) {
	f := newForge(t)
	inline := f.document(func(c map[string]any) {
		c["@context"] = append(c["@context"].([]any), map[string]any{"graduateOf": vocabExamples + "alumniOf"})
		c["credentialSubject"].(map[string]any)["https://schema.example/name"] = "Ada"
	})
	over := map[string]bool{"JSON": true, "RDF": false}
	for name, suite := range map[string]dataintegrity.Cryptosuite{"JSON": jcs, "RDF": rdfc} {
		signed := f.sign(inline, authority+"#key-1", suite, dataintegrity.ProofOptions{})
		_, err := f.setting.verify(t, &vector{Input: string(signed)})
		if (err == nil) != over[name] {
			t.Errorf("over %s: got %v", name, err)
		}
	}
	both := f.sign(f.sign(inline, authority+"#key-1", rdfc, dataintegrity.ProofOptions{}), authority+"#key-10", jcs, dataintegrity.ProofOptions{})
	if _, err := f.setting.verify(t, &vector{Input: string(both)}); err != nil {
		t.Errorf("over both: %v", err)
	}
}
