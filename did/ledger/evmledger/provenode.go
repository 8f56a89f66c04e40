package evmledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/common/hexutil"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/rpc"
)

// ErrNoProof means that the node has no eth_getProof, as those of FISCO BCOS have not, or that the chain's headers are not
// like Ethereum's. What stands in a contract is then the word of nodes: an anchored log needs witnesses that look at nodes of their own
// ([Anchors.Hold] in a witness.Server of each), and a direct ledger shows its history and proves nothing about it.
var ErrNoProof = errors.New("evmledger: the node cannot prove what stands in a contract")

// missing tells whether err says that the node does not have a method, or not for anybody.
func missing(err error) bool {
	var answer rpc.Error
	if !errors.As(err, &answer) {
		return false
	}
	text := strings.ToLower(answer.Error())
	return answer.ErrorCode() == -32601 || strings.Contains(text, "not supported") || strings.Contains(text, "not available") ||
		strings.Contains(text, "not found") && strings.Contains(text, "method")
}

// rawHeader returns the RLP of the header of a block, which hashes to the block's hash, and what it says. Errors: [ErrNoProof] if the
// node's answer does not.
func (c *Chain) rawHeader(ctx context.Context, hash common.Hash) ([]byte, *Header, error) {
	var raw json.RawMessage
	if err := c.call(ctx, &raw, "eth_getBlockByHash", hash, false); err != nil {
		return nil, nil, err
	}
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil, unavailable(errors.New("the node knows no such block"), "header")
	}
	var fields types.Header
	var b []byte
	err := json.Unmarshal(raw, &fields)
	if err == nil {
		b, err = rlp.EncodeToBytes(&fields)
	}
	if err != nil || crypto.Keccak256Hash(b) != hash {
		// The chain may have fields of its own; a node that is asked for debugging gives the bytes.
		var bytes hexutil.Bytes
		if c.call(ctx, &bytes, "debug_getRawHeader", hash) != nil || crypto.Keccak256Hash(bytes) != hash {
			return nil, nil, fmt.Errorf("%w: the header of block %s, as it answers, does not have that hash", ErrNoProof, hash)
		}
		b = bytes
	}
	h, err := ParseHeader(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrNoProof, err)
	}
	return b, h, nil
}

type wireStorage struct {
	AccountProof []hexutil.Bytes `json:"accountProof"`
	StorageProof []struct {
		Proof []hexutil.Bytes `json:"proof"`
	} `json:"storageProof"`
}

// A known block is one whose header is known, with the cosignatures over it.
type knownBlock struct {
	raw       []byte
	header    *Header
	cosigners []byte
}

// know gets the header of a block, and has the observers cosign it.
func (c *Chain) know(ctx context.Context, hash common.Hash, o *ProofOptions) (*knownBlock, error) {
	raw, h, err := c.rawHeader(ctx, hash)
	if err != nil {
		return nil, err
	}
	b := &knownBlock{raw: raw, header: h}
	if o.Quorum > 0 {
		ctx, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		b.cosigners, err = cosign(ctx, o.Observers, o.Quorum, raw)
	}
	return b, err
}

// proveSlot has the node prove what stands in a slot of a contract after a block, and checks the proof. Errors: [ErrNoProof];
// [ledger.ErrUnavailable], also for a proof that is none, because another node may give one.
func (c *Chain) proveSlot(ctx context.Context, contract common.Address, code, slot common.Hash, b *knownBlock) (*chainProof, common.Hash, error) {
	var w wireStorage
	if err := c.call(ctx, &w, "eth_getProof", contract, []common.Hash{slot}, hexutil.EncodeUint64(b.header.Number)); err != nil {
		if missing(err) {
			err = fmt.Errorf("%w: it has no eth_getProof: %w", ErrNoProof, err)
		}
		return nil, common.Hash{}, err
	}
	if len(w.StorageProof) != 1 {
		return nil, common.Hash{}, unavailable(fmt.Errorf("%d slots in place of one", len(w.StorageProof)), "eth_getProof")
	}
	p := &chainProof{Header: b.raw, Cosigners: b.cosigners, Account: plain(w.AccountProof), Slot: plain(w.StorageProof[0].Proof)}
	word, err := p.slot(b.header.StateRoot, contract, code, slot)
	if err != nil {
		return nil, common.Hash{}, unavailable(fmt.Errorf("the node's proof does not hold for block %d: %w", b.header.Number, err), "eth_getProof")
	}
	return p, word, nil
}

func plain(nodes []hexutil.Bytes) [][]byte {
	out := make([][]byte, len(nodes))
	for i := range nodes {
		out[i] = nodes[i]
	}
	return out
}
