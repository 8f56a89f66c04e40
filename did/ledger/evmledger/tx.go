package evmledger

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/realdid/realdid/did/ledger"
)

var (
	// ErrOutOfGas means that a transaction was included and ran out of gas, although it was tried with more. It is
	// [ledger.ErrUnavailable]: nothing was written.
	ErrOutOfGas = fmt.Errorf("evmledger: %w: out of gas", ledger.ErrUnavailable)
	// ErrReplaced means that another transaction of the same account took the place of ours: somebody else uses the key.
	// It is [ledger.ErrUnavailable]: nothing was written.
	ErrReplaced = fmt.Errorf("evmledger: %w: another transaction of the account took the place", ledger.ErrUnavailable)

	// errTooMuch means that a transaction needs more gas than the chain gives one.
	errTooMuch = fmt.Errorf("evmledger: %w: more gas than a transaction may use", ledger.ErrUnavailable)
)

// A RevertError reports that the contract refused a transaction, before or after it was sent.
type RevertError struct {
	Data []byte // the contract's error, ABI encoded; empty where the node does not tell
}

func (e *RevertError) Error() string {
	return fmt.Sprintf("evmledger: the contract refused, with %d bytes of reason", len(e.Data))
}

// SenderOptions of [NewSender]; nil means the defaults.
type SenderOptions struct {
	// MaxFee is the most that is paid for a unit of gas, in wei; default 500 gwei. While the chain is dearer, nothing is
	// sent.
	MaxFee *big.Int
	// Replace is how long a transaction may wait for its block before it is sent again with a higher fee; default 1 minute.
	Replace time.Duration
}

// A Sender sends the transactions of one account, one after the other: each is in a block before the next is sent. It
// sends again what the node has dropped, raises the fee of what waits too long, and gives more gas to what ran out of it.
// It is safe for concurrent use. Two senders with one account hinder each other, and nothing worse.
type Sender struct {
	chain   *Chain
	signer  Signer
	id      *big.Int
	maxFee  *big.Int
	replace time.Duration

	turn  chan struct{} // holds one value while nobody sends
	nonce uint64        // of the last transaction sent
	paid  fee           // by it; zero before the first
}

// NewSender returns a Sender of the signer's account.
func NewSender(chain *Chain, signer Signer, opt *SenderOptions) *Sender {
	if opt == nil {
		opt = &SenderOptions{}
	}
	s := &Sender{
		chain: chain, signer: signer, id: new(big.Int).SetUint64(chain.id),
		maxFee: opt.MaxFee, replace: opt.Replace, turn: make(chan struct{}, 1),
	}
	if s.maxFee == nil {
		s.maxFee = big.NewInt(500e9)
	}
	if s.replace <= 0 {
		s.replace = time.Minute
	}
	s.turn <- struct{}{}
	return s
}

// Address is that of the account.
func (s *Sender) Address() common.Address { return s.signer.Address() }

// A Receipt tells what became of a transaction.
type Receipt struct {
	Hash     common.Hash // of the transaction
	Block    uint64
	GasUsed  uint64
	Contract common.Address // created by it, if to was nil
	Logs     []types.Log
}

type wireReceipt struct {
	Status      hexutil.Uint64  `json:"status"`
	GasUsed     hexutil.Uint64  `json:"gasUsed"`
	BlockNumber hexutil.Uint64  `json:"blockNumber"`
	Hash        common.Hash     `json:"transactionHash"`
	Contract    *common.Address `json:"contractAddress"`
	Logs        []types.Log     `json:"logs"`
}

