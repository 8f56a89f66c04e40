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

// A snapshot is the ledger as one transaction left it.
type snapshot struct {
	pager
	meta
	tip
	entries bucket
	heads   bucket
}

// snapshot reads what the newest transaction left.
func (p pager) snapshot(damagedMeta bool) (*snapshot, error) {
	m, err := p.newest(damagedMeta)
	if err != nil {
		return nil, err
	}
	s := &snapshot{pager: p, meta: m}
	root, err := p.page(m.root, m.limit, &buffer{})
	if err != nil {
		return nil, err
	}
	if !root.leaf {
		return nil, corrupt("page %d: the root is no leaf", m.root)
	}
	var top bucket
	for name, b := range map[string]*bucket{string(entriesBucket): &s.entries, string(headsBucket): &s.heads, string(tipBucket): &top} {
		i, ok := root.find([]byte(name))
		if !ok {
			return nil, corrupt("page %d: no bucket %s", m.root, name)
		}
		v, flags := root.value(i)
		if flags != 1 {
			return nil, corrupt("page %d: %s is no bucket", m.root, name)
		}
		if *b, err = p.bucket(v, m.limit); err != nil {
			return nil, err
		}
	}
	v, err := s.get(&top, tipKey, &buffer{})
	if err != nil {
		return nil, err
	}
	if s.tip, err = decodeTip(v); err != nil {
		return nil, err
	}
	if s.tip.txid != m.txid {
		return nil, corrupt("the tip is of transaction %d and the meta page of %d", s.tip.txid, m.txid)
	}
	return s, nil
}

// get returns the value of a key that must be there. It is valid until buf is used again.
func (s *snapshot) get(b *bucket, key []byte, buf *buffer) ([]byte, error) {
	pg, i, ok, err := s.leaf(b, s.limit, key, buf)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, corrupt("page %d: %x is missing", pg.id, key)
	}
	v, flags := pg.value(i)
	if flags != 0 {
		return nil, corrupt("page %d: %x has flags %#x", pg.id, key, flags)
	}
	return v, nil
}

// record reads entry index. It is valid until buf is used again.
func (s *snapshot) record(index uint64, buf *buffer) (record, error) {
	v, err := s.get(&s.entries, indexKey(index), buf)
	if err != nil {
		return record{}, err
	}
	return decodeRecord(index, v)
}

// block reads block number of the key index and returns its body, which is valid until buf is used again, and its sum.
func (s *snapshot) block(number uint32, buf *buffer) (body []byte, sum uint32, err error) {
	v, err := s.get(&s.heads, blockKey(number), buf)
	if err != nil {
		return nil, 0, err
	}
	return checkBlock(number, v)
}

// records calls f for the entries from index from to below end, in order. Pages are read once for all their entries.
func (s *snapshot) records(from, end uint64, f func(*record) error) error {
	buf := buffers.Get().(*buffer)
	defer buffers.Put(buf)
	for from < end {
		pg, i, ok, err := s.leaf(&s.entries, s.limit, indexKey(from), buf)
		if err != nil {
			return err
		}
		if !ok {
			return corrupt("page %d: entry %d is missing", pg.id, from)
		}
		for ; i < pg.count && from < end; i++ {
			v, flags := pg.value(i)
			if string(pg.key(i)) != string(indexKey(from)) || flags != 0 {
				return corrupt("page %d: entry %d is missing", pg.id, from)
			}
			r, err := decodeRecord(from, v)
			if err != nil {
				return err
			}
			if err := f(&r); err != nil {
				return err
			}
			from++
		}
	}
	return nil
}
