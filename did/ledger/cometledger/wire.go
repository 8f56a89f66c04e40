package cometledger

import (
	"bytes"
	"errors"
	"fmt"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/realdid/realdid/did/ledger"
)

// Limits of a transaction.
const (
	MaxTxOps  = 256     // operations
	MaxTxSize = 1 << 20 // bytes
)

// Codes of answers to transactions and queries. On a transaction the code is that of the first operation that is refused,
// and the data tells of each.
const (
	codeOK          uint32 = 0
	codeMalformed   uint32 = 1 // not of the format, or over its limits
	codeInvalid     uint32 = 2 // the reducer refuses the operation
	codeConflict    uint32 = 3 // the place is taken by another operation, or beyond the end of the key's sequence
	codeStands      uint32 = 4 // the same operation stands there already
	codeWaiting     uint32 = 5 // an operation waits in the mempool for this place; what becomes of it, the next block tells
	codeUnavailable uint32 = 6 // the node cannot answer now: it is closed, it failed, it has too much to do, or it has not got so far yet
	codeCrowded     uint32 = 7 // not looked at: those before it in the transaction cost as much as one may; it may be sent again at once
)

// errWire is the error of all parsers of this file and of querywire.go.
var errWire = errors.New("cometledger: malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errWire, fmt.Sprintf(format, args...))
}

// An operation is a part of a transaction: what Append was called with.
type operation struct {
	_   struct{} `cbor:",toarray"`
	Key string   // as ledger.CheckKey has it
	Seq uint64
	Op  []byte // 1 to ledger.MaxOpSize bytes
}

// txVersion is the first byte of a transaction. The rest is a list of 1 to MaxTxOps operations, in deterministic CBOR (RFC 8949, section
// 4.2.1), of a key each. The operations have nothing to do with each other: each stands or is refused by itself.
const txVersion = 1

// appendTx appends the transaction of operations, which must be within the limits that parseTx checks.
func appendTx(dst []byte, ops []operation) ([]byte, error) {
	start := len(dst)
	b, err := codec().enc.Marshal(ops)
	if err != nil {
		return nil, fmt.Errorf("cometledger: transaction: %w", err)
	}
	dst = append(append(dst, txVersion), b...)
	if size := len(dst) - start; size > MaxTxSize || len(ops) < 1 || len(ops) > MaxTxOps {
		return nil, fmt.Errorf("cometledger: transaction: %d operations in %d bytes, not 1 to %d in %d", len(ops), size, MaxTxOps, MaxTxSize)
	}
	return dst, nil
}

// parseTx reads a transaction. A transaction has exactly one encoding. Its error is errWire; the size of operations and the form of keys
// are checked as well.
func parseTx(tx []byte) ([]operation, error) {
	if len(tx) < 2 || len(tx) > MaxTxSize || tx[0] != txVersion {
		return nil, malformed("transaction: %d bytes, or of another version", len(tx))
	}
	var ops []operation
	if err := decode("transaction", MaxTxSize, tx[1:], &ops); err != nil {
		return nil, err
	}
	if len(ops) < 1 || len(ops) > MaxTxOps {
		return nil, malformed("transaction: %d operations", len(ops))
	}
	keys := make(map[string]struct{}, len(ops))
	for i := range ops {
		if err := ops[i].check(); err != nil {
			return nil, malformed("transaction: operation %d: %v", i, err)
		}
		if keys[ops[i].Key] = struct{}{}; len(keys) == i {
			return nil, malformed("transaction: operation %d: its key was there before", i)
		}
	}
	return ops, nil
}

func (o *operation) check() error {
	if err := ledger.CheckKey(o.Key); err != nil {
		return err
	}
	return ledger.CheckOp(o.Op)
}

// overhead is what an operation of a transaction takes beside its key and bytes, at most.
const overhead = 1 + 3 + 9 + 5

// size is how many bytes of a transaction the operation takes, at most; a transaction without operations takes 4.
func (o *operation) size() int { return overhead + len(o.Key) + len(o.Op) }

// A refusal says why CheckTx does not let an operation in.
type refusal struct {
	_      struct{} `cbor:",toarray"`
	Op     uint64   // its number in the transaction
	Code   uint32
	Length uint64 // codeConflict: how many entries the key has
	Text   string // codeInvalid: what the reducer said, at most maxText bytes
}

const maxText = 512

// A checked is the data of an answer of CheckTx whose code is not codeOK: nothing of the transaction was let in. Those operations
// that are not named may be sent again without those that are.
type checked struct {
	_        struct{}  `cbor:",toarray"`
	Height   int64     // of the last block that the node has executed
	Refusals []refusal // by Op, each once; none if the transaction as a whole is malformed
}

func (c *checked) bytes() []byte { return mustEncode(c) }

// parseChecked reads the data of an answer of CheckTx to a transaction of n operations.
func parseChecked(b []byte, n int) (*checked, error) {
	c := new(checked)
	if err := decode("answer to a transaction", maxAnswer, b, c); err != nil {
		return nil, err
	}
	if c.Height < 0 {
		return nil, malformed("answer to a transaction: height %d", c.Height)
	}
	next := uint64(0)
	for _, r := range c.Refusals {
		if r.Op < next || r.Op >= uint64(n) || r.Code < codeInvalid || r.Code > codeCrowded || r.Code == codeUnavailable || len(r.Text) > maxText {
			return nil, malformed("answer to a transaction: refusal of operation %d with code %d", r.Op, r.Code)
		}
		next = r.Op + 1
	}
	return c, nil
}

// An executed is the data of the result of a transaction in a block. Validators agree on it, so it has no text.
type executed struct {
	_     struct{} `cbor:",toarray"`
	First uint64   // index of the first of its operations that stands; the others follow
	Codes []byte   // one for each operation: codeOK, codeInvalid or codeConflict; none: all stand
}

func (e *executed) bytes() []byte { return mustEncode(e) }

// parseExecuted reads the data of the result of a transaction of n operations.
func parseExecuted(b []byte, n int) (*executed, error) {
	e := new(executed)
	if err := decode("result of a transaction", 64+MaxTxOps, b, e); err != nil {
		return nil, err
	}
	if e.Codes != nil && len(e.Codes) != n {
		return nil, malformed("result of a transaction: %d codes for %d operations", len(e.Codes), n)
	}
	for _, c := range e.Codes {
		if c != byte(codeOK) && c != byte(codeInvalid) && c != byte(codeConflict) {
			return nil, malformed("result of a transaction: code %d", c)
		}
	}
	return e, nil
}

// codec returns the one way in which this package writes and reads CBOR.
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
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, DupMapKey: cbor.DupMapKeyEnforcedAPF,
		MaxNestedLevels: 6, MaxArrayElements: 1 << 14, MaxMapPairs: 16,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return c
})

// mustEncode encodes a value of ours, of which every one can be encoded.
func mustEncode(v any) []byte {
	b, err := codec().enc.Marshal(v)
	if err != nil {
		panic("cometledger: encode: " + err.Error())
	}
	return b
}

// decode reads b into v and makes sure that b is how v is written.
func decode(what string, limit int, b []byte, v any) error {
	if len(b) > limit {
		return malformed("%s: %d bytes, over %d", what, len(b), limit)
	}
	if err := codec().dec.Unmarshal(b, v); err != nil {
		return malformed("%s: no CBOR of its form", what)
	}
	if again, err := codec().enc.Marshal(v); err != nil || !bytes.Equal(again, b) {
		return malformed("%s: not in deterministic encoding", what)
	}
	return nil
}
