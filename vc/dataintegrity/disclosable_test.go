package dataintegrity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc/dataintegrity"
)

func TestDisclosable(t *testing.T) {
	k, err := keys.Generate(keys.P256)
	if err != nil {
		t.Fatal(err)
	}
	id := did.MustParse("did:key:" + k.Public().Multikey())
	issuer := dataintegrity.Issuer{Signer: k, Method: id.WithFragment(k.Public().Multikey())}
	const credential = `{"@context":["https://www.w3.org/ns/credentials/v2","https://www.w3.org/ns/credentials/examples/v2"],
		"type":["VerifiableCredential","ExampleDegreeCredential"],"issuer":"ISSUER","name":{"@value":"Degree","@language":"en"},
		"credentialSubject":{"id":"did:example:s","type":"Person","a/b":"x","degree":{"type":"ExampleBachelorDegree","name":"B.Sc.","year":[1,2]},"knows":{"id":"did:example:k"}}}`
	issue := func(suite dataintegrity.Cryptosuite) *dataintegrity.Credential {
		t.Helper()
		c, err := dataintegrity.IssueJSON(t.Context(), issuer, []byte(strings.ReplaceAll(credential, "ISSUER", id.String())), &dataintegrity.IssueOptions{Cryptosuite: suite})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	base := issue(dataintegrity.ECDSASD2023{Mandatory: []string{"/credentialSubject/degree/year"}})
	got, err := base.Disclosable()
	want := []string{"/name", "/credentialSubject/a~1b", "/credentialSubject/degree/name", "/credentialSubject/knows"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for _, p := range got { // each can be revealed on its own
		if _, err := base.Derive(t.Context(), []string{p}, nil); err != nil {
			t.Errorf("%s: %v", p, err)
		}
	}
	derived, err := base.Derive(t.Context(), got, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]*dataintegrity.Credential{"derived": derived, "whole": issue(dataintegrity.ECDSARDFC2019{})} {
		if got, err := c.Disclosable(); err != nil || len(got) != 0 {
			t.Errorf("%s: got %q, %v, want none", name, got, err)
		}
	}
}
