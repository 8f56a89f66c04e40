package evmledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/rpc"
)

// attempt is what a Sender does at one nonce: a transaction and those that replaced it.
type attempt struct {
	*Sender
	to    *common.Address
	data  []byte
	gas   uint64
	nonce uint64

	sent []common.Hash // all that may be waiting, the newest last
	raw  []byte        // the newest
	fee  fee           // of the newest
}

// submit signs and sends the transaction with the fee f, or with more while the node says that another one waits in its
// place and that f is too little to replace it.
func (a *attempt) submit(ctx context.Context, f fee) error {
	for range 30 { // an eighth more each time: 34 times as much in all
		if err := a.tooDear(f); err != nil {
			return err
		}
		tx := a.transaction(a.nonce, a.gas, a.to, a.data, f)
		signed, err := a.signer.SignTx(ctx, tx, a.id)
		if err != nil {
			return fmt.Errorf("evmledger: signer: %w", err)
		}
		if err := checkSigned(signed, tx, a.signer.Address(), a.id); err != nil {
			return err
		}
		raw, err := signed.MarshalBinary()
		if err != nil {
			return fmt.Errorf("evmledger: send: %w", err)
		}
		err = a.hand(ctx, raw)
		switch {
		case err == nil:
			a.sent, a.raw, a.fee = append(a.sent, signed.Hash()), raw, f
			a.Sender.nonce, a.paid = a.nonce, f
			return nil
		case says(err, "underpriced"):
			f = f.bump()
		default:
			return err
		}
	}
	return unavailable(errors.New("the one that waits in its place is not to be outbid"), "send")
}

// hand gives the node a transaction that it may have already.
func (a *attempt) hand(ctx context.Context, raw []byte) error {
	var hash common.Hash
	err := a.chain.call(ctx, &hash, "eth_sendRawTransaction", hexutil.Bytes(raw))
	if err != nil && says(err, "already known", "alreadyknown", "known transaction", "already imported") {
		return nil
	}
	return err
}

// says tells whether the node itself, and not the way to it, answered with one of the texts.
func says(err error, texts ...string) bool {
	var answer rpc.Error
	if !errors.As(err, &answer) {
		return false
	}
	got := strings.ToLower(answer.Error())
	for _, t := range texts {
		if strings.Contains(got, t) {
			return true
		}
	}
	return false
}

// receipt returns the receipt of whichever was included, nil if none is, and ErrReplaced if the nonce is taken by another.
func (a *attempt) receipt(ctx context.Context) (*wireReceipt, error) {
	taken, err := a.next(ctx) // before the receipts: what takes the nonce after this is seen the next time
	if err != nil {
		return nil, err
	}
	receipts := make([]*wireReceipt, len(a.sent))
	calls := make([]rpc.BatchElem, len(a.sent))
	for i, hash := range a.sent {
		calls[i] = rpc.BatchElem{Method: "eth_getTransactionReceipt", Args: []any{hash}, Result: &receipts[i]}
	}
	if err := a.chain.batch(ctx, calls); err != nil {
		return nil, err
	}
	for _, r := range receipts {
		if r != nil {
			return r, nil
		}
	}
	if taken > a.nonce {
		return nil, ErrReplaced
	}
	return nil, nil
}

// dropped tells whether the node has forgotten the transaction.
func (a *attempt) dropped(ctx context.Context) bool {
	var tx *struct {
		Hash common.Hash `json:"hash"`
	}
	err := a.chain.call(ctx, &tx, "eth_getTransactionByHash", a.sent[len(a.sent)-1])
	return err == nil && tx == nil
}

// again hands the node the same transaction once more. If that fails, the next look at it will show.
func (a *attempt) again(ctx context.Context) { _ = a.hand(ctx, a.raw) }

// raise replaces the transaction by one with a higher fee, or sends the same again if that would be too dear or fails.
func (a *attempt) raise(ctx context.Context) {
	f := a.fee.bump()
	if now, err := a.fees(ctx); err == nil {
		f = f.atLeast(now)
	}
	if a.submit(ctx, f) != nil {
		a.again(ctx)
	}
}
