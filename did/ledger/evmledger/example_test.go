package evmledger_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/ethereum/go-ethereum/accounts/keystore"
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/evmledger"
)

// reducer stands for realdid.Reducer().
var reducer ledger.Reducer

// A ledger in a contract that stands on Ethereum already, written to with a key from a key file.
func Example() {
	ctx := context.Background()
	node, err := rpc.DialContext(ctx, "http://127.0.0.1:8545")
	if err != nil {
		log.Fatal(err)
	}
	defer node.Close()
	chain, err := evmledger.NewChain(ctx, node, 1, evmledger.Finalized(), nil)
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.ReadFile("account.json")
	if err != nil {
		log.Fatal(err)
	}
	key, err := keystore.DecryptKey(file, os.Getenv("PASSPHRASE"))
	if err != nil {
		log.Fatal(err)
	}
	sender := evmledger.NewSender(chain, evmledger.NewKeySigner(key.PrivateKey), nil)
	at := evmledger.Deployment{Address: common.HexToAddress("0x3A220f351252089D385b29beca14e27F204c296A"), Block: 21_000_000}
	lg, err := evmledger.Open(ctx, chain, at, reducer, sender, &evmledger.Options{Directory: "index", Linked: true})
	if err != nil {
		log.Fatal(err)
	}
	defer lg.Close()
	entry, err := lg.Append(ctx, "key", 0, []byte("operation"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(entry.Anchor.Index, entry.Anchor.Time)
}

func ExampleParseFinality() {
	for _, s := range []string{"finalized", "safe", "latest+12", "latest"} {
		f, err := evmledger.ParseFinality(s)
		fmt.Println(f, err)
	}
	// Output:
	// finalized <nil>
	// safe <nil>
	// latest+12 <nil>
	// none evmledger: finality "latest" is not finalized, safe or latest+N
}

func ExampleOrigin() {
	fmt.Println(evmledger.Origin(1, common.HexToAddress("0x3A220f351252089D385b29beca14e27F204c296A")))
	// Output: evm:1:0x3a220f351252089d385b29beca14e27f204c296a
}
