package status_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/realdid/realdid/vc/status"
)

func BenchmarkGet(b *testing.B) {
	for _, c := range []struct {
		name  string
		order status.Order
		size  int
		n     uint64
	}{
		{"bitstring-131072", status.MostSignificantFirst, 1, 1 << 17},
		{"bitstring-16M", status.MostSignificantFirst, 1, 1 << 24},
		{"token-2bit-16M", status.LeastSignificantFirst, 2, 1 << 24},
		{"bitstring-5bit-131072", status.MostSignificantFirst, 5, 1 << 17},
	} {
		b.Run(c.name, func(b *testing.B) {
			list, err := status.NewBits(c.order, c.size, c.n)
			if err != nil {
				b.Fatal(err)
			}
			x, set := uint32(1), 0
			for b.Loop() {
				for range 1000 {
					x = x*1664525 + 1013904223
					if v, _ := list.Get(uint64(x) & (c.n - 1)); v != 0 {
						set++
					}
				}
			}
			if set != 0 {
				b.Error("an entry is set")
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/lookup")
		})
	}
	b.Run("floor-16M", func(b *testing.B) { // what the standard library can do: an array and a mask
		const n = 1 << 24
		list := make([]byte, n/8)
		x, set := uint32(1), 0
		for b.Loop() {
			for range 1000 {
				x = x*1664525 + 1013904223
				if i := int(x) & (n - 1); list[i/8]&(0x80>>(i%8)) != 0 {
					set++
				}
			}
		}
		if set != 0 {
			b.Error("an entry is set")
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/lookup")
	})
}

// encoded returns a list with one entry in a hundred set.
func encoded(b *testing.B, n uint64) string {
	list, err := status.NewBits(status.MostSignificantFirst, 1, n)
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range n / 100 {
		list.Set(r.Uint64N(n), 1)
	}
	list.Set(4711, 1)
	s, err := status.EncodeBitstring(list)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkDecode(b *testing.B) {
	for _, n := range []uint64{1 << 17, 1 << 24} {
		s := encoded(b, n)
		b.Run(fmt.Sprintf("bitstring-%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				list, err := status.DecodeBitstring(s, 1, 0)
				if err != nil {
					b.Fatal(err)
				}
				if v, _ := list.Get(4711); v != 1 {
					b.Fatal("entry 4711 is not set")
				}
			}
		})
		b.Run(fmt.Sprintf("floor-%d", n), func(b *testing.B) { // the standard library alone
			b.ReportAllocs()
			for b.Loop() {
				z, err := gzip.NewReader(base64.NewDecoder(base64.RawURLEncoding, bytes.NewReader([]byte(s[1:]))))
				if err != nil {
					b.Fatal(err)
				}
				list, err := io.ReadAll(z)
				if err != nil {
					b.Fatal(err)
				}
				if list[4711/8]&(0x80>>(4711%8)) == 0 {
					b.Fatal("entry 4711 is not set")
				}
			}
		})
	}
}
