package evmledger

import (
	"bytes"
	"sync"

	"github.com/ethereum/go-ethereum/common"
	"github.com/fxamacker/cbor/v2"
)

// MaxProofSize is the size limit in bytes of the proofs that ledgers on a chain give.
const MaxProofSize = 256 << 10

// chainProof shows what stands in a slot of a contract's storage under a block. Nothing about it has been verified.
type chainProof struct {
	_         struct{} `cbor:",toarray"`
	Header    []byte   // RLP
	Cosigners []byte   // signature lines over HeaderText
	Account   [][]byte // nodes that lead to the contract's account
	Slot      [][]byte // nodes that lead to the slot
}

// anchorProof is a proof of an anchored log.
type anchorProof struct {
	_      struct{} `cbor:",toarray"`
	Format string
	Latest []byte      // proof.Latest of the log
	Before common.Hash // the contract's slot before the anchor
	Time   uint64      // of the anchor, in the chain's unit
	Chain  chainProof  // of the slot after the anchor
}

// directProof is a proof of a ledger whose operations stand on the chain.
type directProof struct {
	_       struct{} `cbor:",toarray"`
	Format  string
	Entries uint64       // that the ledger has, by the reader's own count
	Steps   []directStep // of the key: all that the contract took, the refused ones as well
	Chain   chainProof   // of the key's slot
}

// directStep is a step of a key.
type directStep struct {
	_     struct{} `cbor:",toarray"`
	Time  uint64   // in the chain's unit
	Index uint64   // that it has in the ledger, by the reader's own count; of one that is refused, what it would have had
	Op    []byte
}

const (
	anchorFormat = "realdid/evm/anchor/v1"
	directFormat = "realdid/evm/direct/v1"
)

// codec returns the one way in which proofs are written and read: RFC 8949, section 4.2.1.
var codec = sync.OnceValue(func() (c struct {
	enc cbor.EncMode
	dec cbor.DecMode
},
) {
	var err error
	if c.enc, err = cbor.CoreDetEncOptions().EncMode(); err != nil {
		panic(err) // constant options
	}
	c.dec, err = cbor.DecOptions{
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, MaxNestedLevels: 4, MaxArrayElements: MaxProofSize / 4, MaxMapPairs: 16,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return c
})

// encode writes a proof.
func encode(v any) ([]byte, error) {
	b, err := codec().enc.Marshal(v)
	if err != nil {
		return nil, invalid("proof: %v", err)
	}
	if len(b) > MaxProofSize {
		return nil, invalid("proof: %d bytes, over %d", len(b), MaxProofSize)
	}
	return b, nil
}

// decode reads a proof and makes sure that b is how it is written.
func decode(b []byte, v any) error {
	if len(b) > MaxProofSize {
		return invalid("proof: %d bytes, over %d", len(b), MaxProofSize)
	}
	if err := codec().dec.Unmarshal(b, v); err != nil {
		return invalid("proof: malformed CBOR")
	}
	again, err := encode(v)
	if err != nil || !bytes.Equal(again, b) {
		return invalid("proof: not in deterministic encoding")
	}
	return nil
}

func parseAnchorProof(b []byte) (*anchorProof, error) {
	var p anchorProof
	if err := decode(b, &p); err != nil {
		return nil, err
	}
	if p.Format != anchorFormat {
		return nil, invalid("proof: not one of an anchored log")
	}
	return &p, nil
}

func parseDirectProof(b []byte) (*directProof, error) {
	var p directProof
	if err := decode(b, &p); err != nil {
		return nil, err
	}
	if p.Format != directFormat {
		return nil, invalid("proof: not one of a ledger on a chain")
	}
	return &p, nil
}
