package evmledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
)

// anySeq in a record means: whatever the number of the key's steps is.
const anySeq = math.MaxUint32

// A record is an operation in the data of a transaction to RealdidDirect; contract/Realdid.sol has the format.
type record struct {
	name string
	seq  uint32 // number of steps of the key before it, or anySeq
	op   []byte
}

// appendRecord appends r to a batch. The name is at most 255 bytes and the operation 65535.
func appendRecord(batch []byte, r record) []byte {
	batch = binary.BigEndian.AppendUint32(batch, r.seq)
	if r.seq == 0 {
		batch = append(batch, byte(len(r.name)))
		batch = append(batch, r.name...)
	} else {
		key := directKey(r.name)
		batch = append(batch, key[:]...)
	}
	batch = binary.BigEndian.AppendUint16(batch, uint16(len(r.op)))
	return append(batch, r.op...)
}

// appendCall returns the data of the transaction that appends a batch: a call of append(bytes).
func appendCall(batch []byte) []byte {
	data := append([]byte{}, crypto.Keccak256([]byte("append(bytes)"))[:4]...)
	data = append(data, common.LeftPadBytes([]byte{32}, 32)...)
	data = append(data, make([]byte, 24)...)
	data = binary.BigEndian.AppendUint64(data, uint64(len(batch)))
	data = append(data, batch...)
	return append(data, make([]byte, -len(batch)&31)...)
}

// directKey is the contract's key for a key of the ledger.
func directKey(name string) common.Hash { return crypto.Keccak256Hash([]byte(name)) }

// directSlot is the storage slot of RealdidDirect where the chain of key lies.
func directSlot(key common.Hash) common.Hash {
	return crypto.Keccak256Hash(key[:], make([]byte, 32))
}

// directHead is the slot of key after a step that found it at before.
func directHead(key, before common.Hash, time uint64, op []byte) common.Hash {
	head := crypto.Keccak256Hash(key[:], before[:], binary.BigEndian.AppendUint64(nil, time), crypto.Keccak256(op))
	binary.BigEndian.PutUint32(head[28:], headSteps(before)+1)
	return head
}

// headSteps is the number of steps in a slot of either contract.
func headSteps(head common.Hash) uint32 { return binary.BigEndian.Uint32(head[28:]) }

// createdTopic and appendedTopic name the events of RealdidDirect.
func createdTopic() common.Hash {
	return crypto.Keccak256Hash([]byte("Created(bytes32,uint64,string,bytes)"))
}

func appendedTopic() common.Hash {
	return crypto.Keccak256Hash([]byte("Appended(bytes32,uint64,bytes)"))
}

// A step is an event of RealdidDirect.
type step struct {
	key   common.Hash
	name  string // of a first step; otherwise empty
	first bool
	time  uint64 // in the chain's unit
	op    []byte
	block uint64

	number  uint32 // among the key's steps, from 1
	counted bool   // the index has it
	exact   bool   // and the time that the contract hashed
	index   uint64 // of it there, or what it would have had
}

// readStep reads an event. It accepts exactly what the contract writes.
func readStep(l *types.Log) (step, error) {
	if len(l.Topics) != 2 {
		return step{}, fmt.Errorf("evmledger: event with %d topics", len(l.Topics))
	}
	s := step{key: l.Topics[1], first: l.Topics[0] == createdTopic(), block: l.BlockNumber}
	if !s.first && l.Topics[0] != appendedTopic() {
		return step{}, errors.New("evmledger: event of an unknown kind")
	}
	d := eventData{rest: l.Data}
	s.time = d.number()
	fields := 1
	if s.first {
		fields = 2
	}
	offset := uint64(32 * (1 + fields))
	var values [2][]byte
	var offsets [2]uint64
	for i := range fields {
		offsets[i] = d.number()
	}
	for i := range fields {
		if offsets[i] != offset {
			d.bad = true
		}
		values[i] = d.bytes()
		offset += 32 + uint64(len(values[i])+31)&^31
	}
	if s.op = values[fields-1]; s.first {
		s.name = string(values[0])
	}
	switch {
	case d.bad || len(d.rest) != 0:
		return step{}, errors.New("evmledger: event is malformed")
	case s.first && directKey(s.name) != s.key:
		return step{}, errors.New("evmledger: event of a key with another name")
	}
	return s, nil
}

// eventData reads the ABI encoding of an event's data.
type eventData struct {
	rest []byte
	bad  bool
}

func (d *eventData) take(n uint64) []byte {
	if n > uint64(len(d.rest)) {
		d.bad, d.rest = true, nil
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// number reads a word that holds a uint64.
func (d *eventData) number() uint64 {
	w := d.take(32)
	if w == nil {
		return 0
	}
	for _, b := range w[:24] {
		d.bad = d.bad || b != 0
	}
	return binary.BigEndian.Uint64(w[24:])
}

// bytes reads a length and as many bytes, with the zeros that fill the last word.
func (d *eventData) bytes() []byte {
	n := d.number()
	if n > math.MaxUint16 {
		d.bad = true
		return nil
	}
	b := d.take(n)
	for _, zero := range d.take(-n & 31) {
		d.bad = d.bad || zero != 0
	}
	return b
}
