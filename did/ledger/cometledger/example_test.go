package cometledger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/realdid/realdid/did"
	"github.com/realdid/realdid/did/ledger/cometledger"
	"github.com/realdid/realdid/did/realdid"
	"github.com/realdid/realdid/keys"
)

// A chain of one validator, and an identity on it. Four validators are four homes, each with its own StartNode.
func Example() {
	if err := run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// resolved
}

func run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "chain")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	home := filepath.Join(dir, "validator")
	err = cometledger.InitFiles("example", time.Time{}, []cometledger.Validator{{Home: home, P2P: "127.0.0.1:0", RPC: "127.0.0.1:0"}})
	if err != nil {
		return err
	}
	node, err := cometledger.StartNode(ctx, cometledger.NodeConfig{Home: home, Reducer: realdid.Remembering(realdid.Reducer(), 1<<16)})
	if err != nil {
		return err
	}
	defer node.Close()

	ledger, err := cometledger.Dial(ctx, []string{node.RPC()}, nil)
	if err != nil {
		return err
	}
	defer ledger.Close()
	method, err := realdid.New(ledger, nil)
	if err != nil {
		return err
	}
	seed := realdid.NewSeed()
	control, err := seed.Control(keys.Ed25519, 0)
	if err != nil {
		return err
	}
	next, err := seed.Control(keys.Ed25519, 1)
	if err != nil {
		return err
	}
	created, err := method.Create(ctx, &realdid.CreateRequest{
		Control: realdid.OneKey(control.Public()), Next: realdid.SHA256.Commit(next.Public()),
	}, control)
	if err != nil {
		return err
	}
	var r did.Resolver = method
	if _, err := r.Resolve(ctx, created.DID, nil); err != nil {
		return err
	}
	fmt.Println("resolved")
	return nil
}
