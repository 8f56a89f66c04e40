package keys

import (
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"filippo.io/edwards25519"
)

// TestEdwardsSmallOrder computes the points of small order and holds the table, and the refusal, to them.
func TestEdwardsSmallOrder(t *testing.T) {
	// A point of order 8: one outside the prime-order subgroup, times the subgroup's order, which clears the rest.
	order, err := hex.DecodeString("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")
	if err != nil {
		t.Fatal(err)
	}
	var torsion *edwards25519.Point
	for i := byte(2); torsion == nil; i++ {
		p, err := new(edwards25519.Point).SetBytes(append([]byte{i}, make([]byte, 31)...))
		if err != nil {
			continue
		}
		q := edwards25519.NewIdentityPoint()
		for bit := 255; bit >= 0; bit-- {
			q.Add(q, q)
			if order[bit/8]>>(bit%8)&1 == 1 {
				q.Add(q, p)
			}
		}
		four := new(edwards25519.Point).Add(q, q)
		four.Add(four, four)
		if four.Equal(edwards25519.NewIdentityPoint()) == 0 {
			torsion = q
		}
	}
	var seen [][32]byte
	p := edwards25519.NewIdentityPoint()
	for range 8 {
		enc := p.Bytes()
		if _, err := NewPublicKey(Ed25519, enc); !errors.Is(err, errSmallOrder) {
			t.Errorf("%x: got %v, want %v", enc, err, errSmallOrder)
		}
		y := [32]byte(enc)
		y[31] &= 0x7f
		if !slices.Contains(edwardsSmallOrder[:], y) {
			t.Errorf("the table lacks %x", y)
		}
		if !slices.Contains(seen, y) {
			seen = append(seen, y)
		}
		p.Add(p, torsion)
	}
	if got, want := len(edwardsSmallOrder), len(seen); got != want || p.Equal(edwards25519.NewIdentityPoint()) != 1 {
		t.Errorf("table: got %d entries, want %d", got, want)
	}
}
