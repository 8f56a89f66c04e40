package evmledger

import (
	"fmt"
	"time"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"

	"github.com/realdid/realdid/did/ledger/proof"
)

// Limits of block headers.
const (
	MaxHeaderSize = 4 << 10 // bytes; one of Ethereum takes about 650, and its proof-of-authority relatives need room for signatures

	maxHeaderFields = 40 // Ethereum had 15 in 2015 and has 21 since Prague
)

// A Header is what proofs need of a block header of an EVM chain. Whether the block is one of the chain is for
// [HeaderTrust] to say: a header by itself proves nothing.
type Header struct {
	Hash      common.Hash // of the block: Keccak-256 of the encoding
	Parent    common.Hash // hash of the block before
	StateRoot common.Hash // root of the trie of accounts after the block
	Number    uint64      // of the block, at most 2^63-2
	Time      time.Time   // of the block, by its proposer within the chain's rules: UTC, whole seconds
}

// The places of the fields of a header (Yellow Paper, section 4.4.3, and the EIPs that appended to it).
const (
	fieldParent    = 0
	fieldStateRoot = 3
	fieldNumber    = 8
	fieldTime      = 11
	fieldsAlways   = 15
)

// headerFields are the sizes of the fields that every header has: n > 0 is n bytes, n < 0 a number of at most -n bytes, 0 any bytes.
var headerFields = [fieldsAlways]int{32, 32, 20, 32, 32, 32, 256, -32, -8, -8, -8, -8, 0, 32, 8}

// ParseHeader reads the RLP encoding of a block header and hashes it. It is strict about the fields that every chain has and
// lets further ones be, of at most 32 bytes each: forks append them, and chains append their own. Errors are [proof.ErrInvalid].
func ParseHeader(b []byte) (*Header, error) {
	if len(b) > MaxHeaderSize {
		return nil, invalid("header: %d bytes, over %d", len(b), MaxHeaderSize)
	}
	fields, rest, err := rlp.SplitList(b)
	if err != nil || len(rest) > 0 {
		return nil, invalid("header: no RLP list, or more than one")
	}
	h := &Header{Hash: crypto.Keccak256Hash(b)}
	n := 0
	for ; len(fields) > 0; n++ {
		var field []byte
		if field, fields, err = rlp.SplitString(fields); err != nil || n == maxHeaderFields {
			return nil, invalid("header: field %d is malformed, or one too many", n)
		}
		if err := h.set(n, field); err != nil {
			return nil, err
		}
	}
	if n < fieldsAlways {
		return nil, invalid("header: %d fields, not at least %d", n, fieldsAlways)
	}
	return h, nil
}

// set checks field n and takes over what h has of it.
func (h *Header) set(n int, field []byte) error {
	size := 0
	if n < fieldsAlways {
		size = headerFields[n]
	}
	switch {
	case n >= fieldsAlways && len(field) > common.HashLength,
		size > 0 && len(field) != size,
		size < 0 && (len(field) > -size || len(field) > 0 && field[0] == 0):
		return invalid("header: field %d of %d bytes is out of range", n, len(field))
	}
	switch n {
	case fieldParent:
		h.Parent = common.Hash(field)
	case fieldStateRoot:
		h.StateRoot = common.Hash(field)
	case fieldNumber:
		if h.Number = number(field); h.Number > 1<<63-2 {
			return invalid("header: number out of range")
		}
	case fieldTime:
		h.Time = blockTime(number(field))
	}
	return nil
}

// number reads a big-endian number of at most 8 bytes.
func number(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// invalid is the error of what does not prove what it should.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: evmledger: %s", proof.ErrInvalid, fmt.Sprintf(format, args...))
}
