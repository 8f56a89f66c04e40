package pebbleledger

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/realdid/realdid/did/ledger"
)

// A record is an entry as it is stored, in the row "e" index:
//
//	sum    uint32  CRC-32C of the index (8 bytes, big endian) and of everything below
//	seq    uvarint
//	time   varint  seconds since 1970
//	back   uvarint index minus the index of the key's previous entry; only if seq > 0
//	key    uvarint length, bytes
//	op     uvarint length, bytes
//	state  the rest
//
// Fixed-size integers are little endian. Operation and state stand side by side because they have much in common, which
// compression makes use of.
type record struct {
	index uint64
	sum   uint32
	seq   uint64
	time  int64
	prev  uint64 // index of the key's previous entry, if seq > 0
	key   []byte
	op    []byte
	state []byte
}

// A head is the last entry of a key, in the row "k" key: uvarint index, uvarint seq.
type head struct{ index, seq uint64 }

// A tip is the end of the ledger, in the row "t": uint64 next, int64 time, CRC-32C of both; little endian. sum, of the last
// record, is not stored there.
type tip struct {
	next uint64 // entries in the ledger
	time int64  // of the last entry, seconds since 1970
	sum  uint32 // of the last entry
}

// The first byte of a row's key.
const (
	entryRow = 'e'
	headRow  = 'k'
	tipRow   = 't'
)

const (
	entryKeySize = 1 + 8
	maxRecord    = 64 + ledger.MaxKeyLen + ledger.MaxOpSize + ledger.MaxStateSize
	maxHead      = 2 * binary.MaxVarintLen64
	tipSize      = 8 + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// corrupt returns an error that is ErrCorrupt and says where.
func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ledger.ErrCorrupt, fmt.Sprintf(format, args...))
}

func entryKey(index uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{entryRow}, index)
}

func headKey(key string) []byte {
	return append(append(make([]byte, 0, 1+ledger.MaxKeyLen), headRow), key...)
}

func recordSum(index uint64, body []byte) uint32 {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], index)
	return crc32.Update(crc32.Checksum(b[:], castagnoli), castagnoli, body)
}

func uvarintSize(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

// size is how long the stored form of r is.
func (r *record) size() int {
	n := 4 + uvarintSize(r.seq) + uvarintSize(zigzag(r.time))
	if r.seq > 0 {
		n += uvarintSize(r.index - r.prev)
	}
	return n + uvarintSize(uint64(len(r.key))) + len(r.key) + uvarintSize(uint64(len(r.op))) + len(r.op) + len(r.state)
}

// encode writes the stored form of r to b, which has the size for it, and sets r.sum.
func (r *record) encode(b []byte) {
	out := b[:4]
	out = binary.AppendUvarint(out, r.seq)
	out = binary.AppendVarint(out, r.time)
	if r.seq > 0 {
		out = binary.AppendUvarint(out, r.index-r.prev)
	}
	out = binary.AppendUvarint(out, uint64(len(r.key)))
	out = append(out, r.key...)
	out = binary.AppendUvarint(out, uint64(len(r.op)))
	out = append(out, r.op...)
	out = append(out, r.state...)
	r.sum = recordSum(r.index, out[4:])
	binary.LittleEndian.PutUint32(b, r.sum)
}

// decodeRecord checks and takes apart the record stored under index. The result refers to b.
func decodeRecord(index uint64, b []byte) (record, error) {
	if len(b) < 8 || len(b) > maxRecord {
		return record{}, corrupt("entry %d is %d bytes long", index, len(b))
	}
	r := record{index: index, sum: binary.LittleEndian.Uint32(b)}
	if r.sum != recordSum(index, b[4:]) {
		return record{}, corrupt("entry %d does not match its checksum", index)
	}
	d := fields{b: b[4:]}
	r.seq = d.uvarint()
	r.time = d.varint()
	if r.seq > 0 {
		back := d.uvarint()
		d.bad = d.bad || back == 0 || back > index
		r.prev = index - back
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

func (h head) append(b []byte) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, h.index), h.seq)
}

func decodeHead(key string, b []byte) (head, error) {
	d := fields{b: b}
	h := head{index: d.uvarint(), seq: d.uvarint()}
	if d.bad || len(d.b) > 0 || h.seq > h.index {
		return head{}, corrupt("the head of %s is malformed", key)
	}
	return h, nil
}

func (t tip) when() time.Time {
	if t.next == 0 {
		return time.Time{}
	}
	return time.Unix(t.time, 0).UTC()
}

func (t tip) encode() []byte {
	b := binary.LittleEndian.AppendUint64(make([]byte, 0, tipSize), t.next)
	b = binary.LittleEndian.AppendUint64(b, uint64(t.time))
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeTip(b []byte) (tip, error) {
	if len(b) != tipSize || binary.LittleEndian.Uint32(b[16:]) != crc32.Checksum(b[:16], castagnoli) {
		return tip{}, corrupt("the tip does not match its checksum")
	}
	return tip{next: binary.LittleEndian.Uint64(b), time: int64(binary.LittleEndian.Uint64(b[8:]))}, nil
}

// fields takes a byte string apart from the front; bad is set at the first field that is not there.
type fields struct {
	b   []byte
	bad bool
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
	if d.bad || n > uint64(limit) || n > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	v := d.b[:n:n]
	d.b = d.b[n:]
	return v
}
