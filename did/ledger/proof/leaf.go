package proof

import (
	"encoding/binary"
	"fmt"
)

// Limits of leaves.
const (
	MaxKeyLen = 255          // bytes of an entry's key
	MaxTime   = 253402300799 // 9999-12-31T23:59:59Z, the last time of leaves and cosignatures in seconds since 1970
)

// The first byte of a leaf says what it is.
const (
	leafEntry = 0x00
	leafEpoch = 0x01
)

const (
	entryLeafMin  = 1 + 8 + 8 + 8 + 1
	epochLeafSize = 1 + HashSize + 8 + 8 + 8
)

// An EntryLeaf is the leaf of one entry of the ledger.
type EntryLeaf struct {
	Index uint64 // the entry's place in the ledger. Its place in the log is Index and the number of epoch leaves before it
	Time  int64  // of the entry's anchor, seconds since 1970, 0 to MaxTime
	Seq   uint64 // place among the entries of Key
	Key   string // 1 to MaxKeyLen bytes
	Op    []byte // the operation
}

// Append appends the leaf: 0x00, Index, Time and Seq as 8 bytes each, the length of Key as one, Key, Op; big endian.
// It panics if Key or Time is outside its limits, which no ledger's entry is.
func (l EntryLeaf) Append(dst []byte) []byte {
	if len(l.Key) < 1 || len(l.Key) > MaxKeyLen || l.Time < 0 || l.Time > MaxTime {
		panic(fmt.Sprintf("proof: entry leaf: key of %d bytes, time %d", len(l.Key), l.Time))
	}
	dst = append(dst, leafEntry)
	dst = binary.BigEndian.AppendUint64(dst, l.Index)
	dst = binary.BigEndian.AppendUint64(dst, uint64(l.Time))
	dst = binary.BigEndian.AppendUint64(dst, l.Seq)
	dst = append(dst, byte(len(l.Key)))
	dst = append(dst, l.Key...)
	return append(dst, l.Op...)
}

// An EpochLeaf says what the authenticated map was after the entries before it.
type EpochLeaf struct {
	MapRoot Hash
	Size    uint64 // leaves before this one, which is its place in the log
	Entries uint64 // entries among them; the others are epochs
	Time    int64  // seconds since 1970, 0 to MaxTime, by the ledger's clock
}

// Append appends the leaf, 57 bytes: 0x01, MapRoot, then Size, Entries and Time as 8 bytes each, big endian.
// It panics if Time is outside its limits or Entries above Size.
func (l EpochLeaf) Append(dst []byte) []byte {
	if err := l.check(); err != nil {
		panic(err.Error())
	}
	dst = append(dst, leafEpoch)
	dst = append(dst, l.MapRoot[:]...)
	dst = binary.BigEndian.AppendUint64(dst, l.Size)
	dst = binary.BigEndian.AppendUint64(dst, l.Entries)
	return binary.BigEndian.AppendUint64(dst, uint64(l.Time))
}

func (l EpochLeaf) check() error {
	switch {
	case l.Entries > l.Size:
		return invalid("leaf: epoch: %d entries among %d leaves", l.Entries, l.Size)
	case l.Time < 0 || l.Time > MaxTime:
		return invalid("leaf: epoch: time is out of range")
	}
	return nil
}

// ParseLeaf reads a leaf and returns an [EntryLeaf], whose Op aliases b, or an [EpochLeaf].
func ParseLeaf(b []byte) (any, error) {
	if len(b) > 0 && b[0] == leafEpoch {
		return ParseEpochLeaf(b)
	}
	return ParseEntryLeaf(b)
}

// ParseEntryLeaf reads the leaf of an entry. Op aliases b.
func ParseEntryLeaf(b []byte) (EntryLeaf, error) {
	if len(b) < entryLeafMin || len(b) > MaxLeafSize || b[0] != leafEntry {
		return EntryLeaf{}, invalid("leaf: %d bytes are no entry", len(b))
	}
	t, n := binary.BigEndian.Uint64(b[9:]), int(b[25])
	if t > MaxTime {
		return EntryLeaf{}, invalid("leaf: entry: time is out of range")
	}
	if n == 0 || len(b) < entryLeafMin+n {
		return EntryLeaf{}, invalid("leaf: entry: key of %d bytes", n)
	}
	return EntryLeaf{
		Index: binary.BigEndian.Uint64(b[1:]),
		Time:  int64(t),
		Seq:   binary.BigEndian.Uint64(b[17:]),
		Key:   string(b[entryLeafMin : entryLeafMin+n]),
		Op:    b[entryLeafMin+n:],
	}, nil
}

// ParseEpochLeaf reads the leaf of an epoch.
func ParseEpochLeaf(b []byte) (EpochLeaf, error) {
	if len(b) != epochLeafSize || b[0] != leafEpoch {
		return EpochLeaf{}, invalid("leaf: %d bytes are no epoch", len(b))
	}
	l := EpochLeaf{
		MapRoot: Hash(b[1:]),
		Size:    binary.BigEndian.Uint64(b[33:]),
		Entries: binary.BigEndian.Uint64(b[41:]),
		Time:    int64(binary.BigEndian.Uint64(b[49:])),
	}
	return l, l.check()
}
