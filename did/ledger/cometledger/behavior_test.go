package cometledger

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"

	abci "github.com/cometbft/cometbft/abci/types"

	"github.com/realdid/realdid/did/ledger"
	"github.com/realdid/realdid/did/ledger/ledgertest"
	"github.com/realdid/realdid/did/realdid"
)

// reducers are those that a validator in a process of its own can be started with.
func reducers() map[string]ledger.HeadReducer {
	return map[string]ledger.HeadReducer{"kit": headed{}, "realdid": realdid.Remembering(realdid.Reducer(), 1<<16)}
}

// behave makes a validator one that does not do as it should. With "byzantine:FILE" it puts into its proposals what must not stand, writes
// a line to FILE for each, and thinks well of every proposal. With "bare" it is one of another chain, which only hashes
// transactions.
func behave(c *NodeConfig, behavior string) error {
	switch behavior {
	case "":
		return nil
	case "bare":
		c.application = func(abci.Application) abci.Application { return &bare{} }
		return nil
	}
	var file string
	if n, _ := fmt.Sscanf(behavior, "byzantine:%s", &file); n != 1 {
		return fmt.Errorf("no behavior %q", behavior)
	}
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	c.application = func(a abci.Application) abci.Application { return &byzantine{Application: a, report: f} }
	return nil
}

// byzantineKey is where a byzantine proposer puts what must not stand.
const byzantineKey = "forged"

type byzantine struct {
	abci.Application
	report *os.File
	made   atomic.Int64
}

func (b *byzantine) PrepareProposal(ctx context.Context, req *abci.RequestPrepareProposal) (*abci.ResponsePrepareProposal, error) {
	resp, err := b.Application.PrepareProposal(ctx, req)
	if err != nil {
		return nil, err
	}
	n := b.made.Add(1)
	good := operation{Key: byzantineKey, Op: ledgertest.Op(nil, "x")}
	var tx []byte
	switch n % 4 {
	case 0: // refused by the reducer
		tx, err = appendTx(nil, []operation{{Key: byzantineKey, Op: []byte("garbage")}})
	case 1: // beyond the end
		tx, err = appendTx(nil, []operation{{Key: byzantineKey, Seq: 7, Op: good.Op}})
	case 2: // one that stands, and one in the same place
		tx, err = appendTx(nil, []operation{good, {Key: byzantineKey, Op: ledgertest.Op(nil, "y")}})
	case 3:
		tx = []byte("no transaction at all")
	}
	if err != nil {
		return nil, err
	}
	resp.Txs = append(resp.Txs, tx)
	fmt.Fprintln(b.report, "proposal", req.Height, n%4)
	return resp, nil
}

func (b *byzantine) ProcessProposal(context.Context, *abci.RequestProcessProposal) (*abci.ResponseProcessProposal, error) {
	return &abci.ResponseProcessProposal{Status: abci.ResponseProcessProposal_ACCEPT}, nil
}
