package dataintegrity_test

import (
	"testing"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/vc"
	"github.com/realdid/realdid/vc/dataintegrity"
	"github.com/realdid/realdid/vc/dataintegrity/jsonld"
)

// TestAcceptedContexts: two known contexts call two claims by each other's names. The proof over RDF stands when one is put for the
// other; a policy that knows which context its program reads refuses it.
func TestAcceptedContexts(t *testing.T) {
	const v2, plain, crossed = "https://www.w3.org/ns/credentials/v2", "https://a.example/v1", "https://b.example/v1"
	contexts, err := jsonld.NewContexts(map[string][]byte{
		plain:   []byte(`{"@context":{"Member":"https://x.example/#Member","owes":"https://x.example/#owes","owns":"https://x.example/#owns"}}`),
		crossed: []byte(`{"@context":{"Member":"https://x.example/#Member","owes":"https://x.example/#owns","owns":"https://x.example/#owes"}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	k, err := keys.Generate(keys.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	id := did.MustParse("did:key:" + k.Public().Multikey())
	credential := func(context, claims string) []byte {
		return []byte(`{"@context":["` + v2 + `","` + context + `"],"type":["VerifiableCredential","Member"],"issuer":"` + id.String() +
			`","credentialSubject":{"id":"did:example:s",` + claims + `}}`)
	}
	signed, err := dataintegrity.IssueJSON(t.Context(), dataintegrity.Issuer{Signer: k, Method: id.WithFragment(k.Public().Multikey())},
		credential(plain, `"owes":"much","owns":"little"`), &dataintegrity.IssueOptions{Contexts: contexts})
	if err != nil {
		t.Fatal(err)
	}
	proof := string(signed.Bytes()[len(credential(plain, `"owes":"much","owns":"little"`))-1:])
	other := credential(crossed, `"owns":"much","owes":"little"`)
	rewritten := append(other[:len(other)-1:len(other)-1], proof...)
	u := id.WithFragment(k.Public().Multikey())
	table := keyTable{u: {
		Method: did.VerificationMethod{ID: u, Controller: id, Key: k.Public(), Purposes: did.AssertionMethod}, Status: did.KeyActive,
		Evidence: did.Evidence{Replayed: true, AsOf: time.Now()},
	}}
	verify := func(b []byte, accepted [][]string) error {
		opt := &dataintegrity.Options{Contexts: contexts, AcceptedContexts: accepted}
		_, _, err := vc.NewVerifier(table, nil).Verify(t.Context(), dataintegrity.Received(b, opt), &vc.Expect{
			Issuers: []did.DID{id}, Types: []string{"Member"}, InsecureNoHolderBinding: true,
		})
		return err
	}
	for name, c := range map[string]struct {
		document []byte
		accepted [][]string
		want     string
	}{
		"any context":                 {signed.Bytes(), nil, ""},
		"the accepted one":            {signed.Bytes(), [][]string{{v2}, {v2, plain}}, ""},
		"rewritten, any context":      {rewritten, nil, ""},
		"rewritten, accepted context": {rewritten, [][]string{{v2, plain}}, "dataintegrity.context.notaccepted"},
		"in another order":            {signed.Bytes(), [][]string{{plain, v2}}, "dataintegrity.context.notaccepted"},
		"more than accepted":          {signed.Bytes(), [][]string{{v2}}, "dataintegrity.context.notaccepted"},
		"less than accepted":          {signed.Bytes(), [][]string{{v2, plain, crossed}}, "dataintegrity.context.notaccepted"},
		"none accepted":               {signed.Bytes(), [][]string{}, "dataintegrity.context.notaccepted"},
	} {
		if err := verify(c.document, c.accepted); vc.Code(err) != c.want {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}
