package realdid_test

import (
	"testing"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/memledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// TestIssuerOfBBSCredentials: its key stands in its document as one that makes assertions, and resolves to the same bytes.
func TestIssuerOfBBSCredentials(t *testing.T) {
	k := must(keys.ParseMulticodec(blsKey(1)))(t)
	m := must(realdid.New(memledger.New(realdid.Reducer(), nil), nil))(t)
	r := must(m.Create(t.Context(), &realdid.CreateRequest{
		Control: realdid.OneKey(ed(0).Public()), Next: commit(ed(1)),
		Document: realdid.Content{VerificationMethods: []realdid.VerificationMethod{method("bbs", k, did.AssertionMethod)}},
	}, ed(0)))(t)
	res := must(m.Resolve(t.Context(), r.DID, nil))(t)
	vm := res.Document.VerificationMethod
	if len(vm) != 1 || !vm[0].Key.Equal(k) || vm[0].Purposes != did.AssertionMethod {
		t.Errorf("got %+v, want the issuer's key for assertionMethod", vm)
	}
}
