package ariesvdr_test

import (
	"fmt"
	"log"
	"os"
	"strings"

	diddoc "github.com/hyperledger/aries-framework-go/pkg/doc/did"
	"github.com/hyperledger/aries-framework-go/pkg/framework/aries"
	"github.com/hyperledger/aries-framework-go/pkg/kms"

	"github.com/realdid/realdid/did/ledger/boltledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/resolver/ariesvdr"
)

// check ends the program at an error.
func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func Example() {
	dir, err := os.MkdirTemp("", "ariesvdr")
	check(err)
	defer os.RemoveAll(dir)

	lg, err := boltledger.Open(dir, realdid.Reducer(), nil) // or whatever ledger you use
	check(err)
	defer lg.Close()
	method, err := realdid.New(lg, nil)
	check(err)
	vdr, err := ariesvdr.New(method, realdid.NewRegistrar(method), ariesvdr.NewKeyring(nil), nil)
	check(err)
	agent, err := aries.New(aries.WithVDR(vdr)) // beside the options that you have
	check(err)
	defer agent.Close()

	// From here on it is Aries alone: a key from its key manager, and an identifier with it.
	ctx, err := agent.Context()
	check(err)
	_, key, err := ctx.KMS().CreateAndExportPubKeyBytes(kms.ED25519Type)
	check(err)
	doc := &diddoc.Doc{VerificationMethod: []diddoc.VerificationMethod{
		*diddoc.NewVerificationMethodFromBytes("#key-1", "Ed25519VerificationKey2018", "", key),
	}}
	made, err := ctx.VDRegistry().Create("realdid", doc)
	check(err)

	found, err := ctx.VDRegistry().Resolve(made.DIDDocument.ID)
	check(err)
	m := found.DIDDocument.Authentication[0].VerificationMethod
	fmt.Println(strings.HasPrefix(m.ID, "did:realdid:q"), strings.HasSuffix(m.ID, "#key-1"), m.Type, string(m.Value) == string(key))
	// Output: true true JsonWebKey2020 true
}
