package evmledger

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rpc"

	"github.com/realdid/realdid/did/ledger"
)

// A Node is the JSON-RPC interface of a node of the chain. [*rpc.Client] is one.
type Node interface {
	// CallContext calls method and decodes its answer into result.
	CallContext(ctx context.Context, result any, method string, args ...any) error
	// BatchCallContext sends several calls in one message. The error of a call is in its element.
	BatchCallContext(ctx context.Context, batch []rpc.BatchElem) error
}

// ChainOptions of [NewChain]; nil means the defaults.
type ChainOptions struct {
	Poll    time.Duration // time between two questions for something that is awaited; default 1 s
	Timeout time.Duration // of one call; default 30 s
	// NoBatches asks one thing at a time, for nodes that do not take several calls in a message.
	NoBatches bool
	// NoHistory says that the node tells slots as they are now, whatever block it is asked about, as FISCO BCOS's do.
	NoHistory bool
}

// A Chain is a connection to a chain whose identity has been checked, together with the rule by which its blocks are
// final. It is safe for concurrent use.
//
// What its methods return is the word of the node.
type Chain struct {
	node     Node
	id       uint64
	finality Finality
	poll     time.Duration
	timeout  time.Duration
	single   bool
	newest   bool // slots are those of the newest block
}

// NewChain returns a connection through node to the chain with the given EIP-155 identity, which the node must confirm.
// There is no default for finality, because it decides what a reorganisation of the chain can undo; the zero Finality is
// refused. An error that is no [ledger.ErrUnavailable] is final.
func NewChain(ctx context.Context, node Node, chainID uint64, finality Finality, opt *ChainOptions) (*Chain, error) {
	if opt == nil {
		opt = &ChainOptions{}
	}
	if finality.kind == 0 {
		return nil, errors.New("evmledger: chain: the rule by which blocks are final is required")
	}
	if chainID == 0 {
		return nil, errors.New("evmledger: chain: the chain's identity is required")
	}
	c := &Chain{node: node, id: chainID, finality: finality, poll: opt.Poll, timeout: opt.Timeout, single: opt.NoBatches, newest: opt.NoHistory}
	if c.poll <= 0 {
		c.poll = time.Second
	}
	if c.timeout <= 0 {
		c.timeout = 30 * time.Second
	}
	var id hexutil.Uint64
	if err := c.call(ctx, &id, "eth_chainId"); err != nil {
		return nil, err
	}
	if uint64(id) != chainID {
		return nil, fmt.Errorf("evmledger: chain: the node is of chain %d, not %d", uint64(id), chainID)
	}
	return c, nil
}

// ID returns the EIP-155 identity of the chain. Transactions sign it, so that none counts on another chain.
func (c *Chain) ID() uint64 { return c.id }

// Finality returns the rule by which blocks are final.
func (c *Chain) Finality() Finality { return c.finality }

// Origin names a contract on the chain: "evm:" chain identity ":" address in lower-case hexadecimal. A log whose
// checkpoints are anchored in the contract, or a home ledger that the contract is, has this name, so that what is signed
// for one contract counts in no other contract and on no other chain.
func Origin(chainID uint64, contract common.Address) string {
	return "evm:" + strconv.FormatUint(chainID, 10) + ":" + hexutil.Encode(contract[:])
}

// call is one call of the node. Its errors are [ledger.ErrUnavailable] and wrap what the node or the connection said.
func (c *Chain) call(ctx context.Context, result any, method string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return unavailable(err, "%s", method) // a connection inside the process would not look
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if err := c.node.CallContext(ctx, result, method, args...); err != nil {
		return unavailable(err, "%s", method)
	}
	return nil
}

// batch makes calls in one message. Its error is the first of the calls'.
func (c *Chain) batch(ctx context.Context, calls []rpc.BatchElem) error {
	const most = 100 // nodes refuse more than 100 to 1000 in one message
	for len(calls) > 0 {
		n := min(len(calls), most)
		err := c.message(ctx, calls[:n])
		for i := 0; err == nil && i < n; i++ {
			err = calls[i].Error
		}
		if err != nil {
			return unavailable(err, "%s and %d more", calls[0].Method, n-1)
		}
		calls = calls[n:]
	}
	return nil
}