// Send sends a transaction with data to a contract, or one that creates a contract if to is nil, and returns when it is
// in a block of the newest chain. That it stays there is to be waited for with [Chain.WaitFinal].
//
// Errors: a [*RevertError] if the contract refuses; all others are [ledger.ErrUnavailable], [ErrOutOfGas] and
// [ErrReplaced] among them, or the context's, or the signer's. After those the transaction may still come to stand, unless the
// error says otherwise: what it does must be safe to do twice.
func (s *Sender) Send(ctx context.Context, to *common.Address, data []byte) (*Receipt, error) {
	select {
	case <-s.turn:
		defer func() { s.turn <- struct{}{} }()
	case <-ctx.Done():
		return nil, fmt.Errorf("evmledger: send: %w", ctx.Err())
	}
	gas, err := s.estimate(ctx, to, data)
	if err != nil {
		return nil, err
	}
	for range 3 {
		r, err := s.send(ctx, to, data, gas)
		if err != nil {
			return nil, err
		}
		switch {
		case r.Status == 1:
			out := &Receipt{Hash: r.Hash, Block: uint64(r.BlockNumber), GasUsed: uint64(r.GasUsed), Logs: r.Logs}
			if r.Contract != nil {
				out.Contract = *r.Contract
			}
			return out, nil
		case uint64(r.GasUsed) < gas:
			return nil, &RevertError{}
		}
		gas *= 2
	}
	return nil, fmt.Errorf("%w: with %d units", ErrOutOfGas, gas/2)
}

// estimate returns the gas to give a transaction: a quarter more than it would need now.
func (s *Sender) estimate(ctx context.Context, to *common.Address, data []byte) (uint64, error) {
	arg := map[string]any{"from": s.signer.Address(), "data": hexutil.Bytes(data), "input": hexutil.Bytes(data)}
	if to != nil {
		arg["to"] = to
	}
	var need hexutil.Uint64
	if err := s.chain.call(ctx, &need, "eth_estimateGas", arg); err != nil {
		var answer rpc.Error
		if !errors.As(err, &answer) {
			return 0, err
		}
		switch text := strings.ToLower(answer.Error()); {
		case answer.ErrorCode() == 3, strings.Contains(text, "revert"):
			return 0, &RevertError{Data: revertData(err)}
		case strings.Contains(text, "gas required exceeds"), strings.Contains(text, "gas limit"):
			return 0, fmt.Errorf("%w: %w", errTooMuch, err)
		}
		return 0, err
	}
	const most = 1 << 24 // EIP-7825
	gas := uint64(need) + uint64(need)/4
	if gas > most && need <= most {
		gas = most
	}
	return gas, nil
}

func revertData(err error) []byte {
	var with rpc.DataError
	if !errors.As(err, &with) {
		return nil
	}
	text, _ := with.ErrorData().(string)
	data, _ := hexutil.Decode(text)
	return data
}

// send puts one transaction at the account's next nonce and returns its receipt, whatever the status.
func (s *Sender) send(ctx context.Context, to *common.Address, data []byte, gas uint64) (*wireReceipt, error) {
	f, err := s.fees(ctx)
	if err != nil {
		return nil, err
	}
	nonce, err := s.next(ctx)
	if err != nil {
		return nil, err
	}
	if s.paid.max != nil && s.nonce == nonce {
		f = f.atLeast(s.paid.bump()) // one that was given up may still wait there
	}
	a := attempt{Sender: s, to: to, data: data, gas: gas, nonce: nonce}
	if err := a.submit(ctx, f); err != nil {
		return nil, err
	}
	sent, replaced := time.Now(), false
	for {
		r, err := a.receipt(ctx)
		if r != nil || ctx.Err() != nil || replaced && errors.Is(err, ErrReplaced) {
			return r, err
		}
		replaced = errors.Is(err, ErrReplaced) // believed when it is said twice: nodes know the nonce before the receipt
		if ended := s.chain.pause(ctx); ended != nil {
			return nil, fmt.Errorf("evmledger: send: not waited for the end: %w", errors.Join(ended, err))
		}
		switch {
		case time.Since(sent) >= s.replace:
			a.raise(ctx)
			sent = time.Now()
		case a.dropped(ctx):
			a.again(ctx)
		}
	}
}

// next returns the number of the account's transactions in blocks.
func (s *Sender) next(ctx context.Context) (uint64, error) {
	var nonce hexutil.Uint64
	err := s.chain.call(ctx, &nonce, "eth_getTransactionCount", s.signer.Address(), "latest")
	return uint64(nonce), err
}
