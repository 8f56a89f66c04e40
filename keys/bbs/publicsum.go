package bbs

import (
	"math/big"

	bls12381 "github.com/consensys/gnark-crypto/ecc/bls12-381"
)

// publicSum returns the sum of k[i]·bases[i] for generators, in variable time. The scalars must be public.
func publicSum(bases []*generator, k []scalar) (sum bls12381.G1Jac) {
	tables := make([]*publicTable, 0, len(bases))
	digits := make([][nafBits]int8, 0, len(bases))
	var rest []publicPoint // of the generators without a table
	var restK []scalar
	for i, g := range bases {
		t := g.publicTable()
		if t == nil {
			rest, restK = append(rest, g.point), append(restK, k[i])
			continue
		}
		tables, digits = append(tables, t), digits[:len(digits)+1]
		naf(&digits[len(digits)-1], &k[i])
	}
	var minus publicPoint
	for bit := nafStride - 1; bit >= 0; bit-- {
		if bit < nafStride-1 {
			sum.DoubleAssign()
		}
		for i, t := range tables {
			for at := bit; at < nafBits; at += nafStride {
				switch d := digits[i][at]; {
				case d > 0:
					sum.AddMixed(&t[at/nafStride][d/2])
				case d < 0:
					minus.Neg(&t[at/nafStride][-d/2])
					sum.AddMixed(&minus)
				}
			}
		}
	}
	if len(rest) > 0 {
		p := publicMul(rest, restK)
		sum.AddAssign(&p)
	}
	return sum
}

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

// encodeJacobian returns public points in compressed form.
func encodeJacobian(points ...bls12381.G1Jac) []encodedPoint {
	out := make([]encodedPoint, len(points))
	for i, p := range bls12381.BatchJacobianToAffineG1(points) {
		out[i] = p.Bytes()
	}
	return out
}
