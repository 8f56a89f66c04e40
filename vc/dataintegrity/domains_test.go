package dataintegrity_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
)

// TestDomainsOfProofs: a credential is meant for those whom every proof names, not for those whom any does.
func TestDomainsOfProofs(t *testing.T) {
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	id := did.MustParse("did:key:" + k.Public().Multikey())
	for _, c := range []struct {
		name          string
		first, second []string
		want          []string
		code          string
	}{
		{"none", nil, nil, nil, ""},
		{"one proof says", []string{"a"}, nil, []string{"a"}, ""},
		{"the other says", nil, []string{"a", "b"}, []string{"a", "b"}, ""},
		{"both say", []string{"a", "b"}, []string{"b", "c"}, []string{"b"}, ""},
		{"they contradict each other", []string{"a"}, []string{"b"}, nil, "dataintegrity.proof.domain"},
	} {
		doc := []byte(strings.ReplaceAll(`{"@context":["https://www.w3.org/ns/credentials/v2"],"type":["VerifiableCredential"],"issuer":"ISSUER",
			"credentialSubject":{"id":"did:example:s"}}`, "ISSUER", id.String()))
		for _, domain := range [][]string{c.first, c.second} {
			if doc, err = dataintegrity.AddProof(t.Context(), k, doc, &dataintegrity.ProofOptions{
				Method: id.WithFragment(k.Public().Multikey()), Purpose: did.AssertionMethod, Domain: domain,
			}); err != nil {
				t.Fatal(err)
			}
		}
		p, err := dataintegrity.Received(doc, nil).Open()
		if err != nil {
			t.Fatal(err)
		}
		d, err := p.Disclose()
		if vc.Code(err) != c.code || !slices.Equal(d.Audience, c.want) {
			t.Errorf("%s: got %q, %v, want %q, %q", c.name, d.Audience, err, c.want, c.code)
		}
	}
}
