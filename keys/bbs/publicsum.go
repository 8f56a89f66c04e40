package bbs

import (
	"math/big"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// publicMul returns the sum of k[i]·points[i] in variable time. Points and scalars must be public.
func publicMul(points []publicPoint, k []scalar) (sum bls12381.G1Jac) {
	for i := range points {
		b := scalarBytes(&k[i])
		var p bls12381.G1Jac
		p.FromAffine(&points[i])
		p.ScalarMultiplication(&p, new(big.Int).SetBytes(b[:]))
		sum.AddAssign(&p)
	}
	return sum
}

// publicSum is publicMul for generators, with their tables.
func publicSum(bases []*generator, k []scalar) bls12381.G1Jac {
	points := make([]publicPoint, len(bases))
	for i, g := range bases {
		points[i] = g.point
	}
	return publicMul(points, k)
}

// encodeJacobian returns public points in compressed form.
func encodeJacobian(points ...bls12381.G1Jac) []encodedPoint {
	out := make([]encodedPoint, len(points))
	for i, p := range bls12381.BatchJacobianToAffineG1(points) {
		out[i] = p.Bytes()
	}
	return out
}
