package status_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/realdid/realdid/keys"
	"github.com/realdid/realdid/resolver"
	"github.com/realdid/realdid/resolver/didkey"
	"github.com/realdid/realdid/vc"
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

// BenchmarkStatus looks an entry up in a list that is kept: what a verifier does for each credential.
func BenchmarkStatus(b *testing.B) {
	key, err := keys.Generate(keys.Ed25519)
	if err != nil {
		b.Fatal(err)
	}
	list, err := status.NewBits(status.LeastSignificantFirst, 2, 1<<20)
	if err != nil {
		b.Fatal(err)
	}
	token, err := status.IssueToken(b.Context(), status.Issuer{Signer: key, Method: didkey.URL(key.Public())},
		&status.TokenList{URI: listURI, IssuedAt: now, Expires: now.Add(time.Hour), Bits: list})
	if err != nil {
		b.Fatal(err)
	}
	verifier := vc.NewVerifier(resolver.Keys{Resolver: didkey.Resolver{Now: exampleNow}, Now: exampleNow}, exampleNow)
	add := status.Preloaded{Issuer: key.Public().DIDKey(), URI: listURI, Document: status.Document{Bytes: token}, Obtained: now}
	q := vc.StatusQuery{
		Reference: vc.StatusReference{Mechanism: vc.TokenStatusList, URI: listURI, Index: 4711}, Issuer: key.Public().DIDKey(), At: now, MaxAge: time.Hour,
	}
	b.Run("first", func(b *testing.B) { // verify and inflate a list of 2^20 entries
		b.ReportAllocs()
		for b.Loop() {
			if err := status.NewLists(verifier, nil, nil).Add(b.Context(), add); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("kept", func(b *testing.B) {
		lists := status.NewLists(verifier, nil, nil)
		if err := lists.Add(b.Context(), add); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if _, err := lists.Status(b.Context(), q); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAllocate(b *testing.B) {
	for _, n := range []int{1, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			path := filepath.Join(b.TempDir(), "list")
			l, err := status.CreateList(path, status.ListOptions{Mechanism: vc.TokenStatusList, Entries: 1 << 24})
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			for b.Loop() {
				if _, err := l.Allocate(n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
