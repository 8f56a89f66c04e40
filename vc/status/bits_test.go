package status_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/realdid/realdid/vc/status"
)

const (
	lsb = status.LeastSignificantFirst
	msb = status.MostSignificantFirst
)

func bits(tb testing.TB, order status.Order, size int, data ...byte) *status.Bits {
	tb.Helper()
	b, err := status.FromBytes(order, size, data)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func get(tb testing.TB, b *status.Bits, i uint64) uint64 {
	tb.Helper()
	v, ok := b.Get(i)
	if !ok {
		tb.Fatalf("there is no entry %d of %d", i, b.Len())
	}
	return v
}

// TestOrder has the examples of draft-20, section 4.1, and the same bytes in the other order.
func TestOrder(t *testing.T) {
	for _, c := range []struct {
		order status.Order
		size  int
		data  []byte
		want  []uint64
	}{
		{lsb, 1, []byte{0xb9, 0xa3}, []uint64{1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1}},
		{lsb, 2, []byte{0xc9, 0x44, 0xf9}, []uint64{1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3}},
		{lsb, 4, []byte{0xc9, 0x4f}, []uint64{9, 12, 15, 4}},
		{lsb, 8, []byte{0xc9, 0x44}, []uint64{0xc9, 0x44}},
		{msb, 1, []byte{0xb9, 0xa3}, []uint64{1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 1, 1}},
		{msb, 2, []byte{0xc9, 0x44, 0xf9}, []uint64{3, 0, 2, 1, 1, 0, 1, 0, 3, 3, 2, 1}},
		{msb, 3, []byte{0b001_010_01, 0b1_100_101_1, 0b10_111_000}, []uint64{1, 2, 3, 4, 5, 6, 7, 0}},
		{msb, 3, []byte{0b001_010_01}, []uint64{1, 2}},
		{msb, 4, []byte{0xc9, 0x4f}, []uint64{12, 9, 4, 15}},
		{msb, 5, []byte{0b00001_000, 0b10_00011_0}, []uint64{1, 2, 3}},
		{msb, 8, []byte{0xc9, 0x44}, []uint64{0xc9, 0x44}},
	} {
		b := bits(t, c.order, c.size, c.data...)
		if b.Len() != uint64(len(c.want)) || b.Size() != c.size || b.Order() != c.order {
			t.Errorf("order %d, %d bits: got %d entries, want %d", c.order, c.size, b.Len(), len(c.want))
			continue
		}
		fresh, err := status.NewBits(c.order, c.size, b.Len())
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range c.want {
			if got := get(t, b, uint64(i)); got != want {
				t.Errorf("order %d, %d bits, entry %d: got %d, want %d", c.order, c.size, i, got, want)
			}
			if err := fresh.Set(uint64(i), want); err != nil {
				t.Error(err)
			}
		}
		if len(c.want)*c.size%8 == 0 && !bytes.Equal(fresh.Bytes(), c.data) {
			t.Errorf("order %d, %d bits: got %x, want %x", c.order, c.size, fresh.Bytes(), c.data)
		}
	}
}

func TestRange(t *testing.T) {
	b := bits(t, lsb, 2, 0, 0)
	for _, i := range []uint64{8, 9, 1 << 62, 1<<63 + 1, 1<<64 - 1} { // the last ones wrap if they are multiplied by the size
		if v, ok := b.Get(i); ok || v != 0 {
			t.Errorf("entry %d: got %d, want none", i, v)
		}
		if err := b.Set(i, 1); !errors.Is(err, status.ErrRange) {
			t.Errorf("set entry %d: got %v, want ErrRange", i, err)
		}
	}
	for _, v := range []uint64{4, 256, 1 << 63} {
		if err := b.Set(0, v); !errors.Is(err, status.ErrRange) {
			t.Errorf("set value %d: got %v, want ErrRange", v, err)
		}
	}
	for _, c := range []struct {
		order status.Order
		size  int
		n     uint64
	}{{0, 1, 8}, {3, 1, 8}, {lsb, 0, 8}, {lsb, 3, 8}, {lsb, 16, 8}, {msb, 9, 8}, {msb, -1, 8}, {lsb, 1, 1 << 50}, {msb, 8, 1 << 63}} {
		if _, err := status.NewBits(c.order, c.size, c.n); err == nil {
			t.Errorf("order %d, %d bits, %d entries: no error", c.order, c.size, c.n)
		}
	}
	if b, err := status.NewBits(lsb, 1, 9); err != nil || b.Len() != 16 {
		t.Errorf("got %v, want whole bytes", err)
	}
}

// TestBitsModel compares with a big number, of which the entries are digits.
func TestBitsModel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for size := 1; size <= status.MaxEntrySize; size++ {
		for _, order := range []status.Order{lsb, msb} {
			n := uint64(24)
			b, err := status.NewBits(order, size, n)
			if err != nil {
				if order == msb {
					t.Error(err)
				}
				continue
			}
			model := new(big.Int)
			at := func(i uint64) uint {
				if order == msb {
					i = b.Len() - 1 - i
				}
				return uint(i) * uint(size)
			}
			want := make([]uint64, b.Len())
			for range 200 {
				i, v := r.Uint64N(b.Len()), r.Uint64N(1<<size)
				if err := b.Set(i, v); err != nil {
					t.Fatal(err)
				}
				old := new(big.Int).Lsh(new(big.Int).SetUint64(want[i]), at(i))
				model.Sub(model, old)
				model.Add(model, new(big.Int).Lsh(new(big.Int).SetUint64(v), at(i)))
				want[i] = v
			}
			for i, v := range want {
				if got := get(t, b, uint64(i)); got != v {
					t.Errorf("%d bits, entry %d: got %d, want %d", size, i, got, v)
				}
			}
			packed := model.FillBytes(make([]byte, len(b.Bytes())))
			if order == lsb { // the first entry is the last digit
				for i, j := 0, len(packed)-1; i < j; i, j = i+1, j-1 {
					packed[i], packed[j] = packed[j], packed[i]
				}
			}
			if !bytes.Equal(b.Bytes(), packed) {
				t.Errorf("order %d, %d bits: got %x, want %x", order, size, b.Bytes(), packed)
			}
		}
	}
}

func TestClone(t *testing.T) {
	a := bits(t, msb, 1, 0)
	b := a.Clone()
	if err := a.Set(0, 1); err != nil || get(t, b, 0) != 0 {
		t.Error("a clone changed with the original")
	}
}

// FuzzBits compares both orders: one is the other with each byte turned round.
func FuzzBits(f *testing.F) {
	f.Add([]byte{0xb9, 0xa3}, uint8(0), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, log uint8, i uint64) {
		size := 1 << (log & 3)
		l, m := bits(t, lsb, size, data...), bits(t, msb, size, data...)
		per := uint64(8 / size)
		turned := i/per*per + per - 1 - i%per
		a, okA := l.Get(i)
		b, okB := m.Get(turned)
		if a != b || okA != okB {
			t.Errorf("entry %d: got %d and %d", i, a, b)
		}
		if len(data) >= 8 && size == 8 && i < 8 && a != binary.LittleEndian.Uint64(data)>>(8*i)&0xff {
			t.Errorf("entry %d: got %d", i, a)
		}
	})
}
