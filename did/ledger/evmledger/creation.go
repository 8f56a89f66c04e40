package evmledger

import (
	"bytes"
	"context"
	"fmt"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/crypto"
)

// created checks that a contract was created by the code of contract/Realdid.json and nothing else, which could have left things
// in its slots. It looks for the transaction of an account that created it, in the block at.Block alone, and takes the node's
// word for what is in there. found is false, and nothing is checked, if there is none: it is in a later block, a contract created this one,
// or the node does not tell. Errors: [ledger.ErrUnavailable]; else the contract was created in another way.
func (c *Chain) created(ctx context.Context, mode Mode, operator common.Address, at Deployment) (found bool, err error) {
	var block *struct {
		Transactions []struct {
			From  common.Address  `json:"from"`
			Nonce hexutil.Uint64  `json:"nonce"`
			To    *common.Address `json:"to"`
			Input hexutil.Bytes   `json:"input"`
		} `json:"transactions"`
	}
	err = c.call(ctx, &block, "eth_getBlockByNumber", hexutil.EncodeUint64(at.Block), true)
	switch {
	case err != nil && answered(err): // one that has no old blocks
		return false, nil
	case err != nil:
		return false, err
	case block == nil:
		return false, nil
	}
	want, err := mode.creation(operator)
	if err != nil {
		return false, err
	}
	for _, tx := range block.Transactions {
		if tx.To != nil || crypto.CreateAddress(tx.From, uint64(tx.Nonce)) != at.Address {
			continue
		}
		if !bytes.Equal(tx.Input, want) {
			return true, fmt.Errorf("evmledger: contract: the transaction that created it is not that of %s: there may be in it what nobody wrote", mode)
		}
		return true, nil
	}
	return false, nil
}
