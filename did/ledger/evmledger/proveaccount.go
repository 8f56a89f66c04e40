package evmledger

import (
	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/rlp"
)

// An account is what the state says about an address, as far as proofs need it.
type account struct {
	storage common.Hash // root of the trie of its storage
	code    common.Hash // Keccak-256 of its code
}

// proveAccount returns what stands at address under the state root of a header; nodes are the accountProof of eth_getProof (EIP-1186).
func proveAccount(root common.Hash, address common.Address, nodes [][]byte) (*account, error) {
	value, err := lookup(root, address[:], nodes)
	if err != nil {
		return nil, err
	}
	if value == nil {
		return nil, invalid("account: the chain has none at the contract's address")
	}
	fields, rest, err := rlp.SplitList(value)
	if err != nil || len(rest) > 0 {
		return nil, invalid("account: malformed")
	}
	var f [4][]byte // nonce, balance, storage root, code hash
	for i := range f {
		if f[i], fields, err = rlp.SplitString(fields); err != nil {
			return nil, invalid("account: malformed")
		}
	}
	if len(fields) > 0 || len(f[2]) != common.HashLength || len(f[3]) != common.HashLength {
		return nil, invalid("account: malformed")
	}
	return &account{common.Hash(f[2]), common.Hash(f[3])}, nil
}

// proveSlot returns the word at a slot of a contract's storage; nodes are the proof of one entry of the storageProof of
// eth_getProof. A slot that was never written to is zero.
func proveSlot(root, slot common.Hash, nodes [][]byte) (common.Hash, error) {
	value, err := lookup(root, slot[:], nodes)
	if err != nil || value == nil {
		return common.Hash{}, err
	}
	word, rest, err := rlp.SplitString(value)
	if err != nil || len(rest) > 0 || len(word) == 0 || len(word) > common.HashLength || word[0] == 0 {
		return common.Hash{}, invalid("slot: malformed")
	}
	return common.BytesToHash(word), nil
}
