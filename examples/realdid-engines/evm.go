package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rpc"
	"github.com/spf13/cobra"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/evmledger"
)

// keyVariable names the environment variable with the file of the account's key, 64 characters of hexadecimal. Who only reads needs none.
const keyVariable = "REALDID_EVM_KEY"

// dial connects to the node of a chain.
func dial(ctx context.Context, node, id, finality string) (*evmledger.Chain, *rpc.Client, error) {
	chainID, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return nil, nil, usage("evm: %q is no chain id", id)
	}
	final, err := evmledger.ParseFinality(finality)
	if err != nil {
		return nil, nil, usageError{err}
	}
	client, err := rpc.DialContext(ctx, node)
	if err != nil {
		return nil, nil, err
	}
	chain, err := evmledger.NewChain(ctx, client, chainID, final, nil)
	if err != nil {
		client.Close()
		return nil, nil, err
	}
	return chain, client, nil
}

// sender is that of the account whose key the environment names; nil if it names none.
func sender(chain *evmledger.Chain) (*evmledger.Sender, error) {
	file := os.Getenv(keyVariable)
	if file == "" {
		return nil, nil
	}
	key, err := crypto.LoadECDSA(file)
	if err != nil {
		return nil, fmt.Errorf("the key that %s names: %w", keyVariable, err)
	}
	return evmledger.NewSender(chain, evmledger.NewKeySigner(key), nil), nil
}

// openEVM opens the direct ledger at URL,ID,ADDRESS,FINALITY[,FOLDER].
func openEVM(ctx context.Context, place string, red ledger.Reducer) (*opened, error) {
	part := strings.Split(place, ",")
	if len(part) < 4 || len(part) > 5 || !common.IsHexAddress(part[2]) {
		return nil, usage("evm: names no contract\n%s", placeHelp)
	}
	chain, client, err := dial(ctx, part[0], part[1], part[3])
	if err != nil {
		return nil, err
	}
	send, err := sender(chain)
	if err != nil {
		client.Close()
		return nil, err
	}
	opt := &evmledger.Options{Linked: true}
	if len(part) == 5 {
		opt.Directory = part[4]
	}
	l, err := evmledger.Open(ctx, chain, evmledger.Deployment{Address: common.HexToAddress(part[2])}, red, send, opt)
	if err != nil {
		client.Close()
		return nil, err
	}
	return &opened{l, func() error {
		err := l.Close()
		client.Close()
		return err
	}}, nil
}

// writer is who alone may write to a new contract: the zero address lets everybody.
func writer(operator string, open bool, account common.Address) common.Address {
	switch {
	case open:
		return common.Address{}
	case operator != "":
		return common.HexToAddress(operator)
	}
	return account
}

func newDeploy() *cobra.Command {
	var mode, operator string
	var open bool
	c := &cobra.Command{
		Use:   "deploy URL ID FINALITY",
		Short: "Create the contract of a ledger on a chain",
		Long: `Creates the contract through the node at URL, on the chain with the EIP-155 identity ID, and prints its address once the block is
final by FINALITY: finalized, safe or latest+N. The account's key is in the file that ` + keyVariable + ` names.

Only the account may write to the contract, for ever, unless --operator names another. With --open everybody writes to a contract of
direct mode: nobody can refuse an operation, and strangers can put so much behind an identifier that no proof holds it any more. Its
history stands, and the ledger can no longer prove to others that an answer is the latest.`,
		Args: cobra.ExactArgs(3),
	}
	c.Flags().StringVar(&mode, "mode", "direct", "direct: operations; anchor: digests of checkpoints")
	c.Flags().StringVar(&operator, "operator", "", "`ADDRESS` that alone may write (default: the account)")
	c.Flags().BoolVar(&open, "open", false, "everybody may write, which can cost identifiers their evidence (direct)")
	return verb(c, func(c *cobra.Command, args []string) error {
		which := map[string]evmledger.Mode{"direct": evmledger.Direct, "anchor": evmledger.Anchor}[mode]
		if which == 0 || operator != "" && !common.IsHexAddress(operator) {
			return usage("--mode is direct or anchor, and --operator an address")
		}
		if open && (which == evmledger.Anchor || operator != "") {
			return usage("--open is for --mode direct, without --operator")
		}
		chain, client, err := dial(c.Context(), args[0], args[1], args[2])
		if err != nil {
			return err
		}
		defer client.Close()
		send, err := sender(chain)
		if err == nil && send == nil {
			err = errors.New("creating a contract needs the key of an account: " + keyVariable)
		}
		if err != nil {
			return err
		}
		at, err := evmledger.Deploy(c.Context(), send, which, writer(operator, open, send.Address()))
		if err != nil {
			return err
		}
		fmt.Fprintf(c.OutOrStdout(), "%s in block %d\n", at.Address, at.Block)
		return nil
	})
}