func (c *Chain) message(ctx context.Context, calls []rpc.BatchElem) error {
	if c.single {
		for i := range calls {
			if err := c.call(ctx, calls[i].Result, calls[i].Method, calls[i].Args...); err != nil {
				return err
			}
		}
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	return c.node.BatchCallContext(ctx, calls)
}

// answered tells whether err is the node's own answer, and not a failure on the way to it.
func answered(err error) bool {
	var answer rpc.Error
	return errors.As(err, &answer)
}

func unavailable(err error, format string, args ...any) error {
	return fmt.Errorf("evmledger: %s: %w: %w", fmt.Sprintf(format, args...), ledger.ErrUnavailable, err)
}

// A Block is what a reader needs of a block's header. It is the node's word: nothing in it has been checked.
type Block struct {
	Number uint64
	Hash   common.Hash
	Parent common.Hash
	Time   time.Time // UTC, whole seconds
}

type wireBlock struct {
	Number     *hexutil.Uint64 `json:"number"`
	Hash       *common.Hash    `json:"hash"`
	ParentHash common.Hash     `json:"parentHash"`
	Timestamp  *hexutil.Uint64 `json:"timestamp"`
	BaseFee    *hexutil.Big    `json:"baseFeePerGas"`
}

func (w *wireBlock) block() (Block, error) {
	if w == nil || w.Number == nil || w.Hash == nil || w.Timestamp == nil {
		return Block{}, unavailable(errors.New("the node knows no such block"), "block")
	}
	return Block{Number: uint64(*w.Number), Hash: *w.Hash, Parent: w.ParentHash, Time: blockTime(uint64(*w.Timestamp))}, nil
}

// blockTime reads a timestamp in the unit of its chain, which its size tells: seconds on Ethereum, milliseconds on FISCO
// BCOS, nanoseconds on Quorum with Raft. Below 10^11 it is in seconds (until the year 5138), from there on in
// milliseconds, from 10^14 in microseconds, from 10^17 in nanoseconds (each from the year 1973 on).
func blockTime(t uint64) time.Time {
	for _, unit := range []struct{ from, second uint64 }{{1e17, 1e9}, {1e14, 1e6}, {1e11, 1e3}} {
		if t >= unit.from {
			return time.Unix(int64(t/unit.second), 0).UTC()
		}
	}
	return time.Unix(int64(t), 0).UTC()
}

// Block returns the block with the given number in the newest chain that the node knows.
func (c *Chain) Block(ctx context.Context, number uint64) (Block, error) {
	return c.tagged(ctx, hexutil.EncodeUint64(number))
}

// blocks returns the blocks with the given numbers.
func (c *Chain) blocks(ctx context.Context, numbers []uint64) ([]Block, error) {
	wires := make([]*wireBlock, len(numbers))
	calls := make([]rpc.BatchElem, len(numbers))
	for i, n := range numbers {
		calls[i] = rpc.BatchElem{Method: "eth_getBlockByNumber", Args: []any{hexutil.EncodeUint64(n), false}, Result: &wires[i]}
	}
	if err := c.batch(ctx, calls); err != nil {
		return nil, err
	}
	blocks := make([]Block, len(numbers))
	for i, w := range wires {
		var err error
		if blocks[i], err = w.block(); err != nil {
			return nil, err
		}
		if blocks[i].Number != numbers[i] {
			return nil, unavailable(fmt.Errorf("block %d in place of %d", blocks[i].Number, numbers[i]), "block")
		}
	}
	return blocks, nil
}

func (c *Chain) tagged(ctx context.Context, tag string) (Block, error) {
	var w *wireBlock
	if err := c.call(ctx, &w, "eth_getBlockByNumber", tag, false); err != nil {
		return Block{}, err
	}
	return w.block()
}

// Final returns the newest block that is final.
func (c *Chain) Final(ctx context.Context) (Block, error) {
	if c.finality.kind != confirmations {
		return c.tagged(ctx, c.finality.tag())
	}
	var newest hexutil.Uint64
	if err := c.call(ctx, &newest, "eth_blockNumber"); err != nil {
		return Block{}, err
	}
	return c.Block(ctx, uint64(newest)-min(c.finality.depth, uint64(newest)))
}

// WaitFinal waits until block number is final and returns the newest final block.
func (c *Chain) WaitFinal(ctx context.Context, number uint64) (Block, error) {
	for {
		b, err := c.Final(ctx)
		if err == nil && b.Number >= number {
			return b, nil
		}
		if err := c.pause(ctx); err != nil {
			return Block{}, fmt.Errorf("evmledger: waiting for block %d to be final: %w", number, err)
		}
	}
}

// pause waits for the time between two questions.
func (c *Chain) pause(ctx context.Context) error {
	timer := time.NewTimer(c.poll)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Code returns the code of the contract at address, in the newest block.
func (c *Chain) Code(ctx context.Context, address common.Address) ([]byte, error) {
	var code hexutil.Bytes
	err := c.call(ctx, &code, "eth_getCode", address, "latest")
	return code, err
}

// Storage returns the storage slots of the contract at address as they were after block number.
func (c *Chain) Storage(ctx context.Context, address common.Address, slots []common.Hash, number uint64) ([]common.Hash, error) {
	words := make([]hexutil.Bytes, len(slots))
	calls := make([]rpc.BatchElem, len(slots))
	for i, slot := range slots {
		calls[i] = rpc.BatchElem{Method: "eth_getStorageAt", Args: []any{address, slot, hexutil.EncodeUint64(number)}, Result: &words[i]}
	}
	if err := c.batch(ctx, calls); err != nil {
		return nil, err
	}
	out := make([]common.Hash, len(words))
	for i, w := range words {
		if len(w) > common.HashLength {
			return nil, unavailable(fmt.Errorf("a slot of %d bytes", len(w)), "eth_getStorageAt")
		}
		out[i] = common.BytesToHash(w)
	}
	return out, nil
}

// Logs returns the events of the contract at address in the blocks from..to, in their order, that match topics: one list
// of choices for each topic, an empty list for any. It asks for the block to in the same message, and fails unless the
// node knows that block by the hash that it has in to: a node that lags would otherwise pass off what it has not seen yet
// as not existing.
func (c *Chain) Logs(ctx context.Context, address common.Address, topics [][]common.Hash, from uint64, to Block) ([]types.Log, error) {
	filter := map[string]any{
		"address":   address,
		"topics":    topics,
		"fromBlock": hexutil.EncodeUint64(from),
		"toBlock":   hexutil.EncodeUint64(to.Number),
	}
	var logs []types.Log
	var w *wireBlock
	err := c.batch(ctx, []rpc.BatchElem{
		{Method: "eth_getLogs", Args: []any{filter}, Result: &logs},
		{Method: "eth_getBlockByNumber", Args: []any{hexutil.EncodeUint64(to.Number), false}, Result: &w},
	})
	if err != nil {
		return nil, err
	}
	b, err := w.block()
	if err == nil && b.Hash != to.Hash {
		err = unavailable(errors.New("block "+strconv.FormatUint(to.Number, 10)+" has another hash than before"), "eth_getLogs")
	}
	if err != nil {
		return nil, err
	}
	for i := range logs {
		l := &logs[i]
		ordered := i == 0 || logs[i-1].BlockNumber < l.BlockNumber || logs[i-1].BlockNumber == l.BlockNumber && logs[i-1].Index < l.Index
		if l.Address != address || l.Removed || l.BlockNumber < from || l.BlockNumber > to.Number || !ordered {
			return nil, unavailable(errors.New("events that were not asked for, or in disorder"), "eth_getLogs")
		}
	}
	return logs, nil
}

// toBig reads a quantity; nil is 0.
func toBig(v *hexutil.Big) *big.Int {
	if v == nil {
		return new(big.Int)
	}
	return v.ToInt()
}
