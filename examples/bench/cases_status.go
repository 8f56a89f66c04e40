package main

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/realdid/realdid/vc/status"
)

// statusCases read status lists in which one entry of a hundred is set, and 4711 always.
func statusCases() []benchCase {
	const known = 4711
	var cases []benchCase
	for _, n := range []int{131072, 16777216} {
		label := map[int]string{131072: "131,072", 16777216: "16.8M"}[n]
		decode, cached := "status list "+label+" entries, decode + lookup (1% set)", "status list "+label+" entries, lookup in decoded list (1% set)"
		maxBytes := n / 8
		list := func() (string, error) {
			b, err := status.NewBits(status.MostSignificantFirst, 1, uint64(n))
			if err != nil {
				return "", err
			}
			r := rand.New(rand.NewPCG(1, 2))
			for range n / 100 {
				if err := b.Set(r.Uint64N(uint64(n)), 1); err != nil {
					return "", err
				}
			}
			if err := b.Set(known, 1); err != nil {
				return "", err
			}
			return status.EncodeBitstring(b)
		}
		cases = append(cases,
			benchCase{name: fmt.Sprintf("bsl-%d-decode", n), op: decode, peer: peer, batch: 1, setup: each(func() (func() error, error) {
				encoded, err := list()
				return func() error {
					b, err := status.DecodeBitstring(encoded, 1, maxBytes)
					if err != nil {
						return err
					}
					v, ok := b.Get(known)
					return right(ok && v == 1)
				}, err
			})},
			benchCase{name: fmt.Sprintf("bsl-%d-cached", n), op: cached, peer: peer, batch: 1000, setup: each(func() (func() error, error) {
				encoded, err := list()
				if err != nil {
					return nil, err
				}
				b, err := status.DecodeBitstring(encoded, 1, maxBytes)
				return func() error {
					x, set := uint32(1), uint64(0)
					for range 1000 {
						x = x*1664525 + 1013904223
						v, _ := b.Get(uint64(x) & uint64(n-1))
						set += v
					}
					return right(set < 1000)
				}, err
			})},
			benchCase{name: fmt.Sprintf("floor-bsl-%d-decode", n), op: "floor: " + decode, peer: std, batch: 1, setup: each(func() (func() error, error) {
				encoded, err := list()
				return func() error {
					z, err := gzip.NewReader(base64.NewDecoder(base64.RawURLEncoding, bytes.NewReader([]byte(encoded[1:]))))
					if err != nil {
						return err
					}
					b, err := io.ReadAll(z)
					if err != nil {
						return err
					}
					return right(len(b) == n/8 && b[known/8]&(0x80>>(known%8)) != 0)
				}, err
			})})
	}
	return cases
}
