package status

import (
	"errors"
	"fmt"
	"slices"
)

// Order is where in a byte the first entry stands.
type Order uint8

// The orders of the two kinds of lists.
const (
	LeastSignificantFirst Order = iota + 1 // Token Status List (draft-20, section 4.1)
	MostSignificantFirst                   // Bitstring Status List (1.0, section 7.1)
)

// MaxEntrySize is the largest number of bits of an entry. A Bitstring Status List could have more by its specification; a credential
// would then have to name more than 256 messages.
const MaxEntrySize = 8

// maxBits is the largest array that is made, of 2^40 bits.
const maxBits = 1 << 40

// ErrRange is in the error for an index that a list does not have, and for a value that an entry cannot hold.
var ErrRange = errors.New("out of range")

// Bits is an array of entries of equal size, the one form of both kinds of lists. Get may be called from several goroutines, as
// long as nobody calls Set.
type Bits struct {
	data  []byte // packed; a byte for each entry if entries of this size cross bytes
	n     uint64 // entries
	shift uint8  // log2 of the bits that an entry takes in data
	flip  uint8  // turns the offset of an entry in its byte into the distance from the low end
	mask  uint8
	size  uint8 // bits of an entry
	order Order
}

// NewBits returns at least n entries of zero: as many as fill whole bytes. Sizes are 1, 2, 4 and 8 bits, for MostSignificantFirst
// also those between.
func NewBits(order Order, size int, n uint64) (*Bits, error) {
	if size < 1 || size > MaxEntrySize || n > maxBits/uint64(size) {
		return nil, fmt.Errorf("status: %d entries of %d bits: %w", n, size, ErrRange)
	}
	return FromBytes(order, size, make([]byte, (n*uint64(size)+7)/8))
}

// FromBytes returns the entries that stand in data, as many as fit into it whole. It keeps data.
func FromBytes(order Order, size int, data []byte) (*Bits, error) {
	if order != LeastSignificantFirst && order != MostSignificantFirst {
		return nil, errors.New("status: no order of bits")
	}
	b := &Bits{data: data, order: order}
	switch {
	case size == 1 || size == 2 || size == 4 || size == 8:
		b.shift = [...]uint8{1: 0, 2: 1, 4: 2, 8: 3}[size]
		if order == MostSignificantFirst {
			b.flip = uint8(8 - size)
		}
	case order == LeastSignificantFirst || size < 1 || size > MaxEntrySize:
		return nil, fmt.Errorf("status: entries of %d bits: %w", size, ErrRange)
	default:
		b.shift = 3
		b.data = spread(data, size)
	}
	b.size, b.mask = uint8(size), uint8(1<<size-1)
	b.n = uint64(len(b.data)) << (3 - b.shift)
	return b, nil
}

// Len returns the number of entries.
func (b *Bits) Len() uint64 { return b.n }

// Size returns the number of bits of an entry.
func (b *Bits) Size() int { return int(b.size) }

// Order returns where in a byte the first entry stands.
func (b *Bits) Order() Order { return b.order }

// Bytes returns the packed array: do not change it.
func (b *Bits) Bytes() []byte {
	if b.shift == 3 && b.size != 8 {
		return pack(b.data, int(b.size))
	}
	return b.data
}

// Clone returns a copy.
func (b *Bits) Clone() *Bits {
	c := *b
	c.data = slices.Clone(b.data)
	return &c
}

// Get returns entry i, or false if there is none.
func (b *Bits) Get(i uint64) (v uint64, ok bool) {
	if i >= b.n {
		return 0, false
	}
	if b.mask == 1 {
		return uint64(b.data[i>>3] >> ((uint8(i) ^ b.flip) & 7) & 1), true
	}
	at := i << (b.shift & 3)
	return uint64(b.data[at>>3] >> ((uint8(at) ^ b.flip) & 7) & b.mask), true
}

// Set gives entry i the value v. Errors are ErrRange.
func (b *Bits) Set(i, v uint64) error {
	switch {
	case i >= b.n:
		return fmt.Errorf("status: entry %d of %d: %w", i, b.n, ErrRange)
	case v > uint64(b.mask):
		return fmt.Errorf("status: value %d in %d bits: %w", v, b.size, ErrRange)
	}
	at := i << b.shift
	by := (uint8(at) ^ b.flip) & 7
	p := &b.data[at>>3]
	*p = *p&^(b.mask<<by) | uint8(v)<<by
	return nil
}

// spread gives each entry of a packed array, most significant bit first, a byte of its own.
func spread(data []byte, size int) []byte {
	out := make([]byte, 0, len(data)*8/size)
	held, bits := uint(0), 0
	for _, b := range data {
		held, bits = held<<8|uint(b), bits+8
		for bits >= size {
			bits -= size
			out = append(out, uint8(held>>bits)&uint8(1<<size-1))
		}
	}
	return out
}

// pack is the inverse of spread.
func pack(entries []byte, size int) []byte {
	out := make([]byte, 0, (len(entries)*size+7)/8)
	held, bits := uint(0), 0
	for _, e := range entries {
		held, bits = held<<size|uint(e), bits+size
		if bits >= 8 {
			bits -= 8
			out = append(out, uint8(held>>bits))
		}
	}
	if bits > 0 {
		out = append(out, uint8(held<<(8-bits)))
	}
	return out
}
