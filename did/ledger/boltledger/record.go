package boltledger

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// A record is an entry as it is stored, in the bucket "entries" under its index (8 bytes, big endian):
//
//	sum     uint32  CRC-32C of the index (8 bytes, big endian) and of everything below
//	before  uint32  sum of the record at index-1; 0 at index 0
//	seq     uvarint
//	time    varint  seconds since 1970
//	back    uvarint index minus the index of the key's previous entry   } only if seq > 0
//	prior   uint32  sum of that entry's record                          }
//	key     uvarint length, bytes
//	op      uvarint length, bytes
//	state   the rest
//
// Fixed-size integers are little endian. The sum binds a record to its index, key and seq. before chains all records,
// and prior those of one key, so that a record that once stood somewhere, or that was written by a transaction that
// did not succeed, does not pass for the one that belongs there.
type record struct {
	index  uint64
	sum    uint32
	before uint32
	seq    uint64
	time   int64
	prev   head // the key's previous entry, if seq > 0
	key    []byte
	op     []byte
	state  []byte
}

// A head points to a record and tells how to recognize it.
type head struct {
	index uint64
	sum   uint32
	seq   uint32 // modulo 2^32
}

// maxRecord bounds the size of a record.
const maxRecord = 64 + ledger.MaxKeyLen + ledger.MaxOpSize + ledger.MaxStateSize

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func indexKey(index uint64) []byte { return binary.BigEndian.AppendUint64(nil, index) }

func recordSum(index uint64, body []byte) uint32 {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], index)
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, body)
}

// encode returns the stored form of r and sets r.sum.
func (r *record) encode() []byte {
	b := make([]byte, 4, 48+len(r.key)+len(r.op)+len(r.state))
	b = binary.LittleEndian.AppendUint32(b, r.before)
	b = binary.AppendUvarint(b, r.seq)
	b = binary.AppendVarint(b, r.time)
	if r.seq > 0 {
		b = binary.AppendUvarint(b, r.index-r.prev.index)
		b = binary.LittleEndian.AppendUint32(b, r.prev.sum)
	}
	b = binary.AppendUvarint(b, uint64(len(r.key)))
	b = append(b, r.key...)
	b = binary.AppendUvarint(b, uint64(len(r.op)))
	b = append(b, r.op...)
	b = append(b, r.state...)
	r.sum = recordSum(r.index, b[4:])
	binary.LittleEndian.PutUint32(b, r.sum)
	return b
}

// decodeRecord checks and takes apart the record stored under index. The result refers to b.
func decodeRecord(index uint64, b []byte) (record, error) {
	if len(b) < 8 || len(b) > maxRecord {
		return record{}, corrupt("entry %d is %d bytes long", index, len(b))
	}
	d := fields{b: b}
	r := record{index: index, sum: d.uint32()}
	if r.sum != recordSum(index, b[4:]) {
		return record{}, corrupt("entry %d does not match its checksum", index)
	}
	r.before = d.uint32()
	r.seq = d.uvarint()
	r.time = d.varint()
	if r.seq > 0 {
		back := d.uvarint()
		r.prev = head{index: index - back, sum: d.uint32(), seq: uint32(r.seq - 1)}
		d.bad = d.bad || back == 0 || back > index
	}
	r.key = d.bytes(ledger.MaxKeyLen)
	r.op = d.bytes(ledger.MaxOpSize)
	r.state = d.b
	if d.bad || len(r.op) == 0 || len(r.state) > ledger.MaxStateSize || ledger.CheckKey(string(r.key)) != nil {
		return record{}, corrupt("entry %d is malformed", index)
	}
	return r, nil
}

// entry returns r, which is of key, as the contract has it, with a copy of its operation.
func (r *record) entry(key string) ledger.Entry {
	return ledger.Entry{
		Key: key, Seq: r.seq, Op: append([]byte(nil), r.op...),
		Anchor: ledger.Anchor{Index: r.index, Time: time.Unix(r.time, 0).UTC()},
	}
}

func (r *record) head() head { return head{index: r.index, sum: r.sum, seq: uint32(r.seq)} }

// fields takes a byte string apart from the front; bad is set at the first field that is not there.
type fields struct {
	b   []byte
	bad bool
}

func (d *fields) take(n int) []byte {
	if d.bad || n > len(d.b) {
		d.bad = true
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}

func (d *fields) uint32() uint32 {
	if v := d.take(4); v != nil {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

func (d *fields) uint64() uint64 {
	if v := d.take(8); v != nil {
		return binary.LittleEndian.Uint64(v)
	}
	return 0
}

func (d *fields) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if d.bad || n <= 0 {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *fields) varint() int64 {
	v := d.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// bytes takes a length of at most limit and as many bytes.
func (d *fields) bytes(limit int) []byte {
	n := d.uvarint()
	if n > uint64(limit) {
		d.bad = true
		return nil
	}
	return d.take(int(n))
}
