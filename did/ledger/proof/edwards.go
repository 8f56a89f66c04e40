package proof

import (
	"math/big"
	"slices"
)

// edwards25519 holds the parameters of the curve -x² + y² = 1 + dx²y² over the integers modulo p. RFC 8032, section 5.1.
type edwards25519 struct{ p, d *big.Int }

func newEdwards25519() edwards25519 {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	d := new(big.Int).ModInverse(big.NewInt(121666), p)
	d.Mod(d.Mul(d, big.NewInt(-121665)), p)
	return edwards25519{p, d}
}

// checkEdwards returns [ErrInvalid] unless public is the canonical encoding of a point on the curve that is not of small order.
// Under a key of small order, one signature verifies for many messages. The key is public, so the arithmetic need not be in constant time.
func checkEdwards(public []byte) error {
	if len(public) != 32 {
		return invalid("key: Ed25519: %d bytes, want 32", len(public))
	}
	be := slices.Clone(public)
	slices.Reverse(be)
	be[0] &= 0x7f // the sign of x
	c := newEdwards25519()
	y := new(big.Int).SetBytes(be)
	if y.Cmp(c.p) >= 0 {
		return invalid("key: Ed25519: not the canonical encoding of a point")
	}
	// x² = (y²-1) / (dy²+1), which is a square if and only if the product of the two is; dy² is never -1.
	yy := new(big.Int).Exp(y, big.NewInt(2), c.p)
	u := new(big.Int).Sub(yy, big.NewInt(1))
	v := new(big.Int).Mul(c.d, yy)
	v.Add(v, big.NewInt(1))
	uv := new(big.Int).Mul(u, v)
	uv.Mod(uv, c.p)
	// The points of order 1 and 2 have x = 0, those of order 4 have y = 0, and those of order 8 have x² = -y², so that
	// the equation of the curve becomes 2y² = 1 - dy⁴.
	dy4 := new(big.Int).Mul(c.d, new(big.Int).Mul(yy, yy))
	order8 := new(big.Int).Lsh(yy, 1)
	order8.Mod(order8.Add(order8.Sub(order8, big.NewInt(1)), dy4), c.p)
	if uv.Sign() == 0 || y.Sign() == 0 || order8.Sign() == 0 {
		return invalid("key: Ed25519: point of small order")
	}
	if big.Jacobi(uv, c.p) != 1 {
		return invalid("key: Ed25519: not a point of the curve")
	}
	return nil
}
