package evmledger

import (
	"bytes"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"
)

// Limits of proofs in a Merkle Patricia trie.
const (
	maxTrieNodes    = 64  // on the way to a leaf: one for each half byte of a hash
	maxTrieNodeSize = 600 // bytes; 16 hashes take 532
)

// lookup follows the Keccak-256 hash of key down a Merkle Patricia trie (Yellow Paper, appendix D) whose keys are all such
// hashes, as those of accounts and of storage are. nodes are the nodes on the way, root first, as eth_getProof answers
// them. It returns the value that stands there, nil if none does. Every node must be needed and must be the one that the node above
// names, so that one value under one root has one proof. Errors are [proof.ErrInvalid].
func lookup(root common.Hash, key []byte, nodes [][]byte) ([]byte, error) {
	if root == types.EmptyRootHash {
		if len(nodes) > 0 {
			return nil, invalid("trie: nodes of an empty trie")
		}
		return nil, nil
	}
	w := walk{path: nibbles(crypto.Keccak256(key)), nodes: nodes}
	next := turn{hash: root[:]}
	for next.hash != nil || next.node != nil {
		n, err := w.load(next)
		if err != nil {
			return nil, err
		}
		if next, err = w.descend(n); err != nil {
			return nil, err
		}
	}
	if w.used != len(nodes) {
		return nil, invalid("trie: %d nodes, and %d lead to the place", len(nodes), w.used)
	}
	return next.value, nil
}

// A turn says where a walk goes on: at the node of a hash, at a node that is written into the one above because it is shorter than
// a hash, or nowhere, with the value that was found.
type turn struct{ hash, node, value []byte }

type walk struct {
	path  []byte // half bytes that are left
	nodes [][]byte
	used  int
}

// load returns the fields of the next node: 17 of a branch, 2 of any other.
func (w *walk) load(s turn) ([][]byte, error) {
	n := s.node
	if n == nil {
		if w.used == len(w.nodes) {
			return nil, invalid("trie: a node is missing")
		}
		n = w.nodes[w.used]
		// A node shorter than a hash has no hash of its own unless it is the root.
		if len(n) > maxTrieNodeSize || w.used > 0 && len(n) < common.HashLength || !bytes.Equal(crypto.Keccak256(n), s.hash) {
			return nil, invalid("trie: node %d is not the one that is named", w.used)
		}
		w.used++
	}
	content, rest, err := rlp.SplitList(n)
	if err != nil || len(rest) > 0 {
		return nil, invalid("trie: a node is no list")
	}
	fields := make([][]byte, 0, 17)
	for len(content) > 0 {
		_, _, rest, err := rlp.Split(content)
		if err != nil || len(fields) == 17 {
			return nil, invalid("trie: a node is malformed")
		}
		fields, content = append(fields, content[:len(content)-len(rest)]), rest
	}
	if len(fields) != 2 && len(fields) != 17 {
		return nil, invalid("trie: a node of %d fields", len(fields))
	}
	return fields, nil
}

// descend takes the way out of a node.
func (w *walk) descend(fields [][]byte) (turn, error) {
	if len(w.path) == 0 {
		return turn{}, invalid("trie: deeper than the key")
	}
	if len(fields) == 17 {
		if len(fields[16]) != 1 || fields[16][0] != rlpEmpty {
			return turn{}, invalid("trie: a value in a branch")
		}
		child := fields[w.path[0]]
		w.path = w.path[1:]
		return follow(child, true)
	}
	compact, _, err := rlp.SplitString(fields[0])
	if err != nil {
		return turn{}, invalid("trie: a path is malformed")
	}
	part, leaf, err := parseCompact(compact)
	if err != nil {
		return turn{}, err
	}
	if leaf {
		value, _, err := rlp.SplitString(fields[1])
		if err != nil || len(value) == 0 || len(part) != len(w.path) {
			return turn{}, invalid("trie: a leaf is malformed")
		}
		if !bytes.Equal(part, w.path) {
			return turn{}, nil // another key's
		}
		return turn{value: value}, nil
	}
	if len(part) == 0 || len(part) >= len(w.path) {
		return turn{}, invalid("trie: an extension is malformed")
	}
	next, err := follow(fields[1], false)
	if err != nil || !bytes.HasPrefix(w.path, part) {
		return turn{}, err
	}
	w.path = w.path[len(part):]
	return next, nil
}

const rlpEmpty = 0x80 // the empty string

// follow reads the reference to a child.
func follow(ref []byte, mayBeEmpty bool) (turn, error) {
	kind, content, _, err := rlp.Split(ref)
	switch {
	case err == nil && kind == rlp.List && len(ref) < common.HashLength:
		return turn{node: ref}, nil
	case err == nil && kind == rlp.String && len(content) == common.HashLength:
		return turn{hash: content}, nil
	case err == nil && kind == rlp.String && len(content) == 0 && mayBeEmpty:
		return turn{}, nil
	}
	return turn{}, invalid("trie: a reference is malformed")
}

// nibbles returns the half bytes of b.
func nibbles(b []byte) []byte {
	out := make([]byte, 0, 2*len(b))
	for _, c := range b {
		out = append(out, c>>4, c&15)
	}
	return out
}

// parseCompact reads a hex-prefix encoding (Yellow Paper, appendix C).
func parseCompact(b []byte) (path []byte, leaf bool, err error) {
	if len(b) == 0 || b[0]>>4 > 3 || b[0]>>4&1 == 0 && b[0]&15 != 0 {
		return nil, false, invalid("trie: a path is malformed")
	}
	path = nibbles(b)[2:]
	if b[0]>>4&1 == 1 {
		path = nibbles(b)[1:]
	}
	return path, b[0]>>4&2 != 0, nil
}
