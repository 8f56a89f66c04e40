package evmledger

import (
	"context"
	"fmt"
	"math/big"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
)

// fee is what is paid for a unit of gas, in wei. A chain without base fees (EIP-1559) has a nil tip.
type fee struct {
	max *big.Int // at most, or the gas price where tip is nil
	tip *big.Int // of it to the block's producer
}

// bump returns the smallest fee that replaces a waiting transaction which offered f: nodes ask for a tenth more of both
// numbers; this is an eighth, and one.
func (f fee) bump() fee {
	more := func(v *big.Int) *big.Int {
		if v == nil {
			return nil
		}
		out := new(big.Int).Rsh(v, 3)
		return out.Add(out, v).Add(out, big.NewInt(1))
	}
	return fee{max: more(f.max), tip: more(f.tip)}
}

// atLeast returns f with neither number below that of other.
func (f fee) atLeast(other fee) fee {
	high := func(a, b *big.Int) *big.Int {
		if a == nil || b != nil && a.Cmp(b) < 0 {
			return b
		}
		return a
	}
	if f.tip == nil {
		return fee{max: high(f.max, other.max)}
	}
	return fee{max: high(f.max, other.max), tip: high(f.tip, other.tip)}
}

// fees returns the fee that gets a transaction into one of the next blocks: the base fee may double, and the tip is what
// the node suggests, or the highest median of the last blocks where it suggests none. Where the chain has no base fee, or
// the node does not have eth_feeHistory (FISCO BCOS), it is the gas price that the node names.
func (s *Sender) fees(ctx context.Context) (fee, error) {
	var history struct {
		BaseFee []*hexutil.Big   `json:"baseFeePerGas"`
		Reward  [][]*hexutil.Big `json:"reward"`
	}
	err := s.chain.call(ctx, &history, "eth_feeHistory", hexutil.Uint64(5), "latest", []float64{50})
	switch {
	case err != nil && !answered(err):
		return fee{}, err
	case err != nil, len(history.BaseFee) == 0, toBig(history.BaseFee[len(history.BaseFee)-1]).Sign() == 0:
		var price hexutil.Big
		if err := s.chain.call(ctx, &price, "eth_gasPrice"); err != nil {
			return fee{}, err
		}
		return fee{max: price.ToInt()}, nil
	}
	tip := big.NewInt(1e6)
	for _, r := range history.Reward {
		if len(r) == 1 && toBig(r[0]).Cmp(tip) > 0 {
			tip = toBig(r[0])
		}
	}
	var suggested hexutil.Big
	switch err := s.chain.call(ctx, &suggested, "eth_maxPriorityFeePerGas"); {
	case err == nil:
		tip = suggested.ToInt()
	case !answered(err):
		return fee{}, err
	}
	most := new(big.Int).Lsh(toBig(history.BaseFee[len(history.BaseFee)-1]), 1)
	return fee{max: most.Add(most, tip), tip: tip}, nil
}

// transaction makes an unsigned transaction.
func (s *Sender) transaction(nonce, gas uint64, to *common.Address, data []byte, f fee) *types.Transaction {
	if f.tip == nil {
		return types.NewTx(&types.LegacyTx{Nonce: nonce, GasPrice: f.max, Gas: gas, To: to, Data: data})
	}
	return types.NewTx(&types.DynamicFeeTx{
		ChainID: s.id, Nonce: nonce, GasTipCap: f.tip, GasFeeCap: f.max, Gas: gas, To: to, Data: data,
	})
}

// tooDear says whether f is above what the sender may pay.
func (s *Sender) tooDear(f fee) error {
	if f.max.Cmp(s.maxFee) <= 0 {
		return nil
	}
	return unavailable(fmt.Errorf("%s wei for a unit of gas, over the limit of %s", f.max, s.maxFee), "fee")
}
