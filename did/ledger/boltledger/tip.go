package boltledger

import (
	"encoding/binary"
	"hash/crc32"
)

// Names of the buckets, and the key of the only value in "tip".
var (
	entriesBucket = []byte("entries")
	headsBucket   = []byte("heads")
	tipBucket     = []byte("tip")
	tipKey        = []byte("tip")
)

// The tip is what every commit writes anew: the ledger's length and what proves the rest to be fresh. Fixed-size,
// little endian, in this order, behind a CRC-32C of all of it. txid is bbolt's number of the transaction that wrote
// it, so that no older tip passes for it.
type tip struct {
	txid    uint64
	next    uint64 // entries in the ledger
	time    int64  // of the last entry, seconds since 1970
	last    uint32 // sum of the last record
	indexed uint64 // entries before this one are in the key index on disk
	blocks  uint64 // of the key index
	keys    uint64 // heads in them
	total   uint64 // sum of the sums of all blocks, modulo 2^64
	salt    salt
}

const tipSize = 4 + 8 + 8 + 8 + 4 + 8 + 8 + 8 + 8 + len(salt{})

func (t *tip) encode() []byte {
	b := make([]byte, 4, tipSize)
	b = binary.LittleEndian.AppendUint64(b, t.txid)
	b = binary.LittleEndian.AppendUint64(b, t.next)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.time))
	b = binary.LittleEndian.AppendUint32(b, t.last)
	b = binary.LittleEndian.AppendUint64(b, t.indexed)
	b = binary.LittleEndian.AppendUint64(b, t.blocks)
	b = binary.LittleEndian.AppendUint64(b, t.keys)
	b = binary.LittleEndian.AppendUint64(b, t.total)
	b = append(b, t.salt[:]...)
	binary.LittleEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli))
	return b
}

func decodeTip(b []byte) (tip, error) {
	if len(b) != tipSize || binary.LittleEndian.Uint32(b) != crc32.Checksum(b[4:], castagnoli) {
		return tip{}, corrupt("the tip does not match its checksum")
	}
	d := fields{b: b[4:]}
	t := tip{
		txid: d.uint64(), next: d.uint64(), time: int64(d.uint64()), last: d.uint32(),
		indexed: d.uint64(), blocks: d.uint64(), keys: d.uint64(), total: d.uint64(),
	}
	copy(t.salt[:], d.b)
	if t.indexed > t.next || t.keys > t.next || t.blocks == 0 || t.blocks > maxBlocks {
		return tip{}, corrupt("the tip is malformed")
	}
	return t, nil
}
