package dataintegrity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/internal/strictjson"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// TestSeveralSubjects: a holder cannot make a credential about two one about one, and so become its holder.
func TestSeveralSubjects(t *testing.T) {
	k, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	id := did.MustParse("did:key:" + k.Public().Multikey())
	issuer := dataintegrity.Issuer{Signer: k, Method: id.WithFragment(k.Public().Multikey())}
	doc := strings.ReplaceAll(`{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],"type":"VerifiableCredential",
		"issuer":"ISSUER","credentialSubject":[{"id":"did:example:a","name":"Ada"},{"type":"Person","name":"Byron"},{"name":"Clara"}]}`, "ISSUER", id.String())
	v, err := strictjson.Parse([]byte(doc), strictjson.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/issuer", "/credentialSubject/0/id", "/credentialSubject/1/type", "/credentialSubject/2"}
	if got := dataintegrity.AlwaysMandatory(v, nil); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	base, err := dataintegrity.IssueJSON(t.Context(), issuer, []byte(doc), &dataintegrity.IssueOptions{Cryptosuite: dataintegrity.ECDSASD2023{}})
	if err != nil {
		t.Fatal(err)
	}
	derived, err := base.Derive(t.Context(), []string{"/credentialSubject/0/name"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := derived.UnverifiedClaims()
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := claims["credentialSubject"].([]any); len(got) != 3 {
		t.Errorf("got %d subjects in the derived credential, want 3", len(got))
	}
	if b := derived.Bytes(); strings.Contains(string(b), "Byron") || !strings.Contains(string(b), "Clara") {
		t.Errorf("got %s", b)
	}
}
