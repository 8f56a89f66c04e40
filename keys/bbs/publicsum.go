package bbs

import (
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
		naf(digits[len(digits)-1][:], words(&k[i]), nafWindow)
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

const (
	halfNAFWindow  = 5
	halfNAFEntries = 1 << (halfNAFWindow - 2) // odd multiples 1, 3 … 15
	halfNAFBits    = 131
)

// publicMul returns the sum of k[i]·points[i] in variable time. Points and scalars must be public.
func publicMul(points []publicPoint, k []scalar) (sum bls12381.G1Jac) {
	const chunk = 64 // points whose multiples are in memory at once, 1.5 KB each
	for len(points) > 0 {
		n := min(chunk, len(points))
		p := interleave(points[:n], k[:n])
		sum.AddAssign(&p)
		points, k = points[n:], k[n:]
	}
	return sum
}

// interleave is publicMul for a few points, which share their doublings. Scalars are halved as those of secretMul are.
func interleave(points []publicPoint, k []scalar) (sum bls12381.G1Jac) {
	multiples := make([]bls12381.G1Jac, 0, len(points)*halfNAFEntries)
	digits := make([][2][halfNAFBits]int8, len(points))
	for i := range points {
		low, high := halve(&k[i])
		naf(digits[i][0][:], [4]uint64{low[0], low[1], low[2]}, halfNAFWindow)
		naf(digits[i][1][:], [4]uint64{high[0], high[1], high[2]}, halfNAFWindow)
		var p, twice bls12381.G1Jac
		p.FromAffine(&points[i])
		twice.Double(&p)
		multiples = append(multiples, p)
		for range halfNAFEntries - 1 {
			p.AddAssign(&twice)
			multiples = append(multiples, p)
		}
	}
	table := bls12381.BatchJacobianToAffineG1(multiples)
	var p publicPoint
	for bit := halfNAFBits - 1; bit >= 0; bit-- {
		if bit < halfNAFBits-1 {
			sum.DoubleAssign()
		}
		for i := range digits {
			for h := range digits[i] {
				d := int(digits[i][h][bit])
				if d == 0 {
					continue
				}
				p = table[i*halfNAFEntries+max(d, -d)/2]
				if h == 1 {
					p.X.Mul(&p.X, &publicBeta)
				}
				if d < 0 {
					p.Neg(&p)
				}
				sum.AddMixed(&p)
			}
		}
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
